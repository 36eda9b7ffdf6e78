//! The tests of the program as a whole, in one binary: it links once.
//!
//! `tests/run` installs what the live tests need and runs everything; plain `cargo test` skips, by name
//! and out loud, the live tests whose server is not there.

#![expect(unreachable_pub, reason = "the modules of a test binary are public to each other only")]

mod support;

mod cli;
mod config;
mod encoder;
mod frames;
mod layers;
mod live;
mod readme;
mod registry;
mod scenarios;
mod shipped;
mod sources;
mod terminal;
