//! A command that was decided by an older configuration than the log holds is refused as data, and harms no neighbour.

use orqestra_domain::TenantId;
use orqestra_event_log::{
    Append, ConfigurationRead, IdempotencyClaim, Metadata, NewEvent, Outcome, Position, Ticket,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::World;

const SHOP: TenantId = TenantId::from_uuid(Uuid::from_u128(0x5409));
const OTHER: TenantId = TenantId::from_uuid(Uuid::from_u128(0x07e2));

/// One event of an aggregate of this type, at the beginning of the stream of that number.
fn append(tenant: TenantId, kind: &str, number: u128, ticket: Ticket) -> Append {
    Append {
        aggregate_type: kind.to_owned(),
        aggregate_id: format!("{tenant}/{}", Uuid::from_u128(number)),
        expected: 0,
        events: vec![NewEvent {
            event_type: "Happened".to_owned(),
            event_version: "1.0.0".to_owned(),
            payload: json!({"Happened": {}}),
            metadata: Metadata::default(),
        }],
        ticket,
    }
}

fn read_by(tenant: TenantId, up_to: Position) -> Ticket {
    Ticket { configuration: Some(ConfigurationRead { tenant, up_to }), ..Ticket::default() }
}

fn last(outcome: &Outcome) -> Position {
    outcome.recorded().unwrap_or_else(|| panic!("{outcome:?}")).last
}

#[tokio::test]
async fn what_was_decided_by_an_older_tenant_or_template_is_not_stored() {
    let world = World::new().await;
    let (here, there) = (&world.log, world.another().await);
    let mut number = 0_u128;
    let mut next = || {
        number += 1;
        number
    };
    let mut up_to = here.fetch_head().await.unwrap();
    for (by, kind, of, stale) in [
        (SHOP, "Tenant", SHOP, true),
        (SHOP, "Template", SHOP, true),
        (SHOP, "Template", TenantId::PLATFORM, true),
        (SHOP, "Tenant", OTHER, false),
        (SHOP, "Template", OTHER, false),
        (SHOP, "Notification", SHOP, false),
        (SHOP, "Recipient", SHOP, false),
        (SHOP, "Evidence", SHOP, false),
        (SHOP, "Suppression", SHOP, false),
    ] {
        let changed = last(&there.append(append(of, kind, next(), Ticket::default())).await);
        let plan = append(by, "Notification", next(), read_by(by, up_to));
        let outcome = here.append(plan).await;
        assert_eq!(matches!(outcome, Outcome::Reconfigured), stale, "{kind} of {of}: {outcome:?}");
        // Read again, it is stored.
        let again = append(by, "Notification", next(), read_by(by, changed));
        up_to = last(&here.append(again).await);
    }
    // What does not rest on the configuration is not held to it.
    last(&there.append(append(SHOP, "Tenant", next(), Ticket::default())).await);
    last(&here.append(append(SHOP, "Notification", next(), Ticket::default())).await);
}

#[tokio::test]
async fn of_one_batch_only_what_rests_on_the_changed_tenant_is_refused() {
    let world = World::new().await;
    let up_to = world.log.fetch_head().await.unwrap();
    let there = world.another().await;
    last(&there.append(append(SHOP, "Template", 1, Ticket::default())).await);
    let together = (10..90_u128).map(|number| {
        let (tenant, ticket) = match number % 3 {
            0 => (SHOP, read_by(SHOP, up_to)),
            1 => (OTHER, read_by(OTHER, up_to)),
            _ => (SHOP, Ticket::default()),
        };
        let log = world.log.clone();
        async move { (number, log.append(append(tenant, "Notification", number, ticket)).await) }
    });
    for (number, outcome) in futures::future::join_all(together).await {
        let refused = matches!(outcome, Outcome::Reconfigured);
        assert_eq!(refused, number % 3 == 0, "{number}: {outcome:?}");
        assert!(refused || outcome.recorded().is_some(), "{number}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_repeat_is_told_as_one_whatever_has_changed_since() {
    let world = World::new().await;
    let up_to = world.log.fetch_head().await.unwrap();
    let notification = orqestra_domain::NotificationId::from_uuid(Uuid::from_u128(7));
    let claim = || IdempotencyClaim {
        tenant: SHOP,
        key: "k".to_owned(),
        plain: None,
        notification,
        expires_at: "2027-01-01T00:00:00Z".parse().unwrap(),
    };
    let first = Ticket { idempotency_key: Some(claim()), ..read_by(SHOP, up_to) };
    last(&world.log.append(append(SHOP, "Notification", 7, first)).await);
    last(&world.another().await.append(append(SHOP, "Tenant", 1, Ticket::default())).await);
    let same = world.log.append(append(SHOP, "Notification", 7, read_by(SHOP, up_to))).await;
    assert!(matches!(same, Outcome::Conflict { .. }), "{same:?}");
    let by_key = Ticket { idempotency_key: Some(claim()), ..read_by(SHOP, up_to) };
    let by_key = world.log.append(append(SHOP, "Notification", 8, by_key)).await;
    assert!(matches!(by_key, Outcome::KeyTaken { .. }), "{by_key:?}");
}

#[tokio::test]
async fn a_page_for_the_directory_passes_over_notifications_and_reaches_the_head() {
    const KINDS: &[&str] = &["Tenant", "Template", "Suppression"];
    let world = World::new().await;
    let there = world.another().await;
    let mut expected = Vec::new();
    for (number, kind) in
        (1..).zip(["Notification", "Tenant", "Notification", "Evidence", "Template", "Notification"])
    {
        let stored = last(&there.append(append(SHOP, kind, number, Ticket::default())).await);
        expected.extend(KINDS.contains(&kind).then_some(stored));
    }
    // From memory where it wrote them, else from the database.
    let head = world.log.fetch_head().await.unwrap();
    for log in [&there, &world.log] {
        let page = log.read_page_for_directory(Position::ZERO, 100, KINDS).await.unwrap();
        assert_eq!(page.events.iter().map(|event| event.position).collect::<Vec<_>>(), expected);
        assert_eq!(page.reached, head);
    }
    // A full page reaches its last event and the next one goes on.
    let page = world.log.read_page_for_directory(Position::ZERO, 1, KINDS).await.unwrap();
    assert_eq!((page.events.len(), page.reached), (1, expected[0]));
    let page = world.log.read_page_for_directory(page.reached, 1, KINDS).await.unwrap();
    assert_eq!((page.events.len(), page.reached), (0, Position::new(4)), "an evidence is looked at");
    let page = world.log.read_page_for_directory(head, 100, KINDS).await.unwrap();
    assert_eq!((page.events.len(), page.reached), (0, head));
}
