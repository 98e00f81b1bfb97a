//! Given/when/then for the template: versions, switching, and each refusal.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::sample::{at, stored};

fn given(events: Vec<TemplateEvent>) -> AggregateTestExecutor<Template> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[TemplateEvent]) -> Template {
    events.iter().fold(Template::default(), Template::evolve)
}

fn order_confirmed() -> EventTypeName {
    EventTypeName::parse("order.confirmed").unwrap()
}

fn content(body: &str) -> TemplateContent {
    TemplateContent {
        subject: Some("Hello".to_owned()),
        title: None,
        body: body.to_owned(),
        category: None,
        expires_in: None,
    }
}

fn put(body: &str, active: bool) -> TemplateCommand {
    let (event_type, channel, content) = (order_confirmed(), Channel::Email, content(body));
    TemplateCommand::Put { event_type, channel, content, active, at: at(1) }
}

fn published(version: u32, body: &str) -> TemplateEvent {
    let (event_type, channel, content) = (order_confirmed(), Channel::Email, content(body));
    TemplateEvent::TemplatePublished(TemplatePublished { event_type, channel, version, content, at: at(1) })
}

fn on() -> TemplateEvent {
    TemplateEvent::TemplateActivated(TemplateSwitched { at: at(1) })
}

fn off() -> TemplateEvent {
    TemplateEvent::TemplateDeactivated(TemplateSwitched { at: at(1) })
}

#[test]
fn a_first_template_is_version_1_and_used() {
    given(vec![]).when(put("a", true)).then_expect_events(vec![published(1, "a")]);
    assert!(folded(&[published(1, "a")]).is_active());
}

#[test]
fn a_first_template_can_be_kept_unused() {
    given(vec![]).when(put("a", false)).then_expect_events(vec![published(1, "a"), off()]);
    assert!(!folded(&[published(1, "a"), off()]).is_active());
}

#[test]
fn other_content_is_the_next_version() {
    given(vec![published(1, "a")]).when(put("b", true)).then_expect_events(vec![published(2, "b")]);
    given(vec![published(1, "a"), published(2, "b")])
        .when(put("a", true))
        .then_expect_events(vec![published(3, "a")]);
}

#[test]
fn the_same_content_again_says_nothing_new() {
    given(vec![published(1, "a")]).when(put("a", true)).then_expect_events(vec![]);
    given(vec![published(1, "a"), off()]).when(put("a", false)).then_expect_events(vec![]);
}

#[test]
fn a_switch_alone_keeps_what_it_says() {
    let switch = |active| TemplateCommand::Switch { active, at: at(1) };
    given(vec![published(1, "a")]).when(switch(false)).then_expect_events(vec![off()]);
    given(vec![published(1, "a"), off()]).when(switch(true)).then_expect_events(vec![on()]);
    given(vec![published(1, "a")]).when(switch(true)).then_expect_events(vec![]);
    given(vec![published(1, "a"), off()]).when(switch(false)).then_expect_events(vec![]);
}

#[test]
fn what_was_never_published_cannot_be_switched() {
    for active in [true, false] {
        let switch = TemplateCommand::Switch { active, at: at(1) };
        given(vec![]).when(switch).then_expect_error(TemplateRefusal::NotPublished);
    }
}

#[test]
fn switching_publishes_no_version() {
    given(vec![published(1, "a")]).when(put("a", false)).then_expect_events(vec![off()]);
    given(vec![published(1, "a"), off()]).when(put("a", true)).then_expect_events(vec![on()]);
}

#[test]
fn content_and_use_can_change_together() {
    given(vec![published(1, "a")]).when(put("b", false)).then_expect_events(vec![published(2, "b"), off()]);
    given(vec![published(1, "a"), off()])
        .when(put("b", true))
        .then_expect_events(vec![published(2, "b"), on()]);
}

#[test]
fn an_unused_template_stays_unused_when_its_content_changes() {
    given(vec![published(1, "a"), off()]).when(put("b", false)).then_expect_events(vec![published(2, "b")]);
    assert!(!folded(&[published(1, "a"), off(), published(2, "b")]).is_active());
}

#[test]
fn a_template_keeps_its_event_type_and_channel() {
    let other_channel = TemplateCommand::Put {
        event_type: order_confirmed(),
        channel: Channel::Sms,
        content: content("a"),
        active: true,
        at: at(1),
    };
    let other_type = TemplateCommand::Put {
        event_type: EventTypeName::parse("order.cancelled").unwrap(),
        channel: Channel::Email,
        content: content("a"),
        active: true,
        at: at(1),
    };
    for command in [other_channel, other_type] {
        given(vec![published(1, "a")]).when(command).then_expect_error(TemplateRefusal::OtherTemplate);
    }
}

#[test]
fn a_field_that_the_channel_has_not_is_refused_by_name() {
    let of = |fields: &[&str]| {
        let text = |name| fields.contains(&name).then(|| "text".to_owned());
        let (subject, title, category) = (text("subject"), text("title"), text("category"));
        TemplateContent { subject, title, body: "b".to_owned(), category, expires_in: None }
    };
    let put = |channel, content| TemplateCommand::Put {
        event_type: order_confirmed(),
        channel,
        content,
        active: true,
        at: at(1),
    };
    for (channel, has) in
        [(Channel::Email, &["subject"][..]), (Channel::Sms, &[]), (Channel::Push, &["title", "category"])]
    {
        let published = TemplatePublished {
            event_type: order_confirmed(),
            channel,
            version: 1,
            content: of(has),
            at: at(1),
        };
        let published = vec![TemplateEvent::TemplatePublished(published)];
        given(vec![]).when(put(channel, of(has))).then_expect_events(published);
        for field in ["subject", "title", "category"].into_iter().filter(|field| !has.contains(field)) {
            let refusal = TemplateRefusal::FieldOfNoUse { field, channel };
            given(vec![]).when(put(channel, of(&[has, &[field]].concat()))).then_expect_error(refusal);
            assert_eq!(refusal.to_string(), format!("{field} is nothing that a template for {channel} has"));
        }
    }
}

#[test]
fn a_stored_version_with_such_a_field_goes_on_as_it_is() {
    let mut old = TemplatePublished {
        event_type: order_confirmed(),
        channel: Channel::Sms,
        version: 1,
        content: content("a"),
        at: at(1),
    };
    let template = folded(&[TemplateEvent::TemplatePublished(old.clone())]);
    assert!(template.is_active() && template.current() == Some(&old));
    let switch = TemplateCommand::Switch { active: false, at: at(1) };
    assert_eq!(template.decide(switch), Ok(vec![off()]));
    old.content.subject = None;
    let put = TemplateCommand::Put {
        event_type: order_confirmed(),
        channel: Channel::Sms,
        content: old.content.clone(),
        active: true,
        at: at(1),
    };
    old.version = 2;
    assert_eq!(template.decide(put), Ok(vec![TemplateEvent::TemplatePublished(old)]));
}

#[test]
fn nothing_is_used_before_the_first_version() {
    assert!(!Template::default().is_active());
    assert!(!folded(&[on()]).is_active());
    assert_eq!(folded(&[off()]).current(), None);
}

proptest! {
    #[test]
    fn any_order_of_events_has_a_state(kinds in vec(0u32..4, 0..20)) {
        let event = |kind| match kind {
            0 => on(),
            1 => off(),
            version => published(version, "a"),
        };
        let template = folded(&kinds.iter().copied().map(event).collect::<Vec<_>>());
        prop_assert_eq!(&stored(&template), &template);
        prop_assert_eq!(template.current().is_some(), kinds.iter().any(|kind| *kind > 1));
    }

    #[test]
    fn versions_count_from_one_and_replaying_gives_the_same_state(
        puts in vec((proptest::sample::select(vec!["a", "b", "c"]), any::<bool>()), 0..20)
    ) {
        let (mut events, mut template) = (Vec::new(), Template::default());
        for (body, active) in puts {
            for event in template.decide(put(body, active)).unwrap() {
                template = template.evolve(&event);
                events.push(stored(&event));
            }
            prop_assert_eq!(template.is_active(), active);
            prop_assert_eq!(&template.current().unwrap().content, &content(body));
        }
        prop_assert_eq!(&folded(&events), &template);
        let versions: Vec<u32> = events.iter().filter_map(|event| match event {
            TemplateEvent::TemplatePublished(published) => Some(published.version),
            TemplateEvent::TemplateActivated(_) | TemplateEvent::TemplateDeactivated(_) => None,
        }).collect();
        let count = u32::try_from(versions.len()).unwrap();
        prop_assert_eq!(versions, (1..=count).collect::<Vec<_>>());
    }
}
