//! What was known at a moment of the past, and nothing of later.

use std::sync::Arc;

use super::run::{DAY, Run, START, key};
use crate::history::read::Reader;
use crate::history::record::Record;
use crate::history::{Past, Remembered};
use crate::model::series::Point;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::News;

const HOUR: Span = Span::seconds(3600);

fn as_of(run: &Run, at: i64) -> (Past, Span) {
    Reader::open(&run.settings().path).unwrap().as_of(Timestamp(at), (HOUR, Span(0)), run.now()).unwrap()
}

fn cpu(past: &Past) -> &Remembered {
    &past.queries[&key("cpu")]
}

fn points(past: &Past) -> Vec<Point> {
    let (_, News::Series(set)) = &cpu(past).news[0] else { panic!() };
    set.series[0].points.clone()
}

/// A value that counts minutes, measured every ten seconds for so many days.
fn counted(name: &str, days: i64) -> Run {
    let mut run = Run::new(name);
    for n in 0..days * 144 {
        for second in 0..60 {
            let value = (n * 10) as f64 + f64::from(second) / 6.0;
            run.measure(1, |_| value);
            run.pass(10_000);
        }
        run.flush();
    }
    run
}

#[test]
fn values_are_as_they_came_for_a_day_and_then_in_steps_and_none_is_of_later() {
    let run = counted("steps", 8);
    let now = run.now().0;
    for (ago, close) in [(2 * 3_600_000, 10_000), (2 * DAY, 60_000), (7 * DAY + DAY / 2, 600_000)] {
        let at = now - ago + 37_000;
        let (past, known) = as_of(&run, at);
        assert_eq!(known, Span(600_000), "of builds and texts one each ten minutes is kept");
        let points = points(&past);
        let last = points.last().unwrap();
        assert!(last.at.0 <= at && at - last.at.0 <= close, "{ago}: {} ms before", at - last.at.0);
        let minutes = (at - START) as f64 / 60_000.0;
        assert!(last.value <= minutes && minutes - last.value <= close as f64 / 60_000.0, "{ago}: {}", last.value);
        assert!(at - points[0].at.0 <= HOUR.0 && points.len() > 15, "{ago}: {}", points.len());
        assert!(at - cpu(&past).answered.unwrap().0 <= close.min(10_000), "the board was running");
    }
}

#[test]
fn while_andon_was_not_running_nothing_is_fresh() {
    let mut run = counted("pause", 1);
    let end = run.now().0;
    run.pass(DAY / 2);
    run.measure(1, |_| 1.0);
    run.flush();
    let (past, _) = as_of(&run, end + 1_800_000);
    assert_eq!(cpu(&past).answered, Some(Timestamp(end - 10_000)));
}

#[test]
fn builds_and_texts_are_those_of_the_second_and_a_poll_that_had_failed_had_failed() {
    let mut run = Run::new("seconds");
    let text = |text: String| News::Text(Arc::new(vec![SafeText::new(&text)]));
    for n in 0..20 {
        run.keep(Record::Snapshot(key("text"), run.now(), text(format!("text {n}"))));
        run.pass(1_500);
    }
    run.keep(Record::Polled(key("text"), run.now(), Some("refused".to_owned())));
    run.pass(30_000);
    run.keep(Record::Polled(key("text"), run.now(), None));
    run.flush();
    for (after, expected, failed) in [
        (0, "text 0", None),
        (1_499, "text 0", None),
        (1_500, "text 1", None),
        (29_000, "text 19", None),
        (31_000, "text 19", Some("refused")),
        (61_000, "text 19", None),
    ] {
        let (past, _) = as_of(&run, START + after);
        let one = &past.queries[&key("text")];
        assert_eq!(one.news.last().unwrap().1, text(expected.to_owned()), "{after}");
        assert_eq!(one.failed.as_ref().map(|(_, why)| why.as_str()), failed, "{after}");
    }
    assert!(as_of(&run, START - 1).0.queries.is_empty(), "before it began nothing is known");
}

#[test]
fn a_failure_that_ends_over_a_restart_has_ended_and_began_when_it_began() {
    let mut run = Run::new("restart");
    run.measure(1, |_| 1.0);
    for words in ["refused", "timeout", "HTTP 502"] {
        run.pass(60_000);
        run.keep(Record::Polled(key("cpu"), run.now(), Some(words.to_owned())));
    }
    run.flush();
    run.kill();
    run.pass(60_000);
    run.measure(1, |_| 2.0);
    run.flush();
    let failed = |after: i64| as_of(&run, START + after).0.queries[&key("cpu")].failed.clone();
    let began = Timestamp(START + 60_000);
    assert_eq!(failed(190_000), Some((began, "HTTP 502".to_owned())), "since its first words");
    assert_eq!(failed(240_000), None);
}
