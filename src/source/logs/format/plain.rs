//! What most programs write: a time, a level, perhaps the part that wrote it, and what it says.

use super::parsed::Parsed;
use super::time::Clock;
use crate::model::log::Level;

/// Words that are looked at for a level.
const WORDS: usize = 6;

pub(super) fn parse(line: &str, clock: Clock<'_>) -> Parsed {
    let line = line.trim_end();
    let (at, rest) = clock.leading(line).map_or((None, line), |(at, rest)| (Some(at), rest));
    // What stands between a time and the rest says nothing; without a time it may be a sign.
    let rest = if at.is_some() { rest.trim_start_matches([' ', '-', '|', ':', '\t', ']']) } else { rest };
    let Some((level, before, behind)) = level(rest) else {
        return Parsed { at, message: rest.to_owned(), ..Parsed::default() };
    };
    // A name that follows without a blank ends without one.
    let glued = behind.strip_prefix(':').and_then(|rest| rest.split_once(':'));
    if let Some((name, message)) = glued.filter(|(name, _)| is_name(name)) {
        return Parsed {
            at,
            level: Some(level),
            category: name.to_owned(),
            message: message.trim_start().to_owned(),
            ..Parsed::default()
        };
    }
    let behind = behind.trim_start_matches([' ', ':', '-', '|', '\t']);
    let (category, message) = category(before, behind, rest);
    Parsed { at, level: Some(level), category, message, fields: Vec::new() }
}

/// The level among the first words, what stands before it, and behind it.
fn level(text: &str) -> Option<(Level, &str, &str)> {
    let mut begin = 0;
    for word in text.split_inclusive([' ', '|', '\t']).take(WORDS) {
        let is_other = |c: char| !c.is_alphanumeric();
        let bare = word.trim_matches(is_other);
        let lead = word.len() - word.trim_start_matches(is_other).len();
        // "production.ERROR:" of Monolog, "ERROR:root:..." of Python.
        if let Some((name, last)) = bare.rsplit_once('.')
            && let Some(level) = large(last)
        {
            return Some((level, text.get(..begin + lead + name.len())?, text.get(begin + word.len()..)?));
        }
        if let Some((first, _)) = bare.split_once(':')
            && let Some(level) = large(first)
        {
            return Some((level, text.get(..begin)?, text.get(begin + lead + first.len()..)?));
        }
        // "error" in a sentence is a word; a level is written large, in brackets, or comes first.
        let is_bracketed = word.starts_with(['[', '<', '(']) && word.trim_end().ends_with([']', '>', ')', ':']);
        let is_marked = bare.chars().all(|c| c.is_ascii_uppercase())
            || is_bracketed
            || begin == 0 && (word.starts_with(['[', '<']) || word.trim_end().ends_with([':', '|']));
        if let Some(level) = Level::of_word(bare).filter(|_| is_marked && bare.len() > 2) {
            return Some((level, text.get(..begin)?, text.get(begin + word.len()..)?));
        }
        begin += word.len();
    }
    None
}

/// Whether the first word is a level that is written large.
pub(super) fn begins_with_level(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    large(word.trim_matches(|c: char| !c.is_alphanumeric())).is_some()
}

/// A level that is written large.
fn large(word: &str) -> Option<Level> {
    word.chars().all(|c| c.is_ascii_uppercase()).then(|| Level::of_word(word))?
}

/// The part that wrote it: before the level ("shop.checkout - ERROR - ..."), or behind it before a dash or a colon
/// (`[main] com.acme.Shop - ...`).
fn category(before: &str, behind: &str, whole: &str) -> (String, String) {
    let bare = before.trim_matches([' ', '-', '|', ':', '[', ']', '\t']);
    // "[main] INFO com.acme.Shop - ..." begins with a thread.
    let is_thread =
        before.trim().starts_with('[') && behind.split_once(" - ").is_some_and(|(name, _)| is_name(name.trim()));
    if !bare.is_empty() && is_name(bare) && !is_thread {
        return (bare.to_owned(), behind.to_owned());
    }
    let is_said =
        !is_thread && bare.split_whitespace().any(|word| word.len() > 1 && word.chars().all(char::is_alphabetic));
    if is_said {
        // Words before a level are a part of what is said, and so is the level.
        return (String::new(), whole.trim_start().to_owned());
    }
    let rest =
        behind.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(behind, |(_, rest)| rest.trim_start());
    for sign in [" - ", " : ", ": ", "] "] {
        if let Some((name, message)) = rest.split_once(sign)
            && is_name(name.trim())
        {
            return (name.trim().to_owned(), message.to_owned());
        }
    }
    (String::new(), behind.to_owned())
}

/// One word with the characters of names, and a letter among them.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '$');
    !text.is_empty() && text.len() <= 80 && text.chars().all(is_part) && text.chars().any(char::is_alphabetic)
}
