//! One lane: a tenant's sends of one channel, or its sweeps. Rows that wait, rows at work, and how much room it may use.
//!
//! Invariant: `charged` is the sum of what the places of this lane were charged, and returns to 0 with the last of them.

use std::collections::VecDeque;

use orqestra_domain::{Channel, TenantId, Timestamp};

use super::Entry;
use crate::due::{DueKey, DueKind, DueRow};

/// Sweeps of one tenant at work at one time.
pub(super) const SWEEPS: usize = 16;
/// The least rows that a lane may hold, however slowly it is worked on.
const LEAST_WINDOW: usize = 16;
/// One unit of work, in bytes of content: about the memory of a small delivery at work.
pub(super) const UNIT: usize = 16 * 1024;

/// One stream of work of a tenant, with its own limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Send(Channel),
    Sweep,
}

impl Lane {
    pub(super) const COUNT: usize = 4;

    pub(crate) const fn of(row: &DueRow) -> Self {
        match row.due.kind {
            DueKind::Send => Self::Send(row.key.channel),
            DueKind::Sweep | DueKind::Held => Self::Sweep,
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Send(Channel::Email) => 0,
            Self::Send(Channel::Sms) => 1,
            Self::Send(Channel::Push) => 2,
            Self::Sweep => 3,
        }
    }

    pub(super) const fn at(index: usize) -> Self {
        match index {
            0 => Self::Send(Channel::Email),
            1 => Self::Send(Channel::Sms),
            2 => Self::Send(Channel::Push),
            _ => Self::Sweep,
        }
    }

    /// Whether its work calls a provider, and may wait there.
    pub(super) const fn calls(self) -> bool {
        matches!(self, Self::Send(Channel::Email | Channel::Sms))
    }
}

/// How much of a tenant's channel may be at work now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Nothing can be sent: every provider's breaker is open.
    Closed,
    /// One row may find out whether a provider is back.
    Trial,
    /// So many.
    Open(usize),
}

impl Gate {
    /// Most rows at work.
    pub(super) const fn limit(self) -> usize {
        match self {
            Self::Closed => 0,
            Self::Trial => 1,
            Self::Open(most) => most,
        }
    }
}

/// Knows which lanes can be worked on.
pub(crate) trait Gates: Send + Sync {
    /// The gate of a tenant's channel.
    fn gate(&self, tenant: TenantId, channel: Channel) -> Gate;

    /// All lanes whose gate is not open.
    fn shut(&self) -> Vec<(TenantId, Channel, Gate)>;
}

/// See the module.
pub(super) struct LaneState {
    pub(super) waiting: VecDeque<Entry>,
    pub(super) working: usize,
    /// Units that its rows at work are charged.
    pub(super) charged: usize,
    /// Units that its next row is charged until its size is known.
    estimate: usize,
    /// Most rows that may wait: halved when leases end before their turn, doubled when it runs dry.
    window: usize,
    /// Whether the table holds more due rows than were taken.
    pub(super) more: bool,
}

impl LaneState {
    pub(super) fn new(window: usize) -> Self {
        Self { waiting: VecDeque::new(), working: 0, charged: 0, estimate: 1, window, more: false }
    }

    /// Most rows that may wait, of a share of the queue.
    pub(super) fn most(&self, share: usize) -> usize {
        self.window.min(share)
    }

    /// Whether it has less than half of what it may hold, and there is more to take.
    pub(super) fn is_low(&self, share: usize) -> bool {
        self.more && self.waiting.len() < self.most(share).div_ceil(2)
    }

    /// Takes out the rows behind the first so many.
    pub(super) fn trim(&mut self, most: usize) -> impl Iterator<Item = DueKey> + '_ {
        let most = most.min(self.waiting.len());
        self.more = true;
        self.waiting.drain(most..).map(|entry| entry.row.key)
    }

    /// Takes out the rows whose lease is over; how many they were.
    pub(super) fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|entry| entry.leased_until > now);
        let expired = before - self.waiting.len();
        if expired > 0 {
            self.window = (self.window / 2).max(LEAST_WINDOW);
            self.more = true;
        }
        expired
    }

    /// Takes the next row; its charge is to be given back by [`Self::end`].
    pub(super) fn begin(&mut self, longest_window: usize) -> Option<(Entry, usize)> {
        let entry = self.waiting.pop_front()?;
        if self.waiting.is_empty() {
            self.window = self.window.saturating_mul(2).min(longest_window);
        }
        self.working += 1;
        self.charged += self.estimate;
        Some((entry, self.estimate))
    }

    /// A row at work turns out to be of another size.
    pub(super) fn weigh(&mut self, charged: usize, units: usize) {
        self.charged = (self.charged + units).saturating_sub(charged);
        // What a delivery needs at most is what the next one may need.
        if units >= charged {
            self.estimate = (self.estimate + units).div_ceil(2);
        }
    }

    pub(super) fn end(&mut self, charged: usize) {
        self.estimate -= self.estimate.saturating_sub(charged) / 8;
        self.working = self.working.saturating_sub(1);
        self.charged = self.charged.saturating_sub(charged);
    }
}

/// Units of work for so many bytes of content.
pub(super) const fn units(bytes: usize) -> usize {
    1 + bytes / UNIT
}

/// Shares of lanes in something that all use: rows in memory, or units at work.
///
/// A lane may grow while it has less than a quarter of what is free, so that a few lanes do not take it all; where little
/// is free, only up to a sixteenth of that and to an equal part. So a lane that has nothing finds room, while hundreds of
/// others are full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    most: usize,
    /// An equal part for each lane that has any.
    fair: usize,
}

impl Shared {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, fair: most }
    }

    /// Tells it how many lanes have any.
    pub(super) fn among(&mut self, lanes: usize) {
        self.fair = (self.most - self.most / 8).checked_div(lanes).unwrap_or(self.most).max(1);
    }

    pub(super) const fn free(&self, used: usize) -> usize {
        self.most.saturating_sub(used)
    }

    pub(super) const fn fair(&self) -> usize {
        self.fair
    }

    /// Most that one lane may have while so much is used.
    pub(super) fn share(&self, used: usize) -> usize {
        let free = self.free(used);
        let part = if free > self.most / 4 { free / 4 } else { (free / 16).min(self.fair) };
        part.max(free.min(1))
    }

    /// Whether so little is free that lanes with more than an equal part have to give some back.
    pub(super) const fn is_short(&self, used: usize) -> bool {
        self.free(used) < self.most / 8
    }
}
