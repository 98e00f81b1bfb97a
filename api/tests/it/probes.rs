//! Alive, ready, metrics.

use axum::http::Method;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_alive_even_when_it_is_not_ready() {
    let world = World::new().await;
    let probe = async |path| world.call(Method::GET, path, &[], None).await.shown();
    insta::assert_snapshot!(probe("/healthz").await, @r#"200 {"status":"ok"}"#);
    insta::assert_snapshot!(probe("/readyz").await, @r#"200 {"status":"ready","roles":["api"],"subscriptions":[],"degraded":[]}"#);
    world.ready.off();
    insta::assert_snapshot!(probe("/healthz").await, @r#"200 {"status":"ok"}"#);
    insta::assert_snapshot!(
        probe("/readyz").await,
        @r#"503 {"status":"unavailable","roles":["api"],"subscriptions":[],"degraded":[{"part":"log","reason":"the database does not answer"}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_prometheus_text() {
    let world = World::new().await;
    let answer = world.call(Method::GET, "/metrics", &[], None).await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
}
