//! `TriggerNotification`: accept an event, once.
//!
//! Appended at version 0 without loading and without looking for a repeat; only when the log says that the event or
//! the key is known is the earlier one read, compared by fingerprint and its answer given again. Planned by the directory as
//! it is here; the log takes the plan only if the tenant and its templates are the same there.

mod shared_answer;

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::notification::{
    Accepted, Notification, NotificationCommand, NotificationEvent, NotificationRefusal, PlanInput,
    PlannedChannel, TriggerNotification, plan,
};
use orqestra_domain::text::TextError;
use orqestra_domain::{
    AddressRef, ApiKeyKind, Channel, EmailAddress, EventId, EventTypeName, ExpiresIn, Fingerprint,
    NotificationId, PhoneNumber, StreamId, TenantId, Timestamp, UserId,
};
use orqestra_event_log::{
    ConfigurationRead, FailPoint, HASHED_KEY, IdempotencyClaim, PlainKey, Position, Ticket,
};
use orqestra_vault::{FieldContext, IdempotencyRef};
use serde_json::Value;
use uuid::Uuid;

use crate::content::{RECIPIENT_FIELD, RecipientContact, VARIABLES_FIELD};
use crate::context::{Actor, Context};
use crate::directory::TenantEntry;
use crate::error::{CommandError, MismatchOf};
use crate::execute::{Commands, Loaded, NotRecorded};
use crate::fingerprint::fingerprint;
use crate::keys::SealingKey;
use crate::told::Beside;
use crate::trail::Trail;
use crate::variables::Variables;

pub use self::shared_answer::AnswerKeys;

/// How long an idempotency key stands.
const KEY_LIFETIME: Duration = Duration::from_hours(24);
/// How often sealing is done again because a key lost a race or died.
const TRIES: usize = 8;

type Error = CommandError<NotificationRefusal>;

/// The caller's idempotency key: 1 to 255 bytes without control characters. It may name a person, so its `Debug` form does
/// not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(EventId);

impl IdempotencyKey {
    /// Checks length and characters.
    ///
    /// # Errors
    /// Says which rule does not hold.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        EventId::parse(raw).map(Self)
    }

    /// The key as received.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}

/// Who is to be notified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientInput {
    /// The recipient's id in the tenant's system.
    pub user_id: UserId,
    /// Where email goes.
    pub email: Option<EmailAddress>,
    /// Where text messages go.
    pub phone: Option<PhoneNumber>,
}

/// A trigger, parsed and checked.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// What kind of event.
    pub event_type: EventTypeName,
    /// The caller's id of it; made if absent.
    pub event_id: Option<EventId>,
    /// Only these channels; all if absent.
    pub channels: Option<BTreeSet<Channel>>,
    /// Who.
    pub recipient: RecipientInput,
    /// The template variables.
    pub variables: Option<Variables>,
    /// How long after its acceptance it is of use on each channel; as the templates say if absent.
    pub expires_in: Option<ExpiresIn>,
    /// The caller's key.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The kind of the key that it came with.
    pub kind: ApiKeyKind,
    /// The whole parsed body, which a repeat must equal.
    pub body: Value,
}

impl Trigger {
    /// The notification that the caller's own event id names.
    fn names(&self, tenant: TenantId) -> Option<NotificationId> {
        self.event_id.as_ref().map(|event_id| NotificationId::of_event(tenant, event_id))
    }
}

/// What a trigger is answered, the first time and each time after.
#[derive(Clone, Debug)]
pub struct Triggered {
    /// The notification.
    pub notification: NotificationId,
    /// The caller's id of the event, or the one made for it; absent once the recipient was forgotten.
    pub event_id: Option<EventId>,
    /// What was accepted.
    pub accepted: Arc<Accepted>,
    /// Where it stands in the log; only for a new one.
    pub position: Option<Position>,
    /// Whether it was known before.
    pub replayed: bool,
}

/// A trigger, and what is compared and looked up for it.
struct Asked<'a> {
    tenant: &'a Arc<TenantEntry>,
    trigger: &'a Trigger,
    fingerprint: Fingerprint,
    /// The key as the log and the recent answers know it.
    key: Option<String>,
}

impl<'a> Asked<'a> {
    fn new(tenant: &'a Arc<TenantEntry>, trigger: &'a Trigger) -> Self {
        let key = trigger.idempotency_key.as_ref();
        Self {
            tenant,
            trigger,
            fingerprint: fingerprint(tenant, &trigger.body),
            key: key.map(|key| hashed_key(tenant.index.idempotency_ref(key.as_str()))),
        }
    }

    /// The key as a process of an earlier version stored it.
    fn plain_key(&self) -> Option<&str> {
        self.trigger.idempotency_key.as_ref().map(IdempotencyKey::as_str)
    }

    /// The claim of its key for a notification.
    fn claim(&self, notification: NotificationId, from: Timestamp) -> Option<IdempotencyClaim> {
        Some(IdempotencyClaim {
            tenant: self.tenant.id,
            key: self.key.clone()?,
            plain: self.plain_key().map(|key| PlainKey::new(key.to_owned())),
            notification,
            expires_at: from.plus(KEY_LIFETIME),
        })
    }

    /// The notification that the caller's own event id names.
    fn names(&self) -> Option<NotificationId> {
        self.trigger.names(self.tenant.id)
    }
}

/// An event that was accepted before.
struct Known {
    notification: NotificationId,
    accepted: Arc<Accepted>,
}

impl Commands {
    /// Accepts an event, or gives its first answer again.
    ///
    /// # Errors
    /// `IdempotencyMismatch` where the event id or key came with another body or another kind of key; `RightsChanged` where the
    /// tenant, the caller's key or the secret that signs was changed since the caller was let in; `TooLarge`; the log's failure.
    pub async fn trigger(
        &self,
        tenant: &Arc<TenantEntry>,
        trigger: impl Borrow<Trigger> + Send,
        ctx: &Context,
    ) -> Result<Triggered, Error> {
        let trigger: &Trigger = trigger.borrow();
        let asked = Asked::new(tenant, trigger);
        let accepted_at = self.now();
        if let Some(known) = self.known_hot(&asked, accepted_at) {
            return self.answer_again(&asked, known).await;
        }
        let _caller = self.log().caller();
        FailPoint::TriggerBeforeAppend.hit();
        let event_id = match &trigger.event_id {
            Some(id) => id.clone(),
            None => {
                EventId::parse(&self.ids().uuid_v7(accepted_at).to_string()).expect("a UUID is an event id")
            }
        };
        let notification = NotificationId::of_event(tenant.id, &event_id);
        let stream = StreamId::notification(tenant.id, notification);
        let claim = asked.claim(notification, accepted_at);
        let recipient = tenant.index.recipient_ref(&trigger.recipient.user_id);
        let mut tenant = Arc::clone(tenant);
        for _ in 0..TRIES {
            // Before what is read by it, which may be newer and never older.
            let up_to = self.directory().position();
            tenant = self.of_the_same_rights(&tenant, ctx).await?;
            let draft = Draft {
                tenant: &tenant,
                trigger,
                event_id: event_id.clone(),
                notification,
                fingerprint: asked.fingerprint,
                accepted_at,
            };
            let sealing = self.recipient_key(tenant.id, recipient, accepted_at);
            let accepted = self.accepted(&draft, &stream, &sealing)?;
            let key = sealing.key.clone();
            let command = NotificationCommand::Trigger(TriggerNotification { accepted: Arc::new(accepted) });
            let ticket = Ticket {
                idempotency_key: claim.clone(),
                used_keys: sealing.relied_on(),
                new_keys: sealing.new.into_iter().collect(),
                configuration: Some(ConfigurationRead { tenant: tenant.id, up_to }),
                ..Ticket::default()
            };
            let causes = |_: &[NotificationEvent], ids: &[Uuid]| vec![None; ids.len()];
            let beside = Beside { ctx, trace: None, recipient: Some(&recipient), causes: &causes };
            let tried = self.attempt(&stream, Notification::default(), 0, command, ticket, &beside).await?;
            match tried {
                Ok(committed) => {
                    FailPoint::TriggerAfterAppend.hit();
                    self.vault().remember(&key);
                    let story = committed.aggregate.story().expect("accepted just now");
                    let answer = Triggered {
                        notification,
                        event_id: Some(event_id),
                        accepted: Arc::clone(&story.accepted),
                        position: committed.position,
                        replayed: false,
                    };
                    self.remember(&asked, &answer);
                    // In a rush what follows comes so late that it would not be remembered any more.
                    if !self.log().in_a_rush()
                        && let Some(first) = committed.events.first()
                    {
                        let trace = Some(ctx.trace(first));
                        let mut trail = Trail::default();
                        trail.extend([&**first]);
                        let (state, version) = (committed.aggregate, committed.version);
                        self.memorise(
                            &stream,
                            Loaded { state, version, trace, trail: Arc::new(trail), partial: false },
                        );
                    }
                    return Ok(answer);
                }
                Err(NotRecorded::Conflict) => {
                    return self.repeat(&asked, notification).await;
                }
                Err(NotRecorded::KeyTaken(earlier)) => {
                    return self.repeat(&asked, earlier).await;
                }
                Err(NotRecorded::KeyRaced(winners)) => {
                    for winner in &winners {
                        self.adopt(tenant.id, winner)?;
                    }
                }
                Err(NotRecorded::KeyDead) => self.vault().forget_recipient(tenant.id, recipient),
                Err(NotRecorded::Reconfigured) => self.catch_up().await?,
            }
        }
        Err(CommandError::Contended)
    }

    /// The tenant as it stands now, where the caller may still do what they could as it stood when they were let in.
    async fn of_the_same_rights(
        &self,
        before: &Arc<TenantEntry>,
        ctx: &Context,
    ) -> Result<Arc<TenantEntry>, Error> {
        let now = match self.directory().tenant(before.id) {
            Some(now) => now,
            None => {
                self.catch_up().await?;
                self.directory().tenant(before.id).ok_or(CommandError::UnknownTenant)?
            }
        };
        if Arc::ptr_eq(&now, before) {
            return Ok(now);
        }
        let opens = |entry: &TenantEntry| match &ctx.actor {
            Actor::ApiKey(key) => entry.record.api_keys.contains_key(key),
            Actor::Admin(_) | Actor::Engine(_) => true,
        };
        let rights =
            |entry: &TenantEntry| (entry.record.active, opens(entry), entry.record.webhook_secret.clone());
        if rights(&now) == rights(before) { Ok(now) } else { Err(CommandError::RightsChanged) }
    }

    /// The first answer to a request that is a repeat, without appending; `None` if it is none.
    ///
    /// # Errors
    /// `IdempotencyMismatch` where the event id or key came with another body or another kind of key; the log's failure.
    pub async fn known(
        &self,
        tenant: &Arc<TenantEntry>,
        trigger: &Trigger,
    ) -> Result<Option<Triggered>, Error> {
        let asked = Asked::new(tenant, trigger);
        if let Some(known) = self.known_hot(&asked, self.now()) {
            return self.answer_again(&asked, known).await.map(Some);
        }
        if let Some(notification) = asked.names()
            && let Some(story) = self.recent_story(tenant.id, notification).await?
        {
            let known = Known { notification, accepted: story.accepted };
            return self.answer_again(&asked, known).await.map(Some);
        }
        let Some(key) = &asked.key else { return Ok(None) };
        let Some(notification) = self.log().idempotency_key(tenant.id, key, asked.plain_key()).await? else {
            return Ok(None);
        };
        self.repeat(&asked, notification).await.map(Some)
    }

    fn known_hot(&self, asked: &Asked<'_>, now: Timestamp) -> Option<Known> {
        let tenant = asked.tenant.id;
        let recent = |notification| {
            self.hot().answer(tenant, notification).map(|accepted| Known { notification, accepted })
        };
        asked
            .names()
            .and_then(recent)
            .or_else(|| recent(self.hot().claim(tenant, asked.key.as_deref()?, now)?))
    }

    async fn repeat(&self, asked: &Asked<'_>, earlier: NotificationId) -> Result<Triggered, Error> {
        let tenant = asked.tenant.id;
        let story = self.recent_story(tenant, earlier).await?;
        let story = story.ok_or_else(|| claim_without_event(earlier))?;
        let known = Known { notification: earlier, accepted: story.accepted };
        let answer = self.answer_again(asked, known).await?;
        self.hot().remember(tenant, earlier, Arc::clone(&answer.accepted));
        Ok(answer)
    }

    /// Gives a known event's answer: to the same body by a key of the same kind only, and once the request's key stands for this
    /// event.
    async fn answer_again(&self, asked: &Asked<'_>, known: Known) -> Result<Triggered, Error> {
        let Known { notification, accepted } = known;
        let named = asked.names() == Some(notification);
        if (accepted.fingerprint, accepted.kind()) != (asked.fingerprint, asked.trigger.kind) {
            let what = if named { MismatchOf::EventId } else { MismatchOf::IdempotencyKey };
            return Err(CommandError::IdempotencyMismatch(what));
        }
        if self.claimed(asked, notification).await?.is_some_and(|holder| holder != notification) {
            return Err(CommandError::IdempotencyMismatch(MismatchOf::IdempotencyKey));
        }
        let event_id = if named {
            asked.trigger.event_id.clone()
        } else {
            self.event_id(asked.tenant.id, notification, &accepted).await?
        };
        Ok(Triggered { notification, event_id, accepted, position: None, replayed: true })
    }

    /// Claims the request's key for a known event if it is free, and says what it stands for; `None` without a key.
    async fn claimed(
        &self,
        asked: &Asked<'_>,
        notification: NotificationId,
    ) -> Result<Option<NotificationId>, Error> {
        let (tenant, now) = (asked.tenant.id, self.now());
        let Some(claim) = asked.claim(notification, now) else { return Ok(None) };
        if let Some(holder) = self.hot().claim(tenant, &claim.key, now) {
            return Ok(Some(holder));
        }
        let held = self.log().claim(claim).await?;
        self.hot().remember_claim(tenant, &held.key, held.notification, held.expires_at);
        Ok(Some(held.notification))
    }

    fn remember(&self, asked: &Asked<'_>, triggered: &Triggered) {
        let tenant = asked.tenant.id;
        if let Some(key) = &asked.key {
            let expires_at = triggered.accepted.accepted_at.plus(KEY_LIFETIME);
            self.hot().remember_claim(tenant, key, triggered.notification, expires_at);
        }
        self.hot().remember(tenant, triggered.notification, Arc::clone(&triggered.accepted));
    }

    fn accepted(
        &self,
        draft: &Draft<'_>,
        stream: &StreamId,
        sealing: &SealingKey,
    ) -> Result<Accepted, Error> {
        let Draft { tenant, trigger, event_id, fingerprint, accepted_at, .. } = draft;
        let seal = |field, plain: &[u8]| {
            let place = FieldContext { tenant: tenant.id, aggregate_id: stream.as_str(), field };
            self.vault().seal(&sealing.key, &place, plain)
        };
        let RecipientInput { user_id, email, phone } = trigger.recipient.clone();
        let addresses = [
            email.as_ref().map(|email| tenant.index.address_ref(&email.normalised())),
            phone.as_ref().map(|phone| tenant.index.address_ref(phone.as_str())),
            None,
        ];
        let contact = RecipientContact { user_id, email, phone, event_id: Some(event_id.clone()) };
        let recipient = seal(RECIPIENT_FIELD, &json(&contact)?);
        let sealed = |variables: &Variables| seal(VARIABLES_FIELD, variables.as_json().as_bytes());
        let variables = trigger.variables.as_ref().map(sealed);
        Ok(Accepted {
            event_id: None,
            event_type: trigger.event_type.clone(),
            tenant_name: tenant.record.name.clone(),
            recipient_ref: tenant.index.recipient_ref(&trigger.recipient.user_id),
            fingerprint: *fingerprint,
            accepted_at: *accepted_at,
            testing: trigger.kind == ApiKeyKind::Test,
            recipient,
            variables,
            plan: self.plan(draft, addresses),
        })
    }

    fn plan(&self, draft: &Draft<'_>, addresses: [Option<AddressRef>; 3]) -> Vec<PlannedChannel> {
        let Draft { tenant, trigger, notification, accepted_at, .. } = draft;
        let templates = self.directory().templates(tenant.id, &trigger.event_type);
        let expires_in = match trigger.expires_in {
            Some(own) => [Some(own); 3],
            None => self.directory().expires_in(&templates),
        };
        plan(&PlanInput {
            notification: *notification,
            requested: trigger.channels.as_ref(),
            whitelist: tenant.record.delivery_channels.as_ref(),
            templates,
            expires_at: expires_in.map(|own| own.map(|own| accepted_at.plus(own.duration()))),
            addresses,
            providers: Channel::ALL
                .map(|channel| !self.directory().providers(tenant, channel, trigger.kind).is_empty()),
        })
    }
}

struct Draft<'a> {
    tenant: &'a Arc<TenantEntry>,
    trigger: &'a Trigger,
    event_id: EventId,
    notification: NotificationId,
    fingerprint: Fingerprint,
    accepted_at: Timestamp,
}

/// How a key is stored: no key that a caller chose stands in the database.
fn hashed_key(reference: IdempotencyRef) -> String {
    format!("{HASHED_KEY}{reference}")
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| CommandError::Corrupt(error.to_string()))
}

fn claim_without_event(notification: NotificationId) -> Error {
    CommandError::Corrupt(format!("{notification} is claimed and has no events"))
}
