//! Arithmetic over named queries: `failed / good`, `(a + b) * 100`, `rate(orders, 5m)`, `a - shift(a, 1d)`.
//!
//! Grammar: numbers, names, `+ - * /`, comparisons (1 or 0), parentheses, unary minus, and functions:
//!
//! ```text
//! min(x, y)  max(x, y)  abs(x)  clamp(x, low, high)  coalesce(x, y)  if(condition, x, y)  shift(x, 1d)
//! rate(name)  delta(name)  sum(name)  avg(name)  min(name)  max(name)  percentile(name, 95)
//! ```
//!
//! Those of the last line look at all values of a query in the window, or in a span that is their last argument:
//! `sum(orders, 5m)`. What cannot be computed (a division by zero, a missing value) is a gap, never a zero.

mod parser;
mod tree;

use std::collections::BTreeSet;

use crate::model::percentile::nearest_rank;
use crate::model::series::Point;
use crate::model::time::Span;
pub use parser::ExpressionError;
pub use tree::{Binary, Expression, Over, Unary};

/// The values that an expression is computed of, as of one moment.
pub trait Values {
    /// The value of a query, so long before the moment; NaN where it has none.
    fn value(&self, name: &str, before: Span) -> f64;

    /// The values of a query in a span that ends so long before the moment; without a span, in the window. None where
    /// nothing is known of the start of the span.
    fn over(&self, name: &str, span: Option<Span>, before: Span) -> Range<'_>;
}

/// The values of a span.
#[derive(Debug, Clone, Copy, Default)]
pub struct Range<'a> {
    /// Oldest first.
    pub points: &'a [Point],
    /// Whether values are known from the start of the span on.
    pub is_whole: bool,
    /// Whether some of them were thinned out: least and greatest are still there, but not every value.
    pub is_thinned: bool,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parser::parse(text)
    }

    /// The names in it.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.visit(&mut |one| {
            if let Self::Name(name) | Self::Over(_, name, _) = one {
                names.insert(name.as_str());
            }
        });
        names
    }

    /// How much past beyond the window it looks at.
    pub fn lookback(&self, window: Span) -> Span {
        match self {
            Self::Number(_) | Self::Name(_) => Span(0),
            Self::Unary(_, x) => x.lookback(window),
            Self::Binary(_, x, y) => x.lookback(window).max(y.lookback(window)),
            Self::If(parts) => parts.iter().map(|part| part.lookback(window)).max().unwrap_or_default(),
            Self::Shift(x, by) => Span(x.lookback(window).0.saturating_add(by.0)),
            Self::Over(_, _, span) => span.unwrap_or(window),
        }
    }

    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        match self {
            Self::Number(_) | Self::Name(_) | Self::Over(..) => {}
            Self::Unary(_, x) | Self::Shift(x, _) => x.visit(see),
            Self::Binary(_, x, y) => {
                x.visit(see);
                y.visit(see);
            }
            Self::If(parts) => parts.iter().for_each(|part| part.visit(see)),
        }
    }

    /// Its value; not finite is a gap.
    pub fn value(&self, of: &impl Values) -> f64 {
        self.before(Span(0), of)
    }

    fn before(&self, before: Span, of: &impl Values) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Name(name) => of.value(name, before),
            Self::Unary(Unary::Minus, x) => -x.before(before, of),
            Self::Unary(Unary::Abs, x) => x.before(before, of).abs(),
            Self::Binary(operation, x, y) => operation.of(x.before(before, of), || y.before(before, of)),
            Self::If(parts) => {
                let [condition, then, other] = parts.as_ref();
                match condition.before(before, of) {
                    // Nobody knows which of the two it is.
                    condition if condition.is_nan() => f64::NAN,
                    0.0 => other.before(before, of),
                    _ => then.before(before, of),
                }
            }
            Self::Shift(x, by) => x.before(Span(before.0.saturating_add(by.0)), of),
            Self::Over(over, name, span) => over.of(of.over(name, *span, before)),
        }
    }
}

impl Binary {
    fn of(self, x: f64, y: impl FnOnce() -> f64) -> f64 {
        if self == Self::Coalesce {
            return if x.is_nan() { y() } else { x };
        }
        let y = y();
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            // f64::min would let a number win over a gap, and a comparison would say "no".
            _ if x.is_nan() || y.is_nan() => f64::NAN,
            Self::Add => x + y,
            Self::Subtract => x - y,
            Self::Multiply => x * y,
            Self::Divide if y == 0.0 => f64::NAN,
            Self::Divide => x / y,
            Self::Min => x.min(y),
            Self::Max => x.max(y),
            Self::Less => truth(x < y),
            Self::AtMost => truth(x <= y),
            Self::Equal => truth((x - y).abs() < f64::EPSILON),
            Self::Coalesce => x,
        }
    }
}

impl Over {
    fn of(self, range: Range<'_>) -> f64 {
        let all = range.points;
        let known = || all.iter().map(|point| point.value).filter(|value| value.is_finite());
        let count = known().count();
        let ends = all.first().zip(all.last());
        match self {
            _ if count == 0 => f64::NAN,
            Self::Sum | Self::Average | Self::Percentile(_) if range.is_thinned => f64::NAN,
            // A sum of which a part is missing looks like a smaller one.
            Self::Sum if !range.is_whole || count < all.len() => f64::NAN,
            Self::Sum => known().sum(),
            Self::Average => known().sum::<f64>() / count as f64,
            Self::Least => known().fold(f64::INFINITY, f64::min),
            Self::Greatest => known().fold(f64::NEG_INFINITY, f64::max),
            Self::Percentile(percent) => {
                let mut sorted: Vec<f64> = known().collect();
                sorted.sort_unstable_by(f64::total_cmp);
                nearest_rank(&sorted, percent).unwrap_or(f64::NAN)
            }
            Self::Delta => ends.filter(|_| count > 1).map_or(f64::NAN, |(first, last)| last.value - first.value),
            Self::Rate => ends.filter(|(first, last)| first.at < last.at).map_or(f64::NAN, |(first, last)| {
                let grown = |pair: &[Point]| match pair {
                    [a, b] if b.value < a.value => b.value,
                    [a, b] => b.value - a.value,
                    _ => 0.0,
                };
                all.windows(2).map(grown).sum::<f64>() / first.at.age_at(last.at).as_seconds()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    /// Two values of now, and one query with a past: one more each ten seconds, from 1 on.
    struct Given(f64, f64, Vec<Point>);

    impl Values for Given {
        fn value(&self, name: &str, before: Span) -> f64 {
            let past = || self.2.iter().rev().find(|point| point.at.0 <= 100_000 - before.0);
            match name {
                "a" => self.0,
                "b" => self.1,
                _ => past().map_or(f64::NAN, |point| point.value),
            }
        }

        fn over(&self, _: &str, span: Option<Span>, before: Span) -> Range<'_> {
            let to = 100_000 - before.0;
            let from = to - span.map_or(100_000, |span| span.0);
            let (first, last) =
                (self.2.partition_point(|point| point.at.0 <= from), self.2.partition_point(|point| point.at.0 <= to));
            Range { points: &self.2[first..last], is_whole: from >= 0, is_thinned: false }
        }
    }

    fn past() -> Vec<Point> {
        (1..=10).map(|n| Point { at: Timestamp(n * 10_000), value: n as f64 }).collect()
    }

    fn compute(text: &str, a: f64, b: f64) -> f64 {
        Expression::parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}")).value(&Given(a, b, past()))
    }

    #[test]
    fn precedence_is_that_of_school() {
        for (text, a, b, value) in [
            ("a + b * 2", 1.0, 3.0, 7.0),
            ("(a + b) * 2", 1.0, 3.0, 8.0),
            ("a - b - 1", 5.0, 3.0, 1.0),
            ("-a + max(b, 2.5)", 1.0, 2.0, 1.5),
            ("abs(a - b) / 2", 1.0, 5.0, 2.0),
            ("a + 1 < b * 2", 1.0, 3.0, 1.0),
            ("(a >= b) + (a != b)", 1.0, 3.0, 1.0),
            ("if(a > b, a, b)", 1.0, 3.0, 3.0),
            ("if(a == 1, 10, 20)", 1.0, 3.0, 10.0),
            ("clamp(a, 2, 4) + clamp(b, 2, 4)", 1.0, 9.0, 6.0),
        ] {
            assert!((compute(text, a, b) - value).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn all_values_of_a_span_are_looked_at() {
        for (text, value) in [
            ("sum(p, 30s)", 27.0),
            ("sum(p)", 55.0),
            ("avg(p, 30s)", 9.0),
            ("min(p, 30s)", 8.0),
            ("max(p)", 10.0),
            ("delta(p, 50s)", 4.0),
            ("rate(p, 50s)", 0.1),
            ("percentile(p, 90)", 9.0),
            ("percentile(p, 50, 30s)", 9.0),
            ("shift(p, 30s)", 7.0),
            ("p - shift(p, 30s)", 3.0),
            ("shift(sum(p, 30s), 30s)", 18.0),
            ("shift(shift(p, 10s), 20s)", 7.0),
        ] {
            assert!((compute(text, 0.0, 0.0) - value).abs() < 1e-9, "{text}: {}", compute(text, 0.0, 0.0));
        }
    }

    #[test]
    fn a_counter_that_begins_again_goes_on_growing() {
        let at = |(n, value): (usize, &f64)| Point { at: Timestamp(n as i64 * 1000), value: *value };
        let points: Vec<Point> = [5.0, 9.0, 2.0, 4.0].iter().enumerate().map(at).collect();
        let rate = Over::Rate.of(Range { points: &points, is_whole: true, is_thinned: false });
        assert!((rate - (4.0 + 2.0 + 2.0) / 3.0).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn what_is_missing_is_a_gap_and_never_a_zero() {
        for text in [
            "a / 0",
            "a + b",
            "max(a, b)",
            "a < b",
            "if(b > 1, 1, 2)",
            "clamp(b, 1, 2)",
            "b == b",
            "shift(p, 1d)",
            "sum(p, 200s)",
            "delta(p, 10s)",
            "rate(p, 10s)",
            "shift(avg(p, 10s), 1d)",
        ] {
            assert!(compute(text, 1.0, f64::NAN).is_nan(), "{text}");
        }
        assert!((compute("coalesce(b, a)", 1.0, f64::NAN) - 1.0).abs() < 1e-9);
        assert!((compute("avg(p, 200s)", 0.0, 0.0) - 5.5).abs() < 1e-9, "of what is known");
        let gap = [Point { at: Timestamp(0), value: 1.0 }, Point { at: Timestamp(1), value: f64::NAN }];
        assert!(Over::Sum.of(Range { points: &gap, is_whole: true, is_thinned: false }).is_nan());
    }

    #[test]
    fn it_says_what_it_needs() {
        let needs = |text: &str| {
            let expression = Expression::parse(text).unwrap();
            let names: Vec<String> = expression.names().into_iter().map(str::to_owned).collect();
            (names.join(" "), expression.lookback(Span::seconds(60)).0 / 1000)
        };
        assert_eq!(needs("a / b"), ("a b".to_owned(), 0));
        assert_eq!(needs("rate(a, 5m) / sum(b)"), ("a b".to_owned(), 300));
        assert_eq!(needs("if(a > 1, shift(rate(c, 5m), 1d), 0)"), ("a c".to_owned(), 86_700));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (text, at) in [
            ("a +", 3),
            ("a b", 2),
            ("(a", 2),
            ("foo(a)", 0),
            ("1.2.3", 0),
            ("a $ b", 2),
            ("", 0),
            ("sum(a + 1)", 4),
            ("sum(a, b)", 7),
            ("percentile(a, 0)", 14),
            ("percentile(a)", 12),
            ("shift(a)", 7),
            ("shift(a, 3)", 9),
            ("rate(a, 0s)", 8),
            ("rate(a, 9999d)", 8),
            ("if(a, 1)", 7),
            ("a < b < c", 6),
            ("min(a + 1)", 4),
        ] {
            assert_eq!(Expression::parse(text).unwrap_err().at, at, "{text}");
        }
        assert!(Expression::parse(&"(".repeat(100_000)).is_err());
        assert!(Expression::parse(&"a+".repeat(100_000)).is_err());
    }
}
