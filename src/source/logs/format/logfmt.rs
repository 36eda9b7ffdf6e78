//! `key=value key="another value"`, as Heroku, Go kit, logrus and Grafana write it.

use super::parsed::Parsed;
use super::time::Clock;
use crate::model::log::Level;

const MESSAGE: [&str; 2] = ["msg", "message"];
const LEVEL: [&str; 4] = ["level", "lvl", "severity", "at"];
const TIME: [&str; 4] = ["time", "ts", "timestamp", "t"];
const CATEGORY: [&str; 5] = ["logger", "component", "category", "caller", "module"];

/// None where the line does not begin with pairs, or none of them is a level, a time or a message: "a=b" alone is text.
pub(super) fn parse(line: &str, clock: Clock<'_>) -> Option<Parsed> {
    let mut pairs = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        if key.is_empty() || key.contains([' ', '"', '[', '{']) {
            return None;
        }
        let (value, after) = value(after)?;
        pairs.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    let (level, time, message) = (take(&mut pairs, &LEVEL), take(&mut pairs, &TIME), take(&mut pairs, &MESSAGE));
    let known = usize::from(level.is_some()) + usize::from(time.is_some()) + usize::from(message.is_some());
    if known == 0 || (known == 1 && pairs.is_empty()) {
        return None;
    }
    let category = take(&mut pairs, &CATEGORY).unwrap_or_default();
    let words = || pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
    Some(Parsed {
        at: time.and_then(|time| clock.text(&time)),
        level: level.and_then(|word| Level::of_word(&word)),
        category,
        message: message.unwrap_or_else(words),
        fields: pairs,
    })
}

/// Takes the value of the first of these keys that there is.
fn take(pairs: &mut Vec<(String, String)>, keys: &[&str]) -> Option<String> {
    let index = keys.iter().find_map(|key| pairs.iter().position(|(one, _)| one == key))?;
    Some(pairs.remove(index).1)
}

/// A value, quoted or up to the next blank, and what stands behind it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(' ').unwrap_or(text.len());
        return Some((text.get(..end)?.to_owned(), text.get(end..)?));
    };
    let (mut value, mut chars) = (String::new(), quoted.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            _ => value.push(c),
        }
    }
    None
}
