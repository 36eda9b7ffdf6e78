//! What a calendar file holds: its entries as they are written, and what it says about zones.
//!
//! Source: RFC 5545, sections 3.4 (the object), 3.6.1 (`VEVENT`) and 3.8 (properties). Alarms, to-dos,
//! journals and descriptions are skipped, as is everything that is not known.

use std::collections::HashMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::lines::{Lines, Property, text, texts};
use super::moments::Written;
use super::names::named;
use super::observances::{Described, Observance};
use super::values::time;
use crate::model::fault::{FetchError, Reason};

/// Deeper than any calendar nests.
const DEEPEST: usize = 16;

/// A calendar file.
#[derive(Debug, Default)]
pub struct Calendar {
    /// Its entries, in the order they are written.
    pub(super) entries: Vec<Entry>,
    /// Its own zones, by the names it gives them.
    pub(super) zones: HashMap<String, Described>,
    /// The zone of the whole (`X-WR-TIMEZONE`).
    pub(super) zone: Option<String>,
}

impl Calendar {
    /// The zone of times that name none, where the calendar says which and somebody knows it.
    pub fn zone(&self) -> Option<TimeZone> {
        self.zone.as_deref().and_then(named)
    }
}

/// An entry.
#[derive(Debug, Default)]
pub struct Entry {
    /// What it and all its changed occurrences are called.
    pub(super) uid: String,
    /// What it is.
    pub summary: String,
    /// What it is filed under.
    pub categories: Vec<String>,
    /// Whether it does not take place.
    pub(super) cancelled: bool,
    /// The first who is asked to come.
    pub attendee: Option<String>,
    /// Who asks.
    pub organizer: Option<String>,
    /// Where to read more, as it is written.
    pub url: Option<String>,
    /// When it begins.
    pub(super) start: Option<Written>,
    /// When it ends.
    pub(super) end: Option<Written>,
    /// How long it takes, as it is written, where it does not say when it ends.
    pub(super) duration: Option<String>,
    /// How it repeats.
    pub(super) rules: Vec<String>,
    /// Rules of when it does not take place, which RFC 2445 had.
    pub(super) except_rules: Vec<String>,
    /// When else it takes place.
    pub(super) also: Vec<Written>,
    /// When it does not.
    pub(super) except: Vec<Written>,
    /// Which occurrence it stands for.
    pub(super) replaces: Option<Written>,
    /// Whether it stands for those after that one, too.
    pub(super) replaces_later: bool,
    /// Which of several entries of one name is the newest.
    pub(super) version: Version,
}

impl Entry {
    /// What it is called (`UID`), and whether it is one of several of that name.
    pub(super) const fn name(&self) -> (&str, bool) {
        let repeats = !self.rules.is_empty() || !self.also.is_empty() || self.replaces.is_some();
        (self.uid.as_str(), repeats)
    }
}

/// How new an entry is: by the number that its organizer gave it, then by when it was changed (UTC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) sequence: u64,
    pub(super) modified: Option<DateTime>,
}

/// What a line stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Calendar,
    Entry,
    Zone,
    Observance { is_daylight: bool },
    Other,
}

#[derive(Debug, Default)]
struct Reader {
    calendar: Calendar,
    inside: Vec<Part>,
    is_calendar: bool,
    is_too_deep: bool,
    entry: Entry,
    zone_name: String,
    zone: Described,
}

/// Reads a file: all of it, or nothing.
pub fn read(body: &[u8]) -> Result<Calendar, FetchError> {
    let mut reader = Reader::default();
    for property in Lines::new(body).filter_map(|line| Property::parse(&line)) {
        reader.take(&property);
    }
    if !reader.is_calendar {
        return Err(FetchError::new(Reason::Parse, "not a calendar: there is no BEGIN:VCALENDAR in it"));
    }
    if reader.is_too_deep {
        return Err(FetchError::new(Reason::Parse, "its parts nest deeper than those of any calendar"));
    }
    // What is missing may be the freeze that is in force.
    if reader.inside.contains(&Part::Calendar) {
        return Err(FetchError::new(Reason::Truncated, "the calendar ends early"));
    }
    Ok(reader.calendar)
}

impl Reader {
    fn take(&mut self, property: &Property) {
        let value = property.value.trim();
        let inside = self.inside.last().copied();
        match (property.name.as_str(), inside) {
            ("BEGIN", _) => self.begin(Part::from_word(value)),
            ("END", _) => self.end(Part::from_word(value)),
            (_, Some(Part::Entry)) => self.entry.take(property),
            ("TZID", Some(Part::Zone)) => value.clone_into(&mut self.zone_name),
            ("X-LIC-LOCATION", Some(Part::Zone)) => value.clone_into(&mut self.zone.location),
            (_, Some(Part::Observance { .. })) => {
                if let Some(one) = self.zone.observances.last_mut() {
                    one.take(property);
                }
            }
            ("X-WR-TIMEZONE", Some(Part::Calendar)) => self.calendar.zone = Some(value.to_owned()),
            _ => {}
        }
    }

    fn begin(&mut self, part: Part) {
        match part {
            Part::Calendar => self.is_calendar = true,
            // The one before was not ended: it is an entry nevertheless.
            Part::Entry => self.end(part),
            Part::Zone => (self.zone_name, self.zone) = Default::default(),
            Part::Observance { is_daylight } => self.zone.observances.push(Observance::new(is_daylight)),
            Part::Other => {}
        }
        self.is_too_deep |= self.inside.len() >= DEEPEST;
        if !self.is_too_deep {
            self.inside.push(part);
        }
    }

    fn end(&mut self, part: Part) {
        // What was not closed ends with what it stands in.
        let Some(depth) = self.inside.iter().rposition(|inside| *inside == part) else { return };
        for part in self.inside.split_off(depth) {
            match part {
                Part::Entry => self.calendar.entries.push(std::mem::take(&mut self.entry)),
                Part::Zone => {
                    self.calendar.zones.insert(std::mem::take(&mut self.zone_name), std::mem::take(&mut self.zone));
                }
                Part::Calendar | Part::Observance { .. } | Part::Other => {}
            }
        }
    }
}

impl Part {
    fn from_word(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "VCALENDAR" => Self::Calendar,
            "VEVENT" => Self::Entry,
            "VTIMEZONE" => Self::Zone,
            "STANDARD" => Self::Observance { is_daylight: false },
            "DAYLIGHT" => Self::Observance { is_daylight: true },
            _ => Self::Other,
        }
    }
}

impl Entry {
    fn take(&mut self, property: &Property) {
        let value = property.value.trim();
        match property.name.as_str() {
            // Some write a property that has no value.
            "DTEND" | "DURATION" | "RRULE" | "EXRULE" | "RDATE" | "EXDATE" if value.is_empty() => {}
            "UID" => value.clone_into(&mut self.uid),
            "SUMMARY" => self.summary = text(value),
            "CATEGORIES" => self.categories.extend(texts(value)),
            "STATUS" => self.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            "ATTENDEE" => self.attendee = self.attendee.take().or_else(|| name(property)),
            "ORGANIZER" => self.organizer = name(property),
            "URL" => self.url = Some(value.to_owned()),
            "DTSTART" => self.start = Written::each(property).next(),
            "DTEND" => self.end = Written::each(property).next(),
            "DURATION" => self.duration = Some(value.to_owned()),
            "RRULE" => self.rules.push(value.to_owned()),
            "EXRULE" => self.except_rules.push(value.to_owned()),
            "RDATE" => self.also.extend(Written::each(property)),
            "EXDATE" => self.except.extend(Written::each(property)),
            "RECURRENCE-ID" => {
                self.replaces = Written::each(property).next();
                let range = property.parameter("RANGE").unwrap_or_default();
                self.replaces_later = range.eq_ignore_ascii_case("THISANDFUTURE");
            }
            "SEQUENCE" => self.version.sequence = value.parse().unwrap_or_default(),
            "LAST-MODIFIED" => self.version.modified = time(value.trim_end_matches('Z')),
            _ => {}
        }
    }
}

/// The name of a person.
fn name(property: &Property) -> Option<String> {
    property.parameter("CN").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(inner: &str) -> Calendar {
        read(format!("BEGIN:VCALENDAR\r\n{inner}\r\nEND:VCALENDAR\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn an_alarm_says_nothing_about_its_entry() {
        let calendar = calendar(
            "X-WR-TIMEZONE:Europe/Berlin\nBEGIN:VTIMEZONE\nTZID:Office\nX-LIC-LOCATION:Asia/Tokyo\nBEGIN:STANDARD\nTZNAME:JST\nEND:STANDARD\nEND:VTIMEZONE\n\
             BEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nSUMMARY:alarm\nDURATION:PT5M\nEND:VALARM\nSUMMARY:move\nEND:VEVENT\n\
             BEGIN:VTODO\nSUMMARY:to do\nEND:VTODO\nbegin:vevent\nsummary:second\nBEGIN:VALARM\nend:vevent",
        );
        let summaries: Vec<&str> = calendar.entries.iter().map(|entry| entry.summary.as_str()).collect();
        assert_eq!(summaries, ["move", "second"]);
        assert!(calendar.entries.iter().all(|entry| entry.duration.is_none()));
        assert_eq!(calendar.zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(calendar.zones["Office"].location, "Asia/Tokyo");
    }

    #[test]
    fn an_entry_that_is_not_ended_is_one_nevertheless() {
        let calendar = calendar("BEGIN:VEVENT\nSUMMARY:first\nBEGIN:VALARM\nBEGIN:VEVENT\nSUMMARY:second");
        let summaries: Vec<&str> = calendar.entries.iter().map(|entry| entry.summary.as_str()).collect();
        assert_eq!(summaries, ["first", "second"]);
    }

    #[test]
    fn what_has_no_value_says_nothing() {
        let calendar =
            calendar("BEGIN:VEVENT\nRRULE:\nEXDATE;VALUE=DATE:\nRDATE:\nEXRULE:\nSEQUENCE:\nDTEND:\nEND:VEVENT");
        let entry = &calendar.entries[0];
        assert!(entry.rules.is_empty() && entry.except.is_empty() && entry.also.is_empty());
        assert!(entry.end.is_none() && entry.except_rules.is_empty() && entry.version == Version::default());
    }

    #[test]
    fn people_have_names_and_addresses_are_not_names() {
        let calendar = calendar(
            "BEGIN:VEVENT\nATTENDEE:mailto:a@example.com\nATTENDEE;CN=Ada:mailto:ada@example.com\n\
             ATTENDEE;CN=Bob:mailto:bob@example.com\nORGANIZER;CN=\" \":mailto:x@example.com\nEND:VEVENT",
        );
        let entry = &calendar.entries[0];
        assert_eq!((entry.attendee.as_deref(), entry.organizer.as_deref()), (Some("Ada"), None));
    }

    #[test]
    fn half_a_calendar_is_none() {
        for (body, reason) in [
            ("", Reason::Parse),
            ("<html></html>", Reason::Parse),
            ("BEGIN:VCARD\nEND:VCARD", Reason::Parse),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n", Reason::Truncated),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMM", Reason::Truncated),
        ] {
            assert_eq!(read(body.as_bytes()).unwrap_err().reason, reason, "{body}");
        }
        let deep = "BEGIN:VCALENDAR\n".to_owned() + &"BEGIN:X\n".repeat(100_000);
        assert_eq!(read(deep.as_bytes()).unwrap_err().reason, Reason::Parse);
    }
}
