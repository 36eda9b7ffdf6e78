//! What the data means: pure functions over the store and a moment. No clock, no I/O.

pub mod blame;
pub mod board;
pub mod changes;
pub mod check;
pub mod checks;
pub mod delivery;
pub mod deployments;
pub mod events;
mod evidence;
pub mod expression;
pub mod freshness;
pub mod judging;
mod kinds;
mod lines;
mod look;
pub mod matching;
pub mod notification;
pub mod panel;
pub mod rollup;
pub mod rule;
pub mod selection;
mod since;
pub mod sources;
pub mod threshold;
pub mod transitions;
pub mod verdict;
