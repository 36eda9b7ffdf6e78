//! Data points, and the values that each must give.

use super::super::attributes::{AnyValue, KeyValue, Resource, Scope};
use super::super::messages::{
    Buckets, ExponentialHistogram, Gauge, Histogram, Metric, Metrics, ResourceMetrics, ScopeMetrics, Summary,
    ValueAtQuantile,
};
use super::super::sent;
use super::*;
use crate::model::time::Span;
use crate::source::received::Selector;

const NOW: Timestamp = Timestamp(1_795_262_400_000);

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

/// Metrics of a process of the shop.
fn of_process(pid: &str, scope: &str, metrics: Vec<Metric>) -> ResourceMetrics {
    let resource = Some(Resource { attributes: pairs(&[("service.name", "shop"), ("process.pid", pid)]) });
    let scope = Some(Scope { name: scope.to_owned(), ..Scope::default() });
    ResourceMetrics { resource, scope_metrics: vec![ScopeMetrics { scope, metrics }] }
}

impl Taken {
    /// Somebody has listened for an hour.
    fn new() -> Self {
        let mut new = Self::default();
        new.before.listen(NOW.minus(Span::seconds(3600)));
        new
    }

    fn request(&mut self, resource_metrics: Vec<ResourceMetrics>) -> Outcome {
        let mut taking = Taking::default();
        let (before, received, counts) = (&mut self.before, &mut self.received, &mut self.counts);
        let request = Metrics { resource_metrics };
        Intake { before, received, counts, taking: &mut taking, now: NOW }.take(&sent::points(&request));
        taking.outcome
    }

    fn take(&mut self, metric: Metric) -> Outcome {
        self.request(vec![of_process("7", "", vec![metric])])
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
        ("delta, sent again", DELTA, vec![point(60, 50, 3.0), point(60, 50, 3.0), point(50, 40, 4.0)], "n 3 4"),
        ("delta, late", DELTA, vec![point(50, 40, 4.0), point(60, 50, 3.0)], "n 4 3"),
        ("cumulative, begun while we listen", CUMULATIVE, vec![point(60, 50, 3.0), point(60, 40, 7.0)], "n 3 4"),
        ("cumulative, begun before", CUMULATIVE, vec![point(9000, 50, 3.0), point(9000, 40, 7.0)], "n 4"),
        ("without a start", CUMULATIVE, vec![point(0, 50, 3.0), point(0, 40, 7.0)], "n 4"),
        ("a new start", CUMULATIVE, vec![point(9000, 50, 30.0), point(45, 40, 7.0)], "n 7"),
        ("less than before", CUMULATIVE, vec![point(9000, 50, 30.0), point(9000, 40, 7.0)], "n 7"),
        ("sent again", CUMULATIVE, vec![point(60, 50, 3.0), point(60, 40, 7.0), point(60, 40, 7.0)], "n 3 4"),
        ("late", CUMULATIVE, vec![point(60, 50, 3.0), point(60, 40, 7.0), point(60, 45, 5.0)], "n 3 4"),
        ("late, of the start before", CUMULATIVE, vec![point(45, 40, 7.0), point(60, 39, 90.0)], "n 7"),
        ("a start that is not known", CUMULATIVE, vec![point(50, 50, 30.0), point(50, 40, 37.0)], "n 7"),
        ("a gap", CUMULATIVE, vec![point(60, 50, 3.0), point(40, 40, 90.0), point(40, 30, 94.0)], "n 3 4"),
        ("a start after its time", CUMULATIVE, vec![point(30, 50, 90.0), point(30, 40, 94.0)], "n 4"),
    ] {
        let mut taken = Taken::new();
        assert_eq!(taken.take(sum(temporality, true, &points)), Outcome::default(), "{name}");
        assert_eq!(taken.values(), expected, "{name}");
    }
}

#[test]
fn processes_that_show_the_same_labels_count_each_on_its_own() {
    let mut taken = Taken::new();
    let counter = |start, at, value| vec![sum(CUMULATIVE, true, &[point(start, at, value)])];
    taken.request(vec![of_process("1", "", counter(900, 50, 100.0))]);
    taken.request(vec![of_process("2", "", counter(800, 49, 200.0))]);
    taken.request(vec![of_process("1", "", counter(900, 40, 101.0))]);
    taken.request(vec![of_process("2", "", counter(800, 39, 202.0))]);
    assert_eq!(taken.values(), "n 100 200 1 2", "in the order they came");
    // Of one moment: what both have added. The same for two scopes of a process, and for deltas.
    taken.request(vec![of_process("1", "", counter(900, 30, 104.0)), of_process("2", "", counter(800, 30, 207.0))]);
    assert_eq!(taken.values(), "n 100 200 1 2 8");
    let delta = |scope| of_process("1", scope, vec![sum(DELTA, true, &[point(30, 20, 2.0)])]);
    taken.request(vec![delta("a"), delta("b")]);
    assert_eq!(taken.values(), "n 100 200 1 2 8 4");
    // What comes late, or of the same moment in another request, is of the next moment: polls take no earlier one.
    taken.request(vec![of_process("1", "", counter(900, 19, 105.0))]);
    let told = taken.received.number();
    taken.request(vec![of_process("2", "", counter(800, 19, 210.0))]);
    taken.request(vec![of_process("3", "", counter(700, 25, 6.0))]);
    let late = taken.received.since(told, &Selector::default());
    let second = millis(nanos(19));
    let points = [(1, 3.0), (2, 6.0)].map(|(late, value)| Point { at: second.plus(Span(late)), value });
    assert_eq!(late.series[0].points, points);
}

#[test]
fn large_whole_numbers_are_subtracted_exactly() {
    let whole = |at, value| NumberPoint { as_double: None, as_int: Some(value), ..point(60, at, 0.0) };
    let mut taken = Taken::new();
    taken.take(sum(CUMULATIVE, true, &[whole(50, i64::MAX - 1), whole(40, i64::MAX)]));
    assert!(taken.values().ends_with(" 1"), "{}", taken.values());
}

#[test]
fn what_is_over_the_limit_is_refused_and_not_taken_for_told() {
    let mut taken = Taken::new();
    let with = |n: usize, point: NumberPoint| NumberPoint { attributes: pairs(&[("n", &n.to_string())]), ..point };
    let all: Vec<NumberPoint> = (0..=MAX_SERIES).map(|n| with(n, point(60, 50, 3.0))).collect();
    let outcome = taken.take(sum(CUMULATIVE, true, &all));
    assert_eq!((outcome.rejected, outcome.why.as_str()), (1, "the limit of 1000 series is reached"));
    assert_eq!(taken.counts.of(Loss::OverLimit).0, 1);
    // Its place comes free: it tells what it has counted since, and not its past.
    taken.received = Received::default();
    taken.take(sum(CUMULATIVE, true, &[with(MAX_SERIES, point(60, 40, 90.0)), with(MAX_SERIES, point(60, 30, 94.0))]));
    assert_eq!(taken.values(), "n 4");
}

#[test]
fn streams_over_the_limit_are_refused_and_counted() {
    let mut taken = Taken::new();
    let of = |n: usize, at| of_process(&n.to_string(), "", vec![sum(CUMULATIVE, true, &[point(60, at, 1.0)])]);
    let outcome = taken.request((0..MAX_STREAMS + 2).map(|n| of(n, 50)).collect());
    assert_eq!((outcome.rejected, taken.counts.of(Loss::OverLimit).0), (2, 2));
    assert_eq!(outcome.why, "the limit of 4000 counters and of their buckets is reached");
    assert_eq!(taken.request(vec![of(0, 40)]), Outcome::default(), "who is known is taken");
}

#[test]
fn how_values_add_up_has_to_be_said() {
    let mut taken = Taken::new();
    for temporality in [0, 3, -1] {
        for is_monotonic in [true, false] {
            let outcome = taken.take(sum(temporality, is_monotonic, &[point(60, 50, 1.0)]));
            assert_eq!(outcome.why, "the aggregation temporality is neither delta nor cumulative", "{temporality}");
        }
        let histogram = histogram(temporality, &[HistogramPoint { count: 1, ..HistogramPoint::default() }]);
        assert_eq!(taken.take(histogram).rejected, 1, "{temporality}");
        let data_points = vec![ExponentialPoint::default()];
        let exponential = ExponentialHistogram { data_points, aggregation_temporality: temporality };
        let metric = Metric { name: "e".to_owned(), exponential_histogram: Some(exponential), ..Metric::default() };
        assert_eq!(taken.take(metric).rejected, 1, "{temporality}");
    }
    assert_eq!(taken.values(), "");
}

#[test]
fn a_point_of_the_future_is_of_now() {
    let mut taken = Taken::new();
    taken.take(sum(CUMULATIVE, true, &[point(60, -900, 9.0)]));
    let set = taken.received.since(0, &Selector::default());
    assert_eq!(set.series[0].points, [Point { at: NOW, value: 9.0 }]);
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

fn histogram(temporality: i32, points: &[HistogramPoint]) -> Metric {
    let histogram = Histogram { data_points: points.to_vec(), aggregation_temporality: temporality };
    Metric { name: "h".to_owned(), histogram: Some(histogram), ..Metric::default() }
}

#[test]
fn histograms_become_counts_and_percentiles() {
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
    for bounds in [vec![f64::NAN], vec![2.0, 1.0], vec![1.0, 1.0]] {
        let bucket_counts = vec![1; bounds.len() + 1];
        let point = HistogramPoint { bucket_counts, explicit_bounds: bounds, ..point(&[]) };
        assert_eq!(taken.take(histogram(DELTA, &[point])).rejected, 1);
    }
    let explicit_bounds: Vec<f64> = (0..1001).map(f64::from).collect();
    let many = HistogramPoint { bucket_counts: vec![1; 1002], explicit_bounds, ..point(&[]) };
    assert_eq!(taken.take(histogram(DELTA, &[many])).why, "a histogram has over 1,000 bounds");
}

#[test]
fn a_histogram_without_bounds_has_percentiles_only_between_its_ends() {
    let without = HistogramPoint { time_unix_nano: nanos(10), count: 4, ..HistogramPoint::default() };
    let mut taken = Taken::new();
    let one_bucket =
        HistogramPoint { bucket_counts: vec![3], max: Some(9.0), time_unix_nano: nanos(5), ..without.clone() };
    taken.take(histogram(DELTA, &[without.clone(), one_bucket]));
    assert_eq!(taken.values(), "h.count 4 3");
    let ends = HistogramPoint { min: Some(0.0), max: Some(10.0), ..without };
    let mut taken = Taken::new();
    taken.take(histogram(DELTA, &[ends]));
    assert_eq!(taken.values(), "h.count 4; h.p50 5; h.p90 9; h.p99 9.9");
}

#[test]
fn a_histogram_that_has_no_value_is_a_gap_in_what_it_has_become() {
    let none = |at| HistogramPoint { flags: NO_VALUE, time_unix_nano: nanos(at), ..HistogramPoint::default() };
    let mut taken = Taken::new();
    taken.take(histogram(CUMULATIVE, &[none(50)]));
    assert_eq!(taken.values(), "", "no series is made of nothing");
    let point =
        HistogramPoint { bucket_counts: vec![2, 2], explicit_bounds: vec![8.0], time_unix_nano: nanos(40), ..none(0) };
    let other =
        Metric { name: "hh.count".to_owned(), ..histogram(DELTA, &[HistogramPoint { flags: 0, ..point.clone() }]) };
    taken.take(other);
    taken.take(histogram(DELTA, &[HistogramPoint { flags: 0, ..point }, none(30)]));
    let others = "hh.count.count 4; hh.count.p50 8; hh.count.p90 8; hh.count.p99 8";
    assert_eq!(taken.values(), format!("h.count 4 NaN; h.p50 8 NaN; h.p90 8 NaN; h.p99 8 NaN; {others}"));
    let mut taken = Taken::new();
    let quantile_values = vec![ValueAtQuantile { quantile: 0.5, value: 7.0 }];
    let first = SummaryPoint { time_unix_nano: nanos(9), quantile_values, ..SummaryPoint::default() };
    let second = SummaryPoint { time_unix_nano: nanos(5), flags: NO_VALUE, ..SummaryPoint::default() };
    let summary = Summary { data_points: vec![first, second] };
    taken.take(Metric { name: "s".to_owned(), summary: Some(summary), ..Metric::default() });
    assert_eq!(taken.values(), "s.count NaN; s.p50 7 NaN");
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
