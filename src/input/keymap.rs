//! Which key does what.

use super::action::Action;

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

const TABLE: &[(Key, Action)] = &[
    (Key::Char('q'), Action::Quit),
    (Key::Ctrl('c'), Action::Quit),
    (Key::Char('?'), Action::Help),
    (Key::Esc, Action::Back),
    (Key::Enter, Action::Zoom),
    (Key::Tab, Action::Next),
    (Key::BackTab, Action::Previous),
    (Key::Char('j'), Action::Down),
    (Key::Down, Action::Down),
    (Key::Char('k'), Action::Up),
    (Key::Up, Action::Up),
    (Key::Char('h'), Action::Left),
    (Key::Left, Action::Left),
    (Key::Char('l'), Action::Right),
    (Key::Right, Action::Right),
    (Key::Char(']'), Action::NextPage),
    (Key::Char('['), Action::PreviousPage),
    (Key::Char('!'), Action::Worst),
    (Key::Char('g'), Action::Worst),
    (Key::Char('n'), Action::NextEvent),
    (Key::Char('N'), Action::PreviousEvent),
    (Key::Char('p'), Action::Pause),
    (Key::Char(' '), Action::Pause),
    (Key::Char('r'), Action::Refresh),
    (Key::Ctrl('l'), Action::Repaint),
];

/// What a key does; in kiosk mode it is possible to leave, to turn the page and to draw it anew, and nothing else.
pub fn action(key: Key, kiosk: bool) -> Option<Action> {
    if let Key::Char(digit @ '1'..='9') = key {
        return Some(Action::Page(digit as usize - '1' as usize));
    }
    let on_a_wall =
        |action: &Action| matches!(action, Action::Quit | Action::Repaint | Action::NextPage | Action::PreviousPage);
    TABLE
        .iter()
        .find(|(known, _)| *known == key)
        .map(|(_, action)| *action)
        .filter(|action| !kiosk || on_a_wall(action))
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
}
