//! When the entries of a calendar take place.
//!
//! Source: RFC 5545, section 3.8.5: rules, dates that are listed, and dates that are left out.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::begin::Begin;
use super::changes::{Changes, Without};
use super::document::{Calendar, Entry};
use super::doubt::Doubt;
use super::effort::{Effort, TooMuch};
use super::moments::Written;
use super::rule::{Rule, Unknown, Until};
use super::versions::{Change, Family, families};
use super::zones::Zones;
use crate::model::event::MAX_EVENTS;
use crate::model::fault::{FetchError, Reason};

/// What repeats, and lasts longer or was moved further than this, in days, is looked for no farther.
const LONGEST: i64 = 366;

/// One time that an entry takes place.
#[derive(Debug)]
pub struct Occurrence<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// When it begins.
    pub start: Zoned,
    /// When it ends.
    pub end: Zoned,
    /// What is not certain about it.
    pub doubt: Option<Doubt>,
    /// Whether it stands for others that nobody knows the dates of.
    pub stands_for_more: bool,
}

impl Occurrence<'_> {
    /// What it is called, whatever else of it changes: by its entry, and where that repeats by its own time, too. Empty
    /// where its entry has no name.
    pub fn name(&self) -> String {
        match self.entry.name() {
            ("", _) => String::new(),
            (name, false) => name.to_owned(),
            (name, true) => format!("{name} {}", self.start.timestamp()),
        }
    }
}

/// When one entry begins, and what is not known about that.
struct Starts {
    /// With their own lengths, where they have one.
    all: Vec<(Zoned, Option<Span>)>,
    doubt: Option<Doubt>,
}

/// What is looked for.
struct Search<'z> {
    zones: &'z mut Zones,
    window: (Timestamp, Timestamp),
    effort: Effort,
}

/// All occurrences that touch a window, in the order of the entries; and of each entry that may take place at times
/// that are not known, one that stands for them. Times that name no zone are of the floating one.
pub fn occurrences(
    calendar: &Calendar,
    floating: TimeZone,
    window: (Timestamp, Timestamp),
) -> Result<Vec<Occurrence<'_>>, FetchError> {
    let mut zones = Zones::new(floating, calendar.zones.clone());
    let families = families(&calendar.entries, &mut zones);
    let mut search = Search { zones: &mut zones, window, effort: Effort::of_a_calendar() };
    let mut all = Vec::new();
    for family in families {
        all.extend(search.of_family(family));
        if all.len() > MAX_EVENTS {
            return Err(FetchError::new(Reason::TooLarge, format!("more than {MAX_EVENTS} entries in two months")));
        }
    }
    Ok(all)
}

impl Search<'_> {
    fn of_family<'a>(&mut self, family: Family<'a>) -> Vec<Occurrence<'a>> {
        let Family { series, mut changes } = family;
        let begin = series.first().and_then(|entry| Begin::new(entry, self.zones));
        changes.retain(|change| !change.is_older || self.still_has(series.first().copied(), change));
        let sum = Changes::new(&changes, begin.as_ref(), self.zones);
        let mut all = Vec::new();
        for entry in series.into_iter().filter(|entry| !entry.cancelled) {
            all.extend(self.of_series(entry, &sum));
        }
        for change in changes.iter().filter(|change| !change.entry.cancelled) {
            all.extend(self.alone(change.entry));
        }
        all
    }

    /// Whether a series, as it is now, has the occurrence that an older change is about.
    fn still_has(&mut self, series: Option<&Entry>, change: &Change<'_>) -> bool {
        let (Some(series), Some(when)) = (series, &change.when) else { return true };
        if series.cancelled {
            return false;
        }
        let Some(begin) = Begin::new(series, self.zones) else { return true };
        let mut wanted = Without::default();
        wanted.add(when, begin.is_of_days(), self.zones);
        let Some(day) = when.zoned(self.zones) else { return true };
        let day = day.with_time_zone(begin.when.zone(self.zones).clone()).date();
        let around = (day.saturating_sub(Span::new().days(1)), day.saturating_add(Span::new().days(1)));
        let Starts { all, doubt } = self.starts(series, &begin, around, &Without::default());
        doubt.is_some() || all.iter().any(|(start, _)| wanted.has(start))
    }

    /// A changed occurrence: it stands for itself, whatever it was copied from.
    fn alone<'a>(&mut self, entry: &'a Entry) -> Vec<Occurrence<'a>> {
        let Some(begin) = Begin::new(entry, self.zones) else { return vec![undated(entry)] };
        let doubt = self.doubt_of(entry, &begin);
        let found = self.within(entry, begin.at.clone(), begin.length, doubt);
        standing(found.into_iter().collect(), entry, begin, doubt)
    }

    fn of_series<'a>(&mut self, entry: &'a Entry, changes: &Changes<'a>) -> Vec<Occurrence<'a>> {
        let Some(begin) = Begin::new(entry, self.zones) else { return vec![undated(entry)] };
        let days = self.days(&begin, changes);
        let Starts { all, doubt } = self.starts(entry, &begin, days, &changes.replaced);
        let doubt = doubt.or_else(|| self.doubt_of(entry, &begin));
        let mut found = Vec::new();
        for (start, own) in all {
            let length = own.unwrap_or(begin.length);
            match changes.move_at(start.timestamp()) {
                Some(change) if change.entry.cancelled => {}
                Some(change) => {
                    let moved = start.datetime().checked_add(change.by).ok();
                    let moved = moved.and_then(|moved| moved.to_zoned(start.time_zone().clone()).ok());
                    found.extend(moved.and_then(|at| self.within(change.entry, at, change.begin.length, doubt)));
                }
                None => found.extend(self.within(entry, start, length, doubt)),
            }
        }
        standing(found, entry, begin, doubt)
    }

    /// When it begins, on certain days and where it is said one by one, in order.
    fn starts(&mut self, entry: &Entry, begin: &Begin, days: (Date, Date), replaced: &Without) -> Starts {
        self.effort.next_entry();
        let (ruled, mut doubt) = self.by_rules(&entry.rules, begin, days);
        let zone = begin.when.zone(self.zones).clone();
        let zoned = |at: DateTime| at.to_zoned(zone.clone()).ok();
        // The first date is one of them although the rule may say otherwise.
        let has_first = doubt.is_none() && self.has_first(entry, begin);
        let mut all: Vec<(Zoned, Option<Span>)> = Vec::new();
        all.extend(has_first.then(|| (begin.at.clone(), None)));
        all.extend(ruled.into_iter().filter_map(zoned).map(|at| (at, None)));
        for also in &entry.also {
            let at = also.read(self.zones).and_then(|also| also.zoned(self.zones));
            doubt = doubt.or_else(|| at.is_none().then_some(Doubt::Dates));
            all.extend(at.map(|at| {
                let length = also.length(&at, self.zones);
                (at, length)
            }));
        }
        let (without, unread) = self.without(entry, begin, days);
        all.retain(|(start, _)| !without.has(start) && !replaced.has(start));
        all.sort_by_key(|(start, own)| (start.timestamp(), own.is_none()));
        all.dedup_by_key(|(start, _)| start.timestamp());
        Starts { all, doubt: doubt.or(unread) }
    }

    /// The days on which it may begin to touch the window.
    fn days(&self, begin: &Begin, changes: &Changes<'_>) -> (Date, Date) {
        let zone = begin.when.zone(self.zones);
        let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
        let span = |days: i64| Span::new().days(days.clamp(1, LONGEST));
        let (moved, longest) = (span(changes.moved), span(changes.longest.max(begin.days())));
        (day(self.window.0).saturating_sub(longest).saturating_sub(moved), day(self.window.1).saturating_add(moved))
    }

    /// What rules yield on days; nothing, and a doubt, where one of them cannot be worked out.
    fn by_rules(&mut self, rules: &[String], begin: &Begin, days: (Date, Date)) -> (Vec<DateTime>, Option<Doubt>) {
        let zone = begin.when.zone(self.zones).clone();
        let start = begin.when.civil();
        let mut all = Vec::new();
        for text in rules {
            let rule = Rule::parse(text);
            // Whatever it says is only about times that are over.
            let is_over = until(&rule).and_then(|until| until.local(&zone)).is_some_and(|last| last.date() < days.0);
            let rule = rule.ok().and_then(|rule| if begin.is_of_days() { rule.of_days() } else { Some(rule) });
            match rule {
                _ if is_over => {}
                None => return (Vec::new(), Some(Doubt::Rule)),
                Some(rule) => match rule.moments(start, &zone, days, &mut self.effort) {
                    Ok(moments) => all.extend(moments),
                    Err(TooMuch) => return (Vec::new(), Some(Doubt::TooOften)),
                },
            }
        }
        (all, None)
    }

    /// Whether its first date is not already after the end of all its rules.
    fn has_first(&self, entry: &Entry, begin: &Begin) -> bool {
        let zone = begin.when.zone(self.zones);
        let ends = |text: &String| until(&Rule::parse(text)).and_then(|until| until.local(zone));
        let begins = |text: &String| ends(text).is_none_or(|last| begin.when.civil() <= last);
        entry.rules.is_empty() || entry.rules.iter().any(begins)
    }

    /// When it does not take place, and a doubt where that cannot be read.
    fn without(&mut self, entry: &Entry, begin: &Begin, days: (Date, Date)) -> (Without, Option<Doubt>) {
        let mut without = Without::default();
        let (ruled, unknown) = self.by_rules(&entry.except_rules, begin, days);
        let mut doubt = unknown.map(|_| Doubt::Exceptions);
        let zone = begin.when.zone(self.zones).clone();
        for at in ruled.into_iter().filter_map(|at| at.to_zoned(zone.clone()).ok()) {
            without.add_moment(at.timestamp());
        }
        for except in &entry.except {
            match except.read(self.zones) {
                Some(except) => without.add(&except, begin.is_of_days(), self.zones),
                None => doubt = Some(Doubt::Exceptions),
            }
        }
        (without, doubt)
    }

    /// What is not certain about an entry besides the dates on which it repeats.
    fn doubt_of(&mut self, entry: &Entry, begin: &Begin) -> Option<Doubt> {
        let mut moments = entry.start.iter().chain(&entry.end);
        let mut is_of_unknown_zone = || moments.any(|written: &Written| written.is_of_unknown_zone(self.zones));
        begin.has_unread_end.then_some(Doubt::End).or_else(|| is_of_unknown_zone().then_some(Doubt::Zone))
    }

    /// An occurrence, where it touches the window.
    fn within<'a>(&self, entry: &'a Entry, start: Zoned, length: Span, doubt: Option<Doubt>) -> Option<Occurrence<'a>> {
        let (from, to) = self.window;
        let found = occurrence(entry, start, length, doubt, false)?;
        (found.end.timestamp() >= from && found.start.timestamp() <= to).then_some(found)
    }
}

fn until(rule: &Result<Rule, Unknown>) -> Option<Until> {
    match rule {
        Ok(rule) => rule.until,
        Err(unknown) => unknown.until,
    }
}

fn occurrence(
    entry: &Entry,
    start: Zoned,
    length: Span,
    doubt: Option<Doubt>,
    stands_for_more: bool,
) -> Option<Occurrence<'_>> {
    let end = start.checked_add(length).ok()?;
    Some(Occurrence { entry, start, end, doubt, stands_for_more })
}

/// What was found of an entry; where there may be more, its first date stands for that, however long ago it was.
fn standing<'a>(
    mut found: Vec<Occurrence<'a>>,
    entry: &'a Entry,
    begin: Begin,
    doubt: Option<Doubt>,
) -> Vec<Occurrence<'a>> {
    if doubt.is_some_and(Doubt::hides_dates) {
        match found.iter_mut().find(|one| one.start == begin.at) {
            Some(first) => first.stands_for_more = true,
            None => found.extend(occurrence(entry, begin.at, begin.length, doubt, true)),
        }
    }
    found
}

/// An entry that may take place at any time.
fn undated(entry: &Entry) -> Occurrence<'_> {
    let nowhere = Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    let (start, end) = (nowhere.clone(), nowhere);
    Occurrence { entry, start, end, doubt: Some(Doubt::NoDate), stands_for_more: true }
}
