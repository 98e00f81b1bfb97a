//! Bodies that are being read: bounded in bytes over all connections, and each owner's so that others keep room.
//!
//! Slow bodies of one tenant make its own requests wait and no other's. A body whose bytes are slow to come costs its
//! connection too, so that each counts for a little from its first byte on.

use crate::error::ApiError;
use crate::shares::{Owner, Share, Shares};

/// Bytes of all bodies that are being read.
const MOST: usize = 64 * 1024 * 1024;
/// What a body counts for at least.
const LEAST: usize = 16 * 1024;
/// Seconds after which it is worth another try.
const RETRY_AFTER: u64 = 1;

/// The bodies that this process reads.
#[derive(Clone)]
pub(crate) struct Bodies(Shares);

/// What one body holds, until it is dropped.
pub(crate) struct Held(Share);

impl Default for Bodies {
    fn default() -> Self {
        Self(Shares::of(MOST))
    }
}

impl Bodies {
    /// Begins to read a body.
    ///
    /// # Errors
    /// `Overloaded` where too much of its owner's is being read.
    pub(crate) fn begin(&self, owner: Owner) -> Result<Held, ApiError> {
        let mut held = Held(self.0.begin(owner));
        held.hold(LEAST)?;
        Ok(held)
    }
}

impl Held {
    /// Makes room for a body that has grown to so many bytes: how many it may have from now on.
    ///
    /// # Errors
    /// `Overloaded` where too much of its owner's is being read.
    pub(crate) fn grown(&mut self, bytes: usize) -> Result<usize, ApiError> {
        let held = self.0.bytes();
        if bytes > held {
            self.hold(bytes.max(held * 2))?;
        }
        Ok(self.0.bytes())
    }

    fn hold(&mut self, bytes: usize) -> Result<(), ApiError> {
        if self.0.hold(bytes) { Ok(()) } else { Err(ApiError::Overloaded(RETRY_AFTER)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_counts_for_a_little_at_first_and_doubles_up_to_the_bound() {
        let bodies = Bodies::default();
        let all: Vec<Held> = std::iter::from_fn(|| bodies.begin(None).ok()).collect();
        assert_eq!(all.len(), MOST / LEAST / 2);
        drop(all);
        let mut grows = bodies.begin(None).unwrap();
        assert_eq!(grows.grown(LEAST).unwrap(), LEAST);
        assert_eq!(grows.grown(LEAST + 1).unwrap(), 2 * LEAST);
        assert!(matches!(grows.grown(MOST), Err(ApiError::Overloaded(RETRY_AFTER))));
    }
}
