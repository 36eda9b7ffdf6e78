//! What the data means: pure functions over the store and a moment. No clock, no I/O.

pub mod blame;
pub mod changes;
pub mod checks;
pub mod expression;
pub mod freshness;
pub mod known;
pub mod live;
pub mod matching;
pub mod notification;
pub mod panel;
pub mod past;
pub mod rollup;
pub mod selection;
pub mod threshold;
pub mod transitions;
pub mod verdict;
