//! Data points to series: what was added since the last one, what is now, how long things took.

use std::collections::BTreeMap;

use super::exponential::Exponential;
use super::messages::{
    ExponentialPoint, HistogramPoint, KeyValue, Metric, Metrics, NumberPoint, Resource, Sum, SummaryPoint,
};
use super::quantile::{Bucket, explicit, quantile};
use crate::model::labels::{Labels, METRIC};
use crate::model::percentile;
use crate::model::series::{MAX_SERIES, Point};
use crate::model::time::{Span, Timestamp};
use crate::source::received::{Counts, Loss, Received};

/// Most attributes of a point, and the longest of them in bytes.
const MAX_ATTRIBUTES: usize = 64;
const LONGEST: usize = 256;
/// A counter that nothing came of in so long begins anew.
const FORGOTTEN: Span = Span::seconds(3600);
/// Attributes of a resource that tell its series from others, and the labels that they become.
const RESOURCE: [(&str, &str); 6] = [
    ("service.name", "service"),
    ("deployment.environment.name", "environment"),
    ("deployment.environment", "environment"),
    ("service.instance.id", "instance"),
    ("host.name", "host"),
    ("k8s.pod.name", "pod"),
];
/// `AGGREGATION_TEMPORALITY_DELTA`
const DELTA: i32 = 1;
/// `DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`
const NO_VALUE: u32 = 1;
/// Percentiles of histograms.
const PERCENTILES: [f64; 3] = [50.0, 90.0, 99.0];

/// What cumulative points are compared with.
#[derive(Debug, Default)]
pub(super) struct Before {
    known: BTreeMap<Labels, Known>,
    /// Since when somebody listens.
    since: Timestamp,
}

#[derive(Debug)]
struct Known {
    /// When it began to count.
    start: u64,
    last: Timestamp,
    value: Counted,
}

#[derive(Debug, Clone, PartialEq)]
enum Counted {
    Number(f64),
    /// The bounds, and the counts between them.
    Explicit(Vec<f64>, Vec<f64>),
    Exponential(Exponential),
}

impl Counted {
    /// What was added; none where something is less than it was, or of another form: it began anew.
    fn since(&self, before: &Self) -> Option<Self> {
        match (self, before) {
            (Self::Number(now), Self::Number(before)) => (now >= before).then(|| Self::Number(now - before)),
            (Self::Explicit(bounds, now), Self::Explicit(other, before)) => {
                let is_alike = bounds == other && now.len() == before.len();
                let added: Vec<f64> = now.iter().zip(before).map(|(now, before)| now - before).collect();
                (is_alike && added.iter().all(|count| *count >= 0.0)).then(|| Self::Explicit(bounds.clone(), added))
            }
            (Self::Exponential(now), Self::Exponential(before)) => now.since(before).map(Self::Exponential),
            _ => None,
        }
    }
}

/// What became of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// How many points were not taken.
    pub(super) rejected: u64,
    /// Why, the last time.
    pub(super) why: String,
}

/// Takes points in.
pub(super) struct Intake<'a> {
    pub(super) before: &'a mut Before,
    pub(super) received: &'a mut Received,
    pub(super) counts: &'a mut Counts,
    pub(super) now: Timestamp,
}

/// One point: what it is of, when, and whether it says that there is no value.
struct Head<'a> {
    attributes: &'a [KeyValue],
    time: u64,
    flags: u32,
}

impl Before {
    /// Somebody listens from now on.
    pub(super) fn listen(&mut self, now: Timestamp) {
        if self.since == Timestamp(0) {
            self.since = now;
        }
    }

    /// What was added since the last point of a series; none where nobody knows.
    fn added(&mut self, labels: &Labels, start: u64, value: Counted, now: Timestamp) -> Option<Counted> {
        let before = self.known.get(labels);
        // A counter that has begun since somebody listens began at nothing.
        let is_all_ours = start > 0 && millis(start) >= self.since;
        let added = match before {
            Some(known) if known.start == start => value.since(&known.value).or_else(|| Some(value.clone())),
            Some(_) => Some(value.clone()),
            None => is_all_ours.then(|| value.clone()),
        };
        if before.is_some() || self.known.len() < MAX_SERIES {
            self.known.insert(labels.clone(), Known { start, last: now, value });
        }
        added
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        self.known.retain(|_, known| known.last.age_at(now) < FORGOTTEN);
    }
}

fn millis(nanos: u64) -> Timestamp {
    Timestamp(i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX))
}

impl Intake<'_> {
    /// Takes all points of a request in.
    pub(super) fn take(&mut self, request: &Metrics) -> Outcome {
        let mut outcome = Outcome::default();
        for of in &request.resource_metrics {
            let resource = resource(of.resource.as_ref());
            for metric in of.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                self.metric(metric, &resource, &mut outcome);
            }
        }
        self.before.forget(self.now);
        self.received.forget(self.now);
        outcome
    }

    fn metric(&mut self, metric: &Metric, resource: &BTreeMap<String, String>, outcome: &mut Outcome) {
        let mut each = |head: Head<'_>, take: &mut dyn FnMut(&mut Self, &Labels, Timestamp) -> Result<(), Refused>| {
            self.counts.received(1);
            let taken = labels(&metric.name, resource, head.attributes).and_then(|labels| {
                let at = if head.time == 0 { self.now } else { millis(head.time).min(self.now) };
                if head.flags & NO_VALUE != 0 {
                    return self.add(&labels, at, f64::NAN);
                }
                take(self, &labels, at)
            });
            if let Err(Refused(loss, why)) = taken {
                self.counts.lost(loss, 1, (&metric.name, &why), self.now);
                outcome.rejected += 1;
                outcome.why = why;
            }
        };
        for point in metric.gauge.iter().flat_map(|gauge| &gauge.data_points) {
            each(head_of(point), &mut |intake, labels, at| intake.add(labels, at, number(point)));
        }
        if let Some(sum) = &metric.sum {
            for point in &sum.data_points {
                each(head_of(point), &mut |intake, labels, at| intake.sum(sum, point, labels, at));
            }
        }
        if let Some(histogram) = &metric.histogram {
            let is_delta = histogram.aggregation_temporality == DELTA;
            for point in &histogram.data_points {
                let HistogramPoint { attributes, time_unix_nano: time, flags, .. } = point;
                let head = Head { attributes, time: *time, flags: *flags };
                each(head, &mut |intake, labels, at| intake.explicit(point, is_delta, labels, at));
            }
        }
        if let Some(histogram) = &metric.exponential_histogram {
            let is_delta = histogram.aggregation_temporality == DELTA;
            for point in &histogram.data_points {
                let ExponentialPoint { attributes, time_unix_nano: time, flags, .. } = point;
                let head = Head { attributes, time: *time, flags: *flags };
                each(head, &mut |intake, labels, at| intake.exponential(point, is_delta, labels, at));
            }
        }
        for point in metric.summary.iter().flat_map(|summary| &summary.data_points) {
            let SummaryPoint { attributes, time_unix_nano: time, flags, .. } = point;
            let head = Head { attributes, time: *time, flags: *flags };
            each(head, &mut |intake, labels, at| intake.summary(point, labels, at));
        }
    }

    fn add(&mut self, labels: &Labels, at: Timestamp, value: f64) -> Result<(), Refused> {
        if self.received.add(labels, Point { at, value }, self.now) {
            return Ok(());
        }
        Err(Refused(Loss::OverLimit, format!("the limit of {MAX_SERIES} series is reached")))
    }

    /// A counter is what was added since the last point; what goes up and down is how it is now.
    fn sum(&mut self, sum: &Sum, point: &NumberPoint, labels: &Labels, at: Timestamp) -> Result<(), Refused> {
        let (value, is_delta) = (number(point), sum.aggregation_temporality == DELTA);
        match (is_delta, sum.is_monotonic) {
            (true, true) | (false, false) => return self.add(labels, at, value),
            // They would have to be added to what nobody has told.
            (true, false) => {
                let why = "a delta of what goes up and down: send it as cumulative";
                return Err(Refused(Loss::Bad, why.to_owned()));
            }
            (false, true) if value.is_nan() => return self.add(labels, at, value),
            (false, true) => {}
        }
        match self.before.added(labels, point.start_time_unix_nano, Counted::Number(value), self.now) {
            Some(Counted::Number(added)) => self.add(labels, at, added),
            _ => Ok(()),
        }
    }

    fn explicit(
        &mut self,
        point: &HistogramPoint,
        is_delta: bool,
        labels: &Labels,
        at: Timestamp,
    ) -> Result<(), Refused> {
        let (bounds, counts) = (&point.explicit_bounds, &point.bucket_counts);
        let is_sound = counts.is_empty() && bounds.is_empty()
            || counts.len() == bounds.len() + 1 && bounds.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        if !is_sound {
            return Err(Refused(Loss::Bad, "a histogram has one more bucket than bounds, and these ascend".to_owned()));
        }
        let counts: Vec<f64> = if counts.is_empty() {
            vec![point.count as f64]
        } else {
            counts.iter().map(|count| *count as f64).collect()
        };
        let counted = Counted::Explicit(bounds.clone(), counts);
        // Of a cumulative histogram the least and the greatest are those of all time.
        let (added, ends) = if is_delta {
            (Some(counted), (point.min, point.max))
        } else {
            (self.before.added(labels, point.start_time_unix_nano, counted, self.now), (None, None))
        };
        match added {
            Some(Counted::Explicit(bounds, counts)) => self.distribution(labels, at, &explicit(&bounds, &counts, ends)),
            _ => Ok(()),
        }
    }

    fn exponential(
        &mut self,
        point: &ExponentialPoint,
        is_delta: bool,
        labels: &Labels,
        at: Timestamp,
    ) -> Result<(), Refused> {
        let counted = Exponential::new(point).map_err(|why| Refused(Loss::Bad, why.to_owned()))?;
        let counted = Counted::Exponential(counted);
        let added = if is_delta {
            Some(counted)
        } else {
            self.before.added(labels, point.start_time_unix_nano, counted, self.now)
        };
        match added {
            Some(Counted::Exponential(added)) => self.distribution(labels, at, &added.buckets()),
            _ => Ok(()),
        }
    }

    /// `name.count`, and `name.p50`, `name.p90`, `name.p99` where there were any.
    fn distribution(&mut self, labels: &Labels, at: Timestamp, buckets: &[Bucket]) -> Result<(), Refused> {
        let count = buckets.iter().map(|bucket| bucket.count).sum();
        self.add(&labels.suffixed("count"), at, count)?;
        for percent in PERCENTILES {
            if let Some(value) = quantile(buckets, percent) {
                self.add(&labels.suffixed(&percentile::name(percent)), at, value)?;
            }
        }
        Ok(())
    }

    /// A summary has quantiles of its own.
    fn summary(&mut self, point: &SummaryPoint, labels: &Labels, at: Timestamp) -> Result<(), Refused> {
        let count = Counted::Number(point.count as f64);
        let counter = labels.suffixed("count");
        if let Some(Counted::Number(added)) = self.before.added(&counter, point.start_time_unix_nano, count, self.now) {
            self.add(&counter, at, added)?;
        }
        for one in point.quantile_values.iter().filter(|one| (0.0..=1.0).contains(&one.quantile)) {
            let value = if one.value.is_finite() { one.value } else { f64::NAN };
            self.add(&labels.suffixed(&percentile::name(one.quantile * 100.0)), at, value)?;
        }
        Ok(())
    }
}

fn head_of(point: &NumberPoint) -> Head<'_> {
    let NumberPoint { attributes, time_unix_nano: time, flags, .. } = point;
    Head { attributes, time: *time, flags: *flags }
}

/// A value that is not finite is none.
fn number(point: &NumberPoint) -> f64 {
    let value = point.as_double.or_else(|| point.as_int.map(|int| int as f64)).unwrap_or(f64::NAN);
    if value.is_finite() { value } else { f64::NAN }
}

/// Why a point was not taken.
struct Refused(Loss, String);

/// The attributes of a resource that its series are told apart by.
fn resource(resource: Option<&Resource>) -> BTreeMap<String, String> {
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    let said = |(key, label): &(&str, &str)| {
        let value = attributes.iter().find(|one| one.key == *key)?.text();
        (!value.is_empty()).then(|| ((*label).to_owned(), value))
    };
    // The newer name of an attribute comes first, and counts.
    RESOURCE.iter().rev().filter_map(said).collect()
}

fn labels(name: &str, resource: &BTreeMap<String, String>, attributes: &[KeyValue]) -> Result<Labels, Refused> {
    let bad = |why: &str| Refused(Loss::Bad, why.to_owned());
    if name.is_empty() || name.len() > LONGEST {
        return Err(bad("the name of a metric has 1 to 256 bytes"));
    }
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(bad("a point has over 64 attributes"));
    }
    let mut pairs = resource.clone();
    pairs.extend(attributes.iter().map(|one| (one.key.clone(), one.text())));
    if pairs.iter().any(|(key, value)| key.len() > LONGEST || value.len() > LONGEST) {
        return Err(bad("an attribute has over 256 bytes"));
    }
    pairs.retain(|_, value| !value.is_empty());
    pairs.insert(METRIC.to_owned(), name.to_owned());
    Ok(Labels::new(pairs))
}

#[cfg(test)]
mod cases;
