//! Whatever happens: the rows are what the aggregates say, a rebuild finds the same, and handling events again
//! changes nothing.

use std::collections::HashMap;
use std::time::Duration;

use orqestra_domain::notification::{
    DeliveryState, FailureClass, HoldDelivery, MarkOutcomeUnknown, NotificationCommand, RecordFailure,
    RecordSuccess, Resolution, Resolve, SkipDelivery, SkipReason, UnknownPolicy,
};
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::{Channel, ExpiresIn};
use orqestra_projections::{Projection, RebuildMode, rebuild};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::{Told, World, tenant};

const USERS: [&str; 3] = ["ann", "bob", "cem"];

#[derive(Clone, Debug)]
enum Step {
    Trigger { tenant: u128, user: usize, push: bool, email: bool },
    Push(Index),
    Act(Index, Channel, Act),
    Read { of: Index, now: bool },
    Forget { tenant: u128, user: usize },
    Wait,
    Project(usize),
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Start,
    Succeed(u32),
    Fail(u32, FailureClass),
    Unknown(UnknownPolicy),
    Resolve(Resolution),
    Skip,
    Hold,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Start),
        2 => (1u32..4).prop_map(Act::Succeed),
        2 => ((0u32..4), select(vec![FailureClass::Retryable, FailureClass::Permanent]))
            .prop_map(|(attempt, class)| Act::Fail(attempt, class)),
        2 => select(vec![UnknownPolicy::Hold, UnknownPolicy::ResendOnce])
            .prop_map(Act::Unknown),
        1 => select(vec![Resolution::Delivered, Resolution::Resend, Resolution::Drop]).prop_map(Act::Resolve),
        1 => Just(Act::Skip),
        1 => Just(Act::Hold),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let (tenants, users) = (1u128..3, 0..USERS.len());
    prop_oneof![
        4 => (tenants.clone(), users.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(tenant, user, push, email)| Step::Trigger { tenant, user, push, email }),
        4 => any::<Index>().prop_map(Step::Push),
        12 => (any::<Index>(), select(Channel::ALL.to_vec()), act())
            .prop_map(|(of, channel, act)| Step::Act(of, channel, act)),
        4 => (any::<Index>(), any::<bool>()).prop_map(|(of, now)| Step::Read { of, now }),
        1 => (tenants, users).prop_map(|(tenant, user)| Step::Forget { tenant, user }),
        3 => Just(Step::Wait),
        2 => (1usize..9).prop_map(Step::Project),
    ]
}

impl Act {
    fn command(self, world: &World, told: &Told, channel: Channel) -> Option<NotificationCommand> {
        let at = world.now();
        let latest = told.state.delivery(channel)?.next_attempt() - 1;
        Some(match self {
            Self::Start => return None,
            Self::Succeed(attempt) => NotificationCommand::RecordSuccess(RecordSuccess {
                channel,
                attempt,
                provider_message_id: Some(format!("m-{attempt}")),
                answer: None,
                at,
            }),
            Self::Fail(attempt, class) => NotificationCommand::RecordFailure(RecordFailure {
                channel,
                attempt,
                class,
                scope: orqestra_domain::notification::FailureScope::Message,
                then: orqestra_domain::notification::AfterFailure::Schedule,
                cause: format!("smtp_{attempt}"),
                answer: None,
                retry_after: None,
                schedule: RetrySchedule::default(),
                jitter: Jitter::NONE,
                deadline: at.plus(ExpiresIn::DEFAULT.duration()),
                at,
            }),
            Self::Unknown(policy) => NotificationCommand::MarkOutcomeUnknown(MarkOutcomeUnknown {
                channel,
                attempt: latest,
                policy,
                receipt_within: None,
                asks_again: true,
                schedule: RetrySchedule::default(),
                jitter: Jitter::NONE,
                cause: "smtp_timeout".to_owned(),
                by_sender: true,
                deadline: at.plus(ExpiresIn::DEFAULT.duration()),
                at,
            }),
            Self::Resolve(resolution) => {
                NotificationCommand::Resolve(Resolve { channel, resolution, by: "admin".to_owned(), at })
            }
            Self::Hold => {
                let cause = "provider_removed".to_owned();
                NotificationCommand::Hold(HoldDelivery { channel, cause, at })
            }
            Self::Skip => {
                NotificationCommand::Skip(SkipDelivery { channel, reason: SkipReason::Expired, at })
            }
        })
    }
}

/// Carries the steps out; what the domain refuses does not happen.
async fn live_through(world: &World, steps: &[Step]) -> (Vec<Told>, HashMap<(u128, usize), usize>) {
    let mut all: Vec<Told> = Vec::new();
    // How many notifications there were when a person was last forgotten.
    let mut forgotten = HashMap::new();
    for step in steps {
        let chosen = |of: &Index, all: &[Told]| (!all.is_empty()).then(|| of.index(all.len()));
        match step {
            Step::Trigger { tenant: of, user, push, email } => {
                let mut planned = vec![Channel::Sms];
                planned.extend(push.then_some(Channel::Push));
                planned.extend(email.then_some(Channel::Email));
                all.push(world.trigger(tenant(*of), USERS[*user], &planned).await);
            }
            Step::Push(of) => {
                if let Some(at) = chosen(of, &all) {
                    world.push(&mut all[at], "title").await.ok();
                }
            }
            Step::Act(of, channel, act) => {
                let Some(at) = chosen(of, &all) else { continue };
                match act.command(world, &all[at], *channel) {
                    Some(command) => {
                        world.act(&mut all[at], command).await.ok();
                    }
                    None => {
                        world.start(&mut all[at], *channel).await.ok();
                    }
                }
            }
            Step::Read { of, now } => {
                let Some(at) = chosen(of, &all) else { continue };
                if world.mark_read(&mut all[at]).await.is_ok() && *now {
                    world.apply_now(&all[at]).await;
                }
            }
            Step::Forget { tenant: of, user } => {
                world.forget(tenant(*of), USERS[*user]).await;
                forgotten.insert((*of, *user), all.len());
            }
            Step::Wait => world.clock.advance(Duration::from_hours(1)),
            Step::Project(batch) => {
                for projection in Projection::ALL {
                    world.project_by(projection, *batch).await;
                }
            }
        }
    }
    (all, forgotten)
}

async fn holds(steps: Vec<Step>, prefix: Index, batch: usize) {
    let world = World::new().await;
    let (all, forgotten) = live_through(&world, &steps).await;
    world.project_all().await;

    for told in &all {
        let rows = world.deliveries.of_notification(told.tenant, told.id).await.unwrap();
        assert_eq!(rows.len(), 3);
        for row in rows {
            let domain = told.state.delivery(row.channel).unwrap();
            assert_eq!(row.status.as_str(), domain.state.status());
            assert_eq!(row.attempts.len(), domain.attempts.len());
            let due = match domain.state {
                DeliveryState::Waiting { due, .. } => Some(due),
                _ => None,
            };
            assert_eq!(row.next_due, due);
        }
    }
    let mut expected: Vec<_> = all
        .iter()
        .enumerate()
        .filter(|(at, told)| {
            let gone = forgotten.iter().any(|((of, user), before)| {
                at < before
                    && told.tenant == tenant(*of)
                    && told.recipient == world.recipient(tenant(*of), USERS[*user])
            });
            told.state.in_inbox() && !gone
        })
        .map(|(_, told)| (told.id.as_uuid(), told.state.story().unwrap().read_at.is_some()))
        .collect();
    expected.sort();
    let shown: Vec<(uuid::Uuid, bool)> = sqlx::query_as(
        "select notification_id, status = 'READ' from inbox where content is not null order by notification_id",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert_eq!(shown, expected);

    let log = world.whole_log().await;
    for projection in Projection::ALL {
        let rows = world.rows(projection).await;
        // Usage counts: that an event comes once is its checkpoint's affair.
        let again = if projection == Projection::Usage { 0 } else { prefix.index(log.len() + 1) };
        for part in log[..again].chunks(batch) {
            world.redeliver(projection, part).await;
        }
        assert_eq!(world.rows(projection).await, rows, "a prefix handled again changes nothing");
        let report = rebuild(&world.log, world.pool(), projection, RebuildMode::Swap).await.unwrap();
        assert_eq!(report.differences(), 0, "{report:?}");
        assert_eq!(world.rows(projection).await, rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_follow_the_aggregates_and_a_rebuild_equals_live(
        steps in prop::collection::vec(step(), 1..90), prefix: Index, batch in 1usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(holds(steps, prefix, batch));
    }
}
