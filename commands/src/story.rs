//! Reading a notification's story from its stream, which alone tells all of it.

use std::sync::Arc;

use orqestra_domain::notification::{Accepted, Notification, NotificationEvent, NotificationRefusal, Story};
use orqestra_domain::{AnyEvent, EventId, NotificationId, StreamId, TenantId};
use orqestra_event_log::RecordedEvent;
use orqestra_vault::{FieldContext, KeyError};

use crate::content::{RECIPIENT_FIELD, RecipientContact};
use crate::error::CommandError;
use crate::execute::{Commands, Loaded};
use crate::trace::Trace;
use crate::trail::Trail;

impl Commands {
    /// The story as the log tells it now; `None` if no such event was accepted.
    ///
    /// # Errors
    /// The log's failure.
    pub async fn story(
        &self,
        tenant: TenantId,
        notification: NotificationId,
    ) -> Result<Option<Story>, CommandError<NotificationRefusal>> {
        let stream = StreamId::notification(tenant, notification);
        Ok(self.load_notification(&stream).await?.state.story().cloned())
    }

    /// The story as this process last saw it, which may be behind another process; the log if it saw none.
    ///
    /// Good enough to act on: whatever is then appended is decided again if it was behind.
    ///
    /// # Errors
    /// The log's failure.
    pub async fn recent_story(
        &self,
        tenant: TenantId,
        notification: NotificationId,
    ) -> Result<Option<Story>, CommandError<NotificationRefusal>> {
        let stream = StreamId::notification(tenant, notification);
        if let Some(recalled) = self.recall(&stream) {
            return Ok(recalled.state.story().cloned());
        }
        let loaded = self.load_notification(&stream).await?;
        let story = loaded.state.story().cloned();
        self.memorise(&stream, loaded);
        Ok(story)
    }

    /// The caller's id of an accepted event, opened from its sealed recipient; `None` once the recipient was forgotten.
    ///
    /// # Errors
    /// If the key cannot be read, or the recipient cannot be opened with it.
    pub async fn event_id(
        &self,
        tenant: TenantId,
        notification: NotificationId,
        accepted: &Accepted,
    ) -> Result<Option<EventId>, CommandError<NotificationRefusal>> {
        let stream = StreamId::notification(tenant, notification);
        let place = FieldContext { tenant, aggregate_id: stream.as_str(), field: RECIPIENT_FIELD };
        let opened = match self.vault().open_sealed(&place, &accepted.recipient).await {
            Ok(opened) => opened,
            Err(KeyError::Gone) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let contact: RecipientContact = serde_json::from_slice(&opened)
            .map_err(|_| CommandError::Corrupt("a recipient is not as it was sealed".to_owned()))?;
        Ok(contact.event_id.or_else(|| accepted.event_id.clone()))
    }

    /// The trace of the request that a notification was accepted by, if this process has lately seen its story. For log
    /// lines and spans; nothing is read for it.
    pub fn recent_trace(&self, tenant: TenantId, notification: NotificationId) -> Option<Arc<Trace>> {
        self.recall(&StreamId::notification(tenant, notification)).map(|recalled| recalled.trace)
    }

    pub(crate) async fn load_notification(
        &self,
        stream: &StreamId,
    ) -> Result<Loaded, CommandError<NotificationRefusal>> {
        self.load_passing_over(stream, |_| false).await
    }

    /// Loads a notification without those of a newer program's events that `may_pass` says nothing rests on.
    pub(crate) async fn load_passing_over(
        &self,
        stream: &StreamId,
        may_pass: impl Fn(&RecordedEvent) -> bool,
    ) -> Result<Loaded, CommandError<NotificationRefusal>> {
        let events = self.log().load("Notification", stream).await?;
        let version = events.last().map_or(0, |event| event.sequence);
        let mut state = Notification::default();
        let mut partial = false;
        for event in &events {
            match notification_event(event) {
                Ok(event) => state = state.evolve(event),
                Err(CommandError::Newer(_)) if state.story().is_some() && may_pass(event) => partial = true,
                Err(error) => return Err(error),
            }
        }
        let accepted = state.story().is_some();
        let trace = events.first().filter(|_| accepted).map(|first| Arc::new(Trace::of_event(first)));
        let mut trail = Trail::default();
        trail.extend(events.iter().map(|event| &**event));
        Ok(Loaded { state, version, trace, trail: Arc::new(trail), partial })
    }
}

pub(crate) fn notification_event<R: std::error::Error>(
    event: &Arc<RecordedEvent>,
) -> Result<&NotificationEvent, CommandError<R>> {
    match event.event() {
        Ok(AnyEvent::Notification(event)) => Ok(event),
        Ok(_) => Err(CommandError::Corrupt(format!("no notification event at {}", event.position))),
        Err(error) if error.is_newer() => Err(CommandError::Newer(format!("{error} at {}", event.position))),
        Err(error) => Err(CommandError::Corrupt(format!("{error} at {}", event.position))),
    }
}
