//! What an expression is made of.

use crate::model::time::Span;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// A named query.
    Name(String),
    /// An operation on one value.
    Unary(Unary, Box<Self>),
    /// An operation on two values.
    Binary(Binary, Box<Self>, Box<Self>),
    /// `if(condition, x, y)`: what is not 0 holds.
    If(Box<[Self; 3]>),
    /// `shift(x, 1d)`: x as it was so long before.
    Shift(Box<Self>, Span),
    /// All values of a query in a span, or in the window.
    Over(Over, String, Option<Span>),
}

/// Operations on one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    /// `-x`
    Minus,
    /// `abs(x)`
    Abs,
}

/// Operations on two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Subtract,
    /// `x * y`
    Multiply,
    /// `x / y`
    Divide,
    /// `min(x, y)`
    Min,
    /// `max(x, y)`
    Max,
    /// `x < y`
    Less,
    /// `x <= y`
    AtMost,
    /// `x == y`
    Equal,
    /// `coalesce(x, y)`: x, or y where x is missing.
    Coalesce,
}

/// What is made of all values in a span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Over {
    /// How much a counter grew, a second. A counter that fell began again at zero.
    Rate,
    /// The last minus the first.
    Delta,
    /// All together.
    Sum,
    /// The mean.
    Average,
    /// The least.
    Least,
    /// The greatest.
    Greatest,
    /// The value that so many per cent do not exceed.
    Percentile(f64),
}
