//! The colours that viewers are drawn in: made once for each theme and kind of screen, and not for each viewer that comes.

use tokio::sync::watch;

use crate::viewer::{Inks, Palette, Screen};

/// How many are kept: more kinds of screens than there are, in several themes.
const MOST: usize = 64;

/// What was made of the themes of this moment.
#[derive(Debug)]
pub(super) struct KnownInks {
    palettes: watch::Receiver<Palette>,
    all: Vec<(String, Screen, Inks)>,
}

impl KnownInks {
    /// Nothing yet.
    pub(super) const fn new(palettes: watch::Receiver<Palette>) -> Self {
        Self { palettes, all: Vec::new() }
    }

    /// Those of a viewer that asks for a theme by name, else those of the board.
    pub(super) fn of(&mut self, theme: &str, screen: Screen) -> Inks {
        if self.palettes.has_changed().unwrap_or(false) {
            // A reload.
            self.palettes.mark_unchanged();
            self.all.clear();
        }
        let known = |all: &[(String, Screen, Inks)], name: &str| {
            all.iter().find(|(known, of, _)| known == name && *of == screen).map(|(_, _, inks)| inks.clone())
        };
        if let Some(inks) = known(&self.all, theme) {
            return inks;
        }
        let palette = self.palettes.borrow();
        let named = (!theme.is_empty()).then(|| palette.inks_of(theme, screen)).flatten();
        // A name that nobody knows is not kept: there are as many as somebody likes.
        let (name, inks) = match named {
            Some(inks) => (theme, inks),
            None => match known(&self.all, "") {
                Some(inks) => return inks,
                None => ("", palette.inks(screen)),
            },
        };
        if self.all.len() == MOST {
            self.all.remove(0);
        }
        self.all.push((name.to_owned(), screen, inks.clone()));
        inks
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::render::theme::{EMBEDDED, Theme, embedded};
    use crate::render::{Depth, Glyphs};

    const SCREEN: Screen = Screen { glyphs: Glyphs::Full, depth: Depth::True, kiosk: false };

    fn palette(name: &str) -> Palette {
        let theme = |name: &str| Theme::load(name, &embedded).unwrap();
        let themes = move |index: usize| EMBEDDED.get(index).map(|(name, _)| ((*name).to_owned(), theme(name)));
        Palette { theme: theme(name), day: None, monochrome: theme("andon"), glyphs: None, themes: Arc::new(themes) }
    }

    #[test]
    fn colours_are_made_once_for_each_theme_and_screen_until_a_reload() {
        let (reload, palettes) = watch::channel(palette("andon"));
        let mut inks = KnownInks::new(palettes);
        let other = Screen { depth: Depth::Ansi16, ..SCREEN };
        for _ in 0..3 {
            for (theme, screen, expected) in [
                ("", SCREEN, palette("andon").inks(SCREEN)),
                ("nord", SCREEN, palette("nord").inks(SCREEN)),
                ("nobody's", SCREEN, palette("andon").inks(SCREEN)),
                ("", other, palette("andon").inks(other)),
            ] {
                assert_eq!(inks.of(theme, screen), expected, "{theme}");
            }
        }
        assert_eq!(inks.all.len(), 3);
        reload.send_replace(palette("nord"));
        assert_eq!(inks.of("", SCREEN), palette("nord").inks(SCREEN));
        assert_eq!(inks.all.len(), 1);
    }
}
