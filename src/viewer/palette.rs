//! What a board may be drawn in, on whatever screen.

use std::sync::Arc;

use super::inks::Inks;
use crate::model::hours::Hours;
use crate::render::theme::Theme;
use crate::render::{Depth, Glyphs, Ink};

/// A theme by its index among all, with its name; none beyond the last. A theme is read when it is looked at, not at the
/// start.
pub type Themes = Arc<dyn Fn(usize) -> Option<(String, Theme)> + Send + Sync>;

/// What a screen can show, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Its characters.
    pub glyphs: Glyphs,
    /// Its colours.
    pub depth: Depth,
    /// Whether it hangs on a wall.
    pub kiosk: bool,
}

/// The themes of a board.
#[derive(Clone)]
pub struct Palette {
    /// The theme of the board.
    pub theme: Theme,
    /// The one of a wall by day, and when that is.
    pub day: Option<(Theme, Vec<Hours>)>,
    /// What does with weight and reversed words what others do with colours.
    pub monochrome: Theme,
    /// The characters to draw with, where the board says so.
    pub glyphs: Option<Glyphs>,
    /// All themes there are to try.
    pub themes: Themes,
}

impl std::fmt::Debug for Palette {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Palette").field("theme", &self.theme.about).finish_non_exhaustive()
    }
}

/// Equal for the same colours; the themes there are to try do not change while the program runs.
impl PartialEq for Palette {
    fn eq(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.theme.clone(), one.day.clone(), one.monochrome.clone(), one.glyphs);
        of(self) == of(other)
    }
}

impl Palette {
    /// The theme of the board on a screen.
    pub fn ink(&self, screen: Screen) -> Ink {
        self.maker(screen)(&self.theme)
    }

    /// What is drawn in on a screen; on a wall something else by day.
    pub fn inks(&self, screen: Screen) -> Inks {
        let ink = self.maker(screen);
        let day = self.day.as_ref().filter(|_| screen.kiosk).map(|(theme, hours)| (ink(theme), hours.clone()));
        let themes = Arc::clone(&self.themes);
        let board = ink(&self.theme);
        let all = move |index: usize| themes(index).map(|(name, theme)| (name, ink(&theme)));
        Inks::new(board, day, Arc::new(all))
    }

    /// The same in the theme of a name among those to try; none where there is none of that name.
    pub fn inks_of(&self, name: &str, screen: Screen) -> Option<Inks> {
        let (_, theme) = (0..).map_while(|index| (self.themes)(index)).find(|(known, _)| known == name)?;
        Some(Self { theme, day: None, ..self.clone() }.inks(screen))
    }

    /// Makes the ink of a theme for a screen.
    fn maker(&self, screen: Screen) -> impl Fn(&Theme) -> Ink + Send + Sync + use<> {
        let (monochrome, glyphs) = (self.monochrome.clone(), self.glyphs.unwrap_or(screen.glyphs));
        move |theme: &Theme| {
            let theme = if screen.depth == Depth::None { &monochrome } else { theme };
            theme.ink(glyphs).with_depth(screen.depth)
        }
    }
}
