//! Dates, times and lengths of time as calendars write them.
//!
//! Source: RFC 5545, sections 3.3.4 (dates), 3.3.5 (times: of a zone, of UTC, floating), 3.3.6 (durations)
//! and 3.3.9 (periods).

use jiff::Zoned;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::lines::Property;
use super::zones::Zones;

/// A date or a time as it is written, with the zone that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    value: String,
    zone: Option<String>,
}

/// A date or a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// A whole day.
    Day(Date),
    /// What the clocks of a zone show.
    At(DateTime, TimeZone),
}

impl Written {
    /// Those of a property: one, or a list. Of a period its begin.
    pub(super) fn all(property: &Property) -> impl Iterator<Item = Self> {
        let zone = property.parameter("TZID").map(str::to_owned);
        property.value.split(',').map(move |one| {
            let begin = one.split_once('/').map_or(one, |(begin, _)| begin);
            Self { value: begin.trim().to_owned(), zone: zone.clone() }
        })
    }

    /// Reads it; `None` for what is neither a date nor a time.
    pub(super) fn read(&self, zones: &mut Zones) -> Option<When> {
        if !self.value.contains('T') {
            return date(&self.value).map(When::Day);
        }
        match self.value.strip_suffix('Z') {
            Some(utc) => Some(When::At(time(utc)?, TimeZone::UTC)),
            None => Some(When::At(time(&self.value)?, zones.find(self.zone.as_deref()))),
        }
    }
}

impl When {
    /// What the clocks show; of a day its begin.
    pub(super) const fn civil(&self) -> DateTime {
        match self {
            Self::Day(date) => date.to_datetime(Time::midnight()),
            Self::At(time, _) => *time,
        }
    }

    /// The moment itself. A time that the clocks leave out, or show twice, is read as the RFC says: with
    /// the offset of before, and as the first.
    pub(super) fn zoned(&self, zones: &Zones) -> Option<Zoned> {
        self.civil().to_zoned(self.zone(zones).clone()).ok()
    }

    /// The zone whose clocks count.
    pub(super) const fn zone<'a>(&'a self, zones: &'a Zones) -> &'a TimeZone {
        match self {
            Self::Day(_) => zones.floating(),
            Self::At(_, zone) => zone,
        }
    }
}

/// Reads `20261121`.
pub(super) fn date(text: &str) -> Option<Date> {
    Date::strptime("%Y%m%d", text).ok()
}

/// Reads `20261121T140000`.
pub(super) fn time(text: &str) -> Option<DateTime> {
    DateTime::strptime("%Y%m%dT%H%M%S", text).ok()
}

/// Reads `P1DT2H`, `PT45M`, `P2W`: days are of the calendar, hours are exact. One below zero is none.
pub(super) fn duration(text: &str) -> Option<jiff::Span> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let span: jiff::Span = text.starts_with('P').then(|| text.parse().ok())??;
    (!span.is_negative()).then_some(span)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn read(line: &str) -> Vec<String> {
        let mut zones = Zones::new(TimeZone::get("Europe/Berlin").unwrap(), HashMap::new());
        let property = Property::parse(line).unwrap();
        let moments = Written::all(&property).map(|written| {
            let when = written.read(&mut zones);
            when.and_then(|when| when.zoned(&zones)).map_or_else(String::new, |zoned| zoned.timestamp().to_string())
        });
        moments.collect()
    }

    #[test]
    fn moments_are_read_in_the_zone_they_name() {
        for (line, moment) in [
            ("DTSTART:20261121T140000Z", "2026-11-21T14:00:00Z"),
            ("DTSTART:20261121T140000", "2026-11-21T13:00:00Z"),
            ("DTSTART;TZID=America/New_York:20261121T140000", "2026-11-21T19:00:00Z"),
            ("DTSTART;TZID=\"Eastern Standard Time\":20261121T140000", "2026-11-21T19:00:00Z"),
            ("DTSTART;VALUE=DATE:20261121", "2026-11-20T23:00:00Z"),
            // The clocks leave this time out, and show that one twice.
            ("DTSTART:20260329T023000", "2026-03-29T01:30:00Z"),
            ("DTSTART:20261025T023000", "2026-10-25T00:30:00Z"),
            ("DTSTART:20261321T140000", ""),
            ("DTSTART:tomorrow", ""),
            ("DTSTART:", ""),
        ] {
            assert_eq!(read(line), [moment], "{line}");
        }
    }

    #[test]
    fn a_list_has_several_and_a_period_begins() {
        let line = "RDATE;VALUE=PERIOD:20261121T140000Z/PT1H,20261122T140000Z/20261122T150000Z";
        assert_eq!(read(line), ["2026-11-21T14:00:00Z", "2026-11-22T14:00:00Z"]);
    }

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
