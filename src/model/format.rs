//! Numbers the way people read them: as many decimals as mean something, humane units.

use super::time::{Span, Timestamp};
use super::unit::Unit;

/// A number split into what is drawn large and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Humane {
    /// Digits, sign and decimal point: "1.8".
    pub number: String,
    /// The unit with its prefix: "s", "k", "GiB", "orders/min".
    pub unit: String,
}

impl Humane {
    /// Both, with a space between them where there is a unit.
    pub fn text(&self) -> String {
        if self.unit.is_empty() { self.number.clone() } else { format!("{} {}", self.number, self.unit) }
    }
}

/// Shown where a number is missing.
pub const MISSING: &str = "–";

const SI: [&str; 5] = ["", "k", "M", "G", "T"];
const IEC: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// Splits a value into number and unit. `now` is used by [`Unit::SinceEpoch`] only.
pub fn humane(value: f64, unit: &Unit, now: Timestamp) -> Humane {
    if !value.is_finite() {
        return Humane { number: MISSING.to_owned(), unit: String::new() };
    }
    match unit {
        Unit::None => prefixed(value, ""),
        Unit::Other(word) => prefixed(value, word.as_str()),
        Unit::Ratio => percent(value * 100.0),
        Unit::Percent => percent(value),
        Unit::Seconds => seconds(value),
        Unit::Milliseconds => seconds(value / 1000.0),
        Unit::Bytes => scaled(value, 1024.0, &IEC, ""),
        Unit::BytesPerSecond => scaled(value, 1000.0, &SI, "B/s"),
        Unit::BitsPerSecond => scaled(value, 1000.0, &SI, "bit/s"),
        Unit::SinceEpoch => {
            Timestamp::from_seconds(value).map_or_else(Humane::default, |at| seconds(at.age_at(now).as_seconds()))
        }
    }
}

/// The value as one text: "1.8 s", "3.1 %", "1.2 k orders/min".
pub fn text(value: f64, unit: &Unit, now: Timestamp) -> String {
    humane(value, unit, now).text()
}

/// Whole per cent from ten on, tenths below: more is noise.
fn percent(value: f64) -> Humane {
    let decimals = match value.abs() {
        size if size >= 9.95 => 0,
        size if size >= 0.995 => 1,
        _ => return Humane { number: digits(value), unit: "%".to_owned() },
    };
    let number = format!("{value:.decimals$}");
    let number = number.strip_suffix(".0").map_or(number.clone(), str::to_owned);
    Humane { number, unit: "%".to_owned() }
}

fn prefixed(value: f64, word: &str) -> Humane {
    if value.abs() < 10_000.0 {
        return Humane { number: digits(value), unit: word.to_owned() };
    }
    let mut humane = scaled(value, 1000.0, &SI, "");
    if !word.is_empty() {
        humane.unit = format!("{} {word}", humane.unit);
    }
    humane
}

fn scaled(value: f64, base: f64, prefixes: &[&str; 5], suffix: &str) -> Humane {
    let mut scaled = value;
    let mut step = 0;
    // 999.5 would be written as 1000: the next prefix reads better.
    while scaled.abs() >= base - base / 2000.0 && step + 1 < prefixes.len() {
        scaled /= base;
        step += 1;
    }
    let prefix = prefixes.get(step).copied().unwrap_or_default();
    Humane { number: digits(scaled), unit: format!("{prefix}{suffix}") }
}

fn seconds(value: f64) -> Humane {
    let (scaled, unit) = match value.abs() {
        0.0 => (0.0, "s"),
        a if a < 0.000_999_5 => (value * 1e6, "µs"),
        a if a < 0.999_5 => (value * 1e3, "ms"),
        a if a < 99.95 => (value, "s"),
        _ => {
            let span = Span((value * 1000.0) as i64).humane();
            let (number, unit) = span.split_once(' ').unwrap_or((&span, ""));
            return Humane { number: number.to_owned(), unit: unit.to_owned() };
        }
    };
    Humane { number: digits(scaled), unit: unit.to_owned() }
}

/// Three significant digits, no trailing zeros, never "-0".
pub fn digits(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        s if s >= 99.95 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.0995 => 2,
        s if s >= 0.000_95 => 4,
        0.0 => 0,
        _ => return if size < 1e-9 { "0".to_owned() } else { format!("{value:.1e}") },
    };
    if size >= 1e15 {
        return format!("{value:.2e}");
    }
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shows(value: f64, word: &str, expected: &str) {
        assert_eq!(text(value, &Unit::from_word(word), Timestamp(0)), expected);
    }

    #[test]
    fn decimals_are_as_many_as_mean_something() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (3.0, "3"),
            (947.0, "947"),
            (0.123_456, "0.12"),
            (12.345, "12.3"),
            (123.456, "123"),
            (0.001_26, "0.0013"),
            (-0.004, "-0.004"),
            (1e-12, "0"),
        ] {
            assert_eq!(digits(value), expected, "{value}");
        }
    }

    #[test]
    fn units_are_humane() {
        shows(1200.0, "orders/min", "1200 orders/min");
        shows(12_345.0, "orders/min", "12.3 k orders/min");
        shows(0.031, "percent", "3.1 %");
        shows(3.1, "%", "3.1 %");
        shows(69.34, "%", "69 %");
        shows(0.000_4, "percent", "0.04 %");
        shows(0.35, "seconds", "350 ms");
        shows(0.000_35, "seconds", "350 µs");
        shows(1800.0, "ms", "1.8 s");
        shows(11_520.0, "seconds", "3 h 12 min");
        shows(4_402_341_478.0, "bytes", "4.1 GiB");
        shows(1_200_000.0, "bytes/s", "1.2 MB/s");
        shows(999.9, "bytes/s", "1 kB/s");
        shows(5.0, "", "5");
    }

    #[test]
    fn what_is_not_a_number_is_a_dash() {
        shows(f64::NAN, "seconds", MISSING);
        shows(f64::INFINITY, "bytes", MISSING);
    }

    #[test]
    fn an_epoch_is_an_age() {
        assert_eq!(text(100.0, &Unit::SinceEpoch, Timestamp(3_700_000)), "1 h");
    }
}
