//! Numbers in texts: what a command prints, what a document has between quotation marks.

/// The number that a text is: digits with an optional sign, fraction and exponent, and an optional per cent
/// sign ("42\n", "-1.5e3", "95 %"); blanks around it do not count. "nan" and what is infinite are a gap (NaN).
///
/// None for anything else. Units ("3.2 ms"), commas ("12,5") and separators ("1 000") are not guessed: a guess
/// may be wrong by a factor of a thousand.
pub fn read(text: &str) -> Option<f64> {
    let text = text.trim();
    let bare = text.strip_suffix('%').map_or(text, str::trim_end);
    let number: f64 = bare.parse().ok()?;
    Some(if number.is_finite() { number } else { f64::NAN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_a_number_is_read() {
        for (text, number) in [
            ("42", 42.0),
            (" 42\n", 42.0),
            ("-1.5e3", -1500.0),
            ("+5", 5.0),
            ("1e3", 1000.0),
            ("0", 0.0),
            ("95%", 95.0),
            ("0 %", 0.0),
            ("\t3.25 %\r\n", 3.25),
        ] {
            assert_eq!(read(text), Some(number), "{text:?}");
        }
    }

    #[test]
    fn nan_and_what_is_infinite_are_gaps() {
        for text in ["nan", "NaN", "-nan", "inf", "+Inf", "1e999", "-1e999"] {
            assert!(read(text).is_some_and(f64::is_nan), "{text:?}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for text in [
            "",
            " ",
            "%",
            "n/a",
            "ERROR db down",
            "12,5",
            "1,000",
            "1 000",
            "1_000",
            "0x10",
            "3.2 ms",
            "5 5",
            "1.2.3",
            "--5",
            "5%%",
            "true",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
