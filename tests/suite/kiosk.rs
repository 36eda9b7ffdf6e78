//! A wall: pages that turn by themselves, letters that are read from five metres, room that is used.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use andon::model::legibility::{LEAST, Wall};
use andon::model::status::Status;
use andon::output::text::plain;
use andon::panel::PanelView;
use andon::panel::ink::Glyphs;
use andon::panel::marks::big_text::{Size, draw};
use andon::render::theme::{Theme, embedded};
use andon::render::{Frame, render};
use andon::view::lens::Lens;
use andon::view::scene::{PanelScene, Scene};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::support::folder::Folder;
use crate::support::pty::Session;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr, stdout};

/// Two pages with a number each, from which on it is red, and another one that never is.
fn board(server: &Server, kiosk: &str) -> String {
    let page = |name: &str| {
        format!(
            "[[dashboards]]\nname = \"{name}\"\n[[dashboards.panels]]\nid = \"{name}-panel\"\nview = \"stat\"\n\
             source = \"s\"\nquery = \".{name}\"\ncritical = \"> 1\"\n"
        )
    };
    let url = server.url("/n");
    format!(
        "refresh = \"1s\"\n[kiosk]\n{kiosk}\n[sources.s]\ntype = \"json\"\nurl = \"{url}\"\n{}{}{}",
        page("north"),
        page("south"),
        page("west")
    )
}

fn numbers(server: &Server, north: u8, south: u8) {
    let body = format!("{{\"north\":{north},\"south\":{south},\"west\":0}}");
    server.route("/n", Reply::body("application/json", &body));
}

#[test]
fn a_service_manager_hears_that_the_board_is_shown_and_still_is() {
    let (server, folder) = (Server::start(), Folder::new());
    numbers(&server, 0, 0);
    let file = folder.write("b.toml", &board(&server, ""));
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "60000000"), ("WATCHDOG_PID", "1")];
    let mut session = Session::start_with(&["--kiosk", "--config", &file], (80, 24), &environment);
    let heard = || {
        let mut bytes = [0; 100];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
    };
    // The first second may end before the first picture is written.
    let first: Vec<String> = (0..2).map(|_| heard()).collect();
    assert!(first.iter().any(|said| said == "READY=1"), "{first:?}");
    assert_eq!([heard(), heard()], ["WATCHDOG=1", "WATCHDOG=1"]);
    session.send("q");
    assert_eq!(session.exit_within(Duration::from_secs(10)), Some(0));
}

#[test]
fn a_red_page_comes_and_stays_and_a_key_holds_another() {
    let (server, folder) = (Server::start(), Folder::new());
    numbers(&server, 0, 0);
    // By themselves pages would not turn while this runs.
    let file = folder.write("b.toml", &board(&server, "page_time = \"1h\""));
    let mut session = Session::start(&["--kiosk", "--config", &file], (120, 40));
    session.wait_for("the first page", |text| text.contains("north · page 1 of 4") && text.contains("all 3 panels ok"));
    numbers(&server, 0, 9);
    session.wait_for("the red page", |text| text.contains("south · page 2 of 4 · held: a page is red"));
    session.send("1");
    session.wait_for("the page that a key asks for", |text| {
        text.contains("north · page 1 of 4 · held: a page is red · held by a key for 60 s")
    });
    session.send("q");
    assert_eq!(session.exit_within(crate::support::pty::PATIENCE), Some(0));
}

#[test]
fn pages_turn_by_themselves_and_the_newest_red_one_is_shown_first() {
    let (server, folder) = (Server::start(), Folder::new());
    numbers(&server, 0, 0);
    let file = folder.write("b.toml", &board(&server, "page_time = \"3s\""));
    let session = Session::start(&["--kiosk", "--config", &file], (120, 40));
    for page in ["north · page 1", "south · page 2"] {
        session.wait_for(page, |text| text.contains(page));
    }
    numbers(&server, 9, 0);
    session.wait_for("one red page", |text| text.contains("north · page 1 of 4 · held: a page is red"));
    numbers(&server, 9, 9);
    session.wait_for("the newer one", |text| text.contains("south · page 2 of 4 · held: 2 pages are red"));
    session.wait_for("both in turn", |text| text.contains("north · page 1 of 4") && text.contains("2 pages red"));
}

#[test]
fn by_day_a_wall_has_the_colours_of_the_day() {
    let (server, folder) = (Server::start(), Folder::new());
    numbers(&server, 0, 0);
    // All day, in two parts: hours from and to the same time are none.
    let kiosk = "day_theme = \"andon-light\"\nday = [\"00:00-12:00\", \"12:00-00:00\"]";
    let file = folder.write("b.toml", &board(&server, kiosk));
    let session = Session::start_with(&["--kiosk", "--config", &file], (80, 24), &[("COLORTERM", "truecolor")]);
    session.wait_for("the board", |text| text.contains("page 1 of 4"));
    assert!(String::from_utf8_lossy(&session.raw()).contains("48;2;251;250;247"), "the ground of andon-light");
}

#[test]
fn a_dashboard_is_not_shown_outside_its_hours() {
    let (server, folder) = (Server::start(), Folder::new());
    numbers(&server, 0, 0);
    let hour = andon::model::time::now().0.div_euclid(3_600_000).rem_euclid(24);
    let hours = format!("{:02}:00-{:02}:00", (hour + 2) % 24, (hour + 4) % 24);
    let text = board(&server, "page_time = \"3s\"");
    let text = text.replace("name = \"south\"\n", &format!("name = \"south\"\nschedule = [\"{hours}\"]\n"));
    let file = folder.write("b.toml", &text);
    let session = Session::start_with(&["--kiosk", "--config", &file], (120, 40), &[("TZ", "UTC")]);
    session.wait_for("the first page", |text| text.contains("north · page 1"));
    session.wait_for("the page after the one that rests", |text| text.contains("west · page 3"));
    assert!(!String::from_utf8_lossy(&session.raw()).contains("south · page"), "it was shown");
}

#[test]
fn on_the_console_a_wall_has_sixteen_colours_and_characters_of_its_font() {
    let (server, folder) = (Server::start(), Folder::new());
    numbers(&server, 0, 9);
    let file = folder.write("b.toml", &board(&server, "page_time = \"1h\""));
    let environment = [("TERM", "linux"), ("COLORTERM", "")];
    let session = Session::start_with(&["--kiosk", "--config", &file], (128, 48), &environment);
    session.wait_for("the red page", |text| text.contains("held: a page is red"));
    let raw = String::from_utf8_lossy(&session.raw()).into_owned();
    for longer in ["38;2;", "48;2;", "38;5;", "48;5;"] {
        assert!(!raw.contains(longer), "{longer} is none of the sixteen colours");
    }
    let odd: Vec<char> =
        raw.chars().filter(|c| ('\u{2800}'..='\u{28ff}').contains(c) || "╭╮╰╯╱▖".contains(*c)).collect();
    assert!(odd.is_empty(), "not in the font of a console: {odd:?}");
    assert!(raw.contains('█'), "numbers are drawn");
}

#[test]
fn a_wall_is_whole_after_a_storm_of_resizes() {
    let (server, folder) = (Server::start(), Folder::new());
    numbers(&server, 0, 9);
    let file = folder.write("b.toml", &board(&server, "page_time = \"1h\""));
    let mut session = Session::start(&["--kiosk", "--config", &file], (120, 40));
    session.wait_for("the red page", |text| text.contains("south · page 2 of 4"));
    for n in 0..120_u16 {
        session.resize(20 + n * 37 % 200, 3 + n * 13 % 60);
    }
    session.resize_to_nothing();
    session.resize(100, 30);
    session.wait_for("the same page in the last size", |text| {
        let rows: Vec<&str> = text.lines().collect();
        rows.last().is_some_and(|row| row.contains("south · page 2 of 4"))
            && rows.len() == 30
            && text.contains("critical")
    });
    let other = Session::start(&["--kiosk", "--config", &file], (100, 30));
    other.wait_for("a fresh one", |text| text.contains("south · page 2 of 4"));
    // But for the clock and what is counted up, both say the same.
    let words = |text: &str| text.lines().skip(3).take(20).map(str::to_owned).collect::<Vec<_>>();
    let fresh = words(&other.text());
    session.wait_for("the picture of a fresh one", |text| words(text) == fresh);
}

/// The demo board as it is once all its sources have answered.
fn shown(scene: &Scene, page: usize, (width, height): (u16, u16)) -> Frame {
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    render(scene, &Lens { kiosk: true, page, ..Lens::default() }, &ink, width, height)
}

/// What is drawn in an area.
fn text_in(frame: &Frame, area: Rect) -> String {
    let mut part = Buffer::empty(area);
    for position in area.positions() {
        part[position] = frame.buffer[position].clone();
    }
    plain(&part)
}

/// The size in which words are drawn in a text, if they are drawn large.
fn drawn_size(words: &str, text: &str) -> Option<Size> {
    let first_row = |size: Size| {
        let area = Rect::new(0, 0, size.width(words)?, size.height());
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, words, size, Style::new(), Glyphs::Full);
        plain(&buffer).lines().next().map(str::to_owned)
    };
    Size::LARGEST_FIRST.into_iter().find(|size| first_row(*size).is_some_and(|row| text.contains(&row)))
}

#[test]
fn numbers_and_the_names_of_red_builds_are_read_from_five_metres() {
    let scene = crate::gallery::demo(crate::gallery::INCIDENT);
    let wall = Wall { screen: "55in".parse().unwrap(), distance: "5m".parse().unwrap(), rows: 50 };
    let is_legible = |size: Size| wall.arc_minutes(size.letter_rows()) >= LEAST;
    let (mut stats, mut builds) = (0, 0);
    for (index, page) in scene.pages.iter().enumerate() {
        let frame = shown(&scene, index, (200, 50));
        for (panel, area) in &frame.arrangement.framed {
            let PanelScene { id, view, text: words, status, .. } = &page.panels[*panel];
            let text = text_in(&frame, *area);
            match view {
                PanelView::Stat(_) => {
                    // Its number, or what stands for it, is in no line of text: it is drawn.
                    let number = words.split(' ').next().unwrap();
                    let without_extremes =
                        text.replace(&format!(" to {number}"), "").replace(&format!("{number} to "), "");
                    assert!(!without_extremes.contains(number), "{id} is {words}, in letters of one row:\n{text}");
                    stats += 1;
                }
                PanelView::Builds(_) if *status == Status::Critical => {
                    let marked = text.split("✖ ").skip(1).map(|rest| rest.split(' ').next().unwrap());
                    let names: Vec<&str> = marked.filter(|word| *word != "critical").collect();
                    // Of more than three the panel has no room to make them all large.
                    for name in names.iter().filter(|_| names.len() <= 3) {
                        let size = drawn_size(&name.to_uppercase(), &text);
                        assert!(size.is_some_and(is_legible), "{name} is {size:?}:\n{text}");
                        builds += 1;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(stats >= 6 && builds > 0, "no test of anything: {stats} numbers, {builds} red builds");
}

#[test]
fn a_theme_by_day_that_is_not_there_is_a_wrong_config() {
    let (server, folder) = (Server::start(), Folder::new());
    let file = folder.write("b.toml", &board(&server, "day_theme = \"nowhere\""));
    for arguments in [&["validate"][..], &["status"], &["doctor", "--kiosk"]] {
        let output = run(&[arguments, &["--config", &file]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("the theme 'nowhere'"), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_board_that_names_no_screen_says_what_to_write() {
    let (server, folder) = (Server::start(), Folder::new());
    let file = folder.write("b.toml", &board(&server, ""));
    let output = run(&["doctor", "--kiosk", "--config", &file]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""));
    assert!(stderr(&output).contains("screen = \"55in\""), "{}", stderr(&output));
}
