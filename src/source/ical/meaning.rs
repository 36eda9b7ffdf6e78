//! What the entries of a calendar mean: freezes, releases, and what else is planned.

use std::collections::HashSet;

use super::Config;
use super::calendar::{self, Entry};
use super::occurrences::{Doubt, Occurrence, occurrences};
use super::zones::{self, Zones};
use crate::model::event::{Event, EventKind, EventState};
use crate::model::fault::{FetchError, Reason};
use crate::model::glob::Globs;
use crate::model::telemetry::Telemetry;
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
            here: TimeZone::try_system().unwrap_or(TimeZone::UTC),
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

    /// What an entry is called. A calendar of who is away has names for titles.
    fn title<'a>(&self, entry: &'a Entry) -> &'a str {
        let somebody = entry.attendee.as_deref().filter(|_| self.people).unwrap_or("busy");
        if entry.summary.is_empty() { somebody } else { &entry.summary }
    }

    fn event(&self, occurrence: &Occurrence<'_>) -> Event {
        let entry = occurrence.entry;
        Event {
            at: Timestamp(occurrence.start.timestamp().as_millisecond()),
            until: Some(Timestamp(occurrence.end.timestamp().as_millisecond())),
            kind: self.kind(entry),
            // Of what stands for others nobody knows whether it is in force.
            state: if occurrence.stands_for_more { EventState::Unknown } else { EventState::Done },
            title: self.title(entry).into(),
            service: self.service.clone(),
            remark: occurrence.doubt.map_or("", Doubt::words).into(),
            who: entry.organizer.as_deref().map(SafeText::new),
            url: entry.url.as_deref().and_then(|url| parse_url(url).ok()).map(|url| SafeText::new(url.as_str())),
            ..Event::default()
        }
    }

    /// What is not certain, in words: one entry, and how many there are besides.
    fn caveat(&self, occurrences: &[Occurrence<'_>]) -> Option<SafeText> {
        let doubtful = || occurrences.iter().filter_map(|one| Some((one.entry, one.doubt?)));
        let (entry, doubt) = doubtful().max_by_key(|(_, doubt)| doubt.hides_dates())?;
        let entries: HashSet<*const Entry> = doubtful().map(|(entry, _)| std::ptr::from_ref(entry)).collect();
        let more = match entries.len() {
            0 | 1 => String::new(),
            2 => "; 1 more entry is not certain".to_owned(),
            many => format!("; {} more entries are not certain", many - 1),
        };
        Some(SafeText::new(&format!("'{}' {}{more}", self.title(entry), doubt.words())))
    }
}

/// Reads a calendar: what takes place from a week ago to two months from now, in the order of time; with a caveat
/// where that is not all, or not certain.
pub fn parse(body: &[u8], rules: &Rules, now: Timestamp) -> Result<Telemetry, FetchError> {
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
    let events = Telemetry::Events(events);
    Ok(match rules.caveat(&found) {
        Some(caveat) => events.with_caveat(caveat, true),
        None => events,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-21T12:00:00Z";

    fn rules(keys: &str) -> Rules {
        let config: Config = serde_json::from_str(&format!("{{\"timezone\":\"Europe/Berlin\"{keys}}}")).unwrap();
        Rules::of(&config, false).unwrap()
    }

    /// What is told, and what is not certain about it.
    fn answer(entries: &str, rules: &Rules) -> (Vec<Event>, String) {
        let calendar = format!("BEGIN:VCALENDAR\n{entries}\nEND:VCALENDAR\n");
        let now = Timestamp(NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let (told, caveat) = parse(calendar.as_bytes(), rules, now).unwrap().split();
        assert!(caveat.as_ref().is_none_or(|caveat| caveat.partial));
        let Telemetry::Events(events) = told else { panic!("{}", told.shape()) };
        (events, caveat.map_or_else(String::new, |caveat| caveat.text.to_string()))
    }

    fn events(entries: &str, keys: &str) -> Vec<Event> {
        answer(entries, &rules(keys)).0
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
    fn what_is_long_over_far_ahead_or_cancelled_is_left_out() {
        for lines in [
            "DTSTART:20261101T080000Z\nDTEND:20261114T115900Z",
            "DTSTART:20270121T080000Z",
            "DTSTART:20261122T080000Z\nSTATUS:CANCELLED",
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
    fn an_entry_whose_dates_cannot_be_worked_out_stays_and_is_said() {
        let unknown = "repeats in a way that andon does not know";
        let exceptions = "has exceptions that andon does not know";
        let minutes = "20100104T080000Z\nRRULE:FREQ=MINUTELY";
        for (lines, state, words) in [
            ("DTSTART:20261122T080000Z\nRRULE:FREQ=YEARLY;BYEASTER=0", EventState::Unknown, unknown),
            ("DTSTART:20100104T080000Z\nRRULE:FREQ=YEARLY;BYEASTER=0", EventState::Unknown, unknown),
            ("DTSTART:20100104T080000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=NOW", EventState::Unknown, unknown),
            ("DTSTART;VALUE=DATE:20100104\nRRULE:FREQ=HOURLY", EventState::Unknown, unknown),
            (&format!("DTSTART:{minutes}"), EventState::Unknown, "repeats too often to be worked out"),
            ("DTSTART:20100104T080000Z\nRDATE:soon", EventState::Unknown, "has dates that cannot be read"),
            ("DTSTART:soon", EventState::Unknown, "has no date that can be read"),
            ("SEQUENCE:1", EventState::Unknown, "has no date that can be read"),
            ("DTSTART:20261122T080000Z\nEXDATE:soon", EventState::Done, exceptions),
            ("DTSTART:20261122T080000Z\nEXRULE:FREQ=NOW", EventState::Done, exceptions),
            (
                "DTSTART;TZID=Nowhere:20261122T080000",
                EventState::Done,
                "is in a time zone that andon does not know",
            ),
        ] {
            let (all, caveat) = answer(&entry(&format!("SUMMARY:x\n{lines}")), &rules(""));
            let told: Vec<_> = all.iter().map(|event| (event.state, event.remark.as_str())).collect();
            assert_eq!((told, caveat), (vec![(state, words)], format!("'x' {words}")), "{lines}");
        }
    }

    #[test]
    fn a_rule_that_is_not_known_is_no_doubt_when_it_is_over() {
        let over = "SUMMARY:x\nDTSTART:20100104T080000Z\nRRULE:FREQ=YEARLY;BYEASTER=0;UNTIL=20200101";
        assert_eq!(answer(&entry(over), &rules("")), (Vec::new(), String::new()));
    }

    #[test]
    fn dates_that_are_listed_are_told_although_the_rule_is_not_known() {
        let lines = "SUMMARY:x\nDTSTART:20100104T080000Z\nRRULE:FREQ=NOW\nRDATE:20261122T080000Z";
        let (all, caveat) = answer(&(entry(lines) + &entry("SUMMARY:y\nDTSTART:soon")), &rules(""));
        let states: Vec<EventState> = all.iter().map(|event| event.state).collect();
        assert_eq!(states, [EventState::Unknown, EventState::Unknown, EventState::Done]);
        assert!(caveat.ends_with("; 1 more entry is not certain"), "{caveat}");
    }

    #[test]
    fn a_rule_that_never_comes_true_is_quickly_done_with() {
        for rule in ["FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9"] {
            let lines = format!("SUMMARY:x\nDTSTART:19700101T000000Z\nRRULE:{rule}");
            assert_eq!(answer(&entry(&lines), &rules("")), (Vec::new(), String::new()), "{rule}");
        }
    }

    #[test]
    fn several_rules_and_those_that_take_away_work_together() {
        let lines = "SUMMARY:x\nDTSTART:20261123T080000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3\n\
                     RRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20261202T000000Z\nEXRULE:FREQ=MONTHLY;BYDAY=-1MO\n\
                     RDATE;VALUE=PERIOD:20261225T080000Z/PT3H,20261226T080000Z/20261226T083000Z";
        let expected = [
            "x 2026-11-23T08:00/2026-11-23T09:00",
            "x 2026-11-24T08:00/2026-11-24T09:00",
            "x 2026-12-01T08:00/2026-12-01T09:00",
            "x 2026-12-07T08:00/2026-12-07T09:00",
            "x 2026-12-25T08:00/2026-12-25T11:00",
            "x 2026-12-26T08:00/2026-12-26T08:30",
        ];
        assert_eq!(told(&entry(lines)), expected);
    }

    #[test]
    fn the_newest_version_counts() {
        let old = "UID:1\nSUMMARY:old\nDTSTART:20261123T080000Z\nRRULE:FREQ=WEEKLY;COUNT=2\nSEQUENCE:1";
        let new = "UID:1\nSUMMARY:new\nDTSTART:20261124T080000Z\nRRULE:FREQ=WEEKLY;COUNT=2\nSEQUENCE:2";
        let moved = "UID:1\nSUMMARY:moved\nRECURRENCE-ID:20261201T080000Z\nDTSTART:20261202T080000Z";
        let titles = |entries: &[&str]| -> Vec<String> {
            let all = events(&entries.iter().map(|lines| entry(lines)).collect::<String>(), "");
            all.iter().map(|event| event.title.to_string()).collect()
        };
        assert_eq!(titles(&[new, old]), ["new", "new"]);
        assert_eq!(titles(&[old, &format!("{new}\nSTATUS:CANCELLED")]), Vec::<String>::new(), "it was called off");
        let [earlier, later] = ["20261101T000000Z", "20261102T000000Z"].map(|at| format!("\nLAST-MODIFIED:{at}"));
        let of_one = |modified: &str| format!("{old}{modified}").replace("old", "one");
        assert_eq!(titles(&[&of_one(&earlier), &format!("{old}{later}")]), ["old", "old"]);
        assert_eq!(titles(&[old, &of_one("")]), ["old", "one", "old", "one"], "neither is older");
        // A change that was made before the whole series was changed is none any more.
        assert_eq!(titles(&[new, &format!("{moved}\nSEQUENCE:2")]), ["new", "moved"]);
        assert_eq!(titles(&[new, &format!("{moved}\nSEQUENCE:1")]), ["new", "new"]);
        assert_eq!(titles(&[new, &format!("{moved}\nSEQUENCE:1{later}")]), ["new", "moved"], "it was changed later");
        let again = moved.replace("SUMMARY:moved", "SUMMARY:again\nSEQUENCE:3");
        assert_eq!(titles(&[new, &again, &format!("{moved}\nSEQUENCE:2")]), ["new", "again"]);
    }

    #[test]
    fn a_change_may_be_one_of_all_that_come_later() {
        let daily = "UID:1\nSUMMARY:daily\nDTSTART;TZID=Europe/Berlin:20261121T090000\nDURATION:PT1H\n\
                     RRULE:FREQ=DAILY;COUNT=5";
        let later = "UID:1\nSUMMARY:later\nRECURRENCE-ID;TZID=Europe/Berlin;RANGE=THISANDFUTURE:20261123T090000\n\
                     DTSTART;TZID=Europe/Berlin:20261123T110000\nDURATION:PT2H";
        let once = "UID:1\nSUMMARY:once\nRECURRENCE-ID:20261124T080000Z\nDTSTART:20261124T200000Z";
        let expected = [
            "daily 2026-11-21T08:00/2026-11-21T09:00",
            "daily 2026-11-22T08:00/2026-11-22T09:00",
            "later 2026-11-23T10:00/2026-11-23T12:00",
            "once 2026-11-24T20:00/2026-11-24T20:00",
            "later 2026-11-25T10:00/2026-11-25T12:00",
        ];
        let all = |later: &str| told(&[later, once, daily].map(entry).concat());
        assert_eq!(all(later), expected);
        assert_eq!(all(&format!("{later}\nSTATUS:CANCELLED")), [expected[0], expected[1], expected[3]], "the end");
    }

    #[test]
    fn a_changed_whole_day_is_found_however_it_is_named() {
        let series = "UID:1\nSUMMARY:x\nDTSTART;VALUE=DATE:20261121\nRRULE:FREQ=DAILY;COUNT=2";
        for id in [
            "RECURRENCE-ID;VALUE=DATE:20261122",
            "RECURRENCE-ID:20261122T000000Z",
            "RECURRENCE-ID:20261121T230000Z",
            "RECURRENCE-ID;TZID=America/New_York:20261122T000000",
        ] {
            let moved = format!("UID:1\nSUMMARY:moved\n{id}\nDTSTART;VALUE=DATE:20261130");
            let titles: Vec<String> =
                told(&(entry(series) + &entry(&moved))).iter().map(|told| told.chars().take(18).collect()).collect();
            assert_eq!(titles, ["x 2026-11-20T23:00", "moved 2026-11-29T2"], "{id}");
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
        assert_eq!(answer(&lines, &rules).0[0].title.as_str(), "Ada");
    }
}
