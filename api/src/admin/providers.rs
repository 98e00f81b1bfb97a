//! `PUT` and `GET /admin/v1/tenants/{tenantId}/providers/{channel}`: the providers of a channel, the first one tried
//! first.
//!
//! Passwords come in here in clear, are sealed by the command and never shown again.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::{Extension, Json};
use orqestra_commands::{ListedProvider, ProviderInput};
use orqestra_dispatch::PrivateHosts;
use orqestra_domain::provider::{HttpConfig, ProviderConfig, ProviderEntry, TlsMode, TwilioSender};
use orqestra_domain::{ApiKeyKind, Channel};
use serde::Serialize;
use utoipa::ToSchema;

use super::provider_bodies::{LimitsView, NewProvider};
use super::provider_settings::{named, parse};
use super::tenant::known;
use crate::app::App;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::fields::{FieldError, Problems};
use crate::observe::Scope;
use crate::request::{Segments, from_operator, from_reading_operator, operators_context, to_the_end};

pub(crate) const PATH: &str = "/admin/v1/tenants/{tenantId}/providers/{channel}";

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
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each says whether something is kept that is not shown")]
pub(crate) struct ProviderView {
    /// `sandbox`, `smtp`, `resend`, `sendgrid`, `twilio` or `africastalking`, or a kind that only a newer program knows: this
    /// process leaves its channel to that one.
    kind: String,
    /// Names the entry in attempts; stays while kind, host, port and user name, or kind, base URL and account, stay.
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
    account_sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messaging_service_sid: Option<String>,
    /// Whether a key or token of an API is kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    key_set: bool,
    /// Whether a secret for callbacks is kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    webhook_secret_set: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_public_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_loopback: bool,
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
            limits: LimitsView::of(limits),
            ..Self::default()
        };
        match config {
            ProviderConfig::Sandbox | ProviderConfig::Unread(_) => bare,
            ProviderConfig::Smtp(smtp) => Self {
                host: Some(smtp.host.to_string()),
                port: Some(smtp.port),
                tls: Some(match smtp.tls {
                    TlsMode::None => "none",
                    TlsMode::Starttls => "starttls",
                    TlsMode::Tls => "tls",
                }),
                from: smtp.from.map(|from| from.as_str().to_owned()),
                username,
                password_set: smtp.password.is_some(),
                ..bare
            },
            ProviderConfig::Http(http) => bare.over_http(&http),
        }
    }

    /// The same with the settings of an account.
    fn over_http(self, http: &HttpConfig) -> Self {
        let endpoint = http.endpoint();
        let view = Self {
            key_set: true,
            webhook_secret_set: http.webhook_secret().is_some(),
            base_url: endpoint.base_url.as_ref().map(|url| url.as_str().to_owned()),
            allow_loopback: endpoint.allow_loopback,
            from: http.sender().map(|from| from.as_str().to_owned()),
            ..self
        };
        match http {
            HttpConfig::Resend(_) => view,
            HttpConfig::SendGrid(config) => {
                Self { webhook_public_key: config.webhook_public_key.clone(), ..view }
            }
            HttpConfig::Twilio(config) => {
                let (from, service) = match &config.sender {
                    TwilioSender::From(from) => (Some(from.clone()), None),
                    TwilioSender::MessagingService(sid) => (None, Some(sid.clone())),
                };
                let account_sid = Some(config.account_sid.clone());
                Self { account_sid, from, messaging_service_sid: service, ..view }
            }
            HttpConfig::AfricasTalking(config) => {
                Self { username: Some(config.username.clone()), from: config.from.clone(), ..view }
            }
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
    for entry in app.commands.directory().providers(&tenant, channel, ApiKeyKind::Live) {
        let username = app.commands.provider_username(tenant.id, entry).await?;
        providers.push(ProviderView::of(entry.clone(), username));
    }
    Ok(Json(ProviderList { channel, providers }))
}

/// Refuses hosts that the installation does not reach.
async fn reached(providers: &[ListedProvider], private: PrivateHosts) -> Result<(), ApiError> {
    let checked = providers.iter().enumerate().map(async |(at, listed)| match &listed.provider {
        ProviderInput::Sandbox => None,
        ProviderInput::Smtp(smtp) => {
            let refused = private.check(smtp.host.as_str(), smtp.port).await.err()?;
            Some(FieldError::new(format!("[{at}].host"), refused.to_string()))
        }
        ProviderInput::Http(http) => {
            let (host, port) = http.endpoint().base_url.as_ref()?.host_and_port()?;
            let refused = private.check(&host, port).await.err()?;
            Some(FieldError::new(format!("[{at}].baseUrl"), refused.to_string()))
        }
    });
    let wrong: Vec<_> = futures::future::join_all(checked).await.into_iter().flatten().collect();
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::Invalid(wrong)) }
}

fn username(listed: &ListedProvider) -> Option<String> {
    match &listed.provider {
        ProviderInput::Sandbox | ProviderInput::Http(_) => None,
        ProviderInput::Smtp(smtp) => smtp.username.clone(),
    }
}
