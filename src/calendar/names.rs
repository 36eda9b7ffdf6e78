//! Time zones by whatever name a calendar gives them.
//!
//! Source: RFC 5545, section 3.2.19 (`TZID`).

use jiff::tz::TimeZone;

use super::windows;

/// No zone has a longer name.
const LONGEST_NAME: usize = 200;

/// A zone by its name in the database, by Windows' or Lotus' name, or by a path that ends with one of them
/// (`/mozilla.org/20050126_1/Europe/Berlin`).
pub(super) fn named(name: &str) -> Option<TimeZone> {
    let mut rest = name.trim();
    if rest.is_empty() || rest.len() > LONGEST_NAME {
        return None;
    }
    loop {
        let in_database = |name: &str| TimeZone::get(name).ok();
        if let Some(zone) = in_database(rest).or_else(|| in_database(windows::location(rest)?)) {
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
}
