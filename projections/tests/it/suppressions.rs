//! The list of suppressed addresses is what the log says at any moment, and a rebuild gives the same.

use std::collections::BTreeMap;

use orqestra_domain::suppression::{
    AddressSuppressed, Suppression, SuppressionCommand, SuppressionEvent, SuppressionReason,
};
use orqestra_domain::{AddressRef, Channel, NotificationId, StreamId, TenantId};
use orqestra_event_log::Ticket;
use orqestra_projections::suppressions::SuppressedAddress;
use orqestra_projections::{Projection, RebuildMode, Suppressions, rebuild};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{World, tenant};

/// The streams as the aggregate has them.
#[derive(Default)]
struct Streams(BTreeMap<(TenantId, AddressRef), (Suppression, i64, i64)>);

impl Streams {
    /// Lets the aggregate decide and appends what it says; what it refuses does not happen.
    async fn act(
        &mut self,
        world: &World,
        tenant: TenantId,
        address: AddressRef,
        command: SuppressionCommand,
    ) {
        let (state, version, position) = self.0.entry((tenant, address)).or_default();
        let Ok(events) = state.decide(command) else { return };
        if events.is_empty() {
            return;
        }
        let stream = StreamId::suppression(tenant, &address);
        let stored = world.append("Suppression", &stream, *version, &events, Ticket::default()).await;
        for event in &events {
            *state = std::mem::take(state).evolve(event);
            *version += 1;
            if let SuppressionEvent::AddressSuppressed(_) = event {
                *position = stored[0].position.get();
            }
        }
    }

    /// What the list is to show, newest first.
    fn listed(&self, tenant: TenantId) -> Vec<SuppressedAddress> {
        let of = self.0.iter().filter(|((of, _), _)| *of == tenant);
        let mut listed: Vec<_> = of
            .filter_map(|(_, (state, _, position))| {
                let current = state.current()?;
                Some(SuppressedAddress {
                    address_ref: current.address_ref,
                    channel: current.channel,
                    reason: current.reason.to_string(),
                    cause: current.cause.clone(),
                    notification: current.notification,
                    since: current.at,
                    position: *position,
                })
            })
            .collect();
        listed.sort_by_key(|one| -one.position);
        listed
    }
}

fn address(number: u8) -> AddressRef {
    AddressRef::from_bytes([number; 32])
}

fn suppress(world: &World, number: u8, reason: SuppressionReason) -> SuppressionCommand {
    let told = reason != SuppressionReason::Operator;
    let suppressed = AddressSuppressed {
        channel: if number.is_multiple_of(2) { Channel::Email } else { Channel::Sms },
        address_ref: address(number),
        reason,
        notification: told.then(|| NotificationId::from_uuid(Uuid::from_u128(number.into()))),
        cause: told.then(|| "smtp_550".to_owned()),
        by: "engine:test".to_owned(),
        at: world.now(),
    };
    SuppressionCommand::Suppress { suppressed, seen_at: None }
}

fn lift(world: &World) -> SuppressionCommand {
    SuppressionCommand::Lift { by: "admin:primary".to_owned(), at: world.now() }
}

async fn listed(world: &World, tenant: TenantId) -> Vec<SuppressedAddress> {
    Suppressions::new(world.pool().clone()).newest(tenant, None, 1_000).await.unwrap()
}

#[tokio::test]
async fn a_page_goes_on_where_the_one_before_ended_also_if_its_last_address_was_lifted() {
    let world = World::new().await;
    let (shop, mut streams) = (tenant(1), Streams::default());
    for number in 0..5 {
        let command = suppress(&world, number, SuppressionReason::Bounced);
        streams.act(&world, shop, address(number), command).await;
    }
    world.project(Projection::Suppressions).await;
    let list = Suppressions::new(world.pool().clone());
    let first = list.newest(shop, None, 2).await.unwrap();
    assert_eq!(first, streams.listed(shop)[..2]);
    streams.act(&world, shop, first[1].address_ref, lift(&world)).await;
    world.project(Projection::Suppressions).await;
    let rest = list.newest(shop, Some(first[1].position), 10).await.unwrap();
    assert_eq!(rest, streams.listed(shop)[1..]);
    assert!(list.newest(tenant(2), None, 10).await.unwrap().is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Suppress(u128, u8, usize),
    Lift(u128, u8),
    Project(usize),
    Repeat(prop::sample::Index),
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    let (tenants, addresses) = (1..3_u128, 0..4_u8);
    prop_oneof![
        6 => (tenants.clone(), addresses.clone(), 0..4_usize)
            .prop_map(|(tenant, number, reason)| Step::Suppress(tenant, number, reason)),
        4 => (tenants, addresses).prop_map(|(tenant, number)| Step::Lift(tenant, number)),
        2 => (1..7_usize).prop_map(Step::Project),
        1 => any::<prop::sample::Index>().prop_map(Step::Repeat),
        1 => Just(Step::Rebuild),
    ]
}

async fn holds(steps: Vec<Step>) {
    let (world, mut streams) = (World::new().await, Streams::default());
    for step in steps {
        match step {
            Step::Suppress(of, number, reason) => {
                let command = suppress(&world, number, SuppressionReason::ALL[reason]);
                streams.act(&world, tenant(of), address(number), command).await;
            }
            Step::Lift(of, number) => {
                streams.act(&world, tenant(of), address(number), lift(&world)).await;
            }
            Step::Project(batch) => world.project_by(Projection::Suppressions, batch).await,
            Step::Repeat(from) => {
                world.project(Projection::Suppressions).await;
                let (log, rows) = (world.whole_log().await, world.rows(Projection::Suppressions).await);
                if !log.is_empty() {
                    world.redeliver(Projection::Suppressions, &log[from.index(log.len())..]).await;
                    world.redeliver(Projection::Suppressions, &log[..from.index(log.len())]).await;
                }
                assert_eq!(world.rows(Projection::Suppressions).await, rows);
            }
            Step::Rebuild => {
                let report =
                    rebuild(&world.log, world.pool(), Projection::Suppressions, RebuildMode::Swap).await;
                assert_eq!(report.unwrap().differences(), 0);
            }
        }
    }
    world.project(Projection::Suppressions).await;
    for of in [1, 2] {
        assert_eq!(listed(&world, tenant(of)).await, streams.listed(tenant(of)));
    }
    let report = rebuild(&world.log, world.pool(), Projection::Suppressions, RebuildMode::Verify).await;
    assert_eq!(report.unwrap().differences(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_list_is_what_the_log_says_whatever_is_repeated_or_rebuilt(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(holds(steps));
    }
}
