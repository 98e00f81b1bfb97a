//! The budget of one render: steps, bytes held, and what was missing.
//!
//! Invariant: whatever a template does ends in `spend`, `hold` or `admit`, and the first error of one of them ends the render.
//! Steps are counted, not timed: a busy machine neither shortens a render nor makes a retry end differently.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use time::OffsetDateTime;

use super::RenderError;
use super::value::Value;

/// Bytes that one value in memory is taken to weigh beside its text.
pub(super) const NODE: usize = 64;
/// Bytes that one entry of an object is taken to weigh beside its value.
pub(super) const ENTRY: usize = 64;
/// Most names of missing variables that are kept.
const MOST_MISSING: usize = 32;
/// Longest kept name of a missing variable, bytes.
const LONGEST_NAME: usize = 128;

/// What one render may use. The default is what tenants get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderLimits {
    /// Steps: about 50 ns each on a current machine, so that the default ends within 25 ms.
    pub steps: u64,
    /// Bytes of the rendered text.
    pub output_bytes: usize,
    /// Bytes of one value made by a filter.
    pub value_bytes: usize,
    /// Bytes held at one time by assigned and captured values.
    pub held_bytes: usize,
    /// Bytes of those variables that the template names, as values in memory.
    pub variable_bytes: usize,
    /// What `"now"` and `"today"` mean to the `date` filter; without it they stay words.
    pub now: Option<OffsetDateTime>,
}

impl Default for RenderLimits {
    fn default() -> Self {
        Self {
            steps: 500_000,
            output_bytes: 512 * 1024,
            value_bytes: 512 * 1024,
            held_bytes: 2 * 1024 * 1024,
            variable_bytes: 4 * 1024 * 1024,
            now: None,
        }
    }
}

impl RenderLimits {
    /// The default limits at a moment, which `"now"` and `"today"` then mean.
    pub fn at(now: OffsetDateTime) -> Self {
        Self { now: Some(now), ..Self::default() }
    }
}

/// Counts what one render uses, and notes what was missing.
#[derive(Debug)]
pub(super) struct Meter {
    limits: RenderLimits,
    left: Cell<u64>,
    held: Cell<usize>,
    missing: RefCell<Vec<String>>,
    names: Arc<HashSet<String>>,
}

/// The result of a step of a render, which an error ends.
pub(super) type Result<T> = std::result::Result<T, RenderError>;

impl Meter {
    pub(super) fn new(limits: RenderLimits, names: Arc<HashSet<String>>) -> Self {
        Self {
            left: Cell::new(limits.steps),
            held: Cell::new(0),
            missing: RefCell::new(Vec::new()),
            limits,
            names,
        }
    }

    pub(super) fn limits(&self) -> &RenderLimits {
        &self.limits
    }

    /// Takes steps.
    pub(super) fn spend(&self, steps: u64) -> Result<()> {
        let left = self.left.get().checked_sub(steps).ok_or(RenderError::TooManySteps)?;
        self.left.set(left);
        Ok(())
    }

    /// Adds bytes to what is held at one time.
    pub(super) fn hold(&self, bytes: usize) -> Result<()> {
        let held = self.held.get().saturating_add(bytes);
        if held > self.limits.held_bytes {
            return Err(RenderError::TooLarge);
        }
        self.held.set(held);
        Ok(())
    }

    /// Gives held bytes back.
    pub(super) fn release(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }

    /// Lets a value that a filter made pass, if it is small enough.
    pub(super) fn admit(&self, value: &Value) -> Result<()> {
        let most = self.limits.value_bytes;
        let weight = weigh(value, most);
        self.spend(price(weight))?;
        if weight > most { Err(RenderError::TooLarge) } else { Ok(()) }
    }

    /// Charges for reading a value.
    pub(super) fn read(&self, value: &Value) -> Result<()> {
        let weight = weigh(value, self.limits.variable_bytes);
        self.spend(1 + price(weight))
    }

    /// Notes a variable that was asked for and is not there, by the parts of its path.
    ///
    /// A part that the template does not spell out came from a value, so it is left out.
    pub(super) fn note_missing<'p>(&self, path: impl Iterator<Item = &'p Value>) {
        let mut missing = self.missing.borrow_mut();
        if missing.len() >= MOST_MISSING {
            return;
        }
        let mut name = String::new();
        for part in path {
            if !name.is_empty() {
                name.push('.');
            }
            let text = part.to_text();
            let is_place = matches!(part, Value::Number(number) if number.as_place().is_some_and(|place| (-9999..=9999).contains(&place)));
            name.push_str(if is_place || self.names.contains(&*text) { &text } else { "*" });
            if name.len() > LONGEST_NAME {
                name.truncate(name.floor_char_boundary(LONGEST_NAME));
                break;
            }
        }
        if !missing.contains(&name) {
            missing.push(name);
        }
    }

    /// How many names are noted.
    pub(super) fn noted(&self) -> usize {
        self.missing.borrow().len()
    }

    /// Takes back the names that were noted between two counts.
    pub(super) fn forget(&self, names: Range<usize>) {
        self.missing.borrow_mut().drain(names);
    }

    pub(super) fn take_missing(&self) -> Vec<String> {
        std::mem::take(&mut *self.missing.borrow_mut())
    }
}

/// Steps that going over so many bytes costs.
pub(super) fn price(bytes: usize) -> u64 {
    bytes as u64 / 32
}

/// About how many bytes a value takes in memory; stops counting once past `most`.
pub(super) fn weigh(value: &Value, most: usize) -> usize {
    match value {
        Value::Nil | Value::Bool(_) | Value::Empty | Value::Blank => NODE,
        Value::Number(number) => NODE + number.weight(),
        Value::Text(text) => NODE + text.len(),
        Value::List(items) => {
            let mut sum = NODE;
            for item in items.iter() {
                if sum > most {
                    break;
                }
                sum += weigh(item, most - sum);
            }
            sum
        }
        Value::Object(object) => {
            let mut sum = NODE;
            for (name, item) in object.members() {
                if sum > most {
                    break;
                }
                sum += ENTRY + name.len();
                sum += weigh(item, most.saturating_sub(sum));
            }
            sum
        }
    }
}
