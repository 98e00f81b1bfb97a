//! Objects: members by name, in the order in which they were sent.
//!
//! Invariant: a name stands once, and finding it costs no more than a search in sorted names.

use std::sync::Arc;

use super::value::Value;

/// Members up to which a name is looked for from the front.
const FEW: usize = 8;

/// Members by name, in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Object {
    members: Vec<(Arc<str>, Value)>,
    /// The places of more than a few members, in the order of their names.
    by_name: Box<[usize]>,
}

impl Object {
    /// A name given twice has its first place and its last value, as in Ruby.
    pub(super) fn new(mut members: Vec<(Arc<str>, Value)>) -> Self {
        let mut places = by_name(&members);
        let mut repeated = Vec::new();
        places.dedup_by(|later, earlier| {
            let same = members[*later].0 == members[*earlier].0;
            if same {
                members[*earlier].1 = std::mem::replace(&mut members[*later].1, Value::Nil);
                repeated.push(*later);
            }
            same
        });
        if !repeated.is_empty() {
            repeated.sort_unstable();
            let mut places = 0..;
            members.retain(|_| {
                places.next().is_some_and(|place: usize| repeated.binary_search(&place).is_err())
            });
            return Self::of(members, None);
        }
        Self::of(members, Some(places))
    }

    /// Of members whose names differ, with their places by name where they are known.
    fn of(mut members: Vec<(Arc<str>, Value)>, places: Option<Vec<usize>>) -> Self {
        members.shrink_to_fit();
        let has_few = members.len() <= FEW;
        let by_name = if has_few { Vec::new() } else { places.unwrap_or_else(|| by_name(&members)) };
        Self { members, by_name: by_name.into() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let place = if self.by_name.is_empty() {
            self.members.iter().position(|(known, _)| **known == *name)?
        } else {
            self.by_name[self.by_name.binary_search_by(|place| (*self.members[*place].0).cmp(name)).ok()?]
        };
        Some(&self.members[place].1)
    }

    /// Adds a member at the end if there is none of its name.
    pub(super) fn add(&mut self, name: &str, value: Value) {
        if self.get(name).is_none() {
            let mut members = std::mem::take(&mut self.members);
            members.push((Arc::from(name), value));
            *self = Self::of(members, None);
        }
    }

    pub(super) fn members(&self) -> &[(Arc<str>, Value)] {
        &self.members
    }

    /// The members in the order of their names.
    pub(super) fn sorted(&self) -> Vec<&(Arc<str>, Value)> {
        by_name(&self.members).into_iter().map(|place| &self.members[place]).collect()
    }

    /// A member as a list of its name and value.
    pub(super) fn pair(&self, place: usize) -> Option<Value> {
        let (name, value) = self.members.get(place)?;
        Some(Value::list(vec![Value::Text(Arc::clone(name)), value.clone()]))
    }
}

/// The places of members in the order of their names, of one name in the order of their places.
fn by_name(members: &[(Arc<str>, Value)]) -> Vec<usize> {
    let mut places: Vec<_> = (0..members.len()).collect();
    places.sort_by(|one, other| members[*one].0.cmp(&members[*other].0));
    places
}
