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
            let (count, shows_groups) = (list.rows(inspection), list.group(inspection, 0).is_some());
            // Of groups one is chosen, of lines a screen of them stays: counts above it, and what is typed below, take rows of
            // it; a wrapped line has several.
            let stays =
                if shows_groups || list.is_wrapped(inspection) { 1 } else { rows.saturating_sub(BESIDE).max(1) };
            let is_further = (action == Action::Up) != shows_groups;
            let scroll = if is_further { lens.scroll + 1 } else { lens.scroll.saturating_sub(1) };
            lens.scroll = scroll.min(count.saturating_sub(stays.min(count)));
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

/// Whoever reads back does not want the lines to move.
fn hold(lens: &mut Lens, live: &Arc<Scene>) {
    if lens.scroll > 0 && lens.frozen.is_none() {
        lens.frozen = Some(Arc::clone(live));
        lens.reads_back = true;
    }
}
