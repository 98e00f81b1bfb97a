//! Reading a request's body: bounded in size and time, then JSON, parsed once.
//!
//! What the headers decide is decided before a byte of the body is read: its announced length, then the caller. Depth is
//! checked before the parser runs, so that nothing can nest deeper than what is sealed and rendered later.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::auth::single;
use crate::error::ApiError;
use crate::reading::Held;

/// Most bytes of a body.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// How long the body of a caller that is refused anyway may take to come. One that comes whole leaves its connection for the
/// next request, and is told that it is too large before anything else.
const REFUSED_WITHIN: Duration = Duration::from_millis(100);
/// Bytes that a body gets at first, if it says that it has as many.
const AT_FIRST: usize = 4 * 1024;
/// Most levels of objects and arrays in it.
pub(crate) const MAX_DEPTH: u32 = 64;

/// Refuses a body whose announced length is too large.
pub(crate) fn check_length(body: &Body) -> Result<(), ApiError> {
    if body.size_hint().lower() > MAX_BYTES as u64 { Err(ApiError::PayloadTooLarge) } else { Ok(()) }
}

/// What a caller is told that is refused by its headers alone. A client that asks before it sends is not told to go on.
pub(crate) async fn refused(error: ApiError, headers: &HeaderMap, mut body: Body) -> ApiError {
    if headers.contains_key(EXPECT) || body.is_end_stream() {
        return error;
    }
    let mut left = MAX_BYTES;
    let thrown_away = async {
        while let Some(Ok(frame)) = body.frame().await {
            let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return true };
            left = rest;
        }
        false
    };
    match tokio::time::timeout(REFUSED_WITHIN, thrown_away).await {
        Ok(true) => ApiError::PayloadTooLarge,
        Ok(false) | Err(_) => error,
    }
}

/// Reads the whole body of a caller that is known.
pub(crate) async fn read(body: Body, held: Held, within: Duration) -> Result<Bytes, ApiError> {
    read_up_to(MAX_BYTES, body, held, within).await.map(|(bytes, _)| bytes)
}

/// Reads a whole body of so many bytes at most, which counts until what it held is dropped.
pub(crate) async fn read_up_to(
    most: usize,
    mut body: Body,
    mut held: Held,
    within: Duration,
) -> Result<(Bytes, Held), ApiError> {
    let announced = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(AT_FIRST));
    let reading = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ApiError::IncompleteBody)?;
            // What came is copied: a frame of one byte keeps a whole buffer of the connection.
            let Some(data) = frame.data_ref() else { continue };
            let length = bytes.len() + data.len();
            if length > most {
                return Err(ApiError::PayloadTooLarge);
            }
            let room = held.grown(length)?;
            if length > bytes.capacity() {
                let capacity = (bytes.capacity() * 2).clamp(length, room);
                bytes.reserve_exact(capacity - bytes.len());
            }
            bytes.extend_from_slice(data);
        }
        Ok(())
    };
    match tokio::time::timeout(within, reading).await {
        Ok(read) => read?,
        Err(_) => return Err(ApiError::RequestTimeout),
    }
    Ok((bytes.into(), held))
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
            // Only the first is a registered name; many clients say the second.
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
    use futures::StreamExt as _;

    use super::*;
    use crate::reading::Bodies;

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

    fn held() -> Held {
        Bodies::default().begin(None).unwrap()
    }

    #[tokio::test]
    async fn a_body_of_256_kb_is_read_and_a_larger_one_is_not() {
        let within = Duration::from_secs(5);
        let most = Body::from(vec![b' '; MAX_BYTES]);
        assert!(check_length(&most).is_ok());
        assert_eq!(read(most, held(), within).await.unwrap().len(), MAX_BYTES);
        let more = Body::from(vec![b' '; MAX_BYTES + 1]);
        assert!(matches!(check_length(&more), Err(ApiError::PayloadTooLarge)));
        let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024]));
        let chunks = futures::stream::repeat_with(chunk).take(257);
        let chunked = Body::from_stream(chunks);
        assert!(check_length(&chunked).is_ok(), "its length is not announced");
        assert!(matches!(read(chunked, held(), within).await, Err(ApiError::PayloadTooLarge)));
    }

    #[tokio::test]
    async fn a_caller_that_is_refused_hears_of_its_body_only_if_that_came_at_once_and_is_too_large() {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 * 1024]));
        let some = || futures::stream::repeat_with(chunk).take(4);
        let (fits, too_large) = (some(), futures::stream::repeat_with(chunk));
        let never_ends = some().chain(futures::stream::pending());
        for (body, large) in [
            (Body::from_stream(fits), false),
            (Body::from_stream(too_large), true),
            (Body::from_stream(never_ends), false),
        ] {
            let told = refused(ApiError::InvalidApiKey, &HeaderMap::new(), body).await;
            assert_eq!(matches!(told, ApiError::PayloadTooLarge), large, "{told:?}");
        }
        let asks = HeaderMap::from_iter([(EXPECT, HeaderValue::from_static("100-continue"))]);
        let unread = Body::from_stream(futures::stream::poll_fn(
            |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> { panic!("it is asked for") },
        ));
        assert!(matches!(refused(ApiError::InvalidApiKey, &asks, unread).await, ApiError::InvalidApiKey));
    }

    #[tokio::test]
    async fn a_body_that_never_ends_times_out() {
        let endless = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let refused = read(endless, held(), Duration::from_millis(20)).await;
        assert!(matches!(refused, Err(ApiError::RequestTimeout)));
    }
}
