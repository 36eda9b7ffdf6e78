//! What the palette does: keys while it is open, and the commands that it offers.

use super::intent::Action;
use super::keymap::{self, Key};
use crate::view::command_palette::{CommandNames, Target};
use crate::view::lens::Lens;
use crate::view::scene::Scene;

/// The commands of the palette, each with the key that does the same.
const KEYS: [Key; 12] = [
    Key::Char('!'),
    Key::Char('c'),
    Key::Char('m'),
    Key::Char('t'),
    Key::Char('0'),
    Key::Char('+'),
    Key::Char('-'),
    Key::Char('p'),
    Key::Char('r'),
    Key::Ctrl('l'),
    Key::Char('?'),
    Key::Char('q'),
];

/// Their names, and their keys as they are written.
pub const COMMANDS: CommandNames = &[
    ("worst panel of the board", "!"),
    ("cursor over all graphs", "c"),
    ("past: a step back", "m"),
    ("time: type a moment or a range", "t"),
    ("now, and the board's window", "0"),
    ("zoom in: a shorter window", "+"),
    ("zoom out: a longer window", "-"),
    ("pause: freeze the picture", "p"),
    ("refresh: ask all sources now", "r"),
    ("repaint the screen", "Ctrl-L"),
    ("help: all keys", "?"),
    ("quit", "q"),
];

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// What a key does as well.
    Command(Action),
    /// A theme, by its index among all.
    Theme(usize),
}

/// Takes an action while the palette is open.
pub fn apply(lens: &mut Lens, action: Action, scene: &Scene) -> Option<Chosen> {
    let palette = lens.palette.as_mut()?;
    match action {
        Action::Type(character) => {
            palette.prompt.add(character);
            palette.chosen = 0;
        }
        Action::Erase { all } => {
            palette.prompt.erase(all);
            palette.chosen = 0;
        }
        Action::Up | Action::Down => palette.step(action == Action::Down, scene),
        Action::Back => lens.palette = None,
        Action::Zoom => {
            let target = palette.choice(scene)?.target;
            lens.palette = None;
            return go(lens, target);
        }
        Action::Quit | Action::Repaint => return Some(Chosen::Command(action)),
        _ => {}
    }
    None
}

/// Turns to a page. Whoever has read back in a list does not stay behind.
fn leave_for(lens: &mut Lens, page: usize) {
    if std::mem::take(&mut lens.reads_back) {
        lens.frozen = None;
    }
    lens.turn(page);
}

fn go(lens: &mut Lens, target: Target) -> Option<Chosen> {
    match target {
        Target::Page(page) => leave_for(lens, page),
        Target::Panel(page, panel) => {
            leave_for(lens, page);
            (lens.focus, lens.zoom) = (Some(panel), true);
        }
        Target::Theme(index) => return Some(Chosen::Theme(index)),
        Target::Command(index) => return keymap::action(*KEYS.get(index)?, false).map(Chosen::Command),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_key_that_does_something_and_is_named_as_it_is_written() {
        assert_eq!(KEYS.len(), COMMANDS.len());
        for (key, (name, written)) in KEYS.iter().zip(COMMANDS) {
            assert!(keymap::action(*key, false).is_some(), "{name}");
            let expected = match key {
                Key::Ctrl(char) => format!("Ctrl-{}", char.to_ascii_uppercase()),
                Key::Char(char) => char.to_string(),
                other => panic!("{other:?}"),
            };
            assert_eq!(*written, expected, "{name}");
        }
    }
}
