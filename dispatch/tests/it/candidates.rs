//! The read model of these tests: the log itself, read whole at each question.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use orqestra_commands::Commands;
use orqestra_dispatch::DueKey;
use orqestra_dispatch::candidates::{Candidates, CandidatesError, DeadLetters, EndedAt, Unsettled};
use orqestra_domain::notification::{DeliveryState, Notification, NotificationEvent, SkipReason};
use orqestra_domain::{AnyEvent, DeliveryId, NotificationId, StreamId, TenantId, Timestamp};
use orqestra_event_log::{Interest, Position};

pub(crate) struct OfTheLog(pub(crate) Commands);

type Found<'a, T> = BoxFuture<'a, Result<T, CandidatesError>>;
type Stories = BTreeMap<(TenantId, NotificationId), (Notification, Timestamp)>;

impl OfTheLog {
    async fn stories(&self) -> Result<Stories, CandidatesError> {
        let mut stories = Stories::new();
        let mut at = Position::ZERO;
        loop {
            let page = self.0.log().read_page(at, 1_000, &Interest::of(&["Notification"])).await;
            let page = page.map_err(|error| CandidatesError(error.to_string()))?;
            for recorded in &page.events {
                let Ok(AnyEvent::Notification(event)) = recorded.event() else { continue };
                let (tenant, id) = StreamId::split(&recorded.aggregate_id).unwrap();
                let story = stories
                    .entry((tenant, NotificationId::from_uuid(id)))
                    .or_insert_with(|| (Notification::default(), Timestamp::EPOCH));
                story.0 = std::mem::take(&mut story.0).evolve(event);
                story.1 = match event {
                    NotificationEvent::DeliveryAbandoned(abandoned) => abandoned.at,
                    NotificationEvent::DeliverySkipped(skipped) => skipped.at,
                    _ => story.1,
                };
            }
            if page.reached == at {
                return Ok(stories);
            }
            at = page.reached;
        }
    }
}

impl Candidates for OfTheLog {
    fn read_up_to(&self) -> Found<'_, Position> {
        Box::pin(async {
            self.0.log().fetch_head().await.map_err(|error| CandidatesError(error.to_string()))
        })
    }

    fn unsettled(&self, which: Unsettled) -> Found<'_, Vec<(Timestamp, DueKey)>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for ((tenant, notification), (state, _)) in self.stories().await? {
                let Some(story) = state.story() else { continue };
                let at = story.accepted.accepted_at;
                let all = story.deliveries.iter().filter(|(_, delivery)| !delivery.state.is_settled());
                let keys = all.map(|(channel, _)| DueKey { tenant, notification, channel: *channel });
                found.extend(keys.filter(|_| at >= which.from && at < which.to).map(|key| (at, key)));
            }
            found.sort();
            found.retain(|place| which.after.is_none_or(|after| *place > after));
            found.truncate(which.most);
            Ok(found)
        })
    }

    fn held(&self, after: Option<(Timestamp, DueKey)>, most: usize) -> Found<'_, Vec<(Timestamp, DueKey)>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for ((tenant, notification), (state, _)) in self.stories().await? {
                let Some(story) = state.story() else { continue };
                for (channel, delivery) in &story.deliveries {
                    if let DeliveryState::Held { attempt } = delivery.state {
                        let since = delivery.attempt(attempt).unwrap().started_at;
                        found.push((since, DueKey { tenant, notification, channel: *channel }));
                    }
                }
            }
            found.sort();
            found.retain(|place| after.is_none_or(|after| *place > after));
            found.truncate(most);
            Ok(found)
        })
    }

    fn dead_letters<'a>(&'a self, which: DeadLetters<'a>) -> Found<'a, (Vec<EndedAt>, Option<EndedAt>)> {
        Box::pin(async move {
            let mut found = Vec::new();
            for ((tenant, notification), (state, at)) in self.stories().await? {
                let Some(story) = state.story().filter(|_| tenant == which.tenant) else { continue };
                for (channel, delivery) in &story.deliveries {
                    let cause = match &delivery.state {
                        DeliveryState::Abandoned { cause } => cause.clone(),
                        DeliveryState::Skipped {
                            reason: reason @ (SkipReason::TenantInactive | SkipReason::NoProvider),
                        } if delivery.template.is_some() => reason.to_string(),
                        _ => continue,
                    };
                    let filter = which.filter;
                    let fits = filter.channel.is_none_or(|wanted| wanted == *channel)
                        && filter.cause.as_ref().is_none_or(|wanted| *wanted == cause)
                        && filter.until.is_none_or(|until| at < until)
                        && filter.since.is_none_or(|since| at >= since);
                    if fits {
                        found.push((at, notification, *channel));
                    }
                }
            }
            found.sort();
            let after = which.after.map(|after| (after.at, after.notification, after.channel));
            found.retain(|place| after.is_none_or(|after| *place > after));
            let more = found.len() > which.most;
            found.truncate(which.most);
            let found: Vec<_> = found
                .into_iter()
                .map(|(at, notification, channel)| EndedAt { at, notification, channel })
                .collect();
            let next = found.last().copied().filter(|_| more);
            Ok((found, next))
        })
    }

    fn delivery(&self, delivery: DeliveryId) -> Found<'_, Option<DueKey>> {
        Box::pin(async move {
            for ((tenant, notification), (state, _)) in self.stories().await? {
                let Some(story) = state.story() else { continue };
                let mut all = story.deliveries.iter();
                if let Some((channel, _)) = all.find(|(_, known)| known.id == delivery) {
                    return Ok(Some(DueKey { tenant, notification, channel: *channel }));
                }
            }
            Ok(None)
        })
    }
}
