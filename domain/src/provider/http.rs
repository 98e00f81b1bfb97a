//! Providers that are reached over HTTP: a kind each, with the settings of its account.
//!
//! The settings are the same whether their secrets are in clear, as an operator gives them, or sealed, as they are stored:
//! `S` is the form of a secret. Stored settings are read whatever they are; input is checked by the caller's edge.

use serde::{Deserialize, Serialize};

use super::base_url::BaseUrl;
use super::sender::Sender;
use crate::channel::Channel;
use crate::sealed::Sealed;

/// A kind and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum HttpConfig<S = Sealed> {
    /// Email by Resend.
    Resend(ResendConfig<S>),
    /// Email by SendGrid.
    SendGrid(SendGridConfig<S>),
    /// SMS by Twilio.
    Twilio(TwilioConfig<S>),
    /// SMS by Africa's Talking.
    AfricasTalking(AfricasTalkingConfig<S>),
}

/// Where the API is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The provider's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<BaseUrl>,
    /// Whether it may be on this machine, for tests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_loopback: bool,
}

/// An account at Resend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResendConfig<S = Sealed> {
    /// The key of the API.
    pub api_key: S,
    /// The mailbox that emails come from; the tenant's sender address if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Sender>,
    /// Where the API is.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// The secret that its callbacks are signed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<S>,
}

/// An account at SendGrid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendGridConfig<S = Sealed> {
    /// The key of the API.
    pub api_key: S,
    /// The mailbox that emails come from; the tenant's sender address if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Sender>,
    /// Where the API is.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// The public key that its callbacks are verified by, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_public_key: Option<String>,
}

/// An account at Twilio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TwilioConfig<S = Sealed> {
    /// The account's id.
    pub account_sid: String,
    /// The account's token.
    pub auth_token: S,
    /// The sender of messages.
    #[serde(flatten)]
    pub sender: TwilioSender,
    /// Where the API is.
    #[serde(flatten)]
    pub endpoint: Endpoint,
}

/// The sender of messages at Twilio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TwilioSender {
    /// A number, a short code or a name.
    #[serde(rename = "from")]
    From(String),
    /// A messaging service, by its id.
    #[serde(rename = "messagingServiceSid")]
    MessagingService(String),
}

/// An account at Africa's Talking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AfricasTalkingConfig<S = Sealed> {
    /// The user name of the application; `sandbox` is its sandbox.
    pub username: String,
    /// The key of the API.
    pub api_key: S,
    /// The short code or name that messages come from; the account's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where the API is.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// The secret part of the path that its callbacks come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<S>,
}

/// A secret among the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// The key or token of the API.
    Key,
    /// What callbacks are verified by.
    Webhook,
}

impl SecretName {
    /// The name under which it is sealed.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Key => "provider.key",
            Self::Webhook => "provider.webhook",
        }
    }
}

impl<S> HttpConfig<S> {
    /// The name that attempts carry.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Resend(_) => "resend",
            Self::SendGrid(_) => "sendgrid",
            Self::Twilio(_) => "twilio",
            Self::AfricasTalking(_) => "africastalking",
        }
    }

    /// The channel that it carries.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Resend(_) | Self::SendGrid(_) => Channel::Email,
            Self::Twilio(_) | Self::AfricasTalking(_) => Channel::Sms,
        }
    }

    /// Where its API is.
    pub const fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Resend(config) => &config.endpoint,
            Self::SendGrid(config) => &config.endpoint,
            Self::Twilio(config) => &config.endpoint,
            Self::AfricasTalking(config) => &config.endpoint,
        }
    }

    /// The mailbox that its emails come from, if the entry names one.
    pub const fn sender(&self) -> Option<&Sender> {
        match self {
            Self::Resend(config) => config.from.as_ref(),
            Self::SendGrid(config) => config.from.as_ref(),
            Self::Twilio(_) | Self::AfricasTalking(_) => None,
        }
    }

    /// The account, where the settings name it beside its secret.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Resend(_) | Self::SendGrid(_) => None,
            Self::Twilio(config) => Some(&config.account_sid),
            Self::AfricasTalking(config) => Some(&config.username),
        }
    }

    /// The key or token of its API.
    pub const fn key(&self) -> &S {
        match self {
            Self::Resend(config) => &config.api_key,
            Self::SendGrid(config) => &config.api_key,
            Self::Twilio(config) => &config.auth_token,
            Self::AfricasTalking(config) => &config.api_key,
        }
    }

    /// What its callbacks are verified by, where that is a secret of its own.
    pub const fn webhook_secret(&self) -> Option<&S> {
        match self {
            Self::Resend(config) => config.webhook_secret.as_ref(),
            Self::AfricasTalking(config) => config.webhook_secret.as_ref(),
            Self::SendGrid(_) | Self::Twilio(_) => None,
        }
    }

    /// The same with its secrets in another form.
    pub fn map<T>(self, mut to: impl FnMut(SecretName, S) -> T) -> HttpConfig<T> {
        match self {
            Self::Resend(ResendConfig { api_key, from, endpoint, webhook_secret }) => {
                HttpConfig::Resend(ResendConfig {
                    api_key: to(SecretName::Key, api_key),
                    from,
                    endpoint,
                    webhook_secret: webhook_secret.map(|secret| to(SecretName::Webhook, secret)),
                })
            }
            Self::SendGrid(SendGridConfig { api_key, from, endpoint, webhook_public_key }) => {
                let api_key = to(SecretName::Key, api_key);
                HttpConfig::SendGrid(SendGridConfig { api_key, from, endpoint, webhook_public_key })
            }
            Self::Twilio(TwilioConfig { account_sid, auth_token, sender, endpoint }) => {
                let auth_token = to(SecretName::Key, auth_token);
                HttpConfig::Twilio(TwilioConfig { account_sid, auth_token, sender, endpoint })
            }
            Self::AfricasTalking(config) => {
                let AfricasTalkingConfig { username, api_key, from, endpoint, webhook_secret } = config;
                HttpConfig::AfricasTalking(AfricasTalkingConfig {
                    username,
                    api_key: to(SecretName::Key, api_key),
                    from,
                    endpoint,
                    webhook_secret: webhook_secret.map(|secret| to(SecretName::Webhook, secret)),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stored() -> [Value; 4] {
        [
            json!({"kind": "resend", "apiKey": "k", "from": "Shop <a@b.example>", "webhookSecret": "w",
                   "baseUrl": "http://127.0.0.1:1", "allowLoopback": true}),
            json!({"kind": "sendgrid", "apiKey": "k", "webhookPublicKey": "p"}),
            json!({"kind": "twilio", "accountSid": "AC1", "authToken": "k", "messagingServiceSid": "MG1"}),
            json!({"kind": "africastalking", "username": "u", "apiKey": "k", "from": "SHOP", "webhookSecret": "w"}),
        ]
    }

    #[test]
    fn each_kind_is_stored_under_its_name_and_read_again() {
        for stored in stored() {
            let read: HttpConfig<String> = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(read.name(), stored["kind"]);
            assert_eq!(read.key(), "k");
            assert_eq!(serde_json::to_value(&read).unwrap(), stored);
        }
        let twilio = json!({"kind": "twilio", "accountSid": "AC1", "authToken": "k"});
        assert!(serde_json::from_value::<HttpConfig<String>>(twilio).is_err(), "nobody to send from");
    }

    #[test]
    fn a_form_of_secrets_changes_the_secrets_alone() {
        for stored in stored() {
            let read: HttpConfig<String> = serde_json::from_value(stored.clone()).unwrap();
            let mut names = Vec::new();
            let mapped = read.map(|name, secret| {
                names.push(name);
                format!("sealed {secret}")
            });
            assert_eq!(mapped.key(), "sealed k");
            assert_eq!(names.contains(&SecretName::Webhook), mapped.webhook_secret().is_some());
            let back = mapped.map(|_, sealed| sealed.strip_prefix("sealed ").unwrap().to_owned());
            assert_eq!(serde_json::to_value(&back).unwrap(), stored);
        }
    }
}
