//! Keys, clicks and the hang-up, read by a thread of its own.
//!
//! crossterm tells nothing of a terminal that went away: its reader would spin on an end of file. So the
//! terminal is asked with `poll` first, and read only when there is something to read.

use std::os::fd::OwnedFd;

use crossterm::event::{Event as Raw, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::mpsc;

use crate::input::keymap::Key;

/// What a terminal tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// A click with the first button: column and row.
    Click(u16, u16),
    /// The wheel: true is down.
    Wheel(bool),
    /// The terminal is gone.
    HangUp,
}

/// Starts the thread. It ends with the program: a read cannot be called off.
pub fn spawn(events: mpsc::Sender<Event>) -> std::io::Result<()> {
    let terminal = terminal()?;
    std::thread::Builder::new().name("andon-keys".to_owned()).spawn(move || read(&terminal, &events)).map(drop)
}

/// What crossterm reads: standard input when that is a terminal, else the controlling one.
fn terminal() -> std::io::Result<OwnedFd> {
    if rustix::termios::isatty(rustix::stdio::stdin()) {
        return Ok(rustix::io::dup(rustix::stdio::stdin())?);
    }
    Ok(std::fs::File::open("/dev/tty")?.into())
}

fn read(terminal: &OwnedFd, events: &mpsc::Sender<Event>) {
    loop {
        let mut wanted = [PollFd::new(terminal, PollFlags::IN)];
        match poll(&mut wanted, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => break,
        }
        let seen = wanted[0].revents();
        if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            break;
        }
        loop {
            match crossterm::event::poll(std::time::Duration::ZERO) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => return hang_up(events),
            }
            let Ok(raw) = crossterm::event::read() else { return hang_up(events) };
            if let Some(event) = translate(&raw)
                && events.blocking_send(event).is_err()
            {
                return;
            }
        }
    }
    hang_up(events);
}

fn hang_up(events: &mpsc::Sender<Event>) {
    // The board may have been left already.
    let _left = events.blocking_send(Event::HangUp);
}

fn translate(raw: &Raw) -> Option<Event> {
    match raw {
        Raw::Key(key) if key.kind != KeyEventKind::Release => {
            let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
            Some(Event::Key(match key.code {
                KeyCode::Char(c) if ctrl => Key::Ctrl(c.to_ascii_lowercase()),
                KeyCode::Char(c) => Key::Char(c),
                KeyCode::Enter => Key::Enter,
                KeyCode::Esc => Key::Esc,
                KeyCode::Tab => Key::Tab,
                KeyCode::BackTab => Key::BackTab,
                KeyCode::Up => Key::Up,
                KeyCode::Down => Key::Down,
                KeyCode::Left => Key::Left,
                KeyCode::Right => Key::Right,
                _ => return None,
            }))
        }
        Raw::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Event::Click(mouse.column, mouse.row)),
            MouseEventKind::ScrollDown => Some(Event::Wheel(true)),
            MouseEventKind::ScrollUp => Some(Event::Wheel(false)),
            _ => None,
        },
        _ => None,
    }
}
