//! Series and answers that should be there.

use super::*;

#[test]
fn a_series_that_vanished_makes_it_unknown_until_it_comes_back() {
    let mut panel = Followed::new(rule());
    panel.values(0, 0, &[("a", 1.0), ("b", 1.0), ("c", 1.0)]).values(5, 0, &[("a", 1.0)]);
    assert_eq!(panel.status(5).0, Status::Unknown);
    assert_eq!(panel.why(5), "2 of 3 missing: b, c");
    // Its last point has long left the window.
    panel.values(3 * HOUR, 0, &[("a", 1.0)]);
    assert_eq!(panel.status(3 * HOUR).0, Status::Unknown);
    panel.values(3 * HOUR + 5, 0, &[("a", 1.0), ("b", 1.0), ("c", 1.0)]);
    assert_eq!(panel.status(3 * HOUR + 5).0, Status::Ok);
    // What is known to be bad is worse than what is missing; both are said.
    panel.values(3 * HOUR + 10, 0, &[("a", 9.0)]);
    assert_eq!(panel.status(3 * HOUR + 10).0, Status::Critical);
    assert!(panel.why(3 * HOUR + 10).ends_with("; 2 of 3 missing: b, c"), "{}", panel.why(3 * HOUR + 10));
}

#[test]
fn how_many_there_should_be_holds_at_the_first_look() {
    let expecting = |expect| Rule { expect: Some(expect), ..rule() };
    let mut panel = Followed::new(expecting(3));
    panel.values(0, 0, &[("a", 1.0)]);
    assert_eq!((panel.status(0).0, panel.why(0)), (Status::Unknown, "2 of 3 missing".to_owned()));
    // Others that replace those that went are as good: pods come and go.
    panel.values(5, 0, &[("x", 1.0), ("y", 1.0), ("z", 1.0)]);
    assert_eq!(panel.status(5).0, Status::Ok);
    let mut any = Followed::new(expecting(0));
    any.values(0, 0, &[("a", 1.0), ("b", 1.0)]).values(5, 0, &[("a", 1.0)]);
    assert_eq!(any.status(5).0, Status::Ok);
}

#[test]
fn a_query_that_says_nothing_beside_a_good_one_is_missed() {
    for nothing in [Vec::new(), vec![("", f64::NAN)]] {
        let mut panel = Followed::new(two_queries());
        panel.values(0, 0, &[("", 1.0)]).values(0, 1, &nothing);
        assert_eq!(panel.status(0).0, Status::Unknown, "{nothing:?}");
        assert!(panel.why(0).starts_with('b'), "{}", panel.why(0));
    }
}

#[test]
fn a_computed_value_whose_parts_have_all_vanished_does_not_stay_as_it_was() {
    let ratio = Rule { value: Some(Expression::parse("a / b").unwrap()), ..two_queries() };
    let mut panel = Followed::new(ratio);
    panel.values(0, 0, &[("", 1.0)]).values(0, 1, &[("", 1.0)]);
    assert_eq!(panel.status(0).0, Status::Ok);
    panel.values(5, 0, &[]).values(5, 1, &[]);
    assert_eq!(panel.status(5).0, Status::Unknown);
    // A part whose own times lag behind is no other round, and one that has ended makes the value old.
    let mut panel = Followed::new(panel.rule.clone());
    let lagging = |at: i64| {
        let points = vec![Point { at: Timestamp((at - 10) * 1000), value: 1.0 }];
        Ok(Telemetry::Series(SeriesSet::new(vec![Series::named("", points)], Coverage::Whole)))
    };
    panel.values(20, 0, &[("", 1.0)]).answer(20, 1, lagging(20));
    panel.values(25, 0, &[("", 9.0)]).answer(25, 1, lagging(25));
    assert_eq!(panel.status(25).0, Status::Critical);
}

#[test]
fn how_many_there_should_be_counts_those_with_a_value() {
    let mut panel = Followed::new(Rule { expect: Some(3), thresholds: Thresholds::default(), ..rule() });
    panel.values(0, 0, &[("a", 1.0), ("b", f64::NAN), ("c", f64::NAN)]);
    assert_eq!((panel.status(0).0, panel.why(0)), (Status::Unknown, "2 of 3 missing".to_owned()));
}
