//! Which key does what.

use super::intent::{Action, Move};
use crate::view::lens::{KeyHelp, Resize};

/// A key, as far as andon cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
}

/// Keys that belong together.
struct Row {
    /// As the help and the manual write them; empty where the row goes on with what the one before says.
    keys: &'static str,
    what: &'static str,
    /// Those of them that no other row binds: what moves through panels does something else on a zoomed one.
    bindings: &'static [(Key, Action)],
}

/// All keys: the key map, the help and the manual are made from it.
const TABLE: [Row; 28] = [
    Row {
        keys: "Tab / Shift-Tab",
        what: "next, previous panel",
        bindings: &[(Key::Tab, Action::Next), (Key::BackTab, Action::Previous)],
    },
    Row {
        keys: "arrows, h j k l",
        what: "panel left, down, up, right",
        bindings: &[
            (Key::Left, Action::Left),
            (Key::Down, Action::Down),
            (Key::Up, Action::Up),
            (Key::Right, Action::Right),
            (Key::Char('h'), Action::Left),
            (Key::Char('j'), Action::Down),
            (Key::Char('k'), Action::Up),
            (Key::Char('l'), Action::Right),
        ],
    },
    Row { keys: "Enter", what: "zoom the chosen panel, and back", bindings: &[(Key::Enter, Action::Zoom)] },
    Row { keys: "c", what: "point at a moment of all graphs, and back", bindings: &[(Key::Char('c'), Action::Point)] },
    Row { keys: "Left Right h l", what: "zoomed, c: point at an earlier, a later moment", bindings: &[] },
    Row {
        keys: "n N",
        what: "zoomed, c, past: to the next, the last event",
        bindings: &[(Key::Char('n'), Action::NextEvent), (Key::Char('N'), Action::PreviousEvent)],
    },
    Row { keys: "Up Down k j", what: "zoomed: scroll a list", bindings: &[] },
    Row { keys: "/", what: "only panels with these words", bindings: &[(Key::Char('/'), Action::Search)] },
    Row { keys: "/  n N", what: "zoomed log: search; the next match, the one before", bindings: &[] },
    Row {
        keys: "f",
        what: "zoomed log: show only lines with words, /regex/, level=warn, field=value",
        bindings: &[(Key::Char('f'), Action::Filter)],
    },
    Row {
        keys: "v w",
        what: "zoomed log: patterns or lines (Enter: lines of a pattern); wrap or cut",
        bindings: &[(Key::Char('v'), Action::Groups), (Key::Char('w'), Action::Wrap)],
    },
    Row {
        keys: "1 to 9",
        what: "page",
        bindings: &[
            (Key::Char('1'), Action::Page(0)),
            (Key::Char('2'), Action::Page(1)),
            (Key::Char('3'), Action::Page(2)),
            (Key::Char('4'), Action::Page(3)),
            (Key::Char('5'), Action::Page(4)),
            (Key::Char('6'), Action::Page(5)),
            (Key::Char('7'), Action::Page(6)),
            (Key::Char('8'), Action::Page(7)),
            (Key::Char('9'), Action::Page(8)),
        ],
    },
    Row {
        keys: "[ and ]",
        what: "previous, next page",
        bindings: &[(Key::Char('['), Action::PreviousPage), (Key::Char(']'), Action::NextPage)],
    },
    Row {
        keys: "+ = -",
        what: "a shorter, a longer window",
        bindings: &[
            (Key::Char('+'), Action::Window(Resize::Shorter)),
            (Key::Char('='), Action::Window(Resize::Shorter)),
            (Key::Char('-'), Action::Window(Resize::Longer)),
        ],
    },
    Row {
        keys: "{ }  , .",
        what: "earlier, later: half a window; a step",
        bindings: &[
            (Key::Char('{'), Action::Move(Move::HalfBack)),
            (Key::Char('}'), Action::Move(Move::HalfOn)),
            (Key::Char(','), Action::Move(Move::StepBack)),
            (Key::Char('.'), Action::Move(Move::StepOn)),
        ],
    },
    Row {
        keys: "m t",
        what: "the past and back; type a moment or range",
        bindings: &[(Key::Char('m'), Action::Past), (Key::Char('t'), Action::TypeTime)],
    },
    Row { keys: "0", what: "now, and the board's window", bindings: &[(Key::Char('0'), Action::Move(Move::Live))] },
    Row {
        keys: "! or g",
        what: "the worst panel of the board",
        bindings: &[(Key::Char('!'), Action::Worst), (Key::Char('g'), Action::Worst)],
    },
    Row {
        keys: "p or Space",
        what: "freeze the picture; the past: play it",
        bindings: &[(Key::Char('p'), Action::Pause), (Key::Char(' '), Action::Pause)],
    },
    Row {
        keys: ":",
        what: "go to a page, panel, theme, command by name",
        bindings: &[(Key::Char(':'), Action::Palette)],
    },
    Row { keys: "r", what: "ask all sources now", bindings: &[(Key::Char('r'), Action::Refresh)] },
    Row {
        keys: "T",
        what: "try the next theme; Esc: back to the board's",
        bindings: &[(Key::Char('T'), Action::NextTheme)],
    },
    Row { keys: "Ctrl-L", what: "repaint the whole screen", bindings: &[(Key::Ctrl('l'), Action::Repaint)] },
    Row {
        keys: "Esc",
        what: "leave help, theme, pointer, zoom, choice, words, past, window, freeze",
        bindings: &[(Key::Esc, Action::Back)],
    },
    Row { keys: "?", what: "this help; Up Down: scroll it", bindings: &[(Key::Char('?'), Action::Help)] },
    Row {
        keys: "q, Ctrl-C",
        what: "quit",
        bindings: &[(Key::Char('q'), Action::Quit), (Key::Ctrl('c'), Action::Quit)],
    },
    Row { keys: "mouse", what: "click: choose a panel; again: zoom it", bindings: &[] },
    Row { keys: "", what: "click a tab: its page; wheel: next panel", bindings: &[] },
];

/// Keys as they are written, and what they do.
pub const HELP: KeyHelp = &{
    let mut help = [("", ""); TABLE.len()];
    let mut index = 0;
    while index < TABLE.len() {
        help[index] = (TABLE[index].keys, TABLE[index].what);
        index += 1;
    }
    help
};

/// What a key does while a text is typed.
pub const fn typed(key: Key) -> Option<Action> {
    match key {
        Key::Char(character) => Some(Action::Type(character)),
        Key::Backspace => Some(Action::Erase { all: false }),
        Key::Ctrl('u') => Some(Action::Erase { all: true }),
        Key::Ctrl('c') => Some(Action::Quit),
        Key::Enter => Some(Action::Zoom),
        Key::Esc => Some(Action::Back),
        Key::Up => Some(Action::Up),
        Key::Down => Some(Action::Down),
        _ => None,
    }
}

/// What a key does; in kiosk mode it is possible to leave, to turn the page and to repaint it, and nothing else.
pub fn action(key: Key, kiosk: bool) -> Option<Action> {
    let on_a_wall = |action: &Action| {
        matches!(action, Action::Quit | Action::Repaint | Action::Page(_) | Action::NextPage | Action::PreviousPage)
    };
    let bound = TABLE.iter().flat_map(|row| row.bindings).find(|(known, _)| *known == key);
    bound.map(|(_, action)| *action).filter(|action| !kiosk || on_a_wall(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_can_be_left_and_its_page_turned() {
        for (key, expected) in [
            (Key::Char('q'), Some(Action::Quit)),
            (Key::Ctrl('c'), Some(Action::Quit)),
            (Key::Ctrl('l'), Some(Action::Repaint)),
            (Key::Char('2'), Some(Action::Page(1))),
            (Key::Char(']'), Some(Action::NextPage)),
            (Key::Char('['), Some(Action::PreviousPage)),
            (Key::Enter, None),
            (Key::Tab, None),
            (Key::Char('r'), None),
        ] {
            assert_eq!(action(key, true), expected, "{key:?}");
        }
    }

    /// How the help may write a key.
    fn names(key: Key) -> Vec<String> {
        let is_digit = matches!(key, Key::Char('1'..='9'));
        let name = match key {
            Key::Char(' ') => "Space".to_owned(),
            Key::Char(_) if is_digit => "1 to 9".to_owned(),
            Key::Char(char) => char.to_string(),
            Key::Ctrl(char) => format!("Ctrl-{}", char.to_ascii_uppercase()),
            Key::BackTab => "Shift-Tab".to_owned(),
            Key::Up | Key::Down | Key::Left | Key::Right => return vec!["arrows".to_owned(), format!("{key:?}")],
            other => format!("{other:?}"),
        };
        vec![name]
    }

    #[test]
    fn every_key_is_named_in_the_help_and_bound_once() {
        let mut bound: Vec<Key> = Vec::new();
        for row in &TABLE {
            for (key, _) in row.bindings {
                let words: Vec<&str> =
                    row.keys.split(' ').flat_map(|word| [word, word.trim_end_matches(',')]).collect();
                let is_named = |name: &String| row.keys == name || words.contains(&name.as_str());
                assert!(names(*key).iter().any(is_named), "{key:?} is not in '{}'", row.keys);
                assert!(!bound.contains(key), "{key:?} is bound twice");
                bound.push(*key);
            }
        }
        let help = HELP.iter().map(|(keys, what)| (*keys, *what));
        assert!(help.eq(TABLE.iter().map(|row| (row.keys, row.what))), "the help has every row");
    }
}
