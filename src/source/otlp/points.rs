//! Data points to series: what was added since the last one, what is now, how long things took.

use std::collections::BTreeMap;
use std::iter::once;

use super::before::{Before, Counted, MAX_STREAMS, Moments};
use super::exponential::Exponential;
use super::identity::Stream;
use super::messages::{ExponentialPoint, HistogramPoint, NumberPoint, Sum, SummaryPoint};
use super::quantile::{Bucket, explicit, quantile};
use super::sent::{Form, Sent};
use crate::model::labels::{Labels, METRIC};
use crate::model::percentile;
use crate::model::series::{MAX_SERIES, Point};
use crate::model::time::Timestamp;
use crate::source::received::{Counts, Loss, Received};

/// Most bounds of a histogram; SDKs use 15.
const MAX_BOUNDS: usize = 1000;
/// `AGGREGATION_TEMPORALITY_DELTA`, and `_CUMULATIVE`.
const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;
/// `DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`
const NO_VALUE: u32 = 1;
/// Percentiles of histograms.
const PERCENTILES: [f64; 3] = [50.0, 90.0, 99.0];

/// What became of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// How many points were not taken.
    pub(super) rejected: u64,
    /// Why, the last time.
    pub(super) why: String,
}

/// What is known of a request while its points are taken in.
#[derive(Debug, Default)]
pub(super) struct Taking {
    pub(super) outcome: Outcome,
    /// What was added to a series at a moment, and where it stands: scopes that show the same labels add to one point.
    sums: BTreeMap<(Labels, Timestamp), (Timestamp, f64)>,
}

/// Takes points in.
pub(super) struct Intake<'a> {
    pub(super) before: &'a mut Before,
    pub(super) received: &'a mut Received,
    pub(super) counts: &'a mut Counts,
    pub(super) taking: &'a mut Taking,
    pub(super) now: Timestamp,
}

/// Where a point goes.
struct Place {
    stream: Stream,
    moments: Moments,
    at: Timestamp,
}

/// Why a point was not taken.
struct Refused(Loss, String);

fn bad(why: &str) -> Refused {
    Refused(Loss::Bad, why.to_owned())
}

fn millis(nanos: u64) -> Timestamp {
    Timestamp(i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX))
}

impl Intake<'_> {
    /// Takes points of a request in.
    pub(super) fn take(&mut self, points: &[Sent<'_>]) {
        for point in points {
            self.counts.received(1);
            if let Err(Refused(loss, why)) = self.point(point) {
                self.counts.lost(loss, 1, (point.name, &why), self.now);
                self.taking.outcome.rejected += 1;
                self.taking.outcome.why = why;
            }
        }
    }

    fn point(&mut self, sent: &Sent<'_>) -> Result<(), Refused> {
        let head = sent.form.head();
        let stream = sent.origin.stream(sent.name, head.attributes).map_err(bad)?;
        let now = u64::try_from(self.now.0).unwrap_or(0).saturating_mul(1_000_000);
        let time = if head.time == 0 { now } else { head.time };
        let moments = Moments { start: head.start, time };
        let place = Place { stream, moments, at: millis(time).min(self.now) };
        let labels = &place.stream.labels;
        let has_value = head.flags & NO_VALUE == 0;
        match sent.form {
            Form::Gauge(_) | Form::Sum(..) if !has_value => self.add(labels, place.at, f64::NAN),
            _ if !has_value => self.gap(labels, place.at),
            Form::Gauge(point) => self.add(labels, place.at, value(point)),
            Form::Sum(sum, point) => self.sum(sum, point, &place),
            Form::Explicit(of, point) => self.explicit(point, of.aggregation_temporality, &place),
            Form::Exponential(of, point) => self.exponential(point, of.aggregation_temporality, &place),
            Form::Summary(point) => self.summary(point, &place),
        }
    }

    fn add(&mut self, labels: &Labels, at: Timestamp, value: f64) -> Result<(), Refused> {
        if self.received.add(labels, Point { at, value }, self.now) { Ok(()) } else { Err(no_series()) }
    }

    /// Adds what was added to a counter. A process may tell later what was earlier than what another one has told.
    fn add_up(&mut self, labels: &Labels, at: Timestamp, added: f64) -> Result<(), Refused> {
        let key = (labels.clone(), at);
        let told = self.taking.sums.get(&key).copied();
        let (at, sum) = told.unwrap_or_else(|| (self.received.free(labels, at).min(self.now), 0.0));
        self.taking.sums.insert(key, (at, sum + added));
        self.add(labels, at, sum + added)
    }

    /// The series that a histogram or a summary has become have no value at this moment.
    fn gap(&mut self, labels: &Labels, at: Timestamp) -> Result<(), Refused> {
        for one in self.received.those(|one| is_part(one, labels)) {
            self.add(&one, at, f64::NAN)?;
        }
        Ok(())
    }

    /// What a point adds, none where that is nothing. All places are kept before it is known: what is refused comes
    /// again, and what would be lost with it is not taken for told.
    fn added(
        &mut self,
        place: &Place,
        series: &[Labels],
        is_delta: bool,
        counted: Counted,
    ) -> Result<Option<Counted>, Refused> {
        let kept = if is_delta { &Counted::Delta } else { &counted };
        let has_room = self.before.has_room(&place.stream, kept);
        if !has_room || !self.received.reserve(series, self.now) {
            if !is_delta {
                self.before.missed(place.moments.start, self.now);
            }
            return Err(if has_room { no_series() } else { no_stream() });
        }
        if is_delta {
            let is_new = self.before.is_new(&place.stream, place.moments, self.now);
            return Ok(is_new.then_some(counted));
        }
        Ok(self.before.added(&place.stream, place.moments, counted, self.now))
    }

    /// A counter is what was added since the last point; what goes up and down is how it is now.
    fn sum(&mut self, sum: &Sum, point: &NumberPoint, place: &Place) -> Result<(), Refused> {
        let labels = &place.stream.labels;
        let is_delta = is_delta(sum.aggregation_temporality)?;
        if is_delta && !sum.is_monotonic {
            // It would have to be added to what nobody has told.
            return Err(bad("a delta of what goes up and down: send it as cumulative"));
        }
        let counted = match (point.as_double, point.as_int) {
            _ if !sum.is_monotonic || value(point).is_nan() => return self.add(labels, place.at, value(point)),
            (None, Some(whole)) => Counted::Whole(whole.into()),
            _ => Counted::Number(value(point)),
        };
        let added = self.added(place, std::slice::from_ref(labels), is_delta, counted)?;
        added.and_then(|added| added.number()).map_or(Ok(()), |added| self.add_up(labels, place.at, added))
    }

    fn explicit(&mut self, point: &HistogramPoint, temporality: i32, place: &Place) -> Result<(), Refused> {
        let is_delta = is_delta(temporality)?;
        let counted = Counted::Explicit(point.explicit_bounds.clone(), counts(point)?);
        // Of a cumulative histogram the least and the greatest are those of all time.
        let end = |end: Option<f64>| end.filter(|end| is_delta && end.is_finite());
        let ends = (end(point.min), end(point.max));
        let has_percentiles = !point.explicit_bounds.is_empty() || matches!(ends, (Some(_), Some(_)));
        let series = distribution(&place.stream.labels, has_percentiles);
        match self.added(place, &series, is_delta, counted)? {
            Some(Counted::Explicit(bounds, counts)) => {
                let count = counts.iter().map(|count| *count as f64).sum();
                self.distribution(&series, place.at, count, &explicit(&bounds, &counts, ends))
            }
            _ => Ok(()),
        }
    }

    fn exponential(&mut self, point: &ExponentialPoint, temporality: i32, place: &Place) -> Result<(), Refused> {
        let is_delta = is_delta(temporality)?;
        let counted = Counted::Exponential(Exponential::new(point).map_err(bad)?);
        let series = distribution(&place.stream.labels, true);
        match self.added(place, &series, is_delta, counted)? {
            Some(Counted::Exponential(added)) => self.distribution(&series, place.at, added.count(), &added.buckets()),
            _ => Ok(()),
        }
    }

    /// The count, and the percentiles where there are any.
    fn distribution(
        &mut self,
        series: &[Labels],
        at: Timestamp,
        count: f64,
        buckets: &[Bucket],
    ) -> Result<(), Refused> {
        let Some((counter, percentiles)) = series.split_first() else { return Ok(()) };
        self.add_up(counter, at, count)?;
        for (labels, percent) in percentiles.iter().zip(PERCENTILES) {
            if let Some(value) = quantile(buckets, percent) {
                self.add(labels, at, value)?;
            }
        }
        Ok(())
    }

    /// A summary has quantiles of its own.
    fn summary(&mut self, point: &SummaryPoint, place: &Place) -> Result<(), Refused> {
        let labels = &place.stream.labels;
        let quantiles = point.quantile_values.iter().filter(|one| (0.0..=1.0).contains(&one.quantile));
        let quantiles: Vec<(Labels, f64)> = quantiles
            .map(|one| (labels.suffixed(&percentile::name(one.quantile * 100.0)), finite(Some(one.value))))
            .collect();
        let counter = labels.suffixed("count");
        let series: Vec<Labels> = once(&counter).chain(quantiles.iter().map(|(labels, _)| labels)).cloned().collect();
        let added = self.added(place, &series, false, Counted::Whole(point.count.into()))?;
        if let Some(added) = added.and_then(|added| added.number()) {
            self.add_up(&counter, place.at, added)?;
        }
        quantiles.iter().try_for_each(|(labels, value)| self.add(labels, place.at, *value))
    }
}

fn no_series() -> Refused {
    Refused(Loss::OverLimit, format!("the limit of {MAX_SERIES} series is reached"))
}

fn no_stream() -> Refused {
    Refused(Loss::OverLimit, format!("the limit of {MAX_STREAMS} counters and of their buckets is reached"))
}

fn is_delta(temporality: i32) -> Result<bool, Refused> {
    match temporality {
        DELTA => Ok(true),
        CUMULATIVE => Ok(false),
        _ => Err(bad("the aggregation temporality is neither delta nor cumulative")),
    }
}

/// The counts between the bounds; without bounds there is one.
fn counts(point: &HistogramPoint) -> Result<Vec<u64>, Refused> {
    let (bounds, counts) = (&point.explicit_bounds, &point.bucket_counts);
    if bounds.len() > MAX_BOUNDS {
        return Err(bad("a histogram has over 1,000 bounds"));
    }
    if counts.is_empty() && bounds.is_empty() {
        return Ok(vec![point.count]);
    }
    let ascend = bounds.is_sorted_by(|a, b| a < b) && !bounds.iter().any(|bound| bound.is_nan());
    if counts.len() != bounds.len() + 1 || !ascend {
        return Err(bad("a histogram has one more bucket than bounds, and these ascend"));
    }
    Ok(counts.clone())
}

/// A value that is not finite is none.
fn value(point: &NumberPoint) -> f64 {
    finite(point.as_double.or_else(|| point.as_int.map(|int| int as f64)))
}

fn finite(value: Option<f64>) -> f64 {
    value.filter(|value| value.is_finite()).unwrap_or(f64::NAN)
}

/// `name.count`, and `name.p50`, `name.p90`, `name.p99`.
fn distribution(labels: &Labels, has_percentiles: bool) -> Vec<Labels> {
    let percentiles = PERCENTILES.iter().filter(|_| has_percentiles).map(|percent| percentile::name(*percent));
    once("count".to_owned()).chain(percentiles).map(|suffix| labels.suffixed(&suffix)).collect()
}

/// Whether a series is the count or a percentile of this metric.
fn is_part(one: &Labels, whole: &Labels) -> bool {
    let name = whole.get(METRIC).unwrap_or_default();
    let suffix = one.get(METRIC).and_then(|one| one.strip_prefix(name)?.strip_prefix('.'));
    let is_percentile =
        |suffix: &str| suffix.strip_prefix('p').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    suffix.is_some_and(|suffix| suffix == "count" || is_percentile(suffix))
        && one.with(METRIC, name.to_owned()) == *whole
}

#[cfg(test)]
mod cases;
