//! The attributes of an element that matter to its text.
//!
//! Invariant: the first one of each name counts.

use super::selector::Node;

/// The attributes of one element.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    values: [Option<String>; Self::NAMES.len()],
    /// Those that selectors ask for, by the places of their names.
    more: Vec<(usize, String)>,
}

impl Attributes {
    const NAMES: [&'static str; 11] =
        ["style", "class", "id", "hidden", "href", "alt", "start", "reversed", "value", "type", "media"];

    fn place(name: &str) -> Option<usize> {
        Self::NAMES.iter().position(|known| *known == name)
    }

    /// Takes a name, and then its value.
    pub(super) fn set(&mut self, name: &[u8], value: &[u8], asked_for: &[String]) {
        let Ok(name) = std::str::from_utf8(name) else { return };
        let value = String::from_utf8_lossy(value);
        if let Some(place) = asked_for.iter().position(|asked| asked == name) {
            match self.more.iter_mut().find(|(known, _)| *known == place) {
                None => self.more.push((place, value.to_string())),
                Some((_, known)) if known.is_empty() => *known = value.to_string(),
                Some(_) => {}
            }
        }
        if let Some(known) = Self::place(name).and_then(|place| self.values.get_mut(place))
            && known.as_ref().is_none_or(String::is_empty)
        {
            *known = Some(value.into_owned());
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        Self::place(name).is_some_and(|place| self.values[place].is_some())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        Self::place(name).and_then(|place| self.values[place].as_deref()).unwrap_or_default()
    }

    /// A whole number, whatever follows it.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let text = self.get(name).trim_start();
        let text = text.strip_prefix('+').unwrap_or(text);
        let sign = usize::from(text.starts_with('-'));
        let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
        text[..sign + digits].parse::<i32>().ok().map(i64::from)
    }

    /// What selectors know of the element.
    pub(super) fn node(&mut self, name: &str) -> Node {
        Node {
            name: name.to_owned(),
            id: self.get("id").to_owned(),
            class: self.get("class").to_owned(),
            more: std::mem::take(&mut self.more),
        }
    }
}
