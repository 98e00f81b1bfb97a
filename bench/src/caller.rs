//! A tenant's backend: its signed triggers with unique bodies and idempotency keys, ready for the wire.

use std::io::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::load::Requests;

/// The type that has one EMAIL template.
pub(crate) const EVENT_TYPE: &str = "parcel.sent";
/// The users of the load.
pub(crate) const USERS: u64 = 5_000;
/// Those of them that have had a notification before the measuring begins.
pub(crate) const KNOWN_USERS: u64 = 4_500;

/// What a tenant shows and signs with.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// The API key.
    pub(crate) api_key: String,
    /// The webhook secret.
    pub(crate) secret: String,
}

impl Credentials {
    /// `count` triggers to users spread over all of them. `run` keeps them apart from other runs'.
    pub(crate) fn triggers(&self, run: &str, count: usize) -> Requests {
        self.for_users(run, count, |number| number.wrapping_mul(2_654_435_761) % USERS)
    }

    /// `count` triggers to users that are known beforehand.
    pub(crate) fn known_triggers(&self, run: &str, count: usize) -> Requests {
        self.for_users(run, count, |number| number % KNOWN_USERS)
    }

    /// One trigger to each user that is to be known beforehand.
    pub(crate) fn first_triggers(&self, run: &str) -> Requests {
        self.for_users(&format!("{run}-first"), usize::try_from(KNOWN_USERS).expect("a few"), |number| number)
    }

    /// The same, every second one a repeat of an earlier one.
    pub(crate) fn half_repeats(&self, run: &str, count: usize) -> Requests {
        let fresh = self.triggers(run, count.div_ceil(2));
        let mut mixed = Requests::default();
        for at in 0..fresh.len() {
            mixed.push(fresh.get(at));
            // Spread over all the earlier ones, so that most are no longer in memory's front row.
            mixed.push(fresh.get(at.wrapping_mul(2_654_435_761) % (at + 1)));
        }
        mixed
    }

    fn for_users(&self, run: &str, count: usize, user: impl Fn(u64) -> u64) -> Requests {
        let mut requests = Requests::default();
        let mut wire = Vec::with_capacity(1_024);
        for number in 0..count as u64 {
            let address = format!("user-{}@example.com", user(number));
            self.trigger(&mut wire, run, number, user(number), &address);
            requests.push(&wire);
        }
        requests
    }

    /// One trigger.
    pub(crate) fn trigger(&self, wire: &mut Vec<u8>, run: &str, number: u64, user: u64, address: &str) {
        let body = format!(
            "{{\"eventType\":\"{EVENT_TYPE}\",\"eventId\":\"evt-{run}-{number}\",\"payload\":{{\"userId\":\"user-{user}\",\
             \"recipientEmail\":\"{address}\",\"recipientPhone\":\"+254712345678\"}},\"variables\":{{\"title\":\
             \"Parcel sent\",\"orderNumber\":\"ORD-2026-{number:07}\",\"amount\":\"$49.99\",\"name\":\"Wanjiku\"}}}}"
        );
        self.signed(wire, &body, run, number);
    }

    /// `count` triggers with a variable of about so many bytes.
    pub(crate) fn large_triggers(&self, run: &str, count: usize, bytes: usize) -> Requests {
        let mut requests = Requests::default();
        let mut wire = Vec::with_capacity(bytes + 1_024);
        let text = filling(bytes);
        for number in 0..count as u64 {
            let body = format!(
                "{{\"eventType\":\"{EVENT_TYPE}\",\"eventId\":\"evt-{run}-{number}\",\"channels\":[\"SMS\"],\
                 \"payload\":{{\"userId\":\"user-{}\"}},\"variables\":{{\"text\":\"{text}\"}}}}",
                number % USERS
            );
            self.signed(&mut wire, &body, run, number);
            requests.push(&wire);
        }
        requests
    }

    /// The same as emails, in a variable that no template names.
    pub(crate) fn large_mails(&self, run: &str, count: usize, bytes: usize) -> Requests {
        let mut requests = Requests::default();
        let mut wire = Vec::with_capacity(bytes + 1_024);
        let text = filling(bytes);
        for number in 0..count as u64 {
            let body = format!(
                "{{\"eventType\":\"{EVENT_TYPE}\",\"eventId\":\"evt-{run}-{number}\",\"payload\":{{\"userId\":\"user-{}\",\
                 \"recipientEmail\":\"large@example.com\"}},\"variables\":{{\"text\":\"{text}\"}}}}",
                number % USERS
            );
            self.signed(&mut wire, &body, run, number);
            requests.push(&wire);
        }
        requests
    }

    fn signed(&self, wire: &mut Vec<u8>, body: &str, run: &str, number: u64) {
        let signature = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .expect("HMAC takes a key of any length")
            .chain_update(body)
            .finalize();
        wire.clear();
        write!(
            wire,
            "POST /api/v1/events/trigger HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             x-api-key: {}\r\nx-orqestra-signature: {}\r\nx-idempotency-key: key-{run}-{number}\r\n\
             content-length: {}\r\n\r\n{body}",
            self.api_key,
            hex::encode(signature.into_bytes()),
            body.len(),
        )
        .expect("writing to a Vec cannot fail");
    }
}

/// Text that neither repeats nor compresses to nothing.
fn filling(bytes: usize) -> String {
    let letter = |at: usize| {
        char::from(b'a' + u8::try_from(at.wrapping_mul(2_654_435_761) >> 7 & 15).expect("below 16"))
    };
    (0..bytes).map(letter).collect()
}
