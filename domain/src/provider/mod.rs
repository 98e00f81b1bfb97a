//! Who carries a channel's messages, as a tenant configures it. Credentials are sealed.
//!
//! Each entry of a list has an instance id that stays with it while its identifying settings stay: attempts name it, and
//! the seals of its credentials are bound to it. An entry that only a newer program can read is kept as it is stored.

mod base_url;
mod host;
mod http;
mod limits;
mod sender;
mod smtp;
mod unread;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::base_url::{BaseUrl, InvalidBaseUrl, is_this_machine};
pub use self::host::{Host, InvalidHost};
pub use self::http::{
    AfricasTalkingConfig, Endpoint, HttpConfig, ResendConfig, SecretName, SendGridConfig, TwilioConfig,
    TwilioSender,
};
pub use self::limits::{InvalidProviderLimit, ProviderLimits};
pub use self::sender::Sender;
pub use self::smtp::{SmtpConfig, TlsMode, Username};
pub use self::unread::UnreadProvider;
use crate::channel::Channel;
use crate::id::ProviderInstanceId;
use crate::timestamp::Timestamp;

/// One entry of a channel's ordered list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    /// Names the entry for as long as its identifying settings stay.
    pub instance: ProviderInstanceId,
    /// How much it is given at most.
    #[serde(default, skip_serializing_if = "ProviderLimits::is_none")]
    pub limits: ProviderLimits,
    /// The provider's kind and settings.
    #[serde(flatten)]
    pub config: ProviderConfig,
}

impl ProviderEntry {
    /// The sandbox of the installation, which is one instance for all tenants and channels.
    pub const SANDBOX: Self =
        Self { instance: SANDBOX_INSTANCE, limits: ProviderLimits::NONE, config: ProviderConfig::Sandbox };
}

/// For how long a provider that is given the same delivery again does not send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dedup {
    /// Seconds from the attempt's claim; without limit where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

impl Dedup {
    /// Without limit.
    pub const FOR_EVER: Self = Self { seconds: None };

    /// Whether an attempt claimed at `started` still keeps a second one at `at` from being sent.
    pub fn covers(&self, started: Timestamp, at: Timestamp) -> bool {
        self.seconds.is_none_or(|seconds| at < started.plus(Duration::from_secs(seconds.into())))
    }
}

/// A provider's kind with its settings. Settings that do not read are no error: one channel of the tenant waits for a program
/// that knows them, and the tenant's other channels go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ProviderConfig {
    /// Keeps messages in this installation, to be looked at; sends nothing.
    Sandbox,
    /// An SMTP server.
    Smtp(SmtpConfig),
    /// A provider that is reached over HTTP.
    #[serde(untagged)]
    Http(HttpConfig),
    /// Of a kind, or with settings, that only a newer program can read. This program cannot send by it.
    #[serde(untagged)]
    Unread(UnreadProvider),
}

impl ProviderConfig {
    /// The name that attempts carry.
    pub fn name(&self) -> &str {
        match self {
            Self::Sandbox => SANDBOX,
            Self::Smtp(_) => SMTP,
            Self::Http(http) => http.name(),
            Self::Unread(unread) => unread.kind(),
        }
    }

    /// The mailbox that its emails come from, where the entry names one; nothing for a provider that needs none.
    pub fn mailbox(&self) -> Option<Option<&Sender>> {
        match self {
            Self::Sandbox | Self::Unread(_) => None,
            Self::Smtp(smtp) => Some(smtp.from.as_ref()),
            Self::Http(http) => (http.channel() == Channel::Email).then(|| http.sender()),
        }
    }
}

/// The names of all kinds that a tenant can configure.
pub const KINDS: [&str; 6] = [SANDBOX, SMTP, "resend", "sendgrid", "twilio", "africastalking"];
/// The provider name of SMTP servers.
pub const SMTP: &str = "smtp";
/// The provider name of the sandbox.
pub const SANDBOX: &str = "sandbox";
/// The provider name of the inbox itself: a push is delivered once it stands in the log.
pub const HUB: &str = "hub";
/// The instance of the sandbox: the installation has one, whose table keeps each delivery once.
pub const SANDBOX_INSTANCE: ProviderInstanceId =
    ProviderInstanceId::from_uuid(Uuid::from_u128(0x6f72_7165_7374_7261_8000_7361_6e64_626f));
/// The instance of the inbox itself.
pub const HUB_INSTANCE: ProviderInstanceId =
    ProviderInstanceId::from_uuid(Uuid::from_u128(0x6f72_7165_7374_7261_8000_0000_0068_7562));

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entry(settings: &Value) -> Value {
        let mut entry = json!({"instance": "00000000-0000-0000-0000-000000000019"});
        let fields = settings.as_object().unwrap().clone();
        entry.as_object_mut().unwrap().extend(fields);
        entry
    }

    #[test]
    fn the_list_of_kinds_has_every_kind_that_can_be_read() {
        // The error names each variant after the one that it was given. Kinds that are not reached over HTTP have a constant each.
        let error = serde_json::from_value::<HttpConfig>(json!({"kind": "none"})).unwrap_err().to_string();
        let over_http = error.split('`').skip(3).step_by(2);
        assert_eq!([SANDBOX, SMTP].into_iter().chain(over_http).collect::<Vec<_>>(), KINDS);
    }

    #[test]
    fn an_entry_that_only_a_newer_program_can_read_is_kept_as_it_is_stored() {
        let newer = [
            json!({"kind": "pigeon", "loft": {"name": "north", "birds": 18_446_744_073_709_551_615_u64}}),
            json!({"kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "quic"}),
            json!({"kind": "pigeon", "limits": {"perSecond": 5}}),
            json!({"birds": 7}),
        ];
        for settings in newer {
            let stored = entry(&settings);
            let read: ProviderEntry = serde_json::from_value(stored.clone()).unwrap();
            assert!(matches!(read.config, ProviderConfig::Unread(_)), "{settings}");
            assert_eq!(read.config.name(), settings["kind"].as_str().unwrap_or("unknown"));
            assert_eq!(serde_json::to_value(&read).unwrap(), stored);
        }
    }

    #[test]
    fn an_entry_over_http_is_read_and_one_with_settings_unknown_is_kept() {
        let sealed = json!({"keyId": "018f6b1e-0001-7a55-8b11-0c0d0e0f1011", "data": "AAAA"});
        let known = json!({"kind": "sendgrid", "apiKey": sealed, "limits": {"perSecond": 5}});
        let read: ProviderEntry = serde_json::from_value(entry(&known)).unwrap();
        assert!(matches!(&read.config, ProviderConfig::Http(http) if http.name() == "sendgrid"));
        assert_eq!(serde_json::to_value(&read).unwrap(), entry(&known));
        let newer = json!({"kind": "sendgrid", "token": sealed});
        let read: ProviderEntry = serde_json::from_value(entry(&newer)).unwrap();
        assert!(matches!(read.config, ProviderConfig::Unread(_)));
        assert_eq!(read.config.name(), "sendgrid");
        assert_eq!(serde_json::to_value(&read).unwrap(), entry(&newer));
    }

    #[test]
    fn an_entry_of_a_known_kind_is_read_with_its_limits() {
        let settings = json!({
            "kind": "smtp", "host": "127.0.0.1", "port": 25, "tls": "none",
            "limits": {"perSecond": 5, "concurrency": 2},
        });
        let read: ProviderEntry = serde_json::from_value(entry(&settings)).unwrap();
        assert!(matches!(read.config, ProviderConfig::Smtp(_)));
        assert_eq!((read.limits.per_second(), read.limits.concurrency()), (Some(5), Some(2)));
        assert_eq!(serde_json::to_value(&read).unwrap(), entry(&settings));
    }
}
