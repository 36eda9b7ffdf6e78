//! The colours of a viewer: those of the board's theme, those of another one by day, and those of a theme that somebody
//! tries.

use std::sync::Arc;

use crate::model::hours::Hours;
use crate::model::time::{Timestamp, Zone};
use crate::render::Ink;

/// Makes the ink of a theme by its index among all, with its name; none beyond the last.
pub(super) type Making = Arc<dyn Fn(usize) -> Option<(String, Ink)> + Send + Sync>;

/// All that a viewer may be drawn in.
#[derive(Clone)]
pub struct Inks {
    board: Ink,
    day: Option<(Ink, Vec<Hours>)>,
    themes: Making,
}

/// A theme that somebody tries: its index among all, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tried {
    index: usize,
    pub(super) name: String,
}

impl std::fmt::Debug for Inks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inks").field("day", &self.day.is_some()).finish_non_exhaustive()
    }
}

/// Equal for the same colours; the themes there are to try do not change while the program runs.
impl PartialEq for Inks {
    fn eq(&self, other: &Self) -> bool {
        self.board == other.board && self.day == other.day
    }
}

impl From<Ink> for Inks {
    fn from(board: Ink) -> Self {
        Self { board, day: None, themes: Arc::new(|_| None) }
    }
}

impl Inks {
    /// Those of the board, with another one in some hours, if it has one.
    pub(super) fn new(board: Ink, day: Option<(Ink, Vec<Hours>)>, themes: Making) -> Self {
        Self { board, day, themes }
    }

    /// Those of a moment.
    pub(super) fn at(&self, now: Timestamp, zone: &Zone) -> &Ink {
        let day = self.day.as_ref().filter(|(_, hours)| hours.iter().any(|hours| hours.contain(now, zone)));
        day.map_or(&self.board, |(ink, _)| ink)
    }

    /// The names of all themes.
    pub(super) fn names(&self) -> Arc<[String]> {
        (0..).map_while(|index| (self.themes)(index)).map(|(name, _)| name).collect()
    }

    /// A theme by its index among all.
    pub(super) fn of(&self, index: usize) -> Option<(Tried, Ink)> {
        (self.themes)(index).map(|(name, ink)| (Tried { index, name }, ink))
    }

    /// The theme after the one that is tried, the first after the last.
    pub(super) fn next(&self, tried: Option<&Tried>) -> Option<(Tried, Ink)> {
        let index = tried.map_or(0, |tried| tried.index + 1);
        self.of(index).or_else(|| self.of(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Glyphs;
    use crate::render::theme::{EMBEDDED, Theme, embedded};

    fn ink(name: &str) -> Ink {
        Theme::load(name, &embedded).unwrap().ink(Glyphs::Full)
    }

    #[test]
    fn by_day_a_wall_has_other_colours() {
        let hours = vec!["07:00-19:00".parse().unwrap()];
        let inks = Inks::new(ink("andon"), Some((ink("andon-light"), hours)), Arc::new(|_| None));
        let at = |hour: i64| inks.at(Timestamp(hour * 3_600_000), &Zone::utc()).clone();
        assert_eq!([at(6), at(7), at(18), at(19)], ["andon", "andon-light", "andon-light", "andon"].map(ink));
    }

    #[test]
    fn themes_are_tried_one_after_the_other_and_then_again() {
        let themes = |index: usize| EMBEDDED.get(index).map(|(name, _)| ((*name).to_owned(), ink(name)));
        let inks = Inks::new(ink("nord"), None, Arc::new(themes));
        let mut tried = None;
        let mut names = Vec::new();
        for _ in 0..=EMBEDDED.len() {
            let (next, _) = inks.next(tried.as_ref()).unwrap();
            names.push(next.name.clone());
            tried = Some(next);
        }
        assert_eq!(
            (names[0].as_str(), names[1].as_str(), names.last().unwrap().as_str()),
            ("andon", "andon-light", "andon")
        );
        assert!(Inks::from(ink("andon")).next(None).is_none(), "nothing to try");
    }
}
