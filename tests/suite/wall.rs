//! A wall of hundreds of builds: reds are shown, the rest is shown or counted, nothing is lost.

use std::sync::Arc;

use andon::hub::Hub;
use andon::model::build::{Activity, Build, BuildResult, Run};
use andon::model::poll::Outcome;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::text::plain;
use andon::panel::ink::Glyphs;
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::view::lens::Lens;

use crate::support::running;

const NOW: Timestamp = Timestamp(1_795_262_400_000);

fn build(n: i64, red: bool, running: bool) -> Build {
    let run = |back: i64| Run {
        label: format!("{}", 90 - back).into(),
        result: if red && back < 2 { BuildResult::Failure } else { BuildResult::Success },
        started_at: Some(NOW.minus(Span::seconds(3600 * (back + 1) + 120))),
        finished_at: Some(NOW.minus(Span::seconds(3600 * (back + 1)))),
        ..Run::default()
    };
    let begun = NOW.minus(Span::seconds(60));
    let under_way = Run { activity: Activity::Running, started_at: Some(begun), ..Run::default() };
    let runs = running.then_some(under_way).into_iter().chain((0..12).map(run)).collect();
    Build::of_runs(format!("team-{}/service-{n}", n % 25).into(), "".into(), runs)
}

/// The screen of a wall of builds.
fn screen(builds: Vec<Build>, size: (u16, u16), options: &str) -> String {
    let board = running::board(&format!(
        "[sources.ci]\ntype = \"jenkins\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"wall\"\nview = \"builds\"\nsource = \"ci\"\nlayer = \"pipeline\"\n{options}"
    ));
    let query = board.queries[0].id;
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Wall);
    let answer = Ok(Telemetry::Builds(builds));
    hub.apply(Outcome {
        query,
        at: NOW,
        answer,
        failures: 0,
        next_try: NOW,
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    plain(&render(&hub.scene_at(NOW), &Lens { kiosk: true, ..Lens::default() }, &ink, size.0, size.1).buffer)
}

/// How many builds the screen accounts for: those with a line or tile of their own, those in a tile of
/// their group, and those in the count at the end.
fn accounted(screen: &str) -> usize {
    let single = screen.matches("/service-").count();
    let grouped: usize = screen
        .split("● team-")
        .skip(1)
        .filter_map(|rest| {
            let (group, rest) = rest.split_once(' ')?;
            let count: String = rest.chars().take_while(char::is_ascii_digit).collect();
            group.parse::<u32>().ok()?;
            count.parse::<usize>().ok()
        })
        .sum();
    let counted: usize = screen
        .lines()
        .flat_map(|line| line.split(['│', ',']))
        .filter(|part| part.contains(" more "))
        .filter_map(|part| part.trim().split(' ').next()?.parse::<usize>().ok())
        .sum();
    single + grouped + counted
}

#[test]
fn of_five_hundred_builds_none_is_lost() {
    for (reds, running) in [(0, 0), (30, 10), (500, 0)] {
        let builds: Vec<Build> = (0..500).map(|n| build(n, n < reds, n >= 500 - running)).collect();
        for size in [(200, 50), (120, 40), (80, 24)] {
            let screen = screen(builds.clone(), size, "");
            // The verdict names the oldest red, above the wall.
            let wall: Vec<&str> =
                screen.lines().skip_while(|line| !line.contains("╭ wall ") && !line.contains(" wall  ")).collect();
            let wall = wall.join("\n");
            assert_eq!(accounted(&wall), 500, "{reds} red, {running} running at {size:?}:\n{screen}");
            if size == (200, 50) && reds == 30 {
                assert_eq!(wall.matches("✖ team-").count(), 30, "each red has a line:\n{screen}");
                assert_eq!(wall.matches("▶").count(), 10, "so has what runs:\n{screen}");
            }
            if size == (200, 50) && reds == 500 {
                assert!(wall.matches("✖ team-").count() > 250, "as many as there is room for:\n{screen}");
            }
        }
    }
}

#[test]
fn few_builds_have_a_line_each_with_progress_and_their_last_results() {
    let screen = screen(vec![build(1, true, true), build(2, false, false)], (120, 6), "");
    let line = |name: &str| screen.lines().skip(2).find(|line| line.contains(&format!("{name} "))).unwrap().to_owned();
    let red = line("team-1/service-1");
    assert!(red.contains("✖") && red.contains("red 2 h") && red.contains("50 %, 1 min left"), "{red}");
    assert!(red.contains("2 builds · since #89") && red.contains("▁▁▁▁▁▁▁▁██"), "{red}");
    assert!(line("team-2/service-2").contains("ok 1 h") && line("team-2/service-2").contains("▁▁▁▁▁▁▁▁▁▁"));
}

#[test]
fn what_is_switched_off_or_never_ran_is_no_fault() {
    let off = Build { activity: Activity::Disabled, ..build(3, true, false) };
    let never = Build::of_runs("team-4/new".into(), "".into(), Vec::new());
    let screen = screen(vec![build(1, false, false), off, never], (120, 12), "");
    assert!(screen.contains("● PIPELINE ok"), "{screen}");
    assert!(screen.contains("switched off") && screen.contains("never run"), "{screen}");
    assert!(screen.find("service-1").unwrap() < screen.find("switched off").unwrap(), "they come last:\n{screen}");
}
