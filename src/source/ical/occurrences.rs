//! When the entries of a calendar take place.
//!
//! Source: RFC 5545, sections 3.8.5 (what repeats), 3.8.4.4 (`RECURRENCE-ID`: one occurrence that was
//! changed) and 3.6.1 (how long an entry lasts that does not say so).

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::{Span, Timestamp, Zoned};

use super::calendar::Entry;
use super::moments::When;
use super::recurrence::{Effort, TooMuch};
use super::rule::Rule;
use super::zones::Zones;
use crate::model::fault::{FetchError, Reason};
use crate::model::telemetry::MAX_EVENTS;

/// Most occurrences of one entry.
const MOST: usize = 1000;
/// What repeats and lasts longer than this, in days, is looked for no earlier.
const LONGEST: i64 = 366;

/// One time that an entry takes place.
#[derive(Debug)]
pub(super) struct Occurrence<'a> {
    /// The entry.
    pub(super) entry: &'a Entry,
    /// When it begins.
    pub(super) start: Zoned,
    /// When it ends.
    pub(super) end: Zoned,
    /// Whether it repeats by a rule that is not known.
    pub(super) is_first_of_more: bool,
}

/// Occurrences that do not take place, or are written somewhere else.
#[derive(Debug, Default)]
struct Without {
    days: HashSet<Date>,
    moments: HashSet<Timestamp>,
}

impl Without {
    fn add(&mut self, when: &When, zones: &Zones) {
        match when {
            When::Day(date) => self.days.extend([*date]),
            When::At(..) => self.moments.extend(when.zoned(zones).map(|zoned| zoned.timestamp())),
        }
    }

    fn has(&self, start: &Zoned) -> bool {
        self.days.contains(&start.date()) || self.moments.contains(&start.timestamp())
    }
}

/// What is looked for.
struct Search<'z> {
    zones: &'z mut Zones,
    window: (Timestamp, Timestamp),
    effort: Effort,
}

/// All occurrences that touch a window, in the order of the entries.
pub(super) fn occurrences<'a>(
    entries: &'a [Entry],
    zones: &mut Zones,
    window: (Timestamp, Timestamp),
) -> Result<Vec<Occurrence<'a>>, FetchError> {
    let mut changed: HashMap<&str, Without> = HashMap::new();
    for entry in entries.iter().filter(|entry| !entry.uid.is_empty()) {
        if let Some(when) = entry.replaces.as_ref().and_then(|replaces| replaces.read(zones)) {
            changed.entry(&entry.uid).or_default().add(&when, zones);
        }
    }
    let mut search = Search { zones, window, effort: Effort::of_a_calendar() };
    let mut all = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.cancelled) {
        // One that stands for another is not replaced by itself.
        let changed = changed.get(entry.uid.as_str()).filter(|_| entry.replaces.is_none());
        let found = search.of_entry(entry, changed).map_err(|TooMuch| {
            FetchError::new(Reason::TooLarge, "its entries repeat so often that they cannot be worked out")
        })?;
        all.extend(found);
        if all.len() > MAX_EVENTS {
            return Err(FetchError::new(Reason::TooLarge, format!("more than {MAX_EVENTS} entries in two months")));
        }
    }
    Ok(all)
}

impl Search<'_> {
    fn of_entry<'a>(&mut self, entry: &'a Entry, changed: Option<&Without>) -> Result<Vec<Occurrence<'a>>, TooMuch> {
        let Some(when) = entry.start.as_ref().and_then(|start| start.read(self.zones)) else { return Ok(Vec::new()) };
        let Some(first) = when.zoned(self.zones) else { return Ok(Vec::new()) };
        let mut without = Without::default();
        for except in &entry.except {
            if let Some(except) = except.read(self.zones) {
                without.add(&except, self.zones);
            }
        }
        let length = self.length(entry, &when, &first);
        let (mut starts, is_first_of_more) = self.starts(entry, &when, &first, length)?;
        starts.retain(|start| !without.has(start) && changed.is_none_or(|changed| !changed.has(start)));
        starts.sort_by_key(Zoned::timestamp);
        starts.dedup_by_key(|start| start.timestamp());
        let (from, to) = self.window;
        let within = |start: Zoned| {
            let end = start.checked_add(length).ok()?;
            let touches = end.timestamp() >= from && start.timestamp() <= to;
            touches.then_some(Occurrence { entry, start, end, is_first_of_more })
        };
        Ok(starts.into_iter().filter_map(within).take(MOST).collect())
    }

    /// How long it lasts. A day, or no time at all, where the calendar does not say.
    fn length(&mut self, entry: &Entry, when: &When, first: &Zoned) -> Span {
        let end = entry.end.as_ref().and_then(|end| end.read(self.zones));
        let given = match (when, end) {
            (When::Day(from), Some(When::Day(to))) => from.until(to).ok(),
            // Between two times it is exact: what repeats is as long when the clocks change.
            (_, Some(end)) => {
                let end = end.zoned(self.zones);
                end.and_then(|end| Span::new().try_seconds(seconds(first, &end)).ok())
            }
            (_, None) => entry.duration,
        };
        let unsaid = if matches!(when, When::Day(_)) { Span::new().days(1) } else { Span::new() };
        given.filter(|length| !length.is_negative() && !length.is_zero()).unwrap_or(unsaid)
    }

    /// When it begins, each time, and whether there are more times than are known.
    fn starts(
        &mut self,
        entry: &Entry,
        when: &When,
        first: &Zoned,
        length: Span,
    ) -> Result<(Vec<Zoned>, bool), TooMuch> {
        // A changed occurrence stands for itself, whatever it was copied from.
        if entry.replaces.is_some() {
            return Ok((vec![first.clone()], false));
        }
        let mut starts = Vec::new();
        let rule = entry.rules.first().and_then(|rule| Rule::parse(rule)).filter(|_| entry.rules.len() == 1);
        if let Some(rule) = &rule {
            let (civil, zone) = (when.civil(), when.zone(self.zones).clone());
            let lasts = first.checked_add(length).map_or(0, |end| seconds(first, &end));
            let back = Span::new().days((lasts / 86_400 + 1).clamp(1, LONGEST));
            let from = self.window.0.to_zoned(zone.clone()).date().saturating_sub(back);
            let to = self.window.1.to_zoned(zone.clone()).date();
            for date in rule.dates(civil, &zone, (from, to), &mut self.effort)? {
                starts.extend(date.to_datetime(civil.time()).to_zoned(zone.clone()).ok());
            }
        } else {
            starts.push(first.clone());
        }
        for also in &entry.also {
            let also = also.read(self.zones);
            starts.extend(also.and_then(|also| also.zoned(self.zones)));
        }
        Ok((starts, rule.is_none() && !entry.rules.is_empty()))
    }
}

fn seconds(start: &Zoned, end: &Zoned) -> i64 {
    end.timestamp().duration_since(start.timestamp()).as_secs()
}
