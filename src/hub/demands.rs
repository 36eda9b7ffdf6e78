//! What the viewers of a board need, kept for each of them and released when it leaves.

use std::collections::BTreeMap;

use crate::model::demands::Demands;
use crate::model::poll::QueryId;
use crate::source::Widths;

/// Viewers whose demands are kept. Whoever comes after so many sees the board, too, as finely as others need it.
pub const MAX_VIEWERS: usize = 1024;

/// Which viewer; whoever starts one gives it a number that no other has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewerId(pub u64);

impl ViewerId {
    /// The one on the terminal that the board was started on.
    pub const LOCAL: Self = Self(0);
}

/// The demands of every viewer.
#[derive(Debug, Default)]
pub struct ViewerDemands(BTreeMap<ViewerId, Demands>);

impl ViewerDemands {
    /// All that a viewer needs now, instead of what it needed before.
    pub fn set(&mut self, viewer: ViewerId, demands: Demands) {
        if self.0.len() < MAX_VIEWERS || self.0.contains_key(&viewer) {
            self.0.insert(viewer, demands);
        }
    }

    /// A viewer has left.
    pub fn release(&mut self, viewer: ViewerId) {
        self.0.remove(&viewer);
    }

    /// Forgets queries that the board does not have, or no longer.
    pub fn retain(&mut self, is_known: impl Fn(QueryId) -> bool) {
        for demands in self.0.values_mut() {
            demands.retain(&is_known);
        }
    }

    /// What serves all viewers.
    pub fn joined(&self) -> Demands {
        self.0.values().fold(Demands::default(), |mut all, demands| {
            all.join(demands);
            all
        })
    }

    /// In how many columns each query is drawn, on the widest panel of any viewer.
    pub fn widths(&self) -> Widths {
        self.joined().details().map(|(query, detail)| (query, detail.columns)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::demands::Detail;
    use crate::model::time::Span;

    const A: QueryId = QueryId(1);
    const B: QueryId = QueryId(2);

    fn wide(query: QueryId, columns: u16) -> Demands {
        let mut demands = Demands::default();
        demands.need(query, Detail { columns, window: Span::default() });
        demands
    }

    #[test]
    fn the_widest_viewer_counts_until_it_leaves() {
        let (wall, laptop) = (ViewerId(1), ViewerId(2));
        let mut demands = ViewerDemands::default();
        demands.set(wall, wide(A, 400));
        demands.set(laptop, wide(A, 80));
        assert_eq!(demands.widths(), Widths::from([(A, 400)]), "the last to say something is not the only one");
        demands.set(wall, wide(B, 300));
        assert_eq!(demands.widths(), Widths::from([(A, 80), (B, 300)]), "what it needed before is needed no more");
        demands.release(wall);
        assert_eq!(demands.widths(), Widths::from([(A, 80)]));
        demands.release(laptop);
        assert_eq!(demands.widths(), Widths::new());
    }

    #[test]
    fn a_query_that_is_gone_is_not_needed() {
        let mut demands = ViewerDemands::default();
        demands.set(ViewerId::LOCAL, wide(A, 80));
        demands.set(ViewerId(1), wide(B, 80));
        demands.retain(|query| query == B);
        assert_eq!(demands.widths(), Widths::from([(B, 80)]));
    }

    #[test]
    fn the_number_of_viewers_is_bounded() {
        let mut demands = ViewerDemands::default();
        for n in 0..=MAX_VIEWERS as u64 {
            demands.set(ViewerId(n), wide(QueryId(n as usize), 80));
        }
        assert_eq!(demands.widths().len(), MAX_VIEWERS);
        demands.set(ViewerId(3), wide(A, 500));
        assert_eq!(demands.widths().get(&A), Some(&500), "a viewer that is known may change its mind");
    }
}
