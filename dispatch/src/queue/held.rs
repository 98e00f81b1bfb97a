//! The queue under its lock: whatever was done, operators are told its length when the lock is left.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

use super::Inner;

/// See the module.
pub(super) struct Held<'a> {
    inner: MutexGuard<'a, Inner>,
    told: &'a metrics::Gauge,
}

impl<'a> Held<'a> {
    /// Tells the length by a gauge.
    pub(super) const fn new(inner: MutexGuard<'a, Inner>, told: &'a metrics::Gauge) -> Self {
        Self { inner, told }
    }
}

impl Deref for Held<'_> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.inner
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.told.set(f64::from(u32::try_from(self.inner.queued).unwrap_or(u32::MAX)));
    }
}
