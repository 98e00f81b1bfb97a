//! Centrifugo's client protocol, its JSON form: what a client says and what it is told.
//!
//! A text message holds any number of commands, one a line; every command with an id gets one reply with that id. What
//! a client may say beyond what is here is known by name and refused with a code of Centrifugo's. Source: Centrifugo's
//! `client_protocol` page and the official clients.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::publication::Publication;

/// A command and the id that its reply carries.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) id: u32,
    pub(crate) method: Method,
}

/// What a client wants.
#[derive(Debug)]
pub(crate) enum Method {
    /// An answer to a ping.
    Pong,
    Connect(Connect),
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    Refresh(Refresh),
    /// Wants no answer, and nobody listens.
    Send,
    /// Known to the protocol, not done here.
    NotAvailable,
    /// Only backends publish.
    NotPermitted,
    /// Nothing that the protocol knows.
    Unknown,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Connect {
    #[serde(default)]
    pub(crate) token: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Subscribe {
    pub(crate) channel: String,
    #[serde(default)]
    pub(crate) recover: bool,
    #[serde(default)]
    pub(crate) offset: u64,
    #[serde(default)]
    pub(crate) epoch: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Unsubscribe {
    pub(crate) channel: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Refresh {
    #[serde(default)]
    pub(crate) token: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    id: u32,
    connect: Option<Connect>,
    subscribe: Option<Subscribe>,
    unsubscribe: Option<Unsubscribe>,
    refresh: Option<Refresh>,
    send: Option<IgnoredAny>,
    publish: Option<IgnoredAny>,
    presence: Option<IgnoredAny>,
    presence_stats: Option<IgnoredAny>,
    history: Option<IgnoredAny>,
    ping: Option<IgnoredAny>,
    rpc: Option<IgnoredAny>,
    sub_refresh: Option<IgnoredAny>,
}

impl Command {
    /// Reads one line.
    pub(crate) fn read(line: &str) -> Result<Self, serde_json::Error> {
        let line: Line = serde_json::from_str(line)?;
        let elsewhere = [line.presence, line.presence_stats, line.history, line.rpc, line.sub_refresh];
        let method = if let Some(connect) = line.connect {
            Method::Connect(connect)
        } else if let Some(subscribe) = line.subscribe {
            Method::Subscribe(subscribe)
        } else if let Some(unsubscribe) = line.unsubscribe {
            Method::Unsubscribe(unsubscribe)
        } else if let Some(refresh) = line.refresh {
            Method::Refresh(refresh)
        } else if line.send.is_some() {
            Method::Send
        } else if line.publish.is_some() {
            Method::NotPermitted
        } else if elsewhere.iter().any(Option::is_some) {
            Method::NotAvailable
        } else if line.id == 0 || line.ping.is_some() {
            Method::Pong
        } else {
            Method::Unknown
        };
        Ok(Self { id: line.id, method })
    }
}

/// The lines of a message.
pub(crate) fn lines(message: &str) -> impl Iterator<Item = &str> {
    message.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// What a command is answered with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer<'a> {
    Connect(Connected<'a>),
    Subscribe(Box<Subscribed>),
    Unsubscribe(Done),
    Refresh(Connected<'a>),
    Error(ErrorCode),
}

/// Nothing more to say.
#[derive(Debug, Serialize)]
pub(crate) struct Done {}

#[derive(Debug, Serialize)]
pub(crate) struct Connected<'a> {
    pub(crate) client: &'a str,
    pub(crate) version: &'a str,
    pub(crate) expires: bool,
    /// Seconds.
    pub(crate) ttl: u64,
    /// Seconds; left out in the answer to a refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ping: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pong: Option<bool>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Subscribed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recoverable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) positioned: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) was_recovering: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recovered: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) publications: Vec<Publication>,
}

/// A refusal that leaves the connection standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ErrorCode {
    pub(crate) code: u32,
    pub(crate) message: &'static str,
    /// Whether the same command may succeed later.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) temporary: bool,
}

impl ErrorCode {
    const fn new(code: u32, message: &'static str) -> Self {
        Self { code, message, temporary: false }
    }

    pub(crate) const INTERNAL: Self = Self { code: 100, message: "internal server error", temporary: true };
    pub(crate) const PERMISSION_DENIED: Self = Self::new(103, "permission denied");
    pub(crate) const METHOD_NOT_FOUND: Self = Self::new(104, "method not found");
    pub(crate) const ALREADY_SUBSCRIBED: Self = Self::new(105, "already subscribed");
    pub(crate) const LIMIT_EXCEEDED: Self = Self::new(106, "limit exceeded");
    pub(crate) const BAD_REQUEST: Self = Self::new(107, "bad request");
    pub(crate) const NOT_AVAILABLE: Self = Self::new(108, "not available");
    pub(crate) const TOKEN_EXPIRED: Self = Self::new(109, "token expired");
}

/// Why a connection ends. Official clients come back after a code below 3500, and not after one from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disconnect {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

impl Disconnect {
    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }

    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::SHUTDOWN,
        Self::EXPIRED,
        Self::SLOW,
        Self::NO_PONG,
        Self::TOO_MANY,
        Self::INVALID_TOKEN,
        Self::BAD_REQUEST,
        Self::STALE,
        Self::CONNECTION_LIMIT,
        Self::PERMISSION_DENIED,
    ];

    pub(crate) const SHUTDOWN: Self = Self::new(3001, "shutdown");
    pub(crate) const EXPIRED: Self = Self::new(3005, "connection expired");
    /// What a client holds of its channels' numbers is good no more: it subscribes anew.
    pub(crate) const INSUFFICIENT_STATE: Self = Self::new(3010, "insufficient state");
    pub(crate) const SLOW: Self = Self::new(3008, "slow");
    pub(crate) const NO_PONG: Self = Self::new(3012, "no pong");
    pub(crate) const TOO_MANY: Self = Self::new(3013, "too many requests");
    pub(crate) const INVALID_TOKEN: Self = Self::new(3500, "invalid token");
    pub(crate) const BAD_REQUEST: Self = Self::new(3501, "bad request");
    pub(crate) const STALE: Self = Self::new(3502, "stale");
    pub(crate) const CONNECTION_LIMIT: Self = Self::new(3504, "connection limit");
    pub(crate) const PERMISSION_DENIED: Self = Self::new(3507, "permission denied");
}

#[derive(Serialize)]
struct Reply<'a> {
    id: u32,
    #[serde(flatten)]
    answer: Answer<'a>,
}

/// The line of a reply.
pub(crate) fn reply(id: u32, answer: Answer<'_>) -> String {
    written(&Reply { id, answer })
}

/// The line of a publication on a channel.
pub(crate) fn push(channel: &str, publication: &Publication) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        push: Push<'a>,
    }
    #[derive(Serialize)]
    struct Push<'a> {
        channel: &'a str,
        #[serde(rename = "pub")]
        publication: &'a Publication,
    }
    written(&Line { push: Push { channel, publication } })
}

/// What the server says to hear a [`Method::Pong`].
pub(crate) const PING: &str = "{}";

fn written(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("texts and numbers are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(line: &str) -> Method {
        Command::read(line).unwrap().method
    }

    #[test]
    fn what_the_official_clients_say_is_understood() {
        let connect = Command::read(r#"{"id":1,"connect":{"token":"t","name":"js"}}"#).unwrap();
        assert!(connect.id == 1 && matches!(connect.method, Method::Connect(c) if c.token == "t"));
        assert!(matches!(method(r#"{"connect":{},"id":1}"#), Method::Connect(c) if c.token.is_empty()));
        let subscribe =
            r#"{"id":2,"subscribe":{"channel":"orders#u","recover":true,"epoch":"e","offset":7,"flag":1}}"#;
        assert!(
            matches!(method(subscribe), Method::Subscribe(s) if s.recover && s.offset == 7 && s.epoch == "e")
        );
        assert!(matches!(method(r#"{"id":3,"unsubscribe":{"channel":"a"}}"#), Method::Unsubscribe(_)));
        assert!(matches!(method(r#"{"id":4,"refresh":{"token":"t"}}"#), Method::Refresh(_)));
        assert!(matches!(method("{}"), Method::Pong));
        assert!(matches!(method(r#"{"send":{"data":1}}"#), Method::Send));
        assert!(matches!(method(r#"{"id":5,"publish":{"channel":"a","data":1}}"#), Method::NotPermitted));
        for other in ["presence", "presence_stats", "history", "rpc", "sub_refresh"] {
            assert!(
                matches!(method(&format!(r#"{{"id":6,"{other}":{{}}}}"#)), Method::NotAvailable),
                "{other}"
            );
        }
        assert!(matches!(method(r#"{"id":7,"dance":{}}"#), Method::Unknown));
    }

    #[test]
    fn what_is_no_command_is_an_error() {
        for line in ["", "[", "1", "{\"id\":-1}", r#"{"id":1,"subscribe":{}}"#, r#"{"id":1,"connect":7}"#] {
            assert!(Command::read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_message_holds_a_command_a_line() {
        assert_eq!(lines("{\"a\":1}\n\n {} \n").collect::<Vec<_>>(), ["{\"a\":1}", "{}"]);
    }

    #[test]
    fn replies_and_pushes_have_the_form_that_the_official_clients_read() {
        let connected =
            Connected { client: "c", version: "v", expires: true, ttl: 60, ping: Some(25), pong: Some(true) };
        assert_eq!(
            reply(1, Answer::Connect(connected)),
            r#"{"id":1,"connect":{"client":"c","version":"v","expires":true,"ttl":60,"ping":25,"pong":true}}"#
        );
        assert_eq!(reply(2, Answer::Unsubscribe(Done {})), r#"{"id":2,"unsubscribe":{}}"#);
        assert_eq!(
            reply(3, Answer::Error(ErrorCode::TOKEN_EXPIRED)),
            r#"{"id":3,"error":{"code":109,"message":"token expired"}}"#
        );
        assert_eq!(
            reply(4, Answer::Error(ErrorCode::INTERNAL)),
            r#"{"id":4,"error":{"code":100,"message":"internal server error","temporary":true}}"#
        );
        assert_eq!(reply(5, Answer::Subscribe(Box::default())), r#"{"id":5,"subscribe":{}}"#);
        let data = serde_json::value::to_raw_value(&serde_json::json!({"title": "a\"b"})).unwrap();
        let publication = Publication { data: data.into(), offset: Some(9) };
        assert_eq!(
            push("orders#u", &publication),
            r#"{"push":{"channel":"orders#u","pub":{"data":{"title":"a\"b"},"offset":9}}}"#
        );
        let subscribed = Subscribed {
            recoverable: Some(true),
            positioned: Some(true),
            epoch: Some("e".to_owned()),
            offset: Some(9),
            was_recovering: Some(true),
            recovered: Some(true),
            publications: vec![publication],
        };
        let line = reply(6, Answer::Subscribe(Box::new(subscribed)));
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            told["subscribe"],
            serde_json::json!({
                "recoverable": true, "positioned": true, "epoch": "e", "offset": 9, "was_recovering": true,
                "recovered": true, "publications": [{"data": {"title": "a\"b"}, "offset": 9}],
            })
        );
    }
}
