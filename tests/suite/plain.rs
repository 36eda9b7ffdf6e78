//! `andon --plain`: one sentence a change.

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

use andon::hub::Hub;
use andon::model::fault::{FetchError, Reason};
use andon::model::poll::Outcome;
use andon::model::series::{Coverage, Series, SeriesSet};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::plain;
use andon::source::Clock;
use andon::view::scene::Scene;
use andon::viewer::Sentences;

use tokio::sync::watch;

use crate::support::{andon, running};

const START: Timestamp = Timestamp(1_795_262_400_000);

/// What is said when, second by second, one query answers so: a value for each series, or a failure.
fn said(answers: &[(i64, Result<&[(&str, f64)], &str>)]) -> Vec<String> {
    let board = running::board(
        "title = \"T\"\nrefresh = \"5s\"\n[sources.m]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n\
         [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"queue\"\ntitle = \"Queue\"\nview = \"chart\"\n\
         source = \"m\"\nquery = \"q\"\ncritical = \"> 10\"\n",
    );
    let query = board.queries[0].id;
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Wall);
    let mut sentences = Sentences::default();
    let mut lines = Vec::new();
    let mut failures = 0;
    for second in 0..=answers.last().unwrap().0 {
        let now = START.plus(Span::seconds(second));
        for (_, answer) in answers.iter().filter(|(at, _)| *at == second) {
            failures = if answer.is_ok() { 0 } else { failures + 1 };
            let answer = match answer {
                Ok(values) => {
                    let series = values.iter().map(|(name, value)| Series::single(name, now, *value)).collect();
                    Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)))
                }
                Err(why) => Err(FetchError::new(Reason::Refused, *why)),
            };
            hub.apply(Outcome {
                query,
                at: now,
                answer,
                failures,
                next_try: now.plus(Span::seconds(5)),
                budget: None,
                age: Span(0),
                clock_skew: None,
                listener_error: None,
            });
        }
        lines.extend(sentences.of(&hub.scene_at(now)));
    }
    lines
}

#[test]
fn each_change_is_said_once() {
    let calm: &[(&str, f64)] = &[("mail", 3.0), ("orders", 4.0)];
    let busy: &[(&str, f64)] = &[("mail", 3.0), ("orders", 12.0)];
    let worse: &[(&str, f64)] = &[("mail", 11.0), ("orders", 13.0)];
    let lines = said(&[(1, Ok(calm)), (5, Ok(busy)), (10, Ok(busy)), (15, Ok(worse)), (20, Ok(calm)), (22, Ok(calm))]);
    assert_eq!(
        lines,
        [
            "2026-11-21 12:00:01 board: T: 1 ok",
            "2026-11-21 12:00:05 critical: Queue: orders 12 > 10 since 12:00",
            "2026-11-21 12:00:15 critical: Queue: orders 13 > 10 since 12:00 and 1 more",
            "2026-11-21 12:00:20 ok: Queue: mail 3  orders 4",
        ]
    );
}

#[test]
fn what_never_answers_and_what_stops_answering_is_said() {
    let calm: &[(&str, f64)] = &[("", 3.0)];
    let lines = said(&[
        (1, Ok(calm)),
        (5, Err("refused")),
        (10, Err("refused")),
        (90, Err("refused")),
        (95, Ok(calm)),
        (96, Ok(calm)),
    ]);
    assert!(lines[0].ends_with("board: T: 1 ok"), "{lines:#?}");
    assert!(lines[1..].iter().any(|line| line.contains(" unknown: Queue: ")), "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.contains(" no answer: m: ")).count(), 1, "{lines:#?}");
    assert!(lines.iter().any(|line| line.ends_with(" answers: m")), "{lines:#?}");
    let never = said(&[(1, Err("refused")), (40, Err("refused"))]);
    assert!(never[0].ends_with("board: T: 1 unknown") && never.len() == 3, "{never:#?}");
}

#[test]
fn it_writes_lines_to_a_pipe_as_they_come() {
    let mut child = andon().args(["demo", "--plain"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.contains(" board: Acme Shop: ") && !first.contains('\u{1b}'), "{first}");
}

fn empty() -> Arc<Scene> {
    let board = running::board("[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"c\"\nview = \"clock\"\n");
    Arc::new(Hub::new(Arc::new(board), Zone::utc(), Clock::Wall).scene_at(START))
}

#[tokio::test(start_paused = true)]
async fn it_is_said_once_that_nothing_comes_and_that_something_comes_again() {
    let (sender, scenes) = watch::channel(empty());
    let lines = RefCell::new(Vec::new());
    let write = |line: &str| {
        lines.borrow_mut().push(line.to_owned());
        Ok(())
    };
    let sent = async {
        tokio::time::sleep(plain::SILENCE * 5).await;
        sender.send(empty()).unwrap();
        tokio::time::sleep(plain::SILENCE / 2).await;
        drop(sender);
    };
    let (ended, ()) = tokio::join!(plain::follow(scenes, write), sent);
    assert!(ended.unwrap_err().contains("has stopped"));
    let lines = lines.into_inner();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("note: nothing has come") && lines[1].starts_with("note: andon works again"),
        "{lines:?}"
    );
    assert!(lines[2].contains(" board: "), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_has_gone_is_no_error() {
    let (sender, scenes) = watch::channel(empty());
    sender.send(empty()).unwrap();
    let gone = |_: &str| Err(std::io::ErrorKind::BrokenPipe.into());
    assert_eq!(plain::follow(scenes, gone).await, Ok(()));
    drop(sender);
}
