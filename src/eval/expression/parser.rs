//! Text to an expression, with the place of what is wrong.

use super::tree::{Binary, Expression, Over, Unary};
use crate::model::time::Span;

/// Deepest nesting taken.
const MAX_DEPTH: usize = 64;
/// Longest span taken: as long as a history keeps.
const MAX_SPAN: Span = Span::seconds(400 * 86_400);

/// The functions, for whoever has written another one.
const FUNCTIONS: &str = "min, max, abs, clamp, coalesce, if, shift, rate, delta, sum, avg and percentile";

/// What is wrong, and at which byte of the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// Byte offset.
    pub at: usize,
    /// A sentence.
    pub message: String,
}

pub(super) fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let mut parser = Parser { text, at: 0, depth: 0, length: 0 };
    let expression = parser.comparison()?;
    parser.space();
    match parser.peek() {
        None => Ok(expression),
        Some(c) => Err(parser.wrong(format!("'{c}' is not expected here"))),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Operators so far.
    length: usize,
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

    fn take(&mut self, wanted: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn need(&mut self, wanted: &str) -> Result<(), ExpressionError> {
        if self.take(wanted) { Ok(()) } else { Err(self.wrong(format!("'{wanted}' is missing"))) }
    }

    /// `x < y`, at most one comparison.
    fn comparison(&mut self) -> Result<Expression, ExpressionError> {
        let left = self.sum()?;
        let two = |operation, x, y| Expression::Binary(operation, Box::new(x), Box::new(y));
        // The longer signs first.
        let signs = ["<=", ">=", "==", "!=", "<", ">"];
        let Some(sign) = signs.into_iter().find(|sign| self.take(sign)) else { return Ok(left) };
        let right = self.sum()?;
        Ok(match sign {
            "<=" => two(Binary::AtMost, left, right),
            ">=" => two(Binary::AtMost, right, left),
            "==" => two(Binary::Equal, left, right),
            "!=" => two(Binary::Subtract, Expression::Number(1.0), two(Binary::Equal, left, right)),
            "<" => two(Binary::Less, left, right),
            _ => two(Binary::Less, right, left),
        })
    }

    fn sum(&mut self) -> Result<Expression, ExpressionError> {
        self.chain(Self::product, &[("+", Binary::Add), ("-", Binary::Subtract)])
    }

    fn product(&mut self) -> Result<Expression, ExpressionError> {
        self.chain(Self::atom, &[("*", Binary::Multiply), ("/", Binary::Divide)])
    }

    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Expression, ExpressionError>,
        operators: &[(&str, Binary)],
    ) -> Result<Expression, ExpressionError> {
        let mut left = operand(self)?;
        while let Some((_, operation)) = operators.iter().find(|(sign, _)| self.take(sign)) {
            self.length += 1;
            if self.length > MAX_DEPTH * 4 {
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
        if self.take("-") {
            return Ok(Expression::Unary(Unary::Minus, Box::new(self.atom()?)));
        }
        if self.take("(") {
            let inner = self.comparison()?;
            self.need(")")?;
            return Ok(inner);
        }
        self.space();
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' => self.number().map(Expression::Number),
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

    fn number(&mut self) -> Result<f64, ExpressionError> {
        self.space();
        let begin = self.at;
        let word = self.word(|c| c.is_ascii_digit() || c == '.');
        word.parse().map_err(|_| ExpressionError { at: begin, message: format!("'{word}' is not a number") })
    }

    /// "5m" and the like; none, and nothing taken, where something else stands there.
    fn span(&mut self) -> Result<Option<Span>, ExpressionError> {
        self.space();
        let begin = self.at;
        let word = self.word(|c| c.is_ascii_alphanumeric() || c == '.');
        let is_span =
            word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with(|c: char| c.is_ascii_alphabetic());
        if !is_span {
            self.at = begin;
            return Ok(None);
        }
        let span = Span::parse(&word).map_err(|message| ExpressionError { at: begin, message })?;
        if span > MAX_SPAN || span == Span(0) {
            return Err(ExpressionError {
                at: begin,
                message: format!("'{word}' is not between a moment and 400 days"),
            });
        }
        Ok(Some(span))
    }

    fn name(&mut self) -> Result<Expression, ExpressionError> {
        let begin = self.at;
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
        if !self.take("(") {
            return Ok(Expression::Name(name));
        }
        let call = self.call(&name, begin)?;
        self.need(")")?;
        Ok(call)
    }

    /// What stands in the parentheses of a function.
    fn call(&mut self, name: &str, begin: usize) -> Result<Expression, ExpressionError> {
        let over = match name {
            "rate" => Over::Rate,
            "delta" => Over::Delta,
            "sum" => Over::Sum,
            "avg" => Over::Average,
            "percentile" => return self.percentile(),
            "min" | "max" => return self.extreme(name == "min"),
            "abs" => return Ok(Expression::Unary(Unary::Abs, Box::new(self.comparison()?))),
            "clamp" => return self.clamp(),
            "coalesce" => return self.two(Binary::Coalesce),
            "if" => return self.condition(),
            "shift" => return self.shift(),
            _ => {
                let message = format!("there is no function '{name}'; there are {FUNCTIONS}");
                return Err(ExpressionError { at: begin, message });
            }
        };
        let of = self.query(name)?;
        Ok(Expression::Over(over, of, self.last_span()?))
    }

    /// The name of a query: what looks at many values looks at those of one query.
    fn query(&mut self, function: &str) -> Result<String, ExpressionError> {
        self.space();
        let begin = self.at;
        let Expression::Name(name) = self.comparison()? else {
            let message = format!("{function} takes the name of a query here, not a computed value");
            return Err(ExpressionError { at: begin, message });
        };
        Ok(name)
    }

    /// `, 5m`, or nothing.
    fn last_span(&mut self) -> Result<Option<Span>, ExpressionError> {
        if !self.take(",") {
            return Ok(None);
        }
        let span = self.span()?;
        span.map(Some).ok_or_else(|| self.wrong("a span such as 5m is expected here".to_owned()))
    }

    fn percentile(&mut self) -> Result<Expression, ExpressionError> {
        let of = self.query("percentile")?;
        self.need(",")?;
        self.space();
        let begin = self.at;
        let percent = self.number()?;
        if !(percent > 0.0 && percent <= 100.0) {
            return Err(ExpressionError { at: begin, message: "a percentile is above 0 and at most 100".to_owned() });
        }
        Ok(Expression::Over(Over::Percentile(percent), of, self.last_span()?))
    }

    /// `min(x, y)` of two values, `min(name)` or `min(name, 5m)` of one over time.
    fn extreme(&mut self, is_least: bool) -> Result<Expression, ExpressionError> {
        let begin = self.at;
        let x = self.comparison()?;
        let (over, two) = if is_least { (Over::Least, Binary::Min) } else { (Over::Greatest, Binary::Max) };
        let span = if self.take(",") {
            match self.span()? {
                None => return Ok(Expression::Binary(two, Box::new(x), Box::new(self.comparison()?))),
                span => span,
            }
        } else {
            None
        };
        let Expression::Name(name) = x else {
            let message = "of one value over time it takes the name of a query, of two values a second one".to_owned();
            return Err(ExpressionError { at: begin, message });
        };
        Ok(Expression::Over(over, name, span))
    }

    fn two(&mut self, operation: Binary) -> Result<Expression, ExpressionError> {
        let x = self.comparison()?;
        self.need(",")?;
        Ok(Expression::Binary(operation, Box::new(x), Box::new(self.comparison()?)))
    }

    fn clamp(&mut self) -> Result<Expression, ExpressionError> {
        let x = self.two(Binary::Max)?;
        self.need(",")?;
        Ok(Expression::Binary(Binary::Min, Box::new(x), Box::new(self.comparison()?)))
    }

    fn condition(&mut self) -> Result<Expression, ExpressionError> {
        let condition = self.comparison()?;
        self.need(",")?;
        let then = self.comparison()?;
        self.need(",")?;
        Ok(Expression::If(Box::new([condition, then, self.comparison()?])))
    }

    fn shift(&mut self) -> Result<Expression, ExpressionError> {
        let x = self.comparison()?;
        self.need(",")?;
        let by = self.span()?;
        let by = by.ok_or_else(|| self.wrong("a span such as 1d is expected here".to_owned()))?;
        Ok(Expression::Shift(Box::new(x), by))
    }
}
