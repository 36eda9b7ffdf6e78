//! What this terminal can do, from the environment. Read once.
//!
//! Sources: no-color.org; the `COLORTERM` convention (termstandard/colors); terminfo names.

use crate::output::ansi::Depth;
use crate::render::Glyphs;

/// The variables that decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// `TERM`
    pub term: String,
    /// `COLORTERM`
    pub colorterm: String,
    /// `NO_COLOR`: set and not empty.
    pub no_color: bool,
    /// `LC_ALL`, `LC_CTYPE` or `LANG`, the first that is set.
    pub locale: String,
}

impl Variables {
    /// From the environment.
    pub fn read() -> Self {
        let read = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(read).find(|value| !value.is_empty());
        Self {
            term: read("TERM"),
            colorterm: read("COLORTERM"),
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            locale: locale.unwrap_or_default(),
        }
    }

    /// How many colours.
    pub fn depth(&self) -> Depth {
        let term = self.term.as_str();
        if self.no_color || self.is_dumb() {
            Depth::None
        } else if matches!(self.colorterm.as_str(), "truecolor" | "24bit") || term.contains("direct") {
            Depth::True
        } else if term.contains("256color")
            || ["kitty", "alacritty", "ghostty", "foot"].iter().any(|t| term.contains(t))
        {
            Depth::Ansi256
        } else {
            Depth::Ansi16
        }
    }

    /// A terminal that can only print: it gets one snapshot, not a board.
    pub fn is_dumb(&self) -> bool {
        self.term == "dumb"
    }

    /// Which glyphs: the Linux console has no Braille, and a locale without UTF-8 only ASCII. An unset
    /// locale (as in a service or over a bare SSH) is taken for UTF-8, as nearly all terminals are.
    pub fn glyphs(&self) -> Glyphs {
        let locale = self.locale.to_ascii_lowercase();
        let is_ascii = !locale.is_empty() && !locale.contains("utf-8") && !locale.contains("utf8");
        if is_ascii && !matches!(locale.as_str(), "c" | "posix") || self.is_dumb() {
            Glyphs::Ascii
        } else if self.term == "linux" {
            Glyphs::Block
        } else {
            Glyphs::Full
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(term: &str, colorterm: &str, no_color: bool) -> Depth {
        Variables { term: term.into(), colorterm: colorterm.into(), no_color, ..Variables::default() }.depth()
    }

    #[test]
    fn the_environment_decides_the_colours() {
        assert_eq!(depth("xterm-256color", "truecolor", false), Depth::True);
        assert_eq!(depth("xterm-256color", "", false), Depth::Ansi256);
        assert_eq!(depth("xterm", "", false), Depth::Ansi16);
        assert_eq!(depth("xterm-256color", "truecolor", true), Depth::None);
        assert_eq!(depth("dumb", "truecolor", false), Depth::None);
    }

    #[test]
    fn the_environment_decides_the_glyphs() {
        let glyphs = |term: &str, locale: &str| {
            Variables { term: term.into(), locale: locale.into(), ..Variables::default() }.glyphs()
        };
        assert_eq!(glyphs("xterm", "de_DE.UTF-8"), Glyphs::Full);
        assert_eq!(glyphs("xterm", "de_DE.ISO-8859-1"), Glyphs::Ascii);
        assert_eq!(glyphs("linux", "C.UTF-8"), Glyphs::Block);
        assert_eq!(glyphs("xterm", ""), Glyphs::Full);
    }
}
