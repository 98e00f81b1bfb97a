//! This process's part of what a provider allows, which holds for the installation: an equal part for each process that sends.
//!
//! The count is a lease: it holds until the others may take this process for gone. From then on no call within limits begins,
//! until the processes have counted each other anew.

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// What this process knows of the others.
#[derive(Clone, Copy, Debug)]
struct Counted {
    /// Processes that send, this one among them.
    processes: u32,
    /// When the others have counted this one.
    from: Option<Instant>,
    /// Until when the others count this one. `None` in a process that does not send.
    until: Option<Instant>,
}

/// When a call within limits may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Now,
    At(Instant),
    /// Not before the processes are counted again.
    OnceCounted,
}

impl Counted {
    fn begins(self, now: Instant) -> Begins {
        match (self.from, self.until) {
            (_, Some(until)) if until <= now => Begins::OnceCounted,
            (Some(from), _) if from > now => Begins::At(from),
            _ => Begins::Now,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Shares(watch::Sender<Counted>);

impl Default for Shares {
    fn default() -> Self {
        Self(watch::Sender::new(Counted { processes: 1, from: None, until: None }))
    }
}

impl Shares {
    /// Takes a count that was begun at that moment. It holds until a moment; after a gap calls begin at a later one.
    pub(crate) fn counted(&self, processes: u32, begun: Instant, after_gap: Instant, until: Instant) {
        self.0.send_modify(|counted| {
            if counted.until.is_none_or(|until| until < begun) {
                counted.from = Some(after_gap);
            }
            counted.processes = processes.max(1);
            counted.until = Some(until);
        });
    }

    /// Lets no call within limits begin before the first count.
    pub(crate) fn not_counted_yet(&self, now: Instant) {
        self.0.send_modify(|counted| counted.until = Some(now));
    }

    /// Returns how many processes send.
    pub(crate) fn processes(&self) -> u32 {
        self.0.borrow().processes
    }

    /// Returns this process's part of a number, at least one.
    pub(crate) fn part_of(&self, most: u32) -> u32 {
        (most / self.processes()).max(1)
    }

    /// Waits until the others have counted this process.
    pub(crate) async fn until_counted(&self) {
        let mut changes = self.0.subscribe();
        loop {
            let counted = *changes.borrow_and_update();
            match counted.begins(Instant::now()) {
                Begins::Now => return,
                Begins::At(from) => sleep_until(from).await,
                // This process holds the sender.
                Begins::OnceCounted => drop(changes.changed().await),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A count at that moment, as a process takes it that looks once a second.
    fn count(shares: &Shares, processes: u32, now: Instant) {
        shares.counted(processes, now, now + 2 * SECOND, now + 4 * SECOND);
    }

    fn begins(shares: &Shares, now: Instant) -> Begins {
        shares.0.borrow().begins(now)
    }

    #[test]
    fn each_process_has_an_equal_part_and_at_least_one() {
        let (shares, now) = (Shares::default(), Instant::now());
        assert_eq!(shares.part_of(7), 7);
        count(&shares, 3, now);
        assert_eq!((shares.part_of(7), shares.part_of(2)), (2, 1));
        count(&shares, 0, now);
        assert_eq!(shares.part_of(7), 7);
    }

    #[test]
    fn a_process_that_comes_makes_no_call_before_the_others_have_counted_it() {
        let (shares, now) = (Shares::default(), Instant::now());
        assert_eq!(begins(&shares, now), Begins::Now, "a process that only tests providers counts nobody");
        shares.not_counted_yet(now);
        assert_eq!(begins(&shares, now + 60 * SECOND), Begins::OnceCounted);
        let came = now + 60 * SECOND;
        count(&shares, 2, came);
        assert_eq!(begins(&shares, came + SECOND), Begins::At(came + 2 * SECOND));
        assert_eq!(begins(&shares, came + 2 * SECOND), Begins::Now);
    }

    #[test]
    fn a_process_whose_count_is_old_makes_no_call_until_all_have_counted_each_other_anew() {
        let (shares, now) = (Shares::default(), Instant::now());
        shares.not_counted_yet(now);
        count(&shares, 2, now);
        count(&shares, 2, now + 3 * SECOND);
        assert_eq!(
            begins(&shares, now + 3 * SECOND),
            Begins::Now,
            "a count that follows in time changes nothing"
        );
        assert_eq!(begins(&shares, now + 7 * SECOND), Begins::OnceCounted);
        let again = now + 8 * SECOND;
        count(&shares, 1, again);
        assert_eq!(begins(&shares, again), Begins::At(again + 2 * SECOND));
    }

    #[tokio::test]
    async fn what_waits_for_a_count_goes_on_with_it() {
        let (shares, now) = (Shares::default(), Instant::now());
        shares.not_counted_yet(now);
        let counting = async {
            tokio::task::yield_now().await;
            shares.counted(2, Instant::now(), Instant::now(), Instant::now() + 60 * SECOND);
        };
        tokio::join!(shares.until_counted(), counting);
    }
}
