//! What the entries of a calendar mean: freezes, releases, and what else is planned.

use std::collections::HashSet;

use super::keys::Config;
use crate::calendar::{self, Doubt, Entry, Occurrence};
use crate::model::event::{Event, EventKind, EventState};
use crate::model::fault::{FetchError, Reason};
use crate::model::glob::Globs;
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::http::parse_url;
use jiff::tz::TimeZone;

/// How long what is over is still reported.
const BEHIND: Span = Span::seconds(7 * 86_400);
/// How far ahead entries are reported.
const AHEAD: Span = Span::seconds(60 * 86_400);

/// What entries mean.
#[derive(Debug)]
pub struct Rules {
    zone: Option<TimeZone>,
    /// Of this machine.
    here: TimeZone,
    freezes: Globs,
    releases: Globs,
    service: SafeText,
    people: bool,
}

impl Rules {
    /// From the keys; `people` says whether names may be shown.
    pub fn from_config(config: &Config, people: bool) -> Self {
        Self {
            zone: config.timezone.clone().map(TimeZone::from),
            here: crate::source::zone::of_this_machine(),
            freezes: Globs::of_any_case(&config.freezes),
            releases: Globs::of_any_case(&config.releases),
            service: SafeText::new(config.service.as_deref().unwrap_or_default()),
            people,
        }
    }

    fn kind(&self, entry: &Entry) -> EventKind {
        let is = |globs: &Globs| {
            let mut words = std::iter::once(&entry.summary).chain(&entry.categories);
            words.any(|word| globs.pick(word))
        };
        match (is(&self.freezes), is(&self.releases)) {
            (true, _) => EventKind::Freeze,
            (false, true) => EventKind::Release,
            (false, false) => EventKind::Planned,
        }
    }

    /// What an entry is called. A calendar of who is away has names for titles.
    fn title<'a>(&self, entry: &'a Entry) -> &'a str {
        let somebody = entry.attendee.as_deref().filter(|_| self.people).unwrap_or("busy");
        if entry.summary.is_empty() { somebody } else { &entry.summary }
    }

    fn event(&self, occurrence: &Occurrence<'_>) -> Event {
        let entry = occurrence.entry;
        let title = SafeText::from(self.title(entry));
        let is_person = entry.summary.is_empty() && entry.attendee.is_some() && self.people;
        let organizer = entry.organizer.as_deref().map(SafeText::new);
        Event {
            id: occurrence.name().into(),
            at: Timestamp(occurrence.start.timestamp().as_millisecond()),
            until: Some(Timestamp(occurrence.end.timestamp().as_millisecond())),
            kind: self.kind(entry),
            // Of what stands for others nobody knows whether it is in force.
            state: if occurrence.stands_for_more { EventState::Unknown } else { EventState::Done },
            service: self.service.clone(),
            remark: occurrence.doubt.map_or("", Doubt::words).into(),
            who: if is_person { Some(title.clone()) } else { organizer },
            title,
            url: entry.url.as_deref().and_then(|url| parse_url(url).ok()).map(|url| SafeText::new(url.as_str())),
            ..Event::default()
        }
    }

    /// What is not certain, in words: one entry, and how many there are besides.
    fn caveat(&self, occurrences: &[Occurrence<'_>]) -> Option<SafeText> {
        let doubtful = || occurrences.iter().filter_map(|one| Some((one.entry, one.doubt?)));
        let (entry, doubt) = doubtful().max_by_key(|(_, doubt)| doubt.hides_dates())?;
        let entries: HashSet<*const Entry> = doubtful().map(|(entry, _)| std::ptr::from_ref(entry)).collect();
        let more = match entries.len() {
            0 | 1 => String::new(),
            2 => "; 1 more entry is not certain".to_owned(),
            many => format!("; {} more entries are not certain", many - 1),
        };
        Some(SafeText::new(&format!("'{}' {}{more}", self.title(entry), doubt.words())))
    }
}

/// Reads a calendar: what takes place from a week ago to two months from now, in the order of time; with a caveat
/// where that is not all, or not certain.
pub fn parse(body: &[u8], rules: &Rules, now: Timestamp) -> Result<Telemetry, FetchError> {
    let calendar = calendar::read(body)?;
    let floating = rules.zone.clone().or_else(|| calendar.zone()).unwrap_or_else(|| rules.here.clone());
    let at =
        |moment: Timestamp| jiff::Timestamp::from_millisecond(moment.0).map_err(|_| FetchError::from(Reason::Internal));
    let window = (at(now.minus(BEHIND))?, at(now.plus(AHEAD))?);
    let found = calendar::occurrences(&calendar, floating, window)?;
    let mut events: Vec<Event> = found.iter().map(|occurrence| rules.event(occurrence)).collect();
    events.sort_by_key(|event| event.at);
    let events = Telemetry::Events(events);
    Ok(match rules.caveat(&found) {
        Some(caveat) => events.with_caveat(caveat, true),
        None => events,
    })
}

#[cfg(test)]
mod tests {
    use super::super::calendars::{answer, entry, events, rules};
    use super::*;

    #[test]
    fn an_entry_whose_dates_cannot_be_worked_out_stays_and_is_said() {
        let unknown = "repeats in a way that andon does not know";
        let exceptions = "has exceptions that andon does not know";
        let minutes = "20100104T080000Z\nRRULE:FREQ=MINUTELY";
        for (lines, state, words) in [
            ("DTSTART:20261122T080000Z\nRRULE:FREQ=YEARLY;BYEASTER=0", EventState::Unknown, unknown),
            ("DTSTART:20100104T080000Z\nRRULE:FREQ=YEARLY;BYEASTER=0", EventState::Unknown, unknown),
            ("DTSTART:20100104T080000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=NOW", EventState::Unknown, unknown),
            ("DTSTART;VALUE=DATE:20100104\nRRULE:FREQ=HOURLY", EventState::Unknown, unknown),
            (&format!("DTSTART:{minutes}"), EventState::Unknown, "repeats too often to be worked out"),
            ("DTSTART:20100104T080000Z\nRDATE:soon", EventState::Unknown, "has dates that cannot be read"),
            ("DTSTART:20100104T080000Z\nDTEND:late", EventState::Unknown, "has an end that cannot be read"),
            ("DTSTART:20100104T080000Z\nDURATION:long", EventState::Unknown, "has an end that cannot be read"),
            ("RECURRENCE-ID:soon\nDTSTART:20100104\nDTEND:late", EventState::Unknown, "has an end that cannot be read"),
            ("DTSTART:soon", EventState::Unknown, "has no date that can be read"),
            ("SEQUENCE:1", EventState::Unknown, "has no date that can be read"),
            ("DTSTART:20261122T080000Z\nEXDATE:soon", EventState::Done, exceptions),
            ("DTSTART:20261122T080000Z\nEXRULE:FREQ=NOW", EventState::Done, exceptions),
            ("DTSTART;TZID=Nowhere:20261122T080000", EventState::Done, "is in a time zone that andon does not know"),
        ] {
            let (all, caveat) = answer(&entry(&format!("SUMMARY:x\n{lines}")), &rules(""));
            let told: Vec<_> = all.iter().map(|event| (event.state, event.remark.as_str())).collect();
            assert_eq!((told, caveat), (vec![(state, words)], format!("'x' {words}")), "{lines}");
        }
    }

    #[test]
    fn a_rule_that_is_not_known_is_no_doubt_when_it_is_over() {
        let over = "SUMMARY:x\nDTSTART:20100104T080000Z\nRRULE:FREQ=YEARLY;BYEASTER=0;UNTIL=20200101";
        assert_eq!(answer(&entry(over), &rules("")), (Vec::new(), String::new()));
    }

    #[test]
    fn dates_that_are_listed_are_told_although_the_rule_is_not_known() {
        let lines = "SUMMARY:x\nDTSTART:20100104T080000Z\nRRULE:FREQ=NOW\nRDATE:20261122T080000Z";
        let (all, caveat) = answer(&(entry(lines) + &entry("SUMMARY:y\nDTSTART:soon")), &rules(""));
        let states: Vec<EventState> = all.iter().map(|event| event.state).collect();
        assert_eq!(states, [EventState::Unknown, EventState::Unknown, EventState::Done]);
        assert!(caveat.ends_with("; 1 more entry is not certain"), "{caveat}");
    }

    #[test]
    fn a_rule_that_never_comes_true_is_quickly_done_with() {
        for rule in ["FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9"] {
            let lines = format!("SUMMARY:x\nDTSTART:19700101T000000Z\nRRULE:{rule}");
            assert_eq!(answer(&entry(&lines), &rules("")), (Vec::new(), String::new()), "{rule}");
        }
    }
    #[test]
    fn titles_and_categories_tell_what_an_entry_is() {
        let kinds = |lines: &str, keys: &str| {
            let all = events(&entry(&format!("DTSTART:20261122T080000Z\n{lines}")), keys);
            all.iter().map(|event| event.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds("SUMMARY:Change FREEZE for the release", ""), [EventKind::Freeze]);
        assert_eq!(kinds("SUMMARY:2.15\nCATEGORIES:work,Release", ""), [EventKind::Release]);
        assert_eq!(kinds("SUMMARY:DB migration", ""), [EventKind::Planned]);
        assert_eq!(kinds("SUMMARY:Code red", ",\"freezes\":[\"code red\"]"), [EventKind::Freeze]);
        assert_eq!(kinds("SUMMARY:freeze", ",\"freezes\":[]"), [EventKind::Planned]);
    }

    #[test]
    fn nobody_is_named_who_does_not_want_to_be() {
        let lines = entry("DTSTART:20261122T080000Z\nATTENDEE;CN=Ada:mailto:ada@example.com\nURL:javascript:alert(1)");
        let event = events(&lines, "").remove(0);
        assert_eq!((event.title.as_str(), event.url), ("busy", None));
        let rules = Rules { people: true, ..rules("") };
        assert_eq!(answer(&lines, &rules).0[0].title.as_str(), "Ada");
    }
}
