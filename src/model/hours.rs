//! Hours of the day and days of the week: when nobody is to be disturbed, when a page is shown.

use std::str::FromStr;

use jiff::civil::{Time, Weekday};

use super::from_text::from_text;
use super::time::{Timestamp, Zone};

/// "22:00-07:00", "Sat", "Mon-Fri 08:00-20:00".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The first and the last of them.
    days: Option<(Weekday, Weekday)>,
    hours: Option<(Time, Time)>,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Hours {
    /// Whether a moment lies in them, on the wall of a zone. Hours that end before they begin go on past
    /// midnight, and belong to the day they begin on.
    pub fn contain(self, at: Timestamp, zone: &Zone) -> bool {
        let Some(here) = zone.local_time(at) else { return false };
        let (time, day) = (here.time(), here.weekday());
        let index = Weekday::to_monday_zero_offset;
        let is = |day: Weekday| {
            self.days.is_none_or(|(first, last)| {
                // From Saturday to Monday goes past the end of the week.
                (index(day) - index(first)).rem_euclid(7) <= (index(last) - index(first)).rem_euclid(7)
            })
        };
        match self.hours {
            None => is(day),
            Some((from, to)) if from <= to => is(day) && (from..to).contains(&time),
            Some((from, to)) => (time >= from && is(day)) || (time < to && is(day.previous())),
        }
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' names no days and hours; write it like \"22:00-07:00\", \"Sat\" or \"Mon-Fri 08:00-20:00\""
            )
        };
        let day = |word: &str| {
            let word = word.to_ascii_lowercase();
            DAYS.iter().find(|(name, _)| word.starts_with(name)).map(|(_, day)| *day)
        };
        let mut all = Self { days: None, hours: None };
        for word in text.split_whitespace() {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            match (day(first), day(last)) {
                (Some(first), Some(last)) if all.days.is_none() => all.days = Some((first, last)),
                (None, None) if all.hours.is_none() && first != word => {
                    let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| wrong());
                    all.hours = Some((time(first)?, time(last)?));
                }
                _ => return Err(wrong()),
            }
        }
        if all.days.is_none() && all.hours.is_none() { Err(wrong()) } else { Ok(all) }
    }
}

from_text!(Hours, ["22:00-07:00", "Sat", "Mon-Fri 08:00-20:00"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_past_midnight_belong_to_the_day_they_begin_on() {
        // 1970-01-02 was a Friday.
        let at = |day: i64, hour: i64| Timestamp((day * 24 + hour) * 3_600_000);
        let friday_night: Hours = "Fri 22:00-07:00".parse().unwrap();
        let inside: Vec<bool> = [at(1, 21), at(1, 22), at(2, 6), at(2, 7), at(2, 23)]
            .map(|at| friday_night.contain(at, &Zone::utc()))
            .to_vec();
        assert_eq!(inside, [false, true, true, false, false]);
        let saturday: Hours = "Saturday".parse().unwrap();
        let week: Hours = "mon-fri 08:00-18:00".parse().unwrap();
        assert_eq!([at(1, 9), at(2, 9), at(1, 7)].map(|at| week.contain(at, &Zone::utc())), [true, false, false]);
        let weekend: Hours = "Sat-Mon".parse().unwrap();
        assert_eq!([at(1, 0), at(3, 0), at(4, 0)].map(|at| weekend.contain(at, &Zone::utc())), [false, true, true]);
        assert!(saturday.contain(at(2, 0), &Zone::utc()) && !saturday.contain(at(1, 23), &Zone::utc()));
    }

    #[test]
    fn what_is_no_time_is_explained() {
        for text in ["", "night", "22-07", "25:00-07:00", "Sat Sun", "Sat-07:00", "22:00-07:00 23:00-24:00"] {
            assert!(text.parse::<Hours>().unwrap_err().contains("22:00-07:00"), "{text}");
        }
    }
}
