//! One viewer elsewhere, however it is connected: what it sees, when it may be drawn, and what it may have others do.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Moment, Place, Viewing, Way};
use crate::model::audience::TEAM;
use crate::output::past_looks::PastLooks;
use crate::render::Ink;
use crate::view::address::Address;
use crate::viewer::{Delta, Effect, Input, Lens, Palette, Screen, Viewer, Words};

/// Pictures that one viewer is sent at once, and each second after that.
const PICTURES: (u32, u32) = (30, 20);
/// Inputs that are taken of one viewer at once, and each second after that.
const INPUTS: (u32, u32) = (200, 100);

/// What a viewer says of itself when it comes.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// How it comes in.
    pub way: Way,
    /// What its screen can show.
    pub screen: Screen,
    /// Its size, in columns and rows.
    pub size: (u16, u16),
    /// A theme by its name; empty for that of the board.
    pub theme: String,
    /// What it looks at.
    pub address: Address,
    /// Keys that do nothing where it is.
    pub without: &'static str,
}

/// Why somebody cannot look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are as many viewers as there may be, of those that come in like this.
    #[error("{} viewers look already: that is the most", super::MOST)]
    Full,
    /// The board has no such audience any more.
    #[error("the board does not serve this audience any more")]
    Gone,
}

/// A viewer and its place among all.
#[derive(Debug)]
pub struct Sight {
    viewing: Arc<Viewing>,
    viewer: Viewer,
    place: Place,
    past: PastLooks,
    moments: watch::Receiver<Moment>,
    /// When the scene came that it sees.
    came_at: Duration,
    palettes: watch::Receiver<Palette>,
    screen: Screen,
    theme: String,
    /// What its output was told that it looks at.
    address: Option<Address>,
    next_picture: Instant,
    pictures: Allowance,
}

impl Sight {
    /// Lets somebody look who sees these moments.
    pub fn new(viewing: &Arc<Viewing>, moments: &watch::Receiver<Moment>, wanted: Wanted) -> Result<Self, Refused> {
        let mut moments = moments.clone();
        let Moment { seen, came_at } = moments.borrow_and_update().clone();
        let seen = seen.ok_or(Refused::Gone)?;
        let Wanted { way, screen, size, theme, address, without } = wanted;
        let mut place = viewing.enter(way, seen.audience().name == TEAM).ok_or(Refused::Full)?;
        let size = place.fit(size);
        let palettes = viewing.palettes();
        let inks = viewing.inks(&theme, screen);
        let mut lens = Lens { kiosk: screen.kiosk, without, ..Lens::default() };
        address.point(&mut lens, seen.scene());
        // Who comes while none comes is told since when.
        let mut viewer = Viewer::new(seen, lens, inks, size, came_at);
        viewer.tick(viewing.now());
        Ok(Self {
            viewing: Arc::clone(viewing),
            viewer,
            place,
            past: viewing.past_looks(),
            moments,
            came_at,
            palettes,
            screen,
            theme,
            address: None,
            next_picture: Instant::now(),
            pictures: Allowance::new(PICTURES.0, PICTURES.1),
        })
    }

    /// Waits until there is something else to see, a second at most; an error when its audience is gone. Nothing is lost
    /// when this is dropped before it ends.
    pub async fn changed(&mut self) -> Result<(), Refused> {
        self.past.ask(&mut self.viewer);
        tokio::select! {
            rewound = self.past.answered() => self.viewer.past(rewound),
            changed = self.moments.changed() => {
                let Moment { seen, came_at } = self.moments.borrow_and_update().clone();
                let seen = seen.filter(|_| changed.is_ok()).ok_or(Refused::Gone)?;
                if came_at != self.came_at {
                    self.came_at = came_at;
                    self.viewer.scene(seen, came_at);
                }
                self.viewer.tick(self.viewing.now());
            }
            Ok(()) = self.palettes.changed() => {
                self.viewer.inks(self.viewing.inks(&self.theme, self.screen));
            }
        }
        Ok(())
    }

    /// Takes what somebody does; whether they leave.
    pub fn input(&mut self, input: Input) -> bool {
        self.viewer.input(input, self.viewing.now()) == Some(Effect::Quit)
    }

    /// Has another size from now on.
    pub fn resize(&mut self, size: (u16, u16)) {
        let size = self.place.fit(size);
        self.viewer.resize(size, self.viewing.now());
    }

    /// When the next picture may be drawn; none while there is nothing to draw.
    pub fn due(&self) -> Option<Instant> {
        self.viewer.is_dirty().then_some(self.next_picture)
    }

    /// Draws, with what is looked at where that is something else than before. Whoever gets a picture has to show it.
    pub fn draw(&mut self) -> Option<(Delta, Option<String>)> {
        let delta = self.viewing.draw(&mut self.viewer)?;
        self.place.demand(&self.viewer);
        self.next_picture = self.pictures.take();
        let address = Some(self.viewer.address());
        let written = (address != self.address).then(|| address.as_ref().map(Address::written)).flatten();
        self.address = address;
        Some((delta, written))
    }

    /// What it is drawn in.
    pub const fn ink(&self) -> &Ink {
        self.viewer.ink()
    }

    /// What it sees, for who does not see it.
    pub fn words(&self) -> Words {
        self.viewer.words()
    }
}

/// So much of something, and so much more each second: what one viewer may have others do for it.
#[derive(Debug)]
pub struct Allowance {
    left: f64,
    most: f64,
    a_second: f64,
    at: Instant,
}

impl Allowance {
    /// What one viewer may do.
    pub fn of_inputs() -> Self {
        Self::new(INPUTS.0, INPUTS.1)
    }

    /// All of it.
    pub fn new(most: u32, a_second: u32) -> Self {
        Self { left: most.into(), most: most.into(), a_second: a_second.into(), at: Instant::now() }
    }

    /// Takes one, if one is there.
    pub fn try_take(&mut self) -> bool {
        let now = Instant::now();
        self.left = (self.left + now.duration_since(self.at).as_secs_f64() * self.a_second).min(self.most);
        self.at = now;
        let is_there = self.left >= 1.0;
        self.left -= if is_there { 1.0 } else { 0.0 };
        is_there
    }

    /// Takes one, and returns when the next one is there.
    pub fn take(&mut self) -> Instant {
        let now = Instant::now();
        self.left = (self.left + now.duration_since(self.at).as_secs_f64() * self.a_second).min(self.most) - 1.0;
        self.at = now;
        now + Duration::from_secs_f64((1.0 - self.left).max(0.0) / self.a_second)
    }
}
