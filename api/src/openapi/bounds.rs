//! What the code checks of each field and parameter, as the description says it: lengths, ranges, numbers of entries, names.
//!
//! The numbers are the code's own. Lengths are checked in bytes and described in characters, which are as many or fewer: what
//! is beyond a described bound is always refused.

use orqestra_commands::Reason;
use orqestra_domain::tenant::Limits;
use orqestra_domain::{Channel, EventId, EventTypeName, Mailbox, PushCategories, TenantName, UserId};
use utoipa::Modify;
use utoipa::Number;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{Array, Object, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Schema, SchemaFormat};

use crate::admin::explanation::INCLUDED;
use crate::admin::providers::{MAX_CREDENTIAL, MAX_HOST, MAX_PROVIDERS};
use crate::admin::tenants::MAX_SECRET;

const CHANNELS: &[&str] = &[Channel::Email.as_str(), Channel::Sms.as_str(), Channel::Push.as_str()];
const MAX_ADDRESS: usize = 254;

/// What is checked.
#[derive(Clone, Copy)]
enum Bound {
    /// A text of so many characters at least and at most.
    Text(usize, usize),
    /// A whole number in a range.
    Whole(u64, u64),
    /// A whole number from here on; whatever is above counts as the largest.
    From(u64),
    /// One of these.
    One(&'static [&'static str]),
    /// A list of so many entries, each bounded by itself where its own schema does not say it.
    List(usize, usize, Option<&'static Bound>),
    /// A text that a pattern describes.
    Like(&'static str),
    /// A UUID.
    Uuid,
}

use Bound::{From, Like, List, One, Text, Uuid, Whole};

const STATES: &[&str] = &["PLANNED", "SENDING", "RETRYING", "SENT", "FAILED", "SKIPPED", "UNKNOWN"];
const CATEGORY: Bound = Text(1, PushCategories::MOST_BYTES);

/// Fields of bodies, by the name of their schema.
fn fields() -> Vec<(&'static str, &'static str, Bound)> {
    let rates = Whole(*Limits::RATES.start(), *Limits::RATES.end());
    let caps = Whole(*Limits::CAPS.start(), *Limits::CAPS.end());
    let of_tenant = [
        ("name", Text(1, TenantName::MAX_BYTES)),
        ("webhookSecret", Text(6, MAX_SECRET)),
        ("ratePerMinute", rates),
        ("dailyCap", caps),
        ("deliveryChannels", List(1, usize::MAX, None)),
        ("senderEmail", Text(3, MAX_ADDRESS)),
    ];
    let of_tenants = ["NewTenant", "TenantChanges"]
        .into_iter()
        .flat_map(|schema| of_tenant.map(|(field, bound)| (schema, field, bound)));
    let others = [
        ("TriggerBody", "eventType", Text(1, EventTypeName::MAX_BYTES)),
        ("TriggerBody", "eventId", Text(1, EventId::MAX_BYTES)),
        ("TriggerBody", "channels", List(1, usize::MAX, None)),
        ("Payload", "userId", Text(1, UserId::MAX_BYTES)),
        ("Payload", "recipientEmail", Text(3, MAX_ADDRESS)),
        ("Payload", "recipientPhone", Like("^\\+[1-9][0-9]{6,14}$")),
        ("TokenBody", "userId", Text(1, UserId::MAX_BYTES)),
        ("TenantChanges", "pushCategories", List(1, PushCategories::MOST, Some(&CATEGORY))),
        ("TenantChanges", "revokeApiKey", Uuid),
        ("NewTemplate", "subject", Text(1, usize::MAX)),
        ("NewTemplate", "title", Text(1, usize::MAX)),
        ("NewTemplate", "body", Text(1, usize::MAX)),
        ("NewTemplate", "category", CATEGORY),
        ("NewProvider", "kind", One(&["sandbox", "smtp"])),
        ("NewProvider", "host", Text(1, MAX_HOST)),
        ("NewProvider", "port", Whole(1, 65_535)),
        ("NewProvider", "tls", One(&["none", "starttls", "tls"])),
        ("NewProvider", "from", Text(3, Mailbox::MAX_BYTES)),
        ("NewProvider", "username", Text(1, MAX_CREDENTIAL)),
        ("NewProvider", "password", Text(1, MAX_CREDENTIAL)),
        ("ExplanationBody", "reason", Text(1, Reason::MAX_BYTES)),
        ("ExplanationBody", "include", List(0, usize::MAX, &One(INCLUDED))),
        ("Decision", "resolution", One(&["delivered", "resend", "drop"])),
        ("PlanLine", "channel", One(CHANNELS)),
        ("PlanLine", "status", One(&["PLANNED", "SKIPPED"])),
        ("ChannelState", "channel", One(CHANNELS)),
        ("ChannelState", "status", One(STATES)),
        ("ChannelState", "waitsFor", One(&["tenant_inactive", "no_provider", "no_sender"])),
        ("AttemptView", "outcome", One(&["OPEN", "SUCCEEDED", "FAILED", "UNKNOWN"])),
        ("AttemptView", "scope", One(&["message", "pairing", "provider", "throttled"])),
        ("HistoryItem", "status", One(&["UNREAD", "READ"])),
        ("KeptMessage", "channel", One(&["EMAIL", "SMS"])),
        ("ProviderList", "channel", One(CHANNELS)),
        ("ProviderView", "kind", One(&["sandbox", "smtp"])),
        ("ProviderView", "tls", One(&["none", "starttls", "tls"])),
        ("Health", "status", One(&["ok"])),
        ("ReadyBody", "status", One(&["ready", "degraded", "unavailable"])),
    ];
    of_tenants.chain(others).collect()
}

/// Parameters, by where they stand and their name; of one operation alone where it is named.
const PARAMETERS: [(Option<&str>, ParameterIn, &str, Bound); 14] = [
    (None, ParameterIn::Path, "tenantId", Uuid),
    (None, ParameterIn::Path, "notificationId", Uuid),
    (None, ParameterIn::Path, "deliveryId", Uuid),
    (None, ParameterIn::Path, "userId", Text(1, UserId::MAX_BYTES)),
    (None, ParameterIn::Path, "eventId", Text(1, EventId::MAX_BYTES)),
    (None, ParameterIn::Path, "eventType", Text(1, EventTypeName::MAX_BYTES)),
    (None, ParameterIn::Path, "channel", One(CHANNELS)),
    (Some("listNotifications"), ParameterIn::Query, "cursor", Uuid),
    (None, ParameterIn::Query, "limit", From(1)),
    (None, ParameterIn::Query, "offset", From(0)),
    (Some("listSandboxMessages"), ParameterIn::Query, "tenantId", Uuid),
    (Some("listSandboxMessages"), ParameterIn::Query, "channel", One(CHANNELS)),
    (None, ParameterIn::Header, "X-Orqestra-Signature", Like("^[0-9a-fA-F]{64}$")),
    (None, ParameterIn::Header, "X-Idempotency-Key", Text(1, EventId::MAX_BYTES)),
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
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch];
            operations.into_iter().flatten().for_each(describe);
        }
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
            if let Some(each) = each
                && let utoipa::openapi::schema::ArrayItems::RefOrSchema(item) = &mut list.items
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
    match bound {
        Text(least, most) => {
            object.min_length = Some(least);
            object.max_length = Some(most).filter(|most| *most < usize::MAX);
        }
        Whole(least, most) => (object.minimum, object.maximum) = (Some(number(least)), Some(number(most))),
        From(least) => object.minimum = Some(number(least)),
        One(names) => {
            let none = is_nullable(&object.schema_type).then_some(serde_json::Value::Null);
            object.enum_values = Some(names.iter().map(|name| (*name).into()).chain(none).collect());
        }
        Like(pattern) => object.pattern = Some(pattern.to_owned()),
        Uuid => object.format = Some(SchemaFormat::Custom("uuid".to_owned())),
        List(..) => panic!("a list that is none"),
    }
}

fn is_nullable(of: &SchemaType) -> bool {
    matches!(of, SchemaType::Array(types) if types.contains(&Type::Null))
}
