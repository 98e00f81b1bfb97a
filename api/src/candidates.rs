//! The read model that dispatch looks for candidates in: the projection of deliveries.

use futures::future::BoxFuture;
use orqestra_dispatch::DueKey;
use orqestra_dispatch::candidates::{Candidates, CandidatesError, DeadLetters, EndedAt, Unsettled};
use orqestra_domain::{DeliveryId, Timestamp};
use orqestra_event_log::Position;
use orqestra_projections::DeliveryStatus;
use orqestra_projections::delivery_status::{DeliveryOf, Ended, EndedPlace};

/// See the module.
#[derive(Clone, Debug)]
pub struct OfDeliveries(pub DeliveryStatus);

type Found<'a, T> = BoxFuture<'a, Result<T, CandidatesError>>;

fn failed(error: &dyn std::fmt::Display) -> CandidatesError {
    CandidatesError(format!("the read model of deliveries cannot be asked: {error}"))
}

fn key(DeliveryOf { tenant, notification, channel }: DeliveryOf) -> DueKey {
    DueKey { tenant, notification, channel }
}

impl Candidates for OfDeliveries {
    fn read_up_to(&self) -> Found<'_, Position> {
        Box::pin(async move { self.0.read_up_to().await.map_err(|error| failed(&error)) })
    }

    fn unsettled(&self, which: Unsettled) -> Found<'_, Vec<(Timestamp, DueKey)>> {
        Box::pin(async move {
            let Unsettled { from, to, due_before, after, most } = which;
            let after = after.map(|(at, key)| (at, key.notification, key.channel));
            let found = self.0.unsettled((from, to), due_before, after, most).await;
            let found = found.map_err(|error| failed(&error))?;
            Ok(found.into_iter().map(|(at, of)| (at, key(of))).collect())
        })
    }

    fn held(&self, after: Option<(Timestamp, DueKey)>, most: usize) -> Found<'_, Vec<(Timestamp, DueKey)>> {
        Box::pin(async move {
            let after = after.map(|(since, DueKey { tenant, notification, channel })| {
                (since, DeliveryOf { tenant, notification, channel })
            });
            let found = self.0.all_held(after, most).await.map_err(|error| failed(&error))?;
            Ok(found.into_iter().map(|(since, of)| (since, key(of))).collect())
        })
    }

    fn dead_letters<'a>(&'a self, which: DeadLetters<'a>) -> Found<'a, (Vec<EndedAt>, Option<EndedAt>)> {
        Box::pin(async move {
            let DeadLetters { tenant, filter, after, most } = which;
            let after = after.map(|EndedAt { at, notification, channel }| EndedPlace {
                ended_at: at,
                notification,
                channel,
            });
            let found = self.0.dead_letters(tenant, filter, (Ended::OldestFirst, after), most).await;
            let found = found.map_err(|error| failed(&error))?;
            let place = |place: EndedPlace| EndedAt {
                at: place.ended_at,
                notification: place.notification,
                channel: place.channel,
            };
            Ok((found.found.iter().map(|dead| place(dead.place())).collect(), found.next.map(place)))
        })
    }

    fn delivery(&self, delivery: DeliveryId) -> Found<'_, Option<DueKey>> {
        Box::pin(async move {
            let found = self.0.find_delivery(delivery).await.map_err(|error| failed(&error))?;
            Ok(found.map(key))
        })
    }
}
