//! Which lines of a log are wanted: words, regular expressions, and what fields are.
//!
//! ```text
//! payment timeout          both words, in whatever case
//! "timed out" -retry       these words together, without "retry"
//! /took \d{4,} ms/         a regular expression
//! level=warn               WARN, ERROR and FATAL
//! category=shop.checkout   this category, and those below it
//! status=5*                a field; * stands for any text
//! ```

use std::borrow::Cow;
use std::ops::Range;

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::log::{Level, LogLine};

/// Largest regular expression, compiled, in bytes.
const LARGEST: usize = 256 * 1024;
/// Most terms.
const MAX_TERMS: usize = 20;

/// Terms that all have to hold; none lets every line pass.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone)]
struct Term {
    is_not: bool,
    wants: Wants,
}

#[derive(Debug, Clone)]
enum Wants {
    Text(Regex),
    Level(Level),
    Category(String),
    /// A field; where a line has none of that name, its text.
    Field(String, WildMatch, Regex),
}

impl LogFilter {
    /// Reads one. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut terms, mut rest) = (Vec::new(), text.trim());
        while !rest.is_empty() {
            let (term, after) = term(rest)?;
            terms.push(term);
            rest = after.trim_start();
        }
        if terms.len() > MAX_TERMS {
            return Err(format!("{} terms, more than {MAX_TERMS}", terms.len()));
        }
        Ok(Self { text: text.to_owned(), terms })
    }

    /// Whether it lets every line pass.
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a line is wanted.
    pub fn picks(&self, line: &LogLine) -> bool {
        self.terms.iter().all(|term| term.wants.picks(line) != term.is_not)
    }

    /// Where the words stand in a text, in no particular order.
    pub fn found(&self, text: &str) -> Vec<Range<usize>> {
        let words = self.terms.iter().filter(|term| !term.is_not).filter_map(|term| match &term.wants {
            Wants::Text(regex) => Some(regex),
            _ => None,
        });
        words.flat_map(|regex| regex.find_iter(text).map(|found| found.range())).collect()
    }
}

impl Wants {
    fn picks(&self, line: &LogLine) -> bool {
        match self {
            Self::Text(regex) => {
                regex.is_match(line.message.as_str()) || line.more.iter().any(|more| regex.is_match(more.as_str()))
            }
            Self::Level(level) => line.level.is_some_and(|own| own >= *level),
            Self::Category(above) => line.is_within(above),
            Self::Field(name, value, text) => {
                line.field(name).map_or_else(|| text.is_match(line.message.as_str()), |own| value.matches(own))
            }
        }
    }
}

/// The first term, and what stands behind it.
fn term(text: &str) -> Result<(Term, &str), String> {
    let (is_not, text) = match text.strip_prefix('-') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => (true, rest),
        _ => (false, text),
    };
    let delimited = |sign: char| text.strip_prefix(sign).and_then(|rest| rest.split_once(sign));
    let (wants, rest) = if let Some((words, rest)) = delimited('"') {
        (Wants::Text(expression(&regex::escape(words))?), rest)
    } else if let Some((pattern, rest)) = between_slashes(text) {
        (Wants::Text(expression(pattern)?), rest)
    } else {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        (of_word(word)?, rest)
    };
    Ok((Term { is_not, wants }, rest))
}

/// `/pattern/`, where that is the whole term: "/api/pay" is a text.
fn between_slashes(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('/')?;
    let ends = |(at, _): &(usize, &str)| {
        let rest = inside.get(at + 1..).unwrap_or_default();
        *at > 0 && !inside.get(..*at).unwrap_or_default().ends_with('\\') && (rest.is_empty() || rest.starts_with(' '))
    };
    let (end, _) = inside.match_indices('/').find(ends)?;
    Some((inside.get(..end)?, inside.get(end + 1..)?))
}

fn of_word(word: &str) -> Result<Wants, String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@'))
    };
    let Some((name, value)) = word.split_once('=').filter(|(name, value)| is_name(name) && !value.is_empty()) else {
        return Ok(Wants::Text(expression(&regex::escape(word))?));
    };
    Ok(match name {
        "level" => Wants::Level(
            Level::of_word(value)
                .ok_or_else(|| format!("level={value} is no level; there are debug, info, warn, error and fatal"))?,
        ),
        "category" => Wants::Category(value.to_owned()),
        _ => Wants::Field(name.to_owned(), WildMatch::new(value), expression(&regex::escape(word))?),
    })
}

fn expression(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).case_insensitive(true).size_limit(LARGEST).build();
    built.map_err(|error| format!("/{pattern}/ is no regular expression: {}", why(&error)))
}

/// Why a regular expression is none. The library draws it with a mark below; its last line says why.
pub fn why(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Two filters are equal when they are written alike.
impl PartialEq for LogFilter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<'de> Deserialize<'de> for LogFilter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Cow::<'_, str>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for LogFilter {
    fn schema_name() -> Cow<'static, str> {
        "LogFilter".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_picked_when_all_terms_hold() {
        let line = LogLine {
            level: Some(Level::Error),
            category: "shop.checkout".into(),
            message: "Payment timed out after 1200 ms".into(),
            fields: vec![("status".into(), "502".into()), ("user-agent".into(), "curl".into())],
            more: vec!["at com.acme.Shop".into()],
            ..LogLine::default()
        };
        for (text, picks) in [
            ("", true),
            ("payment OUT", true),
            ("payment refused", false),
            ("\"timed out\"", true),
            ("\"out timed\"", false),
            ("-refused", true),
            ("-payment", false),
            ("/took|after \\d{4} ms/", true),
            ("/^timed/", false),
            ("level=warn", true),
            ("level=fatal", false),
            ("category=shop", true),
            ("category=sho", false),
            ("status=5*", true),
            ("status=4*", false),
            ("-status=4* user-agent=curl level=error acme", true),
            ("a - b", false),
            ("/", false),
            ("/api/pay", false),
            ("/after/ /ms$/", true),
            ("user=bob", false),
        ] {
            assert_eq!(LogFilter::parse(text).unwrap().picks(&line), picks, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_what_is_found_is_marked() {
        let wrong = |text: &str| LogFilter::parse(text).unwrap_err();
        assert_eq!(wrong("level=loud"), "level=loud is no level; there are debug, info, warn, error and fatal");
        assert_eq!(wrong("/(/"), "/(/ is no regular expression: unclosed group");
        assert_eq!(wrong(&"a ".repeat(30)), "30 terms, more than 20");
        let filter = LogFilter::parse("out level=error").unwrap();
        assert_eq!(filter.found("Out and out"), [0..3, 8..11]);
    }
}
