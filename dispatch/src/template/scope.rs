//! The variables of a render: those given, those assigned, and the item of each loop around.
//!
//! Invariant: nothing outside the variables can be reached: no partials, no environment, no clock.

use std::collections::HashMap;
use std::sync::Arc;

use super::meter::{ENTRY, Meter, Result, weigh};
use super::value::{Object, Value};

/// The name under which a round tells its place.
const FORLOOP: &str = "forloop";

/// The variables of a render, from the outside to the innermost loop.
pub(super) struct Scope<'r> {
    pub(super) meter: &'r Meter,
    variables: &'r Object,
    assigned: HashMap<Arc<str>, Value>,
    rounds: Vec<Round>,
}

/// One round of a loop: its item under the loop's name, and where it stands.
pub(super) struct Round {
    pub(super) name: Arc<str>,
    pub(super) item: Value,
    pub(super) index: usize,
    pub(super) length: usize,
}

/// The meaning of a name.
pub(super) enum Found<'r> {
    Value(Value),
    /// The place of the innermost of these rounds; of none there is nothing to tell.
    Loop(&'r [Round]),
}

impl<'r> Scope<'r> {
    pub(super) fn new(variables: &'r Object, meter: &'r Meter) -> Self {
        Self { meter, variables, assigned: HashMap::new(), rounds: Vec::new() }
    }

    /// Finds a name: in the innermost loop first.
    pub(super) fn find(&self, name: &str) -> Option<Found<'_>> {
        if name == FORLOOP && !self.rounds.is_empty() {
            return Some(Found::Loop(&self.rounds));
        }
        let of_a_loop = self.rounds.iter().rev().find(|round| *round.name == *name).map(|round| &round.item);
        let value = of_a_loop.or_else(|| self.assigned.get(name)).or_else(|| self.variables.get(name))?;
        Some(Found::Value(value.clone()))
    }

    /// Assigns a variable outside of all loops.
    pub(super) fn assign(&mut self, name: &Arc<str>, value: Value) -> Result<()> {
        let most = self.meter.limits().held_bytes;
        self.meter.hold(ENTRY + name.len() + weigh(&value, most))?;
        if let Some(old) = self.assigned.insert(Arc::clone(name), value) {
            self.meter.release(ENTRY + name.len() + weigh(&old, most));
        }
        Ok(())
    }

    pub(super) fn enter(&mut self, round: Round) {
        self.rounds.push(round);
    }

    pub(super) fn leave(&mut self) {
        self.rounds.pop();
    }
}

impl Found<'_> {
    /// The member behind a point.
    pub(super) fn member(self, name: &str) -> Option<Self> {
        match self {
            Self::Value(value) => value.member(name).map(Self::Value),
            Self::Loop(rounds) => place(rounds, name),
        }
    }

    /// The member or item under a key in brackets.
    pub(super) fn at(self, key: &Value) -> Option<Self> {
        match self {
            Self::Value(value) => value.at(key).map(Self::Value),
            Self::Loop(rounds) => place(rounds, &key.to_text()),
        }
    }
}

fn place<'r>(rounds: &'r [Round], name: &str) -> Option<Found<'r>> {
    let Some((inner, outer)) = rounds.split_last() else { return Some(Found::Value(Value::Nil)) };
    let value = match name {
        "index" => Value::count(inner.index + 1),
        "index0" => Value::count(inner.index),
        "rindex" => Value::count(inner.length - inner.index),
        "rindex0" => Value::count(inner.length - inner.index - 1),
        "length" => Value::count(inner.length),
        "first" => Value::Bool(inner.index == 0),
        "last" => Value::Bool(inner.index + 1 == inner.length),
        "parentloop" => return Some(Found::Loop(outer)),
        _ => return None,
    };
    Some(Found::Value(value))
}
