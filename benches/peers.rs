//! andon beside its peers, as a user meets them: whole programs in a pseudo terminal.
//!
//! Twelve panels at 200x50, refreshed each second, from a real Prometheus on loopback; `btm` on the same
//! machine in the same run, turn by turn. Prints the README's table. Nothing is judged here.
//!
//! Needs: a release build, `prometheus` and `prometheus-node-exporter` (tests/run installs them), and
//! `btm` on the path (cargo install bottom). Run with: cargo bench --bench peers
//! `ANDON_BENCH_SECONDS` sets the length of a run (default 60).

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::string_slice,
    reason = "a bench stops where something is wrong, and shares the tests' servers"
)]

#[path = "../tests/suite/support/folder.rs"]
mod folder;
#[path = "../tests/suite/support/installed.rs"]
mod installed;
#[path = "../tests/suite/support/prometheus.rs"]
mod prometheus;

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const SIZE: PtySize = PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };
/// Output this far apart belongs to two refreshes.
const APART: Duration = Duration::from_millis(150);
/// From the start until a run is steady.
const WARM_UP: Duration = Duration::from_secs(4);

/// What one run showed.
#[derive(Debug, Default)]
struct Run {
    first_data: Option<Duration>,
    refreshes_a_second: f64,
    bytes_a_refresh: f64,
    cpu_a_minute: f64,
    peak_kib: u64,
    switches_a_second: f64,
}

type Seen = Arc<Mutex<Vec<(Instant, Vec<u8>)>>>;

fn main() {
    let seconds: u64 = std::env::var("ANDON_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    if !prometheus::is_here("benches/peers") {
        return;
    }
    let server = prometheus::Prometheus::started();
    server.wait_until_it_has("prometheus_tsdb_head_series");
    let folder = folder::Folder::new();
    let andon = env!("CARGO_BIN_EXE_andon");
    let twelve = folder.write("twelve.toml", &board(&server.url(), 12));
    let many = folder.write("many.toml", &board(&server.url(), 200));
    let still = folder.write("still.toml", &board(&server.url(), 12).replace("refresh = \"1s\"", "refresh = \"10m\""));
    let data = |text: &str| text.contains("GiB") || text.contains("MiB") || text.contains("■ ");
    let btm_data = |text: &str| text.contains("RAM:");
    println!("five starts each, in turn:");
    let starts: Vec<(Duration, Duration)> = (0..5)
        .map(|_| {
            let ours = start(andon, &["--config", &twelve], data, 4);
            let theirs = start("btm", &["--rate", "1s"], btm_data, 4);
            (ours.unwrap_or_default(), theirs.unwrap_or_default())
        })
        .collect();
    let median = |pick: fn(&(Duration, Duration)) -> Duration| {
        let mut all: Vec<Duration> = starts.iter().map(pick).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    // Every source connected, and the panels that have no room counted as known.
    let first_of_many = start(
        andon,
        &["--config", &many],
        |text| text.contains("200 panels without limits") && text.contains("1 source"),
        10,
    );
    let ours = steady(andon, &["--config", &twelve], data, seconds);
    let theirs = steady("btm", &["--rate", "1s"], btm_data, seconds);
    let quiet = steady(andon, &["--config", &still], data, seconds.min(20));
    println!("\n| 12 panels, 200x50, 1 s, Prometheus on loopback | btm | andon |");
    println!("|---|---|---|");
    let millis = |duration: Duration| format!("{:.0} ms", duration.as_secs_f64() * 1000.0);
    println!("| exec to first data on screen | {} | {} |", millis(median(|s| s.1)), millis(median(|s| s.0)));
    println!("| refreshes drawn per second | {:.2} | {:.2} |", theirs.refreshes_a_second, ours.refreshes_a_second);
    println!("| CPU for a minute | {:.2} s | {:.2} s |", theirs.cpu_a_minute, ours.cpu_a_minute);
    println!("| peak memory | {:.1} MiB | {:.1} MiB |", theirs.peak_kib as f64 / 1024.0, ours.peak_kib as f64 / 1024.0);
    println!("| bytes per refresh | {:.0} | {:.0} |", theirs.bytes_a_refresh, ours.bytes_a_refresh);
    println!("| bytes per second, nothing new | – | {:.0} |", quiet.bytes_a_refresh * quiet.refreshes_a_second);
    println!("| context switches per second | {:.0} | {:.0} |", theirs.switches_a_second, ours.switches_a_second);
    println!("| 200 panels: first data | – | {} |", first_of_many.map_or_else(|| "none".to_owned(), millis));
}

/// A board of panels, each with a query of its own.
fn board(url: &str, panels: usize) -> String {
    let queries = [
        ("stat", "node_memory_MemTotal_bytes", "bytes"),
        ("chart", "rate(node_cpu_seconds_total{cpu=\\\"0\\\"}[15s])", "percent"),
        ("sparkline", "node_load1", ""),
        ("gauge", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "percent"),
        ("chart", "prometheus_tsdb_head_series", ""),
        ("stat", "process_resident_memory_bytes{job=\\\"prometheus\\\"}", "bytes"),
    ];
    let mut text = format!(
        "refresh = \"1s\"\nwindow = \"15m\"\n[sources.p]\ntype = \"prometheus\"\nurl = \"{url}\"\n[[dashboards]]\nname = \"d\"\n"
    );
    for n in 0..panels {
        let (view, query, unit) = queries[n % queries.len()];
        // Distinct queries: equal ones would be fetched once.
        let query = format!("{query} + 0 * {n}");
        text.push_str(&format!("[[dashboards.panels]]\nid = \"p{n}\"\nview = \"{view}\"\nsource = \"p\"\nquery = \"{query}\"\nunit = \"{unit}\"\n"));
    }
    text
}

/// Runs a program until its screen holds something, at most so many seconds; how long that took.
fn start(program: &str, arguments: &[&str], holds: fn(&str) -> bool, seconds: u64) -> Option<Duration> {
    let mut run = Terminal::start(program, arguments);
    let found = run.first(holds, Duration::from_secs(seconds));
    run.end();
    found
}

fn steady(program: &str, arguments: &[&str], holds: fn(&str) -> bool, seconds: u64) -> Run {
    let mut run = Terminal::start(program, arguments);
    let first_data = run.first(holds, WARM_UP);
    wait_until(run.begin + WARM_UP);
    let (cpu, switches, begin) = (run.cpu(), run.switches(), Instant::now());
    wait_until(begin + Duration::from_secs(seconds));
    let spent = begin.elapsed().as_secs_f64();
    let (cpu, switches) = (run.cpu() - cpu, run.switches() - switches);
    let peak_kib = run.status("VmHWM:");
    let seen = run.seen.lock().unwrap().clone();
    run.end();
    let window: Vec<&(Instant, Vec<u8>)> = seen.iter().filter(|(at, _)| *at >= begin).collect();
    let bytes: usize = window.iter().map(|(_, bytes)| bytes.len()).sum();
    let refreshes = 1 + window.windows(2).filter(|pair| pair[1].0 - pair[0].0 > APART).count();
    Run {
        first_data,
        refreshes_a_second: refreshes as f64 / spent,
        bytes_a_refresh: bytes as f64 / refreshes as f64,
        cpu_a_minute: cpu / spent * 60.0,
        peak_kib,
        switches_a_second: switches as f64 / spent,
    }
}

fn wait_until(moment: Instant) {
    while let Some(left) = moment.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

struct Terminal {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
    seen: Seen,
    begin: Instant,
    pid: u32,
}

impl Terminal {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let begin = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen: Seen = Arc::default();
        let shared = Arc::clone(&seen);
        let mut keyboard = pair.master.take_writer().unwrap();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                // A program that asks where the cursor is would wait two seconds for the answer.
                if buffer[..count].windows(4).any(|bytes| bytes == b"\x1b[6n") {
                    let _gone = keyboard.write_all(b"\x1b[1;1R");
                }
                shared.lock().unwrap().push((Instant::now(), buffer[..count].to_vec()));
            }
        });
        let pid = child.process_id().unwrap();
        Self { child, _master: pair.master, seen, begin, pid }
    }

    /// When the screen first held something. The emulator runs afterwards, so that it costs the program
    /// nothing.
    fn first(&mut self, holds: fn(&str) -> bool, patience: Duration) -> Option<Duration> {
        wait_until(self.begin + patience);
        let mut parser = vt100::Parser::new(SIZE.rows.try_into().unwrap(), SIZE.cols.try_into().unwrap(), 0);
        for (at, bytes) in self.seen.lock().unwrap().iter() {
            parser.process(bytes);
            if holds(&parser.screen().contents()) {
                return Some(*at - self.begin);
            }
        }
        None
    }

    /// CPU seconds of all threads so far. Source: proc(5), /proc/PID/stat, fields 14 and 15.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    fn switches(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid));
        tasks
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
            .map(|status| field(&status, "voluntary_ctxt_switches:") + field(&status, "nonvoluntary_ctxt_switches:"))
            .sum()
    }

    fn status(&self, name: &str) -> u64 {
        field(&std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default(), name)
    }

    fn end(mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}
