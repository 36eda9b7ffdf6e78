//! How sources are asked, all alike: their pace, their deadline, their turns, and what they do aside.

pub mod backoff;
pub mod limits;
pub mod offload;
pub mod supervisor;
mod turn;

pub(super) use turn::Turn;
