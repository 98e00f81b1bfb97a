//! The conditions of `if`, `elsif` and `unless`.
//!
//! Invariant: as in Shopify's Liquid, `and` and `or` are worked off from the right and have no precedence, and comparing values
//! that have no order is false, never an error.

use std::cmp::Ordering;

use super::expression::Expression;
use super::meter::Result;
use super::parser::{Parsed, Parser};
use super::scope::Scope;
use super::token::Token;

/// Comparisons in a row, and what stands between each and the next.
#[derive(Debug)]
pub(super) struct Condition {
    first: Comparison,
    rest: Vec<(Link, Comparison)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    And,
    Or,
}

#[derive(Debug)]
enum Comparison {
    IsTrue(Expression),
    Compare(Expression, Operator, Expression),
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

impl Condition {
    pub(super) fn parse(parser: &mut Parser<'_>) -> Parsed<Self> {
        let first = Comparison::parse(parser)?;
        let mut rest = Vec::new();
        while let Some(token) = parser.peek() {
            let link = match token {
                Token::Word("and") => Link::And,
                Token::Word("or") => Link::Or,
                _ => break,
            };
            parser.take(token);
            rest.push((link, Comparison::parse(parser)?));
        }
        parser.finish()?;
        Ok(Self { first, rest })
    }

    pub(super) fn holds(&self, scope: &Scope<'_>) -> Result<bool> {
        let mut holds = self.first.holds(scope)?;
        for (link, next) in &self.rest {
            // From the right: what a link does not need, nothing behind it needs.
            if holds == (*link == Link::Or) {
                break;
            }
            holds = next.holds(scope)?;
        }
        Ok(holds)
    }
}

impl Comparison {
    fn parse(parser: &mut Parser<'_>) -> Parsed<Self> {
        let left = Expression::parse(parser)?;
        let Some(token) = parser.peek() else { return Ok(Self::IsTrue(left)) };
        let operator = match token {
            Token::Operator("==") => Operator::Equal,
            Token::Operator("!=" | "<>") => Operator::Unequal,
            Token::Operator("<") => Operator::Less,
            Token::Operator("<=") => Operator::LessOrEqual,
            Token::Operator(">") => Operator::Greater,
            Token::Operator(">=") => Operator::GreaterOrEqual,
            Token::Word("contains") => Operator::Contains,
            _ => return Ok(Self::IsTrue(left)),
        };
        parser.take(token);
        Ok(Self::Compare(left, operator, Expression::parse(parser)?))
    }

    fn holds(&self, scope: &Scope<'_>) -> Result<bool> {
        scope.meter.spend(1)?;
        let (left, operator, right) = match self {
            Self::IsTrue(value) => return Ok(value.evaluate(scope)?.is_true()),
            Self::Compare(left, operator, right) => (left.evaluate(scope)?, operator, right.evaluate(scope)?),
        };
        Ok(match operator {
            Operator::Equal => left.equals(&right),
            Operator::Unequal => !left.equals(&right),
            Operator::Less => left.order(&right) == Some(Ordering::Less),
            Operator::LessOrEqual => left.order(&right).is_some_and(Ordering::is_le),
            Operator::Greater => left.order(&right) == Some(Ordering::Greater),
            Operator::GreaterOrEqual => left.order(&right).is_some_and(Ordering::is_ge),
            Operator::Contains => left.settled().contains(&right.settled()),
        })
    }
}
