//! What the palette does: keys while it is open, and the commands that it offers.

use super::intent::Action;
use super::keymap::{self, Key};
use crate::view::command_palette::{CommandNames, Target};
use crate::view::lens::Lens;
use crate::view::scene::Scene;

/// The commands of the palette: the key that does the same, the name, the key as it is written.
const TABLE: [(Key, &str, &str); 12] = [
    (Key::Char('!'), "worst panel of the board", "!"),
    (Key::Char('c'), "cursor over all graphs", "c"),
    (Key::Char('m'), "past: a step back", "m"),
    (Key::Char('t'), "time: type a moment or a range", "t"),
    (Key::Char('0'), "now, and the board's window", "0"),
    (Key::Char('+'), "zoom in: a shorter window", "+"),
    (Key::Char('-'), "zoom out: a longer window", "-"),
    (Key::Char('p'), "pause: freeze the picture", "p"),
    (Key::Char('r'), "refresh: ask all sources now", "r"),
    (Key::Ctrl('l'), "repaint the screen", "Ctrl-L"),
    (Key::Char('?'), "help: all keys", "?"),
    (Key::Char('q'), "quit", "q"),
];

/// Their names, and their keys as they are written.
pub const COMMANDS: CommandNames = &{
    let mut names = [("", ""); TABLE.len()];
    let mut index = 0;
    while index < TABLE.len() {
        names[index] = (TABLE[index].1, TABLE[index].2);
        index += 1;
    }
    names
};

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
        Target::Command(index) => return keymap::action(TABLE.get(index)?.0, false).map(Chosen::Command),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_key_that_does_something_and_is_named_as_it_is_written() {
        for (key, name, written) in TABLE {
            assert!(keymap::action(key, false).is_some(), "{name}");
            let expected = match key {
                Key::Ctrl(char) => format!("Ctrl-{}", char.to_ascii_uppercase()),
                Key::Char(char) => char.to_string(),
                other => panic!("{other:?}"),
            };
            assert_eq!(written, expected, "{name}");
        }
    }
}
