//! What actions do to a lens. A viewer can change nothing outside it.

use std::sync::Arc;

use ratatui::layout::Rect;

pub use super::intent::{Action, Effect};
use super::keymap::HELP;
use super::{inspect, time};
use crate::view::arrange::Arrangement;
use crate::view::lens::Lens;
use crate::view::prompt::{Prompt, Question};
use crate::view::scene::Scene;

/// Applies an action to a lens. `arrangement` is where panels were drawn last.
pub fn apply(lens: &mut Lens, action: Action, live: &Arc<Scene>, arrangement: &Arrangement) -> Option<Effect> {
    let effect = applied(lens, action, live, arrangement);
    if lens.reads_back && lens.scroll == 0 {
        // Whoever has read back is at the newest line again, or looks at something else.
        lens.go_live(live);
    }
    lens.reads_back &= lens.frozen.is_some();
    effect
}

fn applied(lens: &mut Lens, action: Action, live: &Arc<Scene>, arrangement: &Arrangement) -> Option<Effect> {
    if typed(lens, action, live) {
        return None;
    }
    let scene = Arc::clone(lens.frozen.as_ref().unwrap_or(live));
    let chosen = match action {
        // Without a choice Enter takes the first.
        Action::Zoom => lens.focus.or_else(|| order(arrangement).first().copied()),
        Action::Click(panel) => Some(panel),
        _ => None,
    };
    if let Some(page) = leads_to(lens, chosen, &scene) {
        turn(lens, page, &scene);
        return None;
    }
    if inspect::apply(lens, action, &scene, live, usize::from(rows(arrangement)))
        || time::apply(lens, action, &scene, live)
    {
        return None;
    }
    match action {
        Action::Quit => return Some(Effect::Quit),
        Action::Refresh => return Some(Effect::Refresh),
        Action::Repaint => return Some(Effect::Repaint),
        Action::Help => (lens.help, lens.help_scroll) = (lens.help.is_none().then_some(HELP), 0),
        Action::Up | Action::Down if lens.help.is_some() => scroll_help(lens, action == Action::Down),
        Action::Back => back(lens, live),
        Action::Zoom => {
            lens.begin_anew();
            lens.zoom = !lens.zoom;
            if lens.focus.is_none() {
                lens.focus = order(arrangement).first().copied();
            }
            lens.zoom &= lens.focus.is_some();
        }
        Action::Click(panel) => {
            lens.begin_anew();
            lens.zoom = lens.focus == Some(panel) && !lens.zoom;
            lens.focus = Some(panel);
        }
        Action::Next | Action::Previous => step(lens, action == Action::Next, &scene, arrangement),
        Action::NextEvent | Action::PreviousEvent => to_event(lens, action == Action::NextEvent, &scene),
        Action::Up | Action::Down | Action::Left | Action::Right => {
            // The same on every zoomed panel: sideways through time, up and down through lines.
            match (lens.zoom, action) {
                (_, Action::Left | Action::Right) if lens.zoom || lens.cursor.is_some() => {
                    point(lens, action == Action::Right, &scene);
                }
                (true, _) => scroll(lens, action == Action::Down, &scene, arrangement),
                (false, _) => towards(lens, action, arrangement),
            }
        }
        Action::Page(page) => turn(lens, page, &scene),
        Action::NextPage | Action::PreviousPage => turn_by_one(lens, action == Action::NextPage, &scene),
        Action::Worst => worst(lens, &scene),
        Action::Search if !lens.zoom => lens.prompt = Some(Prompt::with(Question::Filter, lens.filter.clone())),
        // Done above, or for a list that is looked through; a viewer's colours are its own, not its lens's.
        _ => {}
    }
    None
}

/// Scrolls the help by a line, no further than to its end.
fn scroll_help(lens: &mut Lens, down: bool) {
    lens.help_scroll = if down { lens.help_scroll + 1 } else { lens.help_scroll.saturating_sub(1) }.min(HELP.len());
}

/// Takes what is typed into the prompt, where there is one. False where it is for others.
fn typed(lens: &mut Lens, action: Action, live: &Arc<Scene>) -> bool {
    let Some(prompt) = &mut lens.prompt else { return false };
    let mut is_left = false;
    match action {
        Action::Type(character) => prompt.add(character),
        Action::Erase { all } => prompt.erase(all),
        Action::Back => {
            prompt.erase(true);
            is_left = true;
        }
        Action::Zoom => match prompt.question {
            Question::Time => time::go_to_typed(lens, live),
            Question::GoTo => {}
            Question::Filter => lens.prompt = None,
        },
        Action::Quit | Action::Repaint => return false,
        _ => {}
    }
    if let Some(prompt) = lens.prompt.as_ref().filter(|prompt| prompt.question == Question::Filter) {
        lens.filter.clone_from(&prompt.text);
    }
    lens.prompt.take_if(|_| is_left);
    true
}

fn back(lens: &mut Lens, live: &Scene) {
    if lens.help.is_some() {
        lens.help = None;
    } else if lens.cursor.is_some() {
        lens.cursor = None;
    } else if lens.zoom {
        lens.zoom = false;
        lens.begin_anew();
    } else if lens.focus.is_some() {
        lens.focus = None;
    } else if !lens.filter.is_empty() {
        lens.filter.clear();
    } else if lens.past.is_some() {
        lens.go_live(live);
    } else if lens.window.is_some() {
        lens.window = None;
    } else {
        lens.go_live(live);
    }
}

/// The page that a panel stands for, on the page of all dashboards.
fn leads_to(lens: &Lens, panel: Option<usize>, scene: &Scene) -> Option<usize> {
    scene.page(lens.page)?.panels.get(panel?)?.leads_to
}

fn turn(lens: &mut Lens, page: usize, scene: &Scene) {
    if page < scene.page_count() {
        lens.turn(page);
    }
}

fn turn_by_one(lens: &mut Lens, forward: bool, scene: &Scene) {
    let pages = scene.page_count().max(1);
    turn(lens, (lens.page + if forward { 1 } else { pages - 1 }) % pages, scene);
}

/// Panels in the order in which they are read.
fn order(arrangement: &Arrangement) -> Vec<usize> {
    let mut all: Vec<(usize, Rect)> = arrangement.framed.iter().chain(&arrangement.strips).copied().collect();
    all.sort_by_key(|(_, area)| (area.y, area.x));
    all.into_iter().map(|(panel, _)| panel).collect()
}

/// Rows of a zoomed panel that are not its list: frame, details, header.
const AROUND: u16 = 5;

/// The rows of a zoomed list that are seen.
fn rows(arrangement: &Arrangement) -> u16 {
    arrangement.framed.first().map_or(0, |(_, area)| area.height.saturating_sub(AROUND))
}

/// Scrolls a list by a line, no further than to its end.
fn scroll(lens: &mut Lens, down: bool, scene: &Scene, arrangement: &Arrangement) {
    let rows = rows(arrangement);
    let lines = lens.lines(scene);
    // Of more lines than rows the last row says how many more there are.
    let most = if lines > usize::from(rows) { (lines + 1).saturating_sub(usize::from(rows)) } else { 0 };
    lens.scroll = if down { lens.scroll + 1 } else { lens.scroll.saturating_sub(1) }.min(most);
}

/// Points a step earlier or later; the first step begins at the newest moment.
fn point(lens: &mut Lens, later: bool, scene: &Scene) {
    let Some(changes) = lens.changes(scene) else { return };
    let from = lens.cursor.unwrap_or(changes.to);
    let to = if later { from.plus(changes.step()) } else { from.minus(changes.step()) };
    lens.cursor = Some(to.clamp(changes.from, changes.to));
}

/// Points at the next event, or the one before; the first step is to the newest.
fn to_event(lens: &mut Lens, later: bool, scene: &Scene) {
    let Some(changes) = lens.changes(scene) else { return };
    let mut moments = changes.marks.iter().map(|mark| mark.at.min(changes.to));
    let found = match (lens.cursor, later) {
        (None, _) => moments.next_back(),
        (Some(cursor), true) => moments.find(|at| *at > cursor),
        (Some(cursor), false) => moments.rev().find(|at| *at < cursor),
    };
    lens.cursor = found.or(lens.cursor);
}

fn step(lens: &mut Lens, forward: bool, scene: &Scene, arrangement: &Arrangement) {
    if lens.zoom {
        lens.begin_anew();
    }
    // A zoomed panel stands alone on the screen: the next one is the next of the page.
    let order = if lens.zoom {
        (0..scene.page(lens.page).map_or(0, |page| page.panels.len())).collect()
    } else {
        order(arrangement)
    };
    let Some(last) = order.len().checked_sub(1) else { return };
    let here = lens.focus.and_then(|focus| order.iter().position(|panel| *panel == focus));
    let there = match (here, forward) {
        (None, true) => 0,
        (None, false) => last,
        (Some(here), true) => {
            if here == last {
                0
            } else {
                here + 1
            }
        }
        (Some(here), false) => here.checked_sub(1).unwrap_or(last),
    };
    lens.focus = order.get(there).copied();
}

/// The nearest panel in a direction, by the distance of middles; sideways steps count double.
fn towards(lens: &mut Lens, action: Action, arrangement: &Arrangement) {
    let all: Vec<(usize, Rect)> = arrangement.framed.iter().chain(&arrangement.strips).copied().collect();
    let middle = |area: &Rect| {
        (i32::from(area.x) * 2 + i32::from(area.width), (i32::from(area.y) * 2 + i32::from(area.height)) * 2)
    };
    let here = lens.focus.and_then(|focus| all.iter().find(|(panel, _)| *panel == focus));
    let Some((focus, from)) = here else {
        lens.focus = order(arrangement).first().copied();
        return;
    };
    let (x, y) = middle(from);
    let distance = |area: &Rect| {
        let (to_x, to_y) = middle(area);
        let (along, aside) = match action {
            Action::Up => (y - to_y, to_x - x),
            Action::Down => (to_y - y, to_x - x),
            Action::Left => (x - to_x, to_y - y),
            _ => (to_x - x, to_y - y),
        };
        (along > 0).then_some(along + 2 * aside.abs())
    };
    let nearest = all
        .iter()
        .filter(|(panel, _)| panel != focus)
        .filter_map(|(panel, area)| Some((distance(area)?, *panel)))
        .min();
    if let Some((_, panel)) = nearest {
        lens.focus = Some(panel);
    }
}

fn worst(lens: &mut Lens, scene: &Scene) {
    let found = scene
        .pages
        .iter()
        .enumerate()
        .flat_map(|(page, of)| of.panels.iter().enumerate().map(move |(panel, one)| (page, panel, one)))
        .filter(|(_, _, one)| one.is_fed)
        .max_by_key(|(page, panel, one)| (one.status.severity(), std::cmp::Reverse((*page, *panel))));
    if let Some((page, panel, _)) = found {
        lens.page = page;
        lens.focus = Some(panel);
        lens.begin_anew();
    }
}
