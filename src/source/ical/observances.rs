//! The zone that a calendar describes itself, where its name is in no database.
//!
//! Source: RFC 5545, section 3.6.5 (`VTIMEZONE`): observances, each with the offset that it brings and
//! with the day of the year on which it begins. Those in force now are said in the words of POSIX (`TZ`,
//! IEEE 1003.1, section 8.3), which is all that a calendar around today needs; what an office had
//! before, and days that are listed one by one, are not read.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::lines::Property;
use super::moments::time;
use super::rule::{Frequency, Rule};

/// The clocks of a zone from a day on.
#[derive(Debug, Clone, Default)]
pub(super) struct Observance {
    is_daylight: bool,
    /// When it begins, as the clocks before it show.
    start: Option<DateTime>,
    /// Ahead of UTC, in seconds.
    offset: Option<i32>,
    /// When it begins each year.
    rule: Option<Rule>,
    /// It ended, or begins on days that are not known here.
    is_over: bool,
}

impl Observance {
    /// One of summer time, or of standard time.
    pub(super) fn new(is_daylight: bool) -> Self {
        Self { is_daylight, ..Self::default() }
    }

    pub(super) fn take(&mut self, property: &Property) {
        let value = property.value.trim();
        match property.name.as_str() {
            "DTSTART" => self.start = time(value),
            "TZOFFSETTO" => self.offset = offset(value),
            "RRULE" => {
                self.rule = Rule::parse(value);
                self.is_over = self.rule.as_ref().is_none_or(|rule| rule.count.is_some() || rule.until.is_some());
            }
            "RDATE" => self.is_over = true,
            _ => {}
        }
    }

    /// `M3.5.0/02:00:00`: the day and the time at which it begins each year.
    fn begin(&self) -> Option<String> {
        let (rule, start) = (self.rule.as_ref()?, self.start?);
        let &[(which, weekday)] = rule.by_day.as_slice() else { return None };
        let month = match rule.by_month.as_slice() {
            [] => i16::from(start.month()),
            [month] => *month,
            _ => return None,
        };
        let week = match which {
            -1 => 5,
            1..=4 => which,
            _ => return None,
        };
        let is_plain = rule.frequency == Frequency::Yearly
            && rule.interval == 1
            && rule.by_month_day.is_empty()
            && rule.by_set_pos.is_empty();
        let at = start.time();
        let clock = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        is_plain.then(|| format!("M{month}.{week}.{}/{clock}", weekday.to_sunday_zero_offset()))
    }
}

/// The zone of these observances as it is now; `None` for what cannot be said in a rule.
pub(super) fn zone(observances: &[Observance]) -> Option<TimeZone> {
    let latest = |is_daylight: bool| {
        let of_kind = observances.iter().filter(|one| one.is_daylight == is_daylight && !one.is_over);
        of_kind.max_by_key(|one| one.start)
    };
    let words = match (latest(false)?, latest(true).filter(|one| one.rule.is_some())) {
        (standard, Some(daylight)) => {
            let offsets = posix("STD", standard.offset?) + &posix("DST", daylight.offset?);
            format!("{offsets},{},{}", daylight.begin()?, standard.begin()?)
        }
        (standard, None) => posix("STD", standard.offset?),
    };
    TimeZone::posix(&words).ok()
}

/// `STD-01:00:00`: POSIX counts what is behind UTC.
fn posix(name: &str, offset: i32) -> String {
    let sign = if offset < 0 { '+' } else { '-' };
    let seconds = offset.unsigned_abs();
    format!("{name}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
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
        zone(&lines.iter().map(observance).collect::<Vec<_>>())
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
            "DAYLIGHT DTSTART:19700329T020000 TZOFFSETFROM:+0100 TZOFFSETTO:+0200 RRULE:FREQ=YEARLY;BYDAY=-1SU",
        ])
        .unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for day in ["2026-03-28", "2026-03-29", "2026-07-01", "2026-10-24", "2026-10-25", "2027-01-01"] {
            assert_eq!(shown(&office, day), shown(&berlin, day), "{day}");
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
        // What was given up long ago has no rule any more.
        let zone = described(&[
            "STANDARD DTSTART:19700101T000000 TZOFFSETTO:+0300",
            "STANDARD DTSTART:20160907T000000 TZOFFSETTO:+0200",
            "DAYLIGHT DTSTART:19700101T000000 TZOFFSETTO:+0400",
        ])
        .unwrap();
        assert_eq!(shown(&zone, "2026-07-01"), "14:00");
    }

    #[test]
    fn what_cannot_be_said_in_a_rule_is_not_guessed() {
        let daylight = "DAYLIGHT DTSTART:19700329T020000 TZOFFSETTO:+0200 RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU";
        for lines in [
            &[][..],
            &[daylight],
            &[daylight, "STANDARD DTSTART:19701025T030000 TZOFFSETTO:+0100"],
            &["STANDARD TZOFFSETTO:0100"],
            &["STANDARD TZOFFSETTO:+1"],
            &["STANDARD TZOFFSETTO:é100"],
            &["STANDARD TZOFFSETTO:+9900"],
            &["STANDARD TZOFFSETTO:+0100 RDATE:20260329T020000"],
            &["STANDARD TZOFFSETTO:+0100 RRULE:FREQ=YEARLY;BYWEEKNO=20"],
            &[daylight, "STANDARD DTSTART:19701025T030000 TZOFFSETTO:+0100 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-2SU"],
        ] {
            assert_eq!(described(lines), None, "{lines:?}");
        }
    }
}
