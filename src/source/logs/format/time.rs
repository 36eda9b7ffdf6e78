//! Times as logs write them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::model::time::Timestamp;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What completes a time that does not say its year or its zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock<'a> {
    pub(super) now: Timestamp,
    pub(super) zone: &'a TimeZone,
}

impl Clock<'_> {
    fn local(self, civil: DateTime) -> Option<Timestamp> {
        Some(Timestamp(civil.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond()))
    }

    /// Seconds, milliseconds, micro- or nanoseconds since 1970, told apart by their size.
    pub(super) fn number(number: f64) -> Option<Timestamp> {
        let seconds = match number.abs() {
            size if size < 1e8 => return None,
            size if size < 1e11 => number,
            size if size < 1e14 => number / 1e3,
            size if size < 1e17 => number / 1e6,
            _ => number / 1e9,
        };
        Timestamp::from_seconds(seconds)
    }

    /// A text that is a time and nothing else.
    pub(super) fn text(self, text: &str) -> Option<Timestamp> {
        let text = text.trim().trim_matches(['[', ']']);
        if let Ok(number) = text.parse() {
            return Self::number(number);
        }
        let (at, rest) = self.leading(text)?;
        rest.trim().is_empty().then_some(at)
    }

    /// The time that a line begins with, and what stands behind it.
    pub(super) fn leading(self, line: &str) -> Option<(Timestamp, &str)> {
        let (open, line) = line.strip_prefix('[').map_or((false, line), |line| (true, line));
        let (at, rest) = self.iso(line).or_else(|| self.syslog(line)).or_else(|| self.of_today(line))?;
        // env_logger closes the bracket behind the name.
        let rest = if open && !rest.starts_with(' ') { rest.strip_prefix(']')? } else { rest };
        Some((at, rest))
    }

    /// "2026-11-30T14:03:20.123Z", "2026-11-30 14:03:20,123 +0200", "2026/11/30 14:03:20".
    fn iso(self, line: &str) -> Option<(Timestamp, &str)> {
        let (date, rest) = line.split_at_checked(10)?;
        let date: Date = date.replace('/', "-").parse().ok()?;
        let rest = rest.strip_prefix(['T', ' ', '_'])?;
        let (time, rest) = clock(rest)?;
        let civil = date.to_datetime(time);
        if let Some(rest) = rest.strip_prefix('Z') {
            return Some((Timestamp(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()), rest));
        }
        if let Some((offset, after)) = offset(rest) {
            let utc = civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
            return Some((Timestamp(utc - offset), after));
        }
        Some((self.local(civil)?, rest))
    }

    /// "14:03:20.123": of today, or of yesterday where that would be in the future.
    fn of_today(self, line: &str) -> Option<(Timestamp, &str)> {
        let (time, rest) = clock(line)?;
        let today = jiff::Timestamp::from_millisecond(self.now.0).ok()?.to_zoned(self.zone.clone()).date();
        let at = self.local(today.to_datetime(time))?;
        let is_ahead = at.0 > self.now.0 + 60_000;
        Some((if is_ahead { self.local(today.yesterday().ok()?.to_datetime(time))? } else { at }, rest))
    }

    /// "Nov 30 14:03:20" of syslog: of this year, or of the last where that would be in the future.
    fn syslog(self, line: &str) -> Option<(Timestamp, &str)> {
        let (month, rest) = line.split_at_checked(3)?;
        let month = MONTHS.iter().position(|name| *name == month)? as i8 + 1;
        let rest = rest.trim_start();
        let (day, rest) = rest.split_once(' ')?;
        let (time, rest) = clock(rest.trim_start())?;
        let this_year = jiff::Timestamp::from_millisecond(self.now.0).ok()?.to_zoned(self.zone.clone()).year();
        let of_year = |year| self.local(Date::new(year, month, day.parse().ok()?).ok()?.to_datetime(time));
        let is_ahead = |at: &Timestamp| at.0 > self.now.0 + 86_400_000;
        // There is no 29 February in most years.
        let at = of_year(this_year).filter(|at| !is_ahead(at)).or_else(|| of_year(this_year - 1))?;
        Some((at, rest))
    }

    /// "30/Nov/2026:14:03:20 +0000" of access logs.
    pub(super) fn access(text: &str) -> Option<Timestamp> {
        let mut parts = text.splitn(3, '/');
        let (day, month, rest) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        let month = MONTHS.iter().position(|name| *name == month)? as i8 + 1;
        let (year, rest) = rest.split_once(':')?;
        let (time, rest) = clock(rest)?;
        let (offset, _) = offset(rest)?;
        let civil = Date::new(year.parse().ok()?, month, day).ok()?.to_datetime(time);
        Some(Timestamp(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond() - offset))
    }
}

/// "14:03:20", with a fraction behind a point or a comma; and what stands behind it.
fn clock(line: &str) -> Option<(Time, &str)> {
    let (digits, rest) = line.split_at_checked(8)?;
    let mut parts = digits.split(':');
    let mut two = || parts.next().filter(|part| part.len() == 2)?.parse::<i8>().ok();
    let (hour, minute, second) = (two()?, two()?, two()?);
    let (nanos, rest) = match rest.strip_prefix(['.', ',']) {
        None => (0, rest),
        Some(after) => {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, rest) = after.split_at_checked(length)?;
            let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
            (nanos, rest)
        }
    };
    // A leap second is the second before.
    Some((Time::new(hour, minute, second.min(59), nanos).ok()?, rest))
}

/// " +0200", "+02:00": milliseconds ahead of UTC, and what stands behind it.
fn offset(line: &str) -> Option<(i64, &str)> {
    let line = line.strip_prefix(' ').unwrap_or(line);
    for name in ["UTC", "GMT"] {
        if let Some(rest) = line.strip_prefix(name).filter(|rest| !rest.starts_with(char::is_alphanumeric)) {
            return Some((0, rest));
        }
    }
    let sign = if line.starts_with('+') { 1 } else { -1 };
    let digits = line.strip_prefix(['+', '-'])?;
    let (hours, rest) = digits.split_at_checked(2)?;
    // PostgreSQL writes hours alone.
    let minutes = rest.strip_prefix(':').unwrap_or(rest).split_at_checked(2);
    let minutes = minutes.and_then(|(minutes, rest)| Some((minutes.parse().ok()?, rest)));
    let (minutes, rest) = minutes.unwrap_or((0, rest));
    let hours: i64 = hours.parse().ok()?;
    Some((sign * (hours * 3600 + minutes * 60) * 1000, rest))
}
