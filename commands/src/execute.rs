//! How every command runs: recall or load, decide, append, and decide again where another was faster.
//!
//! A process runs one command of a stream at a time. A state that was recalled may be behind another process:
//! a refusal on it is decided again on the stream itself before it counts.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::EventStoreAggregateContext;
use cqrs_es::{Aggregate, AggregateError, EventStore};
use orqestra_domain::notification::{
    Notification, NotificationCommand, NotificationEvent, NotificationRefusal,
};
use orqestra_domain::{
    AnyEvent, Channel, KeyId, NotificationId, RecipientRef, StreamId, TenantId, Timestamp,
};
use orqestra_event_log::{
    Clock, EventLog, Ids, Outcome, Position, Priority, RecordedEvent, Ticket, Unreadable,
};
use orqestra_vault::{Entropy, KeyError, NewKey, Vault};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

use crate::context::Context;
use crate::directory::Directory;
use crate::error::CommandError;
use crate::hot::{BySealed, HotAnswers};
use crate::told::{Beside, Stamp, from_the_first};
use crate::trace::Trace;
use crate::trail::Trail;

/// When to come again where the log's queue is full.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often a command is decided again before it gives up.
const TRIES: usize = 16;
/// How often a change is decided anew because the configuration that it rests on was changed meanwhile.
pub(crate) const TRIES_OF_A_CHANGE: usize = 8;
/// Streams that share a turn now and then; more than commands ever run at once.
const TURNS: usize = 1_024;
/// Notifications whose state is remembered.
const REMEMBERED: usize = 6_000;
/// Most bytes that they may have.
const REMEMBERED_BYTES: u64 = 8 * 1024 * 1024;

/// The door to the log. Cheap to clone.
#[derive(Clone)]
pub struct Commands(Arc<Inner>);

struct Inner {
    log: EventLog,
    vault: Vault,
    directory: Directory,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    entropy: Arc<dyn Entropy>,
    hot: HotAnswers,
    stamp: Stamp,
    turns: Vec<tokio::sync::Mutex<()>>,
    hasher: RandomState,
    recalled: Cache<StreamId, Recalled, ByStory>,
}

/// A notification as this process last saw it.
#[derive(Clone)]
pub(crate) struct Recalled {
    pub(crate) state: Arc<Notification>,
    pub(crate) version: i64,
    /// Of the request that it was accepted by.
    pub(crate) trace: Arc<Trace>,
    pub(crate) trail: Arc<Trail>,
}

/// A notification as its stream tells it.
pub(crate) struct Loaded {
    pub(crate) state: Notification,
    pub(crate) version: i64,
    /// Of the request that it was accepted by, if it was.
    pub(crate) trace: Option<Arc<Trace>>,
    pub(crate) trail: Arc<Trail>,
    /// Whether events of a newer program were passed over: then it is good for one outcome and is not remembered.
    pub(crate) partial: bool,
}

impl From<Recalled> for Loaded {
    fn from(recalled: Recalled) -> Self {
        let Recalled { state, version, trace, trail } = recalled;
        Self { state: Notification::clone(&state), version, trace: Some(trace), trail, partial: false }
    }
}

/// By what is sealed in the story: what was accepted and what was rendered from it.
#[derive(Clone)]
struct ByStory;

impl Weighter<StreamId, Recalled> for ByStory {
    fn weight(&self, _: &StreamId, recalled: &Recalled) -> u64 {
        let Some(story) = recalled.state.story() else { return 1_024 };
        let contents = story.deliveries.values().filter_map(|delivery| delivery.content.as_ref());
        let rendered: usize = contents.map(|sealed| sealed.data.len()).sum();
        BySealed::bytes(&story.accepted)
            .saturating_add(u64::try_from(rendered).unwrap_or(u64::MAX))
            .saturating_add(1_024)
    }
}

/// What a command came to.
#[derive(Clone, Debug)]
pub struct Committed<A> {
    /// The aggregate after it.
    pub aggregate: A,
    /// The stream's version after it.
    pub version: i64,
    /// The last position appended; `None` where there was nothing new to say.
    pub position: Option<Position>,
    /// What was appended.
    pub events: Vec<Arc<RecordedEvent>>,
}

/// What one try of an append came to, where it was not recorded.
pub(crate) enum NotRecorded {
    Conflict,
    KeyTaken(NotificationId),
    KeyRaced(Vec<NewKey>),
    KeyDead,
    Reconfigured,
}

impl Commands {
    /// Opens the door.
    pub fn new(
        log: EventLog,
        vault: Vault,
        directory: Directory,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let process = ids.uuid_v7(clock.now());
        Self::of_process(process, log, vault, directory, clock, ids, entropy)
    }

    /// Opens the door for a process that is known by this id elsewhere too, as by a tracing backend.
    pub fn of_process(
        process: Uuid,
        log: EventLog,
        vault: Vault,
        directory: Directory,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let stamp = Stamp::new(process);
        let turns = std::iter::repeat_with(tokio::sync::Mutex::default).take(TURNS).collect();
        metrics::counter!("orqestra_command_retries_total").increment(0);
        crate::suppress_address::begin_metrics();
        Self(Arc::new(Inner {
            log,
            vault,
            directory,
            clock,
            ids,
            entropy,
            hot: HotAnswers::new(),
            stamp,
            turns,
            hasher: RandomState::new(),
            recalled: Cache::with_weighter(REMEMBERED, REMEMBERED_BYTES, ByStory),
        }))
    }

    /// The directory of tenants and templates.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// The log behind the door, for reading.
    pub fn log(&self) -> &EventLog {
        &self.0.log
    }

    /// The vault.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The id of this process's instance, which every event that it stores names.
    pub fn process(&self) -> Uuid {
        self.0.stamp.process
    }

    /// Now, by the injected clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn ids(&self) -> &dyn Ids {
        &*self.0.ids
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// Recent answers; none once the database holds another log than they were given on.
    pub(crate) fn hot(&self) -> &HotAnswers {
        if self.log().intact().is_err() {
            self.0.hot.clear();
        }
        &self.0.hot
    }

    /// A remembered state; none once the database holds another log than it is of.
    pub(crate) fn recall(&self, stream: &StreamId) -> Option<Recalled> {
        if self.log().intact().is_err() {
            self.0.recalled.clear();
        }
        self.0.recalled.get(stream)
    }

    pub(crate) fn memorise(&self, stream: &StreamId, loaded: Loaded) {
        // That there is no story yet is not remembered: this or another process may just be accepting it.
        let Loaded { state, version, trace: Some(trace), trail, partial: false } = loaded else { return };
        self.0.recalled.insert(stream.clone(), Recalled { state: Arc::new(state), version, trace, trail });
    }

    /// Runs a command on a notification.
    pub(crate) async fn on_notification(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        command: NotificationCommand,
        used_keys: &[KeyId],
        ctx: &Context,
    ) -> Result<Committed<Notification>, CommandError<NotificationRefusal>> {
        let stream = StreamId::notification(tenant, notification);
        let _turn = self.turn(&stream).await;
        let mut recalled = self.recall(&stream);
        for _ in 0..TRIES {
            let from_memory = recalled.is_some();
            let Loaded { state, version, trace, trail, partial } = match recalled.take() {
                Some(recalled) => recalled.into(),
                None => self.load_passing_over(&stream, |event| is_beside(&command, event)).await?,
            };
            let recipient = state.story().map(|story| story.accepted.recipient_ref);
            let causes = |events: &[NotificationEvent], ids: &[Uuid]| trail.causes(events, ids);
            let beside =
                Beside { ctx, trace: trace.as_deref(), recipient: recipient.as_ref(), causes: &causes };
            let ticket = Ticket {
                used_keys: used_keys.to_vec(),
                priority: priority(&command, ctx),
                ..Ticket::default()
            };
            match self.attempt(&stream, state, version, command.clone(), ticket, &beside).await {
                // What another process knows of the attempts tells whether it says anything new.
                Ok(Ok(committed)) if from_memory && says_nothing(&command, &committed) => {}
                Ok(Ok(committed)) => {
                    let mut trail = Trail::clone(&trail);
                    trail.extend(committed.events.iter().map(|event| &**event));
                    let (state, version, trail) =
                        (committed.aggregate.clone(), committed.version, Arc::new(trail));
                    self.memorise(&stream, Loaded { state, version, trace, trail, partial });
                    return Ok(committed);
                }
                Ok(Err(NotRecorded::KeyDead)) => return Err(CommandError::RecipientForgotten),
                Ok(Err(_)) => {}
                Err(CommandError::Refused(_)) if from_memory => {}
                Err(error) => return Err(error),
            }
            self.0.recalled.remove(&stream);
            metrics::counter!("orqestra_command_retries_total").increment(1);
        }
        Err(CommandError::Contended)
    }

    /// Runs a command on a rarely written aggregate, loaded from its stream each time.
    pub(crate) async fn on_stream<A>(
        &self,
        stream: &StreamId,
        command: A::Command,
        ticket: &Ticket,
        (ctx, recipient): (&Context, Option<&RecipientRef>),
    ) -> Result<Result<Committed<A>, NotRecorded>, CommandError<A::Error>>
    where
        A: Aggregate<Event: Into<AnyEvent>, Services = ()> + Clone,
        A::Command: Clone,
    {
        let _turn = self.turn(stream).await;
        let causes = |_: &[A::Event], ids: &[Uuid]| from_the_first(&ctx.actor, ids);
        let beside = Beside { ctx, trace: None, recipient, causes: &causes };
        for _ in 0..TRIES {
            let store = self.log().event_store::<A>(Ticket::default());
            let loaded = store.load_aggregate(stream.as_str()).await.map_err(not_loaded)?;
            let version = i64::try_from(loaded.current_sequence).expect("sequences fit");
            let tried = self
                .attempt(stream, loaded.aggregate, version, command.clone(), ticket.clone(), &beside)
                .await?;
            match tried {
                Err(NotRecorded::Conflict) => {}
                other => return Ok(other),
            }
        }
        Err(CommandError::Contended)
    }

    /// Decides once and appends once.
    pub(crate) async fn attempt<A>(
        &self,
        stream: &StreamId,
        mut aggregate: A,
        version: i64,
        command: A::Command,
        mut ticket: Ticket,
        beside: &Beside<'_, A::Event>,
    ) -> Result<Result<Committed<A>, NotRecorded>, CommandError<A::Error>>
    where
        A: Aggregate<Event: Into<AnyEvent>, Services = ()> + Clone,
    {
        let sink = EventSink::default();
        aggregate.handle(command, &(), &sink).await.map_err(CommandError::Refused)?;
        let events = sink.collect().await;
        if events.is_empty() {
            return Ok(Ok(Committed { aggregate, version, position: None, events: Vec::new() }));
        }
        ticket.told = self.0.stamp.tell(beside, &events, &*self.0.ids, self.now());
        let new_version = version + i64::try_from(events.len()).expect("a handful of events");
        let slot = ticket.slot.clone();
        let store = self.log().event_store::<A>(ticket);
        let context = EventStoreAggregateContext {
            aggregate_id: stream.as_str().to_owned(),
            aggregate: A::default(),
            current_sequence: usize::try_from(version).expect("versions are not negative"),
            current_snapshot: None,
        };
        let committed = store.commit(events, context, HashMap::new()).await;
        let refused = match slot.take() {
            Some(Outcome::Recorded(recorded)) => {
                return Ok(Ok(Committed {
                    aggregate,
                    version: new_version,
                    position: Some(recorded.last),
                    events: recorded.events,
                }));
            }
            Some(Outcome::Conflict { .. }) => NotRecorded::Conflict,
            Some(Outcome::KeyTaken { notification }) => NotRecorded::KeyTaken(notification),
            Some(Outcome::KeyRaced { winners }) => NotRecorded::KeyRaced(winners),
            Some(Outcome::KeyDead { .. }) => NotRecorded::KeyDead,
            Some(Outcome::Reconfigured) => NotRecorded::Reconfigured,
            Some(Outcome::TooLarge { .. }) => return Err(CommandError::TooLarge),
            Some(Outcome::Full) => return Err(CommandError::Overloaded { retry_after: RETRY_AFTER }),
            Some(Outcome::Malformed(what)) => return Err(CommandError::Failed(what.to_owned())),
            Some(Outcome::Failed(error)) => return Err(CommandError::Failed(error.to_string())),
            Some(Outcome::Unavailable | Outcome::Lost) | None => {
                let why = committed.err().map_or_else(String::new, |error| error.to_string());
                return Err(CommandError::Unavailable(why));
            }
        };
        Ok(Err(refused))
    }

    async fn turn(&self, stream: &StreamId) -> tokio::sync::MutexGuard<'_, ()> {
        let hash = usize::try_from(self.0.hasher.hash_one(stream) % TURNS as u64).expect("below TURNS");
        self.0.turns[hash].lock().await
    }
}

/// Whether a receipt, or a requeue, was found to say nothing new.
fn says_nothing(command: &NotificationCommand, committed: &Committed<Notification>) -> bool {
    let repeats = matches!(command, NotificationCommand::RecordReceipt(_) | NotificationCommand::Requeue(_));
    repeats && committed.events.is_empty()
}

/// An outcome goes before what is still to be started: until it is stored, a crash makes it unknown.
const fn priority(command: &NotificationCommand, ctx: &Context) -> Priority {
    match command {
        NotificationCommand::RecordSuccess(_) | NotificationCommand::RecordFailure(_) => Priority::Caller,
        NotificationCommand::Trigger(_)
        | NotificationCommand::StartAttempt(_)
        | NotificationCommand::DeliverPush(_)
        | NotificationCommand::MarkOutcomeUnknown(_)
        | NotificationCommand::Resolve(_)
        | NotificationCommand::Hold(_)
        | NotificationCommand::Skip(_)
        | NotificationCommand::Requeue(_)
        | NotificationCommand::Unstick(_)
        | NotificationCommand::RecordReceipt(_)
        | NotificationCommand::MarkRead(_) => ctx.actor.priority(),
    }
}

/// Whether a command can be decided without a newer program's event: the outcome of a claimed attempt is a fact, which
/// rests on its own channel alone. Not recorded, it would become unknown and an email would go out twice.
fn is_beside(command: &NotificationCommand, event: &RecordedEvent) -> bool {
    let (channel, success) = match command {
        NotificationCommand::RecordSuccess(success) => (success.channel, true),
        NotificationCommand::RecordFailure(failure) if failure.attempt > 0 => (failure.channel, false),
        NotificationCommand::RecordFailure(_)
        | NotificationCommand::Trigger(_)
        | NotificationCommand::StartAttempt(_)
        | NotificationCommand::DeliverPush(_)
        | NotificationCommand::MarkOutcomeUnknown(_)
        | NotificationCommand::Resolve(_)
        | NotificationCommand::Hold(_)
        | NotificationCommand::Skip(_)
        | NotificationCommand::Requeue(_)
        | NotificationCommand::Unstick(_)
        | NotificationCommand::RecordReceipt(_)
        | NotificationCommand::MarkRead(_) => return false,
    };
    let payload: Option<Value> = serde_json::from_str(&event.payload).ok();
    match payload.as_ref().and_then(|payload| payload.get(&event.event_type)) {
        Some(Value::Object(fields)) => match fields.get("channel").map(Channel::deserialize) {
            Some(Ok(of)) => of != channel,
            // A channel that came with the newer program.
            Some(Err(_)) => true,
            // Of the notification as a whole: being read ends no delivery, and what was sent was sent whatever else happened.
            None => success || event.event_type == "NotificationRead",
        },
        Some(_) | None => false,
    }
}

/// Why an aggregate cannot be loaded: nothing is decided on a part of its events.
pub(crate) fn not_loaded<E: std::error::Error>(error: AggregateError<E>) -> CommandError<E> {
    match error {
        AggregateError::DeserializationError(why)
            if why.downcast_ref::<Unreadable>().is_some_and(Unreadable::is_newer) =>
        {
            CommandError::Newer(why.to_string())
        }
        error => CommandError::Unavailable(error.to_string()),
    }
}

/// A key that must be there is not: for tenant keys that is corruption, not forgetting.
pub(crate) fn tenant_key_error<R: std::error::Error>(error: KeyError) -> CommandError<R> {
    match error {
        KeyError::Gone => CommandError::Corrupt("a tenant's key is missing".to_owned()),
        other => other.into(),
    }
}
