//! Rules by which entries repeat, as they are written.
//!
//! Source: RFC 5545, section 3.3.10. All of it is known; of the other calendars of RFC 7529 only ours.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use super::frequency::{FREQUENCIES, Frequency};
use super::parts::{Effect, Part};
use super::values::{date, time};

/// A longer list is none that a person has made.
const LONGEST_LIST: usize = 400;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

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
    pub(super) count: Option<u64>,
    pub(super) until: Option<Until>,
    /// The parts that are numbers, sorted, in the order of [`Part`]; that of `BYDAY` is empty.
    by: [Vec<i16>; Part::COUNT],
    /// Which of them, from the start or (below zero) from the end; 0 for each.
    pub(super) by_day: Vec<(i16, Weekday)>,
    pub(super) week_start: Weekday,
}

/// A rule with a part that is not known here, or that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown {
    /// When it is over, which may be long ago.
    pub(super) until: Option<Until>,
}

impl Rule {
    /// Reads a rule.
    pub(super) fn parse(text: &str) -> Result<Self, Unknown> {
        let mut frequency = None;
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            by: Default::default(),
            by_day: Vec::new(),
            week_start: Weekday::Monday,
        };
        let mut is_known = true;
        for part in text.trim().split(';').filter(|part| !part.trim().is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().to_ascii_uppercase();
            // The others are read nevertheless: a rule that is not known may be over.
            is_known &= match key.trim().to_ascii_uppercase().as_str() {
                "FREQ" => word(&value, &FREQUENCIES).map(|known| frequency = Some(known)),
                key => rule.take(key, &value),
            }
            .is_some();
        }
        let until = rule.until;
        rule.frequency = frequency.ok_or(Unknown { until })?;
        if is_known && rule.makes_sense() { Ok(rule) } else { Err(Unknown { until }) }
    }

    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "INTERVAL" => self.interval = value.parse::<u32>().ok().filter(|every| *every > 0)?.into(),
            // Some write that there is none as -1 or 0.
            "COUNT" => self.count = value.parse::<i64>().ok()?.try_into().ok().filter(|count| *count > 0),
            "UNTIL" => self.until = Some(Until::parse(value)?),
            "WKST" => self.week_start = word(value, &WEEKDAYS)?,
            "BYDAY" => self.by_day = list(value, day)?,
            "RSCALE" => return (value == "GREGORIAN").then_some(()),
            "SKIP" => return (value == "OMIT").then_some(()),
            _ => {
                let part = Part::from_key(key)?;
                let mut numbers = list(value, |one| part.number(one))?;
                numbers.sort_unstable();
                numbers.dedup();
                self.set(part, numbers);
            }
        }
        Some(())
    }

    /// The numbers of a part, sorted; empty where the rule does not have it.
    pub(super) fn numbers(&self, part: Part) -> &[i16] {
        self.by.get(part as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether it has a part.
    pub(super) fn has(&self, part: Part) -> bool {
        if part == Part::Day { !self.by_day.is_empty() } else { !self.numbers(part).is_empty() }
    }

    /// What a part does at its frequency.
    pub(super) fn effect(&self, part: Part) -> Effect {
        part.effect(self.frequency)
    }

    /// How many comparisons a day takes.
    pub(super) fn compared(&self) -> usize {
        self.by.iter().map(Vec::len).sum::<usize>() + self.by_day.len()
    }

    /// Whether its parts go together.
    fn makes_sense(&self) -> bool {
        let parts = [Part::Month, Part::WeekNo, Part::YearDay, Part::MonthDay, Part::Day];
        // "The second Tuesday" is one of a month or of a year, and not of a week.
        let counts_weekdays = self.by_day.iter().any(|(which, _)| *which != 0);
        let may_count = self.frequency >= Frequency::Monthly && !self.has(Part::WeekNo);
        parts.into_iter().all(|part| !self.has(part) || self.effect(part) != Effect::None)
            && (may_count || !counts_weekdays)
    }

    /// The same for entries of whole days, where times of day mean nothing; `None` for one that repeats
    /// within a day.
    pub(super) fn of_days(mut self) -> Option<Self> {
        for part in [Part::Hour, Part::Minute, Part::Second] {
            self.set(part, Vec::new());
        }
        (self.frequency >= Frequency::Daily).then_some(self)
    }

    /// The same with what it leaves to its first date: "every month" is on that day of the month.
    pub(super) fn completed(&self, first: Date) -> Self {
        let mut rule = self.clone();
        let has_days = [Part::YearDay, Part::MonthDay, Part::Day].into_iter().any(|part| self.has(part));
        match self.frequency {
            _ if has_days => {}
            Frequency::Weekly => rule.by_day = vec![(0, first.weekday())],
            Frequency::Monthly => rule.set(Part::MonthDay, vec![first.day().into()]),
            Frequency::Yearly if self.has(Part::WeekNo) => rule.by_day = vec![(0, first.weekday())],
            Frequency::Yearly => {
                rule.set(Part::MonthDay, vec![first.day().into()]);
                if !self.has(Part::Month) {
                    rule.set(Part::Month, vec![first.month().into()]);
                }
            }
            _ => {}
        }
        rule
    }

    fn set(&mut self, part: Part, numbers: Vec<i16>) {
        if let Some(list) = self.by.get_mut(part as usize) {
            *list = numbers;
        }
    }
}

impl Until {
    fn parse(text: &str) -> Option<Self> {
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

/// The meaning of a word.
fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Option<T> {
    words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let all: Option<Vec<T>> = text.split(',').take(LONGEST_LIST + 1).map(|one| read(one.trim())).collect();
    all.filter(|all| all.len() <= LONGEST_LIST)
}

/// `MO`, `2TU`, `-1FR`.
fn day(text: &str) -> Option<(i16, Weekday)> {
    let (which, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let which = if which.is_empty() { 0 } else { Part::Day.number(which)? };
    Some((which, word(day, &WEEKDAYS)?))
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
            "FREQ=FORTNIGHTLY",
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
            "FREQ=MONTHLY;BYWEEKNO=20",
            "FREQ=DAILY;BYYEARDAY=100",
            "FREQ=YEARLY;BYMONTH=-1",
            "FREQ=YEARLY;BYWEEKNO=54",
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=2MO",
            "FREQ=YEARLY;BYYEARDAY=367",
            "FREQ=DAILY;BYHOUR=24",
            "FREQ=DAILY;BYMINUTE=-1",
            "FREQ=DAILY;BYSETPOS=-32768",
            "FREQ=YEARLY;BYEASTER=0",
            "RSCALE=CHINESE;FREQ=YEARLY",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD",
        ] {
            assert_eq!(Rule::parse(text), Err(Unknown { until: None }), "{text}");
        }
        let long = format!("FREQ=MONTHLY;BYMONTHDAY={}", vec!["1"; 401].join(","));
        assert!(Rule::parse(&long).is_err());
        let over = Rule::parse("FREQ=YEARLY;BYEASTER=0;UNTIL=20200101").unwrap_err();
        assert_eq!(over.until, Until::parse("20200101"), "it is over, whatever it is");
    }

    #[test]
    fn parts_come_in_any_order_and_case() {
        let rule = Rule::parse("byday=+2tu, -1FR;wkst=SU;Freq=monthly;COUNT=3;").unwrap();
        assert_eq!((rule.frequency, rule.count, rule.week_start), (Frequency::Monthly, Some(3), Weekday::Sunday));
        assert_eq!(rule.by_day, [(2, Weekday::Tuesday), (-1, Weekday::Friday)]);
        let rule = Rule::parse("RSCALE=GREGORIAN;SKIP=OMIT;FREQ=MINUTELY;BYSECOND=60,5,5").unwrap();
        assert_eq!(rule.numbers(Part::Second), [5, 59], "sorted, each once, and without leap seconds");
    }

    #[test]
    fn a_count_below_one_is_none() {
        for count in ["-1", "0"] {
            assert_eq!(Rule::parse(&format!("FREQ=DAILY;COUNT={count}")).unwrap().count, None);
        }
    }
}
