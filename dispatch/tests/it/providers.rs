//! Real providers behind dispatch: an email over SMTP from acceptance to record, and the sandbox's deduplication.

use orqestra_commands::{RenderedContent, answer_field};
use orqestra_dispatch::sandbox::{Sandbox, SandboxLane};
use orqestra_dispatch::{Message, Provider};
use orqestra_domain::notification::{AttemptOutcome, DeliveryState, NotificationEvent};
use orqestra_domain::{AnyEvent, Channel, DeliveryId, EventId, StreamId};
use orqestra_vault::FieldContext;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::Step::{Cut, Say};
use crate::smtp_server::{Manners, SmtpServer};
use crate::world::{World, settings, smtp};

#[tokio::test(flavor = "multi_thread")]
async fn an_email_goes_out_over_smtp_once_and_the_servers_words_are_kept_sealed() {
    let world = World::new().await;
    let server = SmtpServer::start([]).await;
    let tenant = world.tenant("acme", &[(Channel::Email, "<p>hi {{ number }}</p>")]).await;
    world.providers(tenant.id, Channel::Email, vec![smtp(server.port)]).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&world.entry(tenant.id), "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    let AttemptOutcome::Succeeded { provider_message_id: Some(message_id), .. } =
        &delivery.attempts[0].outcome
    else {
        panic!("{:?}", delivery.attempts)
    };
    assert_eq!(*message_id, format!("<{}@deliveries.orqestra>", DeliveryId::of(id, Channel::Email)));
    assert_eq!(server.taken().len(), 1);
    assert!(server.taken()[0].content.contains("Subject: Order A-1\r\n"));

    let stream = StreamId::notification(tenant.id, id);
    let events = world.commands.log().load("Notification", &stream).await.unwrap();
    let answer = events.iter().find_map(|event| match event.event() {
        Ok(AnyEvent::Notification(NotificationEvent::AttemptSucceeded(succeeded))) => {
            succeeded.answer.clone()
        }
        _ => None,
    });
    let field = answer_field(Channel::Email, 1);
    let place = FieldContext { tenant: tenant.id, aggregate_id: stream.as_str(), field: &field };
    let words = world.commands.vault().open_sealed(&place, &answer.unwrap()).await.unwrap();
    assert_eq!(words, b"250 2.0.0 queued as 42");
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_whose_last_answer_was_cut_goes_out_again_with_the_same_id() {
    let world = World::new().await;
    let server = SmtpServer::start([Manners { end: Cut, ..Manners::GOOD }]).await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    world.providers(tenant.id, Channel::Email, vec![smtp(server.port)]).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&world.entry(tenant.id), "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert!(delivery.attempts[1].possible_duplicate);
    let taken = server.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0], taken[1]);
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_server_takes_what_the_first_is_too_busy_for() {
    let world = World::new().await;
    let busy = SmtpServer::start([Manners { banner: Say("421 busy"), ..Manners::GOOD }]).await;
    let free = SmtpServer::start([]).await;
    let tenant = world.tenant("acme", &[(Channel::Email, "hi")]).await;
    world.providers(tenant.id, Channel::Email, vec![smtp(busy.port), smtp(free.port)]).await;
    let dispatch = world.dispatch(settings());
    let id = world.trigger(&world.entry(tenant.id), "e-1").await;
    let delivery = world.settled(&tenant, id, Channel::Email).await;
    assert!(matches!(delivery.state, DeliveryState::Sent { attempt: 2, .. }));
    assert_eq!((busy.taken().len(), free.taken().len()), (0, 1));
    dispatch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_keeps_a_delivery_once_however_often_it_is_sent() {
    let world = World::new().await;
    let tenant = world.tenant("acme", &[(Channel::Sms, "hi")]).await;
    let id = world.trigger(&tenant, "e-1").await;
    let story = world.story(&tenant, id).await;
    let token = CancellationToken::new();
    let sandbox = Sandbox::start(
        world.pool(),
        world.commands.log().sessions(),
        world.commands.vault().clone(),
        token.clone(),
    );
    let lane = SandboxLane::new(sandbox, 8);
    let message = |body: &str| Message {
        tenant: tenant.id,
        notification: id,
        delivery: DeliveryId::of(id, Channel::Sms),
        dedup_key: orqestra_domain::DedupKey::first(DeliveryId::of(id, Channel::Sms)),
        channel: Channel::Sms,
        to: "+254712345678".to_owned(),
        content: RenderedContent { body: body.to_owned(), ..RenderedContent::default() },
        event_id: Some(EventId::parse("e-1").unwrap()),
        sender: None,
        key: world.commands.vault().cached(tenant.id, key_scope(&story)).unwrap(),
        accepted_at: story.accepted.accepted_at,
        expires_at: story.accepted.accepted_at.plus(std::time::Duration::from_hours(72)),
        at: story.accepted.accepted_at,
    };
    let (first, second) = (message("first"), message("second"));
    lane.send(&first).await.unwrap();
    let (a, b) = tokio::join!(lane.send(&second), lane.send(&second));
    assert!(a.is_ok() && b.is_ok());
    let kept = world.kept(&tenant, None, 10).await;
    assert_eq!(kept.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["first"]);
    token.cancel();
}

fn key_scope(story: &orqestra_domain::notification::Story) -> orqestra_vault::KeyScope {
    let accepted = &story.accepted;
    orqestra_vault::KeyScope::Recipient {
        recipient: accepted.recipient_ref,
        month: accepted.accepted_at.month(),
    }
}
