//! Which occurrence of a series is meant.
//!
//! Source: RFC 5545, section 3.8.4.4 (`RECURRENCE-ID`).

use jiff::Timestamp;
use jiff::civil::Date;

use super::moments::When;
use super::zones::Zones;

/// An occurrence by its original begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    Day(Date),
    Moment(Timestamp),
}

impl Slot {
    /// Of whole days it is a day, however it is written.
    pub(super) fn new(when: &When, of_days: bool, zones: &Zones) -> Option<Self> {
        if of_days || matches!(when, When::Day(_)) {
            return when.day(zones).map(Self::Day);
        }
        when.zoned(zones).map(|zoned| Self::Moment(zoned.timestamp()))
    }
}
