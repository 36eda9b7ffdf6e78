//! Whole calendars, and what is reported from them on a Saturday, 21 November 2026.

use super::keys::Config;
use super::meaning::{Rules, parse};
use crate::model::event::Event;
use crate::model::telemetry::Telemetry;
use crate::model::time::Timestamp;

const NOW: &str = "2026-11-21T12:00:00Z";

pub(super) fn rules(keys: &str) -> Rules {
    let config: Config = serde_json::from_str(&format!("{{\"timezone\":\"Europe/Berlin\"{keys}}}")).unwrap();
    Rules::from_config(&config, false)
}

/// What is reported, and what is not certain about it.
pub(super) fn answer(entries: &str, rules: &Rules) -> (Vec<Event>, String) {
    let calendar = format!("BEGIN:VCALENDAR\n{entries}\nEND:VCALENDAR\n");
    let now = Timestamp(NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let (told, caveat) = parse(calendar.as_bytes(), rules, now).unwrap().split();
    assert!(caveat.as_ref().is_none_or(|caveat| caveat.partial));
    let Telemetry::Events(events) = told else { panic!("{}", told.shape()) };
    (events, caveat.map_or_else(String::new, |caveat| caveat.text.to_string()))
}

pub(super) fn events(entries: &str, keys: &str) -> Vec<Event> {
    answer(entries, &rules(keys)).0
}

/// "TITLE from/until" of each.
fn summaries(entries: &str) -> Vec<String> {
    let minute = |at: Timestamp| at.rfc3339().replace(":00Z", "");
    let words = |event: &Event| format!("{} {}/{}", event.title, minute(event.at), minute(event.until.unwrap()));
    events(entries, "").iter().map(words).collect()
}

pub(super) fn entry(lines: &str) -> String {
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
        assert_eq!(summaries(&entry(&format!("SUMMARY:x\n{lines}"))), [format!("x {moments}")], "{lines}");
    }
}

#[test]
fn what_is_long_over_far_ahead_or_cancelled_is_left_out() {
    for lines in [
        "DTSTART:20261101T080000Z\nDTEND:20261114T115900Z",
        "DTSTART:20270121T080000Z",
        "DTSTART:20261122T080000Z\nSTATUS:CANCELLED",
    ] {
        assert_eq!(summaries(&entry(lines)), Vec::<String>::new(), "{lines}");
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
    assert_eq!(summaries(&format!("{moved}{weekly}{other}{dropped}")), expected);
}

#[test]
fn whole_days_repeat_and_may_be_left_out_by_date() {
    let lines = "SUMMARY:x\nDTSTART;VALUE=DATE:20261120\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20261122";
    let days: Vec<String> = summaries(&entry(lines)).iter().map(|summary| summary.chars().take(18).collect()).collect();
    assert_eq!(days, ["x 2026-11-19T23:00", "x 2026-11-20T23:00", "x 2026-11-22T23:00"]);
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
    assert_eq!(summaries(&entry(lines)), expected);
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
    // A change that was made before the whole series was changed counts where there still is such an occurrence.
    let older = format!("{moved}\nSEQUENCE:1");
    let without = format!("{new}\nEXDATE:20261201T080000Z");
    assert_eq!(titles(&[new, &older]), ["new", "moved"]);
    assert_eq!(titles(&[&without, &older]), ["new"]);
    assert_eq!(titles(&[&format!("{new}\nSTATUS:CANCELLED"), &older]), Vec::<String>::new(), "all was called off");
    assert_eq!(titles(&[&without, &format!("{moved}\nSEQUENCE:2")]), ["new", "moved"], "it is as new");
    assert_eq!(titles(&[&without, &format!("{older}{later}")]), ["new", "moved"], "it was changed later");
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
    let all = |later: &str| summaries(&[later, once, daily].map(entry).concat());
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
        let titles: Vec<String> = summaries(&(entry(series) + &entry(&moved)))
            .iter()
            .map(|summary| summary.chars().take(18).collect())
            .collect();
        assert_eq!(titles, ["x 2026-11-20T23:00", "moved 2026-11-29T2"], "{id}");
    }
}
