//! Lengths of screens and rooms.

use std::str::FromStr;

use super::from_text::from_text;

/// A length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    /// In millimetres.
    pub millimetres: f64,
}

/// The words for units, and how many millimetres each has.
const UNITS: [(&str, f64); 5] = [("mm", 1.0), ("cm", 10.0), ("m", 1000.0), ("inch", 25.4), ("in", 25.4)];

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no length; write it like \"55in\", \"140cm\" or \"5m\"");
        let text = text.trim();
        let (number, millimetres) = UNITS
            .iter()
            .find_map(|(unit, millimetres)| Some((text.strip_suffix(unit)?, *millimetres)))
            .ok_or_else(wrong)?;
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let length = number * millimetres;
        // From a watch to a stadium.
        if (10.0..=1_000_000.0).contains(&length) { Ok(Self { millimetres: length }) } else { Err(wrong()) }
    }
}

from_text!(Length, ["55in", "140cm", "5m"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_what_is_none_is_explained() {
        let read = |text: &str| text.parse::<Length>().map(|length| length.millimetres.round() as i64);
        assert_eq!(read("55in"), Ok(1397));
        assert_eq!(read("5 m"), Ok(5000));
        assert_eq!(read("140cm"), Ok(1400));
        assert_eq!(read("900 mm"), Ok(900));
        for text in ["", "55", "in", "-5m", "0m", "nan m", "1e9m", "5 miles"] {
            assert!(read(text).unwrap_err().contains("55in"), "{text}");
        }
    }
}
