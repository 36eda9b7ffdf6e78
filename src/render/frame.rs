//! A scene through a lens at a size in a theme.
//!
//! ```text
//!  header    board, five lamps, clock
//!  verdict   what is wrong now, worst first
//!  banner    what is wrong with the board itself (when something is)
//!  tabs      pages, window              (when there is more than one page)
//!  body      panels
//!  footer    keys, age of the data      (not in kiosk mode)
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::chrome;
use super::help;
use crate::model::freshness::Freshness;
use crate::model::isolation::{isolated, tripwire};
use crate::model::time::Span;
use crate::panel::ink::{Glyphs, Ink, Role};
use crate::panel::marks::write;
use crate::view::arrange::{Arrangement, arrange};
use crate::view::lens::Lens;
use crate::view::scene::{PanelScene, Scene};

/// A picture, and where things are on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The cells.
    pub buffer: Buffer,
    /// Where panels are.
    pub arrangement: Arrangement,
    /// Where tabs are: area and page.
    pub tabs: Vec<(Rect, usize)>,
}

/// Draws a frame. Any size will do; an empty one gives an empty frame.
pub fn render(scene: &Scene, lens: &Lens, ink: &Ink, width: u16, height: u16) -> Frame {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let (scene, age) = (lens.scene(scene), lens.age(scene));
    buffer.set_style(area, ink.style(Role::Text));
    let plan = Plan::of(scene, lens, area);
    chrome::header(scene, lens, age, plan.header, &mut buffer, ink);
    chrome::verdict(scene, age, plan.verdict, &mut buffer, ink);
    chrome::banner(scene, plan.banner, &mut buffer, ink);
    let tabs = chrome::tabs(scene, lens, plan.tabs, &mut buffer, ink);
    chrome::footer(scene, lens, age, plan.footer, &mut buffer, ink);
    let arrangement = body(scene, lens, age, plan.body, &mut buffer, ink);
    if lens.help {
        help::draw(area, &mut buffer, ink);
    }
    if ink.glyphs == Glyphs::Ascii {
        in_plain_ascii(&mut buffer);
    }
    Frame { buffer, arrangement, tabs }
}

/// The signs that words of our own are made with, where the screen has none but ASCII.
fn in_plain_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let plain = match cell.symbol() {
            "…" => "~",
            "–" => "-",
            "≥" => ">",
            "≤" => "<",
            "µ" => "u",
            _ => continue,
        };
        cell.set_symbol(plain);
    }
}

/// The lines of the screen. The body gets what the others leave; the first to go are footer and tabs.
#[derive(Debug, Clone, Copy)]
struct Plan {
    header: Rect,
    verdict: Rect,
    banner: Rect,
    tabs: Rect,
    body: Rect,
    footer: Rect,
}

impl Plan {
    fn of(scene: &Scene, lens: &Lens, area: Rect) -> Self {
        let wants_tabs = scene.pages.len() > 1 && area.height >= 8;
        let wants_footer = !lens.kiosk && area.height >= 8;
        let header = u16::from(area.height >= 1);
        let verdict = u16::from(area.height >= 3);
        let banner = u16::from(scene.banner.is_some() && area.height >= 4);
        let (tabs, footer) = (u16::from(wants_tabs), u16::from(wants_footer));
        let body = area.height - header - verdict - banner - tabs - footer;
        let mut y = area.y;
        let mut take = |height: u16| {
            let line = Rect { y, height, ..area };
            y += height;
            line
        };
        Self {
            header: take(header),
            verdict: take(verdict),
            banner: take(banner),
            tabs: take(tabs),
            body: take(body),
            footer: take(footer),
        }
    }
}

fn body(scene: &Scene, lens: &Lens, age: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) -> Arrangement {
    let Some(page) = scene.page(lens.page) else {
        return Arrangement::default();
    };
    let arrangement = match lens.focus.filter(|panel| lens.zoom && *panel < page.panels.len()) {
        Some(panel) => Arrangement { framed: vec![(panel, area)], ..Arrangement::default() },
        None => arrange(page, area),
    };
    for (place, at) in &arrangement.framed {
        if let Some(panel) = page.panels.get(*place) {
            let ink = Ink { cursor: lens.cursor.filter(|_| lens.zoom), ..ink.clone() };
            framed(panel, (*at, scene, age), lens.focus == Some(*place), lens.zoom, buffer, &ink);
        }
    }
    for (place, at) in &arrangement.strips {
        if let Some(panel) = page.panels.get(*place) {
            chrome::strip(panel, *at, lens.focus == Some(*place), buffer, ink);
        }
    }
    if let Some(at) = arrangement.counter {
        let hidden = arrangement.hidden.iter().filter_map(|place| page.panels.get(*place));
        let words = chrome::counted(&hidden, ink);
        write(buffer, at, 1, 0, &words, ink.style(Role::Muted));
    }
    arrangement
}

fn framed(
    panel: &PanelScene,
    (area, scene, age): (Rect, &Scene, Span),
    focused: bool,
    zoomed: bool,
    buffer: &mut Buffer,
    ink: &Ink,
) {
    let inner = chrome::frame(panel, area, focused, buffer, ink);
    let inner = if zoomed { chrome::details(panel, scene, age, inner, buffer, ink) } else { inner };
    if inner.is_empty() {
        return;
    }
    let never_answered = matches!(panel.freshness, Freshness::Failed | Freshness::Waiting);
    if never_answered {
        let words = if panel.freshness == Freshness::Waiting { "connecting" } else { panel.reason.as_str() };
        let y = inner.height / 2;
        write(
            buffer,
            Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner },
            0,
            y,
            words,
            ink.style(Role::Muted),
        );
        return;
    }
    // A panel draws on a canvas of its own: whatever it does, nothing outside its area changes.
    let mut canvas = Buffer::empty(inner);
    canvas.set_style(inner, ink.style(Role::Text));
    let ink = if panel.freshness == Freshness::Stale { &ink.dimmed() } else { ink };
    let drawn = isolated(|| {
        tripwire::pass("draw");
        panel.view.draw(inner, &mut canvas, ink);
    });
    if drawn.is_err() {
        canvas = Buffer::empty(inner);
        canvas.set_style(inner, ink.style(Role::Text));
        write(&mut canvas, inner, 1, inner.height / 2, "cannot be drawn: a fault of andon", ink.style(Role::Muted));
    }
    let width = usize::from(inner.width);
    for (at, cell) in canvas.content.iter().enumerate() {
        let (x, y) = (inner.x + (at % width) as u16, inner.y + (at / width) as u16);
        if let Some(target) = buffer.cell_mut((x, y)) {
            *target = cell.clone();
        }
    }
}
