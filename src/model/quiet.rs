//! Hours of the day, and days of the week, in which nobody is to be disturbed.

use std::str::FromStr;

use jiff::civil::{Time, Weekday};

use super::time::{Timestamp, Zone};

/// "22:00-07:00", "Sat", "Sun 08:00-20:00".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    day: Option<Weekday>,
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

impl QuietHours {
    /// Whether a moment lies in them, on the wall of a zone. Hours that end before they begin go on past
    /// midnight, and belong to the day they begin on.
    pub fn contain(self, at: Timestamp, zone: &Zone) -> bool {
        let Some(here) = zone.local_time(at) else { return false };
        let (time, day) = (here.time(), here.weekday());
        let is = |wanted: Weekday| self.day.is_none_or(|day| day == wanted);
        match self.hours {
            None => is(day),
            Some((from, to)) if from <= to => is(day) && (from..to).contains(&time),
            Some((from, to)) => (time >= from && is(day)) || (time < to && is(day.previous())),
        }
    }
}

impl FromStr for QuietHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is no quiet time; write it like \"22:00-07:00\", \"Sat\" or \"Sun 08:00-20:00\"");
        let mut quiet = Self { day: None, hours: None };
        for word in text.split_whitespace() {
            let day = DAYS.iter().find(|(name, _)| word.to_ascii_lowercase().starts_with(name));
            match (day, word.split_once('-')) {
                (Some((_, day)), None) if quiet.day.is_none() => quiet.day = Some(*day),
                (_, Some((from, to))) if quiet.hours.is_none() => {
                    let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| wrong());
                    quiet.hours = Some((time(from)?, time(to)?));
                }
                _ => return Err(wrong()),
            }
        }
        if quiet.day.is_none() && quiet.hours.is_none() { Err(wrong()) } else { Ok(quiet) }
    }
}

impl<'de> serde::Deserialize<'de> for QuietHours {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'_, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for QuietHours {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "QuietHours".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "examples": ["22:00-07:00", "Sat", "Sun 08:00-20:00"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_past_midnight_belong_to_the_day_they_begin_on() {
        // 1970-01-02 was a Friday.
        let at = |day: i64, hour: i64| Timestamp((day * 24 + hour) * 3_600_000);
        let friday_night: QuietHours = "Fri 22:00-07:00".parse().unwrap();
        let inside: Vec<bool> = [at(1, 21), at(1, 22), at(2, 6), at(2, 7), at(2, 23)]
            .map(|at| friday_night.contain(at, &Zone::utc()))
            .to_vec();
        assert_eq!(inside, [false, true, true, false, false]);
        let saturday: QuietHours = "Saturday".parse().unwrap();
        assert!(saturday.contain(at(2, 0), &Zone::utc()) && !saturday.contain(at(1, 23), &Zone::utc()));
    }

    #[test]
    fn what_is_no_time_is_explained() {
        for text in ["", "night", "22-07", "25:00-07:00", "Sat Sun", "22:00-07:00 23:00-24:00"] {
            assert!(text.parse::<QuietHours>().unwrap_err().contains("22:00-07:00"), "{text}");
        }
    }
}
