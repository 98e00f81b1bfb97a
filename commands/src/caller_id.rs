//! Ids that callers choose for their requests and traces, and which of them stand in the log in clear.
//!
//! Only what has the form of a random id does: a UUID of version 4 or 7, a ULID, or 32 hexadecimal digits. Such an id
//! is made by chance, so none of these holds an address, a name or a number. One that was put together by hand to look
//! so (a number or a text filled up to length) is told by its digits. Any other id stands there as an HMAC.

use std::fmt;

/// Most bytes of an id.
const MAX: usize = 128;
/// So many decimal digits in a row may be a telephone number. Of ids by chance one in twelve has as many.
const NUMBER: usize = 10;
/// The same in a ULID, whose digits are seldom decimal.
const NUMBER_OF_ULID: usize = 7;
/// One digit so often in a row fills up.
const FILL: usize = 8;
/// So many bytes in a row that a name may have are a text, and so few with an `@` among them.
const TEXT: usize = 8;
const TEXT_WITH_AT: usize = 5;
/// The milliseconds from 2010 to 2100, which a ULID's first ten digits tell.
const ULID_TIMES: std::ops::Range<u64> = 1_262_304_000_000..4_102_444_800_000;
/// Crockford's digits in base 32.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A caller's id of a request or of a trace: 1 to 128 visible ASCII characters. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct CallerId(String);

impl CallerId {
    /// Takes a text over, if it is one that a header can hold.
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && (1..=MAX).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The id as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form of an id by chance, and may stand in logs and events in clear.
    pub fn is_random(&self) -> bool {
        let text = self.0.as_bytes();
        match text.len() {
            36 => uuid_digits(text).is_some_and(|digits| !is_composed(&digits)),
            32 => is_lower_hex(text) && !is_composed(text),
            26 => is_ulid(text),
            _ => false,
        }
    }
}

impl fmt::Debug for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerId(..)")
    }
}

/// The digits of a UUID that chance made: version 4, or 7 with the time before them. Other versions hold a name's hash, a
/// machine's address or whatever their maker likes.
fn uuid_digits(text: &[u8]) -> Option<Vec<u8>> {
    let hyphens = [8, 13, 18, 23];
    let digits = |(at, byte): (usize, &u8)| {
        let digit = if hyphens.contains(&at) { *byte == b'-' } else { byte.is_ascii_hexdigit() };
        digit.then_some(*byte)
    };
    let text: Vec<u8> = text.iter().enumerate().map(digits).collect::<Option<_>>()?;
    let by_chance = matches!(text[14], b'4' | b'7');
    let variant = matches!(text[19].to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b');
    let bare = text.into_iter().filter(|byte| *byte != b'-').collect();
    (by_chance && variant).then_some(bare)
}

fn is_lower_hex(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_ulid(text: &[u8]) -> bool {
    let values: Option<Vec<u64>> = text.iter().map(|byte| crockford(*byte)).collect();
    let Some(values) = values else { return false };
    let (time, chance) = values.split_at(10);
    let time = time.iter().fold(0_u64, |time, value| (time << 5) | value);
    let decimal = chance.iter().map(|value| *value < 10);
    ULID_TIMES.contains(&time) && longest(decimal) < NUMBER_OF_ULID && longest_same(text) < FILL
}

fn crockford(byte: u8) -> Option<u64> {
    let at = CROCKFORD.iter().position(|digit| *digit == byte.to_ascii_uppercase())?;
    u64::try_from(at).ok()
}

/// Whether hexadecimal digits hold a number, filling, or the bytes of a text.
fn is_composed(digits: &[u8]) -> bool {
    longest(digits.iter().map(u8::is_ascii_digit)) >= NUMBER
        || longest_same(digits) >= FILL
        || holds_text(digits)
}

/// Whether hexadecimal digits are a text's bytes, or decimal throughout: what W3C's form of a trace can be seen by. A trace
/// that its library made is not refused for some decimal digits in a row, since a trace that is left aside is torn.
pub(crate) fn is_written(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) || holds_text(digits.as_bytes())
}

fn holds_text(digits: &[u8]) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| Some((digit(pair[0])? << 4) | digit(pair[1])?);
    let bytes: Option<Vec<u8>> = digits.chunks_exact(2).map(byte).collect();
    let of_a_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"@._+- ".contains(byte);
    bytes
        .unwrap_or_default()
        .split(|byte| !of_a_name(byte))
        .any(|run| run.len() >= TEXT || (run.len() >= TEXT_WITH_AT && run[1..run.len() - 1].contains(&b'@')))
}

fn longest(of: impl Iterator<Item = bool>) -> usize {
    let (most, _) = of.fold((0, 0), |(most, run): (usize, usize), holds| {
        let run = if holds { run + 1 } else { 0 };
        (most.max(run), run)
    });
    most
}

fn longest_same(digits: &[u8]) -> usize {
    digits.chunk_by(u8::eq_ignore_ascii_case).map(<[u8]>::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn is_random(text: &str) -> bool {
        CallerId::parse(text).unwrap().is_random()
    }

    #[test]
    fn only_an_id_that_chance_made_stands_in_clear() {
        for good in [
            "9f1c8e24-7ad1-4b6d-8c5e-52b45d0e9a57",
            "9F1C8E24-7AD1-4B6D-8C5E-52B45D0E9A57",
            "0199f0a2-7c1e-7d40-9f0e-3f6b1c2d4e5f",
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "01arz3ndektsv4rrffq69g5fav",
        ] {
            assert!(is_random(good), "{good}");
        }
    }

    #[test]
    fn no_id_that_may_hold_a_name_an_address_or_a_number_stands_in_clear() {
        let hex = |text: &str| hex::encode(text);
        let filled = |text: String, with: &str| format!("{text}{}", with.repeat(32))[..32].to_owned();
        let mut table: Vec<String> = [
            // Names and what people call their requests.
            "jane.doe",
            "jane-doe",
            "JaneDoe",
            "checkout-jane-doe-17",
            "trace-7",
            "req-1",
            "k",
            "Mary:Smith/1",
            // Addresses, in clear and disguised.
            "user@example.com",
            "mailto:user@example.com",
            "user%40example.com",
            "user=example.com",
            "user.example.com",
            "dXNlckBleGFtcGxlLmNvbQ==",
            "dXNlckBleGFtcGxlLmNvbQ",
            "amFuZS5kb2U",
            "OVZWK4SAMV4GC3LQNRSS4Y3PNU",
            "757365724065782e636f",
            "757365724065782E636F6D",
            // Numbers.
            "254712345678",
            "+254712345678",
            "tel:+254712345678",
            "+1-202-555-0143",
            "(202)555-0143",
            "2025550143",
            "4111111111111111",
            "req-254712345678",
            "a2b5c4d7e1f2a3b4c5d6e7f8",
            "00f067aa0ba902b7",
            "000254712345678a",
            // Filled up to a form of chance.
            "00000000000000000000254712345678",
            "25471234567800000000000000000000",
            "254712345678abcdef0123456789abcd",
            "abcdefabcdef2547123456780abcdef0",
            "00000000-0000-0000-0000-254712345678",
            "25471234-5678-4000-8000-000000000000",
            "9f1c8e24-7ad1-4b6d-8c5e-254712345678",
            "25471234-5678-4b6d-8c5e-52b45d0e9a57",
            "00000000-0000-4000-8000-003b4de5c14e",
            "0000000000000000000000003b4de5c14e",
            "254712345678ffffffffffffffffffff",
            "00000000000000254712345678",
            "01ARZ3NDEK0254712345678AAA",
            "01ARZ3NDEK2547123456780000",
            "7ZZZZZZZZZJANEDAEEXAMPLEAA",
            "JANEDAEATEXAMPLECAM0000000",
            // Other versions of UUIDs: a machine's address, the hash of a name, and what anybody likes.
            "9f1c8e24-7ad1-1b6d-8c5e-52b45d0e9a57",
            "9f1c8e24-7ad1-3b6d-8c5e-52b45d0e9a57",
            "9f1c8e24-7ad1-5b6d-8c5e-52b45d0e9a57",
            "9f1c8e24-7ad1-8b6d-8c5e-52b45d0e9a57",
            "9f1c8e24-7ad1-4b6d-cc5e-52b45d0e9a57",
            "9f1c8e247-ad1-4b6d-8c5e-52b45d0e9a57",
            "{9f1c8e24-7ad1-4b6d-8c5e-52b45d0e9a57}",
            "urn:uuid:9f1c8e24-7ad1-4b6d-8c5e-52b45d0e9a57",
            "4BF92F3577B34DA6A3CE929D0E0E4736",
            "jane.doe/4bf92f3577b34da6a3ce929d0e0e4736",
        ]
        .map(str::to_owned)
        .into();
        table.extend(["user@example.com", "jane.doe@x.org", "Jane Doe 1977 NY", "+254712345678..."].map(hex));
        table.extend(["a@b.co", "jane.doe", "+254712345678"].map(|text| filled(hex(text), "0")));
        table.extend(["a@b.co", "jane.doe"].map(|text| filled(hex(text), "f")));
        table.extend(["a@b.co", "jane.doe"].map(|text| filled(hex(text), "9d")));
        for bad in &table {
            assert!(!is_random(bad), "{bad}");
        }
    }

    #[test]
    fn an_id_is_a_header_of_1_to_128_visible_characters() {
        for bad in ["", "a b", "a\tb", "J\u{f6}rg", &"a".repeat(129)] {
            assert_eq!(CallerId::parse(bad), None, "{bad}");
        }
        assert!(CallerId::parse(&"a".repeat(128)).is_some());
        assert_eq!(format!("{:?}", CallerId::parse("jane").unwrap()), "CallerId(..)");
    }

    #[test]
    fn a_trace_of_a_library_is_not_taken_for_a_written_one() {
        for good in
            ["4bf92f3577b34da6a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736", "00f067aa0ba902b7"]
        {
            assert!(!is_written(good), "{good}");
        }
        for bad in [
            "00000000000000000000254712345678",
            "0254712345678000",
            &hex::encode("user@example.com"),
            &hex::encode("jane.doe"),
            "000000000000000000006140622e636f",
        ] {
            assert!(is_written(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_number_and_no_address_is_found_in_what_stands_in_clear(
            number in "[0-9]{10,15}",
            before in "[0-9a-f]{0,17}",
            address in "[a-z]{1,5}@[a-z]{1,5}\\.[a-z]{2,3}",
            rest in "[0-9a-f]{32}",
        ) {
            let padded = |text: String| format!("{text}{rest}")[..32].to_owned();
            let (number, address) = (padded(format!("{before}{number}")), padded(hex::encode(&address)));
            prop_assert!(!is_random(&number), "{}", number);
            prop_assert!(!is_random(&address), "{}", address);
        }

        #[test]
        fn most_of_what_chance_makes_stands_in_clear(seeds in proptest::collection::vec(any::<u128>(), 200)) {
            let ids = seeds.iter().map(|seed| uuid::Builder::from_random_bytes(seed.to_be_bytes()).into_uuid());
            let kept = ids.filter(|id: &Uuid| is_random(&id.to_string())).count();
            prop_assert!(kept > 140, "{} of 200", kept);
        }
    }
}
