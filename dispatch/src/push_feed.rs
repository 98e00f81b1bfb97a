//! The push feed: what the log says of pushes and of inboxes, opened and handed to the embedded hub.
//!
//! It follows the log's tail in every process that has a hub, with no checkpoint and no effect but publishing: what a
//! client missed meanwhile is read from what is stored. The delivery itself is in the log before anything comes by
//! here. What nobody listens to is not opened.

use std::sync::Arc;
use std::time::Duration;

use orqestra_commands::{CommandError, Commands, RenderedContent, content_field};
use orqestra_domain::notification::{DeliveryRendered, NotificationEvent, NotificationRefusal, Story};
use orqestra_domain::recipient::RecipientEvent;
use orqestra_domain::tenant::TenantEvent;
use orqestra_domain::{AnyEvent, Channel, NotificationId, PushCategories, StreamId, TenantId};
use orqestra_event_log::{EventLog, Interest, Outage, Position, RecordedEvent};
use orqestra_realtime::{Hub, INBOX, InboxChange, Push, Recipient};
use orqestra_vault::FieldContext;
use tokio_util::sync::CancellationToken;

/// Most events looked at at once.
const BATCH: usize = 500;
/// The events that say something to open pages.
const INTEREST: Interest =
    Interest::ALL.only(&["DeliveryRendered", "NotificationRead", "RecipientForgotten", "TenantDeactivated"]);
/// The pause before something that failed is tried again.
const AGAIN: Duration = Duration::from_millis(250);
/// Its name in metrics, beside those of subscriptions.
const NAME: &str = "push-feed";

/// Feeds one hub.
pub struct PushFeed {
    commands: Commands,
    log: EventLog,
    hub: Hub,
    /// What stands after it is fed.
    from: Position,
    outage: Outage,
}

/// The log was closed under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the push feed's log was closed")]
pub struct FeedEnded;

/// Why an event could not be published now.
type NotNow = CommandError<NotificationRefusal>;

impl PushFeed {
    /// A feed of what is appended from now on. The hub knows so at once, before anybody can join a channel.
    pub fn new(commands: Commands, hub: Hub) -> Self {
        let log = commands.log().clone();
        let from = *log.head().borrow();
        hub.fed(place(from));
        Self { commands, log, hub, from, outage: Outage::default() }
    }

    /// Feeds until the token is cancelled. What cannot be read now is tried until it can.
    ///
    /// # Errors
    /// If the log is closed under it.
    pub async fn run(self, token: CancellationToken) -> Result<(), FeedEnded> {
        tokio::select! {
            () = token.cancelled() => Ok(()),
            ended = self.follow() => ended,
        }
    }

    async fn follow(&self) -> Result<(), FeedEnded> {
        let mut head = self.log.head();
        let mut position = self.from;
        loop {
            let stands = *head.borrow_and_update();
            if self.hub.pass(place(stands)) {
                position = stands;
            }
            self.log.reads_up_to(NAME, position);
            if position < stands
                && let Some(reached) = self.publish_after(position).await
            {
                position = reached;
                continue;
            }
            head.changed().await.map_err(|_| FeedEnded)?;
        }
    }

    /// Publishes the next events and says up to where; `None` where there are none.
    async fn publish_after(&self, position: Position) -> Option<Position> {
        let page = loop {
            match self.log.read_page(position, BATCH, &INTEREST).await {
                Ok(page) => break page,
                Err(error) => self.try_again(error.to_string()).await,
            }
        };
        for event in &page.events {
            while let Err(error) = self.publish(event).await {
                self.try_again(error.to_string()).await;
            }
        }
        if let Some(duration_ms) = self.outage.ends() {
            tracing::info!(duration_ms, "pushes are published again");
        }
        if page.reached == position {
            return None;
        }
        self.hub.fed(place(page.reached));
        Some(page.reached)
    }

    async fn try_again(&self, error: String) {
        if self.outage.begins() {
            tracing::warn!(error, "pushes cannot be published to open pages now");
        }
        tokio::time::sleep(AGAIN).await;
    }

    async fn publish(&self, event: &Arc<RecordedEvent>) -> Result<(), NotNow> {
        let (tenant, position) = (event.tenant, place(event.position));
        if self.hub.pass_tenant(tenant, position) {
            return Ok(());
        }
        let (told, id) = match (event.event(), StreamId::split(&event.aggregate_id)) {
            (Ok(AnyEvent::Notification(told)), Some((_, id))) => (told, id),
            (Ok(AnyEvent::Tenant(TenantEvent::TenantDeactivated(_))), _) => {
                let known = self.commands.directory().wait_for(event.position).await;
                known.map_err(|error| CommandError::Unavailable(error.to_string()))?;
                self.hub.end_tenant(tenant, position);
                return Ok(());
            }
            (Ok(AnyEvent::Recipient(RecipientEvent::RecipientForgotten(forgotten))), _) => {
                self.hub.forget(Recipient { tenant, reference: forgotten.recipient_ref }, position);
                return Ok(());
            }
            _ => {
                tracing::error!(
                    event.position = event.position.get(),
                    "an event cannot be read and is not published"
                );
                return Ok(());
            }
        };
        let id = NotificationId::from_uuid(id);
        match told {
            NotificationEvent::DeliveryRendered(rendered) if rendered.channel == Channel::Push => {
                let Some((story, recipient)) = self.listening(tenant, id, position).await? else {
                    return Ok(());
                };
                self.publish_push(recipient, id, position, &story, rendered).await
            }
            NotificationEvent::NotificationRead(_) => {
                if let Some((_, recipient)) = self.listening(tenant, id, position).await? {
                    let change = InboxChange::Read.content(id);
                    self.hub.publish(recipient, position, &[(INBOX, Some(change))]);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whose notification it is, if they listen.
    async fn listening(
        &self,
        tenant: TenantId,
        id: NotificationId,
        position: u64,
    ) -> Result<Option<(Story, Recipient)>, NotNow> {
        let story = match self.commands.recent_story(tenant, id).await {
            Ok(story) => story,
            Err(CommandError::Corrupt(why) | CommandError::Newer(why)) => {
                not_published(tenant, id, &why);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Some(story) = story else { return Ok(None) };
        let recipient = Recipient { tenant, reference: story.accepted.recipient_ref };
        Ok((!self.hub.pass_recipient(recipient, position)).then_some((story, recipient)))
    }

    /// Publishes a push; one that cannot be shown has its number all the same, as it has its row in the inbox.
    async fn publish_push(
        &self,
        recipient: Recipient,
        id: NotificationId,
        position: u64,
        story: &Story,
        rendered: &DeliveryRendered,
    ) -> Result<(), NotNow> {
        let category = rendered.category.as_deref().unwrap_or(PushCategories::USUAL[0]);
        let content = self.opened(recipient.tenant, id, story, rendered).await?;
        let push = content.map(|content| {
            let push = Push {
                id,
                title: content.title.as_deref().unwrap_or_default(),
                body: &content.body,
                category,
                event_type: &story.accepted.event_type,
                created_at: story.accepted.accepted_at,
            };
            push.content()
        });
        let added = push.is_some().then(|| InboxChange::Added.content(id));
        self.hub.publish(recipient, position, &[(category, push), (INBOX, added)]);
        Ok(())
    }

    /// The content of a push; `None` where there is nothing to show, for ever.
    async fn opened(
        &self,
        tenant: TenantId,
        id: NotificationId,
        story: &Story,
        rendered: &DeliveryRendered,
    ) -> Result<Option<RenderedContent>, NotNow> {
        let key = match self.commands.sealing_key(story).await {
            Ok(key) => key,
            // Nobody is there any more to be shown it.
            Err(CommandError::RecipientForgotten) => return Ok(None),
            // Others' pushes do not wait for what stays so.
            Err(CommandError::Corrupt(why)) => {
                not_published(tenant, id, &why);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let stream = StreamId::notification(tenant, id);
        let sealed_at =
            FieldContext { tenant, aggregate_id: stream.as_str(), field: content_field(Channel::Push) };
        let opened = self.commands.vault().open(&key, &sealed_at, &rendered.content);
        match opened.as_deref().map(serde_json::from_slice::<RenderedContent>) {
            Ok(Ok(content)) => return Ok(Some(content)),
            // The parser's words could quote the content.
            Ok(Err(_)) => not_published(tenant, id, "its content has another shape"),
            Err(error) => not_published(tenant, id, &error.to_string()),
        }
        Ok(None)
    }
}

/// A position as the hub counts it.
fn place(position: Position) -> u64 {
    u64::try_from(position.get()).unwrap_or(0)
}

fn not_published(tenant: TenantId, id: NotificationId, why: &str) {
    tracing::error!(tenant.id = %tenant, notification.id = %id, reason = why, "a push cannot be opened and is not published");
}
