//! What happened: as the last answer tells it, oldest first.

use std::sync::Arc;

use super::kind::{Snapshot, text_bytes};
use crate::model::event::Event;
use crate::model::time::Timestamp;

/// What is known of one query.
pub type State = Arc<Vec<Event>>;

impl Snapshot for Vec<Event> {
    type Answer = Self;

    fn after(_: Option<&Self>, mut answer: Self, _: Timestamp) -> Self {
        // Of one moment the order decides in which they were told; many tell the newest first.
        if answer.first().map(|event| event.at) > answer.last().map(|event| event.at) {
            answer.reverse();
        }
        answer.sort_by_key(|event| event.at);
        answer
    }

    fn bytes(&self) -> usize {
        self.iter().map(bytes).sum()
    }

    fn events(&self) -> &[Event] {
        self
    }
}

/// The room that an event takes in memory, about, in bytes.
pub(super) fn bytes(event: &Event) -> usize {
    let texts = [&event.title, &event.service, &event.environment, &event.version, &event.remark];
    size_of::<Event>() + text_bytes(texts)
}
