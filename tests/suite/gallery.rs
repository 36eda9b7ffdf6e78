//! A walk through the board of the demo, key by key, at four sizes, calm and in an incident; walls of few and of many
//! builds and lamps, and pages of few and of many panels. Every picture is kept with its styles under `tests/gallery`.
//!
//! To accept new pictures look at them first: `cargo insta review`, or `INSTA_UPDATE=always cargo test`.

use std::sync::Arc;
use std::time::Duration;

use andon::app::poll_once_by;
use andon::hub::Hub;
use andon::model::build::{Activity, Build, BuildResult, Run};
use andon::model::poll::Outcome;
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::ansi::{Depth, encode};
use andon::output::svg;
use andon::output::text::{plain, with_styles};
use andon::panel::ink::{Glyphs, Ground, Ink, ROLES};
use andon::render::render;
use andon::render::theme::{EMBEDDED, Theme, embedded};
use andon::source::Clock;
use andon::view::audience::AudienceScene;
use andon::view::lens::Lens;
use andon::view::scene::{PanelScene, Scene};
use andon::viewer::{Frames, Input, Key, Viewer};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::support::running;

/// Saturday, 21 November 2026: all is well in the shop.
const CALM: Timestamp = Timestamp(1_795_267_800_000);
/// The height of an incident, with two builds red.
pub(crate) const INCIDENT: Timestamp = Timestamp(1_795_265_520_000);
const SIZES: [(u16, u16); 4] = [(200, 50), (120, 40), (80, 24), (60, 20)];

fn ink() -> Ink {
    Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full)
}

/// The demo at a moment. This machine, of which every test sees another one, is simulated, too.
pub(crate) fn demo(at: Timestamp) -> Arc<Scene> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/dashboards.toml")).unwrap();
    // What programs send comes when it comes: it is no picture of one moment.
    let (text, sent) = text
        .split_once("# ---------------------------------------------------------------------------------------- page 5")
        .unwrap();
    assert!(sent.contains("statsd"));
    let machine = "type = \"host\"";
    assert!(text.contains(machine));
    let text = text.replace(machine, "type = \"prometheus\"\nurl = \"simulator://shop/prometheus\"");
    let polled = poll_once_by(Clock::Standing(at), running::board(&text), Zone::utc(), Span::seconds(30)).unwrap();
    let scene = polled.scene();
    assert!(scene.sources.iter().all(|source| source.missing == 0), "{:#?}", scene.sources);
    Arc::new(scene)
}

/// What a viewer sees after some keys.
fn seen(scene: &Arc<Scene>, lens: Lens, size: (u16, u16), keys: &[Key]) -> String {
    let mut viewer = Viewer::new(AudienceScene::local(Arc::clone(scene)), lens, ink(), size, Duration::ZERO);
    let mut frames = Frames::default();
    let mut delta = viewer.draw(&mut frames);
    for key in keys {
        viewer.input(Input::Key(*key), Duration::ZERO);
        delta = viewer.draw(&mut frames).or(delta);
    }
    with_styles(delta.unwrap().after(), &ink())
}

fn keep(name: &str, picture: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../gallery");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, picture));
}

fn walk(name: &str, at: Timestamp) {
    let scene = demo(at);
    for (width, height) in SIZES {
        for (index, page) in scene.shown().enumerate() {
            let lens = Lens { page: index, ..Lens::default() };
            keep(&format!("{name}-{}-{width}x{height}", page.name), &seen(&scene, lens, (width, height), &[]));
        }
    }
}

#[test]
fn all_pages_when_all_is_well() {
    walk("calm", CALM);
}

#[test]
fn all_pages_in_an_incident() {
    walk("incident", INCIDENT);
}

#[test]
fn what_lies_over_a_page() {
    let scene = demo(INCIDENT);
    let worst = [Key::Char('!'), Key::Enter];
    let walks: [(&str, &[Key]); 5] = [
        ("help", &[Key::Char('?')]),
        ("chosen", &[Key::Tab, Key::Tab]),
        ("zoomed", &worst),
        ("pointing", &[Key::Tab, Key::Tab, Key::Tab, Key::Tab, Key::Enter, Key::Left, Key::Left]),
        ("frozen", &[Key::Char('p')]),
    ];
    for (width, height) in [(120, 40), (60, 20)] {
        for (name, keys) in walks {
            keep(&format!("{name}-{width}x{height}"), &seen(&scene, Lens::default(), (width, height), keys));
        }
        let wall = Lens { kiosk: true, ..Lens::default() };
        keep(&format!("kiosk-{width}x{height}"), &seen(&scene, wall.clone(), (width, height), &[]));
        let silent = Lens { silence: Some(Span::seconds(75)), ..wall };
        keep(&format!("silent-{width}x{height}"), &seen(&scene, silent, (width, height), &[]));
    }
}

/// The colours of a theme: each role on each ground.
fn card(name: &str) -> String {
    let ink = Theme::load(name, &embedded).unwrap().ink(Glyphs::Full);
    let grounds =
        [Ground::Plain, Ground::Tint(Status::Critical), Ground::Fill(Status::Critical), Ground::Fill(Status::Ok)];
    let row = |(word, role): &(&str, _)| {
        let cells: Vec<String> = grounds
            .map(|ground| {
                let style = ink.on(ground).style(*role);
                let colour = |colour: Option<ratatui::style::Color>| colour.map_or_else(String::new, |c| c.to_string());
                format!("{:>8} on {:<8}", colour(style.fg), colour(style.bg))
            })
            .into();
        format!("{word:<9}{}", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    format!("{name}: roles on the plain ground, on what is critical, on its fill, on that of ok\n")
        + &ROLES.iter().map(row).collect::<String>()
}

#[test]
fn the_colours_of_all_themes() {
    keep("themes", &EMBEDDED.iter().map(|(name, _)| card(name)).collect::<Vec<_>>().join("\n"));
}

/// A board of these panels, as it is after one answer each.
fn answered(panels: &[String], answer: impl Fn(usize) -> Telemetry) -> Arc<Scene> {
    let board = running::board(&format!(
        "title = \"Gallery\"\n[sources.ci]\ntype = \"jenkins\"\nurl = \"http://127.0.0.1:1\"\n[sources.m]\ntype = \
         \"prometheus\"\nurl = \"http://127.0.0.1:2\"\n[[dashboards]]\nname = \"d\"\n{}",
        panels.concat()
    ));
    let queries: Vec<_> = board.queries.iter().map(|query| query.id).collect();
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Standing(CALM));
    for (n, query) in queries.into_iter().enumerate() {
        let answer = Ok(answer(n));
        hub.apply(Outcome {
            query,
            at: CALM,
            answer,
            failures: 0,
            next_try: CALM.plus(Span::seconds(10)),
            budget: None,
            age: Span(0),
            clock_skew: None,
            listener_error: None,
        });
    }
    Arc::new(hub.scene_at(CALM))
}

/// One in twelve is red, one in nine runs.
fn build(n: usize) -> Build {
    let red = n % 12 == 1;
    let run = |back: i64| Run {
        label: format!("{}", 90 - back).into(),
        result: if red && back < 2 { BuildResult::Failure } else { BuildResult::Success },
        started_at: Some(CALM.minus(Span::seconds(3600 * (back + 1) + 120))),
        finished_at: Some(CALM.minus(Span::seconds(3600 * (back + 1)))),
        branch: "main".into(),
        ..Run::default()
    };
    let under_way = Run { activity: Activity::Running, started_at: Some(CALM.minus(Span::seconds(60))), ..run(-1) };
    let runs = (n % 9 == 2).then_some(under_way).into_iter().chain((0..12).map(run)).collect();
    Build::of_runs(format!("team-{}/service-{n}", n % 25).into(), "".into(), runs)
}

#[test]
fn walls_of_few_and_of_many() {
    for count in [5, 30, 200, 1000] {
        let builds = ["[[dashboards.panels]]\nid = \"builds\"\ntitle = \"Builds\"\nview = \"builds\"\nsource = \"ci\"\nlayer = \"pipeline\"\n".to_owned()];
        let scene = answered(&builds, |_| Telemetry::Builds((0..count).map(build).collect()));
        keep(&format!("builds-{count}-120x40"), &seen(&scene, Lens::default(), (120, 40), &[]));
        let lamps = ["[[dashboards.panels]]\nid = \"lamps\"\ntitle = \"Services\"\nview = \"lamps\"\nsource = \"m\"\nquery = \"up\"\n".to_owned()];
        let up = |n: usize| Series::single(&format!("service-{n}"), CALM, f64::from(u8::from(n % 12 != 1)));
        let scene =
            answered(&lamps, |_| Telemetry::Series(SeriesSet::new((0..count).map(up).collect(), Coverage::Sample)));
        keep(&format!("lamps-{count}-120x40"), &seen(&scene, Lens::default(), (120, 40), &[]));
    }
}

/// A page of so many panels, of several kinds.
fn page_of(count: usize) -> Arc<Scene> {
    let views = ["stat", "chart", "sparkline", "gauge", "bars"];
    let panel = |n: usize| {
        let view = views[n % views.len()];
        format!(
            "[[dashboards.panels]]\nid = \"p{n}\"\ntitle = \"Panel {n}\"\nview = \"{view}\"\nsource = \"m\"\nquery = \"q{n}\"\ncritical = \"> 95\"\n"
        )
    };
    let panels: Vec<String> = (0..count).map(panel).collect();
    answered(&panels, |n| {
        let wave = |at: i64, phase: f64| 50.0 + 47.0 * ((at as f64 / 13.0 + n as f64 + phase) * 0.7).sin();
        let line = |name: &str, phase: f64| {
            let point =
                |back: i64| Point { at: CALM.minus(Span::seconds(60 * (59 - back))), value: wave(back, phase).round() };
            Series::named(name, (0..60).map(point).collect())
        };
        let lines = if n % 2 == 0 { vec![line("", 0.0)] } else { vec![line("eu", 0.0), line("us", 1.5)] };
        Telemetry::Series(SeriesSet::new(lines, Coverage::Whole))
    })
}

#[test]
fn pages_of_few_and_of_many_panels() {
    for count in [1, 5, 12, 30] {
        keep(&format!("panels-{count}-200x50"), &seen(&page_of(count), Lens::default(), (200, 50), &[]));
    }
}

#[test]
fn little_room_is_left_empty_while_a_panel_could_use_it() {
    for scene in [demo(CALM), demo(INCIDENT), page_of(1), page_of(5), page_of(12), page_of(30)] {
        for (page, size) in (0..scene.page_count()).flat_map(|page| [(page, (200, 50)), (page, (120, 40))]) {
            let lens = Lens { kiosk: true, page, ..Lens::default() };
            let frame = render(&scene, &lens, &ink(), size.0, size.1);
            let panels = &scene.page(page).unwrap().panels;
            let (mut all, mut unwritten, mut wanting) = (0, 0, Vec::new());
            for (panel, area) in &frame.arrangement.framed {
                let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 };
                all += inner.area();
                unwritten += inner.area() - reached(&frame.buffer, inner, (area.x, area.bottom() - 1));
                let PanelScene { id, room, .. } = &panels[*panel];
                // A column or two less than it would like is no lack.
                if inner.height < room.good.height || inner.width * 5 < room.good.width * 4 {
                    wanting.push(id.as_str());
                }
            }
            assert!(
                unwritten * 3 <= all || wanting.is_empty(),
                "page {page} of {} panels at {size:?}: {unwritten} of {all} cells are empty while {wanting:?} could use them:\n{}",
                panels.len(),
                plain(&frame.buffer)
            );
        }
    }
}

/// The cells of an area from the first to the last row and column that something is written in; `ground` is a cell of
/// the panel that has its colour.
fn reached(buffer: &Buffer, area: Rect, ground: (u16, u16)) -> u32 {
    let written = |x: u16, y: u16| buffer[(x, y)].symbol() != " " || buffer[(x, y)].bg != buffer[ground].bg;
    let ys: Vec<u16> = (area.y..area.bottom()).filter(|y| (area.x..area.right()).any(|x| written(x, *y))).collect();
    let xs: Vec<u16> = (area.x..area.right()).filter(|x| (area.y..area.bottom()).any(|y| written(*x, y))).collect();
    let reach = |all: &[u16]| all.first().zip(all.last()).map_or(0, |(first, last)| u32::from(last - first + 1));
    reach(&ys) * reach(&xs)
}

/// The pictures of the documentation: name, moment, page, theme, whether on a wall.
const PICTURES: [(&str, Timestamp, usize, &str, bool); 7] = [
    ("board", INCIDENT, 0, "andon", true),
    ("calm", CALM, 0, "andon", true),
    ("pipeline", INCIDENT, 1, "andon", true),
    ("services", INCIDENT, 3, "andon", true),
    ("overview", INCIDENT, 4, "andon", true),
    ("day", INCIDENT, 0, "andon-light", true),
    ("nord", CALM, 2, "nord", false),
];

/// After a change of how the board looks: `ANDON_UPDATE_PICTURES=1 cargo test --test suite gallery::the_pictures`, look at
/// them, and commit.
#[test]
fn the_pictures_of_the_documentation_are_of_this_version() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let scenes = [(CALM, demo(CALM)), (INCIDENT, demo(INCIDENT))];
    for (name, at, page, theme, kiosk) in PICTURES {
        let (_, scene) = scenes.iter().find(|(moment, _)| *moment == at).unwrap();
        let ink = Theme::load(theme, &embedded).unwrap().ink(Glyphs::Full);
        let frame = render(scene, &Lens { page, kiosk, ..Lens::default() }, &ink, 160, 45);
        let (picture, file) = (svg::draw(&frame.buffer, &scene.title), folder.join(format!("{name}.svg")));
        if std::env::var_os("ANDON_UPDATE_PICTURES").is_some() {
            std::fs::write(&file, &picture).unwrap();
        }
        assert!(std::fs::read_to_string(&file).unwrap_or_default() == picture, "docs/{name}.svg is of another version");
    }
}

/// The cells that are written to turn one picture into another one, and those that differ.
fn written(before: &Buffer, after: &Buffer) -> (usize, usize) {
    let bytes = String::from_utf8(encode(Some(before), after, Depth::True)).unwrap();
    let mut shown = 0;
    let mut rest = bytes.as_str();
    while let Some((text, sequence)) = rest.split_once('\u{1b}') {
        shown += text.chars().count();
        rest = sequence.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, after)| after);
    }
    (shown + rest.chars().count(), before.content.iter().zip(&after.content).filter(|(a, b)| a != b).count())
}

#[test]
fn a_refresh_writes_little_more_than_has_changed() {
    let moments = [CALM, INCIDENT].map(|at| (demo(at), demo(at.plus(Span::seconds(5)))));
    let (mut shown, mut changed) = (0, 0);
    for (first, second) in &moments {
        for page in 0..first.page_count() {
            let lens = Lens { page, kiosk: true, ..Lens::default() };
            let [before, after] = [first, second].map(|scene| render(scene, &lens, &ink(), 200, 50).buffer);
            let (one, all) = written(&before, &after);
            shown += one;
            changed += all;
        }
    }
    assert!(changed > 100, "hardly anything has changed: {changed}");
    assert!(shown * 10 <= changed * 12, "{shown} cells are written, {changed} have changed");
}
