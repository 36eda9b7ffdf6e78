//! The terminal's state: taken, given back, written to.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

/// Alternate screen, no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
/// Clicks and the wheel, with coordinates in decimal.
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";
/// Everything back; what was not on is not harmed by being switched off.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Whether the terminal is ours at this moment: the panic hook asks.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The size in columns and rows; 80 by 24 when nobody tells (a serial line says 0 by 0).
pub fn size() -> (u16, u16) {
    crossterm::terminal::size().ok().filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24))
}

/// A terminal that was taken over.
#[derive(Debug)]
pub struct Screen {
    mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    pub fn enter(mouse: bool) -> std::io::Result<Self> {
        let screen = Self { mouse };
        screen.set_up()?;
        Ok(screen)
    }

    /// Raw mode, alternate screen: also after a stop.
    pub fn set_up(&self) -> std::io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        send(&format!("{ENTER}{}", if self.mouse { MOUSE } else { "" }))
    }

    /// Gives the terminal back, for now or for good.
    pub fn restore(&self) {
        restore();
    }

    /// Gives the terminal back for good. A terminal that is gone gets nothing written to it.
    pub fn leave(self, gone: bool) {
        if gone {
            TAKEN.store(false, Ordering::SeqCst);
        } else {
            restore();
        }
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
    // First, because it always can be done. It only fails when the terminal is gone.
    let _gone = crossterm::terminal::disable_raw_mode();
    let (done, wait) = std::sync::mpsc::channel();
    let writing = std::thread::Builder::new().spawn(move || {
        let sent = send(LEAVE);
        // Nobody waits any more when it took too long.
        let _too_late = done.send(sent.is_ok());
    });
    if writing.is_ok() {
        let _stuck = wait.recv_timeout(Duration::from_millis(300));
    }
}

fn send(text: &str) -> std::io::Result<()> {
    // Not through the buffered stdout: its lock may be held by a writer that is stuck.
    let mut terminal = std::fs::File::from(rustix::io::dup(rustix::stdio::stdout())?);
    terminal.write_all(text.as_bytes())
}

/// A thread that writes one frame at a time.
#[derive(Debug)]
pub struct Writer {
    frames: std::sync::mpsc::SyncSender<Vec<u8>>,
    results: mpsc::Receiver<std::io::Result<()>>,
    busy: bool,
}

impl Writer {
    /// Starts the thread.
    pub fn spawn() -> std::io::Result<Self> {
        let (frames, queue) = std::sync::mpsc::sync_channel::<Vec<u8>>(1);
        let (done, results) = mpsc::channel(1);
        std::thread::Builder::new().name("andon-writer".to_owned()).spawn(move || {
            let terminal = rustix::io::dup(rustix::stdio::stdout()).map(std::fs::File::from);
            let Ok(mut terminal) = terminal else { return };
            while let Ok(frame) = queue.recv() {
                let written = terminal.write_all(&frame);
                if done.blocking_send(written).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { frames, results, busy: false })
    }

    /// Whether the last frame has been written.
    pub const fn is_free(&self) -> bool {
        !self.busy
    }

    /// Hands a frame over; only when free.
    pub fn write(&mut self, frame: Vec<u8>) {
        // The channel has room for one, and one is only sent when none is under way.
        self.busy = self.frames.try_send(frame).is_ok();
    }

    /// Waits until the frame under way is written. An error means that the terminal is gone.
    pub async fn done(&mut self) -> Result<(), ()> {
        if !self.busy {
            std::future::pending::<()>().await;
        }
        let result = self.results.recv().await;
        self.busy = false;
        match result {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => Ok(()),
            _ => Err(()),
        }
    }
}
