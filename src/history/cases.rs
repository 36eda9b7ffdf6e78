//! What is kept is remembered, over restarts and in time that flies.

mod as_of;
mod lines;
mod outgoing;
mod run;
mod statuses;

use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::*;
use crate::model::event::{Event, EventKind};
use crate::model::labels::Labels;
use crate::model::series::{Coverage, Point, Series, SeriesSet};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::store::News;
use run::{DAY, Run, START, key};

#[test]
fn a_board_that_was_killed_knows_all_but_what_was_not_flushed() {
    let mut run = Run::new("killed");
    for n in 0..30 {
        run.measure(2, |series| (n * 10 + series) as f64);
        run.pass(10_000);
        if n < 29 {
            run.flush();
        }
    }
    run.keep(Record::Noted(Box::new(Event {
        at: run.now(),
        kind: EventKind::Alert,
        title: "x".into(),
        ..Event::default()
    })));
    run.kill();
    let points = run.points(START);
    assert_eq!(points.len(), 29);
    assert_eq!((points[28].at, points[28].value), (Timestamp(START + 280_000), 280.0));
    let past = run.past(START + 100_000);
    assert_eq!(past.last, Some(Timestamp(START + 280_000)));
    assert!(past.noted.is_empty(), "it was not flushed");
    assert_eq!(run.points(START + 100_000).len(), 19, "only what is asked for");
}

#[test]
fn what_is_no_number_is_remembered_as_it_was_last() {
    let mut run = Run::new("snapshots");
    let table = crate::model::table::Table {
        columns: vec!["a".into()],
        rows: vec![
            vec![crate::model::table::Cell::Number(f64::NAN)],
            vec![crate::model::table::Cell::Text("x".into())],
        ],
        own: vec![crate::model::table::OwnStatus { since: Some(Timestamp(5)), ..Default::default() }; 2],
    };
    let events = vec![Event { at: Timestamp(5), health: Some(Status::Warning), ..Event::default() }];
    let text = |text: &str| News::Text(Arc::new(vec![SafeText::new(text)]));
    for (query, news) in [
        ("table", News::Table(Arc::new(table))),
        ("events", News::Events(Arc::new(events))),
        ("text", text("first")),
        ("text", text("last")),
    ] {
        run.keep(Record::Snapshot(key(query), run.now(), news.clone()));
        run.flush();
        run.kill();
        let remembered = &run.past(START).queries[&key(query)];
        assert_eq!(remembered.news.last().unwrap().1, news, "{query}");
    }
}

#[test]
fn builds_keep_their_streaks() {
    let mut run = Run::new("builds");
    let build = crate::model::build::Build {
        name: "shop".into(),
        result: crate::model::build::BuildResult::Failure,
        finished_at: Some(Timestamp(START)),
        estimate: Some(Span::seconds(90)),
        ..Default::default()
    };
    let mut store = crate::store::Stored::default();
    let answer = crate::model::telemetry::Telemetry::Builds(vec![build]);
    let news = store_news(&mut store, answer);
    run.keep(Record::Snapshot(key("builds"), run.now(), news.clone()));
    run.flush();
    run.kill();
    assert_eq!(run.past(START).queries[&key("builds")].news[0].1, news);
}

/// What a store makes of an answer.
fn store_news(stored: &mut crate::store::Stored, answer: crate::model::telemetry::Telemetry) -> News {
    let mut store = crate::store::Store::new(std::iter::once(crate::model::poll::QueryId(0)), Span::seconds(60));
    let outcome = crate::model::poll::Outcome {
        query: crate::model::poll::QueryId(0),
        at: Timestamp(START),
        answer: Ok(answer),
        failures: 0,
        next_try: Timestamp(START),
        listener_error: None,
        budget: None,
        age: Span(0),
        clock_skew: None,
    };
    let facts = store.apply(outcome);
    *stored = store.entry(crate::model::poll::QueryId(0)).unwrap().stored.clone();
    let news = facts.into_iter().find_map(|fact| match fact {
        crate::store::facts::Fact::News { news, .. } => Some(news),
        _ => None,
    });
    news.unwrap()
}

#[test]
fn as_it_grows_old_it_is_thinned_out_and_no_extreme_is_lost() {
    let mut run = Run::new("old");
    let minutes = 10 * 24 * 60;
    for n in 0..minutes {
        // A spike of a moment, once in ten days.
        run.measure(1, |_| {
            if n == 2000 {
                1000.0
            } else if n == 2001 {
                -1000.0
            } else {
                f64::from(n % 60)
            }
        });
        run.pass(60_000);
        if n % 30 == 29 {
            run.flush();
        }
    }
    run.flush();
    let now = run.now().0;
    let first = run.points(START)[0].at.0;
    assert!((now - DAY - 3 * 3_600_000..=now - DAY).contains(&first), "raw for a day: {}", (now - first) / 3_600_000);
    for (step, days) in [(60, 7), (600, 10), (86_400, 10)] {
        let buckets = run.buckets(step);
        let kept = (now - buckets[0].at.0) as f64 / DAY as f64;
        assert!((f64::from(days)..f64::from(days) + 1.2).contains(&kept), "{step}: {kept} days");
        assert!(buckets.is_sorted_by_key(|bucket| bucket.at), "{step}");
    }
    let extremes =
        |step| run.buckets(step).iter().fold((0.0_f64, 0.0_f64), |(low, high), b| (low.min(b.min), high.max(b.max)));
    assert_eq!(extremes(600), (-1000.0, 1000.0));
    assert_eq!(extremes(86_400), (-1000.0, 1000.0));
    let whole_day = run.buckets(86_400)[3];
    assert_eq!((whole_day.count, whole_day.gap), (1440, 0));
}

#[test]
fn it_stays_within_its_bound_and_forgets_the_oldest_first() {
    let mut run = Run::new("bound");
    run.max_bytes = 8 << 20;
    for n in 0..24 * 12 {
        // Noise, which takes the most room.
        for step in 0..20 {
            run.measure(100, |series| f64::from(n * 20 + step).sin() * (series as f64 + 0.1));
            run.pass(15_000);
        }
        run.flush();
    }
    let size = std::fs::metadata(run.settings().path).unwrap().len();
    assert!(size < 12 << 20, "{size} bytes");
    let newest = run.points(START).last().unwrap().at;
    assert_eq!(newest, run.now().minus(Span::seconds(15)));
}

#[test]
fn a_disk_that_takes_nothing_is_said_and_what_came_waits_for_it() {
    let mut run = Run::new("full");
    run.measure(1, |_| 1.0);
    run.flush();
    assert_eq!(run.trouble.get(), None);
    // Whoever holds the file stands for a disk that takes nothing.
    let holder = Connection::open(run.settings().path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    run.pass(10_000);
    run.measure(1, |_| 2.0);
    run.flush();
    assert!(run.trouble.get().is_some_and(|why| why.contains("locked")), "{:?}", run.trouble.get());
    holder.execute_batch("ROLLBACK").unwrap();
    run.pass(10_000);
    run.measure(1, |_| 3.0);
    run.flush();
    assert_eq!(run.trouble.get(), None);
    let values: Vec<f64> = run.points(START).iter().map(|point| point.value).collect();
    assert_eq!(values, [1.0, 2.0, 3.0], "nothing was lost");
}

#[test]
fn a_file_that_breaks_while_it_is_used_is_kept_and_a_new_one_begun() {
    let mut run = Run::new("broken");
    for _ in 0..200 {
        run.measure(20, |n| n as f64);
        run.flush();
        run.pass(10_000);
    }
    run.kill();
    let path = run.settings().path;
    // Everything but the first page.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let past = run.past(START);
    assert!(past.queries.is_empty());
    run.measure(1, |_| 7.0);
    run.flush();
    assert_eq!(run.trouble.get(), None, "it goes on");
    assert_eq!(run.points(START).len(), 1);
    let names: Vec<String> = std::fs::read_dir(&run.folder)
        .unwrap()
        .map(|one| one.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().any(|name| name.contains(".broken-")), "{names:?}");
}

#[test]
fn a_clock_that_is_set_back_loses_nothing() {
    let mut run = Run::new("clock");
    run.measure(1, |_| 1.0);
    run.flush();
    run.pass(-3_600_000);
    run.measure(1, |_| 2.0);
    run.flush();
    run.kill();
    let values: Vec<f64> = run.points(START - DAY).iter().map(|point| point.value).collect();
    assert_eq!(values, [2.0, 1.0]);
}

#[test]
fn only_what_turns_is_kept_of_polls() {
    let mut run = Run::new("polls");
    for (at, error) in [(0, None), (1, Some("refused")), (2, Some("refused")), (3, None), (4, None)] {
        run.keep(Record::Polled(key("cpu"), Timestamp(START + at), error.map(str::to_owned)));
    }
    run.flush();
    let connection = Connection::open(run.settings().path).unwrap();
    let mut failed = connection.prepare("SELECT at, error FROM failed ORDER BY at").unwrap();
    let rows: Vec<(i64, Option<String>)> =
        failed.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, [(START + 1, Some("refused".to_owned())), (START + 3, None)]);
    assert_eq!(run.past(START).last, Some(Timestamp(START + 4)));
}

#[test]
fn the_thread_writes_what_waits_when_it_ends() {
    let run = Run::new("thread");
    let clock = Arc::new(Mutex::new(START));
    let (history, past) =
        History::start(run.settings(), Timestamp(START), move || Timestamp(*clock.lock().unwrap())).unwrap();
    assert!(past.blocking_recv().unwrap().queries.is_empty());
    let set = SeriesSet::new(
        vec![Series { labels: Labels::named("a"), points: vec![Point { at: Timestamp(START), value: 1.0 }] }],
        Coverage::Sample,
    );
    history.keep(Record::Points(key("cpu"), set.series));
    drop(history);
    let mut run = run;
    assert_eq!(run.points(START).len(), 1);
}

#[test]
fn a_smaller_bound_makes_a_smaller_file() {
    let mut run = Run::new("smaller");
    for n in 0..24 {
        for step in 0..60 {
            run.measure(300, |series| f64::from(n * 60 + step).sin() * (series as f64 + 0.1));
            run.pass(15_000);
        }
        run.flush();
    }
    run.pass(7_200_000);
    run.flush();
    let size = |run: &Run| std::fs::metadata(run.settings().path).unwrap().len();
    let before = size(&run);
    run.max_bytes = before / 4;
    run.kill();
    run.measure(1, |_| 1.0);
    run.flush();
    run.kill();
    assert!(size(&run) < before / 2, "{before} bytes, then {}", size(&run));
}

#[test]
fn the_newest_answer_is_the_one_that_came_last_whatever_the_clock_says() {
    let mut run = Run::new("ahead");
    let text = |text: &str| News::Text(Arc::new(vec![SafeText::new(text)]));
    run.pass(3_600_000);
    run.keep(Record::Snapshot(key("state"), run.now(), text("all green")));
    run.flush();
    run.pass(-3_500_000);
    run.keep(Record::Snapshot(key("state"), run.now(), text("red")));
    run.flush();
    run.kill();
    assert_eq!(run.past(START).queries[&key("state")].news.last().unwrap().1, text("red"));
    // What is a number now is not what it was.
    run.keep(Record::Snapshot(key("cpu"), run.now(), text("starting")));
    run.flush();
    run.pass(10_000);
    run.measure(1, |_| 7.0);
    run.flush();
    run.kill();
    let news = &run.past(START).queries[&key("cpu")].news;
    assert!(matches!(news.as_slice(), [(_, News::Series(_))]), "{news:?}");
}

#[test]
fn a_clock_that_is_far_ahead_for_a_while_makes_nobody_forget() {
    let mut run = Run::new("forward");
    for _ in 0..3 {
        run.measure(1, |_| 1.0);
        run.flush();
        run.pass(7_200_000);
    }
    run.flush();
    run.pass(14 * 365 * DAY);
    run.measure(1, |_| 2.0);
    run.flush();
    run.pass(-14 * 365 * DAY);
    run.flush();
    assert_eq!(run.buckets(60).len(), 3);
    let values: Vec<f64> = run.points(START).iter().map(|point| point.value).collect();
    assert_eq!(values[..3], [1.0, 1.0, 1.0]);
}

#[test]
fn who_finds_the_file_taken_writes_nothing_of_that_time_later() {
    let (mut first, mut second) = (Run::new("taken"), Run::new("other"));
    second.folder.clone_from(&first.folder);
    first.measure(1, |_| 1.0);
    first.flush();
    for run in [&mut first, &mut second] {
        run.pass(10_000);
        run.measure(1, |_| 2.0);
        run.flush();
    }
    assert!(second.trouble.get().is_some_and(|why| why.contains("another andon")), "{:?}", second.trouble.get());
    first.kill();
    second.writer().open();
    second.pass(10_000);
    second.measure(1, |_| 3.0);
    second.flush();
    let values: Vec<f64> = second.points(START).iter().map(|point| point.value).collect();
    assert_eq!(values, [1.0, 2.0, 3.0]);
}
