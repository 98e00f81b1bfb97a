//! Reading a request's body: bounded in size and time, then JSON, parsed once.
//!
//! Depth is checked before the parser runs, so that nothing can nest deeper than what is sealed and rendered later.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use crate::auth::single;
use crate::error::ApiError;

/// Most bytes of a body.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// How much of a body that is too large is let in and thrown away, and for how long.
const DISCARD_BYTES: usize = 4 * 1024 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_secs(2);
/// Most levels of objects and arrays in it.
pub(crate) const MAX_DEPTH: u32 = 64;

/// Reads the whole body. What is too large is refused; so that the client, still sending, gets to see the refusal, the
/// rest is let in and thrown away, within bounds. A client that asks before it sends is not told to go on.
pub(crate) async fn read(headers: &HeaderMap, mut body: Body, within: Duration) -> Result<Bytes, ApiError> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let too_large = announced.is_some_and(|length| length > MAX_BYTES as u64);
    if too_large && headers.contains_key(EXPECT) {
        return Err(ApiError::PayloadTooLarge);
    }
    let read = if too_large {
        Err(ApiError::PayloadTooLarge)
    } else {
        match tokio::time::timeout(within, Limited::new(&mut body, MAX_BYTES).collect()).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::PayloadTooLarge),
            Ok(Err(_)) => Err(ApiError::IncompleteBody),
            Err(_) => Err(ApiError::RequestTimeout),
        }
    };
    if matches!(read, Err(ApiError::PayloadTooLarge)) {
        // Whether all of it was thrown away or not, the answer is the same.
        drop(tokio::time::timeout(DISCARD_WITHIN, discard(&mut body)).await);
    }
    read
}

async fn discard(body: &mut Body) {
    let mut left = DISCARD_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

/// Checks the content type, then parses.
pub(crate) fn json(headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    if !is_json(headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    if too_deep(body) {
        return Err(ApiError::MalformedJson(format!("more than {MAX_DEPTH} levels deep")));
    }
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ApiError::MalformedJson(match error.classify() {
            serde_json::error::Category::Eof => format!("it ends too early at {place}"),
            _ => format!("unexpected text at {place}"),
        })
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let plain = headers.get_all(CONTENT_ENCODING).iter().all(|value| value == "identity");
    let Some(Ok(value)) = single(headers, CONTENT_TYPE.as_str()).map(|value| value.to_str()) else {
        return false;
    };
    if value == "application/json" {
        return plain;
    }
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            let charset = charset.trim().trim_matches('"');
            // The second is no registered name, and what many clients say.
            ["utf-8", "utf8"].iter().any(|utf8| charset.eq_ignore_ascii_case(utf8))
        }
        _ => true,
    };
    plain && essence.eq_ignore_ascii_case("application/json") && parts.all(utf8)
}

fn too_deep(body: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with_type(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))])
    }

    fn parse(body: &[u8]) -> Result<Value, ApiError> {
        json(&with_type("application/json"), body)
    }

    #[test]
    fn only_json_in_utf8_is_taken() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json; charset=utf8",
            "application/json; charset=UTF8",
            "application/json;charset=\"utf8\"",
            "application/json; Charset = \"UTF-8\" ; profile=\"x\"",
            "application/json; odata=verbose; charset=utf8;",
        ] {
            assert!(is_json(&with_type(good)), "{good}");
        }
        for bad in [
            "text/plain",
            "application/jsonp",
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "application/json; charset=utf8x",
            "",
        ] {
            assert!(!is_json(&with_type(bad)), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
        let mut zipped = with_type("application/json");
        zipped.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!is_json(&zipped));
        let mut twice = with_type("application/json");
        twice.append(CONTENT_ENCODING, HeaderValue::from_static("identity"));
        assert!(is_json(&twice));
        twice.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!is_json(&twice));
    }

    #[test]
    fn a_second_content_type_is_refused_whatever_it_says() {
        for second in ["text/plain", "application/json"] {
            let mut twice = with_type("application/json");
            twice.append(CONTENT_TYPE, HeaderValue::from_static(second));
            assert!(!is_json(&twice), "{second}");
        }
    }

    #[test]
    fn what_is_no_json_text_is_malformed() {
        for bad in [
            &b""[..],
            b"{",
            b"{} {}",
            b"{'a':1}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":1e999}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":NaN}",
        ] {
            assert!(
                matches!(parse(bad), Err(ApiError::MalformedJson(_))),
                "{}",
                String::from_utf8_lossy(bad)
            );
        }
    }

    #[test]
    fn of_a_key_given_twice_the_last_counts() {
        assert_eq!(parse(b"{\"a\":1,\"a\":2}").unwrap(), serde_json::json!({"a": 2}));
    }

    #[test]
    fn a_null_character_in_a_string_is_a_character() {
        assert_eq!(parse(b"{\"a\":\"\\u0000\"}").unwrap()["a"], "\0");
    }

    #[test]
    fn a_body_nests_to_64_levels_and_no_deeper() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(nested(64).as_bytes()).is_ok());
        assert!(matches!(parse(nested(65).as_bytes()), Err(ApiError::MalformedJson(_))));
        let brackets_in_text = format!("[\"{}\\\"[\"]", "[".repeat(100));
        assert!(parse(brackets_in_text.as_bytes()).is_ok());
    }

    #[tokio::test]
    async fn a_body_of_256_kb_is_read_and_a_larger_one_is_not() {
        let within = Duration::from_secs(5);
        let most = vec![b' '; MAX_BYTES];
        assert_eq!(read(&HeaderMap::new(), Body::from(most), within).await.unwrap().len(), MAX_BYTES);
        let more = vec![b' '; MAX_BYTES + 1];
        let refused = read(&HeaderMap::new(), Body::from(more), within).await;
        assert!(matches!(refused, Err(ApiError::PayloadTooLarge)));
        let announced = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(MAX_BYTES + 1))]);
        let refused = read(&announced, Body::empty(), within).await;
        assert!(matches!(refused, Err(ApiError::PayloadTooLarge)));
    }

    #[tokio::test]
    async fn what_is_too_large_is_let_in_and_thrown_away_up_to_a_bound() {
        let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = std::sync::Arc::clone(&sent);
        let chunk = Bytes::from(vec![b' '; 64 * 1024]);
        let endless = futures::stream::repeat_with(move || {
            count.fetch_add(chunk.len(), std::sync::atomic::Ordering::SeqCst);
            Ok::<_, std::io::Error>(chunk.clone())
        });
        let refused = read(&HeaderMap::new(), Body::from_stream(endless), Duration::from_secs(5)).await;
        assert!(matches!(refused, Err(ApiError::PayloadTooLarge)));
        let sent = sent.load(std::sync::atomic::Ordering::SeqCst);
        assert!((DISCARD_BYTES..DISCARD_BYTES + 2 * MAX_BYTES).contains(&sent), "{sent}");
    }

    #[tokio::test]
    async fn a_body_that_never_ends_times_out() {
        let endless = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let refused = read(&HeaderMap::new(), endless, Duration::from_millis(20)).await;
        assert!(matches!(refused, Err(ApiError::RequestTimeout)));
    }
}
