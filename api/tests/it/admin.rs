//! The operators' routes.

use axum::http::{Method, StatusCode};
use orqestra_commands::Context;
use orqestra_domain::notification::{DeliveryRendered, MarkOutcomeUnknown, StartAttempt, UnknownPolicy};
use orqestra_domain::provider::SANDBOX_INSTANCE;
use orqestra_domain::retry::{Jitter, RetrySchedule};
use orqestra_domain::{Channel, DeliveryId, EventId, NotificationId};
use serde_json::{Value, json};

use crate::world::{Caller, World, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_tenant_is_shown_and_its_key_opens_at_once() {
    let world = World::new().await;
    let settings = json!({"name": "Shop", "webhookSecret": "s3cret", "ratePerMinute": 5, "dailyCap": 9,
        "deliveryChannels": ["PUSH", "EMAIL"], "senderEmail": "shop@example.org"});
    let registered = world.admin(Method::POST, "/admin/v1/tenants", Some(&settings)).await;
    let body = registered.json();
    let (tenant, key) = (body["tenantId"].as_str().unwrap(), body["apiKey"].as_str().unwrap());
    assert_eq!(
        registered.shown(),
        format!(r#"201 {{"tenantId":"{tenant}","name":"Shop","apiKey":"{key}"}}"#)
    );
    let path = format!("/admin/v1/tenants/{tenant}");
    assert_eq!(registered.header("location"), Some(path.as_str()));
    let shown = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(shown["signed"], true);
    assert_eq!(shown["deliveryChannels"], json!(["EMAIL", "PUSH"]));
    assert_eq!((&shown["ratePerMinute"], &shown["dailyCap"]), (&json!(5), &json!(9)));
    assert_eq!(shown["apiKeyIds"].as_array().unwrap().len(), 1);
    assert_eq!(shown.get("apiKey"), None);
    let state = world.call(Method::GET, "/api/v1/events/none", &[("x-api-key", key)], None).await;
    assert_eq!(state.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_tenant_is_422_and_an_unknown_one_404() {
    let world = World::new().await;
    let wrong = world.admin(Method::POST, "/admin/v1/tenants", Some(&json!({"ratePerMinute": 0}))).await;
    insta::assert_snapshot!(
        wrong.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"name is required; ratePerMinute must be a whole number from 1 to 100000000","code":"validation_failed","requestId":"req-1","details":[{"field":"name","message":"is required"},{"field":"ratePerMinute","message":"must be a whole number from 1 to 100000000"}]}"#
    );
    for id in ["nonsense", "de8a96bd-401d-53ee-b55c-8dcb92b2224a"] {
        let path = format!("/admin/v1/tenants/{id}");
        assert_eq!(world.admin(Method::GET, &path, None).await.json()["code"], "unknown_tenant");
        let changed = world.admin(Method::PATCH, &path, Some(&json!({"name": "x"}))).await;
        assert_eq!(changed.json()["code"], "unknown_tenant");
        let template =
            world.admin(Method::PUT, &format!("{path}/templates/a/SMS"), Some(&json!({"body": "b"}))).await;
        assert_eq!(template.json()["code"], "unknown_tenant");
        let listed = world.admin(Method::GET, &format!("{path}/templates"), None).await;
        assert_eq!(listed.json()["code"], "unknown_tenant");
        let shown = world.admin(Method::GET, &format!("{path}/templates/a/SMS"), None).await;
        assert_eq!(shown.json()["code"], "unknown_tenant");
        let switched = world
            .admin(Method::PATCH, &format!("{path}/templates/a/SMS"), Some(&json!({"active": true})))
            .await;
        assert_eq!(switched.json()["code"], "unknown_tenant");
        let providers = world.admin(Method::PUT, &format!("{path}/providers/SMS"), Some(&json!([]))).await;
        assert_eq!(providers.json()["code"], "unknown_tenant");
        let event = world.admin(Method::GET, &format!("{path}/events/e"), None).await;
        assert_eq!(event.json()["code"], "unknown_tenant");
        let explained = world
            .admin(Method::POST, &format!("{path}/events/e/explanation"), Some(&json!({"reason": "r"})))
            .await;
        assert_eq!(explained.json()["code"], "unknown_tenant");
        let messages =
            world.admin(Method::GET, &format!("/admin/v1/sandbox/messages?tenantId={id}"), None).await;
        assert_eq!(messages.json()["code"], "unknown_tenant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_issued_and_revoked_and_a_secret_comes_and_goes() {
    let world = World::new().await;
    let mut shop = world.shop().await;
    let path = format!("/admin/v1/tenants/{}", shop.tenant);
    let before =
        world.admin(Method::GET, &path, None).await.json()["apiKeyIds"][0].as_str().unwrap().to_owned();
    let issued = world.admin(Method::PATCH, &path, Some(&json!({"issueApiKey": true}))).await.json();
    let key = issued["apiKey"].as_str().unwrap().to_owned();
    assert_eq!(world.trigger(&shop, &[], &order("evt-1")).await.status, StatusCode::OK);
    let revoked = world.admin(Method::PATCH, &path, Some(&json!({"revokeApiKey": before}))).await.json();
    assert_eq!(revoked["apiKeyIds"].as_array().unwrap().len(), 1);
    assert_eq!(world.trigger(&shop, &[], &order("evt-2")).await.json()["code"], "invalid_api_key");
    shop.key = key;
    assert_eq!(world.trigger(&shop, &[], &order("evt-2")).await.status, StatusCode::OK);
    let again = world.admin(Method::PATCH, &path, Some(&json!({"revokeApiKey": before}))).await;
    assert_eq!(again.json()["code"], "unknown_api_key");

    world.admin(Method::PATCH, &path, Some(&json!({"webhookSecret": "s3cret"}))).await;
    assert_eq!(world.trigger(&shop, &[], &order("evt-3")).await.json()["code"], "invalid_signature");
    shop.secret = Some("s3cret".to_owned());
    assert_eq!(world.trigger(&shop, &[], &order("evt-3")).await.status, StatusCode::OK);
    shop.secret = None;
    world.admin(Method::PATCH, &path, Some(&json!({"webhookSecret": null}))).await;
    assert_eq!(world.trigger(&shop, &[], &order("evt-4")).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_has_versions_and_one_that_does_not_parse_cannot_be_saved() {
    let world = World::new().await;
    let shop = world.tenant(&json!({"name": "Shop"})).await;
    let path = format!("/admin/v1/tenants/{}/templates/order.confirmed/EMAIL", shop.tenant);
    let content = json!({"subject": "s", "body": "b"});
    let saved = world.admin(Method::PUT, &path, Some(&content)).await;
    let id = saved.json()["templateId"].as_str().unwrap().to_owned();
    assert_eq!(saved.shown(), format!(r#"200 {{"templateId":"{id}","version":1}}"#));
    assert_eq!(world.admin(Method::PUT, &path, Some(&content)).await.json()["version"], 1);
    let other = json!({"subject": "s", "body": "{{ other }}"});
    assert_eq!(world.admin(Method::PUT, &path, Some(&other)).await.json()["version"], 2);
    let broken = json!({"subject": "{% if %}", "body": "fine\n  {{ x | nonsense }}"});
    let refused = world.admin(Method::PUT, &path, Some(&broken)).await.json();
    assert_eq!(refused["code"], "validation_failed");
    assert_eq!(refused["details"][0]["field"], "subject");
    assert_eq!(refused["details"][1]["field"], "body");
    assert_eq!(refused["details"][1]["line"], 2);
    assert!(refused["details"][1]["column"].is_number());
    let missing = world.admin(Method::PUT, &path, Some(&json!({"title": "t"}))).await;
    insta::assert_snapshot!(
        missing.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"title is nothing that a template for EMAIL has; subject is required; body is required","code":"validation_failed","requestId":"req-1","details":[{"field":"title","message":"is nothing that a template for EMAIL has"},{"field":"subject","message":"is required"},{"field":"body","message":"is required"}]}"#
    );
    let sms = path.replace("EMAIL", "SMS");
    let subject = world.admin(Method::PUT, &sms, Some(&json!({"subject": "s", "body": "b"}))).await;
    insta::assert_snapshot!(
        subject.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"subject is nothing that a template for SMS has","code":"validation_failed","requestId":"req-1","details":[{"field":"subject","message":"is nothing that a template for SMS has"}]}"#
    );
    assert_eq!(world.admin(Method::GET, &sms, None).await.status, StatusCode::NOT_FOUND, "nothing was saved");
    let off = json!({"subject": "s", "body": "{{ other }}", "active": false});
    assert_eq!(world.admin(Method::PUT, &path, Some(&off)).await.json()["version"], 2);
    let answer = world.trigger(&shop, &[("prefer", "return=representation")], &order("evt-1")).await.json();
    assert_eq!(answer["plan"][0]["reason"], "template_inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_mail_servers_without_any_sender_is_refused() {
    let world = World::new().await;
    let shop = world.shop().await;
    let tenant = format!("/admin/v1/tenants/{}", shop.tenant);
    let path = format!("{tenant}/providers/EMAIL");
    let list = json!([{"kind": "smtp", "host": "127.0.0.1", "port": 1025, "tls": "none"}]);
    let refused = world.admin(Method::PUT, &path, Some(&list)).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"[0].from is required, since neither another provider of the list nor the tenant has a sender","code":"validation_failed","requestId":"req-1","details":[{"field":"[0].from","message":"is required, since neither another provider of the list nor the tenant has a sender"}]}"#
    );
    let shown = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(shown["providers"][0]["kind"], "sandbox", "nothing was changed");
    world.admin(Method::PATCH, &tenant, Some(&json!({"senderEmail": "shop@example.org"}))).await;
    assert_eq!(world.admin(Method::PUT, &path, Some(&list)).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_names_one_of_the_tenants_push_categories_for_as_long_as_it_is_one() {
    let world = World::new().await;
    let shop = world.shop().await;
    let tenant = format!("/admin/v1/tenants/{}", shop.tenant);
    let path = format!("{tenant}/templates/sale.begun/PUSH");
    let offer = |category: &str| json!({"title": "t", "body": "b", "category": category});
    let refused = world.admin(Method::PUT, &path, Some(&offer("offers"))).await;
    insta::assert_snapshot!(
        refused.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"category must be one of the tenant's pushCategories","code":"validation_failed","requestId":"req-1","details":[{"field":"category","message":"must be one of the tenant's pushCategories"}]}"#
    );
    assert_eq!(
        world.admin(Method::GET, &path, None).await.status,
        StatusCode::NOT_FOUND,
        "nothing was saved"
    );
    assert_eq!(world.admin(Method::PUT, &path, Some(&offer("orders"))).await.status, StatusCode::OK);
    let categories = |list: Value| json!({"pushCategories": list});
    let with = categories(json!(["global_system", "offers", "orders"]));
    assert_eq!(world.admin(Method::PATCH, &tenant, Some(&with)).await.status, StatusCode::OK);
    assert_eq!(world.admin(Method::PUT, &path, Some(&offer("offers"))).await.status, StatusCode::OK);
    for without in [categories(json!(["global_system", "orders"])), categories(Value::Null)] {
        let refused = world.admin(Method::PATCH, &tenant, Some(&without)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{without}: {refused:?}");
        assert_eq!(refused.json()["details"][0]["field"], "pushCategories");
    }
    let plain = json!({"title": "t", "body": "b"});
    assert_eq!(world.admin(Method::PUT, &path, Some(&plain)).await.status, StatusCode::OK);
    let without = categories(Value::Null);
    assert_eq!(world.admin(Method::PATCH, &tenant, Some(&without)).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_every_attempt_and_the_sandboxs_messages() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    for event in ["evt-1", "evt-2"] {
        world.trigger(&shop, &[], &order(event)).await;
        world.drain(&shop, &[event]).await;
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    let details =
        world.admin(Method::GET, &format!("/admin/v1/tenants/{}/events/evt-1", shop.tenant), None).await;
    let email = details.json()["data"]["channels"][0].clone();
    assert_eq!((&email["status"], &email["attempts"][0]["outcome"]), (&json!("SENT"), &json!("SUCCEEDED")));
    assert_eq!(email["attempts"][0]["attempt"], 1);

    let path = format!("/admin/v1/sandbox/messages?tenantId={}", shop.tenant);
    let messages = world.admin(Method::GET, &format!("{path}&channel=EMAIL"), None).await.json();
    let messages = messages["data"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!((&messages[0]["eventId"], &messages[1]["eventId"]), (&json!("evt-2"), &json!("evt-1")));
    assert_eq!(messages[0]["recipient"], "user@example.com");
    assert_eq!(messages[0]["subject"], "Order A-1");
    assert_eq!(messages[0]["body"], "<p>Thanks for A-1</p>");
    let one = world.admin(Method::GET, &format!("{path}&channel=EMAIL&limit=1"), None).await;
    assert_eq!(one.json()["data"].as_array().unwrap().len(), 1);
    let link = one.header("link").expect("there is another");
    let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
    let next = world.admin(Method::GET, next, None).await;
    assert_eq!(next.json()["data"], json!([messages[1]]));
    assert_eq!(next.header("link"), None);
    for cursor in ["x", "00000000-0000-0000-0000-000000000001"] {
        let wrong = world.admin(Method::GET, &format!("{path}&cursor={cursor}"), None).await.json();
        assert_eq!(wrong["message"], "cursor must be one that a Link header gave");
    }
    let wrong = world.admin(Method::GET, "/admin/v1/sandbox/messages?channel=FAX", None).await.json();
    assert_eq!(wrong["message"], "tenantId is required; channel must be one of EMAIL, SMS, PUSH");
}

/// Leaves an event's email where nobody knows whether it was taken, and names its delivery.
pub(crate) async fn held(world: &World, shop: &Caller, event: &str) -> String {
    let mut body = order(event);
    body["channels"] = json!(["EMAIL"]);
    world.trigger(shop, &[], &body).await;
    let tenant = shop.tenant.parse().unwrap();
    let notification = NotificationId::of_event(tenant, &EventId::parse(event).unwrap());
    let (commands, ctx) = (&world.commands, Context::engine("test"));
    let story = commands.story(tenant, notification).await.unwrap().unwrap();
    let content = story.accepted.recipient.clone();
    let key = content.key_id;
    let (channel, at) = (Channel::Email, commands.now());
    let rendered = DeliveryRendered { channel, content, missing: Vec::new(), category: None, at };
    let start = StartAttempt {
        channel,
        attempt: 1,
        provider: "smtp".to_owned(),
        instance: SANDBOX_INSTANCE,
        dedup: None,
        expires_at: at,
        rendered: Some(rendered),
        at,
    };
    commands.start_attempt(tenant, notification, start, &[key], &ctx).await.unwrap();
    let unknown = MarkOutcomeUnknown {
        channel,
        attempt: 1,
        policy: UnknownPolicy::Hold,
        receipt_within: None,
        asks_again: true,
        schedule: RetrySchedule::default(),
        jitter: Jitter::NONE,
        cause: "smtp_timeout".to_owned(),
        by_sender: true,
        deadline: at.plus(orqestra_domain::ExpiresIn::DEFAULT.duration()),
        at,
    };
    commands.mark_outcome_unknown(tenant, notification, unknown, &[], &ctx).await.unwrap();
    DeliveryId::of(notification, channel).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_decides_on_an_unknown_outcome_once() {
    let world = World::new().await;
    let shop = world.shop().await;
    world.project();
    for (event, resolution, status) in
        [("evt-1", "delivered", "SENT"), ("evt-2", "resend", "RETRYING"), ("evt-3", "drop", "FAILED")]
    {
        let delivery = held(&world, &shop, event).await;
        world.projected().await;
        let state = world.get(&shop, &format!("/api/v1/events/{event}")).await.json();
        assert_eq!(state["data"]["channels"][0]["status"], "UNKNOWN");
        assert_eq!(state["data"]["channels"][0]["cause"], "smtp_timeout");
        let path = format!("/admin/v1/deliveries/{delivery}/resolve");
        let resolved = world.admin(Method::POST, &path, Some(&json!({"resolution": resolution}))).await;
        assert_eq!(resolved.status, StatusCode::OK, "{resolved:?}");
        assert_eq!(resolved.json()["data"]["status"], status);
        assert_eq!(resolved.json()["data"]["attempts"][0]["outcome"], "UNKNOWN");
        assert_eq!(resolved.json()["data"]["attempts"][0]["cause"], "smtp_timeout");
        let again = world.admin(Method::POST, &path, Some(&json!({"resolution": resolution}))).await;
        assert_eq!(again.json()["code"], "nothing_to_resolve");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_unknown_outcome_can_be_resolved() {
    let world = World::new().await;
    world.start();
    let shop = world.shop().await;
    world.trigger(&shop, &[], &order("evt-1")).await;
    world.drain(&shop, &["evt-1"]).await;
    let state = world.get(&shop, "/api/v1/events/evt-1").await.json();
    let delivery = state["data"]["channels"][0]["deliveryId"].as_str().unwrap();
    let path = format!("/admin/v1/deliveries/{delivery}/resolve");
    let settled = world.admin(Method::POST, &path, Some(&json!({"resolution": "resend"}))).await;
    insta::assert_snapshot!(
        settled.shown(),
        @r#"409 {"statusCode":409,"error":"Conflict","message":"The delivery waits for no decision","code":"nothing_to_resolve","requestId":"req-1"}"#
    );
    let wrong = world.admin(Method::POST, &path, Some(&json!({"resolution": "maybe"}))).await;
    assert_eq!(wrong.json()["message"], "resolution must be delivered, resend or drop");
    for id in ["nonsense", "de8a96bd-401d-53ee-b55c-8dcb92b2224a"] {
        let path = format!("/admin/v1/deliveries/{id}/resolve");
        let unknown = world.admin(Method::POST, &path, Some(&json!({"resolution": "drop"}))).await;
        assert_eq!(unknown.json()["code"], "unknown_delivery");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_listed_page_by_page_each_once() {
    let world = World::new().await;
    let mut registered = Vec::new();
    for name in ["One", "Two", "Three"] {
        registered.push(world.tenant(&json!({"name": name})).await.tenant);
    }
    registered.sort_unstable();
    let mut listed = Vec::new();
    let mut next = Some("/admin/v1/tenants?limit=2".to_owned());
    while let Some(path) = next {
        let page = world.admin(Method::GET, &path, None).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let found = page.json();
        let found = found["data"].as_array().unwrap();
        assert!(found.iter().all(|tenant| tenant.get("apiKey").is_none() && tenant["active"] == true));
        listed.extend(found.iter().map(|tenant| tenant["tenantId"].as_str().unwrap().to_owned()));
        next = page.header("link").map(|link| {
            let (path, rest) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
            assert_eq!(rest, "; rel=\"next\"");
            path.to_owned()
        });
    }
    assert_eq!(listed, registered);
    let wrong = world.admin(Method::GET, "/admin/v1/tenants?limit=0&cursor=x", None).await;
    insta::assert_snapshot!(
        wrong.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"limit must be a whole number from 1; cursor must be one that a Link header gave","code":"validation_failed","requestId":"req-1","details":[{"field":"limit","message":"must be a whole number from 1"},{"field":"cursor","message":"must be one that a Link header gave"}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_listed_without_their_texts_and_shown_with_them() {
    let world = World::new().await;
    let (shop, stranger) = (world.shop().await, world.shop().await);
    let path = format!("/admin/v1/tenants/{}/templates", shop.tenant);
    let zeta = json!({"subject": "s", "body": "b"});
    world.admin(Method::PUT, &format!("{path}/a.first/EMAIL"), Some(&zeta)).await;
    let names = |page: &serde_json::Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|one| format!("{} {}", one["eventType"], one["channel"]).replace('"', "")).collect()
    };
    let first = world.admin(Method::GET, &format!("{path}?limit=3"), None).await;
    assert!(!first.body.contains("Thanks for"), "{first:?}");
    assert_eq!(names(&first.json()), ["a.first EMAIL", "order.confirmed EMAIL", "order.confirmed SMS"]);
    let link = first.header("link").unwrap();
    let (next, _) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
    let second = world.admin(Method::GET, next, None).await;
    assert_eq!(names(&second.json()), ["order.confirmed PUSH"]);
    assert_eq!(second.header("link"), None);
    // A cursor of another tenant's template names nothing here.
    let others = format!("/admin/v1/tenants/{}/templates", stranger.tenant);
    let others = world.admin(Method::GET, &others, None).await.json();
    let cursor = others["data"][0]["templateId"].as_str().unwrap();
    let refused = world.admin(Method::GET, &format!("{path}?cursor={cursor}"), None).await;
    assert_eq!(refused.json()["details"][0]["field"], "cursor");

    let shown = world.admin(Method::GET, &format!("{path}/order.confirmed/PUSH"), None).await;
    let body = shown.json();
    let (id, at) = (body["templateId"].as_str().unwrap(), body["publishedAt"].as_str().unwrap());
    assert_eq!(
        shown.shown(),
        format!(
            r#"200 {{"templateId":"{id}","eventType":"order.confirmed","channel":"PUSH","version":1,"active":true,"publishedAt":"{at}","title":"Order {{{{ number }}}}","body":"Confirmed, {{{{ name }}}}"}}"#
        )
    );
    insta::assert_snapshot!(
        world.admin(Method::GET, &format!("{path}/order.cancelled/PUSH"), None).await.shown(),
        @r#"404 {"statusCode":404,"error":"Not Found","message":"No such template","code":"unknown_template","requestId":"req-1"}"#
    );
    insta::assert_snapshot!(
        world.admin(Method::GET, &format!("{path}/order.confirmed/FAX"), None).await.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"channel must be one of EMAIL, SMS, PUSH","code":"validation_failed","requestId":"req-1","details":[{"field":"channel","message":"must be one of EMAIL, SMS, PUSH"}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_template_keeps_its_version_and_is_used_or_not_at_once() {
    let world = World::new().await;
    let shop = world.shop().await;
    let path = format!("/admin/v1/tenants/{}/templates/order.confirmed/EMAIL", shop.tenant);
    let prefer = [("prefer", "return=representation")];
    for (active, status, event) in [(false, "SKIPPED", "evt-1"), (true, "PLANNED", "evt-2")] {
        let switched = world.admin(Method::PATCH, &path, Some(&json!({"active": active}))).await.json();
        assert_eq!((&switched["active"], &switched["version"]), (&json!(active), &json!(1)));
        assert_eq!(world.admin(Method::GET, &path, None).await.json()["active"], active);
        let answer = world.trigger(&shop, &prefer, &order(event)).await.json();
        assert_eq!(answer["plan"][0]["status"], status);
    }
    for (wrong, field) in [(json!({}), "active"), (json!({"active": "no"}), "active")] {
        let refused = world.admin(Method::PATCH, &path, Some(&wrong)).await;
        assert_eq!(refused.json()["details"][0]["field"], field, "{wrong}");
    }
    let unknown = path.replace("confirmed", "cancelled");
    let refused = world.admin(Method::PATCH, &unknown, Some(&json!({"active": true}))).await;
    assert_eq!(refused.json()["code"], "unknown_template");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_host_is_no_provider_unless_the_installation_allows_it_and_metadata_is_none_at_all() {
    let hosts = |hosts: &[&str]| -> Value {
        let smtp =
            |host| json!({"kind": "smtp", "host": host, "port": 25, "tls": "none", "from": "a@example.org"});
        hosts.iter().map(smtp).collect()
    };
    let (web, local) = (World::of_the_web().await, World::new().await);
    for (world, list, wrong) in [
        (
            &web,
            hosts(&["127.0.0.1", "8.8.8.8", "10.1.2.3", "localhost"]),
            &["[0].host", "[2].host", "[3].host"][..],
        ),
        (&web, hosts(&["::ffff:127.0.0.1", "169.254.169.254"]), &["[0].host", "[1].host"]),
        (&web, hosts(&["8.8.8.8", "mail.invalid"]), &[]),
        (&local, hosts(&["127.0.0.1", "169.254.169.254", "localhost"]), &["[1].host"]),
        (&local, hosts(&["127.0.0.1", "10.1.2.3"]), &[]),
    ] {
        let tenant = world.tenant(&json!({"name": "Shop"})).await;
        let path = format!("/admin/v1/tenants/{}/providers/EMAIL", tenant.tenant);
        let answer = world.admin(Method::PUT, &path, Some(&list)).await;
        let body = answer.json();
        let told: Vec<_> = body["details"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one["field"].as_str().unwrap())
            .collect();
        assert_eq!(told, wrong, "{list}: {body}");
        assert_eq!(answer.status == StatusCode::OK, wrong.is_empty(), "{body}");
    }
}
