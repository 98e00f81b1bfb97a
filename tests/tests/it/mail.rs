//! Emails on a real server, read back by Python's `email` package: senders, subjects, addresses, bodies.

use orqestra_tests::load::addressed;
use orqestra_tests::smtp::{Mail, Smtp};
use orqestra_tests::world::World;
use serde_json::json;

/// The mail that comes of one event.
async fn mail_of(world: &World, smtp: &Smtp, event: &serde_json::Value) -> Mail {
    let id = world.accept(world.tenant(), event).await;
    let state = world.settled(world.tenant(), &id).await;
    let email = state.channel("EMAIL");
    assert_eq!(email.attempts(), ["SUCCEEDED"], "{event}: {}", state.ends());
    smtp.messages().pop().expect("the mail that was sent")
}

async fn template(world: &World, name: &str, subject: &str, body: &str) {
    let content = json!({"subject": subject, "body": body});
    drop(world.template(world.tenant(), name, "EMAIL", &content).await.expect(200));
}

#[tokio::test]
async fn a_person_sees_sender_and_subject_as_they_were_written() {
    let (world, smtp) = (World::start().await, Smtp::start());
    template(&world, "letter", "{{ subject }}", "<p>x</p>").await;
    let long = "Ü".repeat(80);
    let lines = "order of yours ".repeat(60);
    for (sender, name, subject) in [
        ("a@example.org", "", "=?utf-8?q?Hello?="),
        ("Acme Inc. <a@example.org>", "Acme Inc.", "Re: =?utf-8?b?SGk=?= =?iso-8859-1?q?x?= end"),
        ("\"Doe, Jane\" <a@example.org>", "Doe, Jane", "a =? b ?= c"),
        ("Doe, Jane <a@example.org>", "Doe, Jane", "Grüße aus Köln, Straße 5"),
        ("Shop 🛒 (EU) <a@example.org>", "Shop 🛒 (EU)", "👨\u{200d}👩\u{200d}👧 👍🏽 🇩🇪"),
        (r#""Dr. \"Bob\" Ray \\ Co" <a@example.org>"#, r#"Dr. "Bob" Ray \ Co"#, "طلبك في الطريق"),
        ("=?utf-8?q?Shop?= <a@example.org>", "=?utf-8?q?Shop?=", "می\u{200c}خواهم"),
        ("Ваш магазин. <shop+tag@example.org>", "Ваш магазин.", lines.trim()),
        (&format!("{long} <a@example.org>"), &long, &"ß👍🏽 ".repeat(100)),
    ] {
        let mut provider = smtp.provider();
        provider["from"] = json!(sender);
        world.providers(world.tenant(), "EMAIL", &json!([provider])).await;
        let mail = mail_of(&world, &smtp, &addressed("letter", &json!({"subject": subject}))).await;
        assert_eq!(mail.mailboxes["from"].len(), 1, "{mail:#?}");
        // Python before 3.13 shows the blank between two encoded words of a name, which RFC 2047 says to leave out.
        let shown = &mail.mailboxes["from"][0].0;
        let shown = if name.len() > 60 { shown.replace(' ', "") } else { shown.clone() };
        assert_eq!(shown, name, "{mail:#?}");
        assert_eq!(mail.mailboxes["from"][0].1, mail.from, "{mail:#?}");
        assert_eq!(mail.subject(), subject.trim(), "{mail:#?}");
    }
    drop(world.drain().await);
}

#[tokio::test]
async fn nothing_that_a_caller_writes_adds_a_header_or_a_recipient() {
    let (world, smtp) = (World::start().await, Smtp::start());
    world.providers(world.tenant(), "EMAIL", &json!([smtp.provider()])).await;
    template(&world, "letter", "Hi {{ x }} ü", "<p>{{ x }}</p>").await;
    for x in [
        "\r\nBcc: other@example.com",
        "\n\n<p>body</p>",
        "\rBcc: other@example.com\r",
        "\u{85}Bcc: o@x.org\u{2028}\u{2029}",
        "?=\r\n =?utf-8?q?=0D=0ABcc:_other@example.com?=",
    ] {
        let mail = mail_of(&world, &smtp, &addressed("letter", &json!({"x": x}))).await;
        assert_eq!(mail.to, ["user@example.com"]);
        let names: Vec<_> = mail.headers.keys().map(String::as_str).collect();
        assert_eq!(names, ["content-type", "date", "from", "message-id", "mime-version", "subject", "to"]);
        assert!(mail.subject().starts_with("Hi ") && mail.subject().ends_with(" ü"), "{mail:#?}");
    }
    drop(world.drain().await);
}

#[tokio::test]
async fn every_address_that_smtp_carries_gets_its_mail() {
    let (world, smtp) = (World::start().await, Smtp::start());
    world.providers(world.tenant(), "EMAIL", &json!([smtp.provider()])).await;
    template(&world, "letter", "s", "<p>x</p>").await;
    for (address, carried) in [
        ("o'brien+tag@example.org", "o'brien+tag@example.org"),
        ("user@bücher.example", "user@xn--bcher-kva.example"),
        ("user@bu\u{308}cher.example", "user@xn--bcher-kva.example"),
        ("user@हिन्दी.example", "user@xn--j2bd4cyah0f.example"),
        ("用户@例子.example", "用户@xn--fsqu00a.example"),
        ("jo\u{308}rg@example.org", "jörg@example.org"),
        ("user@example.org.", "user@example.org"),
        ("\"john doe\"@example.org", "\"john doe\"@example.org"),
        ("user@[192.0.2.1]", "user@[192.0.2.1]"),
    ] {
        let mut event = addressed("letter", &json!({}));
        event["payload"]["recipientEmail"] = json!(address);
        let mail = mail_of(&world, &smtp, &event).await;
        assert_eq!(mail.to, [carried], "{address}");
        assert_eq!(mail.mailboxes["to"], [(String::new(), carried.to_owned())], "{address}");
    }
    for address in
        ["user", "a b@example.org", "user@", "a@b@example.org", "user@example.org\r\nRCPT TO:<x@y.z>"]
    {
        let mut event = addressed("letter", &json!({}));
        event["payload"]["recipientEmail"] = json!(address);
        let (status, body) = world.trigger(world.tenant(), &event).await.error();
        assert_eq!(status, 422, "{address:?}");
        assert_eq!(body["details"][0]["field"], "payload.recipientEmail", "{body}");
    }
    drop(world.drain().await);
}

#[tokio::test]
async fn the_text_of_an_email_says_what_its_html_shows() {
    let (world, smtp) = (World::start().await, Smtp::start());
    world.providers(world.tenant(), "EMAIL", &json!([smtp.provider()])).await;
    let body = "<!DOCTYPE html><html><head><title>t</title><style>p { color: red }</style></head><body>\
        <div style=\"display:none;max-height:0\">Preview &zwnj;&nbsp;</div>\
        <h1>Ma&ntilde;ana, {{ name }}</h1><ol><li>T&eacute;a</li><li>{{ word }}</li></ol>\
        <pre>a\n  b</pre><p><a href=\"https://x.org/?a=1&amp;b=2\">Open</a></p></body></html>";
    template(&world, "letter", "s", body).await;
    let variables = json!({"name": "<Zoë> 👨\u{200d}👩\u{200d}👧", "word": "می\u{200c}خواهم"});
    let mail = mail_of(&world, &smtp, &addressed("letter", &variables)).await;
    assert_eq!(
        mail.text().replace("\r\n", "\n").trim_end(),
        "Mañana, <Zoë> 👨\u{200d}👩\u{200d}👧\n\n1. Téa\n2. می\u{200c}خواهم\n\na\n  b\n\nOpen (https://x.org/?a=1&b=2)"
    );
    drop(world.drain().await);
}

#[tokio::test]
async fn mjml_is_sent_as_html_whatever_stands_before_it() {
    let (world, smtp) = (World::start().await, Smtp::start());
    world.providers(world.tenant(), "EMAIL", &json!([smtp.provider()])).await;
    let mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{ name }}</mj-text></mj-column></mj-section></mj-body></mjml>";
    for before in
        ["<!DOCTYPE mjml>\n", "\u{feff}<?xml version=\"1.0\"?>\n", "{% assign x = 1 %}<!-- c -->", ""]
    {
        template(&world, "letter", "s", &format!("{before}{mjml}")).await;
        let mail = mail_of(&world, &smtp, &addressed("letter", &json!({"name": "Ann"}))).await;
        assert!(mail.html().contains("Dear Ann") && !mail.html().contains("<mj"), "{before}: {mail:#?}");
        assert_eq!(mail.text().trim(), "Dear Ann", "{before}");
    }
    let broken = json!({"subject": "s", "body": "<!DOCTYPE mjml>\n<mjml><mj-body>\n <mj-txt>a</mj-txt></mj-body></mjml>"});
    let (status, body) = world.template(world.tenant(), "letter", "EMAIL", &broken).await.error();
    assert_eq!(status, 422);
    assert_eq!(
        body["details"],
        json!([{
            "field": "body",
            "message": "the body is not valid MJML: there is no element mj-txt",
            "line": 3,
            "column": 2,
        }])
    );
    // What only variables make broken ends in a code, and is not sent.
    template(&world, "letter", "s", "{{ x | raw }}").await;
    let event = addressed("letter", &json!({"x": "<mjml><mj-body><mj-txt>a</mj-txt></mj-body></mjml>"}));
    let id = world.accept(world.tenant(), &event).await;
    let state = world.settled(world.tenant(), &id).await;
    assert!(state.ends().starts_with("EMAIL FAILED (invalid_mjml)"), "{}", state.ends());
    drop(world.drain().await);
}
