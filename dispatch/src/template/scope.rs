//! The variables of a render: those given, those assigned, and the item of each loop around.
//!
//! Invariant: nothing outside the variables can be reached: no partials, no environment, no clock.

use std::collections::HashMap;
use std::sync::Arc;

use super::meter::{ENTRY, Meter, Result, weigh};
use super::value::{Object, Value};

/// The name under which a round tells its place.
const FORLOOP: &str = "forloop";
/// The name under which all variables can be asked for by key, where no variable has it.
pub(super) const SELF: &str = "self";

/// The variables of a render, from the outside to the innermost loop.
pub(super) struct Scope<'r> {
    pub(super) meter: &'r Meter,
    variables: &'r Object,
    assigned: HashMap<Arc<str>, Value>,
    rounds: Vec<Round>,
    /// Where each loop that ran ended, by its name and its list as they are written.
    ends: HashMap<Arc<str>, i64>,
}

/// One round of a loop: its item under the loop's name, and where it stands.
pub(super) struct Round {
    pub(super) name: Arc<str>,
    pub(super) item: Value,
    /// The loop as it is written: its name and its list.
    pub(super) title: Arc<str>,
    pub(super) index: usize,
    pub(super) length: usize,
}

/// The meaning of a name.
pub(super) enum Found<'r> {
    Value(Value),
    /// The place of the innermost of these rounds; of none there is nothing to tell.
    Loop(&'r [Round]),
    /// All variables, each under its name.
    All(&'r Scope<'r>),
}

impl<'r> Scope<'r> {
    pub(super) fn new(variables: &'r Object, meter: &'r Meter) -> Self {
        Self { meter, variables, assigned: HashMap::new(), rounds: Vec::new(), ends: HashMap::new() }
    }

    /// Finds a name: in the innermost loop first.
    pub(super) fn find(&self, name: &str) -> Option<Found<'_>> {
        let of_a_loop = self.rounds.iter().rev().find(|round| *round.name == *name).map(|round| &round.item);
        if name == FORLOOP && self.rounds.last().is_some_and(|round| *round.name != *FORLOOP) {
            return Some(Found::Loop(&self.rounds));
        }
        match of_a_loop.or_else(|| self.assigned.get(name)).or_else(|| self.variables.get(name)) {
            Some(value) => Some(Found::Value(value.clone())),
            None => (name == SELF).then_some(Found::All(self)),
        }
    }

    /// The place at which the last loop of this title ended.
    pub(super) fn end_of(&self, title: &str) -> i64 {
        self.ends.get(title).copied().unwrap_or(0)
    }

    /// Keeps where a loop ends, for `offset: continue`.
    pub(super) fn note_end(&mut self, title: &Arc<str>, place: i64) {
        self.ends.insert(Arc::clone(title), place);
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
            Self::All(scope) => scope.find(name),
        }
    }

    /// The member or item under a key in brackets.
    pub(super) fn at(self, key: &Value) -> Option<Self> {
        match self {
            Self::Value(value) => value.at(key).map(Self::Value),
            Self::Loop(rounds) => place(rounds, &key.to_text()),
            Self::All(scope) => match key {
                Value::Text(name) => scope.find(name),
                _ => None,
            },
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
        "name" => Value::Text(Arc::clone(&inner.title)),
        "parentloop" => return Some(Found::Loop(outer)),
        _ => return None,
    };
    Some(Found::Value(value))
}
