//! Status over time: a strip a series or a build, filled with the status that it had.
//!
//! ```text
//! api       ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  100 %   how long it was ok, of the time that is known
//! checkout  ▒▒▒▒▒▒▒▒▒▒▒███▒▒▒▒▒▒▒   ▒▒▒▒▒▒   92 %   nothing is known of a gap
//!           └───────┴───────┴───────┴─────
//!           13:32   13:52   14:12   14:32
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Glyphs, Ground, Ink, Role};
use super::marks::{Window, columns, put, row, scale, time_axis, write, write_right};
use super::trend::reach;
use super::{ANY, Need, Panel, PanelInput, Room};
use crate::model::build::{BuildResult, Run, TrackedBuild};
use crate::model::judgement::{Content, JudgedSeries};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, Zone};

/// Rows of a strip, at most.
const THICKEST: u16 = 3;
/// Most strips that are kept.
const MOST_STRIPS: usize = 200;
/// Most stretches that are kept of a strip: as many as a wide screen has columns.
const MOST_STRETCHES: usize = 400;

/// The panel.
#[derive(Debug)]
pub struct StateTimeline;

/// The keys of a state-timeline panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// The worst first.
    strips: Vec<Strip>,
    hidden: usize,
    from: Timestamp,
    to: Timestamp,
    zone: Zone,
    changes: Changes,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Strip {
    name: SafeText,
    status: Status,
    /// What is known, oldest first; between two of them nothing is.
    stretches: Vec<Stretch>,
    /// How much of the known time it was ok, 0 to 1.
    ok: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    status: Status,
}

impl Panel for StateTimeline {
    const VIEW: &'static str = "state-timeline";
    const SUMMARY: &'static str = "status over time, a strip a series or build; 0 is red unless limits are given";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const ROOM: Room = Room::new((24, 1), (60, 5), (ANY, 40), 2);
    const DEFAULT_CRITICAL: Option<&'static str> = Some("< 1");
    type Options = Options;
    type View = View;

    fn view(_: &Options, input: &PanelInput<'_>) -> View {
        let (from, to) = (input.now.minus(input.window), input.now);
        let (count, strips) = match &input.content {
            Content::Series(series) => {
                let worst = worst_first(series.iter().map(|one| (one.judgement.status, one)));
                (series.len(), worst.map(|one| Strip::from_series(one, input)).collect())
            }
            Content::Builds(builds) => {
                let worst = worst_first(builds.iter().map(|one| (one.build.result.status(), *one)));
                (builds.len(), worst.map(|build| Strip::from_build(build, (from, to))).collect::<Vec<_>>())
            }
            _ => (0, Vec::new()),
        };
        View {
            hidden: count - strips.len(),
            strips,
            from,
            to,
            zone: input.zone.clone(),
            changes: Changes::between(input, from, to),
        }
    }

    fn within(view: &View, window: Span) -> Option<View> {
        let changes = view.changes.within(window)?;
        let from = changes.from;
        let strips = view.strips.iter().map(|strip| strip.since(from)).collect();
        Some(View { strips, from, changes, ..view.clone() })
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let count = view.strips.len() as u16;
        if count == 0 || area.height == 0 {
            return;
        }
        let axis_rows = if area.height >= count + time_axis::ROWS { time_axis::ROWS } else { 0 };
        let list = Rect { height: area.height - axis_rows, ..area };
        let each = (list.height / count).clamp(1, THICKEST + 1);
        let thickness = if each > 1 { each - 1 } else { 1 };
        let seen = Window::new(view.strips.len(), usize::from(list.height / each), ink.scroll);
        let names = view
            .strips
            .iter()
            .map(|strip| strip.label(ink).width())
            .max()
            .unwrap_or(0)
            .min(usize::from(area.width / 3));
        let left = if names > 0 { names as u16 + 1 } else { 0 };
        let right = if area.width >= WIDE { PERCENT } else { 0 };
        let plot = columns(list, left, area.width.saturating_sub(left + right));
        for (n, strip) in view.strips.iter().skip(seen.first).take(seen.shown).enumerate() {
            let top = n as u16 * each;
            let middle = row(list, top + (thickness - 1) / 2);
            write(buffer, columns(middle, 0, names as u16), 0, 0, &strip.label(ink), ink.value(strip.status));
            if let Some(ok) = strip.ok.filter(|_| right > 0) {
                write_right(buffer, middle, 0, &percent(ok), ink.style(Role::Muted));
            }
            for (x, status) in strip.cells((view.from, view.to), plot.width).into_iter().enumerate() {
                let Some(status) = status else { continue };
                let (symbol, style) = cell(status, each == 1, ink);
                (top..top + thickness).for_each(|y| put(buffer, plot, x as u16, y, symbol, style));
            }
        }
        let used = Rect { height: plot.height.min(each * seen.shown as u16), ..plot };
        let rest = match (seen.rest.as_str(), view.hidden) {
            (rest, 0) => rest.to_owned(),
            ("", hidden) => format!("{hidden} more"),
            (rest, hidden) => format!("{rest}, {hidden} that are not kept"),
        };
        if !rest.is_empty() {
            write(buffer, row(list, list.height - 1), 0, 0, &rest, ink.style(Role::Muted));
        } else if axis_rows > 0 {
            let below = Rect { y: used.bottom(), height: axis_rows, ..plot };
            time_axis::draw((view.from, view.to), &view.zone, (below, 0), buffer, ink);
            view.changes.draw_glyphs(row(below, 0), buffer, ink);
            return;
        }
        view.changes.draw_glyphs(used, buffer, ink);
    }

    fn room(view: &View) -> Room {
        Self::ROOM.with_rows(rows(view.strips.len()))
    }

    fn strip(view: &View) -> String {
        let words = |strip: &Strip| format!("{} {}", strip.name, strip.ok.map(percent).unwrap_or_default());
        let all: Vec<String> = view.strips.iter().take(3).map(words).collect();
        all.join("  ").trim().to_owned()
    }

    fn changes(view: &View) -> Option<&Changes> {
        Some(&view.changes)
    }

    fn said_at(view: &View, at: Timestamp) -> String {
        let words = |strip: &Strip| Some(format!("{} {}", strip.name, strip.at(at)?.word()));
        view.strips.iter().filter_map(words).collect::<Vec<_>>().join("  ").trim().to_owned()
    }

    fn lines(view: &View) -> usize {
        view.strips.len()
    }
}

fn worst_first<T>(all: impl Iterator<Item = (Status, T)>) -> impl Iterator<Item = T> {
    let mut all: Vec<(Status, T)> = all.collect();
    all.sort_by_key(|(status, _)| std::cmp::Reverse(status.severity()));
    all.into_iter().take(MOST_STRIPS).map(|(_, one)| one)
}

/// The narrowest panel with a column for how long it was ok, and that column.
const WIDE: u16 = 40;
const PERCENT: u16 = 7;

fn rows(strips: usize) -> (u16, u16) {
    let count = u16::try_from(strips).unwrap_or(ANY);
    (count.saturating_mul(2) + time_axis::ROWS, count.saturating_mul(THICKEST + 1) + time_axis::ROWS)
}

/// In per cent, rounded down: 99.99 % is not all the time.
fn percent(part: f64) -> String {
    let tenths = (part * 1000.0 + 1e-9).floor();
    if tenths >= 1000.0 { "100 %".to_owned() } else { format!("{:.1} %", tenths / 10.0) }
}

/// A cell of a strip; a slim one is half as high, so that strips right above each other stay apart. Where a screen cannot
/// fill it with a colour of its own, a sign says what it is.
fn cell(status: Status, slim: bool, ink: &Ink) -> (&'static str, Style) {
    let (ground, plain) = (ink.on(Ground::Fill(status)).style(Role::Text), ink.style(Role::Text));
    if ground.bg != plain.bg && !ink.dimmed {
        let [.., half, _, _, _, _] = ink.glyphs.bars();
        let is_half = slim && ink.glyphs != Glyphs::Ascii;
        return if is_half { (half, Style { fg: ground.bg, ..plain }) } else { (" ", ground) };
    }
    let [_, light, _, dense, full] = ink.glyphs.densities();
    let symbol = match status {
        Status::Ok => ink.glyphs.ground(),
        Status::Warning => dense,
        Status::Critical => full,
        Status::Unknown => light,
    };
    (symbol, ink.stroke(status.into()))
}

impl Strip {
    /// Its name, with the lamp of what is not well.
    fn label(&self, ink: &Ink) -> String {
        match self.status {
            Status::Ok => self.name.to_string(),
            status => format!("{} {}", ink.lamp(status), self.name),
        }
    }

    fn new(name: SafeText, status: Status, stretches: Vec<Stretch>) -> Self {
        let length = |stretch: &Stretch| (stretch.to.0 - stretch.from.0) as f64;
        let known: f64 = stretches.iter().map(length).sum();
        let ok: f64 = stretches.iter().filter(|stretch| stretch.status == Status::Ok).map(length).sum();
        let ok = (known > 0.0).then(|| ok / known);
        Self { name, status, stretches: within_bounds(stretches), ok }
    }

    /// Its last part.
    fn since(&self, from: Timestamp) -> Self {
        let last = self.stretches.iter().filter(|stretch| stretch.to > from);
        let stretches = last.map(|stretch| Stretch { from: stretch.from.max(from), ..*stretch }).collect();
        Self::new(self.name.clone(), self.status, stretches)
    }

    /// A value holds until the next one, as far as that is near; its status is the one that was given then.
    fn from_series(series: &JudgedSeries<'_>, input: &PanelInput<'_>) -> Self {
        let reach = reach(&series.points, input.refresh);
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut changes = series.past.iter().peekable();
        // Of what came before the first status that is known nothing is.
        let mut status = None;
        for (n, point) in series.points.iter().enumerate() {
            while let Some(change) = changes.next_if(|change| change.at <= point.at) {
                status = Some(change.status);
            }
            let next = series.points.get(n + 1).map_or(input.now, |next| next.at);
            let to = next.min(point.at.plus(reach)).min(input.now);
            if let Some(status) = status.filter(|_| point.value.is_finite() && to > point.at) {
                add(&mut stretches, Stretch { from: point.at, to, status });
            }
        }
        Self::new(series.name.clone(), series.judgement.status, stretches)
    }

    /// A result holds until the next one.
    fn from_build(tracked: &TrackedBuild, (from, to): (Timestamp, Timestamp)) -> Self {
        let is_result = |run: &&Run| run.is_complete() && run.result.is_decisive();
        let result = |run: &Run| run.finished_at.map(|at| (at, run.result));
        let mut results: Vec<(Timestamp, BuildResult)> =
            tracked.build.history.iter().filter(is_result).filter_map(result).collect();
        results.sort_by_key(|(at, _)| *at);
        let mut stretches = Vec::new();
        for (n, (at, result)) in results.iter().enumerate() {
            let end = results.get(n + 1).map_or(to, |(next, _)| *next).min(to);
            if end > (*at).max(from) {
                add(&mut stretches, Stretch { from: (*at).max(from), to: end, status: result.status() });
            }
        }
        Self::new(tracked.name.clone(), tracked.build.result.status(), stretches)
    }

    fn at(&self, at: Timestamp) -> Option<Status> {
        self.stretches.iter().rev().find(|stretch| stretch.from <= at && at <= stretch.to).map(|stretch| stretch.status)
    }

    /// The worst status of each column.
    fn cells(&self, (from, to): (Timestamp, Timestamp), width: u16) -> Vec<Option<Status>> {
        let mut cells: Vec<Option<Status>> = vec![None; usize::from(width)];
        let column = |at: Timestamp| scale::column(at.max(from), from, to, width).map_or(0, usize::from);
        for stretch in self.stretches.iter().filter(|stretch| stretch.to > from) {
            // Up to its end, but not into the column where the next one begins, unless it is that short.
            let (first, end) = (column(stretch.from), column(Timestamp(stretch.to.0 - 1)));
            for cell in cells.get_mut(first..=end.max(first)).unwrap_or_default() {
                let worse =
                    |known: Status| if stretch.status.severity() > known.severity() { stretch.status } else { known };
                *cell = Some(cell.map_or(stretch.status, worse));
            }
        }
        cells
    }
}

/// Adds a stretch; one of the same status right before it becomes longer.
fn add(stretches: &mut Vec<Stretch>, next: Stretch) {
    match stretches.last_mut() {
        Some(last) if last.status == next.status && last.to >= next.from => last.to = next.to,
        _ => stretches.push(next),
    }
}

/// At most so many as can be told apart: of more the oldest are left out.
fn within_bounds(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.drain(..stretches.len().saturating_sub(MOST_STRETCHES));
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::judgement::{Judgement, StatusChange};
    use crate::model::series::Point;
    use crate::model::time::Span;
    use crate::panel::marks::text;

    fn drawn(past: &[StatusChange], moments: &[i64], width: u16) -> String {
        let points: Vec<Point> = moments.iter().map(|at| Point { at: Timestamp(at * 10), value: 1.0 }).collect();
        let series = JudgedSeries {
            name: "web".into(),
            points: points.into(),
            value: Some(1.0),
            judgement: Judgement::new(Status::Ok),
            lack: None,
            past,
        };
        let zone = Zone::utc();
        let input =
            PanelInput { window: Span(200), ..PanelInput::alone(Content::Series(vec![series]), Timestamp(200), &zone) };
        let view = StateTimeline::view(&Options {}, &input);
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        StateTimeline::draw(&view, area, &mut buffer, &Ink::new([Style::default(); 18], Glyphs::Ascii));
        text(&buffer)
    }

    #[test]
    fn a_strip_has_the_status_of_each_moment_and_gaps_where_nothing_is_known() {
        let change = |at, status| StatusChange { at: Timestamp(at), status };
        let past = [change(0, Status::Ok), change(100, Status::Critical), change(130, Status::Ok)];
        let all: Vec<i64> = (0..20).collect();
        assert_eq!(drawn(&past, &all, 24), "web ----------###-------\n");
        // A short outage is not lost when time is squeezed, and counts against the time that is known.
        assert_eq!(drawn(&past, &all, 14), "web -----##---\n");
        assert!(drawn(&past, &all, 47).ends_with("85.0 %\n"));
        let some: Vec<i64> = (0..5).chain(15..20).collect();
        assert_eq!(drawn(&past[..1], &some, 24), "web -------        -----\n");
    }

    #[test]
    fn nearly_always_is_not_always() {
        assert_eq!([percent(1.0), percent(0.99999), percent(0.5)], ["100 %", "99.9 %", "50.0 %"]);
    }
}
