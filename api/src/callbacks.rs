//! `POST /callbacks/{provider}/{tenantId}`: what providers say later of the messages that they took.
//!
//! Callbacks are signed, so they need no key. Each is tried against every entry of its kind, and against those that were
//! removed a while ago. A caller whose signature matches no entry gets no details. The answer follows the recording.

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use futures::{StreamExt as _, stream};
use orqestra_commands::{Actor, Context};
use orqestra_dispatch::callback::{
    Callback, NotTaken, Receipt, Receipts, Rejected, Taken, Unverified, Verified,
};
use orqestra_domain::TenantId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::body;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::observe::Scope;
use crate::request::{Segments, context, to_the_end};

pub(crate) const PATH: &str = "/callbacks/{provider}/{tenantId}";
pub(crate) const SECRET_PATH: &str = "/callbacks/{provider}/{tenantId}/{secret}";

/// Receipts of one body that are recorded at one time.
const AT_ONCE: usize = 16;
/// A kind that calls back.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The header of its signature; none where the path is the secret.
    signature: Option<&'static str>,
    /// Most bytes of a body.
    most: usize,
}

/// The kinds that call back. `SendGrid` puts many events into one body.
pub(crate) const KINDS: [Kind; 4] = [
    Kind { name: "resend", signature: Some("svix-signature"), most: 256 * 1024 },
    Kind { name: "sendgrid", signature: Some("x-twilio-email-event-webhook-signature"), most: 1024 * 1024 },
    Kind { name: "twilio", signature: Some("x-twilio-signature"), most: 64 * 1024 },
    Kind { name: "africastalking", signature: None, most: 64 * 1024 },
];

/// The answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Called {
    /// Always true.
    success: bool,
}

/// A body of any content type, byte for byte.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes the body, which is read as it comes")]
pub(crate) struct CallbackBody(Vec<u8>);

/// A provider's own call.
struct Call {
    kind: &'static str,
    tenant: TenantId,
    /// The address that it came to, where the installation's own is known.
    url: Option<String>,
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
    request_body(content = inline(CallbackBody), description = "As the provider signs it, in its own content type", content_type = "application/octet-stream"),
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
    request_body(content = inline(CallbackBody), description = "A form", content_type = "application/octet-stream"),
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
    let (parts, body) = request.into_parts();
    let kind = KINDS.iter().find(|kind| kind.name == provider).ok_or(ApiError::InvalidCallback)?;
    if body.size_hint().lower() > kind.most as u64 {
        return Err(ApiError::PayloadTooLarge);
    }
    let shows = match kind.signature {
        Some(signature) => parts.headers.contains_key(signature),
        None => secret.is_some(),
    };
    let tenant = tenant.parse().ok().filter(|_| shows).ok_or_else(|| rejected(kind.name))?;
    expected(app, tenant, kind.name).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let url = app.public_url.as_ref().map(|address| format!("{address}{path}"));
    let held = app.bodies().begin(Some(owner(tenant)))?;
    let (body, held) = body::read_up_to(kind.most, body, held, app.body_timeout).await?;
    let turn = app.callbacks().take(tenant).await?;
    let call = Call { kind: kind.name, tenant, url, secret, headers: parts.headers, body };
    let (verified, receipts) = judge(app, scope, &call).await?;
    let (recorder, context) = (app.receipts.clone(), context(Actor::Engine("callbacks"), scope));
    let recorded = to_the_end(async move {
        let _until_recorded = (held, turn);
        let each = receipts.into_iter().map(|receipt| one(&recorder, verified.clone(), receipt, &context));
        // One that cannot be recorded now keeps none of the others out.
        let all: Vec<_> = stream::iter(each).buffer_unordered(AT_ONCE).collect().await;
        all.into_iter().collect::<Result<(), ApiError>>()
    });
    recorded.await??;
    Ok(Json(Called { success: true }))
}

/// Rejects a call that no entry of the tenant can have signed, before its body is read.
async fn expected(app: &App, tenant: TenantId, kind: &'static str) -> Result<(), ApiError> {
    let directory = app.commands.directory();
    let calls_back = || {
        let entry = directory.tenant(tenant);
        entry.is_some_and(|entry| entry.record.calling_back(kind, app.commands.now()).next().is_some())
    };
    if !calls_back() {
        directory.catch_up_now().await?;
    }
    if calls_back() { Ok(()) } else { Err(rejected(kind)) }
}

/// Counts a call that no entry has signed.
fn rejected(kind: &'static str) -> ApiError {
    count_rejected(kind);
    ApiError::InvalidCallback
}

fn count_rejected(kind: &'static str) {
    metrics::counter!("orqestra_receipts_rejected_total", "provider" => kind).increment(1);
}

/// Owns the bodies of a tenant's callbacks, so that calls that are not verified yet take no room of the tenant itself.
fn owner(tenant: TenantId) -> TenantId {
    TenantId::from_uuid(Uuid::new_v5(&tenant.as_uuid(), b"callbacks"))
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
        count_rejected(call.kind);
    }
    judged
}

async fn by_what_is_known(
    app: &App,
    scope: &Scope,
    call: &Call,
) -> Result<(Verified, Vec<Receipt>), ApiError> {
    let directory = app.commands.directory();
    let tenant = call.tenant;
    directory.readable(tenant)?;
    let entry = directory.tenant(tenant).ok_or(ApiError::InvalidCallback)?;
    let callback = Callback {
        url: call.url.as_deref(),
        path_secret: call.secret.as_deref(),
        headers: &call.headers,
        body: &call.body,
        now: app.commands.now(),
    };
    let verified = app.receipts.verify(&entry, call.kind, &callback).await.map_err(|error| match error {
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
    let (tenant, kind) = (verified.tenant, verified.kind);
    let taken = recorder.record(verified, receipt, context).await.map_err(|error| match error {
        NotTaken::Command(error) => error.into(),
        NotTaken::Suppression(error) => error.into(),
        NotTaken::TooManyWait => ApiError::Unavailable("too many receipts of the tenant wait".to_owned()),
        NotTaken::Waiting(error) => ApiError::Unavailable(error.to_string()),
    })?;
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
