//! The days of a period that a rule picks.
//!
//! Source: RFC 5545, section 3.3.10. To expand a period by several parts, and to keep of its days those that fit
//! each part, comes to the same: what a rule leaves open was completed from its first date.

use std::iter::successors;

use jiff::Span;
use jiff::civil::{Date, Weekday};

use super::effort::{Effort, TooMuch};
use super::frequency::Frequency;
use super::parts::Part;
use super::rule::Rule;

/// Days that follow each other, of which a rule picks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) first: Date,
    /// In days.
    length: i64,
    /// Whether it is a year of whole weeks, as `BYWEEKNO` counts them.
    is_of_weeks: bool,
}

impl Rule {
    /// The period in which a date lies.
    pub(super) fn period_of(&self, date: Date) -> Option<Period> {
        if self.counts_weeks() {
            // A year of weeks begins up to three days before the other, or after it.
            let years = [date.year().checked_add(1)?, date.year(), date.year().checked_sub(1)?];
            let mut periods = years.into_iter().filter_map(|year| self.year_of_weeks(year));
            return periods.find(|period| period.first <= date);
        }
        Some(self.beginning(match self.frequency {
            Frequency::Weekly => week_of(date, self.week_start)?,
            Frequency::Monthly => date.first_of_month(),
            Frequency::Yearly => date.first_of_year(),
            _ => date,
        }))
    }

    /// The period so many intervals after another; `None` beyond the end of the calendar.
    pub(super) fn period_after(&self, start: Period, intervals: i64) -> Option<Period> {
        let units = intervals.checked_mul(self.interval)?;
        if start.is_of_weeks {
            // Four days on it is in its own year, whichever that is.
            let own = start.first.checked_add(Span::new().days(3)).ok()?.year();
            return self.year_of_weeks(i64::from(own).checked_add(units)?.try_into().ok()?);
        }
        let span = match self.frequency {
            Frequency::Weekly => Span::new().try_weeks(units),
            Frequency::Monthly => Span::new().try_months(units),
            Frequency::Yearly => Span::new().try_years(units),
            _ => Span::new().try_days(units),
        };
        Some(self.beginning(start.first.checked_add(span.ok()?).ok()?))
    }

    /// How many intervals, or fewer, lie between a period and a date.
    pub(super) fn intervals_before(&self, start: Period, date: Date) -> i64 {
        let days = start.first.until(date).map_or(0, |span| i64::from(span.get_days()));
        let years = i64::from(date.year()) - i64::from(start.first.year());
        let passed = match self.frequency {
            Frequency::Weekly => days / 7,
            Frequency::Monthly => years * 12 + i64::from(date.month()) - i64::from(start.first.month()),
            Frequency::Yearly => years - 1,
            _ => days,
        };
        (passed / self.interval).max(0)
    }

    /// The days of a period that it picks, in order.
    pub(super) fn days(&self, period: Period, effort: &mut Effort) -> Result<Vec<Date>, TooMuch> {
        let Period { first, length, is_of_weeks } = period;
        let months = if self.frequency == Frequency::Yearly && !is_of_weeks { self.numbers(Part::Month) } else { &[] };
        if months.is_empty() {
            return self.picked(first, length, is_of_weeks, effort);
        }
        // A year of which only some months are wanted: the others are not looked at.
        let mut days = Vec::new();
        for month in months {
            let Ok(first) = Date::new(first.year(), (*month).try_into().unwrap_or(1), 1) else { continue };
            days.extend(self.picked(first, first.days_in_month().into(), false, effort)?);
        }
        Ok(days)
    }

    fn picked(&self, first: Date, length: i64, of_weeks: bool, effort: &mut Effort) -> Result<Vec<Date>, TooMuch> {
        effort.spend(length * (1 + self.compared() as i64))?;
        let all = successors(Some(first), |date| date.tomorrow().ok()).take(length as usize);
        let in_week = |date: &Date| !of_weeks || self.is_in_week(first, length, *date);
        Ok(all.filter(|date| self.fits(*date) && in_week(date)).collect())
    }

    /// Whether a day fits all parts but that of weeks.
    pub(super) fn fits(&self, date: Date) -> bool {
        let (month, day, of_month) = (date.month(), i16::from(date.day()), i16::from(date.days_in_month()));
        self.picks(Part::Month, month.into(), 12)
            && self.picks(Part::MonthDay, day, of_month)
            && self.picks(Part::YearDay, date.day_of_year(), date.days_in_year())
            && (self.by_day.is_empty() || self.by_day.iter().any(|wanted| self.is_weekday(*wanted, date)))
    }

    /// "The second Tuesday" is one of the month, or of the year where no month is named.
    fn is_weekday(&self, (which, weekday): (i16, Weekday), date: Date) -> bool {
        let of_month = self.frequency == Frequency::Monthly || self.has(Part::Month);
        let (ordinal, length) = if of_month {
            (date.day().into(), date.days_in_month().into())
        } else {
            (date.day_of_year(), date.days_in_year())
        };
        let (from_begin, from_end) = ((ordinal - 1) / 7 + 1, -((length - ordinal) / 7 + 1));
        weekday == date.weekday() && (which == 0 || which == from_begin || which == from_end)
    }

    fn is_in_week(&self, first: Date, length: i64, date: Date) -> bool {
        let days = first.until(date).map_or(0, |span| span.get_days());
        self.picks(Part::WeekNo, (days / 7 + 1) as i16, (length / 7) as i16)
    }

    /// Whether a part has an ordinal number, counted from the start or from the end.
    fn picks(&self, part: Part, ordinal: i16, length: i16) -> bool {
        let wanted = self.numbers(part);
        wanted.is_empty() || wanted.contains(&ordinal) || wanted.contains(&(ordinal - length - 1))
    }

    fn counts_weeks(&self) -> bool {
        self.frequency == Frequency::Yearly && self.has(Part::WeekNo)
    }

    /// The weeks of a year: the first is the first with at least four of its days.
    fn year_of_weeks(&self, year: i16) -> Option<Period> {
        let first = |year: i16| week_of(Date::new(year, 1, 4).ok()?, self.week_start);
        let begin = first(year)?;
        Some(Period { first: begin, length: days_between(begin, first(year.checked_add(1)?)?), is_of_weeks: true })
    }

    fn beginning(&self, first: Date) -> Period {
        let length = match self.frequency {
            Frequency::Weekly => 7,
            Frequency::Monthly => first.days_in_month().into(),
            Frequency::Yearly => first.days_in_year().into(),
            _ => 1,
        };
        Period { first, length, is_of_weeks: false }
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// The first day of a date's week.
fn week_of(date: Date, start: Weekday) -> Option<Date> {
    date.checked_sub(Span::new().days(i64::from(date.weekday().since(start)))).ok()
}
