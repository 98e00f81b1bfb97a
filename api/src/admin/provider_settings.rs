//! Reads the providers of a request's list field by field, and names each wrong one with its place.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orqestra_commands::{ClearSecret, ListedProvider, ProviderInput, SmtpInput};
use orqestra_domain::Channel;
use orqestra_domain::provider::{
    AfricasTalkingConfig, BaseUrl, Endpoint, Host, HttpConfig, ProviderLimits, ResendConfig, SendGridConfig,
    Sender, TlsMode, TwilioConfig, TwilioSender,
};
use serde_json::Value;

use crate::error::ApiError;
use crate::fields::{FieldError, Fields, Problems};

/// Most providers of a channel.
pub(crate) const MAX_PROVIDERS: usize = 10;
/// Most characters of a user name, a password or a key.
pub(crate) const MAX_CREDENTIAL: usize = 1_024;
/// Most characters of a number or name that SMS come from.
pub(crate) const MAX_SHORT_NAME: usize = 34;

pub(super) fn named(channel: &str, problems: &mut Problems) -> Option<Channel> {
    channel.parse().map_err(|_| problems.add("channel", "must be one of EMAIL, SMS, PUSH")).ok()
}

pub(super) fn parse(channel: &str, body: &Value) -> Result<(Channel, Vec<ListedProvider>), ApiError> {
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
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    if let Some((_, own)) = SETTINGS.iter().find(|(name, _)| *name == kind) {
        let others = SETTINGS.iter().flat_map(|(_, names)| *names).filter(|name| !own.contains(name));
        let foreign: BTreeSet<_> = others.filter(|name| map.contains_key(**name)).collect();
        for name in foreign {
            problems.add(*name, format!("is not a setting of {kind}"));
        }
    }
    let provider = match fields.required("kind", problems, |kind| Ok::<_, &str>(kind.to_owned()))?.as_str() {
        "sandbox" => Some(ProviderInput::Sandbox),
        "smtp" => smtp(fields, problems).map(ProviderInput::Smtp),
        "resend" => resend(fields, problems).map(ProviderInput::Http),
        "sendgrid" => sendgrid(fields, problems).map(ProviderInput::Http),
        "twilio" => twilio(fields, problems).map(ProviderInput::Http),
        "africastalking" => africastalking(fields, problems).map(ProviderInput::Http),
        _ => {
            problems.add("kind", "must be sandbox, smtp, resend, sendgrid, twilio or africastalking");
            None
        }
    };
    Some(ListedProvider { provider: provider?, limits: limits? })
}

/// The settings of each kind, beside `kind` and `limits`. One of another kind is named; others are passed over, as everywhere.
const SETTINGS: [(&str, &[&str]); 6] = [
    ("sandbox", &[]),
    ("smtp", &["host", "port", "tls", "from", "username", "password"]),
    ("resend", &["apiKey", "from", "webhookSecret", "baseUrl", "allowLoopback"]),
    ("sendgrid", &["apiKey", "from", "webhookPublicKey", "baseUrl", "allowLoopback"]),
    ("twilio", &["accountSid", "authToken", "from", "messagingServiceSid", "baseUrl", "allowLoopback"]),
    ("africastalking", &["username", "apiKey", "from", "webhookSecret", "baseUrl", "allowLoopback"]),
];

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
    let host = fields.required("host", problems, Host::parse);
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
    let from = fields.optional("from", problems, Sender::parse);
    let username = fields.optional("username", problems, credential);
    let password = fields.optional("password", problems, credential);
    if username.is_none() && password.is_some() {
        problems.add("username", "is required with a password");
    }
    let (host, port, tls) = (host?, port?, tls?);
    Some(SmtpInput { host, port, tls, from, username, password })
}

fn resend(fields: Fields<'_>, problems: &mut Problems) -> Option<HttpConfig<ClearSecret>> {
    let api_key = fields.required("apiKey", problems, secret);
    let from = fields.optional("from", problems, Sender::parse);
    let webhook_secret = fields.optional("webhookSecret", problems, signing_secret);
    let endpoint = endpoint(fields, problems);
    Some(HttpConfig::Resend(ResendConfig { api_key: api_key?, from, endpoint: endpoint?, webhook_secret }))
}

fn sendgrid(fields: Fields<'_>, problems: &mut Problems) -> Option<HttpConfig<ClearSecret>> {
    let api_key = fields.required("apiKey", problems, secret);
    let from = fields.optional("from", problems, Sender::parse);
    let webhook_public_key = fields.optional("webhookPublicKey", problems, public_key);
    let endpoint = endpoint(fields, problems);
    let (api_key, endpoint) = (api_key?, endpoint?);
    Some(HttpConfig::SendGrid(SendGridConfig { api_key, from, endpoint, webhook_public_key }))
}

fn twilio(fields: Fields<'_>, problems: &mut Problems) -> Option<HttpConfig<ClearSecret>> {
    let account_sid = fields.required("accountSid", problems, |sid| {
        if is_sid(sid, "AC") { Ok(sid.to_owned()) } else { Err("must be AC and 32 hexadecimal digits") }
    });
    let auth_token = fields.required("authToken", problems, secret);
    let from = fields.optional("from", problems, short_name);
    let service = fields.optional("messagingServiceSid", problems, |sid| {
        if is_sid(sid, "MG") { Ok(sid.to_owned()) } else { Err("must be MG and 32 hexadecimal digits") }
    });
    let endpoint = endpoint(fields, problems);
    let sender = match (from, service) {
        (Some(from), None) => Some(TwilioSender::From(from)),
        (None, Some(sid)) => Some(TwilioSender::MessagingService(sid)),
        (Some(_), Some(_)) => {
            problems.add("messagingServiceSid", "must not be given with from");
            None
        }
        (None, None) => {
            if fields.get("from").is_none() && fields.get("messagingServiceSid").is_none() {
                problems.add("from", "is required, or messagingServiceSid");
            }
            None
        }
    };
    let (account_sid, auth_token) = (account_sid?, auth_token?);
    Some(HttpConfig::Twilio(TwilioConfig { account_sid, auth_token, sender: sender?, endpoint: endpoint? }))
}

fn africastalking(fields: Fields<'_>, problems: &mut Problems) -> Option<HttpConfig<ClearSecret>> {
    let username = fields.required("username", problems, credential);
    let api_key = fields.required("apiKey", problems, secret);
    let from = fields.optional("from", problems, short_name);
    let webhook_secret = fields.optional("webhookSecret", problems, path_secret);
    let endpoint = endpoint(fields, problems);
    let (username, api_key, endpoint) = (username?, api_key?, endpoint?);
    let config = AfricasTalkingConfig { username, api_key, from, endpoint, webhook_secret };
    Some(HttpConfig::AfricasTalking(config))
}

fn endpoint(fields: Fields<'_>, problems: &mut Problems) -> Option<Endpoint> {
    let allow_loopback = match fields.get("allowLoopback") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(allow)) => *allow,
        Some(_) => {
            problems.add("allowLoopback", "must be true or false");
            return None;
        }
    };
    let base_url = fields.optional("baseUrl", problems, |url| BaseUrl::parse(url, allow_loopback));
    if base_url.is_none() && fields.get("baseUrl").is_some_and(|url| !url.is_null()) {
        return None;
    }
    Some(Endpoint { base_url, allow_loopback })
}

/// A key or token, which goes into a header.
fn secret(text: &str) -> Result<ClearSecret, &'static str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && (1..=MAX_CREDENTIAL).contains(&text.len()) {
        Ok(ClearSecret(text.to_owned()))
    } else {
        Err("must have 1 to 1024 characters of ASCII, none of them a blank")
    }
}

/// A secret as Resend shows it.
fn signing_secret(text: &str) -> Result<ClearSecret, &'static str> {
    let bytes = text.strip_prefix("whsec_").and_then(|bytes| STANDARD.decode(bytes).ok());
    if bytes.is_some_and(|bytes| (1..=MAX_CREDENTIAL).contains(&bytes.len())) {
        Ok(ClearSecret(text.to_owned()))
    } else {
        Err("must be whsec_ and base64")
    }
}

/// A secret that is a part of a path.
fn path_secret(text: &str) -> Result<ClearSecret, &'static str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_plain && (16..=256).contains(&text.len()) {
        Ok(ClearSecret(text.to_owned()))
    } else {
        Err("must have 16 to 256 letters, digits, - and _")
    }
}

fn public_key(text: &str) -> Result<String, &'static str> {
    let bytes = STANDARD.decode(text);
    match bytes {
        Ok(bytes) if (1..=1_024).contains(&bytes.len()) => Ok(text.to_owned()),
        Ok(_) | Err(_) => Err("must be a public key in base64"),
    }
}

fn is_sid(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A number, a short code or a name that SMS come from.
fn short_name(text: &str) -> Result<String, &'static str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if plain && (1..=MAX_SHORT_NAME).contains(&text.len()) && text.trim() == text {
        Ok(text.to_owned())
    } else {
        Err("must be a number, a short code or a name of at most 34 characters")
    }
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
    fn every_kind_has_its_settings() {
        assert_eq!(SETTINGS.map(|(kind, _)| kind), orqestra_domain::provider::KINDS);
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
    fn an_account_of_each_kind_is_taken() {
        let sid = |prefix: &str| format!("{prefix}{}", "0123456789abcdef".repeat(2));
        let emails = json!([
            {"kind": "resend", "apiKey": "re_1", "from": "Shop <shop@example.org>", "webhookSecret": "whsec_AAAA"},
            {"kind": "sendgrid", "apiKey": "SG.1", "webhookPublicKey": "AAAA", "baseUrl": "https://api.eu.sendgrid.com"},
        ]);
        let (_, providers) = parse("EMAIL", &emails).unwrap();
        assert!(matches!(&providers[1].provider, ProviderInput::Http(HttpConfig::SendGrid(config))
            if config.endpoint.base_url.as_ref().unwrap().as_str() == "https://api.eu.sendgrid.com"));
        let sms = json!([
            {"kind": "twilio", "accountSid": sid("AC"), "authToken": "t", "from": "+15005550006",
             "limits": {"perSecond": 1}},
            {"kind": "twilio", "accountSid": sid("AC"), "authToken": "t", "messagingServiceSid": sid("MG")},
            {"kind": "africastalking", "username": "shop", "apiKey": "k", "from": "SHOP",
             "webhookSecret": "0123456789abcdef", "baseUrl": "http://127.0.0.1:8080", "allowLoopback": true},
        ]);
        let (_, providers) = parse("SMS", &sms).unwrap();
        assert_eq!(providers[0].limits.per_second(), Some(1));
        assert!(matches!(&providers[2].provider, ProviderInput::Http(HttpConfig::AfricasTalking(config))
            if config.endpoint.allow_loopback && config.api_key == ClearSecret("k".to_owned())));
    }

    #[test]
    fn every_wrong_field_of_an_account_is_named() {
        let body = json!([
            {"kind": "resend", "from": "nobody", "webhookSecret": "wh", "baseUrl": "http://api.example.com"},
            {"kind": "sendgrid", "apiKey": 5, "webhookPublicKey": "?", "baseUrl": "https://127.0.0.1",
             "accountSid": "AC1", "webhookSecret": "whsec_AAAA"},
            {"kind": "twilio", "accountSid": "AC1", "authToken": "a token"},
            {"kind": "twilio", "accountSid": format!("AC{}", "0".repeat(32)), "authToken": "t", "from": "a",
             "messagingServiceSid": format!("MG{}", "0".repeat(32))},
            {"kind": "africastalking", "username": "u", "apiKey": "k", "from": " SHOP", "webhookSecret": "short",
             "allowLoopback": "yes"},
        ]);
        assert_eq!(
            wrong("SMS", &body),
            [
                "[0].apiKey",
                "[0].from",
                "[0].webhookSecret",
                "[0].baseUrl",
                "[1].accountSid",
                "[1].webhookSecret",
                "[1].apiKey",
                "[1].webhookPublicKey",
                "[1].baseUrl",
                "[2].accountSid",
                "[2].authToken",
                "[2].from",
                "[3].messagingServiceSid",
                "[4].from",
                "[4].webhookSecret",
                "[4].allowLoopback",
            ]
        );
    }
}
