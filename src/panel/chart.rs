//! Lines over time, with axes, limits and a legend that carries the current values.
//!
//! ```text
//! 2.0 s┤                        ⣀⡠⠤⠒⠊⠉⠑
//!      │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⡠⠊╌╌╌╌╌╌╌╌   limits
//! 1.0 s┤⠤⠤⠒⠒⠒⠤⠤⠤⠒⠒⠒⠒⠒⠊
//!      │
//!   0 s┤
//!      └────────┴────────┴────────┴──
//!      13:32    13:52    14:12    14:32
//!      ■ p99 1.8 s   ■ p50 210 ms
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::axis::{Axis, Wanted};
use super::marks::plot::{PATTERNS, Plot, density};
use super::marks::scale::{self, Range};
use super::marks::{columns, put, row, write, write_right};
use super::trend::{self, Line, said_at};
use super::{ANY, Need, Panel, PanelInput, Room, Shape};
use crate::model::format::Format;
use crate::model::judgement::{Content, LimitLine};
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp, Zone};

/// Columns of "+12" with a space before it.
const MORE: u16 = 6;
/// Lines that can still be told apart.
const MAX_LINES: usize = 24;

/// The panel.
#[derive(Debug)]
pub struct Chart;

/// The keys of a chart panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Lower end of the axis (default: from the data, with zero where it is near).
    pub min: Option<f64>,
    /// Upper end of the axis (default: from the data).
    pub max: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    lines: Vec<Line>,
    hidden: usize,
    from: Timestamp,
    to: Timestamp,
    range: Option<Range>,
    fixed: (Option<f64>, Option<f64>),
    limits: Vec<LimitLine>,
    format: Format,
    zone: Zone,
    answered: bool,
    changes: Changes,
}

impl Panel for Chart {
    const VIEW: &'static str = "chart";
    const SUMMARY: &'static str = "lines over time, with axes, limits and a legend of current values";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room::new((24, 4), (60, 12), (ANY, ANY), 4);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let series = match &input.content {
            Content::Series(series) => series.as_slice(),
            _ => &[],
        };
        let lines = Line::for_each_series(series.get(..MAX_LINES).unwrap_or(series), input);
        let range = Range::around(lines.iter().flat_map(|line| &line.trend.points).map(|point| point.value));
        let to = lines.iter().map(|line| line.trend.to).max().unwrap_or(input.now);
        View {
            range: range.map(|range| axis_range(range, &input.limits, options)),
            fixed: (options.min, options.max),
            hidden: series.len().saturating_sub(MAX_LINES),
            from: to.minus(input.window),
            to,
            lines,
            limits: input.limits.clone(),
            format: input.format(),
            zone: input.zone.clone(),
            answered: !matches!(input.content, Content::Nothing),
            changes: Changes::between(input, to.minus(input.window), to),
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let Some(range) = view.range else {
            let words = if view.answered { "no data in this window" } else { "" };
            write(buffer, row(area, area.height / 2), 1, 0, words, ink.style(Role::Muted));
            return;
        };
        let legend_rows = if area.height >= 4 { legend_rows(view, area, ink) } else { 0 };
        let axis_rows = if area.height >= legend_rows + 5 { 2 } else { 0 };
        let plot_height = area.height.saturating_sub(legend_rows + axis_rows);
        let (range, labels) = value_axis(view, range, plot_height, ink);
        let gutter = labels.iter().map(|(_, text)| text.width()).max().unwrap_or(0) as u16 + 1;
        if gutter >= area.width || plot_height == 0 {
            return;
        }
        let plot = Rect { x: area.x + gutter, width: area.width - gutter, height: plot_height, ..area };
        draw_value_axis(&labels, Rect { width: gutter, height: plot_height, ..area }, buffer, ink);
        draw_limits(view, range, plot, buffer, ink);
        draw_lines(view, range, plot, buffer, ink);
        view.changes.draw(plot, buffer, ink);
        if axis_rows > 0 {
            let axis = Rect { y: area.y + plot_height, height: axis_rows, ..plot };
            draw_time_axis(view, axis, buffer, ink);
        }
        let legend = Rect { y: area.y + area.height - legend_rows, height: legend_rows, ..plot };
        draw_legend(view, legend, buffer, ink);
    }

    fn strip(view: &View) -> String {
        trend::strip(&view.lines)
    }

    fn changes(view: &View) -> Option<&Changes> {
        Some(&view.changes)
    }
}

/// From the data, with zero where it is near, and with limits where they are.
fn axis_range(data: Range, limits: &[LimitLine], options: &Options) -> Range {
    let mut range = data;
    for limit in limits {
        // A limit far outside would press the line flat.
        let near = Range { low: data.low.min(0.0), high: data.high.max(0.0) * 2.0 + f64::EPSILON };
        if (near.low..=near.high).contains(&limit.value) {
            range = Range { low: range.low.min(limit.value), high: range.high.max(limit.value) };
        }
    }
    if range.low > 0.0 && range.low < range.high * 0.7 {
        range.low = 0.0;
    }
    Range { low: options.min.unwrap_or(range.low), high: options.max.unwrap_or(range.high) }
}

/// Labels at round values: (row, text).
fn value_axis(view: &View, data: Range, rows: u16, ink: &Ink) -> (Range, Vec<(u16, String)>) {
    let (_, dots) = density(ink.glyphs);
    let axis = Axis::new(Wanted { data, low: view.fixed.0, high: view.fixed.1, rows, dots }, &view.format.unit);
    let values: Vec<f64> = axis.ticks.iter().map(|(_, value)| *value).collect();
    let texts = view.format.ticks(&values, view.to);
    (axis.range, axis.ticks.iter().map(|(row, _)| *row).zip(texts).collect())
}

fn draw_value_axis(labels: &[(u16, String)], gutter: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [tick, ..] = ink.glyphs.axis();
    let [.., side] = ink.glyphs.frame();
    let edge = gutter.width.saturating_sub(1);
    for y in 0..gutter.height {
        let label = labels.iter().find(|(at, _)| *at == y);
        let stroke = if label.is_some() { tick } else { side };
        put(buffer, gutter, edge, y, stroke, ink.style(Role::Border));
        if let Some((_, text)) = label {
            write_right(buffer, Rect { width: edge, ..gutter }, y, text, ink.style(Role::Muted));
        }
    }
}

fn draw_limits(view: &View, range: Range, plot: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [.., dash] = ink.glyphs.axis();
    let (_, dots) = density(ink.glyphs);
    for limit in view.limits.iter().filter(|limit| (range.low..=range.high).contains(&limit.value)) {
        let y = Axis::row(range, limit.value, plot.height, dots);
        for x in 0..plot.width {
            put(buffer, plot, x, y, dash, ink.stroke(limit.status.into()));
        }
    }
}

/// Colour and pattern of a line.
fn look(view: &View, index: usize, ink: &Ink) -> (Role, u8) {
    match view.lines.as_slice() {
        // A single line takes the colour of its status; of several, colour tells which is which.
        [alone] if alone.status != Status::Ok => (alone.status.into(), 0),
        _ => ink.series(index, PATTERNS),
    }
}

fn draw_lines(view: &View, range: Range, plot: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut canvas = Plot::new(plot, ink.glyphs);
    for index in least_urgent_first(view) {
        let Some(line) = view.lines.get(index) else { continue };
        let dots = scale::columns(&line.trend.points, view.from, view.to, canvas.columns(), line.trend.reach);
        let (role, pattern) = look(view, index, ink);
        canvas.line(&dots, range, role, pattern);
    }
    canvas.draw(buffer, ink);
}

/// The order of drawing. Where lines share a cell the last one wins: the one with the worst status, of equals the
/// one nearest to a limit, of equals the first.
fn least_urgent_first(view: &View) -> Vec<usize> {
    let distance = |line: &Line| {
        let value = line.value.unwrap_or(f64::INFINITY);
        view.limits.iter().map(|limit| (limit.value - value).abs()).fold(f64::INFINITY, f64::min)
    };
    let mut order: Vec<(usize, &Line)> = view.lines.iter().enumerate().collect();
    order.sort_by(|(n, a), (m, b)| {
        let by_status = a.status.severity().cmp(&b.status.severity());
        by_status.then_with(|| distance(b).total_cmp(&distance(a))).then(m.cmp(n))
    });
    order.into_iter().map(|(index, _)| index).collect()
}

fn draw_time_axis(view: &View, axis: Rect, buffer: &mut Buffer, ink: &Ink) {
    let [_, corner, line, tick, _] = ink.glyphs.axis();
    let style = ink.style(Role::Border);
    let span = (view.to.0 - view.from.0).max(1);
    let with_seconds = span <= 600_000;
    let label_width = if with_seconds { 8 } else { 5 };
    for x in 0..axis.width {
        put(buffer, axis, x, 0, line, style);
    }
    if axis.x > buffer.area.x {
        let left = Rect { x: axis.x - 1, width: 1, ..axis };
        put(buffer, left, 0, 0, corner, style);
    }
    let every = time_step(span, axis.width, label_width + 3);
    let mut at = view.from.0.div_euclid(every) * every + every;
    let mut free_from = 0;
    while at <= view.to.0 {
        let moment = Timestamp(at);
        let Some(x) = view.changes.column(moment, axis.width) else { break };
        put(buffer, axis, x, 0, tick, style);
        let text = if with_seconds { moment.clock(&view.zone) } else { moment.hour_minute(&view.zone) };
        let left = x.saturating_sub(label_width / 2).min(axis.width.saturating_sub(label_width));
        if left >= free_from && axis.width >= label_width {
            write(buffer, axis, left, 1, &text, ink.style(Role::Muted));
            free_from = left + label_width + 1;
        }
        at += every;
    }
}

/// A step of the clock that leaves room for the labels, in milliseconds.
fn time_step(span: i64, width: u16, label: u16) -> i64 {
    const STEPS: [i64; 15] = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let most = i64::from((width / label.max(1)).max(1));
    STEPS.into_iter().map(|s| s * 1000).find(|step| span / step <= most).unwrap_or_else(|| {
        let day = Span::seconds(86_400).0;
        (span / most / day + 1) * day
    })
}

/// Mark, words and index of each line, the greatest value first. (Not by the moment that is pointed at: nothing
/// moves under the eyes of who points.)
fn entries(view: &View, ink: &Ink) -> Vec<(String, String, usize)> {
    // Where the viewer points, the value of that moment stands for the current one.
    let said: Vec<String> = match ink.cursor {
        Some(cursor) => said_at(&view.lines, cursor, &view.format).into_iter().map(|(_, text)| text).collect(),
        None => view.lines.iter().map(|line| line.text.short.text()).collect(),
    };
    let mut order: Vec<(usize, &Line)> = view.lines.iter().enumerate().collect();
    let size = |line: &Line| line.value.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|(n, a), (m, b)| size(b).total_cmp(&size(a)).then(n.cmp(m)));
    order
        .into_iter()
        .map(|(index, line)| {
            let name = if line.name.is_empty() { String::new() } else { format!("{} ", line.name) };
            let mark = format!("{} ", ink.glyphs.legend(look(view, index, ink).1));
            (mark, format!("{name}{}", said.get(index).map_or("", String::as_str)), index)
        })
        .collect()
}

fn legend_rows(view: &View, area: Rect, ink: &Ink) -> u16 {
    let mut rows = 1;
    let mut used = 0;
    for (mark, text, _) in entries(view, ink) {
        let width = mark.width() + text.width() + 3;
        if used > 0 && used + width > usize::from(area.width.saturating_sub(8)) {
            rows += 1;
            used = 0;
        }
        used += width;
    }
    rows.min((area.height / 4).max(1))
}

fn draw_legend(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let (mut x, mut y) = (0, 0);
    let all = entries(view, ink);
    for (n, (mark, text, index)) in all.iter().enumerate() {
        let width = (mark.width() + text.width()) as u16;
        let hidden = all.len() - n + view.hidden;
        let last_row = y + 1 >= area.height;
        // The last row keeps room to say how many more there are.
        let reserved = if last_row && hidden > 1 { MORE } else { 0 };
        if x > 0 && x + width + reserved > area.width {
            if last_row {
                write(buffer, columns(area, x, area.width), 0, y, &format!("+{hidden}"), ink.style(Role::Muted));
                break;
            }
            (x, y) = (0, y + 1);
        }
        let Some(line) = view.lines.get(*index) else { break };
        let used = write(buffer, area, x, y, mark, ink.style(look(view, *index, ink).0));
        write(buffer, area, x + used, y, text, ink.value(line.status));
        x += width + 3;
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Cell;
    use ratatui::style::{Color, Style};

    use super::*;
    use crate::model::judgement::{JudgedSeries, Judgement};
    use crate::model::series::Point;
    use crate::panel::ink::Glyphs;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn line(name: &str, value: f64, status: Status) -> JudgedSeries<'static> {
        let points = (0..100).map(|n| Point { at: NOW.minus(Span(1000 - n * 10)), value }).collect::<Vec<_>>();
        JudgedSeries {
            name: name.into(),
            points: points.into(),
            value: Some(value),
            judgement: Judgement::new(status),
            lack: None,
        }
    }

    /// Each series has a colour of its own; the roles before them none.
    fn ink() -> Ink {
        let mut styles = [Style::default(); 18];
        for (n, style) in styles.iter_mut().enumerate().skip(10) {
            style.fg = Some(Color::Indexed(n as u8));
        }
        Ink::new(styles, Glyphs::Full)
    }

    fn drawn(series: Vec<JudgedSeries<'_>>, limits: &[f64], ink: &Ink, size: (u16, u16)) -> Buffer {
        let zone = Zone::utc();
        let limits = limits.iter().map(|value| LimitLine { status: Status::Critical, value: *value }).collect();
        let input = PanelInput { limits, ..PanelInput::alone(Content::Series(series), NOW, &zone) };
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buffer = Buffer::empty(area);
        Chart::draw(&Chart::view(&Options::default(), &input), area, &mut buffer, ink);
        buffer
    }

    fn rows(buffer: &Buffer) -> Vec<String> {
        let width = usize::from(buffer.area.width);
        buffer.content.chunks(width).map(|row| row.iter().map(Cell::symbol).collect()).collect()
    }

    #[test]
    fn a_limit_stands_in_the_row_of_its_value() {
        let highest = || line("b", 3.0, Status::Ok);
        let dashes = |buffer: &Buffer| rows(buffer).iter().filter(|row| row.contains('╌')).count();
        for height in 6..40 {
            for limit in [0.3, 1.0, 1.5, 2.9] {
                // The line of the value lies over the dashes of the limit, and hides them all.
                let both = drawn(vec![line("a", limit, Status::Ok), highest()], &[limit], &ink(), (60, height));
                assert_eq!(dashes(&both), 0, "{limit} at {height}: {:#?}", rows(&both));
            }
            assert_eq!(dashes(&drawn(vec![highest()], &[1.0], &ink(), (60, height))), 1, "at {height}");
        }
    }

    #[test]
    fn where_two_share_a_cell_the_one_nearest_its_limit_wins() {
        let colour = |mut series: Vec<JudgedSeries<'_>>, limits: &[f64]| {
            // A third one far away, so that the two are nearly one.
            series.push(line("far", 3.0, Status::Ok));
            let buffer = drawn(series, limits, &ink(), (40, 12));
            let is_plot = |cell: &&Cell| cell.symbol().starts_with(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
            let all = buffer.content.iter().filter(is_plot).map(|cell| cell.fg);
            let colours: Vec<Color> = all.filter(|colour| *colour != Color::Indexed(12)).collect();
            assert!(colours.windows(2).all(|pair| pair[0] == pair[1]), "they share all cells: {colours:?}");
            colours[0]
        };
        let ok = |value| line("x", value, Status::Ok);
        assert_eq!(colour(vec![ok(0.5), ok(0.505)], &[2.0]), Color::Indexed(11));
        assert_eq!(colour(vec![ok(0.505), ok(0.5)], &[2.0]), Color::Indexed(10));
        assert_eq!(colour(vec![ok(0.5), ok(0.505)], &[0.0]), Color::Indexed(10));
        let critical = line("y", 0.5, Status::Critical);
        assert_eq!(colour(vec![ok(0.505), critical], &[2.0]), Color::Indexed(11), "the worst wins over the nearest");
    }

    #[test]
    fn a_legend_is_sorted_by_value_and_no_two_entries_look_alike() {
        let many = |count: i32| (0..count).map(|n| line(&format!("s{n}"), f64::from(n * 7 % 11), Status::Ok)).collect();
        let no_colours = Ink::new([Style::default(); 18], Glyphs::Full);
        for (ink, count) in [(ink(), 20), (no_colours, 3)] {
            let buffer = drawn(many(count), &[], &ink, (160, 24));
            let marks = buffer.content.iter().filter(|cell| ["■", "□", "▫"].contains(&cell.symbol()));
            let looks: Vec<(&str, Color)> = marks.map(|cell| (cell.symbol(), cell.fg)).collect();
            assert_eq!(looks.len(), count as usize, "{:#?}", rows(&buffer));
            for (n, look) in looks.iter().enumerate() {
                assert!(!looks[..n].contains(look), "{look:?} twice: {looks:?}");
            }
        }
        for width in 30..90 {
            let legend = rows(&drawn(many(12), &[], &ink(), (width, 10))).split_off(8).join("");
            let shown = legend.matches('■').count() + legend.matches('□').count();
            let more = format!("+{}", 12 - shown);
            assert!(shown == 12 || legend.contains(&more), "some are neither shown nor counted at {width}: {legend}");
        }
        let buffer = drawn(many(4), &[], &ink(), (80, 16));
        let legend = rows(&buffer).pop().unwrap();
        assert!(legend.contains("s3 10   ■ s1 7   ■ s2 3   ■ s0 0"), "{legend}");
    }
}
