//! Rules by which entries repeat, as they are written.
//!
//! Source: RFC 5545, section 3.3.10. All of its parts that pick whole days are known but weeks and days
//! counted over a year (`BYWEEKNO`, `BYYEARDAY`).

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use super::moments::{date, time};

/// A longer list is none that a person has made.
const LONGEST_LIST: usize = 400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// When it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Day(Date),
    Local(DateTime),
    Utc(DateTime),
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: i64,
    pub(super) count: Option<u32>,
    pub(super) until: Option<Until>,
    pub(super) by_month: Vec<i16>,
    pub(super) by_month_day: Vec<i16>,
    /// Which of them, from the begin or (below zero) from the end; 0 for each.
    pub(super) by_day: Vec<(i16, Weekday)>,
    pub(super) by_set_pos: Vec<i16>,
    pub(super) week_start: Weekday,
}

impl Rule {
    /// Reads a rule; `None` for one with a part that is not known here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut frequency = None;
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            by_month: Vec::new(),
            by_month_day: Vec::new(),
            by_day: Vec::new(),
            by_set_pos: Vec::new(),
            week_start: Weekday::Monday,
        };
        for part in text.trim().split(';').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=')?;
            match key.trim().to_ascii_uppercase().as_str() {
                "FREQ" => frequency = Some(Frequency::parse(value)?),
                "INTERVAL" => rule.interval = value.parse::<u32>().ok().filter(|every| *every > 0)?.into(),
                "COUNT" => rule.count = Some(value.parse().ok()?),
                "UNTIL" => rule.until = Some(Until::parse(value)?),
                "BYMONTH" => rule.by_month = list(value, |one| number(one, 12).filter(|month| *month > 0))?,
                "BYMONTHDAY" => rule.by_month_day = list(value, |one| number(one, 31))?,
                "BYDAY" => rule.by_day = list(value, day)?,
                "BYSETPOS" => rule.by_set_pos = list(value, |one| number(one, 366))?,
                "WKST" => rule.week_start = weekday(value)?,
                _ => return None,
            }
        }
        rule.frequency = frequency?;
        rule.makes_sense().then_some(rule)
    }

    /// Whether its parts go together, as the table of the RFC has it.
    fn makes_sense(&self) -> bool {
        match self.frequency {
            Frequency::Daily => self.by_day.iter().all(|(which, _)| *which == 0),
            Frequency::Weekly => self.by_day.iter().all(|(which, _)| *which == 0) && self.by_month_day.is_empty(),
            Frequency::Monthly | Frequency::Yearly => true,
        }
    }
}

impl Frequency {
    fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_uppercase().as_str() {
            "DAILY" => Some(Self::Daily),
            "WEEKLY" => Some(Self::Weekly),
            "MONTHLY" => Some(Self::Monthly),
            "YEARLY" => Some(Self::Yearly),
            _ => None,
        }
    }
}

impl Until {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.contains('T') {
            return date(text).map(Self::Day);
        }
        text.strip_suffix('Z').map_or_else(|| time(text).map(Self::Local), |utc| time(utc).map(Self::Utc))
    }

    /// The last moment, as the clocks of a zone show it.
    pub(super) fn local(self, zone: &TimeZone) -> Option<DateTime> {
        match self {
            Self::Day(date) => Some(date.to_datetime(Time::MAX)),
            Self::Local(time) => Some(time),
            Self::Utc(time) => Some(time.to_zoned(TimeZone::UTC).ok()?.with_time_zone(zone.clone()).datetime()),
        }
    }
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let all: Option<Vec<T>> = text.split(',').take(LONGEST_LIST + 1).map(|one| read(one.trim())).collect();
    all.filter(|all| all.len() <= LONGEST_LIST)
}

/// A number from 1 to so many, or from -1 down.
fn number(text: &str, most: u16) -> Option<i16> {
    text.parse::<i16>().ok().filter(|number| (1..=most).contains(&number.unsigned_abs()))
}

/// `MO`, `2TU`, `-1FR`.
fn day(text: &str) -> Option<(i16, Weekday)> {
    let (which, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let which = if which.is_empty() { 0 } else { number(which, 53)? };
    Some((which, weekday(day)?))
}

fn weekday(text: &str) -> Option<Weekday> {
    match text.trim().to_ascii_uppercase().as_str() {
        "MO" => Some(Weekday::Monday),
        "TU" => Some(Weekday::Tuesday),
        "WE" => Some(Weekday::Wednesday),
        "TH" => Some(Weekday::Thursday),
        "FR" => Some(Weekday::Friday),
        "SA" => Some(Weekday::Saturday),
        "SU" => Some(Weekday::Sunday),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for text in [
            "",
            "FREQ",
            "INTERVAL=2",
            "FREQ=HOURLY",
            "FREQ=DAILY;BYHOUR=9",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;COUNT=many",
            "FREQ=DAILY;UNTIL=soon",
            "FREQ=DAILY;BYDAY=2TU",
            "FREQ=WEEKLY;BYDAY=-1FR",
            "FREQ=WEEKLY;BYMONTHDAY=3",
            "FREQ=MONTHLY;BYDAY=XX",
            "FREQ=MONTHLY;BYDAY=é",
            "FREQ=MONTHLY;BYMONTHDAY=0",
            "FREQ=MONTHLY;BYMONTHDAY=-32",
            "FREQ=YEARLY;BYMONTH=-1",
            "FREQ=YEARLY;BYWEEKNO=20",
            "FREQ=YEARLY;BYYEARDAY=100",
            "RSCALE=CHINESE;FREQ=YEARLY",
        ] {
            assert_eq!(Rule::parse(text), None, "{text}");
        }
        let long = format!("FREQ=MONTHLY;BYMONTHDAY={}", vec!["1"; 401].join(","));
        assert_eq!(Rule::parse(&long), None);
    }

    #[test]
    fn parts_come_in_any_order_and_case() {
        let rule = Rule::parse("byday=+2tu, -1FR;wkst=SU;Freq=monthly;COUNT=3;").unwrap();
        assert_eq!((rule.frequency, rule.count, rule.week_start), (Frequency::Monthly, Some(3), Weekday::Sunday));
        assert_eq!(rule.by_day, [(2, Weekday::Tuesday), (-1, Weekday::Friday)]);
    }
}
