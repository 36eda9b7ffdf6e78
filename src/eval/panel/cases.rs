//! Panels judged answer by answer: what each situation makes of the status.

use super::*;
use crate::eval::blame::blame;
use crate::eval::check;
use crate::eval::events::Events;
use crate::eval::expression::Expression;
use crate::eval::freshness::FreshnessLimits;
use crate::eval::rule::Empty;
use crate::eval::threshold::{Bound, Thresholds};
use crate::model::build::{Build, BuildResult};
use crate::model::fault::Reason;
use crate::model::glob::Globs;
use crate::model::labels::Labels;
use crate::model::poll::{Answer, Outcome};
use crate::model::series::{Coverage, Point, Series, SeriesSet};
use crate::model::telemetry::Telemetry;

mod missing;
mod over_time;

const HOUR: i64 = 3600;

/// A panel that is followed from answer to answer, as the hub does it. Moments are in seconds.
struct Followed {
    rule: Rule,
    store: Store,
    checks: Checks,
}

impl Followed {
    fn new(rule: Rule) -> Self {
        Self::with_checks(rule, Checks::default())
    }

    fn with_checks(rule: Rule, mut checks: Checks) -> Self {
        let store = Store::new(rule.queries.iter().map(|query| query.id), rule.window);
        checks.hold(std::iter::once(&rule), &store);
        Self { rule, store, checks }
    }

    fn answer(&mut self, at: i64, query: usize, answer: Answer) -> &mut Self {
        let at = Timestamp(at * 1000);
        let failures = u32::from(answer.is_err());
        let next_try = at.plus(Span::seconds(5));
        let outcome = Outcome {
            query: QueryId(query),
            at,
            answer,
            failures,
            next_try,
            budget: None,
            age: Span(0),
            clock_skew: None,
            listener_error: None,
        };
        self.store.apply(outcome);
        self.checks.follow(QueryId(query), &self.store);
        self
    }

    /// A number at a moment.
    fn value(&mut self, at: i64, value: f64) -> &mut Self {
        self.values(at, 0, &[("", value)])
    }

    /// Numbers by name, of one query.
    fn values(&mut self, at: i64, query: usize, values: &[(&str, f64)]) -> &mut Self {
        let series = values.iter().map(|(name, value)| Series::single(name, Timestamp(at * 1000), *value)).collect();
        self.answer(at, query, Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample))))
    }

    fn evaluate_at(&self, at: i64) -> Evaluation<'_> {
        let (store, events, zone) = (&self.store, &Events::new(&self.store), &Zone::utc());
        let known = Known { store, checks: &self.checks, events, now: Timestamp(at * 1000), zone };
        evaluate(&self.rule, &check::Options::default(), &Unit::Seconds, known)
    }

    fn status(&self, at: i64) -> (Status, Freshness) {
        let evaluation = self.evaluate_at(at);
        (evaluation.status, evaluation.freshness)
    }

    fn why(&self, at: i64) -> String {
        blame(&self.evaluate_at(at))
    }
}

fn query(name: &str, id: usize) -> PanelQuery {
    let limits = FreshnessLimits::for_refresh(Span::seconds(5));
    PanelQuery { name: name.into(), id: QueryId(id), limits, scalar: false }
}

/// Critical above 5.
fn rule() -> Rule {
    Rule {
        queries: vec![query("q", 0)],
        thresholds: Thresholds { critical: Some(Bound::Above(5.0)), ..Thresholds::default() },
        window: Span::seconds(HOUR),
        ..Rule::default()
    }
}

fn two_queries() -> Rule {
    Rule { queries: vec![query("a", 0), query("b", 1)], ..rule() }
}

#[test]
fn what_was_green_is_unknown_when_it_is_too_old() {
    let mut panel = Followed::new(rule());
    panel.value(0, 1.0).answer(5, 0, Err(Reason::Refused.into()));
    assert_eq!(panel.status(6), (Status::Ok, Freshness::Late));
    assert_eq!(panel.status(60), (Status::Unknown, Freshness::Stale));
}

#[test]
fn nothing_returned_is_unknown_and_says_what_to_do() {
    let mut panel = Followed::new(rule());
    panel.values(0, 0, &[]);
    assert_eq!(panel.status(0).0, Status::Unknown);
    assert!(panel.why(0).starts_with("no data: the query returned nothing"), "{}", panel.why(0));
    assert!(panel.why(0).contains("empty = \"ok\""), "{}", panel.why(0));
}

#[test]
fn nothing_returned_says_why_where_the_source_knows() {
    let mut panel = Followed::new(rule());
    let nothing = Telemetry::Series(SeriesSet::new(Vec::new(), Coverage::Pushed));
    panel.answer(0, 0, Ok(nothing.with_caveat("took never matched".into(), false)));
    assert_eq!((panel.status(0).0, panel.why(0).as_str()), (Status::Unknown, "no data: took never matched"));
}

#[test]
fn nothing_is_good_news_only_where_the_board_says_so() {
    let mut panel = Followed::new(Rule { empty: Some(Empty::Ok), ..rule() });
    panel.values(0, 0, &[]);
    assert_eq!(panel.status(0).0, Status::Ok);
    // A number that it stands for is judged like any other.
    for (stands_for, status) in [(0.0, Status::Ok), (9.0, Status::Critical)] {
        let mut panel = Followed::new(Rule { empty: Some(Empty::Value(stands_for)), ..rule() });
        panel.values(0, 0, &[("", 1.0)]).values(5, 0, &[]);
        assert_eq!(panel.status(5).0, status);
        let Content::Series(series) = panel.evaluate_at(5).content else { panic!() };
        assert_eq!(series.iter().map(|one| one.value).collect::<Vec<_>>(), [Some(stands_for)]);
    }
}

#[test]
fn the_reason_names_value_limit_and_begin() {
    let mut panel = Followed::new(rule());
    panel.value(0, 1.0).value(5, 9.0).value(10, 9.5);
    assert_eq!(panel.status(11).0, Status::Critical);
    assert_eq!(panel.why(11), "9.5 s > 5 s since 00:00");
}

#[test]
fn what_was_bad_at_the_first_look_began_before_it() {
    let mut panel = Followed::new(rule());
    panel.value(5, 9.0).value(10, 9.5);
    assert_eq!(panel.why(11), "9.5 s > 5 s since before 00:00");
    assert!(panel.evaluate_at(11).open_start);
}

#[test]
fn a_limit_is_followed_at_the_pace_of_the_polls_whatever_is_drawn() {
    // A day in points six minutes apart, then a jump that is seen by polls between two of them.
    let judged = |window: i64, step: i64| {
        let hold = Thresholds { hold: Span::seconds(5), ..rule().thresholds };
        let mut panel = Followed::new(Rule { thresholds: hold, window: Span::seconds(window), ..rule() });
        let points = (0..=window / step).map(|n| Point { at: Timestamp(n * step * 1000), value: 1.0 }).collect();
        let whole = Telemetry::Series(SeriesSet::new(vec![Series::named("", points)], Coverage::Whole));
        panel.answer(window, 0, Ok(whole));
        (1..=8)
            .map(|n| {
                let at = window + n;
                let series = vec![Series::single("", Timestamp(at * 1000), 100.0)];
                panel.answer(at, 0, Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Head))));
                panel.status(at).0
            })
            .collect::<Vec<_>>()
    };
    let day = judged(24 * HOUR, 360);
    assert_eq!(day[..5], [Status::Ok; 5], "five seconds have not passed");
    assert_eq!(day[5..], [Status::Critical; 3]);
    assert_eq!(day, judged(HOUR, 15), "the same in every window");
    assert_eq!(day, judged(24 * HOUR, 1200), "and at every width");
}

#[test]
fn one_look_counts_what_may_have_lasted_and_not_what_has_not() {
    let hold = || Rule { thresholds: Thresholds { hold: Span::seconds(120), ..rule().thresholds }, ..rule() };
    let mut once = Followed::with_checks(hold(), Checks::one_look());
    once.value(0, 9.0);
    let evaluation = once.evaluate_at(0);
    assert_eq!((evaluation.status, evaluation.pending), (Status::Critical, Some(Status::Critical)));
    // The source's own past shows that it has just begun.
    let mut with_past = Followed::with_checks(hold(), Checks::one_look());
    let points = [(0, 1.0), (60, 1.0), (120, 9.0)].map(|(at, value)| Point { at: Timestamp(at * 1000), value });
    let series = vec![Series::named("", points.to_vec())];
    with_past.answer(121, 0, Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Whole))));
    assert_eq!(
        (with_past.evaluate_at(121).status, with_past.evaluate_at(121).pending),
        (Status::Ok, Some(Status::Critical))
    );
    // A board that looks again waits.
    let mut live = Followed::new(hold());
    live.value(0, 9.0);
    assert_eq!(live.status(0).0, Status::Ok);
}

#[test]
fn a_value_is_computed_of_what_belongs_together_and_the_rest_is_unknown_by_name() {
    let ratio = Rule { value: Some(Expression::parse("a / b").unwrap()), ..two_queries() };
    let limits = Thresholds { critical: Some(Bound::Above(0.05)), ..Thresholds::default() };
    let mut panel = Followed::new(Rule { thresholds: limits, ..ratio });
    panel.values(0, 0, &[("x", 1.0), ("y", 1.0)]).values(0, 1, &[("x", 1000.0), ("y", 10.0)]);
    assert_eq!(panel.status(0).0, Status::Critical);
    panel.values(5, 0, &[("x", 1.0), ("y", 1.0)]).values(5, 1, &[("x", 1000.0)]);
    assert_eq!(panel.status(5).0, Status::Unknown, "the y of b is missing: {}", panel.why(5));
    // After a restart nobody knows that there was a y of b: it still has no partner.
    let mut panel = Followed::new(panel.rule.clone());
    panel.values(5, 0, &[("x", 1.0), ("y", 1.0)]).values(5, 1, &[("x", 1000.0)]);
    assert_eq!((panel.status(5).0, panel.why(5)), (Status::Unknown, "y has no series of 'b' to go with it".to_owned()));
}

#[test]
fn a_computed_value_is_judged_when_all_its_parts_are_of_one_round() {
    let ratio = Rule { value: Some(Expression::parse("a / b").unwrap()), ..two_queries() };
    let mut panel = Followed::new(ratio);
    panel.values(0, 0, &[("", 10.0)]).values(0, 1, &[("", 10.0)]);
    // Both grow tenfold; between the two answers the ratio would be ten.
    panel.values(5, 0, &[("", 100.0)]);
    assert_eq!(panel.status(5).0, Status::Ok);
    panel.values(5, 1, &[("", 100.0)]);
    assert_eq!(panel.status(5).0, Status::Ok);
    panel.values(10, 0, &[("", 700.0)]).values(10, 1, &[("", 100.0)]);
    assert_eq!(panel.status(10).0, Status::Critical);
}

#[test]
fn data_is_as_old_as_its_newest_value() {
    let line = |last: i64, step: i64| {
        let points = (0..20).rev().map(|n| Point { at: Timestamp((last - n * step) * 1000), value: 1.0 }).collect();
        Ok(Telemetry::Series(SeriesSet::new(vec![Series::named("", points)], Coverage::Whole)))
    };
    let mut panel = Followed::new(rule());
    panel.answer(10_000, 0, line(10_000 - 87 * 60, 60));
    assert_eq!(panel.status(10_000), (Status::Unknown, Freshness::Stale));
    assert_eq!(panel.why(10_000), "the source answers, but its newest value is 1 h old");
    // Values a minute apart are as old as their own interval allows.
    let mut panel = Followed::new(rule());
    panel.answer(10_000, 0, line(9_945, 60));
    assert_eq!(panel.status(10_000), (Status::Ok, Freshness::Fresh));
    // One of two series that ends is unknown by name.
    let mut panel = Followed::new(rule());
    let point = |at: i64| vec![Point { at: Timestamp(at * 1000), value: 1.0 }];
    let series = vec![Series::named("a", point(10_000)), Series::named("b", point(5_000))];
    panel.answer(10_000, 0, Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Whole))));
    assert_eq!(panel.status(10_000).0, Status::Unknown);
    assert_eq!(panel.why(10_000), "b newest value 1 h old");
}

#[test]
fn an_answer_from_a_cache_is_as_old_as_the_cache_says() {
    let mut panel = Followed::new(rule());
    panel.value(10, 1.0);
    let series = vec![Series::single("", Timestamp(20_000), 1.0)];
    panel.store.apply(Outcome {
        query: QueryId(0),
        at: Timestamp(20_000),
        answer: Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample))),
        failures: 0,
        next_try: Timestamp(25_000),
        budget: None,
        age: Span::seconds(86_400),
        clock_skew: None,
        listener_error: None,
    });
    assert_eq!(panel.status(20), (Status::Unknown, Freshness::Stale));
}

#[test]
fn a_limit_that_cannot_be_judged_is_unknown() {
    let mut panel = Followed::new(rule());
    panel.answer(0, 0, Ok(Telemetry::Text(vec!["ERROR db down".into()])));
    assert_eq!((panel.status(0).0, panel.why(0)), (Status::Unknown, "not a number: ERROR db down".to_owned()));
    let mut panel = Followed::new(rule());
    panel.answer(0, 0, Ok(Telemetry::Reviews(Vec::new())));
    assert_eq!(panel.status(0).0, Status::Unknown);
}

#[test]
fn without_limits_nothing_is_judged_but_what_is_gone_is_unknown() {
    let mut panel = Followed::new(Rule { thresholds: Thresholds::default(), ..rule() });
    panel.value(0, 1.0);
    assert!(!panel.evaluate_at(0).is_judged);
    assert_eq!((panel.evaluate_at(60).status, panel.evaluate_at(60).is_judged), (Status::Unknown, true));
}

#[test]
fn an_answer_with_a_part_missing_is_never_better_than_unknown() {
    let with = |value, partial| {
        let series = vec![Series::single("", Timestamp(0), value)];
        let telemetry = Telemetry::Series(SeriesSet::new(series, Coverage::Sample));
        let mut panel = Followed::new(rule());
        panel.answer(0, 0, Ok(telemetry.with_caveat("no store matched".into(), partial)));
        (panel.status(0).0, panel.why(0))
    };
    assert_eq!(with(1.0, true), (Status::Unknown, "no store matched".to_owned()));
    assert_eq!(with(9.0, true).0, Status::Critical);
    assert_eq!(with(1.0, false).0, Status::Ok);
}

#[test]
fn two_sources_of_builds_are_shown_together_and_another_kind_is_named() {
    let builds = |name: &str| Ok(Telemetry::Builds(vec![Build { name: name.into(), ..green() }]));
    let mut panel = Followed::new(two_queries());
    panel.answer(0, 0, builds("shop")).answer(0, 1, builds("mail"));
    let Content::Builds(all) = panel.evaluate_at(0).content else { panic!() };
    assert_eq!(all.len(), 2);
    assert_eq!(panel.status(0).0, Status::Ok);
    panel.values(5, 1, &[("", 1.0)]);
    assert_eq!(panel.status(5).0, Status::Unknown);
    assert_eq!(panel.why(5), "b: answers with another kind of data than the other queries");
}

fn green() -> Build {
    Build { result: BuildResult::Success, finished_at: Some(Timestamp(0)), ..Build::default() }
}

#[test]
fn series_whose_names_read_alike_are_both_judged() {
    let labels = |key: &str| Labels::new(std::iter::once((key.to_owned(), "a".to_owned())).collect());
    let line = |key: &str, value| Series { labels: labels(key), points: vec![Point { at: Timestamp(0), value }] };
    let mut panel = Followed::new(rule());
    let series = vec![line("zone", 1.0), line("rack", 9.0)];
    panel.answer(0, 0, Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample))));
    assert_eq!(panel.status(0).0, Status::Critical);
}

#[test]
fn the_oldest_red_build_comes_first_and_is_blamed() {
    let build = |name: &str, result, ended: i64| Build {
        name: name.into(),
        result,
        finished_at: Some(Timestamp(ended * 1000)),
        ..Build::default()
    };
    let builds = vec![
        build("a", BuildResult::Success, 1),
        build("new", BuildResult::Failure, 500),
        build("old", BuildResult::Error, 100),
    ];
    let mut panel = Followed::new(rule());
    panel.answer(600, 0, Ok(Telemetry::Builds(builds)));
    let Content::Builds(order) = panel.evaluate_at(600).content else { panic!() };
    assert_eq!(order.iter().map(|b| b.build.name.as_str()).collect::<Vec<_>>(), ["old", "new", "a"]);
    assert_eq!(panel.why(600), "old red 8 min and 1 more");
}

#[test]
fn a_panel_that_asks_nobody_is_not_judged() {
    let panel = Followed::new(Rule::default());
    assert_eq!((panel.evaluate_at(0).status, panel.evaluate_at(0).is_judged), (Status::Ok, false));
}

#[test]
fn the_newest_point_is_judged_as_it_is_now_and_one_of_the_future_when_its_time_comes() {
    let line = |points: &[(i64, f64)]| {
        let points = points.iter().map(|(at, value)| Point { at: Timestamp(at * 1000), value: *value }).collect();
        Ok(Telemetry::Series(SeriesSet::new(vec![Series::named("", points)], Coverage::Whole)))
    };
    let mut panel = Followed::new(rule());
    panel.answer(10, 0, line(&[(0, 1.0), (10, 1.0)]));
    assert_eq!(panel.status(10).0, Status::Ok);
    panel.answer(15, 0, line(&[(0, 1.0), (10, 50.0)]));
    assert_eq!(panel.status(15).0, Status::Critical, "the bucket of this hour still grows");
    let mut panel = Followed::new(rule());
    panel.answer(10, 0, line(&[(10, 9.0), (4_000_000, 1.0)]));
    assert_eq!(panel.status(10).0, Status::Critical);
    panel.answer(15, 0, line(&[(10, 9.0), (15, 8.0), (4_000_000, 1.0)]));
    assert_eq!(panel.why(15), "8 s > 5 s since before 00:00");
}

#[test]
fn what_is_kept_does_not_depend_on_who_else_is_there() {
    let job = |name: &str, value| Series {
        labels: Labels::new(std::iter::once(("job".to_owned(), name.to_owned())).collect()),
        points: vec![Point { at: Timestamp(0), value }],
    };
    let keep = Globs::new(&["db*".to_owned()]);
    let mut panel = Followed::new(Rule { keep, empty: Some(Empty::Ok), ..rule() });
    panel.answer(0, 0, Ok(Telemetry::Series(SeriesSet::new(vec![job("db1", 9.0)], Coverage::Sample))));
    assert_eq!(panel.status(0).0, Status::Critical, "alone it is drawn without a name");
    panel.answer(5, 0, Ok(Telemetry::Series(SeriesSet::new(vec![job("web", 1.0)], Coverage::Sample))));
    assert_ne!(panel.status(5).0, Status::Ok, "nothing that is kept is not nothing");
}

#[test]
fn a_query_that_fails_beside_one_that_answers_is_counted_by_itself() {
    let mut panel = Followed::new(two_queries());
    for at in [0, 5, 10] {
        panel.values(at, 0, &[("", 1.0)]).answer(at, 1, Err(Reason::NoMatch.into()));
    }
    assert_eq!(panel.evaluate_at(10).fault.map(|fault| fault.failures), Some(3));
}

#[test]
fn since_is_that_of_the_status_and_not_of_what_is_pending() {
    let thresholds =
        Thresholds { warning: Some(Bound::Above(5.0)), critical: Some(Bound::Above(8.0)), ..Thresholds::default() };
    let mut panel = Followed::new(Rule { thresholds: Thresholds { hold: Span::seconds(60), ..thresholds }, ..rule() });
    for at in 0..=120 {
        panel.value(at, if at < 120 { 6.0 } else { 9.0 });
    }
    let evaluation = panel.evaluate_at(120);
    assert_eq!((evaluation.status, evaluation.pending), (Status::Warning, Some(Status::Critical)));
    assert!(evaluation.open_start, "it was a warning when andon first looked");
}

#[test]
fn a_target_that_is_down_says_why_and_not_that_zero_is_less_than_one() {
    let limits = Thresholds { critical: Some(Bound::Below(1.0)), ..Thresholds::default() };
    let mut panel = Followed::new(Rule { thresholds: limits, ..rule() });
    let series = vec![Series::single("api", Timestamp(0), 0.0), Series::single("web", Timestamp(0), 1.0)];
    let telemetry = Telemetry::Series(SeriesSet::new(series, Coverage::Sample));
    panel.answer(0, 0, Ok(telemetry.with_caveat("api: HTTP 503".into(), false)));
    assert_eq!(panel.why(0), "api down: HTTP 503 since before 00:00");
}

#[test]
fn what_hysteresis_holds_is_not_said_to_be_past_its_limit() {
    let thresholds = Thresholds { hysteresis: crate::eval::threshold::Hysteresis::Absolute(2.0), ..rule().thresholds };
    let mut panel = Followed::new(Rule { thresholds, ..rule() });
    panel.value(0, 1.0).value(5, 9.0).value(10, 4.0);
    assert_eq!(panel.status(10).0, Status::Critical);
    assert_eq!(panel.why(10), "4 s, was > 5 s and has not come back far enough (hysteresis), since 00:00");
}

mod kinds;
