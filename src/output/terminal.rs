//! The board on this terminal.
//!
//! Three parties: a reader thread (keys, hang-up), a writer thread (a stuck terminal blocks it and nobody
//! else), and the loop between them, which draws only when something changed and only when the writer is
//! free: the newest frame wins, frames are never queued. The loop waits for nobody, so that it can always
//! be left.

pub mod caps;
pub mod input;
pub mod keyboard;
pub mod screen;
pub mod signals;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
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
use input::{Event, Keys};
use screen::{Begin, Screen, Writer};
use signals::{Asked, Signals};

/// Without a scene for this long the board says so, at the next second: scenes come every second.
const SILENCE: Duration = Duration::from_secs(2);
/// What others write onto the terminal (the kernel, `wall`) stays at most this long.
const REPAINT: Duration = Duration::from_mins(1);
/// So many events are taken before the next picture.
const BURST: usize = 64;
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
    let left = runtime.block_on(async {
        // First of all: while the terminal is ours, no signal may have its default action.
        let signals = Signals::new().map_err(|error| format!("no signals: {error}"))?;
        let screen = Screen::take(!setup.lens.kiosk).map_err(|error| cannot_be_used(&error))?;
        let keys = Keys::spawn().map_err(|error| format!("no keyboard: {error}"))?;
        let writer = Writer::spawn().map_err(|error| format!("no writer: {error}"))?;
        Ok(Viewer::new(setup, writer, keys, &screen).run(signals).await)
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

struct Viewer<'a> {
    scenes: watch::Receiver<Arc<Scene>>,
    commands: mpsc::Sender<Command>,
    inks: watch::Receiver<Ink>,
    depth: Depth,
    lens: Lens,
    writer: Writer,
    keys: Keys,
    screen: &'a Screen,
    size: (u16, u16),
    /// What the terminal shows once the writer is done.
    shown: Option<Buffer>,
    /// What the next picture begins with, if it is a whole one; and when the last whole one was asked for.
    begin: Option<Begin>,
    painted: Instant,
    frame: Option<Frame>,
    /// Something changed since the last picture.
    dirty: bool,
    /// We stop, or are in the background: nothing is drawn.
    stopped: bool,
    /// The last scene that came, and when.
    seen: Arc<Scene>,
    last_scene: Instant,
    engine_gone: bool,
    /// The number of the last ring that was heard.
    rung: u64,
    widths: HashMap<crate::model::poll::QueryId, u16>,
}

impl<'a> Viewer<'a> {
    fn new(setup: Setup, writer: Writer, keys: Keys, screen: &'a Screen) -> Self {
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
            begin: Some(Begin::Taken),
            painted: Instant::now(),
            frame: None,
            dirty: true,
            stopped: false,
            last_scene: Instant::now(),
            engine_gone: false,
            rung: 0,
            widths: HashMap::new(),
        }
    }

    async fn run(mut self, mut signals: Signals) -> Left {
        if screen::is_in_background() {
            self.suspend();
        }
        let mut watchdog = interval(Duration::from_secs(1));
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            if self.dirty && !self.stopped && self.writer.is_free() {
                self.draw();
            }
            // No order: a flood of one kind must not keep the others away.
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::End(number) => return Left::Signal(number),
                    Asked::Stop => self.suspend(),
                    Asked::GoOn => self.resume(),
                    Asked::Resize => self.resized(),
                },
                event = self.keys.next() => {
                    if let Some(left) = self.take_all(event) {
                        return left;
                    }
                }
                done = self.writer.done() => {
                    if done.is_err() {
                        return Left::HangUp;
                    }
                }
                changed = self.scenes.changed(), if !self.engine_gone => {
                    // Without an engine the watchdog says that nothing comes; keys go on.
                    self.engine_gone = changed.is_err();
                    if !self.engine_gone {
                        self.show_scene();
                    }
                }
                Ok(()) = self.inks.changed() => self.dirty = true,
                _ = watchdog.tick() => self.watch(),
            }
        }
    }

    /// All keys that wait are taken before the next picture, but not for ever.
    fn take_all(&mut self, first: Event) -> Option<Left> {
        let mut next = Some(first);
        for _ in 0..BURST {
            let Some(event) = next else { break };
            if let Some(left) = self.take(event) {
                return Some(left);
            }
            next = self.keys.waiting();
        }
        next.and_then(|event| self.take(event))
    }

    /// A frozen picture is drawn, too: it says how old it is by now.
    fn show_scene(&mut self) {
        let scene = Arc::clone(&self.scenes.borrow_and_update());
        if self.lens.frozen.is_none() {
            self.lens.follow(&self.seen, &scene);
        }
        self.seen = scene;
        self.last_scene = Instant::now();
        self.lens.silence = None;
        self.dirty = true;
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
        if self.painted.elapsed() >= REPAINT {
            self.repaint(Begin::Over);
        }
    }

    /// The next picture is a whole one.
    fn repaint(&mut self, begin: Begin) {
        self.begin = self.begin.max(Some(begin));
        self.shown = None;
        self.painted = Instant::now();
        self.dirty = true;
    }

    fn draw(&mut self) {
        tripwire::pass("main");
        let scene = Arc::clone(&self.scenes.borrow_and_update());
        let (width, height) = (self.size.0.min(MAX_SIZE.0), self.size.1.min(MAX_SIZE.1));
        let frame = render(&scene, &self.lens, &self.inks.borrow_and_update().clone(), width, height);
        let begin = self.begin.take();
        let mut bytes = begin.map_or_else(Vec::new, |how| self.screen.begin(how).into_bytes());
        bytes.extend(encode(self.shown.as_ref(), &frame.buffer, self.depth));
        bytes.extend(self.ring(&scene));
        self.dirty = false;
        self.demand(&scene, &frame);
        self.shown = Some(frame.buffer.clone());
        self.frame = Some(frame);
        if !bytes.is_empty() {
            self.writer.write(bytes, begin == Some(Begin::Taken));
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
            Effect::Repaint => {
                self.repaint(Begin::Cleared);
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
        self.repaint(Begin::Over);
    }

    /// Ctrl-Z: the shell gets its terminal back, and we stop like everybody else.
    fn suspend(&mut self) {
        screen::restore();
        self.stopped = true;
        let me = rustix::process::getpid();
        // SIGSTOP, because a stop that we send ourselves as SIGTSTP is lost in an orphaned group.
        let _cannot_fail = rustix::process::kill_process(me, rustix::process::Signal::STOP);
    }

    /// After a stop, however it came: the terminal is as the shell left it. In the background it is another's.
    fn resume(&mut self) {
        if screen::is_in_background() {
            return self.suspend();
        }
        self.stopped = false;
        // Without raw mode the board still shows; keys then wait for Enter.
        let _line_mode = self.screen.take_again();
        self.last_scene = Instant::now();
        self.resized();
        self.repaint(Begin::Taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layer::Layer;
    use crate::model::status::Status;
    use crate::model::text::SafeText;
    use crate::model::time::{Timestamp, Zone};
    use crate::panel::ink::Glyphs;
    use crate::render::theme::{Theme, embedded};
    use crate::view::scene::LayerLamp;

    fn scene() -> Arc<Scene> {
        Arc::new(Scene {
            title: SafeText::new("Nothing"),
            now: Timestamp(0),
            zone: Zone::utc(),
            status: Status::Ok,
            layers: Layer::ALL.map(|layer| LayerLamp { layer, tally: crate::view::scene::Tally::default() }),
            remarks: Vec::new(),
            last_change: None,
            freeze: None,
            pages: Vec::new(),
            sources: Vec::new(),
            updated: None,
            window: Span::seconds(60),
            ring: None,
            banner: None,
        })
    }

    /// A viewer whose hub, keyboard and screen are silent, and which has drawn.
    fn viewer(screen: &Screen) -> (Viewer<'_>, watch::Sender<Arc<Scene>>) {
        let (scenes, receiver) = watch::channel(scene());
        let setup = Setup {
            scenes: receiver,
            commands: mpsc::channel(1).0,
            inks: watch::channel(Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full)).1,
            depth: Depth::True,
            lens: Lens::default(),
        };
        let mut viewer = Viewer::new(setup, Writer::spawn().unwrap(), Keys::silent().unwrap(), screen);
        viewer.draw();
        (viewer, scenes)
    }

    #[tokio::test(start_paused = true)]
    async fn once_a_minute_the_whole_picture_is_painted_over_what_is_there() {
        let screen = Screen::of_nobody();
        let (mut viewer, _scenes) = viewer(&screen);
        tokio::time::advance(REPAINT.saturating_sub(Duration::from_secs(1))).await;
        viewer.watch();
        assert!(viewer.shown.is_some() && viewer.begin.is_none());
        tokio::time::advance(Duration::from_secs(1)).await;
        viewer.watch();
        assert_eq!((viewer.shown.is_none(), viewer.begin, viewer.dirty), (true, Some(Begin::Over), true));
        assert!(!screen.begin(Begin::Over).contains("\x1b[2J"), "without a flicker");
    }

    #[tokio::test(start_paused = true)]
    async fn after_three_seconds_without_a_scene_the_board_says_so_each_second() {
        let screen = Screen::of_nobody();
        let (mut viewer, _scenes) = viewer(&screen);
        for second in 1..=5 {
            tokio::time::advance(Duration::from_secs(1)).await;
            viewer.dirty = false;
            viewer.watch();
            let silence = (second > 2).then_some(Span::seconds(second));
            assert_eq!((viewer.lens.silence, viewer.dirty), (silence, second > 2));
        }
        viewer.show_scene();
        assert_eq!((viewer.lens.silence, viewer.dirty), (None, true));
    }
}
