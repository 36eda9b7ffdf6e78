//! What actions do on a long list that is zoomed: search, filter, groups.

use std::sync::Arc;

use super::intent::Action;
use crate::model::inspection::{Field, Inspection};
use crate::view::lens::Lens;
use crate::view::scene::Scene;

/// Rows of a list that are not its lines.
const BESIDE: usize = 5;

/// Applies an action to the list that is zoomed; false where it is one for all panels alike. `rows` is how many rows of
/// it are seen.
pub(super) fn apply(lens: &mut Lens, action: Action, scene: &Scene, live: &Arc<Scene>, rows: usize) -> bool {
    let Some(list) = lens.inspected(scene) else { return false };
    let count = lens.lines(scene);
    let inspection = &mut lens.inspection;
    match action {
        Action::Search | Action::Filter => {
            inspection.typing = Some(if action == Action::Search { Field::Search } else { Field::Filter });
            return true;
        }
        Action::Type(character) => inspection.add(character),
        Action::Erase { all } => erase(inspection, all),
        Action::Zoom if inspection.typing.is_some() => {
            inspection.typing = None;
            return true;
        }
        Action::Zoom => {
            let Some(group) = list.group(inspection, lens.scroll) else { return false };
            inspection.group = Some(group);
            lens.scroll = 0;
            return true;
        }
        Action::Groups if inspection.group.take().is_none() => inspection.groups = !inspection.groups,
        Action::Groups => {}
        Action::Wrap => {
            inspection.wraps = !inspection.wraps;
            return true;
        }
        Action::Back if lens.help.is_none() && inspection.back() => {}
        Action::Up | Action::Down => {
            let shows_groups = list.group(inspection, 0).is_some();
            scroll(lens, (action == Action::Up) != shows_groups, (count, rows), shows_groups);
            hold(lens, live);
            return true;
        }
        Action::NextEvent | Action::PreviousEvent => {
            // As in a pager: the next match is the one before in time, because one reads from the newest on.
            if let Some(row) = list.found(inspection, lens.scroll, action == Action::NextEvent) {
                lens.scroll = row;
                hold(lens, live);
            }
            return true;
        }
        _ => return false,
    }
    lens.scroll = 0;
    true
}

fn erase(inspection: &mut Inspection, all: bool) {
    if let Some(text) = inspection.typed() {
        if all {
            text.clear();
        } else {
            text.pop();
        }
    }
}

/// By a row, no further than to the last one: of lines a screen of them stays, of groups one is chosen.
fn scroll(lens: &mut Lens, further: bool, (count, rows): (usize, usize), shows_groups: bool) {
    // Counts over the list, and what is typed below it, take rows of it; a wrapped line has several.
    let screen = if lens.inspection.wraps { 1 } else { rows.saturating_sub(BESIDE).max(1) };
    let most = count.saturating_sub(if shows_groups { 1 } else { screen.min(count) });
    lens.scroll = if further { lens.scroll + 1 } else { lens.scroll.saturating_sub(1) }.min(most);
}

/// Whoever reads back does not want the lines to move.
fn hold(lens: &mut Lens, live: &Arc<Scene>) {
    if lens.scroll > 0 && lens.frozen.is_none() {
        lens.frozen = Some(Arc::clone(live));
        lens.reads_back = true;
    }
}
