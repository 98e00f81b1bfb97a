//! Given/when/then for the tenant: registration, each change and its refusals, and the laws of its fold.

use std::collections::BTreeSet;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::address::EmailAddress;
use crate::api_key_kind::ApiKeyKind;
use crate::category::PushCategories;
use crate::channel::Channel;
use crate::id::{ApiKeyHash, ApiKeyId, ProviderInstanceId};
use crate::provider::{
    Host, ProviderConfig, ProviderEntry, ProviderLimits, Sender, SmtpConfig, TlsMode, Username,
};
use crate::retry::RetryDelays;
use crate::sample::{at, sealed, stored};
use crate::text::TenantName;
use crate::unknown_policy::UnknownPolicy;

type Event = TenantEvent;
type Command = TenantCommand;
type Refusal = TenantRefusal;
type Change = TenantChange;

fn given(events: Vec<Event>) -> AggregateTestExecutor<Tenant> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[Event]) -> Tenant {
    events.iter().fold(Tenant::default(), Tenant::evolve)
}

fn name(text: &str) -> TenantName {
    TenantName::parse(text).unwrap()
}

fn limits(rate_per_minute: u32) -> Limits {
    Limits { rate_per_minute, daily_cap: Some(5_000) }
}

fn registered() -> Event {
    let (name, limits) = (name("Shop"), Limits::default());
    Event::TenantRegistered(TenantRegistered { name, limits, at: at(0) })
}

fn register(changes: Vec<Change>) -> Command {
    let (name, limits) = (name("Shop"), Limits::default());
    Command::Register(Box::new(RegisterTenant { name, limits, changes, at: at(0) }))
}

fn change(changes: Vec<Change>) -> Command {
    Command::Change { changes, at: at(1) }
}

fn key(number: u8) -> (ApiKeyId, ApiKeyHash) {
    (ApiKeyId::from_uuid(Uuid::from_u128(number.into())), ApiKeyHash::from_bytes([number; 32]))
}

fn issue(number: u8) -> Change {
    let (key_id, hash) = key(number);
    Change::IssueApiKey { key_id, hash, kind: ApiKeyKind::Live }
}

fn issued(number: u8) -> Event {
    let (key_id, hash) = key(number);
    Event::ApiKeyIssued(ApiKeyIssued { key_id, hash, at: at(1) })
}

fn smtp() -> ProviderEntry {
    let instance = ProviderInstanceId::from_uuid(uuid::Uuid::from_u128(25));
    let config = ProviderConfig::Smtp(SmtpConfig {
        host: Host::parse("127.0.0.1").unwrap(),
        port: 1025,
        tls: TlsMode::None,
        from: Some(Sender::parse("Shop <shop@example.org>").unwrap()),
        username: Some(Username::Sealed(sealed("username"))),
        password: Some(sealed("password")),
    });
    ProviderEntry { instance, limits: ProviderLimits::NONE, config }
}

fn channels(list: &[Channel]) -> BTreeSet<Channel> {
    list.iter().copied().collect()
}

fn categories() -> PushCategories {
    PushCategories::parse(vec!["global_system".to_owned(), "offers".to_owned()]).unwrap()
}

/// Each change that has no condition, and its event on a tenant that was just registered.
fn plain_changes() -> Vec<(Change, Event)> {
    let sender = EmailAddress::parse("shop@example.org").unwrap();
    let only = channels(&[Channel::Email]);
    let changes = [
        Change::Rename(name("Other")),
        Change::Activate(Standing::Inactive),
        issue(1),
        Change::SetWebhookSecret(Some(sealed("secret"))),
        Change::SetLimits(limits(7)),
        Change::SetDeliveryChannels(Some(only.clone())),
        Change::SetSender(Some(sender.clone())),
        Change::SetPushCategories(Some(categories())),
        Change::SetProviders { channel: Channel::Email, providers: vec![smtp(), ProviderEntry::SANDBOX] },
        Change::SetProviders { channel: Channel::Sms, providers: vec![ProviderEntry::SANDBOX] },
        Change::SetProviders { channel: Channel::Push, providers: vec![] },
    ];
    let at = at(1);
    let events = [
        Event::TenantRenamed(TenantRenamed { name: name("Other"), at }),
        Event::TenantDeactivated(Changed { at }),
        issued(1),
        Event::WebhookSecretSet(WebhookSecretSet { secret: Some(sealed("secret")), at }),
        Event::LimitsChanged(LimitsChanged { limits: limits(7), at }),
        Event::DeliveryChannelsSet(DeliveryChannelsSet { channels: Some(only), at }),
        Event::SenderSet(SenderSet { email: Some(sender), at }),
        Event::PushCategoriesSet(PushCategoriesSet { categories: Some(categories()), at }),
        Event::ProvidersSet(ProvidersSet {
            channel: Channel::Email,
            providers: vec![smtp(), ProviderEntry::SANDBOX],
            at,
        }),
        Event::ProvidersSet(ProvidersSet {
            channel: Channel::Sms,
            providers: vec![ProviderEntry::SANDBOX],
            at,
        }),
        Event::ProvidersSet(ProvidersSet { channel: Channel::Push, providers: vec![], at }),
    ];
    changes.into_iter().zip(events).collect()
}

#[test]
fn a_channel_gets_a_schedule_of_its_own_and_gives_it_back_once() {
    let set = |delays: Option<&[u64]>| {
        let delays = delays.map(|delays| RetryDelays::from_seconds(delays).unwrap());
        Change::SetRetrySchedule { channel: Channel::Sms, delays }
    };
    let is_set = |delays: Option<&[u64]>| {
        let delays = delays.map(|delays| RetryDelays::from_seconds(delays).unwrap());
        Event::RetryScheduleSet(RetryScheduleSet { channel: Channel::Sms, delays, at: at(1) })
    };
    given(vec![registered()])
        .when(change(vec![set(None), set(Some(&[5])), set(Some(&[5])), set(Some(&[])), set(None)]))
        .then_expect_events(vec![is_set(Some(&[5])), is_set(Some(&[])), is_set(None)]);
}

#[test]
fn a_channel_gets_a_policy_for_unknown_outcomes_of_its_own_and_gives_it_back_once() {
    let set = |policy| Change::SetUnknownPolicy { channel: Channel::Sms, policy };
    let is_set =
        |policy| Event::UnknownPolicySet(UnknownPolicySet { channel: Channel::Sms, policy, at: at(1) });
    let own = Some(UnknownPolicy::ResendOnce);
    given(vec![registered()])
        .when(change(vec![set(None), set(own), set(own), set(None)]))
        .then_expect_events(vec![is_set(own), is_set(None)]);
    let policy = |events: &[Event]| folded(events).record().unwrap().unknown_policy(Channel::Sms);
    assert_eq!(policy(&[registered()]), UnknownPolicy::Hold);
    assert_eq!(policy(&[registered(), is_set(own)]), UnknownPolicy::ResendOnce);
    assert_eq!(policy(&[registered(), is_set(own), is_set(None)]), UnknownPolicy::Hold);
}

#[test]
fn a_tenant_is_registered_active_with_its_limits() {
    given(vec![]).when(register(vec![])).then_expect_events(vec![registered()]);
    let tenant = folded(&[registered()]);
    let record = tenant.record().unwrap();
    assert!(record.active);
    assert_eq!(record.limits, Limits { rate_per_minute: 1_000, daily_cap: None });
}

#[test]
fn a_tenant_is_registered_with_all_it_starts_with() {
    let expected = vec![registered(), stamped_at_registration(issued(1))];
    given(vec![]).when(register(vec![issue(1), Change::Rename(name("Shop"))])).then_expect_events(expected);
}

fn stamped_at_registration(event: Event) -> Event {
    let Event::ApiKeyIssued(issued) = event else { unreachable!() };
    Event::ApiKeyIssued(ApiKeyIssued { at: at(0), ..issued })
}

#[test]
fn a_tenant_is_registered_once() {
    given(vec![registered()]).when(register(vec![])).then_expect_error(Refusal::AlreadyRegistered);
}

#[test]
fn a_registration_with_a_refused_change_registers_nothing() {
    let wrong = Change::SetProviders { channel: Channel::Sms, providers: vec![smtp()] };
    let refusal = Refusal::WrongChannel { channel: Channel::Sms, entries: vec![(0, "smtp".to_owned())] };
    given(vec![]).when(register(vec![issue(1), wrong])).then_expect_error(refusal);
}

#[test]
fn a_tenant_that_is_not_registered_cannot_be_changed() {
    given(vec![]).when(change(vec![])).then_expect_error(Refusal::NotRegistered);
    for (asked, _) in plain_changes() {
        given(vec![]).when(change(vec![asked])).then_expect_error(Refusal::NotRegistered);
    }
}

#[test]
fn each_change_is_one_event() {
    for (asked, event) in plain_changes() {
        given(vec![registered()]).when(change(vec![asked])).then_expect_events(vec![event]);
    }
}

#[test]
fn the_id_of_one_api_key_is_never_given_to_another() {
    let (key_id, _) = key(1);
    let (_, hash) = key(2);
    given(vec![registered(), issued(1)])
        .when(change(vec![Change::IssueApiKey { key_id, hash, kind: ApiKeyKind::Live }]))
        .then_expect_error(Refusal::KeyIdTaken);
}

#[test]
fn what_already_is_as_asked_yields_no_event() {
    for (asked, event) in plain_changes() {
        given(vec![registered(), event]).when(change(vec![asked])).then_expect_events(vec![]);
    }
    let as_registered = vec![
        Change::Rename(name("Shop")),
        Change::Activate(Standing::Active),
        Change::SetWebhookSecret(None),
        Change::SetLimits(Limits::default()),
        Change::SetDeliveryChannels(None),
        Change::SetSender(None),
        Change::SetPushCategories(None),
    ];
    given(vec![registered()]).when(change(as_registered)).then_expect_events(vec![]);
}

#[test]
fn several_changes_are_events_in_their_order() {
    let (changes, events): (Vec<_>, Vec<_>) = plain_changes().into_iter().unzip();
    given(vec![registered()]).when(change(changes)).then_expect_events(events);
}

#[test]
fn a_later_change_of_a_command_meets_the_earlier_ones() {
    let (key_id, _) = key(1);
    given(vec![registered()])
        .when(change(vec![issue(1), issue(1), Change::RevokeApiKey(key_id)]))
        .then_expect_events(vec![issued(1), Event::ApiKeyRevoked(ApiKeyRevoked { key_id, at: at(1) })]);
}

#[test]
fn a_command_with_one_refused_change_changes_nothing() {
    let (unknown, _) = key(9);
    given(vec![registered()])
        .when(change(vec![Change::Rename(name("Other")), Change::RevokeApiKey(unknown)]))
        .then_expect_error(Refusal::NoSuchKey);
}

#[test]
fn a_deactivated_tenant_is_activated_again() {
    let off = Event::TenantDeactivated(Changed { at: at(0) });
    let on = Event::TenantActivated(Changed { at: at(1) });
    given(vec![registered(), off.clone()])
        .when(change(vec![Change::Activate(Standing::Active)]))
        .then_expect_events(vec![on.clone()]);
    assert!(!folded(&[registered(), off.clone()]).record().unwrap().active);
    assert!(folded(&[registered(), off, on]).record().unwrap().active);
}

#[test]
fn several_keys_are_valid_at_once_and_a_revoked_one_is_not() {
    let (key_id, _) = key(1);
    let revoked = Event::ApiKeyRevoked(ApiKeyRevoked { key_id, at: at(1) });
    let events = vec![registered(), issued(1), issued(2)];
    given(events.clone())
        .when(change(vec![Change::RevokeApiKey(key_id)]))
        .then_expect_events(vec![revoked.clone()]);
    let tenant = folded(&[events, vec![revoked]].concat());
    let valid: Vec<_> = tenant.record().unwrap().api_keys.clone().into_iter().collect();
    assert_eq!(valid, [key(2)]);
}

#[test]
fn a_test_key_opens_the_api_as_one_for_tests_until_it_is_revoked() {
    let (key_id, hash) = key(3);
    let issued = Event::TestKeyIssued(ApiKeyIssued { key_id, hash, at: at(1) });
    given(vec![registered()])
        .when(change(vec![Change::IssueApiKey { key_id, hash, kind: ApiKeyKind::Test }]))
        .then_expect_events(vec![issued.clone()]);
    let tenant = folded(&[registered(), self::issued(1), issued.clone()]);
    let record = tenant.record().unwrap();
    assert_eq!(record.api_keys.len(), 2);
    assert_eq!(record.test_keys.iter().collect::<Vec<_>>(), [&key_id]);
    let revoked = Event::ApiKeyRevoked(ApiKeyRevoked { key_id, at: at(2) });
    let tenant = folded(&[registered(), issued, revoked]);
    let record = tenant.record().unwrap();
    assert!(record.api_keys.is_empty() && record.test_keys.is_empty());
}

#[test]
fn a_key_is_revoked_once() {
    let (key_id, _) = key(1);
    let revoked = Event::ApiKeyRevoked(ApiKeyRevoked { key_id, at: at(1) });
    given(vec![registered(), issued(1), revoked])
        .when(change(vec![Change::RevokeApiKey(key_id)]))
        .then_expect_error(Refusal::NoSuchKey);
}

#[test]
fn what_was_set_can_be_taken_away() {
    let (at, secret) = (at(1), Some(sealed("secret")));
    let email = Some(EmailAddress::parse("shop@example.org").unwrap());
    given(vec![
        registered(),
        Event::WebhookSecretSet(WebhookSecretSet { secret, at }),
        Event::SenderSet(SenderSet { email, at }),
        Event::PushCategoriesSet(PushCategoriesSet { categories: Some(categories()), at }),
        Event::DeliveryChannelsSet(DeliveryChannelsSet { channels: Some(channels(&[])), at }),
    ])
    .when(change(vec![
        Change::SetWebhookSecret(None),
        Change::SetSender(None),
        Change::SetPushCategories(None),
        Change::SetDeliveryChannels(None),
    ]))
    .then_expect_events(vec![
        Event::WebhookSecretSet(WebhookSecretSet { secret: None, at }),
        Event::SenderSet(SenderSet { email: None, at }),
        Event::PushCategoriesSet(PushCategoriesSet { categories: None, at }),
        Event::DeliveryChannelsSet(DeliveryChannelsSet { channels: None, at }),
    ]);
}

#[test]
fn a_provider_must_carry_its_channel_and_each_that_does_not_is_named_with_its_place() {
    for (channel, providers, wrong) in [
        (Channel::Sms, vec![ProviderEntry::SANDBOX, smtp(), smtp()], [(1, "smtp"), (2, "smtp")]),
        (Channel::Push, vec![smtp(), ProviderEntry::SANDBOX], [(0, "smtp"), (1, "sandbox")]),
    ] {
        let entries = wrong.iter().map(|(at, kind)| (*at, str::to_owned(kind))).collect();
        let asked = change(vec![Change::SetProviders { channel, providers }]);
        let refusal = Refusal::WrongChannel { channel, entries };
        given(vec![registered()]).when(asked).then_expect_error(refusal);
    }
}

#[test]
fn a_list_without_any_sender_is_refused() {
    let mut nameless = smtp();
    let ProviderConfig::Smtp(config) = &mut nameless.config else { unreachable!() };
    config.from = None;
    let channel = Channel::Email;
    let set = |providers: &[&ProviderEntry]| Change::SetProviders {
        channel,
        providers: providers.iter().map(|entry| (*entry).clone()).collect(),
    };
    for list in [&[&nameless][..], &[&nameless, &nameless]] {
        given(vec![registered()]).when(change(vec![set(list)])).then_expect_error(Refusal::NoSender);
    }
    let sender = Change::SetSender(Some(EmailAddress::parse("shop@example.org").unwrap()));
    let named = smtp();
    for changes in [
        vec![set(&[&nameless, &named])],
        vec![set(&[&nameless, &ProviderEntry::SANDBOX])],
        vec![set(&[])],
        vec![sender, set(&[&nameless])],
    ] {
        let tenant = Tenant::default().evolve(&registered());
        assert!(tenant.decide(change(changes.clone())).is_ok(), "{changes:?}");
    }
}

#[test]
fn the_order_of_providers_matters() {
    let (channel, at) = (Channel::Email, at(1));
    let providers = vec![ProviderEntry::SANDBOX, smtp()];
    let swapped = vec![smtp(), ProviderEntry::SANDBOX];
    given(vec![registered(), Event::ProvidersSet(ProvidersSet { channel, providers, at })])
        .when(change(vec![Change::SetProviders { channel, providers: swapped.clone() }]))
        .then_expect_events(vec![Event::ProvidersSet(ProvidersSet { channel, providers: swapped, at })]);
}

/// Any of the plain changes, its undoing, or a revocation.
fn any_change() -> impl Strategy<Value = Change> {
    let mut changes: Vec<Change> = plain_changes().into_iter().map(|(change, _)| change).collect();
    changes.extend([
        Change::Rename(name("Shop")),
        Change::Activate(Standing::Active),
        Change::RevokeApiKey(key(1).0),
        Change::SetWebhookSecret(None),
        Change::SetLimits(Limits::default()),
        Change::SetDeliveryChannels(None),
        Change::SetSender(None),
        Change::SetPushCategories(None),
        Change::SetProviders { channel: Channel::Email, providers: vec![] },
    ]);
    proptest::sample::select(changes)
}

fn any_event() -> impl Strategy<Value = Event> {
    let mut events: Vec<Event> = plain_changes().into_iter().map(|(_, event)| event).collect();
    events.extend([
        registered(),
        Event::TenantActivated(Changed { at: at(1) }),
        Event::ApiKeyRevoked(ApiKeyRevoked { key_id: key(1).0, at: at(1) }),
    ]);
    proptest::sample::select(events)
}

proptest! {
    #[test]
    fn any_order_of_events_has_a_state(events in vec(any_event(), 0..30)) {
        let tenant = folded(&events);
        prop_assert_eq!(&stored(&tenant), &tenant);
        prop_assert_eq!(tenant.record().is_some(), events.contains(&registered()));
    }

    #[test]
    fn replaying_its_own_events_gives_the_same_state(changes in vec(any_change(), 0..30)) {
        let mut events = vec![registered()];
        let mut tenant = folded(&events);
        for asked in changes {
            for event in tenant.decide(change(vec![asked])).unwrap_or_default() {
                tenant = tenant.evolve(&event);
                events.push(stored(&event));
            }
        }
        prop_assert_eq!(folded(&events), tenant);
    }

    #[test]
    fn changes_in_one_command_end_like_changes_one_by_one(changes in vec(any_change(), 0..10)) {
        let tenant = folded(&[registered()]);
        let at_once = tenant.decide(change(changes.clone()));
        let mut one_by_one = (tenant, Ok(Vec::new()));
        for asked in changes {
            match one_by_one.0.decide(change(vec![asked])) {
                Ok(events) => {
                    one_by_one.0 = events.iter().fold(one_by_one.0, Tenant::evolve);
                    one_by_one.1 = one_by_one.1.map(|all| [all, events].concat());
                }
                Err(refusal) => {
                    one_by_one.1 = Err(refusal);
                    break;
                }
            }
        }
        prop_assert_eq!(at_once, one_by_one.1);
    }
}

fn over_http(number: u128) -> ProviderEntry {
    let key = serde_json::to_value(sealed("key")).unwrap();
    let config = serde_json::json!({"kind": "resend", "apiKey": key});
    ProviderEntry {
        instance: ProviderInstanceId::from_uuid(Uuid::from_u128(number)),
        limits: ProviderLimits::NONE,
        config: serde_json::from_value(config).unwrap(),
    }
}

fn listed(providers: Vec<ProviderEntry>, second: i64) -> Event {
    Event::ProvidersSet(ProvidersSet { channel: Channel::Email, providers, at: at(second) })
}

/// The instances whose callbacks are taken at that time.
fn calling_back(events: &[Event], second: i64) -> Vec<u128> {
    let tenant = folded(&[vec![registered()], events.to_vec()].concat());
    let entries = tenant.record().unwrap().calling_back("resend", at(second));
    entries.map(|entry| entry.instance.as_uuid().as_u128()).collect()
}

#[test]
fn a_provider_that_was_removed_calls_back_for_seven_days() {
    let week = 7 * 24 * 3_600;
    let events = [listed(vec![over_http(1), over_http(2)], 1), listed(vec![over_http(2)], 2)];
    assert_eq!(calling_back(&events[..1], 2), [1, 2]);
    assert_eq!(calling_back(&events, 2 + week), [2, 1]);
    assert_eq!(calling_back(&events, 3 + week), [2]);
    let back = [events.to_vec(), vec![listed(vec![over_http(1), over_http(2)], 3)]].concat();
    assert_eq!(calling_back(&back, 4), [1, 2], "it stands once");
    assert!(
        folded(&[vec![registered()], events.to_vec()].concat())
            .record()
            .unwrap()
            .calling_back("twilio", at(3))
            .next()
            .is_none()
    );
}

#[test]
fn removed_providers_are_bounded() {
    let lists = (1..=40).map(|number| listed(vec![over_http(u128::try_from(number).unwrap())], number));
    let kept = calling_back(&lists.collect::<Vec<_>>(), 40);
    assert_eq!((kept.len(), kept[0], kept[1]), (17, 40, 39));
}
