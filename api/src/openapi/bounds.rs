//! What the code checks of each field and parameter, as the description says it: lengths, ranges, numbers of entries, names.
//!
//! The numbers are the code's own, and lengths are characters here and there: what is beyond a described bound is refused,
//! and what is within is not.

use std::ops::RangeInclusive;

use orqestra_commands::Reason;
use orqestra_domain::notification::{ReceiptSays, SkipReason, UnknownPolicy};
use orqestra_domain::provider::{BaseUrl, Host, ProviderLimits};
use orqestra_domain::retry::RetryDelays;
use orqestra_domain::suppression::SuppressionReason;
use orqestra_domain::tenant::Limits;
use orqestra_domain::{
    Channel, EmailAddress, EventId, EventTypeName, ExpiresIn, Mailbox, PushCategories, Strength, TenantName,
    UserId,
};
use utoipa::Modify;
use utoipa::Number;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{Array, Object, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Schema, SchemaFormat};

use super::operations;
use crate::admin::dead_letters::MOST_OF_A_CODE;
use crate::admin::explanation::INCLUDED;
use crate::admin::provider_settings::{MAX_CREDENTIAL, MAX_PROVIDERS, MAX_SHORT_NAME};
use crate::admin::redrive::MOST_IDS;
use crate::admin::tenants::MAX_SECRET;
use crate::error::codes::CODES;

const CHANNELS: &[&str] = &[Channel::Email.as_str(), Channel::Sms.as_str(), Channel::Push.as_str()];
const TLS: &[&str] = &["none", "starttls", "tls"];
const WAITS: &[&str] = &["tenant_inactive", "no_provider", "no_sender"];
const SUBSCRIPTION: &[&str] = &["starting", "stands_by", "follows", "interrupted", "halted", "outdated"];
const PARTS: &[&str] =
    &["log", "clock", "directory", "projection", "dispatch", "relay", "limits", "readiness"];
const RECEIPTS: &[&str] = &{
    let mut words = [""; ReceiptSays::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = ReceiptSays::ALL[at].as_str();
        at += 1;
    }
    words
};
const SKIPS: &[&str] = &{
    let mut names = [""; SkipReason::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = SkipReason::ALL[at].as_str();
        at += 1;
    }
    names
};
const POLICIES: &[&str] = &[UnknownPolicy::ResendOnce.as_str(), UnknownPolicy::Hold.as_str()];
/// A stable code, or a provider's kind.
const CODE: Bound = Formed(1, MOST_OF_A_CODE, "^[a-z0-9_]*$");
const SCOPES: &[&str] = &["message", "pairing", "provider", "throttled"];
const TEST_OUTCOMES: &[&str] = &["taken", "not_taken", "throttled", "refused", "unknown"];
const SUPPRESSED_FOR: &[&str] = &{
    let mut names = [""; SuppressionReason::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = SuppressionReason::ALL[at].as_str();
        at += 1;
    }
    names
};
/// The channels that have addresses.
const ADDRESSED: Bound = One(&[Channel::Email.as_str(), Channel::Sms.as_str()]);
/// An email address, or a phone number.
const ADDRESS: Bound = Text(LEAST_ADDRESS, EmailAddress::MAX_CHARS);
const HASH: Bound = Like("^[0-9a-f]{64}$");
/// No control character, as `char::is_control` has them.
const NO_CONTROLS: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";
/// A name of labels of up to 63 characters, or an IPv6 address; an IPv4 address is such a name.
const HOST: &str = concat!(
    r"^(?:[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?",
    r"(?:\.[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?)*",
    r"|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$"
);
const MAILBOX: &str =
    r"^[^\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]*@[^\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]*$";
const BASE64: &str =
    "^(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{4}|[0-9A-Za-z+/][AQgw]==|[0-9A-Za-z+/]{2}[AEIMQUYcgkosw048]=)$";
const SIGNING_SECRET: &str = "^whsec_(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{4}|[0-9A-Za-z+/][AQgw]==|[0-9A-Za-z+/]{2}[AEIMQUYcgkosw048]=)$";
/// No address is shorter.
const LEAST_ADDRESS: usize = 3;

/// What is checked.
#[derive(Clone, Copy)]
enum Bound {
    /// A text of so many characters at least and at most.
    Text(usize, usize),
    /// The same without controls.
    Plain(usize, usize),
    /// The same of a form.
    Formed(usize, usize, &'static str),
    /// An email address, letters of any script among them.
    Email,
    /// A whole number in a range.
    Whole(u64, u64),
    /// A whole number from here on; whatever is above counts as the largest.
    From(u64),
    /// One of these.
    One(&'static [&'static str]),
    /// A list of so many entries, each bounded by itself.
    List(usize, usize, &'static Bound),
    /// A text that a pattern describes.
    Like(&'static str),
    /// A UUID.
    Uuid,
    /// Always true.
    True,
}

use Bound::{Email, Formed, From, Like, List, One, Plain, Text, True, Uuid, Whole};

const STATES: &[&str] = &["PLANNED", "SENDING", "RETRYING", "SENT", "FAILED", "SKIPPED", "UNKNOWN"];
/// The inbox has a channel of its own.
const CATEGORY: Bound = Formed(1, PushCategories::MOST_CHARS, "^(?!inbox$)[A-Za-z0-9_-]+$");
const ID: Bound = Plain(1, EventId::MAX_BYTES);
const TYPE: Bound = Plain(1, EventTypeName::MAX_CHARS);
const USER: Bound = Plain(1, UserId::MAX_CHARS);
const PHONE: Bound = Like("^\\+[1-9][0-9]{6,14}$");
const NAME: Bound = Plain(1, TenantName::MAX_CHARS);
const SECRET: Bound = Text(Strength::WEBHOOK_SECRET_CHARS, MAX_SECRET);
const CREDENTIAL: Bound = Plain(1, MAX_CREDENTIAL);
const KEY: Bound = Formed(1, MAX_CREDENTIAL, "^[!-~]*$");
/// Characters of base64 of 1,024 bytes.
const MOST_OF_BASE64: usize = MAX_CREDENTIAL.div_ceil(3) * 4;
const BASE_URL: Bound = Formed(8, BaseUrl::MAX_CHARS, "^https?://");
const SHORT_NAME: Bound = Formed(1, MAX_SHORT_NAME, "^[!-~](?:[ -~]*[!-~])?$");
const DELAYS: Bound = List(0, RetryDelays::MOST, &Whole(1, 86_400));
const SOME_CHANNELS: Bound = List(1, usize::MAX, &One(CHANNELS));

/// Fields of bodies, by the name of their schema.
fn fields() -> Vec<(&'static str, &'static str, Bound)> {
    let (rates, caps) = (within(&Limits::RATES), within(&Limits::CAPS));
    vec![
        ("TriggerBody", "eventType", TYPE),
        ("TriggerBody", "eventId", ID),
        ("TriggerBody", "channels", SOME_CHANNELS),
        ("TriggerBody", "expiresIn", within(&ExpiresIn::SECONDS)),
        ("Payload", "userId", USER),
        ("Payload", "recipientEmail", Email),
        ("Payload", "recipientPhone", PHONE),
        ("TokenBody", "userId", USER),
        ("NewTenant", "name", NAME),
        ("NewTenant", "webhookSecret", SECRET),
        ("NewTenant", "ratePerMinute", rates),
        ("NewTenant", "dailyCap", caps),
        ("NewTenant", "deliveryChannels", SOME_CHANNELS),
        ("NewTenant", "senderEmail", Email),
        ("TenantChanges", "name", NAME),
        ("TenantChanges", "webhookSecret", SECRET),
        ("TenantChanges", "ratePerMinute", rates),
        ("TenantChanges", "dailyCap", caps),
        ("TenantChanges", "deliveryChannels", SOME_CHANNELS),
        ("TenantChanges", "senderEmail", Email),
        ("TenantChanges", "pushCategories", List(1, PushCategories::MOST, &CATEGORY)),
        ("TenantChanges", "revokeApiKey", Uuid),
        ("NewTemplate", "subject", Text(1, usize::MAX)),
        ("NewTemplate", "title", Text(1, usize::MAX)),
        ("NewTemplate", "body", Text(1, usize::MAX)),
        ("NewTemplate", "category", CATEGORY),
        ("NewTemplate", "expiresIn", within(&ExpiresIn::SECONDS)),
        ("RetrySchedules", "EMAIL", DELAYS),
        ("RetrySchedules", "SMS", DELAYS),
        ("UnknownPolicies", "EMAIL", One(POLICIES)),
        ("UnknownPolicies", "SMS", One(POLICIES)),
        ("NewRedrive", "tenantId", Uuid),
        ("NewRedrive", "ids", List(1, MOST_IDS, &Uuid)),
        ("NewRedrive", "reason", Plain(1, Reason::MAX_CHARS)),
        ("RedriveFilter", "channel", One(CHANNELS)),
        ("RedriveFilter", "cause", CODE),
        ("RedriveFilter", "provider", CODE),
        ("RedriveFilter", "eventType", TYPE),
        ("RedriveView", "redriveId", Uuid),
        ("RedriveView", "tenantId", Uuid),
        ("RedriveView", "state", One(&["running", "stopped", "ended"])),
        ("DeadLetterView", "deliveryId", Uuid),
        ("DeadLetterView", "notificationId", Uuid),
        ("DeadLetterView", "channel", One(CHANNELS)),
        ("DeadLetterView", "status", One(&["FAILED", "SKIPPED"])),
        ("UnknownView", "deliveryId", Uuid),
        ("UnknownView", "tenantId", Uuid),
        ("UnknownView", "notificationId", Uuid),
        ("UnknownView", "channel", One(CHANNELS)),
        ("NewSandboxProvider", "kind", One(&["sandbox"])),
        ("NewSmtpProvider", "kind", One(&["smtp"])),
        ("NewSmtpProvider", "host", Formed(1, Host::MAX_CHARS, HOST)),
        ("NewSmtpProvider", "port", Whole(1, 65_535)),
        ("NewSmtpProvider", "tls", One(TLS)),
        ("NewSmtpProvider", "from", Formed(LEAST_ADDRESS, Mailbox::MAX_CHARS, MAILBOX)),
        ("NewSmtpProvider", "username", CREDENTIAL),
        ("NewSmtpProvider", "password", CREDENTIAL),
        ("NewEmailProvider", "kind", One(&["resend", "sendgrid"])),
        ("NewEmailProvider", "apiKey", KEY),
        ("NewEmailProvider", "from", Formed(LEAST_ADDRESS, Mailbox::MAX_CHARS, MAILBOX)),
        ("NewEmailProvider", "webhookSecret", Formed(10, MOST_OF_BASE64 + 6, SIGNING_SECRET)),
        ("NewEmailProvider", "webhookPublicKey", Formed(4, MOST_OF_BASE64, BASE64)),
        ("NewEmailProvider", "baseUrl", BASE_URL),
        ("NewTwilioProvider", "kind", One(&["twilio"])),
        ("NewTwilioProvider", "accountSid", Like("^AC[0-9A-Fa-f]{32}$")),
        ("NewTwilioProvider", "authToken", KEY),
        ("NewTwilioProvider", "from", SHORT_NAME),
        ("NewTwilioProvider", "messagingServiceSid", Like("^MG[0-9A-Fa-f]{32}$")),
        ("NewTwilioProvider", "baseUrl", BASE_URL),
        ("NewAfricasTalkingProvider", "kind", One(&["africastalking"])),
        ("NewAfricasTalkingProvider", "username", CREDENTIAL),
        ("NewAfricasTalkingProvider", "apiKey", KEY),
        ("NewAfricasTalkingProvider", "from", SHORT_NAME),
        ("NewAfricasTalkingProvider", "webhookSecret", Like("^[0-9A-Za-z_-]{16,256}$")),
        ("NewAfricasTalkingProvider", "baseUrl", BASE_URL),
        ("NewProviderTest", "to", Text(LEAST_ADDRESS, EmailAddress::MAX_CHARS)),
        ("NewProviderTest", "instance", Uuid),
        ("ExplanationBody", "reason", Plain(1, Reason::MAX_CHARS)),
        ("ExplanationBody", "include", List(0, usize::MAX, &One(INCLUDED))),
        ("Decision", "resolution", One(&["delivered", "resend", "drop"])),
        ("NewSuppression", "channel", ADDRESSED),
        ("NewSuppression", "address", ADDRESS),
        ("NewSuppression", "reason", One(SUPPRESSED_FOR)),
        ("AddressLookup", "channel", ADDRESSED),
        ("AddressLookup", "address", ADDRESS),
        ("SuppressionView", "addressRef", HASH),
        ("SuppressionView", "channel", ADDRESSED),
        ("SuppressionView", "reason", One(SUPPRESSED_FOR)),
        ("SuppressionView", "notificationId", Uuid),
        ("SuppressionState", "addressRef", HASH),
        ("FoundEvents", "success", True),
        ("FoundEventView", "notificationId", Uuid),
        ("FoundChannel", "channel", One(CHANNELS)),
        ("FoundChannel", "status", One(STATES)),
        ("FoundChannel", "reason", One(SKIPS)),
        ("FoundChannel", "waitsFor", One(WAITS)),
        ("PlanLine", "channel", One(CHANNELS)),
        ("PlanLine", "status", One(&["PLANNED", "SKIPPED"])),
        ("ChannelState", "channel", One(CHANNELS)),
        ("ChannelState", "status", One(STATES)),
        ("ChannelState", "waitsFor", One(WAITS)),
        ("ReceiptView", "status", One(RECEIPTS)),
        ("ExplainedReceipt", "status", One(RECEIPTS)),
        ("ExplainedReceipt", "attempt", From(1)),
        ("ExplainedReceipt", "instance", Uuid),
        ("Called", "success", True),
        ("AttemptView", "outcome", One(&["OPEN", "SUCCEEDED", "FAILED", "UNKNOWN"])),
        ("AttemptView", "scope", One(SCOPES)),
        ("HistoryItem", "status", One(&["UNREAD", "READ"])),
        ("KeptMessage", "channel", One(&["EMAIL", "SMS"])),
        ("ProviderList", "channel", One(CHANNELS)),
        ("ProviderTestResult", "channel", One(&["EMAIL", "SMS"])),
        ("ProviderTestResult", "instance", Uuid),
        ("ProviderTestResult", "outcome", One(TEST_OUTCOMES)),
        ("ProviderTestResult", "scope", One(SCOPES)),
        ("ProviderTestResult", "retryAfterSeconds", From(0)),
        ("ProviderTestResult", "durationMs", From(0)),
        ("LimitsView", "perSecond", within(&ProviderLimits::RATES)),
        ("LimitsView", "concurrency", within(&ProviderLimits::CALLS)),
        ("ProviderView", "tls", One(TLS)),
        ("Health", "status", One(&["ok"])),
        ("ReadyBody", "status", One(&["ready", "degraded", "unavailable"])),
        ("ReadyBody", "roles", List(0, usize::MAX, &One(&["api", "project", "dispatch", "relay"]))),
        ("Subscription", "state", One(SUBSCRIPTION)),
        ("TenantView", "deliveryChannels", SOME_CHANNELS),
        ("TenantView", "apiKeyIds", List(0, usize::MAX, &Uuid)),
        ("TenantView", "tenantId", Uuid),
        ("RegisteredTenant", "tenantId", Uuid),
        ("TemplateSummary", "templateId", Uuid),
        ("TemplateSummary", "channel", One(CHANNELS)),
        ("TemplateView", "templateId", Uuid),
        ("SavedTemplate", "templateId", Uuid),
        ("TriggerAnswer", "notificationId", Uuid),
        ("PlanLine", "deliveryId", Uuid),
        ("EventView", "notificationId", Uuid),
        ("EventView_DetailedChannelView", "notificationId", Uuid),
        ("ChannelState", "deliveryId", Uuid),
        ("AttemptView", "instance", Uuid),
        ("HistoryItem", "id", Uuid),
        ("KeptMessage", "deliveryId", Uuid),
        ("KeptMessage", "notificationId", Uuid),
        ("ProviderView", "instance", Uuid),
        ("ProviderView", "port", Whole(1, 65_535)),
        ("ExplainedEvent", "evidenceId", Uuid),
        ("ExplainedEvent", "notificationId", Uuid),
        ("PlanLine", "reason", One(SKIPS)),
        ("ChannelState", "reason", One(SKIPS)),
        ("AttemptView", "attempt", From(1)),
        ("TemplateView", "version", From(1)),
        ("TemplateSummary", "version", From(1)),
        ("SavedTemplate", "version", From(1)),
        ("RegisteredTenant", "name", NAME),
        ("TriggerAnswer", "eventId", ID),
        ("Degraded", "part", One(PARTS)),
        ("Subscription", "behind", From(0)),
        ("FieldError", "line", From(1)),
        ("FieldError", "column", From(1)),
        ("ErrorBody", "code", One(CODES)),
        ("ErrorBody", "statusCode", Whole(400, 599)),
        ("ErrorBody", "retryAfter", From(1)),
        ("Done", "success", True),
        ("EventAnswer", "success", True),
        ("EventDetails", "success", True),
        ("ExplanationAnswer", "success", True),
        ("HistoryAnswer", "success", True),
        ("Resolved", "success", True),
        ("SandboxMessages", "success", True),
        ("DeadLetterList", "success", True),
        ("DeadLetterAnswer", "success", True),
        ("RedriveAnswer", "success", True),
        ("RedriveList", "success", True),
        ("UnknownList", "success", True),
        ("SuppressionList", "success", True),
        ("TemplateList", "success", True),
        ("TenantList", "success", True),
        ("TriggerAnswer", "success", True),
    ]
}

fn within(bounds: &RangeInclusive<u64>) -> Bound {
    Whole(*bounds.start(), *bounds.end())
}

/// Parameters, by where they stand and their name; of one operation alone where it is named.
const PARAMETERS: [(Option<&str>, ParameterIn, &str, Bound); 29] = [
    (None, ParameterIn::Path, "tenantId", Uuid),
    (Some("takeCallback"), ParameterIn::Path, "provider", One(&["resend", "sendgrid", "twilio"])),
    (Some("takeUnsignedCallback"), ParameterIn::Path, "provider", One(&["africastalking"])),
    (None, ParameterIn::Path, "secret", Like("^[0-9A-Za-z_-]{16,256}$")),
    (None, ParameterIn::Path, "notificationId", Uuid),
    (None, ParameterIn::Path, "deliveryId", Uuid),
    (None, ParameterIn::Path, "userId", USER),
    (None, ParameterIn::Path, "eventId", ID),
    (None, ParameterIn::Path, "eventType", TYPE),
    (None, ParameterIn::Path, "channel", One(CHANNELS)),
    (None, ParameterIn::Path, "addressRef", HASH),
    (None, ParameterIn::Path, "redriveId", Uuid),
    (Some("listSuppressions"), ParameterIn::Query, "cursor", From(1)),
    (Some("listDeadLetters"), ParameterIn::Query, "cursor", Like("^[0-9]+_[0-9a-f-]{36}_(EMAIL|SMS|PUSH)$")),
    (Some("listUnknown"), ParameterIn::Query, "cursor", Like("^[0-9]+_[0-9a-f-]{36}$")),
    (Some("listDeadLetters"), ParameterIn::Query, "cause", CODE),
    (Some("listDeadLetters"), ParameterIn::Query, "provider", CODE),
    (Some("listDeadLetters"), ParameterIn::Query, "eventType", TYPE),
    (None, ParameterIn::Query, "cursor", Uuid),
    (None, ParameterIn::Query, "limit", From(1)),
    (None, ParameterIn::Query, "offset", From(0)),
    (None, ParameterIn::Query, "tenantId", Uuid),
    (None, ParameterIn::Query, "channel", One(CHANNELS)),
    (Some("findEvents"), ParameterIn::Query, "userId", USER),
    (Some("findEvents"), ParameterIn::Query, "email", Email),
    (Some("findEvents"), ParameterIn::Query, "phone", PHONE),
    (Some("findEvents"), ParameterIn::Query, "eventId", ID),
    (None, ParameterIn::Header, "X-Idempotency-Key", ID),
    (None, ParameterIn::Header, "X-Orqestra-Signature", Like("^[0-9A-Fa-f]{64}$")),
];

/// Puts all of it into the description.
pub(super) struct Described;

impl Modify for Described {
    fn modify(&self, document: &mut OpenApi) {
        let schemas = &mut document.components.get_or_insert_default().schemas;
        for (schema, field, bound) in fields() {
            let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(schema) else {
                panic!("no schema {schema}")
            };
            let described = object.properties.get_mut(field);
            put(described.unwrap_or_else(|| panic!("{schema} has no {field}")), bound);
        }
        operations(document).for_each(describe);
    }
}

fn describe(operation: &mut Operation) {
    if let Some(RefOr::T(Schema::Array(list))) = providers(operation) {
        entries(list, 0, MAX_PROVIDERS);
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let mut bounds = PARAMETERS.iter().filter(|(only, place, name, _)| {
            *place == parameter.parameter_in
                && *name == parameter.name
                && only.is_none_or(|only| operation.operation_id.as_deref() == Some(only))
        });
        if let (Some((.., bound)), Some(schema)) = (bounds.next(), &mut parameter.schema) {
            put(schema, *bound);
        }
    }
}

/// The one body that is a list.
fn providers(operation: &mut Operation) -> Option<&mut RefOr<Schema>> {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return None };
    body.content.values_mut().find_map(|content| match content {
        RefOr::T(content) => content.schema.as_mut(),
        RefOr::Ref(_) => None,
    })
}

fn put(described: &mut RefOr<Schema>, bound: Bound) {
    match (described, bound) {
        (RefOr::T(Schema::Object(object)), bound) => put_into(object, bound),
        (RefOr::T(Schema::Array(list)), List(least, most, each)) => {
            entries(list, least, most);
            // None of them comes twice.
            list.unique_items = matches!(each, Formed(..));
            if let utoipa::openapi::schema::ArrayItems::RefOrSchema(item) = &mut list.items
                && let RefOr::T(Schema::Object(item)) = &mut **item
            {
                put_into(item, *each);
            }
        }
        (_, _) => panic!("a bound that does not fit what it is of"),
    }
}

fn entries(list: &mut Array, least: usize, most: usize) {
    list.min_items = Some(least).filter(|least| *least > 0);
    list.max_items = Some(most).filter(|most| *most < usize::MAX);
}

fn put_into(object: &mut Object, bound: Bound) {
    let number = |number: u64| Number::UInt(usize::try_from(number).unwrap_or(usize::MAX));
    let mut lengths = |least, most: usize| {
        object.min_length = Some(least);
        object.max_length = Some(most).filter(|most| *most < usize::MAX);
    };
    match bound {
        Text(least, most) => lengths(least, most),
        Plain(least, most) => {
            lengths(least, most);
            object.pattern = Some(NO_CONTROLS.to_owned());
        }
        Formed(least, most, pattern) => {
            lengths(least, most);
            object.pattern = Some(pattern.to_owned());
        }
        Email => {
            lengths(LEAST_ADDRESS, EmailAddress::MAX_CHARS);
            object.format = Some(SchemaFormat::Custom("idn-email".to_owned()));
        }
        Whole(least, most) => (object.minimum, object.maximum) = (Some(number(least)), Some(number(most))),
        From(least) => object.minimum = Some(number(least)),
        One(names) => {
            let none = is_nullable(&object.schema_type).then_some(serde_json::Value::Null);
            object.enum_values = Some(names.iter().map(|name| (*name).into()).chain(none).collect());
        }
        Like(pattern) => object.pattern = Some(pattern.to_owned()),
        True => object.enum_values = Some(vec![true.into()]),
        Uuid => object.format = Some(SchemaFormat::Custom("uuid".to_owned())),
        List(..) => panic!("a list that is none"),
    }
}

fn is_nullable(of: &SchemaType) -> bool {
    matches!(of, SchemaType::Array(types) if types.contains(&Type::Null))
}
