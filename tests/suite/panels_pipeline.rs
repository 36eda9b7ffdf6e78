//! The panels of the pipeline, drawn from the board's text and a source's answer: which words stand where.

use std::sync::Arc;

use andon::hub::Hub;
use andon::model::build::{Activity, Build, BuildResult, Stage};
use andon::model::event::{ChangeReason, Event, EventKind, EventState};
use andon::model::poll::Outcome;
use andon::model::review::{Review, WaitsFor};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::text::plain;
use andon::panel::ink::Glyphs;
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::view::lens::Lens;

use crate::support::running::board;

/// Saturday, 21 November 2026, 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const SIZES: [(u16, u16); 3] = [(200, 50), (120, 40), (80, 24)];
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn ago(seconds: i64) -> Timestamp {
    NOW.minus(Span::seconds(seconds))
}

/// A board of this one panel, after this answer.
fn drawn(panel: &str, answer: Telemetry, (width, height): (u16, u16)) -> String {
    let text = format!(
        "[sources.ci]\ntype = \"cctray\"\nurl = \"http://127.0.0.1:1/cc.xml\"\n\
         [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nlayer = \"pipeline\"\nsource = \"ci\"\n{panel}\n"
    );
    let board = Arc::new(board(&text));
    let query = board.dashboards[0].panels[0].rule.queries[0].id;
    let mut hub = Hub::new(board, Zone::utc(), Clock::Wall);
    let next_try = NOW.plus(Span::seconds(5));
    hub.apply(Outcome {
        query,
        at: NOW,
        answer: Ok(answer),
        failures: 0,
        next_try,
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    let lens = Lens { kiosk: true, ..Lens::default() };
    plain(&render(&hub.scene_at(NOW), &lens, &ink, width, height).buffer)
}

/// The first line with this word.
#[track_caller]
fn line<'a>(frame: &'a str, word: &str) -> &'a str {
    frame.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("no {word}:\n{frame}"))
}

/// The column of a word in its line.
#[track_caller]
fn column(line: &str, word: &str) -> usize {
    let at = line.find(word).unwrap_or_else(|| panic!("no {word}: {line}"));
    line[..at].chars().count()
}

#[track_caller]
fn has(frame: &str, words: &str) {
    assert!(frame.contains(words), "no {words}:\n{frame}");
}

fn stage(name: &str, result: BuildResult, seconds: i64) -> Stage {
    Stage { name: name.into(), result, duration: Some(Span::seconds(seconds)), ..Stage::default() }
}

fn builds() -> Telemetry {
    use BuildResult::{Failure, Success};
    let deploy = Stage { step: "smoke tests".into(), ..stage("deploy", Failure, 90) };
    let release = Stage { name: "release".into(), ..Stage::default() };
    let shop = Build {
        name: "shop/main".into(),
        result: Failure,
        label: "482".into(),
        branch: "main".into(),
        finished_at: Some(ago(12 * MINUTE)),
        stages: vec![stage("build", Success, 40), stage("test", Success, 180), deploy, release],
        ..Build::default()
    };
    let running =
        Stage { name: "test".into(), activity: Activity::Running, started_at: Some(ago(47)), ..Stage::default() };
    let mail = Build {
        name: "mail/main".into(),
        activity: Activity::Running,
        result: Success,
        label: "77".into(),
        started_at: Some(ago(70)),
        stages: vec![stage("build", Success, 20), running],
        ..Build::default()
    };
    Telemetry::Builds(vec![mail, shop])
}

#[test]
fn stages_flow_from_left_to_right_and_stop_at_the_red_one() {
    for size in SIZES {
        let frame = drawn("view = \"stages\"", builds(), size);
        has(&frame, "● build 40 s ─ ● test 3 min ─ ✖ deploy: smoke tests ─ ◌ release");
        has(&frame, "● build 20 s ─ ▶ test running 40 s");
        let (shop, mail) = (line(&frame, "✖ shop/main"), line(&frame, "● mail/main"));
        has(shop, "#482 failed");
        has(shop, "main");
        has(mail, "#77 ok  ▶ running 1 min");
        assert!(frame.find(shop) < frame.find(mail), "what is red comes first:\n{frame}");
    }
}

#[test]
fn stages_before_the_red_one_are_counted_where_room_is_short() {
    let frame = drawn("view = \"stages\"", builds(), (44, 12));
    has(&frame, "2 ok ─ ✖ deploy: smoke tests ─ ◌ release");
    has(&frame, "#482 failed");
}

#[test]
fn a_build_without_stages_says_so() {
    let build = Build { name: "shop".into(), result: BuildResult::Success, ..Build::default() };
    for size in SIZES {
        let frame = drawn("view = \"stages\"", Telemetry::Builds(vec![build.clone()]), size);
        has(line(&frame, "● shop"), "no stages known");
    }
}

fn deploy(seconds_ago: i64, service: &str, environment: &str, version: &str, state: EventState) -> Event {
    Event {
        at: ago(seconds_ago),
        kind: EventKind::Deploy,
        state,
        service: service.into(),
        environment: environment.into(),
        version: version.into(),
        ..Event::default()
    }
}

#[test]
fn the_matrix_tells_what_runs_where_what_failed_and_what_is_behind() {
    use EventState::{Done, Failed, Running};
    let events = vec![
        deploy(6 * DAY, "mail", "staging", "v7", Done),
        deploy(5 * DAY, "mail", "production", "v6", Done),
        deploy(3 * DAY, "shop", "production", "v2.14", Done),
        deploy(2 * HOUR, "shop", "staging", "v2.15", Done),
        deploy(20 * MINUTE, "mail", "production", "v7", Running),
        deploy(5 * MINUTE, "shop", "production", "v2.15", Failed),
    ];
    for size in SIZES {
        let frame = drawn("view = \"environments\"", Telemetry::Events(events.clone()), size);
        let header = line(&frame, "staging");
        let (shop, mail) = (line(&frame, "✖ shop"), line(&frame, "● mail"));
        assert_eq!(column(shop, "● v2.15 2 h"), column(header, "staging"), "{frame}");
        assert_eq!(column(shop, "✖ v2.15 failed, v2.14 runs 3 d"), column(header, "production"), "{frame}");
        assert_eq!(column(mail, "● v6 5 d"), column(header, "production"), "{frame}");
        has(mail, "● v6 5 d ≠ v7 6 d ▶ v7 running");
        assert!(frame.find(shop) < frame.find(mail), "what is red comes first:\n{frame}");
    }
}

#[test]
fn no_service_is_lost_and_the_red_one_stays() {
    let mut events: Vec<Event> =
        (0..60).map(|n| deploy(HOUR, &format!("s{n:02}"), "production", "v1", EventState::Done)).collect();
    events.push(deploy(MINUTE, "zoo", "production", "v2", EventState::Failed));
    for size in SIZES {
        let frame = drawn("view = \"environments\"", Telemetry::Events(events.clone()), size);
        has(line(&frame, "✖ zoo"), "✖ v2 failed");
        let shown = frame.lines().filter(|line| line.contains("● s")).count();
        let rest = line(&frame, " more ok").trim_matches(['│', ' ']).replace(" more ok", "");
        assert_eq!(shown + rest.parse::<usize>().unwrap(), 60, "{frame}");
    }
}

#[test]
fn a_panel_of_one_service_shows_no_other() {
    let done = EventState::Done;
    let events = vec![deploy(HOUR, "shop", "production", "v1", done), deploy(HOUR, "mail", "production", "v2", done)];
    let panel = "view = \"environments\"\nservice = \"mail\"\nenvironments = [\"staging\", \"production\"]";
    for size in SIZES {
        let frame = drawn(panel, Telemetry::Events(events.clone()), size);
        let (header, mail) = (line(&frame, "staging"), line(&frame, "● mail"));
        assert_eq!(column(header, "staging"), column(mail, "-  "), "nothing is known of it there:\n{frame}");
        assert!(!frame.contains("● shop"), "{frame}");
    }
}

/// In thirty days three planned deploys, the last of which hurt, and the hotfix for it.
fn history() -> Vec<Event> {
    let planned = |days: i64| deploy(days * DAY, "shop", "production", "v1", EventState::Done);
    let hotfix = deploy(5 * DAY - 2 * HOUR, "shop", "production", "v2", EventState::Done);
    vec![
        planned(40),
        Event { commits: vec![ago(21 * DAY)], ..planned(20) },
        planned(10),
        planned(5),
        Event {
            at: ago(5 * DAY - 30 * MINUTE),
            until: Some(ago(5 * DAY - 2 * HOUR)),
            kind: EventKind::Incident,
            service: "shop".into(),
            ..Event::default()
        },
        Event { reason: ChangeReason::Hotfix, ..hotfix },
        deploy(DAY, "shop", "staging", "v3", EventState::Done),
    ]
}

#[test]
fn the_five_metrics_stand_beside_what_they_are_made_of() {
    for size in [(120, 40), (80, 24)] {
        let frame = drawn("view = \"delivery\"", Telemetry::Events(history()), size);
        for (name, value, details) in [
            ("Deployment frequency", "0.13 per day", "4 deploys in 30 d, none on 27 days"),
            ("Change lead time", "1 d ", "median of 1 commit in 30 d, 1 of 4"),
            ("Change fail rate", "25 %", "1 of 4 deploys in 30 d"),
            ("Recovery time", "2 h ", "1 of 1 failed deploy in 30 d, median"),
            ("Rework rate", "25 %", "1 of 4 deploys in 30 d"),
        ] {
            let line = line(&frame, name);
            assert!(column(line, name) < column(line, value), "{line}");
            assert!(column(line, value) < column(line, details), "{line}");
        }
        has(&frame, "4 deploys: 3 planned, 1 hotfix, 0 rollback · production · 30 d");
    }
}

#[test]
fn on_a_wide_wall_the_five_metrics_are_large() {
    let frame = drawn("view = \"delivery\"", Telemetry::Events(history()), (200, 50));
    let names = line(&frame, "Deployment frequency");
    for name in ["Change lead time", "Change fail rate", "Recovery time", "Rework rate"] {
        has(names, name);
    }
    let details = line(&frame, "4 deploys in 30 d");
    assert_eq!(column(details, "1 of 4 deploys in 30 d"), column(names, "Change fail rate"), "{frame}");
    has(&frame, "█");
}

#[test]
fn what_nobody_tells_is_no_zero() {
    let deploys = vec![
        deploy(9 * DAY, "shop", "production", "v1", EventState::Done),
        deploy(2 * DAY, "shop", "production", "v2", EventState::Done),
    ];
    for size in SIZES {
        let frame = drawn("view = \"delivery\"", Telemetry::Events(deploys.clone()), size);
        has(&frame, "no incidents are reported");
        has(&frame, "no hotfix or rollback is reported");
        has(&frame, "no deploy names its commits");
        has(&frame, "2 deploys · production · known since Thu 12 Nov");
        assert!(!frame.contains("0 %"), "{frame}");
        let frame = drawn("view = \"delivery\"", Telemetry::Events(Vec::new()), size);
        has(&frame, "no deploys known in 30 d");
        let other = "view = \"delivery\"\nenvironment = \"staging\"\nover = \"7d\"";
        has(&drawn(other, Telemetry::Events(deploys.clone()), size), "no deploys known in 7 d · staging");
    }
}

fn review(label: &str, title: &str, repository: &str, age: i64, waits_for: WaitsFor) -> Review {
    Review {
        label: label.into(),
        title: title.into(),
        repository: repository.into(),
        opened_at: ago(age),
        merged_at: None,
        waits_for,
        size: Some(340),
        author: Some("cyd".into()),
        reviewers: vec!["ada".into(), "bob".into()],
        url: None,
    }
}

#[test]
fn reviews_wait_in_the_order_of_their_age() {
    let merged = review("#1", "Done", "shop", 28 * HOUR, WaitsFor::Merge);
    let reviews = vec![
        review("#31", "Say which coupon is wrong", "mail", 4 * HOUR, WaitsFor::Merge),
        review("#12", "Move the basket", "shop", 9 * DAY, WaitsFor::Reviewer),
        review("#7", "Try another font", "shop", 30 * DAY, WaitsFor::Draft),
        Review { merged_at: Some(NOW), ..merged },
    ];
    for size in SIZES {
        let frame = drawn("view = \"reviews\"", Telemetry::Reviews(reviews.clone()), size);
        has(&frame, "3 open (1 draft), oldest 9 d · review lead time median 1 d 4 h (last 1 merged)");
        let lines = [line(&frame, "#12"), line(&frame, "#31"), line(&frame, "#7")];
        let places: Vec<Option<usize>> = lines.iter().map(|line| frame.find(*line)).collect();
        assert!(places.is_sorted(), "{frame}");
        has(lines[0], "▲ 9 d old");
        has(lines[0], "Move the basket");
        has(lines[0], "ada, bob");
        assert!(!lines[1].contains("old") && lines[1].contains("4 h"), "{frame}");
        assert!(!lines[2].contains("old"), "a draft waits for nobody:\n{frame}");
        for (words, label) in [("review", "#12"), ("merge", "#31"), ("draft", "#7")] {
            assert_eq!(column(line(&frame, label), words), column(lines[0], "review"), "{frame}");
        }
        has(lines[1], "mail");
        has(lines[1], "340 lines");
    }
}

#[test]
fn reviews_that_do_not_fit_are_counted() {
    let reviews: Vec<Review> = (0..70)
        .map(|n| review(&format!("#{}", 100 + n), "A change", "shop", (70 - n) * DAY, WaitsFor::Checks))
        .collect();
    for size in SIZES {
        let frame = drawn("view = \"reviews\"\nold = \"10d\"", Telemetry::Reviews(reviews.clone()), size);
        has(&frame, "70 open, oldest 70 d");
        let shown = frame.lines().filter(|line| line.contains("A change")).count();
        has(&frame, &format!("{} more, ", 70 - shown));
        has(line(&frame, "#100"), "▲ 70 d old");
    }
}
