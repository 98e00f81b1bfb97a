//! `POST /callbacks/{provider}/{tenantId}`: what providers say later of the messages that they took.
//!
//! A callback is signed, so no key is asked for. It is tried against every entry of its kind, and against those that were
//! removed a while ago; a caller whose signature holds for none is told nothing. Answered is only what was recorded.

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::{Extension, Json};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use orqestra_commands::{Actor, Context};
use orqestra_dispatch::callback::{
    Callback, NotTaken, Receipt, Receipts, Rejected, Taken, Unverified, Verified, verify,
};
use orqestra_domain::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::body;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::observe::Scope;
use crate::request::{Segments, context, to_the_end};

pub(crate) const PATH: &str = "/callbacks/{provider}/{tenantId}";
pub(crate) const SECRET_PATH: &str = "/callbacks/{provider}/{tenantId}/{secret}";

/// Most bytes of a body: `SendGrid` puts many events into one.
const MAX_BYTES: usize = 1024 * 1024;
/// Receipts of one body that are recorded at one time.
const AT_ONCE: usize = 16;
/// The kinds that call back.
pub(crate) const KINDS: [&str; 4] = ["resend", "sendgrid", "twilio", "africastalking"];
/// Owns the bodies of callers that are not known yet, so that they take no tenant's room. It is no tenant's id.
const UNKNOWN: TenantId = TenantId::API_KEYS;

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Called {
    /// Always true.
    success: bool,
}

/// A provider's own call.
struct Call {
    kind: &'static str,
    tenant: Option<TenantId>,
    url: String,
    secret: Option<String>,
    headers: HeaderMap,
    body: bytes::Bytes,
}

/// Takes a provider's callback.
#[utoipa::path(
    post,
    path = "/callbacks/{provider}/{tenantId}",
    tag = "Callbacks",
    operation_id = "takeCallback",
    params(
        ("provider" = String, Path, description = "`resend`, `sendgrid` or `twilio`"),
        ("tenantId" = String, Path, description = "The tenant whose entry it is"),
    ),
    request_body(content = String, description = "As the provider signs it", content_type = "*/*"),
    responses(
        (status = 200, description = "It is recorded, says nothing new, or is of no message", body = Called),
        (status = 401, description = "No entry of the tenant has signed it", body = ErrorBody),
    ),
)]
pub(crate) async fn called(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((provider, tenant)): Segments<(String, String)>,
    request: Request,
) -> Result<Json<Called>, ApiError> {
    take(&app, &scope, (&provider, &tenant, None), request).await
}

/// Takes the callback of a provider that signs nothing.
#[utoipa::path(
    post,
    path = "/callbacks/{provider}/{tenantId}/{secret}",
    tag = "Callbacks",
    operation_id = "takeUnsignedCallback",
    params(
        ("provider" = String, Path, description = "`africastalking`"),
        ("tenantId" = String, Path, description = "The tenant whose entry it is"),
        ("secret" = String, Path, description = "The entry's `webhookSecret`"),
    ),
    request_body(content = String, description = "A form", content_type = "*/*"),
    responses(
        (status = 200, description = "It is recorded, says nothing new, or is of no message", body = Called),
        (status = 401, description = "No entry of the tenant has this secret", body = ErrorBody),
    ),
)]
pub(crate) async fn called_in_secret(
    State(app): State<App>,
    Extension(scope): Extension<Scope>,
    Segments((provider, tenant, secret)): Segments<(String, String, String)>,
    request: Request,
) -> Result<Json<Called>, ApiError> {
    take(&app, &scope, (&provider, &tenant, Some(secret)), request).await
}

async fn take(
    app: &App,
    scope: &Scope,
    (provider, tenant, secret): (&str, &str, Option<String>),
    request: Request,
) -> Result<Json<Called>, ApiError> {
    let kind = KINDS.into_iter().find(|kind| *kind == provider).ok_or(ApiError::InvalidCallback)?;
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(ApiError::PayloadTooLarge);
    }
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let url = format!("{}{path}", address(app, &parts.headers));
    let tenant: Option<TenantId> = tenant.parse().ok();
    let held = app.bodies().begin(Some(UNKNOWN))?;
    let body = body::read_up_to(MAX_BYTES, body, held, app.body_timeout).await?;
    let call = Call { kind, tenant, url, secret, headers: parts.headers, body };
    let (verified, receipts) = judge(app, scope, &call).await?;
    let (recorder, context) = (app.receipts.clone(), context(Actor::Engine("callbacks"), scope));
    let recorded = to_the_end(async move {
        let each = receipts.into_iter().map(|receipt| one(&recorder, verified, receipt, &context));
        stream::iter(each).buffer_unordered(AT_ONCE).try_collect::<()>().await
    });
    recorded.await??;
    Ok(Json(Called { success: true }))
}

/// The address of the installation as providers see it; the one that it is asked at, where none is known.
fn address(app: &App, headers: &HeaderMap) -> String {
    let host = || headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    app.public_url.as_ref().map_or_else(|| format!("https://{}", host()), ToString::to_string)
}

/// Verifies a call. None is rejected by what this process remembers alone.
async fn judge(app: &App, scope: &Scope, call: &Call) -> Result<(Verified, Vec<Receipt>), ApiError> {
    let directory = app.commands.directory();
    directory.fresh().await?;
    let judged = match by_what_is_known(app, scope, call).await {
        Err(ApiError::InvalidCallback) => {
            directory.catch_up_now().await?;
            by_what_is_known(app, scope, call).await
        }
        judged => judged,
    };
    if matches!(judged, Err(ApiError::InvalidCallback | ApiError::UnreadableCallback)) {
        metrics::counter!("orqestra_receipts_rejected_total", "provider" => call.kind).increment(1);
    }
    judged
}

async fn by_what_is_known(
    app: &App,
    scope: &Scope,
    call: &Call,
) -> Result<(Verified, Vec<Receipt>), ApiError> {
    let directory = app.commands.directory();
    let tenant = call.tenant.ok_or(ApiError::InvalidCallback)?;
    directory.readable(tenant)?;
    let entry = directory.tenant(tenant).ok_or(ApiError::InvalidCallback)?;
    let callback = Callback {
        url: &call.url,
        path_secret: call.secret.as_deref(),
        headers: &call.headers,
        body: &call.body,
        now: app.commands.now(),
    };
    let verified =
        verify(&app.commands, &entry, call.kind, &callback).await.map_err(|error| match error {
            Unverified::Rejected(Rejected::Unreadable) => ApiError::UnreadableCallback,
            Unverified::Rejected(Rejected::NoSecret | Rejected::WrongSignature | Rejected::OutOfTime) => {
                ApiError::InvalidCallback
            }
            Unverified::Unavailable(why) => ApiError::Unavailable(why.to_string()),
        })?;
    scope.is_for(tenant);
    Ok(verified)
}

/// Records one receipt. An error has the provider repeat the whole call, whose other receipts are then repeats.
async fn one(
    recorder: &Receipts,
    verified: Verified,
    receipt: Receipt,
    context: &Context,
) -> Result<(), ApiError> {
    let (notification, channel, says) = (receipt.notification, receipt.channel, receipt.says.as_str());
    let taken = recorder.record(verified, receipt, context).await.map_err(|error| match error {
        NotTaken::Command(error) => error.into(),
        NotTaken::Suppression(error) => error.into(),
        NotTaken::Waiting(error) => ApiError::Unavailable(error.to_string()),
    })?;
    let Verified { tenant, kind, .. } = verified;
    let notification = notification.as_ref().map(ToString::to_string).unwrap_or_default();
    let matched = match taken {
        Taken::Recorded => "recorded",
        Taken::Waits => "waits",
        Taken::Unmatched => "unmatched",
    };
    metrics::counter!("orqestra_receipts_total", "provider" => kind, "receipt" => says, "outcome" => matched)
        .increment(1);
    tracing::info!(tenant.id = %tenant, notification.id = notification, channel = %channel, provider = kind,
        receipt = says, outcome = matched, "a receipt came");
    Ok(())
}
