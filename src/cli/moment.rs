//! Moments as people type them: "-2h", "14:03", "2026-11-30", "2026-11-30 14:03", RFC 3339.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::model::time::{Span, Timestamp};

/// Reads one; `now` and the zone say what "14:03" and "-2h" are. The error is a sentence.
pub(super) fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(ago) = text.strip_prefix('-') {
        return Span::parse(ago).map(|ago| now.minus(ago));
    }
    if let Some(at) = Timestamp::of_rfc3339(Some(text)) {
        return Ok(at);
    }
    let at = civil(text, now, zone).and_then(|civil| civil.to_zoned(zone.clone()).ok());
    let at = at.map(|zoned| Timestamp(zoned.timestamp().as_millisecond()));
    at.ok_or_else(|| format!("'{text}' is no moment; write it like -2h, 14:03, 2026-11-30 or \"2026-11-30 14:03\""))
}

fn civil(text: &str, now: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    if let Some((date, time)) = text.split_once([' ', 'T']) {
        return Some(date.parse::<Date>().ok()?.to_datetime(clock(time)?));
    }
    if let Ok(date) = text.parse::<Date>() {
        return Some(date.to_datetime(Time::midnight()));
    }
    let today = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).date();
    Some(today.to_datetime(clock(text)?))
}

/// "14:03" or "14:03:20".
fn clock(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() { None } else { Time::new(hour, minute, second, 0).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_type_them() {
        // Saturday, 21 November 2026, 15:30 UTC.
        let (now, zone) = (Timestamp(1_795_275_000_000), TimeZone::UTC);
        for (text, expected) in [
            ("now", "2026-11-21T15:30:00Z"),
            ("-2h", "2026-11-21T13:30:00Z"),
            ("14:03", "2026-11-21T14:03:00Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20 14:03:20", "2026-11-20T14:03:20Z"),
            ("2026-11-20T14:03:20+02:00", "2026-11-20T12:03:20Z"),
        ] {
            assert_eq!(parse(text, now, &zone).map(Timestamp::rfc3339).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "-", "yesterday", "25:00", "14:03:20:1", "2026-13-01"] {
            assert!(parse(text, now, &zone).is_err(), "{text}");
        }
    }
}
