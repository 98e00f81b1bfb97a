//! The providers of a request's list as the description shows them.

use orqestra_domain::provider::ProviderLimits;
use serde::Serialize;
use utoipa::ToSchema;

/// One provider of the request.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the body, which is taken field by field")]
pub(crate) enum NewProvider {
    /// Keeps messages and shows them.
    Sandbox(NewSandboxProvider),
    /// Hands messages to a server.
    Smtp(NewSmtpProvider),
    /// Hands emails to Resend or SendGrid.
    Email(NewEmailProvider),
    /// Hands SMS to Twilio.
    Twilio(NewTwilioProvider),
    /// Hands SMS to Africa's Talking.
    AfricasTalking(NewAfricasTalkingProvider),
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

/// An account at Resend or SendGrid.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewEmailProvider {
    /// `resend` or `sendgrid`.
    #[schema(example = "resend")]
    kind: String,
    /// The key of its API.
    api_key: String,
    /// The mailbox that emails come from; the tenant's `senderEmail` if omitted.
    #[schema(example = "Shop <shop@example.org>")]
    from: Option<String>,
    /// Of `resend`: the secret that its callbacks are signed by, `whsec_` and base64.
    webhook_secret: Option<String>,
    /// Of `sendgrid`: the public key that its callbacks are verified by, in base64.
    webhook_public_key: Option<String>,
    /// Where its API is, `https` without user, query and fragment; the provider's own if omitted.
    #[schema(example = "https://api.eu.sendgrid.com")]
    base_url: Option<String>,
    /// Whether `baseUrl` may be on this machine, for tests; the installation must allow it too.
    allow_loopback: Option<bool>,
    /// How much it is given at most.
    limits: Option<LimitsView>,
}

/// An account at Twilio.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTwilioProvider {
    /// Always `twilio`.
    #[schema(example = "twilio")]
    kind: String,
    /// The account's id, `AC` and 32 hexadecimal digits.
    account_sid: String,
    /// Its token.
    auth_token: String,
    /// The number, short code or name that messages come from; this or `messagingServiceSid`.
    #[schema(example = "+15005550006")]
    from: Option<String>,
    /// The messaging service that they come from, `MG` and 32 hexadecimal digits.
    messaging_service_sid: Option<String>,
    /// Where its API is, `https` without user, query and fragment; the provider's own if omitted.
    base_url: Option<String>,
    /// Whether `baseUrl` may be on this machine, for tests; the installation must allow it too.
    allow_loopback: Option<bool>,
    /// How much it is given at most.
    limits: Option<LimitsView>,
}

/// An account at Africa's Talking.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewAfricasTalkingProvider {
    /// Always `africastalking`.
    #[schema(example = "africastalking")]
    kind: String,
    /// The user name of the application; `sandbox` is its sandbox.
    username: String,
    /// The key of its API.
    api_key: String,
    /// The short code or name that messages come from; the account's own if omitted.
    from: Option<String>,
    /// The secret part of the path that its callbacks come to.
    webhook_secret: Option<String>,
    /// Where its API is, `https` without user, query and fragment; the provider's own if omitted.
    base_url: Option<String>,
    /// Whether `baseUrl` may be on this machine, for tests; the installation must allow it too.
    allow_loopback: Option<bool>,
    /// How much it is given at most.
    limits: Option<LimitsView>,
}

/// How much a provider is given at most, by all processes together.
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
    pub(super) fn of(limits: ProviderLimits) -> Option<Self> {
        let view = Self { per_second: limits.per_second(), concurrency: limits.concurrency() };
        (!limits.is_none()).then_some(view)
    }
}
