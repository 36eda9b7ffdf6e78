//! Tables: the last one.

use std::sync::Arc;

use super::kind::{Snapshot, text_bytes};
use crate::model::table::{Cell, Table};
use crate::model::time::Timestamp;

/// What is known of one query.
pub type State = Arc<Table>;

impl Snapshot for Table {
    type Answer = Self;

    fn after(_: Option<&Self>, answer: Self, _: Timestamp) -> Self {
        answer
    }

    fn bytes(&self) -> usize {
        let bytes = |cell: &Cell| match cell {
            Cell::Number(_) => size_of::<Cell>(),
            Cell::Text(text) => text_bytes([text]),
        };
        text_bytes(&self.columns) + self.rows.iter().flatten().map(bytes).sum::<usize>()
    }
}
