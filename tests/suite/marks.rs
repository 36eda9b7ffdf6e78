//! Events over graphs: the column of a mark, what it says, and what the viewer's pointer finds.

use std::sync::Arc;

use andon::hub::Hub;
use andon::input::action::{Action, apply};
use andon::model::event::{Event, EventKind};
use andon::model::poll::Outcome;
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::text::plain;
use andon::panel::ink::{Glyphs, Ink};
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::view::lens::Lens;
use andon::view::scene::Scene;
use ratatui::layout::Rect;

use crate::support::running;

/// Saturday, 21 November 2026, 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const WINDOW: i64 = 3600;

fn scene(panels: &[&str], events: &[Event]) -> Scene {
    let mut text = String::from(
        "refresh = \"60s\"\nwindow = \"1h\"\n[sources.m]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n\
         [sources.e]\ntype = \"events\"\nfile = \"/nonexistent/e\"\n[[dashboards]]\nname = \"d\"\n",
    );
    for view in panels {
        text.push_str(&format!("[[dashboards.panels]]\nid = \"{view}\"\nview = \"{view}\"\nsource = \"m\"\nquery = \"q\"\nservice = \"shop\"\nlayer = \"business\"\n"));
    }
    let board = running::board(&text);
    let mut hub = Hub::new(Arc::new(board.clone()), Zone::utc(), Clock::Wall);
    for query in &board.queries {
        let answer = if board.sources[query.source].name.as_str() == "e" {
            Telemetry::Events(events.to_vec())
        } else {
            // A low line, so that the top of every column is free.
            let point =
                |n: i64| Point { at: NOW.minus(Span::seconds(60 * (60 - n))), value: if n == 3 { 9.0 } else { 1.0 } };
            let series = vec![Series::named("", (0..=60).map(point).collect())];
            Telemetry::Series(SeriesSet::new(series, Coverage::Whole))
        };
        let next_try = NOW.plus(Span::seconds(60));
        hub.apply(Outcome {
            query: query.id,
            at: NOW,
            answer: Ok(answer),
            failures: 0,
            next_try,
            budget: None,
            age: Span(0),
            clock_skew: None,
            listener_error: None,
        });
    }
    hub.scene_at(NOW)
}

fn ink() -> Ink {
    Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full)
}

fn deploy(minutes_ago: i64, service: &str, version: &str) -> Event {
    Event {
        at: NOW.minus(Span::seconds(60 * minutes_ago)),
        kind: EventKind::Deploy,
        service: service.into(),
        version: version.into(),
        ..Event::default()
    }
}

/// The columns of the screen, within a panel, in which a mark stands; and where the panel begins to plot.
fn marked(scene: &Scene, size: (u16, u16), place: usize) -> (Vec<u16>, Rect, u16) {
    let lens = Lens { kiosk: true, ..Lens::default() };
    let frame = render(scene, &lens, &ink(), size.0, size.1);
    let (_, area) = frame.arrangement.framed.iter().find(|(panel, _)| *panel == place).unwrap();
    let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 };
    let symbol = |x: u16, y: u16| frame.buffer[(x, y)].symbol().to_owned();
    let within = |wanted: &'static str| {
        (inner.x..inner.right()).filter(move |x| (inner.y..inner.bottom()).any(|y| symbol(*x, y) == wanted)).collect()
    };
    let gutter: Vec<u16> = within("┤");
    let marks: Vec<u16> = within("▼");
    (marks, inner, gutter.first().map_or(inner.x, |x| x + 1))
}

#[test]
fn a_deploy_stands_in_the_column_of_its_moment_on_every_graph_at_every_size() {
    let scene = scene(&["chart", "sparkline", "stat"], &[deploy(15, "shop", "v2"), deploy(40, "mail", "v9")]);
    for size in [(200, 50), (120, 40), (80, 24)] {
        for (place, view) in ["chart", "sparkline", "stat"].into_iter().enumerate() {
            let (marks, inner, begin) = marked(&scene, size, place);
            // A sparkline has its greatest value, "max 1", and a space at its right, a wide chart the label "■ 1".
            let end = match view {
                "sparkline" => inner.right() - 6,
                "chart" => inner.right() - 4,
                _ => inner.right(),
            };
            // 45 of 60 minutes have passed: three quarters of the columns lie before it.
            let expected = begin + (f64::from(end - begin) * 0.75).floor() as u16;
            assert_eq!(marks, [expected], "{view} at {size:?}");
        }
    }
}

#[test]
fn the_window_has_edges() {
    let old = deploy(WINDOW / 60 + 1, "shop", "v1");
    let coming = deploy(-1, "shop", "v3");
    let scene = scene(&["chart"], &[old, deploy(0, "shop", "v2"), coming]);
    let (marks, inner, _) = marked(&scene, (120, 40), 0);
    // At its right a chart has the label "■ 1".
    assert_eq!(marks, [inner.right() - 5], "only what happened within the window, the newest in the last column");
}

#[test]
fn a_panel_may_do_without_marks() {
    let mut text = String::new();
    for (id, marks) in [("all", ""), ("none", "marks = []\n"), ("incidents", "marks = [\"incident\"]\n")] {
        text.push_str(&format!(
            "[[dashboards.panels]]\nid = \"{id}\"\nview = \"chart\"\nsource = \"m\"\nquery = \"q\"\n{marks}"
        ));
    }
    let board = running::board(&format!(
        "[sources.m]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"d\"\n{text}"
    ));
    let kinds: Vec<usize> = board.dashboards[0].panels.iter().map(|panel| panel.events.len()).collect();
    assert_eq!(kinds, [EventKind::OVER_GRAPHS.len(), 0, 1]);
}

#[test]
fn the_pointer_tells_what_happened_and_what_the_value_was() {
    let both = vec![deploy(30, "shop", "v1"), deploy(30, "shop", "v1-config"), deploy(10, "shop", "v2")];
    let scene = Arc::new(scene(&["chart", "sparkline"], &both));
    let mut lens = Lens { focus: Some(0), zoom: true, kiosk: true, ..Lens::default() };
    let look = |lens: &Lens| plain(&render(&scene, lens, &ink(), 120, 40).buffer);
    let arrangement = render(&scene, &lens, &ink(), 120, 40).arrangement;
    assert!(!look(&lens).contains("11:50:00"), "nothing is pointed at");
    apply(&mut lens, Action::NextEvent, &scene, &arrangement);
    assert!(look(&lens).contains("11:50:00  deploy shop v2"), "{}", look(&lens));
    apply(&mut lens, Action::PreviousEvent, &scene, &arrangement);
    assert!(look(&lens).contains("11:30:00  deploy shop v1 · deploy shop v1-config"), "{}", look(&lens));
    assert!(look(&lens).contains("■ 1"), "the legend has the value of that moment:\n{}", look(&lens));
    apply(&mut lens, Action::Right, &scene, &arrangement);
    assert!(look(&lens).contains("11:30:30  nothing happened here"), "{}", look(&lens));
    apply(&mut lens, Action::Back, &scene, &arrangement);
    assert!(lens.zoom && lens.cursor.is_none(), "one step back leaves the pointer only");
}

#[test]
fn every_event_is_found_by_single_steps() {
    let all: Vec<Event> = (1..60).map(|minute| deploy(minute, "shop", &format!("v{minute}"))).collect();
    let scene = Arc::new(scene(&["chart"], &all));
    let mut lens = Lens { focus: Some(0), zoom: true, ..Lens::default() };
    let arrangement = render(&scene, &lens, &ink(), 200, 50).arrangement;
    let mut seen = String::new();
    for _ in 0..130 {
        apply(&mut lens, Action::Left, &scene, &arrangement);
        seen.push_str(&plain(&render(&scene, &lens, &ink(), 200, 50).buffer));
    }
    let missed: Vec<i64> = (1..60).filter(|minute| !seen.contains(&format!("deploy shop v{minute},"))).collect();
    assert_eq!(missed, [0; 0]);
}
