//! How hard a chosen secret is to guess: its length, and how many of its characters do not follow from those before.
//!
//! An estimate from below, for input alone: a secret that is stored already is used as it is. Nothing here repeats a secret.

/// Requirements on a chosen secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strength {
    least: Least,
    least_bits: u32,
}

/// The shortest that a secret may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Least {
    /// Of a secret that is used as a key.
    Bytes(usize),
    /// Of a secret that a description counts in characters.
    Characters(usize),
}

/// Why a chosen secret is too weak. Does not hold the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// It has too few bytes.
    #[error("expected at least {least} bytes, got {got}")]
    Short {
        /// How many it needs.
        least: usize,
        /// How many it has.
        got: usize,
    },
    /// It has too few characters.
    #[error("expected at least {least} characters, got {got}")]
    Few {
        /// How many it needs.
        least: usize,
        /// How many it has.
        got: usize,
    },
    /// Most of it follows from the rest.
    #[error(
        "expected a text that is hard to guess, got one that mostly repeats or counts, or is a well-known word; \
         `openssl rand -hex 24` makes a good one"
    )]
    Guessable,
}

/// Texts that are tried first.
const WORDS: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "password",
    "passw0rd",
    "passwd",
    "secret",
    "letmein",
    "welcome",
    "iloveyou",
    "default",
    "example",
];
/// Rows of keyboards: a neighbour follows from its neighbour.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
/// A run of this many characters that came before follows from there.
const REPEATED: usize = 3;

impl Strength {
    /// Of an API key or an admin token: it is stored or compared as a plain hash, which can be searched.
    pub const KEY: Self = Self { least: Least::Bytes(16), least_bits: 40 };
    /// Of a secret that signs realtime tokens, each of which can be tried against guesses.
    pub const TOKEN_SECRET: Self = Self { least: Least::Bytes(32), least_bits: 60 };
    /// Least characters of a webhook secret.
    pub const WEBHOOK_SECRET_CHARS: usize = 6;
    /// Of a webhook secret, which the other side may dictate.
    pub const WEBHOOK_SECRET: Self =
        Self { least: Least::Characters(Self::WEBHOOK_SECRET_CHARS), least_bits: 16 };

    /// Checks a chosen secret.
    ///
    /// # Errors
    /// Says which rule does not hold.
    pub fn check(self, secret: &str) -> Result<(), WeakSecret> {
        match self.least {
            Least::Bytes(least) if secret.len() < least => {
                return Err(WeakSecret::Short { least, got: secret.len() });
            }
            Least::Characters(least) if secret.chars().count() < least => {
                return Err(WeakSecret::Few { least, got: secret.chars().count() });
            }
            Least::Bytes(_) | Least::Characters(_) => {}
        }
        if tenths_of_bits(secret) < 10 * self.least_bits {
            return Err(WeakSecret::Guessable);
        }
        Ok(())
    }
}

/// About how much is left to guess once everything that follows from something else is known.
fn tenths_of_bits(secret: &str) -> u32 {
    let mut text = secret.to_lowercase();
    for word in WORDS {
        // A word is one choice.
        text = text.replace(word, "\u{1}");
    }
    let chars: Vec<char> = text.chars().collect();
    let free = (0..chars.len()).filter(|at| !follows(&chars, *at)).count();
    u32::try_from(free).unwrap_or(u32::MAX).saturating_mul(tenths_of_bits_a_character(secret))
}

/// By the kinds of characters that a guess has to try.
fn tenths_of_bits_a_character(secret: &str) -> u32 {
    let other = |c: char| !c.is_ascii_alphanumeric();
    match (
        secret.contains(|c: char| c.is_ascii_digit()),
        secret.contains(|c: char| c.is_alphabetic()),
        secret.contains(other),
    ) {
        (_, false, false) => 33,
        (false, true, false) => 47,
        (true, true, false) => 52,
        (_, _, true) => 55,
    }
}

/// Whether a character repeats the one before, stands beside it in the alphabet, the digits or a row of the keyboard, or
/// ends a run of characters that came before.
fn follows(chars: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let (last, this) = (chars[before], chars[at]);
    let beside =
        u32::from(last).abs_diff(u32::from(this)) <= 1 || matches!((last, this), ('9', '0') | ('0', '9'));
    let in_a_row = ROWS.iter().any(|row| {
        let place = |c: char| row.chars().position(|other| other == c);
        matches!((place(last), place(this)), (Some(one), Some(other)) if one.abs_diff(other) == 1)
    });
    let run = at + 1 >= REPEATED && {
        let run = &chars[at + 1 - REPEATED..=at];
        chars[..at].windows(REPEATED).any(|earlier| earlier == run)
    };
    // Two that take turns repeat before a run of three tells.
    let in_turns = at >= 2 && chars[at - 2] == this;
    beside || in_a_row || run || in_turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_repeats_counts_or_is_a_well_known_word_is_weak() {
        for weak in [
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababab",
            "abcabcabcabcabcabcabc",
            "changeme-changeme-changeme",
            "ChangeMeChangeMe1234",
            "change_me_change_me_change_me",
            "1234567890123456",
            "0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz",
            "zyxwvutsrqponmlkjihg",
            "qwertyuiopasdfghjkl",
            "passwordpassword",
            "password12345678",
            "secret-secret-secret",
            "00000000000000000001",
            "                    ",
        ] {
            assert_eq!(Strength::KEY.check(weak), Err(WeakSecret::Guessable), "{weak}");
        }
        assert_eq!(Strength::KEY.check("Zx81-qq7"), Err(WeakSecret::Short { least: 16, got: 8 }));
    }

    #[test]
    fn a_key_of_chance_or_of_a_few_words_is_taken() {
        for strong in [
            "orq_live_8vJ2mQeX0rT5wYb1LsKp9ZcN4hUdGf7A",
            "orq_live_bench_0123456789",
            "a-key-of-some-length",
            "the-admin-token-of-the-tests",
            "key-of-the-tests-/tmp/world-1",
            "correct horse battery staple",
            "9f86d081884c7d659a2feaa0c55ad015",
            "0190b5a0-3f21-7c4e-8d9a-1b2c3d4e5f60",
            "test-api-key-0123456789",
        ] {
            assert_eq!(Strength::KEY.check(strong), Ok(()), "{strong}");
        }
        let signing = "a-secret-of-at-least-32-characters-for-tokens";
        assert_eq!(Strength::TOKEN_SECRET.check(signing), Ok(()));
        assert!(Strength::TOKEN_SECRET.check(&"ab".repeat(40)).is_err());
    }

    #[test]
    fn a_webhook_secret_may_be_short_and_not_a_word_that_is_tried_first() {
        for taken in ["s3cret", "whsec-bench-0123456789abcdef", "the-webhooks-own-secret", "hunter2"] {
            assert_eq!(Strength::WEBHOOK_SECRET.check(taken), Ok(()), "{taken}");
        }
        assert_eq!(Strength::WEBHOOK_SECRET.check("äöü"), Err(WeakSecret::Few { least: 6, got: 3 }));
        for weak in ["secret", "changeme", "aaaaaa", "123456", "password1", "", "s"] {
            assert!(Strength::WEBHOOK_SECRET.check(weak).is_err(), "{weak}");
        }
    }

    #[test]
    fn an_error_does_not_hold_the_secret() {
        for weak in ["aaaaaaaaaaaaaaaaaaaaaaaa", "zq7"] {
            let error = Strength::KEY.check(weak).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(weak), "{error}");
        }
    }
}
