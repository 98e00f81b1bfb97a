//! Where unpredictable bytes come from: injected, so that tests can repeat a run.
//!
//! The one place of the engine that names a random number generator.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::RngCore;
use sha2::{Digest, Sha256};

/// A source of bytes for keys, nonces and ids.
pub trait Entropy: Send + Sync {
    /// Fills the slice.
    fn fill(&self, out: &mut [u8]);
}

/// The operating system's randomness, through the thread's reseeding generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the injected source")]
    fn fill(&self, out: &mut [u8]) {
        rand::rng().fill_bytes(out);
    }
}

/// The same bytes for the same seed and order of calls. For tests only: its keys are no secret.
#[derive(Debug, Default)]
pub struct SeededEntropy {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededEntropy {
    /// Starts the sequence of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, blocks: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.blocks.fetch_add(1, Ordering::Relaxed);
            let digest = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(entropy: &dyn Entropy) -> [u8; 40] {
        let mut out = [0; 40];
        entropy.fill(&mut out);
        out
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_never_the_same_twice() {
        let (a, b) = (SeededEntropy::new(1), SeededEntropy::new(1));
        let first = take(&a);
        assert_eq!(first, take(&b));
        assert_ne!(first, take(&a));
        assert_ne!(first, take(&SeededEntropy::new(2)));
    }

    #[test]
    fn the_systems_bytes_differ_from_call_to_call() {
        assert_ne!(take(&OsEntropy), take(&OsEntropy));
    }
}
