//! Which entries of one name (`UID`) count, and which occurrences they change.
//!
//! Sources: RFC 5545, sections 3.8.4.4 (`RECURRENCE-ID`: one occurrence that was changed, or with
//! `RANGE=THISANDFUTURE` all from it on), 3.8.7.3 and 3.8.7.4 (which version of an entry is the newest).

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::begin::Begin;
use super::calendar::{Entry, Version};
use super::moments::When;
use super::zones::Zones;

/// All entries of one name.
#[derive(Debug, Default)]
pub(super) struct Family<'a> {
    /// What takes place, once or by rules. There may be several where no version is older than the other: a program
    /// that gives every entry one name is no reason to lose a freeze.
    pub(super) series: Vec<&'a Entry>,
    /// Single occurrences that were changed.
    pub(super) changed: Vec<&'a Entry>,
    /// Which occurrences those stand for.
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

/// An occurrence by its original begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    Day(Date),
    Moment(Timestamp),
}

impl Slot {
    /// Of whole days it is a day, however it is written.
    fn of(when: &When, of_days: bool, zones: &Zones) -> Option<Self> {
        if of_days || matches!(when, When::Day(_)) {
            return when.day(zones).map(Self::Day);
        }
        when.zoned(zones).map(|zoned| Self::Moment(zoned.timestamp()))
    }
}

impl Without {
    /// Adds an occurrence of a series, which may be one of whole days.
    pub(super) fn add(&mut self, when: &When, of_days: bool, zones: &Zones) {
        match Slot::of(when, of_days, zones) {
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

impl Version {
    /// Makes this the newer one of the two.
    fn see(&mut self, other: Self) {
        if other.sequence > self.sequence {
            *self = other;
        } else if other.sequence == self.sequence {
            self.modified = self.modified.max(other.modified);
        }
    }

    /// Whether it is older than another. One that does not say when it was changed may be as new.
    fn is_outdated_by(self, newest: Self) -> bool {
        let is_same = self.sequence == newest.sequence;
        self.sequence < newest.sequence || is_same && self.modified.is_some() && self.modified < newest.modified
    }
}

/// The families of a calendar, in the order in which their first entries are written.
pub(super) fn families<'a>(entries: &'a [Entry], zones: &mut Zones) -> Vec<Family<'a>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut all: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        let new = all.len();
        // Without a name it is no relative of anybody.
        let place = if entry.uid.is_empty() { new } else { *places.entry(&entry.uid).or_insert(new) };
        match all.get_mut(place) {
            Some(family) => family.push(entry),
            None => all.push(vec![entry]),
        }
    }
    all.into_iter().map(|entries| Family::of(&entries, zones)).collect()
}

impl<'a> Family<'a> {
    fn of(entries: &[&'a Entry], zones: &mut Zones) -> Self {
        let (mut series, changed): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|one| one.replaces.is_none());
        let newest = series.iter().fold(Version::default(), |mut newest, entry| {
            newest.see(entry.version);
            newest
        });
        series.retain(|entry| !entry.version.is_outdated_by(newest));
        let begin = series.first().and_then(|entry| Begin::of(entry, zones));
        let of_days = begin.as_ref().is_some_and(Begin::is_of_days);
        let mut family = Self { series, ..Self::default() };
        for (entry, when) in current(changed, of_days, newest, zones) {
            if let Some(when) = &when {
                family.replaced.add(when, of_days, zones);
                family.moves.extend(Move::of(entry, when, begin.as_ref(), zones));
            }
            family.changed.push(entry);
        }
        family.moves.sort_by_key(|one| one.from);
        family.moved = family.moves.iter().map(|one| one.by.as_hours().abs() / 24 + 1).max().unwrap_or(0);
        family.longest = family.moves.iter().map(|one| one.begin.days()).max().unwrap_or(0);
        family
    }

    /// What became of the occurrences from that at a moment on, if anything.
    pub(super) fn move_at(&self, moment: Timestamp) -> Option<&Move<'a>> {
        let after = self.moves.partition_point(|one| one.from <= moment);
        self.moves.get(after.checked_sub(1)?)
    }
}

/// Changed occurrences as they are now, with what they stand for: of several versions the newest, and none that was
/// changed before the whole series was.
fn current<'a>(
    changed: Vec<&'a Entry>,
    of_days: bool,
    series: Version,
    zones: &mut Zones,
) -> Vec<(&'a Entry, Option<When>)> {
    let mut newest: HashMap<Slot, Version> = HashMap::new();
    let mut all = Vec::new();
    for entry in changed {
        let when = entry.replaces.as_ref().and_then(|replaces| replaces.read(zones));
        let slot = when.as_ref().and_then(|when| Slot::of(when, of_days, zones));
        if let Some(slot) = slot {
            newest.entry(slot).or_default().see(entry.version);
        }
        all.push((entry, when, slot));
    }
    all.retain(|(entry, _, slot)| {
        let own = entry.version;
        let is_old = slot.and_then(|slot| newest.get(&slot)).is_some_and(|newest| own.is_outdated_by(*newest));
        let before_series = own.sequence < series.sequence && own.modified <= series.modified;
        !is_old && !before_series
    });
    all.into_iter().map(|(entry, when, _)| (entry, when)).collect()
}

impl<'a> Move<'a> {
    fn of(entry: &'a Entry, from: &When, series: Option<&Begin>, zones: &mut Zones) -> Option<Self> {
        if !entry.replaces_later {
            return None;
        }
        let begin = Begin::of(entry, zones)?;
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
