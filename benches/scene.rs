//! Scene, frame and encoding for a board of 12 and of 200 panels, each a chart of four series; and for a wall
//! of 500 builds.

#![allow(clippy::unwrap_used, clippy::format_push_string, reason = "a bench stops where something is wrong")]

use std::hint::black_box;
use std::sync::Arc;

use andon::config::{Overrides, Request, load, load_text};
use andon::hub::Hub;
use andon::model::build::{Activity, Build, BuildResult, Run};
use andon::model::labels::Labels;
use andon::model::poll::{Outcome, QueryId};
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::ansi::{Depth, encode};
use andon::panel::ink::{Glyphs, Ink};
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::view::lens::Lens;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const PANELS: [usize; 2] = [12, 200];

fn main() {
    divan::main();
}

fn hub(panels: usize) -> Hub {
    let views = ["stat", "chart", "sparkline", "gauge"];
    let mut text = String::from(
        "[sources.p]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"d\"\n",
    );
    for n in 0..panels {
        let view = views[n % views.len()];
        text.push_str(&format!("[[dashboards.panels]]\nid = \"p{n}\"\nview = \"{view}\"\nsource = \"p\"\nquery = \"q{n}\"\nwarning = \"> 900\"\n"));
    }
    let file = std::env::temp_dir().join(format!("andon-bench-{}-{panels}.toml", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let board = load(&Request { file: file.clone(), ..Request::default() }).unwrap().board;
    std::fs::remove_file(file).unwrap();
    let queries = board.queries.len();
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Wall);
    for query in 0..queries {
        feed(&mut hub, query, NOW);
    }
    hub
}

fn feed(hub: &mut Hub, query: usize, now: Timestamp) {
    let series = (0..4)
        .map(|n| Series {
            labels: Labels::named(&format!("series {n}")),
            points: (0..240)
                .map(|t| Point {
                    at: now.minus(Span::seconds(15 * (239 - t))),
                    value: ((t * 7 + n * 31 + query as i64) % 101) as f64,
                })
                .collect(),
        })
        .collect();
    let answer = Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Whole)));
    hub.apply(Outcome {
        query: QueryId(query),
        at: now,
        answer,
        failures: 0,
        next_try: now.plus(Span::seconds(1)),
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
}

fn ink() -> Ink {
    Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full)
}

#[divan::bench(args = PANELS)]
fn scene(bencher: divan::Bencher<'_, '_>, panels: usize) {
    let hub = hub(panels);
    bencher.bench_local(|| black_box(hub.scene_at(NOW)));
}

#[divan::bench(args = PANELS)]
fn frame_200x50(bencher: divan::Bencher<'_, '_>, panels: usize) {
    let scene = hub(panels).scene_at(NOW);
    let (ink, lens) = (ink(), Lens::default());
    bencher.bench_local(|| black_box(render(&scene, &lens, &ink, 200, 50)));
}

/// Twelve panels, fed each second for as long as the window is: a value, limits on it, and one that is computed.
fn followed(window: &str, seconds: i64) -> Hub {
    let panel = |n: usize| {
        let id =
            format!("[[dashboards.panels]]\nid = \"p{n}\"\nview = \"chart\"\nsource = \"j\"\nwindow = \"{window}\"\n");
        match n % 3 {
            0 => format!("{id}query = \".a{n}\"\n"),
            1 => format!("{id}query = \".a{n}\"\nwarning = \"> 900\"\nfor = \"2m\"\n"),
            _ => format!(
                "{id}queries = [{{ name = \"a\", query = \".a{n}\" }}, {{ name = \"b\", query = \".b{n}\" }}]\nvalue = \"a / b\"\ncritical = \"> 900\"\n"
            ),
        }
    };
    let panels: String = (0..12).map(panel).collect();
    let text =
        format!("[sources.j]\ntype = \"json\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"d\"\n{panels}");
    let board = load_text("bench.toml", &text, Overrides::default()).unwrap().board;
    let queries: Vec<QueryId> = board.queries.iter().map(|query| query.id).collect();
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Wall);
    for back in (0..seconds).rev() {
        for query in &queries {
            hub.apply(sample(*query, NOW.minus(Span::seconds(back))));
        }
    }
    hub
}

fn sample(query: QueryId, at: Timestamp) -> Outcome {
    let value = ((at.0 / 1000 * 7 + query.0 as i64) % 101) as f64;
    Outcome {
        query,
        at,
        answer: Ok(Telemetry::Series(SeriesSet::new(vec![Series::single("", at, value)], Coverage::Sample))),
        failures: 0,
        next_try: at.plus(Span::seconds(1)),
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    }
}

/// What a second costs: an answer to every query, the verdicts, the scene and the picture. It must not grow with the
/// window.
#[divan::bench(args = [("1h", 3600), ("24h", 86_400)])]
fn a_second_at_a_window_of(bencher: divan::Bencher<'_, '_>, (window, seconds): (&str, i64)) {
    let (mut hub, ink, lens) = (followed(window, seconds), ink(), Lens::default());
    let mut now = NOW;
    bencher.bench_local(|| {
        now = now.plus(Span::seconds(1));
        (0..16).for_each(|query| hub.apply(sample(QueryId(query), now)));
        black_box(render(&hub.scene_at(now), &lens, &ink, 200, 50))
    });
}

/// One panel with 500 builds in 40 groups: 30 are red, 20 run, each has 15 past runs.
fn wall() -> Hub {
    let text = "[sources.ci]\ntype = \"jenkins\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"wall\"\nview = \"builds\"\nsource = \"ci\"\n";
    let board = load_text("bench.toml", text, Overrides::default()).unwrap().board;
    let query = board.queries[0].id;
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Wall);
    let build = |n: i64| {
        let run = |back: i64| Run {
            label: format!("{}", 900 - back).as_str().into(),
            result: if n % 17 == 0 && back < 3 { BuildResult::Failure } else { BuildResult::Success },
            started_at: Some(NOW.minus(Span::seconds(3600 * back + 400))),
            finished_at: Some(NOW.minus(Span::seconds(3600 * back + 100 + n % 60))),
            ..Run::default()
        };
        let under_way =
            Run { activity: Activity::Running, started_at: Some(NOW.minus(Span::seconds(n % 300))), ..Run::default() };
        let runs = (n % 25 == 0).then_some(under_way).into_iter().chain((0..15).map(run)).collect();
        Build::of_runs(format!("team-{}/service-{n}", n % 40).as_str().into(), "".into(), runs)
    };
    let answer = Ok(Telemetry::Builds((0..500).map(build).collect()));
    hub.apply(Outcome {
        query,
        at: NOW,
        answer,
        failures: 0,
        next_try: NOW,
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
    hub
}

#[divan::bench]
fn wall_of_500_builds_scene_and_frame_200x50(bencher: divan::Bencher<'_, '_>) {
    let (hub, ink, lens) = (wall(), ink(), Lens { kiosk: true, ..Lens::default() });
    bencher.bench_local(|| black_box(render(&hub.scene_at(NOW), &lens, &ink, 200, 50)));
}

#[divan::bench]
fn encode_key_frame(bencher: divan::Bencher<'_, '_>) {
    let frame = render(&hub(12).scene_at(NOW), &Lens::default(), &ink(), 200, 50).buffer;
    bencher.bench_local(|| black_box(encode(None, &frame, Depth::True)));
}

#[divan::bench]
fn encode_a_second_later(bencher: divan::Bencher<'_, '_>) {
    let mut hub = hub(12);
    let before = render(&hub.scene_at(NOW), &Lens::default(), &ink(), 200, 50).buffer;
    let later = NOW.plus(Span::seconds(1));
    for query in 0..12 {
        feed(&mut hub, query, later);
    }
    let after = render(&hub.scene_at(later), &Lens::default(), &ink(), 200, 50).buffer;
    bencher.bench_local(|| black_box(encode(Some(&before), &after, Depth::True)));
}
