//! A month of many series in the history: how large it becomes, how long it takes to open and to remember an hour.
//!
//! Run with: cargo bench --bench history
//! `ANDON_BENCH_SERIES` (default 1000), `ANDON_BENCH_DAYS` (default 30); a value a minute of each.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops where something is wrong, and says what it saw"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use andon::config::{Board, Overrides, load_text};
use andon::history::read::Reader;
use andon::history::{History, Record, Settings};
use andon::hub::Hub;
use andon::model::labels::Labels;
use andon::model::series::{Point, Series};
use andon::model::status::Status;
use andon::model::time::{Span, Timestamp, Zone};
use andon::source::Clock;

const START: i64 = 1_795_267_800_000;
const MINUTE: i64 = 60_000;

fn setting(name: &str, default: i64) -> i64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Something between a value that stands and noise: what machines and shops measure.
fn value(series: i64, minute: i64) -> f64 {
    let day = (minute as f64 / 1440.0 * std::f64::consts::TAU).sin();
    let noise = f64::from(((series * 7919 + minute * 104_729) % 1000) as i32) / 1000.0;
    match series % 4 {
        0 => (100.0 + 40.0 * day + 10.0 * noise).round(),
        1 => ((0.4 + 0.2 * day + 0.1 * noise) * 1000.0).round() / 1000.0,
        2 => 100.0 + 40.0 * day + 10.0 * noise,
        _ => 1.0,
    }
}

fn main() {
    let (count, days) = (setting("ANDON_BENCH_SERIES", 1000), setting("ANDON_BENCH_DAYS", 30));
    let folder = std::env::temp_dir().join(format!("andon-bench-{}", std::process::id()));
    let path = folder.join("month.sqlite");
    let clock = Arc::new(AtomicI64::new(START));
    let settings = Settings { path: path.clone(), max_bytes: 256 << 20, flush: Span(1), logs: false };
    let told = Arc::clone(&clock);
    let tell = move || Timestamp(told.load(Ordering::Relaxed));
    let (history, past) = History::start(settings.clone(), Timestamp(START), tell).unwrap();
    past.blocking_recv().unwrap();
    // A source of events is asked for those as well.
    let board = board(Span(0));
    let key = board.queries.iter().find(|query| query.ask.history.is_some()).unwrap().key.clone();
    let labels: Vec<Labels> = (0..count).map(|n| Labels::named(&format!("series {n}"))).collect();
    let begin = Instant::now();
    // Half an hour in one go.
    for half_hour in 0..days * 48 {
        let minutes = || half_hour * 30..(half_hour + 1) * 30;
        let series = (0..).zip(&labels).map(|(n, labels)| Series {
            labels: labels.clone(),
            points: minutes().map(|m| Point { at: Timestamp(START + m * MINUTE), value: value(n, m) }).collect(),
        });
        clock.store(START + minutes().end * MINUTE, Ordering::Relaxed);
        history.keep(Record::Points(key.clone(), series.collect()));
        history.keep(Record::Polled(key.clone(), Timestamp(START + minutes().end * MINUTE), None));
        // It is kept in the order it comes; what runs ahead would be lost.
        let wanted = (half_hour + 1) * 30 * MINUTE + START;
        while answered(&path) < wanted {
            assert_eq!(history.trouble(), None);
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
    let took = begin.elapsed();
    drop(history);
    let size = std::fs::metadata(&path).unwrap().len();
    println!(
        "{count} series, a value a minute, {days} days: {:.1} MB, written in {:.1} s",
        size as f64 / 1e6,
        took.as_secs_f64()
    );
    let now = clock.load(Ordering::Relaxed);
    let mut opened: Vec<Duration> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            let past = Reader::open(&path).unwrap().past(Timestamp(now - 60 * MINUTE)).unwrap();
            assert_eq!(past.queries.len(), 1);
            begin.elapsed()
        })
        .collect();
    opened.sort_unstable();
    println!("opened, and an hour of all of it remembered: {:.0} ms (median of 5)", opened[2].as_secs_f64() * 1e3);
    let hour = (Span(60 * MINUTE), Span(0));
    let month = (Span(days * 1440 * MINUTE), Span(days * 1440 * MINUTE / 360));
    for (what, ago, shown) in [
        ("the board as of two hours ago, a step", 120, hour),
        ("the same as of three days ago", 3 * 1440, hour),
        // What is older may have been forgotten: the file is at its bound.
        ("the same as of six days ago", 6 * 1440, hour),
        ("graphs of the whole time up to now", 0, month),
    ] {
        println!("{what}: {:.0} ms (median of 5)", step(&path, now - ago * MINUTE, shown, now).as_secs_f64() * 1e3);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// How long it takes to know what was known at a moment, and to make a scene of it: a step of the time machine.
fn step(path: &std::path::Path, at: i64, shown: (Span, Span), now: i64) -> Duration {
    let board = Arc::new(board(shown.0));
    let mut took: Vec<Duration> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            let (past, _) = Reader::open(path).unwrap().as_of(Timestamp(at), shown, Timestamp(now)).unwrap();
            let mut hub = Hub::new(Arc::clone(&board), Zone::utc(), Clock::Standing(Timestamp(at)));
            hub.recall(past);
            let scene = hub.scene_at(Timestamp(at));
            assert_eq!(scene.pages[0].panels[0].status, Status::Ok, "{:?}", scene.pages[0].panels[0].reason);
            begin.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[2]
}

/// A board of one graph of all series.
fn board(window: Span) -> Board {
    let text = "[sources.app]\ntype = \"statsd\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\n\
                view = \"chart\"\nsource = \"app\"\nwarning = \"> 1000\"\n";
    load_text("board", text, Overrides::default()).unwrap().board.widened(window)
}

/// When the query was answered last, as the file says.
fn answered(path: &std::path::Path) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let read = || {
        let connection = rusqlite::Connection::open_with_flags(path, flags).ok()?;
        connection.query_row("SELECT max(at) FROM answered WHERE query <> ''", [], |row| row.get(0)).ok()
    };
    read().unwrap_or(0)
}
