//! andon, a terminal information radiator.
#![doc = include_str!("../ARCHITECTURE.md")]

pub mod accept;
pub mod app;
pub mod calendar;
pub mod cli;
pub mod config;
pub mod eval;
pub mod export;
pub mod history;
pub mod hub;
pub mod input;
pub mod model;
pub mod output;
pub mod panel;
pub mod render;
pub mod simulator;
pub mod source;
pub mod store;
pub mod view;
pub mod viewer;
