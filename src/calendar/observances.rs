//! The zone that a calendar describes itself, where its name is in no database.
//!
//! Source: RFC 5545, section 3.6.5 (`VTIMEZONE`): observances, each with the offset that it brings and with the moments
//! at which it begins: its first, those of its rules, and those that are listed one by one. At any moment the one counts
//! that began last.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::effort::Effort;
use super::lines::Property;
use super::names::named;
use super::rule::Rule;
use super::transitions::{self, Transition};
use super::values::{date, time};

/// The years whose clock changes are worked out: no calendar of today asks for others.
const YEARS: (i16, i16) = (1970, 2099);

/// A zone as its calendar tells of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Described {
    /// Where it is (`X-LIC-LOCATION`).
    pub(super) location: String,
    pub(super) observances: Vec<Observance>,
}

/// The clocks of a zone from certain moments on.
#[derive(Debug, Clone, Default)]
pub(super) struct Observance {
    is_daylight: bool,
    /// When it begins first, as the clocks before it show.
    start: Option<DateTime>,
    /// The offset before it, in seconds ahead of UTC.
    before: Option<i32>,
    /// The offset that it brings.
    offset: Option<i32>,
    /// When it begins again.
    rules: Vec<String>,
    /// When else it begins; `None` for a moment that cannot be read.
    also: Vec<Option<DateTime>>,
}

/// A moment at which an observance begins, as the clocks before it show.
struct Onset<'a> {
    at: DateTime,
    observance: &'a Observance,
}

impl Described {
    /// The zone itself; `None` for one that cannot be worked out.
    pub(super) fn zone(&self, effort: &mut Effort) -> Option<TimeZone> {
        named(&self.location).or_else(|| transitions::zone(&self.transitions(effort)?))
    }

    /// The offset before all others, and each change of it, in order.
    fn transitions(&self, effort: &mut Effort) -> Option<Vec<Transition>> {
        let mut onsets = Vec::new();
        for one in &self.observances {
            onsets.extend(one.onsets(effort)?);
        }
        onsets.sort_by_key(|onset| onset.at);
        let first = onsets.first()?.observance;
        let mut offset = first.before.or(first.offset)?;
        let mut all = vec![Transition { at: i64::MIN, offset, is_daylight: false }];
        for Onset { at, observance } in onsets {
            // What the clocks showed before it is its own to say, where it says so.
            let before = Offset::from_seconds(observance.before.unwrap_or(offset)).ok()?;
            offset = observance.offset?;
            let at = before.to_timestamp(at).ok()?.as_second();
            all.push(Transition { at, offset, is_daylight: observance.is_daylight });
        }
        Some(all)
    }
}

impl Observance {
    /// One of summer time, or of standard time.
    pub(super) fn new(is_daylight: bool) -> Self {
        Self { is_daylight, ..Self::default() }
    }

    pub(super) fn take(&mut self, property: &Property) {
        let value = property.value.trim();
        match property.name.as_str() {
            "DTSTART" => self.start = moment(value),
            "TZOFFSETFROM" => self.before = offset(value),
            "TZOFFSETTO" => self.offset = offset(value),
            "RRULE" if !value.is_empty() => self.rules.push(value.to_owned()),
            "RDATE" if !value.is_empty() => self.also.extend(value.split(',').map(|one| moment(one.trim()))),
            _ => {}
        }
    }

    /// When it begins; `None` where that cannot be worked out.
    fn onsets(&self, effort: &mut Effort) -> Option<Vec<Onset<'_>>> {
        let start = self.start?;
        // Its rules end in UTC, and are over as the clocks before it show.
        let clocks = Offset::from_seconds(self.before.unwrap_or_default()).ok()?.to_time_zone();
        let window = (Date::new(YEARS.0, 1, 1).ok()?, Date::new(YEARS.1, 12, 31).ok()?);
        let mut all = vec![start];
        for rule in &self.rules {
            all.extend(Rule::parse(rule).ok()?.moments(start, &clocks, window, effort).ok()?);
        }
        for also in &self.also {
            all.push((*also)?);
        }
        Some(all.into_iter().map(|at| Onset { at, observance: self }).collect())
    }
}

/// A local time; a day is its start.
fn moment(text: &str) -> Option<DateTime> {
    time(text).or_else(|| Some(date(text)?.at(0, 0, 0, 0)))
}

/// Reads `+0530`, `-050000`.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    Some(sign * (part(0)? * 3600 + part(2)? * 60 + part(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kind: property, property`, one observance a line.
    fn described(lines: &[&str]) -> Option<TimeZone> {
        let observance = |line: &&str| {
            let (kind, properties) = line.split_once(' ').unwrap();
            let mut one = Observance::new(kind == "DAYLIGHT");
            properties.split(' ').filter_map(Property::parse).for_each(|property| one.take(&property));
            one
        };
        let described = Described { location: String::new(), observances: lines.iter().map(observance).collect() };
        described.zone(&mut Effort::of_a_calendar())
    }

    /// What the clocks of a zone show at noon of UTC.
    fn shown(zone: &TimeZone, day: &str) -> String {
        let at: jiff::Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
        at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
    }

    #[test]
    fn a_zone_with_summer_time_goes_like_the_one_it_describes() {
        let office = described(&[
            "STANDARD DTSTART:19701025T030000 TZOFFSETFROM:+0200 TZOFFSETTO:+0100 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
            "DAYLIGHT DTSTART:19160430T230000 TZOFFSETTO:+0200 RRULE:FREQ=YEARLY;UNTIL=19161001T010000Z;BYMONTH=4;BYDAY=-1SU",
            "DAYLIGHT DTSTART:19700329T020000 TZOFFSETFROM:+0100 TZOFFSETTO:+0200 RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        ])
        .unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for day in ["2026-03-28", "2026-03-29", "2026-07-01", "2026-10-24", "2026-10-25", "2027-01-01", "2099-07-01"] {
            assert_eq!(shown(&office, day), shown(&berlin, day), "{day}");
        }
        let nights: [jiff::Timestamp; 2] =
            ["2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"].map(|at| at.parse().unwrap());
        for at in nights {
            let [ours, theirs] = [&office, &berlin].map(|zone| at.to_zoned(zone.clone()).datetime());
            assert_eq!(ours, theirs, "to the second");
        }
        let hobart = described(&[
            "STANDARD DTSTART:20080406T030000 TZOFFSETTO:+1000 RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU",
            "DAYLIGHT DTSTART:20081005T020000 TZOFFSETTO:+1100 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1SU",
        ])
        .unwrap();
        assert_eq!((shown(&hobart, "2026-01-01"), shown(&hobart, "2026-07-01")), ("23:00".into(), "22:00".into()));
    }

    #[test]
    fn a_zone_without_rules_is_an_offset() {
        for (to, noon) in [("+0530", "17:30"), ("-0330", "08:30"), ("+0000", "12:00"), ("-003000", "11:30")] {
            let zone = described(&[&format!("STANDARD DTSTART:16010101T000000 TZOFFSETTO:{to}")]).unwrap();
            assert_eq!(shown(&zone, "2026-07-01"), noon, "{to}");
        }
    }

    #[test]
    fn the_observance_that_began_last_counts_with_a_rule_or_without() {
        // Summer time was given up in 2016: the newest observance has no rule.
        let turkey = described(&[
            "STANDARD DTSTART:20071028T040000 TZOFFSETFROM:+0300 TZOFFSETTO:+0200 \
             RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20151025T010000Z",
            "DAYLIGHT DTSTART:20070325T030000 TZOFFSETFROM:+0200 TZOFFSETTO:+0300 \
             RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20160327T010000Z",
            "STANDARD DTSTART:20160907T000000 TZOFFSETFROM:+0300 TZOFFSETTO:+0300",
        ])
        .unwrap();
        assert_eq!((shown(&turkey, "2014-01-01"), shown(&turkey, "2014-07-01")), ("14:00".into(), "15:00".into()));
        assert_eq!((shown(&turkey, "2026-01-01"), shown(&turkey, "2026-07-01")), ("15:00".into(), "15:00".into()));
    }

    #[test]
    fn observances_may_be_listed_one_by_one() {
        let listed = described(&[
            "STANDARD DTSTART:20251026T030000 TZOFFSETFROM:+0200 TZOFFSETTO:+0100 RDATE:20261025T030000,20271031T030000",
            "DAYLIGHT DTSTART:20260329T020000 TZOFFSETFROM:+0100 TZOFFSETTO:+0200 RDATE:20270328T020000",
        ])
        .unwrap();
        let shown = |day: &str| shown(&listed, day);
        assert_eq!(
            ["2026-01-01", "2026-07-01", "2027-01-01", "2027-07-01", "2028-07-01"].map(shown),
            ["13:00", "14:00", "13:00", "14:00", "13:00"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        let standard = "STANDARD DTSTART:19701025T030000 TZOFFSETTO:+0100";
        for lines in [
            &[][..],
            &["STANDARD TZOFFSETTO:+0100"],
            &["STANDARD DTSTART:soon TZOFFSETTO:+0100"],
            &["STANDARD DTSTART:19701025T030000 TZOFFSETTO:0100"],
            &["STANDARD DTSTART:19701025T030000 TZOFFSETTO:+1"],
            &["STANDARD DTSTART:19701025T030000 TZOFFSETTO:é100"],
            &["STANDARD DTSTART:19701025T030000 TZOFFSETTO:+9900"],
            &["STANDARD DTSTART:19701025T030000 TZOFFSETTO:+0100 RDATE:soon"],
            &[standard, "DAYLIGHT DTSTART:19700329T020000 TZOFFSETTO:+0200 RRULE:FREQ=YEARLY;BYEASTER=0"],
            &[standard, "DAYLIGHT DTSTART:19700329T020000 TZOFFSETTO:+0200 RRULE:FREQ=SECONDLY"],
        ] {
            assert_eq!(described(lines), None, "{lines:?}");
        }
    }
}
