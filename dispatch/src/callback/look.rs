//! Looking for the messages of receipts that wait: by the provider's id once it is known, else by the number.
//!
//! A number is believed only once no attempt from before the receipt can be open any more and the tables hold how each ended: until
//! then another message to the number may be the one. Each look is bounded in time; what it leaves, the next one finds first.

use std::time::Duration;

use orqestra_commands::{CommandError, Context};
use orqestra_domain::notification::{NotificationRefusal, RecordReceipt};
use orqestra_domain::{AddressRef, Channel, Timestamp};
use orqestra_event_log::{Outage, Position};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::known::KIND;
use super::record::{NotTaken, Receipts};
use super::waiting::{self, AT_ONCE, Matched, Unread, Waiting};
use crate::due::store::DueError;
use crate::due::subscriber;

/// How long a look may take, and as long again its deletion of old rows.
const LOOKS_FOR: Duration = Duration::from_secs(5);

/// Looks for messages of receipts that wait.
pub struct Matching {
    receipts: Receipts,
    /// How long an attempt may be open.
    open_at_most: Duration,
    /// A moment and the log's head of then: once the subscription is there, the tables hold what was recorded until the moment.
    mark: Option<(Timestamp, Position)>,
    /// Up to when the tables are known to hold what was recorded.
    held_until: Option<Timestamp>,
    outage: Outage,
}

impl Matching {
    pub(super) fn new(receipts: Receipts, open_at_most: Duration) -> Self {
        Self { receipts, open_at_most, mark: None, held_until: None, outage: Outage::default() }
    }

    /// Looks until the token ends.
    pub(crate) async fn run(mut self, pause: Duration, token: CancellationToken) {
        loop {
            match self.look().await {
                Ok(()) => {
                    if let Some(duration_ms) = self.outage.ends() {
                        tracing::info!(duration_ms, "receipts that wait can be looked up again");
                    }
                }
                Err(error) => {
                    if self.outage.begins() {
                        tracing::warn!(error = %error, "receipts that wait cannot be looked up");
                    }
                }
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Looks once: drops old rows and records matched receipts. A look matches by number only up to the time that the look before it
    /// found in the tables.
    ///
    /// # Errors
    /// The last failure. It keeps no other receipt back.
    pub async fn look(&mut self) -> Result<(), NotTaken> {
        let receipts = &self.receipts;
        let now = receipts.commands.now();
        let vain = waiting::clear(&receipts.pool, now, Instant::now() + LOOKS_FOR).await?;
        if vain > 0 {
            tracing::info!(receipts = vain, "receipts waited in vain for their message");
        }
        let until = Instant::now() + LOOKS_FOR;
        let by_id = self.by_id(until).await;
        let numbers = self.read_numbers(until).await;
        let by_number = self.by_number(until).await;
        by_id.and(numbers).and(by_number)
    }

    async fn by_id(&self, until: Instant) -> Result<(), NotTaken> {
        loop {
            let matched = waiting::matched_by_id(&self.receipts.pool).await?;
            let is_full = matched.len() >= usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
            self.record(matched, until).await?;
            if !is_full || Instant::now() >= until {
                return Ok(());
            }
        }
    }

    async fn by_number(&mut self, until: Instant) -> Result<(), NotTaken> {
        let (pool, now) = (self.receipts.pool.clone(), self.receipts.commands.now());
        if !waiting::any_by_number(&pool, now.minus(self.open_at_most)).await? {
            return Ok(());
        }
        self.note().await?;
        let Some(held_until) = self.held_until else { return Ok(()) };
        let came_until = held_until.minus(self.open_at_most);
        let matched = waiting::matched_by_number(&pool, came_until, now).await?;
        self.record(matched, until).await
    }

    /// Notes up to when the tables hold what was recorded.
    async fn note(&mut self) -> Result<(), NotTaken> {
        let commands = &self.receipts.commands;
        let reached = subscriber::reached(&self.receipts.pool).await.map_err(DueError::from)?;
        match self.mark {
            Some((_, head)) if reached.least() < head => return Ok(()),
            Some((at, _)) => self.held_until = Some(at),
            None => {}
        }
        let at = commands.now();
        let head = commands.log().fetch_head().await.map_err(DueError::from)?;
        self.mark = Some((at, head));
        Ok(())
    }

    /// Records receipts, each for itself. The error is the last one's.
    async fn record(&self, matched: Vec<Matched>, until: Instant) -> Result<(), NotTaken> {
        let (receipts, context) = (&self.receipts, Context::engine("receipts"));
        let mut ended = Ok(());
        for Matched { key, notification, receipt } in matched {
            if Instant::now() >= until {
                break;
            }
            let Some(waiting) = receipt else {
                waiting::put_back(&receipts.pool, &key, receipts.commands.now()).await?;
                continue;
            };
            let command = command(waiting, receipts.commands.now());
            match receipts.append(key.tenant, notification, command, &context).await {
                Ok(_) => waiting::done(&receipts.pool, &key).await?,
                Err(error) => {
                    waiting::put_back(&receipts.pool, &key, receipts.commands.now()).await?;
                    ended = Err(error);
                }
            }
        }
        ended
    }

    /// Reads the numbers of attempts whose outcome is unknown.
    async fn read_numbers(&self, until: Instant) -> Result<(), NotTaken> {
        let mut ended = Ok(());
        for unread in waiting::unread(&self.receipts.pool).await? {
            if Instant::now() >= until {
                break;
            }
            match self.number(&unread).await {
                Ok(number) => waiting::write_number(&self.receipts.pool, &unread, number).await?,
                Err(error) => ended = Err(error.into()),
            }
        }
        ended
    }

    async fn number(
        &self,
        unread: &Unread,
    ) -> Result<Option<(AddressRef, Timestamp)>, CommandError<NotificationRefusal>> {
        let story = self.receipts.commands.recent_story(unread.tenant, unread.notification).await?;
        let delivery = story.as_ref().and_then(|story| story.deliveries.get(&Channel::Sms));
        Ok(delivery.and_then(|delivery| {
            let attempt = delivery.attempt(unread.attempt)?;
            Some((delivery.address_ref?, attempt.started_at))
        }))
    }
}

fn command(waiting: Waiting, at: Timestamp) -> RecordReceipt {
    RecordReceipt {
        channel: waiting.channel,
        provider: KIND.to_owned(),
        instances: vec![waiting.key.instance],
        says: waiting.says,
        event_ref: waiting.key.event_ref,
        cause: waiting.cause,
        provider_message_id: Some(waiting.key.message),
        answer: None,
        occurred_at: waiting.occurred_at,
        at,
    }
}
