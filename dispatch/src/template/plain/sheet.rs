//! The style sheets of a mail, and what they and an element's own style say of it together.
//!
//! A small cascade: what is important before what is not, an element's own style before rules, rules by the weight of
//! their selectors and then by their order. Invariant: rules and matches are bounded; beyond that an element's own style
//! counts alone.

use std::collections::HashMap;
use std::rc::Rc;

use super::media;
use super::selector::{Budget, Key, Node, Selector};
use super::style::{
    Blanks, Declaration, Marker, Property, Value, declarations, outside_of_quotes, without_comments,
};

/// Most selectors that are kept of a mail's style sheets.
const MOST_RULES: usize = 1_024;
/// Most declarations of a rule that are kept.
const MOST_DECLARATIONS: usize = 16;
/// Most classes of an element that are looked up.
const MOST_CLASSES: usize = 16;
/// Most tests of an element against a selector, in a whole mail.
const MOST_STEPS: u32 = 300_000;
/// Most blocks that a rule stands in.
const DEEPEST: usize = 4;

/// How an element shows its text. `None` is as its parent does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// With all that is in it.
    pub(super) is_hidden: bool,
    /// For Outlook alone.
    pub(super) is_hidden_in_outlook: bool,
    /// Its own text, which elements in it may show again.
    pub(super) is_invisible: Option<bool>,
    /// Letters too small to be read.
    pub(super) is_tiny: Option<bool>,
    pub(super) blanks: Option<Blanks>,
    pub(super) marker: Option<Marker>,
}

/// What a declaration weighs: whether it is important, whether it is the element's own, its selector, its place.
type Weight = (bool, bool, u32, usize);

/// The winners of each property.
#[derive(Default)]
struct Cascade([Option<(Weight, Value)>; Property::COUNT]);

impl Cascade {
    fn add(&mut self, declaration: &Declaration, is_own: bool, specificity: u32, order: usize) {
        let weight = (declaration.is_important, is_own, specificity, order);
        let winner = &mut self.0[declaration.property as usize];
        if winner.is_none_or(|(other, _)| other <= weight) {
            *winner = Some((weight, declaration.value));
        }
    }

    fn of(&self, property: Property) -> Option<Value> {
        self.0[property as usize].map(|(_, value)| value)
    }

    fn shown(&self) -> Shown {
        let hides = |property| self.of(property) == Some(Value::Hides);
        let may = |property| match self.of(property) {
            Some(Value::Hides) => Some(true),
            Some(Value::Shows) => Some(false),
            _ => None,
        };
        let has_no_height = hides(Property::MaxHeight) && may(Property::Overflow) != Some(false)
            || hides(Property::Height) && hides(Property::Overflow);
        Shown {
            is_hidden: hides(Property::Display) || hides(Property::Opacity) || has_no_height,
            is_hidden_in_outlook: hides(Property::MsoHide),
            is_invisible: may(Property::Visibility),
            is_tiny: may(Property::FontSize),
            blanks: match self.of(Property::WhiteSpace) {
                Some(Value::Blanks(blanks)) => Some(blanks),
                _ => None,
            },
            marker: match self.of(Property::ListStyle) {
                Some(Value::Marker(marker)) => Some(marker),
                _ => None,
            },
        }
    }
}

#[derive(Debug)]
struct Rule {
    selector: Selector,
    specificity: u32,
    declarations: Rc<[Declaration]>,
}

/// The rules of a mail's style sheets, in their order.
#[derive(Debug)]
pub(super) struct Sheet {
    rules: Vec<Rule>,
    by_id: HashMap<String, Vec<usize>>,
    by_class: HashMap<String, Vec<usize>>,
    by_tag: HashMap<String, Vec<usize>>,
    for_any: Vec<usize>,
    /// Names of attributes that selectors ask for.
    names: Vec<String>,
    budget: Budget,
}

impl Default for Sheet {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            by_id: HashMap::new(),
            by_class: HashMap::new(),
            by_tag: HashMap::new(),
            for_any: Vec::new(),
            names: Vec::new(),
            budget: Budget(MOST_STEPS),
        }
    }
}

impl Sheet {
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Names of attributes that selectors ask for.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Takes the rules of a `style` element.
    pub(super) fn read(&mut self, css: &str) {
        self.read_rules(&without_comments(css), 0);
    }

    fn read_rules(&mut self, css: &str, depth: usize) {
        let mut rest = css;
        while self.rules.len() < MOST_RULES {
            rest = without_signs_of_comments(rest);
            let is_at_rule = rest.starts_with('@');
            let Some(open) = rest.find(if is_at_rule { &['{', ';'][..] } else { &['{'][..] }) else { return };
            let (before, after) = (rest[..open].trim_end(), &rest[open + 1..]);
            if rest.as_bytes()[open] == b';' {
                rest = after;
                continue;
            }
            let (block, next) = block(after);
            rest = next;
            if !is_at_rule {
                self.keep(before, block);
            } else if depth < DEEPEST && holds(before) {
                self.read_rules(block, depth + 1);
            }
        }
    }

    fn keep(&mut self, selectors: &str, block: &str) {
        let declared: Rc<[Declaration]> = declarations(block).take(MOST_DECLARATIONS).collect();
        if declared.is_empty() {
            return;
        }
        for selector in selectors.split(',') {
            if self.rules.len() < MOST_RULES
                && let Some(selector) = Selector::parse(selector, &mut self.names)
            {
                let order = self.rules.len();
                match selector.key() {
                    Key::Id(id) => self.by_id.entry(id.to_owned()).or_default(),
                    Key::Class(class) => self.by_class.entry(class.to_owned()).or_default(),
                    Key::Tag(tag) => self.by_tag.entry(tag.to_owned()).or_default(),
                    Key::Any => &mut self.for_any,
                }
                .push(order);
                let specificity = selector.specificity();
                self.rules.push(Rule { selector, specificity, declarations: Rc::clone(&declared) });
            }
        }
    }

    /// What holds for an element with a style of its own, among those around it, the outermost first.
    pub(super) fn shown<A: AsRef<Node>>(
        &mut self,
        node: &Node,
        around: &[A],
        style: &str,
        has_hidden: bool,
    ) -> Shown {
        let mut cascade = Cascade::default();
        if has_hidden {
            let hidden =
                Declaration { property: Property::Display, value: Value::Hides, is_important: false };
            cascade.add(&hidden, false, 0, 0);
        }
        if !self.rules.is_empty() {
            self.add_rules(&mut cascade, node, around);
        }
        for (order, declaration) in declarations(&without_comments(style)).enumerate() {
            cascade.add(&declaration, true, 0, order);
        }
        cascade.shown()
    }

    fn add_rules<A: AsRef<Node>>(&mut self, cascade: &mut Cascade, node: &Node, around: &[A]) {
        let classes = node.class.split_ascii_whitespace().take(MOST_CLASSES);
        let by_class = classes.filter_map(|class| self.by_class.get(class));
        let by_others = [self.by_id.get(&node.id), self.by_tag.get(&node.name), Some(&self.for_any)];
        for order in by_class.chain(by_others.into_iter().flatten()).flatten() {
            let rule = &self.rules[*order];
            if rule.selector.matches(node, around, &mut self.budget) {
                for declaration in rule.declarations.iter() {
                    cascade.add(declaration, false, rule.specificity, order + 1);
                }
            }
        }
    }
}

/// Whether the rules in such a block count.
fn holds(at_rule: &str) -> bool {
    let name =
        at_rule[1..].split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default();
    let condition = &at_rule[1 + name.len()..];
    match name.to_ascii_lowercase().as_str() {
        "media" => media::holds(condition),
        "supports" => media::is_supported(condition),
        "layer" => true,
        _ => false,
    }
}

/// The inside of a block whose `{` was read, and what follows it.
fn block(css: &str) -> (&str, &str) {
    let mut depth = 1_usize;
    for (at, byte) in outside_of_quotes(css) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&css[..at], &css[at + 1..]);
        }
    }
    (css, "")
}

/// Without blanks and the signs that hide a sheet from the readers of old.
fn without_signs_of_comments(css: &str) -> &str {
    let mut rest = css.trim_start();
    while let Some(after) = rest.strip_prefix("<!--").or_else(|| rest.strip_prefix("-->")) {
        rest = after.trim_start();
    }
    rest
}
