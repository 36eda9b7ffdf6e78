//! What waits for an engine.

use std::sync::Arc;

use super::run::{Run, START};
use crate::history::outgoing::{Change, KEPT, Outgoing};
use crate::model::time::Timestamp;

#[test]
fn what_waits_for_an_engine_is_known_again_until_it_is_sent_or_too_old() {
    let mut run = Run::new("outgoing");
    let target: Arc<str> = "http://engine/".into();
    let one = |number: i64| Outgoing {
        target: Arc::clone(&target),
        number: START + number,
        samples: 7,
        newest: Timestamp(START + 10 * number),
        body: vec![number as u8; 3].into(),
    };
    let gone = |number: i64| Change::Gone(Arc::clone(&target), START + number);
    for number in 1..=4 {
        run.writer().change_outgoing(Change::Waits(one(number)));
    }
    // One that is sent before the next flush never gets to the disk.
    run.writer().change_outgoing(gone(1));
    run.flush();
    run.writer().change_outgoing(gone(3));
    run.kill();
    let unsent = run.past(START).unsent;
    assert_eq!(unsent.waiting, [one(2), one(4)]);
    assert_eq!(unsent.newest, [("http://engine/".to_owned(), Timestamp(START + 40))].into());
    run.writer().change_outgoing(Change::Waits(one(5)));
    run.kill();
    assert_eq!(run.past(START).unsent.waiting, [one(2), one(4)], "what was not flushed is lost");
    run.pass(KEPT.0 + 3);
    run.kill();
    assert_eq!(run.past(START).unsent.waiting, [one(4)]);
    run.writer().change_outgoing(Change::AllGone);
    assert_eq!(run.past(START).unsent.waiting, []);
}
