//! What the directory hands out. Secrets are wiped when the last holder lets go and are never printed.

use std::fmt;
use std::sync::Arc;

use orqestra_domain::notification::TemplateRef;
use orqestra_domain::template::TemplateContent;
use orqestra_domain::tenant::TenantRecord;
use orqestra_domain::{Channel, EventTypeName, TenantId, Timestamp};
use orqestra_vault::IndexKey;
use zeroize::Zeroizing;

/// An opened secret.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Vec<u8>>>);

impl Secret {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// The bytes, for the one use they are meant for.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A tenant as it stands.
#[derive(Clone, Debug)]
pub struct TenantEntry {
    /// Its id.
    pub id: TenantId,
    /// Its record.
    pub record: TenantRecord,
    /// The opened webhook secret: triggers must be signed where there is one.
    pub webhook_secret: Option<Secret>,
    /// The key that hashes its look-up values.
    pub index: Arc<IndexKey>,
}

/// One version of a template.
#[derive(Clone, Debug)]
pub struct TemplateVersion {
    /// Which.
    pub template: TemplateRef,
    /// The event type it answers.
    pub event_type: EventTypeName,
    /// The channel it is for.
    pub channel: Channel,
    /// What it says.
    pub content: TemplateContent,
}

/// A template as it stands.
#[derive(Clone, Debug)]
pub struct TemplateEntry {
    /// Its newest version.
    pub newest: Arc<TemplateVersion>,
    /// Whether it is used.
    pub active: bool,
    /// When the newest version was published.
    pub published_at: Timestamp,
}
