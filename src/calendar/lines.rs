//! Content lines: put together from their folds, and taken apart into a name, parameters and a value.
//!
//! Source: RFC 5545, sections 3.1 (content lines), 3.2 (parameters) and 3.3.11 (escapes in text).

/// The lines of a calendar, each without its folds. A fold may stand in the middle of a character, so
/// bytes are joined before they are read.
#[derive(Debug)]
pub(super) struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    /// All lines of a file.
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body))
    }

    /// The next line as it stands in the file, without its end.
    fn written(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let mut parts = self.0.splitn(2, |byte| *byte == b'\n');
        let line = parts.next()?;
        self.0 = parts.next().unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl Iterator for Lines<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut line = self.written()?.to_vec();
        while matches!(self.0.first(), Some(b' ' | b'\t')) {
            let Some(more) = self.written() else { break };
            line.extend_from_slice(more.get(1..).unwrap_or_default());
        }
        Some(decode(line))
    }
}

/// UTF-8; a line that is not is read as Latin-1, which old programs still write.
fn decode(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap_or_else(|error| error.as_bytes().iter().map(|&byte| char::from(byte)).collect())
}

/// `NAME;PARAMETER=value;OTHER="a: quoted one":the value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    /// In capital letters.
    pub(super) name: String,
    parameters: Vec<(String, String)>,
    /// As it is written: what its escapes mean depends on its type.
    pub(super) value: String,
}

impl Property {
    /// Reads a line; `None` for one that has no value.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (head, value) = line.split_once(outside_quotes(':'))?;
        let mut parts = head.split(outside_quotes(';'));
        let name = parts.next()?.trim().to_ascii_uppercase();
        let parameter = |part: &str| {
            let (key, value) = part.split_once('=')?;
            Some((key.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()))
        };
        Some(Self { name, parameters: parts.filter_map(parameter).collect(), value: value.to_owned() })
    }

    /// A parameter by its name in capital letters.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Finds a character that does not stand between double quotes.
fn outside_quotes(wanted: char) -> impl FnMut(char) -> bool {
    let mut quoted = false;
    move |c| {
        quoted ^= c == '"';
        c == wanted && !quoted
    }
}

/// A text without its escapes.
pub(super) fn text(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match characters.next() {
            Some('n' | 'N') => plain.push('\n'),
            Some(escaped) => plain.push(escaped),
            None => {}
        }
    }
    plain.trim().to_owned()
}

/// The texts of a list: it is split at the commas that are not escaped.
pub(super) fn texts(value: &str) -> Vec<String> {
    let mut escaped = false;
    let comma = move |c: char| {
        let is_end = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    };
    value.split(comma).map(text).filter(|one| !one.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_taken_out_wherever_they_stand() {
        let body = b"\xef\xbb\xbfSUMMARY:Gr\xc3\r\n \xbc\xc3\x9fe\r\nLOCATION:a\n\t b\n\n  \nX:1";
        let lines: Vec<String> = Lines::new(body).collect();
        assert_eq!(lines, ["SUMMARY:Grüße", "LOCATION:a b", " ", "X:1"]);
        assert_eq!(Lines::new(b"SUMMARY:Gr\xfc\xdfe").collect::<Vec<_>>(), ["SUMMARY:Grüße"], "Latin-1");
        assert_eq!(Lines::new(b"").count(), 0);
    }

    #[test]
    fn quoted_parameters_hold_what_they_like() {
        let line = "attendee;CN=\"Lovelace; Ada: x\";tzid=Europe/Berlin;odd:mailto:ada@example.com";
        let property = Property::parse(line).unwrap();
        assert_eq!((property.name.as_str(), property.value.as_str()), ("ATTENDEE", "mailto:ada@example.com"));
        assert_eq!(property.parameter("CN"), Some("Lovelace; Ada: x"));
        assert_eq!(property.parameter("TZID"), Some("Europe/Berlin"));
        assert_eq!(property.parameter("ROLE"), None);
        assert_eq!(Property::parse("no value"), None);
        assert_eq!(Property::parse("X;CN=\"open:y"), None);
    }

    #[test]
    fn escapes_mean_what_the_rfc_says() {
        assert_eq!(text(r"a\, b\; c \\ d\Ne\n"), "a, b; c \\ d\ne");
        assert_eq!(text("end\\"), "end");
        assert_eq!(texts(r"Freeze,Year\, end,,a\\,b"), ["Freeze", "Year, end", "a\\", "b"]);
    }
}
