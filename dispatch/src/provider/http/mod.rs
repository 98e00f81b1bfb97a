//! Providers that are reached over HTTP: what each is asked and what its answers mean, around one call.
//!
//! | what happened | then |
//! |---|---|
//! | the stored key cannot be opened | not taken, the provider |
//! | no connection: name, address that is not allowed, refusal, TLS, time | not taken, the provider |
//! | the request may have left, and no whole head of an answer came | unknown |
//! | an answer | by the kind's own table, [`Api::says`] |
//!
//! To add a kind: a file here with an [`Api`], an arm in [`api_of`], its settings in the domain's `HttpConfig`, their fields
//! at the edge, and a test for each row of its table. Invariant: the bytes of a request depend on the delivery and on the
//! sender's mailbox alone, so that each attempt sends the same ones.

mod africastalking;
mod answer;
mod client;
mod mail;
mod resend;
mod sendgrid;
#[cfg(test)]
mod table;
mod twilio;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use orqestra_commands::open_text;
use orqestra_domain::provider::{Dedup, HttpConfig, SecretName};
use orqestra_domain::{Cause, ProviderInstanceId, Sealed, TenantId};
use orqestra_vault::Vault;
use tokio::time::{Instant, timeout_at};

use self::answer::Answer;
pub(crate) use self::client::HttpClient;
use self::client::{Auth, Body, Fault, Request};
use super::{Message, NotTaken, Provider, Reach, Scope, SendError, Sent};

/// Taken off the provider timeout, so that the call ends by its own word.
const MARGIN: Duration = Duration::from_millis(500);
/// Most characters of an answer that are kept as its words.
const MOST_WORDS: usize = 1_000;
/// Most characters of a provider's id of a message.
const MOST_OF_AN_ID: usize = 255;

/// What one kind of provider is asked, and what its answers mean.
trait Api: Send + Sync {
    /// The kind.
    fn name(&self) -> &'static str;

    /// Where its API is, unless the entry says otherwise.
    fn base_url(&self) -> &'static str;

    /// For how long it sends a delivery once; see [`Provider::dedup`].
    fn dedup(&self) -> Option<Dedup> {
        None
    }

    /// The request that hands a message over. An error: nothing can be asked for it.
    fn asks(&self, message: &Message) -> Result<Ask, SendError>;

    /// The meaning of an answer.
    fn says(&self, answer: &Answer) -> Said;
}

/// A request without its key.
struct Ask {
    /// What follows the base URL.
    path: String,
    /// How the key goes with it.
    auth: Auth,
    /// Other headers.
    headers: Vec<(&'static str, String)>,
    body: Body,
}

/// The meaning of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Says {
    /// It took the message, under this id.
    Taken(Option<String>),
    /// It did not.
    NotTaken(Scope),
    /// It never will.
    Refused(Reach),
    /// It cannot be told.
    Unknown,
    /// It has another message under this one's key, so that it cannot be told either; it would say so again.
    OtherUnderKey,
}

/// The meaning of an answer, and the provider's own code for it.
struct Said {
    says: Says,
    /// The answer's status stands in for it where the provider gives none.
    code: Option<Cause>,
}

impl From<Says> for Said {
    fn from(says: Says) -> Self {
        Self { says, code: None }
    }
}

impl Says {
    const fn coded(self, code: Cause) -> Said {
        Said { says: self, code: Some(code) }
    }

    /// What a status means where the provider's own words say no more.
    fn of_status(status: u16) -> Self {
        match status {
            // The request was done, and its answer is elsewhere.
            303 => Self::Unknown,
            // No redirect is followed.
            300..400 | 401 | 403 | 404 | 405 | 407 => Self::NotTaken(Scope::Provider),
            408 | 425 => Self::NotTaken(Scope::Message),
            429 => Self::NotTaken(Scope::Throttled),
            400..500 => Self::Refused(Reach::ThisProvider),
            // A server that fails may have taken the message before, and a gateway may have lost the answer of one that did.
            _ => Self::Unknown,
        }
    }
}

/// The address that a kind's callbacks come to for a tenant, where it is one that providers reach.
fn callbacks_of(public_url: Option<&str>, tenant: TenantId, config: &HttpConfig) -> Option<String> {
    let public = url::Url::parse(public_url?).ok()?;
    // Twilio takes no host with an underscore.
    let reached = public.scheme() == "https" && !public.host_str()?.contains('_');
    let reached = reached || config.endpoint().allow_loopback;
    let base = public_url?.trim_end_matches('/');
    reached.then(|| format!("{base}/callbacks/{}/{tenant}", config.name()))
}

/// Whether an account calls back with what became of a message, as far as its entry tells.
pub(crate) fn calls_back(public_url: Option<&str>, tenant: TenantId, config: &HttpConfig) -> bool {
    match config {
        HttpConfig::Resend(_) | HttpConfig::AfricasTalking(_) => config.webhook_secret().is_some(),
        HttpConfig::SendGrid(config) => config.webhook_public_key.is_some(),
        // It is told with each message where to call back to.
        HttpConfig::Twilio(_) => callbacks_of(public_url, tenant, config).is_some(),
    }
}

fn api_of(config: &HttpConfig, callbacks: Option<String>) -> Box<dyn Api> {
    match config {
        HttpConfig::Resend(config) => Box::new(resend::Resend { from: config.from.clone() }),
        HttpConfig::SendGrid(config) => Box::new(sendgrid::SendGrid { from: config.from.clone() }),
        HttpConfig::Twilio(config) => {
            let (account, sender) = (config.account_sid.clone(), config.sender.clone());
            Box::new(twilio::Twilio { account, sender, callbacks })
        }
        HttpConfig::AfricasTalking(config) => Box::new(africastalking::AfricasTalking {
            username: config.username.clone(),
            from: config.from.clone(),
        }),
    }
}

/// One entry's account at a provider.
pub(crate) struct HttpProvider {
    api: Box<dyn Api>,
    base_url: String,
    calls_back: bool,
    allow_loopback: bool,
    key: Sealed,
    tenant: TenantId,
    instance: ProviderInstanceId,
    vault: Vault,
    client: HttpClient,
    limits: HttpLimits,
}

/// What bounds an account's use, and where it calls back.
#[derive(Clone, Debug)]
pub(crate) struct HttpLimits {
    /// Most calls at one time.
    pub(crate) calls: usize,
    /// How long a call may take in all.
    pub(crate) whole_call: Duration,
    /// The address of the installation, where it is known.
    pub(crate) public_url: Option<Arc<str>>,
}

impl HttpProvider {
    /// An account as configured in the entry of that instance.
    pub(crate) fn new(
        tenant: TenantId,
        instance: ProviderInstanceId,
        config: &HttpConfig,
        vault: Vault,
        client: HttpClient,
        limits: HttpLimits,
    ) -> Self {
        let callbacks = callbacks_of(limits.public_url.as_deref(), tenant, config);
        let endpoint = config.endpoint();
        let (key, allow_loopback) = (config.key().clone(), endpoint.allow_loopback);
        let calls_back = calls_back(limits.public_url.as_deref(), tenant, config);
        let api = api_of(config, callbacks);
        let base_url = endpoint.base_url.as_ref().map_or(api.base_url(), |url| url.as_str()).to_owned();
        Self { api, base_url, calls_back, allow_loopback, key, tenant, instance, vault, client, limits }
    }

    async fn deliver(&self, message: &Message) -> Result<Sent, SendError> {
        let deadline = Instant::now() + self.limits.whole_call.saturating_sub(MARGIN);
        let Ask { path, auth, headers, body } = self.api.asks(message)?;
        let opened = timeout_at(deadline, self.opened_key()).await;
        let key = opened.unwrap_or_else(|_| Err(not_taken(Cause::HttpNoKey, None)))?;
        let request = Request { url: format!("{}{path}", self.base_url), auth, key, headers, body };
        let answer = self.client.call(request, self.allow_loopback, deadline).await.map_err(outcome_of)?;
        let now = u64::try_from(message.at.unix_micros())
            .map_or(SystemTime::UNIX_EPOCH, |micros| SystemTime::UNIX_EPOCH + Duration::from_micros(micros));
        let mut said = self.api.says(&answer);
        // Another provider may carry an address that this one cannot write.
        if said.says == Says::Refused(Reach::Everywhere) && !message.to.is_ascii() {
            said.says = Says::Refused(Reach::ThisProvider);
        }
        outcome(&answer, said, now)
    }

    async fn opened_key(&self) -> Result<String, SendError> {
        let field = SecretName::Key.field();
        let opened = open_text(&self.vault, self.tenant, self.instance, field, &self.key).await;
        opened.map_err(|error| {
            tracing::error!(tenant.id = %self.tenant, provider = self.api.name(), error = %error,
                "a provider's key cannot be opened");
            not_taken(Cause::HttpNoKey, None)
        })
    }
}

fn not_taken(cause: Cause, answer: Option<String>) -> SendError {
    SendError::NotTaken(NotTaken { cause: cause.into(), retry_after: None, answer, scope: Scope::Provider })
}

fn outcome_of(fault: Fault) -> SendError {
    let Fault { cause, may_have_left, words } = fault;
    if may_have_left { SendError::unknown(cause) } else { not_taken(cause, words) }
}

fn outcome(answer: &Answer, Said { says, code }: Said, now: SystemTime) -> Result<Sent, SendError> {
    let cause = code.unwrap_or(Cause::HttpStatus(answer.status.as_u16())).to_string();
    let words = Some(words(answer));
    match says {
        Says::Taken(id) => Ok(Sent { provider_message_id: id.filter(|id| is_plain(id)), answer: words }),
        Says::NotTaken(scope) => {
            let retry_after = answer.asks_to_wait(now);
            Err(SendError::NotTaken(NotTaken { cause, retry_after, answer: words, scope }))
        }
        Says::Refused(reach) => Err(SendError::Refused { cause, answer: words, reach }),
        Says::Unknown => Err(SendError::unknown(cause)),
        Says::OtherUnderKey => Err(SendError::Unknown { cause, says_the_same: true }),
    }
}

/// Whether an id may stand in the log as it is: a text from elsewhere may hold anything.
fn is_plain(id: &str) -> bool {
    (1..=MOST_OF_AN_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An answer in its own words.
fn words(answer: &Answer) -> String {
    let body = answer.text();
    let kept = body.trim().char_indices().nth(MOST_WORDS).map_or(body.trim(), |(end, _)| &body.trim()[..end]);
    format!("{} {kept}", answer.status.as_u16()).trim_end().to_owned()
}

impl Provider for HttpProvider {
    fn name(&self) -> &'static str {
        self.api.name()
    }

    fn concurrency(&self) -> usize {
        self.limits.calls
    }

    fn dedup(&self) -> Option<Dedup> {
        self.api.dedup()
    }

    fn calls_back(&self) -> bool {
        self.calls_back
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(self.deliver(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_alone_never_says_that_a_message_was_taken_and_is_unknown_where_it_may_have_been() {
        for status in 100..600 {
            let expected = match status {
                300..=302 | 304..=399 | 401 | 403..=405 | 407 => Says::NotTaken(Scope::Provider),
                408 | 425 => Says::NotTaken(Scope::Message),
                429 => Says::NotTaken(Scope::Throttled),
                303 | 100..300 | 500.. => Says::Unknown,
                _ => Says::Refused(Reach::ThisProvider),
            };
            assert_eq!(Says::of_status(status), expected, "{status}");
        }
    }

    #[test]
    fn callbacks_come_to_an_address_that_providers_reach_or_to_none() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
        let config = |loopback: bool| -> HttpConfig {
            let key = serde_json::json!({"keyId": "018f6b1e-0001-7a55-8b11-0c0d0e0f1011", "data": "AAAA"});
            serde_json::from_value(serde_json::json!({
                "kind": "twilio", "accountSid": "AC1", "authToken": key, "from": "1", "allowLoopback": loopback,
            }))
            .unwrap()
        };
        let path = "/callbacks/twilio/00000000-0000-0000-0000-000000000007";
        for (public, loopback, base) in [
            (None, true, None),
            (Some("https://n.example/"), false, Some("https://n.example")),
            (Some("https://n.example/notify"), false, Some("https://n.example/notify")),
            (Some("http://n.example"), false, None),
            (Some("https://n_1.example"), false, None),
            (Some("http://127.0.0.1:8080"), true, Some("http://127.0.0.1:8080")),
        ] {
            let expected = base.map(|base| format!("{base}{path}"));
            assert_eq!(callbacks_of(public, tenant, &config(loopback)), expected, "{public:?}");
        }
    }

    #[test]
    fn an_id_from_elsewhere_stands_in_the_log_only_as_plain_text() {
        for (id, plain) in
            [("49a3999c-0ce1", true), ("", false), ("a b", false), ("a\0", false), ("é", false)]
        {
            assert_eq!(is_plain(id), plain, "{id:?}");
        }
        assert!(is_plain(&"a".repeat(255)) && !is_plain(&"a".repeat(256)));
    }
}
