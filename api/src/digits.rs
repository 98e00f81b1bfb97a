//! Numbers of a body whose digits no parsed value holds: beyond 64 bits, or finer than a double.
//!
//! A repeat is told from another request by its parsed body. Two bodies that differ in such digits alone would parse alike, so
//! where there are any the body is also read with each of them as a text. A number that some program printed from a
//! double, at whatever precision, counts as that double.

use serde_json::Value;

/// A double has at most as many digits that say anything.
const OF_A_DOUBLE: usize = 17;
/// Stands before the digits, so that no text of a caller's is likely to be the same.
const MARK: &str = "\\u0000number:";

/// The body with such numbers as texts; nothing where it has none.
pub(crate) fn with_all_digits(body: &[u8]) -> Option<Value> {
    let mut written = Vec::new();
    let mut copied = 0;
    for (start, end) in long_numbers(body) {
        let Some(digits) = std::str::from_utf8(&body[start..end]).ok().and_then(lost) else { continue };
        written.extend_from_slice(&body[copied..start]);
        written.extend_from_slice(format!("\"{MARK}{digits}\"").as_bytes());
        copied = end;
    }
    if copied == 0 {
        return None;
    }
    written.extend_from_slice(&body[copied..]);
    serde_json::from_slice(&written).ok()
}

/// Where the numbers of more than a double's digits stand in a JSON text.
fn long_numbers(body: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'"' => {
                at += 1;
                while at < body.len() && body[at] != b'"' {
                    at += if body[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let end = at + body[at..].iter().take_while(is_part).count();
                if end - at > OF_A_DOUBLE {
                    found.push((at, end));
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

/// A number's digits and exponent in a form of their own, where parsing loses some.
fn lost(number: &str) -> Option<String> {
    if number.parse::<u64>().is_ok() || number.parse::<i64>().is_ok() {
        return None;
    }
    let (sign, magnitude) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    if digits.len() <= OF_A_DOUBLE {
        return None;
    }
    let zeros = i64::try_from(all.len() - digits.len()).ok()?;
    let first = i64::try_from(whole.len()).ok()? - zeros - 1 + exponent.parse::<i64>().ok()?;
    let double: f64 = magnitude.parse().ok()?;
    // The double at the number's own precision, exactly rounded.
    let printed = format!("{double:.*e}", digits.len() - 1);
    if printed.replacen('.', "", 1) == format!("{digits}e{first}") {
        return None;
    }
    Some(format!("{sign}{}e{first}", digits.trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(body: &str) -> Option<Value> {
        with_all_digits(body.as_bytes())
    }

    #[test]
    fn bodies_that_differ_in_digits_that_parsing_loses_are_told_apart() {
        for (one, other) in [
            ("123456789012345678901234567890", "123456789012345678901234567891"),
            ("-123456789012345678901234567890", "123456789012345678901234567890"),
            ("18446744073709551617", "18446744073709551618"),
            ("0.1000000000000000000001", "0.1000000000000000000002"),
            ("1.00000000000000000001e30", "1.00000000000000000002e30"),
        ] {
            let (one, other) = (whole(&format!("{{\"a\": {one}}}")), whole(&format!("{{\"a\": {other}}}")));
            assert!(one.is_some() && other.is_some() && one != other, "{one:?} {other:?}");
        }
    }

    #[test]
    fn another_spelling_of_such_a_number_is_the_same_body() {
        let spellings = [
            "[123456789012345678901234567890]",
            "[ 123456789012345678901234567890.0 ]",
            "[123456789012345678901234567890e0]",
            "[1.2345678901234567890123456789e+29]",
            "[0.123456789012345678901234567890E30]",
        ];
        for spelling in spellings {
            assert_eq!(whole(spelling), whole(spellings[0]), "{spelling}");
        }
    }

    #[test]
    fn a_number_that_was_printed_from_a_double_is_that_double() {
        for number in [
            "0.1000000000000000055511151231257827021181583404541015625",
            "0.10000000000000000555",
            "1000000000000000019884624838656",
            "0.10000000000000001",
            "18446744073709551615",
            "-9223372036854775808",
            "1e300",
            "0.00000000000000000000000001",
        ] {
            assert_eq!(whole(&format!("[{number}]")), None, "{number}");
        }
    }

    #[test]
    fn digits_in_a_text_are_a_text() {
        for text in [
            r#"{"a":"123456789012345678901234567890"}"#,
            r#"{"a":"\"123456789012345678901234567890\\","b":1}"#,
            r#"{"123456789012345678901234567890":1}"#,
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
        let both = r#"{"a\\":[123456789012345678901234567890],"b":"\\\" 12"}"#;
        assert_eq!(whole(both).unwrap()["b"], "\\\" 12");
    }
}
