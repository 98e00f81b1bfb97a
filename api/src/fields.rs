//! Taking typed values out of a parsed body, field by field, and naming every field that is wrong.
//!
//! `null` counts as absent unless a route says otherwise. Messages never quote a value: it may be personal.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Display};

use orqestra_domain::Channel;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::ApiError;

/// Most characters of an unknown name that an error repeats.
const MOST_OF_A_NAME: usize = 64;

/// One field that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Dotted path of the field, or the name of a parameter or header.
    #[schema(value_type = String, example = "payload.userId")]
    pub(crate) field: Cow<'static, str>,
    /// What is wrong with it.
    #[schema(example = "is required")]
    pub(crate) message: String,
    /// Line of the fault in a template's source, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    /// Column of the fault in a template's source, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<u32>,
    /// Whether the message is a sentence of its own, as a template's fault is.
    #[serde(skip)]
    own_sentence: bool,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), line: None, column: None, own_sentence: false }
    }

    /// A field of a template that its channel has not.
    pub(crate) fn of_no_use(field: &'static str, channel: Channel) -> Self {
        Self::new(field, format!("is nothing that a template for {channel} has"))
    }

    /// A fault in a template's source.
    pub(crate) fn fault(
        field: &'static str,
        message: String,
        line: Option<u32>,
        column: Option<u32>,
    ) -> Self {
        Self { field: field.into(), message, line, column, own_sentence: true }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.own_sentence { ":" } else { "" };
        write!(f, "{}{colon} {}", self.field, self.message)
    }
}

/// The fields found wrong so far.
#[derive(Default)]
pub(crate) struct Problems(Vec<FieldError>);

impl Problems {
    pub(crate) fn add(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// Adds a field or parameter that is not one of `names`.
    pub(crate) fn unknown(&mut self, field: &str, names: &[&str]) {
        let field: String = field.chars().take(MOST_OF_A_NAME).collect();
        self.add(field, format!("is not known; expected one of {}", names.join(", ")));
    }

    pub(crate) fn push(&mut self, wrong: FieldError) {
        self.0.push(wrong);
    }

    /// Adds the problems of an object, under its name.
    pub(crate) fn under(&mut self, name: &'static str, inside: Self) {
        let named =
            |wrong: FieldError| FieldError { field: format!("{name}.{}", wrong.field).into(), ..wrong };
        self.0.extend(inside.0.into_iter().map(named));
    }

    /// The values, if nothing was wrong.
    ///
    /// A value that is `None` although nothing was found wrong cannot be: whoever gives `None` also says why.
    pub(crate) fn check<T>(self, values: Option<T>) -> Result<T, ApiError> {
        match values {
            Some(values) if self.0.is_empty() => Ok(values),
            _ => Err(ApiError::Invalid(self.0)),
        }
    }
}

/// An object of the body, with the path that leads to it.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: &'static str,
}

impl<'a> Fields<'a> {
    /// The body itself, which must be an object.
    pub(crate) fn of_body(body: &'a Value) -> Result<Self, ApiError> {
        match body {
            Value::Object(map) => Ok(Self { map, path: "" }),
            _ => Err(ApiError::Invalid(vec![FieldError::new("body", "must be a JSON object")])),
        }
    }

    /// An object of a list, named by `path`.
    pub(crate) const fn of_map(map: &'a Map<String, Value>, path: &'static str) -> Self {
        Self { map, path }
    }

    /// Adds a problem for each field that is not among `names`, where ignoring one would widen what the request does.
    pub(crate) fn only(&self, names: &[&str], problems: &mut Problems) {
        for field in self.map.keys().filter(|field| !names.contains(&field.as_str())) {
            problems.unknown(field, names);
        }
    }

    /// The value of a field that is there and not `null`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// The value of a field that is there, `null` too.
    pub(crate) fn get_or_null(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    /// The full path of a field.
    pub(crate) fn path(&self, name: &'static str) -> Cow<'static, str> {
        if self.path.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(format!("{}.{name}", self.path)) }
    }

    /// A text that must be there and parse.
    pub(crate) fn required<T, E: Display>(
        &self,
        name: &'static str,
        problems: &mut Problems,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.get(name).is_none() {
            problems.add(self.path(name), "is required");
            return None;
        }
        self.optional(name, problems, parse)
    }

    /// A text that must parse if it is there.
    pub(crate) fn optional<T, E: Display>(
        &self,
        name: &'static str,
        problems: &mut Problems,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.get(name)?;
        let parsed = match value.as_str() {
            Some(text) => parse(text).map_err(|error| error.to_string()),
            None => Err("must be a string".to_owned()),
        };
        parsed.map_err(|message| problems.add(self.path(name), message)).ok()
    }

    /// An object, if it is there.
    pub(crate) fn object(
        &self,
        name: &'static str,
        problems: &mut Problems,
    ) -> Option<&'a Map<String, Value>> {
        match self.get(name)? {
            Value::Object(map) => Some(map),
            _ => {
                problems.add(self.path(name), "must be an object");
                None
            }
        }
    }

    /// A whole number within bounds, if it is there.
    pub(crate) fn number(
        &self,
        name: &'static str,
        problems: &mut Problems,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.get(name)?;
        let number = whole(value).filter(|number| bounds.contains(number));
        if number.is_none() {
            let (least, most) = bounds.into_inner();
            problems.add(self.path(name), format!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// A yes or no, if it is there.
    pub(crate) fn flag(&self, name: &'static str, problems: &mut Problems) -> Option<bool> {
        let value = self.get(name)?;
        if value.as_bool().is_none() {
            problems.add(self.path(name), "must be true or false");
        }
        value.as_bool()
    }

    /// A list of channels, not empty, if it is there.
    pub(crate) fn channels(&self, name: &'static str, problems: &mut Problems) -> Option<BTreeSet<Channel>> {
        let value = self.get(name)?;
        let parsed = match value.as_array() {
            None => Err("must be a list of channels"),
            Some(list) if list.is_empty() => Err("must not be empty"),
            Some(list) => list
                .iter()
                .map(|entry| entry.as_str().and_then(|name| name.parse().ok()))
                .collect::<Option<_>>()
                .ok_or("must hold only EMAIL, SMS, PUSH"),
        };
        parsed.map_err(|message| problems.add(self.path(name), message)).ok()
    }
}

/// A whole number, also as `100.0` or `1e2`: in JSON these are the same.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0)?;
        // Without an exponent or a fraction: what is beyond 64 bits does not parse.
        format!("{}", number.abs()).parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use orqestra_domain::UserId;
    use serde_json::json;

    use super::*;

    fn problems_of(body: &Value, take: impl FnOnce(Fields<'_>, &mut Problems)) -> Vec<(String, String)> {
        let mut problems = Problems::default();
        take(Fields::of_body(body).unwrap(), &mut problems);
        problems.0.into_iter().map(|wrong| (wrong.field.into_owned(), wrong.message)).collect()
    }

    #[test]
    fn every_wrong_field_is_named() {
        let body = json!({"userId": 7, "channels": ["FAX"], "rate": 0.5, "on": "yes", "gone": null});
        let wrong = problems_of(&body, |fields, problems| {
            assert!(fields.required("userId", problems, UserId::parse).is_none());
            assert!(fields.required("gone", problems, UserId::parse).is_none());
            assert!(fields.channels("channels", problems).is_none());
            assert!(fields.number("rate", problems, 1..=9).is_none());
            assert!(fields.flag("on", problems).is_none());
        });
        let wrong: Vec<_> = wrong.iter().map(|(field, message)| (field.as_str(), message.as_str())).collect();
        assert_eq!(
            wrong,
            [
                ("userId", "must be a string"),
                ("gone", "is required"),
                ("channels", "must hold only EMAIL, SMS, PUSH"),
                ("rate", "must be a whole number from 1 to 9"),
                ("on", "must be true or false"),
            ]
        );
    }

    #[test]
    fn a_fault_in_a_template_is_set_apart_from_its_field_by_a_colon() {
        let fault = FieldError::fault("body", "this tag has no `}}`".to_owned(), Some(1), None);
        let error = ApiError::Invalid(vec![FieldError::new("subject", "is required"), fault]);
        assert_eq!(error.message(), "subject is required; body: this tag has no `}}`");
    }

    #[test]
    fn a_whole_number_may_be_written_as_any_json_number() {
        for (text, number) in [
            ("100", Some(100)),
            ("100.0", Some(100)),
            ("1e2", Some(100)),
            ("1.5e1", Some(15)),
            ("-0.0", Some(0)),
            ("0.5", None),
            ("-1.0", None),
            ("1e300", None),
            ("\"100\"", None),
        ] {
            assert_eq!(whole(&serde_json::from_str(text).unwrap()), number, "{text}");
        }
    }

    #[test]
    fn null_is_absent() {
        let body = json!({"channels": null, "on": null, "map": null});
        let wrong = problems_of(&body, |fields, problems| {
            assert_eq!(fields.channels("channels", problems), None);
            assert_eq!(fields.flag("on", problems), None);
            assert_eq!(fields.object("map", problems), None);
            assert!(fields.get_or_null("map").is_some());
        });
        assert_eq!(wrong, []);
    }

    #[test]
    fn a_body_is_an_object() {
        assert!(Fields::of_body(&json!([])).is_err());
        assert!(Fields::of_body(&json!("text")).is_err());
    }
}
