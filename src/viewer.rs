//! One pair of eyes: what it looks at, how large and in which colours, and what it has been shown. Pure: inputs and
//! scenes go in, what differs on the screen comes out. A terminal, a socket, a web page are loops over this.
//!
//! Time is an argument: how long the loop has run, by a clock that nobody sets.

pub mod delta;
mod encoded;
pub mod frames;
mod inks;
mod palette;
mod rotation;
mod sentences;
mod words;

use std::sync::Arc;
use std::time::Duration;

pub use delta::{Delta, Signal};
pub use encoded::Encoded;
pub use frames::Frames;
pub use inks::Inks;
pub use palette::{Palette, Screen, Themes};
pub use sentences::Sentences;
pub use words::Words;

pub use crate::input::Input;
pub use crate::input::action::Effect;
pub use crate::input::keymap::Key;
pub use crate::model::demands::Demands;
pub use crate::view::lens::{Lens, Turning};

use crate::input::action::{Action, apply};
use crate::input::command_palette::{self, COMMANDS, Chosen};
use crate::input::{Targets, action};
use crate::model::audience::{Audience, Permission};
use crate::model::demands::Detail;
use crate::model::time::{Span, Timestamp};
use crate::render::{Frame, Ink};
use crate::view::address::Address;
use crate::view::arrange::Arrangement;
use crate::view::audience::AudienceScene;
use crate::view::command_palette::CommandPalette;
use crate::view::past::PastState;
use crate::view::scene::Scene;
use inks::Tried;
use rotation::Rotation;

/// Without a scene for this long the board says so: scenes come every second.
const SILENCE: Duration = Duration::from_secs(2);
/// What others write over the picture (the kernel, `wall`) stays at most this long.
const REPAINT: Duration = Duration::from_mins(1);
/// The past is played on this often.
const PLAYED: Duration = Duration::from_millis(900);
/// The largest picture drawn, in columns and rows; a screen that claims more gets this.
pub const MAX_SIZE: (u16, u16) = (500, 200);
/// Braille has two dots a column.
const DOTS: u16 = 2;

/// What of the past a viewer wants to see.
#[derive(Debug)]
pub struct PastWish {
    /// As of when.
    pub at: Timestamp,
    /// How much time its graphs are to show; none for as much as on the board.
    pub window: Option<Span>,
    /// For whom.
    pub audience: Arc<Audience>,
}

/// One viewer.
#[derive(Debug)]
pub struct Viewer {
    lens: Lens,
    inks: Inks,
    /// What is drawn in now, and the theme that somebody tries.
    ink: Ink,
    tried: Option<Tried>,
    size: (u16, u16),
    rotation: Rotation,
    /// The last scene that came, and when.
    seen: AudienceScene,
    came_at: Duration,
    /// The numbers of the last ring and bell that were heard, or that were before its time.
    rung: (u64, u64),
    /// What was drawn last.
    frame: Option<Arc<Frame>>,
    /// What of the past is asked for just now.
    asked: Option<(Timestamp, Option<Span>)>,
    /// Up to when the past was played.
    played_at: Duration,
    /// Whether the next picture is written cell by cell, and when that was asked for.
    is_whole_next: bool,
    whole_at: Duration,
    /// Something has changed since the last picture.
    is_dirty: bool,
    demands: Demands,
}

impl Viewer {
    /// A viewer that begins with a scene. It has been told of nothing, and is not to be told of what was before.
    pub fn new(seen: AudienceScene, mut lens: Lens, inks: impl Into<Inks>, size: (u16, u16), now: Duration) -> Self {
        let (inks, scene) = (inks.into(), seen.scene());
        if lens.past.is_some() {
            // Whoever comes to see a moment of the past sees nothing else move until it comes.
            lens.frozen.get_or_insert_with(|| Arc::clone(scene));
        }
        Self {
            lens,
            ink: inks.at(scene.now, &scene.zone).clone(),
            inks,
            tried: None,
            size,
            rotation: Rotation::default(),
            rung: scene.ring.as_ref().map_or((0, 0), |ring| (ring.number, ring.bells)),
            seen,
            came_at: now,
            asked: None,
            played_at: now,
            frame: None,
            is_whole_next: true,
            whole_at: now,
            is_dirty: true,
            demands: Demands::default(),
        }
    }

    /// The scene it looks at, or would without being frozen.
    const fn live(&self) -> &Arc<Scene> {
        self.seen.scene()
    }

    /// Takes a key, a click or a turn of the wheel, and returns what reaches beyond this viewer.
    pub fn input(&mut self, input: Input, now: Duration) -> Option<Effect> {
        if self.lens.kiosk {
            self.rotation.hold(now);
            self.turn(now);
        }
        let frame = self.frame.clone();
        let nothing = Arrangement::default();
        let (tabs, panels) = frame.as_ref().map_or((&[][..], &nothing), |frame| (&frame.tabs, &frame.arrangement));
        let is_inspecting = self.lens.inspected(self.lens.scene(self.live())).is_some();
        let is_asked = self.lens.prompt.is_some() || self.lens.palette.is_some();
        let is_typing = is_asked || is_inspecting && self.lens.inspection.typing.is_some();
        let action = action(input, self.lens.kiosk, Targets { tabs, panels, is_typing, is_inspecting })?;
        self.is_dirty = true;
        let action = self.through_palette(action)?;
        match action {
            Action::NextTheme => self.try_theme(self.inks.next(self.tried.as_ref())),
            Action::Palette => self.lens.palette = Some(CommandPalette::new(self.inks.names(), COMMANDS)),
            Action::Back if self.tried.is_some() && self.lens.help.is_none() && !is_typing => {
                self.try_theme(None);
                return None;
            }
            _ => {}
        }
        let effect = apply(&mut self.lens, action, self.seen.scene(), panels)?;
        if effect == Effect::Repaint {
            self.repaint(now);
        }
        (effect != Effect::Refresh || self.may(Permission::Refresh)).then_some(effect)
    }

    /// What an action means while the palette is open: what is chosen there, if anything.
    fn through_palette(&mut self, action: Action) -> Option<Action> {
        if self.lens.palette.is_none() {
            return Some(action);
        }
        let scene = Arc::clone(self.lens.frozen.as_ref().unwrap_or(self.seen.scene()));
        match command_palette::apply(&mut self.lens, action, &scene)? {
            Chosen::Command(action) => Some(action),
            Chosen::Theme(index) => {
                self.try_theme(self.inks.of(index));
                None
            }
        }
    }

    /// Takes a new scene. A frozen picture is drawn, too: it says how old it is by now.
    pub fn scene(&mut self, seen: AudienceScene, now: Duration) {
        if *self.seen.audience() != *seen.audience() {
            // What was frozen may be more than is to be seen now.
            (self.lens.frozen, self.lens.past, self.lens.wide) = (None, None, None);
            self.lens.palette = None;
        }
        if self.lens.frozen.is_none() {
            self.lens.follow(self.seen.scene(), seen.scene());
        }
        self.seen = seen;
        self.came_at = now;
        self.lens.silence = None;
        self.is_dirty = true;
        self.follow_time();
        self.turn(now);
    }

    /// On a wall: shows the page whose turn it is.
    fn turn(&mut self, now: Duration) {
        if !self.lens.kiosk || self.live().page_count() < 2 {
            self.lens.turning = Turning::default();
            return;
        }
        let page = self.rotation.turn(self.seen.scene(), self.lens.page, now);
        let turning = self.rotation.state(self.seen.scene(), page, now);
        if (page, turning) != (self.lens.page, self.lens.turning) {
            (self.lens.page, self.lens.turning) = (page, turning);
            self.is_dirty = true;
        }
    }

    /// Whether scenes come as they should.
    pub const fn is_up_to_date(&self) -> bool {
        self.lens.silence.is_none()
    }

    /// Once a second: when no scene has come for too long, old numbers must not look alive; and once a minute the
    /// whole picture is written again.
    pub fn tick(&mut self, now: Duration) {
        let silence = now.saturating_sub(self.came_at);
        if silence > SILENCE {
            // In whole seconds, as it is written: viewers that are told of it one after the other share a frame.
            self.lens.silence = Some(Span::seconds(i64::try_from(silence.as_secs()).unwrap_or(i64::MAX / 1000)));
            self.is_dirty = true;
        }
        self.turn(now);
        self.play(now);
        if now.saturating_sub(self.whole_at) >= REPAINT {
            self.repaint(now);
        }
    }

    /// Plays the past on, once a second, and not before the last moment of it has come.
    fn play(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.played_at);
        let Some(past) = self.lens.past.as_ref() else { return };
        let is_waiting = past.state == PastState::Asked;
        if !is_waiting && passed < PLAYED {
            return;
        }
        self.played_at = now;
        if is_waiting {
            return;
        }
        let Some(speed) = past.speed else { return };
        let passed = i64::try_from(passed.min(PLAYED * 2).as_millis()).unwrap_or(0);
        let at = past.at.plus(Span(passed.saturating_mul(speed)).max(past.step()));
        self.lens.go_to(at, self.seen.scene());
        self.is_dirty = true;
    }

    /// What of the past somebody has to be asked for, once: what comes of it goes to [`Viewer::past`]. None while something
    /// else is asked for.
    pub fn asks_for_past(&mut self) -> Option<PastWish> {
        if self.asked.is_some() {
            return None;
        }
        self.lens.want_wide(self.seen.scene());
        let past = self.lens.past.as_mut().map(|past| (past.at, None, &mut past.state));
        let wide = self.lens.wide.as_mut().map(|wide| (wide.at, Some(wide.window), &mut wide.state));
        let (at, window, state) =
            [past, wide].into_iter().flatten().find(|(_, _, state)| **state == PastState::Asked)?;
        if !self.seen.audience().may(Permission::Demand) {
            *state = PastState::Refused("who looks here sees only what the board shows now".to_owned());
            // What stands still meanwhile would stand still for ever.
            if window.is_none() {
                self.lens.frozen = None;
            }
            self.is_dirty = true;
            return None;
        }
        self.asked = Some((at, window));
        Some(PastWish { at, window, audience: Arc::clone(self.seen.audience()) })
    }

    /// Takes a moment of the past that was asked for, with the length of the steps in which it is known; or why it cannot
    /// be seen.
    pub fn past(&mut self, seen: Result<(AudienceScene, Span), String>) {
        let Some((at, window)) = self.asked.take() else { return };
        let is_mine = |(seen, step): (AudienceScene, Span)| {
            (*seen.audience() == *self.seen.audience()).then(|| (Arc::clone(seen.scene()), step))
        };
        let seen = match seen {
            // It was made for an audience that this viewer belongs to no more.
            Ok(seen) => is_mine(seen).ok_or_else(|| "what may be seen here has changed".to_owned()),
            Err(why) => Err(why),
        };
        match window {
            None => self.lens.see_past(at, seen, self.seen.scene()),
            Some(window) => self.lens.see_wide((at, window), seen),
        }
        self.is_dirty = true;
    }

    /// Draws in other colours or glyphs from now on. A theme that is tried stays.
    pub fn inks(&mut self, inks: Inks) {
        self.inks = inks;
        self.follow_time();
        self.is_dirty = true;
    }

    /// Takes the colours of this time of the day, unless a theme is tried.
    fn follow_time(&mut self) {
        if self.tried.is_none() {
            self.ink = self.inks.at(self.live().now, &self.live().zone).clone();
        }
    }

    /// Draws in the colours of a theme, or in those of the board again. It stays within this viewer.
    fn try_theme(&mut self, theme: Option<(Tried, Ink)>) {
        let (tried, ink) = theme.unzip();
        self.lens.theme = tried.as_ref().map(|tried| tried.name.clone());
        self.tried = tried;
        match ink {
            Some(ink) => self.ink = ink,
            None => self.follow_time(),
        }
    }

    /// Whether it may do something besides looking.
    pub fn may(&self, what: Permission) -> bool {
        self.seen.audience().may(what)
    }

    /// What it looks at.
    pub fn address(&self) -> Address {
        Address::of(&self.lens, self.live())
    }

    /// What it is drawn in now.
    pub const fn ink(&self) -> &Ink {
        &self.ink
    }

    /// What it sees, for who hears it.
    pub fn words(&self) -> Words {
        Words::of(&self.lens, self.live())
    }

    /// The size it draws in.
    pub const fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Draws in another size (columns, rows) from now on. What was shown is gone.
    pub const fn resize(&mut self, size: (u16, u16), now: Duration) {
        self.size = size;
        self.repaint(now);
    }

    /// The output was away for a while: what it showed is gone, and that no scene came means nothing.
    pub const fn wake(&mut self, now: Duration) {
        self.came_at = now;
        self.repaint(now);
    }

    /// The next picture is a whole one.
    const fn repaint(&mut self, now: Duration) {
        self.is_whole_next = true;
        self.whole_at = now;
        self.is_dirty = true;
    }

    /// Whether there may be something to draw.
    pub const fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Draws; `None` while nothing has changed. Who gets a delta has to show it, the next one builds on it.
    pub fn draw(&mut self, frames: &mut Frames) -> Option<Delta> {
        if !std::mem::take(&mut self.is_dirty) {
            return None;
        }
        let size = (self.size.0.min(MAX_SIZE.0), self.size.1.min(MAX_SIZE.1));
        let after = frames.frame(&self.seen, &self.lens, &self.ink, size);
        let is_whole = std::mem::take(&mut self.is_whole_next);
        let before = self.frame.replace(Arc::clone(&after)).filter(|_| !is_whole);
        self.demands = self.demands_of(&after);
        Some(Delta { before, after, ring: self.ring() })
    }

    /// All that this viewer needs, as of the last picture.
    pub const fn demands(&self) -> &Demands {
        &self.demands
    }

    /// A ring that was not heard yet.
    fn ring(&mut self) -> Option<Signal> {
        let (number, bells) = self.rung;
        let ring = self.seen.scene().ring.as_ref().filter(|ring| ring.number != number)?;
        self.rung = (ring.number, ring.bells);
        Some(Signal { bell: ring.bells != bells, desktop: ring.desktop.clone() })
    }

    /// How wide each query is drawn on this page; of other pages as it was drawn last, so that turning back shows no
    /// coarser lines. What the board does not have any more is not needed.
    fn demands_of(&self, frame: &Frame) -> Demands {
        let scene = self.lens.scene(self.live());
        let mut shown = Demands::default();
        let panels = scene.page(self.lens.page).map_or(&[][..], |page| &page.panels);
        for (panel, area) in &frame.arrangement.framed {
            let columns = area.width.saturating_mul(DOTS);
            for query in panels.get(*panel).iter().flat_map(|panel| &panel.history) {
                shown.need(*query, Detail { columns, ..Detail::default() });
            }
        }
        let mut all = shown.clone();
        for query in scene.pages.iter().flat_map(|page| &page.panels).flat_map(|panel| &panel.history) {
            if let (None, Some(before)) = (shown.detail(*query), self.demands.detail(*query)) {
                all.need(*query, before);
            }
        }
        all
    }
}

#[cfg(test)]
mod past_cases;
#[cfg(test)]
pub(crate) mod tests;
