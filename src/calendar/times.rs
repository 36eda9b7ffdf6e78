//! The times of day that a rule picks.
//!
//! Source: RFC 5545, section 3.3.10. `BYHOUR`, `BYMINUTE` and `BYSECOND` limit what is as fine as the frequency, or
//! coarser, and expand the rest.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::frequency::Frequency;
use super::parts::{Effect, Part};
use super::rule::Rule;

/// In seconds.
const DAY: i64 = 86_400;

/// The times of day of a rule, in seconds.
#[derive(Debug)]
pub(super) struct Times {
    /// What begins within a day: hours, minutes or seconds; the day alone where a rule repeats no more often.
    units: Vec<i64>,
    /// What there is in each of them.
    pub(super) within: Vec<i64>,
    /// How far apart the units are; none where a rule repeats no more often than daily.
    step: Option<i64>,
    /// Where they begin.
    start: DateTime,
}

impl Times {
    pub(super) fn new(rule: &Rule, start: DateTime) -> Self {
        let unit = match rule.frequency {
            Frequency::Secondly => Some(1),
            Frequency::Minutely => Some(60),
            Frequency::Hourly => Some(3600),
            _ => None,
        };
        Self {
            units: combined(rule, Effect::Limit, start),
            within: combined(rule, Effect::Expand, start),
            step: unit.map(|unit: i64| unit.saturating_mul(rule.interval)),
            start: truncated(start, unit.unwrap_or(DAY)),
        }
    }

    /// What begins on a day; and how many were looked at.
    pub(super) fn units(&self, day: Date) -> (Vec<i64>, usize) {
        let Some(step) = self.step else { return (vec![0], 1) };
        let passed = day.at(0, 0, 0, 0).duration_since(self.start).as_secs();
        // The first on this day, or after it.
        let first = (-passed).rem_euclid(step);
        let steps = if first < DAY { (DAY - 1 - first) / step + 1 } else { 0 };
        if (steps as usize) < self.units.len() {
            let all = (0..steps).map(|number| first + number * step);
            return (all.filter(|unit| self.units.binary_search(unit).is_ok()).collect(), steps as usize);
        }
        let fits = |unit: &&i64| (**unit - first).rem_euclid(step) == 0;
        (self.units.iter().filter(fits).copied().collect(), self.units.len())
    }

    /// How many times it holds.
    pub(super) fn size(&self) -> usize {
        self.units.len() + self.within.len()
    }
}

/// All combinations of those parts that have this effect, in order.
fn combined(rule: &Rule, effect: Effect, start: DateTime) -> Vec<i64> {
    let parts = [
        (Part::Hour, 3600, 24, start.hour()),
        (Part::Minute, 60, 60, start.minute()),
        (Part::Second, 1, 60, start.second()),
    ];
    let mut all = vec![0];
    for (part, seconds, most, own) in parts.into_iter().filter(|(part, ..)| rule.effect(*part) == effect) {
        let values: Vec<i64> = match effect {
            _ if rule.has(part) => rule.numbers(part).iter().copied().map(i64::from).collect(),
            Effect::Limit => (0..most).collect(),
            _ => vec![own.into()],
        };
        all = all.iter().flat_map(|before| values.iter().map(move |value| before + value * seconds)).collect();
    }
    all
}

/// The begin of the unit in which a moment lies.
fn truncated(at: DateTime, unit: i64) -> DateTime {
    let seconds = i64::from(at.hour()) * 3600 + i64::from(at.minute()) * 60 + i64::from(at.second());
    moment(at.date(), seconds - seconds % unit).unwrap_or(at)
}

/// So many seconds after the start of a day.
pub(super) fn moment(day: Date, seconds: i64) -> Option<DateTime> {
    day.at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(seconds)).ok()
}
