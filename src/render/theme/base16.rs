//! The schemes of base16 and base24: sixteen or twenty-four colours by number, as hundreds of palettes have them.
//!
//! Source: the styling guidelines of tinted-theming (base16 0.11, base24 0.1): base00 is the ground, base03 are comments,
//! base04 and base05 the foregrounds, base08 is red, base0A yellow, base0B green, base12 a bright red. Older files have
//! the colours, without a `#`, beside the name (`scheme`).

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

use crate::panel::ink::legible;

/// The slot of each role, and the contrast that its colour is given against the ground (WCAG 2.1: 4.5 for words, 3 for
/// drawings); frames are decoration.
const SLOTS: [(&str, &str, f64); 18] = [
    ("text", "base05", 4.5),
    ("muted", "base04", 4.5),
    ("title", "base06", 4.5),
    ("border", "base03", 1.3),
    ("focus", "base0C", 4.5),
    ("accent", "base0D", 4.5),
    ("ok", "base0B", 4.5),
    ("warning", "base0A", 4.5),
    ("critical", "base08", 4.5),
    ("unknown", "base04", 4.5),
    ("series1", "base0D", 3.0),
    ("series2", "base09", 3.0),
    ("series3", "base0E", 3.0),
    ("series4", "base0C", 3.0),
    ("series5", "base0F", 3.0),
    ("series6", "base0A", 3.0),
    ("series7", "base04", 3.0),
    ("series8", "base0B", 3.0),
];
/// The ground.
const GROUND: &str = "base00";

/// A scheme.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scheme {
    /// Its name and who made it.
    pub about: String,
    /// The ground, as `#rrggbb`.
    pub ground: String,
    /// The roles with their colours, moved until they can be read.
    pub roles: Vec<(&'static str, String)>,
}

/// Reads a scheme; what is wrong, with its line, in a sentence.
pub(super) fn read(text: &str) -> Result<Scheme, String> {
    let entries = entries(text)?;
    let said = |key: &str| entries.get(key).map(|(value, _)| value.clone());
    let colour = |slot: &str| {
        let (value, line) =
            entries.get(slot).ok_or_else(|| format!("there is no {slot}; a base16 scheme has base00 to base0F"))?;
        let hex = value.strip_prefix('#').unwrap_or(value);
        let rgb = u32::from_str_radix(hex, 16)
            .ok()
            .filter(|_| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let rgb = rgb.ok_or_else(|| format!("line {line}: {slot} is '{value}', and no colour like \"#1a2b3c\""))?;
        Ok::<_, String>([(rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8])
    };
    let hex = |[r, g, b]: [u8; 3]| format!("#{r:02x}{g:02x}{b:02x}");
    let ground = colour(GROUND)?;
    let role =
        |(role, slot, least): &(&'static str, &str, f64)| Ok((*role, hex(legible(colour(slot)?, ground, *least))));
    let roles = SLOTS.iter().map(role).collect::<Result<Vec<_>, String>>()?;
    let name = said("name").or_else(|| said("scheme")).unwrap_or_else(|| "a base16 scheme".to_owned());
    let author = said("author").map_or_else(String::new, |author| format!(", by {author}"));
    Ok(Scheme { about: format!("{name}{author}"), ground: hex(ground), roles })
}

/// All keys with their values and lines, those of `palette` beside those above it.
fn entries(text: &str) -> Result<BTreeMap<String, (String, usize)>, String> {
    let mut entries = BTreeMap::new();
    let mut key: Option<String> = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        match event {
            Event::Scalar(value, ..) => match key.take() {
                None => key = Some(value.into_owned()),
                Some(key) => {
                    entries.insert(key, (value.into_owned(), span.start.line()));
                }
            },
            Event::SequenceStart(..) => return Err(format!("line {}: a list; a scheme has none", span.start.line())),
            // What follows is a table of its own, or the end of one.
            Event::MappingStart(..) | Event::MappingEnd | Event::Alias(_) => key = None,
            _ => {}
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::ink::contrast;

    const COLOURS: [&str; 16] = [
        "181818", "282828", "383838", "585858", "b8b8b8", "d8d8d8", "e8e8e8", "f8f8f8", "ab4642", "dc9656", "f7ca88",
        "a1b56c", "86c1b9", "7cafc2", "ba8baf", "a16946",
    ];

    fn scheme(head: &str, indent: &str, sign: &str) -> String {
        let line = |(n, colour): (usize, &&str)| format!("{indent}base{n:02X}: \"{sign}{colour}\" # a comment\n");
        head.to_owned() + &COLOURS.iter().enumerate().map(line).collect::<String>()
    }

    #[test]
    fn old_and_new_files_are_read_alike_and_words_can_be_read() {
        let old = read(&scheme("scheme: \"Default Dark\"\nauthor: \"Chris Kempson\"\n", "", "")).unwrap();
        let head = "system: \"base16\"\nname: Default Dark\nauthor: 'Chris Kempson'\nvariant: dark\npalette:\n";
        assert_eq!(read(&scheme(head, "  ", "#")).unwrap(), old);
        assert_eq!((old.about.as_str(), old.ground.as_str()), ("Default Dark, by Chris Kempson", "#181818"));
        let colour = |wanted: &str| old.roles.iter().find(|(role, _)| *role == wanted).unwrap().1.as_str();
        assert_eq!([colour("text"), colour("ok"), colour("series1")], ["#d8d8d8", "#a1b56c", "#7cafc2"]);
        let rgb = |hex: &str| {
            u32::from_str_radix(hex.trim_start_matches('#'), 16)
                .map(|n| [(n >> 16) as u8, (n >> 8) as u8, n as u8])
                .unwrap()
        };
        assert_ne!(colour("critical"), "#ab4642", "it has 3.6 to 1");
        assert!(contrast(rgb(colour("critical")), [0x18; 3]) >= 4.5);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, part) in [
            ("base00: \"181818\"\n", "there is no base05"),
            ("a: b\nbase00: red\n", "line 2: base00 is 'red'"),
            ("base00: \"181818", "line 1"),
            ("- base00\n", "a list"),
            ("", "there is no base00"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
