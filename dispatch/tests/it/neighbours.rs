//! No provider and no template of one tenant holds what another tenant, or a push, needs.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::TenantEntry;
use orqestra_dispatch::DispatchSettings;
use orqestra_domain::notification::DeliveryState;
use orqestra_domain::{Channel, NotificationId, TenantId};

use crate::script::{Answer, Script};
use crate::world::{DEADLINE, World, settings, text};

const ALL: [(Channel, &str); 3] = [(Channel::Email, "hi"), (Channel::Sms, "hi"), (Channel::Push, "hi")];

async fn trigger_many(world: &World, tenant: &Arc<TenantEntry>, count: usize) -> Vec<NotificationId> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(world.trigger(tenant, &format!("e-{number}")).await);
    }
    ids
}

async fn is_sent(world: &World, tenant: &TenantEntry, id: NotificationId, channel: Channel) {
    let delivery = world.settled(tenant, id, channel).await;
    assert!(
        matches!(delivery.state, DeliveryState::Sent { attempt: 1, .. }),
        "{channel}: {:?}",
        delivery.state
    );
}

fn calls_of(script: &Script, tenants: &[TenantId]) -> usize {
    script.calls().iter().filter(|call| tenants.contains(&call.tenant)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_tenants_that_never_get_an_answer_do_not_hold_up_another() {
    let world = World::new().await;
    let script = Script::named("script", 32, Answer::Taken);
    for number in 0..16 {
        let silent = world.tenant(&format!("silent-{number}"), &[(Channel::Email, "hi")]).await;
        script.answer(silent.id, Channel::Email, Answer::Hang);
        trigger_many(&world, &silent, 40).await;
    }
    let healthy = world.tenant("healthy", &ALL).await;
    let dispatch = world.play(&script, settings());
    script.called(16 * 32).await;
    for number in 0..5 {
        let id = world.trigger(&healthy, &format!("e-{number}")).await;
        for channel in Channel::ALL {
            is_sent(&world, &healthy, id, channel).await;
        }
    }
    assert_eq!(script.calls().len(), 16 * 32 + 10, "no server has more calls than it takes");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_that_wait_for_more_answers_than_there_are_calls_leave_some_to_another() {
    let world = World::new().await;
    let script = Script::named("script", 32, Answer::Taken);
    for number in 0..6 {
        let silent = world.tenant(&format!("silent-{number}"), &[(Channel::Email, "hi")]).await;
        script.answer(silent.id, Channel::Email, Answer::Hang);
        trigger_many(&world, &silent, 20).await;
    }
    let healthy = world.tenant("healthy", &ALL).await;
    let few = DispatchSettings { calls: 40, ..settings() };
    let dispatch = world.play(&script, few);
    script.called(20).await;
    for number in 0..5 {
        let id = world.trigger(&healthy, &format!("e-{number}")).await;
        for channel in Channel::ALL {
            is_sent(&world, &healthy, id, channel).await;
        }
    }
    assert!(script.calls().len() < 40 + 10, "no more calls wait than are set");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_closed_lane_take_no_place_in_memory() {
    let world = World::new().await;
    let script = Script::named("script", 4, Answer::Taken);
    let mut down = Vec::new();
    for name in ["down-1", "down-2"] {
        let tenant = world.tenant(name, &[(Channel::Email, "hi")]).await;
        script.answer(tenant.id, Channel::Email, Answer::Down);
        let ids = trigger_many(&world, &tenant, 60).await;
        down.push((tenant, ids));
    }
    let ids: Vec<_> = down.iter().map(|(tenant, _)| tenant.id).collect();
    let healthy = world.tenant("healthy", &[(Channel::Sms, "hi")]).await;
    // Less room than either of them could fill.
    let tight = DispatchSettings { queue: 40, lane_queue: 20, breaker_failures: 3, ..settings() };
    let dispatch = world.play(&script, tight);
    script.called(6).await;
    world.read_up().await;
    for number in 0..5 {
        let id = world.trigger(&healthy, &format!("first-{number}")).await;
        is_sent(&world, &healthy, id, Channel::Sms).await;
    }
    // The clock stands still, so no lease has ended: what the closed lanes had in memory was given back.
    let leased = "select count(*) from dispatch_due where kind = 'send' and tenant_id = $1 and lease_owner is not null";
    for (tenant, _) in &down {
        let given_back = async {
            loop {
                let query = sqlx::query_scalar::<_, i64>(leased).bind(tenant.id.as_uuid());
                // Those that were at work when the breaker opened wait for their lease.
                if query.fetch_one(world.pool()).await.unwrap() <= 8 {
                    return;
                }
                // The time of another look: a message of the healthy tenant's.
                let id = world.trigger(&healthy, &format!("e-{}", script.calls().len())).await;
                is_sent(&world, &healthy, id, Channel::Sms).await;
            }
        };
        tokio::time::timeout(DEADLINE, given_back).await.expect("rows of a closed lane are given back");
    }
    // After the pause one row alone tries, and once it was taken all go.
    let before = calls_of(&script, &ids);
    world.clock.advance(Duration::from_secs(31));
    script.called(script.calls().len() + 2).await;
    world.read_up().await;
    let id = world.trigger(&healthy, "e-after-the-pause").await;
    is_sent(&world, &healthy, id, Channel::Sms).await;
    assert_eq!(calls_of(&script, &ids), before + 2);
    for id in &ids {
        script.answer(*id, Channel::Email, Answer::Taken);
    }
    world.clock.advance(Duration::from_mins(2));
    for (tenant, ids) in &down {
        for id in ids {
            let delivery = world.settled(tenant, *id, Channel::Email).await;
            assert!(matches!(delivery.state, DeliveryState::Sent { .. } | DeliveryState::Abandoned { .. }));
        }
    }
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_waits_for_no_providers_call() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::named("script", 1_000, Answer::Hang);
    let dispatch = world.play(&script, settings());
    trigger_many(&world, &tenant, 250).await;
    script.called(192).await;
    world.template(tenant.id, Channel::Push, text(Channel::Push, "hi")).await;
    for number in 0..5 {
        let id = world.trigger(&tenant, &format!("p-{number}")).await;
        is_sent(&world, &tenant, id, Channel::Push).await;
    }
    assert_eq!(script.calls().len(), 192);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_mail_does_not_keep_out_the_tenants_own_text_messages() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    let script = Script::named("script", 4, Answer::Taken);
    script.answer(tenant.id, Channel::Email, Answer::Hang);
    trigger_many(&world, &tenant, 60).await;
    let tight = DispatchSettings { lane_queue: 20, ..settings() };
    let dispatch = world.play(&script, tight);
    script.called(4).await;
    world.read_up().await;
    world.template(tenant.id, Channel::Sms, text(Channel::Sms, "hi")).await;
    for number in 0..5 {
        let id = world.trigger(&tenant, &format!("s-{number}")).await;
        is_sent(&world, &tenant, id, Channel::Sms).await;
    }
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_templates_of_one_tenant_hold_no_place_at_work() {
    let world = World::new().await;
    // MJML goes to a thread, and this takes it long.
    let heavy = "<mjml><mj-body><mj-section><mj-column><mj-text>{% for a in (1..90) %}{% for b in (1..900) %}\
                 {% endfor %}{% endfor %}x</mj-text></mj-column></mj-section></mj-body></mjml>";
    let slow = world.tenant("slow", &[(Channel::Email, heavy)]).await;
    let quick = world.tenant("quick", &ALL).await;
    let ids = trigger_many(&world, &slow, 80).await;
    let script = Script::always(Answer::Taken);
    let few = DispatchSettings { at_work: 2, ..settings() };
    let dispatch = world.play(&script, few);
    script.called(1).await;
    let id = world.trigger(&quick, "e-1").await;
    for channel in Channel::ALL {
        is_sent(&world, &quick, id, channel).await;
    }
    assert!(calls_of(&script, &[slow.id]) < ids.len() - 4, "the small ones waited for the heavy ones");
    dispatch.stop().await;
}
