//! A board on this terminal: a loop over one viewer, here or elsewhere.
//!
//! Three parties: a reader thread (keys, hang-up), a writer thread (a stuck terminal blocks it and nobody
//! else), and the loop between them, which draws only when something changed and only when the writer is
//! free: the newest frame wins, frames are never queued. The loop waits for nobody, so that it can always
//! be left.

pub mod caps;
pub mod input;
pub mod keyboard;
pub mod local;
pub mod screen;
pub mod shown;
pub mod signals;

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::service::Service;
use crate::viewer::{Effect, Input, Signal};
use input::Keys;
use screen::{Begin, Screen, Writer};
use shown::Shown;
use signals::{Asked, Signals};

/// So many inputs are taken before the next picture.
const BURST: usize = 64;

/// Signals of one moment may be handled by several threads: by now all of them have been.
const SETTLED: Duration = Duration::from_millis(50);

/// Why the board was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Somebody pressed a key.
    Quit,
    /// A signal, by its number.
    Signal(i32),
    /// The terminal is gone.
    HangUp,
}

/// Shows the board until it is left. The terminal is restored in every case.
pub fn show<S: Shown>(begin: impl FnOnce() -> S, mouse: bool) -> Result<Left, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let left = runtime.block_on(async {
        // First of all: while the terminal is ours, no signal may have its default action.
        let signals = Signals::new().map_err(|error| format!("no signals: {error}"))?;
        let screen = Screen::take(mouse).map_err(|error| cannot_be_used(&error))?;
        let keys = Keys::spawn().map_err(|error| format!("no keyboard: {error}"))?;
        let writer = Writer::spawn().map_err(|error| format!("no writer: {error}"))?;
        Ok(Terminal::new(begin(), writer, keys, &screen).run(signals).await)
    });
    runtime.shutdown_background();
    left
}

/// Why there is no board, and what to do.
fn cannot_be_used(error: &std::io::Error) -> String {
    if rustix::termios::isatty(rustix::stdio::stdin()) {
        return format!("this terminal cannot be used: {error}");
    }
    format!(
        "standard input is no terminal, and there is no other to read keys from (/dev/tty: {error}); \
         start andon with its input from the terminal that it is shown on, or write one picture: andon snapshot"
    )
}

struct Terminal<'a, S> {
    shown: S,
    writer: Writer,
    keys: Keys,
    screen: &'a Screen,
    service: Service,
    /// What the next whole picture begins with.
    begin: Begin,
    /// We stop, or are in the background: nothing is drawn.
    stopped: bool,
}

impl<'a, S: Shown> Terminal<'a, S> {
    fn new(shown: S, writer: Writer, keys: Keys, screen: &'a Screen) -> Self {
        Self { shown, writer, keys, screen, service: Service::find(), begin: Begin::Taken, stopped: false }
    }

    async fn run(mut self, signals: Signals) -> Left {
        let left = self.until_left(signals).await;
        self.shown.leave();
        left
    }

    async fn until_left(&mut self, mut signals: Signals) -> Left {
        if screen::is_in_background() {
            self.suspend();
        }
        let mut watchdog = interval(Duration::from_secs(1));
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            if !self.stopped && self.writer.is_free() && self.shown.is_dirty() {
                self.draw();
            }
            // No order: a flood of one kind must not keep the others away.
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::End(number) => return Left::Signal(number),
                    Asked::Stop => self.suspend(),
                    Asked::GoOn => {
                        if let Some(left) = self.gone_on(&mut signals).await {
                            return left;
                        }
                    }
                    Asked::Resize => self.resized(),
                },
                input = self.keys.next() => {
                    if let Some(left) = self.take_all(input) {
                        return left;
                    }
                }
                done = self.writer.done() => {
                    if done.is_err() {
                        return Left::HangUp;
                    }
                    self.service.ready();
                }
                () = self.shown.changed() => {
                    if self.shown.has_ended() {
                        return Left::Quit;
                    }
                }
                _ = watchdog.tick() => self.watch(),
            }
        }
    }

    /// All inputs that wait are taken before the next picture, but not forever.
    fn take_all(&mut self, first: Option<Input>) -> Option<Left> {
        let Some(first) = first else { return Some(Left::HangUp) };
        let mut next = Some(first);
        for _ in 0..BURST {
            let Some(input) = next else { break };
            if let Some(left) = self.take(input) {
                return Some(left);
            }
            next = self.keys.waiting();
        }
        next.and_then(|input| self.take(input))
    }

    fn take(&mut self, input: Input) -> Option<Left> {
        match self.shown.input(input)? {
            Effect::Quit => return Some(Left::Quit),
            Effect::Refresh => {}
            Effect::Repaint => self.begin = self.begin.max(Begin::Cleared),
        }
        None
    }

    fn watch(&mut self) {
        // A resize whose signal was lost in a suspend shows here.
        if screen::size() != self.shown.size() {
            self.resized();
        }
        self.shown.tick();
        // A terminal that takes nothing, or an engine that sends nothing, is for the service manager to end.
        if self.writer.is_free() && self.shown.is_up_to_date() {
            self.service.is_well();
        }
    }

    fn draw(&mut self) {
        let Some(drawn) = self.shown.draw() else { return };
        let begin = drawn.is_whole.then(|| std::mem::replace(&mut self.begin, Begin::Over));
        let mut bytes = begin.map_or_else(Vec::new, |how| self.screen.begin(how).into_bytes());
        bytes.extend(drawn.bytes);
        bytes.extend(drawn.ring.iter().flat_map(rung));
        if !bytes.is_empty() {
            self.writer.write(bytes, begin == Some(Begin::Taken));
        }
    }

    fn resized(&mut self) {
        self.shown.resize(screen::size());
    }

    /// Ctrl-Z: the shell gets its terminal back, and we stop like everybody else.
    fn suspend(&mut self) {
        screen::restore();
        self.stopped = true;
        let me = rustix::process::getpid();
        // SIGSTOP, because a stop that we send ourselves as SIGTSTP is lost in an orphaned group.
        let _cannot_fail = rustix::process::kill_process(me, rustix::process::Signal::STOP);
    }

    /// After a stop, however it came. In the background the terminal is another's, and we stop again; but not before a
    /// signal to end is heard that was sent with the one to go on.
    async fn gone_on(&mut self, signals: &mut Signals) -> Option<Left> {
        if !screen::is_in_background() {
            self.resume();
            return None;
        }
        let ended = tokio::time::timeout(SETTLED, signals.ended()).await.ok();
        if ended.is_none() {
            self.suspend();
        }
        ended.map(Left::Signal)
    }

    /// The terminal is as the shell left it.
    fn resume(&mut self) {
        self.stopped = false;
        // Without raw mode the board still shows; keys then wait for Enter.
        let _line_mode = self.screen.take_again();
        self.resized();
        self.shown.wake();
        self.begin = Begin::Taken;
    }
}

/// The bell, and a notification of the desktop (OSC 9).
fn rung(ring: &Signal) -> Vec<u8> {
    // Safe text has no character that could end the sequence.
    let desktop = ring.desktop.as_ref().map_or_else(String::new, |text| format!("\x1b]9;{text}\x1b\\"));
    let bell = if ring.bell { "\x07" } else { "" };
    format!("{desktop}{bell}").into_bytes()
}
