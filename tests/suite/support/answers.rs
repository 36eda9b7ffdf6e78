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
