//! Dates, times and lengths of time as calendars write them.
//!
//! Source: RFC 5545, sections 3.3.4 (dates), 3.3.5 (times) and 3.3.6 (durations).

use jiff::Span;
use jiff::civil::{Date, DateTime};

/// Reads `20261121`.
pub(super) fn date(text: &str) -> Option<Date> {
    Date::strptime("%Y%m%d", text).ok()
}

/// Reads `20261121T140000`.
pub(super) fn time(text: &str) -> Option<DateTime> {
    DateTime::strptime("%Y%m%dT%H%M%S", text).ok()
}

/// Reads `P1DT2H`, `PT45M`, `P2W`: days are of the calendar, hours are exact. One below zero is none.
pub(super) fn duration(text: &str) -> Option<Span> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let span: Span = text.starts_with('P').then(|| text.parse().ok())??;
    (!span.is_negative()).then_some(span)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn durations_are_read() {
        let hours = |text: &str| {
            let day = date("20261025").unwrap().to_zoned(TimeZone::get("Europe/Berlin").unwrap()).unwrap();
            Some(day.checked_add(duration(text)?).unwrap().timestamp().duration_since(day.timestamp()).as_hours())
        };
        assert_eq!(hours("PT45H"), Some(45));
        assert_eq!(hours("P1DT2H"), Some(27), "the clocks are set back on that day: it has 25 hours");
        assert_eq!(hours("+P1W"), Some(7 * 24 + 1));
        for wrong in ["-PT1H", "1 hour", "P", "", "PT"] {
            assert_eq!(hours(wrong), None, "{wrong}");
        }
    }
}
