//! `PUT` and `GET /admin/v1/tenants/{tenantId}/providers/{channel}`: the providers of a channel, the first one tried
//! first.
//!
//! Passwords come in here in clear, are sealed by the command and never shown again.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::{Extension, Json};
use orqestra_commands::{ListedProvider, ProviderInput, SmtpInput};
use orqestra_dispatch::PrivateHosts;
use orqestra_domain::provider::{ProviderConfig, ProviderEntry, ProviderLimits, TlsMode};
use orqestra_domain::{Channel, InvalidMailbox, Mailbox};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{FieldError, Fields, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, from_reading_operator, operators_context, to_the_end};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/providers/{channel}";

/// Most providers of a channel.
pub(crate) const MAX_PROVIDERS: usize = 10;
/// Most characters of a host name, each a byte.
pub(crate) const MAX_HOST: usize = 253;
/// Most characters of a user name or a password.
pub(crate) const MAX_CREDENTIAL: usize = 1_024;

/// One provider of the request.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) enum NewProvider {
    /// Keeps messages and shows them.
    Sandbox(NewSandboxProvider),
    /// Hands messages to a server.
    Smtp(NewSmtpProvider),
}

/// The sandbox, which keeps messages and shows them.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSandboxProvider {
    /// Always `sandbox`.
    #[schema(example = "sandbox")]
    kind: String,
    /// How much it is given at most.
    limits: Option<LimitsView>,
}

/// A mail server.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewSmtpProvider {
    /// Always `smtp`.
    #[schema(example = "smtp")]
    kind: String,
    /// Host name or IP address.
    #[schema(example = "127.0.0.1")]
    host: String,
    /// TCP port.
    #[schema(example = 1025)]
    port: u16,
    /// `none`, `starttls` or `tls`.
    #[schema(example = "none")]
    tls: String,
    /// The mailbox that emails come from, its name with or without quotes; the tenant's `senderEmail` if omitted.
    #[schema(example = "Shop <shop@example.org>")]
    from: Option<String>,
    /// Where the server asks for it.
    username: Option<String>,
    /// Where the server asks for it; not without `username`.
    password: Option<String>,
    /// How much it is given at most.
    limits: Option<LimitsView>,
}

/// How much a provider is given at most, by each process that sends.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LimitsView {
    /// Calls that may start in any second.
    #[schema(example = 10)]
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second: Option<u32>,
    /// Calls at one time; never more than the kind of provider is given anyway.
    #[schema(example = 4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
}

impl LimitsView {
    fn of(limits: ProviderLimits) -> Option<Self> {
        let view = Self { per_second: limits.per_second(), concurrency: limits.concurrency() };
        (!limits.is_none()).then_some(view)
    }
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderList {
    /// The channel.
    #[schema(value_type = String, example = "EMAIL")]
    channel: Channel,
    /// Its providers, the first one tried first.
    providers: Vec<ProviderView>,
}

/// One provider as it stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderView {
    /// `sandbox` or `smtp`, or a kind that only a newer program knows: this process leaves its channel to that one.
    kind: String,
    /// Names the entry in attempts; stays while kind, host, port and user name stay.
    instance: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Whether a password is kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    password_set: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsView>,
}

impl ProviderView {
    /// With the user name as it was given: it is kept sealed.
    fn of(provider: ProviderEntry, username: Option<String>) -> Self {
        let ProviderEntry { instance, limits, config } = provider;
        let bare = Self {
            kind: config.name().to_owned(),
            instance: instance.to_string(),
            host: None,
            port: None,
            tls: None,
            from: None,
            username: None,
            password_set: false,
            limits: LimitsView::of(limits),
        };
        match config {
            ProviderConfig::Sandbox | ProviderConfig::Unread(_) => bare,
            ProviderConfig::Smtp(smtp) => Self {
                host: Some(smtp.host),
                port: Some(smtp.port),
                tls: Some(match smtp.tls {
                    TlsMode::None => "none",
                    TlsMode::Starttls => "starttls",
                    TlsMode::Tls => "tls",
                }),
                from: smtp.from,
                username,
                password_set: smtp.password.is_some(),
                ..bare
            },
        }
    }
}

/// Sets a channel's providers.
#[utoipa::path(
    put,
    path = "/admin/v1/tenants/{tenantId}/providers/{channel}",
    tag = "Admin",
    operation_id = "putProviders",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path), ("channel" = String, Path)),
    request_body = Vec<NewProvider>,
    responses(
        (status = 200, description = "As they stand now", body = ProviderList),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "A provider is wrong or does not carry the channel", body = ErrorBody),
    ),
)]
pub(crate) async fn put(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((tenant_id, channel)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<ProviderList>, ApiError> {
    let body = from_operator(&app, request).await?;
    let tenant = known(&app, &tenant_id)?.id;
    scope.is_for(tenant);
    let (channel, providers) = parse(&channel, &body)?;
    reached(&providers, app.private_hosts).await?;
    let usernames: Vec<_> = providers.iter().map(username).collect();
    let context = operators_context(&app, &scope);
    let set =
        to_the_end(async move { app.commands.set_providers(tenant, channel, providers, &context).await });
    let set = set.await??.into_iter().zip(usernames);
    let providers = set.map(|(provider, username)| ProviderView::of(provider, username)).collect();
    Ok(Json(ProviderList { channel, providers }))
}

/// Shows a channel's providers, the installation's default where the tenant has set none.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenantId}/providers/{channel}",
    tag = "Admin",
    operation_id = "getProviders",
    security(("adminToken" = [])),
    params(("tenantId" = String, Path), ("channel" = String, Path)),
    responses(
        (status = 200, description = "As they stand now", body = ProviderList),
        (status = 401, description = "No operator", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 422, description = "No such channel", body = ErrorBody),
    ),
)]
pub(crate) async fn show(
    State(app): State<App>,
    Segments((tenant_id, channel)): Segments<(String, String)>,
    parts: Parts,
) -> Result<Json<ProviderList>, ApiError> {
    from_reading_operator(&app, &parts).await?;
    let tenant = known(&app, &tenant_id)?;
    let mut problems = Problems::default();
    let channel = named(&channel, &mut problems);
    let channel = problems.check(channel)?;
    let mut providers = Vec::new();
    for entry in app.commands.directory().providers(&tenant, channel) {
        let username = app.commands.provider_username(tenant.id, &entry).await?;
        providers.push(ProviderView::of(entry, username));
    }
    Ok(Json(ProviderList { channel, providers }))
}

/// Refuses hosts that the installation hands no mail to.
async fn reached(providers: &[ListedProvider], private: PrivateHosts) -> Result<(), ApiError> {
    let checked = providers.iter().enumerate().map(async |(at, listed)| match &listed.provider {
        ProviderInput::Sandbox => None,
        ProviderInput::Smtp(smtp) => {
            let refused = private.check(&smtp.host, smtp.port).await.err()?;
            Some(FieldError::new(format!("[{at}].host"), refused.to_string()))
        }
    });
    let wrong: Vec<_> = futures::future::join_all(checked).await.into_iter().flatten().collect();
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::Invalid(wrong)) }
}

fn named(channel: &str, problems: &mut Problems) -> Option<Channel> {
    channel.parse().map_err(|_| problems.add("channel", "must be one of EMAIL, SMS, PUSH")).ok()
}

fn username(listed: &ListedProvider) -> Option<String> {
    match &listed.provider {
        ProviderInput::Sandbox => None,
        ProviderInput::Smtp(smtp) => smtp.username.clone(),
    }
}

fn parse(channel: &str, body: &Value) -> Result<(Channel, Vec<ListedProvider>), ApiError> {
    let mut problems = Problems::default();
    let channel = named(channel, &mut problems);
    let list = body.as_array().filter(|list| list.len() <= MAX_PROVIDERS);
    if list.is_none() {
        problems.add("body", format!("must be a list of at most {MAX_PROVIDERS} providers"));
    }
    let mut providers = Vec::new();
    for (at, entry) in list.into_iter().flatten().enumerate() {
        let mut own = Problems::default();
        let provider = provider(entry, &mut own);
        match own.check(provider) {
            Ok(provider) => providers.push(provider),
            Err(ApiError::Invalid(wrong)) => {
                for FieldError { field, message, .. } in wrong {
                    problems.add(format!("[{at}].{field}"), message);
                }
            }
            Err(other) => return Err(other),
        }
    }
    problems.check(channel.map(|channel| (channel, providers)))
}

fn provider(entry: &Value, problems: &mut Problems) -> Option<ListedProvider> {
    let Value::Object(map) = entry else {
        problems.add("kind", "is required, in an object");
        return None;
    };
    let fields = Fields::of_map(map, "");
    let limits = limits(fields, problems);
    let provider = match fields.required("kind", problems, |kind| Ok::<_, &str>(kind.to_owned()))?.as_str() {
        "sandbox" => Some(ProviderInput::Sandbox),
        "smtp" => smtp(fields, problems).map(ProviderInput::Smtp),
        _ => {
            problems.add("kind", "must be sandbox or smtp");
            None
        }
    };
    Some(ListedProvider { provider: provider?, limits: limits? })
}

fn limits(fields: Fields<'_>, problems: &mut Problems) -> Option<ProviderLimits> {
    let Some(limits) = fields.get("limits") else { return Some(ProviderLimits::NONE) };
    let Value::Object(limits) = limits else {
        problems.add("limits", "must be an object");
        return None;
    };
    let own = Fields::of_map(limits, "limits");
    let mut number =
        |name, bounds| own.number(name, problems, bounds).and_then(|number| u32::try_from(number).ok());
    let rate = number("perSecond", ProviderLimits::RATES);
    let calls = number("concurrency", ProviderLimits::CALLS);
    ProviderLimits::new(rate, calls).ok()
}

fn smtp(fields: Fields<'_>, problems: &mut Problems) -> Option<SmtpInput> {
    let host = fields.required("host", problems, host);
    let port = fields.number("port", problems, 1..=65_535).and_then(|port| u16::try_from(port).ok());
    if fields.get("port").is_none() {
        problems.add("port", "is required");
    }
    let tls = fields.required("tls", problems, |mode| match mode {
        "none" => Ok(TlsMode::None),
        "starttls" => Ok(TlsMode::Starttls),
        "tls" => Ok(TlsMode::Tls),
        _ => Err("must be none, starttls or tls"),
    });
    let from = fields.optional("from", problems, mailbox);
    let username = fields.optional("username", problems, credential);
    let password = fields.optional("password", problems, credential);
    if username.is_none() && password.is_some() {
        problems.add("username", "is required with a password");
    }
    let (host, port, tls) = (host?, port?, tls?);
    Some(SmtpInput { host, port, tls, from, username, password })
}

/// A host name or an address: what a name can be made of, or an IP address.
fn host(text: &str) -> Result<String, &'static str> {
    let name = text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    if (name && text.len() <= MAX_HOST) || text.parse::<std::net::IpAddr>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err("must be a host name or an IP address")
    }
}

fn mailbox(text: &str) -> Result<String, InvalidMailbox> {
    Mailbox::parse(text).map(|_| text.to_owned())
}

fn credential(text: &str) -> Result<String, &'static str> {
    let fits = !text.is_empty() && text.chars().nth(MAX_CREDENTIAL).is_none();
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("must have 1 to 1024 characters, none of them a control")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(channel: &str, body: &Value) -> Vec<String> {
        match parse(channel, body) {
            Err(ApiError::Invalid(wrong)) => {
                wrong.into_iter().map(|wrong| wrong.field.into_owned()).collect()
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn an_ordered_list_of_providers_is_taken() {
        let body = json!([
            {"kind": "smtp", "host": "127.0.0.1", "port": 1025, "tls": "none", "from": "Shop <shop@example.org>"},
            {"kind": "smtp", "host": "mx.example.org", "port": 465, "tls": "tls", "username": "u", "password": "p"},
            {"kind": "sandbox"},
        ]);
        let (channel, providers) = parse("EMAIL", &body).unwrap();
        assert_eq!(channel, Channel::Email);
        let providers: Vec<_> = providers.into_iter().map(|listed| listed.provider).collect();
        assert!(matches!(
            &providers[..],
            [ProviderInput::Smtp(_), ProviderInput::Smtp(_), ProviderInput::Sandbox]
        ));
        assert!(parse("SMS", &json!([])).unwrap().1.is_empty());
    }

    #[test]
    fn an_entrys_limits_are_taken_within_their_bounds_and_each_wrong_one_is_named() {
        let taken =
            json!([{"kind": "sandbox", "limits": {"perSecond": 5, "concurrency": 2}}, {"kind": "sandbox"}]);
        let (_, providers) = parse("SMS", &taken).unwrap();
        let [limited, free] = &providers[..] else { panic!("two providers") };
        assert_eq!(limited.limits, ProviderLimits::new(Some(5), Some(2)).unwrap());
        assert!(free.limits.is_none());
        let body = json!([
            {"kind": "sandbox", "limits": {"perSecond": 0, "concurrency": 1_001}},
            {"kind": "sandbox", "limits": {"perSecond": 100_001, "concurrency": "2"}},
            {"kind": "sandbox", "limits": 5},
        ]);
        let of_first = ["[0].limits.perSecond", "[0].limits.concurrency"];
        let of_others = ["[1].limits.perSecond", "[1].limits.concurrency", "[2].limits"];
        assert_eq!(wrong("SMS", &body), [&of_first[..], &of_others[..]].concat());
    }

    #[test]
    fn every_wrong_field_is_named_with_its_place_in_the_list() {
        let body = json!([
            {"kind": "sandbox"},
            {"kind": "smtp", "host": "a b", "port": 0, "tls": "ssl", "from": "a\r\nBcc: b@c.d", "password": "p"},
            {"kind": "pigeon"},
            "smtp",
        ]);
        assert_eq!(
            wrong("FAX", &body),
            [
                "channel",
                "[1].host",
                "[1].port",
                "[1].tls",
                "[1].from",
                "[1].username",
                "[2].kind",
                "[3].kind",
            ]
        );
        assert_eq!(wrong("EMAIL", &json!({"kind": "sandbox"})), ["body"]);
        assert_eq!(wrong("EMAIL", &json!([{"kind": "smtp"}])), ["[0].host", "[0].port", "[0].tls"]);
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for good in ["localhost", "mx-1.example.org", "::1", "10.0.0.1", "mail_relay"] {
            assert!(host(good).is_ok(), "{good}");
        }
        for bad in ["", "a..b", "-a", "a/b", "user@host", "host:25", "a\nb"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
