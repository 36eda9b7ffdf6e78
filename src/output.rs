//! Encoders of frames, and the loops that feed them.

pub mod ansi;
pub mod document;
pub mod html;
pub mod openmetrics;
mod past_looks;
pub mod patient;
pub mod plain;
mod runs;
pub mod service;
pub mod socket;
pub mod status_page;
mod stretches;
pub mod svg;
pub mod terminal;
pub mod text;
pub mod viewing;
pub mod web;
