//! Any course of things, kept as facts: taken in again it makes the same, and so does each part of it.

use proptest::prelude::*;

use super::*;
use crate::eval::expression::Expression;
use crate::eval::freshness::FreshnessLimits;
use crate::eval::rule::{Empty, PanelQuery};
use crate::eval::threshold::{Bound, Thresholds};
use crate::model::build::{Activity, Build, BuildResult};
use crate::model::event::EventKind;
use crate::model::fault::Reason;
use crate::model::poll::{Answer, Budget};
use crate::model::review::{Review, WaitsFor};
use crate::model::series::{Coverage, Point, Series, SeriesSet};
use crate::model::table::{Cell, Table};
use crate::model::telemetry::Telemetry;

const START: Timestamp = Timestamp(1_795_262_400_000);
const WINDOW: Span = Span::seconds(60);
const ALL: Limits = Limits { steps: usize::MAX, bytes: usize::MAX };

/// Something that happens to a board.
#[derive(Debug, Clone)]
enum Happening {
    /// A query is answered, or its poll fails: which, with what, and a number that shapes the answer.
    Poll(usize, What, u8),
    /// The board notices something.
    Note,
    /// The clock is set back.
    SetBack(i64),
    /// Another config asks so many queries, and keeps so much past.
    Reload(usize, i64),
}

#[derive(Debug, Clone, Copy)]
enum What {
    Failure,
    Sample,
    Whole,
    Extension,
    Head,
    Pushed,
    Builds,
    Events,
    Reviews,
    Table,
    Text,
}

fn happening() -> impl Strategy<Value = Happening> {
    use What::{Builds, Events, Extension, Failure, Head, Pushed, Reviews, Sample, Table, Text, Whole};
    let what = prop::sample::select(vec![
        Failure, Sample, Sample, Whole, Extension, Head, Pushed, Builds, Builds, Events, Reviews, Table, Text,
    ]);
    prop_oneof![
        12 => (0usize..4, what, any::<u8>()).prop_map(|(query, what, shape)| Happening::Poll(query, what, shape)),
        1 => Just(Happening::Note),
        1 => (1i64..100_000).prop_map(Happening::SetBack),
        1 => (1usize..5, 1i64..90).prop_map(|(queries, window)| Happening::Reload(queries, window)),
    ]
}

/// What happens, and how many milliseconds later than what happened before.
fn course() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    prop::collection::vec((1i64..20_000, happening()), 1..60)
}

fn telemetry(what: What, shape: u8, at: Timestamp) -> Telemetry {
    let value = f64::from(shape % 11);
    let line = |count: i64| -> Vec<Point> {
        let point = |n: i64| Point { at: at.minus(Span::seconds(n)), value: value + n as f64 };
        (0..count).rev().map(point).collect()
    };
    // Names come and go.
    let names = ["a", "b", "c"].into_iter().enumerate().filter(|(bit, _)| shape >> bit & 1 == 0).map(|(_, name)| name);
    let series = |points: &dyn Fn() -> Vec<Point>| names.clone().map(|name| Series::named(name, points())).collect();
    match what {
        What::Failure => Telemetry::Text(Vec::new()),
        What::Sample => Telemetry::Series(SeriesSet::new(series(&|| line(1)), Coverage::Sample)),
        What::Head => Telemetry::Series(SeriesSet::new(series(&|| line(1)), Coverage::Head)),
        What::Pushed => Telemetry::Series(SeriesSet::new(series(&|| line(2)), Coverage::Pushed)),
        What::Extension => Telemetry::Series(SeriesSet::new(series(&|| line(2)), Coverage::Extension)),
        What::Whole => Telemetry::Series(SeriesSet::new(series(&|| line(i64::from(shape % 30))), Coverage::Whole)),
        What::Builds => {
            let results = [BuildResult::Success, BuildResult::Failure, BuildResult::Unknown];
            let build = |name: &str| Build {
                name: name.into(),
                result: results[usize::from(shape) % 3],
                activity: if shape.is_multiple_of(2) { Activity::Running } else { Activity::Idle },
                label: format!("{}", shape % 5).into(),
                deploys_to: shape.is_multiple_of(4).then(|| "production".into()),
                ..Build::default()
            };
            Telemetry::Builds(names.map(build).collect())
        }
        What::Events => {
            let event = |n: u8| Event {
                at: at.minus(Span::seconds(i64::from(n) * 10)),
                kind: EventKind::Deploy,
                title: format!("v{n}").into(),
                ..Event::default()
            };
            Telemetry::Events((0..shape % 4).map(event).collect())
        }
        What::Reviews => {
            let review = |n: u8| Review {
                label: format!("#{n}").into(),
                title: "a change".into(),
                repository: "shop".into(),
                opened_at: START,
                merged_at: None,
                waits_for: WaitsFor::Reviewer,
                size: None,
                author: None,
                reviewers: Vec::new(),
                url: None,
            };
            Telemetry::Reviews((0..shape % 3).map(review).collect())
        }
        What::Table => {
            let row =
                vec![Cell::Text("a".into()), Cell::Number(if shape.is_multiple_of(5) { f64::NAN } else { value })];
            Telemetry::Table(Table {
                columns: vec!["name".into(), "n".into()],
                rows: vec![row; usize::from(shape % 3)],
                own: Vec::new(),
            })
        }
        What::Text => Telemetry::Text(vec![format!("line {}", shape % 3).into()]),
    }
}

fn answer(what: What, shape: u8, at: Timestamp) -> Answer {
    match what {
        What::Failure => Err(Reason::Refused.into()),
        _ if shape.is_multiple_of(7) => Ok(telemetry(what, shape, at).with_caveat("partial: one store".into(), true)),
        _ => Ok(telemetry(what, shape, at)),
    }
}

fn outcome(query: usize, what: What, shape: u8, at: Timestamp) -> Outcome {
    let answer = answer(what, shape, at);
    Outcome {
        query: QueryId(query),
        at,
        failures: u32::from(answer.is_err()),
        answer,
        next_try: at.plus(Span::seconds(5)),
        listener_error: (shape.is_multiple_of(17) && !matches!(what, What::Failure)).then(|| Reason::Listen.into()),
        budget: shape.is_multiple_of(9).then_some(Budget { remaining: 9, limit: Some(60), resets_at: None }),
        age: Span(i64::from(shape % 2) * 1500),
        clock_skew: shape.is_multiple_of(13).then_some(Span::seconds(4)),
    }
}

/// Each query with a limit of its own, one whose empty answer is a number, and a value that is computed of two.
fn rules(queries: usize) -> Vec<Rule> {
    let query = |id: usize| PanelQuery {
        name: ["a", "b", "c", "d"][id].to_owned(),
        id: QueryId(id),
        limits: FreshnessLimits::for_refresh(Span::seconds(5)),
        scalar: false,
    };
    let thresholds = |hold| Thresholds {
        critical: Some(Bound::parse("> 5").unwrap()),
        hold: Span::seconds(hold),
        ..Thresholds::default()
    };
    let rule = |id: usize| Rule {
        queries: vec![query(id)],
        thresholds: thresholds(id as i64 * 4),
        empty: (id == 0).then_some(Empty::Value(9.0)),
        window: WINDOW,
        ..Rule::default()
    };
    let computed = Rule {
        queries: (0..queries.min(2)).map(query).collect(),
        value: Some(Expression::parse(if queries > 1 { "a + b" } else { "a + 1" }).unwrap()),
        thresholds: thresholds(0),
        window: WINDOW,
        ..Rule::default()
    };
    (0..queries).map(rule).chain([computed]).collect()
}

/// A board on which things happen.
struct Course {
    live: Live,
    now: Timestamp,
    /// After each happening: the moment, what was known, and by how much the clock was set back since.
    seen: Vec<(Timestamp, State)>,
    /// What came after each of these.
    after: Vec<Vec<Happening>>,
}

impl Course {
    fn new(limits: Limits) -> Self {
        let rules = rules(4);
        let live = Live::new(Checks::default(), ((0..4).map(QueryId), WINDOW), rules.iter(), limits);
        Self { live, now: START, seen: Vec::new(), after: Vec::new() }
    }

    fn step(&mut self, later: i64, happening: &Happening) {
        self.now = self.now.plus(Span(later));
        match *happening {
            Happening::Poll(query, what, shape) => self.live.apply(outcome(query, what, shape, self.now), |_| {}),
            Happening::Note => {
                self.live.note(Event { at: self.now, title: "noticed".into(), ..Event::default() });
            }
            Happening::SetBack(by) => {
                self.now = self.now.minus(Span(by));
                self.live.set_back(Span(by));
            }
            Happening::Reload(queries, window) => {
                let rules = rules(queries);
                self.live.hold(((0..queries).map(QueryId), Span::seconds(window)), rules.iter(), self.now);
            }
        }
        self.after.iter_mut().for_each(|after| after.push(happening.clone()));
        self.seen.push((self.now, self.live.state().clone()));
        self.after.push(Vec::new());
    }

    /// What was known after each happening, and when, both by today's clock and for the queries of today.
    fn expected(&self) -> Vec<(Timestamp, State)> {
        let today = |((at, known), after): (&(Timestamp, State), &Vec<Happening>)| {
            let (mut at, mut known) = (*at, known.clone());
            for happening in after {
                if let Happening::SetBack(by) = happening {
                    at = at.minus(Span(*by));
                    known.set_back(Span(*by));
                }
            }
            if after.iter().any(|happening| matches!(happening, Happening::Reload(..))) {
                self.live.state().held(at).iter().for_each(|step| known.take(step));
            }
            (at, known)
        };
        self.seen.iter().zip(&self.after).map(today).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_was_known_at_any_moment_is_made_again(course in course()) {
        let mut board = Course::new(ALL);
        for (later, happening) in &course {
            board.step(*later, happening);
        }
        for (at, known) in board.expected() {
            // Whatever came in the same moment of today's clock came later.
            prop_assert_eq!(board.live.as_of(at), Some(known), "as of {}", at.0 - START.0);
        }
    }

    #[test]
    fn a_past_of_few_steps_is_short_but_exact(course in course(), steps in 1usize..30) {
        let mut board = Course::new(Limits { steps, bytes: usize::MAX });
        for (later, happening) in &course {
            board.step(*later, happening);
        }
        let mut is_remembered = false;
        for (at, known) in board.expected() {
            let then = board.live.as_of(at);
            prop_assert!(then.is_some() || !is_remembered, "what came later is remembered, too");
            is_remembered |= then.is_some();
            prop_assert!(then.is_none_or(|then| then == known), "as of {}", at.0 - START.0);
        }
        prop_assert!(is_remembered, "the last moment is always known");
        prop_assert!(board.live.facts().count() <= steps);
    }

    #[test]
    fn facts_taken_in_again_make_the_same_store(course in course()) {
        let mut store = Store::new((0..4).map(QueryId), WINDOW);
        let mut facts = Vec::new();
        let mut now = START;
        for (later, happening) in &course {
            now = now.plus(Span(*later));
            let learned = match *happening {
                Happening::Poll(query, what, shape) => store.facts(outcome(query, what, shape, now)),
                Happening::Note => vec![Fact::Noted(Box::new(Event { at: now, ..Event::default() }))],
                Happening::SetBack(by) => vec![Fact::SetBack(Span(by))],
                Happening::Reload(queries, window) => {
                    vec![Fact::Held { at: now, queries: (0..queries).map(QueryId).collect(), window: Span::seconds(window), lookbacks: crate::store::Lookbacks::default() }]
                }
            };
            store.replay(&learned);
            facts.extend(learned);
        }
        let mut again = Store::new((0..4).map(QueryId), WINDOW);
        again.replay(&facts);
        prop_assert_eq!(again, store);
    }
}

#[test]
fn what_has_not_changed_is_no_news() {
    let mut store = Store::new(std::iter::once(QueryId(0)), WINDOW);
    for (what, news) in [(What::Events, 1), (What::Events, 0), (What::Table, 1), (What::Table, 0), (What::Builds, 1)] {
        let facts = store.apply(outcome(0, what, 3, START));
        let count = facts.iter().filter(|fact| matches!(fact, Fact::News { .. })).count();
        assert_eq!(count, news, "{what:?}");
        assert!(matches!(facts.last(), Some(Fact::Poll(_))), "how the poll ended is always told, and last");
    }
    assert_eq!(store.apply(outcome(7, What::Events, 3, START)), [], "nobody asks it");
}

#[test]
fn the_past_of_an_ordinary_board_is_half_an_hour_in_half_a_mebibyte() {
    let rules = rules(4);
    let mut live = Live::new(Checks::default(), ((0..12).map(QueryId), WINDOW), rules.iter(), Limits::for_queries(12));
    for second in 0..3600 {
        for query in (0..12).filter(|query| second % 10 == *query as i64 % 10) {
            live.apply(outcome(query, What::Sample, 6, START.plus(Span::seconds(second))), |_| {});
        }
    }
    let end = START.plus(Span::seconds(3600));
    let past = |minutes: i64| live.as_of(end.minus(Span::seconds(minutes * 60)));
    assert!(past(25).is_some() && past(59).is_none());
    assert!(live.past.bytes() <= 512 * 1024);
}

#[test]
fn a_board_of_very_many_queries_keeps_no_past() {
    let rules = rules(4);
    let limits = Limits::for_queries(1000);
    let mut live = Live::new(Checks::default(), ((0..1000).map(QueryId), WINDOW), rules.iter(), limits);
    live.apply(outcome(0, What::Sample, 6, START), |_| {});
    assert_eq!((live.as_of(START), live.facts().count()), (None, 0));
}

#[test]
fn facts_are_numbered_so_that_a_reader_sees_what_is_new() {
    let mut board = Course::new(Limits { steps: 3, bytes: usize::MAX });
    for shape in 0..4 {
        board.step(1000, &Happening::Poll(0, What::Sample, shape));
    }
    board.step(1000, &Happening::SetBack(2500));
    let facts: Vec<(u64, i64)> = board.live.facts().map(|(number, at, _)| (number, at.0 - START.0)).collect();
    assert_eq!(facts, [(6, 1500), (7, 1500), (8, 1500)]);
}

#[test]
fn as_much_past_is_kept_as_values_are_computed_of_and_of_no_other_query() {
    let value = Some(Expression::parse("shift(a, 60s)").unwrap());
    let limits = crate::eval::freshness::FreshnessLimits::for_refresh(Span::seconds(5));
    let asked = |name: &str, id| PanelQuery { name: name.into(), id: QueryId(id), limits, scalar: false };
    let rule =
        Rule { value, queries: vec![asked("a", 0), asked("b", 1)], window: Span::seconds(10), ..Rule::default() };
    let queries = || (0..2).map(QueryId);
    let rules = [rule];
    let mut live = Live::new(Checks::default(), (queries(), Span::seconds(10)), rules.iter(), Limits::NOTHING);
    for second in 0..100 {
        for query in 0..2 {
            live.apply(outcome(query, What::Sample, 0, START.plus(Span::seconds(second))), |_| {});
        }
    }
    let kept = |query| match &live.state().store.entry(QueryId(query)).unwrap().stored {
        crate::store::Stored::Series(tracks) => tracks[0].ring.points().len(),
        other => panic!("{other:?}"),
    };
    // What is too old is let go of in portions.
    assert!(kept(0) > 70 && kept(1) < 60, "{} and {}", kept(0), kept(1));
}
