//! How long a message is of use, and how often it is tried: as the API takes and shows it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_gets_a_retry_schedule_of_its_own_and_the_installations_again() {
    let world = World::new().await;
    let shop = world.shop().await;
    let path = format!("/admin/v1/tenants/{}", shop.tenant);
    for (change, shown) in [
        (json!({"EMAIL": [5, 60], "SMS": []}), json!({"EMAIL": [5, 60], "SMS": []})),
        (json!({"SMS": null}), json!({"EMAIL": [5, 60]})),
        (json!({}), json!({"EMAIL": [5, 60]})),
    ] {
        let changed = world.admin(Method::PATCH, &path, Some(&json!({"retrySchedules": change}))).await;
        assert_eq!(changed.json()["retrySchedules"], shown);
        assert_eq!(world.admin(Method::GET, &path, None).await.json()["retrySchedules"], shown);
    }
    let wrong = json!({"retrySchedules": {"EMAIL": [0], "SMS": [86_401], "PUSH": [5]}});
    let wrong = world.admin(Method::PATCH, &path, Some(&wrong)).await;
    insta::assert_snapshot!(
        wrong.shown(),
        @r#"422 {"statusCode":422,"error":"Validation Error","message":"retrySchedules.EMAIL must be a list of at most 31 whole numbers of seconds from 1 to 86400; retrySchedules must name EMAIL and SMS alone; retrySchedules.SMS must be a list of at most 31 whole numbers of seconds from 1 to 86400","code":"validation_failed","requestId":"req-1","details":[{"field":"retrySchedules.EMAIL","message":"must be a list of at most 31 whole numbers of seconds from 1 to 86400"},{"field":"retrySchedules","message":"must name EMAIL and SMS alone"},{"field":"retrySchedules.SMS","message":"must be a list of at most 31 whole numbers of seconds from 1 to 86400"}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_message_is_of_use_is_shown_where_it_is_said() {
    let world = World::new().await;
    let shop = world.shop().await;
    for (seconds, event) in [(0, "e-1"), (2_592_001, "e-2")] {
        let mut body = order(event);
        body["expiresIn"] = seconds.into();
        let refused = world.trigger(&shop, &[], &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json()["details"][0]["field"], "expiresIn");
    }
    let template = format!("/admin/v1/tenants/{}/templates/order.confirmed/SMS", shop.tenant);
    let refused = world.admin(Method::PUT, &template, Some(&json!({"body": "b", "expiresIn": 0}))).await;
    assert_eq!(refused.json()["details"][0]["field"], "expiresIn");
    let saved = world.admin(Method::PUT, &template, Some(&json!({"body": "b", "expiresIn": 600}))).await;
    assert_eq!(saved.status, StatusCode::OK);
    assert_eq!(world.admin(Method::GET, &template, None).await.json()["expiresIn"], 600);
    // The trigger's word comes first; without one each template has its own.
    let mut body = order("e-3");
    body["expiresIn"] = 60.into();
    for (body, ends) in [(order("e-4"), "00:10:00"), (body, "00:01:00")] {
        let accepted = world.trigger(&shop, &[], &body).await;
        let event = body["eventId"].as_str().unwrap();
        assert_eq!(accepted.status, StatusCode::OK);
        let path = format!("/admin/v1/tenants/{}/events/{event}", shop.tenant);
        let told = world.admin(Method::GET, &path, None).await.json();
        let told = &told["data"];
        let channels = told["channels"].as_array().unwrap();
        let sms = channels.iter().find(|channel| channel["channel"] == "SMS").unwrap();
        let time = |value: &Value| value.as_str().unwrap().parse::<orqestra_domain::Timestamp>().unwrap();
        let lives = time(&sms["expiresAt"]).since(time(&told["acceptedAt"]));
        let seconds = lives.as_secs();
        assert_eq!(format!("00:{:02}:{:02}", seconds / 60, seconds % 60), ends);
    }
}
