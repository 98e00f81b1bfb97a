//! What one connection may do and where it stands: first a token, then channels of its own user.
//!
//! Commands are answered in the order in which they come. Nothing here touches the socket: lines go in, lines and a
//! reason to end come out. A refusal of Centrifugo's leaves the connection standing; what no client of good will sends
//! ends it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use orqestra_domain::{PushCategories, Timestamp};
use tokio::time::Instant;

use super::outbox::Outbox;
use super::{Host, Hub, MAX_CHANNELS, NoSeat, NotAdmitted, Published, Seat};
use crate::channel::{RealtimeUser, is_inbox};
use crate::protocol::{
    Answer, Command, Connect, Connected, Disconnect, Done, ErrorCode, Method, Refresh, Subscribe, Subscribed,
    Unsubscribe, reply,
};
use crate::token::{Claims, RealtimeTokens, TokenError};

/// How often a client is asked whether it is there.
pub(super) const PING: Duration = Duration::from_secs(25);
/// How long a connection goes on after its token expired, for a new one to arrive.
const EXPIRED_FOR: Duration = Duration::from_secs(10);
/// Longest channel name, as Centrifugo's default.
const MAX_CHANNEL: usize = 255;
const VERSION: &str = concat!("orqestra ", env!("CARGO_PKG_VERSION"));

/// What a session works with.
pub(super) struct Session<H> {
    hub: Hub,
    host: Arc<H>,
    tokens: Arc<RealtimeTokens>,
    /// The id that clients are told; it opens nothing.
    client: String,
    member: Option<Member>,
}

/// Whose connection it is.
struct Member {
    claims: Claims,
    seat: Seat,
    /// Names of the channels joined.
    channels: HashSet<String>,
    until: Instant,
}

impl<H: Host> Session<H> {
    pub(super) const fn new(hub: Hub, host: Arc<H>, tokens: Arc<RealtimeTokens>, client: String) -> Self {
        Self { hub, host, tokens, client, member: None }
    }

    /// Whether a token was shown.
    pub(super) const fn is_known(&self) -> bool {
        self.member.is_some()
    }

    /// When the connection ends for want of a newer token.
    pub(super) fn until(&self) -> Option<Instant> {
        self.member.as_ref().map(|member| member.until)
    }

    /// What is published to the connection.
    pub(super) fn outbox(&self) -> Option<Arc<Outbox>> {
        self.member.as_ref().map(|member| Arc::clone(&member.seat.outbox))
    }

    /// Takes in one line of a message and gives the line that answers it, if any does.
    pub(super) async fn receive(&mut self, line: &str, now: Timestamp) -> Result<Option<String>, Disconnect> {
        let command = Command::read(line).map_err(|_| Disconnect::BAD_REQUEST)?;
        self.act(command, now).await
    }

    async fn act(&mut self, command: Command, now: Timestamp) -> Result<Option<String>, Disconnect> {
        let id = command.id;
        match command.method {
            Method::Pong | Method::Send => Ok(None),
            _ if id == 0 => Err(Disconnect::BAD_REQUEST),
            Method::Connect(connect) => self.connect(id, &connect, now).await.map(Some),
            _ if self.member.is_none() => Err(Disconnect::BAD_REQUEST),
            Method::Refresh(refresh) => self.refresh(id, &refresh, now).map(Some),
            Method::Subscribe(subscribe) => Ok(Some(self.subscribe(id, &subscribe).await)),
            Method::Unsubscribe(unsubscribe) => Ok(Some(self.unsubscribe(id, &unsubscribe))),
            Method::NotAvailable => Ok(Some(refused(id, ErrorCode::NOT_AVAILABLE))),
            Method::NotPermitted => Ok(Some(refused(id, ErrorCode::PERMISSION_DENIED))),
            Method::Unknown => Ok(Some(refused(id, ErrorCode::METHOD_NOT_FOUND))),
        }
    }

    async fn connect(&mut self, id: u32, connect: &Connect, now: Timestamp) -> Result<String, Disconnect> {
        if self.member.is_some() {
            return Err(Disconnect::BAD_REQUEST);
        }
        let claims = match self.tokens.verify(&connect.token, now) {
            Ok(claims) => claims,
            Err(TokenError::Expired) => return Ok(refused(id, ErrorCode::TOKEN_EXPIRED)),
            Err(TokenError::Invalid) => return Err(Disconnect::INVALID_TOKEN),
        };
        let recipient = match self.host.admit(&claims).await {
            Ok(recipient) => recipient,
            Err(NotAdmitted::Refused) => return Err(Disconnect::PERMISSION_DENIED),
            Err(NotAdmitted::Unavailable) => return Ok(refused(id, ErrorCode::INTERNAL)),
        };
        let seat = match self.hub.enter(recipient, claims.sub.clone()) {
            Ok(seat) => seat,
            Err(NoSeat::TooMany) => return Err(Disconnect::CONNECTION_LIMIT),
            Err(NoSeat::Full) => return Ok(refused(id, ErrorCode::INTERNAL)),
        };
        // It may have been switched off after it was asked for and before the seat was known.
        if self.host.admit(&claims).await == Err(NotAdmitted::Refused) {
            return Err(Disconnect::PERMISSION_DENIED);
        }
        let ttl = ttl(&claims, now);
        self.member = Some(Member {
            claims,
            seat,
            channels: HashSet::new(),
            until: Instant::now() + ttl + EXPIRED_FOR,
        });
        let ping = Some(PING.as_secs());
        Ok(reply(id, Answer::Connect(Connected { ping, pong: Some(true), ..self.connected(ttl) })))
    }

    /// A token that has expired by now is no better than none: the client connects anew and hears so there.
    fn refresh(&mut self, id: u32, refresh: &Refresh, now: Timestamp) -> Result<String, Disconnect> {
        let claims = self.tokens.verify(&refresh.token, now).map_err(|error| match error {
            TokenError::Expired => Disconnect::EXPIRED,
            TokenError::Invalid => Disconnect::INVALID_TOKEN,
        })?;
        let ttl = ttl(&claims, now);
        let member = self.member.as_mut().ok_or(Disconnect::BAD_REQUEST)?;
        if (&claims.sub, claims.tenant) != (&member.claims.sub, member.claims.tenant) {
            return Err(Disconnect::INVALID_TOKEN);
        }
        member.claims = claims;
        member.until = Instant::now() + ttl + EXPIRED_FOR;
        Ok(reply(id, Answer::Refresh(self.connected(ttl))))
    }

    async fn subscribe(&mut self, id: u32, subscribe: &Subscribe) -> String {
        match self.joined(subscribe).await {
            Ok(subscribed) => reply(id, Answer::Subscribe(Box::new(subscribed))),
            Err(code) => refused(id, code),
        }
    }

    async fn joined(&mut self, subscribe: &Subscribe) -> Result<Subscribed, ErrorCode> {
        let member = self.member.as_mut().ok_or(ErrorCode::PERMISSION_DENIED)?;
        let channel = &subscribe.channel;
        if channel.len() > MAX_CHANNEL {
            return Err(ErrorCode::BAD_REQUEST);
        }
        let category = category(channel, &member.claims.sub).ok_or(ErrorCode::PERMISSION_DENIED)?;
        if member.channels.contains(channel) {
            return Err(ErrorCode::ALREADY_SUBSCRIBED);
        }
        if member.channels.len() >= MAX_CHANNELS {
            return Err(ErrorCode::LIMIT_EXCEEDED);
        }
        if is_inbox(category) {
            member.seat.join_unnumbered(category);
            member.channels.insert(channel.clone());
            return Ok(Subscribed::default());
        }
        let known = subscribe.recover.then_some((subscribe.epoch.as_str(), subscribe.offset));
        let joining = member.seat.join(category);
        let published = match joining.stands {
            Some((epoch, number)) if nothing_missed(known, &epoch, number) => Published {
                missed: known.is_some_and(|(of, _)| *of == *epoch).then(Vec::new),
                epoch: epoch.to_string(),
                number,
            },
            Some(_) | None => {
                let asked =
                    self.host.published(member.seat.recipient, category, known, joining.position).await;
                asked.map_err(|_| {
                    member.seat.leave(category);
                    ErrorCode::INTERNAL
                })?
            }
        };
        let Published { epoch, number, missed } = published;
        // Another hub may be further, and have told the client more.
        let offset = if missed.is_some() { number.max(subscribe.offset) } else { number };
        if !member.seat.settle(category, (&epoch, number), offset) {
            member.seat.leave(category);
            return Err(ErrorCode::INTERNAL);
        }
        member.channels.insert(channel.clone());
        Ok(Subscribed {
            recoverable: Some(true),
            positioned: Some(true),
            epoch: Some(epoch),
            offset: Some(offset),
            was_recovering: subscribe.recover.then_some(true),
            recovered: subscribe.recover.then_some(missed.is_some()),
            publications: missed.unwrap_or_default(),
        })
    }

    fn unsubscribe(&mut self, id: u32, unsubscribe: &Unsubscribe) -> String {
        if let Some(member) = self.member.as_mut()
            && member.channels.remove(&unsubscribe.channel)
            && let Some(category) = category(&unsubscribe.channel, &member.claims.sub)
        {
            member.seat.leave(category);
        }
        reply(id, Answer::Unsubscribe(Done {}))
    }

    fn connected(&self, ttl: Duration) -> Connected<'_> {
        Connected {
            client: &self.client,
            version: VERSION,
            expires: true,
            ttl: ttl.as_secs(),
            ping: None,
            pong: None,
        }
    }
}

/// Whether what the hub knows of a channel is enough for a client: it asks for nothing, knows all, or is of another epoch.
fn nothing_missed(known: Option<(&str, u64)>, epoch: &str, number: u64) -> bool {
    known.is_none_or(|(of, offset)| of != epoch || offset == number)
}

fn refused(id: u32, code: ErrorCode) -> String {
    reply(id, Answer::Error(code))
}

/// The category of a channel that is the user's own; `inbox` is one in form.
fn category<'a>(channel: &'a str, user: &RealtimeUser) -> Option<&'a str> {
    let (category, named) = channel.split_once('#')?;
    (PushCategories::is_one(category) && named == user.as_str()).then_some(category)
}

/// How long a token that is good now stays good; at least a second, since nought would mean for ever.
fn ttl(claims: &Claims, now: Timestamp) -> Duration {
    let left = claims.exp - now.as_datetime().unix_timestamp();
    Duration::from_secs(u64::try_from(left).unwrap_or(0).max(1))
}

#[cfg(test)]
mod tests;
