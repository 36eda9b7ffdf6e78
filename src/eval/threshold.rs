//! Limits: when a number is a warning or critical, and since when.
//!
//! Each value is followed once, when it comes: the verdict depends neither on what is drawn nor on the
//! length of the window, and a second costs the same however long the past is.

use crate::model::judgement::{Judgement, LimitBand};
use crate::model::series::Point;
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};

/// A condition on a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// `"< 40"`
    Below(f64),
    /// `"<= 40"`
    AtMost(f64),
    /// `"> 0.9"`
    Above(f64),
    /// `">= 0.9"`
    AtLeast(f64),
    /// `"outside 20..80"`
    Outside(f64, f64),
    /// `"inside 0..1"`, the ends included.
    Inside(f64, f64),
}

type Make = fn(f64) -> Bound;

const SIGNS: [(&str, Make); 4] =
    [("<=", Bound::AtMost), (">=", Bound::AtLeast), ("<", Bound::Below), (">", Bound::Above)];

impl Bound {
    /// Reads the form of the config file; the error is a sentence with a remedy.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORMS: &str = "write it like \"< 40\", \"> 0.9\", \"outside 20..80\" or \"inside 0..1\"";
        let text = text.trim();
        let number = |part: &str| {
            part.trim()
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .ok_or_else(|| format!("'{}' is not a number; {FORMS}", part.trim()))
        };
        let range = |part: &str| {
            let (from, to) = part.split_once("..").ok_or_else(|| format!("'{text}' has no range; {FORMS}"))?;
            let (from, to) = (number(from)?, number(to)?);
            if from > to {
                return Err(format!("the range {from}..{to} is upside down; write {to}..{from}"));
            }
            Ok((from, to))
        };
        if let Some(rest) = text.strip_prefix("outside") {
            return range(rest).map(|(from, to)| Self::Outside(from, to));
        }
        if let Some(rest) = text.strip_prefix("inside") {
            return range(rest).map(|(from, to)| Self::Inside(from, to));
        }
        for (sign, make) in SIGNS {
            if let Some(rest) = text.strip_prefix(sign) {
                return number(rest).map(make);
            }
        }
        Err(format!("'{text}' is not a condition; {FORMS}"))
    }

    /// Whether every number that meets it meets the other one before.
    pub fn comes_after(self, other: Self) -> bool {
        match (self, other) {
            (Self::Above(own) | Self::AtLeast(own), Self::Above(other) | Self::AtLeast(other)) => own > other,
            (Self::Below(own) | Self::AtMost(own), Self::Below(other) | Self::AtMost(other)) => own < other,
            _ => false,
        }
    }

    /// Whether a number meets the condition. `slack` widens it: what is once met ends only beyond it.
    pub fn is_met(self, value: f64, slack: f64) -> bool {
        match self {
            Self::Below(limit) => value < limit + slack,
            Self::AtMost(limit) => value <= limit + slack,
            Self::Above(limit) => value > limit - slack,
            Self::AtLeast(limit) => value >= limit - slack,
            Self::Outside(from, to) => value < from + slack || value > to - slack,
            Self::Inside(from, to) => (from - slack..=to + slack).contains(&value),
        }
    }

    /// The ranges of numbers that meet it, from (none: from below) and up to.
    pub fn ranges(self) -> Vec<(Option<f64>, Option<f64>)> {
        match self {
            Self::Below(v) | Self::AtMost(v) => vec![(None, Some(v))],
            Self::Above(v) | Self::AtLeast(v) => vec![(Some(v), None)],
            Self::Outside(from, to) => vec![(None, Some(from)), (Some(to), None)],
            Self::Inside(from, to) => vec![(Some(from), Some(to))],
        }
    }

    /// The largest of its numbers by size: what a relative slack is relative to.
    fn scale(self) -> f64 {
        self.ranges().into_iter().flat_map(|(low, high)| [low, high]).flatten().map(f64::abs).fold(0.0, f64::max)
    }

    /// How it reads in a sentence about a value that meets it: "> 1.5 s".
    pub fn phrase(self, number: impl Fn(f64) -> String) -> String {
        match self {
            Self::Below(v) => format!("< {}", number(v)),
            Self::AtMost(v) => format!("≤ {}", number(v)),
            Self::Above(v) => format!("> {}", number(v)),
            Self::AtLeast(v) => format!("≥ {}", number(v)),
            Self::Outside(from, to) => format!("outside {} to {}", number(from), number(to)),
            Self::Inside(from, to) => format!("inside {} to {}", number(from), number(to)),
        }
    }
}

/// How far back a value must come before a limit counts as left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hysteresis {
    /// In the panel's unit.
    Absolute(f64),
    /// A ratio of the limit.
    Relative(f64),
}

impl Default for Hysteresis {
    fn default() -> Self {
        Self::Absolute(0.0)
    }
}

impl Hysteresis {
    /// Reads `"5%"` or a number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a hysteresis; write a number in the panel's unit, or \"5%\"");
        let (number, relative) = match text.trim().strip_suffix('%') {
            Some(number) => (number, true),
            None => (text, false),
        };
        let value: f64 = number.trim().parse().map_err(|_| wrong())?;
        if !value.is_finite() || value < 0.0 {
            return Err(wrong());
        }
        Ok(if relative { Self::Relative(value / 100.0) } else { Self::Absolute(value) })
    }

    fn slack(self, bound: Bound) -> f64 {
        match self {
            Self::Absolute(slack) => slack,
            Self::Relative(ratio) => bound.scale() * ratio,
        }
    }
}

/// The limits of a panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Thresholds {
    /// When it is a warning.
    pub warning: Option<Bound>,
    /// When it is critical.
    pub critical: Option<Bound>,
    /// How long before it counts (`for`).
    pub hold: Span,
    /// How far back before it ends.
    pub hysteresis: Hysteresis,
}

/// One condition, followed over time.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Follow {
    met_since: Option<Timestamp>,
}

impl Follow {
    fn step(&mut self, bound: Option<Bound>, hysteresis: Hysteresis, point: Point) {
        let Some(bound) = bound else { return };
        let slack = if self.met_since.is_some() { hysteresis.slack(bound) } else { 0.0 };
        if bound.is_met(point.value, slack) {
            self.met_since.get_or_insert(point.at);
        } else {
            self.met_since = None;
        }
    }

    fn counts(self, now: Timestamp, hold: Span) -> bool {
        self.met_since.is_some_and(|since| since.age_at(now) >= hold)
    }
}

impl Thresholds {
    /// Whether there are any.
    pub const fn is_some(&self) -> bool {
        self.warning.is_some() || self.critical.is_some()
    }

    /// What to draw over a graph, the critical ones last.
    pub fn bands(&self) -> Vec<LimitBand> {
        let bands = |bound: Option<Bound>, status| {
            let ranges = bound.into_iter().flat_map(Bound::ranges);
            ranges.map(move |(low, high)| LimitBand { status, low, high })
        };
        bands(self.warning, Status::Warning).chain(bands(self.critical, Status::Critical)).collect()
    }

    /// The bound behind a status.
    pub const fn bound(&self, status: Status) -> Option<Bound> {
        match status {
            Status::Warning => self.warning,
            Status::Critical => self.critical,
            Status::Ok | Status::Unknown => None,
        }
    }

    /// Judges one value on its own, whatever came before it.
    pub fn judge_value(&self, value: f64) -> Judgement {
        let mut levels = Levels::default();
        levels.follow(self, &[Point { at: Timestamp(0), value }]);
        Self { hold: Span(0), ..self.clone() }.judgement(&levels)
    }

    /// The verdict on a series, as of the last value that was followed; without one it is unknown.
    pub fn judgement(&self, levels: &Levels) -> Judgement {
        let Some((first, last)) = levels.first.zip(levels.last()) else { return Judgement::new(Status::Unknown) };
        let each = [(Status::Critical, levels.critical), (Status::Warning, levels.warning)];
        let counted = each.iter().find(|(_, follow)| follow.counts(last, self.hold));
        let status = counted.map_or(Status::Ok, |(status, _)| *status);
        let crossed = each.iter().find(|(_, follow)| follow.met_since.is_some());
        let pending = crossed.filter(|(pending, _)| pending.severity() > status.severity());
        let is_open = |one: Option<&(Status, Follow)>| {
            one.and_then(|(_, follow)| follow.met_since).is_some_and(|begin| begin <= first)
        };
        Judgement {
            status,
            since: counted.and_then(|(_, follow)| follow.met_since),
            pending: pending.map(|(status, _)| *status),
            open_start: is_open(counted.or(pending)),
            pending_open: is_open(pending),
        }
    }
}

/// How the limits of one series stand: all that judging the next value needs of those before.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Levels {
    warning: Follow,
    critical: Follow,
    /// The first finite value that was followed.
    first: Option<Timestamp>,
    /// The last one.
    last: Option<Point>,
}

impl Levels {
    /// The last moment that was followed.
    pub fn last(&self) -> Option<Timestamp> {
        self.last.map(|point| point.at)
    }

    /// Follows values, oldest first, that are later than all before; or the last one again, when its source has
    /// corrected it. Those that are not finite tell nothing and change nothing.
    pub fn follow(&mut self, limits: &Thresholds, points: &[Point]) {
        for &point in points {
            if !point.value.is_finite() || self.last.is_some_and(|last| point.at < last.at || point == last) {
                continue;
            }
            // What is critical is a warning, too: a value that eases from one to the other has not
            // started again.
            self.critical.step(limits.critical, limits.hysteresis, point);
            self.warning.step(limits.warning, limits.hysteresis, point);
            if limits.warning.is_some() && self.critical.met_since.is_some() && self.warning.met_since.is_none() {
                self.warning.met_since = self.critical.met_since;
            }
            self.first.get_or_insert(point.at);
            self.last = Some(point);
        }
    }

    /// The clock by which the values were stamped was set back.
    pub fn set_back(&mut self, by: Span) {
        let last = self.last.as_mut().map(|point| &mut point.at);
        let moments = [&mut self.warning.met_since, &mut self.critical.met_since, &mut self.first];
        for moment in moments.into_iter().flatten().chain(last) {
            *moment = moment.minus(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(values: &[f64]) -> Vec<Point> {
        values.iter().enumerate().map(|(i, &value)| Point { at: Timestamp(i as i64 * 1000), value }).collect()
    }

    fn judge(limits: &Thresholds, points: &[Point]) -> Judgement {
        let mut levels = Levels::default();
        levels.follow(limits, points);
        limits.judgement(&levels)
    }

    fn limits(warning: &str, critical: &str) -> Thresholds {
        Thresholds {
            warning: Some(Bound::parse(warning).unwrap()),
            critical: Some(Bound::parse(critical).unwrap()),
            ..Thresholds::default()
        }
    }

    #[test]
    fn a_critical_limit_alone_is_left_without_a_warning() {
        let alone = Thresholds { critical: Some(Bound::Above(5.0)), ..Thresholds::default() };
        let point = |at: i64, value| Point { at: Timestamp(at * 1000), value };
        let judged = |points: &[Point]| judge(&alone, points).status;
        assert_eq!(judged(&[point(0, 1.0), point(1, 9.0)]), Status::Critical);
        assert_eq!(judged(&[point(0, 1.0), point(1, 9.0), point(2, 1.0)]), Status::Ok);
    }

    #[test]
    fn every_form_is_read() {
        for (text, met, not) in [
            ("< 40", 39.9, 40.0),
            ("<= 40", 40.0, 40.1),
            ("> 0.9", 0.91, 0.9),
            (">=-2", -2.0, -2.1),
            ("outside 20..80", 19.0, 20.0),
            ("inside 0..1", 1.0, 1.1),
            ("inside -5..-1", -3.0, 0.0),
        ] {
            let bound = Bound::parse(text).unwrap();
            assert!(bound.is_met(met, 0.0) && !bound.is_met(not, 0.0), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused_with_a_remedy() {
        for text in ["40", "< forty", "outside 20", "inside 9..1", "", "=> 4", "> NaN"] {
            let error = Bound::parse(text).unwrap_err();
            assert!(error.contains("write"), "{text}: {error}");
        }
    }

    #[test]
    fn critical_outranks_warning_and_tells_since_when() {
        let judged = judge(&limits("> 5", "> 8"), &line(&[1.0, 6.0, 7.0, 9.0, 9.5]));
        assert_eq!(
            judged,
            Judgement {
                status: Status::Critical,
                since: Some(Timestamp(3000)),
                pending: None,
                open_start: false,
                pending_open: false
            }
        );
        let judged = judge(&limits("> 5", "> 8"), &line(&[1.0, 9.0, 7.0]));
        assert_eq!((judged.status, judged.since), (Status::Warning, Some(Timestamp(1000))));
    }

    #[test]
    fn a_limit_counts_only_after_its_hold() {
        let mut limits = limits("> 5", "> 8");
        limits.hold = Span::seconds(2);
        let judged = judge(&limits, &line(&[1.0, 9.0, 9.0]));
        assert_eq!((judged.status, judged.pending), (Status::Ok, Some(Status::Critical)));
        assert_eq!(judge(&limits, &line(&[1.0, 9.0, 9.0, 9.0])).status, Status::Critical);
        assert_eq!(judge(&limits, &line(&[9.0, 9.0, 1.0, 9.0])).status, Status::Ok, "a dip begins anew");
    }

    #[test]
    fn hysteresis_keeps_it_until_the_value_is_well_back() {
        let mut limits = limits("> 5", "> 8");
        limits.hysteresis = Hysteresis::parse("10%").unwrap();
        assert_eq!(judge(&limits, &line(&[8.5, 7.9])).status, Status::Critical);
        assert_eq!(judge(&limits, &line(&[7.9])).status, Status::Warning);
        assert_eq!(judge(&limits, &line(&[8.5, 7.1])).status, Status::Warning);
    }

    #[test]
    fn gaps_tell_nothing_and_nothing_followed_is_unknown() {
        let limits = limits("> 5", "> 8");
        assert_eq!(judge(&limits, &line(&[9.0, f64::NAN, 9.0])).since, Some(Timestamp(0)));
        assert_eq!(judge(&limits, &[]).status, Status::Unknown);
    }

    #[test]
    fn what_was_crossed_at_the_first_value_may_have_begun_before() {
        let mut limits = limits("> 5", "> 8");
        assert!(judge(&limits, &line(&[9.0, 9.0])).open_start);
        assert!(!judge(&limits, &line(&[1.0, 9.0])).open_start);
        limits.hold = Span::seconds(60);
        let pending = judge(&limits, &line(&[9.0]));
        assert_eq!((pending.status, pending.pending, pending.pending_open), (Status::Ok, Some(Status::Critical), true));
        assert!(!judge(&limits, &line(&[1.0, 9.0])).pending_open, "the source's own past shows that it has not lasted");
    }

    #[test]
    fn a_value_is_followed_once_however_often_it_comes() {
        let limits = limits("> 5", "> 8");
        let mut levels = Levels::default();
        levels.follow(&limits, &line(&[1.0, 9.0]));
        let before = levels;
        levels.follow(&limits, &line(&[5.0, 9.0]));
        assert_eq!(levels, before, "another grid of the same past changes nothing");
        levels.follow(&limits, &line(&[1.0, 2.0]));
        assert_eq!(limits.judgement(&levels).status, Status::Ok, "a bucket that still grows is judged as it is now");
    }

    proptest! {
        #[test]
        fn a_longer_hold_is_never_worse(values in prop::collection::vec(-10.0f64..10.0, 1..60), a in 0i64..20, b in 0i64..20) {
            let (short, long) = (a.min(b), a.max(b));
            let status = |hold| judge(&Thresholds { hold: Span::seconds(hold), ..limits("> 3", "> 6") }, &line(&values)).status;
            prop_assert!(status(long).severity() <= status(short).severity());
        }

        #[test]
        fn without_hold_and_hysteresis_the_last_value_decides(values in prop::collection::vec(-10.0f64..10.0, 1..60)) {
            let status = judge(&limits("> 3", "> 6"), &line(&values)).status;
            let last = *values.last().unwrap();
            let expected = if last > 6.0 { Status::Critical } else if last > 3.0 { Status::Warning } else { Status::Ok };
            prop_assert_eq!(status, expected);
        }
    }
}
