//! Lines of any other format: a regular expression with named groups.

use regex::{Regex, RegexBuilder};

use super::parsed::Parsed;
use super::time::Clock;
use crate::model::log::Level;
use crate::model::log_filter::why;

/// Largest expression, compiled, in bytes.
const LARGEST: usize = 1024 * 1024;

/// A regular expression. The error is a sentence.
pub(in super::super) fn regular(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(LARGEST).build();
    built.map_err(|error| format!("'{text}' is no regular expression: {}", why(&error)))
}

/// An expression that takes lines apart.
pub(super) fn of_lines(text: &str) -> Result<Regex, String> {
    let regex = regular(text)?;
    if regex.capture_names().flatten().next().is_none() {
        return Err(format!("'{text}' has no named group: what should be taken from a line?"));
    }
    Ok(regex)
}

/// The groups `time`, `level`, `category` and `message` are what they say; others are fields.
pub(super) fn parse(line: &str, regex: &Regex, clock: Clock<'_>) -> Option<Parsed> {
    let found = regex.captures(line)?;
    let mut parsed = Parsed { message: line.to_owned(), ..Parsed::default() };
    for name in regex.capture_names().flatten() {
        let Some(text) = found.name(name).map(|group| group.as_str()) else { continue };
        match name {
            "time" => parsed.at = clock.text(text),
            "level" => parsed.level = Level::of_word(text),
            "category" => text.clone_into(&mut parsed.category),
            "message" => text.clone_into(&mut parsed.message),
            _ => parsed.fields.push((name.to_owned(), text.to_owned())),
        }
    }
    Some(parsed)
}
