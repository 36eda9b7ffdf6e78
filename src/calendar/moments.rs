//! Dates and times, each in the zone that it names.
//!
//! Source: RFC 5545, sections 3.3.5 (times: of a zone, of UTC, floating) and 3.3.9 (periods).

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use super::lines::Property;
use super::values::{date, duration, time};
use super::zones::Zones;

/// A date or a time as it is written, with the zone that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    value: String,
    /// Of a period, when it ends or how long it takes.
    end: Option<String>,
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
    /// Those of a property: one, or a list.
    pub(super) fn each(property: &Property) -> impl Iterator<Item = Self> {
        let zone = property.parameter("TZID").map(str::to_owned);
        property.value.split(',').map(move |one| {
            let (begin, end) = one.split_once('/').map_or((one, None), |(begin, end)| (begin, Some(end)));
            let end = end.map(|end| end.trim().to_owned());
            Self { value: begin.trim().to_owned(), end, zone: zone.clone() }
        })
    }

    /// Reads it, of a period its start; `None` for what is neither a date nor a time.
    pub(super) fn read(&self, zones: &mut Zones) -> Option<When> {
        self.moment(&self.value, zones)
    }

    fn moment(&self, value: &str, zones: &mut Zones) -> Option<When> {
        if !value.contains('T') {
            return date(value).map(When::Day);
        }
        match value.strip_suffix('Z') {
            Some(utc) => Some(When::At(time(utc)?, TimeZone::UTC)),
            None => Some(When::At(time(value)?, zones.find(self.zone.as_deref()))),
        }
    }

    /// How long a period takes; `None` for what is none, or would end before it begins.
    pub(super) fn length(&self, begin: &Zoned, zones: &mut Zones) -> Option<Span> {
        let end = self.end.as_deref()?;
        let length = duration(end).or_else(|| exact(begin, &self.moment(end, zones)?.zoned(zones)?));
        length.filter(|length| !length.is_negative())
    }

    /// Whether it names a zone that nobody knows, so that its moment is a guess.
    pub(super) fn is_of_unknown_zone(&self, zones: &mut Zones) -> bool {
        let is_local = self.value.contains('T') && !self.value.ends_with('Z');
        is_local && self.zone.as_deref().is_some_and(|name| !zones.knows(name))
    }
}

impl When {
    /// What the clocks show; of a day its start.
    pub(super) const fn civil(&self) -> DateTime {
        match self {
            Self::Day(date) => date.to_datetime(Time::midnight()),
            Self::At(time, _) => *time,
        }
    }

    /// The moment itself. A time that the clocks leave out, or show twice, is read as the RFC says: with
    /// the earlier offset, and as the first.
    pub(super) fn zoned(&self, zones: &Zones) -> Option<Zoned> {
        self.civil().to_zoned(self.zone(zones).clone()).ok()
    }

    /// The day that it names among whole days. Some programs write it as a time, which is midnight of some zone.
    pub(super) fn day(&self, zones: &Zones) -> Option<Date> {
        let local = self.zoned(zones)?.with_time_zone(zones.floating().clone());
        Some(if local.time() == Time::midnight() { local.date() } else { self.civil().date() })
    }

    /// The zone whose clocks count.
    pub(super) const fn zone<'a>(&'a self, zones: &'a Zones) -> &'a TimeZone {
        match self {
            Self::Day(_) => zones.floating(),
            Self::At(_, zone) => zone,
        }
    }
}

/// The time between two moments: what repeats is as long when the clocks change.
pub(super) fn exact(from: &Zoned, to: &Zoned) -> Option<Span> {
    Span::new().try_seconds(to.timestamp().duration_since(from.timestamp()).as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn read(line: &str) -> Vec<String> {
        let mut zones = Zones::new(TimeZone::get("Europe/Berlin").unwrap(), HashMap::new());
        let property = Property::parse(line).unwrap();
        let moments = Written::each(&property).map(|written| {
            let Some(zoned) = written.read(&mut zones).and_then(|when| when.zoned(&zones)) else {
                return String::new();
            };
            let length = written.length(&zoned, &mut zones).map(|length| format!(" {length}"));
            format!("{}{}", zoned.timestamp(), length.unwrap_or_default())
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
    fn a_list_has_several_and_a_period_has_a_length() {
        let line = "RDATE;VALUE=PERIOD:20261121T140000Z/PT1H,20261122T140000Z/20261122T150000Z,20261123T140000Z";
        assert_eq!(read(line), ["2026-11-21T14:00:00Z PT1H", "2026-11-22T14:00:00Z PT3600S", "2026-11-23T14:00:00Z"]);
        let line = "RDATE;VALUE=PERIOD:20261226T080000Z/20261226,20261227T080000Z/-PT1H";
        assert_eq!(read(line), ["2026-12-26T08:00:00Z", "2026-12-27T08:00:00Z"], "it ends before it begins");
    }

    #[test]
    fn a_day_may_be_written_as_midnight_of_some_zone() {
        let mut zones = Zones::new(TimeZone::get("Europe/Berlin").unwrap(), HashMap::new());
        for (line, day) in [
            ("X:20261121", "20261121"),
            ("X:20261121T000000", "20261121"),
            ("X:20261121T000000Z", "20261121"),
            ("X:20261120T230000Z", "20261121"),
            ("X;TZID=America/New_York:20261121T000000", "20261121"),
        ] {
            let written = Written::each(&Property::parse(line).unwrap()).next().unwrap();
            let when = written.read(&mut zones).unwrap();
            assert_eq!(when.day(&zones), date(day), "{line}");
        }
    }
}
