//! Keys, clicks and the hang-up, read by a thread of its own.
//!
//! There is one reader of the terminal, and one rule: `poll` says that there is something to read, `read`
//! takes some of it, `poll` says whether there is more. crossterm's reader is not used: it is told once of
//! bytes that come, leaves those that do not fit into its buffer, and spins on the end of the file.

use std::io::{PipeReader, PipeWriter};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::keyboard::Keyboard;
use crate::input::keymap::Key;

/// Events on their way to the viewer.
const EVENTS: usize = 64;
/// The bytes of a sequence come together; an escape that is alone for this long is the key.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

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

/// The thread that reads. It ends when this is dropped: what is typed afterwards is for the shell.
#[derive(Debug)]
pub struct Keys {
    events: mpsc::Receiver<Event>,
    _until_dropped: PipeWriter,
}

impl Keys {
    /// Starts the thread.
    pub fn spawn() -> std::io::Result<Self> {
        let terminal = terminal()?;
        let (ending, until_dropped) = std::io::pipe()?;
        let (sender, events) = mpsc::channel(EVENTS);
        std::thread::Builder::new().name("andon-keys".to_owned()).spawn(move || {
            if read(&terminal, &ending, &sender).is_err() {
                // The board may have been left already.
                let _left = sender.blocking_send(Event::HangUp);
            }
        })?;
        Ok(Self { events, _until_dropped: until_dropped })
    }

    /// A keyboard that says nothing.
    #[cfg(test)]
    pub fn silent() -> std::io::Result<Self> {
        let (_, until_dropped) = std::io::pipe()?;
        Ok(Self { events: mpsc::channel(1).1, _until_dropped: until_dropped })
    }

    /// The next event. A reader that is gone is a terminal that is gone.
    pub async fn next(&mut self) -> Event {
        self.events.recv().await.unwrap_or(Event::HangUp)
    }

    /// Another event that has come already.
    pub fn waiting(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}

/// Standard input when that is a terminal, else the controlling one: the one that raw mode is set on.
fn terminal() -> std::io::Result<OwnedFd> {
    if rustix::termios::isatty(rustix::stdio::stdin()) {
        return Ok(rustix::io::dup(rustix::stdio::stdin())?);
    }
    Ok(std::fs::File::open("/dev/tty")?.into())
}

/// Reads until nobody listens; an error when the terminal is gone.
fn read(terminal: &OwnedFd, ending: &PipeReader, events: &mpsc::Sender<Event>) -> Result<(), Errno> {
    let mut keyboard = Keyboard::default();
    let mut bytes = [0; 1024];
    loop {
        let mut wanted = [PollFd::new(terminal, PollFlags::IN), PollFd::new(ending, PollFlags::IN)];
        let ready = match poll(&mut wanted, keyboard.has_begun().then_some(&PAUSE)) {
            Err(Errno::INTR) => continue,
            ready => ready?,
        };
        if !wanted[1].revents().is_empty() {
            return Ok(());
        }
        if wanted[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Err(Errno::IO);
        }
        let seen = if ready == 0 {
            keyboard.pause().into_iter().collect()
        } else {
            match rustix::io::read(terminal, &mut bytes) {
                Ok(0) => return Err(Errno::IO),
                Ok(count) => keyboard.take(bytes.get(..count).unwrap_or_default()),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(error) => return Err(error),
            }
        };
        for event in seen {
            if events.blocking_send(event).is_err() {
                return Ok(());
            }
        }
    }
}
