//! What one viewer has chosen. Changing a lens changes nothing for anybody else.

use std::borrow::Cow;
use std::sync::Arc;

use super::command_palette::CommandPalette;
use super::past::{PastLook, PastState};
use super::prompt::Prompt;
use super::scene::{PanelScene, Scene};
use super::wide::WideLook;
use crate::model::inspection::Inspection;
use crate::model::time::{Span, Timestamp};
use crate::panel::PanelView;
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

/// Lengths of time that a viewer chooses among, in minutes: from one to those of 90 days.
const WINDOWS: [i64; 12] = [1, 5, 15, 30, 60, 180, 360, 1440, 3 * 1440, 7 * 1440, 30 * 1440, 90 * 1440];

/// The shortest and the longest time that a viewer can choose.
pub const WINDOW_BOUNDS: (Span, Span) =
    (Span::seconds(WINDOWS[0] * 60), Span::seconds(WINDOWS[WINDOWS.len() - 1] * 60));

/// One viewer's choices.
#[derive(Debug, Clone, Default)]
pub struct Lens {
    /// The page.
    pub page: usize,
    /// The panel that is chosen, by its index on the page.
    pub focus: Option<usize>,
    /// Whether it fills the page.
    pub zoom: bool,
    /// How much of the past is wanted; none for as much as the board shows.
    pub window: Option<Span>,
    /// The graphs, where more of it is wanted than the board shows.
    pub wide: Option<WideLook>,
    /// The moment that is pointed at, on the zoomed graph or on all of the page.
    pub cursor: Option<Timestamp>,
    /// How many lines of a zoomed list have been scrolled past.
    pub scroll: usize,
    /// Words of the panels of the page that are shown; empty for all.
    pub filter: String,
    /// What is being typed, of what concerns more than one panel.
    pub prompt: Option<Prompt>,
    /// The palette, while it is open.
    pub palette: Option<CommandPalette>,
    /// The past, while it is looked at; the last scene of it that came is the frozen one.
    pub past: Option<PastLook>,
    /// How it looks through a zoomed list.
    pub inspection: Inspection,
    /// The help, while it is shown: all keys.
    pub help: Option<KeyHelp>,
    /// How many lines of the help have been scrolled past.
    pub help_scroll: usize,
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
            wide,
            cursor,
            scroll,
            filter,
            prompt,
            palette,
            past,
            inspection,
            help,
            help_scroll,
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
            && (prompt, palette, past, wide) == (&other.prompt, &other.palette, &other.past, &other.wide)
            && *inspection == other.inspection
            && (theme, filter) == (&other.theme, &other.filter)
            && (*help, *help_scroll, *kiosk, *without, *turning, *silence)
                == (other.help, other.help_scroll, other.kiosk, other.without, other.turning, other.silence)
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
    pub fn panel<'a>(&self, scene: &Scene, panel: &'a PanelScene) -> Cow<'a, PanelScene> {
        let wide = self.graph(scene, panel);
        let part = self.window.and_then(|window| wide.unwrap_or(&panel.view).within(window));
        let view = part.or_else(|| wide.cloned());
        view.map_or(Cow::Borrowed(panel), |view| Cow::Owned(PanelScene { view, ..panel.clone() }))
    }

    /// The graph of a panel over more time than the board shows, where that is wanted and has come.
    fn graph(&self, scene: &Scene, panel: &PanelScene) -> Option<&PanelView> {
        self.wide.as_ref()?.graph(scene.now, &scene.page(self.page)?.name, panel)
    }

    /// What happened, on the graph that is zoomed, or on those of the page while something is pointed at; none where no
    /// graph is.
    pub fn changes<'a>(&'a self, scene: &'a Scene) -> Option<Cow<'a, Changes>> {
        if self.zoom {
            return self.changes_of(scene, self.zoomed(scene)?);
        }
        self.cursor.and_then(|_| self.newest_graph(scene))
    }

    /// What happened, on the graph of the page that ends last.
    fn newest_graph<'a>(&'a self, scene: &'a Scene) -> Option<Cow<'a, Changes>> {
        let panels = scene.page(self.page)?.panels.iter();
        panels.filter_map(|panel| self.changes_of(scene, panel)).max_by_key(|changes| changes.to)
    }

    fn changes_of<'a>(&'a self, scene: &Scene, panel: &'a PanelScene) -> Option<Cow<'a, Changes>> {
        let changes = self.graph(scene, panel).unwrap_or(&panel.view).changes()?;
        let part = self.window.and_then(|window| changes.within(window));
        Some(part.map_or(Cow::Borrowed(changes), Cow::Owned))
    }

    /// Points at the newest moment of the graphs, all of the page or the one that is zoomed; or at none any more.
    pub fn toggle_cursor(&mut self, scene: &Scene) {
        let graph = if self.zoom { self.changes(scene) } else { self.newest_graph(scene) };
        self.cursor = graph.map(|changes| changes.to).filter(|_| self.cursor.is_none());
    }

    /// Looks at a shorter part of the time, or at a longer one.
    pub fn resize_window(&mut self, resize: Resize, scene: &Scene) {
        let now = self.window.unwrap_or(scene.window);
        let mut all: Vec<Span> = WINDOWS.into_iter().map(|minutes| Span::seconds(minutes * 60)).collect();
        all.push(scene.window);
        let next = match resize {
            Resize::Shorter => all.into_iter().filter(|one| *one < now).max(),
            Resize::Longer => all.into_iter().filter(|one| *one > now).min(),
        };
        self.window = Some(next.unwrap_or(now)).filter(|window| *window != scene.window);
    }

    /// Says which graphs are wanted that the scene does not have.
    pub fn want_wide(&mut self, live: &Scene) {
        let scene = self.frozen.as_deref().unwrap_or(live);
        let Some(window) = self.window.filter(|window| *window > scene.window) else {
            self.wide = None;
            return;
        };
        match &mut self.wide {
            Some(wide) => wide.want(window, scene.now),
            None => self.wide = Some(WideLook::new(window, scene.now)),
        }
    }

    /// Sees the graphs of a longer time, or is told why they cannot be seen.
    pub fn see_wide(&mut self, (at, window): (Timestamp, Span), seen: Result<(Arc<Scene>, Span), String>) {
        let Some(wide) = self.wide.as_mut().filter(|wide| wide.window == window) else { return };
        match seen {
            Ok((scene, step)) => {
                wide.state = PastState::Seen(step);
                wide.seen = Some((at, scene));
            }
            Err(why) => wide.state = PastState::Refused(why),
        }
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

    /// Looks at another page, from its start.
    pub fn turn(&mut self, page: usize) {
        self.page = page;
        self.begin_anew();
        self.filter.clear();
        self.focus = None;
        self.zoom = false;
    }

    /// Looks at another panel, or at the same one from the start: nothing is pointed at, nothing scrolled past.
    pub fn begin_anew(&mut self) {
        self.cursor = None;
        self.scroll = 0;
        self.inspection = Inspection::default();
    }
}
