//! Time zones by whatever name a calendar gives them.
//!
//! Source: RFC 5545, section 3.2.19 (`TZID`).

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::observances::Described;
use super::recurrence::Effort;
use super::windows;

/// A longer name is nobody's.
const LONGEST_NAME: usize = 200;
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

/// A zone by its name in the database, by Windows' or Lotus' name, or by a path that ends with one of them
/// (`/mozilla.org/20050126_1/Europe/Berlin`).
pub(super) fn named(name: &str) -> Option<TimeZone> {
    let mut rest = name.trim();
    if rest.is_empty() || rest.len() > LONGEST_NAME {
        return None;
    }
    loop {
        let in_database = |name: &str| TimeZone::get(name).ok();
        if let Some(zone) = in_database(rest).or_else(|| in_database(windows::place(rest)?)) {
            return Some(zone);
        }
        rest = rest.split_once('/')?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_whatever_name() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for name in [
            "Europe/Berlin",
            "/mozilla.org/20050126_1/Europe/Berlin",
            "w. europe standard time",
            "W. Europe",
            " Europe/Berlin",
        ] {
            assert_eq!(named(name).as_ref(), Some(&berlin), "{name}");
        }
        assert_eq!(named("tzone://Microsoft/Utc"), Some(TimeZone::UTC));
        for name in ["", "/", "Customized Time Zone", "../../etc/passwd", "a/".repeat(1000).as_str()] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn a_calendar_may_have_zones_of_its_own() {
        let [berlin, tokyo] = ["Europe/Berlin", "Asia/Tokyo"].map(|name| TimeZone::get(name).unwrap());
        let in_tokyo = || Described { place: "Asia/Tokyo".to_owned(), observances: Vec::new() };
        let own = ["Office", "Europe/Berlin"].map(|name| (name.to_owned(), in_tokyo()));
        let mut zones = Zones::new(berlin.clone(), HashMap::from(own));
        assert_eq!(zones.find(Some("Office")), tokyo);
        assert_eq!(zones.find(Some("Europe/Berlin")), berlin, "the database knows better");
        assert_eq!(zones.find(Some("Nowhere")), berlin);
        assert_eq!(zones.find(None), berlin);
        assert!(zones.knows("Office") && !zones.knows("Nowhere"));
    }
}
