//! Values that are computed of the past.

use super::*;

#[test]
fn a_value_over_a_span_is_judged_answer_by_answer_and_not_before_the_span_is_known() {
    let value = Some(Expression::parse("sum(q, 20s)").unwrap());
    let critical = Thresholds { critical: Some(Bound::Above(10.0)), ..Thresholds::default() };
    let mut panel = Followed::new(Rule { value, thresholds: critical, ..rule() });
    for at in [0, 5, 10] {
        panel.value(at, 3.0);
        assert_eq!(panel.status(at).0, Status::Unknown, "{at}: a part of the sum is missing");
    }
    for at in [15, 20, 25] {
        panel.value(at, 3.0);
    }
    assert_eq!(panel.status(25).0, Status::Critical, "{}", panel.why(25));
    for at in [30, 35] {
        panel.value(at, 0.0);
    }
    assert_eq!(panel.status(35).0, Status::Ok, "{}", panel.why(35));
    // The past of the graph is computed by the same rule as the value of now.
    let Content::Series(series) = panel.evaluate_at(35).content else { panic!() };
    let last: Vec<f64> = series[0].points.iter().rev().take(3).map(|point| point.value).collect();
    assert_eq!(last, [6.0, 9.0, 12.0]);
}

#[test]
fn as_it_was_before_is_asked_of_the_past_and_is_a_gap_where_there_is_none() {
    let value = Some(Expression::parse("q - shift(q, 20s)").unwrap());
    let mut panel = Followed::new(Rule { value, ..rule() });
    for at in [0, 5, 10] {
        panel.value(at, at as f64);
        assert_eq!(panel.status(at).0, Status::Unknown);
    }
    for at in [15, 20, 25] {
        panel.value(at, (at * at) as f64);
    }
    let Content::Series(series) = panel.evaluate_at(25).content else { panic!() };
    assert_eq!(series[0].value, Some(625.0 - 5.0));
}

#[test]
fn a_sum_of_values_that_were_thinned_out_is_unknown() {
    let value = Some(Expression::parse("sum(q, 3600s)").unwrap());
    let mut panel = Followed::new(Rule { value, window: Span::seconds(10 * HOUR), ..rule() });
    for at in 0..5000 {
        panel.value(at, 1.0);
    }
    assert_eq!(panel.status(4999).0, Status::Unknown, "not every value is there any more");
    for at in 5000..9000 {
        panel.value(at, 1.0);
    }
    let Content::Series(series) = panel.evaluate_at(8999).content else { panic!() };
    assert_eq!(series[0].value, None, "it was thinned out once more");
}
