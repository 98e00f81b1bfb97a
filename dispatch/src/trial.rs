//! A test message: an operator sends one message by one entry of a tenant's list and gets the provider's own answer.
//!
//! It leaves only after the event `ProviderTestRequested` is stored, with the provider's permit in hand, so that its limits
//! hold. It passes by queue, retry, failover and breaker: the breaker neither keeps it back nor counts its outcome. The
//! sandbox keeps it sealed with the tenant's key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{
    CommandError, Commands, Context, DirectoryError, ProviderTestRequest, RenderedContent, Server,
    TenantEntry, TestAddress,
};
use orqestra_domain::evidence::EvidenceRefusal;
use orqestra_domain::notification::{FailureClass, FailureScope};
use orqestra_domain::{
    ApiKeyKind, Cause, Channel, DedupKey, DeliveryId, NotificationId, ProviderInstanceId, TenantId,
};
use tokio::time::{Instant, timeout};

use crate::provider::carriers::{Carrier, Carriers};
use crate::provider::{Message, NotTaken, Reach, Scope, SendError, Sent, kept};

/// How long a test waits for one of the provider's permits.
const PERMIT: Duration = Duration::from_secs(5);
/// How long a test message is of use.
const LIFETIME: Duration = Duration::from_mins(10);
const SUBJECT: &str = "Test message of Orqestra";
const TEXT: &str = "This is a test message of Orqestra. An operator sent it to see whether messages arrive.";

/// A test that an operator asks for.
#[derive(Clone, Debug)]
pub struct ProviderTest {
    /// The address, which tells the channel.
    pub to: TestAddress,
    /// The entry of the channel's list; the first one where absent.
    pub instance: Option<ProviderInstanceId>,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestOutcome {
    /// The provider took the message.
    Taken,
    /// It did not; another try may succeed.
    NotTaken,
    /// It takes nothing for a while.
    Throttled,
    /// It refused the message for good.
    Refused,
    /// The message may have left, and no answer tells whether it was taken.
    Unknown,
}

impl TestOutcome {
    /// The name on the wire and in lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::NotTaken => "not_taken",
            Self::Throttled => "throttled",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// The result of a test. The answer may name the recipient.
#[derive(Clone)]
pub struct Tested {
    /// The channel.
    pub channel: Channel,
    /// The kind of the provider.
    pub provider: &'static str,
    /// The provider's entry in the list.
    pub instance: ProviderInstanceId,
    /// The mail server, where the entry names one.
    pub server: Option<Server>,
    /// How it ended.
    pub outcome: TestOutcome,
    /// A stable code, where it was not taken.
    pub cause: Option<String>,
    /// The provider's own words.
    pub answer: Option<String>,
    /// The provider's id of the message.
    pub provider_message_id: Option<String>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// What a failure speaks of.
    pub scope: Option<FailureScope>,
    /// How long the call took.
    pub duration: Duration,
}

/// Prints outcome and cause alone.
impl fmt::Debug for Tested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tested({}, {}, {:?})", self.provider, self.outcome.as_str(), self.cause)
    }
}

/// Why no provider was called.
#[derive(Debug, thiserror::Error)]
pub enum NotTested {
    /// There is no such tenant.
    #[error("no such tenant")]
    UnknownTenant,
    /// The channel's list is empty.
    #[error("the channel has no provider")]
    NoProvider,
    /// The channel's list has no entry of this instance.
    #[error("the channel's list has no such entry")]
    UnknownInstance,
    /// The list has an entry that only a newer program can read, which the channel is left to.
    #[error("the channel has a provider that only a newer program knows")]
    Newer,
    /// Neither the entry nor the tenant names a mailbox to send from.
    #[error("there is no mailbox to send from")]
    NoSender,
    /// No permit of the provider was free in time.
    #[error("the provider is busy")]
    Busy,
    /// The tenant cannot be read.
    #[error(transparent)]
    Tenant(#[from] DirectoryError),
    /// The request could not be recorded, so nothing was sent.
    #[error(transparent)]
    NotRecorded(#[from] CommandError<EvidenceRefusal>),
}

/// Sends test messages by the providers of this process. Cheap to clone.
#[derive(Clone)]
pub struct ProviderTester {
    commands: Commands,
    carriers: Arc<Carriers>,
    provider_timeout: Duration,
}

impl ProviderTester {
    pub(crate) const fn new(commands: Commands, carriers: Arc<Carriers>, provider_timeout: Duration) -> Self {
        Self { commands, carriers, provider_timeout }
    }

    /// Sends one message and tells the provider's answer, whatever it is.
    ///
    /// # Errors
    /// See [`NotTested`]: no message has left.
    pub async fn send(
        &self,
        tenant: TenantId,
        test: ProviderTest,
        ctx: &Context,
    ) -> Result<Tested, NotTested> {
        let directory = self.commands.directory();
        directory.readable(tenant)?;
        let entry = directory.tenant(tenant).ok_or(NotTested::UnknownTenant)?;
        let carrier = self.carrier(&entry, &test)?;
        let permit = timeout(PERMIT, carrier.permit()).await.map_err(|_| NotTested::Busy)?;
        let (provider, instance) = (carrier.provider.name(), carrier.instance());
        let request = ProviderTestRequest { provider, instance, to: &test.to };
        let requested = self.commands.request_provider_test(&entry, request, ctx).await?;
        let at = self.commands.now();
        let message = Message {
            tenant,
            notification: NotificationId::from_uuid(requested.id.as_uuid()),
            delivery: DeliveryId::from_uuid(requested.id.as_uuid()),
            dedup_key: DedupKey::from_uuid(requested.id.as_uuid()),
            channel: test.to.channel(),
            to: test.to.as_str().to_owned(),
            content: content(test.to.channel()),
            event_id: None,
            sender: entry.record.sender_email.clone(),
            key: requested.key,
            accepted_at: at,
            expires_at: at.plus(LIFETIME),
            at,
        };
        let began = Instant::now();
        let calling = carrier.provider.send(&message);
        let sent = timeout(self.provider_timeout, calling).await;
        let sent = sent.unwrap_or_else(|_| Err(SendError::unknown(Cause::ProviderTimeout)));
        drop(permit);
        let tested = tested(&carrier, message.channel, sent, began.elapsed());
        tracing::info!(tenant.id = %tenant, channel = %tested.channel, provider, instance = %instance,
            actor = %ctx.actor, outcome = tested.outcome.as_str(), code = tested.cause.as_deref(),
            duration_ms = (tested.duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0,
            "an operator tested a provider");
        Ok(tested)
    }

    /// The carrier of the entry that is tested.
    fn carrier(&self, entry: &Arc<TenantEntry>, test: &ProviderTest) -> Result<Arc<Carrier>, NotTested> {
        let carried = self.carriers.of(entry, test.to.channel(), ApiKeyKind::Live);
        if carried.is_unread {
            return Err(NotTested::Newer);
        }
        let mut carriers = carried.carriers.iter();
        let carrier = match test.instance {
            None => carriers.next().ok_or(NotTested::NoProvider)?,
            Some(_) if carried.carriers.is_empty() => return Err(NotTested::NoProvider),
            Some(instance) => {
                carriers.find(|carrier| carrier.instance() == instance).ok_or(NotTested::UnknownInstance)?
            }
        };
        if !carrier.has_sender(entry.record.sender_email.as_ref()) {
            return Err(NotTested::NoSender);
        }
        Ok(Arc::clone(carrier))
    }
}

fn content(channel: Channel) -> RenderedContent {
    match channel {
        Channel::Email => RenderedContent {
            subject: Some(SUBJECT.to_owned()),
            title: None,
            body: format!("<p>{TEXT}</p>"),
            text: Some(TEXT.to_owned()),
        },
        Channel::Sms | Channel::Push => {
            RenderedContent { subject: None, title: None, body: TEXT.to_owned(), text: None }
        }
    }
}

fn tested(carrier: &Carrier, channel: Channel, sent: Result<Sent, SendError>, duration: Duration) -> Tested {
    let mut tested = Tested {
        channel,
        provider: carrier.provider.name(),
        instance: carrier.instance(),
        server: carrier.server(),
        outcome: TestOutcome::Taken,
        cause: None,
        answer: None,
        provider_message_id: None,
        retry_after: None,
        scope: None,
        duration,
    };
    let words = |answer: Option<String>| answer.map(|words| kept(&words).to_owned());
    match sent {
        Ok(Sent { provider_message_id, answer }) => {
            tested.provider_message_id = provider_message_id;
            tested.answer = words(answer);
        }
        Err(SendError::NotTaken(NotTaken { cause, retry_after, answer, scope })) => {
            let is_throttled = scope == Scope::Throttled;
            tested.outcome = if is_throttled { TestOutcome::Throttled } else { TestOutcome::NotTaken };
            tested.cause = Some(cause);
            tested.answer = words(answer);
            tested.retry_after = retry_after;
            tested.scope = Some(scope.into());
        }
        Err(SendError::Refused { cause, answer, reach }) => {
            tested.outcome = TestOutcome::Refused;
            tested.cause = Some(cause);
            tested.answer = words(answer);
            tested.scope = Some(match reach {
                Reach::Everywhere | Reach::OptedOut => FailureScope::Message,
                Reach::ThisProvider => FailureScope::Pairing,
            });
        }
        Err(SendError::Unknown { cause, .. }) => {
            tested.outcome = TestOutcome::Unknown;
            tested.cause = Some(cause);
        }
        Err(SendError::NotAsked { cause, class }) => {
            tested.outcome = match class {
                FailureClass::Retryable => TestOutcome::NotTaken,
                FailureClass::Permanent => TestOutcome::Refused,
            };
            tested.cause = Some(cause);
            tested.scope = Some(FailureScope::Message);
        }
    }
    tested
}
