//! Nobody waits for a neighbour: not for his many, not for his slow provider.

use std::time::Duration;

use orqestra_dispatch::DispatchSettings;
use orqestra_domain::Channel;
use orqestra_domain::notification::DeliveryState;

use crate::script::{Answer, Script};
use crate::world::{World, settings};

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_small_tenant_does_not_wait_for_the_many_of_a_large_one() {
    let world = World::new().await;
    let large = world.tenant("large", &[(Channel::Email, "hi")]).await;
    let small = world.tenant("small", &[(Channel::Email, "hi")]).await;
    for number in 0..300 {
        world.trigger(&large, &format!("e-{number}")).await;
    }
    let script = Script::named("script", 4, Answer::Taken);
    script.close_gate();
    // Far less room in memory than there is to do.
    let tight = DispatchSettings { queue: 40, lane_queue: 20, ..settings() };
    let dispatch = world.play(&script, tight);
    script.called(4).await;
    let id = world.trigger(&small, "e-1").await;
    let calls = script.called(5).await;
    assert_eq!(calls[4].tenant, small.id, "the large tenant's provider takes four at a time");
    script.open_gate();
    let delivery = world.settled(&small, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { .. }));
    script.called(301).await;
    world.read_up().await;
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_sent_although_it_does_not_fit_into_memory() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let tenant = world.tenant(name, &[(Channel::Email, "hi"), (Channel::Sms, "hi")]).await;
        for number in 0..80 {
            ids.push((world.trigger(&tenant, &format!("e-{number}")).await, tenant.clone()));
        }
    }
    let script = Script::always(Answer::Taken);
    let tight = DispatchSettings { queue: 12, lane_queue: 5, calls: 8, at_work: 4, ..settings() };
    let dispatch = world.play(&script, tight);
    for (id, tenant) in &ids {
        for channel in [Channel::Email, Channel::Sms] {
            let delivery = world.settled(tenant, *id, channel).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }));
        }
    }
    assert_eq!(script.calls().len(), 480);
    world.read_up().await;
    assert_eq!(world.due().await, []);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_provider_hangs_holds_up_nobody() {
    let world = World::new().await;
    let stuck = world.tenant("stuck", &[(Channel::Email, "hi")]).await;
    let fine = world.tenant("fine", &[(Channel::Sms, "hi")]).await;
    let script = Script::named("script", 4, Answer::Taken).first([Answer::Hang; 4]);
    // Fewer places at work than calls that hang.
    let few = DispatchSettings { at_work: 2, ..settings() };
    let dispatch = world.play(&script, few);
    for number in 0..40 {
        world.trigger(&stuck, &format!("e-{number}")).await;
    }
    script.called(4).await;
    for number in 0..20 {
        let id = world.trigger(&fine, &format!("e-{number}")).await;
        let delivery = world.settled(&fine, id, Channel::Sms).await;
        assert!(matches!(delivery.state, DeliveryState::Sent { .. }));
    }
    assert_eq!(script.calls().iter().filter(|call| call.tenant == stuck.id).count(), 4);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_a_process_stops_is_free_for_the_next_at_once() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::named("script", 1, Answer::Taken).first([Answer::Hang]);
    let lasting = DispatchSettings { lease: Duration::from_hours(1), ..settings() };
    let dispatch = world.play(&script, lasting);
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(world.trigger(&tenant, &format!("e-{number}")).await);
    }
    let hanging = script.called(1).await[0].delivery;
    world.read_up().await;
    dispatch.stop().await;
    let next = world.play(&script, settings());
    for id in ids {
        if orqestra_domain::DeliveryId::of(id, Channel::Email) != hanging {
            let delivery = world.settled(&tenant, id, Channel::Email).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { .. }));
        }
    }
    next.stop().await;
}
