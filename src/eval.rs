//! What the data means: pure functions over the store and a moment. No clock, no I/O.

pub mod expression;
pub mod freshness;
pub mod panel;
pub mod rollup;
pub mod threshold;
pub mod verdict;
