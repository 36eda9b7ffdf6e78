//! Days, times and how soon, in the words of a calendar on a wall: none of them changes each second.

use crate::model::event::Event;
use crate::model::time::{Span, Timestamp, Zone};

const MINUTE: i64 = 60_000;
const HOUR: Span = Span::seconds(3600);
const DAY: Span = Span::seconds(86_400);

/// The days that have words of their own.
#[derive(Debug)]
pub(super) struct Days {
    today: String,
    tomorrow: String,
}

impl Days {
    pub(super) fn new(now: Timestamp, zone: &Zone) -> Self {
        let today = now.day(zone);
        // Not a day later: a day may have 23 hours, or 25.
        let later = |hours: i32| now.plus(HOUR.times(f64::from(hours))).day(zone);
        let tomorrow = (1..=26).map(later).find(|day| *day != today).unwrap_or_default();
        Self { today, tomorrow }
    }

    /// "today", "tomorrow", "Mon 23 Nov".
    pub(super) fn word(&self, at: Timestamp, zone: &Zone) -> String {
        let day = at.day(zone);
        if day == self.today {
            "today".to_owned()
        } else if day == self.tomorrow {
            "tomorrow".to_owned()
        } else {
            day
        }
    }
}

/// "14:00" today, "Mon 08:00" within a week, else with its date.
pub(super) fn clock(at: Timestamp, now: Timestamp, zone: &Zone) -> String {
    let day = at.day(zone);
    if day == now.day(zone) || at.age_before(now) > DAY.times(6.0) {
        return at.since_at(now, zone);
    }
    format!("{} {}", weekday(&day), at.hour_minute(zone))
}

/// When an entry takes place on its day: "14:00", "14:00-15:30", "all day", "3 days", "14:00-Mon".
pub(super) fn time(event: &Event, zone: &Zone) -> String {
    const MIDNIGHT: &str = "00:00";
    let begin = event.at.hour_minute(zone);
    let Some(until) = event.until.filter(|until| *until > event.at) else { return begin };
    let (end, length) = (until.hour_minute(zone), until.age_before(event.at));
    if begin == MIDNIGHT && end == MIDNIGHT {
        // To the nearest: the clocks may have changed in between.
        let days = length.0.saturating_add(DAY.0 / 2) / DAY.0;
        return if days <= 1 { "all day".to_owned() } else { format!("{days} days") };
    }
    if length <= DAY {
        return format!("{begin}-{end}");
    }
    let day = until.day(zone);
    let date = day.split_once(' ').map_or(day.as_str(), |(_, date)| date);
    format!("{begin}-{}", if length <= DAY.times(6.0) { weekday(&day) } else { date })
}

/// "in 3 h".
pub(super) fn soon(at: Timestamp, now: Timestamp) -> String {
    format!("in {}", minutes(at.age_before(now)).humane())
}

/// "2 d 4 h".
pub(super) fn left(until: Timestamp, now: Timestamp) -> String {
    minutes(until.age_before(now)).humane()
}

/// In whole minutes, rounded up.
fn minutes(span: Span) -> Span {
    Span(span.0.saturating_add(MINUTE - 1) / MINUTE * MINUTE)
}

/// The first word of a day.
fn weekday(day: &str) -> &str {
    day.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamp(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn berlin() -> Zone {
        serde_json::from_str("\"Europe/Berlin\"").unwrap()
    }

    #[test]
    fn days_are_those_of_the_wall() {
        for (now, moment, word) in [
            ("2026-11-21T12:00:00Z", "2026-11-21T22:59:00Z", "today"),
            ("2026-11-21T12:00:00Z", "2026-11-21T23:00:00Z", "tomorrow"),
            ("2026-11-21T12:00:00Z", "2026-11-23T12:00:00Z", "Mon 23 Nov"),
            // A day of 25 hours, just after it began.
            ("2026-10-24T22:30:00Z", "2026-10-25T22:30:00Z", "today"),
            ("2026-10-24T22:30:00Z", "2026-10-25T23:30:00Z", "tomorrow"),
            // The night before a day of 23 hours.
            ("2026-03-28T22:30:00Z", "2026-03-28T23:30:00Z", "tomorrow"),
            ("2026-03-28T22:30:00Z", "2026-03-29T22:30:00Z", "Mon 30 Mar"),
        ] {
            assert_eq!(Days::new(timestamp(now), &berlin()).word(timestamp(moment), &berlin()), word, "{now} {moment}");
        }
    }

    #[test]
    fn times_are_short() {
        for (from, until, words) in [
            ("2026-11-21T13:00:00Z", "2026-11-21T14:30:00Z", "14:00-15:30"),
            ("2026-11-21T22:00:00Z", "2026-11-22T01:00:00Z", "23:00-02:00"),
            ("2026-11-21T13:00:00Z", "2026-11-21T13:00:00Z", "14:00"),
            ("2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z", "all day"),
            ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "all day"),
            ("2026-10-24T22:00:00Z", "2026-10-27T23:00:00Z", "3 days"),
            ("2026-11-20T17:00:00Z", "2026-11-23T07:00:00Z", "18:00-Mon"),
            ("2026-11-20T17:00:00Z", "2026-12-01T07:00:00Z", "18:00-1 Dec"),
        ] {
            let event = Event { at: timestamp(from), until: Some(timestamp(until)), ..Event::default() };
            assert_eq!(time(&event, &berlin()), words, "{from} {until}");
        }
        let open = Event { at: timestamp("2026-11-21T13:00:00Z"), ..Event::default() };
        assert_eq!(time(&open, &berlin()), "14:00");
    }

    #[test]
    fn ends_say_their_day_when_it_is_another() {
        let now = timestamp("2026-11-21T12:00:00Z");
        for (until, words) in [
            ("2026-11-21T15:00:00Z", "16:00"),
            ("2026-11-23T07:00:00Z", "Mon 08:00"),
            ("2026-11-28T07:00:00Z", "Sat 28 Nov 08:00"),
            ("2027-01-04T07:00:00Z", "Mon 4 Jan 2027 08:00"),
        ] {
            assert_eq!(clock(timestamp(until), now, &berlin()), words);
        }
        assert_eq!(left(timestamp("2026-11-23T16:00:00Z"), now), "2 d 4 h");
        assert_eq!(
            (soon(timestamp("2026-11-21T12:00:01Z"), now), soon(timestamp("2026-11-21T15:00:00Z"), now)),
            ("in 1 min".to_owned(), "in 3 h".to_owned())
        );
    }
}
