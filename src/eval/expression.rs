//! Arithmetic over named queries: `failed / good`, `(a + b) * 100`, `max(a, b)`.
//!
//! Grammar: numbers, names, `+ - * /`, parentheses, unary minus, `min(x, y)`, `max(x, y)`, `abs(x)`.
//! What cannot be computed (a division by zero, a missing value) is a gap, never a zero.

use std::collections::BTreeSet;

/// Deepest nesting taken.
const MAX_DEPTH: usize = 64;

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
}

/// What is wrong, and at which byte of the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// Byte offset.
    pub at: usize,
    /// A sentence.
    pub message: String,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let expression = parser.sum()?;
        parser.space();
        match parser.peek() {
            None => Ok(expression),
            Some(c) => Err(parser.wrong(format!("'{c}' is not expected here"))),
        }
    }

    /// The names in it.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        match self {
            Self::Number(_) => {}
            Self::Name(name) => {
                names.insert(name);
            }
            Self::Unary(_, x) => x.collect(names),
            Self::Binary(_, x, y) => {
                x.collect(names);
                y.collect(names);
            }
        }
    }

    /// Its value; not finite is a gap.
    pub fn value(&self, of: &impl Fn(&str) -> f64) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Name(name) => of(name),
            Self::Unary(Unary::Minus, x) => -x.value(of),
            Self::Unary(Unary::Abs, x) => x.value(of).abs(),
            Self::Binary(operation, x, y) => {
                let (x, y) = (x.value(of), y.value(of));
                match operation {
                    Binary::Add => x + y,
                    Binary::Subtract => x - y,
                    Binary::Multiply => x * y,
                    Binary::Divide if y == 0.0 => f64::NAN,
                    Binary::Divide => x / y,
                    // f64::min would let a number win over a gap.
                    Binary::Min | Binary::Max if x.is_nan() || y.is_nan() => f64::NAN,
                    Binary::Min => x.min(y),
                    Binary::Max => x.max(y),
                }
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong(&self, message: String) -> ExpressionError {
        ExpressionError { at: self.at, message }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.space();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn need(&mut self, wanted: char) -> Result<(), ExpressionError> {
        if self.take(wanted) { Ok(()) } else { Err(self.wrong(format!("'{wanted}' is missing"))) }
    }

    fn sum(&mut self) -> Result<Expression, ExpressionError> {
        self.chain(Self::product, &[('+', Binary::Add), ('-', Binary::Subtract)])
    }

    fn product(&mut self) -> Result<Expression, ExpressionError> {
        self.chain(Self::atom, &[('*', Binary::Multiply), ('/', Binary::Divide)])
    }

    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Expression, ExpressionError>,
        operators: &[(char, Binary)],
    ) -> Result<Expression, ExpressionError> {
        let mut left = operand(self)?;
        while let Some((_, operation)) = operators.iter().find(|(sign, _)| self.take(*sign)) {
            self.depth += 1;
            if self.depth > MAX_DEPTH * 4 {
                return Err(self.wrong("the expression is too long".to_owned()));
            }
            left = Expression::Binary(*operation, Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Expression, ExpressionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("the expression is nested too deeply".to_owned()));
        }
        let atom = self.open_atom();
        self.depth -= 1;
        atom
    }

    fn open_atom(&mut self) -> Result<Expression, ExpressionError> {
        if self.take('-') {
            return Ok(Expression::Unary(Unary::Minus, Box::new(self.atom()?)));
        }
        if self.take('(') {
            let inner = self.sum()?;
            self.need(')')?;
            return Ok(inner);
        }
        self.space();
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(),
            Some(c) => Err(self.wrong(format!("'{c}' is not expected here"))),
            None => Err(self.wrong("the expression ends early".to_owned())),
        }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let word: String = self.rest().chars().take_while(|c| belongs(*c)).collect();
        self.at += word.len();
        word
    }

    fn number(&mut self) -> Result<Expression, ExpressionError> {
        let begin = self.at;
        let word = self.word(|c| c.is_ascii_digit() || c == '.');
        word.parse()
            .map(Expression::Number)
            .map_err(|_| ExpressionError { at: begin, message: format!("'{word}' is not a number") })
    }

    fn name(&mut self) -> Result<Expression, ExpressionError> {
        let begin = self.at;
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
        if !self.take('(') {
            return Ok(Expression::Name(name));
        }
        let x = Box::new(self.sum()?);
        let call = match name.as_str() {
            "abs" => Expression::Unary(Unary::Abs, x),
            "min" | "max" => {
                self.need(',')?;
                let operation = if name == "min" { Binary::Min } else { Binary::Max };
                Expression::Binary(operation, x, Box::new(self.sum()?))
            }
            _ => {
                let message = format!("there is no function '{name}'; there are min, max and abs");
                return Err(ExpressionError { at: begin, message });
            }
        };
        self.need(')')?;
        Ok(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(text: &str, a: f64, b: f64) -> f64 {
        Expression::parse(text).unwrap().value(&|name| if name == "a" { a } else { b })
    }

    #[test]
    fn precedence_is_that_of_school() {
        for (text, a, b, value) in [
            ("a + b * 2", 1.0, 3.0, 7.0),
            ("(a + b) * 2", 1.0, 3.0, 8.0),
            ("a - b - 1", 5.0, 3.0, 1.0),
            ("-a + max(b, 2.5)", 1.0, 2.0, 1.5),
            ("abs(a - b) / 2", 1.0, 5.0, 2.0),
        ] {
            assert!((compute(text, a, b) - value).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn a_division_by_zero_and_a_missing_value_are_gaps() {
        assert!(compute("a / b", 1.0, 0.0).is_nan());
        assert!(compute("a + b", 1.0, f64::NAN).is_nan());
        assert!(compute("max(a, b)", 1.0, f64::NAN).is_nan());
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (text, at) in [("a +", 3), ("a b", 2), ("(a", 2), ("foo(a)", 0), ("1.2.3", 0), ("a $ b", 2), ("", 0)] {
            assert_eq!(Expression::parse(text).unwrap_err().at, at, "{text}");
        }
        assert!(Expression::parse(&"(".repeat(100_000)).is_err());
        assert!(Expression::parse(&"a+".repeat(100_000)).is_err());
    }
}
