//! Lines of logs: how long a million take to be read apart, and how much of a core following a log takes.
//!
//! Run with: cargo bench --bench logs
//! `ANDON_BENCH_LINES` (default 1,000,000).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench stops where something is wrong, and says what it saw"
)]

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use andon::model::log_pattern::LogPatterns;
use andon::model::time::Timestamp;
use andon::source::logs::format::{Format, Parser};
use jiff::tz::TimeZone;

/// 21 November 2026, 15:30 UTC.
const NOW: Timestamp = Timestamp(1_795_275_000_000);

const LINES: [(&str, &str); 5] = [
    (
        "JSON",
        r#"{"time":"2026-11-21T14:03:20.123Z","level":"error","logger":"shop.pay","msg":"card of ann refused","status":502}"#,
    ),
    ("logfmt", "ts=2026-11-21T14:03:20.123Z level=error logger=shop.pay msg=\"card of ann refused\" status=502"),
    ("access log", "10.0.0.1 - - [21/Nov/2026:14:03:20 +0000] \"POST /pay HTTP/1.1\" 502 12 \"-\" \"curl/8.0\""),
    ("syslog", "<11>1 2026-11-21T14:03:20.123Z web shop 42 - - card of ann refused"),
    ("plain", "2026-11-21 14:03:20,123 ERROR [main] com.acme.Shop - card of ann refused"),
];

fn main() {
    let lines = std::env::var("ANDON_BENCH_LINES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    for (name, line) in LINES {
        let parser = Parser::new(Format::Auto, None).unwrap();
        let begin = Instant::now();
        let with_level = (0..lines).filter(|_| parser.parse(line, NOW, &TimeZone::UTC).level.is_some()).count();
        assert_eq!(with_level, lines);
        println!("{lines} lines of {name}, format found: {:.2} s", begin.elapsed().as_secs_f64());
    }
    let begin = Instant::now();
    let mut patterns = LogPatterns::default();
    for n in 0..lines {
        patterns.add(&format!("card {n} of ann refused: timed out after {} ms", n % 3000));
    }
    println!("{lines} messages by pattern: {:.2} s", begin.elapsed().as_secs_f64());
    follow(50_000, Duration::from_secs(10));
}

/// Follows a log of so many lines a second with the whole program, and says how much of a core that takes.
fn follow(per_second: usize, time: Duration) {
    let folder = std::env::temp_dir().join(format!("andon-bench-logs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (log, board) = (folder.join("a.log"), folder.join("board.toml"));
    let mut file = File::options().append(true).create(true).open(&log).unwrap();
    let text = format!(
        "refresh = \"1s\"\nhistory = \"off\"\n[sources.log]\ntype = \"logs\"\nfiles = [\"{}\"]\n[sources.log.rules.errors]\n\
         level = \"error\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"logs\"\nsource = \"log\"\n\
         [[dashboards.panels]]\nview = \"stat\"\nsource = \"log\"\nquery = \"errors\"\n",
        log.display()
    );
    std::fs::write(&board, text).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(["run", "--plain", "--config"])
        .arg(&board)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let used = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<u64> =
            stat.rsplit(')').next().unwrap().split_whitespace().filter_map(|word| word.parse().ok()).collect();
        // utime and stime, in hundredths of a second; the state before them is no number.
        (fields[10] + fields[11]) as f64 / 100.0
    };
    std::thread::sleep(Duration::from_secs(1));
    let (begin, before) = (Instant::now(), used(child.id()));
    let step: String = (0..per_second / 20).flat_map(|n| [LINES[n % LINES.len()].1, "\n"]).collect();
    while begin.elapsed() < time {
        file.write_all(step.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), used(child.id()) - before);
    println!("{per_second} lines a second followed: {:.0} % of a core", 100.0 * cpu / seconds);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
