//! What became of single occurrences of a series.
//!
//! Source: RFC 5545, section 3.8.4.4 (`RECURRENCE-ID`: one occurrence that was changed, or with `RANGE=THISANDFUTURE` all
//! from it on).

use std::collections::HashSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::begin::Begin;
use super::document::Entry;
use super::moments::When;
use super::slot::Slot;
use super::versions::Change;
use super::zones::Zones;

/// The changes of a series.
#[derive(Debug, Default)]
pub(super) struct Changes<'a> {
    /// Which occurrences were changed.
    pub(super) replaced: Without,
    /// How later occurrences were changed, the earliest first.
    moves: Vec<Move<'a>>,
    /// How far those were moved, at most, in days.
    pub(super) moved: i64,
    /// How long those last, at most, in days.
    pub(super) longest: i64,
}

/// What became of all occurrences from one on.
#[derive(Debug)]
pub(super) struct Move<'a> {
    from: Timestamp,
    /// How much later they are, as clocks show it.
    pub(super) by: SignedDuration,
    pub(super) entry: &'a Entry,
    pub(super) begin: Begin,
}

/// Occurrences that do not take place, or are written somewhere else.
#[derive(Debug, Default)]
pub(super) struct Without {
    days: HashSet<Date>,
    moments: HashSet<Timestamp>,
}

impl Without {
    /// Adds an occurrence of a series, which may be one of whole days.
    pub(super) fn add(&mut self, when: &When, of_days: bool, zones: &Zones) {
        match Slot::new(when, of_days, zones) {
            Some(Slot::Day(day)) => self.days.extend([day]),
            Some(Slot::Moment(moment)) => self.moments.extend([moment]),
            None => {}
        }
    }

    /// Adds a moment.
    pub(super) fn add_moment(&mut self, moment: Timestamp) {
        self.moments.insert(moment);
    }

    /// Whether an occurrence is one of them.
    pub(super) fn has(&self, start: &Zoned) -> bool {
        self.days.contains(&start.date()) || self.moments.contains(&start.timestamp())
    }
}

impl<'a> Changes<'a> {
    /// What these come to, of a series that begins so.
    pub(super) fn new(changes: &[Change<'a>], series: Option<&Begin>, zones: &mut Zones) -> Self {
        let of_days = series.is_some_and(Begin::is_of_days);
        let mut all = Self::default();
        for Change { entry, when, .. } in changes {
            if let Some(when) = when {
                all.replaced.add(when, of_days, zones);
                all.moves.extend(Move::new(entry, when, series, zones));
            }
        }
        all.moves.sort_by_key(|one| one.from);
        all.moved = all.moves.iter().map(|one| one.by.as_hours().abs() / 24 + 1).max().unwrap_or(0);
        all.longest = all.moves.iter().map(|one| one.begin.days()).max().unwrap_or(0);
        all
    }

    /// What became of the occurrences from that at a moment on, if anything.
    pub(super) fn move_at(&self, moment: Timestamp) -> Option<&Move<'a>> {
        let after = self.moves.partition_point(|one| one.from <= moment);
        self.moves.get(after.checked_sub(1)?)
    }
}

impl<'a> Move<'a> {
    fn new(entry: &'a Entry, from: &When, series: Option<&Begin>, zones: &mut Zones) -> Option<Self> {
        if !entry.replaces_later {
            return None;
        }
        let begin = Begin::new(entry, zones)?;
        let original = original(from, series, zones)?;
        let by = begin.at.with_time_zone(original.time_zone().clone()).datetime().duration_since(original.datetime());
        Some(Self { from: original.timestamp(), by, entry, begin })
    }
}

/// When an occurrence began before it was changed. One that is named by its day is at the time of its series.
fn original(named: &When, series: Option<&Begin>, zones: &Zones) -> Option<Zoned> {
    match (named, series) {
        (When::Day(day), Some(series)) if !series.is_of_days() => {
            day.to_datetime(series.when.civil().time()).to_zoned(series.when.zone(zones).clone()).ok()
        }
        (When::At(..), Some(series)) if series.is_of_days() => When::Day(named.day(zones)?).zoned(zones),
        _ => named.zoned(zones),
    }
}
