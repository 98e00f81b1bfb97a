//! Named places where a test may end the process, as a power cut would.
//!
//! `ORQESTRA_FAIL_POINT=name` aborts at the first hit of that point, `name:3` at the third. Unset, a hit costs one
//! comparison. The list is complete: the kill test runs them all.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that arms one point.
pub const VARIABLE: &str = "ORQESTRA_FAIL_POINT";

macro_rules! fail_points {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A place where the process can be made to end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FailPoint {
            $($(#[$doc])* $name,)*
        }

        impl FailPoint {
            /// All points.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name that arms the point.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

fail_points! {
    /// A batch is gathered, nothing is stored.
    AppendBeforeFlush,
    /// A batch is stored, nobody was told.
    AppendAfterFlush,
    /// A subscriber has handled a batch, nothing is stored.
    SubscriptionBeforeCommit,
    /// A subscriber's work is stored, it was not told.
    SubscriptionAfterCommit,
    /// An attempt is about to be claimed.
    ClaimBeforeAppend,
    /// An attempt is claimed, nothing was sent.
    ClaimAfterAppend,
    /// The provider is about to be called.
    SendBefore,
    /// The provider was called, its answer is not recorded.
    SendAfter,
    /// An outcome is about to be recorded.
    OutcomeBeforeAppend,
    /// An outcome is recorded.
    OutcomeAfterAppend,
    /// A trigger is checked, nothing is stored.
    TriggerBeforeAppend,
    /// A trigger is stored, the caller was not told.
    TriggerAfterAppend,
    /// A read mark is stored, the inbox row was not touched.
    MarkReadAfterAppend,
}

struct Armed {
    point: FailPoint,
    hits_left: AtomicU64,
}

fn parse(setting: &str) -> Option<Armed> {
    let (name, nth) = setting.split_once(':').unwrap_or((setting, "1"));
    let point = FailPoint::ALL.iter().copied().find(|point| point.name() == name)?;
    Some(Armed { point, hits_left: AtomicU64::new(nth.parse().ok()?) })
}

impl FailPoint {
    /// Ends the process here, without unwinding, if this point is armed and its turn has come.
    pub fn hit(self) {
        static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
        let armed = ARMED.get_or_init(|| parse(&std::env::var(VARIABLE).ok()?));
        if let Some(armed) = armed
            && armed.point == self
            && armed.hits_left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_a_point_and_its_turn() {
        let armed = parse("SendAfter:3").unwrap();
        assert_eq!((armed.point, armed.hits_left.into_inner()), (FailPoint::SendAfter, 3));
        assert_eq!(parse("ClaimAfterAppend").unwrap().point, FailPoint::ClaimAfterAppend);
        assert!(parse("Nowhere").is_none());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = FailPoint::ALL.iter().map(|point| point.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FailPoint::ALL.len());
    }
}
