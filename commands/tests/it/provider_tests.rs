//! A test of a provider is on record before anything leaves, without the address.

use orqestra_commands::{Actor, AdminName, Context, ProviderTestRequest, TestAddress};
use orqestra_domain::provider::SANDBOX_INSTANCE;
use orqestra_domain::{EmailAddress, PhoneNumber, StreamId};
use serde_json::{Value, json};

use crate::support::{World, tenant};

#[tokio::test]
async fn a_test_is_one_event_of_a_stream_of_its_own_with_the_look_up_form_of_the_address() {
    let world = World::new().await;
    let commands = world.process().await;
    let shop = tenant(&commands).await;
    let operator = Context { actor: Actor::Admin(AdminName::default()), trace: None };
    let email = TestAddress::Email(EmailAddress::parse("Ops@Example.com").unwrap());
    let phone = TestAddress::Phone(PhoneNumber::parse("+254712345678").unwrap());
    for (to, normalised) in [(&email, "Ops@example.com"), (&phone, "+254712345678")] {
        let request = ProviderTestRequest { provider: "sandbox", instance: SANDBOX_INSTANCE, to };
        let requested = commands.request_provider_test(&shop, request, &operator).await.unwrap();
        assert_eq!(requested.key.id(), commands.vault().tenant_key(shop.id).await.unwrap().id());
        let stream = StreamId::evidence(shop.id, requested.id);
        let events = commands.log().load("Evidence", &stream).await.unwrap();
        let [event] = &events[..] else { panic!("one event: {events:?}") };
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        assert_eq!(
            payload,
            json!({"ProviderTestRequested": {
                "channel": to.channel(),
                "provider": "sandbox",
                "instance": SANDBOX_INSTANCE,
                "addressRef": shop.index.address_ref(normalised),
                "by": "admin:primary",
                "at": commands.now(),
            }})
        );
    }
}
