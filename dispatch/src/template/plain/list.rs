//! Lists: how far they are moved in, and what stands before their items.
//!
//! Invariant: an item's number is its own value, or follows from the one before it; those of a list that counts down to one
//! are known at its end.

use super::style::Marker;

/// Most blanks before an item of a list.
const DEEPEST_INDENT: usize = 24;

/// A list that is open.
#[derive(Debug)]
pub(super) struct List {
    indent: usize,
    marker: Marker,
    /// The number of the next item; not known yet where all count down to one.
    next: Option<i64>,
    step: i64,
    /// What tells lists that count down apart.
    id: Option<usize>,
    items: i64,
}

/// A number that is not known yet.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) list: usize,
    /// How many items came before.
    pub(super) before: i64,
    pub(super) marker: Marker,
}

impl List {
    pub(super) fn new(indent: usize, marker: Marker) -> Self {
        Self { indent, marker, next: Some(1), step: 1, id: None, items: 0 }
    }

    /// What an item without a list stands in.
    pub(super) fn alone() -> Self {
        Self::new(0, Marker::Point)
    }

    pub(super) fn with_start(self, start: Option<i64>) -> Self {
        Self { next: start.or(self.next), ..self }
    }

    /// Counting down, from a start or so that the last item is the first.
    pub(super) fn reversed(self, start: Option<i64>, id: usize) -> Self {
        Self { next: start, step: -1, id: start.is_none().then_some(id), ..self }
    }

    pub(super) fn indent(&self) -> usize {
        self.indent
    }

    /// How far what stands in an item is moved in.
    pub(super) fn inside(&self) -> usize {
        let marker = match self.marker {
            Marker::Nothing => 0,
            Marker::Point => 2,
            Marker::Digits { .. } | Marker::Letters { .. } | Marker::Roman { .. } => 3,
        };
        (self.indent + marker).min(DEEPEST_INDENT)
    }

    /// The mark before the next item, and what it waits for.
    pub(super) fn mark(&mut self, value: Option<i64>, own: Option<Marker>) -> (String, Option<Counted>) {
        let marker = own.unwrap_or(self.marker);
        let (number, before) = (value.or(self.next), self.items);
        self.next = number.map(|number| number + self.step);
        self.items += 1;
        match (marker, number, self.id) {
            (Marker::Nothing, ..) => (String::new(), None),
            (Marker::Point, ..) => ("- ".to_owned(), None),
            (marker, None, Some(list)) => (String::new(), Some(Counted { list, before, marker })),
            (marker, number, _) => (format!("{}. ", numeral(marker, number.unwrap_or(1))), None),
        }
    }

    /// How many items it had, if it counts down.
    pub(super) fn counted(&self) -> Option<(usize, i64)> {
        self.id.map(|id| (id, self.items))
    }
}

/// A number as a marker writes it; what it cannot write stands in digits.
pub(super) fn numeral(marker: Marker, number: i64) -> String {
    let written = match marker {
        Marker::Letters { first, count } => letters(number, first, i64::from(count)),
        Marker::Roman { capital } => {
            roman(number).map(|roman| if capital { roman } else { roman.to_lowercase() })
        }
        Marker::Digits { zero } => Some(digits(number, zero)),
        Marker::Nothing | Marker::Point => None,
    };
    written.unwrap_or_else(|| number.to_string())
}

fn digits(number: i64, zero: char) -> String {
    let digit = |digit: char| {
        let value = digit.to_digit(10)?;
        char::from_u32(u32::from(zero) + value)
    };
    number.to_string().chars().map(|char| digit(char).unwrap_or(char)).collect()
}

/// As columns of a sheet are called: `a` to `z`, `aa`, `ab`.
fn letters(number: i64, first: char, count: i64) -> Option<String> {
    let mut letters = Vec::new();
    let mut rest = number;
    while rest > 0 {
        let place = u32::try_from((rest - 1) % count).ok()?;
        letters.push(char::from_u32(u32::from(first) + place)?);
        rest = (rest - 1) / count;
    }
    (!letters.is_empty()).then(|| letters.iter().rev().collect())
}

fn roman(number: i64) -> Option<String> {
    const PARTS: [(i64, &str); 13] = [
        (1_000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4_000).contains(&number) {
        return None;
    }
    let (mut rest, mut roman) = (number, String::new());
    for (value, letters) in PARTS {
        while rest >= value {
            roman.push_str(letters);
            rest -= value;
        }
    }
    Some(roman)
}
