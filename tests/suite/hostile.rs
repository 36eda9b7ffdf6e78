//! Text from outside that would like to be more than text: in every place where text can come from,
//! against everything andon writes.
//!
//! A payload stands in a label, a table, a build, an error, a title. What comes out must differ from the
//! same run with harmless text only where that text is shown, and may hold no sequence of the payload's.

use std::io::Write as _;
use std::sync::Arc;

use andon::hub::Hub;
use andon::model::build::Build;
use andon::model::poll::{Outcome, QueryId};
use andon::model::series::{Coverage, Series, SeriesSet};
use andon::model::table::{Cell, Table};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::ansi::{Depth, encode};
use andon::panel::ink::Glyphs;
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::view::lens::Lens;
use ratatui::layout::Rect;
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::payloads::payloads;
use crate::support::pty::Session;
use crate::support::running::board as board_of;
use crate::support::server::{Reply, Server};
use crate::support::{andon, run, stderr, stdout};

/// Every place where text comes from outside, with one payload in all of them; the number shown stays.
fn board(server: &Server, payload: &str) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let label = quoted(payload);
    server.route(
        "/api/v1/query",
        Reply::body(
            "application/json",
            &format!(
                "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[\
                 {{\"metric\":{{\"a\":{label}}},\"value\":[1,\"4\"]}},{{\"metric\":{{\"a\":\"b\",{label}:\"c\"}},\"value\":[1,\"5\"]}}]}}}}"
            ),
        ),
    );
    server.route(
        "/rows",
        Reply::body(
            "application/json",
            &format!("{{\"rows\":[{{\"k\":{label},{label}:\"v\"}}],\"text\":{label},\"list\":[{label},\"end\"]}}"),
        ),
    );
    let attribute: String = payload
        .chars()
        .filter(|c| !c.is_control() || *c == '\t')
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .flat_map(|c| match c {
            '<' => "&lt;".chars().collect::<Vec<_>>(),
            '&' => "&amp;".chars().collect(),
            '"' => "&quot;".chars().collect(),
            c => vec![c],
        })
        .collect();
    server.route(
        "/cc.xml",
        Reply::body(
            "application/xml",
            &format!("<Projects><Project name=\"{attribute}x\" activity=\"Sleeping\" lastBuildStatus=\"{attribute}\" lastBuildLabel=\"{attribute}\" webUrl=\"javascript:{attribute}\"/></Projects>"),
        ),
    );
    server.route(
        "/error/api/v1/query",
        Reply::status(
            "400 Bad Request",
            "application/json",
            &format!("{{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":{label}}}"),
        ),
    );
    let title: String = quoted(payload).chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let panel = |id: &str, view: &str, source: &str, query: &str| {
        let query = if query.is_empty() { String::new() } else { format!("query = '{query}'\n") };
        format!("[[dashboards.panels]]\nid = \"{id}\"\nview = \"{view}\"\nsource = \"{source}\"\n{query}")
    };
    let source = |name: &str, kind: &str, path: &str| {
        format!("[sources.{name}]\ntype = \"{kind}\"\nurl = \"{}\"\n", server.url(path))
    };
    // TOML knows \uXXXX, but not as pairs: what JSON needs two of, it may have as it is.
    let title = if title.contains("\\u") { "plain".to_owned() } else { title.trim_matches('"').to_owned() };
    [
        "title = \"Board\"\nrefresh = \"1h\"\n".to_owned(),
        source("prom", "prometheus", ""),
        source("rows", "json", "/rows"),
        source("ci", "cctray", "/cc.xml"),
        source("bad", "prometheus", "/error"),
        // Heights of the board's own: then panels are where they are before the first answer comes.
        format!("[[dashboards]]\nname = \"d\"\ntitle = \"{title}\"\n{ROWS}[[dashboards]]\nname = \"e\"\n[[dashboards.panels]]\nview = \"clock\"\n")
            .replacen("[[dashboards]]\nname = \"e\"", &format!("{}[[dashboards]]\nname = \"e\"", [
                panel("steady", "bars", "prom", "up"),
                panel("table", "table", "rows", ".rows"),
                panel("lines", "text", "rows", ".list"),
                panel("builds", "builds", "ci", ""),
                panel("error", "stat", "bad", "x"),
                panel("lamps", "lamps", "prom", "up"),
            ].concat()), 1),
    ]
    .concat()
}

/// The rows of the board.
const ROWS: &str = "rows = [{ panels = [\"steady\"], height = 6 }, { panels = [\"table\", \"lines\"], height = 6 }, \
                    { panels = [\"builds\"], height = 6 }, { panels = [\"error\"], height = 6 }, \
                    { panels = [\"lamps\"], height = 6 }]\n";

/// Nothing that could do anything but show itself, but for line ends and our own colours.
#[track_caller]
fn is_harmless(what: &str, payload: &str, text: &str, colours: bool) {
    let mut rest = text.to_owned();
    if colours {
        while let Some(at) = rest.find("\x1b[") {
            let end = rest[at + 2..].find('m').map(|end| at + 2 + end);
            let end = end.filter(|end| rest[at + 2..*end].chars().all(|c| c.is_ascii_digit() || c == ';'));
            let end = end.unwrap_or_else(|| panic!("{what}, {payload:?}: a sequence that is no colour"));
            rest.replace_range(at..=end, "");
        }
    }
    let bad = rest.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}')
    });
    assert_eq!(bad, None, "{what} lets {payload:?} through");
}

#[test]
fn no_payload_is_more_than_text_in_anything_that_is_printed() {
    let payloads = payloads();
    assert!(payloads.len() >= 60);
    let work = std::sync::Mutex::new(payloads.into_iter());
    let next = || work.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(payload) = next() {
                    printed(&payload);
                }
            });
        }
    });
}

fn printed(payload: &str) {
    let (server, folder) = (Server::start(), Folder::new());
    let file = folder.write("b.toml", &board(&server, payload));
    let sinks: [(&str, &[&str]); 8] = [
        ("snapshot text", &["snapshot", "--size", "100x40", "--format", "text"]),
        ("snapshot ansi", &["snapshot", "--size", "100x40", "--format", "ansi"]),
        ("snapshot svg", &["snapshot", "--size", "100x40", "--format", "svg"]),
        ("snapshot html", &["snapshot", "--size", "100x40", "--format", "html"]),
        ("snapshot json", &["snapshot", "--size", "100x40", "--format", "json"]),
        ("status text", &["status"]),
        ("status json", &["status", "--format", "json"]),
        ("doctor", &["doctor"]),
    ];
    for (name, arguments) in sinks {
        let mut all = arguments.to_vec();
        all.extend(["--config", &file]);
        let output = run(&all);
        let said = stdout(&output);
        assert!(
            output.status.code().is_some_and(|code| code <= 3) && !said.is_empty(),
            "{name} of {payload:?}: {}",
            stderr(&output)
        );
        is_harmless(name, payload, &said, name == "snapshot ansi");
        is_harmless("stderr", payload, &stderr(&output), false);
        match name {
            "snapshot svg" | "snapshot html" => {
                for tag in ["<script", "<img", "<b>", "javascript:"] {
                    assert!(!said.contains(tag), "{name} lets {payload:?} through");
                }
            }
            "snapshot json" | "status json" => drop(serde_json::from_str::<Value>(&said).unwrap()),
            _ => {}
        }
        if name == "snapshot svg" {
            roxmltree::Document::parse(&said).unwrap_or_else(|error| panic!("{payload:?}: {error}"));
        }
    }
}

/// The screen of a board with a payload, row by row, once all has been asked.
fn screen(payload: &str) -> (Vec<String>, String, Session) {
    let (server, folder) = (Server::start(), Folder::new());
    let file = folder.write(
        "b.toml",
        &board(&server, payload).replace("title = \"Board\"", "title = \"Board\"\ntheme = \"monochrome\""),
    );
    let log = folder.path().join("log");
    let mut session = Session::start(&["--config", &file, "--log", log.to_str().unwrap()], (100, 40));
    session.wait_for("all sources", |text| {
        text.contains("error") && text.contains("lamps") && !text.contains("connecting")
    });
    let rows: Vec<String> = session.text().lines().map(str::to_owned).collect();
    session.send("q");
    assert_eq!(session.exit_within(crate::support::pty::PATIENCE), Some(0));
    session.wait_for_modes(false);
    (rows, std::fs::read_to_string(log).unwrap(), session)
}

/// The frame of every panel: corners and edges, which no text may move.
fn frames(rows: &[String]) -> Vec<(usize, usize)> {
    rows.iter()
        .enumerate()
        .flat_map(|(y, row)| {
            row.chars().enumerate().filter(|(_, c)| "╭╮╰╯".contains(*c)).map(move |(x, _)| (x, y)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn on_a_screen_a_payload_stays_within_its_panel() {
    let (clean, _, _) = screen("harmless");
    assert!(frames(&clean).len() >= 12, "{clean:#?}");
    // Of each kind some: every payload has been through the same encoder in the fuzz target and above.
    let some: Vec<String> = payloads().into_iter().step_by(4).collect();
    let work = std::sync::Mutex::new(some.into_iter());
    let next = || work.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(payload) = next() {
                    on_screen(&payload, &clean);
                }
            });
        }
    });
}

fn on_screen(payload: &str, clean: &[String]) {
    let (rows, log, session) = screen(payload);
    let wide = |row: &String| {
        !row.is_ascii()
            && row.chars().any(|c| {
                ('\u{1100}'..'\u{fffd}').contains(&c) && !('\u{2000}'..'\u{2fff}').contains(&c) || c >= '\u{1f000}'
            })
    };
    if !rows.iter().any(wide) {
        assert_eq!(frames(&rows), frames(clean), "{payload:?} moved a frame:\n{}", rows.join("\n"));
    }
    // Header, footer: the same words at the same places, but for clock and ages.
    assert_eq!(rows[0][..40.min(rows[0].len())].split("  ").next(), clean[0].split("  ").next(), "{payload:?}");
    // What andon itself prepares the terminal with, before each whole picture.
    let raw = String::from_utf8_lossy(&session.raw()).replace("\x1b[r\x1b[?6l\x1b(B\x0f", "");
    for sequence in [
        "\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bc", "\x1b(", "\x1b#", "\x07", "\u{9b}", "\u{9d}", "\u{202e}",
        "\u{2066}",
    ] {
        assert!(!raw.contains(sequence), "{payload:?}: {sequence:?} came out");
    }
    assert_eq!(raw.matches("\x1b[2J").count(), 1, "{payload:?}: cleared more than once");
    assert_eq!(raw.matches("\x1b[?1049l").count(), 1, "{payload:?}");
    is_harmless("the log", payload, &log, false);
}

/// A board of a victim beside a bystander, drawn and read back by a terminal emulator: every cell.
fn cells(view: &str, telemetry: Telemetry) -> (Vec<String>, Vec<Rect>) {
    let board = board_of(&format!(
        "[sources.s]\ntype = \"command\"\ncommand = [\"true\"]\n[sources.t]\ntype = \"command\"\ncommand = [\"true\", \"t\"]\n\
         [[dashboards]]\nname = \"d\"\nrows = [[\"victim\", \"bystander\"]]\n\
         [[dashboards.panels]]\nid = \"victim\"\nview = \"{view}\"\nsource = \"s\"\n\
         [[dashboards.panels]]\nid = \"bystander\"\nview = \"bars\"\nsource = \"t\"\n"
    ));
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Wall);
    let now = Timestamp(1_795_262_400_000);
    let calm = Telemetry::Series(SeriesSet::new(vec![Series::single("calm", now, 4.0)], Coverage::Sample));
    for (query, telemetry) in [telemetry, calm].into_iter().enumerate() {
        let outcome = Outcome {
            query: QueryId(query),
            at: now,
            answer: Ok(telemetry),
            failures: 0,
            next_try: now,
            budget: None,
            age: Span(0),
            clock_skew: None,
            listener_error: None,
        };
        hub.apply(outcome);
    }
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    let frame = render(&hub.scene_at(now), &Lens::default(), &ink, 90, 24);
    let mut emulator = vt100::Parser::new(24.try_into().unwrap(), 90.try_into().unwrap(), 0);
    // This emulator takes U+FFFD for a mistake of its own and drops it; terminals show it, in one column.
    let bytes = String::from_utf8(encode(None, &frame.buffer, Depth::True)).unwrap().replace('\u{FFFD}', "?");
    emulator.process(bytes.as_bytes());
    let screen = emulator.screen();
    let cell = |y: u16, x: u16| {
        let cell = screen.cell(y, x).unwrap();
        format!("{:?} {:?} {:?}", cell.contents(), cell.fgcolor(), cell.bgcolor())
    };
    let all = (0..24).flat_map(|y| (0..90).map(move |x| (y, x))).map(|(y, x)| cell(y, x)).collect();
    (all, frame.arrangement.framed.iter().map(|(_, area)| *area).collect())
}

#[test]
fn every_cell_outside_the_panel_is_as_it_is_without_the_payload() {
    let now = Timestamp(1_795_262_400_000);
    let series = |text: &str| {
        Telemetry::Series(SeriesSet::new(
            vec![Series::single(text, now, 4.0), Series::single("other", now, 5.0)],
            Coverage::Sample,
        ))
    };
    let table = |text: &str| {
        let row = vec![Cell::Text(text.into()), Cell::Number(4.0)];
        Telemetry::Table(Table { columns: vec![text.into(), "n".into()], rows: vec![row], own: Vec::new() })
    };
    let builds = |text: &str| {
        let result = andon::model::build::BuildResult::Success;
        Telemetry::Builds(vec![Build { name: text.into(), label: text.into(), result, ..Build::default() }])
    };
    let lines = |text: &str| Telemetry::Text(vec![text.into(), "end".into()]);
    let kinds: [(&str, &dyn Fn(&str) -> Telemetry); 8] = [
        ("bars", &series),
        ("chart", &series),
        ("sparkline", &series),
        ("lamps", &series),
        ("gauge", &series),
        ("table", &table),
        ("builds", &builds),
        ("text", &lines),
    ];
    for (view, telemetry) in kinds {
        let (clean, areas) = cells(view, telemetry("plain"));
        assert_eq!(areas.len(), 2, "{view}: both panels are framed");
        for payload in payloads() {
            let (with, moved) = cells(view, telemetry(&payload));
            assert_eq!(areas, moved, "{view}: {payload:?} moved a panel");
            for (at, (a, b)) in clean.iter().zip(&with).enumerate() {
                let (x, y) = ((at % 90) as u16, (at / 90) as u16);
                let inside = areas[0].contains((x, y).into());
                assert!(inside || a == b, "{view}: {payload:?} changed the cell {x},{y}: {a} is {b}");
            }
        }
    }
}

#[test]
fn a_payload_in_a_theme_is_text() {
    for payload in payloads().iter().filter(|payload| payload.len() < 1000) {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.path().join("andon/themes")).unwrap();
        let quoted = Value::from(payload.as_str()).to_string();
        folder.write(
            "andon/themes/mine.toml",
            &format!("about = {quoted}\ninherits = \"andon\"\n[roles]\nok = {quoted}\n"),
        );
        let output = andon().arg("themes").env("XDG_CONFIG_HOME", folder.path()).output().unwrap();
        is_harmless("themes", payload, &stdout(&output), false);
    }
}

#[test]
fn a_payload_in_the_config_or_in_a_flag_is_text_in_what_is_said_of_it() {
    let folder = Folder::new();
    for payload in payloads().iter().filter(|payload| payload.len() < 1000 && !payload.contains('\0')) {
        let path = folder.path().join("b.toml");
        // Straight into the file, quoted by nobody.
        let mut file = std::fs::File::create(&path).unwrap();
        write!(file, "titel = \"{payload}\"\n{payload} = 1\n[sources.\"{payload}\"]\ntype = \"{payload}\"\n").unwrap();
        drop(file);
        for format in ["text", "json"] {
            let output = run(&["validate", "--format", format, "--config", path.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(2), "{payload:?}");
            is_harmless("validate", payload, &stdout(&output), false);
            is_harmless("validate's stderr", payload, &stderr(&output), false);
        }
        let output =
            andon().args(["status", "--dashboard", payload, "--theme", payload, "--config", payload]).output().unwrap();
        is_harmless("stderr of flags", payload, &stderr(&output), false);
        let output = andon().args([payload]).output().unwrap();
        is_harmless("clap's stderr", payload, &stderr(&output), false);
    }
}
