//! A config that changes while the board is up: what is good is taken, what is bad is a banner, and what
//! did not change is not disturbed.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use andon::app::Wiring;
use andon::app::polling::Polling;
use andon::app::reloading::take;
use andon::hub::{Hub, Reload};
use andon::model::freshness::Freshness;
use andon::model::poll::Outcome;
use andon::model::series::{Coverage, Series, SeriesSet};
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::source::Clock;
use andon::source::network::Network;
use andon::view::scene::PanelScene;
use tokio::sync::mpsc;

use crate::support::folder::Folder;
use crate::support::pty::Session;
use crate::support::running::board;
use crate::support::server::{Reply, Server};

/// A running board of two sources, whose file is changed under it.
struct Case {
    folder: Folder,
    server: Server,
    file: String,
    session: Session,
}

const KEPT: &str = "[[dashboards.panels]]\ntitle = \"Kept\"\nview = \"stat\"\nsource = \"kept\"\nquery = \".n\"\n";
const OTHER: &str = "[[dashboards.panels]]\ntitle = \"Other\"\nview = \"stat\"\nsource = \"other\"\nquery = \".n\"\n";

impl Case {
    fn text(server: &Server, title: &str, panels: &str) -> String {
        let source =
            |name: &str| format!("[sources.{name}]\ntype = \"json\"\nurl = \"{}\"\n", server.url(&format!("/{name}")));
        format!(
            "title = \"{title}\"\nrefresh = \"1h\"\n{}{}[[dashboards]]\nname = \"d\"\n{panels}",
            source("kept"),
            source("other")
        )
    }

    fn start() -> Self {
        let (folder, server) = (Folder::new(), Server::start());
        for (path, value) in [("/kept", 41), ("/other", 52)] {
            server.route(path, Reply::body("application/json", &format!("{{\"n\":{value}}}")));
        }
        let file = folder.write("board.toml", &Self::text(&server, "Before", &format!("{KEPT}{OTHER}")));
        let session = Session::start(&["--config", &file], (100, 20));
        session.wait_for("both panels", |text| {
            text.contains("● Kept") || (text.contains("Kept") && text.contains("2 panels without limits"))
        });
        Self { folder, server, file, session }
    }

    fn save(&self, text: &str) {
        std::fs::write(&self.file, text).unwrap();
    }

    fn good(&self, title: &str) -> String {
        Self::text(&self.server, title, KEPT)
    }

    /// A good save is taken, whatever went before; the panel that stays was asked once in all this.
    #[track_caller]
    fn ends_well(self) {
        std::fs::remove_file(&self.file).or_else(|_| std::fs::remove_dir(&self.file)).unwrap_or(());
        self.save(&self.good("Well"));
        self.session
            .wait_for("the good board", |text| text.contains("Well") && !text.contains("changed config not used"));
        let asked = self.server.requests().iter().filter(|head| head.starts_with("GET /kept ")).count();
        assert_eq!(asked, 1, "a panel that stayed was polled again");
        assert!(self.session.text().contains("the one panel has no limits"));
    }

    /// The old board stays up, with a banner that says this.
    #[track_caller]
    fn is_refused(&self, words: &str) {
        self.session.wait_for(&format!("a banner: {words}"), |text| {
            text.contains("changed config not used")
                && text.contains(words)
                && text.contains("Before")
                && text.contains("Kept")
        });
    }
}

/// Each case is a change to the file that cannot be used, and words of the banner it must give.
#[test]
fn what_cannot_be_used_leaves_the_old_board_up_and_says_why() {
    type Change = fn(&Case);
    let changes: [(&str, Change); 10] = [
        ("board.toml:2:", |case| case.save("title = \"New\"\nthis is not toml\n")),
        ("a length of time has a unit", |case| case.save(&case.good("New").replace("\"1h\"", "5"))),
        ("there is no ", |case| std::fs::remove_file(&case.file).unwrap()),
        ("the file has no dashboards", |case| case.save("")),
        ("changed config not used", |case| {
            let whole = case.good("New");
            case.save(&whole[..whole.len() - 20]);
        }),
        ("unknown key 'titel'", |case| case.save(&case.good("New").replace("title = \"New\"", "titel = \"New\""))),
        ("two panels 'kept'", |case| {
            let named = KEPT.replace("title", "id = \"kept\"\ntitle");
            case.save(&Case::text(&case.server, "New", &named.repeat(2)));
        }),
        ("is over 4194304 bytes", |case| {
            std::fs::File::options().write(true).open(&case.file).unwrap().set_len(1 << 30).unwrap();
        }),
        ("is not a regular file", |case| {
            std::fs::remove_file(&case.file).unwrap();
            std::fs::create_dir(&case.file).unwrap();
        }),
        ("the theme 'nowhere'", |case| case.save(&format!("theme = \"nowhere\"\n{}", case.good("New")))),
    ];
    // All at once: each waits for the two seconds between two looks.
    std::thread::scope(|scope| {
        for (words, change) in changes {
            scope.spawn(move || {
                let case = Case::start();
                change(&case);
                case.is_refused(words);
                case.ends_well();
            });
        }
    });
}

#[test]
fn every_way_of_saving_is_seen() {
    type Change = fn(&mut Case);
    let changes: [(&str, Change); 6] = [
        ("written in place", |case| case.save(&case.good("New"))),
        ("renamed over", |case| {
            let other = case.folder.write("board.toml.swp", &case.good("New"));
            std::fs::rename(other, &case.file).unwrap();
        }),
        ("a symbolic link turned elsewhere", |case| {
            let other = case.folder.write("data-2.toml", &case.good("New"));
            std::fs::remove_file(&case.file).unwrap();
            std::os::unix::fs::symlink(other, &case.file).unwrap();
        }),
        ("a hundred saves in a second", |case| {
            for n in 0..100 {
                case.save(&case.good(&format!("Save {n}")));
                std::thread::park_timeout(Duration::from_millis(10));
            }
            case.save(&case.good("New"));
        }),
        ("a source that is being polled is taken away", |case| {
            // Its answer never comes: it is asked at the very moment it goes.
            case.server.route("/other", Reply::Silence);
            case.session.send("r");
            case.save(&case.good("New").replace("[sources.other]", "[sources.another]"));
        }),
        ("a secret's file is missing", |case| {
            case.save(
                &case
                    .good("New")
                    .replace("[sources.other]", "[sources.another]\nauth = { bearer = { file = \"/nowhere\" } }"),
            );
        }),
    ];
    std::thread::scope(|scope| {
        for (what, change) in changes {
            scope.spawn(move || {
                let mut case = Case::start();
                change(&mut case);
                case.session
                    .wait_for(what, |text| text.contains("New") && text.contains("Kept") && !text.contains("Other"));
                if what == "a source that is being polled is taken away" {
                    return;
                }
                case.ends_well();
            });
        }
    });
}

#[test]
fn a_file_that_may_not_be_read_any_more_leaves_the_board_up() {
    // Whoever is root may read everything: the program is run as nobody then.
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "title = \"Before\"\n[sources.s]\ntype = \"command\"\ncommand = [\"echo\", \"1\"]\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\n",
    );
    let mode =
        |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(folder.path(), 0o755);
    let root = rustix::process::getuid().is_root();
    let program = folder.path().join("andon");
    std::fs::copy(env!("CARGO_BIN_EXE_andon"), &program).unwrap();
    let mut command = portable_pty::CommandBuilder::new(if root { "setpriv" } else { program.to_str().unwrap() });
    if root {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", program.to_str().unwrap()]);
    }
    command.args(["--config", &file]);
    command.env("TERM", "xterm-256color");
    let session = Session::spawn(command, (100, 20));
    session.wait_for("the board", |text| text.contains("Before"));
    mode(file.as_ref(), 0o000);
    session.wait_for("a banner", |text| text.contains("cannot be read: permission denied") && text.contains("Before"));
    mode(file.as_ref(), 0o644);
    session.wait_for("no banner", |text| !text.contains("changed config not used") && text.contains("Before"));
}

#[test]
fn a_wall_stays_with_its_page_and_a_viewer_with_its_panel() {
    let folder = Folder::new();
    let page = |name: &str, panels: &[&str]| {
        let panel = |id: &&str| {
            format!("[[dashboards.panels]]\nid = \"{id}\"\ntitle = \"{id}\"\nview = \"text\"\ntext = \"note\"\n")
        };
        format!(
            "[[dashboards]]\nname = \"{name}\"\ntitle = \"Page {name}\"\n{}",
            panels.iter().map(panel).collect::<String>()
        )
    };
    let before = [page("first", &["alpha"]), page("ops", &["beta", "gamma"])].concat();
    let after =
        [page("new", &["delta"]), page("first", &["alpha"]), page("ops", &["epsilon", "beta", "gamma"])].concat();
    let file = folder.write("b.toml", &before);
    let wall = Session::start(&["--config", &file, "--kiosk", "--dashboard", "ops"], (80, 24));
    let mut viewer = Session::start(&["--config", &file, "--dashboard", "ops"], (80, 24));
    wall.wait_for("its page", |text| text.contains("beta") && text.contains("gamma"));
    viewer.wait_for("its page", |text| text.contains("beta"));
    viewer.send("\t\t\r");
    viewer.wait_for("the zoomed panel", |text| text.contains("gamma") && !text.contains("beta"));
    std::fs::write(&file, after).unwrap();
    wall.wait_for("the same page, grown", |text| text.contains("epsilon") && text.contains("gamma"));
    viewer.wait_for("the same panel, on the page's new place", |text| {
        text.contains("3 Page ops") && text.contains("gamma") && !text.contains("beta") && !text.contains("epsilon")
    });
    std::fs::write(&file, page("ops", &["beta"])).unwrap();
    viewer.wait_for("the page without the panel", |text| text.contains("beta") && !text.contains("gamma"));
}

#[test]
fn theme_window_and_pages_follow_the_file() {
    let case = Case::start();
    let raw = |session: &Session| String::from_utf8_lossy(&session.raw()).into_owned();
    assert!(!raw(&case.session).contains("48;2;255;255;255"));
    let second = "[[dashboards]]\nname = \"e\"\ntitle = \"Second\"\n[[dashboards.panels]]\nview = \"clock\"\n";
    case.save(&format!("theme = \"andon-light\"\nwindow = \"5min\"\n{}{second}", case.good("New")));
    case.session
        .wait_for("two pages and another window", |text| text.contains("2 Second") && text.contains("last 5 min"));
    let light = andon::render::theme::Theme::load("andon-light", &andon::render::theme::embedded).unwrap();
    let ratatui::style::Color::Rgb(r, g, b) =
        light.ink(andon::panel::ink::Glyphs::Full).style(andon::panel::ink::Role::Text).bg.unwrap()
    else {
        panic!("the light theme has a ground")
    };
    case.session.wait_for_raw("the light ground", &format!("48;2;{r};{g};{b}"));
}

/// A board of one source with two panels, and the history that a hub has of the first of them after three answers.
fn sampled(source: &str, panels: &str) -> andon::config::Board {
    board(&format!("[sources.s]\n{source}\n[[dashboards]]\nname = \"d\"\n{panels}"))
}

const JSON: &str = "type = \"json\"\nurl = \"http://127.0.0.1:1/a\"\n";
const CHART: &str =
    "[[dashboards.panels]]\nid = \"p\"\nview = \"chart\"\nsource = \"s\"\nquery = \".n\"\ncritical = \"> 5\"\n";

/// A hub of a board whose first query was answered three times, a second apart.
fn answered(board: &andon::config::Board) -> (Hub, Timestamp) {
    let mut hub = Hub::new(Arc::new(board.clone()), Zone::utc(), Clock::Wall);
    let at = |n: i64| Timestamp(1_795_262_400_000).plus(Span::seconds(n));
    for n in 0..3 {
        hub.apply(Outcome {
            query: board.queries[0].id,
            at: at(n),
            answer: Ok(Telemetry::Series(SeriesSet::new(vec![Series::single("", at(n), 9.0)], Coverage::Sample))),
            failures: 0,
            next_try: at(n + 1),
            listener_error: None,
            budget: None,
            age: Span(0),
            clock_skew: None,
        });
    }
    (hub, at(2))
}

/// What the first panel says after another board was taken: its status, since when, and whether it was answered.
fn after(hub: &mut Hub, before: &andon::config::Board, other: andon::config::Board, now: Timestamp) -> PanelScene {
    let (taken, _wait) = tokio::sync::oneshot::channel();
    hub.reload(Reload::Board(Arc::new(other.continuing(before)), taken));
    hub.scene_at(now).pages[0].panels[0].clone()
}

#[test]
fn how_a_source_is_asked_may_change_and_its_history_stays() {
    let before = sampled(JSON, CHART);
    for (what, source, panels) in [
        ("nothing", JSON.to_owned(), CHART.to_owned()),
        ("refresh", format!("{JSON}refresh = \"7s\"\n"), CHART.to_owned()),
        ("timeout", format!("{JSON}timeout = \"2s\"\n"), CHART.to_owned()),
        ("stale_after", format!("{JSON}stale_after = \"90s\"\n"), CHART.to_owned()),
        ("window", JSON.to_owned(), format!("{CHART}window = \"6h\"\n")),
        (
            "another panel before it",
            JSON.to_owned(),
            format!("{CHART}{}", CHART.replace("\"p\"", "\"q\"").replace(".n", ".m")),
        ),
        // The name of a source is the team's word for a system, which may move.
        ("the address", JSON.replace("/a", "/b"), CHART.to_owned()),
    ] {
        let (mut hub, now) = answered(&before);
        let panel = after(&mut hub, &before, sampled(&source, &panels), now);
        assert_eq!((panel.status, panel.since), (Status::Critical, Some(now.minus(Span::seconds(2)))), "{what}");
    }
}

#[test]
fn what_is_another_query_begins_anew() {
    let before = sampled(JSON, CHART);
    for (what, other) in [
        ("the query", sampled(JSON, &CHART.replace(".n", ".m"))),
        ("no past", sampled(JSON, &CHART.replace("chart", "gauge"))),
        ("the kind", sampled("type = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n", &CHART.replace(".n", "n"))),
        (
            "the name",
            board(&format!("[sources.t]\n{JSON}[[dashboards]]\nname = \"d\"\n{}", CHART.replace("\"s\"", "\"t\""))),
        ),
        // An answer of before may hold names of people.
        ("people", board(&format!("people = true\n[sources.s]\n{JSON}[[dashboards]]\nname = \"d\"\n{CHART}"))),
    ] {
        let (mut hub, now) = answered(&before);
        let panel = after(&mut hub, &before, other, now);
        assert_eq!((panel.status, panel.freshness), (Status::Unknown, Freshness::Waiting), "{what}");
    }
}

#[test]
fn two_windows_over_one_query_keep_their_own_history_in_whatever_order() {
    let panel =
        |id: &str, window: &str| format!("{}window = \"{window}\"\n", CHART.replace("\"p\"", &format!("\"{id}\"")));
    let (hour, day) = (panel("hour", "1h"), panel("day", "1d"));
    let before = sampled(JSON, &[hour.clone(), day.clone()].concat());
    let keys =
        |board: &andon::config::Board| board.queries.iter().map(|one| one.key.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(&before), ["json past#1 1:s .n", "json past 1:s .n"]);
    let turned = sampled(JSON, &[day, panel("week", "7d"), hour].concat()).continuing(&before);
    let ids: Vec<usize> = turned.queries.iter().map(|one| one.id.0).collect();
    assert_eq!(ids, [1, 2, 0], "what is asked alike stays, and what is new is new");
    let longer = sampled(JSON, &[panel("hour", "2h"), panel("day", "2d")].concat()).continuing(&before);
    let ids: Vec<usize> = longer.queries.iter().map(|one| one.id.0).collect();
    assert_eq!(ids, [0, 1], "another window, the same history");
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_thousand_reloads_leak_no_task_and_no_file_handle() {
    crate::support::alone("reload::a_thousand_reloads_alone");
}

#[tokio::test(flavor = "current_thread")]
#[ignore = "run by the test above, in a process of its own"]
async fn a_thousand_reloads_alone() {
    let server = Server::start();
    server.route("/kept", Reply::body("application/json", "{\"n\":1}"));
    let kept = format!("[sources.kept]\ntype = \"json\"\nurl = \"{}\"\n", server.url("/kept"));
    let shaken = |n: usize| {
        let sources: String = (0..5)
            .map(|i| format!("[sources.s{i}]\ntype = \"command\"\ncommand = [\"true\", \"{n}\"]\nrefresh = \"1h\"\n"))
            .collect();
        let panels: String = (0..5)
            .map(|i| format!("[[dashboards.panels]]\nid = \"p{i}\"\nview = \"text\"\nsource = \"s{i}\"\n"))
            .collect();
        // The panels that stay change places.
        let also = KEPT.replace("Kept", "Also").replace(".n", ".n + 1");
        let stay = if n == 0 { [KEPT, &also].concat() } else { [&also, KEPT].concat() };
        board(&format!("refresh = \"1h\"\n{kept}{sources}[[dashboards]]\nname = \"d\"\n{stay}{panels}"))
    };
    // Two boards are read once: what is tested is their exchange, not the reading.
    let boards = [shaken(0), shaken(1)];
    let mut now = Arc::new(boards[0].clone());
    let mut wiring = Wiring::new(Clock::Wall, Network::default());
    let mut polling = Polling::new(wiring.wires);
    let mut hub = Hub::new(Arc::clone(&now), Zone::utc(), Clock::Wall);
    let (reloads, mut news) = mpsc::channel(1);
    polling.poll(&now).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let at_rest = |hub: &Hub| hub.has_heard_all().then(|| (metrics.num_alive_tasks(), open_files()));
    let mut settled = None;
    for n in 0..=1000 {
        if n > 0 {
            now = Arc::new(boards[n % 2].clone().continuing(&now));
            let exchange = take(&now, &mut polling, &reloads);
            let listen = async {
                let reload: Reload = news.recv().await.unwrap();
                hub.reload(reload);
            };
            let (taken, ()) = tokio::join!(exchange, listen);
            assert!(taken);
        }
        // Most reloads come while polls of the board before are under way; the first and the last settle.
        let begin = std::time::Instant::now();
        loop {
            while let Ok(outcome) = wiring.outcomes.try_recv() {
                hub.apply(outcome);
            }
            let rest = at_rest(&hub);
            match (n, settled, rest) {
                (0, _, Some(rest)) => break settled = Some(rest),
                (1000, Some((tasks, files)), Some(rest)) if rest.0 <= tasks && rest.1 <= files + 1 => break,
                (1..1000, ..) => {
                    // The tasks get going before they are told to end.
                    tokio::task::yield_now().await;
                    break;
                }
                _ => {}
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "tasks and files: {rest:?}, {settled:?} were");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(hub.scene_at(andon::model::time::now()).pages[0].panels.len(), 7);
    let asked = server.requests().len();
    assert!(asked <= 1, "the panel that stayed was asked {asked} times");
}
