//! The terminal's state: taken, given back, written to.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::output::patient::write_all;

/// The alternate screen.
const ENTER: &str = "\x1b[?1049h";
/// No cursor, and what other programs may have left: colours, scrolling region, origin, character set.
const PREPARE: &str = "\x1b[0m\x1b[?25l\x1b[r\x1b[?6l\x1b(B\x0f";
const CLEAR: &str = "\x1b[2J";
/// Clicks and the wheel, with coordinates in decimal.
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";
/// Everything back; what was not on is not harmed by being switched off.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[0m\x1b[?25h\x1b[?1049l";
/// How long a terminal may take to be given back.
const LONGEST: Duration = Duration::from_millis(300);

/// Whether the terminal is ours at this moment: the panic hook asks.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether it shows a screen of ours. Held while something is written, so that nothing of ours comes after
/// the terminal has been given back.
static ENTERED: Mutex<bool> = Mutex::new(false);

/// The size of what is drawn on, in columns and rows; 80 by 24 when nobody tells (a serial line says 0 by 0).
pub fn size() -> (u16, u16) {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok();
    size.map(|size| (size.ws_col, size.ws_row)).filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24))
}

/// Whether a shell has put us into the background: whoever touches the settings of the terminal there is
/// stopped. Where there is no job control nobody is.
///
/// Source: tcsetattr(3p), SIGTTOU.
pub fn is_in_background() -> bool {
    let mine = rustix::process::getpgrp();
    let terminal = [rustix::stdio::stdin(), rustix::stdio::stdout()]
        .into_iter()
        .find_map(|fd| rustix::termios::tcgetpgrp(fd).ok());
    terminal.is_some_and(|foreground| foreground != mine)
}

/// What a whole picture begins with, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Begin {
    /// It is painted over what is there, without a flicker.
    Over,
    /// The screen is cleared.
    Cleared,
    /// The screen is taken.
    Taken,
}

/// A terminal that was taken over. It is given back when this is dropped.
#[derive(Debug)]
pub struct Screen {
    mouse: bool,
}

impl Screen {
    /// Takes the terminal: no echo, no line editing, keys instead of signals. The screen itself is taken by
    /// the first picture, because a terminal that takes no bytes would hold us up.
    /// In the background it is taken later.
    pub fn take(mouse: bool) -> std::io::Result<Self> {
        let screen = Self { mouse };
        if !is_in_background() {
            screen.take_again()?;
        }
        Ok(screen)
    }

    /// The same after a stop, whatever was done to the terminal meanwhile.
    pub fn take_again(&self) -> std::io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        // Raw mode is not set again where it is believed to be set. It fails only where setting it does.
        let _same_below = crossterm::terminal::disable_raw_mode();
        crossterm::terminal::enable_raw_mode()
    }

    /// The bytes that a whole picture begins with.
    pub fn begin(&self, how: Begin) -> String {
        let mouse = if self.mouse { MOUSE } else { "" };
        match how {
            Begin::Over => format!("{PREPARE}{mouse}"),
            Begin::Cleared => format!("{PREPARE}{CLEAR}{mouse}"),
            Begin::Taken => format!("{ENTER}{PREPARE}{CLEAR}{mouse}"),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back if it is ours; safe to call at any time, and twice.
///
/// A terminal that takes no more bytes must not keep the program from ending: the writing is done by
/// a thread that is waited for only a little.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    if is_in_background() {
        // Whoever has the terminal now has it in a state of their own, and touching it would stop us.
        return;
    }
    // First, because it always can be done. It only fails when the terminal is gone.
    let _gone = crossterm::terminal::disable_raw_mode();
    let (done, wait) = sync_channel(1);
    let leaving = std::thread::Builder::new().spawn(move || {
        leave();
        // Nobody waits any more when it took too long.
        let _too_late = done.send(());
    });
    if leaving.is_ok() {
        let _stuck = wait.recv_timeout(LONGEST);
    }
}

fn leave() {
    let mut entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner);
    // It may have been taken again, if this took long.
    if *entered && !TAKEN.load(Ordering::SeqCst) {
        *entered = false;
        // A terminal that is gone needs nothing back.
        let _gone = write_all(rustix::stdio::stdout(), LEAVE.as_bytes());
    }
}

/// Bytes for the terminal, and whether they take the screen.
type Picture = (Vec<u8>, bool);

/// A thread that writes one picture at a time.
#[derive(Debug)]
pub struct Writer {
    pictures: SyncSender<Picture>,
    results: mpsc::Receiver<std::io::Result<()>>,
    busy: bool,
}

impl Writer {
    /// Starts the thread.
    pub fn spawn() -> std::io::Result<Self> {
        let terminal = rustix::io::dup(rustix::stdio::stdout())?;
        let (pictures, queue) = sync_channel::<Picture>(1);
        let (done, results) = mpsc::channel(1);
        std::thread::Builder::new().name("andon-writer".to_owned()).spawn(move || {
            while let Ok(picture) = queue.recv() {
                if done.blocking_send(put(&terminal, &picture)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { pictures, results, busy: false })
    }

    /// Whether the last picture has been written.
    pub const fn is_free(&self) -> bool {
        !self.busy
    }

    /// Hands a picture over; only when free.
    pub fn write(&mut self, bytes: Vec<u8>, takes_the_screen: bool) {
        // There is room for one, and one is only sent when none is under way: it fails only when the thread
        // is gone, which `done` tells.
        let _told_by_done = self.pictures.try_send((bytes, takes_the_screen));
        self.busy = true;
    }

    /// Waits until the picture under way is written. An error means that the terminal is gone.
    pub async fn done(&mut self) -> std::io::Result<()> {
        if !self.busy {
            std::future::pending::<()>().await;
        }
        let result = self.results.recv().await;
        self.busy = false;
        result.unwrap_or_else(|| Err(std::io::ErrorKind::BrokenPipe.into()))
    }
}

fn put(terminal: &OwnedFd, (bytes, takes_the_screen): &Picture) -> std::io::Result<()> {
    let mut entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if !TAKEN.load(Ordering::SeqCst) {
        return Ok(());
    }
    *entered |= takes_the_screen;
    write_all(terminal, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_over_what_is_there_does_not_flicker() {
        let screen = Screen { mouse: true };
        for (how, clears, enters) in
            [(Begin::Over, false, false), (Begin::Cleared, true, false), (Begin::Taken, true, true)]
        {
            let bytes = screen.begin(how);
            assert_eq!((bytes.contains(CLEAR), bytes.contains(ENTER)), (clears, enters), "{how:?}");
        }
    }
}
