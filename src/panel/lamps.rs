//! A grid of status lights: one a series, one a build, or one a row that has a status of its own. What is not ok
//! comes first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::tiles::{self, Tile, Wall};
use super::marks::{columns, row, write};
use super::{ANY, Need, Panel, PanelInput, Room};
use crate::model::judgement::{Content, JudgedTable};
use crate::model::status::Status;
use crate::model::text::SafeText;

/// Widest a lamp's name grows.
const MAX_NAME: usize = 24;

/// The panel.
#[derive(Debug)]
pub struct Lamps;

/// The keys of a lamps panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Show the value next to the name (default false).
    pub values: bool,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    lamps: Vec<Lamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Lamp {
    name: SafeText,
    value: String,
    status: Status,
}

impl View {
    /// Of lamps by their names, with what is said of each beside its status; the worst come first.
    pub fn new(lamps: impl IntoIterator<Item = (SafeText, String, Status)>) -> Self {
        let lamp = |(name, value, status)| Lamp { name, value, status };
        let mut lamps: Vec<Lamp> = lamps.into_iter().map(lamp).collect();
        lamps.sort_by(|a, b| b.status.severity().cmp(&a.status.severity()).then_with(|| a.name.cmp(&b.name)));
        Self { lamps }
    }
}

impl Lamp {
    fn tile(&self) -> Tile {
        let words = vec![self.status.word().to_owned(), self.value.clone()];
        Tile { name: self.name.to_string(), status: self.status, words, is_running: false, progress: None }
    }
}

impl Panel for Lamps {
    const VIEW: &'static str = "lamps";
    const SUMMARY: &'static str =
        "a grid of status lights, one a series, or a panel of another board; 0 is red unless limits are given";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const ROOM: Room = Room::new((16, 1), (44, 5), (ANY, 40), 2);
    const DEFAULT_CRITICAL: Option<&'static str> = Some("< 1");
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        match &input.content {
            Content::Series(series) => View::new(series.iter().zip(input.texts(series)).map(|(one, text)| {
                let value = one.value.filter(|_| options.values).map_or_else(String::new, |_| text.short.text());
                (one.name.clone(), value, one.judgement.status)
            })),
            Content::Builds(builds) => {
                View::new(builds.iter().map(|one| (one.name.clone(), String::new(), one.build.result.status())))
            }
            // What nothing judges has no lamp: nobody knows whether it is well.
            Content::Table(JudgedTable { table, rows }) => {
                let all = table.own.iter().zip(rows).enumerate().filter(|(_, (own, _))| own.status.is_some());
                View::new(all.map(|(row, (own, status))| {
                    let value = if options.values { table.value_of(row) } else { SafeText::default() };
                    let late = if own.is_late { "late" } else { "" };
                    let words = format!("{late} {value}").trim().to_owned();
                    (table.name_of(row), words, *status)
                }))
            }
            _ => View { lamps: Vec::new() },
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if view.lamps.is_empty() || area.width < 3 || area.height == 0 {
            return;
        }
        let tiles: Vec<Tile> = view.lamps.iter().map(Lamp::tile).collect();
        if let Some(wall) = Wall::new(&tiles, area, ink) {
            wall.draw(&tiles, buffer, ink);
            return;
        }
        let label = |lamp: &Lamp| {
            if lamp.value.is_empty() { lamp.name.to_string() } else { format!("{} {}", lamp.name, lamp.value) }
        };
        let widest =
            view.lamps.iter().map(|lamp| lamp.name.width() + lamp.value.width()).max().unwrap_or(0).min(MAX_NAME);
        let width = (widest as u16 + 5).min(area.width);
        let across = (area.width / width).max(1);
        let capacity = usize::from(across) * usize::from(area.height);
        let shown = if view.lamps.len() > capacity { capacity - 1 } else { view.lamps.len() };
        // In a single row, and of those that are all well, how many there are says more than the names of some.
        let worst = view.lamps.first().map_or(Status::Ok, |lamp| lamp.status);
        if shown < view.lamps.len() && (area.height == 1 || worst == Status::Ok) {
            write(buffer, area, 0, 0, ink.lamp(worst), ink.style(worst.into()));
            write(buffer, area, 2, 0, &Self::strip(view), ink.value(worst));
            return;
        }
        // With room to spare, rows stand apart.
        let rows = (view.lamps.len() as u16).div_ceil(across);
        let each = if area.height >= rows * 2 { 2 } else { 1 };
        let cell = |n: usize| columns(row(area, n as u16 / across * each), n as u16 % across * width, width - 1);
        for (n, lamp) in view.lamps.iter().take(shown).enumerate() {
            let style = ink.style(lamp.status.into());
            write(buffer, cell(n), 0, 0, ink.lamp(lamp.status), style);
            write(buffer, cell(n), 2, 0, &label(lamp), ink.value(lamp.status));
        }
        if shown < view.lamps.len() {
            let text = format!("+{}", view.lamps.len() - shown);
            write(buffer, cell(shown), 0, 0, &text, ink.style(Role::Muted));
        }
    }

    fn room(view: &View) -> Room {
        Self::ROOM.with_rows(tiles::rows(view.lamps.iter().map(|lamp| lamp.status)))
    }

    fn strip(view: &View) -> String {
        let parts: Vec<String> = Status::WORST_FIRST
            .into_iter()
            .filter_map(|status| {
                let count = view.lamps.iter().filter(|lamp| lamp.status == status).count();
                (count > 0).then(|| format!("{count} {}", status.word()))
            })
            .collect();
        parts.join(", ")
    }
}
