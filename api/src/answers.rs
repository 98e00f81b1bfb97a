//! Answers of history that clients have not taken yet: bounded in bytes over all connections, and each tenant's so that
//! others keep room.
//!
//! A part of an answer counts from before its read until the socket has taken it. A tenant's turn lasts only as long as the
//! read, so that slow clients keep no other one waiting until the bytes are used up.

use std::pin::pin;

use bytes::Bytes;
use orqestra_domain::TenantId;
use tokio::time::{Instant, timeout_at};

use crate::error::ApiError;
use crate::shares::{Share, Shares};
use crate::turns::Turns;

/// Bytes of all answers that are not taken yet.
const MOST: usize = 64 * 1024 * 1024;
/// Seconds after which it is worth another try.
const RETRY_AFTER: u64 = 1;

/// The answers that this process writes.
pub(crate) struct Answers(Shares);

/// The result of a read, and the room that it takes.
pub(crate) struct Read<T> {
    found: T,
    room: Room,
}

/// The room of one part of an answer.
pub(crate) struct Room(Share);

/// A part of an answer, whose room lasts until it is dropped.
struct Part {
    text: String,
    _room: Room,
}

impl Default for Answers {
    fn default() -> Self {
        Self(Shares::of(MOST))
    }
}

impl Answers {
    /// Reads about so many bytes at the tenant's turn, once there is room for them.
    ///
    /// # Errors
    /// `Overloaded` where neither turn nor room comes until then, or what the reading says.
    pub(crate) async fn read<T, E: Into<ApiError>>(
        &self,
        turns: &Turns,
        (tenant, bytes): (TenantId, usize),
        until: Instant,
        reading: impl Future<Output = Result<T, E>>,
    ) -> Result<Read<T>, ApiError> {
        let mut share = self.0.begin(Some(tenant));
        let turn = loop {
            let turn = turns.take_by(tenant, until).await?;
            let mut given_back = pin!(self.0.given_back());
            given_back.as_mut().enable();
            if share.hold(bytes) {
                break turn;
            }
            // A turn is not held while others' clients are waited for.
            drop(turn);
            timeout_at(until, given_back).await.map_err(|_| ApiError::Overloaded(RETRY_AFTER))?;
        };
        let read = reading.await;
        drop(turn);
        Ok(Read { found: read.map_err(Into::into)?, room: Room(share) })
    }
}

impl<T> Read<T> {
    /// Returns the result and its room.
    pub(crate) fn apart(self) -> (T, Room) {
        (self.found, self.room)
    }
}

impl Room {
    /// A text to be written, which takes as much room as it has bytes.
    pub(crate) fn written(mut self, text: String) -> Bytes {
        self.0.settle(text.len());
        Bytes::from_owner(Part { text, _room: self })
    }
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    const PART: usize = 256 * 1024;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    /// A part that was read and is not taken.
    async fn read(answers: &Answers, turns: &Turns, tenant: TenantId) -> Result<Bytes, ApiError> {
        let until = Instant::now() + Duration::from_millis(20);
        let nothing = std::future::ready(Ok::<_, ApiError>(()));
        let ((), room) = answers.read(turns, (tenant, PART), until, nothing).await?.apart();
        Ok(room.written("x".repeat(PART)))
    }

    #[tokio::test]
    async fn what_clients_do_not_take_holds_no_turn_and_is_bounded_for_its_own_tenant() {
        let (answers, turns) = (Answers::default(), Turns::pages());
        let mut untaken = Vec::new();
        let refused = loop {
            match read(&answers, &turns, tenant(1)).await {
                Ok(part) => untaken.push(part),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, ApiError::Overloaded(RETRY_AFTER)), "{refused:?}");
        assert_eq!(untaken.len(), MOST / PART / 2);
        assert!(turns.take(tenant(1)).now_or_never().unwrap().is_ok(), "no turn is held");
        assert!(read(&answers, &turns, tenant(2)).await.is_ok(), "another tenant has room");
        let (more, ()) = tokio::join!(read(&answers, &turns, tenant(1)), async { drop(untaken.pop()) });
        assert!(more.is_ok(), "what is taken makes room for what waits");
    }

    #[tokio::test]
    async fn what_was_read_takes_as_much_room_as_it_has_bytes() {
        let (answers, turns) = (Answers::default(), Turns::pages());
        let until = Instant::now() + Duration::from_secs(1);
        let all = MOST / 2;
        let nothing = || std::future::ready(Ok::<_, ApiError>(()));
        let ((), room) = answers.read(&turns, (tenant(1), all), until, nothing()).await.unwrap().apart();
        let small = room.written("little".to_owned());
        assert_eq!(&*small, b"little");
        assert!(answers.read(&turns, (tenant(1), all - 6), until, nothing()).await.is_ok());
    }
}
