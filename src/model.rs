//! Plain data, shared by every room: status, layer, time, text from outside, units, telemetry.
//!
//! Nothing here knows a source, a panel or a screen, and nothing here reads a clock (except
//! [`time::now`], the only access to it).

pub mod answer;
pub mod audience;
pub mod build;
pub mod demands;
pub mod event;
pub mod fault;
pub mod format;
pub mod freshness;
mod from_text;
pub mod glob;
pub mod hex;
pub mod hours;
pub mod inspection;
pub mod isolation;
pub mod judgement;
pub mod kinds;
pub mod labels;
pub mod layer;
pub mod legibility;
pub mod length;
pub mod lines;
pub mod local_time;
pub mod log;
pub mod log_filter;
pub mod log_pattern;
pub mod measured;
pub mod moment;
pub mod number;
pub mod number_or_text;
pub mod people;
pub mod percentile;
pub mod poll;
pub mod public;
pub mod redact;
pub mod review;
pub mod rollbacks;
pub mod series;
pub mod status;
pub mod status_time;
pub mod table;
pub mod telemetry;
pub mod text;
pub mod time;
pub mod unit;
pub mod version;
