//! Whether appends are stored now, and why not: what the writer's last batches and looks have met.
//!
//! A single failure that the next try mends is none. A batch without an answer for long counts before it has failed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a failure lasts before it is told.
const PASSES_WITHIN: Duration = Duration::from_millis(300);
/// How long a batch may go without an answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// Why nothing can be stored. It names no address and no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    /// The server cannot be reached, or takes no notice.
    #[error("the database does not answer")]
    Silent,
    /// A standby, or `default_transaction_read_only`.
    #[error(
        "nothing can be stored: the database only reads, as a standby does or with default_transaction_read_only"
    )]
    ReadOnly,
    /// Its disk, or a limit of it, is used up.
    #[error("nothing can be stored: the database's disk is full")]
    Full,
    /// Some right is gone.
    #[error("nothing can be stored: the engine's role has lost its right to append")]
    Forbidden,
    /// A function, table or schema is gone.
    #[error("nothing can be stored: a function or table of the log is missing")]
    Missing,
    /// Another session holds the lock that appends take in turn, or works before them for too long.
    #[error("nothing can be stored: appends wait for a lock that another session holds")]
    Locked,
    /// A batch was sent and has no answer yet.
    #[error("nothing can be stored: an append has no answer for over a second")]
    Late,
    /// The engine is not let in.
    #[error("nothing can be stored: the database does not let the engine in (SQLSTATE {0})")]
    Refused(String),
    /// Anything else.
    #[error("nothing can be stored: the database refuses appends (SQLSTATE {0})")]
    Other(String),
}

impl Hindrance {
    /// What an operator does about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Silent | Self::Refused(_) => "see what is said of the database",
            Self::ReadOnly => "let the address lead to the primary, or reset default_transaction_read_only",
            Self::Full => "free space where the database lies, or give it more",
            Self::Forbidden | Self::Missing => {
                "run `orqestra migrate` as the owner, which grants and makes it anew; if it stays so, restore it by hand"
            }
            Self::Locked | Self::Late => "see who holds append_turn: pg_locks and pg_stat_activity",
            Self::Other(_) => "look at the database's log",
        }
    }

    /// What an error of a look says, whose data is good.
    pub(crate) fn of_look(error: &sqlx::Error) -> Self {
        Self::of(error).unwrap_or_else(|| {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            Self::Other(code.unwrap_or_default().into_owned())
        })
    }

    /// What an error of an append says about all others; none where it is about that command's own data.
    pub(crate) fn of(error: &sqlx::Error) -> Option<Self> {
        let sqlx::Error::Database(reported) = error else { return Some(Self::Silent) };
        let code = reported.code().unwrap_or_default().into_owned();
        Some(match code.as_str() {
            "25006" => Self::ReadOnly,
            "53100" => Self::Full,
            "42501" => Self::Forbidden,
            "42883" | "42P01" | "42704" | "3F000" => Self::Missing,
            "55P03" | "57014" => Self::Locked,
            // Being shut down, starting, gone.
            "57P01" | "57P02" | "57P03" => Self::Silent,
            code if code.starts_with("08") => Self::Silent,
            code if ["28", "3D", "53"].iter().any(|class| code.starts_with(class)) => {
                Self::Refused(code.to_owned())
            }
            code if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => return None,
            code => Self::Other(code.to_owned()),
        })
    }
}

#[derive(Debug, Default)]
struct State {
    fails: Option<(Instant, Hindrance)>,
    asked: Option<Instant>,
}

/// How this process's appends go.
#[derive(Debug, Default)]
pub(crate) struct Appends(Mutex<State>);

impl Appends {
    /// A batch is under way.
    pub(crate) fn asked(&self) {
        self.with(|state| state.asked = Some(Instant::now()));
    }

    /// It is over, whatever it said.
    pub(crate) fn answered(&self) {
        self.with(|state| state.asked = None);
    }

    /// One was stored, or would have been. True: they were not before.
    pub(crate) fn work(&self) -> bool {
        self.with(|state| state.fails.take().is_some())
    }

    /// One was not stored, for no fault of its own.
    pub(crate) fn fail(&self, why: Hindrance) {
        self.with(|state| {
            let since = state.fails.as_ref().map_or_else(Instant::now, |(since, _)| *since);
            state.fails = Some((since, why));
        });
    }

    /// Whether the last one failed.
    pub(crate) fn failed(&self) -> bool {
        self.with(|state| state.fails.is_some())
    }

    /// Why nothing can be stored, where that is so.
    pub(crate) fn hindrance(&self) -> Option<Hindrance> {
        self.hindrance_at(Instant::now())
    }

    fn hindrance_at(&self, now: Instant) -> Option<Hindrance> {
        self.with(|state| match (&state.fails, state.asked) {
            (Some((since, why)), _) if now.duration_since(*since) >= PASSES_WITHIN => Some(why.clone()),
            (_, Some(asked)) if now.duration_since(asked) >= ANSWERED_WITHIN => Some(Hindrance::Late),
            (_, _) => None,
        })
    }

    fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_once_it_lasts_and_a_batch_once_it_is_late() {
        let appends = Appends::default();
        appends.fail(Hindrance::Full);
        let began = Instant::now();
        assert_eq!(appends.hindrance_at(began), None, "it may pass");
        appends.fail(Hindrance::ReadOnly);
        let lasts = appends.hindrance_at(began + PASSES_WITHIN);
        assert_eq!(lasts, Some(Hindrance::ReadOnly), "the newest reason");
        assert!(appends.work() && !appends.work());
        appends.asked();
        let asked = Instant::now();
        assert_eq!(appends.hindrance_at(asked), None);
        assert_eq!(appends.hindrance_at(asked + ANSWERED_WITHIN), Some(Hindrance::Late));
        appends.answered();
        assert_eq!(appends.hindrance_at(asked + ANSWERED_WITHIN), None);
    }
}
