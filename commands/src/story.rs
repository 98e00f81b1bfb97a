//! Reading a notification's story from its stream, which alone tells all of it.

use std::sync::Arc;

use orqestra_domain::notification::{Notification, NotificationEvent, NotificationRefusal, Story};
use orqestra_domain::{AnyEvent, NotificationId, StreamId, TenantId};
use orqestra_event_log::RecordedEvent;

use crate::error::CommandError;
use crate::execute::Commands;
use crate::trace::Trace;

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
        let (state, ..) = self.load_notification(&stream).await?;
        Ok(state.story().cloned())
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
        let (state, version, trace) = self.load_notification(&stream).await?;
        let story = state.story().cloned();
        // That there is no story yet is not remembered: this or another process may just be accepting it.
        if let (Some(_), Some(trace)) = (&story, &trace) {
            self.memorise(&stream, state, version, trace);
        }
        Ok(story)
    }

    /// The trace of the request that a notification was accepted by, if this process has lately seen its story. For log
    /// lines and spans; nothing is read for it.
    pub fn recent_trace(&self, tenant: TenantId, notification: NotificationId) -> Option<Arc<Trace>> {
        self.recall(&StreamId::notification(tenant, notification)).map(|recalled| recalled.trace)
    }

    pub(crate) async fn load_notification(
        &self,
        stream: &StreamId,
    ) -> Result<(Notification, i64, Option<Arc<Trace>>), CommandError<NotificationRefusal>> {
        let events = self.log().load("Notification", stream).await?;
        let version = events.last().map_or(0, |event| event.sequence);
        let mut state = Notification::default();
        for event in &events {
            state = state.evolve(notification_event(event)?);
        }
        let trace = events.first().map(|first| Arc::new(Trace::of_event(first)));
        Ok((state, version, trace))
    }
}

fn notification_event(
    event: &Arc<RecordedEvent>,
) -> Result<&NotificationEvent, CommandError<NotificationRefusal>> {
    match event.event() {
        Ok(AnyEvent::Notification(event)) => Ok(event),
        Ok(_) => Err(CommandError::Corrupt(format!("no notification event at {}", event.position))),
        Err(error) => Err(CommandError::Corrupt(format!("{error} at {}", event.position))),
    }
}
