//! What a template sees while it renders: its variables, what it assigned, and the item of each loop around it.
//!
//! Invariant: every look-up is charged, and a variable that is not there is empty and noted, never an error.
//! Nothing outside the variables can be reached: no partials, no environment, no clock.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use liquid_core::model::{KString, KStringCow, KStringRef, ScalarCow, try_find};
use liquid_core::runtime::{PartialStore, Registers, Renderable};
use liquid_core::{Error, Object, Result, Runtime, Value, ValueCow, ValueView};

use super::meter::{ENTRY, Handle, Meter, weigh};

/// The outermost frame: variables given, and those the template assigns.
pub(super) struct Root<'v> {
    variables: &'v Object,
    assigned: RefCell<Object>,
    registers: Registers,
    meter: Rc<Meter>,
}

impl<'v> Root<'v> {
    pub(super) fn new(variables: &'v Object, meter: &Rc<Meter>) -> Self {
        let root = Self {
            variables,
            assigned: RefCell::new(Object::new()),
            registers: Registers::default(),
            meter: Rc::clone(meter),
        };
        Handle::install(&root, meter);
        root
    }

    fn find(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        let key = path.first()?.to_kstr();
        if let Some(value) = self.assigned.borrow().get(key.as_str()) {
            return try_find(value.as_view(), &path[1..]).map(|value| ValueCow::Owned(value.into_owned()));
        }
        try_find(self.variables.get(key.as_str())?.as_view(), &path[1..])
    }
}

impl Runtime for Root<'_> {
    fn partials(&self) -> &dyn PartialStore {
        &NoPartials
    }

    fn name(&self) -> Option<KStringRef<'_>> {
        None
    }

    fn roots(&self) -> BTreeSet<KStringCow<'_>> {
        BTreeSet::new()
    }

    fn try_get(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        charged(&self.meter, path, self.find(path)).ok().flatten()
    }

    fn get(&self, path: &[ScalarCow<'_>]) -> Result<ValueCow<'_>> {
        Ok(charged(&self.meter, path, self.find(path))?.unwrap_or(ValueCow::Owned(Value::Nil)))
    }

    fn set_global(&self, name: KString, value: Value) -> Option<Value> {
        let most = self.meter.limits().held_bytes;
        // A refusal shows at the next step, since this signature has no error.
        self.meter.hold(ENTRY + name.len() + weigh(&value, most)).ok()?;
        let size = name.len();
        let old = self.assigned.borrow_mut().insert(name, value)?;
        self.meter.release(ENTRY + size + weigh(&old, most));
        Some(old)
    }

    fn set_index(&self, _name: KString, _value: Value) -> Option<Value> {
        None
    }

    fn get_index<'a>(&'a self, _name: &str) -> Option<ValueCow<'a>> {
        None
    }

    fn registers(&self) -> &Registers {
        // Asked for after every element of every block.
        self.meter.tick(1);
        &self.registers
    }
}

/// Charges for what a look-up found, or notes what it did not find.
fn charged<'v>(
    meter: &Meter,
    path: &[ScalarCow<'_>],
    found: Option<ValueCow<'v>>,
) -> Result<Option<ValueCow<'v>>> {
    if let Some(value) = &found {
        meter.read(value.as_view())?;
    } else {
        // Noting a name costs more than finding a value.
        meter.spend(8)?;
        meter.note_missing(path);
    }
    Ok(found)
}

/// The name under which a round tells its place.
const FORLOOP: &str = "forloop";

/// One round of a loop: its item under the loop's name, and `forloop`.
pub(super) struct Round<'r> {
    pub(super) parent: &'r dyn Runtime,
    pub(super) meter: &'r Meter,
    pub(super) name: &'r str,
    pub(super) item: &'r dyn ValueView,
    pub(super) index: usize,
    pub(super) length: usize,
}

impl Round<'_> {
    /// Whether a path starts at this round; all others lead further out.
    fn owns(&self, path: &[ScalarCow<'_>]) -> bool {
        path.first().is_some_and(|first| {
            let name = first.to_kstr();
            name.as_str() == self.name || name.as_str() == FORLOOP
        })
    }

    /// The look-up of a path that this round owns.
    fn find(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        if path.first()?.to_kstr().as_str() == self.name {
            return try_find(self.item, &path[1..]);
        }
        let field = path.get(1)?.to_kstr();
        if field.as_str() == "parentloop" {
            let outer: Vec<_> = path[..1].iter().chain(&path[2..]).cloned().collect();
            return self.parent.try_get(&outer).map(|value| ValueCow::Owned(value.into_owned()));
        }
        self.position(field.as_str()).map(ValueCow::Owned)
    }

    fn position(&self, field: &str) -> Option<Value> {
        let count = |number: usize| Value::scalar(i64::try_from(number).unwrap_or(i64::MAX));
        Some(match field {
            "index" => count(self.index + 1),
            "index0" => count(self.index),
            "rindex" => count(self.length - self.index),
            "rindex0" => count(self.length - self.index - 1),
            "length" => count(self.length),
            "first" => Value::scalar(self.index == 0),
            "last" => Value::scalar(self.index + 1 == self.length),
            _ => return None,
        })
    }
}

impl Runtime for Round<'_> {
    fn partials(&self) -> &dyn PartialStore {
        &NoPartials
    }

    fn name(&self) -> Option<KStringRef<'_>> {
        None
    }

    fn roots(&self) -> BTreeSet<KStringCow<'_>> {
        BTreeSet::new()
    }

    fn try_get(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        if !self.owns(path) {
            return self.parent.try_get(path);
        }
        charged(self.meter, path, self.find(path)).ok().flatten()
    }

    fn get(&self, path: &[ScalarCow<'_>]) -> Result<ValueCow<'_>> {
        if !self.owns(path) {
            return self.parent.get(path);
        }
        Ok(charged(self.meter, path, self.find(path))?.unwrap_or(ValueCow::Owned(Value::Nil)))
    }

    fn set_global(&self, name: KString, value: Value) -> Option<Value> {
        self.parent.set_global(name, value)
    }

    fn set_index(&self, name: KString, value: Value) -> Option<Value> {
        self.parent.set_index(name, value)
    }

    fn get_index<'a>(&'a self, name: &str) -> Option<ValueCow<'a>> {
        self.parent.get_index(name)
    }

    fn registers(&self) -> &Registers {
        self.parent.registers()
    }
}

/// Templates include nothing.
#[derive(Debug)]
struct NoPartials;

impl PartialStore for NoPartials {
    fn contains(&self, _name: &str) -> bool {
        false
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn try_get(&self, _name: &str) -> Option<Arc<dyn Renderable>> {
        None
    }

    fn get(&self, _name: &str) -> Result<Arc<dyn Renderable>> {
        Err(Error::with_msg("templates include nothing"))
    }
}
