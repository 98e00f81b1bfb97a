//! From what a customer is known by to why nothing arrived, in two commands.

use std::process::Output;
use std::time::Duration;

use orqestra_tests::engine::Launch;
use orqestra_tests::load::order;
use orqestra_tests::wait;
use orqestra_tests::world::World;
use serde_json::{Value, json};

use crate::cli_http::{bad, fed, good, text};
use crate::forgetting::forget;
use crate::inside;

const WITHIN: Duration = Duration::from_secs(30);
/// The keys of order 7.
const KEYS: [[&str; 2]; 4] = [
    ["--user", "user-7"],
    ["--email", "user-7@EXAMPLE.org"],
    ["--phone", "+254712345607"],
    ["--event-id", "order-7"],
];

fn operator(world: &World) -> Launch {
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_URL".to_owned(), format!("http://{}", world.engine().address()));
    launch
}

#[track_caller]
fn objects(output: &Output) -> Vec<Value> {
    good(output).lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn find(launch: &Launch, arguments: &[&str]) -> Vec<Value> {
    objects(&launch.run(&[&["event", "find", "--json"], arguments].concat()))
}

async fn readings(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from events where event_type = 'PersonalDataRead'")
        .fetch_one(world.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_event_is_found_by_all_that_its_recipient_is_known_by_and_its_story_is_told_in_words() {
    let world = World::start().await;
    let tenant = world.tenant();
    drop(world.accept(tenant, &order(7)).await);
    drop(world.accept(tenant, &order(8)).await);
    drop(world.drain().await);
    let launch = operator(&world);
    let notification = world.event(tenant, "order-7").await.notification_id;
    wait::until_now("the look-up", WITHIN, || (!find(&launch, &KEYS[0]).is_empty()).then_some(())).await;
    for key in KEYS {
        let found = find(&launch, &key);
        assert_eq!((found.len(), &found[0]["notificationId"]), (1, &json!(notification)), "{key:?}");
        assert_eq!(found[0]["channels"].as_array().unwrap().len(), 3, "{found:?}");
    }
    let fed = fed(&launch, &["event", "find", "--email", "-"], "user-7@example.org\n");
    let told = good(&fed);
    assert!(told.starts_with("ACCEPTED ") && told.contains(&notification), "{told}");
    assert!(!told.contains("user-7") && !told.contains("order-7"), "{told}");
    assert_eq!(readings(&world).await, 0, "nothing was opened");

    // The address of another tenant is another one.
    let other = world.new_tenant(json!({"name": "Other"})).await.id.to_string();
    for key in KEYS {
        assert_eq!(find(&launch, &[&key[..], &["--tenant", &other]].concat()), [] as [Value; 0], "{key:?}");
    }
    assert_eq!(find(&launch, &["--user", "user-7", "--since", "2999-01-01T00:00:00Z"]), [] as [Value; 0]);
    assert_eq!(find(&launch, &["--user", "user-7", "--since", "1h"]).len(), 1);

    for id in ["order-7", &notification] {
        let story = good(&launch.run(&["event", "show", id]));
        assert_eq!(story, good(&launch.run(&["notification", "show", id])), "one command under two names");
        for line in
            ["\nEMAIL  sent by sandbox", "\nSMS    sent by sandbox", "\nPUSH   put into the inbox at "]
        {
            assert!(story.contains(line), "{line} in {story}");
        }
    }
    assert_eq!(readings(&world).await, 2, "by the notification's id its own is told");
}

#[tokio::test]
async fn what_failed_and_what_was_skipped_say_why_and_a_page_goes_on() {
    let world = World::start().await;
    let tenant = world.tenant();
    let mut failing = order(7);
    failing["payload"]["recipientEmail"] = json!("hard-bounce@sandbox.example");
    failing["payload"].as_object_mut().unwrap().remove("recipientPhone");
    drop(world.accept(tenant, &failing).await);
    drop(world.accept(tenant, &order(47)).await);
    drop(world.drain().await);
    let launch = operator(&world);
    let page = ["--user", "user-7", "--limit", "1"];
    wait::until_now("both", WITHIN, || (find(&launch, &page[..2]).len() == 2).then_some(())).await;
    let newest = find(&launch, &page);
    let cursor = newest[0]["notificationId"].as_str().unwrap();
    let told = good(&launch.run(&[&["event", "find"], &page[..]].concat()));
    assert!(told.contains(&format!("older ones follow with --cursor {cursor}\n")), "{told}");
    let older = find(&launch, &[&page[..], &["--cursor", cursor]].concat());
    assert_eq!(older[0]["channels"][1]["reason"], "no_address", "{older:?}");
    assert_eq!(older[0]["channels"][0]["cause"], "sandbox_hard_bounce", "{older:?}");
    let story = good(&launch.run(&["event", "show", "order-7"]));
    let failed = " after 1 attempt, which ended at ";
    let why = ": the address is the sandbox's for a recipient that does not exist (sandbox_hard_bounce)\n";
    assert!(
        story.contains("EMAIL  not sent: given up") && story.contains(failed) && story.contains(why),
        "{story}"
    );
    assert!(story.contains("SMS    not sent: the event came without an address for it"), "{story}");
}

#[tokio::test]
async fn a_forgotten_customer_is_found_by_nothing_and_the_story_names_none() {
    let world = World::start().await;
    let tenant = world.tenant();
    drop(world.accept(tenant, &order(7)).await);
    drop(world.drain().await);
    let launch = operator(&world);
    wait::until_now("the look-up", WITHIN, || (!find(&launch, &KEYS[0]).is_empty()).then_some(())).await;
    forget(&world, "user-7").await;
    for key in KEYS {
        wait::until_now("nothing", WITHIN, || find(&launch, &key).is_empty().then_some(())).await;
    }
    let nothing = launch.run(&["event", "find", "--user", "user-7"]);
    assert_eq!(good(&nothing), "");
    let words = text(&nothing.stderr);
    assert!(words.starts_with("no event of this tenant is found") && words.contains("--tenant"), "{words}");
    let story = good(&launch.run(&["event", "show", "order-7"]));
    assert!(story.contains("EMAIL  sent by sandbox") && !story.contains("user-7"), "{story}");
    // The next event of the same customer is a new beginning.
    drop(world.accept(tenant, &order(47)).await);
    drop(world.drain().await);
    wait::until_now("the new one", WITHIN, || (find(&launch, &KEYS[0]).len() == 1).then_some(())).await;
    inside::agrees(&world).await;
}

#[tokio::test]
async fn a_wrong_question_is_told_what_is_wrong() {
    let world = World::start().await;
    let launch = operator(&world);
    let run = |arguments: &[&str]| launch.run(&[&["event", "find"], arguments].concat());
    for wrong in [
        &[][..],
        &["--user", "u", "--email", "a@example.org"],
        &["--user", "u", "--since", "yesterday"],
        &["--user", "u", "--limit", "0"],
        &["--user", "u", "--limit", "101"],
        &["--user", "u", "--tenant", "x"],
    ] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    for (wrong, said) in [
        (["--email", "ann-at-example"], "email must be one email address"),
        (["--phone", "0712345678"], "phone must be a phone number in E.164 form"),
        (["--user", ""], "userId "),
    ] {
        let told = bad(&run(&wrong));
        assert!(told.starts_with(&format!("orqestra: validation_failed: {said}")), "{told}");
        assert!(!told.contains("ann-at") && !told.contains("0712345678"), "{told}");
    }
    let told = bad(&run(&["--user", "u", "--tenant", "0190b5a0-0000-7000-8000-00000000ffff"]));
    assert_eq!(told, "orqestra: unknown_tenant: No such tenant\n");
    let told = bad(&launch.run(&["event", "show", "none-such"]));
    assert_eq!(told, "orqestra: unknown_event: No such event\n");
    let told = bad(&run(&["--user", "u", "--admin-token", "not-the-right-one"]));
    assert!(told.contains("invalid_admin_token"), "{told}");
}
