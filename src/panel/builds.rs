//! The red and green wall: worst first, the oldest red first; greens are counted when room is short.
//!
//! ```text
//! ✖ shop/main      red 12 min · 2 builds · #482   ▶ running
//! ● shop/release   ok  41 min   v2.14
//!   18 more ok
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Deserialize;
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::{columns, row, write};
use super::{Need, Panel, Reading, Room};
use crate::model::build::{Activity, BuildResult, TrackedBuild};
use crate::model::judgement::Content;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// The narrowest column of builds; wider panels show several beside each other.
const COLUMN: u16 = 44;

/// The panel.
#[derive(Debug)]
pub struct Builds;

/// The keys of a builds panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    lines: Vec<Line>,
    answered: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Line {
    name: SafeText,
    status: Status,
    /// "red 12 min", "ok 41 min", "unknown".
    state: String,
    /// "2 builds", "#482", "v2.14".
    notes: Vec<String>,
    activity: Activity,
    /// "running 40 s", "queued".
    doing: String,
}

impl Line {
    fn of(one: &TrackedBuild, now: Timestamp) -> Self {
        let build = &one.build;
        // A minute is as exact as a wall needs, and a line that changes each second is not calm.
        let age = |at: Timestamp| {
            let span = at.age_at(now);
            if span < Span::seconds(60) { "now".to_owned() } else { span.brief() }
        };
        let state = match build.result {
            BuildResult::Failure | BuildResult::Error => {
                let since = one.red_since.map_or_else(String::new, |at| format!(" {}", age(at)));
                let word = if build.result == BuildResult::Error { "error" } else { "red" };
                format!("{word}{since}")
            }
            BuildResult::Unknown if !build.raw.is_empty() => format!("unknown: {}", build.raw),
            result => {
                let ended = build.finished_at.map_or_else(String::new, |at| format!(" {}", age(at)));
                format!("{}{ended}", result.word())
            }
        };
        let mut notes = Vec::new();
        if one.red_streak > 1 {
            notes.push(format!("{} builds", one.red_streak));
        }
        let label = if one.broken_by.is_empty() { &build.label } else { &one.broken_by };
        if !label.is_empty() {
            let bare_number = label.as_str().bytes().all(|b| b.is_ascii_digit());
            let since = if one.red_streak > 1 { "since " } else { "" };
            notes.push(if bare_number { format!("{since}#{label}") } else { format!("{since}{label}") });
        }
        let doing = match build.activity {
            Activity::Idle => String::new(),
            Activity::Queued => "queued".to_owned(),
            Activity::Running => one.running_since.map_or_else(
                || "running".to_owned(),
                |at| format!("running {}", Span(at.age_at(now).0 / 10_000 * 10_000).brief()),
            ),
        };
        Self { name: build.name.clone(), status: build.result.status(), state, notes, activity: build.activity, doing }
    }
}

impl Panel for Builds {
    const VIEW: &'static str = "builds";
    const SUMMARY: &'static str =
        "the red and green wall: worst first, oldest red first, running beside the last result";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const ROOM: Room = Room { min_width: 24, min_height: 2, ideal_height: 7, weight: 4 };
    type Options = Options;
    type View = View;

    fn view(_: &Options, reading: &Reading<'_>) -> View {
        match &reading.content {
            Content::Builds(builds) => {
                View { lines: builds.iter().map(|one| Line::of(one, reading.now)).collect(), answered: true }
            }
            content => View { lines: Vec::new(), answered: !matches!(content, Content::Nothing) },
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if view.lines.is_empty() {
            let words = if view.answered { "no builds" } else { "" };
            write(buffer, area, 1, 0, words, ink.style(Role::Muted));
            return;
        }
        let across =
            (area.width / COLUMN).clamp(1, 4).min((view.lines.len() as u16).div_ceil(area.height.max(1)).max(1));
        let width = area.width / across;
        let capacity = usize::from(across) * usize::from(area.height);
        let shown = if view.lines.len() > capacity { capacity.saturating_sub(1) } else { view.lines.len() };
        let names = view.lines.iter().take(shown).map(|line| line.name.width()).max().unwrap_or(0);
        let names = (names as u16).min(width / 2);
        for (n, line) in view.lines.iter().take(shown).enumerate() {
            let n = n as u16;
            let at =
                columns(row(area, n % area.height.max(1)), n / area.height.max(1) * width, width.saturating_sub(1));
            draw_line(line, at, names, buffer, ink);
        }
        if shown < view.lines.len() {
            let n = shown as u16;
            let at = columns(row(area, n % area.height.max(1)), n / area.height.max(1) * width, width);
            let rest = counted(view.lines.get(shown..).unwrap_or_default());
            write(buffer, at, 2, 0, &rest, ink.style(Role::Muted));
        }
    }

    fn strip(view: &View) -> String {
        counted(&view.lines).replace(" more", "")
    }
}

/// "2 more red, 1 more unknown, 18 more ok".
fn counted(lines: &[Line]) -> String {
    let word = |status: Status| if status == Status::Critical { "red" } else { status.word() };
    let parts: Vec<String> = Status::WORST_FIRST
        .into_iter()
        .filter_map(|status| {
            let count = lines.iter().filter(|line| line.status == status).count();
            (count > 0).then(|| format!("{count} more {}", word(status)))
        })
        .collect();
    parts.join(", ")
}

fn draw_line(line: &Line, area: Rect, names: u16, buffer: &mut Buffer, ink: &Ink) {
    let style = ink.style(line.status.into());
    write(buffer, area, 0, 0, ink.lamp(line.status), style);
    let name_style = if line.status.severity() > 1 { style } else { ink.style(Role::Text) };
    write(buffer, columns(area, 2, names), 0, 0, line.name.as_str(), name_style);
    let mut x = names + 4;
    x += write(buffer, area, x, 0, &line.state, style);
    if line.activity != Activity::Idle {
        let glyph = ink.glyphs.running();
        x += 2;
        x += write(buffer, area, x, 0, &format!("{glyph} {}", line.doing), ink.style(Role::Accent));
    }
    for note in &line.notes {
        let note = format!("{}{note}", ink.glyphs.dot());
        if x + note.width() as u16 <= area.width {
            x += write(buffer, area, x, 0, &note, ink.style(Role::Muted));
        }
    }
}
