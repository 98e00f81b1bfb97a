//! The demo page's files: served where they are asked for, in strict headers, and nowhere else.

use axum::http::{Method, StatusCode};

use crate::world::{Answer, World};

const FILES: [(&str, &str); 7] = [
    ("/demo", "text/html; charset=utf-8"),
    ("/demo/app.js", "text/javascript; charset=utf-8"),
    ("/demo/engine.js", "text/javascript; charset=utf-8"),
    ("/demo/view.js", "text/javascript; charset=utf-8"),
    ("/demo/centrifuge.js", "text/javascript; charset=utf-8"),
    ("/demo/style.css", "text/css; charset=utf-8"),
    ("/demo/icon.svg", "image/svg+xml"),
];

async fn from(world: &World, method: Method, path: &str, host: &str) -> Answer {
    world.call(method, path, &[("host", host)], None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_of_the_page_is_served_in_strict_headers() {
    let world = World::with_demo().await;
    for (path, content_type) in FILES {
        let whole = from(&world, Method::GET, path, "localhost:8080").await;
        assert_eq!(whole.status, StatusCode::OK, "{path}");
        assert!(whole.body.len() > 200, "{path}");
        let head = from(&world, Method::HEAD, path, "localhost:8080").await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""), "{path}");
        for answer in [&whole, &head] {
            for (name, value) in [
                ("content-type", content_type),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", "no-cache"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{path}");
            }
        }
        assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()), "{path}");
    }
    let page = from(&world, Method::GET, "/demo", "localhost:8080").await;
    insta::assert_snapshot!(
        page.header("content-security-policy").unwrap(),
        @"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws://localhost:8080 wss://localhost:8080; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_none_adds_nothing_to_the_policy() {
    let world = World::with_demo().await;
    for host in ["*", "a; script-src *", "a b", ""] {
        let page = from(&world, Method::GET, "/demo", host).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("connect-src 'self';") && !policy.contains('*'), "{host}: {policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_no_inline_script_or_style_and_names_no_other_host() {
    let world = World::with_demo().await;
    let page = from(&world, Method::GET, "/demo", "localhost").await.body;
    for inline in ["<style", "style=", " onclick=", " onload=", "javascript:", "http://", "https://"] {
        assert!(!page.contains(inline), "{inline}");
    }
    assert_eq!(page.matches("<script").count(), page.matches("<script src=\"/demo/").count());
    for (path, _) in FILES.iter().filter(|(path, _)| !path.ends_with("centrifuge.js")) {
        let text = from(&world, Method::GET, path, "localhost").await.body;
        for markup in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage"]
        {
            assert!(!text.contains(markup), "{path} holds {markup}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_page_is_off_and_where_it_has_no_such_file_there_is_no_such_route() {
    let (on, off) = (World::with_demo().await, World::new().await);
    let mut asked = vec![(&on, "/demo/none.js"), (&on, "/demo/%ff"), (&on, "/demo/..%2fCargo.toml")];
    asked.extend(FILES.iter().map(|(path, _)| (&off, *path)));
    for (world, path) in asked {
        let answer = from(world, Method::GET, path, "localhost").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json()["code"], "no_such_route", "{path}");
    }
    let post = from(&on, Method::POST, "/demo", "localhost").await;
    assert_eq!(
        (post.status, &post.json()["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"method_not_allowed".into())
    );
}
