//! Scenario files: a board, answers over time, and the frames that must come of them, at three sizes,
//! with their styles. Time is what the file says: nothing waits.
//!
//! To accept new frames look at them first: `cargo insta review`, or `INSTA_UPDATE=always cargo test`.

use std::collections::BTreeMap;
use std::sync::Arc;

use andon::config::board::{Board, QuerySpec};
use andon::config::{Request, load};
use andon::hub::Hub;
use andon::model::build::{Activity, Build, BuildResult};
use andon::model::event::{Event, EventKind, EventState};
use andon::model::fault::{FetchError, Phase, Reason};
use andon::model::freshness::Freshness;
use andon::model::poll::{Outcome, QueryId};
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::text::with_styles;
use andon::panel::ink::{Glyphs, Ink};
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::view::lens::Lens;
use andon::view::scene::Scene;
use serde::Deserialize;

use crate::support::folder::Folder;

/// Saturday, 21 November 2026, 12:00 UTC.
const START: Timestamp = Timestamp(1_795_262_400_000);
const SIZES: [(u16, u16); 3] = [(200, 50), (120, 40), (80, 24)];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    about: String,
    board: String,
    answers: Vec<Answer>,
    frames: Vec<Moment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    at: Span,
}

/// What comes back, when, for the first query of a panel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    at: Span,
    /// The panel whose first query it answers, or the source that is asked for what happened.
    #[serde(default)]
    panel: String,
    #[serde(default)]
    source: String,
    /// How often it repeats, and until when.
    every: Option<Span>,
    until: Option<Span>,
    /// One value now.
    value: Option<f64>,
    /// Named values now.
    values: Option<BTreeMap<String, f64>>,
    /// The whole window up to now, a value each 60 s; nan is a gap.
    range: Option<BTreeMap<String, Vec<f64>>>,
    /// name, state (ok, red, error, paused), activity (idle, running), label, minutes since it ended.
    builds: Option<Vec<(String, String, String, String, i64)>>,
    lines: Option<Vec<String>>,
    /// kind, version, service, state (done, failed, running), minutes since it happened (below 0: it will).
    events: Option<Vec<(EventKind, String, String, EventState, i64)>>,
    /// So many notes, a second apart, up to now.
    notes: Option<i64>,
    /// refused or timeout
    error: Option<String>,
}

impl Answer {
    fn telemetry(&self, at: Timestamp) -> Result<Telemetry, FetchError> {
        if let Some(error) = &self.error {
            return Err(match error.as_str() {
                "refused" => Reason::Refused.into(),
                "timeout" => Reason::Timeout(Phase::Headers).into(),
                other => panic!("unknown error {other}"),
            });
        }
        let series = |series, coverage| Ok(Telemetry::Series(SeriesSet::new(series, coverage)));
        if let Some(value) = self.value {
            return series(vec![Series::single("", at, value)], Coverage::Sample);
        }
        if let Some(values) = &self.values {
            let all = values.iter().map(|(name, value)| Series::single(name, at, *value)).collect();
            return series(all, Coverage::Sample);
        }
        if let Some(range) = &self.range {
            let line = |values: &Vec<f64>| {
                let from = at.minus(Span::seconds(60 * (values.len() as i64 - 1)));
                let point =
                    |(n, value): (usize, &f64)| Point { at: from.plus(Span::seconds(60 * n as i64)), value: *value };
                values.iter().enumerate().map(point).collect()
            };
            let all = range.iter().map(|(name, values)| Series::named(name, line(values))).collect();
            return series(all, Coverage::Whole);
        }
        if let Some(builds) = &self.builds {
            let build = |(name, state, activity, label, minutes): &(String, String, String, String, i64)| Build {
                name: name.as_str().into(),
                result: match state.as_str() {
                    "ok" => BuildResult::Success,
                    "red" => BuildResult::Failure,
                    "error" => BuildResult::Error,
                    _ => BuildResult::Unknown,
                },
                raw: if state == "paused" { "Paused".into() } else { "".into() },
                activity: if activity == "running" { Activity::Running } else { Activity::Idle },
                label: label.as_str().into(),
                finished_at: Some(at.minus(Span::seconds(60 * minutes))),
                ..Build::default()
            };
            return Ok(Telemetry::Builds(builds.iter().map(build).collect()));
        }
        if let Some(count) = self.notes {
            let note =
                |n: i64| Event { at: at.minus(Span(n * 300)), title: format!("note {n}").into(), ..Event::default() };
            return Ok(Telemetry::Events((0..count).map(note).collect()));
        }
        if let Some(events) = &self.events {
            let event =
                |(kind, version, service, state, minutes): &(EventKind, String, String, EventState, i64)| Event {
                    at: Timestamp(at.0 - minutes * 60_000),
                    kind: *kind,
                    state: *state,
                    version: version.as_str().into(),
                    service: service.as_str().into(),
                    ..Event::default()
                };
            return Ok(Telemetry::Events(events.iter().map(event).collect()));
        }
        let lines = self.lines.as_ref().expect("an answer says something");
        Ok(Telemetry::Text(lines.iter().map(|line| line.as_str().into()).collect()))
    }
}

fn query(board: &Board, panel: &str, source: &str) -> (QueryId, Span) {
    if panel.is_empty() {
        let of = |one: &&QuerySpec| board.sources[one.source].name.as_str() == source;
        let query = board.queries.iter().find(of).unwrap_or_else(|| panic!("no source {source}"));
        return (query.id, board.sources[query.source].pace.refresh);
    }
    let panel = board
        .dashboards
        .iter()
        .flat_map(|d| &d.panels)
        .find(|p| p.id == panel)
        .unwrap_or_else(|| panic!("no panel {panel}"));
    (panel.rule.queries[0].id, panel.refresh())
}

/// All answers as outcomes, in the order of time.
fn outcomes(scenario: &Scenario, board: &Board) -> Vec<Outcome> {
    let mut all = Vec::new();
    for answer in &scenario.answers {
        let (id, refresh) = query(board, &answer.panel, &answer.source);
        let mut at = answer.at;
        loop {
            let moment = START.plus(at);
            let told = answer.telemetry(moment);
            let failures = u32::from(told.is_err());
            all.push(Outcome {
                query: id,
                at: moment,
                answer: told,
                failures,
                next_try: moment.plus(refresh),
                budget: None,
                age: Span(0),
                clock_skew: None,
                listener_error: None,
            });
            match (answer.every, answer.until) {
                (Some(every), Some(until)) if Span(at.0 + every.0) <= until => at = Span(at.0 + every.0),
                _ => break,
            }
        }
    }
    all.sort_by_key(|outcome| outcome.at);
    all
}

fn read(name: &str) -> (Scenario, Board, Ink) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(format!("{name}.toml"));
    let scenario: Scenario = toml_edit::de::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!scenario.about.is_empty());
    let folder = Folder::new();
    let file = folder.write("board.toml", &scenario.board);
    let board = load(&Request { file: file.into(), ..Request::default() }).unwrap().board;
    let ink = Theme::load(&board.theme, &embedded).unwrap().ink(board.glyphs.unwrap_or(Glyphs::Full));
    (scenario, board, ink)
}

/// What was drawn at each frame is drawn again when all is over: the same scene, and the same cells at every size. The
/// alerts that the board notices on the way are part of it. Returns whether the begin is still remembered.
fn replay(name: &str) -> bool {
    let (scenario, board, ink) = read(name);
    let mut coming = outcomes(&scenario, &board).into_iter().peekable();
    let mut hub = Hub::with_past(Arc::new(board), Zone::utc(), Clock::Wall);
    let mut live = Vec::new();
    for frame in &scenario.frames {
        let now = START.plus(frame.at);
        while let Some(outcome) = coming.next_if(|outcome| outcome.at <= now) {
            hub.apply(outcome);
        }
        hub.look(now, false);
        live.push((now, Scene { banner: None, ring: None, ..hub.scene_at(now) }));
    }
    coming.for_each(|outcome| hub.apply(outcome));
    let lens = Lens { kiosk: true, ..Lens::default() };
    for (now, scene) in &live {
        let then = hub.scene_as_of(*now).unwrap();
        assert!(then == *scene, "{name} at {} s", START.age_at(*now).0 / 1000);
        for (width, height) in SIZES {
            let drawn = |scene: &Scene| render(scene, &lens, &ink, width, height).buffer;
            assert!(drawn(&then) == drawn(scene), "{name} at {} s, {width}x{height}", START.age_at(*now).0 / 1000);
        }
    }
    // Thousands of events are more than what is kept of the past.
    let Some(before) = hub.scene_as_of(START.minus(Span::seconds(1))) else { return false };
    let mut fed = before.pages.iter().flat_map(|page| &page.panels).filter(|panel| panel.is_fed);
    assert!(fed.all(|panel| panel.freshness == Freshness::Waiting), "before the first answer nothing was known");
    true
}

fn play(name: &str) {
    let (scenario, board, ink) = read(name);
    let mut coming = outcomes(&scenario, &board).into_iter().peekable();
    let mut hub = Hub::with_past(Arc::new(board), Zone::utc(), Clock::Wall);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../scenarios/frames");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for frame in &scenario.frames {
            let now = START.plus(frame.at);
            while let Some(outcome) = coming.next_if(|outcome| outcome.at <= now) {
                hub.apply(outcome);
            }
            let scene = hub.scene_at(now);
            for (width, height) in SIZES {
                let drawn = render(&scene, &Lens { kiosk: true, ..Lens::default() }, &ink, width, height);
                let snapshot = format!("{name}-{}s-{width}x{height}", frame.at.0 / 1000);
                insta::assert_snapshot!(snapshot, with_styles(&drawn.buffer, &ink));
            }
        }
    });
}

macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        $(#[test] fn $name() { play(stringify!($name)); })+

        #[test]
        fn the_scene_of_every_past_moment_is_the_live_scene_of_then() {
            let remembered = [$((stringify!($name), replay(stringify!($name)))),+];
            let forgotten: Vec<&str> = remembered.iter().filter(|(_, is)| !is).map(|(name, _)| *name).collect();
            assert_eq!(forgotten, ["crowded_marks"]);
        }

        #[test]
        fn every_scenario_file_is_played() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
                .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            files.sort();
            let mut played = vec![$(stringify!($name)),+];
            played.sort_unstable();
            assert_eq!(files, played);
        }
    };
}

scenarios! { outage, red_build, thresholds, gaps, deploys, crowded_marks }
