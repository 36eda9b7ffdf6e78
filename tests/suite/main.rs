//! The tests of the program as a whole, in one binary: it links once.
//!
//! `tests/run` installs what the live tests need and runs everything; plain `cargo test` skips, by name
//! and out loud, the live tests whose server is not there.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::float_cmp,
    clippy::type_complexity,
    clippy::too_many_lines,
    reason = "a test stops where something is wrong, and its modules are public to each other only"
)]

mod support;

mod andon_source;
mod api;
mod argocd;
mod attack;
mod audiences;
mod bad_data;
mod blocking;
mod cctray;
mod circles;
mod cli;
mod command_palette;
mod commands;
mod config;
mod doctor;
mod encoder;
mod events;
mod expressions;
mod faults;
mod first_steps;
mod frames;
mod fuzz;
mod gallery;
mod github;
mod gitlab;
mod history;
mod hostile;
mod ical;
mod jenkins;
mod kiosk;
mod layers;
mod legible;
mod listeners;
mod live;
mod live_builds;
mod live_proxy;
mod live_ssh;
mod live_ssh_refused;
mod live_web;
mod live_web_login;
mod live_web_pictures;
mod load;
mod logs;
mod looks;
mod marks;
mod notify;
mod otlp;
mod panels_pipeline;
mod past;
mod plain;
mod read_only;
mod readme;
mod registry;
mod reload;
mod remote_write;
mod scenarios;
mod second_output;
mod secrets;
mod serving;
mod shipped;
mod sizes;
mod soak;
mod sources;
mod statsd;
mod status_page;
mod supply;
mod terminal;
mod terminal_faults;
mod terminal_input;
mod terminal_shared;
mod time;
mod viewers;
mod wall;
mod web;
