//! What readiness and metrics say of how limits are counted.

use std::sync::{Mutex, PoisonError};

/// How it stands.
#[derive(Debug, Default)]
enum Standing {
    /// Not yet known.
    #[default]
    Starting,
    Shared,
    Apart(String),
}

/// How limits are counted now, for those who ask.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<(Standing, bool)>);

impl Told {
    pub(super) fn shared(&self) {
        self.set(Standing::Shared);
    }

    pub(super) fn apart(&self, why: &str) {
        self.set(Standing::Apart(why.to_owned()));
    }

    fn set(&self, standing: Standing) {
        let shared = matches!(standing, Standing::Shared);
        metrics::gauge!("orqestra_limits_shared").set(f64::from(u8::from(shared)));
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.1 |= shared;
        told.0 = standing;
    }

    /// Whether this process has ever counted in a generation.
    pub(super) fn has_counted(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Why limits are not shared, where they are not.
    pub(super) fn reason(&self) -> Option<String> {
        match &self.0.lock().unwrap_or_else(PoisonError::into_inner).0 {
            Standing::Shared => None,
            Standing::Starting => Some("limits are not shared yet".to_owned()),
            Standing::Apart(why) => Some(why.clone()),
        }
    }
}
