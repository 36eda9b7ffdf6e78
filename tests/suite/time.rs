//! Clocks that are set, machines that sleep, days with a missing hour: ages stay honest, and everything is
//! asked again soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use andon::app::Wiring;
use andon::hub::looking::Looks;
use andon::hub::{Channels, Hub};
use andon::model::freshness::Freshness;
use andon::model::poll::Outcome;
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::text::plain;
use andon::panel::ink::Glyphs;
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::source::network::Network;
use andon::view::lens::Lens;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::support::andon as program;
use crate::support::folder::Folder;
use crate::support::running::board;
use crate::support::stdout;

/// Saturday, 21 November 2026, 12:00 UTC.
const START: Timestamp = Timestamp(1_795_262_400_000);
const HOUR: i64 = 3_600_000;

fn hub(clock: Clock) -> Hub {
    let text = "[sources.s]\ntype = \"command\"\ncommand = [\"true\"]\n[[dashboards]]\nname = \"d\"\n\
                [[dashboards.panels]]\nid = \"p\"\nview = \"chart\"\nsource = \"s\"\ncritical = \"> 50\"\nwindow = \"6h\"\n";
    Hub::new(Arc::new(board(text)), Zone::utc(), clock)
}

fn answer(hub: &mut Hub, at: Timestamp, value: f64) {
    let series = vec![Series::single("", at, value)];
    let answer = Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)));
    let query = andon::model::poll::QueryId(0);
    hub.apply(Outcome {
        query,
        at,
        answer,
        failures: 0,
        next_try: at.plus(Span::seconds(10)),
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
}

fn panel(hub: &Hub, now: Timestamp) -> (Status, Freshness, i64) {
    let scene = hub.scene_at(now);
    let panel = &scene.pages[0].panels[0];
    (panel.status, panel.freshness, panel.age.unwrap().0 / 1000)
}

#[test]
fn a_clock_set_back_makes_nothing_look_new() {
    let begin = Instant::now();
    let mut hub = hub(Clock::Scripted { start: START, since: begin, moved: Arc::default() });
    answer(&mut hub, START.plus(Span::seconds(1)), 41.0);
    let second = |n: u64| begin + Duration::from_secs(n);
    assert!(!hub.has_jumped(START.plus(Span::seconds(2)), second(2)));
    // An hour back, a second later. The source is dead from now on.
    let back = START.minus(Span(HOUR)).plus(Span::seconds(3));
    assert!(hub.has_jumped(back, second(3)));
    assert_eq!(panel(&hub, back), (Status::Ok, Freshness::Fresh, 2));
    let later = back.plus(Span::seconds(40));
    assert!(!hub.has_jumped(later, second(43)));
    assert_eq!(panel(&hub, later), (Status::Unknown, Freshness::Stale, 42), "dead for 42 s, whatever the clock says");
    // An answer by the new clock is taken at once.
    answer(&mut hub, later, 99.0);
    assert_eq!(panel(&hub, later), (Status::Critical, Freshness::Fresh, 0));
}

#[test]
fn a_clock_set_forward_makes_everything_old_until_it_is_asked_again() {
    for ahead in [HOUR, 10 * 365 * 24 * HOUR] {
        let begin = Instant::now();
        let mut hub = hub(Clock::Scripted { start: START, since: begin, moved: Arc::default() });
        answer(&mut hub, START, 41.0);
        let now = START.plus(Span(ahead));
        assert!(hub.has_jumped(now, begin + Duration::from_secs(1)));
        let (status, freshness, age) = panel(&hub, now);
        assert_eq!((status, freshness, age), (Status::Unknown, Freshness::Stale, ahead / 1000));
        answer(&mut hub, now, 42.0);
        assert_eq!(panel(&hub, now), (Status::Ok, Freshness::Fresh, 0));
    }
}

#[test]
fn a_clock_that_is_slewed_is_no_jump() {
    let begin = Instant::now();
    let mut hub = hub(Clock::Scripted { start: START, since: begin, moved: Arc::default() });
    let mut wall = START;
    for second in 1..=1000 {
        // NTP slews by half a millisecond a second at most; a bad clock by a few.
        wall = wall.plus(Span(1005));
        assert!(!hub.has_jumped(wall, begin + Duration::from_secs(second)), "at {second} s");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_sleep_of_eight_hours_all_are_asked_within_two_seconds() {
    let moved = Arc::new(AtomicI64::new(0));
    let clock = Clock::Scripted { start: START, since: Instant::now(), moved: Arc::clone(&moved) };
    let hub = hub(clock.clone());
    let wiring = Wiring::new(clock, Network::default());
    let (_commands, commands) = mpsc::channel(1);
    let (_reloads, reloads) = mpsc::channel(1);
    let mut asked = wiring.refresh_now.subscribe();
    let scenes = watch::Sender::new(Arc::new(hub.scene_at(START)));
    let cuts = watch::Sender::new(hub.seen_at(START).cuts);
    let mut seen = scenes.subscribe();
    let (refresh_now, widths) = (wiring.refresh_now, wiring.widths);
    let notices = tokio::sync::mpsc::channel(1).0;
    let looks = Looks::new(mpsc::channel(1).1);
    let channels = Channels {
        outcomes: wiring.outcomes,
        commands,
        looks,
        reloads,
        notices,
        scenes,
        cuts,
        refresh_now,
        widths,
        rewinds: mpsc::channel(1).0,
    };
    // Somebody who may still send keeps the hub alive.
    let _wires = wiring.wires;
    tokio::spawn(hub.run(channels));
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(*asked.borrow_and_update(), 0, "a quiet minute is no jump");
    // The steady clock of the machine stands still in its sleep.
    moved.store(8 * HOUR, Ordering::Relaxed);
    tokio::time::timeout(Duration::from_secs(2), asked.changed()).await.expect("nobody is asked").unwrap();
    tokio::time::timeout(Duration::from_secs(2), seen.changed()).await.expect("no scene").unwrap();
    let shown = seen.borrow_and_update().now;
    assert!(shown >= START.plus(Span(8 * HOUR)), "the clock of the screen is {shown:?}");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(*asked.borrow_and_update(), 1, "asked once for one sleep");
}

fn berlin() -> Zone {
    serde_json::from_value(serde_json::json!("Europe/Berlin")).unwrap()
}

fn utc(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

#[test]
fn hours_that_are_missing_or_come_twice_are_shown_as_the_wall_shows_them() {
    let zone = berlin();
    // 29 March 2026: from 02:00 to 03:00.
    assert_eq!(utc("2026-03-29T00:59:59Z").clock(&zone), "01:59:59");
    assert_eq!(utc("2026-03-29T01:00:00Z").clock(&zone), "03:00:00");
    // 25 October 2026: from 03:00 back to 02:00.
    assert_eq!(utc("2026-10-25T00:59:59Z").clock(&zone), "02:59:59");
    assert_eq!(utc("2026-10-25T01:00:00Z").clock(&zone), "02:00:00");
    // An age knows nothing of it.
    assert_eq!(utc("2026-10-25T00:30:00Z").age_at(utc("2026-10-25T01:30:00Z")), Span::seconds(3600));
}

#[test]
fn another_day_and_another_year_are_said() {
    let zone = berlin();
    let since = |then: &str, now: &str| utc(then).since_at(utc(now), &zone);
    assert_eq!(since("2026-12-31T12:00:00Z", "2026-12-31T22:59:59Z"), "13:00");
    assert_eq!(since("2026-12-31T22:59:00Z", "2026-12-31T23:00:00Z"), "Thu 31 Dec 2026 23:59");
    assert_eq!(since("2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"), "Fri 20 Nov 11:00");
    // The same day of the week, of the month, of another year.
    assert_eq!(since("2020-11-21T10:00:00Z", "2026-11-21T10:00:00Z"), "Sat 21 Nov 2020 11:00");
}

#[test]
fn a_chart_over_a_missing_hour_keeps_its_axis() {
    let now = utc("2026-03-29T04:00:00Z");
    let mut hub = Hub::new(
        Arc::new(board(
            "[sources.s]\ntype = \"command\"\ncommand = [\"true\"]\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\nid = \"p\"\nview = \"chart\"\nsource = \"s\"\nwindow = \"6h\"\n",
        )),
        berlin(),
        Clock::Wall,
    );
    let points = (0..360).map(|n| Point { at: now.minus(Span::seconds(60 * (359 - n))), value: n as f64 }).collect();
    let series = vec![Series::named("", points)];
    let query = andon::model::poll::QueryId(0);
    let answer = Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Whole)));
    hub.apply(Outcome {
        query,
        at: now,
        answer,
        failures: 0,
        next_try: now,
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    let text = plain(&render(&hub.scene_at(now), &Lens::default(), &ink, 120, 30).buffer);
    assert!(text.contains("06:00:00"), "{text}");
    assert!(!text.contains(" 02:"), "an hour that was not:\n{text}");
}

#[test]
fn a_leap_second_is_the_second_before() {
    let base = reqwest::Url::parse("http://ci/").unwrap();
    let feed = b"<Projects><Project name=\"a\" lastBuildTime=\"2016-12-31T23:59:60Z\"/></Projects>";
    let builds = andon::source::cctray::parse(feed, &jiff::tz::TimeZone::UTC, &base).unwrap();
    assert_eq!(builds[0].finished_at, Some(utc("2016-12-31T23:59:59Z")));
}

#[test]
fn a_time_zone_that_is_not_there_is_utc() {
    let folder = Folder::new();
    let file = folder.write("b.toml", "[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"clock\"\n");
    for zone in ["Nowhere/At-All", "", ":", "/nowhere"] {
        let output =
            program().args(["snapshot", "--size", "60x12", "--config", &file]).env("TZ", zone).output().unwrap();
        assert!(output.status.success(), "{zone}");
        let now = andon::model::time::now();
        let near = [now, now.minus(Span::seconds(60))].map(|at| at.hour_minute(&Zone::utc()));
        assert!(near.iter().any(|clock| stdout(&output).contains(clock)), "{zone}: not UTC:\n{}", stdout(&output));
    }
}
