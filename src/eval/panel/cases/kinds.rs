//! Panels of tables and of what happened.

use super::*;
use crate::model::event::{Event, EventKind, EventSet, EventState};
use crate::model::table::{Cell, OwnStatus, Table};

#[test]
fn an_incident_by_a_clock_that_is_ahead_of_ours_is_judged() {
    let subject = Subject::Events { set: EventSet::DeploysAndIncidents, noticed: false, judged: true };
    let mut panel = Followed::new(Rule { subject, ..rule() });
    let incident =
        Event { at: Timestamp(120_000), kind: EventKind::Incident, state: EventState::Running, ..Event::default() };
    panel.answer(0, 0, Ok(Telemetry::Events(vec![incident])));
    assert_eq!(panel.status(0).0, Status::Critical);
    panel.answer(5, 0, Ok(Telemetry::Text(vec!["no events at all".into()])));
    assert_eq!(panel.status(5).0, Status::Unknown, "{}", panel.why(5));
}

#[test]
fn only_the_places_that_a_panel_shows_are_judged() {
    let deploy = |environment: &str, state| Event {
        at: Timestamp(0),
        kind: EventKind::Deploy,
        state,
        service: "shop".into(),
        environment: environment.into(),
        version: "v1".into(),
        ..Event::default()
    };
    let subject = Subject::Events { set: EventSet::Deploys, noticed: false, judged: true };
    for (shown, status) in [("production", Status::Ok), ("Staging", Status::Critical), ("test", Status::Unknown)] {
        let places = (Vec::new(), vec![shown.to_owned()]);
        let rule = Rule { subject, places, thresholds: Thresholds::default(), ..rule() };
        let mut panel = Followed::new(rule);
        let all = vec![deploy("production", EventState::Done), deploy("staging", EventState::Failed)];
        panel.answer(0, 0, Ok(Telemetry::Events(all)));
        assert_eq!(panel.status(0).0, status, "{shown}: {}", panel.why(0));
    }
    let mut panel = Followed::new(Rule { subject, thresholds: Thresholds::default(), ..rule() });
    panel.answer(0, 0, Ok(Telemetry::Events(vec![deploy("production", EventState::Running)])));
    assert_eq!((panel.status(0).0, panel.why(0).as_str()), (Status::Unknown, "shop: no deploy has arrived yet"));
}

#[test]
fn tables_of_several_queries_are_joined_by_the_names_of_their_columns() {
    let table = |columns: [&str; 2], rows: &[[f64; 2]]| {
        let rows = rows.iter().map(|row| row.iter().map(|number| Cell::Number(*number)).collect()).collect();
        Ok(Telemetry::Table(Table { columns: columns.map(Into::into).into(), rows, own: Vec::new() }))
    };
    let empty = || Ok(Telemetry::Table(Table::default()));
    let with = |rule: Rule, a: Answer, b: Answer| {
        let mut panel = Followed::new(Rule { column: "n".into(), ..rule });
        panel.answer(0, 0, a).answer(0, 1, b);
        (panel.status(0).0, panel.why(0))
    };
    let (good, bad) = (|| table(["n", "m"], &[[1.0, 0.0]]), || table(["m", "n"], &[[0.0, 9.0]]));
    assert_eq!(with(two_queries(), good(), bad()).0, Status::Critical, "in another order");
    assert_eq!(with(two_queries(), good(), table(["x", "n"], &[[0.0, 9.0]])).0, Status::Unknown, "with another column");
    let nothing_is_ok = || Rule { empty: Some(Empty::Ok), ..two_queries() };
    assert_eq!(with(nothing_is_ok(), empty(), bad()).0, Status::Critical, "an empty document hides no other");
    assert_eq!(with(nothing_is_ok(), good(), empty()).0, Status::Ok);
    assert_eq!(with(two_queries(), good(), empty()).1, "b: no data");
}

#[test]
fn rows_with_a_status_of_their_own_are_judged_by_it_and_never_made_better_by_limits() {
    let own = |status| OwnStatus { status, as_of: Some(Timestamp(-100_000)), ..OwnStatus::default() };
    let judged = |rule: Rule, own: Vec<OwnStatus>| {
        let row = |index: usize| vec![Cell::Text(format!("p{index}").as_str().into()), Cell::Number(9.0)];
        let rows = (0..own.len()).map(row).collect();
        let mut panel = Followed::new(rule);
        panel.answer(0, 0, Ok(Telemetry::Table(Table { columns: vec!["panel".into(), "n".into()], rows, own })));
        let evaluation = panel.evaluate_at(0);
        (evaluation.status, evaluation.is_judged, evaluation.freshness, evaluation.age.unwrap().0 / 1000, panel.why(0))
    };
    let fine = || vec![own(Some(Status::Ok)), own(None)];
    let of = |rule, own| {
        let (status, is_judged, ..) = judged(rule, own);
        (status, is_judged)
    };
    let column = || Rule { column: "n".into(), ..rule() };
    assert_eq!(of(rule(), fine()), (Status::Ok, true), "the limit of a view is not for them");
    assert_eq!(of(column(), fine()), (Status::Critical, true), "one that names its column is");
    let high =
        || Rule { thresholds: Thresholds { critical: Some(Bound::Above(99.0)), ..rule().thresholds }, ..column() };
    assert_eq!(of(high(), vec![own(Some(Status::Warning))]), (Status::Warning, true), "never better");
    assert_eq!(of(rule(), vec![own(None)]), (Status::Ok, false), "nothing judges it");
    let late = OwnStatus { is_late: true, since: Some(Timestamp(-5000)), ..own(Some(Status::Warning)) };
    let red = OwnStatus { reason: "9 > 5".into(), ..own(Some(Status::Critical)) };
    let (status, _, freshness, age, why) =
        judged(rule(), vec![own(Some(Status::Unknown)), late.clone(), red.clone(), red]);
    assert_eq!(
        (status, freshness, age, why.as_str()),
        (Status::Critical, Freshness::Late, 100, "p2: 9 > 5 and 1 more")
    );
    assert_eq!(judged(rule(), vec![late]).4, "p0: warning", "where it comes without a reason");
}
