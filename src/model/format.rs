//! Numbers the way people read them: as many decimals as mean something, humane units, and one precision
//! for all numbers of a panel that have the same unit.

use serde::Serialize;

use super::time::{Span, Timestamp};
use super::unit::Unit;

/// A number split into what is drawn large and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Humane {
    /// Digits, sign and decimal point: "1.8".
    pub number: String,
    /// The unit with its prefix: "s", "k", "GiB", "orders/min".
    pub unit: String,
}

impl Humane {
    /// Where a number is missing.
    pub fn missing() -> Self {
        Self { number: MISSING.to_owned(), unit: String::new() }
    }

    /// Both, with a space between them where there is a unit.
    pub fn text(&self) -> String {
        if self.unit.is_empty() { self.number.clone() } else { format!("{} {}", self.number, self.unit) }
    }
}

/// A number in two lengths: "12 345 orders" where there is room, "12.3 k orders" where there is not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Written {
    /// With all its digits; the same as `short` where that has them already.
    pub long: Humane,
    /// At most four digits.
    pub short: Humane,
}

/// How the numbers of a panel are written.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Format {
    /// What they mean.
    pub unit: Unit,
    /// How many decimals they have; `None` for as many as mean something.
    pub decimals: Option<u8>,
}

/// Shown where a number is missing.
pub const MISSING: &str = "–";
/// The greatest number written with all its digits.
const LONGEST: f64 = 9_999_999.5;
/// Counts below this are written without a prefix.
const PLAIN: f64 = 9_999.5;
/// Decimals that are added at most so that a small number beside a great one does not become 0.
const FINER: usize = 2;

type Prefixes = &'static [(f64, &'static str)];
const SI: Prefixes = &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")];
const IEC: Prefixes =
    &[(1.0, "B"), (1024.0, "KiB"), (1_048_576.0, "MiB"), (1_073_741_824.0, "GiB"), (1_099_511_627_776.0, "TiB")];
const TIME: Prefixes = &[(1e-6, "µs"), (1e-3, "ms"), (1.0, "s")];
const PERCENT: Prefixes = &[(1.0, "%")];
/// From this many seconds on a time is written in minutes, hours, days.
const MINUTES: f64 = 99.95;

/// The prefixes of a unit, the factor that leads to the one of 1, and the words behind the prefix.
fn prefixes(unit: &Unit) -> (f64, Prefixes, &str) {
    match unit {
        Unit::None => (1.0, SI, ""),
        Unit::Other(word) => (1.0, SI, word.as_str()),
        Unit::Ratio => (100.0, PERCENT, ""),
        Unit::Percent => (1.0, PERCENT, ""),
        Unit::Seconds | Unit::SinceEpoch => (1.0, TIME, ""),
        Unit::Milliseconds => (1e-3, TIME, ""),
        Unit::Bytes => (1.0, IEC, ""),
        Unit::BytesPerSecond => (1.0, SI, "B/s"),
        Unit::BitsPerSecond => (1.0, SI, "bit/s"),
    }
}

/// "k orders/min", "kB/s", "GiB".
fn joined(unit: &Unit, prefix: &str, suffix: &str) -> String {
    let space = if matches!(unit, Unit::Other(_)) && !prefix.is_empty() { " " } else { "" };
    format!("{prefix}{space}{suffix}")
}

/// A value with its prefix, not yet written.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// In these words.
    Words(Humane),
    /// A number in a unit.
    Number(f64, String),
}

impl Part {
    /// `now` is used by [`Unit::SinceEpoch`] only.
    fn new(value: f64, unit: &Unit, now: Timestamp) -> Self {
        if !value.is_finite() {
            return Self::Words(Humane::missing());
        }
        if *unit == Unit::SinceEpoch {
            return Timestamp::from_seconds(value).map_or_else(
                || Self::Words(Humane::default()),
                |at| Self::new(at.age_at(now).as_seconds(), &Unit::Seconds, now),
            );
        }
        let (factor, prefixes, suffix) = prefixes(unit);
        let base = value * factor;
        if unit.is_time() && base.abs() >= MINUTES {
            let words = Span((base * 1000.0) as i64).humane();
            let (number, unit) = words.split_once(' ').unwrap_or((&words, ""));
            return Self::Words(Humane { number: number.to_owned(), unit: unit.to_owned() });
        }
        let (divisor, prefix) = prefix(base, unit, prefixes);
        Self::Number(base / divisor, joined(unit, prefix, suffix))
    }
}

/// The greatest prefix that leaves a number of 1 or more. (999.5 would be written as 1000: the next prefix
/// reads better.)
fn prefix(base: f64, unit: &Unit, prefixes: Prefixes) -> (f64, &'static str) {
    let size = base.abs();
    let is_plain = size == 0.0 || (matches!(unit, Unit::None | Unit::Other(_)) && size < PLAIN);
    // Nothing, and a small count, have no prefix.
    let size = if is_plain { 1.0 } else { size };
    let fits = prefixes.iter().rev().find(|(divisor, _)| size >= divisor * 0.9995).or_else(|| prefixes.first());
    fits.copied().unwrap_or((1.0, ""))
}

impl Format {
    /// Of a unit, with as many decimals as mean something.
    pub const fn new(unit: Unit) -> Self {
        Self { unit, decimals: None }
    }

    /// One number by itself.
    pub fn written(&self, value: Option<f64>, now: Timestamp) -> Written {
        self.all_written(&[value], now).pop().unwrap_or_default()
    }

    /// Numbers that stand beside each other: those with the same unit get the same number of decimals. A
    /// missing one is a dash.
    pub fn all_written(&self, values: &[Option<f64>], now: Timestamp) -> Vec<Written> {
        let parts: Vec<Part> =
            values.iter().map(|value| Part::new(value.unwrap_or(f64::NAN), &self.unit, now)).collect();
        let short = self.humane(&parts);
        let plain: Vec<Part> = values.iter().zip(&parts).map(|(value, part)| self.plain(*value, part)).collect();
        let long = if plain == parts { short.clone() } else { self.humane(&plain) };
        long.into_iter().zip(short).map(|(long, short)| Written { long, short }).collect()
    }

    /// Without a prefix, where the number is a count and not too long.
    fn plain(&self, value: Option<f64>, part: &Part) -> Part {
        match (&self.unit, value) {
            (Unit::None, Some(value)) if value.abs() < LONGEST => Part::Number(value, String::new()),
            (Unit::Other(word), Some(value)) if value.abs() < LONGEST => Part::Number(value, word.to_string()),
            _ => part.clone(),
        }
    }

    fn humane(&self, parts: &[Part]) -> Vec<Humane> {
        let of_unit = |wanted: &str| -> Vec<f64> {
            let number = |part: &Part| match part {
                Part::Number(number, unit) if unit == wanted => Some(*number),
                _ => None,
            };
            parts.iter().filter_map(number).collect()
        };
        // A set has one or two units, rarely three.
        let mut known: Vec<(&str, Option<usize>)> = Vec::new();
        parts
            .iter()
            .map(|part| match part {
                Part::Words(words) => words.clone(),
                Part::Number(number, unit) => {
                    let decimals = known.iter().find(|(known, _)| known == unit).map(|(_, decimals)| *decimals);
                    let decimals = decimals.unwrap_or_else(|| {
                        let found = self.decimals.map(usize::from).or_else(|| shared(&of_unit(unit), unit == "%"));
                        known.push((unit, found));
                        found
                    });
                    let number = decimals.map_or_else(|| digits(*number), |decimals| grouped(*number, decimals));
                    Humane { number, unit: unit.clone() }
                }
            })
            .collect()
    }

    /// The labels of an axis, for values that rise in equal steps: one unit for all, and as many decimals as
    /// tell each from its neighbour.
    pub fn ticks(&self, values: &[f64], now: Timestamp) -> Vec<String> {
        let largest = values.iter().copied().filter(|value| value.is_finite()).fold(0.0_f64, |a, b| a.max(b.abs()));
        let (factor, all, suffix) = prefixes(&self.unit);
        if self.unit == Unit::SinceEpoch || (self.unit.is_time() && largest * factor >= MINUTES) {
            let words: Vec<String> = values.iter().map(|value| self.written(Some(*value), now).short.text()).collect();
            if distinct(&words) {
                return words;
            }
        }
        let numbers = |divisor: f64| values.iter().map(|value| value * factor / divisor).collect::<Vec<f64>>();
        let (greatest, _) = prefix(largest * factor, &self.unit, all);
        let (decimals, divisor, prefix) = all
            .iter()
            .rev()
            .filter(|(divisor, _)| *divisor <= greatest)
            .map(|(divisor, prefix)| (exact(&numbers(*divisor)), *divisor, *prefix))
            .find(|(decimals, divisor, _)| *decimals <= if *divisor >= greatest { 3 } else { 1 })
            .unwrap_or_else(|| {
                let (divisor, prefix) = all.first().copied().unwrap_or((1.0, ""));
                (exact(&numbers(divisor)), divisor, prefix)
            });
        let decimals = self.decimals.map_or(decimals, |wanted| decimals.max(usize::from(wanted)));
        let unit = joined(&self.unit, prefix, suffix);
        let label = |number: f64| match (number == 0.0, unit.is_empty()) {
            (true, _) => self.written(Some(0.0), now).short.text(),
            (false, true) => grouped(number, decimals),
            (false, false) => format!("{} {unit}", grouped(number, decimals)),
        };
        numbers(divisor).into_iter().map(label).collect()
    }
}

fn distinct(texts: &[String]) -> bool {
    texts.iter().enumerate().all(|(n, text)| !texts.get(..n).unwrap_or_default().contains(text))
}

/// Decimals with which equally spaced numbers are written exactly.
fn exact(numbers: &[f64]) -> usize {
    let step = numbers.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::INFINITY, f64::min);
    let step = if step.is_finite() { step } else { 1.0 };
    let is_exact = |decimals: &usize| {
        let scale = 10_f64.powi(*decimals as i32);
        numbers.iter().all(|number| (number * scale - (number * scale).round()).abs() < step * scale * 1e-3)
            && step * scale >= 0.999
    };
    (0..12).find(is_exact).unwrap_or(12)
}

/// The decimals for numbers in one unit: as many as the greatest needs by itself, more where a small one
/// would become 0, none where all are whole. `None`: each is written by itself.
fn shared(numbers: &[f64], is_percent: bool) -> Option<usize> {
    let sizes = || numbers.iter().map(|number| number.abs()).filter(|size| *size > 0.0);
    let (least, greatest) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
    if numbers.iter().all(|number| number.fract() == 0.0) && greatest < 1e15 {
        return Some(0);
    }
    let mut decimals = meant(greatest, is_percent)?;
    let most = decimals + FINER;
    while decimals < most && least * 10_f64.powi(decimals as i32) < 0.5 {
        decimals += 1;
    }
    // 2.50 and 1.50 say no more than 2.5 and 1.5.
    let idle = |number: &f64| {
        let text = format!("{number:.decimals$}");
        text.bytes().rev().take(decimals).take_while(|byte| *byte == b'0').count()
    };
    Some(decimals - numbers.iter().map(idle).min().unwrap_or(0))
}

/// The decimals of three significant digits; of per cent whole ones from ten on, tenths from one on: more
/// is noise. `None` where a number is too small or too great to be written so.
fn meant(size: f64, is_percent: bool) -> Option<usize> {
    Some(match size {
        s if s >= 1e15 => return None,
        s if is_percent && s >= 9.95 => 0,
        s if is_percent && s >= 0.995 => 1,
        s if s >= 99.95 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.0995 => 2,
        s if s >= 0.000_95 => 4,
        0.0 => 0,
        _ => return None,
    })
}

/// With so many decimals, a space between thousands from five digits on, and never "-0".
fn grouped(number: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", number.abs());
    let sign = if number < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { "-" } else { "" };
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    if whole.len() < 5 {
        return format!("{sign}{text}");
    }
    let mut spaced = String::with_capacity(text.len() + 4);
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            spaced.push(' ');
        }
        spaced.push(digit);
    }
    format!("{sign}{spaced}{rest}")
}

/// Splits a value into number and unit. `now` is used by [`Unit::SinceEpoch`] only.
pub fn humane(value: f64, unit: &Unit, now: Timestamp) -> Humane {
    Format::new(unit.clone()).written(Some(value), now).short
}

/// The value as one text: "1.8 s", "3.1 %", "1.2 k orders/min".
pub fn text(value: f64, unit: &Unit, now: Timestamp) -> String {
    humane(value, unit, now).text()
}

/// Three significant digits, no trailing zeros, never "-0".
pub fn digits(value: f64) -> String {
    let size = value.abs();
    match meant(size, false) {
        Some(decimals) => {
            let text = format!("{value:.decimals$}");
            let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            if text == "-0" { "0".to_owned() } else { text.to_owned() }
        }
        None if size < 1e-9 => "0".to_owned(),
        None if size >= 1e15 => format!("{value:.2e}"),
        None => format!("{value:.1e}"),
    }
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

    #[track_caller]
    fn set(values: &[f64], word: &str, expected: &[&str]) {
        let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        let written = Format::new(Unit::from_word(word)).all_written(&values, Timestamp(0));
        assert_eq!(written.iter().map(|one| one.short.text()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn numbers_beside_each_other_have_one_precision() {
        set(&[3.1, 0.0345], "%", &["3.10 %", "0.03 %"]);
        set(&[0.731, 0.035], "percent", &["73 %", "4 %"]);
        set(&[1.97, 1.3, 1.6], "s", &["1.97 s", "1.30 s", "1.60 s"]);
        set(&[2.5, 1.5, 12.0], "", &["2.5", "1.5", "12.0"]);
        set(&[5.0, 0.0, 12.0], "", &["5", "0", "12"]);
        // Each unit for itself: a size of 4 GiB does not take the decimals of one of 12 B.
        set(&[0.193, 0.5034, 1.83], "s", &["193 ms", "503 ms", "1.83 s"]);
        set(&[f64::NAN, 1.25], "s", &[MISSING, "1.25 s"]);
    }

    #[test]
    fn a_count_has_all_its_digits_where_there_is_room() {
        let orders = Format::new(Unit::from_word("orders"));
        let long = |value| orders.written(Some(value), Timestamp(0)).long.text();
        assert_eq!(long(12_345.0), "12 345 orders");
        assert_eq!(long(-1_234_567.2), "-1 234 567 orders");
        assert_eq!(long(1234.0), "1234 orders");
        assert_eq!(long(123_456_789.0), "123 M orders");
        assert_eq!(Format::new(Unit::Bytes).written(Some(12_345.0), Timestamp(0)).long.text(), "12.1 KiB");
    }

    #[test]
    fn a_panel_may_say_how_many_decimals() {
        let two = Format { unit: Unit::Percent, decimals: Some(2) };
        let texts = two.all_written(&[Some(3.0), Some(69.345), None], Timestamp(0));
        assert_eq!(texts.iter().map(|one| one.short.text()).collect::<Vec<_>>(), ["3.00 %", "69.34 %", MISSING]);
    }

    #[track_caller]
    fn axis(values: &[f64], word: &str, expected: &[&str]) {
        assert_eq!(Format::new(Unit::from_word(word)).ticks(values, Timestamp(0)), expected);
    }

    #[test]
    fn labels_of_an_axis_differ_and_share_a_unit() {
        axis(&[0.0, 1.0, 2.0], "s", &["0 s", "1 s", "2 s"]);
        axis(&[0.0, 0.5, 1.0], "s", &["0 s", "0.5 s", "1.0 s"]);
        axis(&[1e6, 1e6 + 1.0, 1e6 + 2.0], "", &["1 000 000", "1 000 001", "1 000 002"]);
        axis(&[0.0, 5e5, 1e6], "orders", &["0 orders", "0.5 M orders", "1.0 M orders"]);
        axis(&[0.0, 536_870_912.0, 1_073_741_824.0], "bytes", &["0 B", "0.5 GiB", "1.0 GiB"]);
        axis(&[0.0, 67_108_864.0, 1_073_741_824.0], "bytes", &["0 B", "64 MiB", "1024 MiB"]);
        axis(&[0.0, 1800.0, 3600.0], "s", &["0 s", "30 min", "1 h"]);
        axis(&[600.0, 600.5, 601.0], "s", &["600.0 s", "600.5 s", "601.0 s"]);
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
