//! The newest events, kept in memory so that readers of the tail do not ask the database.
//!
//! What it holds is one run without a gap. It is bounded in number and in bytes, and only ever speeds reading up:
//! whoever is not served here reads the table.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::interest::Interest;
use crate::page::Page;
use crate::position::Position;
use crate::recorded::RecordedEvent;

const MAX_EVENTS: usize = 8_192;
const MAX_BYTES: usize = 2 * 1024 * 1024;

#[derive(Debug, Default)]
struct Run {
    events: VecDeque<Arc<RecordedEvent>>,
    bytes: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ring(Mutex<Run>);

impl Ring {
    /// Takes in events that follow each other without a gap; what is already there is skipped. A gap to what is there
    /// starts a new run.
    pub(crate) fn push(&self, events: &[Arc<RecordedEvent>]) {
        let mut run = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if let Some(last) = run.events.back() {
                if event.position <= last.position {
                    continue;
                }
                if event.position != last.position.after(1) {
                    run.events.clear();
                    run.bytes = 0;
                }
            }
            run.bytes += event.weight();
            run.events.push_back(Arc::clone(event));
            while run.events.len() > MAX_EVENTS || run.bytes > MAX_BYTES {
                let Some(oldest) = run.events.pop_front() else { break };
                run.bytes -= oldest.weight();
            }
        }
    }

    /// Drops all events.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Run::default();
    }

    /// The events after a position that a reader asks for, among the next `most`; `None` where the run does not reach
    /// back that far or not beyond it.
    pub(crate) fn after(&self, position: Position, most: usize, interest: &Interest) -> Option<Page> {
        let run = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = run.events.front()?.position.get();
        let skip = usize::try_from(position.get() + 1 - first).ok()?;
        if skip >= run.events.len() {
            return None;
        }
        let mut page = Page { events: Vec::new(), reached: position };
        for event in run.events.iter().skip(skip).take(most) {
            page.reached = event.position;
            if interest.wants(event) {
                page.events.push(Arc::clone(event));
            }
        }
        Some(page)
    }
}
