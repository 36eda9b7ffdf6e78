//! The board on this terminal.
//!
//! Three parties: a reader thread (keys, resizes, hang-up), a writer thread (a stuck terminal blocks it
//! and nobody else), and the loop between them, which draws only when something changed and only when
//! the writer is free: the newest frame wins, frames are never queued.

pub mod caps;
pub mod input;
pub mod screen;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::ansi::{Depth, encode};
use crate::hub::Command;
use crate::input::action::{Action, Effect, apply};
use crate::input::keymap;
use crate::model::isolation::tripwire;
use crate::model::time::Span;
use crate::panel::ink::Ink;
use crate::render::{Frame, render};
use crate::view::lens::Lens;
use crate::view::scene::Scene;
use input::Event;
use screen::{Screen, Writer};

/// Without a scene for this long the header says so: scenes come every second.
const SILENCE: Duration = Duration::from_secs(4);
/// The largest picture drawn; a terminal that claims more gets this.
const MAX_SIZE: (u16, u16) = (500, 200);

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

/// What the loop needs.
#[derive(Debug)]
pub struct Setup {
    /// The latest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// To the hub.
    pub commands: mpsc::Sender<Command>,
    /// Theme and glyphs, as a reload may change them.
    pub inks: watch::Receiver<Ink>,
    /// Colours of this terminal.
    pub depth: Depth,
    /// Where this viewer begins.
    pub lens: Lens,
}

/// Shows the board until it is left. The terminal is restored in every case.
pub fn show(setup: Setup) -> Result<Left, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let screen = Screen::enter(!setup.lens.kiosk).map_err(|error| format!("this terminal cannot be used: {error}"))?;
    let left = runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| format!("no signals: {error}"))?;
        let (events, keys) = mpsc::channel(64);
        input::spawn(events).map_err(|error| format!("no keyboard: {error}"))?;
        let writer = Writer::spawn().map_err(|error| format!("no writer: {error}"))?;
        Ok(Viewer::new(setup, writer, keys, &screen).run(&mut signals).await)
    });
    runtime.shutdown_background();
    screen.leave(left == Ok(Left::HangUp));
    left
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
    stop: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
        })
    }
}

struct Viewer<'a> {
    scenes: watch::Receiver<Arc<Scene>>,
    commands: mpsc::Sender<Command>,
    inks: watch::Receiver<Ink>,
    depth: Depth,
    lens: Lens,
    writer: Writer,
    keys: mpsc::Receiver<Event>,
    screen: &'a Screen,
    size: (u16, u16),
    /// What the terminal shows once the writer is done.
    shown: Option<Buffer>,
    frame: Option<Frame>,
    /// Something changed since the last picture.
    dirty: bool,
    /// The last scene that came, and when.
    seen: Arc<Scene>,
    last_scene: Instant,
    engine_gone: bool,
    /// The number of the last ring that was heard.
    rung: u64,
    widths: HashMap<crate::model::poll::QueryId, u16>,
}

impl<'a> Viewer<'a> {
    fn new(setup: Setup, writer: Writer, keys: mpsc::Receiver<Event>, screen: &'a Screen) -> Self {
        let seen = Arc::clone(&setup.scenes.borrow());
        Self {
            seen,
            scenes: setup.scenes,
            commands: setup.commands,
            inks: setup.inks,
            depth: setup.depth,
            lens: setup.lens,
            writer,
            keys,
            screen,
            size: screen::size(),
            shown: None,
            frame: None,
            dirty: true,
            last_scene: Instant::now(),
            engine_gone: false,
            rung: 0,
            widths: HashMap::new(),
        }
    }

    async fn run(mut self, signals: &mut Signals) -> Left {
        use rustix::process::Signal as S;
        let mut watchdog = interval(Duration::from_secs(1));
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            if self.dirty && self.writer.is_free() {
                self.draw();
            }
            tokio::select! {
                biased;
                event = self.keys.recv() => {
                    // All keys that wait are taken before the next picture.
                    let mut next = event;
                    while let Some(event) = next {
                        if let Some(left) = self.take(event) {
                            return left;
                        }
                        next = self.keys.try_recv().ok();
                    }
                }
                _ = signals.interrupt.recv() => return Left::Signal(S::INT.as_raw()),
                _ = signals.terminate.recv() => return Left::Signal(S::TERM.as_raw()),
                _ = signals.quit.recv() => return Left::Signal(S::QUIT.as_raw()),
                _ = signals.hang_up.recv() => return Left::Signal(S::HUP.as_raw()),
                _ = signals.stop.recv() => self.suspend(),
                _ = signals.go_on.recv() => self.resume(),
                _ = signals.resize.recv() => self.resized(),
                done = self.writer.done() => {
                    if done.is_err() {
                        return Left::HangUp;
                    }
                }
                changed = self.scenes.changed(), if !self.engine_gone => {
                    // Without an engine the watchdog says that nothing comes; keys go on.
                    self.engine_gone = changed.is_err();
                    if !self.engine_gone {
                        let scene = Arc::clone(&self.scenes.borrow_and_update());
                        if self.lens.frozen.is_none() {
                            self.lens.follow(&self.seen, &scene);
                        }
                        self.seen = scene;
                        self.last_scene = Instant::now();
                        self.lens.silence = None;
                        self.dirty |= self.lens.frozen.is_none() || self.seen.ring.as_ref().is_some_and(|ring| ring.number != self.rung);
                    }
                }
                Ok(()) = self.inks.changed() => self.dirty = true,
                _ = watchdog.tick() => self.watch(),
            }
        }
    }

    /// The hub sends a scene each second; when it does not, old numbers must not look alive.
    fn watch(&mut self) {
        let silence = self.last_scene.elapsed();
        if silence > SILENCE {
            self.lens.silence = Some(Span(i64::try_from(silence.as_millis()).unwrap_or(i64::MAX)));
            self.dirty = true;
        }
        // A resize whose signal was lost in a suspend shows here.
        if screen::size() != self.size {
            self.resized();
        }
    }

    fn draw(&mut self) {
        tripwire::pass("main");
        let scene = Arc::clone(&self.scenes.borrow_and_update());
        let (width, height) = (self.size.0.min(MAX_SIZE.0), self.size.1.min(MAX_SIZE.1));
        let frame = render(&scene, &self.lens, &self.inks.borrow_and_update().clone(), width, height);
        let mut bytes = encode(self.shown.as_ref(), &frame.buffer, self.depth);
        bytes.extend(self.ring(&scene));
        self.dirty = false;
        self.demand(&scene, &frame);
        self.shown = Some(frame.buffer.clone());
        self.frame = Some(frame);
        if !bytes.is_empty() {
            self.writer.write(bytes);
        }
    }

    /// The bell, and a notification of the desktop (OSC 9), for a ring that was not heard yet.
    fn ring(&mut self, scene: &Scene) -> Vec<u8> {
        let Some(ring) = scene.ring.as_ref().filter(|ring| ring.number != self.rung) else { return Vec::new() };
        self.rung = ring.number;
        // Safe text has no character that could end the sequence.
        let desktop = ring.desktop.as_ref().map_or_else(String::new, |text| format!("\x1b]9;{text}\x1b\\"));
        let bell = if ring.bell { "\x07" } else { "" };
        format!("{desktop}{bell}").into_bytes()
    }

    /// Tells the hub how wide each query is drawn, when that changed.
    fn demand(&mut self, scene: &Scene, frame: &Frame) {
        let Some(page) = self.lens.scene(scene).page(self.lens.page) else { return };
        let mut changed = HashMap::new();
        for (panel, area) in &frame.arrangement.framed {
            let Some(panel) = page.panels.get(*panel) else { continue };
            for query in &panel.history {
                // Braille has two dots a column.
                let columns = area.width.saturating_mul(2);
                let widest = changed.entry(*query).or_insert(columns);
                *widest = columns.max(*widest);
            }
        }
        changed.retain(|query, columns| self.widths.insert(*query, *columns) != Some(*columns));
        if !changed.is_empty() {
            // A full mailbox means that the hub has enough to do; the next picture asks again.
            if self.commands.try_send(Command::Widths(changed.clone())).is_err() {
                for query in changed.keys() {
                    self.widths.remove(query);
                }
            }
        }
    }

    fn take(&mut self, event: Event) -> Option<Left> {
        let action = match event {
            Event::HangUp => return Some(Left::HangUp),
            Event::Key(key) => keymap::action(key, self.lens.kiosk)?,
            Event::Click(column, row) => self.hit(column, row)?,
            Event::Wheel(down) => {
                if down {
                    Action::Next
                } else {
                    Action::Previous
                }
            }
        };
        let live = Arc::clone(&self.scenes.borrow());
        let nothing = crate::view::arrange::Arrangement::default();
        let arrangement = self.frame.as_ref().map_or(&nothing, |frame| &frame.arrangement);
        self.dirty = true;
        match apply(&mut self.lens, action, &live, arrangement)? {
            Effect::Quit => Some(Left::Quit),
            Effect::Refresh => {
                // A full mailbox already holds a request to refresh.
                let _asked_already = self.commands.try_send(Command::RefreshNow);
                None
            }
        }
    }

    fn hit(&self, column: u16, row: u16) -> Option<Action> {
        let frame = self.frame.as_ref()?;
        let point = ratatui::layout::Position::new(column, row);
        let tab = frame.tabs.iter().find(|(area, _)| area.contains(point)).map(|(_, page)| Action::Page(*page));
        tab.or_else(|| frame.arrangement.at(column, row).map(Action::Click))
    }

    fn resized(&mut self) {
        self.size = screen::size();
        self.shown = None;
        self.dirty = true;
    }

    /// Ctrl-Z: the shell gets its terminal back, and we stop like everybody else.
    fn suspend(&mut self) {
        self.screen.restore();
        let me = rustix::process::getpid();
        // SIGSTOP, because a stop that we send ourselves as SIGTSTP is lost in an orphaned group.
        if rustix::process::kill_process(me, rustix::process::Signal::STOP).is_err() {
            self.resume();
        }
    }

    /// After a stop, however it came: the terminal is as the shell left it.
    fn resume(&mut self) {
        // Without raw mode the board still shows; keys then wait for Enter.
        let _line_mode = self.screen.set_up();
        self.last_scene = Instant::now();
        self.resized();
    }
}
