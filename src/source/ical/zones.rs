//! Time zones by whatever name a calendar gives them.
//!
//! Sources: RFC 5545, section 3.2.19 (`TZID`); Unicode CLDR, `windowsZones.xml` (the zones of territory
//! 001), for what Outlook and Exchange write.

use std::collections::HashMap;

use jiff::tz::TimeZone;

/// A longer name is nobody's.
const LONGEST_NAME: usize = 200;
/// Most names looked up for one calendar: there are not that many zones.
const MOST_NAMES: usize = 1000;

/// Windows' names, in the order of the alphabet, and where their clocks go alike.
const WINDOWS: [(&str, &str); 78] = [
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Afghanistan Standard Time", "Asia/Kabul"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Arabic Standard Time", "Asia/Baghdad"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Azerbaijan Standard Time", "Asia/Baku"),
    ("Azores Standard Time", "Atlantic/Azores"),
    ("Bangladesh Standard Time", "Asia/Dhaka"),
    ("Belarus Standard Time", "Europe/Minsk"),
    ("Canada Central Standard Time", "America/Regina"),
    ("Caucasus Standard Time", "Asia/Yerevan"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Brazilian Standard Time", "America/Cuiaba"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Central Standard Time", "America/Chicago"),
    ("Central Standard Time (Mexico)", "America/Mexico_City"),
    ("China Standard Time", "Asia/Shanghai"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Eastern Standard Time", "America/New_York"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("Ekaterinburg Standard Time", "Asia/Yekaterinburg"),
    ("FLE Standard Time", "Europe/Kyiv"),
    ("Fiji Standard Time", "Pacific/Fiji"),
    ("GMT Standard Time", "Europe/London"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Georgian Standard Time", "Asia/Tbilisi"),
    ("Greenland Standard Time", "America/Nuuk"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Jordan Standard Time", "Asia/Amman"),
    ("Kaliningrad Standard Time", "Europe/Kaliningrad"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Mauritius Standard Time", "Indian/Mauritius"),
    ("Middle East Standard Time", "Asia/Beirut"),
    ("Montevideo Standard Time", "America/Montevideo"),
    ("Morocco Standard Time", "Africa/Casablanca"),
    ("Mountain Standard Time", "America/Denver"),
    ("Myanmar Standard Time", "Asia/Yangon"),
    ("N. Central Asia Standard Time", "Asia/Novosibirsk"),
    ("Nepal Standard Time", "Asia/Kathmandu"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("SA Eastern Standard Time", "America/Cayenne"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("SA Western Standard Time", "America/La_Paz"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Sri Lanka Standard Time", "Asia/Colombo"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Tasmania Standard Time", "Australia/Hobart"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("US Eastern Standard Time", "America/Indiana/Indianapolis"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("Venezuela Standard Time", "America/Caracas"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("West Asia Standard Time", "Asia/Tashkent"),
    ("West Pacific Standard Time", "Pacific/Port_Moresby"),
];

/// The zones of one calendar.
#[derive(Debug)]
pub(super) struct Zones {
    floating: TimeZone,
    own: HashMap<String, TimeZone>,
    known: HashMap<String, TimeZone>,
}

impl Zones {
    /// With the zone of times that name none, and with those that the calendar describes itself.
    pub(super) fn new(floating: TimeZone, own: HashMap<String, TimeZone>) -> Self {
        Self { floating, own, known: HashMap::new() }
    }

    /// The zone of times that name none, of whole days, and of names that nobody knows.
    pub(super) const fn floating(&self) -> &TimeZone {
        &self.floating
    }

    /// The zone with a name.
    pub(super) fn find(&mut self, name: Option<&str>) -> TimeZone {
        let Some(name) = name else { return self.floating.clone() };
        if let Some(zone) = self.known.get(name) {
            return zone.clone();
        }
        if self.known.len() >= MOST_NAMES {
            return self.floating.clone();
        }
        let own = || self.own.get(name).cloned();
        let zone = named(name).or_else(own).unwrap_or_else(|| self.floating.clone());
        self.known.insert(name.to_owned(), zone.clone());
        zone
    }
}

/// A zone by its name in the database, by Windows' name, or by a path that ends with either
/// (`/mozilla.org/20050126_1/Europe/Berlin`).
pub(super) fn named(name: &str) -> Option<TimeZone> {
    let mut rest = name.trim();
    if rest.is_empty() || rest.len() > LONGEST_NAME {
        return None;
    }
    loop {
        let windows = WINDOWS.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(rest));
        let name = windows.map_or(rest, |(_, place)| *place);
        if let Ok(zone) = TimeZone::get(name) {
            return Some(zone);
        }
        rest = rest.split_once('/')?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_windows_name_leads_to_a_zone() {
        for (windows, place) in WINDOWS {
            let zone = TimeZone::get(place).unwrap_or_else(|_| panic!("{windows}: no zone {place}"));
            assert_eq!(named(windows), Some(zone), "{windows}");
        }
        assert!(WINDOWS.is_sorted(), "one name twice, or out of order");
    }

    #[test]
    fn zones_are_found_by_whatever_name() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for name in
            ["Europe/Berlin", "/mozilla.org/20050126_1/Europe/Berlin", "w. europe standard time", " Europe/Berlin"]
        {
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
        let own = ["Office", "Europe/Berlin"].map(|name| (name.to_owned(), tokyo.clone()));
        let mut zones = Zones::new(berlin.clone(), HashMap::from(own));
        assert_eq!(zones.find(Some("Office")), tokyo);
        assert_eq!(zones.find(Some("Europe/Berlin")), berlin, "the database knows better");
        assert_eq!(zones.find(Some("Nowhere")), berlin);
        assert_eq!(zones.find(None), berlin);
    }
}
