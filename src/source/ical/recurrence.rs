//! The dates that a rule yields.
//!
//! Source: RFC 5545, sections 3.3.10 (the table of what each part does) and 3.8.5.3.
//!
//! A rule is worked out in dates, not in moments: an entry at nine stays at nine when the clocks change.

use std::iter::successors;

use jiff::Span;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

use super::rule::{Frequency, Rule};

/// What is worked out for one calendar, in days looked at.
const MOST_EFFORT: i64 = 50_000_000;
/// What a period costs beside its days.
const PERIOD: i64 = 20;

/// What may still be worked out. A calendar may be made so that its rules take for ever.
#[derive(Debug)]
pub(super) struct Effort(i64);

/// It takes too much.
#[derive(Debug)]
pub(super) struct TooMuch;

impl Effort {
    /// As much as one calendar may take.
    pub(super) const fn of_a_calendar() -> Self {
        Self(MOST_EFFORT)
    }

    const fn spend(&mut self, days: i64) -> Result<(), TooMuch> {
        self.0 -= days;
        if self.0 < 0 { Err(TooMuch) } else { Ok(()) }
    }
}

impl Rule {
    /// Its dates between two others. The first date is one of them although the rule may say otherwise: so
    /// the RFC has it, and so do the programs that people make calendars with.
    pub(super) fn dates(
        &self,
        first: DateTime,
        zone: &TimeZone,
        (from, to): (Date, Date),
        effort: &mut Effort,
    ) -> Result<Vec<Date>, TooMuch> {
        let (begin, at) = (first.date(), first.time());
        let last = self.until.and_then(|until| until.local(zone));
        let is_over = |date: Date| last.is_some_and(|last| date.to_datetime(at) > last);
        let within = |date: &Date| (from..=to).contains(date);
        let mut dates = Vec::new();
        if is_over(begin) {
            return Ok(dates);
        }
        dates.extend(Some(begin).filter(within));
        let rule = self.completed(begin);
        let start = rule.start(begin);
        let mut left = rule.count.map(|count| count.saturating_sub(1));
        // Only what is counted has to be followed from its begin.
        let skipped = if left.is_some() { 0 } else { rule.periods_before(start, from) };
        for place in skipped.. {
            let Some(period) = rule.period(start, place).filter(|period| *period <= to) else { break };
            for date in rule.days(period, effort)?.into_iter().filter(|date| *date > begin) {
                if is_over(date) || left == Some(0) {
                    return Ok(dates);
                }
                left = left.map(|left| left - 1);
                dates.extend(Some(date).filter(within));
            }
        }
        Ok(dates)
    }

    /// The same with what it leaves to its first date: "every month" is on that day of the month.
    fn completed(&self, begin: Date) -> Self {
        let mut rule = self.clone();
        let has_days = !rule.by_day.is_empty() || !rule.by_month_day.is_empty();
        match rule.frequency {
            Frequency::Weekly if !has_days => rule.by_day = vec![(0, begin.weekday())],
            Frequency::Monthly if !has_days => rule.by_month_day = vec![begin.day().into()],
            Frequency::Yearly if !has_days => {
                rule.by_month_day = vec![begin.day().into()];
                if rule.by_month.is_empty() {
                    rule.by_month = vec![begin.month().into()];
                }
            }
            _ => {}
        }
        rule
    }

    /// The begin of the first period.
    fn start(&self, begin: Date) -> Date {
        match self.frequency {
            Frequency::Daily => begin,
            Frequency::Weekly => begin.saturating_sub(Span::new().days(begin.weekday().since(self.week_start))),
            Frequency::Monthly => begin.first_of_month(),
            Frequency::Yearly => begin.first_of_year(),
        }
    }

    /// How many periods are over before a date.
    fn periods_before(&self, start: Date, date: Date) -> i64 {
        let days = start.until(date).map_or(0, |span| i64::from(span.get_days()));
        let years = i64::from(date.year()) - i64::from(start.year());
        let passed = match self.frequency {
            Frequency::Daily => days,
            Frequency::Weekly => days / 7,
            Frequency::Monthly => years * 12 + i64::from(date.month()) - i64::from(start.month()),
            Frequency::Yearly => years,
        };
        (passed / self.interval).max(0)
    }

    /// The begin of a period; `None` beyond the end of the calendar.
    fn period(&self, start: Date, place: i64) -> Option<Date> {
        let units = place.checked_mul(self.interval)?;
        let span = match self.frequency {
            Frequency::Daily => Span::new().try_days(units),
            Frequency::Weekly => Span::new().try_weeks(units),
            Frequency::Monthly => Span::new().try_months(units),
            Frequency::Yearly => Span::new().try_years(units),
        };
        start.checked_add(span.ok()?).ok()
    }

    /// The days of a period that the rule picks.
    fn days(&self, period: Date, effort: &mut Effort) -> Result<Vec<Date>, TooMuch> {
        let length: i16 = match self.frequency {
            Frequency::Daily => 1,
            Frequency::Weekly => 7,
            Frequency::Monthly => period.days_in_month().into(),
            Frequency::Yearly => period.days_in_year(),
        };
        let compared = self.by_month.len() + self.by_month_day.len() + self.by_day.len() + self.by_set_pos.len();
        effort.spend(PERIOD + i64::from(length) * (1 + compared as i64))?;
        let all = successors(Some(period), |date| date.tomorrow().ok()).take(length as usize);
        let fitting: Vec<Date> = all.filter(|date| self.fits(*date)).collect();
        if self.by_set_pos.is_empty() {
            return Ok(fitting);
        }
        let count = fitting.len() as i16;
        let is_wanted =
            |place: i16| self.by_set_pos.iter().any(|wanted| *wanted == place + 1 || *wanted == place - count);
        Ok((0..count).zip(fitting).filter(|(place, _)| is_wanted(*place)).map(|(_, date)| date).collect())
    }

    fn fits(&self, date: Date) -> bool {
        let (day, in_month) = (i16::from(date.day()), i16::from(date.days_in_month()));
        // "The second Tuesday" is one of the month, or of the year where no month is named.
        let of_month = self.frequency == Frequency::Monthly || !self.by_month.is_empty();
        let (place, length) = if of_month { (day, in_month) } else { (date.day_of_year(), date.days_in_year()) };
        let (from_begin, from_end) = ((place - 1) / 7 + 1, -((length - place) / 7 + 1));
        let is_that = |(which, weekday): &(i16, Weekday)| {
            *weekday == date.weekday() && (*which == 0 || *which == from_begin || *which == from_end)
        };
        let is_that_day = |wanted: &i16| *wanted == day || *wanted == day - in_month - 1;
        (self.by_month.is_empty() || self.by_month.contains(&date.month().into()))
            && (self.by_month_day.is_empty() || self.by_month_day.iter().any(is_that_day))
            && (self.by_day.is_empty() || self.by_day.iter().any(is_that))
    }
}

#[cfg(test)]
mod tests {
    use super::super::moments::time;
    use super::*;

    const ALWAYS: (&str, &str) = ("19900101", "20361231");

    fn expand(first: &str, rule: &str, (from, to): (&str, &str)) -> Vec<String> {
        let day = |text: &str| super::super::moments::date(text).unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let first = time(&format!("{first}T090000")).unwrap();
        let rule = Rule::parse(rule).unwrap_or_else(|| panic!("{rule}"));
        let dates = rule.dates(first, &zone, (day(from), day(to)), &mut Effort::of_a_calendar()).unwrap();
        dates.iter().map(|date| date.strftime("%Y%m%d").to_string()).collect()
    }

    /// First date, rule, and the dates it yields; "..." where it goes on.
    const TABLE: [(&str, &str, &str); 23] = [
        ("20261121", "FREQ=DAILY;COUNT=3", "20261121 20261122 20261123"),
        ("20261121", "FREQ=DAILY;INTERVAL=10;COUNT=3", "20261121 20261201 20261211"),
        ("20261121", "FREQ=DAILY;UNTIL=20261123", "20261121 20261122 20261123"),
        ("20261121", "FREQ=DAILY;UNTIL=20261123T085959", "20261121 20261122"),
        ("20261121", "FREQ=DAILY;UNTIL=20261120", ""),
        ("20261121", "FREQ=DAILY;COUNT=1", "20261121"),
        // Nine in Berlin is eight in UTC.
        ("20261123", "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261202T080000Z", "20261123 20261125 20261130 20261202"),
        ("20261123", "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261202T075959Z", "20261123 20261125 20261130"),
        ("20261123", "FREQ=WEEKLY", "20261123 20261130 20261207 ..."),
        ("20261121", "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "20261121 20261123 20261130"),
        ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805 19970810 19970819 19970824"),
        ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805 19970817 19970819 19970831"),
        ("20261030", "FREQ=MONTHLY;BYDAY=-1FR", "20261030 20261127 20261225 20270129 20270226 ..."),
        ("20261110", "FREQ=MONTHLY;BYDAY=2TU", "20261110 20261208 20270112 20270209 ..."),
        ("20261031", "FREQ=MONTHLY;BYMONTHDAY=31", "20261031 20261231 20270131 20270331 20270531 ..."),
        ("20261031", "FREQ=MONTHLY", "20261031 20261231 20270131 20270331 ..."),
        ("20261130", "FREQ=MONTHLY;BYMONTHDAY=-1", "20261130 20261231 20270131 20270228 ..."),
        ("20261130", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "20261130 20261231 20270129 20270226 ..."),
        ("19980213", "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "19980213 19980313 19981113 19990813 20001013 ..."),
        ("20240229", "FREQ=YEARLY", "20240229 20280229 20320229 20360229"),
        ("20260715", "FREQ=YEARLY;BYMONTH=1,7;COUNT=3", "20260715 20270115 20270715"),
        ("20260329", "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "20260329 20270328 20280326 ..."),
        ("19970519", "FREQ=YEARLY;BYDAY=20MO", "19970519 19980518 19990517 ..."),
    ];

    #[test]
    fn rules_yield_the_dates_a_calendar_shows() {
        for (first, rule, dates) in TABLE {
            let mut expected: Vec<&str> = dates.split_whitespace().collect();
            let goes_on = expected.last() == Some(&"...");
            expected.retain(|date| *date != "...");
            let mut found = expand(first, rule, ALWAYS);
            assert_eq!(found.len() > expected.len(), goes_on, "{first} {rule}: {found:?}");
            found.truncate(expected.len());
            assert_eq!(found, expected, "{first} {rule}");
        }
    }

    #[test]
    fn a_rule_that_began_long_ago_yields_the_same_within_a_window() {
        let window = ("20261101", "20270131");
        for (first, rule, _) in TABLE {
            let whole = expand(first, rule, ALWAYS);
            let within = whole.into_iter().filter(|date| (window.0..=window.1).contains(&date.as_str()));
            assert_eq!(expand(first, rule, window), within.collect::<Vec<_>>(), "{first} {rule}");
        }
        assert_eq!(expand("19000101", "FREQ=DAILY;INTERVAL=3", ("20261120", "20261124")), ["20261120", "20261123"]);
    }

    #[test]
    fn an_entry_at_nine_stays_at_nine_when_the_clocks_change() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let first = time("20261018T090000").unwrap();
        let rule = Rule::parse("FREQ=WEEKLY;COUNT=3").unwrap();
        let window = (first.date(), first.date().saturating_add(Span::new().days(60)));
        let dates = rule.dates(first, &berlin, window, &mut Effort::of_a_calendar()).unwrap();
        let moments = dates.iter().map(|date| {
            let zoned = date.to_datetime(first.time()).to_zoned(berlin.clone()).unwrap();
            zoned.timestamp().to_string()
        });
        // The clocks are set back in the night to Sunday the 25th.
        let expected = ["2026-10-18T07:00:00Z", "2026-10-25T08:00:00Z", "2026-11-01T08:00:00Z"];
        assert_eq!(moments.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_rule_that_takes_for_ever_is_given_up() {
        let first = time("99000101T000000").unwrap();
        let rule = Rule::parse("FREQ=DAILY;COUNT=4000000000").unwrap();
        let window = (first.date(), Date::MAX);
        assert!(rule.dates(first, &TimeZone::UTC, window, &mut Effort(10_000)).is_err());
        let never = Rule::parse("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").unwrap();
        let dates = never.dates(first, &TimeZone::UTC, window, &mut Effort::of_a_calendar()).unwrap();
        assert_eq!(dates, [first.date()], "a date that never comes ends with the calendar");
    }
}
