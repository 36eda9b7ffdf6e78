//! Text from outside, made safe once.
//!
//! A label, a build name or a server's error message may carry escape sequences, text direction
//! overrides or thousands of combining marks. [`SafeText`] has no constructor that keeps them, so no
//! sink (screen, title, log, JSON, SVG, HTML) has to think about them again.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Longest label kept, in bytes.
const MAX_BYTES: usize = 4096;
/// Most code points of one grapheme (base, joiners, combining marks).
const MAX_MARKS: usize = 9;
/// Shown where a forbidden character stood: its absence would hide that something was there.
const MARK: char = '\u{FFFD}';

/// A line of text that cannot move a cursor, set a title, or reorder the line.
///
/// Two texts are equal when they were equal outside: a name that only looks like another one after it was
/// made safe is still another name, and never takes its place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SafeText {
    text: Arc<str>,
    /// A hash of the text as it came, where making it safe has changed it; 0 where it has not.
    outside: u64,
}

impl<'de> serde::Deserialize<'de> for SafeText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

impl Serialize for SafeText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl SafeText {
    /// Sanitises one line: tabs and line ends become spaces, other control and direction characters a
    /// visible mark, graphemes keep at most nine code points, the whole at most 4 KiB.
    pub fn new(outside: &str) -> Self {
        if outside.len() <= MAX_BYTES && outside.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Self { text: outside.into(), outside: 0 };
        }
        // Characters first: one that is dropped must not let two towers of marks grow into one. Twice
        // the room, for what is cut from the towers.
        let mut safe: String = outside.chars().take(2 * MAX_BYTES).filter_map(replace).collect();
        loop {
            let cut = lower_towers(&safe);
            if cut == safe {
                break;
            }
            // What follows a tower that was cut may now belong to it.
            safe = cut;
        }
        let changed = if safe == outside { 0 } else { hash(outside) };
        Self { text: safe.into(), outside: changed }
    }

    /// From bytes of any encoding: what is not UTF-8 becomes U+FFFD.
    pub fn from_bytes(outside: &[u8]) -> Self {
        Self::new(&String::from_utf8_lossy(outside))
    }

    /// Splits a text into safe lines, at most `max` of them.
    pub fn lines(outside: &str, max: usize) -> Vec<Self> {
        outside.lines().take(max).map(Self::new).collect()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Columns it takes on a screen.
    pub fn width(&self) -> usize {
        self.text.width()
    }
}

/// The same in every run of the program.
fn hash(outside: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    outside.hash(&mut hasher);
    hasher.finish()
}

/// Whether a character could do anything but show itself: C0, DEL and C1 controls; bidirectional
/// embeddings, overrides, isolates and marks; line and paragraph separators; the noncharacters U+FFFE and
/// U+FFFF, which no XML may hold.
pub const fn does_something(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{061c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fffe}'
            | '\u{ffff}'
    )
}

/// Cuts graphemes to [`MAX_MARKS`] and the whole to [`MAX_BYTES`], between graphemes.
fn lower_towers(text: &str) -> String {
    let mut lower = String::with_capacity(text.len().min(MAX_BYTES));
    for grapheme in text.graphemes(true) {
        let before = lower.len();
        lower.extend(grapheme.chars().take(MAX_MARKS));
        if lower.len() > MAX_BYTES {
            lower.truncate(before);
            break;
        }
    }
    lower
}

/// What stands for a character of outside text; `None` drops a mark without a width of its own.
const fn replace(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if does_something(c) => Some(MARK),
        // Joiners and variation selectors: how wide an emoji sequence is differs between terminals, and a wall
        // needs its columns.
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => None,
        // Zero-width space and no-ops, byte order mark, soft hyphen, interlinear marks, tags, fillers,
        // invisible operators: they hide text, or make two names look like one.
        '\u{200b}'
        | '\u{feff}'
        | '\u{00ad}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{180e}' => Some(MARK),
        c => Some(c),
    }
}

/// Cuts a text to a width in columns, between graphemes, with an ellipsis when something is lost.
pub fn ellipsis(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        cut.push_str(grapheme);
    }
    cut.push('…');
    cut
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl From<&str> for SafeText {
    fn from(outside: &str) -> Self {
        Self::new(outside)
    }
}

impl From<String> for SafeText {
    fn from(outside: String) -> Self {
        Self::new(&outside)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sequences_are_marked_not_obeyed() {
        assert_eq!(SafeText::new("a\x1b[2Jb").as_str(), "a\u{FFFD}[2Jb");
        assert_eq!(SafeText::new("t\x1b]0;pwn\x07").as_str(), "t\u{FFFD}]0;pwn\u{FFFD}");
        assert_eq!(SafeText::new("c1\u{9b}31m").as_str(), "c1\u{FFFD}31m");
        assert_eq!(SafeText::new("tab\tnew\nline").as_str(), "tab new line");
        assert_eq!(SafeText::new("rtl\u{202e}txt").as_str(), "rtl\u{FFFD}txt");
    }

    #[test]
    fn a_tower_of_marks_is_cut() {
        let tower = format!("a{}", "\u{301}".repeat(2000));
        assert!(SafeText::new(&tower).as_str().chars().count() <= MAX_MARKS);
        // Found by fuzzing: what is dropped between two towers made one of them.
        let hidden = format!("a{}", format!("{}\u{200d}", "\u{301}".repeat(8)).repeat(50));
        assert!(SafeText::new(&hidden).as_str().chars().count() <= MAX_MARKS);
    }

    #[test]
    fn names_that_differ_outside_differ_inside_and_on_the_screen() {
        let plain = SafeText::new("shop");
        let invisible = SafeText::new("shop\u{200b}");
        assert_ne!(plain, invisible);
        assert_ne!(plain.as_str(), invisible.as_str());
        assert_ne!(SafeText::new("shop\u{200b}"), SafeText::new("shop\u{2060}"));
        let long = |end: &str| SafeText::new(&format!("{}{end}", "x".repeat(5000)));
        assert_ne!(long("a"), long("b"), "they differ only in what is cut");
        assert_eq!(SafeText::new("caf\u{e9}"), SafeText::new("caf\u{e9}"));
    }

    #[test]
    fn ellipsis_cuts_between_graphemes() {
        assert_eq!(ellipsis("checkout", 8), "checkout");
        assert_eq!(ellipsis("checkout", 6), "check…");
        assert_eq!(ellipsis("日本語", 4), "日…");
        assert_eq!(ellipsis("x", 0), "");
    }

    proptest! {
        #[test]
        fn any_text_comes_out_harmless_and_stays_as_it_is(outside in "\\PC*|[\\x00-\\xff\u{202a}-\u{202e}\u{2066}-\u{2069}]*") {
            let once = SafeText::new(&outside);
            let harmful = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
            prop_assert!(!once.as_str().chars().any(harmful));
            prop_assert!(once.as_str().len() <= MAX_BYTES);
            let twice = SafeText::new(once.as_str());
            prop_assert_eq!(twice.as_str(), once.as_str());
        }
    }
}
