//! Reads a moment out of a text, as Ruby's `Time.parse` and with it Shopify's Liquid does.
//!
//! Invariant: one that no date or time is in gives nothing, and what a text leaves out comes from the moment it is given,
//! never from a clock. A text without an offset is in UTC.

use time::{Date, Duration, Month, OffsetDateTime, UtcOffset};

/// First letters of the names of days and months.
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Zones that Ruby knows by name, with their hours.
const ZONES: [(&str, i8); 8] =
    [("est", -5), ("edt", -4), ("cst", -6), ("cdt", -5), ("mst", -7), ("mdt", -6), ("pst", -8), ("pdt", -7)];

/// Reads a moment.
pub(super) fn read(text: &str, now: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
    let text = text.to_lowercase();
    let mut parts = Parts::of(&text);
    let clock = parts.take_clock();
    let day = parts.day();
    if clock.is_none() && day == Written::default() {
        return None;
    }
    let start =
        day.date(now)?.midnight().checked_add(clock.as_ref().map_or(Some(Duration::ZERO), Clock::past)?)?;
    Some(start.assume_offset(clock.map_or(UtcOffset::UTC, |clock| clock.offset)))
}

/// A day as it is written: what is left out is nothing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    year: Option<i32>,
    month: Option<u8>,
    day: Option<u16>,
    /// Whether the day is counted from the start of the year.
    is_of_year: bool,
}

impl Written {
    /// Its parts by their places, put right where a length shows that they are another's: `29-11-2026` begins with the day.
    fn of(year: Option<&str>, month: Option<&str>, day: Option<&str>) -> Self {
        let is_long = |digits: Option<&str>| digits.is_some_and(|digits| digits.len() > 2);
        let (mut year, mut month, mut day) = (year, month, day);
        if year.is_some() && month.is_some() && day.is_none() {
            (year, month, day) = (day, year, month);
        }
        if is_long(month) {
            (year, month, day) = (month, day, year);
        }
        if is_long(day) {
            (year, day) = (day, year);
        }
        Self {
            year: year.and_then(full_year),
            month: month.map(|month| month.parse().unwrap_or(u8::MAX)),
            day: day.map(|day| day.parse().unwrap_or(u16::MAX)),
            is_of_year: false,
        }
    }

    /// The date. As in Ruby, the days of every month are counted up to 31, and go on into the next one.
    fn date(&self, now: Option<OffsetDateTime>) -> Option<Date> {
        let today = || now.map(OffsetDateTime::date);
        let year = match self.year {
            Some(year) => year,
            None => today()?.year(),
        };
        if self.is_of_year {
            return Date::from_ordinal_date(year, self.day?).ok();
        }
        let month = match (self.month, self.year) {
            (Some(month), _) => month,
            (None, Some(_)) => 1,
            (None, None) => today()?.month().into(),
        };
        let day = match (self.day, self.year.or(self.month.map(i32::from))) {
            (Some(day), _) => day,
            (None, Some(_)) => 1,
            (None, None) => today()?.day().into(),
        };
        if !(1..=31).contains(&day) {
            return None;
        }
        let first = Date::from_calendar_date(year, Month::try_from(month).ok()?, 1).ok()?;
        first.checked_add(Duration::days(i64::from(day) - 1))
    }
}

/// A year of two digits is of this century up to 68.
fn full_year(digits: &str) -> Option<i32> {
    let year: i32 = digits.parse().ok()?;
    Some(match (digits.len(), year) {
        (..=2, ..=68) => 2000 + year,
        (..=2, _) => 1900 + year,
        _ => year,
    })
}

/// A time of day as it is written.
#[derive(Debug)]
struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
    offset: UtcOffset,
}

impl Clock {
    /// Reads `10`, `1000` and `100000`.
    fn read_compact(&mut self, digits: &str) -> bool {
        let pair = |place: usize| digits.get(2 * place..2 * place + 2).map_or(0, number);
        (self.hour, self.minute, self.second) = (pair(0), pair(1), pair(2));
        matches!(digits.len(), 2 | 4 | 6)
    }

    /// The time since midnight.
    fn past(&self) -> Option<Duration> {
        let is_end = self.hour == 24 && self.minute == 0 && self.second == 0;
        let is_time = (self.hour < 24 || is_end) && self.minute < 60 && self.second <= 60;
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        is_time.then(|| Duration::seconds(seconds) + Duration::nanoseconds(self.nanos))
    }
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    Digits(&'t str),
    Letters(&'t str),
    Blank,
    Sign(char),
}

struct Parts<'t>(Vec<Part<'t>>);

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (is_digit, is_letter) = (|char: char| char.is_ascii_digit(), char::is_alphabetic);
            let length = match first {
                _ if is_digit(first) => rest.find(|char: char| !is_digit(char)),
                _ if is_letter(first) => rest.find(|char: char| !is_letter(char)),
                _ => Some(first.len_utf8()),
            };
            let (part, behind) = rest.split_at(length.unwrap_or(rest.len()));
            parts.push(match first {
                _ if is_digit(first) => Part::Digits(part),
                _ if is_letter(first) && DAYS.iter().any(|day| part.starts_with(day)) => Part::Blank,
                _ if is_letter(first) => Part::Letters(part),
                '-' | '+' | '\'' | ',' | '.' | '/' | ':' => Part::Sign(first),
                _ => Part::Blank,
            });
            rest = behind;
        }
        let mut parts = Self(parts);
        parts.join_blanks();
        parts
    }

    fn join_blanks(&mut self) {
        self.0.dedup_by(|later, earlier| *later == Part::Blank && *earlier == Part::Blank);
    }

    fn get(&self, at: usize) -> Option<Part<'t>> {
        self.0.get(at).copied()
    }

    fn digits(&self, at: usize) -> Option<&'t str> {
        if let Some(Part::Digits(digits)) = self.get(at) { Some(digits) } else { None }
    }

    fn letters(&self, at: usize) -> Option<&'t str> {
        if let Some(Part::Letters(letters)) = self.get(at) { Some(letters) } else { None }
    }

    fn is_sign(&self, at: usize, signs: &[char]) -> bool {
        matches!(self.get(at), Some(Part::Sign(sign)) if signs.contains(&sign))
    }

    /// The place behind a blank, if there is one.
    fn behind_blank(&self, at: usize) -> usize {
        at + usize::from(self.get(at) == Some(Part::Blank))
    }

    /// Takes the first time of day out of the text.
    fn take_clock(&mut self) -> Option<Clock> {
        let (start, end, clock) =
            (0..self.0.len()).find_map(|start| self.clock(start).map(|(clock, end)| (start, end, clock)))?;
        self.0.splice(start..end, [Part::Blank]);
        self.join_blanks();
        Some(clock)
    }

    /// The time of day that begins at a place, and the place behind it.
    fn clock(&self, start: usize) -> Option<(Clock, usize)> {
        let mut clock = Clock {
            hour: number(self.digits(start)?),
            minute: 0,
            second: 0,
            nanos: 0,
            offset: UtcOffset::UTC,
        };
        let mut at = start + 1;
        let is_time = if let Some(minute) = self.digits(at + 1).filter(|_| self.is_sign(at, &[':'])) {
            clock.minute = number(minute);
            at += 2;
            if let Some(second) = self.digits(at + 1).filter(|_| self.is_sign(at, &[':'])) {
                clock.second = number(second);
                at = self.fraction(at + 2, &mut clock);
            }
            true
        } else if self.letters(at) == Some("h") {
            at = self.minutes_in_letters(at + 1, &mut clock);
            true
        } else {
            self.is_compact(start) && clock.read_compact(self.digits(start)?)
        };
        match self.half_of_day(at) {
            Some((hours, end)) => {
                clock.hour = clock.hour % 12 + hours;
                at = end;
            }
            None if !is_time => return None,
            None => {}
        }
        (clock.offset, at) = self.zone(at);
        Some((clock, at))
    }

    /// Whether the digits at a place stand behind those of a day and a `t`: `20261129T100000`.
    fn is_compact(&self, at: usize) -> bool {
        at.checked_sub(2).and_then(|day| self.digits(day)).is_some_and(|day| day.len() == 8)
            && self.letters(at - 1) == Some("t")
    }

    fn fraction(&self, at: usize, clock: &mut Clock) -> usize {
        let Some(digits) = self.digits(at + 1).filter(|_| self.is_sign(at, &['.', ','])) else { return at };
        clock.nanos = number(&format!("{digits:0<9}")[..9]);
        at + 2
    }

    /// `30m` and `30m15s` behind an `h`.
    fn minutes_in_letters(&self, at: usize, clock: &mut Clock) -> usize {
        let Some(minute) = self.digits(at) else { return at };
        clock.minute = number(minute);
        let at = at + 1 + usize::from(self.letters(at + 1) == Some("m"));
        let Some(second) = self.digits(at) else { return at };
        clock.second = number(second);
        at + 1 + usize::from(self.letters(at + 1) == Some("s"))
    }

    /// The hours that `am` or `pm` adds, and the place behind it.
    fn half_of_day(&self, at: usize) -> Option<(i64, usize)> {
        let at = self.behind_blank(at);
        let (half, length) = match self.letters(at)? {
            half @ ("am" | "pm") => (half, 1),
            half @ ("a" | "p") if self.is_sign(at + 1, &['.']) && self.letters(at + 2) == Some("m") => {
                (half, 3)
            }
            _ => return None,
        };
        let dot = usize::from(length == 3 && self.is_sign(at + 3, &['.']));
        Some((if half.starts_with('p') { 12 } else { 0 }, at + length + dot))
    }

    /// The offset of a zone behind a time, and the place behind it. A zone that is not known is UTC.
    fn zone(&self, behind_time: usize) -> (UtcOffset, usize) {
        let at = self.behind_blank(behind_time);
        if self.is_sign(at, &['+', '-']) {
            let Some(digits) = self.digits(at + 1) else { return (UtcOffset::UTC, behind_time) };
            let minutes = self.digits(at + 3).filter(|_| self.is_sign(at + 2, &[':']));
            let (hours, minutes, end) = match (digits.len(), minutes) {
                (2, Some(minutes)) if minutes.len() == 2 => (digits, minutes, at + 4),
                (2, None) => (digits, "0", at + 2),
                (4, None) => (&digits[..2], &digits[2..], at + 2),
                _ => return (UtcOffset::UTC, at + 2),
            };
            let sign = if self.is_sign(at, &['-']) { -1 } else { 1 };
            let seconds = i32::try_from(sign * (number(hours) * 60 + number(minutes)) * 60).unwrap_or(0);
            return (UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC), end);
        }
        match self.letters(at) {
            Some(name) if month_of(name).is_none() => (zone_of(name), at + 1),
            _ => (UtcOffset::UTC, behind_time),
        }
    }

    /// The day of the text.
    fn day(&self) -> Written {
        let places = || 0..self.0.len();
        places()
            .find_map(|at| self.day_by_name(at))
            .or_else(|| places().find_map(|at| self.day_by_signs(at)))
            .or_else(|| places().find_map(|at| self.day_in_digits(at)))
            .unwrap_or_default()
    }

    /// A day around the name of its month: `29 November 2026`, `Nov 29th, 2026`, `29-Nov-2026`, `Nov 2026`.
    fn day_by_name(&self, at: usize) -> Option<Written> {
        let month = month_of(self.letters(at)?)?;
        let with = |year, day| Written { month: Some(month), ..Written::of(year, None, day) };
        let behind = self.digits_behind(at + 1);
        if let Some(day) = self.digits_before(at) {
            return Some(with(behind.map(|(digits, _)| digits), Some(day)));
        }
        if let Some((day, end)) = behind {
            let year = self.digits_behind(end + usize::from(self.letters(end).is_some()));
            return Some(with(year.map(|(digits, _)| digits), Some(day)));
        }
        let joined = |place: usize| self.digits(place + 1).filter(|_| self.is_sign(place, &['-']));
        let before =
            at.checked_sub(2).and_then(|place| self.digits(place)).filter(|_| self.is_sign(at - 1, &['-']));
        Some(match (before, joined(at + 1)) {
            (Some(day), Some(year)) => with(Some(year), Some(day)),
            (None, Some(day)) => with(joined(at + 3), Some(day)),
            (_, None) => with(None, None),
        })
    }

    /// The digits before a place, with blanks, letters and signs but hyphens between: `29th`, `29.`.
    fn digits_before(&self, at: usize) -> Option<&'t str> {
        let mut place = at.checked_sub(1)?;
        if self.get(place) == Some(Part::Blank) {
            place = place.checked_sub(1)?;
        }
        loop {
            match self.get(place)? {
                Part::Digits(digits) => return Some(digits),
                Part::Letters(_) => {}
                Part::Sign(sign) if sign != '-' => {}
                Part::Blank | Part::Sign(_) => return None,
            }
            place = place.checked_sub(1)?;
        }
    }

    /// The digits behind a place, with signs but hyphens and a blank between, and the place behind them.
    fn digits_behind(&self, at: usize) -> Option<(&'t str, usize)> {
        let mut place = at;
        while matches!(self.get(place), Some(Part::Sign(sign)) if sign != '-') {
            place += 1;
        }
        place = self.behind_blank(place);
        Some((self.digits(place)?, place + 1))
    }

    /// A day of digits with signs between: `2026-11-29`, `29.11.2026`, `29/11/2026`, `11/2026`, and `2026-333`.
    fn day_by_signs(&self, at: usize) -> Option<Written> {
        let first = self.digits(at)?;
        let Part::Sign(sign @ ('-' | '/' | '.')) = self.get(at + 1)? else { return None };
        let next = if sign == '-' { at + 2 } else { self.behind_blank(at + 2) };
        let second = self.digits(next)?;
        let last = if sign == '-' { next + 2 } else { self.behind_blank(next + 2) };
        match self.digits(last).filter(|_| self.is_sign(next + 1, &[sign])) {
            Some(third) => Some(Written::of(Some(first), Some(second), Some(third))),
            None if sign == '/' => Some(Written::of(Some(first), Some(second), None)),
            None if sign == '-' && first.len() == 4 && second.len() == 3 => Some(Written {
                day: second.parse().ok(),
                is_of_year: true,
                ..Written::of(Some(first), None, None)
            }),
            None => None,
        }
    }

    /// A day of digits alone: `20261129`, or that of a month.
    fn day_in_digits(&self, at: usize) -> Option<Written> {
        let digits = self.digits(at)?;
        match digits.len() {
            8 => Some(Written::of(Some(&digits[..4]), Some(&digits[4..6]), Some(&digits[6..]))),
            6 => Some(Written::of(Some(&digits[..2]), Some(&digits[2..4]), Some(&digits[4..]))),
            4 => Some(Written::of(None, Some(&digits[..2]), Some(&digits[2..]))),
            2 => Some(Written::of(None, None, Some(digits))),
            _ => None,
        }
    }
}

/// The number of digits; beyond all times and days if it is too long.
fn number(digits: &str) -> i64 {
    digits.parse::<u32>().map_or(i64::from(u32::MAX), i64::from)
}

/// The month that a word begins with.
fn month_of(word: &str) -> Option<u8> {
    (1..).zip(MONTHS).find(|(_, name)| word.starts_with(name)).map(|(month, _)| month)
}

/// The offset of a zone by its name: one of Ruby's, or a letter as armies use them.
fn zone_of(name: &str) -> UtcOffset {
    let hours = match name.as_bytes() {
        [letter @ b'a'..=b'i'] => i8::try_from(letter - b'a' + 1).ok(),
        [letter @ b'k'..=b'm'] => i8::try_from(letter - b'k' + 10).ok(),
        [letter @ b'n'..=b'y'] => i8::try_from(letter - b'n' + 1).ok().map(|hours| -hours),
        _ => ZONES.iter().find(|(zone, _)| *zone == name).map(|(_, hours)| *hours),
    };
    hours.and_then(|hours| UtcOffset::from_hms(hours, 0, 0).ok()).unwrap_or(UtcOffset::UTC)
}
