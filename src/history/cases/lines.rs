//! Lines of logs.

use std::sync::Arc;

use super::run::{Run, START, key};
use crate::history::record::Record;
use crate::model::log::LogLine;
use crate::model::time::Timestamp;
use crate::store::News;

#[test]
fn lines_of_logs_are_kept_without_secrets_and_the_oldest_make_room() {
    let mut run = Run::new("lines");
    let line = |number: u64, message: &str| {
        let fields = vec![("token".into(), "CANARY".into()), ("order".into(), "7".into())];
        Arc::new(LogLine { number, at: Timestamp(START), message: message.into(), fields, ..LogLine::default() })
    };
    let batch = |first: u64, message: &str| (first..first + 4000).map(|number| line(number, message)).collect();
    for (first, message) in [(1, "oldest"), (4001, "password=CANARY"), (8001, "new"), (12_001, "newest")] {
        run.keep(Record::Lines(key("cpu"), batch(first, message)));
        run.flush();
    }
    run.kill();
    let mut past = run.past(START);
    let News::Logs(lines) = past.queries.remove(&key("cpu")).unwrap().news.remove(0).1 else { panic!() };
    assert_eq!(lines.len(), 12_000, "a batch goes when all that may be shown is newer");
    let [first, .., last] = &*lines else { panic!() };
    assert_eq!((first.number, first.message.as_str()), (1, "password=[redacted]"));
    assert_eq!((last.number, last.message.as_str(), last.at), (12_000, "newest", Timestamp(START)));
    assert_eq!((last.field("token"), last.field("order")), (Some("[redacted]"), Some("7")));
    // A run that is told the last lines once more adds only what is new.
    run.kill();
    run.keep(Record::Lines(key("cpu"), (15_999..16_002).map(|number| line(number, "newest")).collect()));
    run.flush();
    run.kill();
    let News::Logs(again) = run.past(START).queries.remove(&key("cpu")).unwrap().news.remove(0).1 else { panic!() };
    assert_eq!(again.len(), 12_000, "all three are known");
    run.keep(Record::Lines(key("cpu"), vec![line(20_000, "newest"), line(20_001, "of now")]));
    run.flush();
    let News::Logs(again) = run.past(START).queries.remove(&key("cpu")).unwrap().news.remove(0).1 else { panic!() };
    assert_eq!((again.len(), again.last().unwrap().message.as_str()), (12_001, "of now"));
    let disk = std::fs::read(run.settings().path).unwrap();
    assert!(!disk.windows(6).any(|part| part == b"CANARY"));
}

#[test]
fn lines_that_are_not_wanted_any_more_are_deleted() {
    let mut run = Run::new("no-lines");
    run.keep(Record::Lines(key("cpu"), vec![Arc::new(LogLine::default())]));
    run.flush();
    run.kill();
    run.logs = false;
    assert!(run.past(START).queries.is_empty());
}

#[test]
fn lines_make_room_before_numbers_do() {
    let mut run = Run::new("room");
    run.measure(5, |n| n as f64);
    run.flush();
    let text = "x y ".repeat(125);
    let lines =
        (0..4000).map(|number| Arc::new(LogLine { number, message: text.as_str().into(), ..LogLine::default() }));
    run.keep(Record::Lines(key("log"), lines.collect()));
    run.flush();
    run.max_bytes = 1 << 20;
    run.kill();
    run.measure(5, |n| n as f64);
    run.flush();
    let past = run.past(0);
    assert!(past.queries.contains_key(&key("cpu")) && !past.queries.contains_key(&key("log")), "{past:?}");
}
