//! Selectors of a style sheet: tags, classes, ids and attributes, of an element and of those around it.
//!
//! Invariant: what is not known (states, neighbours, parts of elements) is no selector, and a match costs steps of a
//! budget.

/// Longest selector that is kept, bytes.
const LONGEST: usize = 256;
/// Most elements that a selector speaks of.
const MOST_COMPOUNDS: usize = 8;
/// Most tests of one element.
const MOST_TESTS: usize = 4;

/// What selectors know of an element.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) class: String,
    /// Attributes that selectors ask for, by the places of their names.
    pub(super) more: Vec<(usize, String)>,
}

/// Steps that may still be taken.
#[derive(Debug)]
pub(super) struct Budget(pub(super) u32);

impl Budget {
    /// Takes what a look at an element costs, by the length of its attributes; tells whether it was there.
    fn spend(&mut self, node: &Node) -> bool {
        const BYTES_OF_A_STEP: usize = 32;
        let bytes = node.class.len() + node.more.iter().map(|(_, value)| value.len()).sum::<usize>();
        let steps = u32::try_from(1 + bytes / BYTES_OF_A_STEP).unwrap_or(u32::MAX);
        self.0 = self.0.saturating_sub(steps);
        self.0 > 0
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    Class(String),
    Id(String),
    Attribute { place: usize, kind: Kind, value: String, any_case: bool },
}

/// How the value of an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    IsThere,
    Is,
    HasWord,
    BeginsWithPart,
    BeginsWith,
    EndsWith,
    Contains,
}

#[derive(Debug, Default)]
struct Compound {
    tag: Option<String>,
    tests: Vec<Test>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    Parent,
    Any,
}

/// What a rule is found by.
pub(super) enum Key<'s> {
    Id(&'s str),
    Class(&'s str),
    Tag(&'s str),
    Any,
}

/// A selector: an element, and what has to be around it, from within.
#[derive(Debug)]
pub(super) struct Selector {
    subject: Compound,
    around: Vec<(Around, Compound)>,
}

impl Selector {
    /// Reads one selector; names of attributes go to `names`.
    pub(super) fn parse(text: &str, names: &mut Vec<String>) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parser = Parser { rest: text.trim(), names };
        let mut subject = parser.compound()?;
        let mut around = Vec::new();
        while !parser.rest.is_empty() {
            let after = parser.rest.trim_start();
            let (how, next) = match after.strip_prefix('>') {
                Some(next) => (Around::Parent, next.trim_start()),
                None if after.len() < parser.rest.len() => (Around::Any, after),
                None => return None,
            };
            parser.rest = next;
            let outer = std::mem::replace(&mut subject, parser.compound()?);
            around.insert(0, (how, outer));
            if around.len() >= MOST_COMPOUNDS {
                return None;
            }
        }
        Some(Self { subject, around })
    }

    pub(super) fn key(&self) -> Key<'_> {
        let mut key = self.subject.tag.as_deref().map_or(Key::Any, Key::Tag);
        for test in &self.subject.tests {
            match test {
                Test::Id(id) => return Key::Id(id),
                Test::Class(class) => key = Key::Class(class),
                Test::Attribute { .. } => {}
            }
        }
        key
    }

    /// How much it weighs against others: ids, then classes and attributes, then tags.
    pub(super) fn specificity(&self) -> u32 {
        let compounds = self.around.iter().map(|(_, compound)| compound).chain([&self.subject]);
        compounds.fold(0, |sum, compound| {
            let tests =
                compound.tests.iter().map(|test| if matches!(test, Test::Id(_)) { 1 << 16 } else { 1 << 8 });
            sum + tests.sum::<u32>() + u32::from(compound.tag.is_some())
        })
    }

    /// Whether it selects an element among those around it, the outermost first.
    pub(super) fn matches<A: AsRef<Node>>(&self, node: &Node, around: &[A], budget: &mut Budget) -> bool {
        budget.spend(node) && self.subject.matches(node) && stands_in(&self.around, around, budget)
    }
}

fn stands_in<A: AsRef<Node>>(wanted: &[(Around, Compound)], around: &[A], budget: &mut Budget) -> bool {
    let Some(((how, compound), rest)) = wanted.split_first() else { return true };
    match how {
        // Those two are there, whether their tags are or not.
        Around::Any if compound.is_of_any_page() => true,
        Around::Parent => around.split_last().is_some_and(|(parent, beyond)| {
            budget.spend(parent.as_ref())
                && compound.matches(parent.as_ref())
                && stands_in(rest, beyond, budget)
        }),
        Around::Any => (0..around.len()).rev().any(|at| {
            let outer = around[at].as_ref();
            budget.spend(outer) && compound.matches(outer) && stands_in(rest, &around[..at], budget)
        }),
    }
}

impl Compound {
    fn is_of_any_page(&self) -> bool {
        self.tests.is_empty() && matches!(self.tag.as_deref(), Some("html" | "body"))
    }

    fn matches(&self, node: &Node) -> bool {
        self.tag.as_ref().is_none_or(|tag| *tag == node.name)
            && self.tests.iter().all(|test| test.holds(node))
    }
}

impl Test {
    fn holds(&self, node: &Node) -> bool {
        match self {
            Self::Id(id) => *id == node.id,
            Self::Class(class) => node.class.split_ascii_whitespace().any(|one| one == class),
            Self::Attribute { place, kind, value, any_case } => {
                let found = node.more.iter().find(|(name, _)| name == place);
                found.is_some_and(|(_, found)| {
                    if *any_case {
                        kind.holds(&found.to_ascii_lowercase(), &value.to_ascii_lowercase())
                    } else {
                        kind.holds(found, value)
                    }
                })
            }
        }
    }
}

impl Kind {
    fn holds(self, found: &str, value: &str) -> bool {
        match self {
            Self::IsThere => true,
            Self::Is => found == value,
            Self::HasWord => found.split_ascii_whitespace().any(|word| word == value),
            Self::BeginsWithPart => {
                found.strip_prefix(value).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            }
            // No value begins with nothing, as far as selectors go.
            Self::BeginsWith => !value.is_empty() && found.starts_with(value),
            Self::EndsWith => !value.is_empty() && found.ends_with(value),
            Self::Contains => !value.is_empty() && found.contains(value),
        }
    }
}

struct Parser<'s, 'n> {
    rest: &'s str,
    names: &'n mut Vec<String>,
}

impl Parser<'_, '_> {
    fn compound(&mut self) -> Option<Compound> {
        let mut compound = Compound::default();
        let before = self.rest;
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
        } else if !self.rest.starts_with(['.', '#', '[']) {
            compound.tag = Some(self.name()?.to_ascii_lowercase());
        }
        loop {
            let mut chars = self.rest.chars();
            let first = chars.next();
            let test = match first {
                Some('.') => {
                    self.rest = chars.as_str();
                    Test::Class(self.name()?)
                }
                Some('#') => {
                    self.rest = chars.as_str();
                    Test::Id(self.name()?)
                }
                Some('[') => {
                    self.rest = chars.as_str();
                    self.attribute()?
                }
                Some(c) if c.is_ascii_whitespace() || c == '>' => break,
                None => break,
                Some(_) => return None,
            };
            compound.tests.push(test);
            if compound.tests.len() > MOST_TESTS {
                return None;
            }
        }
        (self.rest.len() < before.len()).then_some(compound)
    }

    /// What stands in square brackets, the first of which was read.
    fn attribute(&mut self) -> Option<Test> {
        self.blanks();
        let name = self.name()?.to_ascii_lowercase();
        self.blanks();
        let kinds = [
            ("=", Kind::Is),
            ("~=", Kind::HasWord),
            ("|=", Kind::BeginsWithPart),
            ("^=", Kind::BeginsWith),
            ("$=", Kind::EndsWith),
            ("*=", Kind::Contains),
        ];
        let known = kinds.into_iter().find_map(|(sign, kind)| Some((kind, self.rest.strip_prefix(sign)?)));
        let (mut value, mut any_case, mut kind) = (String::new(), false, Kind::IsThere);
        if let Some((how, rest)) = known {
            self.rest = rest;
            kind = how;
            self.blanks();
            value = self.value()?;
            self.blanks();
            if let Some(rest) = self.rest.strip_prefix(['i', 'I']) {
                any_case = true;
                self.rest = rest;
                self.blanks();
            }
        }
        self.rest = self.rest.strip_prefix(']')?;
        Some(Test::Attribute { place: self.place(name)?, kind, value, any_case })
    }

    /// Where the name of an attribute stands among those that are asked for.
    fn place(&mut self, name: String) -> Option<usize> {
        const MOST_NAMES: usize = 16;
        if let Some(place) = self.names.iter().position(|known| *known == name) {
            return Some(place);
        }
        (self.names.len() < MOST_NAMES).then(|| self.names.push(name))?;
        Some(self.names.len() - 1)
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn value(&mut self) -> Option<String> {
        let Some(quote) = self.rest.chars().next().filter(|char| matches!(char, '"' | '\'')) else {
            return self.name();
        };
        let (value, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(value.to_owned())
    }

    /// A name, its escapes resolved.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut chars = self.rest.chars();
        loop {
            let rest = chars.as_str();
            match chars.next() {
                Some('\\') => name.push(escaped(&mut chars)?),
                Some(char)
                    if char.is_ascii_alphanumeric() || matches!(char, '-' | '_') || !char.is_ascii() =>
                {
                    name.push(char);
                }
                _ => {
                    self.rest = rest;
                    return Some(name).filter(|name| !name.is_empty());
                }
            }
        }
    }
}

/// What follows a backslash: a number in base 16 and a blank, or the character itself.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let rest = chars.as_str();
    let digits = rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
    if digits == 0 {
        return chars.next();
    }
    let after = &rest[digits..];
    *chars = after.strip_prefix([' ', '\n', '\t']).unwrap_or(after).chars();
    u32::from_str_radix(&rest[..digits], 16).ok().and_then(char::from_u32)
}
