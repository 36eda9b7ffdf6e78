//! Answers of the shape that a test expects.

use andon::model::build::Build;
use andon::model::event::Event;
use andon::model::poll::Answer;
use andon::model::review::Review;
use andon::model::telemetry::Telemetry;

#[track_caller]
pub fn builds(answer: Answer) -> Vec<Build> {
    match answer {
        Ok(Telemetry::Builds(builds)) => builds,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn events(answer: Answer) -> Vec<Event> {
    match answer {
        Ok(Telemetry::Events(events)) => events,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn reviews(answer: Answer) -> Vec<Review> {
    match answer {
        Ok(Telemetry::Reviews(reviews)) => reviews,
        other => panic!("{other:?}"),
    }
}

/// An answer of which a part is missing, and what is said of that.
#[track_caller]
pub fn partial(answer: Answer) -> (Answer, String) {
    match answer.unwrap().split() {
        (telemetry, Some(caveat)) if caveat.partial => (Ok(telemetry), caveat.text.to_string()),
        other => panic!("a whole answer: {other:?}"),
    }
}
