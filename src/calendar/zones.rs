//! The zones of one calendar: those that everybody knows, and those that it describes itself.
//!
//! Source: RFC 5545, section 3.2.19 (`TZID`).

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::effort::Effort;
use super::names::named;
use super::observances::Described;

/// Most names looked up for one calendar: there are not that many zones.
const MOST_NAMES: usize = 1000;

/// The zones of one calendar.
#[derive(Debug)]
pub(super) struct Zones {
    floating: TimeZone,
    own: HashMap<String, Described>,
    /// By their names, as far as they were looked up; `None` for a name that nobody knows.
    known: HashMap<String, Option<TimeZone>>,
    effort: Effort,
}

impl Zones {
    /// With the zone of times that name none, and with those that the calendar describes itself.
    pub(super) fn new(floating: TimeZone, own: HashMap<String, Described>) -> Self {
        Self { floating, own, known: HashMap::new(), effort: Effort::of_a_calendar() }
    }

    /// The zone of times that name none, of whole days, and of names that nobody knows.
    pub(super) const fn floating(&self) -> &TimeZone {
        &self.floating
    }

    /// The zone with a name.
    pub(super) fn find(&mut self, name: Option<&str>) -> TimeZone {
        let zone = name.and_then(|name| self.look_up(name));
        zone.unwrap_or_else(|| self.floating.clone())
    }

    /// Whether somebody knows a name.
    pub(super) fn knows(&mut self, name: &str) -> bool {
        self.look_up(name).is_some()
    }

    fn look_up(&mut self, name: &str) -> Option<TimeZone> {
        if let Some(zone) = self.known.get(name) {
            return zone.clone();
        }
        if self.known.len() >= MOST_NAMES {
            return None;
        }
        self.effort.next_entry();
        let zone = named(name).or_else(|| self.own.get(name)?.zone(&mut self.effort));
        self.known.insert(name.to_owned(), zone.clone());
        zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_may_have_zones_of_its_own() {
        let [berlin, tokyo] = ["Europe/Berlin", "Asia/Tokyo"].map(|name| TimeZone::get(name).unwrap());
        let in_tokyo = || Described { location: "Asia/Tokyo".to_owned(), observances: Vec::new() };
        let own = ["Office", "Europe/Berlin"].map(|name| (name.to_owned(), in_tokyo()));
        let mut zones = Zones::new(berlin.clone(), HashMap::from(own));
        assert_eq!(zones.find(Some("Office")), tokyo);
        assert_eq!(zones.find(Some("Europe/Berlin")), berlin, "the database knows better");
        assert_eq!(zones.find(Some("Nowhere")), berlin);
        assert_eq!(zones.find(None), berlin);
        assert!(zones.knows("Office") && !zones.knows("Nowhere"));
    }
}
