//! The buckets of a histogram as Prometheus has them: series named by their upper bounds ("0.1", "0.5", "+Inf"), each of
//! which counts those below it, too.
//!
//! Source: Prometheus, "Metric types", histogram: `<basename>_bucket{le="<upper inclusive bound>"}`.

use crate::model::judgement::JudgedSeries;
use crate::model::series::Point;

/// One bucket, by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Its lower bound; none of the lowest.
    pub low: Option<f64>,
    /// Its upper bound; infinite of the highest.
    pub high: f64,
    /// How many were in it over time.
    pub points: Vec<Point>,
}

/// Series as buckets, the lowest first; none when they are no histogram: one of them must have the bound "+Inf", and
/// all must be bounds.
pub fn of(series: &[JudgedSeries<'_>]) -> Option<Vec<Bucket>> {
    let bound = |one: &JudgedSeries<'_>| match one.name.as_str() {
        "+Inf" => Some(f64::INFINITY),
        name => name.parse().ok().filter(|bound: &f64| bound.is_finite()),
    };
    let mut bounds = series.iter().map(|one| Some((bound(one)?, one))).collect::<Option<Vec<_>>>()?;
    bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    if bounds.len() < 2 || bounds.last()?.0.is_finite() {
        return None;
    }
    let mut below: Option<(f64, &JudgedSeries<'_>)> = None;
    let mut buckets = Vec::new();
    for (high, one) in bounds {
        let mut lower = below.map(|(_, lower)| lower.points.iter().peekable());
        let alone = |point: &Point| {
            let less = lower.as_mut().map_or(0.0, |lower| {
                while lower.next_if(|lower| lower.at < point.at).is_some() {}
                lower.next_if(|lower| lower.at == point.at).map_or(f64::NAN, |lower| lower.value)
            });
            // Rates of one moment may be computed a little apart: less than nothing is nothing.
            let value = point.value - less;
            Point { at: point.at, value: if value.is_nan() { value } else { value.max(0.0) } }
        };
        let points = one.points.iter().map(alone).collect();
        buckets.push(Bucket { low: below.map(|(low, _)| low), high, points });
        below = Some((high, one));
    }
    Some(buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, values: &[f64]) -> JudgedSeries<'static> {
        JudgedSeries::sampled(name, 1, values)
    }

    #[test]
    fn what_is_counted_below_is_taken_off() {
        // As text "+Inf" comes first and "10" before "2.5".
        let all = [series("+Inf", &[9.0, 9.0]), series("10", &[7.0, 6.0]), series("2.5", &[3.0, f64::NAN])];
        let buckets = of(&all).unwrap();
        let bounds: Vec<(Option<f64>, f64)> = buckets.iter().map(|bucket| (bucket.low, bucket.high)).collect();
        assert_eq!(bounds, [(None, 2.5), (Some(2.5), 10.0), (Some(10.0), f64::INFINITY)]);
        let counts: Vec<Vec<f64>> =
            buckets.iter().map(|bucket| bucket.points.iter().map(|point| point.value).collect()).collect();
        assert_eq!(counts[2], [2.0, 3.0]);
        assert_eq!(counts[1][..1], [4.0]);
        assert!(counts[1][1].is_nan() && counts[0][1].is_nan(), "what is not known stays unknown");
        assert_eq!(of(&all[1..]), None, "without +Inf they are no histogram");
        assert_eq!(of(&[series("+Inf", &[1.0]), series("web", &[1.0])]), None);
    }
}
