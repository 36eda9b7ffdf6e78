//! Calendars against a server that answers as real ones do, from files, and on the screen; through the
//! whole program. Moments are relative to now: the program's clock is the real one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use andon::model::event::{Event, EventKind};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Timestamp, now};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::tls::{Certificate, TlsServer};
use crate::support::{run, stderr, stdout};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn board(keys: &str, panel: &str) -> String {
    format!(
        "refresh = \"2s\"\n[sources.s]\ntype = \"ical\"\n{keys}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nview = \"agenda\"\nsource = \"s\"\n{panel}\n"
    )
}

fn calendar(entries: &str) -> String {
    let entries = entries.replace('\n', "\r\n");
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Acme//Calendar//EN\r\n{entries}END:VCALENDAR\r\n")
}

fn entry(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")
}

/// So long from now, in the manner of calendars.
fn from_now(milliseconds: i64) -> String {
    utc(Timestamp(now().0 + milliseconds))
}

fn utc(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Noon on some later day in a zone: what its clocks show, and the moment. No clock is changed at noon.
fn noon(zone: &str, days: i64) -> (String, Timestamp) {
    let zone = TimeZone::get(zone).unwrap();
    let today = jiff::Timestamp::from_millisecond(now().0).unwrap().to_zoned(zone.clone()).date();
    let noon = today.checked_add(jiff::Span::new().days(days)).unwrap().at(12, 0, 0, 0);
    let at = noon.to_zoned(zone).unwrap().timestamp().as_millisecond();
    (noon.strftime("%Y%m%dT%H%M%S").to_string(), Timestamp(at))
}

/// What the source tells, the first time it is asked.
async fn told(keys: &str) -> Vec<Event> {
    let mut running = Running::start(&board(keys, "")).await;
    match running.outcome("p").await.answer.unwrap().split().0 {
        Telemetry::Events(events) => events,
        other => panic!("{}", other.shape()),
    }
}

/// The panel after one poll.
fn panel(keys: &str) -> Value {
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(keys, ""));
    let output = run(&["status", "--format", "json", "--wait", "5s", "--config", &file]);
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    document["dashboards"][0]["panels"][0].clone()
}

/// The screen after one poll.
fn screen(keys: &str, panel: &str) -> String {
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(keys, panel));
    stdout(&run(&["snapshot", "--size", "120x40", "--config", &file]))
}

fn line<'a>(screen: &'a str, part: &str) -> &'a str {
    screen.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}:\n{screen}"))
}

#[tokio::test]
async fn every_moment_is_read_in_its_own_zone() {
    let (berlin, in_berlin) = noon("Europe/Berlin", 3);
    let (new_york, in_new_york) = noon("America/New_York", 3);
    let (tokyo, in_tokyo) = noon("Asia/Tokyo", 3);
    let day = &berlin[..8];
    let office = "BEGIN:VTIMEZONE\nTZID:Office\nX-LIC-LOCATION:Asia/Tokyo\nBEGIN:STANDARD\nDTSTART:19700101T000000\n\
                  TZOFFSETFROM:+0900\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n\
                  BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\n\
                  TZOFFSETFROM:+0900\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n";
    let entries = [
        format!("SUMMARY:utc\nDTSTART:{}", utc(in_berlin)),
        format!("SUMMARY:iana\nDTSTART;TZID=America/New_York:{new_york}\nDURATION:PT45M"),
        format!("SUMMARY:windows\nDTSTART;TZID=\"Eastern Standard Time\":{new_york}"),
        format!("SUMMARY:path\nDTSTART;TZID=/example.org/2026_1/America/New_York:{new_york}"),
        format!("SUMMARY:own\nDTSTART;TZID=Office:{tokyo}"),
        format!("SUMMARY:described\nDTSTART;TZID=Customized Time Zone:{tokyo}"),
        format!("SUMMARY:unknown\nDTSTART;TZID=Nowhere:{berlin}"),
        format!("SUMMARY:floating\nDTSTART:{berlin}\nDTEND:{berlin}"),
        format!("SUMMARY:all day\nDTSTART;VALUE=DATE:{day}"),
    ];
    let server = Server::start();
    let body = calendar(&format!("{office}{}", entries.iter().map(|lines| entry(lines)).collect::<String>()));
    server.route("/changes.ics", Reply::body("text/calendar", &body));
    let events = told(&format!("url = \"{}\"\ntimezone = \"Europe/Berlin\"", server.url("/changes.ics"))).await;
    let told: BTreeMap<&str, (i64, i64)> =
        events.iter().map(|event| (event.title.as_str(), (event.at.0, event.until.unwrap().0 - event.at.0))).collect();
    let expected = BTreeMap::from([
        ("utc", (in_berlin.0, 0)),
        ("iana", (in_new_york.0, 45 * MINUTE)),
        ("windows", (in_new_york.0, 0)),
        ("path", (in_new_york.0, 0)),
        ("own", (in_tokyo.0, 0)),
        ("described", (in_tokyo.0, 0)),
        ("unknown", (in_berlin.0, 0)),
        ("floating", (in_berlin.0, 0)),
    ]);
    let mut timed = told.clone();
    let (begin, length) = timed.remove("all day").unwrap();
    assert_eq!(timed, expected);
    // From midnight to midnight, twelve hours before that noon: but for days on which the clocks change.
    assert!((begin - (in_berlin.0 - DAY / 2)).abs() <= HOUR && (length - DAY).abs() <= HOUR, "{begin} {length}");
    let heads = server.requests();
    assert!(heads[0].to_lowercase().contains("accept: text/calendar"), "{heads:?}");
}

#[tokio::test]
async fn folds_escapes_and_old_encodings_are_read() {
    let start = from_now(DAY);
    let mut body = b"\xef\xbb\xbfBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n".to_vec();
    // The fold stands in the middle of the two bytes of an umlaut.
    body.extend(b"SUMMARY;LANGUAGE=de:Umzug nach M\xc3\r\n \xbcnchen\\, Haus 2\\; mit\\nTee \\\\ Kuchen\r\n");
    body.extend(format!("DTSTART:{start}\r\nCATEGORIES:a\\,b,Code Red\r\nURL:https://example.com/1\r\n").bytes());
    body.extend(format!("END:VEVENT\nBEGIN:VEVENT\nDTSTART:{start}\n").bytes());
    body.extend(b"SUMMARY:Gr\xfc\xdfe\nSTATUS:CONFIRMED\nEND:VEVENT\nEND:VCALENDAR");
    let length = body.len();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    answer.extend(body);
    let server = Server::start();
    server.route("/c", Reply::Raw(answer));
    let events = told(&format!("url = \"{}\"\nfreezes = [\"code red\"]\nservice = \"shop\"", server.url("/c"))).await;
    let titles: Vec<&str> = events.iter().map(|event| event.title.as_str()).collect();
    assert_eq!(titles, ["Umzug nach München, Haus 2; mit Tee \\ Kuchen", "Grüße"]);
    assert_eq!((events[0].kind, events[1].kind), (EventKind::Freeze, EventKind::Planned));
    assert_eq!(events[0].url.as_ref().map(ToString::to_string).as_deref(), Some("https://example.com/1"));
    assert!(events.iter().all(|event| event.service.as_str() == "shop"));
}

#[tokio::test]
async fn what_repeats_is_told_each_time_but_where_it_was_changed() {
    let server = Server::start();
    let soon = now().0 / MINUTE * MINUTE + HOUR;
    let at = |days: i64, hours: i64| Timestamp(soon + days * DAY + hours * HOUR);
    let weekly = entry(&format!(
        "UID:w@example.com\nSUMMARY:weekly\nDTSTART:{}\nDURATION:PT30M\nRRULE:FREQ=WEEKLY\nEXDATE:{}",
        utc(at(-21, 0)),
        utc(at(7, 0))
    ));
    let moved = entry(&format!(
        "UID:w@example.com\nRECURRENCE-ID:{}\nSUMMARY:moved\nDTSTART:{}\nDURATION:PT1H",
        utc(at(14, 0)),
        utc(at(14, 2))
    ));
    let dropped = entry(&format!(
        "UID:w@example.com\nRECURRENCE-ID:{0}\nSUMMARY:dropped\nDTSTART:{0}\nSTATUS:CANCELLED",
        utc(at(21, 0))
    ));
    let odd = entry(&format!("UID:o\nSUMMARY:odd\nDTSTART:{}\nRRULE:FREQ=YEARLY;BYEASTER=0", utc(at(1, 0))));
    let cancelled = entry(&format!("UID:c\nSUMMARY:cancelled\nDTSTART:{}\nSTATUS:CANCELLED", utc(at(1, 0))));
    let body = calendar(&[weekly, moved, dropped, odd, cancelled].concat());
    let expected: Vec<(String, i64)> = [
        ("weekly", at(-7, 0)),
        ("weekly", at(0, 0)),
        ("odd", at(1, 0)),
        ("moved", at(14, 2)),
        ("weekly", at(28, 0)),
        ("weekly", at(35, 0)),
        ("weekly", at(42, 0)),
        ("weekly", at(49, 0)),
        ("weekly", at(56, 0)),
    ]
    .map(|(title, at)| (title.to_owned(), at.0))
    .to_vec();
    server.route("/c", Reply::body("text/calendar; charset=utf-8", &body));
    let events = told(&format!("url = \"{}\"", server.url("/c"))).await;
    let found: Vec<(String, i64)> = events.iter().map(|event| (event.title.to_string(), event.at.0)).collect();
    assert_eq!(found, expected);
    let remarks: Vec<&str> = events.iter().map(|event| event.remark.as_str()).filter(|word| !word.is_empty()).collect();
    assert_eq!(remarks, ["repeats in a way that andon does not know"]);
}

#[tokio::test]
async fn an_entry_whose_rule_is_not_known_stays_and_the_answer_is_partial() {
    let folder = Folder::new();
    let freeze = entry("SUMMARY:Easter freeze\nDTSTART:20100404T080000Z\nDURATION:P2D\nRRULE:FREQ=YEARLY;BYEASTER=0");
    let keys = format!("file = \"{}\"", folder.write("c.ics", &calendar(&freeze)));
    let mut running = Running::start(&board(&keys, "")).await;
    let (telemetry, caveat) = running.outcome("p").await.answer.unwrap().split();
    let caveat = caveat.unwrap();
    assert_eq!(caveat.text.as_str(), "'Easter freeze' repeats in a way that andon does not know");
    assert!(caveat.partial && !telemetry.is_empty());
    let screen = screen(&keys, "");
    assert!(line(&screen, "Easter freeze").contains("repeats in a way that andon does not know"), "{screen}");
}

#[tokio::test]
async fn a_calendar_that_has_not_changed_is_not_sent_again() {
    let server = Server::start();
    let body = calendar(&entry(&format!("SUMMARY:move\nDTSTART:{}", from_now(DAY))));
    let polls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&polls);
    server.route(
        "/c",
        Reply::play(move |stream| {
            let answer = if count.fetch_add(1, Ordering::SeqCst) == 0 {
                let length = body.len();
                format!("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            } else {
                "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nConnection: close\r\n\r\n".to_owned()
            };
            let _sent = stream.write_all(answer.as_bytes());
        }),
    );
    let mut running = Running::start(&board(&format!("url = \"{}\"", server.url("/c")), "")).await;
    let first = running.outcome("p").await.answer.unwrap();
    running.ask_now();
    assert_eq!(running.outcome("p").await.answer.unwrap(), first);
    let heads = server.requests();
    assert!(heads[1].to_lowercase().contains("if-none-match: \"1\""), "{heads:?}");
}

#[tokio::test]
async fn a_subscription_is_asked_over_https() {
    let body = calendar(&entry(&format!("SUMMARY:move\nDTSTART:{}", from_now(DAY))));
    let server = TlsServer::start(Certificate::Good, body.leak()).await;
    let folder = Folder::new();
    let authority = folder.write("ca.pem", &server.authority);
    let url = server.url().replace("https://", "webcal://");
    let events = told(&format!("url = \"{url}\"\ntls = {{ ca_file = \"{authority}\" }}")).await;
    assert_eq!(events.iter().map(|event| event.title.as_str()).collect::<Vec<_>>(), ["move"]);
}

#[test]
fn a_freeze_in_force_stands_in_the_header_and_on_top() {
    let folder = Folder::new();
    let entries = [
        format!("SUMMARY:DB migration\nDTSTART:{}\nDURATION:PT90M", from_now(3 * HOUR + 5 * MINUTE)),
        format!("SUMMARY:2.15\nCATEGORIES:Release\nDTSTART:{}", from_now(3 * DAY)),
        format!("SUMMARY:End of year FREEZE\nDTSTART:{}\nDTEND:{}", from_now(-DAY), from_now(2 * DAY + 5 * MINUTE)),
        format!("SUMMARY:far away\nDTSTART:{}", from_now(30 * DAY)),
        format!("SUMMARY:long ago\nDTSTART:{}\nDURATION:PT1H", from_now(-DAY)),
    ];
    let file = folder.write("c.ics", &calendar(&entries.iter().map(|lines| entry(lines)).collect::<String>()));
    let keys = format!("file = \"{file}\"");
    let all = screen(&keys, "");
    assert!(all.contains("FREEZE until"), "{all}");
    let freeze = line(&all, "‖ freeze until ");
    assert!(freeze.contains("(2 d)  End of year FREEZE"), "{all}");
    let migration = line(&all, "DB migration");
    assert!(migration.contains("◷ DB migration") && migration.contains("in 3 h"), "{all}");
    assert!(line(&all, "2.15").contains('★'), "{all}");
    let place = |part: &str| all.lines().position(|line| line.contains(part)).unwrap();
    assert!(place("‖ freeze until ") < place("DB migration") && place("DB migration") < place("2.15"), "{all}");
    assert!(!all.contains("far away") && !all.contains("long ago"), "{all}");

    let longer = screen(&keys, "ahead = \"40d\"\nkinds = [\"planned\"]");
    assert!(longer.contains("far away") && !longer.contains("2.15"), "{longer}");
    assert_eq!(panel(&keys)["judged"], false, "an agenda has no limits: it judges nothing");
}

#[test]
fn an_empty_calendar_says_that_nothing_is_planned() {
    let folder = Folder::new();
    let file = folder.write("c.ics", &calendar(""));
    let screen = screen(&format!("file = \"{file}\""), "");
    assert!(screen.contains("nothing planned for 14 d"), "{screen}");
    assert!(!screen.contains("FREEZE"), "{screen}");
}

#[test]
fn what_is_no_calendar_is_explained() {
    let cut = calendar(&entry("SUMMARY:x")).replace("END:VCALENDAR\r\n", "");
    for (kind, body, part) in [
        ("text/html", "<!DOCTYPE html><form>log in</form>", "web page"),
        ("text/calendar", "\n<html></html>", "web page"),
        ("application/json", "{}", "not a calendar"),
        ("text/vcard", "BEGIN:VCARD\r\nEND:VCARD\r\n", "not a calendar"),
        ("text/calendar", "", "not a calendar"),
        ("text/calendar", cut.as_str(), "ends early"),
    ] {
        let server = Server::start();
        server.route("/c", Reply::body(kind, body));
        let panel = panel(&format!("url = \"{}\"", server.url("/c")));
        assert!(panel["reason"].as_str().unwrap().contains(part), "{body}: {panel}");
        assert_eq!(panel["status"], "unknown");
    }
}

#[test]
fn files_that_cannot_be_read_are_explained() {
    let folder = Folder::new();
    let missing = folder.path().join("missing.ics").display().to_string();
    let place = folder.path().display().to_string();
    for (keys, part) in [
        (format!("file = \"{missing}\""), "missing.ics cannot be read"),
        (format!("file = \"{place}\""), "is not a regular file"),
    ] {
        let panel = panel(&keys);
        assert!(panel["reason"].as_str().unwrap().contains(part), "{keys}: {panel}");
    }
    for (keys, part) in [
        (format!("file = \"{missing}\"\nurl = \"http://127.0.0.1:1/\""), "not both"),
        (String::new(), "needs a url or a file"),
        (format!("file = \"{missing}\"\ntimezone = \"Berlin\""), "'Berlin' is not a time zone"),
    ] {
        let file = folder.write("board.toml", &board(&keys, ""));
        let output = run(&["validate", "--config", &file]);
        assert!(!output.status.success() && stderr(&output).contains(part), "{}", stderr(&output));
    }
}
