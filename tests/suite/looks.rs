//! What a person sees: no status is hidden, nothing late looks well, words are not cut where there is room.

use std::sync::Arc;

use andon::hub::Hub;
use andon::input::action::{Action, apply};
use andon::model::event::{Event, EventKind};
use andon::model::fault::{FetchError, Reason};
use andon::model::poll::Outcome;
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::status::Status;
use andon::model::table::{Cell, Table};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::text::plain;
use andon::panel::ink::{Glyphs, Ground, Ink, Role};
use andon::render::theme::{Theme, embedded};
use andon::render::{Frame, render};
use andon::source::Clock;
use andon::view::lens::Lens;
use andon::view::scene::Scene;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use crate::support::running;

const NOW: Timestamp = Timestamp(1_795_262_400_000);

fn theme(name: &str) -> Ink {
    Theme::load(name, &embedded).unwrap().ink(Glyphs::Full)
}

/// A board of panels that each ask the source `m` for what they are named after.
fn board(panels: &[(&str, &str)]) -> Hub {
    let mut text = String::from(
        "refresh = \"5s\"\n[sources.m]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n\
         [[dashboards]]\nname = \"d\"\n",
    );
    for (id, keys) in panels {
        text.push_str(&format!("[[dashboards.panels]]\nid = \"{id}\"\nsource = \"m\"\nquery = \"{id}\"\n{keys}\n"));
    }
    Hub::new(Arc::new(running::board(&text)), Zone::utc(), Clock::Wall)
}

fn tell(hub: &mut Hub, panel: usize, at: Timestamp, answer: Result<Telemetry, FetchError>) {
    let query = andon::model::poll::QueryId(panel);
    let failures = u32::from(answer.is_err());
    hub.apply(Outcome {
        query,
        at,
        answer,
        failures,
        next_try: at.plus(Span::seconds(5)),
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
}

fn values(values: &[(&str, f64)]) -> Result<Telemetry, FetchError> {
    values_at(NOW, values)
}

#[expect(clippy::unnecessary_wraps, reason = "an answer is a result")]
fn values_at(at: Timestamp, values: &[(&str, f64)]) -> Result<Telemetry, FetchError> {
    let series = values.iter().map(|(name, value)| Series::single(name, at, *value)).collect();
    Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)))
}

fn draw(scene: &Scene, lens: &Lens, ink: &Ink, size: (u16, u16)) -> Frame {
    render(scene, lens, ink, size.0, size.1)
}

/// Where a text begins on the screen.
fn find(buffer: &Buffer, text: &str) -> Option<(u16, u16)> {
    let wanted: Vec<String> = text.chars().map(String::from).collect();
    let area = buffer.area;
    (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y))).find(|(x, y)| {
        let symbol = |n: usize| buffer.cell((x + n as u16, *y)).map(ratatui::buffer::Cell::symbol);
        wanted.iter().enumerate().all(|(n, one)| symbol(n) == Some(one))
    })
}

#[test]
fn what_is_chosen_keeps_the_colour_of_its_status() {
    let mut hub = board(&[("a", "view = \"stat\"\ncritical = \"> 1\"\nwarning = \"> 0.5\"")]);
    let tint = |status| Ground::Tint(status);
    let seen = [
        (5.0, Role::Critical, tint(Status::Critical)),
        (0.7, Role::Warning, tint(Status::Warning)),
        (0.1, Role::Focus, Ground::Plain),
    ];
    for (n, (value, role, ground)) in seen.into_iter().enumerate() {
        let now = NOW.plus(Span::seconds(n as i64));
        tell(&mut hub, 0, now, values_at(now, &[("", value)]));
        let ink = theme("andon");
        let lens = Lens { focus: Some(0), ..Lens::default() };
        let frame = draw(&hub.scene_at(now), &lens, &ink, (80, 24));
        let (_, area) = frame.arrangement.framed[0];
        let corner = &frame.buffer[(area.x, area.bottom() - 1)];
        assert_eq!((corner.symbol(), corner.fg), ("┗", ink.on(ground).style(role).fg.unwrap()), "{value}");
    }
}

#[test]
fn a_critical_number_is_read_without_colours() {
    let mut hub = board(&[("a", "view = \"stat\"\ncritical = \"> 1\"")]);
    tell(&mut hub, 0, NOW, values(&[("", 87.1)]));
    let critical = draw(&hub.scene_at(NOW), &Lens::default(), &theme("monochrome"), (60, 14)).buffer;
    let number = find(&critical, "▄▀▀▀▄").unwrap_or_else(|| panic!("a large 8: {}", plain(&critical)));
    for y in number.1..number.1 + 4 {
        for x in number.0..number.0 + 14 {
            assert!(!critical[(x, y)].modifier.contains(Modifier::REVERSED), "{}", plain(&critical));
        }
    }
    let frame = &critical[(0, 2)];
    assert!(frame.modifier.contains(Modifier::REVERSED), "the frame says how bad it is");
}

#[test]
fn late_is_never_cut_and_never_green() {
    let ink = theme("andon");
    let green = ink.style(Role::Ok).fg.unwrap();
    let mut hub = board(&[("a", "view = \"stat\"\ntitle = \"A title of some length\"\ncritical = \"> 9\"")]);
    tell(&mut hub, 0, NOW, values(&[("", 1.0)]));
    tell(&mut hub, 0, NOW.plus(Span::seconds(5)), Err(FetchError::new(Reason::Refused, "")));
    let scene = hub.scene_at(NOW.plus(Span::seconds(9)));
    for size in (20..130).map(|width| (width, 14)).chain([(60, 6), (40, 5)]) {
        let buffer = draw(&scene, &Lens::default(), &ink, size).buffer;
        let panel: String = plain(&buffer).lines().skip(2).take(usize::from(size.1) - 3).collect();
        assert!(panel.contains("late"), "at {size:?}: {panel}");
        assert!(!panel.contains("ok"), "at {size:?}: {panel}");
        for y in 2..size.1 - 1 {
            assert!((0..size.0).all(|x| buffer[(x, y)].fg != green), "green at {size:?} in row {y}: {panel}");
        }
    }
}

#[test]
fn a_reason_is_told_in_full_where_there_is_room() {
    let keys = "view = \"stat\"\nwarning = \"> 1\"";
    let mut hub = board(&[("never", keys), ("empty", keys)]);
    tell(&mut hub, 0, NOW, Err(FetchError::new(Reason::Refused, "a long story about why nobody listens there")));
    tell(&mut hub, 1, NOW, Ok(Telemetry::Series(SeriesSet::new(Vec::new(), Coverage::Sample))));
    let frame = draw(&hub.scene_at(NOW), &Lens::default(), &theme("andon"), (56, 16));
    for (panel, at) in &frame.arrangement.framed {
        let scene = hub.scene_at(NOW);
        let reason = scene.pages[0].panels[*panel].reason.clone();
        let inside = |y: u16| (at.x + 1..at.right() - 1).map(move |x| (x, y));
        let words: String = (at.y + 1..at.bottom())
            .map(|y| inside(y).map(|place| frame.buffer[place].symbol()).collect::<String>() + " ")
            .collect();
        let words = words.replace('─', " ");
        let said = words.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(reason.len() > usize::from(at.width), "no test of anything: {reason}");
        assert!(said.contains(&reason), "{reason}: {said}\n{}", plain(&frame.buffer));
    }
}

#[test]
fn without_news_from_the_hub_nothing_stays_green_or_red() {
    let ink = theme("andon");
    let mut hub = board(&[
        ("a", "view = \"stat\"\ncritical = \"> 9\""),
        ("b", "view = \"stat\"\ncritical = \"> 9\""),
        ("c", "view = \"lamps\""),
        ("d", "view = \"bars\"\nwarning = \"> 1\""),
    ]);
    for (panel, value) in [1.0, 10.0, 1.0, 3.0].into_iter().enumerate() {
        tell(&mut hub, panel, NOW, values(&[("", value)]));
    }
    let scene = hub.scene_at(NOW);
    let lens = Lens { silence: Some(Span::seconds(75)), ..Lens::default() };
    for size in [(200, 50), (120, 40), (80, 24), (40, 10)] {
        let buffer = draw(&scene, &lens, &ink, size).buffer;
        let coloured =
            [Role::Ok, Role::Warning, Role::Critical, Role::Series(0)].map(|role| ink.style(role).fg.unwrap());
        let header = if size.1 >= 40 { 3 } else { 1 };
        for (n, cell) in buffer.content.iter().enumerate().skip(usize::from(size.0) * header) {
            assert!(!coloured.contains(&cell.fg) && !coloured.contains(&cell.bg), "{cell:?} at {n} of {size:?}");
        }
        let header = plain(&buffer).lines().take(header).collect::<String>();
        assert!(header.contains("NO UPDATE for 1 min"), "{header}");
        let place = find(&buffer, "NO UPDATE").unwrap();
        assert_eq!(buffer[place].fg, ink.style(Role::Critical).fg.unwrap(), "the header says it aloud");
    }
    let text = plain(&draw(&scene, &lens, &ink, (200, 50)).buffer);
    assert!(text.contains("◷ no update 1 min") && text.contains("✖ critical · ◷ no update 1 min"), "{text}");
}

#[test]
fn the_header_keeps_its_form_whatever_the_panels_say() {
    let keys = |layer: &str| format!("view = \"stat\"\nlayer = \"{layer}\"\nwarning = \"> 1\"\ncritical = \"> 2\"");
    let layers = ["business", "application", "infrastructure"].map(keys);
    let mut hub =
        board(&[("a", &layers[0]), ("b", &layers[1]), ("c", &layers[2]), ("d", &layers[0]), ("e", &layers[1])]);
    let form = |text: &str| -> Vec<bool> {
        let line = text.lines().next().unwrap();
        ["BUSINESS", "BIZ", "biz", "APPLICATION", "INFRASTRUCTURE", "INFRA", "infra"]
            .map(|word| line.contains(word))
            .to_vec()
    };
    let levels = [[0.0; 5], [3.0; 5], [1.5; 5], [0.0, 1.5, 3.0, 3.0, 0.0]];
    let mut scenes = Vec::new();
    for (second, levels) in levels.into_iter().enumerate() {
        let now = NOW.plus(Span::seconds(second as i64));
        for (panel, value) in levels.into_iter().enumerate() {
            tell(&mut hub, panel, now, values_at(now, &[("", value)]));
        }
        scenes.push(hub.scene_at(now));
    }
    let statuses: std::collections::BTreeSet<&str> = scenes.iter().map(|scene| scene.status.word()).collect();
    assert_eq!(statuses.len(), 3, "no test of anything: {statuses:?}");
    for width in 30..220 {
        let look = |scene: &Scene| form(&plain(&draw(scene, &Lens::default(), &theme("andon"), (width, 20)).buffer));
        let forms: Vec<Vec<bool>> = scenes.iter().map(look).collect();
        assert!(forms.windows(2).all(|pair| pair[0] == pair[1]), "at {width}: {forms:?}");
    }
}

#[test]
fn a_wall_says_which_sources_are_missing() {
    let mut hub = board(&[("a", "view = \"stat\"")]);
    tell(&mut hub, 0, NOW, Err(FetchError::new(Reason::Refused, "")));
    let lens = Lens { kiosk: true, ..Lens::default() };
    let text = plain(&draw(&hub.scene_at(NOW), &lens, &theme("andon"), (80, 24)).buffer);
    let last = text.lines().last().unwrap();
    assert!(last.contains("m missing of 1 sources") && !last.contains("help"), "{last}");
}

#[test]
fn a_board_says_how_many_decimals_and_how_wide() {
    let mut hub = board(&[
        ("a", "view = \"bars\"\nunit = \"%\"\ndecimals = 3\nwidth = 1"),
        ("b", "view = \"bars\"\nunit = \"%\"\nwidth = 3"),
    ]);
    for panel in 0..2 {
        tell(&mut hub, panel, NOW, values(&[("x", 3.1), ("y", 0.0345)]));
    }
    let frame = draw(&hub.scene_at(NOW), &Lens::default(), &theme("andon"), (200, 10));
    let text = plain(&frame.buffer);
    assert!(text.contains("3.100 %") && text.contains("0.035 %"), "{text}");
    assert!(text.contains("3.10 %") && text.contains("0.03 %"), "one precision without a word of the board: {text}");
    let widths: Vec<u16> = frame.arrangement.framed.iter().map(|(_, area)| area.width).collect();
    assert_eq!(widths, [50, 150]);
}

#[test]
fn bars_right_above_each_other_do_not_melt() {
    let all: Vec<(String, f64)> = (0..6).map(|n| (format!("n{n}"), 9.0)).collect();
    let all: Vec<(&str, f64)> = all.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let mut hub = board(&[("a", "view = \"bars\""), ("b", "view = \"sparkline\"")]);
    for panel in 0..2 {
        tell(&mut hub, panel, NOW, values(&all));
    }
    let buffer = draw(&hub.scene_at(NOW), &Lens::default(), &theme("andon"), (120, 11)).buffer;
    let full = |x: u16, y: u16| buffer[(x, y)].symbol() == "█";
    for y in 1..10 {
        assert!((0..120).all(|x| !(full(x, y) && full(x, y + 1))), "rows {y} and below:\n{}", plain(&buffer));
    }
    assert!(plain(&buffer).contains('▄') && plain(&buffer).contains('▇'), "{}", plain(&buffer));
}

#[test]
fn a_pointer_on_a_zoomed_stat_tells_its_value() {
    let mut hub = board(&[("a", "view = \"stat\"\nunit = \"orders\"\nwindow = \"1h\"")]);
    let point = |n: i64| Point { at: NOW.minus(Span::seconds(30 * (120 - n))), value: (12_000 + n * n % 7) as f64 };
    let series = vec![Series::named("", (0..=120).map(point).collect())];
    tell(&mut hub, 0, NOW, Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Whole))));
    let scene = Arc::new(hub.scene_at(NOW));
    let mut lens = Lens { focus: Some(0), zoom: true, ..Lens::default() };
    let arrangement = draw(&scene, &lens, &theme("andon"), (100, 30)).arrangement;
    for _ in 0..40 {
        apply(&mut lens, Action::Left, &scene, &arrangement);
    }
    let text = plain(&draw(&scene, &lens, &theme("andon"), (100, 30)).buffer);
    // 40 of 120 steps back in an hour.
    assert!(text.contains("11:40:00  12 002 orders"), "{text}");
}

#[test]
fn keys_mean_the_same_on_every_zoomed_panel() {
    let mut hub = board(&[("a", "view = \"table\""), ("b", "view = \"lamps\""), ("c", "view = \"chart\"")]);
    let rows = (0..80).map(|n| vec![Cell::Text(format!("row {n}").as_str().into()), Cell::Number(f64::from(n))]);
    let table = Table { columns: vec!["name".into(), "value".into()], rows: rows.collect(), own: Vec::new() };
    tell(&mut hub, 0, NOW, Ok(Telemetry::Table(table)));
    tell(&mut hub, 1, NOW, values(&[("x", 1.0)]));
    tell(&mut hub, 2, NOW, values(&[("x", 1.0)]));
    let scene = Arc::new(hub.scene_at(NOW));
    for panel in 0..3 {
        let mut lens = Lens { focus: Some(panel), zoom: true, ..Lens::default() };
        let arrangement = draw(&scene, &lens, &theme("andon"), (80, 24)).arrangement;
        for action in [Action::Left, Action::Right, Action::Up, Action::Down] {
            apply(&mut lens, action, &scene, &arrangement);
            assert_eq!((lens.focus, lens.zoom), (Some(panel), true), "{action:?} leaves no panel");
        }
    }
    let mut lens = Lens { focus: Some(0), zoom: true, ..Lens::default() };
    let look = |lens: &Lens| plain(&draw(&scene, lens, &theme("andon"), (80, 24)).buffer);
    let arrangement = draw(&scene, &lens, &theme("andon"), (80, 24)).arrangement;
    assert!(look(&lens).contains("row 0 ") && !look(&lens).contains("row 79"));
    for _ in 0..200 {
        apply(&mut lens, Action::Down, &scene, &arrangement);
    }
    assert!(look(&lens).contains("row 79") && look(&lens).contains("name"), "to the end: {}", look(&lens));
    apply(&mut lens, Action::Up, &scene, &arrangement);
    apply(&mut lens, Action::Up, &scene, &arrangement);
    assert!(!look(&lens).contains("row 79"), "and back at once: {}", look(&lens));
    apply(&mut lens, Action::Next, &scene, &arrangement);
    assert_eq!((lens.focus, lens.scroll), (Some(1), 0), "the next panel is seen from its begin");
}

#[test]
fn of_one_moment_the_event_told_last_is_the_newest() {
    let text = "[sources.e]\ntype = \"events\"\nfile = \"/nonexistent/e\"\n[[dashboards]]\nname = \"d\"\n\
                [[dashboards.panels]]\nview = \"events\"\n";
    let deploy = |seconds: i64, version: &str| Event {
        at: NOW.minus(Span::seconds(seconds)),
        kind: EventKind::Deploy,
        service: "shop".into(),
        version: version.into(),
        title: format!("{}", 9 - version.len()).as_str().into(),
        ..Event::default()
    };
    let rising = vec![deploy(60, "v0"), deploy(5, "v1"), deploy(5, "v2-b"), deploy(5, "v3-bcd")];
    let falling: Vec<Event> = rising.iter().rev().cloned().collect();
    for told in [rising, falling] {
        let mut hub = Hub::new(Arc::new(running::board(text)), Zone::utc(), Clock::Wall);
        tell(&mut hub, 0, NOW, Ok(Telemetry::Events(told)));
        let text = plain(&draw(&hub.scene_at(NOW), &Lens::default(), &theme("andon"), (100, 24)).buffer);
        assert!(text.contains("last deploy shop v3-bcd"), "{text}");
        let places = ["v3-bcd", "v2-b", "v1", "v0"].map(|version| text.rfind(&format!("shop {version} ")));
        assert!(places.windows(2).all(|pair| pair[0] < pair[1] && pair[0].is_some()), "{places:?}: {text}");
    }
}

#[test]
fn decimals_and_widths_have_bounds() {
    let folder = crate::support::folder::Folder::new();
    let told = |keys: &str| {
        let text = format!(
            "[sources.m]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\nview = \"stat\"\nsource = \"m\"\nquery = \"q\"\n{keys}\n"
        );
        let file = folder.write("b.toml", &text).into();
        match andon::config::load(&andon::config::Request { file, ..Default::default() }) {
            Ok(_) => String::new(),
            Err(problems) => format!("{problems:?}"),
        }
    };
    assert_eq!(told("decimals = 0\nwidth = 24"), "");
    assert!(told("decimals = 7").contains("decimals = 7 is not from 0 to 6"), "{}", told("decimals = 7"));
    assert!(told("width = 0").contains("write a number from 1 to 24"), "{}", told("width = 0"));
}

#[test]
fn a_server_whose_clock_is_off_is_named() {
    let mut hub = board(&[("a", "view = \"stat\"\ncritical = \"> 5\"")]);
    let said = |hub: &Hub| hub.scene_at(NOW).remarks.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    let tell_with_skew = |hub: &mut Hub, skew| {
        hub.apply(Outcome {
            query: andon::model::poll::QueryId(0),
            at: NOW,
            answer: values(&[("", 1.0)]),
            failures: 0,
            next_try: NOW.plus(Span::seconds(5)),
            budget: None,
            age: Span(0),
            clock_skew: skew,
            listener_error: None,
        });
    };
    tell_with_skew(&mut hub, Some(Span::seconds(20)));
    assert_eq!(said(&hub), ["the one panel is ok, oldest value 0 s old"], "less than the age at which data is stale");
    tell_with_skew(&mut hub, Some(Span::seconds(-600)));
    assert_eq!(said(&hub), ["m: the server's clock is 10 min behind", "the one panel is ok by their last values"]);
}
