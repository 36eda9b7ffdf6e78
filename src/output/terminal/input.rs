//! Keys, clicks and the hang-up, read by a thread of its own.
//!
//! There is one reader of the terminal, and one rule: `poll` says that there is something to read, `read`
//! takes some of it, `poll` says whether there is more. crossterm's reader is not used: it is woken once for
//! bytes that come, leaves those that do not fit into its buffer, and spins on the end of the file.

use std::io::{PipeReader, PipeWriter};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::keyboard::Keyboard;
use crate::viewer::Input;

/// Inputs on their way to the viewer.
const INPUTS: usize = 64;
/// The bytes of a sequence come together; an escape that is alone for this long is the key.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// The thread that reads. It ends when this is dropped: what is typed afterwards is for the shell.
#[derive(Debug)]
pub struct Keys {
    inputs: mpsc::Receiver<Input>,
    _until_dropped: PipeWriter,
}

impl Keys {
    /// Starts the thread.
    pub fn spawn() -> std::io::Result<Self> {
        let terminal = terminal()?;
        let (ending, until_dropped) = std::io::pipe()?;
        let (sender, inputs) = mpsc::channel(INPUTS);
        std::thread::Builder::new().name("andon-keys".to_owned()).spawn(move || {
            // However it ends: the sender goes with it, and so the loop learns that nothing comes any more.
            let _gone = read(&terminal, &ending, &sender);
        })?;
        Ok(Self { inputs, _until_dropped: until_dropped })
    }

    /// The next input; `None` when the reader is gone, and with it the terminal.
    pub async fn next(&mut self) -> Option<Input> {
        self.inputs.recv().await
    }

    /// Another input that has come already.
    pub fn waiting(&mut self) -> Option<Input> {
        self.inputs.try_recv().ok()
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
fn read(terminal: &OwnedFd, ending: &PipeReader, inputs: &mpsc::Sender<Input>) -> Result<(), Errno> {
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
        for input in seen {
            if inputs.blocking_send(input).is_err() {
                return Ok(());
            }
        }
    }
}
