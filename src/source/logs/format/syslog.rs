//! Syslog: RFC 5424, RFC 3164, and the same without a priority, as files under /var/log have it.

use super::parsed::Parsed;
use super::time::Clock;
use crate::model::log::Level;

pub(super) fn parse(line: &str, clock: Clock<'_>) -> Option<Parsed> {
    let (level, rest) = match line.strip_prefix('<') {
        Some(rest) => {
            let (priority, rest) = rest.split_once('>')?;
            let priority: u8 = priority.parse().ok().filter(|priority| *priority <= 191)?;
            (Some(Level::of_severity(priority % 8)), rest)
        }
        None => (None, line),
    };
    if let Some(rest) = rest.strip_prefix("1 ").filter(|_| level.is_some()) {
        return of_5424(rest, level, clock);
    }
    of_3164(rest, level, clock)
}

/// `TIME HOST APP PROC MSGID SD MESSAGE`; `-` stands for nothing.
fn of_5424(rest: &str, level: Option<Level>, clock: Clock<'_>) -> Option<Parsed> {
    let mut parts = rest.splitn(6, ' ');
    let (time, host, app) = (parts.next()?, parts.next()?, parts.next()?);
    let (process, _message_id) = (parts.next()?, parts.next()?);
    let (data, message) = structured(parts.next()?)?;
    let mut fields = vec![("host".to_owned(), host.to_owned()), ("pid".to_owned(), process.to_owned())];
    fields.retain(|(_, value)| value != "-");
    fields.extend(data);
    Some(Parsed {
        at: clock.text(time),
        level,
        category: if app == "-" { String::new() } else { app.to_owned() },
        message: message.trim_start_matches('\u{feff}').to_owned(),
        fields,
    })
}

/// `[id key="value"][..] message`, or `- message`.
fn structured(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some((Vec::new(), rest.trim_start()));
    }
    let (mut pairs, mut rest) = (Vec::new(), text);
    while let Some(element) = rest.strip_prefix('[') {
        let mut inside = element.get(element.find([' ', ']'])?..)?;
        while let Some(pair) = inside.strip_prefix(' ') {
            let (key, value) = pair.split_once("=\"")?;
            let end = end_of_value(value)?;
            pairs.push((
                key.to_owned(),
                value.get(..end)?.replace("\\\"", "\"").replace("\\]", "]").replace("\\\\", "\\"),
            ));
            inside = value.get(end + 1..)?;
        }
        rest = inside.strip_prefix(']')?;
    }
    Some((pairs, rest.trim_start()))
}

/// Where the closing quotation mark stands.
fn end_of_value(value: &str) -> Option<usize> {
    let mut is_escaped = false;
    value.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// `TIME HOST APP[PID]: MESSAGE`.
fn of_3164(rest: &str, level: Option<Level>, clock: Clock<'_>) -> Option<Parsed> {
    // Without a priority it is what files have: "Nov 30 14:03:20", or RFC 3339 with its zone.
    let is_3339 = rest.get(10..11) == Some("T");
    let (at, rest) = clock
        .leading(rest)
        .filter(|_| level.is_some() || is_3339 || !rest.starts_with(|c: char| c.is_ascii_digit()))?;
    let (host, rest) = rest.trim_start().split_once(' ')?;
    let (tag, message) = rest.split_once(": ").or_else(|| rest.strip_suffix(':').map(|tag| (tag, "")))?;
    let (app, process) = tag.split_once('[').map_or((tag, ""), |(app, pid)| (app, pid.trim_end_matches(']')));
    // What most programs write begins with a time as well, but has no host and no tag.
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./@()".contains(c));
    if !is_word(host)
        || !is_word(app)
        || Level::of_word(host).is_some()
        || Level::of_word(app).is_some()
        || (level.is_none() && host == "-")
    {
        return None;
    }
    let mut fields = vec![("host".to_owned(), host.to_owned()), ("pid".to_owned(), process.to_owned())];
    fields.retain(|(_, value)| !value.is_empty());
    Some(Parsed { at: Some(at), level, category: app.to_owned(), message: message.to_owned(), fields })
}
