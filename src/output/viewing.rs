//! What all viewers elsewhere share, however they are connected: frames and what they are encoded to, how many there may
//! be, and what they need of the sources.

mod inks;
mod sight;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::hub::Command;
use crate::hub::demands::{ViewerDemands, ViewerId};
use crate::model::audience::Permission;
use crate::output::past_looks::PastLooks;
use crate::view::audience::{AudienceScene, Cuts};
use crate::viewer::{Delta, Demands, Frames, Inks, MAX_SIZE, Palette, Screen, Viewer};
use inks::KnownInks;
pub use sight::{Allowance, Refused, Sight, Wanted};

/// Viewers at one time, of each way in.
pub const MOST: usize = 1000;
/// Places that only the team has: whoever else looks, and however many, does not keep out who works with the board.
const OF_TEAM: usize = 100;
/// Cells that every viewer may have: 80 columns of 24 rows.
const SMALL: (u16, u16) = (80, 24);
/// Cells that all viewers may have beyond these, of about 40 bytes each.
const MORE_CELLS: usize = 6_000_000;
/// From the end of a connection to a free place others have a turn so often, at most: the connection, the stream on it.
const TURNS: usize = 8;
/// Between two times that the hub is told what they need: they come and go.
const GATHER: Duration = Duration::from_millis(200);
/// Without a scene viewers are woken this often: they say for how long nothing has come.
const TICK: Duration = Duration::from_millis(1200);

/// How long a viewer may take to say who it is, or to take what it is sent: who takes longer makes room for others.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What an audience sees now. It comes with every scene, and about once a second when none comes.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The last scene; none where the board has no such audience any more.
    pub seen: Option<AudienceScene>,
    /// When it came, by the clock of [`Viewing::now`].
    pub came_at: Duration,
}

/// How somebody comes in. Each has places of its own: who crowds the page takes none from a wall at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// At a Unix socket.
    Socket,
    /// In a browser.
    Page,
}

/// All viewers elsewhere.
#[derive(Debug)]
pub struct Viewing {
    frames: Mutex<Frames>,
    at_sockets: AtomicUsize,
    on_pages: AtomicUsize,
    /// Cells of viewers beyond those that each may have.
    more_cells: AtomicUsize,
    next: AtomicU64,
    demands: Mutex<ViewerDemands>,
    demanded: Notify,
    commands: mpsc::Sender<Command>,
    palettes: watch::Receiver<Palette>,
    inks: Mutex<KnownInks>,
    began: Instant,
}

impl Viewing {
    /// Nobody yet; what viewers ask goes to the hub.
    pub fn new(palettes: watch::Receiver<Palette>, commands: mpsc::Sender<Command>) -> Self {
        Self {
            frames: Mutex::default(),
            at_sockets: AtomicUsize::new(0),
            on_pages: AtomicUsize::new(0),
            more_cells: AtomicUsize::new(0),
            next: AtomicU64::new(1),
            demands: Mutex::default(),
            demanded: Notify::new(),
            commands,
            inks: Mutex::new(KnownInks::new(palettes.clone())),
            palettes,
            began: Instant::now(),
        }
    }

    /// How long viewers have been served: their clock.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// How many look.
    pub fn count(&self, way: Way) -> usize {
        self.counter(way).load(Ordering::Relaxed)
    }

    const fn counter(&self, way: Way) -> &AtomicUsize {
        match way {
            Way::Socket => &self.at_sockets,
            Way::Page => &self.on_pages,
        }
    }

    /// Where there is no room, whoever has left just now is noticed before anybody is told so: it may be the same viewer
    /// that comes again, and its new connection is heard of before the end of the old one.
    pub async fn notice_who_has_left(&self, way: Way) {
        for _ in 0..TURNS {
            if self.count(way) < MOST {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Lets one more look; none where there are as many as there may be of those who are not of the team, or of all.
    pub fn enter(self: &Arc<Self>, way: Way, is_of_team: bool) -> Option<Place> {
        let most = if is_of_team { MOST } else { MOST - OF_TEAM };
        let more = |count: usize| (count < most).then_some(count + 1);
        self.counter(way).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        let id = ViewerId(self.next.fetch_add(1, Ordering::Relaxed));
        Some(Place { viewing: Arc::clone(self), way, id, demanded: Demands::default(), more_cells: 0 })
    }

    /// Themes, as a reload may change them.
    pub fn palettes(&self) -> watch::Receiver<Palette> {
        self.palettes.clone()
    }

    /// A viewer's looks at the past.
    fn past_looks(&self) -> PastLooks {
        PastLooks::new(self.commands.clone())
    }

    /// The colours of a viewer that asks for a theme by name, else those of the board.
    pub fn inks(&self, theme: &str, screen: Screen) -> Inks {
        lock(&self.inks).of(theme, screen)
    }

    /// Draws; none while nothing has changed.
    pub fn draw(&self, viewer: &mut Viewer) -> Option<Delta> {
        viewer.draw(&mut lock(&self.frames))
    }

    /// Tells the hub what viewers need, joined, for as long as there is a hub.
    pub async fn demand(self: Arc<Self>) {
        let everybody = ViewerId(1);
        loop {
            self.demanded.notified().await;
            sleep(GATHER).await;
            let joined = lock(&self.demands).joined();
            if self.commands.send(Command::Demand(everybody, joined)).await.is_err() {
                return;
            }
        }
    }
}

/// What breaks in one viewer leaves what others share as it is.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A viewer's place: it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    viewing: Arc<Viewing>,
    way: Way,
    id: ViewerId,
    demanded: Demands,
    /// Its cells beyond those that each may have.
    more_cells: usize,
}

impl Place {
    /// The size in which its viewer is drawn on a screen: that of the screen, or a small one where all viewers together have
    /// as many cells as they may. Later sizes may fit again.
    pub fn fit(&mut self, (columns, rows): (u16, u16)) -> (u16, u16) {
        let size = (columns.min(MAX_SIZE.0), rows.min(MAX_SIZE.1));
        let cells = |size: (u16, u16)| usize::from(size.0) * usize::from(size.1);
        let wanted = cells(size).saturating_sub(cells(SMALL));
        let all = &self.viewing.more_cells;
        all.fetch_sub(std::mem::take(&mut self.more_cells), Ordering::Relaxed);
        let with = |others: usize| (others + wanted <= MORE_CELLS).then_some(others + wanted);
        if all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with).is_ok() {
            self.more_cells = wanted;
            return size;
        }
        (size.0.min(SMALL.0), size.1.min(SMALL.1))
    }

    /// What its viewer needs now. Of an audience that may not demand anything it sees what is known anyway.
    pub fn demand(&mut self, viewer: &Viewer) {
        if viewer.may(Permission::Demand) && *viewer.demands() != self.demanded {
            self.demanded.clone_from(viewer.demands());
            lock(&self.viewing.demands).set(self.id, self.demanded.clone());
            self.viewing.demanded.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.viewing.counter(self.way).fetch_sub(1, Ordering::Relaxed);
        self.viewing.more_cells.fetch_sub(self.more_cells, Ordering::Relaxed);
        if self.demanded != Demands::default() {
            lock(&self.viewing.demands).release(self.id);
            self.viewing.demanded.notify_one();
        }
    }
}

/// What one audience sees, and nothing else, from now on.
pub fn moments(viewing: &Arc<Viewing>, mut cuts: watch::Receiver<Cuts>, audience: &str) -> watch::Receiver<Moment> {
    let now = |viewing: &Viewing, cuts: &Cuts, audience: &str| Moment {
        seen: cuts.iter().find(|cut| cut.audience().name == audience).cloned(),
        came_at: viewing.now(),
    };
    let (to, moments) = watch::channel(now(viewing, &cuts.borrow_and_update(), audience));
    let (viewing, audience) = (Arc::clone(viewing), audience.to_owned());
    tokio::spawn(async move {
        while !to.is_closed() {
            match timeout(TICK, cuts.changed()).await {
                Ok(Ok(())) => drop(to.send_replace(now(&viewing, &cuts.borrow_and_update(), &audience))),
                // Viewers say for how long nothing has come.
                Err(_) => to.send_modify(|_| ()),
                // The hub is gone.
                Ok(Err(_)) => {
                    sleep(TICK).await;
                    to.send_modify(|_| ());
                }
            }
        }
    });
    moments
}

/// Waits until a moment; for ever without one.
pub async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::theme::{Theme, embedded};

    fn viewing() -> Arc<Viewing> {
        let theme = Theme::load("andon", &embedded).unwrap();
        let palette = Palette { monochrome: theme.clone(), theme, day: None, glyphs: None, themes: Arc::new(|_| None) };
        Arc::new(Viewing::new(watch::channel(palette).1, mpsc::channel(1).0))
    }

    #[test]
    fn whoever_else_looks_the_team_has_places() {
        let viewing = viewing();
        let others: Vec<Place> = std::iter::from_fn(|| viewing.enter(Way::Socket, false)).take(2 * MOST).collect();
        assert_eq!(others.len(), MOST - OF_TEAM);
        let team: Vec<Place> = std::iter::from_fn(|| viewing.enter(Way::Socket, true)).take(2 * MOST).collect();
        assert_eq!(team.len(), OF_TEAM);
        drop(others);
        assert!(viewing.enter(Way::Socket, false).is_some(), "places are free again");
    }

    #[test]
    fn a_thousand_huge_screens_have_no_more_cells_than_there_may_be() {
        let viewing = viewing();
        let mut places: Vec<Place> = std::iter::from_fn(|| viewing.enter(Way::Socket, true)).take(MOST).collect();
        let sizes: Vec<(u16, u16)> = places.iter_mut().map(|place| place.fit((u16::MAX, u16::MAX))).collect();
        let large = sizes.iter().filter(|size| **size == MAX_SIZE).count();
        assert!((50..100).contains(&large), "{large} huge ones");
        assert!(sizes.iter().all(|size| *size == MAX_SIZE || *size == SMALL));
        assert_eq!(places[MOST - 1].fit((80, 24)), (80, 24), "what everybody may have");
        assert_eq!(places[MOST - 1].fit((200, 10)), (200, 10), "as many cells as that, in another form");
        places.truncate(MOST / 100);
        let last = places.last_mut().unwrap();
        assert_eq!([last.fit((40, 10)), last.fit(MAX_SIZE), last.fit(MAX_SIZE)], [(40, 10), MAX_SIZE, MAX_SIZE]);
        drop(places);
        assert_eq!(viewing.more_cells.load(Ordering::Relaxed), 0);
    }
}
