//! Which series of one query belongs to which of another, when a value is computed of several.
//!
//! Matching is one to one, over the labels that both queries have, as between vectors in `PromQL`
//! ("Vector matching"). A query is a scalar, which goes with every series, when its only series has no labels (a sum
//! over everything), or when the board says so (`scalar = true`). What has no partner is a gap, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::Expression;
use crate::model::labels::Labels;
use crate::model::series::Point;
use crate::model::time::Timestamp;

/// The series of one query.
#[derive(Debug, Clone, Default)]
pub struct Operand<'a> {
    /// Each with its points, oldest first; one that has vanished has none.
    pub lines: Vec<(&'a Labels, &'a [Point])>,
    /// Whether the board says that it goes with every series.
    pub scalar: bool,
}

impl Operand<'_> {
    fn is_scalar(&self) -> bool {
        matches!(self.lines.as_slice(), [(labels, _)] if self.scalar || labels.is_empty())
    }

    /// The keys of all its labels.
    fn keys(&self) -> BTreeSet<&str> {
        self.lines.iter().flat_map(|(labels, _)| labels.keys()).collect()
    }
}

/// A computed series.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// Its identity.
    pub labels: Labels,
    /// Its points; a moment at which a part is missing is a gap.
    pub points: Vec<Point>,
    /// The query that has no series to go with it.
    pub no_partner: Option<String>,
}

/// Computes an expression over the series of its queries. Values are taken at the moments of the densest
/// line; a moment at which a part has nothing within `tolerance` milliseconds is a gap.
pub fn compute(expression: &Expression, queries: &BTreeMap<&str, Operand<'_>>, tolerance: i64) -> Vec<Computed> {
    let names = expression.names();
    let used = || names.iter().filter_map(|name| Some((*name, queries.get(name)?)));
    let vectors: Vec<(&str, &Operand<'_>)> = used().filter(|(_, operand)| !operand.is_scalar()).collect();
    let common = common_keys(&vectors);
    identities(&vectors, &common)
        .into_iter()
        .map(|labels| {
            let mut no_partner = None;
            let lines: BTreeMap<&str, &[Point]> = used()
                .map(|(name, operand)| {
                    let line = partner(operand, &labels, &common);
                    if line.is_none() {
                        no_partner.get_or_insert_with(|| name.to_owned());
                    }
                    (name, line.unwrap_or_default())
                })
                .collect();
            let points = points(expression, &lines, tolerance);
            Computed { labels, points, no_partner }
        })
        .collect()
}

/// The keys that all vectors have: the ones that tell who belongs to whom.
fn common_keys<'a>(vectors: &[(&str, &'a Operand<'a>)]) -> BTreeSet<&'a str> {
    let filled = vectors.iter().map(|(_, operand)| operand).filter(|operand| !operand.lines.is_empty());
    filled.map(|operand| operand.keys()).reduce(|a, b| a.intersection(&b).copied().collect()).unwrap_or_default()
}

/// One result for each series of the query that tells them apart furthest, and for what only others have.
fn identities(vectors: &[(&str, &Operand<'_>)], common: &BTreeSet<&str>) -> Vec<Labels> {
    let mut lines: Vec<&Labels> = Vec::new();
    let mut ordered: Vec<&Operand<'_>> = vectors.iter().map(|(_, operand)| *operand).collect();
    ordered.sort_by_key(|operand| std::cmp::Reverse((operand.keys().len(), operand.lines.len())));
    let mut covered: BTreeSet<Vec<Option<&str>>> = BTreeSet::new();
    for operand in ordered {
        let new: Vec<&Labels> = operand
            .lines
            .iter()
            .map(|(labels, _)| *labels)
            .filter(|labels| !covered.contains(&group(labels, common)))
            .collect();
        covered.extend(new.iter().map(|labels| group(labels, common)));
        lines.extend(new);
    }
    if vectors.is_empty() { vec![Labels::default()] } else { lines.into_iter().cloned().collect() }
}

fn group<'a>(labels: &'a Labels, common: &BTreeSet<&str>) -> Vec<Option<&'a str>> {
    common.iter().map(|key| labels.get(key)).collect()
}

/// The series of a query that goes with a result: the only one with the same values of the common labels.
fn partner<'a>(operand: &Operand<'a>, labels: &Labels, common: &BTreeSet<&str>) -> Option<&'a [Point]> {
    if operand.is_scalar() {
        return operand.lines.first().map(|(_, points)| *points);
    }
    if let Some((_, points)) = operand.lines.iter().find(|(own, _)| *own == labels) {
        return Some(points);
    }
    // Without a label in common nothing says that two series belong together.
    let mut same =
        operand.lines.iter().filter(|(own, _)| !common.is_empty() && group(own, common) == group(labels, common));
    match (same.next(), same.next()) {
        (Some((_, points)), None) => Some(points),
        _ => None,
    }
}

fn points(expression: &Expression, lines: &BTreeMap<&str, &[Point]>, tolerance: i64) -> Vec<Point> {
    let Some(grid) = lines.values().max_by_key(|line| line.len()) else { return Vec::new() };
    grid.iter()
        .map(|point| {
            let of = |name: &str| lines.get(name).map_or(f64::NAN, |line| value_at(line, point.at, tolerance));
            let value = expression.value(&of);
            Point { at: point.at, value: if value.is_finite() { value } else { f64::NAN } }
        })
        .collect()
}

/// The value nearest to a moment: queries are answered a few milliseconds apart.
pub fn value_at(line: &[Point], at: Timestamp, tolerance: i64) -> f64 {
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
        let queries = BTreeMap::from([
            ("a", Operand { lines: a.iter().map(|(l, p)| (l, p.as_slice())).collect(), scalar: false }),
            ("b", Operand { lines: b.iter().map(|(l, p)| (l, p.as_slice())).collect(), scalar: b_is_scalar }),
        ]);
        compute(&Expression::parse("a / b").unwrap(), &queries, 5)
            .into_iter()
            .map(|one| {
                let name = one.labels.get("i").unwrap_or_default().to_owned();
                (name, one.points.last().map_or(f64::NAN, |point| point.value), one.no_partner)
            })
            .collect()
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
    fn the_nearest_value_within_the_tolerance_counts() {
        let line = [Point { at: Timestamp(0), value: 1.0 }, Point { at: Timestamp(1000), value: 2.0 }];
        assert!((value_at(&line, Timestamp(995), 1000) - 2.0).abs() < f64::EPSILON);
        assert!((value_at(&line, Timestamp(10), 1000) - 1.0).abs() < f64::EPSILON);
        assert!(value_at(&line, Timestamp(9000), 1000).is_nan());
    }
}
