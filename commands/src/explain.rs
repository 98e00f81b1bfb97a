//! `ExplainNotification`: the story of a notification with what is sealed in it, for an operator and on record.
//!
//! Opened first, recorded next, given last: a recipient that is forgotten in between is forgotten here, and what could
//! not be recorded is not given. The words of a provider are always among it; recipient and content where they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cqrs_es::Aggregate as _;
use orqestra_domain::evidence::{DataKind, EvidenceRefusal, ReadView};
use orqestra_domain::notification::{Accepted, Notification, NotificationEvent, Story};
use orqestra_domain::provider::{Host, ProviderConfig, ProviderEntry};
use orqestra_domain::tenant::{Tenant, TenantEvent};
use orqestra_domain::{
    AnyEvent, Channel, EventId, EvidenceId, NotificationId, ProviderInstanceId, ReceiptRef, Sealed, StreamId,
    TenantId,
};
use orqestra_vault::{DataKey, FieldContext, KeyError};
use serde::de::DeserializeOwned;

use crate::content::{
    RECIPIENT_FIELD, RecipientContact, RenderedContent, answer_field, content_field, receipt_field,
};
use crate::context::Context;
use crate::error::CommandError;
use crate::execute::Commands;
use crate::record_reading::{Person, Reading, Reason};
use crate::story::notification_event;

type Error = CommandError<EvidenceRefusal>;

/// How often it is opened anew because the recipient was forgotten meanwhile.
const TRIES: usize = 4;

/// What is to be opened beside the providers' words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reveal {
    /// The recipient's id and addresses.
    pub recipient: Show,
    /// What was rendered.
    pub content: Show,
}

/// Whether something is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// It stays sealed.
    #[default]
    No,
    /// It is opened.
    Yes,
}

/// Identifies a receipt among those of its notification.
pub type ReceiptKey = (Channel, ProviderInstanceId, ReceiptRef);

/// Something that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened<T> {
    /// What it says.
    Says(T),
    /// Its key was destroyed: the recipient was forgotten.
    Forgotten,
}

/// A notification explained.
#[derive(Clone)]
pub struct Explanation {
    /// Names the reading in the log.
    pub evidence: EvidenceId,
    /// The story.
    pub story: Story,
    /// What the provider said to each attempt, where it said something.
    pub answers: BTreeMap<(Channel, u32), Opened<String>>,
    /// The provider's words of each receipt that came with some.
    pub receipts: BTreeMap<ReceiptKey, Opened<String>>,
    /// The recipient, if asked for.
    pub recipient: Option<Opened<RecipientContact>>,
    /// What was rendered for each channel, if asked for.
    pub contents: BTreeMap<Channel, Opened<RenderedContent>>,
    /// The servers that its attempts went to.
    pub servers: Servers,
}

/// A mail server as its entry names it. Shown as `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: Host,
    port: u16,
}

/// The servers of provider entries.
pub type Servers = BTreeMap<ProviderInstanceId, Server>;

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.as_str().contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Server {
    /// Returns the server of an entry; `None` where the entry names no mail server.
    pub fn of(entry: &ProviderEntry) -> Option<Self> {
        match &entry.config {
            ProviderConfig::Sandbox | ProviderConfig::Http(_) | ProviderConfig::Unread(_) => None,
            ProviderConfig::Smtp(smtp) => Some(Self { host: smtp.host.clone(), port: smtp.port }),
        }
    }
}

/// A story with the providers' words as they were sealed.
struct Told {
    story: Story,
    words: Words,
}

/// The providers' words: to attempts, and with receipts.
#[derive(Default)]
struct Words {
    answers: BTreeMap<(Channel, u32), Sealed>,
    receipts: BTreeMap<ReceiptKey, Sealed>,
}

impl Words {
    fn note(&mut self, event: &NotificationEvent) {
        match event {
            NotificationEvent::AttemptSucceeded(sent) => {
                self.answers.extend(sent.answer.clone().map(|words| ((sent.channel, sent.attempt), words)));
            }
            NotificationEvent::AttemptFailed(failed) => {
                let words = failed.answer.clone();
                self.answers.extend(words.map(|words| ((failed.channel, failed.attempt), words)));
            }
            NotificationEvent::ReceiptRecorded(receipt) => {
                let key = (receipt.channel, receipt.instance, receipt.event_ref);
                self.receipts.extend(receipt.answer.clone().map(|words| (key, words)));
            }
            NotificationEvent::NotificationAccepted(_)
            | NotificationEvent::DeliveryRendered(_)
            | NotificationEvent::AttemptStarted(_)
            | NotificationEvent::AttemptOutcomeUnknown(_)
            | NotificationEvent::OutcomeResolved(_)
            | NotificationEvent::DeliveryHeld(_)
            | NotificationEvent::DeliveryRequeued(_)
            | NotificationEvent::DeliveryUnstuck(_)
            | NotificationEvent::DeliveryAbandoned(_)
            | NotificationEvent::DeliverySkipped(_)
            | NotificationEvent::NotificationRead(_) => {}
        }
    }
}

impl Commands {
    /// Explains a notification to an operator; `None` if no such event was accepted.
    ///
    /// # Errors
    /// The log's failure; then nothing is told.
    pub async fn explain(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        reveal: Reveal,
        reason: &Reason,
        ctx: &Context,
    ) -> Result<Option<Explanation>, Error> {
        let Some(Told { story, words }) = self.told(tenant, notification).await? else { return Ok(None) };
        let servers = self.servers(tenant, &story).await?;
        for _ in 0..TRIES {
            let key = match self.vault().key(story.accepted.recipient.key_id).await {
                Ok(key) => Some(key),
                Err(KeyError::Gone) => None,
                Err(error) => return Err(error.into()),
            };
            let opener = Opener { commands: self, tenant, notification, key: key.as_ref() };
            let answers =
                opener.words(&words.answers, |(channel, attempt)| answer_field(*channel, *attempt))?;
            let receipts = opener.words(&words.receipts, |(channel, _, of)| receipt_field(*channel, *of))?;
            let recipient = match reveal.recipient {
                Show::No => None,
                Show::Yes => Some(opener.recipient(&story.accepted)?),
            };
            let contents = match reveal.content {
                Show::No => BTreeMap::new(),
                Show::Yes => opener.contents(&story)?,
            };
            let mut opened = Vec::new();
            let said = |opened: bool, kind| opened.then_some(kind);
            let mut words = answers.values().chain(receipts.values());
            opened.extend(said(words.any(Opened::is_open), DataKind::Answers));
            opened.extend(said(recipient.as_ref().is_some_and(Opened::is_open), DataKind::Recipient));
            opened.extend(said(recipient.as_ref().is_some_and(Opened::is_open), DataKind::EventId));
            opened.extend(said(contents.values().any(Opened::is_open), DataKind::Content));
            let reading = Reading {
                view: ReadView::Explanation,
                notifications: vec![notification],
                opened,
                reason: Some(reason),
                of: Some(Person { recipient: story.accepted.recipient_ref, key: key.as_ref() }),
            };
            match self.record_reading(tenant, reading, ctx).await {
                Ok(evidence) => {
                    let explanation =
                        Explanation { evidence, story, answers, receipts, recipient, contents, servers };
                    return Ok(Some(explanation));
                }
                Err(CommandError::RecipientForgotten) => {
                    self.vault().forget_recipient(tenant, story.accepted.recipient_ref);
                }
                Err(error) => return Err(error),
            }
        }
        Err(CommandError::Contended)
    }

    /// The servers that a story's attempts went to, by today's providers and by those of before.
    ///
    /// # Errors
    /// The log's failure.
    pub async fn servers<R: std::error::Error>(
        &self,
        tenant: TenantId,
        story: &Story,
    ) -> Result<Servers, CommandError<R>> {
        let attempts = story.deliveries.values().flat_map(|delivery| &delivery.attempts);
        let asked: BTreeSet<_> = attempts
            .filter(|attempt| attempt.provider == SMTP)
            .filter_map(|attempt| attempt.instance)
            .collect();
        let mut servers = Servers::new();
        let named = |entry: &ProviderEntry| Some((entry.instance, Server::of(entry)?));
        if let Some(entry) = self.directory().tenant(tenant) {
            servers.extend(entry.record.providers.values().flatten().filter_map(named));
        }
        if asked.iter().any(|instance| !servers.contains_key(instance)) {
            for event in self.log().load(Tenant::TYPE, &StreamId::tenant(tenant)).await? {
                // What cannot be read names no server that could be told.
                if let Ok(AnyEvent::Tenant(TenantEvent::ProvidersSet(set))) = event.event() {
                    servers.extend(set.providers.iter().filter_map(named));
                }
            }
        }
        servers.retain(|instance, _| asked.contains(instance));
        Ok(servers)
    }

    /// The caller's id of an event, opened for an operator and on record; `None` once the recipient was forgotten.
    ///
    /// # Errors
    /// The log's failure; then nothing is told.
    pub async fn read_event_id(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        accepted: &Accepted,
        ctx: &Context,
    ) -> Result<Option<EventId>, Error> {
        let key = match self.vault().key(accepted.recipient.key_id).await {
            Ok(key) => key,
            Err(KeyError::Gone) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let opener = Opener { commands: self, tenant, notification, key: Some(&key) };
        let Opened::Says(contact) = opener.recipient(accepted)? else { return Ok(None) };
        let reading = Reading {
            view: ReadView::Event,
            notifications: vec![notification],
            opened: vec![DataKind::EventId],
            reason: None,
            of: Some(Person { recipient: accepted.recipient_ref, key: Some(&key) }),
        };
        match self.record_reading(tenant, reading, ctx).await {
            Ok(_) => Ok(contact.event_id),
            Err(CommandError::RecipientForgotten) => {
                self.vault().forget_recipient(tenant, accepted.recipient_ref);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn told(&self, tenant: TenantId, notification: NotificationId) -> Result<Option<Told>, Error> {
        let stream = StreamId::notification(tenant, notification);
        let mut state = Notification::default();
        let mut words = Words::default();
        for event in self.log().load(Notification::TYPE, &stream).await? {
            let event = notification_event(&event)?;
            words.note(event);
            state = state.evolve(event);
        }
        Ok(state.story().cloned().map(|story| Told { story, words }))
    }
}

/// The kind of provider that has a server.
const SMTP: &str = "smtp";

/// Opens the fields of one notification with its recipient's key, where that is still there.
struct Opener<'a> {
    commands: &'a Commands,
    tenant: TenantId,
    notification: NotificationId,
    key: Option<&'a DataKey>,
}

impl Opener<'_> {
    fn open(&self, field: &str, sealed: &Sealed) -> Result<Opened<Vec<u8>>, Error> {
        let Some(key) = self.key else { return Ok(Opened::Forgotten) };
        let stream = StreamId::notification(self.tenant, self.notification);
        let place = FieldContext { tenant: self.tenant, aggregate_id: stream.as_str(), field };
        let opened = self.commands.vault().open(key, &place, sealed);
        opened.map(Opened::Says).map_err(|error| CommandError::Corrupt(format!("{field}: {error}")))
    }

    fn read<T: DeserializeOwned>(&self, field: &str, sealed: &Sealed) -> Result<Opened<T>, Error> {
        match self.open(field, sealed)? {
            Opened::Forgotten => Ok(Opened::Forgotten),
            Opened::Says(plain) => serde_json::from_slice(&plain)
                .map(Opened::Says)
                .map_err(|_| CommandError::Corrupt(format!("{field} is not as it was sealed"))),
        }
    }

    fn words<K: Copy + Ord>(
        &self,
        sealed: &BTreeMap<K, Sealed>,
        field: impl Fn(&K) -> String,
    ) -> Result<BTreeMap<K, Opened<String>>, Error> {
        let opened = sealed.iter().map(|(key, sealed)| {
            let words = match self.open(&field(key), sealed)? {
                Opened::Says(words) => Opened::Says(String::from_utf8_lossy(&words).into_owned()),
                Opened::Forgotten => Opened::Forgotten,
            };
            Ok((*key, words))
        });
        opened.collect()
    }

    fn recipient(&self, accepted: &Accepted) -> Result<Opened<RecipientContact>, Error> {
        let mut contact = self.read::<RecipientContact>(RECIPIENT_FIELD, &accepted.recipient)?;
        if let Opened::Says(contact) = &mut contact {
            contact.event_id = contact.event_id.take().or_else(|| accepted.event_id.clone());
        }
        Ok(contact)
    }

    fn contents(&self, story: &Story) -> Result<BTreeMap<Channel, Opened<RenderedContent>>, Error> {
        let rendered = story
            .deliveries
            .iter()
            .filter_map(|(channel, delivery)| Some((*channel, delivery.content.as_ref()?)));
        rendered.map(|(channel, sealed)| Ok((channel, self.read(content_field(channel), sealed)?))).collect()
    }
}

impl<T> Opened<T> {
    /// Whether it could be opened.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Says(_))
    }
}
