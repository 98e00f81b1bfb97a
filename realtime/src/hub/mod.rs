//! The embedded hub: connections of recipients' front ends, and what is published to them.
//!
//! It is fed in the log's order and knows up to where. Joining a channel and learning that position happen under one
//! lock, so that what comes after it arrives live and what stands before it can be asked of the host: no gap, nothing
//! twice. Clients are told numbers of their channels and no positions (`numbering.rs`). Publishing never waits for a client.
//! Nothing here reads the log or a clock.

mod numbering;
mod outbox;
mod session;
mod socket;
mod unknown;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use futures::future::BoxFuture;
use orqestra_domain::{RecipientRef, TenantId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::numbering::{Joined, Numbering};
use self::outbox::Outbox;
use self::unknown::{Unknown, UnknownPlace};
use crate::channel::RealtimeUser;
use crate::protocol::{self, Disconnect};
use crate::publication::{Content, Publication};
use crate::token::Claims;

pub use self::socket::Now;

/// Connections that a process holds at most.
pub const MAX_CONNECTIONS: usize = 10_000;
/// Connections of one tenant, so that none takes all of them.
const MAX_TENANT_CONNECTIONS: usize = MAX_CONNECTIONS / 2;
/// Connections of one user.
pub const MAX_USER_CONNECTIONS: usize = 32;
/// Channels of one connection, as Centrifugo's default.
pub(crate) const MAX_CHANNELS: usize = 128;

/// A user of a tenant, by the look-up form of the user's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Recipient {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub reference: RecipientRef,
}

/// What the hub asks of the engine that it runs in.
pub trait Host: Send + Sync + 'static {
    /// Whose connection a token's is.
    ///
    /// # Errors
    /// See [`NotAdmitted`].
    fn admit<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<Recipient, NotAdmitted>>;

    /// How many publications a recipient's channel had up to a position of the log, and those of them that a client missed
    /// which knows them up to a number, in an epoch.
    ///
    /// # Errors
    /// [`Unavailable`] where another try may succeed.
    fn published<'a>(
        &'a self,
        recipient: Recipient,
        category: &'a str,
        known: Option<(&'a str, u64)>,
        up_to: u64,
    ) -> BoxFuture<'a, Result<Published, Unavailable>>;
}

/// What stands in a channel up to a position.
#[derive(Clone, Debug)]
pub struct Published {
    /// What tells these numbers from others that the channel had or will have.
    pub epoch: String,
    /// The number of the last publication, 0 before the first.
    pub number: u64,
    /// What the client missed, oldest first. `None` where it asked for nothing, or that cannot be told completely: it is too
    /// long ago, too much, or of another epoch.
    pub missed: Option<Vec<Publication>>,
}

/// Why a good token opens no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// There is no such tenant, or it is switched off.
    Refused,
    /// Nobody can tell now.
    Unavailable,
}

/// What was asked cannot be told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// The hub. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    unknown: Unknown,
    connections: Arc<Semaphore>,
    next: AtomicU64,
    closing: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    /// All up to here was published to whoever listened.
    fed: u64,
    audiences: HashMap<Recipient, Audience>,
    /// How many listeners each tenant has.
    tenants: HashMap<TenantId, usize>,
}

/// A recipient's open pages.
#[derive(Default)]
struct Audience {
    listeners: Vec<Listener>,
    /// The channels that somebody has joined.
    numberings: HashMap<String, Numbering>,
}

struct Listener {
    connection: u64,
    user: RealtimeUser,
    outbox: Arc<Outbox>,
    /// The categories joined.
    categories: HashMap<String, Joined>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// Makes a hub without connections.
    pub fn new() -> Self {
        metrics::gauge!("orqestra_realtime_connections").increment(0.0);
        metrics::counter!("orqestra_realtime_publications_total").increment(0);
        for Disconnect { code, .. } in Disconnect::ALL {
            metrics::counter!("orqestra_realtime_disconnects_total", "code" => code.to_string()).increment(0);
        }
        Self(Arc::new(Inner {
            state: Mutex::default(),
            unknown: Unknown::default(),
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            next: AtomicU64::new(1),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// A place for a connection that has shown no token yet. Where there are too many such, the one that has waited longest
    /// gives way; none where all have come just now, or the hub is closing.
    pub fn place(&self) -> Option<Place> {
        if self.0.closing.is_cancelled() {
            return None;
        }
        let unknown = self.0.unknown.take()?;
        Some(Place { hub: self.clone(), unknown, _task: self.0.tasks.token() })
    }

    /// Publishes to a recipient what the event at a position amounts to, by category, and moves up to it. What cannot be shown
    /// has its number all the same.
    pub fn publish(&self, recipient: Recipient, position: u64, by_category: &[(&str, Option<Content>)]) {
        let mut state = self.state();
        if position <= state.fed {
            return;
        }
        state.fed = position;
        let Some(audience) = state.audiences.get_mut(&recipient) else { return };
        for (category, content) in by_category {
            let count = audience.numberings.get_mut(*category).map(Numbering::count);
            let Some(content) = content else { continue };
            let number = audience.numberings.get(*category).and_then(Numbering::number);
            let mut line: Option<Utf8Bytes> = None;
            for listener in &mut audience.listeners {
                let publication = match listener.categories.get_mut(*category) {
                    Some(Joined::Unnumbered) => content.clone().unnumbered(),
                    Some(Joined::Numbered { known }) if number.is_some_and(|number| number > *known) => {
                        Publication { offset: number, ..content.clone().unnumbered() }
                    }
                    Some(Joined::Waiting(waiting)) => {
                        if !waiting.keep(count.unwrap_or(0), content.clone()) {
                            listener.outbox.end(Disconnect::SLOW);
                        }
                        continue;
                    }
                    Some(Joined::Numbered { .. }) | None => continue,
                };
                let line = line.get_or_insert_with(|| {
                    protocol::push(&listener.user.channel(category), &publication).into()
                });
                listener.outbox.push(line.clone());
                metrics::counter!("orqestra_realtime_publications_total").increment(1);
            }
        }
    }

    /// Moves up to a position if nobody listens at all. False: somebody does, and must be told what stands before it.
    pub fn pass(&self, position: u64) -> bool {
        self.pass_if(position, |state| state.audiences.is_empty())
    }

    /// Moves up to a position if nobody of the tenant listens.
    pub fn pass_tenant(&self, tenant: TenantId, position: u64) -> bool {
        self.pass_if(position, |state| !state.tenants.contains_key(&tenant))
    }

    /// Moves up to a position if the recipient does not listen.
    pub fn pass_recipient(&self, recipient: Recipient, position: u64) -> bool {
        self.pass_if(position, |state| !state.audiences.contains_key(&recipient))
    }

    /// Moves up to a position, before which nothing is left to publish.
    pub fn fed(&self, position: u64) {
        self.pass_if(position, |_| true);
    }

    fn pass_if(&self, position: u64, nobody: impl FnOnce(&State) -> bool) -> bool {
        let mut state = self.state();
        let nobody = nobody(&state);
        if nobody {
            state.fed = state.fed.max(position);
        }
        nobody
    }

    /// Ends all connections of a tenant, which may not come back. The host must refuse it already: who is admitted
    /// meanwhile is asked for again.
    pub fn end_tenant(&self, tenant: TenantId, position: u64) {
        let mut state = self.state();
        state.fed = state.fed.max(position);
        let of_tenant = state.audiences.iter().filter(|(recipient, _)| recipient.tenant == tenant);
        for listener in of_tenant.flat_map(|(_, audience)| &audience.listeners) {
            listener.outbox.end(Disconnect::PERMISSION_DENIED);
        }
    }

    /// Ends all connections of a recipient that was forgotten. They may come back, to channels whose numbers begin anew.
    pub fn forget(&self, recipient: Recipient, position: u64) {
        let mut state = self.state();
        state.fed = state.fed.max(position);
        if let Some(audience) = state.audiences.get_mut(&recipient) {
            audience.begin_anew();
        }
    }

    /// Ends all connections, which may come back to another process, and waits until they are gone.
    pub async fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Makes a connection known.
    fn enter(&self, recipient: Recipient, user: RealtimeUser) -> Result<Seat, NoSeat> {
        let permit = Arc::clone(&self.0.connections).try_acquire_owned().map_err(|_| NoSeat::Full)?;
        let connection = self.0.next.fetch_add(1, Ordering::Relaxed);
        let outbox = Arc::new(Outbox::default());
        let mut state = self.state();
        let of_tenant = state.tenants.get(&recipient.tenant).copied().unwrap_or(0);
        let of_user = state.audiences.get(&recipient).map_or(0, |audience| audience.listeners.len());
        if of_tenant >= MAX_TENANT_CONNECTIONS || of_user >= MAX_USER_CONNECTIONS {
            return Err(NoSeat::TooMany);
        }
        let audience = state.audiences.entry(recipient).or_default();
        let categories = HashMap::new();
        audience.listeners.push(Listener { connection, user, outbox: Arc::clone(&outbox), categories });
        *state.tenants.entry(recipient.tenant).or_default() += 1;
        drop(state);
        metrics::gauge!("orqestra_realtime_connections").increment(1.0);
        Ok(Seat { hub: self.clone(), recipient, connection, outbox, _permit: permit })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Audience {
    fn listener(&mut self, connection: u64) -> Option<&mut Listener> {
        self.listeners.iter_mut().find(|listener| listener.connection == connection)
    }

    /// Forgets the channels that nobody is in any more.
    fn tidy(&mut self) {
        let listeners = &self.listeners;
        let joined =
            |category: &str| listeners.iter().any(|listener| listener.categories.contains_key(category));
        self.numberings.retain(|category, _| joined(category));
    }

    /// Ends all connections, whose numbers are good no more.
    fn begin_anew(&mut self) {
        self.numberings.clear();
        for listener in &mut self.listeners {
            listener.categories.clear();
            listener.outbox.end(Disconnect::INSUFFICIENT_STATE);
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub(fed: {})", self.state().fed)
    }
}

/// Why a connection is not made known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoSeat {
    /// The process has no more; another may.
    Full,
    /// Its user or its tenant has too many.
    TooMany,
}

/// Room for one connection, until it is dropped.
pub struct Place {
    hub: Hub,
    unknown: UnknownPlace,
    _task: tokio_util::task::task_tracker::TaskTrackerToken,
}

/// A connection whose user is known, until it is dropped.
struct Seat {
    hub: Hub,
    recipient: Recipient,
    connection: u64,
    outbox: Arc<Outbox>,
    _permit: OwnedSemaphorePermit,
}

/// Where a channel was joined.
struct Joining {
    /// What comes after this position arrives live.
    position: u64,
    /// The channel's epoch and number at that position, where the hub knows them.
    stands: Option<(Arc<str>, u64)>,
}

impl Seat {
    /// Joins a category whose publications have no numbers.
    fn join_unnumbered(&self, category: &str) {
        let mut state = self.hub.state();
        let audience = state.audiences.get_mut(&self.recipient);
        if let Some(listener) = audience.and_then(|audience| audience.listener(self.connection)) {
            listener.categories.insert(category.to_owned(), Joined::Unnumbered);
        }
    }

    /// Joins a category. What comes from now on is kept until [`Self::settle`] says how it is numbered.
    fn join(&self, category: &str) -> Joining {
        let mut state = self.hub.state();
        let position = state.fed;
        let Some(audience) = state.audiences.get_mut(&self.recipient) else {
            return Joining { position, stands: None };
        };
        let numbering = audience.numberings.entry(category.to_owned()).or_default();
        let (stands, waiting) = (numbering.stands(), numbering.wait());
        if let Some(listener) = audience.listener(self.connection) {
            listener.categories.insert(category.to_owned(), Joined::Waiting(waiting));
        }
        Joining { position, stands }
    }

    /// Numbers what has come since the category was joined: then it stood at `number` of this epoch. A client that knows its
    /// publications up to a number gets none of those. False: the hub has counted otherwise, and everybody begins anew.
    fn settle(&self, category: &str, (epoch, number): (&str, u64), known: u64) -> bool {
        let mut state = self.hub.state();
        let Some(audience) = state.audiences.get_mut(&self.recipient) else { return false };
        let Audience { listeners, numberings } = audience;
        let listener = listeners.iter_mut().find(|listener| listener.connection == self.connection);
        let joined = listener.and_then(|listener| {
            let joined = listener.categories.get_mut(category)?;
            Some((std::mem::replace(joined, Joined::Numbered { known }), &listener.user, &listener.outbox))
        });
        let Some((Joined::Waiting(waiting), user, outbox)) = joined else { return false };
        let numbering = numberings.entry(category.to_owned()).or_default();
        if !numbering.settle(epoch, number, &waiting) {
            audience.begin_anew();
            return false;
        }
        for publication in waiting.numbered(number).filter(|publication| publication.offset > Some(known)) {
            outbox.push(protocol::push(&user.channel(category), &publication).into());
            metrics::counter!("orqestra_realtime_publications_total").increment(1);
        }
        true
    }

    fn leave(&self, category: &str) {
        let mut state = self.hub.state();
        if let Some(audience) = state.audiences.get_mut(&self.recipient) {
            if let Some(listener) = audience.listener(self.connection) {
                listener.categories.remove(category);
            }
            audience.tidy();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        if let Some(audience) = state.audiences.get_mut(&self.recipient) {
            audience.listeners.retain(|listener| listener.connection != self.connection);
            audience.tidy();
            if audience.listeners.is_empty() {
                state.audiences.remove(&self.recipient);
            }
        }
        let tenant = self.recipient.tenant;
        if let Some(count) = state.tenants.get_mut(&tenant) {
            *count -= 1;
            if *count == 0 {
                state.tenants.remove(&tenant);
            }
        }
        drop(state);
        metrics::gauge!("orqestra_realtime_connections").decrement(1.0);
    }
}

#[cfg(test)]
mod tests;
