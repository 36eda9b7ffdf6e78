//! A day and a time of day as a calendar on the wall has them, without a zone.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::from_text::from_text;
use super::time::{Timestamp, Zone};

/// "2026-12-24", or "2026-12-24 18:00".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime(DateTime);

impl LocalTime {
    /// The moment at which clocks of a zone show it. Where they skip it, the first moment after; where they show it
    /// twice, the first.
    pub fn in_zone(self, zone: &Zone) -> Option<Timestamp> {
        let zone: TimeZone = zone.clone().into();
        self.0.to_zoned(zone).ok().map(|zoned| Timestamp(zoned.timestamp().as_millisecond()))
    }
}

impl FromStr for LocalTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = DateTime::strptime("%Y-%m-%d %H:%M", text)
            .or_else(|_| Date::strptime("%Y-%m-%d", text).map(|day| day.at(0, 0, 0, 0)));
        moment
            .map(Self)
            .map_err(|_| format!("'{text}' is no day; write it like \"2026-12-24\" or \"2026-12-24 18:00\""))
    }
}

from_text!(LocalTime, ["2026-12-24", "2026-12-24 18:00"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_wall_is() {
        let at =
            |text: &str, zone: TimeZone| text.parse::<LocalTime>().unwrap().in_zone(&zone.into()).unwrap().rfc3339();
        let berlin = || TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(at("2026-12-24", berlin()), "2026-12-23T23:00:00Z");
        assert_eq!(at("2026-12-24 18:00", TimeZone::UTC), "2026-12-24T18:00:00Z");
        for text in ["", "tomorrow", "24.12.2026", "2026-13-01", "2026-12-24 25:00"] {
            assert!(text.parse::<LocalTime>().unwrap_err().contains("2026-12-24 18:00"), "{text}");
        }
    }
}
