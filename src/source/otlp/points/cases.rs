//! Data points, and the values that each must give.

use super::super::messages::{
    AnyValue, Buckets, ExponentialHistogram, Gauge, Histogram, ResourceMetrics, ScopeMetrics, Summary, ValueAtQuantile,
};
use super::*;
use crate::source::received::Selector;

const NOW: Timestamp = Timestamp(1_795_262_400_000);
const CUMULATIVE: i32 = 2;

/// What the points of requests become, one after the other.
#[derive(Default)]
struct Taken {
    before: Before,
    received: Received,
    counts: Counts,
}

fn nanos(seconds_before: i64) -> u64 {
    u64::try_from((NOW.0 - seconds_before * 1000) * 1_000_000).unwrap()
}

fn text(value: &str) -> AnyValue {
    AnyValue { string_value: Some(value.to_owned()), ..AnyValue::default() }
}

fn pairs(all: &[(&str, &str)]) -> Vec<KeyValue> {
    all.iter().map(|(key, value)| KeyValue { key: (*key).to_owned(), value: Some(text(value)) }).collect()
}

impl Taken {
    /// Somebody has listened for an hour.
    fn new() -> Self {
        let mut new = Self::default();
        new.before.listen(NOW.minus(Span::seconds(3600)));
        new
    }

    fn take(&mut self, metric: Metric) -> Outcome {
        let scope_metrics = vec![ScopeMetrics { metrics: vec![metric] }];
        let resource = Some(Resource { attributes: pairs(&[("service.name", "shop"), ("process.pid", "7")]) });
        let request = Metrics { resource_metrics: vec![ResourceMetrics { resource, scope_metrics }] };
        let (before, received, counts) = (&mut self.before, &mut self.received, &mut self.counts);
        Intake { before, received, counts, now: NOW }.take(&request)
    }

    /// "name value value; ..."
    fn values(&self) -> String {
        let set = self.received.since(0, &Selector::default());
        let one = |labels: &Labels, points: &[Point]| {
            let values: Vec<String> =
                points.iter().map(|point| format!("{}", (point.value * 100.0).round() / 100.0)).collect();
            format!("{} {}", labels.get(METRIC).unwrap_or_default(), values.join(" "))
        };
        set.series.iter().map(|series| one(&series.labels, &series.points)).collect::<Vec<_>>().join("; ")
    }
}

fn point(start: i64, at: i64, value: f64) -> NumberPoint {
    NumberPoint {
        start_time_unix_nano: if start == 0 { 0 } else { nanos(start) },
        time_unix_nano: nanos(at),
        as_double: Some(value),
        ..NumberPoint::default()
    }
}

fn sum(temporality: i32, is_monotonic: bool, points: &[NumberPoint]) -> Metric {
    let sum = Sum { data_points: points.to_vec(), aggregation_temporality: temporality, is_monotonic };
    Metric { name: "n".to_owned(), sum: Some(sum), ..Metric::default() }
}

#[test]
fn a_counter_is_what_was_added() {
    for (name, temporality, points, expected) in [
        ("delta", DELTA, vec![point(60, 50, 3.0), point(50, 40, 4.0)], "n 3 4"),
        ("cumulative, begun while we listen", CUMULATIVE, vec![point(60, 50, 3.0), point(60, 40, 7.0)], "n 3 4"),
        ("cumulative, begun before", CUMULATIVE, vec![point(9000, 50, 3.0), point(9000, 40, 7.0)], "n 4"),
        ("without a start", CUMULATIVE, vec![point(0, 50, 3.0), point(0, 40, 7.0)], "n 4"),
        ("a new start", CUMULATIVE, vec![point(9000, 50, 30.0), point(45, 40, 7.0)], "n 7"),
        ("less than before", CUMULATIVE, vec![point(9000, 50, 30.0), point(9000, 40, 7.0)], "n 7"),
    ] {
        let mut taken = Taken::new();
        assert_eq!(taken.take(sum(temporality, true, &points)), Outcome::default(), "{name}");
        assert_eq!(taken.values(), expected, "{name}");
    }
}

#[test]
fn what_goes_up_and_down_is_how_it_is_now() {
    let mut taken = Taken::new();
    taken.take(sum(CUMULATIVE, false, &[point(9000, 50, 5.0), point(9000, 40, 2.0)]));
    assert_eq!(taken.values(), "n 5 2");
    let outcome = taken.take(sum(DELTA, false, &[point(50, 40, -1.0)]));
    assert_eq!(
        (outcome.rejected, outcome.why.as_str()),
        (1, "a delta of what goes up and down: send it as cumulative")
    );
    let int = NumberPoint { as_int: Some(7), as_double: None, ..point(0, 30, 0.0) };
    let none = NumberPoint { flags: NO_VALUE, ..point(0, 20, 3.0) };
    let future = NumberPoint { time_unix_nano: nanos(-900), ..point(0, 0, 9.0) };
    let gauge = Gauge { data_points: vec![int, none, future] };
    taken.take(Metric { name: "g".to_owned(), gauge: Some(gauge), ..Metric::default() });
    assert_eq!(taken.values(), "g 7 NaN 9; n 5 2");
}

#[test]
fn histograms_become_counts_and_percentiles() {
    let histogram = |temporality, points: &[HistogramPoint]| {
        let histogram = Histogram { data_points: points.to_vec(), aggregation_temporality: temporality };
        Metric { name: "h".to_owned(), histogram: Some(histogram), ..Metric::default() }
    };
    let point = |counts: &[u64]| HistogramPoint {
        start_time_unix_nano: nanos(9000),
        time_unix_nano: nanos(10),
        bucket_counts: counts.to_vec(),
        explicit_bounds: vec![10.0, 20.0],
        ..HistogramPoint::default()
    };
    let mut taken = Taken::new();
    taken.take(histogram(DELTA, &[point(&[10, 10, 0])]));
    assert_eq!(taken.values(), "h.count 20; h.p50 10; h.p90 18; h.p99 19.8");
    let mut taken = Taken::new();
    let later = HistogramPoint { time_unix_nano: nanos(5), ..point(&[100, 104, 7]) };
    taken.take(histogram(CUMULATIVE, &[point(&[100, 100, 7]), later]));
    assert_eq!(taken.values(), "h.count 4; h.p50 15; h.p90 19; h.p99 19.9");
    let outcome = taken.take(histogram(DELTA, &[point(&[1])]));
    assert_eq!(outcome.why, "a histogram has one more bucket than bounds, and these ascend");
}

#[test]
fn exponential_histograms_and_summaries_do_as_well() {
    let mut taken = Taken::new();
    let positive = Some(Buckets { offset: 0, bucket_counts: vec![2, 2] });
    let point = ExponentialPoint { time_unix_nano: nanos(5), positive, ..ExponentialPoint::default() };
    let histogram = ExponentialHistogram { data_points: vec![point], aggregation_temporality: DELTA };
    taken.take(Metric { name: "e".to_owned(), exponential_histogram: Some(histogram), ..Metric::default() });
    assert_eq!(taken.values(), "e.count 4; e.p50 2; e.p90 3.6; e.p99 3.96");
    let mut taken = Taken::new();
    let quantile_values = vec![ValueAtQuantile { quantile: 0.99, value: 7.0 }];
    let first = SummaryPoint { time_unix_nano: nanos(9), count: 5, quantile_values, ..SummaryPoint::default() };
    let second = SummaryPoint { time_unix_nano: nanos(5), count: 8, ..first.clone() };
    let summary = Summary { data_points: vec![first, second] };
    taken.take(Metric { name: "s".to_owned(), summary: Some(summary), ..Metric::default() });
    assert_eq!(taken.values(), "s.count 3; s.p99 7 7");
}

#[test]
fn series_are_told_apart_by_what_matters_and_are_bounded() {
    let mut taken = Taken::new();
    let with = |n: usize| NumberPoint { attributes: pairs(&[("route", &format!("/{n}"))]), ..point(0, 10, 1.0) };
    let gauge = Gauge { data_points: (0..MAX_SERIES + 5).map(with).collect() };
    let outcome = taken.take(Metric { name: "g".to_owned(), gauge: Some(gauge), ..Metric::default() });
    assert_eq!((outcome.rejected, outcome.why.as_str()), (5, "the limit of 1000 series is reached"));
    let set = taken.received.since(0, &Selector::parse("g{route=\"/7\", service=\"shop\"}").unwrap());
    assert_eq!((set.series.len(), set.series[0].labels.get("process.pid")), (1, None));
    let outcome = taken.take(sum(
        DELTA,
        true,
        &[NumberPoint { attributes: pairs(&[("k", &"v".repeat(300))]), ..point(0, 1, 1.0) }],
    ));
    assert_eq!((outcome.rejected, taken.counts.all()), (1, MAX_SERIES as u64 + 6));
}
