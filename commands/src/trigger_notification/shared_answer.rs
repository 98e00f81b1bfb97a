//! Answers to triggers as API processes share them, so that a repeat at another process costs no question to the log.
//!
//! A shared answer is believed only with the fingerprint of the request, whose key this installation alone has.

use std::sync::Arc;

use orqestra_domain::NotificationId;
use orqestra_domain::notification::Accepted;

use super::{Asked, KEY_LIFETIME, Trigger, Triggered, hashed_key};
use crate::directory::TenantEntry;
use crate::execute::Commands;

/// By what other processes know an answer that this one gave: the notification, and the caller's key as the log knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerKeys {
    /// The notification; of a request without an event id once it is accepted.
    pub notification: Option<NotificationId>,
    /// The key, hashed.
    pub key: Option<String>,
}

/// An answer as other processes are told it.
#[derive(serde::Serialize, serde::Deserialize)]
struct ToldAnswer {
    notification: NotificationId,
    /// The key that it was accepted with, hashed.
    key: Option<String>,
    /// Without the variables, which no answer has.
    accepted: Accepted,
}

impl Commands {
    /// By what a request is known if it is a repeat.
    pub fn answer_keys(&self, tenant: &TenantEntry, trigger: &Trigger) -> AnswerKeys {
        let key = trigger.idempotency_key.as_ref();
        AnswerKeys {
            notification: trigger.names(tenant.id),
            key: key.map(|key| hashed_key(tenant.index.idempotency_ref(key.as_str()))),
        }
    }

    /// An answer in the form that other processes [`learn`](Self::learn).
    pub fn tell_answer(&self, triggered: &Triggered, key: Option<String>) -> Option<Vec<u8>> {
        let accepted = Accepted { variables: None, ..(*triggered.accepted).clone() };
        serde_json::to_vec(&ToldAnswer { notification: triggered.notification, key, accepted }).ok()
    }

    /// Remembers an answer that another process gave, where it is one to this very request: its fingerprint is made with a key
    /// that only this installation has. False: it is not, and the log decides.
    pub fn learn(&self, tenant: &Arc<TenantEntry>, trigger: &Trigger, answer: &[u8]) -> bool {
        let Ok(ToldAnswer { notification, key, accepted }) = serde_json::from_slice(answer) else {
            return false;
        };
        let asked = Asked::new(tenant, trigger);
        if (accepted.fingerprint, accepted.kind()) != (asked.fingerprint, trigger.kind)
            || asked.names().is_some_and(|named| named != notification)
        {
            return false;
        }
        let now = self.now();
        let expires_at = accepted.accepted_at.plus(KEY_LIFETIME);
        // Another key of the same event is claimed in the log first.
        if let Some(key) = &key
            && asked.key.as_ref() == Some(key)
            && expires_at > now
        {
            self.hot().remember_claim(tenant.id, key, notification, expires_at);
        }
        self.hot().remember(tenant.id, notification, Arc::new(accepted));
        true
    }
}
