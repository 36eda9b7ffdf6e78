//! iCalendar: from the text of a calendar to what takes place in a window of time.
//!
//! Source: RFC 5545, as Google, Outlook, Nextcloud, Radicale and others export it. Read tolerantly: what is not known is
//! skipped. An entry that cannot be read does not take the others with it; it comes with a [`Doubt`]. A file that
//! ends early is refused as a whole: what is missing may be a freeze.
//!
//! It knows no file, no server and no clock: [`read`] takes bytes, [`occurrences()`] a window.

mod begin;
mod changes;
mod days;
mod document;
mod doubt;
mod effort;
#[cfg(test)]
mod examples;
mod frequency;
mod lines;
mod moments;
mod names;
mod observances;
mod occurrences;
mod parts;
mod recurrence;
mod rule;
mod slot;
mod times;
mod transitions;
mod values;
mod versions;
mod windows;
mod zones;

pub use document::{Calendar, Entry, read};
pub use doubt::Doubt;
pub use occurrences::{Occurrence, occurrences};
