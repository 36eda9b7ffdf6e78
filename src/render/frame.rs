//! A scene through a lens at a size in a theme.
//!
//! ```text
//!  header    board, five lamps, clock
//!  verdict   what is wrong now, worst first
//!  banner    what is wrong with the board itself (when something is)
//!  tabs      pages, window              (when there is more than one page; not in kiosk mode)
//!  body      panels
//!  footer    keys, age of the data      (in kiosk mode the page instead of the keys)
//! ```

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::panel_frame::{self, Look, hatch, is_blank};
use super::{chrome, command_palette, details, footer, header, help};
use crate::model::freshness::Freshness;
use crate::model::isolation::{isolated, tripwire};
use crate::model::status::Status;
use crate::model::time::Span;
use crate::panel::ink::{Glyphs, Ground, Ink, Role};
use crate::panel::marks::{columns, row, wrap, write};
use crate::view::arrange::{Arrangement, arrange};
use crate::view::lens::Lens;
use crate::view::page_filter::arranged;
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
    let (live, scene, age) = (scene, lens.scene(scene), lens.age(scene));
    let aloud = ink;
    // Nobody knows how things are now: nothing stays green, and nothing red.
    let dimmed = lens.silence.map(|_| ink.dimmed());
    let ink = dimmed.as_ref().unwrap_or(ink);
    buffer.set_style(area, ink.style(Role::Text));
    let plan = Plan::new(scene, lens.kiosk, area);
    header::draw(scene, lens, age, plan.header, &mut buffer, (ink, aloud));
    chrome::verdict(scene, age, plan.verdict, &mut buffer, ink);
    chrome::banner(scene, plan.banner, &mut buffer, ink);
    let tabs = chrome::tabs(scene, lens, plan.tabs, &mut buffer, ink);
    footer::draw(scene, lens, age, plan.footer, &mut buffer, ink);
    let arrangement = body((live, scene), lens, age, plan.body, &mut buffer, ink);
    if let Some(silence) = lens.silence.filter(|_| lens.kiosk) {
        chrome::no_update(silence, area, &mut buffer, aloud);
    }
    if let Some(keys) = lens.help {
        help::draw(keys, lens.help_scroll, area, &mut buffer, ink);
    }
    if let Some(palette) = &lens.palette {
        command_palette::draw(palette, scene, area, &mut buffer, ink);
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

/// Rows and columns of a screen that can spare more than a row for its header.
const TALL_SCREEN: u16 = 36;
const WIDE_SCREEN: u16 = 100;

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
    fn new(scene: &Scene, kiosk: bool, area: Rect) -> Self {
        let wants_tabs = !kiosk && scene.page_count() > 1 && area.height >= 8;
        let wants_footer = area.height >= 8;
        let header = match area.height {
            0 => 0,
            height if height >= TALL_SCREEN && area.width >= WIDE_SCREEN => header::TALL,
            _ => 1,
        };
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

fn body(
    (live, scene): (&Scene, &Scene),
    lens: &Lens,
    age: Span,
    area: Rect,
    buffer: &mut Buffer,
    ink: &Ink,
) -> Arrangement {
    let Some(page) = scene.page(lens.page) else {
        return Arrangement::default();
    };
    let arrangement = match lens.focus.filter(|panel| lens.zoom && *panel < page.panels.len()) {
        Some(panel) => Arrangement { framed: vec![(panel, area)], ..Arrangement::default() },
        None if lens.filter.is_empty() => arrange(page, area),
        None => arranged(page, &lens.filter, area),
    };
    if arrangement == Arrangement::default() && !lens.filter.is_empty() {
        let words = format!("no panel of this page has '{}'; Esc shows all", lens.filter);
        write(buffer, columns(area, 1, area.width.saturating_sub(2)), 0, 0, &words, ink.style(Role::Muted));
    }
    let look = |index: usize| Look { focused: lens.focus == Some(index), silence: lens.silence };
    for (index, at) in &arrangement.framed {
        if let Some(panel) = page.panels.get(*index) {
            let details = lens.zoom.then_some((scene, age));
            let is_pointing = lens.zoom || lens.cursor.is_some();
            let pointing = is_pointing.then(|| ink.pointing(lens.cursor, lens.scroll).inspecting(&lens.inspection));
            let ink = &pointing.unwrap_or_else(|| ink.clone()).held(lens.newer(live, panel));
            framed(&lens.panel(scene, panel), *at, (look(*index), details), buffer, ink);
        }
    }
    for (index, at) in &arrangement.strips {
        if let Some(panel) = page.panels.get(*index) {
            panel_frame::strip(panel, *at, look(*index), buffer, ink);
        }
    }
    if let Some(at) = arrangement.counter {
        let hidden = arrangement.hidden.iter().filter_map(|index| page.panels.get(*index));
        let words = chrome::counted(&hidden, ink);
        write(buffer, at, 1, 0, &words, ink.style(Role::Muted));
    }
    arrangement
}

/// A panel in its frame, with its details where it is zoomed.
fn framed(
    panel: &PanelScene,
    area: Rect,
    (look, zoomed): (Look, Option<(&Scene, Span)>),
    buffer: &mut Buffer,
    ink: &Ink,
) {
    let ground = panel_frame::ground(panel, look.silence);
    let inner = panel_frame::frame(panel, area, look, buffer, ink);
    let ink = &ground.map_or_else(|| ink.clone(), |status| ink.on(Ground::Tint(status)));
    let inner = zoomed.map_or(inner, |(scene, age)| details::draw(panel, scene, age, inner, buffer, ink));
    if inner.is_empty() {
        return;
    }
    if matches!(panel.freshness, Freshness::Failed | Freshness::Waiting) {
        never_answered(panel, inner, buffer, ink);
    } else {
        let free = onto(drawn(panel, inner, ink), inner, buffer, ink);
        // Below the panel of a zoom stand its details.
        panel_frame::reason(panel, area, if zoomed.is_some() { 0 } else { free }, buffer, ink);
    }
    if ground == Some(Status::Unknown) {
        hatch(buffer, inner, ink);
    }
}

/// Puts what a panel has drawn where it belongs. Returns how many rows at its bottom are free.
fn onto(canvas: Buffer, area: Rect, buffer: &mut Buffer, ink: &Ink) -> u16 {
    let width = usize::from(area.width);
    let ground = ink.style(Role::Text).bg.unwrap_or_default();
    let is_free = |row: &&[Cell]| row.iter().all(|cell| is_blank(cell, ground));
    let free = canvas.content.chunks(width).rev().take_while(is_free).count() as u16;
    for (at, cell) in canvas.content.into_iter().enumerate() {
        let (x, y) = (area.x + (at % width) as u16, area.y + (at / width) as u16);
        if let Some(target) = buffer.cell_mut((x, y)) {
            *target = cell;
        }
    }
    free
}

/// A panel draws on a canvas of its own: whatever it does, nothing outside its area changes.
fn drawn(panel: &PanelScene, inner: Rect, ink: &Ink) -> Buffer {
    let empty = || {
        let mut canvas = Buffer::empty(inner);
        canvas.set_style(inner, ink.style(Role::Text));
        canvas
    };
    let mut canvas = empty();
    let ink = if panel.freshness == Freshness::Stale { &ink.dimmed() } else { ink };
    let done = isolated(|| {
        tripwire::pass("draw");
        panel.view.draw(inner, &mut canvas, ink);
    });
    if done.is_err() {
        canvas = empty();
        write(&mut canvas, inner, 1, inner.height / 2, "cannot be drawn: a fault of andon", ink.style(Role::Muted));
    }
    canvas
}

/// Why there is nothing to see yet, over as many lines as it takes.
fn never_answered(panel: &PanelScene, inner: Rect, buffer: &mut Buffer, ink: &Ink) {
    let words = if panel.freshness == Freshness::Waiting { "connecting" } else { panel.reason.as_str() };
    let within = columns(inner, 1, inner.width.saturating_sub(2));
    let mut lines = wrap(words, usize::from(within.width));
    let rows = usize::from(inner.height);
    if lines.len() > rows {
        // The rest goes into the last row, which is cut with an ellipsis.
        let rest = lines.split_off(rows - 1).join(" ");
        lines.push(rest);
    }
    let begin = (inner.height / 2).saturating_sub(lines.len() as u16 / 2);
    for (n, line) in lines.iter().enumerate() {
        write(buffer, row(within, begin + n as u16), 0, 0, line, ink.style(Role::Muted));
    }
}
