//! Moments and spans. The only part of the program that reads a clock.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// Reads the wall clock. Called at the edges only; behind the hub time is an argument.
#[expect(clippy::disallowed_methods, reason = "the one door to the clock")]
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

impl Timestamp {
    /// From seconds with a fraction, as Prometheus writes them. `None` for what is no moment of the
    /// years -9999 to 9999: not finite, or nanoseconds by mistake.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let calendar = jiff::Timestamp::MIN.as_second() as f64..=jiff::Timestamp::MAX.as_second() as f64;
        calendar.contains(&seconds).then(|| Self((seconds * 1000.0).round() as i64))
    }

    /// From RFC 3339, as most servers write moments; `None` for what is none.
    pub fn of_rfc3339(text: Option<&str>) -> Option<Self> {
        text?.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }

    /// Seconds with a fraction.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// How long ago it was at `now`; a moment in the future is zero ago.
    #[must_use]
    pub fn age_at(self, now: Self) -> Span {
        Span(now.0.saturating_sub(self.0).max(0))
    }

    /// How long until it comes at `now`; a moment in the past is in no time.
    #[must_use]
    pub fn age_before(self, now: Self) -> Span {
        Span(self.0.saturating_sub(now.0).max(0))
    }

    /// Earlier by a span.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// Later by a span.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The hour, minute and second on the wall of a zone.
    pub fn clock(self, zone: &Zone) -> String {
        zone.local_time(self).map_or_else(|| "--:--:--".to_owned(), |t| t.strftime("%H:%M:%S").to_string())
    }

    /// The date and the time on the wall of a zone: "2026-11-21 14:21:07".
    pub fn date_time(self, zone: &Zone) -> String {
        let text = |t: jiff::Zoned| t.strftime("%Y-%m-%d %H:%M:%S").to_string();
        zone.local_time(self).map_or_else(|| "---------- --:--:--".to_owned(), text)
    }

    /// The hour and minute on the wall of a zone.
    pub fn hour_minute(self, zone: &Zone) -> String {
        zone.local_time(self).map_or_else(|| "--:--".to_owned(), |t| t.strftime("%H:%M").to_string())
    }

    /// The day on the wall of a zone, such as "Sat 21 Nov".
    pub fn day(self, zone: &Zone) -> String {
        zone.local_time(self).map_or_else(String::new, |t| t.strftime("%a %-d %b").to_string())
    }

    /// "14:21" on the day of `now`, else "Fri 20 Nov 14:21", and with its year when that is another.
    pub fn since_at(self, now: Self, zone: &Zone) -> String {
        let (Some(then), Some(today)) = (zone.local_time(self), zone.local_time(now)) else {
            return self.hour_minute(zone);
        };
        if then.date() == today.date() {
            self.hour_minute(zone)
        } else if then.year() == today.year() {
            format!("{} {}", self.day(zone), self.hour_minute(zone))
        } else {
            format!("{} {} {}", self.day(zone), then.year(), self.hour_minute(zone))
        }
    }

    /// RFC 3339 in UTC, for machines.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| String::new(), |t| t.to_string())
    }
}

/// A time zone: the screen's, which is an argument like time itself, or that of a source's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC.
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The place that its name ends with: "New York" of `America/New_York`; "UTC" of one without a name.
    pub fn place(&self) -> String {
        let name = self.0.iana_name().unwrap_or("UTC");
        name.rsplit('/').next().unwrap_or(name).replace('_', " ")
    }

    /// The date there; `None` beyond the end of the calendar.
    pub(super) fn date_of(&self, at: Timestamp) -> Option<jiff::civil::Date> {
        self.local_time(at).map(|there| there.date())
    }

    /// When the clocks show this there; of an hour that comes twice the first, of one that is left out the one after.
    pub(super) fn moment_of(&self, civil: jiff::civil::DateTime) -> Option<Timestamp> {
        let zoned = civil.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }

    /// What the clocks show there; `None` beyond the end of the calendar.
    pub(super) fn local_time(&self, at: Timestamp) -> Option<jiff::Zoned> {
        jiff::Timestamp::from_millisecond(at.0).ok().map(|t| t.to_zoned(self.0.clone()))
    }
}

impl Serialize for Zone {
    /// As its name in the time zone database; null for a zone without one.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.iana_name().serialize(serializer)
    }
}

impl From<Zone> for TimeZone {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        Self(zone)
    }
}

impl<'de> serde::Deserialize<'de> for Zone {
    /// From a name of the time zone database.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        TimeZone::get(&name).map(Self).map_err(|_| {
            serde::de::Error::custom(format!("'{name}' is not a time zone; write it like \"Europe/Berlin\""))
        })
    }
}

impl schemars::JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeZone".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

/// A length of time in milliseconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Span(pub i64);

impl Span {
    /// Whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// As the standard library has it.
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.unsigned_abs())
    }

    /// Seconds with a fraction.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// A multiple of it.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor) as i64)
    }

    /// Reads "10s", "2m", "1h 30m", "90 seconds".
    ///
    /// The grammar is jiff's "friendly" duration format. Errors are sentences without the value's location.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(format!("'{text}' has no unit; write it like \"10s\", \"2m\" or \"1h 30m\""));
        }
        let wrong = || format!("'{text}' is not a length of time; write it like \"10s\", \"2m\" or \"1h 30m\"");
        let span: jiff::Span = text.parse().map_err(|_| wrong())?;
        let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
        let millis = i64::try_from(duration.as_millis()).map_err(|_| format!("'{text}' is too long"))?;
        if millis < 0 {
            return Err(format!("'{text}' is negative"));
        }
        Ok(Self(millis))
    }

    /// As [`Self::parse`] reads it, in the largest unit that it is whole in: "90s", "5m", "1d".
    pub fn written(self) -> String {
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
        let whole = units.into_iter().find(|(_, millis)| self.0 > 0 && self.0 % millis == 0);
        whole.map_or_else(|| format!("{}ms", self.0), |(unit, millis)| format!("{}{unit}", self.0 / millis))
    }

    /// Two units at most: "350 ms", "12 s", "3 h 12 min", "5 d".
    pub fn humane(self) -> String {
        let s = self.0 / 1000;
        match s {
            0 if self.0 > 0 => format!("{} ms", self.0),
            0..60 => format!("{s} s"),
            60..3600 => {
                let (m, s) = (s / 60, s % 60);
                if m < 10 && s > 0 { format!("{m} min {s} s") } else { format!("{m} min") }
            }
            3600..86_400 => {
                let (h, m) = (s / 3600, s % 3600 / 60);
                if m > 0 { format!("{h} h {m} min") } else { format!("{h} h") }
            }
            _ => {
                let (d, h) = (s / 86_400, s % 86_400 / 3600);
                if d < 10 && h > 0 { format!("{d} d {h} h") } else { format!("{d} d") }
            }
        }
    }

    /// One unit, for narrow columns: "12 s", "3 min", "5 h", "2 d".
    pub fn brief(self) -> String {
        let s = self.0 / 1000;
        match s {
            0..60 => format!("{s} s"),
            60..3600 => format!("{} min", s / 60),
            3600..86_400 => format!("{} h", s / 3600),
            _ => format!("{} d", s / 86_400),
        }
    }
}

/// A length of time that may be missing, in milliseconds, as it is written.
pub fn optional_millis<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.map(Span))
}

impl<'de> serde::Deserialize<'de> for Span {
    /// From a text such as "10s".
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Span;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a length of time in quotes, such as \"10s\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).map_err(E::custom)
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Span, E> {
                Err(E::custom(format!("a length of time has a unit: write \"{number}s\"")))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Span, E> {
                Err(E::custom(format!("a length of time has a unit: write \"{number}s\"")))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Span, E> {
                Err(E::custom(format!("a length of time has a unit: write \"{number}s\"")))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "examples": ["10s", "2m", "1h 30m"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, millis) in [
            ("10s", 10_000),
            ("250ms", 250),
            ("2m", 120_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
        ] {
            assert_eq!(Span::parse(text), Ok(Span(millis)), "{text}");
        }
    }

    #[test]
    fn a_bare_number_or_rubbish_is_refused_with_a_remedy() {
        for text in ["10", "", "fast", "-5s", "1.5.2s"] {
            let error = Span::parse(text).unwrap_err();
            assert!(error.contains(text.trim()), "{error}");
        }
        assert!(Span::parse("10").unwrap_err().contains("\"10s\""));
    }

    #[test]
    fn spans_are_shown_in_two_units_at_most() {
        for (millis, text) in [
            (350, "350 ms"),
            (0, "0 s"),
            (12_000, "12 s"),
            (125_000, "2 min 5 s"),
            (720_000, "12 min"),
            (11_520_000, "3 h 12 min"),
            (180_000_000, "2 d 2 h"),
            (1_800_000_000, "20 d"),
        ] {
            assert_eq!(Span(millis).humane(), text);
        }
    }

    #[test]
    fn a_moment_in_the_future_is_not_negative_ago() {
        assert_eq!(Timestamp(5000).age_at(Timestamp(1000)), Span(0));
    }
}
