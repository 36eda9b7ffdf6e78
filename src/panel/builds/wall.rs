//! Builds as a wall of tiles, where there is room for one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::ink::Ink;
use super::super::marks::tiles::{Tile, Wall};
use super::line::{Line, View};
use super::list;
use crate::model::build::Activity;
use crate::model::status::Status;

/// Draws the wall; a list, where that says more or where there is no room for tiles.
pub(super) fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let lines: Vec<&Line> = view.lines.iter().collect();
    let single: Vec<Tile> = lines.iter().map(|line| tile(line)).collect();
    let tiles = match Wall::new(&single, area, ink) {
        Some(wall) => Some((wall, single)),
        None if view.groups => {
            let groups = with_groups(&lines);
            Wall::new(&groups, area, ink).map(|wall| (wall, groups))
        }
        None => None,
    };
    let fits_as_list = list::fits(lines.len(), area);
    match tiles {
        Some((wall, tiles)) if wall.is_roomy() || (wall.is_calm() && !fits_as_list) => wall.draw(&tiles, buffer, ink),
        _ => list::draw(view, area, buffer, ink),
    }
}

fn tile(line: &Line) -> Tile {
    let words = [line.state.clone(), line.doing.clone()].into_iter().chain(line.notes.iter().cloned());
    Tile {
        name: line.name.to_string(),
        status: line.shown_status(),
        words: words.collect(),
        is_running: line.activity == Activity::Running,
        progress: line.progress,
    }
}

/// What stands out, a tile each; the others by their groups.
fn with_groups(lines: &[&Line]) -> Vec<Tile> {
    let (out, calm): (Vec<&Line>, Vec<&Line>) = lines.iter().copied().partition(|line| line.stands_out());
    let of_group =
        |(status, name): (Status, String)| Tile { name, status, words: Vec::new(), is_running: false, progress: None };
    out.into_iter().map(tile).chain(list::grouped(&calm).into_iter().map(of_group)).collect()
}
