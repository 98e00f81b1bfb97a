//! The delivery status: what became of every channel of every accepted event, with each attempt.
//!
//! Rows hold nothing personal, in clear or sealed, and so outlive a person's forgetting unchanged. The stream answers
//! for a single notification; these tables are for lists, counts and looking up a delivery.

mod dead_letters;
mod fold;
mod query;
mod write;

use std::sync::Arc;

use orqestra_event_log::RecordedEvent;
use sqlx::{PgConnection, PgPool};

use self::fold::Changes;
use crate::error::ApplyError;
use crate::generation::Generation;

pub use dead_letters::{DeadLetter, DeadLetterPage, Ended, EndedPlace};
pub use query::{AttemptRow, ChannelStatus, DeliveryCount, DeliveryOf, DeliveryRow, HeldDelivery, HeldPlace};

/// The delivery status' queries.
#[derive(Clone, Debug)]
pub struct DeliveryStatus {
    pool: PgPool,
}

impl DeliveryStatus {
    /// Reads the delivery status in this database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stored name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The one of that name.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

names!(
    /// Where a delivery stands; the names are those of the notification's own fold.
    Status {
        /// Due since acceptance.
        Planned = "PLANNED",
        /// Nothing is sent, for a coded reason.
        Skipped = "SKIPPED",
        /// An attempt is under way.
        Sending = "SENDING",
        /// The next attempt is due at a time.
        Retrying = "RETRYING",
        /// An outcome is unknown and an operator must decide.
        Unknown = "UNKNOWN",
        /// The provider took it.
        Sent = "SENT",
        /// Given up.
        Failed = "FAILED",
    }
);

names!(
    /// How an attempt ended.
    AttemptOutcome {
        /// Not yet.
        Open = "OPEN",
        /// The provider took it.
        Succeeded = "SUCCEEDED",
        /// The provider did not take it.
        Failed = "FAILED",
        /// Nobody knows.
        Unknown = "UNKNOWN",
    }
);

impl Status {
    /// Whether nothing more is to come, an operator's decision included.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Skipped | Self::Sent | Self::Failed => true,
            Self::Planned | Self::Sending | Self::Retrying | Self::Unknown => false,
        }
    }
}

/// Handles events in log order, in the connection's transaction.
pub(crate) async fn apply(
    conn: &mut PgConnection,
    generation: Generation,
    events: &[Arc<RecordedEvent>],
) -> Result<(), ApplyError> {
    let changes = Changes::of(events)?;
    Ok(write::write(conn, generation, &changes).await?)
}
