//! What one viewer has chosen. Changing a lens changes nothing for anybody else.

use std::borrow::Cow;
use std::sync::Arc;

use super::past::{PastLook, PastState};
use super::prompt::Prompt;
use super::scene::{PanelScene, Scene};
use crate::model::inspection::Inspection;
use crate::model::time::{Span, Timestamp};
use crate::panel::changes::Changes;
use crate::panel::inspected::Inspected;

/// Keys as they are written, each with what it does; without keys where a row goes on with what the one before says.
pub type KeyHelp = &'static [(&'static str, &'static str)];

/// Another part of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// A shorter one.
    Shorter,
    /// A longer one.
    Longer,
}

/// Lengths of time that a viewer chooses among.
const WINDOWS: [Span; 12] = {
    let minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];
    let mut all = [Span(0); 12];
    let mut index = 0;
    while index < all.len() {
        all[index] = Span::seconds(minutes[index] * 60);
        index += 1;
    }
    all
};

/// One viewer's choices.
#[derive(Debug, Clone, Default)]
pub struct Lens {
    /// The page.
    pub page: usize,
    /// The panel that is chosen, by its index on the page.
    pub focus: Option<usize>,
    /// Whether it fills the page.
    pub zoom: bool,
    /// How much of the past is wanted, at most; none for as much as the board shows.
    pub window: Option<Span>,
    /// The moment that is pointed at, on a zoomed graph.
    pub cursor: Option<Timestamp>,
    /// How many lines of a zoomed list have been scrolled past.
    pub scroll: usize,
    /// What is being typed, of what concerns more than one panel.
    pub prompt: Option<Prompt>,
    /// The past, while it is looked at; the last scene of it that came is the frozen one.
    pub past: Option<PastLook>,
    /// How it looks through a zoomed list.
    pub inspection: Inspection,
    /// The help, while it is shown: all keys.
    pub help: Option<KeyHelp>,
    /// The scene that was frozen; polling goes on behind it.
    pub frozen: Option<Arc<Scene>>,
    /// Whether it was frozen because somebody reads back in a list.
    pub reads_back: bool,
    /// Wall mode: no key hints, and only keys that leave or turn the page.
    pub kiosk: bool,
    /// Keys that do nothing for this viewer, so that the picture does not name them.
    pub without: &'static str,
    /// The theme that is tried, while one is.
    pub theme: Option<String>,
    /// How the pages turn by themselves, on a wall.
    pub turning: Turning,
    /// How long ago the last scene came, when that is too long: the hub hangs.
    pub silence: Option<Span>,
}

/// How the pages of a wall turn by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turning {
    /// Seconds for which a key holds the page still.
    pub paused: Option<u64>,
    /// Seconds until the next page; none where there is no other.
    pub next: Option<u64>,
    /// How many pages are red.
    pub red: usize,
}

/// Two lenses are equal when they show the same. Of frozen scenes only the very same is: that needs no look into it.
impl PartialEq for Lens {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            page,
            focus,
            zoom,
            window,
            cursor,
            scroll,
            prompt,
            past,
            inspection,
            help,
            frozen,
            reads_back: _,
            kiosk,
            without,
            theme,
            turning,
            silence,
        } = self;
        let frozen = frozen.as_ref().map(Arc::as_ptr) == other.frozen.as_ref().map(Arc::as_ptr);
        let chosen = (*page, *focus, *zoom, *window, *cursor, *scroll)
            == (other.page, other.focus, other.zoom, other.window, other.cursor, other.scroll);
        frozen
            && chosen
            && (prompt, past) == (&other.prompt, &other.past)
            && *inspection == other.inspection
            && *theme == other.theme
            && (*help, *kiosk, *without, *turning, *silence)
                == (other.help, other.kiosk, other.without, other.turning, other.silence)
    }
}

impl Lens {
    /// The scene this viewer sees.
    pub fn scene<'a>(&'a self, live: &'a Scene) -> &'a Scene {
        self.frozen.as_deref().unwrap_or(live)
    }

    /// How long ago what this viewer sees was so: not at all, unless it is frozen or no scene comes.
    pub fn age(&self, live: &Scene) -> Span {
        let frozen = self.scene(live).now.age_at(live.now);
        Span(frozen.0.saturating_add(self.silence.unwrap_or_default().0))
    }

    /// Stays with what it looks at when a reload has moved it: the page of the same name, the panel of the
    /// same id. What is gone is not looked at any more.
    pub fn follow(&mut self, before: &Scene, after: &Scene) {
        let Some(page) = before.page(self.page) else { return };
        let focus = self.focus.and_then(|focus| page.panels.get(focus)).map(|panel| panel.id.as_str());
        // The page of all dashboards is known by its place: a dashboard may have its name.
        let index = if self.page >= before.pages.len() && before.overview.is_some() {
            after.overview.is_some().then_some(after.pages.len())
        } else {
            after.pages.iter().position(|other| other.name == page.name)
        };
        self.page = index.unwrap_or_else(|| self.page.min(after.page_count().saturating_sub(1)));
        let panels = index.and_then(|index| after.page(index)).map_or(&[][..], |page| page.panels.as_slice());
        self.focus = focus.and_then(|id| panels.iter().position(|panel| panel.id == id));
        self.zoom &= self.focus.is_some();
        if self.inspected(after).is_none() {
            self.inspection = Inspection::default();
        }
    }

    /// A panel as this viewer wants it: of its window.
    pub fn panel<'a>(&self, panel: &'a PanelScene) -> Cow<'a, PanelScene> {
        let part = self.window.and_then(|window| panel.view.within(window));
        part.map_or(Cow::Borrowed(panel), |view| Cow::Owned(PanelScene { view, ..panel.clone() }))
    }

    /// What happened, on the graph that is zoomed; none where no graph is.
    pub fn changes<'a>(&self, scene: &'a Scene) -> Option<Cow<'a, Changes>> {
        let changes = self.zoomed(scene)?.view.changes()?;
        let part = self.window.and_then(|window| changes.within(window));
        Some(part.map_or(Cow::Borrowed(changes), Cow::Owned))
    }

    /// Looks at a shorter part of the time, or at a longer one: up to what the board shows.
    pub fn resize_window(&mut self, resize: Resize, scene: &Scene) {
        let now = self.window.unwrap_or(scene.window);
        self.window = match resize {
            Resize::Shorter => WINDOWS.into_iter().rev().find(|one| *one < now).or(self.window),
            Resize::Longer => WINDOWS.into_iter().find(|one| *one > now).filter(|one| *one < scene.window),
        };
    }

    /// Wants to see the board as of a moment; as of now from there on where that has not passed yet.
    pub fn go_to(&mut self, at: Timestamp, live: &Arc<Scene>) {
        if at >= live.now {
            self.go_live(live);
            return;
        }
        match &mut self.past {
            Some(past) => past.go_to(at),
            None => self.past = Some(PastLook::new(at)),
        }
        // Until it comes, what was seen stands still.
        self.frozen.get_or_insert_with(|| Arc::clone(live));
        self.reads_back = false;
    }

    /// Sees what is so now.
    pub fn go_live(&mut self, live: &Scene) {
        self.past = None;
        self.reads_back = false;
        if let Some(frozen) = self.frozen.take() {
            // What was looked at may have moved meanwhile.
            self.follow(&frozen, live);
        }
    }

    /// Sees a moment of the past, or is told why it cannot be seen.
    pub fn see_past(&mut self, at: Timestamp, seen: Result<(Arc<Scene>, Span), String>, live: &Arc<Scene>) {
        let Some(past) = &mut self.past else { return };
        let is_wanted = past.at == at;
        match seen {
            Ok((scene, step)) => {
                if is_wanted {
                    past.state = PastState::Seen(step);
                }
                let before = self.frozen.replace(Arc::clone(&scene));
                self.follow(&before.unwrap_or_else(|| Arc::clone(live)), &scene);
            }
            Err(why) if is_wanted => {
                past.speed = None;
                past.state = PastState::Refused(why);
            }
            Err(_) => {}
        }
    }

    /// The lines of the list that is zoomed; 0 where no list is.
    pub fn lines(&self, scene: &Scene) -> usize {
        let rows = |list: &dyn Inspected| list.rows(&self.inspection);
        self.zoomed(scene).map_or(0, |panel| panel.view.inspected().map_or_else(|| panel.view.lines(), rows))
    }

    /// The long list that is zoomed, if one is.
    pub fn inspected<'a>(&self, scene: &'a Scene) -> Option<&'a dyn Inspected> {
        self.zoomed(scene)?.view.inspected()
    }

    /// How many entries have come to a panel since the picture was frozen.
    pub fn newer(&self, live: &Scene, panel: &PanelScene) -> usize {
        if self.frozen.is_none() {
            return 0;
        }
        let live = live.page(self.page).and_then(|page| page.panels.iter().find(|one| one.id == panel.id));
        match (live.and_then(|live| live.view.inspected()), panel.view.inspected()) {
            (Some(live), Some(held)) => live.since(held.newest()),
            _ => 0,
        }
    }

    fn zoomed<'a>(&self, scene: &'a Scene) -> Option<&'a PanelScene> {
        scene.page(self.page)?.panels.get(self.focus.filter(|_| self.zoom)?)
    }

    /// Looks at another panel, or at the same one from the start: nothing is pointed at, nothing scrolled past.
    pub fn begin_anew(&mut self) {
        self.cursor = None;
        self.scroll = 0;
        self.inspection = Inspection::default();
    }
}
