//! The demo page in a real browser: the bell fills live, also with what was missed, and text stays text.

use std::path::Path;

use orqestra_tests::browser::Browser;
use orqestra_tests::http::Request;
use orqestra_tests::load::order;
use orqestra_tests::world::World;
use serde_json::{Value, json};

const HOSTILE: &str = "<img src=x onerror=\"hacked=true\">";
const SIZES: [(u32, u32); 2] = [(1440, 900), (390, 844)];

/// The page's link as `up` printed it, with the key that it did not print, for this user.
fn link(world: &World, user: &str) -> String {
    let engine = world.engine();
    let line = engine.banner().lines().find_map(|line| line.trim().strip_prefix("demo page"));
    let (link, key) = (line.unwrap().trim(), &world.tenant().key);
    assert!(!link.contains("key="), "{link}");
    format!("{}&user={user}", link.replace("/demo#", &format!("/demo#key={key}&")))
}

async fn open(browser: &mut Browser, url: &str, (width, height): (u32, u32), scheme: &str) {
    browser.does("open", json!({"url": url, "width": width, "height": height, "scheme": scheme})).await;
}

async fn push(world: &World, user: &str, number: usize) {
    let mut body = order(number);
    body["channels"] = json!(["PUSH"]);
    body["eventId"] = json!(format!("{user}-{number}"));
    body["payload"] = json!({"userId": user});
    drop(world.trigger(world.tenant(), &body).await.expect(200));
}

/// Nothing was stopped, asked of other hosts or wider than the window, and nothing jumped.
async fn is_at_ease(browser: &mut Browser) {
    let state = browser.does("state", json!({})).await;
    assert_eq!((&state["troubles"], &state["stopped"]), (&json!([]), &json!([])), "{state}");
    assert_eq!((&state["wide"], &state["hacked"]), (&json!(false), &json!(false)), "{state}");
    assert!(state["jumped"].as_f64().unwrap() < 0.05, "{state}");
}

/// Every control has a name and room for a finger, within the window.
async fn can_be_used(browser: &mut Browser) {
    let found = browser.does("controls", json!({})).await;
    let controls = found["controls"].as_array().unwrap();
    assert!(controls.len() >= 6, "{found}");
    let wrong =
        |one: &&Value| one["name"] == "" || one["out"] == true || one["height"].as_f64().unwrap() < 24.0;
    assert_eq!(controls.iter().filter(wrong).collect::<Vec<_>>(), [&Value::Null; 0]);
}

#[tokio::test]
async fn the_bell_fills_while_the_page_is_open_at_each_width_and_in_each_scheme() {
    let world = World::start().await;
    let mut browser = Browser::start(world.folder()).await;
    for (size, scheme) in SIZES.into_iter().flat_map(|size| [(size, "light"), (size, "dark")]) {
        let user = format!("user-{}-{scheme}", size.0);
        open(&mut browser, &link(&world, &user), size, scheme).await;
        browser.sees("#state", "Connected").await;
        let address = browser.does("address", json!({})).await;
        assert!(
            address["url"].as_str().unwrap().ends_with("/demo"),
            "the key is out of the address: {address}"
        );
        browser.sees("#empty", "Nothing here yet").await;
        browser.picture(&format!("{user}-empty")).await;
        for number in 1..=2 {
            push(&world, &user, number).await;
            browser.bell(number).await;
        }
        browser.fill(json!({"Title": HOSTILE, "Order number": "A-7"})).await;
        browser.press("Place order").await;
        browser.sees("#answer", "dispatched securely").await;
        browser.bell(3).await;
        browser.sees(".toast", HOSTILE).await;
        browser.picture(&format!("{user}-three")).await;
        assert_eq!(browser.texts("#list h3").await[0], HOSTILE);
        can_be_used(&mut browser).await;
        browser.does("mark", json!({"title": HOSTILE})).await;
        browser.bell(2).await;
        let focus = browser.does("focus", json!({})).await;
        assert_eq!(focus["text"], "Mark as read", "the next one, by the keyboard");
        browser.picture(&format!("{user}-read")).await;
        is_at_ease(&mut browser).await;
        let rows = world.history(world.tenant(), &user).await;
        let read = rows.iter().filter(|row| row["status"] == "READ").count();
        assert_eq!((rows.len(), read), (3, 1), "{rows:#?}");
    }
}

#[tokio::test]
async fn what_came_while_the_engine_was_away_is_recovered_and_each_is_shown_once() {
    let world = World::start().await;
    // The page comes back to the address that it knows.
    let address = world.engine().address().to_string();
    world.set("ORQESTRA_LISTEN", Some(&address));
    let mut browser = Browser::start(world.folder()).await;
    open(&mut browser, &link(&world, "user"), SIZES[0], "light").await;
    browser.sees("#state", "Connected").await;
    push(&world, "user", 1).await;
    browser.bell(1).await;
    browser.does("offline", json!({"is": true})).await;
    world.restart().await;
    browser.sees("#state", "Connecting").await;
    push(&world, "user", 2).await;
    push(&world, "user", 3).await;
    drop(world.drain().await);
    browser.does("offline", json!({"is": false})).await;
    browser.sees("#note", "recovered 2 missed").await;
    browser.bell(3).await;
    browser.picture("recovered").await;
    push(&world, "user", 4).await;
    browser.bell(4).await;
    assert_eq!(browser.texts("#list h3").await.len(), 4);
}

#[tokio::test]
async fn what_the_engine_refuses_is_said_in_words() {
    let world = World::with(&[("ORQESTRA_BOOTSTRAP_RATE_PER_MINUTE", "1")]).await;
    let mut browser = Browser::start(world.folder()).await;
    let tenant = world.tenant();
    let page = format!("http://{}/demo", world.engine().address());
    open(&mut browser, &page, SIZES[1], "light").await;
    browser.sees("dialog", "never holds the key").await;
    can_be_used(&mut browser).await;
    let long = "u".repeat(300);
    for (key, user, words) in [
        ("a-key-that-is-wrong", "u-1", "does not know this API key"),
        (&tenant.key, &long, "does not take this"),
    ] {
        browser.fill(json!({"API key": key, "Tenant id": tenant.id, "User id": user})).await;
        browser.press("Connect").await;
        browser.sees("#sign-in-problem", words).await;
    }
    browser.picture("refused").await;
    browser.fill(json!({"User id": "u-1"})).await;
    browser.does("key", json!({"key": "Enter"})).await;
    browser.sees("#state", "Connected").await;
    browser.press("Place order").await;
    browser.bell(1).await;
    browser.press("Place order").await;
    browser.sees("#answer", "Limit: 1/min").await;
    browser.sees("#answer-wait", "Try again in").await;
    browser.picture("limit").await;
}

#[tokio::test]
async fn a_page_of_a_tenant_that_is_switched_off_says_so_and_comes_back_by_itself() {
    let world = World::start().await;
    let mut browser = Browser::start(world.folder()).await;
    let tenant = world.tenant();
    for (size, scheme) in SIZES.into_iter().flat_map(|size| [(size, "light"), (size, "dark")]) {
        let user = format!("user-{}-{scheme}", size.0);
        open(&mut browser, &link(&world, &user), size, scheme).await;
        browser.sees("#state", "Connected").await;
        push(&world, &user, 1).await;
        browser.bell(1).await;
        world.change(tenant, &json!({"active": false})).await;
        browser.sees("#state", "Disconnected").await;
        browser.sees("#reason", "this tenant is switched off").await;
        browser.sees("#countdown", "again in").await;
        let said = browser.texts(".strip").await.concat();
        assert!(!said.contains("3507"), "{said}");
        browser.press("Place order").await;
        browser.sees("#answer", "This tenant is switched off.").await;
        // It has tried twice, and goes on trying.
        browser.sees("#countdown", "again in 4 s").await;
        browser.sees("#reason", "this tenant is switched off").await;
        browser.picture(&format!("{user}-off")).await;
        can_be_used(&mut browser).await;
        world.change(tenant, &json!({"active": true})).await;
        // Still away, unless this takes longer than its pause: it goes on where it stood.
        push(&world, &user, 2).await;
        browser.sees("#state", "Connected").await;
        browser.sees("#reason", "live on ").await;
        browser.sees("#note", "Back: ").await;
        assert_eq!(browser.texts("#countdown").await, [""]);
        assert_eq!(browser.texts("#answer-text").await, [""], "what was refused then");
        browser.bell(2).await;
        push(&world, &user, 3).await;
        browser.bell(3).await;
        browser.picture(&format!("{user}-on-again")).await;
        let state = browser.does("state", json!({})).await;
        assert_eq!((&state["wide"], &state["stopped"]), (&json!(false), &json!([])), "{state}");
    }
}

#[tokio::test]
async fn a_page_whose_key_opens_nothing_any_more_says_so_and_does_not_ask_on() {
    let world = World::start().await;
    let mut browser = Browser::start(world.folder()).await;
    let tenant = world.new_tenant(json!({})).await;
    let link = format!("http://{}/demo#key={}&tenant={}", world.engine().address(), tenant.key, tenant.id);
    open(&mut browser, &link, SIZES[0], "light").await;
    browser.sees("#state", "Connected").await;
    let keys = world.change(&tenant, &json!({"active": false})).await["apiKeyIds"].clone();
    browser.sees("#countdown", "again in").await;
    world.change(&tenant, &json!({"revokeApiKey": keys[0], "issueApiKey": true, "active": true})).await;
    browser.sees("#reason", "the engine does not know this API key").await;
    assert_eq!(browser.texts("#countdown").await, [""]);
}

#[tokio::test]
async fn without_the_setting_only_up_serves_the_page() {
    let world = World::start().await;
    let status = async || world.call(Request::get("/demo")).await.status.as_u16();
    assert_eq!(status().await, 200);
    world.sigterm().await;
    world.begin_as("api,project,dispatch").await;
    assert_eq!(status().await, 404);
    world.sigterm().await;
    world.set("ORQESTRA_DEMO", Some("off"));
    world.begin().await;
    assert_eq!(status().await, 404);
    assert!(!world.engine().banner().contains("/demo"));
}

#[test]
fn the_pages_client_is_the_published_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let ours = root.join("api/src/demo/centrifuge");
    let package = root.join(".cache/clients/node_modules/centrifuge");
    let same = |ours: &Path, theirs: &Path| std::fs::read(ours).unwrap() == std::fs::read(theirs).unwrap();
    assert!(same(&ours.join("centrifuge.js"), &package.join("dist/centrifuge.js")));
    assert!(same(&ours.join("LICENSE"), &package.join("LICENSE")));
    assert!(same(&ours.join("LICENSE-events"), &package.join("../events/LICENSE")));
    let readme = std::fs::read_to_string(ours.join("README.md")).unwrap();
    let manifest = std::fs::read_to_string(root.join("tests/clients/package.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert!(readme.contains(manifest["dependencies"]["centrifuge"].as_str().unwrap()));
    let bundle = std::fs::read(ours.join("centrifuge.js")).unwrap();
    let sum = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bundle));
    assert!(readme.contains(&sum), "{sum}");
}
