//! andon, a terminal information radiator.
#![doc = include_str!("../ARCHITECTURE.md")]

pub mod config;
pub mod eval;
pub mod model;
pub mod panel;
pub mod source;
pub mod store;
