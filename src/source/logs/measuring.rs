//! The rules of a source at work: a value of each for every step of time.
//!
//! Steps end at whole multiples of their length: what is measured again after a restart is of the same moments.

use std::collections::BTreeMap;

use super::keys::Config;
use super::merge::Arrived;
use super::rule::Running;
use crate::model::log::LogLine;
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};
use crate::source::received::Received;

/// Most steps that are measured of lines that were there before.
const MOST_PAST: i64 = 360;

/// All rules of a source.
#[derive(Debug)]
pub(super) struct Measuring {
    rules: Vec<Running>,
    every: Span,
    /// The end of the last step that was measured.
    measured: Timestamp,
    /// Since when everything has been read.
    known_since: Timestamp,
    /// Whether lines that were there before may still be measured: only those that come first, and together.
    has_past: bool,
}

impl Measuring {
    pub(super) fn new(config: &Config, now: Timestamp) -> Self {
        let rules = config.rules.iter().filter_map(|(name, rule)| Running::new(name, rule)).collect();
        let every = config.every;
        Self { rules, every, measured: begin_of(now, every), known_since: now, has_past: true }
    }

    pub(super) fn take(&mut self, line: &LogLine) {
        self.rules.iter_mut().for_each(|rule| rule.take(line));
    }

    /// The rules that have never matched.
    pub(super) fn unmatched(&self) -> Vec<String> {
        self.rules.iter().filter(|rule| !rule.has_matched()).map(|rule| rule.name().to_owned()).collect()
    }

    /// A value of each rule, when a step has ended; whether there was one.
    pub(super) fn measure(&mut self, received: &mut Received, now: Timestamp) -> bool {
        let end = begin_of(now, self.every);
        // Also when the clock was set back.
        if end == self.measured || self.rules.is_empty() {
            return false;
        }
        self.leave_past();
        // What is known since a moment that lies ahead: the clock was set back.
        self.known_since = self.known_since.min(now);
        let begin = std::mem::replace(&mut self.measured, end);
        let is_whole = end > begin && begin >= self.known_since;
        if is_whole {
            self.values(begin.age_at(end), end, received, now);
        } else {
            // Of a step that was read in part nobody knows how many there were.
            self.discard();
        }
        received.forget(now);
        is_whole
    }

    /// Nothing can be read now: what has come in this step is not all of it.
    pub(super) fn interrupt(&mut self, now: Timestamp) {
        self.known_since = now.plus(Span(1));
        self.measured = begin_of(now, self.every);
        self.discard();
    }

    fn discard(&mut self) {
        self.rules.iter_mut().for_each(Running::discard);
    }

    fn values(&mut self, span: Span, at: Timestamp, received: &mut Received, now: Timestamp) {
        for rule in &mut self.rules {
            rule.values(span, |labels, value| {
                let _over_the_limit = received.add(labels, Point { at, value }, now);
            });
        }
    }

    /// Measures the lines that were there before the board was, by the times they say: from where all files are known to
    /// their end.
    pub(super) fn measure_past(&mut self, arrived: &[Arrived], received: &mut Received, now: Timestamp) {
        let mut lines: Vec<&Arrived> = arrived.iter().filter(|one| one.was_there && one.has_time).collect();
        lines.sort_by_key(|one| one.line.at);
        let mut firsts: BTreeMap<u64, Timestamp> = BTreeMap::new();
        for one in &lines {
            firsts.entry(one.origin).or_insert(one.line.at);
        }
        let may = std::mem::replace(&mut self.has_past, false);
        let Some(known_from) = firsts.into_values().max().filter(|_| may) else { return };
        let until = begin_of(now, self.every);
        let earliest = until.minus(self.every.times(MOST_PAST as f64));
        let begin = begin_of(known_from.max(earliest), self.every).plus(self.every);
        let mut lines = lines.into_iter().skip_while(|one| one.line.at < begin).peekable();
        let mut end = begin;
        while end < until {
            end = end.plus(self.every);
            while let Some(one) = lines.next_if(|one| one.line.at < end) {
                self.take(&one.line);
            }
            self.values(self.every, end, received, now);
        }
        // What is left is of the step that goes on.
        lines.for_each(|one| self.take(&one.line));
        (self.measured, self.known_since) = (until, until);
    }

    /// Lines that were there before are not measured any more: what has been counted since would be counted with them.
    pub(super) const fn leave_past(&mut self) {
        self.has_past = false;
    }
}

/// When the step of a moment has begun.
const fn begin_of(at: Timestamp, every: Span) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(if every.0 > 0 { every.0 } else { 1 }))
}

#[cfg(test)]
mod tests {
    use super::super::merge::{Merge, Written};
    use super::*;
    use crate::model::time::Timestamp;
    use crate::source::received::Selector;
    use jiff::tz::TimeZone;

    const NOON: Timestamp = Timestamp(1_795_262_400_000);

    fn measuring() -> Measuring {
        let config: Config = toml_edit::de::from_str("files = [\"/a\"]\n[rules.errors]\nlevel = \"error\"").unwrap();
        Measuring::new(&config, NOON)
    }

    fn arrived(lines: &[(i64, &str, bool)]) -> Vec<Arrived> {
        let mut merge = Merge::new(super::super::format::Parser::default(), String::new(), TimeZone::UTC, NOON);
        for (second, level, was_there) in lines {
            let text = format!("{} {level} x", NOON.plus(Span::seconds(*second)).rfc3339());
            let written = if *was_there { Written::Before } else { Written::Now };
            merge.take(1, text.as_bytes(), written, NOON.plus(Span::seconds(3)));
        }
        merge.ready(NOON.plus(Span::seconds(4)))
    }

    fn values(received: &Received) -> Vec<(i64, f64)> {
        let set = received.since(0, &Selector::default());
        let points = set.series.iter().flat_map(|one| &one.points);
        points.map(|point| ((point.at.0 - NOON.0) / 1000, point.value)).collect()
    }

    #[test]
    fn lines_that_were_there_are_measured_by_their_times() {
        let (mut measuring, mut received) = (measuring(), Received::default());
        let past =
            [(-38, "ERROR", true), (-25, "ERROR", true), (-24, "ERROR", true), (-9, "INFO", true), (1, "ERROR", true)];
        measuring.measure_past(&arrived(&past), &mut received, NOON.plus(Span::seconds(4)));
        // The first step is not known from its beginning.
        assert_eq!(values(&received), [(-20, 2.0), (-10, 0.0), (0, 0.0)]);
        assert!(!measuring.measure(&mut received, NOON.plus(Span::seconds(9))));
        assert!(measuring.measure(&mut received, NOON.plus(Span::seconds(10))));
        assert_eq!(values(&received).last(), Some(&(10, 1.0)));
        assert_eq!(measuring.unmatched(), [""; 0]);
    }

    #[test]
    fn old_lines_that_come_late_are_not_counted_with_new_ones() {
        let (mut measuring, mut received) = (measuring(), Received::default());
        for one in arrived(&[(5, "ERROR", false)]) {
            measuring.take(&one.line);
        }
        measuring.leave_past();
        measuring.measure_past(&arrived(&[(-40, "ERROR", true), (-20, "ERROR", true)]), &mut received, NOON);
        measuring.measure(&mut received, NOON.plus(Span::seconds(10)));
        assert_eq!(values(&received), [(10, 1.0)]);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing() {
        let (mut measuring, mut received) = (measuring(), Received::default());
        for second in [-3600, -3590, -3580] {
            measuring.measure(&mut received, NOON.plus(Span::seconds(second)));
        }
        assert_eq!(values(&received), [(-3590, 0.0), (-3580, 0.0)]);
    }

    #[test]
    fn a_step_that_is_read_in_part_has_no_value() {
        let (mut measuring, mut received) = (measuring(), Received::default());
        measuring.measure(&mut received, NOON.plus(Span::seconds(10)));
        for one in arrived(&[(12, "ERROR", false)]) {
            measuring.take(&one.line);
        }
        measuring.interrupt(NOON.plus(Span::seconds(14)));
        for second in [20, 30] {
            measuring.measure(&mut received, NOON.plus(Span::seconds(second)));
        }
        assert_eq!(values(&received), [(10, 0.0), (30, 0.0)]);
    }

    #[test]
    fn nothing_is_nought_for_as_long_as_somebody_looks() {
        let (mut measuring, mut received) = (measuring(), Received::default());
        for second in [5, 10, 20, 45] {
            measuring.measure(&mut received, NOON.plus(Span::seconds(second)));
        }
        assert_eq!(values(&received), [(10, 0.0), (20, 0.0), (40, 0.0)]);
        assert_eq!(measuring.unmatched(), ["errors"]);
    }
}
