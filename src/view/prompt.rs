//! A line that a viewer types, and what it is asked for.

use crate::model::text::SafeText;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Which moment, or which range of time.
    Time,
    /// Where to go.
    GoTo,
    /// Which panels of the page.
    Filter,
}

impl Question {
    /// The word before what is typed.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::GoTo => ":",
            Self::Filter => "/",
        }
    }

    /// What may be typed, for who does not know.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Time => "-2h, 02:14, yesterday 18:00..19:00, now",
            Self::GoTo => "letters of a page, panel, theme, command",
            Self::Filter => "words of title, layer, status, service, value, what is wrong; Esc: all",
        }
    }
}

/// The most characters that are typed.
const LONGEST: usize = 200;

/// A line that is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked.
    pub question: Question,
    /// What was typed so far.
    pub text: String,
    /// Why what was typed will not do, until something else is typed.
    pub error: Option<String>,
}

impl Prompt {
    /// Nothing was typed yet.
    pub const fn new(question: Question) -> Self {
        Self { question, text: String::new(), error: None }
    }

    /// A text is there already.
    pub const fn with(question: Question, text: String) -> Self {
        Self { question, text, error: None }
    }

    /// Takes a character; none beyond the longest line, and none that is no part of a line.
    pub fn add(&mut self, character: char) {
        self.error = None;
        // What cannot stand in a line is left out, as in any text from outside.
        let is_safe = character == ' ' || SafeText::new(&character.to_string()).as_str().chars().eq([character]);
        if self.text.chars().count() < LONGEST && is_safe {
            self.text.push(character);
        }
    }

    /// Takes back the last character, or all of them.
    pub fn erase(&mut self, all: bool) {
        self.error = None;
        if all {
            self.text.clear();
        } else {
            self.text.pop();
        }
    }
}
