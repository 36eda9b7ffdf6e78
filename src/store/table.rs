//! Tables: the last one.

use std::sync::Arc;

use super::kind::{Snapshot, text_bytes};
use crate::model::table::{Cell, OwnStatus, Table};
use crate::model::time::{Span, Timestamp};

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
        let own = self.own.len() * size_of::<OwnStatus>() + text_bytes(self.own.iter().map(|own| &own.reason));
        text_bytes(&self.columns) + self.rows.iter().flatten().map(bytes).sum::<usize>() + own
    }

    fn set_back(&self, by: Span) -> Option<Self> {
        let mut other = (!self.own.is_empty()).then(|| self.clone())?;
        for at in other.own.iter_mut().flat_map(|own| [&mut own.as_of, &mut own.since]).flatten() {
            *at = at.minus(by);
        }
        Some(other)
    }
}
