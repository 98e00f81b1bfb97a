//! The budget of one render: steps, bytes held, and what was missing.
//!
//! Invariant: whatever a template does ends in `spend`, `hold` or `admit`, and once one of them refused, all of them do.
//! Steps are counted, not timed: a busy machine neither shortens a render nor makes a retry end differently.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use liquid_core::model::ScalarCow;
use liquid_core::{Error, Result, Runtime, ValueView};
use time::OffsetDateTime;

use super::RenderError;

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

/// Counts what one render uses and remembers what stopped it.
#[derive(Debug)]
pub(super) struct Meter {
    limits: RenderLimits,
    left: Cell<u64>,
    held: Cell<usize>,
    stopped: RefCell<Option<RenderError>>,
    fault: Cell<Option<&'static str>>,
    missing: RefCell<Vec<String>>,
    names: Arc<HashSet<String>>,
}

/// How a filter or block finds the meter through liquid's own registers.
#[derive(Default)]
pub(super) struct Handle(Option<Rc<Meter>>);

impl Handle {
    pub(super) fn install(runtime: &dyn Runtime, meter: &Rc<Meter>) {
        runtime.registers().get_mut::<Self>().0 = Some(Rc::clone(meter));
    }
}

impl Meter {
    pub(super) fn new(limits: RenderLimits, names: Arc<HashSet<String>>) -> Self {
        Self {
            left: Cell::new(limits.steps),
            held: Cell::new(0),
            stopped: RefCell::new(None),
            fault: Cell::new(None),
            missing: RefCell::new(Vec::new()),
            limits,
            names,
        }
    }

    /// The meter of the render that this runtime belongs to.
    pub(super) fn of(runtime: &dyn Runtime) -> Result<Rc<Self>> {
        let handle = runtime.registers().get_mut::<Handle>();
        handle.0.clone().ok_or_else(|| Error::with_msg("no meter"))
    }

    pub(super) fn limits(&self) -> &RenderLimits {
        &self.limits
    }

    /// Takes steps without saying whether any were left; the next `spend` says so.
    pub(super) fn tick(&self, steps: u64) {
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => drop(self.stop(RenderError::TooManySteps)),
        }
    }

    /// Takes steps.
    pub(super) fn spend(&self, steps: u64) -> Result<()> {
        self.tick(steps);
        if self.stopped.borrow().is_some() { Err(Error::with_msg("stopped")) } else { Ok(()) }
    }

    /// Adds bytes to what is held at one time.
    pub(super) fn hold(&self, bytes: usize) -> Result<()> {
        let held = self.held.get().saturating_add(bytes);
        if held > self.limits.held_bytes {
            return Err(self.stop(RenderError::TooLarge));
        }
        self.held.set(held);
        Ok(())
    }

    /// Gives held bytes back.
    pub(super) fn release(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }

    /// Lets a value that a filter made pass, if it is small enough.
    pub(super) fn admit(&self, value: &dyn ValueView) -> Result<()> {
        let most = self.limits.value_bytes;
        let weight = weigh(value, most);
        self.spend(price(weight))?;
        if weight > most { Err(self.stop(RenderError::TooLarge)) } else { Ok(()) }
    }

    /// Charges for reading a value.
    pub(super) fn read(&self, value: &dyn ValueView) -> Result<()> {
        let weight = weigh(value, self.limits.variable_bytes);
        self.spend(1 + price(weight))
    }

    /// Ends the render; the first reason stays.
    pub(super) fn stop(&self, why: RenderError) -> Error {
        self.stopped.borrow_mut().get_or_insert(why);
        Error::with_msg("stopped")
    }

    /// Says what a filter expects, for the failure that it is about to return.
    pub(super) fn fault(&self, expects: &'static str) -> Error {
        self.fault.set(Some(expects));
        Error::with_msg(expects)
    }

    /// Ends the render over a filter that failed, with what it said it expects.
    pub(super) fn blame(&self, filter: &str) -> Error {
        let expects = self.fault.take().unwrap_or("cannot take this value");
        self.refuse(&format!("filter `{filter}` {expects}"))
    }

    /// Ends the render over a value that a filter or tag cannot take.
    pub(super) fn refuse(&self, reason: &str) -> Error {
        self.stop(RenderError::Failed { reason: reason.to_owned() })
    }

    /// What stopped the render, if anything did.
    pub(super) fn verdict(&self) -> Option<RenderError> {
        self.stopped.borrow().clone()
    }

    /// Notes a variable that was asked for and is not there.
    ///
    /// A part of the path that the template does not spell out came from a value, so it is left out.
    pub(super) fn note_missing(&self, path: &[ScalarCow<'_>]) {
        let mut missing = self.missing.borrow_mut();
        if missing.len() >= MOST_MISSING {
            return;
        }
        let mut name = String::new();
        for part in path {
            if !name.is_empty() {
                name.push('.');
            }
            let text = part.to_kstr();
            let spelled = part.to_integer().is_some_and(|number| (-9999..=9999).contains(&number));
            name.push_str(if spelled || self.names.contains(text.as_str()) { text.as_str() } else { "*" });
            if name.len() > LONGEST_NAME {
                name.truncate(name.floor_char_boundary(LONGEST_NAME));
                break;
            }
        }
        if !missing.contains(&name) {
            missing.push(name);
        }
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
pub(super) fn weigh(value: &dyn ValueView, most: usize) -> usize {
    if let Some(array) = value.as_array() {
        let mut sum = NODE;
        for item in array.values() {
            if sum > most {
                break;
            }
            sum += weigh(item, most - sum);
        }
        sum
    } else if let Some(object) = value.as_object() {
        let mut sum = NODE;
        for (key, item) in object.iter() {
            if sum > most {
                break;
            }
            sum += ENTRY + key.len();
            sum += weigh(item, most.saturating_sub(sum));
        }
        sum
    } else if let Some(scalar) = value.as_scalar() {
        NODE + match value.type_name() {
            "string" => scalar.to_kstr().len(),
            // Written out in full, such a number takes hundreds of digits.
            "fractional number" => scalar.to_float().map_or(0, |float| if long(float) { 340 } else { 0 }),
            _ => 0,
        }
    } else {
        NODE
    }
}

fn long(float: f64) -> bool {
    float.abs() >= 1e16 || (float.abs() < 1e-6 && float != 0.0)
}
