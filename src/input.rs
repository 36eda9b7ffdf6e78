//! Keys and mouse to actions on a lens.

pub mod action;
pub mod command_palette;
mod inspect;
mod intent;
pub mod keymap;
mod time;

use ratatui::layout::{Position, Rect};

use crate::view::arrange::Arrangement;
use action::Action;
use keymap::Key;

/// What somebody does, wherever they sit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A key is pressed.
    Key(Key),
    /// A click with the first button: column and row, from 0.
    Click(u16, u16),
    /// The wheel is turned up.
    WheelUp,
    /// The wheel is turned down.
    WheelDown,
}

/// Where the parts of the picture are that can be clicked.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// Tabs: area and page.
    pub tabs: &'a [(Rect, usize)],
    /// Panels.
    pub panels: &'a Arrangement,
    /// Whether a text is typed: then keys are characters.
    pub is_typing: bool,
    /// Whether a long list is looked through: then the wheel scrolls it.
    pub is_inspecting: bool,
}

/// What an input asks for, if anything. A wall in kiosk mode has no mouse.
pub fn action(input: Input, kiosk: bool, targets: Targets<'_>) -> Option<Action> {
    match input {
        Input::Key(key) if targets.is_typing => keymap::typed(key),
        Input::Key(key) => keymap::action(key, kiosk),
        _ if kiosk => None,
        _ if targets.is_typing => None,
        Input::WheelUp if targets.is_inspecting => Some(Action::Up),
        Input::WheelDown if targets.is_inspecting => Some(Action::Down),
        Input::Click(column, row) => clicked(column, row, targets),
        Input::WheelUp => Some(Action::Previous),
        Input::WheelDown => Some(Action::Next),
    }
}

fn clicked(column: u16, row: u16, Targets { tabs, panels, .. }: Targets<'_>) -> Option<Action> {
    let tab = tabs.iter().find(|(area, _)| area.contains(Position::new(column, row)));
    tab.map(|(_, page)| Action::Page(*page)).or_else(|| panels.panel_at(column, row).map(Action::Click))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_is_on_a_tab_or_a_panel_and_the_wheel_steps() {
        let tabs = [(Rect::new(0, 0, 10, 1), 2)];
        let panels = Arrangement { framed: vec![(7, Rect::new(0, 1, 10, 5))], ..Arrangement::default() };
        let asked = |input, kiosk| {
            action(input, kiosk, Targets { tabs: &tabs, panels: &panels, is_typing: false, is_inspecting: false })
        };
        for (input, expected) in [
            (Input::Click(9, 0), Some(Action::Page(2))),
            (Input::Click(9, 5), Some(Action::Click(7))),
            (Input::Click(10, 5), None),
            (Input::WheelUp, Some(Action::Previous)),
            (Input::WheelDown, Some(Action::Next)),
        ] {
            assert_eq!((asked(input, false), asked(input, true)), (expected, None), "{input:?}");
        }
        assert_eq!(asked(Input::Key(Key::Char('q')), true), Some(Action::Quit));
    }
}
