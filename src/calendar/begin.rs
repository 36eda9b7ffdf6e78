//! When an entry begins, and how long it lasts.
//!
//! Source: RFC 5545, section 3.6.1: a day, or no time at all, where the calendar does not say.

use jiff::{Span, Zoned};

use super::document::Entry;
use super::moments::{When, exact};
use super::values::duration;
use super::zones::Zones;

/// The first time of an entry.
#[derive(Debug)]
pub(super) struct Begin {
    /// As it is written.
    pub(super) when: When,
    /// The moment.
    pub(super) at: Zoned,
    /// How long it lasts, each time.
    pub(super) length: Span,
    /// Whether it says when it ends, in a way that cannot be read.
    pub(super) has_unread_end: bool,
}

impl Begin {
    /// That of an entry; `None` where it has no date that can be read.
    pub(super) fn new(entry: &Entry, zones: &mut Zones) -> Option<Self> {
        let when = entry.start.as_ref()?.read(zones)?;
        let at = when.zoned(zones)?;
        let said = length(entry, &when, &at, zones);
        let has_unread_end = said.is_none() && (entry.end.is_some() || entry.duration.is_some());
        let unsaid = if matches!(when, When::Day(_)) { Span::new().days(1) } else { Span::new() };
        let length = said.filter(|length| !length.is_negative() && !length.is_zero()).unwrap_or(unsaid);
        Some(Self { when, at, length, has_unread_end })
    }

    /// Whether it is about whole days.
    pub(super) const fn is_of_days(&self) -> bool {
        matches!(self.when, When::Day(_))
    }

    /// Its length in days; a part of a day counts as a whole one.
    pub(super) fn days(&self) -> i64 {
        let end = self.at.checked_add(self.length).ok();
        end.map_or(0, |end| end.timestamp().duration_since(self.at.timestamp()).as_secs()) / 86_400 + 1
    }
}

/// How long it lasts, as far as it says so.
fn length(entry: &Entry, when: &When, first: &Zoned, zones: &mut Zones) -> Option<Span> {
    let Some(end) = &entry.end else { return duration(entry.duration.as_deref()?) };
    match (when, end.read(zones)?) {
        (When::Day(from), When::Day(to)) => from.until(to).ok(),
        (_, end) => exact(first, &end.zoned(zones)?),
    }
}
