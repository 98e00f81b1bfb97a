//! Folders of the harness, below `/tmp`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// A folder that goes away with the value, and stays where the test failed.
pub struct Folder {
    path: PathBuf,
    keep: AtomicBool,
}

impl Folder {
    /// Makes one.
    ///
    /// # Panics
    /// If it cannot.
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/tmp/orqestra-{name}-{}-{number}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir(&path).expect("a folder in /tmp");
        Self { path, keep: AtomicBool::new(false) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stays.
    pub fn keep(&self, keep: bool) {
        self.keep.store(keep, Ordering::Relaxed);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.keep.load(Ordering::Relaxed) {
            std::fs::remove_dir_all(&self.path).ok();
        }
    }
}
