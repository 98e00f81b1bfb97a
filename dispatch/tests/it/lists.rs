//! A tenant's list of providers: entries that this program cannot read, limits, and the same list set again.

use std::time::Duration;

use orqestra_commands::{ListedProvider, ProviderInput, SmtpInput};
use orqestra_dispatch::DispatchSettings;
use orqestra_domain::Channel::{Email, Push, Sms};
use orqestra_domain::notification::DeliveryState;
use orqestra_domain::provider::ProviderLimits;
use serde_json::json;

use crate::script::{Answer, Script};
use crate::world::{World, settings, smtp};

const INSTANCE: &str = "00000000-0000-0000-0000-000000000019";

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_a_newer_program_leaves_the_tenants_other_channels_alone() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Email, "hi"), (Sms, "hi"), (Push, "hi")]).await;
    world.providers(tenant.id, Email, vec![smtp(1)]).await;
    let newer = [
        json!({"kind": "pigeon", "instance": INSTANCE, "loft": {"birds": 7}}),
        json!({"kind": "smtp", "instance": INSTANCE, "host": "127.0.0.1", "port": 25, "tls": "quic"}),
    ];
    for (turn, entry) in newer.into_iter().enumerate() {
        let list = json!([{"kind": "sandbox", "instance": INSTANCE}, entry]);
        world.providers_as_stored(tenant.id, Sms, list).await;
        assert!(world.commands.directory().readable(tenant.id).is_ok());
        let script = Script::always(Answer::Taken);
        let dispatch = world.play(&script, settings());
        let tenant = world.entry(tenant.id);
        let id = world.trigger(&tenant, &format!("e-{turn}")).await;
        for channel in [Email, Push] {
            let delivery = world.settled(&tenant, id, channel).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { .. }), "{channel}: {:?}", delivery.state);
        }
        world.read_up().await;
        let (unread, ..) = world.commands.directory().unread_providers().unwrap();
        assert_eq!((unread, script.calls().len()), (1, 1), "the email alone was sent");
        // An operator's new list, or a newer program, sends what waited.
        world.providers(tenant.id, Sms, vec![ProviderInput::Sandbox]).await;
        let delivery = world.settled(&tenant, id, Sms).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
        assert!(world.commands.directory().unread_providers().is_none());
        dispatch.stop().await;
    }
}

fn with_password(port: u16, password: &str) -> ProviderInput {
    let ProviderInput::Smtp(input) = smtp(port) else { unreachable!() };
    let (username, password) = (Some("ann".to_owned()), Some(password.to_owned()));
    ProviderInput::Smtp(SmtpInput { username, password, ..input })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_settings_set_again_keep_the_breaker_and_other_ones_begin_anew() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Email, "hi")]).await;
    world.providers(tenant.id, Email, vec![with_password(1, "one")]).await;
    let script = Script::always(Answer::Down);
    let dispatch = world.play(&script, DispatchSettings { breaker_failures: 1, ..settings() });
    let first = world.trigger(&world.entry(tenant.id), "e-1").await;
    world.waiting(&world.entry(tenant.id), first).await;
    assert_eq!(script.calls().len(), 1);
    script.then(Answer::Taken);

    let before = world.commands.log().fetch_head().await.unwrap();
    world.providers(tenant.id, Email, vec![with_password(1, "one")]).await;
    let after = world.commands.log().fetch_head().await.unwrap();
    assert_eq!(after, before, "nothing changed, so nothing is stored");
    let second = world.trigger(&world.entry(tenant.id), "e-2").await;
    world.read_up().await;
    assert_eq!(script.calls().len(), 1, "its breaker is open still");

    world.providers(tenant.id, Email, vec![with_password(1, "two")]).await;
    let delivery = world.settled(&world.entry(tenant.id), second, Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }), "{:?}", delivery.state);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_given_no_more_calls_a_second_and_at_one_time_than_its_entry_allows() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Email, "hi")]).await;
    let limits = ProviderLimits::new(Some(10), Some(2)).unwrap();
    world.providers(tenant.id, Email, vec![ListedProvider { provider: smtp(1), limits }]).await;
    let tenant = world.entry(tenant.id);
    let script = Script::always(Answer::Taken);
    script.close_gate();
    for number in 0..12 {
        world.trigger(&tenant, &format!("e-{number}")).await;
    }
    let begun = tokio::time::Instant::now();
    let dispatch = world.play(&script, settings());
    script.called(2).await;
    world.read_up().await;
    assert_eq!(script.calls().len(), 2, "two are under way, and the others wait");
    script.open_gate();
    script.called(12).await;
    // The first of twelve starts at once, and the others a tenth of a second apart.
    assert!(begun.elapsed() >= Duration::from_millis(1_100), "{:?}", begun.elapsed());
    dispatch.stop().await;
}
