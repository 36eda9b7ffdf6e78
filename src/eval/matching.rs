//! Which series of one query belongs to which of another, when a value is computed of several.
//!
//! Matching is one to one, over the labels that both queries have, as between vectors in `PromQL`
//! ("Vector matching"). A query is a scalar, which goes with every series, when its only series has no labels (a sum
//! over everything), or when the board says so (`scalar = true`). What has no partner is a gap, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::{Expression, Range, Values};
use crate::model::labels::Labels;
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};

/// The series of one query.
#[derive(Debug, Clone, Default)]
pub struct Operand<'a> {
    /// Its series.
    pub lines: Vec<Line<'a>>,
    /// Whether the board says that it goes with every series.
    pub scalar: bool,
}

/// A series of an operand.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Its identity.
    pub labels: &'a Labels,
    /// Its points, oldest first.
    pub points: &'a [Point],
    /// Whether the last answer had it. One that has vanished stands in for nobody who is there.
    pub present: bool,
    /// Up to when not every value is there.
    pub thinned: Option<Timestamp>,
}

impl<'a> Operand<'a> {
    /// The only series, where it goes with all others.
    fn only(&self) -> Option<&Line<'a>> {
        let is_any = |line: &&Line<'_>| self.scalar || line.labels.is_empty();
        only_one(self.lines.iter()).filter(is_any)
    }

    /// The keys of all its labels.
    fn keys(&self) -> BTreeSet<&'a str> {
        self.lines.iter().flat_map(|line| line.labels.keys()).collect()
    }
}

/// The one that is present; or the one that has vanished, where none is. None where several might be meant.
fn only_one<'l, 'a: 'l>(lines: impl Iterator<Item = &'l Line<'a>>) -> Option<&'l Line<'a>> {
    let (present, vanished): (Vec<_>, Vec<_>) = lines.partition(|line| line.present);
    match (present.as_slice(), vanished.as_slice()) {
        ([one], _) | ([], [one]) => Some(*one),
        _ => None,
    }
}

/// What belongs together.
#[derive(Debug, Clone)]
pub struct Match<'a> {
    /// The identity of the result.
    pub labels: Labels,
    /// The series of each query that has one, by its name.
    pub lines: BTreeMap<&'a str, Line<'a>>,
    /// The query that has no series to go with it.
    pub no_partner: Option<String>,
}

/// The values of a label set at the common keys.
type Group<'a> = Vec<Option<&'a str>>;

/// Finds what belongs together in the queries that an expression names.
pub fn matches<'a>(expression: &Expression, queries: &BTreeMap<&'a str, Operand<'a>>) -> Vec<Match<'a>> {
    let names = expression.names();
    let used: Vec<(&'a str, &Operand<'a>)> =
        queries.iter().filter(|(name, _)| names.contains(**name)).map(|(name, operand)| (*name, operand)).collect();
    let vectors: Vec<&Operand<'a>> = used.iter().map(|(_, one)| *one).filter(|one| one.only().is_none()).collect();
    let common = common_keys(&vectors);
    let groups: Vec<BTreeMap<Group<'a>, Vec<&Line<'a>>>> =
        used.iter().map(|(_, operand)| grouped(operand, &common)).collect();
    identities(&vectors, &common)
        .into_iter()
        .map(|labels| {
            let mut no_partner = None;
            let mut lines = BTreeMap::new();
            for ((name, operand), groups) in used.iter().zip(&groups) {
                let line = operand.only().or_else(|| partner(groups, labels, &common));
                if line.is_none() {
                    no_partner.get_or_insert_with(|| (*name).to_owned());
                }
                lines.extend(line.map(|line| (*name, *line)));
            }
            Match { labels: labels.cloned().unwrap_or_default(), lines, no_partner }
        })
        .collect()
}

/// The keys that all vectors have: the ones that tell who belongs to whom.
fn common_keys<'a>(vectors: &[&Operand<'a>]) -> BTreeSet<&'a str> {
    let filled = vectors.iter().filter(|operand| !operand.lines.is_empty());
    filled.map(|operand| operand.keys()).reduce(|a, b| a.intersection(&b).copied().collect()).unwrap_or_default()
}

fn grouped<'l, 'a>(operand: &'l Operand<'a>, common: &BTreeSet<&str>) -> BTreeMap<Group<'a>, Vec<&'l Line<'a>>> {
    let mut groups: BTreeMap<Group<'a>, Vec<&Line<'a>>> = BTreeMap::new();
    for line in &operand.lines {
        groups.entry(group(line.labels, common)).or_default().push(line);
    }
    groups
}

/// One result for each series of the query that tells them apart furthest, and for what only others have; one
/// without labels where all are scalars.
fn identities<'a>(vectors: &[&Operand<'a>], common: &BTreeSet<&str>) -> Vec<Option<&'a Labels>> {
    if vectors.is_empty() {
        return vec![None];
    }
    let mut ordered = vectors.to_vec();
    ordered.sort_by_key(|operand| std::cmp::Reverse((operand.keys().len(), operand.lines.len())));
    let mut covered: BTreeSet<Group<'a>> = BTreeSet::new();
    let mut all = Vec::new();
    for operand in ordered {
        let new: Vec<&'a Labels> = operand.lines.iter().map(|line| line.labels).collect();
        let new: Vec<&'a Labels> = new.into_iter().filter(|labels| !covered.contains(&group(labels, common))).collect();
        covered.extend(new.iter().map(|labels| group(labels, common)));
        all.extend(new.into_iter().map(Some));
    }
    all
}

fn group<'a>(labels: &'a Labels, common: &BTreeSet<&str>) -> Group<'a> {
    common.iter().map(|key| labels.get(key)).collect()
}

/// The series of a query that goes with a result: the same one, or the only one with the same values of the common
/// labels. Without a label in common nothing says that two series belong together.
fn partner<'l, 'a>(
    groups: &BTreeMap<Group<'a>, Vec<&'l Line<'a>>>,
    labels: Option<&Labels>,
    common: &BTreeSet<&str>,
) -> Option<&'l Line<'a>> {
    let labels = labels?;
    let same = groups.get(&group(labels, common))?;
    let itself = same.iter().find(|line| line.labels == labels).copied();
    itself.or_else(|| only_one(same.iter().copied()).filter(|_| !common.is_empty()))
}

impl Match<'_> {
    /// The results over time, at the moments of the densest line; a moment at which a part has nothing within
    /// `tolerance` milliseconds is a gap.
    pub fn points(&self, expression: &Expression, from: Timestamp, reach: Reach) -> Vec<Point> {
        let grid = self.lines.values().map(|line| line.points).max_by_key(|points| points.len()).unwrap_or_default();
        let grid = grid.get(grid.partition_point(|point| point.at < from)..).unwrap_or_default();
        // Where each moment looks at many values, there are only as many moments as a screen can show.
        let many = expression.lookback(reach.window) > Span(0);
        let each = if many { grid.len().div_ceil(MOMENTS).max(1) } else { 1 };
        let skip = grid.len().checked_sub(1).map_or(0, |last| last % each);
        grid.iter()
            .skip(skip)
            .step_by(each)
            .map(|point| {
                let moment = Moment { lines: &self.lines, at: |_: &str| Some(point.at), reach };
                Point { at: point.at, value: finite(expression.value(&moment)) }
            })
            .collect()
    }

    /// The result of the newest value of each part that `is_new`; a gap where one has none.
    pub fn newest(&self, expression: &Expression, reach: Reach, is_new: impl Fn(&str, &Point) -> bool) -> f64 {
        let at = |name: &str| {
            let last = self.lines.get(name)?.points.last()?;
            is_new(name, last).then_some(last.at)
        };
        finite(expression.value(&Moment { lines: &self.lines, at, reach }))
    }
}

/// Most moments of a result over time that is computed of many values each.
const MOMENTS: usize = 240;

/// How far a value reaches.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Milliseconds within which values are of the same moment.
    pub tolerance: i64,
    /// The span of a function that names none.
    pub window: Span,
}

/// The parts of a result as of a moment, which may be another one for each: that of its newest value.
struct Moment<'m, 'a, At> {
    lines: &'m BTreeMap<&'a str, Line<'a>>,
    at: At,
    reach: Reach,
}

impl<At: Fn(&str) -> Option<Timestamp>> Moment<'_, '_, At> {
    fn line(&self, name: &str, before: Span) -> Option<(&Line<'_>, Timestamp)> {
        Some((self.lines.get(name)?, (self.at)(name)?.minus(before)))
    }
}

impl<At: Fn(&str) -> Option<Timestamp>> Values for Moment<'_, '_, At> {
    fn value(&self, name: &str, before: Span) -> f64 {
        self.line(name, before).map_or(f64::NAN, |(line, at)| value_at(line.points, at, self.reach.tolerance))
    }

    fn over(&self, name: &str, span: Option<Span>, before: Span) -> Range<'_> {
        let Some((line, to)) = self.line(name, before) else { return Range::default() };
        let from = to.minus(span.unwrap_or(self.reach.window));
        let first = line.points.partition_point(|point| point.at <= from);
        let last = line.points.partition_point(|point| point.at <= to);
        let points = line.points.get(first..last).unwrap_or_default();
        // A value before the span, or one right at its start, shows that none is missing there.
        let begins = points.first().is_some_and(|point| from.age_at(point.at).0 <= self.reach.tolerance);
        let is_thinned = line.thinned.is_some_and(|thinned| thinned > from);
        Range { points, is_whole: first > 0 || begins, is_thinned }
    }
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// The value nearest to a moment: queries are answered a few milliseconds apart.
fn value_at(line: &[Point], at: Timestamp, tolerance: i64) -> f64 {
    let after = line.partition_point(|point| point.at <= at);
    let distance = |point: &&Point| (point.at.0 - at.0).abs();
    let around = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|index| line.get(index));
    around.filter(|point| distance(point) <= tolerance).min_by_key(distance).map_or(f64::NAN, |point| point.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    /// Labels and a value at moment 0 each.
    type Given<'a> = &'a [(&'a [(&'a str, &'a str)], f64)];

    /// "a / b" of two queries: the value of each result by one of its labels, and who has no partner.
    fn ratio(a: Given<'_>, b: Given<'_>, b_is_scalar: bool) -> Vec<(String, f64, Option<String>)> {
        let own = |given: Given<'_>| -> Vec<(Labels, Vec<Point>)> {
            let line = |value| vec![Point { at: Timestamp(0), value }];
            given.iter().map(|(pairs, value)| (labels(pairs), line(*value))).collect()
        };
        let (a, b) = (own(a), own(b));
        let expression = Expression::parse("a / b").unwrap();
        let queries = BTreeMap::from([("a", operand(&a, false)), ("b", operand(&b, b_is_scalar))]);
        matches(&expression, &queries)
            .into_iter()
            .map(|one| {
                let name = one.labels.get("i").unwrap_or_default().to_owned();
                let value = one
                    .points(&expression, Timestamp(0), Reach { tolerance: 5, window: Span(0) })
                    .last()
                    .map_or(f64::NAN, |point| point.value);
                (name, value, one.no_partner)
            })
            .collect()
    }

    fn operand(of: &[(Labels, Vec<Point>)], scalar: bool) -> Operand<'_> {
        let lines = of.iter().map(|(labels, points)| Line { labels, points, present: true, thinned: None }).collect();
        Operand { lines, scalar }
    }

    #[test]
    fn series_match_by_the_labels_that_both_have() {
        let got = ratio(
            &[(&[("code", "500"), ("job", "x")], 1.0), (&[("code", "500"), ("job", "y")], 3.0)],
            &[(&[("job", "x")], 10.0), (&[("job", "y")], 30.0)],
            false,
        );
        assert_eq!(got.iter().map(|(_, value, _)| *value).collect::<Vec<_>>(), [0.1, 0.1]);
    }

    #[test]
    fn what_has_no_partner_is_a_gap_by_name_and_takes_nobody_elses() {
        let got = ratio(&[(&[("i", "x")], 1.0), (&[("i", "y")], 1.0)], &[(&[("i", "x")], 1000.0)], false);
        assert_eq!(got[0], ("x".into(), 0.001, None));
        assert_eq!((got[1].0.as_str(), got[1].2.as_deref()), ("y", Some("b")));
        assert!(got[1].1.is_nan());
        // The same the other way round: requests without errors.
        let got = ratio(&[(&[("i", "x")], 1.0)], &[(&[("i", "x")], 10.0), (&[("i", "y")], 10.0)], false);
        assert_eq!(
            got.iter().map(|(name, _, lack)| (name.as_str(), lack.as_deref())).collect::<Vec<_>>(),
            [("x", None), ("y", Some("a"))]
        );
    }

    #[test]
    fn a_sum_over_everything_goes_with_every_series_and_so_does_what_the_board_calls_a_scalar() {
        let parts: Given<'_> = &[(&[("i", "x")], 1.0), (&[("i", "y")], 2.0)];
        assert_eq!(ratio(parts, &[(&[], 10.0)], false).iter().map(|one| one.1).collect::<Vec<_>>(), [0.1, 0.2]);
        let labelled: Given<'_> = &[(&[("cluster", "eu")], 10.0)];
        assert_eq!(ratio(parts, labelled, true).iter().map(|one| one.1).collect::<Vec<_>>(), [0.1, 0.2]);
        assert!(ratio(parts, labelled, false).iter().all(|one| one.1.is_nan()), "no label in common, not declared");
    }

    #[test]
    fn an_ambiguous_partner_is_none() {
        let zones: Given<'_> = &[(&[("job", "x"), ("zone", "a")], 1.0), (&[("job", "x"), ("zone", "b")], 1.0)];
        let racks: Given<'_> = &[(&[("job", "x"), ("rack", "1")], 2.0), (&[("job", "x"), ("rack", "2")], 4.0)];
        let got = ratio(zones, racks, false);
        assert!(!got.is_empty() && got.iter().all(|(_, value, lack)| value.is_nan() && lack.is_some()), "{got:?}");
    }

    #[test]
    fn what_has_vanished_stands_in_for_nobody_who_is_there() {
        let (x, y) = (labels(&[("instance", "x")]), labels(&[("instance", "y")]));
        let points = [Point { at: Timestamp(0), value: 1.0 }];
        let line = |labels, present| Line { labels, points: &points[..], present, thinned: None };
        let total = Operand { lines: vec![line(&x, false), line(&y, true)], scalar: true };
        assert_eq!(total.only().map(|line| line.labels), Some(&y), "it came back as another one");
        assert!(Operand { lines: vec![line(&x, true), line(&y, true)], scalar: true }.only().is_none());
    }

    #[test]
    fn the_nearest_value_within_the_tolerance_counts() {
        let line = [Point { at: Timestamp(0), value: 1.0 }, Point { at: Timestamp(1000), value: 2.0 }];
        assert!((value_at(&line, Timestamp(995), 1000) - 2.0).abs() < f64::EPSILON);
        assert!((value_at(&line, Timestamp(10), 1000) - 1.0).abs() < f64::EPSILON);
        assert!(value_at(&line, Timestamp(9000), 1000).is_nan());
    }
}
