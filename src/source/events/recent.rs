//! What was met lately, as far as there is room.

use std::collections::{HashSet, VecDeque};

/// A bounded set of fingerprints: the oldest makes room for the newest.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    known: HashSet<u64>,
    order: VecDeque<u64>,
    most: usize,
}

impl Recent {
    pub(super) fn new(most: usize) -> Self {
        Self { known: HashSet::new(), order: VecDeque::new(), most }
    }

    /// Keeps one; false when it is known already.
    pub(super) fn insert(&mut self, one: u64) -> bool {
        if !self.known.insert(one) {
            return false;
        }
        self.order.push_back(one);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    pub(super) fn contains(&self, one: u64) -> bool {
        self.known.contains(&one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room() {
        let mut recent = Recent::new(2);
        assert!(recent.insert(1) && recent.insert(2) && !recent.insert(1) && recent.insert(3));
        assert!(!recent.contains(1) && recent.contains(2) && recent.contains(3));
        assert_eq!(recent.order.len(), 2);
    }
}
