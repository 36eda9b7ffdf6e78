//! What rarely changes is looked up now and then: which repositories there are, what their default branches are.

use std::time::Duration;

use tokio::time::Instant;

use crate::source::contract::Moment;

/// For how long it counts.
const COUNTS_FOR: Duration = Duration::from_mins(15);

/// Something that was looked up, and when.
#[derive(Debug, Clone)]
pub(crate) struct LookedUp<T> {
    /// What was found.
    pub(crate) value: T,
    /// The deadline of the poll that asked.
    asked: Instant,
}

impl<T> LookedUp<T> {
    /// Found in the poll of this moment.
    pub(crate) const fn new(value: T, moment: Moment) -> Self {
        Self { value, asked: moment.deadline }
    }

    /// Whether it need not be looked up again.
    pub(crate) fn is_recent(&self, moment: Moment) -> bool {
        moment.deadline.saturating_duration_since(self.asked) < COUNTS_FOR
    }

    /// It, while it need not be looked up again.
    pub(crate) fn recent(&self, moment: Moment) -> Option<&T> {
        self.is_recent(moment).then_some(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn it_counts_for_a_while() {
        let begin = Instant::now();
        let after = |passed| Moment { now: Timestamp(0), deadline: begin + passed };
        let known = LookedUp::new(7, after(Duration::ZERO));
        assert_eq!(known.recent(after(COUNTS_FOR / 2)), Some(&7));
        assert_eq!(known.recent(after(COUNTS_FOR)), None);
        assert_eq!((known.is_recent(after(COUNTS_FOR)), known.value), (false, 7));
    }
}
