//! Pages of operators' lists: how many, and after which id; `Link` names the next page while there is one.

use std::str::FromStr;

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::ApiError;
use crate::fields::Problems;
use crate::request::Parameters;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 1_000;

/// Which part of a list is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<Id> {
    pub(crate) limit: u32,
    /// The last one of the page before.
    pub(crate) after: Option<Id>,
}

impl<Id: FromStr> Page<Id> {
    /// Reads `limit` and `cursor`.
    pub(crate) fn of(parts: &Parts) -> Result<Self, ApiError> {
        let mut problems = Problems::default();
        let page = Self::among(&Parameters::of(parts), &mut problems);
        problems.check(Some(page))
    }

    /// Reads the two beside other parameters.
    pub(crate) fn among(parameters: &Parameters, problems: &mut Problems) -> Self {
        Self::among_of(parameters, (DEFAULT_LIMIT, MAX_LIMIT), problems)
    }

    /// Reads the two in a list with its own default and its own maximum of `limit`.
    pub(crate) fn among_of(
        parameters: &Parameters,
        (default, most): (u32, u32),
        problems: &mut Problems,
    ) -> Self {
        let limit = parameters.whole("limit", (1, most), problems).unwrap_or(default);
        let after = parameters.get("cursor").and_then(|text| {
            let id = text.parse::<Id>();
            id.map_err(|_| problems.push(wrong_cursor())).ok()
        });
        Self { limit, after }
    }
}

impl<Id> Page<Id> {
    /// One more than the page holds, which tells whether there is another.
    pub(crate) const fn to_fetch(&self) -> usize {
        self.limit as usize + 1
    }

    /// The answer: as many of `found` as the page holds, each as `view` shows it.
    pub(crate) fn answer<T, V, A: Serialize>(
        &self,
        parts: &Parts,
        found: Vec<T>,
        id: impl Fn(&T) -> String,
        view: impl Fn(&T) -> V,
        body: impl FnOnce(Vec<V>) -> A,
    ) -> Response {
        self.answer_at(&narrowed(parts), found, id, view, body)
    }

    /// Answers a list that names the place of its next page itself.
    pub(crate) fn answer_up_to<A: Serialize>(
        &self,
        parts: &Parts,
        next: Option<String>,
        body: A,
    ) -> Response {
        self.answer_with(&narrowed(parts), next, body)
    }

    fn answer_with<A: Serialize>(&self, asked: &str, next: Option<String>, body: A) -> Response {
        let mut response = Json(body).into_response();
        if let Some(next) = next {
            let and = if asked.ends_with('?') { "" } else { "&" };
            link_next(&mut response, &format!("{asked}{and}limit={}&cursor={next}", self.limit));
        }
        response
    }

    /// Answers a list whose next page is at another path and query: `asked`, to which `limit` and `cursor` are added.
    pub(crate) fn answer_at<T, V, A: Serialize>(
        &self,
        asked: &str,
        mut found: Vec<T>,
        id: impl Fn(&T) -> String,
        view: impl FnMut(&T) -> V,
        body: impl FnOnce(Vec<V>) -> A,
    ) -> Response {
        let more = found.len() > self.limit as usize;
        found.truncate(self.limit as usize);
        let last = found.last().filter(|_| more).map(id);
        self.answer_with(asked, last, body(found.iter().map(view).collect()))
    }
}

/// A path and what narrows its list, without what names a page of it.
fn narrowed(parts: &Parts) -> String {
    let pairs = parts.uri.query().unwrap_or_default().split('&');
    let pairs: Vec<_> = pairs.filter(|pair| !pair.is_empty() && !is_of_the_page(pair)).collect();
    format!("{}?{}", parts.uri.path(), pairs.join("&"))
}

fn is_of_the_page(pair: &str) -> bool {
    pair.starts_with("limit=") || pair.starts_with("cursor=")
}

/// Names the next page in the answer.
pub(crate) fn link_next(response: &mut Response, target: &str) {
    if let Ok(link) = HeaderValue::try_from(format!("<{target}>; rel=\"next\"")) {
        response.headers_mut().insert(LINK, link);
    }
}

/// A cursor that names nothing.
pub(crate) fn wrong_cursor() -> crate::fields::FieldError {
    crate::fields::FieldError::new("cursor", "must be one that a Link header gave")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn page(query: &str) -> Result<Page<u8>, ApiError> {
        let (parts, ()) = Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        Page::of(&parts)
    }

    #[test]
    fn a_page_has_50_by_default_and_1000_at_most() {
        assert_eq!(page("").unwrap(), Page { limit: 50, after: None });
        assert_eq!(page("limit=5000&cursor=7").unwrap(), Page { limit: 1_000, after: Some(7) });
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let Err(ApiError::Invalid(wrong)) = page("limit=0&cursor=x") else { panic!("taken") };
        let fields: Vec<_> = wrong.iter().map(|wrong| &*wrong.field).collect();
        assert_eq!(fields, ["limit", "cursor"]);
    }

    #[test]
    fn the_next_page_is_named_while_there_is_one() {
        let (parts, ()) = Request::builder().uri("/x?limit=2").body(()).unwrap().into_parts();
        let page = Page::<u8>::of(&parts).unwrap();
        let link = |found: Vec<u8>| {
            let answer = page.answer(&parts, found, u8::to_string, |n| *n, |all| all);
            answer.headers().get(LINK).map(|link| link.to_str().unwrap().to_owned())
        };
        assert_eq!(link(vec![1, 2]), None);
        assert_eq!(link(vec![1, 2, 3]).as_deref(), Some("</x?limit=2&cursor=2>; rel=\"next\""));
        let (parts, ()) =
            Request::builder().uri("/x?tenantId=t&cursor=1&limit=9&cause=a").body(()).unwrap().into_parts();
        assert_eq!(narrowed(&parts), "/x?tenantId=t&cause=a", "what narrows it stays");
    }
}
