//! What the board has received, written to real engines: what is read back there is what was measured here.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use andon::model::time::Timestamp;
use rusqlite::Connection;
use serde_json::Value;

use crate::support::engine::{Engine, Kind};
use crate::support::folder::Folder;
use crate::support::installed::is_installed;
use crate::support::prometheus::free_port;
use crate::support::pty::{PATIENCE, Session};
use crate::support::{andon, stdout};

/// A moment as RFC 3339 has it, and a value.
type Sample = (String, f64);

/// How long an engine is away: a minute where a script says so.
fn outage() -> Duration {
    let seconds = std::env::var("ANDON_OUTAGE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(4))
}

/// A board that listens for StatsD and writes to an engine.
struct Writing {
    folder: Folder,
    socket: UdpSocket,
    session: Session,
    /// The last value that was sent.
    value: u32,
}

impl Writing {
    fn start(engine: &Engine) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let history = folder.path().join("past.sqlite");
        let text = format!(
            "title = \"Writing\"\nrefresh = \"1s\"\nhistory = {{ path = \"{}\", flush = \"1s\" }}\n\
             [[remote_write]]\nurl = \"{}\"\nlabels = {{ team = \"shop\" }}\n\
             [sources.app]\ntype = \"statsd\"\nlisten = \"127.0.0.1:{port}\"\nflush = \"1s\"\nstale_after = \"8s\"\n\
             [[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\nid = \"orders\"\nview = \"chart\"\nsource = \"app\"\nquery = \"orders.open\"\n",
            history.display(),
            engine.write_url(),
        );
        let file = folder.write("b.toml", &text);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", port)).unwrap();
        Self { session: show(&file), folder, socket, value: 0 }
    }

    fn file(&self) -> String {
        self.folder.path().join("b.toml").display().to_string()
    }

    fn history(&self) -> PathBuf {
        self.folder.path().join("past.sqlite")
    }

    /// Sends rising values until something holds.
    fn send_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let (begin, patience) = (Instant::now(), PATIENCE + 2 * outage());
        while !holds(self) {
            assert!(begin.elapsed() < patience, "{what}: {}", self.session.text());
            self.value += 1;
            // Nobody may listen just now.
            let _unheard = self.socket.send(format!("orders.open:{}|g|#zone:a", self.value).as_bytes());
            // Each turn sends another value; the pause only keeps the sending polite.
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }

    /// What the board has measured: moments and values.
    fn measured(&self) -> Vec<Sample> {
        let arguments = ["query", "orders", "--config", &self.file(), "--from=-1h", "--format", "json"];
        let output = andon().args(arguments).env("ANDON_HISTORY", "").output().unwrap();
        let Ok(answer) = serde_json::from_str::<Value>(&stdout(&output)) else { return Vec::new() };
        let points = answer[0]["points"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
        points.map(|point| (point["time"].as_str().unwrap().to_owned(), point["value"].as_f64().unwrap())).collect()
    }

    fn restart(&mut self) {
        self.session = show(&self.file());
    }
}

fn show(file: &str) -> Session {
    let session = Session::start_with(&["--config", file], (160, 24), &[("ANDON_HISTORY", "")]);
    session.wait_for("the board", |text| text.contains("Writing"));
    session
}

/// The one series that an engine has of it; its labels are checked.
fn written(engine: &Engine) -> Vec<Sample> {
    let mut all = engine.samples("orders_open[1h]");
    assert!(all.len() < 2, "{all:?}");
    let Some((labels, samples)) = all.pop() else { return Vec::new() };
    for (key, value) in [("job", "andon"), ("source", "app"), ("team", "shop"), ("zone", "a")] {
        assert_eq!(labels[key], value, "{labels}");
    }
    assert!(samples.is_sorted_by(|a, b| a.0 < b.0), "one is there twice: {samples:?}");
    samples.into_iter().map(|(at, value)| (Timestamp(at).rfc3339(), value)).collect()
}

/// Requests that wait on disk.
fn waiting(history: &Path) -> i64 {
    let count = || {
        let connection = Connection::open_with_flags(history, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        connection.query_row("SELECT count(*) FROM outgoing", [], |row| row.get(0)).ok()
    };
    count().unwrap_or(0)
}

/// Through an outage of the engine and a restart of the board, by a signal or by a kill.
fn through_an_outage(kind: Kind, is_killed: bool) {
    let mut engine = Engine::start(kind);
    let mut board = Writing::start(&engine);
    board.send_until("the first samples", |_| written(&engine).len() > 2);
    engine.stop();
    let begin = Instant::now();
    board.send_until("that it is away", |board| {
        board.session.text().contains("connection refused") && begin.elapsed() >= outage()
    });
    board.send_until("that requests wait on disk", |board| waiting(&board.history()) > 1);
    if is_killed {
        board.session.signal(rustix::process::Signal::KILL);
    } else {
        board.session.send("q");
    }
    assert!(board.session.exit_within(Duration::from_secs(5)).is_some());
    let poisoned = if is_killed { poison(&board.history()) } else { 0 };
    board.restart();
    engine.start_again();
    let before = board.value;
    board.send_until("what waited, and new values", |_| {
        written(&engine).last().is_some_and(|last| last.1 > f64::from(before))
    });
    if is_killed {
        let said = format!("samples refused: {poisoned} (HTTP 400");
        board.session.wait_for("that a request was refused", |text| text.contains(&said));
    }
    read_back(&engine, written(&engine).iter().map(|sample| sample.1).fold(0.0, f64::max));
    let doctor = stdout(&andon().args(["doctor", "--config", &board.file()]).output().unwrap());
    assert!(doctor.contains("an empty request was taken"), "{doctor}");
    // Nobody sends any more: all that was measured gets there.
    let begin = Instant::now();
    let (measured, written) = loop {
        let (written, measured) = (written(&engine), board.measured());
        if measured.last() == written.last() {
            break (measured, written);
        }
        assert!(begin.elapsed() < PATIENCE, "{:?} and {:?}", measured.last(), written.last());
    };
    compare(&measured, &written, poisoned, is_killed);
    // The engine is told, and shows nothing old as new.
    board.session.wait_for("that it is stale", |text| text.contains("stale"));
    let begin = Instant::now();
    while engine.count("orders_open") > 0 {
        assert!(begin.elapsed() < PATIENCE, "no stale marker");
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// Another board reads the engine by its `prometheus` source.
fn read_back(engine: &Engine, greatest: f64) {
    let folder = Folder::new();
    let text = format!(
        "[sources.engine]\ntype = \"prometheus\"\nurl = \"{}\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\n\
         id = \"most\"\nview = \"gauge\"\nmax = 1000\nsource = \"engine\"\n\
         query = \"max_over_time(orders_open{{team='shop'}}[1h])\"\n",
        engine.url()
    );
    let file = folder.write("b.toml", &text);
    let output = andon().args(["query", "most", "--live", "--config", &file, "--format", "json"]).output().unwrap();
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{output:?}"));
    let read = answer[0]["points"][0]["value"].as_f64().unwrap_or_else(|| panic!("{answer}"));
    assert!(read >= greatest, "{read} is less than {greatest}");
}

/// Writes rubbish into the oldest request that waits; how many samples were in it.
fn poison(history: &Path) -> usize {
    let connection = Connection::open(history).unwrap();
    let (rowid, samples): (i64, i64) = connection
        .query_row("SELECT rowid, samples FROM outgoing ORDER BY number LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    connection.execute("UPDATE outgoing SET body = x'ff00ff00' WHERE rowid = ?1", [rowid]).unwrap();
    samples as usize
}

/// All that was measured is there, once each, but for those of the poisoned request and, of a board that was killed, the
/// newest of before: what is written is of the last seconds.
fn compare(measured: &[Sample], written: &[Sample], poisoned: usize, is_killed: bool) {
    for sample in written {
        assert!(measured.contains(sample), "{sample:?} was never measured: {measured:?}");
    }
    let missing = measured.iter().filter(|sample| !written.contains(sample)).count();
    // Five seconds of gathering and one of the flush, at a sample a second.
    let may_miss = if is_killed { poisoned + 7 } else { 0 };
    assert!(missing >= poisoned && missing <= may_miss, "{missing} are missing, {poisoned} were poisoned");
}

#[test]
fn live_victoria_metrics_has_what_was_measured_through_an_outage_and_a_restart() {
    if is_installed("remote_write::live_victoria_metrics", &[Kind::VictoriaMetrics.program()]) {
        through_an_outage(Kind::VictoriaMetrics, false);
    }
}

#[test]
fn live_victoria_metrics_has_what_was_measured_though_the_board_was_killed_and_a_request_was_poisoned() {
    if is_installed("remote_write::live_victoria_metrics", &[Kind::VictoriaMetrics.program()]) {
        through_an_outage(Kind::VictoriaMetrics, true);
    }
}

#[test]
fn live_prometheus_has_what_was_measured_through_an_outage_and_a_restart() {
    if is_installed("remote_write::live_prometheus", &[Kind::Prometheus.program()]) {
        through_an_outage(Kind::Prometheus, false);
    }
}

#[test]
fn live_prometheus_has_what_was_measured_though_the_board_was_killed_and_a_request_was_poisoned() {
    if is_installed("remote_write::live_prometheus", &[Kind::Prometheus.program()]) {
        through_an_outage(Kind::Prometheus, true);
    }
}
