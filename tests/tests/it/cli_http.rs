//! The subcommands that talk to a running engine over HTTP: each with what it is for and with what is wrong.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use orqestra_tests::engine::Launch;
use orqestra_tests::tenant::Tenant;
use orqestra_tests::world::World;
use serde_json::{Value, json};

/// The program beside the world's engine, as an operator who has set no more than needed.
fn operator(world: &World) -> Launch {
    let mut launch = world.launch();
    launch.settings.insert("ORQESTRA_URL".to_owned(), format!("http://{}", world.engine().address()));
    launch
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
pub(crate) fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// What was said of a failure, the exit status of which must be 1.
#[track_caller]
pub(crate) fn bad(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}

#[track_caller]
fn objects(output: &Output) -> Vec<Value> {
    good(output).lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// Runs it with this on standard input.
pub(crate) fn fed(launch: &Launch, arguments: &[&str], input: &str) -> Output {
    let mut command = launch.command(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn a_tenant_is_created_listed_shown_and_changed() {
    let world = World::start().await;
    let launch = operator(&world);
    let create = ["tenant", "create", "--name", "Shop Two", "--rate-per-minute", "100", "--channel", "email"];
    let created = good(&launch.run(&create));
    assert!(created.contains("Shop Two") && created.contains("(shown here and never again)"), "{created}");
    let other =
        ["tenant", "create", "--json", "--name", "Three", "--webhook-secret", "-", "--daily-cap", "9"];
    let other = objects(&fed(&launch, &other, "the secret\n"));
    assert!(other[0]["apiKey"].is_string());
    let id = other[0]["tenantId"].as_str().unwrap();

    let listed = objects(&launch.run(&["tenant", "list", "--json"]));
    let named = |name: &str| listed.iter().find(|tenant| tenant["name"] == name).unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!((&named("Three")["signed"], &named("Three")["dailyCap"]), (&json!(true), &json!(9)));
    assert_eq!(named("Shop Two")["deliveryChannels"], json!(["EMAIL"]));
    assert!(listed.iter().all(|tenant| tenant.get("apiKey").is_none()));
    let table = good(&launch.run(&["tenant", "list"]));
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    let at = lines[0].find("NAME").unwrap();
    assert!(lines.iter().any(|line| line[at..].starts_with("Shop Two ")), "{table}");

    let change = ["tenant", "change", id, "--json", "--deactivate", "--no-daily-cap", "--no-webhook-secret"];
    let changed = objects(&launch.run(&change));
    assert_eq!((&changed[0]["active"], &changed[0]["dailyCap"]), (&json!(false), &Value::Null));
    assert_eq!(changed[0]["signed"], false);
    let issued = objects(&launch.run(&["tenant", "change", id, "--json", "--activate", "--issue-api-key"]));
    assert!(issued[0]["apiKey"].is_string() && issued[0]["active"] == true, "{issued:?}");
    let policy =
        ["tenant", "change", id, "--json", "--unknown", "sms=resend_once", "--unknown", "EMAIL=hold"];
    let policies = objects(&launch.run(&policy)).remove(0)["unknownPolicies"].clone();
    assert_eq!(policies, json!({"EMAIL": "hold", "SMS": "resend_once"}));
    let usual = ["tenant", "change", id, "--json", "--usual-unknown", "EMAIL", "--usual-unknown", "SMS"];
    let policies = objects(&launch.run(&usual)).remove(0)["unknownPolicies"].clone();
    assert_eq!(policies, json!({"EMAIL": "resend_once", "SMS": "hold"}));
    let shown = good(&launch.run(&["tenant", "show", id]));
    assert!(shown.contains("name              Three\n") && !shown.contains("API key"), "{shown}");
    let shown = objects(&launch.run(&["tenant", "show", id, "--json"]));
    assert_eq!(shown[0]["apiKeyIds"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_the_engine_refuses_is_told_as_code_message_and_fields() {
    let world = World::start().await;
    let launch = operator(&world);
    let wrong = ["tenant", "create", "--name", "", "--sender-email", "nobody"];
    let said = bad(&launch.run(&wrong));
    assert!(said.starts_with("orqestra: validation_failed: 2 fields are wrong\n"), "{said}");
    assert!(said.contains("\n  name: must not be empty") && said.contains("\n  senderEmail: "), "{said}");
    let nobody = "de8a96bd-401d-53ee-b55c-8dcb92b2224a";
    let said = bad(&launch.run(&["tenant", "show", nobody]));
    assert_eq!(said, "orqestra: unknown_tenant: No such tenant\n");
    let said = bad(&launch.run(&["tenant", "change", nobody, "--activate"]));
    assert!(said.contains("unknown_tenant"), "{said}");
    let said = bad(&launch.run(&["template", "list", "--tenant", nobody]));
    assert!(said.contains("unknown_tenant"), "{said}");
    // What the command line itself refuses ends with 2 and asks nobody.
    for wrong in [&["tenant", "change", nobody][..], &["tenant", "show", "x"], &["trigger"]] {
        assert_eq!(launch.run(wrong).status.code(), Some(2), "{wrong:?}");
    }

    let token = "a-wrong-token-of-an-operator";
    let output = launch.run(&["tenant", "list", "--admin-token", token]);
    let said = bad(&output);
    assert!(said.starts_with("orqestra: invalid_admin_token: "), "{said}");
    assert!(!said.contains(token) && output.stdout.is_empty(), "{said}");
}

#[tokio::test]
async fn without_an_engine_it_is_said_how_to_start_one() {
    let world = World::start().await;
    let mut launch = operator(&world);
    launch.settings.insert("ORQESTRA_URL".to_owned(), "http://127.0.0.1:9".to_owned());
    for arguments in [&["tenant", "list"][..], &["trigger", "order.confirmed", "--user", "u-1"]] {
        let said = bad(&launch.run(arguments));
        assert!(
            said.contains(
                "no engine answers at http://127.0.0.1:9 (by ORQESTRA_URL): start one with `orqestra up`"
            ),
            "{said}"
        );
    }
    let said = bad(&launch.run(&["tenant", "list", "--url", "https://127.0.0.1:9"]));
    assert!(said.contains("--url: https is not spoken here"), "{said}");
}

#[tokio::test]
async fn token_and_key_are_found_in_the_data_folder() {
    let world = World::private_with(&[
        ("ORQESTRA_ADMIN_TOKEN", ""),
        ("ORQESTRA_BOOTSTRAP_TENANT_ID", ""),
        ("ORQESTRA_BOOTSTRAP_API_KEY", ""),
    ])
    .await;
    let launch = operator(&world);
    let read = |name: &str| std::fs::read_to_string(world.folder().join("data").join(name)).unwrap();
    let kept: Value = serde_json::from_str(&read("demo-tenant.json")).unwrap();
    let listed = launch.run(&["tenant", "list", "--json"]);
    assert_eq!(objects(&listed)[0]["tenantId"], kept["tenantId"]);
    assert!(!text(&listed.stdout).contains(read("admin.token").trim()));
    assert_eq!(objects(&launch.run(&["template", "list", "--json"])).len(), 3);
    let trigger = ["trigger", "order.confirmed", "--user", "u-1", "--event-id", "e-1", "--wait"];
    let said = good(&launch.run(&trigger));
    assert!(said.contains("PUSH   SENT"), "{said}");
    // Nothing is made in a folder that no engine has used.
    let mut elsewhere = launch;
    let folder = world.folder().join("nothing");
    elsewhere.settings.insert("ORQESTRA_DATA_DIR".to_owned(), folder.display().to_string());
    assert!(bad(&elsewhere.run(&["tenant", "list"])).contains("no admin token: set ORQESTRA_ADMIN_TOKEN"));
    assert!(bad(&elsewhere.run(&trigger)).contains("no API key: set ORQESTRA_API_KEY"));
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_template_is_saved_shown_listed_and_switched() {
    let world = World::start().await;
    let launch = operator(&world);
    let put = ["template", "put", "order.shipped", "EMAIL", "--subject", "On its way", "--body-file", "-"];
    let saved = good(&fed(&launch, &put, "<p>Hello {{ name }}</p>\n"));
    assert!(saved.contains("version   1"), "{saved}");
    let put =
        ["template", "put", "order.shipped", "push", "--title", "t", "--body", "b", "--inactive", "--json"];
    assert_eq!(objects(&launch.run(&put))[0]["version"], 1);
    let listed = objects(&launch.run(&["template", "list", "--json"]));
    let shipped: Vec<_> = listed.iter().filter(|one| one["eventType"] == "order.shipped").collect();
    assert_eq!(
        (shipped.len(), &shipped[0]["active"], &shipped[1]["active"]),
        (2, &json!(true), &json!(false))
    );
    let table = good(&launch.run(&["template", "list"]));
    assert!(table.starts_with("EVENT TYPE") && table.contains("order.shipped    PUSH"), "{table}");

    let which = ["order.shipped", "EMAIL"];
    let switch = |command: &str| good(&launch.run(&["template", command, which[0], which[1]]));
    assert!(switch("deactivate").contains("active      no"));
    assert!(switch("activate").contains("active      yes"));
    let shown = good(&launch.run(&["template", "show", which[0], which[1]]));
    assert!(shown.contains("subject     On its way\n"), "{shown}");
    assert!(shown.ends_with("\n\n<p>Hello {{ name }}</p>\n"), "{shown}");
    let shown = objects(&launch.run(&["template", "show", which[0], which[1], "--json"]));
    assert_eq!((&shown[0]["version"], &shown[0]["body"]), (&json!(1), &json!("<p>Hello {{ name }}</p>\n")));

    let broken = ["template", "put", "order.shipped", "SMS", "--body", "one\n{% nonsense %}"];
    let said = bad(&launch.run(&broken));
    let broken = "orqestra: validation_failed: body: ";
    assert!(said.starts_with(broken) && said.ends_with(" (line 2, column 4)\n"), "{said}");
    let subject =
        ["template", "put", "order.shipped", "SMS", "--subject", "s", "--category", "c", "--body", "b"];
    let said = bad(&launch.run(&subject));
    assert!(said.starts_with("orqestra: validation_failed: "), "{said}");
    for field in ["subject", "category"] {
        assert!(said.contains(&format!("\n  {field}: is nothing that a template for SMS has")), "{said}");
    }
    for command in ["show", "activate", "deactivate"] {
        let said = bad(&launch.run(&["template", command, "order.lost", "SMS"]));
        assert_eq!(said, "orqestra: unknown_template: No such template\n");
    }
}

#[tokio::test]
async fn providers_are_listed_and_set_and_a_password_stands_on_no_command_line() {
    let world = World::start().await;
    let launch = operator(&world);
    let file = world.folder().join("password");
    std::fs::write(&file, "hunter two\n").unwrap();
    let file = file.to_str().unwrap();
    let set =
        ["provider", "set", "email", "--host", "127.0.0.1", "--port", "2525", "--tls", "none", "--from"];
    let own = ["Shop <shop@example.org>", "--username", "shop", "--password-file"];
    for from in [file, "-"] {
        let told = objects(&fed(&launch, &[&set[..], &own, &[from, "--json"]].concat(), "hunter two\n"));
        let smtp = &told[0]["providers"][0];
        assert_eq!(
            (&smtp["host"], &smtp["port"], &smtp["passwordSet"]),
            (&json!("127.0.0.1"), &json!(2525), &json!(true))
        );
        assert!(!told[0].to_string().contains("hunter"), "{told:?}");
    }
    let listed = good(&launch.run(&["provider", "list"]));
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    for word in ["EMAIL", "smtp", "127.0.0.1", "2525", "none", "Shop <shop@example.org>", "shop", "kept"] {
        assert!(lines[1].contains(word), "{word} in {listed}");
    }
    assert!(lines[2].starts_with("SMS") && lines[2].contains("sandbox"), "{listed}");
    let list = r#"[{"kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "none", "from": "a@example.org"}, {"kind": "sandbox"}]"#;
    let told = good(&fed(&launch, &["provider", "set", "EMAIL", "--list", "-"], list));
    assert_eq!(told.lines().count(), 3, "{told}");
    let none = good(&launch.run(&["provider", "set", "SMS", "--none"]));
    assert!(none.lines().nth(1).unwrap().contains("none"), "{none}");
    assert!(good(&launch.run(&["provider", "set", "SMS", "--sandbox"])).contains("sandbox"));

    let nameless = [&set[..9], &["--username", "u", "--password-file", file]].concat();
    let said = bad(&launch.run(&nameless));
    assert!(said.starts_with("orqestra: validation_failed: [0].from is required"), "{said}");
    let broken = fed(&launch, &["provider", "set", "EMAIL", "--list", "-"], "hunter two");
    assert_eq!(bad(&broken), "orqestra: --list: - holds no JSON\n");
    for wrong in [&["provider", "set", "EMAIL"][..], &["provider", "set", "EMAIL", "--sandbox", "--none"]] {
        assert_eq!(launch.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_test_of_a_provider_prints_its_answer_and_fails_unless_it_was_taken() {
    let world = World::start().await;
    let launch = operator(&world);
    let told = good(&launch.run(&["provider", "test", "email", "--to", "ops@example.com"]));
    for line in ["outcome      taken\n", "provider     sandbox\n", "\nmessage id   ", "\nduration ms  "] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(!told.contains("cause"), "{told}");
    let message = &world.sandbox(world.tenant(), "EMAIL").await[0];
    assert_eq!(
        (&message["recipient"], &message["subject"]),
        (&json!("ops@example.com"), &json!("Test message of Orqestra"))
    );
    let refused = launch.run(&["provider", "test", "SMS", "--to", "+15005550003", "--json"]);
    assert_eq!(bad(&refused), "orqestra: the provider did not take the message: refused\n");
    let told: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((&told["outcome"], &told["cause"]), (&json!("refused"), &json!("sandbox_hard_bounce")));
    let nobody = "de8a96bd-401d-53ee-b55c-8dcb92b2224a";
    let unknown = ["provider", "test", "EMAIL", "--to", "ops@example.com", "--instance", nobody];
    assert!(bad(&launch.run(&unknown)).starts_with("orqestra: unknown_provider: "));
    let none = ["provider", "test", "SMS", "--to", "ops@example.com"];
    assert!(bad(&launch.run(&none)).starts_with("orqestra: validation_failed: to must be a phone number"));
}

#[tokio::test]
async fn a_trigger_shows_its_plan_and_what_became_of_each_channel() {
    let world = World::start().await;
    let launch = operator(&world);
    let trigger = [
        "trigger",
        "order.confirmed",
        "--user",
        "u-1",
        "--email",
        "user@example.com",
        "--event-id",
        "e 1/x",
        "--var",
        "title=Order Confirmed",
        "--var",
        "orderNumber=ORD-1",
        "--channel",
        "EMAIL",
        "--channel",
        "SMS",
        "--idempotency-key",
        "key-1",
        "--wait",
    ];
    let said = good(&launch.run(&trigger));
    assert!(said.starts_with("Event order.confirmed dispatched securely for YourTenantName\n"), "{said}");
    assert!(said.contains("event         e 1/x\n"), "{said}");
    assert!(
        said.contains("EMAIL    PLANNED  -\n") && said.contains("SMS      SKIPPED  no_address\n"),
        "{said}"
    );
    assert!(said.contains("\nEMAIL  SENT     sandbox  missing: amount\n"), "{said}");
    assert!(said.contains("\nPUSH   SKIPPED  not_requested\n"), "{said}");
    let message = &world.sandbox(world.tenant(), "EMAIL").await[0];
    assert_eq!(message["subject"], "Order Confirmed: ORD-1");
    let again = good(&launch.run(&trigger));
    assert!(again.contains("It was accepted before; nothing new is sent.\n"), "{again}");
    let other = ["trigger", "order.confirmed", "--user", "u-2", "--event-id", "e 1/x"];
    assert!(bad(&launch.run(&other)).starts_with("orqestra: event_id_reused: "));
    let answer = objects(&launch.run(&["trigger", "order.lost", "--user", "u-1", "--json", "--wait"]));
    assert_eq!(answer[0]["plan"][0]["reason"], "no_template");
    assert_eq!(answer.len(), 4, "the answer, and a line a channel: {answer:?}");
    assert!(answer[1..].iter().all(|channel| channel["status"] == "SKIPPED"));
    let nothing = good(&launch.run(&["trigger", "order.lost", "--user", "u-1", "--wait"]));
    assert_eq!(nothing.lines().nth(1), Some("Nothing is sent: every channel is skipped."), "{nothing}");
    assert!(nothing.ends_with("\nNothing was sent: every channel was skipped.\n"), "{nothing}");

    let said = bad(&launch.run(&["trigger", "order.confirmed", "--user", "u-1", "--phone", "12"]));
    assert!(said.starts_with("orqestra: validation_failed: payload.recipientPhone "), "{said}");
    assert_eq!(said.lines().count(), 1, "one field is told once: {said}");
    let key = "a-key-that-opens-nothing";
    let said = bad(&launch.run(&["trigger", "order.confirmed", "--user", "u-1", "--key", key]));
    assert!(said.starts_with("orqestra: invalid_api_key: ") && !said.contains(key), "{said}");
}

#[tokio::test]
async fn a_body_is_sent_byte_for_byte_and_signed_with_the_secret() {
    let world = World::start().await;
    let tenant: Tenant = world.new_tenant(json!({"name": "Signed", "webhookSecret": "s3cret"})).await;
    let mut launch = operator(&world);
    launch.settings.insert("ORQESTRA_API_KEY".to_owned(), tenant.key.clone());
    let body = "{ \"eventType\": \"global.info\",\n  \"eventId\": \"raw\", \"payload\": {\"userId\": \"u-1\"},\n \
                \"variables\": {\"title\": \"t\", \"message\": \"m\"} }\n";
    let trigger = ["trigger", "--body", "-", "--wait"];
    assert!(bad(&fed(&launch, &trigger, body)).starts_with("orqestra: invalid_signature: "));
    launch.settings.insert("ORQESTRA_WEBHOOK_SECRET".to_owned(), "another".to_owned());
    assert!(bad(&fed(&launch, &trigger, body)).starts_with("orqestra: invalid_signature: "));
    launch.settings.insert("ORQESTRA_WEBHOOK_SECRET".to_owned(), "s3cret".to_owned());
    let said = good(&fed(&launch, &trigger, body));
    assert!(said.contains("event         raw\n") && said.contains("PUSH   SENT"), "{said}");
    let file = world.folder().join("body.json");
    std::fs::write(&file, body.replace("raw", "of-a-file")).unwrap();
    let said = good(&launch.run(&["trigger", "--body", file.to_str().unwrap()]));
    assert!(said.contains("event         of-a-file\n"), "{said}");
    assert_eq!(
        world.settled(&tenant, "of-a-file").await.ends(),
        "EMAIL SKIPPED (no_address), SMS SKIPPED (no_address), PUSH SENT"
    );
    assert!(bad(&launch.run(&["trigger", "--body", "no-such-file"])).contains("no-such-file cannot be read"));
    let said = bad(&fed(&launch, &trigger, "{"));
    assert!(said.starts_with("orqestra: malformed_json: "), "{said}");
}

#[tokio::test]
async fn waiting_ends_with_1_where_a_channel_fails_or_does_not_end_in_time() {
    let world = World::start().await;
    let launch = operator(&world);
    let nobody =
        json!([{"kind": "smtp", "host": "127.0.0.1", "port": 9, "tls": "none", "from": "s@example.org"}]);
    world.providers(world.tenant(), "EMAIL", &nobody).await;
    let to = ["--user", "u-1", "--email", "user@example.com", "--channel", "EMAIL", "--event-id", "late"];
    let mut trigger = vec!["trigger", "order.confirmed", "--wait", "--wait-seconds", "1"];
    trigger.extend(to);
    let said = bad(&launch.run(&trigger));
    assert!(said.contains("1 of 3 channels have not ended within 1 s"), "{said}");
    world.providers(world.tenant(), "EMAIL", &json!([{"kind": "sandbox"}])).await;
    assert_eq!(
        world.settled(world.tenant(), "late").await.ends(),
        "EMAIL SENT, SMS SKIPPED (not_requested), PUSH SKIPPED (not_requested)"
    );
}

#[tokio::test]
async fn the_command_that_up_prints_can_be_pasted() {
    let world = World::start().await;
    let engine = world.engine();
    let line = engine.banner().lines().find(|line| line.contains(" trigger order.confirmed ")).unwrap();
    assert!(!line.contains(&world.tenant().key), "{line}");
    let mut pasted = Command::new("sh");
    pasted.args(["-c", line.trim()]).env_clear().env("ORQESTRA_BOOTSTRAP_API_KEY", &world.tenant().key);
    let pasted = pasted.output().unwrap();
    let said = good(&pasted);
    assert!(said.contains("PUSH   SENT") && !said.contains("missing"), "{said}");
}

#[test]
fn completions_are_a_script_that_the_shell_takes_and_need_no_settings() {
    let folder = orqestra_tests::folder::Folder::new("completions");
    let wrong = ("ORQESTRA_LISTEN".to_owned(), "nonsense".to_owned());
    let launch = Launch { folder: folder.path().to_owned(), settings: [wrong].into() };
    for shell in ["bash", "zsh", "fish"] {
        let script = good(&launch.run(&["completions", shell]));
        for word in ["tenant", "template", "trigger", "completions", "doctor"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let path = folder.path().join("orqestra.bash");
    std::fs::write(&path, good(&launch.run(&["completions", "bash"]))).unwrap();
    let parsed = Command::new("bash").arg("-n").arg(&path).output().unwrap();
    assert!(parsed.status.success(), "{}", text(&parsed.stderr));
    assert_eq!(launch.run(&["completions", "tcsh"]).status.code(), Some(2));
}
