//! The real program in a terminal, on a real Prometheus with a real node-exporter.

use std::time::Duration;

use crate::support::folder::Folder;
use crate::support::prometheus::{Prometheus, is_here};
use crate::support::pty::Session;

const REFRESH: Duration = Duration::from_secs(2);
/// Two intervals and a second: by then a dead source is marked.
const MARKED: Duration = Duration::from_secs(5);
/// An interval and a second: by then one that is back shows again.
const RECOVERED: Duration = Duration::from_secs(3);
/// For the test's own work beside the program: emulator, scheduler, two cores.
const SLACK: Duration = Duration::from_secs(1);

fn board(prometheus: &Prometheus) -> (Folder, String) {
    let folder = Folder::new();
    let mut text = format!(
        "title = \"Live\"\nrefresh = \"{}s\"\nwindow = \"10m\"\n[sources.prom]\ntype = \"prometheus\"\nurl = \"{}\"\n[sources.alive]\ntype = \"command\"\ncommand = [\"date\", \"+%s\"]\nrefresh = \"1s\"\n[[dashboards]]\nname = \"d\"\n",
        REFRESH.as_secs(),
        prometheus.url()
    );
    for (title, view, query) in [
        ("Targets", "lamps", "up"),
        ("Memory", "stat", "node_memory_MemTotal_bytes"),
        ("Load", "chart", "node_load1"),
        ("Series", "sparkline", "prometheus_tsdb_head_series"),
    ] {
        let unit = if title == "Memory" { "bytes" } else { "" };
        text.push_str(&format!("[[dashboards.panels]]\ntitle = \"{title}\"\nview = \"{view}\"\nsource = \"prom\"\nquery = \"{query}\"\nunit = \"{unit}\"\nlayer = \"infrastructure\"\n"));
    }
    text.push_str("[[dashboards.panels]]\ntitle = \"Beside\"\nview = \"stat\"\nsource = \"alive\"\nunit = \"epoch\"\nlayer = \"business\"\n");
    let file = folder.write("live.toml", &text);
    (folder, file)
}

/// How many of the four panels say that their source is failing.
fn marked(text: &str) -> usize {
    text.matches("late ").count() + text.matches("stale ").count() + text.matches("no answer").count()
}

fn lively(session: &Session) {
    session.wait_for("all panels alive", |text| {
        marked(text) == 0
            && ["Targets", "Memory", "Load", "Series"].iter().all(|title| text.contains(title))
            && text.contains("all 2 sources")
            && !text.contains("connecting")
    });
}

#[test]
fn panels_show_what_prometheus_answers() {
    if !is_here("live::panels_show_what_prometheus_answers") {
        return;
    }
    let prometheus = Prometheus::started();
    prometheus.wait_until_it_has("prometheus_tsdb_head_series");
    let memory = prometheus.value("node_memory_MemTotal_bytes").unwrap();
    let expected = format!("{:.1} GiB", memory / 1024_f64.powi(3));
    for size in [(200, 50), (80, 24)] {
        let (_folder, file) = board(&prometheus);
        let mut session = Session::start(&["--config", &file], size);
        lively(&session);
        // The chart's legend carries the load as it is.
        let load = |text: &str| {
            let wanted = prometheus.value("node_load1").unwrap();
            let digits = andon::model::format::digits(wanted);
            text.contains(&format!("■ {digits}")) || text.contains(&format!("Load  {digits}"))
        };
        session.wait_for("the load of this moment", load);
        session.send("\t\t\t\r");
        let instance = prometheus.exporter_instance();
        session.send("\x1b");
        session.wait_for("both targets up", |text| text.contains(&instance[..6]) || text.contains("2 ok"));
        // Large digits are drawn; the strip and the snapshot spell them.
        let output = crate::support::run(&["status", "--config", &file]);
        let status = crate::support::stdout(&output);
        let number = expected.split(' ').next().unwrap();
        assert!(
            status.contains(&format!("{number} GiB"))
                || status.contains(&format!("{} GiB", number.trim_end_matches(".0"))),
            "{expected}:\n{status}"
        );
        assert!(status.contains("2 ok"), "{status}");
        session.send("q");
        assert_eq!(session.exit_within(Duration::from_secs(1)), Some(0));
    }
}

#[test]
fn a_frozen_prometheus_is_marked_and_recovers_and_nothing_else_notices() {
    if !is_here("live::a_frozen_prometheus_is_marked_and_recovers_and_nothing_else_notices") {
        return;
    }
    let prometheus = Prometheus::started();
    for size in [(200, 50), (80, 24)] {
        let (_folder, file) = board(&prometheus);
        let mut session = Session::start(&["--config", &file], size);
        lively(&session);
        prometheus.freeze();
        session.wait_at_most(MARKED + SLACK, "four marks, with age and reason", |text| {
            marked(text) >= 4 && text.contains("timeout")
        });
        let took = {
            session.send("?");
            session.wait_for("the help", |text| text.contains("freeze the picture"))
        };
        assert!(took < Duration::from_secs(1), "a key took {took:?}");
        session.send("?");
        // The panel beside goes on: its age stays young.
        session.wait_for("the healthy panel", |text| text.contains("Beside") && !text.contains("freeze the picture"));
        // Long enough for the other queries to have backed off.
        session.wait_for("an old age", |text| text.contains("late 12 s") || text.contains("late 13 s"));
        prometheus.thaw();
        session.wait_at_most(RECOVERED + SLACK, "all alive again", |text| {
            marked(text) == 0 && text.contains("all 2 sources")
        });
    }
}

#[test]
fn a_killed_prometheus_is_marked_and_recovers_when_it_is_back() {
    if !is_here("live::a_killed_prometheus_is_marked_and_recovers_when_it_is_back") {
        return;
    }
    let mut prometheus = Prometheus::started();
    let (_folder, file) = board(&prometheus);
    let session = Session::start(&["--config", &file], (120, 40));
    lively(&session);
    prometheus.kill();
    session.wait_at_most(MARKED + SLACK, "four marks", |text| marked(text) >= 4 && text.contains("connection refused"));
    session.wait_for("an old age", |text| text.contains("late 9 s") || text.contains("late 10 s"));
    prometheus.start();
    prometheus.wait_until_it_has("node_load1");
    session
        .wait_at_most(RECOVERED + SLACK, "all alive again", |text| marked(text) == 0 && text.contains("all 2 sources"));
}

#[test]
fn a_prometheus_absent_at_start_is_said_to_be_and_shows_when_it_comes() {
    if !is_here("live::a_prometheus_absent_at_start_is_said_to_be_and_shows_when_it_comes") {
        return;
    }
    let mut prometheus = Prometheus::prepared();
    let (_folder, file) = board(&prometheus);
    let session = Session::start(&["--config", &file], (120, 40));
    session.wait_at_most(MARKED + SLACK, "the reason", |text| {
        text.contains("connection refused") && text.contains("unknown")
    });
    prometheus.start();
    prometheus.wait_until_it_has("node_load1 and on() up == 1");
    session.wait_at_most(RECOVERED + SLACK, "all alive", |text| marked(text) == 0 && text.contains("all 2 sources"));
}
