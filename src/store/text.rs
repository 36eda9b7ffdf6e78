//! Free text: the last one.

use std::sync::Arc;

use super::kind::{Snapshot, text_bytes};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// What is known of one query.
pub type State = Arc<Vec<SafeText>>;

impl Snapshot for Vec<SafeText> {
    type Answer = Self;

    fn after(_: Option<&Self>, answer: Self, _: Timestamp) -> Self {
        answer
    }

    fn bytes(&self) -> usize {
        text_bytes(self)
    }
}
