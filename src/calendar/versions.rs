//! Which entries of one name (`UID`) count.
//!
//! Source: RFC 5545, sections 3.8.7.3 and 3.8.7.4: which version of an entry is the newest.

use std::collections::HashMap;

use super::begin::Begin;
use super::document::{Entry, Version};
use super::moments::When;
use super::slot::Slot;
use super::zones::Zones;

/// All entries of one name.
#[derive(Debug, Default)]
pub(super) struct Family<'a> {
    /// What takes place, once or by rules. There may be several where no version is older than the other: a program
    /// that gives every entry one name is no reason to lose a freeze.
    pub(super) series: Vec<&'a Entry>,
    /// Single occurrences that were changed.
    pub(super) changes: Vec<Change<'a>>,
}

/// An occurrence that was changed.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) entry: &'a Entry,
    /// Which occurrence it stands for; `None` where that cannot be read.
    pub(super) when: Option<When>,
    /// Whether the whole series was changed since, so that it may not have the occurrence any more.
    pub(super) is_older: bool,
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
    let mut indices: HashMap<&str, usize> = HashMap::new();
    let mut all: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        let new = all.len();
        // An entry without a name belongs to no other entry.
        let index = if entry.uid.is_empty() { new } else { *indices.entry(&entry.uid).or_insert(new) };
        match all.get_mut(index) {
            Some(family) => family.push(entry),
            None => all.push(vec![entry]),
        }
    }
    all.into_iter().map(|entries| Family::new(&entries, zones)).collect()
}

impl<'a> Family<'a> {
    fn new(entries: &[&'a Entry], zones: &mut Zones) -> Self {
        let (mut series, changed): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|one| one.replaces.is_none());
        let newest = series.iter().fold(Version::default(), |mut newest, entry| {
            newest.see(entry.version);
            newest
        });
        series.retain(|entry| !entry.version.is_outdated_by(newest));
        let begin = series.first().and_then(|entry| Begin::new(entry, zones));
        let of_days = begin.as_ref().is_some_and(Begin::is_of_days);
        Self { changes: current(changed, of_days, newest, zones), series }
    }
}

/// Changed occurrences as they are now: of several versions the newest.
fn current<'a>(changed: Vec<&'a Entry>, of_days: bool, series: Version, zones: &mut Zones) -> Vec<Change<'a>> {
    let mut newest: HashMap<Slot, Version> = HashMap::new();
    let mut all = Vec::new();
    for entry in changed {
        let when = entry.replaces.as_ref().and_then(|replaces| replaces.read(zones));
        let slot = when.as_ref().and_then(|when| Slot::new(when, of_days, zones));
        if let Some(slot) = slot {
            newest.entry(slot).or_default().see(entry.version);
        }
        let own = entry.version;
        let is_older = own.sequence < series.sequence && own.modified <= series.modified;
        all.push((Change { entry, when, is_older }, slot));
    }
    let is_old = |change: &Change<'_>, slot: Slot| {
        newest.get(&slot).is_some_and(|newest| change.entry.version.is_outdated_by(*newest))
    };
    all.retain(|(change, slot)| slot.is_none_or(|slot| !is_old(change, slot)));
    all.into_iter().map(|(change, _)| change).collect()
}
