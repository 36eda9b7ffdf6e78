//! The moments that a rule yields.
//!
//! Source: RFC 5545, section 3.3.10: periods of the frequency, the days and times of day that the parts pick in
//! each, of those the ones that `BYSETPOS` names, and of all as many as `COUNT` and `UNTIL` allow.
//!
//! A rule is worked out in what clocks show: an entry at nine stays at nine when they change. Each loop ends with the
//! window that is asked for, so a rule that never comes true is as quick as any other.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::effort::{Effort, TooMuch};
use super::frequency::Frequency;
use super::parts::Part;
use super::rule::Rule;
use super::times::{Times, moment};

/// What a period costs besides its days.
const PERIOD: i64 = 10;
/// Most moments of one entry within a window: more than one an hour for two months.
pub(super) const MOST_MOMENTS: usize = 2000;

/// Why no more is looked for.
enum Stop {
    /// There is no more.
    Over,
    TooMuch,
}

impl From<TooMuch> for Stop {
    fn from(TooMuch: TooMuch) -> Self {
        Self::TooMuch
    }
}

/// A rule on its way through time.
struct Walk<'a> {
    rule: Rule,
    times: Times,
    start: DateTime,
    /// No moment is after this one.
    last: DateTime,
    /// How many more there may be.
    left: Option<u64>,
    window: (Date, Date),
    effort: &'a mut Effort,
    found: Vec<DateTime>,
}

impl Rule {
    /// Its moments on the days of a window, in order, as the clocks of a zone show them. A first date that does not
    /// fit the rule is none of them, and is not counted: what the RFC leaves open, programs do both ways.
    pub(super) fn moments(
        &self,
        start: DateTime,
        zone: &TimeZone,
        window: (Date, Date),
        effort: &mut Effort,
    ) -> Result<Vec<DateTime>, TooMuch> {
        let rule = self.completed(start.date());
        let times = Times::new(&rule, start);
        effort.spend(times.size() as i64)?;
        let last = self.until.and_then(|until| until.local(zone)).unwrap_or(DateTime::MAX);
        let mut walk = Walk { rule, times, start, last, left: self.count, window, effort, found: Vec::new() };
        match walk.walk() {
            Err(Stop::TooMuch) => Err(TooMuch),
            Ok(()) | Err(Stop::Over) => Ok(walk.found),
        }
    }
}

impl Walk<'_> {
    fn walk(&mut self) -> Result<(), Stop> {
        let begin = self.start.date();
        // Only what is counted has to be followed from its start.
        let from = if self.left.is_some() { begin } else { begin.max(self.window.0) };
        if self.rule.frequency < Frequency::Daily {
            return self.within_days(from);
        }
        let Some(first) = self.rule.period_of(begin) else { return Ok(()) };
        for intervals in self.rule.intervals_before(first, from).. {
            let Some(period) = self.rule.period_after(first, intervals) else { break };
            if period.first > self.window.1 {
                break;
            }
            self.effort.spend(PERIOD)?;
            let days = self.rule.days(period, self.effort)?;
            self.pick(&days, 0)?;
        }
        Ok(())
    }

    /// What repeats within a day: day by day, so that days on which it cannot are skipped whole.
    fn within_days(&mut self, from: Date) -> Result<(), Stop> {
        let mut day = from;
        while day <= self.window.1 && day <= self.last.date() {
            self.effort.spend(PERIOD + self.rule.compared() as i64)?;
            if self.rule.fits(day) {
                let (units, looked_at) = self.times.units(day);
                self.effort.spend(looked_at as i64)?;
                for unit in units {
                    self.pick(&[day], unit)?;
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Ok(())
    }

    /// Takes from a period, which is each of its days at each time from a second of the day on, what `BYSETPOS` names.
    fn pick(&mut self, days: &[Date], from: i64) -> Result<(), Stop> {
        let size = days.len() * self.times.within.len();
        if !self.rule.has(Part::SetPos) {
            return (0..size).try_for_each(|index| self.take(days, from, index));
        }
        self.effort.spend(self.rule.numbers(Part::SetPos).len() as i64)?;
        let index = |wanted: &i16| {
            let far = usize::from(wanted.unsigned_abs());
            if *wanted > 0 { Some(far - 1) } else { size.checked_sub(far) }
        };
        let wanted = self.rule.numbers(Part::SetPos).iter().filter_map(index);
        let mut indices: Vec<usize> = wanted.filter(|index| *index < size).collect();
        indices.sort_unstable();
        indices.dedup();
        indices.into_iter().try_for_each(|index| self.take(days, from, index))
    }

    /// Takes one moment of a period, unless it is before the first date, or all is over.
    fn take(&mut self, days: &[Date], from: i64, index: usize) -> Result<(), Stop> {
        self.effort.spend(1)?;
        let times = &self.times.within;
        let day = days.get(index / times.len().max(1));
        let time = times.get(index % times.len().max(1));
        let Some(at) = day.zip(time).and_then(|(day, time)| moment(*day, from + time)) else { return Ok(()) };
        if at < self.start {
            return Ok(());
        }
        if at > self.last || self.left == Some(0) || at.date() > self.window.1 {
            return Err(Stop::Over);
        }
        self.left = self.left.map(|left| left - 1);
        if at.date() >= self.window.0 {
            self.found.push(at);
        }
        if self.found.len() > MOST_MOMENTS { Err(Stop::TooMuch) } else { Ok(()) }
    }
}
