//! What came between two flushes becomes one value a series.
//!
//! Sources: `statsd/docs/metric_types.md` (counters, timers, gauges, sets); Telegraf's statsd input (1,000 samples kept of
//! a timer, names of percentiles).

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::line::{Level, Metric, Values};
use crate::model::labels::{Labels, METRIC};
use crate::model::percentile;
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};
use crate::source::received::{Received, Reservoir};

/// Most members of a set that are told apart between two flushes, in all sets.
pub(super) const MAX_MEMBERS: usize = 200_000;
/// A gauge that nothing came for in so long is forgotten, and a delta begins at zero.
const GAUGE_KEPT: Span = Span::seconds(3600);

/// What has come since the last flush.
#[derive(Debug, Default)]
pub(super) struct Aggregate {
    metrics: BTreeMap<Labels, Kept>,
    members: usize,
}

/// How values become series.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Percentiles of timers, in per cent.
    pub(super) percentiles: Vec<f64>,
    /// How long a counter to which nothing is added is still 0.
    pub(super) expire: Span,
    /// Whether a sign before the value of a gauge moves it.
    pub(super) gauge_deltas: bool,
}

#[derive(Debug)]
struct Kept {
    value: Value,
    /// When something came for it the last time.
    last: Timestamp,
    is_new: bool,
}

#[derive(Debug)]
enum Value {
    Counter(f64),
    Gauge(f64),
    Timer {
        samples: Reservoir,
        count: f64,
    },
    /// Hashes of members, and whether some had no room.
    Set(HashSet<u64>, bool),
}

/// Why a metric was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is known as one of another type.
    OtherType,
    /// There is no room for another member of a set.
    TooManyMembers,
    /// There is no room for another series.
    OverLimit,
}

impl Value {
    const fn is_of(&self, values: &Values<'_>) -> bool {
        matches!(
            (self, values),
            (Self::Counter(_), Values::Counter(_))
                | (Self::Gauge(_), Values::Gauge(_))
                | (Self::Timer { .. }, Values::Samples(_))
                | (Self::Set(..), Values::Member(_))
        )
    }

    fn of(values: &Values<'_>) -> Self {
        match values {
            Values::Counter(_) => Self::Counter(0.0),
            Values::Gauge(_) => Self::Gauge(0.0),
            Values::Samples(_) => Self::Timer { samples: Reservoir::default(), count: 0.0 },
            Values::Member(_) => Self::Set(HashSet::new(), false),
        }
    }
}

impl Aggregate {
    /// Takes values in. `received` says whether there is room for what they become.
    pub(super) fn add(
        &mut self,
        metric: &Metric<'_>,
        rules: &Rules,
        received: &mut Received,
        now: Timestamp,
    ) -> Result<(), Refused> {
        // No tag can stand for the name.
        let labels = Labels::tagged((METRIC, metric.name), metric.tags.pairs());
        if let Some(at) = metric.at {
            if self.metrics.get(&labels).is_some_and(|kept| !kept.value.is_of(&metric.values)) {
                return Err(Refused::OtherType);
            }
            return alone(metric, &labels, (at.min(now), now), received);
        }
        let kept = match self.metrics.entry(labels) {
            std::collections::btree_map::Entry::Occupied(kept) => kept.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let value = Value::of(&metric.values);
                if !received.reserve(&series(place.key(), &value, rules), now) {
                    return Err(Refused::OverLimit);
                }
                place.insert(Kept { value, last: now, is_new: true })
            }
        };
        let taken = kept.value.take(&metric.values, metric.rate, rules, &mut self.members);
        if taken != Err(Refused::OtherType) {
            kept.last = now;
            kept.is_new = true;
        }
        taken
    }

    /// Hands over one value a series, and begins again. A counter that nothing was added to is 0 for a while; a gauge
    /// that was not set again says nothing new.
    pub(super) fn flush(&mut self, rules: &Rules, received: &mut Received, now: Timestamp) {
        for (labels, kept) in &mut self.metrics {
            kept.value.flush(labels, kept.is_new, rules, |labels, value| {
                received.add(labels, Point { at: now, value }, now);
            });
            kept.is_new = false;
        }
        self.members = 0;
        self.metrics.retain(|_, kept| {
            let keep = if matches!(kept.value, Value::Gauge(_)) { GAUGE_KEPT } else { rules.expire };
            kept.last.age_at(now) < keep
        });
        received.forget(now);
    }
}

impl Value {
    fn take(&mut self, values: &Values<'_>, rate: f64, rules: &Rules, members: &mut usize) -> Result<(), Refused> {
        match (self, values) {
            (Self::Counter(sum), Values::Counter(all)) => *sum += all.iter().sum::<f64>() / rate,
            (Self::Gauge(value), Values::Gauge(levels)) => {
                for level in levels {
                    *value = match level {
                        Level::Moved(by) if rules.gauge_deltas => *value + by,
                        Level::Is(level) | Level::Moved(level) => *level,
                    };
                }
            }
            (Self::Timer { samples, count }, Values::Samples(all)) => {
                for sample in all {
                    *count += 1.0 / rate;
                    samples.add(*sample);
                }
            }
            (Self::Set(set, is_cut), Values::Member(member)) => {
                let hash = hash(member);
                if set.contains(&hash) {
                    return Ok(());
                }
                if *members == MAX_MEMBERS {
                    *is_cut = true;
                    return Err(Refused::TooManyMembers);
                }
                set.insert(hash);
                *members += 1;
            }
            _ => return Err(Refused::OtherType),
        }
        Ok(())
    }

    fn flush(&mut self, labels: &Labels, is_new: bool, rules: &Rules, mut add: impl FnMut(&Labels, f64)) {
        match self {
            Self::Counter(sum) => add(labels, std::mem::take(sum)),
            Self::Gauge(value) => {
                if is_new {
                    add(labels, *value);
                }
            }
            Self::Timer { samples, count } => {
                add(&labels.suffixed("count"), std::mem::take(count));
                for (percent, value) in samples.percentiles(&rules.percentiles) {
                    add(&labels.suffixed(&percentile::name(percent)), value);
                }
                samples.clear();
            }
            Self::Set(set, is_cut) => {
                // Of a set in which some had no room nobody knows how many there are.
                add(labels, if std::mem::take(is_cut) { f64::NAN } else { set.len() as f64 });
                set.clear();
            }
        }
    }
}

/// The series that a metric becomes.
fn series(labels: &Labels, value: &Value, rules: &Rules) -> Vec<Labels> {
    if !matches!(value, Value::Timer { .. }) {
        return vec![labels.clone()];
    }
    let percentiles = rules.percentiles.iter().map(|percentile| percentile::name(*percentile));
    std::iter::once("count".to_owned()).chain(percentiles).map(|suffix| labels.suffixed(&suffix)).collect()
}

/// A value that is not joined with others.
fn alone(
    metric: &Metric<'_>,
    labels: &Labels,
    (at, now): (Timestamp, Timestamp),
    received: &mut Received,
) -> Result<(), Refused> {
    let value = match &metric.values {
        Values::Counter(all) => all.iter().sum::<f64>() / metric.rate,
        Values::Gauge(levels) => match levels.last() {
            Some(Level::Is(value) | Level::Moved(value)) => *value,
            None => return Ok(()),
        },
        // The protocol has moments of counters and gauges only.
        Values::Samples(_) | Values::Member(_) => return Err(Refused::OtherType),
    };
    if received.add(labels, Point { at, value }, now) { Ok(()) } else { Err(Refused::OverLimit) }
}

/// Members are told apart by their hashes: of 200,000 two are taken for one in about one flush of a billion.
fn hash(member: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    member.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::line::{Said, parse};
    use super::*;
    use crate::model::series::MAX_SERIES;
    use crate::source::received::Selector;

    fn rules() -> Rules {
        Rules { percentiles: vec![50.0, 90.0, 99.9], expire: Span::seconds(300), gauge_deltas: true }
    }

    #[derive(Default)]
    struct Run {
        aggregate: Aggregate,
        received: Received,
        read: u64,
    }

    impl Run {
        fn say(&mut self, line: &str, at: i64) -> Result<(), Refused> {
            for said in parse(line).unwrap() {
                let Said::Metric(metric) = said else { panic!("{line}") };
                self.aggregate.add(&metric, &rules(), &mut self.received, Timestamp(at))?;
            }
            Ok(())
        }

        /// What a flush tells: "name tags=value".
        fn flush(&mut self, at: i64) -> Vec<String> {
            self.aggregate.flush(&rules(), &mut self.received, Timestamp(at));
            let new = self.received.since(self.read, &Selector::default());
            self.read = self.received.number();
            let told = |one: &crate::model::series::Series| {
                format!(
                    "{}={}",
                    one.labels.values().chain(one.labels.get(METRIC)).collect::<Vec<_>>().join(" "),
                    one.points[0].value
                )
            };
            new.series.iter().map(told).collect()
        }
    }

    #[test]
    fn each_type_is_joined_in_its_own_way() {
        let mut run = Run::default();
        for line in [
            "c:1|c",
            "c:2:3|c|@0.5",
            "c:1|c|#z:a",
            "g:7|g",
            "g:+3|g",
            "g:-20|g",
            "s:a|s",
            "s:a|s",
            "s:b|s",
            "t:1:2:3:4|ms",
            "t:5:6:7:8:9:10|h|@0.5",
        ] {
            run.say(line, 0).unwrap();
        }
        let first = ["c=11", "a c=1", "g=-10", "s=2", "t.count=16", "t.p50=5", "t.p90=9", "t.p99_9=10"];
        assert_eq!(run.flush(10_000), first);
        // Nothing came: nothing was counted, nobody is there, and of the gauge there is no news.
        assert_eq!(run.flush(20_000), ["c=0", "a c=0", "s=0", "t.count=0"]);
        run.say("g:+1|g", 20_000).unwrap();
        assert_eq!(
            run.flush(30_000),
            ["c=0", "a c=0", "g=-9", "s=0", "t.count=0"],
            "a delta goes on from the last value"
        );
        assert_eq!(run.flush(300_000), ["c=0", "a c=0", "s=0", "t.count=0"]);
        assert!(run.flush(310_000).is_empty(), "who says nothing for so long is not there any more");
    }

    #[test]
    fn a_name_has_one_type() {
        let mut run = Run::default();
        run.say("x:1|c", 0).unwrap();
        assert_eq!(run.say("x:1|g", 0), Err(Refused::OtherType));
        assert_eq!(run.say("x:1|g|T1", 5000), Err(Refused::OtherType));
        assert_eq!(run.say("y:1|ms|T1", 5000), Err(Refused::OtherType));
        assert_eq!(run.flush(1), ["x=1"]);
    }

    #[test]
    fn a_value_with_a_moment_of_its_own_is_not_joined_and_none_is_of_the_future() {
        let mut run = Run::default();
        for line in ["x:1|c|T1", "x:2|c|T2", "x:3|c|T99"] {
            run.say(line, 5000).unwrap();
        }
        let all = run.received.since(0, &Selector::default()).series;
        let points: Vec<(i64, f64)> = all[0].points.iter().map(|point| (point.at.0, point.value)).collect();
        assert_eq!(points, [(1000, 1.0), (2000, 2.0), (5000, 3.0)]);
    }

    #[test]
    fn names_and_members_without_end_are_bounded() {
        let mut run = Run::default();
        let refused = (0..20_000).filter(|n| run.say(&format!("n{n}:1|ms"), 0) == Err(Refused::OverLimit)).count();
        assert_eq!(refused, 20_000 - MAX_SERIES / 4, "a timer becomes four series");
    }

    #[test]
    fn a_set_that_has_no_room_for_all_has_no_number() {
        let mut run = Run::default();
        let refused = (0..MAX_MEMBERS + 10).filter(|n| run.say(&format!("s:{n}|s"), 0).is_err()).count();
        run.say("s:1|s", 0).unwrap();
        assert_eq!(refused, 10);
        assert_eq!(run.flush(1), ["s=NaN"]);
        run.say("s:1|s", 2).unwrap();
        assert_eq!(run.flush(3), ["s=1"]);
    }
}
