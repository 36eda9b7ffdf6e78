//! What the entries of a calendar mean: freezes, releases, and what else is planned.

use super::Config;
use super::calendar::{self, Entry};
use super::occurrences::{Occurrence, occurrences};
use super::zones::{self, Zones};
use crate::model::event::{Event, EventKind};
use crate::model::fault::{FetchError, Reason};
use crate::model::glob::Globs;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::http::parse_url;
use jiff::tz::TimeZone;

/// How long what is over is still told.
const BEHIND: Span = Span::seconds(7 * 86_400);
/// How far ahead is told.
const AHEAD: Span = Span::seconds(60 * 86_400);

/// What entries mean.
#[derive(Debug)]
pub struct Rules {
    zone: Option<TimeZone>,
    /// Of this machine.
    here: TimeZone,
    freezes: Globs,
    releases: Globs,
    service: SafeText,
    people: bool,
}

impl Rules {
    /// From the keys; `people` says whether names may be shown.
    pub fn of(config: &Config, people: bool) -> Result<Self, FetchError> {
        let zone = |name: &String| {
            TimeZone::get(name).map_err(|_| FetchError::new(Reason::Parse, format!("'{name}' is not a time zone")))
        };
        Ok(Self {
            zone: config.timezone.as_ref().map(zone).transpose()?,
            here: crate::source::zone::of_this_machine(),
            freezes: Globs::of_any_case(&config.freezes),
            releases: Globs::of_any_case(&config.releases),
            service: SafeText::new(config.service.as_deref().unwrap_or_default()),
            people,
        })
    }

    fn kind(&self, entry: &Entry) -> EventKind {
        let is = |globs: &Globs| {
            let mut words = std::iter::once(&entry.summary).chain(&entry.categories);
            words.any(|word| globs.pick(word))
        };
        match (is(&self.freezes), is(&self.releases)) {
            (true, _) => EventKind::Freeze,
            (false, true) => EventKind::Release,
            (false, false) => EventKind::Planned,
        }
    }

    fn event(&self, occurrence: &Occurrence<'_>) -> Event {
        let entry = occurrence.entry;
        // A calendar of who is away has names for titles.
        let somebody = entry.attendee.as_deref().filter(|_| self.people).unwrap_or("busy");
        let title = if entry.summary.is_empty() { somebody } else { &entry.summary };
        let remark = if occurrence.is_first_of_more { "repeats in a way that andon does not know" } else { "" };
        Event {
            at: Timestamp(occurrence.start.timestamp().as_millisecond()),
            until: Some(Timestamp(occurrence.end.timestamp().as_millisecond())),
            kind: self.kind(entry),
            title: title.into(),
            service: self.service.clone(),
            remark: remark.into(),
            who: entry.organizer.as_deref().map(SafeText::new),
            url: entry.url.as_deref().and_then(|url| parse_url(url).ok()).map(|url| SafeText::new(url.as_str())),
            ..Event::default()
        }
    }
}

/// Reads a calendar: what takes place from a week ago to two months from now, in the order of time.
pub fn parse(body: &[u8], rules: &Rules, now: Timestamp) -> Result<Vec<Event>, FetchError> {
    let calendar = calendar::read(body)?;
    let own = || calendar.zone.as_deref().and_then(zones::named);
    let floating = rules.zone.clone().or_else(own).unwrap_or_else(|| rules.here.clone());
    let mut zones = Zones::new(floating, calendar.zones);
    let at =
        |moment: Timestamp| jiff::Timestamp::from_millisecond(moment.0).map_err(|_| FetchError::from(Reason::Internal));
    let window = (at(now.minus(BEHIND))?, at(now.plus(AHEAD))?);
    let found = occurrences(&calendar.entries, &mut zones, window)?;
    let mut events: Vec<Event> = found.iter().map(|occurrence| rules.event(occurrence)).collect();
    events.sort_by_key(|event| event.at);
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-21T12:00:00Z";

    fn rules(keys: &str) -> Rules {
        let config: Config = serde_json::from_str(&format!("{{\"timezone\":\"Europe/Berlin\"{keys}}}")).unwrap();
        Rules::of(&config, false).unwrap()
    }

    fn events(entries: &str, keys: &str) -> Vec<Event> {
        let calendar = format!("BEGIN:VCALENDAR\n{entries}\nEND:VCALENDAR\n");
        let now = Timestamp(NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        parse(calendar.as_bytes(), &rules(keys), now).unwrap()
    }

    /// "TITLE from/until" of each.
    fn told(entries: &str) -> Vec<String> {
        let minute = |at: Timestamp| at.rfc3339().replace(":00Z", "");
        let words = |event: &Event| format!("{} {}/{}", event.title, minute(event.at), minute(event.until.unwrap()));
        events(entries, "").iter().map(words).collect()
    }

    fn entry(lines: &str) -> String {
        format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")
    }

    #[test]
    fn an_entry_lasts_as_long_as_it_says() {
        for (lines, moments) in [
            ("DTSTART:20261122T080000Z\nDTEND:20261122T093000Z", "2026-11-22T08:00/2026-11-22T09:30"),
            ("DTSTART:20261122T080000Z\nDURATION:PT45M", "2026-11-22T08:00/2026-11-22T08:45"),
            ("DTSTART:20261122T080000Z", "2026-11-22T08:00/2026-11-22T08:00"),
            ("DTSTART:20261122T080000Z\nDTEND:20261121T080000Z", "2026-11-22T08:00/2026-11-22T08:00"),
            ("DTSTART;VALUE=DATE:20261122", "2026-11-21T23:00/2026-11-22T23:00"),
            ("DTSTART;VALUE=DATE:20261122\nDTEND;VALUE=DATE:20261122", "2026-11-21T23:00/2026-11-22T23:00"),
            ("DTSTART;VALUE=DATE:20261122\nDTEND;VALUE=DATE:20261125", "2026-11-21T23:00/2026-11-24T23:00"),
            ("DTSTART;VALUE=DATE:20261122\nDURATION:P1W", "2026-11-21T23:00/2026-11-28T23:00"),
            // It goes on, although it began long before.
            ("DTSTART:20260101T000000Z\nDTEND:20270101T000000Z", "2026-01-01T00:00/2027-01-01T00:00"),
        ] {
            assert_eq!(told(&entry(&format!("SUMMARY:x\n{lines}"))), [format!("x {moments}")], "{lines}");
        }
    }

    #[test]
    fn what_is_long_over_far_ahead_cancelled_or_unreadable_is_left_out() {
        for lines in [
            "DTSTART:20261101T080000Z\nDTEND:20261114T115900Z",
            "DTSTART:20270121T080000Z",
            "DTSTART:20261122T080000Z\nSTATUS:CANCELLED",
            "DTSTART:soon",
            "SUMMARY:never",
        ] {
            assert_eq!(told(&entry(lines)), Vec::<String>::new(), "{lines}");
        }
    }

    #[test]
    fn one_of_many_may_be_left_out_moved_or_added() {
        let weekly = entry(
            "UID:1\nSUMMARY:weekly\nDTSTART;TZID=Europe/Berlin:20261008T090000\nDTEND;TZID=Europe/Berlin:20261008T093000\n\
             RRULE:FREQ=WEEKLY;UNTIL=20261224T235959Z\nEXDATE;TZID=Europe/Berlin:20261126T090000,20261203T090000\n\
             RDATE:20261127T100000Z",
        );
        let moved = entry(
            "UID:1\nSUMMARY:moved\nRECURRENCE-ID;TZID=Europe/Berlin:20261210T090000\n\
             DTSTART;TZID=Europe/Berlin:20261211T140000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY",
        );
        let dropped = entry("UID:1\nRECURRENCE-ID:20261217T080000Z\nDTSTART:20261217T080000Z\nSTATUS:CANCELLED");
        let other = entry("UID:2\nSUMMARY:other\nDTSTART:20261210T080000Z");
        // It began in the summer, when nine was seven in UTC.
        let expected = [
            "weekly 2026-11-19T08:00/2026-11-19T08:30",
            "weekly 2026-11-27T10:00/2026-11-27T10:30",
            "other 2026-12-10T08:00/2026-12-10T08:00",
            "moved 2026-12-11T13:00/2026-12-11T14:00",
            "weekly 2026-12-24T08:00/2026-12-24T08:30",
        ];
        assert_eq!(told(&format!("{moved}{weekly}{other}{dropped}")), expected);
    }

    #[test]
    fn whole_days_repeat_and_may_be_left_out_by_date() {
        let lines = "SUMMARY:x\nDTSTART;VALUE=DATE:20261120\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20261122";
        let days: Vec<String> = told(&entry(lines)).iter().map(|told| told.chars().take(18).collect()).collect();
        assert_eq!(days, ["x 2026-11-19T23:00", "x 2026-11-20T23:00", "x 2026-11-22T23:00"]);
    }

    #[test]
    fn a_rule_that_is_not_known_keeps_its_first_date_and_says_so() {
        for rule in ["RRULE:FREQ=HOURLY", "RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY"]
        {
            let all = events(&entry(&format!("SUMMARY:x\nDTSTART:20261122T080000Z\n{rule}")), "");
            let remarks: Vec<&str> = all.iter().map(|event| event.remark.as_str()).collect();
            assert_eq!(remarks, ["repeats in a way that andon does not know"], "{rule}");
        }
    }

    #[test]
    fn titles_and_categories_tell_what_an_entry_is() {
        let kinds = |lines: &str, keys: &str| {
            let all = events(&entry(&format!("DTSTART:20261122T080000Z\n{lines}")), keys);
            all.iter().map(|event| event.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds("SUMMARY:Change FREEZE for the release", ""), [EventKind::Freeze]);
        assert_eq!(kinds("SUMMARY:2.15\nCATEGORIES:work,Release", ""), [EventKind::Release]);
        assert_eq!(kinds("SUMMARY:DB migration", ""), [EventKind::Planned]);
        assert_eq!(kinds("SUMMARY:Code red", ",\"freezes\":[\"code red\"]"), [EventKind::Freeze]);
        assert_eq!(kinds("SUMMARY:freeze", ",\"freezes\":[]"), [EventKind::Planned]);
    }

    #[test]
    fn nobody_is_named_who_does_not_want_to_be() {
        let lines = entry("DTSTART:20261122T080000Z\nATTENDEE;CN=Ada:mailto:ada@example.com\nURL:javascript:alert(1)");
        let event = events(&lines, "").remove(0);
        assert_eq!((event.title.as_str(), event.url), ("busy", None));
        let rules = Rules { people: true, ..rules("") };
        let now = Timestamp(event.at.0 - 1000);
        let calendar = format!("BEGIN:VCALENDAR\n{lines}END:VCALENDAR");
        assert_eq!(parse(calendar.as_bytes(), &rules, now).unwrap()[0].title.as_str(), "Ada");
    }
}
