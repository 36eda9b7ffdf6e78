//! Any board at any size: nothing panics, nothing leaves its area, nothing is lost.

use std::collections::BTreeSet;

use andon::config::board::Board;
use andon::config::{Request, load};
use andon::hub::Hub;
use andon::input::keymap::HELP;
use andon::model::build::{Activity, Build, BuildResult, Run, Stage};
use andon::model::event::{Event, EventKind, EventState};
use andon::model::fault::{Phase, Reason};
use andon::model::labels::Labels;
use andon::model::poll::{Outcome, QueryId};
use andon::model::review::{Review, WaitsFor};
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::table::{Cell, Table};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::panel::Need;
use andon::panel::ink::{Glyphs, Ink};
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::view::arrange::arrange;
use andon::view::lens::Lens;
use andon::view::scene::Scene;
use proptest::prelude::*;
use ratatui::layout::Rect;

use crate::support::folder::Folder;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn ink(glyphs: Glyphs) -> Ink {
    Theme::load("andon", &embedded).unwrap().ink(glyphs)
}

/// A board of so many panels, of every view in turn.
fn board(panels: usize) -> Board {
    let layers = ["business", "application", "client", "infrastructure", "pipeline"];
    let mut text = String::from(
        "[sources.p]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"all\"\n",
    );
    for n in 0..panels {
        let kind = &andon::panel::KINDS[n % andon::panel::KINDS.len()];
        let view = kind.word;
        text.push_str(&format!(
            "[[dashboards.panels]]\ntitle = \"Panel number {n}\"\nid = \"p{n}\"\nlayer = \"{}\"\nview = \"{view}\"\n",
            layers[n % 5]
        ));
        // Keys that have no default.
        text.push_str(match view {
            "world-clock" => "zones = [\"Europe/Berlin\", \"Asia/Tokyo\"]\n",
            "countdown" => "to = \"2026-12-24 18:00\"\n",
            _ => "",
        });
        if kind.source != Need::None {
            text.push_str(&format!("source = \"p\"\nquery = \"q{n}\"\nwarning = \"> 50\"\ncritical = \"> 80\"\n"));
        }
    }
    let folder = Folder::new();
    let file = folder.write("board.toml", &text);
    load(&Request { file: file.into(), ..Request::default() }).unwrap().board
}

fn build(n: usize) -> Build {
    let results = [BuildResult::Success, BuildResult::Failure, BuildResult::Warning, BuildResult::NeverRun];
    let activities = [Activity::Idle, Activity::Running, Activity::Queued, Activity::Waiting, Activity::Disabled];
    let result = results[n % 4];
    let run = |k: usize| Run {
        label: format!("{k}").into(),
        result: results[(n + k) % 3],
        started_at: Some(NOW.minus(Span::seconds(600 - 60 * k as i64))),
        finished_at: Some(NOW.minus(Span::seconds(580 - 60 * k as i64))),
        ..Run::default()
    };
    let stage = |k: usize| Stage {
        name: format!("stage {k} 漢字").into(),
        activity: activities[(n + k) % 3],
        result: results[(n + k) % 4],
        step: "a step with a long name".into(),
        ..Stage::default()
    };
    Build {
        name: format!("group-{}/build-{n}-漢字", n % 7).into(),
        activity: activities[n % 5],
        started_at: Some(NOW.minus(Span::seconds(40))),
        estimate: Some(Span::seconds(20 * n as i64)),
        author: Some("Ada".into()),
        history: if result == BuildResult::NeverRun { Vec::new() } else { (0..n % 9).map(run).collect() },
        stages: (0..n % 6).map(stage).collect(),
        result,
        ..Build::default()
    }
}

fn event(n: usize) -> Event {
    let states = [EventState::Done, EventState::Failed, EventState::Running, EventState::Waiting, EventState::Unknown];
    Event {
        at: NOW.minus(Span::seconds(97 * n as i64 - 900)),
        until: n.is_multiple_of(3).then(|| NOW.plus(Span::seconds(1000))),
        kind: EventKind::ALL[n % 10],
        state: states[n % 5],
        title: format!("event number {n} with some words 漢字").into(),
        service: format!("service-{}", n % 11).into(),
        environment: ["production", "staging", "", "dev"][n % 4].into(),
        version: format!("v{}", n / 3).into(),
        remark: ["", "Degraded"][n % 2].into(),
        commits: vec![NOW.minus(Span::seconds(5000))],
        ..Event::default()
    }
}

fn review(n: usize) -> Review {
    Review {
        label: format!("#{n}").into(),
        title: "a change with a title that is rather long".into(),
        repository: format!("repository-{}", n % 3).into(),
        opened_at: NOW.minus(Span::seconds(40_000 * n as i64)),
        merged_at: n.is_multiple_of(4).then_some(NOW),
        waits_for: [WaitsFor::Reviewer, WaitsFor::Author, WaitsFor::Draft][n % 3],
        size: n.is_multiple_of(2).then_some(n as u64 * 100),
        author: Some("Ada".into()),
        reviewers: vec!["Grace".into(), "Alan".into()],
        url: None,
    }
}

fn telemetry(kind: u8, size: usize) -> Telemetry {
    let value = |n: usize| match n % 7 {
        0 => f64::NAN,
        1 => 0.0,
        n => (n * 13 % 101) as f64 * 10_f64.powi(n as i32 - 3),
    };
    match kind {
        0 => Telemetry::Table(Table {
            columns: vec!["name".into(), "a very long column title 日本語".into()],
            rows: (0..size)
                .map(|n| vec![Cell::Text(format!("row {n}").as_str().into()), Cell::Number(value(n))])
                .collect(),
            own: Vec::new(),
        }),
        2 => Telemetry::Builds((0..size).map(build).collect()),
        3 => Telemetry::Events((0..size).map(event).collect()),
        4 => Telemetry::Reviews((0..size).map(review).collect()),
        1 => Telemetry::Text((0..size).map(|n| format!("line {n} with some words 漢字").as_str().into()).collect()),
        _ => Telemetry::Series(SeriesSet::new(
            (0..size)
                .map(|n| Series {
                    labels: Labels::named(&format!("series-{n}")),
                    points: (0..40)
                        .map(|t| Point { at: NOW.minus(Span::seconds(400 - t * 10)), value: value(n + t as usize) })
                        .collect(),
                })
                .collect(),
            Coverage::Whole,
        )),
    }
}

fn scene(board: &Board, kinds: &[u8], sizes: &[usize]) -> Scene {
    let mut hub = Hub::new(std::sync::Arc::new(board.clone()), Zone::utc(), Clock::Wall);
    for query in 0..board.queries.len() {
        let kind = kinds[query % kinds.len()];
        let answer = if kind == 9 {
            Err(Reason::Timeout(Phase::Headers).into())
        } else {
            Ok(telemetry(kind, sizes[query % sizes.len()]))
        };
        let failures = u32::from(answer.is_err());
        hub.apply(Outcome {
            query: QueryId(query),
            at: NOW,
            answer,
            failures,
            next_try: NOW.plus(Span::seconds(5)),
            budget: None,
            age: Span(0),
            clock_skew: None,
            listener_error: None,
        });
    }
    hub.scene_at(NOW)
}

#[test]
fn the_largest_screen_is_filled_to_its_last_row() {
    let text: String = (0..300).map(|n| format!("line {n}\\n")).collect();
    let board = crate::support::running::board(&format!(
        "[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"text\"\ntext = \"{text}\"\n"
    ));
    let scene = Hub::new(std::sync::Arc::new(board), Zone::utc(), Clock::Wall).scene_at(NOW);
    let lens = Lens { focus: Some(0), kiosk: true, ..Lens::default() };
    let text = andon::output::text::plain(&render(&scene, &lens, &ink(Glyphs::Full), 500, 200).buffer);
    // Over 65536 cells: more than a u16 counts.
    for n in [0, 100, 140, 190] {
        assert!(text.lines().any(|row| row.contains(&format!("line {n} "))), "line {n} is not on the screen");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_size_panics_and_nothing_leaves_its_area(
        panels in 0usize..30, width in 0u16..220, height in 0u16..90, kinds in prop::collection::vec(0u8..10, 1..6),
        sizes in prop::collection::vec(0usize..60, 1..4), zoom in any::<bool>(), glyphs in 0usize..3
    ) {
        let board = board(panels);
        let scene = scene(&board, &kinds, &sizes);
        let glyphs = Glyphs::WORDS[glyphs].1;
        let lens = Lens { focus: (panels > 0).then_some(panels / 2), zoom, help: (panels % 4 == 0).then_some(HELP), ..Lens::default() };
        let frame = render(&scene, &lens, &ink(glyphs), width, height);
        prop_assert_eq!(frame.buffer.area, Rect::new(0, 0, width, height));
        if glyphs == Glyphs::Ascii {
            // Data may hold other characters; the board's own are plain.
            let own: String = frame.buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            let foreign: BTreeSet<char> = own.chars().filter(|c| !c.is_ascii() && !"日本語漢字".contains(*c)).collect();
            prop_assert!(foreign.is_empty(), "{foreign:?}");
        }
    }

    #[test]
    fn a_page_fits_without_overlap_and_loses_no_panel(panels in 0usize..60, width in 0u16..300, height in 0u16..120, kinds in prop::collection::vec(0u8..10, 1..6)) {
        let scene = scene(&board(panels), &kinds, &[3]);
        let page = &scene.pages[0];
        let area = Rect::new(3, 2, width, height);
        let arrangement = arrange(page, area);
        let mut seen = BTreeSet::new();
        let placed: Vec<(usize, Rect)> = arrangement.framed.iter().chain(&arrangement.strips).copied().collect();
        for (n, (panel, at)) in placed.iter().enumerate() {
            prop_assert!(seen.insert(*panel), "panel {} twice", panel);
            prop_assert_eq!(at.intersection(area), *at, "outside");
            for (_, other) in &placed[n + 1..] {
                prop_assert!(!at.intersects(*other), "{:?} overlaps {:?}", at, other);
            }
        }
        seen.extend(arrangement.hidden.iter().copied());
        prop_assert_eq!(seen.len(), page.panels.len(), "a panel is neither shown nor counted");
    }
}

#[test]
fn a_scene_of_every_panel_can_be_sent_as_json() {
    let kinds = andon::panel::KINDS;
    let scene = scene(&board(kinds.len()), &[5, 0, 2, 3, 4], &[3]);
    let json = serde_json::to_value(&scene).unwrap();
    let panels = json["pages"][0]["panels"].as_array().unwrap();
    for (kind, panel) in kinds.iter().zip(panels) {
        assert!(panel["view"][kind.word].is_object(), "{} is not named by its word: {panel}", kind.word);
    }
    assert!(json.to_string().contains("\"value\":null"), "a gap is null");
    assert_eq!((&json["zone"], &json["status"]), (&"UTC".into(), &serde_json::to_value(scene.status).unwrap()));
}

#[test]
fn what_is_red_is_the_last_to_shrink() {
    let board = board(24);
    let mut scene = scene(&board, &[5], &[1]);
    for panel in &mut scene.pages[0].panels {
        panel.status = andon::model::status::Status::Ok;
    }
    scene.pages[0].panels[17].status = andon::model::status::Status::Critical;
    let arrangement = arrange(&scene.pages[0], Rect::new(0, 0, 80, 20));
    assert!(arrangement.framed.iter().any(|(panel, _)| *panel == 17), "{arrangement:?}");
    assert!(!arrangement.strips.is_empty(), "something had to shrink");
}

#[test]
fn equal_inputs_give_equal_frames() {
    let board = board(12);
    let draw = || render(&scene(&board, &[0, 1, 2, 9], &[5, 40]), &Lens::default(), &ink(Glyphs::Full), 120, 40);
    assert_eq!(draw(), draw());
}

#[test]
fn a_page_that_fits_a_wall_is_still_useful_at_80x24() {
    let board = board(20);
    let frame = render(&scene(&board, &[5], &[2]), &Lens::default(), &ink(Glyphs::Full), 80, 24);
    let text = andon::output::text::plain(&frame.buffer);
    for n in 0..20 {
        let title = format!("Panel number {n}");
        assert!(text.contains(&title) || text.contains(" more "), "{title} is lost:\n{text}");
    }
}
