//! The embedded hub: connections of recipients' front ends, and what is published to them.
//!
//! It is fed in the log's order and knows up to where. Joining a channel and learning that position happen under one
//! lock, so that what comes after it arrives live and what stands before it can be asked of the host: no gap, nothing
//! twice. Publishing never waits for a client. Nothing here reads the log or a clock.

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

use self::outbox::Outbox;
use self::unknown::{Unknown, UnknownPlace};
use crate::channel::RealtimeUser;
use crate::protocol::{self, Disconnect};
use crate::publication::Publication;
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

    /// What was published to a recipient in a category after one position and up to another, oldest first. `None`
    /// where that cannot be told completely: it is too long ago, or too much.
    ///
    /// # Errors
    /// [`Unavailable`] where another try may succeed.
    fn missed<'a>(
        &'a self,
        recipient: Recipient,
        category: &'a str,
        after: u64,
        up_to: u64,
    ) -> BoxFuture<'a, Result<Option<Vec<Publication>>, Unavailable>>;
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
    epoch: String,
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
    listeners: HashMap<Recipient, Vec<Listener>>,
    /// How many listeners each tenant has.
    tenants: HashMap<TenantId, usize>,
}

struct Listener {
    connection: u64,
    user: RealtimeUser,
    outbox: Arc<Outbox>,
    /// The categories joined, each with the position that its subscriber knows already.
    categories: HashMap<String, u64>,
}

impl Hub {
    /// Makes a hub without connections. The epoch tells this log's positions from another's.
    pub fn new(epoch: String) -> Self {
        Self(Arc::new(Inner {
            epoch,
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

    /// Publishes to a recipient what the event at a position amounts to, by category, and moves up to it.
    pub fn publish(&self, recipient: Recipient, position: u64, by_category: &[(&str, Publication)]) {
        let mut state = self.state();
        state.fed = state.fed.max(position);
        let Some(listeners) = state.listeners.get(&recipient) else { return };
        for (category, publication) in by_category {
            let mut line: Option<Utf8Bytes> = None;
            for listener in listeners {
                if listener.categories.get(*category).is_none_or(|known| *known >= position) {
                    continue;
                }
                let line = line.get_or_insert_with(|| {
                    protocol::push(&listener.user.channel(category), publication).into()
                });
                listener.outbox.push(line.clone());
                metrics::counter!("orqestra_realtime_publications_total").increment(1);
            }
        }
    }

    /// Moves up to a position if nobody listens at all. False: somebody does, and must be told what stands before it.
    pub fn pass(&self, position: u64) -> bool {
        self.pass_if(position, |state| state.listeners.is_empty())
    }

    /// Moves up to a position if nobody of the tenant listens.
    pub fn pass_tenant(&self, tenant: TenantId, position: u64) -> bool {
        self.pass_if(position, |state| !state.tenants.contains_key(&tenant))
    }

    /// Moves up to a position if the recipient does not listen.
    pub fn pass_recipient(&self, recipient: Recipient, position: u64) -> bool {
        self.pass_if(position, |state| !state.listeners.contains_key(&recipient))
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
        let of_tenant = state.listeners.iter().filter(|(recipient, _)| recipient.tenant == tenant);
        for listener in of_tenant.flat_map(|(_, listeners)| listeners) {
            listener.outbox.end(Disconnect::PERMISSION_DENIED);
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
        let of_user = state.listeners.get(&recipient).map_or(0, Vec::len);
        if of_tenant >= MAX_TENANT_CONNECTIONS || of_user >= MAX_USER_CONNECTIONS {
            return Err(NoSeat::TooMany);
        }
        let listeners = state.listeners.entry(recipient).or_default();
        let categories = HashMap::new();
        listeners.push(Listener { connection, user, outbox: Arc::clone(&outbox), categories });
        *state.tenants.entry(recipient.tenant).or_default() += 1;
        drop(state);
        metrics::gauge!("orqestra_realtime_connections").increment(1.0);
        Ok(Seat { hub: self.clone(), recipient, connection, outbox, _permit: permit })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn listener(&mut self, recipient: &Recipient, connection: u64) -> Option<&mut Listener> {
        let listeners = self.listeners.get_mut(recipient)?;
        listeners.iter_mut().find(|listener| listener.connection == connection)
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

impl Seat {
    /// Joins a category; a client that knows its publications up to a position gets none of those. Gives the position
    /// after which everything arrives live.
    fn join(&self, category: &str, known: u64) -> u64 {
        let mut state = self.hub.state();
        let from = state.fed.max(known);
        if let Some(listener) = state.listener(&self.recipient, self.connection) {
            listener.categories.insert(category.to_owned(), from);
        }
        from
    }

    fn leave(&self, category: &str) {
        let mut state = self.hub.state();
        if let Some(listener) = state.listener(&self.recipient, self.connection) {
            listener.categories.remove(category);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        if let Some(listeners) = state.listeners.get_mut(&self.recipient) {
            listeners.retain(|listener| listener.connection != self.connection);
            if listeners.is_empty() {
                state.listeners.remove(&self.recipient);
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
mod tests {
    use futures::FutureExt;
    use orqestra_domain::UserId;
    use uuid::Uuid;

    use super::*;

    const ONE: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
    const OTHER: TenantId = TenantId::from_uuid(Uuid::from_u128(2));

    fn recipient(tenant: TenantId, user: u8) -> Recipient {
        Recipient { tenant, reference: RecipientRef::from_bytes([user; 32]) }
    }

    fn enter(hub: &Hub, tenant: TenantId) -> Result<Seat, NoSeat> {
        hub.enter(recipient(tenant, 1), RealtimeUser::of(&UserId::parse("u").unwrap()))
    }

    fn publication(offset: u64) -> Publication {
        Publication { data: serde_json::value::to_raw_value(&offset).unwrap().into(), offset }
    }

    fn publish(hub: &Hub, tenant: TenantId, position: u64) {
        hub.publish(recipient(tenant, 1), position, &[("orders", publication(position))]);
    }

    fn got(seat: &Seat) -> Vec<String> {
        let lines =
            seat.outbox.take().now_or_never().unwrap_or_else(|| Ok(std::collections::VecDeque::new()));
        lines.unwrap().iter().map(ToString::to_string).collect()
    }

    fn line(position: u64) -> String {
        format!(r#"{{"push":{{"channel":"orders#u","pub":{{"data":{position},"offset":{position}}}}}}}"#)
    }

    #[test]
    fn who_joined_gets_what_comes_after_and_nothing_of_other_categories_or_tenants() {
        let hub = Hub::new("e".to_owned());
        let (mine, theirs) = (enter(&hub, ONE).unwrap(), enter(&hub, OTHER).unwrap());
        publish(&hub, ONE, 1);
        assert_eq!(mine.join("orders", 0), 1);
        assert_eq!(theirs.join("orders", 0), 1);
        publish(&hub, ONE, 2);
        hub.publish(recipient(ONE, 1), 3, &[("global_system", publication(3))]);
        hub.publish(recipient(ONE, 2), 4, &[("orders", publication(4))]);
        assert_eq!(got(&mine), [line(2)]);
        assert!(got(&theirs).is_empty());
        mine.leave("orders");
        publish(&hub, ONE, 5);
        assert!(got(&mine).is_empty());
    }

    #[test]
    fn what_a_client_knows_already_from_another_hub_is_not_sent_again() {
        let hub = Hub::new("e".to_owned());
        let seat = enter(&hub, ONE).unwrap();
        assert_eq!(seat.join("orders", 7), 7);
        for position in [6, 7, 8] {
            publish(&hub, ONE, position);
        }
        assert_eq!(got(&seat), [line(8)]);
    }

    #[test]
    fn a_position_is_passed_only_where_nobody_would_miss_it() {
        let hub = Hub::new("e".to_owned());
        assert!(hub.pass(5));
        let seat = enter(&hub, ONE).unwrap();
        assert!(!hub.pass(6) && !hub.pass_tenant(ONE, 6) && !hub.pass_recipient(recipient(ONE, 1), 6));
        assert_eq!(seat.join("orders", 0), 5);
        assert!(hub.pass_tenant(OTHER, 7) && hub.pass_recipient(recipient(ONE, 2), 8));
        assert_eq!(seat.join("orders", 0), 8);
        hub.fed(9);
        assert_eq!(seat.join("orders", 0), 9);
        drop(seat);
        assert!(hub.pass(10) && hub.pass_tenant(ONE, 10));
    }

    #[tokio::test]
    async fn a_tenant_that_is_ended_loses_its_connections_and_no_other_does() {
        let hub = Hub::new("e".to_owned());
        let (mine, theirs) = (enter(&hub, ONE).unwrap(), enter(&hub, OTHER).unwrap());
        hub.end_tenant(ONE, 4);
        assert_eq!(mine.outbox.over().await, Disconnect::PERMISSION_DENIED);
        assert!(theirs.outbox.over().now_or_never().is_none());
        assert_eq!(theirs.join("orders", 0), 4);
    }

    #[test]
    fn a_user_has_only_so_many_connections() {
        let hub = Hub::new("e".to_owned());
        let mut seats: Vec<_> = (0..MAX_USER_CONNECTIONS).map(|_| enter(&hub, ONE).unwrap()).collect();
        assert_eq!(enter(&hub, ONE).err(), Some(NoSeat::TooMany));
        assert!(enter(&hub, OTHER).is_ok());
        seats.pop();
        assert!(enter(&hub, ONE).is_ok());
    }

    #[test]
    fn a_tenant_does_not_take_all_seats_nor_those_without_a_token_any() {
        let hub = Hub::new("e".to_owned());
        let user = |number: usize| {
            let mut reference = [0; 32];
            reference[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let recipient = Recipient { tenant: ONE, reference: RecipientRef::from_bytes(reference) };
            hub.enter(recipient, RealtimeUser::of(&UserId::parse("u").unwrap()))
        };
        let seats: Vec<_> = (0..MAX_TENANT_CONNECTIONS).map(|number| user(number).unwrap()).collect();
        assert_eq!(user(seats.len()).err(), Some(NoSeat::TooMany));
        let unknown: Vec<_> = (0..unknown::MOST).map(|_| hub.place().unwrap()).collect();
        assert!(hub.place().is_none());
        assert!(enter(&hub, OTHER).is_ok());
        drop(unknown);
        assert!(hub.place().is_some());
    }

    #[tokio::test]
    async fn a_hub_that_closes_waits_for_its_connections_and_takes_no_more() {
        let hub = Hub::new("e".to_owned());
        let place = hub.place().unwrap();
        let mut closing = Box::pin(hub.close());
        assert!(closing.as_mut().now_or_never().is_none());
        assert!(hub.place().is_none());
        drop(place);
        closing.await;
    }
}
