//! Units: what a number means, so that it can be written the way people read it.

use std::fmt;

use serde::Serialize;

use super::text::SafeText;

/// The unit of a panel.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A bare number.
    #[default]
    None,
    /// A ratio (0.031) written in per cent (3.1 %).
    Ratio,
    /// Already in per cent (3.1).
    Percent,
    /// Seconds, written as 350 ms, 12 s, 3 h 12 min.
    Seconds,
    /// Milliseconds, written like seconds.
    Milliseconds,
    /// Bytes, written in KiB, MiB, GiB (IEC).
    Bytes,
    /// Bytes a second, written in kB/s, MB/s (SI).
    BytesPerSecond,
    /// Bits a second, written in kbit/s, Mbit/s (SI).
    BitsPerSecond,
    /// A moment as seconds since 1970, written as its age.
    SinceEpoch,
    /// Any other word, written behind the number: "orders/min".
    Other(SafeText),
}

/// The words of the config file with their units and meanings; `andon panels` prints this table.
pub const WORDS: &[(&str, Unit, &str)] = &[
    ("percent", Unit::Ratio, "a ratio: 0.031 is shown as 3.1 %"),
    ("ratio", Unit::Ratio, "the same as percent"),
    ("%", Unit::Percent, "already in per cent: 3.1 is shown as 3.1 %"),
    ("seconds", Unit::Seconds, "0.35 is shown as 350 ms, 11520 as 3 h 12 min"),
    ("s", Unit::Seconds, "the same as seconds"),
    ("ms", Unit::Milliseconds, "1800 is shown as 1.8 s"),
    ("bytes", Unit::Bytes, "powers of 1024: KiB, MiB, GiB"),
    ("bytes/s", Unit::BytesPerSecond, "powers of 1000: kB/s, MB/s"),
    ("bits/s", Unit::BitsPerSecond, "powers of 1000: kbit/s, Mbit/s"),
    ("epoch", Unit::SinceEpoch, "seconds since 1970, shown as an age"),
];

impl Unit {
    /// Whether it is written in minutes, hours and days when it is long.
    pub const fn is_time(&self) -> bool {
        matches!(self, Self::Seconds | Self::Milliseconds | Self::SinceEpoch)
    }

    /// From the word of the config file; a word that is not known stands behind the number as it is.
    pub fn from_word(word: &str) -> Self {
        if word.is_empty() {
            return Self::None;
        }
        WORDS
            .iter()
            .find(|(known, _, _)| *known == word)
            .map_or_else(|| Self::Other(SafeText::new(word)), |(_, unit, _)| unit.clone())
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Other(word) => write!(f, "{word}"),
            known => f.write_str(WORDS.iter().find(|(_, unit, _)| unit == known).map_or("", |(word, _, _)| word)),
        }
    }
}
