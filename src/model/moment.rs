//! Moments and ranges as people type them: "-2h", "14:03", "yesterday 18:00", "2026-11-30 14:03", RFC 3339, and two of
//! them with two dots between: "yesterday 18:00..19:00".

use jiff::civil::{Date, DateTime, Time};

use super::time::{Span, Timestamp, Zone};

/// How they may be written, for messages.
pub const EXAMPLES: &str = "-2h, 14:03, yesterday 18:00, 2026-11-30 or \"2026-11-30 14:03\"";

/// Reads a moment; `now` and the zone say what "14:03" and "-2h" are. The error is a sentence.
pub fn parse(text: &str, now: Timestamp, zone: &Zone) -> Result<Timestamp, String> {
    parse_on(text, None, now, zone)
}

/// Reads a moment, or a range of time from one to a later one: then the first is where it begins. A clock time behind
/// the dots is of the day that stands before them. What lies in the future has not been yet: an error, as one that ends
/// before it begins.
pub fn parse_range(text: &str, now: Timestamp, zone: &Zone) -> Result<(Option<Timestamp>, Timestamp), String> {
    let is_past = |at: Timestamp| {
        if at > now { Err(format!("{} has not come yet", at.date_time(zone))) } else { Ok(at) }
    };
    let Some((from, to)) = text.split_once("..") else {
        let at = parse(text, now, zone)?;
        // A clock time that is still to come today was yesterday: nobody looks into the future.
        let was_yesterday = at > now && clock(text.trim()).is_some();
        let at = if was_yesterday { parse(&format!("yesterday {}", text.trim()), now, zone)? } else { at };
        return Ok((None, is_past(at)?));
    };
    let from = is_past(parse(from, now, zone)?)?;
    let to = if to.trim().is_empty() { now } else { is_past(parse_on(to, Some(from), now, zone)?)? };
    if from >= to {
        return Err("it ends before it begins".to_owned());
    }
    Ok((Some(from), to))
}

/// `day` is a moment of the day that a clock time alone is of; without it, today.
fn parse_on(text: &str, day: Option<Timestamp>, now: Timestamp, zone: &Zone) -> Result<Timestamp, String> {
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
    let at = civil(text, day, now, zone).and_then(|civil| zone.moment_of(civil));
    at.ok_or_else(|| format!("'{text}' is no moment; write it like {EXAMPLES}"))
}

fn civil(text: &str, day: Option<Timestamp>, now: Timestamp, zone: &Zone) -> Option<DateTime> {
    let named = |word: &str| match word {
        "today" => zone.date_of(now),
        "yesterday" => zone.date_of(now)?.yesterday().ok(),
        date => date.parse::<Date>().ok(),
    };
    if let Some((date, time)) = text.split_once([' ', 'T']) {
        return Some(named(date)?.to_datetime(clock(time.trim())?));
    }
    if let Some(date) = named(text) {
        return Some(date.to_datetime(Time::midnight()));
    }
    Some(zone.date_of(day.unwrap_or(now))?.to_datetime(clock(text)?))
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

    // Saturday, 21 November 2026, 15:30 UTC.
    const NOW: Timestamp = Timestamp(1_795_275_000_000);

    #[test]
    fn moments_are_read_as_people_type_them() {
        let zone = Zone::utc();
        for (text, expected) in [
            ("now", "2026-11-21T15:30:00Z"),
            ("-2h", "2026-11-21T13:30:00Z"),
            ("14:03", "2026-11-21T14:03:00Z"),
            ("yesterday 18:00", "2026-11-20T18:00:00Z"),
            ("today", "2026-11-21T00:00:00Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20 14:03:20", "2026-11-20T14:03:20Z"),
            ("2026-11-20T14:03:20+02:00", "2026-11-20T12:03:20Z"),
        ] {
            assert_eq!(parse(text, NOW, &zone).map(Timestamp::rfc3339).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "-", "tomorrow", "25:00", "14:03:20:1", "2026-13-01"] {
            assert!(parse(text, NOW, &zone).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_is_two_moments_of_which_the_second_may_be_a_time_of_the_same_day() {
        let said = |text: &str| {
            let (from, to) = parse_range(text, NOW, &Zone::utc())?;
            Ok((from.map(Timestamp::rfc3339).unwrap_or_default(), to.rfc3339()))
        };
        for (text, from, to) in [
            ("yesterday 18:00..19:00", "2026-11-20T18:00:00Z", "2026-11-20T19:00:00Z"),
            ("-2h..-1h", "2026-11-21T13:30:00Z", "2026-11-21T14:30:00Z"),
            ("14:00..", "2026-11-21T14:00:00Z", "2026-11-21T15:30:00Z"),
            ("-2h", "", "2026-11-21T13:30:00Z"),
            ("16:10", "", "2026-11-20T16:10:00Z"),
        ] {
            assert_eq!(said(text), Ok((from.to_owned(), to.to_owned())), "{text}");
        }
        for (text, why) in [
            ("14:00..13:00", "it ends before it begins"),
            ("14:00..16:00", "2026-11-21 16:00:00 has not come yet"),
            ("2026-11-22", "2026-11-22 00:00:00 has not come yet"),
            ("..", "'' is no moment"),
        ] {
            let said: Result<_, String> = said(text);
            assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{text}: {said:?}");
        }
    }
}
