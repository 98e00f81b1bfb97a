//! Stores one batch, whatever becomes of the connection.
//!
//! An answer that was lost is looked up by event id before anything is tried again: found is won. A batch that the
//! database refuses for its data is tried again one command at a time, so that a bad one harms only itself.

use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgSeverity};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::look;
use super::queued::Queued;
use super::statement::{append_batch, look_up};
use crate::append::Outcome;
use crate::hindrance::Hindrance;
use crate::intact::LogChange;
use crate::outage::Outage;
use crate::plain_keys::WRITER;
use crate::position::Position;
use crate::sessions::answers;
use crate::shared::Shared;

/// How long one statement may take.
const STATEMENT: Duration = Duration::from_secs(10);
/// Has the session's process take 8 MB from the system and give them back. After that glibc keeps up to twice as much of what
/// is freed; without it each batch took its memory from the system anew, at 9 % of the time of a small one.
const KEEPS_MEMORY: &str = "select length(repeat('x', 8388608))";
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a batch that was never sent is held while the database is away.
pub(super) const UNSENT_PATIENCE: Duration = Duration::from_secs(3);
/// How long the outcome of a batch that was sent is looked for.
const SENT_PATIENCE: Duration = Duration::from_secs(15);
/// How long a look may take.
const LOOK: Duration = Duration::from_millis(1_500);
/// A session that was idle for longer is asked before it is used. Not a shorter time: the question costs a round trip.
const IDLE: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What became of one command.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Stored, its first event here.
    Placed {
        /// Where.
        first: Position,
    },
    /// Not stored, or not known to be.
    Refused(Outcome),
}

/// What an error says about the statement it ended.
enum Failure {
    /// It may be stored.
    Unknown,
    /// It is not stored; the same may work again.
    Again,
    /// It is not stored; the same would fail again.
    Data,
}

/// The writer's connection.
pub(super) struct Flusher {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// When the connection was last known to work.
    worked: Instant,
    /// Tells that the process's sessions are replaced, and so this one.
    renewals: watch::Receiver<()>,
    /// The last batch found no database: the next one tries once, without patience.
    away: bool,
    outage: Outage,
    /// Found by a look, not by a batch.
    hindered: Outage,
    /// Begun by a try to connect, ended by the next one that succeeds.
    unreachable: Arc<Outage>,
}

impl Flusher {
    pub(super) fn new(options: PgConnectOptions, renewals: watch::Receiver<()>) -> Self {
        // Ends on the server too what this side has given up.
        let options = options.options([
            ("statement_timeout", "9000"),
            ("application_name", WRITER),
            // For the look-up of what a call whose answer was lost has stored.
            ("enable_seqscan", "off"),
            ("jit", "off"),
        ]);
        Self {
            options,
            connection: None,
            worked: Instant::now(),
            renewals,
            away: false,
            outage: Outage::default(),
            hindered: Outage::default(),
            unreachable: Arc::default(),
        }
    }

    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            timeout(CONNECT, connection.close()).await.ok();
        }
    }

    /// Tells while a batch is under way since when the database cannot be reached.
    pub(super) fn unreachable(&self) -> Arc<Outage> {
        Arc::clone(&self.unreachable)
    }

    /// Drops a connection that may lead nowhere: unasked where the process's sessions are replaced, and where it was idle and
    /// does not answer. A network that has forgotten it takes what is sent and tells nothing.
    async fn drop_if_lost(&mut self, shared: &Shared) {
        let renewed = self.renewals.has_changed().unwrap_or(false);
        self.renewals.mark_unchanged();
        let Some(connection) = &mut self.connection else { return };
        if !renewed {
            if self.worked.elapsed() <= IDLE || answers(connection).await {
                return;
            }
            // Most likely the sessions of its age are lost too, or lead to a server that was replaced.
            shared.sessions.renew();
        }
        self.connection = None;
        self.renewals.mark_unchanged();
    }

    /// Notes that the connection works: what made others be replaced before does not speak against it.
    fn works(&mut self, shared: &Shared) {
        works(shared);
        self.worked = Instant::now();
        self.renewals.mark_unchanged();
    }

    async fn connected(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.connection.is_none() {
            let tried_at = Instant::now();
            let connect = async {
                let mut connection = self.options.connect().await?;
                // A session that would acknowledge before the disk has it is of no use here.
                connection
                    .execute(
                        "select set_config('synchronous_commit', 'on', false)
                          where current_setting('synchronous_commit') = 'off'",
                    )
                    .await?;
                connection.execute(KEEPS_MEMORY).await?;
                Ok(connection)
            };
            let connected = timeout(CONNECT, connect).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
            if connected.is_ok() {
                self.unreachable.ends();
            } else {
                self.unreachable.began(tried_at);
            }
            self.connection = Some(connected?);
            self.worked = Instant::now();
        }
        Ok(self.connection.as_mut().expect("it was just made"))
    }

    /// Stores a batch; one verdict a command. Where the database holds another log than the one known, it says so to
    /// `shared` and stores nothing.
    pub(super) async fn flush(&mut self, batch: &[Queued], now: Timestamp, shared: &Shared) -> Vec<Verdict> {
        let mut verdicts: Vec<Option<Verdict>> = batch.iter().map(|_| None).collect();
        let all: Vec<usize> = (0..batch.len()).collect();
        if !self.store(batch, &all, &mut verdicts, now, shared).await {
            for alone in all {
                if verdicts[alone].is_none() {
                    self.store(batch, &[alone], &mut verdicts, now, shared).await;
                }
            }
        }
        verdicts.into_iter().map(|verdict| verdict.unwrap_or(Verdict::Refused(Outcome::Lost))).collect()
    }

    /// Stores some of a batch together. False: the database refuses these together; none of those without a verdict is
    /// stored.
    async fn store(
        &mut self,
        batch: &[Queued],
        which: &[usize],
        verdicts: &mut [Option<Verdict>],
        now: Timestamp,
        shared: &Shared,
    ) -> bool {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut sent = false;
        loop {
            let open: Vec<usize> = which.iter().copied().filter(|index| verdicts[*index].is_none()).collect();
            if open.is_empty() {
                return true;
            }
            let commands: Vec<&Queued> = open.iter().map(|index| &batch[*index]).collect();
            let failure = match self.attempt(&commands, sent, now, shared).await {
                Ok(found) => {
                    self.away = false;
                    self.works(shared);
                    if let Some(duration_ms) = self.outage.ends() {
                        tracing::info!(duration_ms, "batches are stored again");
                    }
                    for (index, verdict) in open.into_iter().zip(found) {
                        if verdict.is_some() {
                            verdicts[index] = verdict;
                        }
                    }
                    // What a look-up did not find is tried again, now that it is known not to be stored.
                    continue;
                }
                Err(Attempt { error, asked }) => {
                    let failure = classify(&error);
                    let why = Hindrance::of(&error);
                    // What only reads has said for certain that it stored nothing.
                    let only_reads = why == Some(Hindrance::ReadOnly);
                    if let Some(why) = why {
                        fails(shared, why);
                    }
                    sent |= asked && !only_reads && matches!(failure, Failure::Unknown);
                    if matches!(failure, Failure::Data) {
                        if commands.len() > 1 {
                            tracing::error!(%error, commands = commands.len(), "a batch was refused; one by one now");
                            return false;
                        }
                        tracing::error!(%error, "a command was refused by the database");
                        verdicts[open[0]] = Some(Verdict::Refused(Outcome::Failed(error.into())));
                        return true;
                    }
                    if self.outage.begins() {
                        tracing::warn!(%error, sent, "storing a batch was interrupted");
                    }
                    failure
                }
            };
            if matches!(failure, Failure::Unknown) {
                self.connection = None;
            }
            let patience = match (sent, self.away) {
                (true, _) => SENT_PATIENCE,
                (false, true) => Duration::ZERO,
                (false, false) => UNSENT_PATIENCE,
            };
            if started.elapsed() + pause > patience {
                self.away = true;
                for index in open {
                    let outcome = if sent { Outcome::Lost } else { Outcome::Unavailable };
                    verdicts[index] = Some(Verdict::Refused(outcome));
                }
                return true;
            }
            sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }
}

impl Flusher {
    /// Looks whether an append would be stored, and where the last one was not, stores one and takes it back. A session
    /// that broke while it was idle is replaced first.
    pub(super) async fn look(&mut self, shared: &Shared) {
        let until = Instant::now() + LOOK;
        let fresh = self.connection.is_none();
        let mut looked = self.look_once(shared, until).await;
        // What only reads may be another server than the address leads to now.
        if !fresh && matches!(looked, Err(Hindrance::Silent | Hindrance::ReadOnly)) {
            looked = self.look_once(shared, until).await;
        }
        match looked {
            Ok(()) => {
                self.works(shared);
                if let Some(duration_ms) = self.hindered.ends() {
                    tracing::info!(duration_ms, "appends would be stored again");
                }
            }
            Err(why) => {
                if self.hindered.begins() {
                    tracing::warn!(reason = %why, "no append would be stored now");
                }
                fails(shared, why);
            }
        }
    }

    async fn look_once(&mut self, shared: &Shared, until: Instant) -> Result<(), Hindrance> {
        let log = (shared.intact.identity(), shared.intact.known());
        let looking = async {
            let session = self.connected().await?;
            look::begin(session).await?;
            look::refused(session, log).await?;
            if shared.appends.failed() {
                look::real(session, log).await?;
            }
            look::end(session).await
        };
        let looked = timeout_at(until, looking).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        looked.map_err(|error| {
            // Its transaction ends with it.
            self.connection = None;
            Hindrance::of_look(&error)
        })
    }
}

fn works(shared: &Shared) {
    shared.sessions.stores(true);
    shared.sessions.answered();
    if shared.appends.work() {
        shared.sessions.renew();
    }
}

fn fails(shared: &Shared, why: Hindrance) {
    shared.sessions.stores(false);
    shared.appends.fail(why);
}

/// An error, and whether the statement may have reached the server.
struct Attempt {
    error: sqlx::Error,
    asked: bool,
}

impl Flusher {
    /// Looks up what may be stored already, or else stores. None where a look-up did not find a command but others.
    async fn attempt(
        &mut self,
        commands: &[&Queued],
        sent: bool,
        now: Timestamp,
        shared: &Shared,
    ) -> Result<Vec<Option<Verdict>>, Attempt> {
        let refuse_all =
            || Ok(commands.iter().map(|_| Some(Verdict::Refused(Outcome::Unavailable))).collect());
        if shared.intact.check().is_err() {
            return refuse_all();
        }
        self.drop_if_lost(shared).await;
        let connection = self.connected().await.map_err(|error| Attempt { error, asked: false })?;
        let asked = |error| Attempt { error, asked: true };
        if sent {
            let found = in_time(look_up(connection, commands)).await.map_err(asked)?;
            if found.iter().any(Option::is_some) {
                return Ok(found.into_iter().map(|first| Some(Verdict::Placed { first: first? })).collect());
            }
        }
        // Before the question: what comes to be known meanwhile may be further than the statement sees.
        let known = shared.intact.known();
        let log = (shared.intact.identity(), known);
        let answer = in_time(append_batch(connection, commands, now, log)).await.map_err(asked)?;
        let Some(mut verdicts) = answer else {
            // The look at the head tells how it differs; it may reach another server than this connection does.
            if !matches!(timeout(STATEMENT, shared.confirm_head()).await, Ok(Err(error)) if error.is_final())
            {
                shared.forget(LogChange::Replaced { position: known.position });
            }
            return refuse_all();
        };
        let behind =
            |verdict: &Verdict| matches!(verdict, Verdict::Placed { first } if *first <= known.position);
        if verdicts.iter().any(behind) {
            shared.forget(LogChange::Replaced { position: known.position });
            return refuse_all();
        }
        if sent {
            // The lost statement may have been stored only after the look-up: then these conflicts are with itself.
            let conflicting: Vec<usize> = (0..verdicts.len())
                .filter(|index| matches!(verdicts[*index], Verdict::Refused(Outcome::Conflict { .. })))
                .collect();
            let again: Vec<&Queued> = conflicting.iter().map(|index| commands[*index]).collect();
            if !again.is_empty() {
                let found = in_time(look_up(connection, &again)).await.map_err(asked)?;
                for (index, first) in conflicting.into_iter().zip(found) {
                    if let Some(first) = first {
                        verdicts[index] = Verdict::Placed { first };
                    }
                }
            }
        }
        Ok(verdicts.into_iter().map(Some).collect())
    }
}

async fn in_time<T>(statement: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(STATEMENT, statement)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::TimedOut))))
}

fn classify(error: &sqlx::Error) -> Failure {
    let sqlx::Error::Database(reported) = error else { return Failure::Unknown };
    let reported = reported.downcast_ref::<PgDatabaseError>();
    if matches!(reported.severity(), PgSeverity::Fatal | PgSeverity::Panic) {
        return Failure::Unknown;
    }
    match reported.code() {
        // A server that only reads now, as after a failover: another connection may find the right one.
        "25006" => Failure::Unknown,
        // Cancelled, or no lock.
        "57014" | "55P03" => Failure::Again,
        // Serialisation and deadlock; lack of resources.
        code if code.starts_with("40") || code.starts_with("53") => Failure::Again,
        code if code.starts_with("08") || code.starts_with("57") => Failure::Unknown,
        _ => Failure::Data,
    }
}
