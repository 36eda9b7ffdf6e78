//! Lines over time, with axes, limits and the current values beside them.
//!
//! ```text
//! 2.0 s┤                        ⣀⡠⠤⠒⠊⠉⠑  p99 1.8 s   at the line's end where there is room,
//!      │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⡠⠊╌╌╌╌╌╌╌╌              else in a legend below;
//! 1.0 s┤⠤⠤⠒⠒⠒⠤⠤⠤⠒⠒⠒⠒⠒⠊                          what a limit calls bad is tinted
//!      │
//!   0 s┤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤  p50 210 ms
//!      └────────┴────────┴────────┴──
//!      13:32    13:52    14:12    14:32
//! ```

mod ground;
mod labels;
mod lines;
mod view;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Deserialize;
use unicode_width::UnicodeWidthStr;

use super::changes::Changes;
use super::ink::{Ink, Role};
use super::marks::scale::{Range, Scale};
use super::marks::{columns, row, time_axis, write};
use super::trend::{self, Line};
use super::{ANY, Need, Panel, PanelInput, Room, Shape};
use crate::model::judgement::{Content, LimitBand};
use crate::model::time::Span;

pub use view::View;

/// Lines that can still be told apart.
const MAX_LINES: usize = 24;

/// The panel.
#[derive(Debug)]
pub struct Chart;

/// The keys of a chart panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Lower end of the axis (default: from the data, with zero where it is near); of a logarithmic one above 0.
    pub min: Option<f64>,
    /// Upper end of the axis (default: from the data).
    pub max: Option<f64>,
    /// "linear" (the default), or "log": each power of ten has as much room.
    pub scale: Scale,
    /// Lay the lines on top of each other: parts of a whole, the first at the bottom (default false).
    pub stacked: bool,
}

impl Panel for Chart {
    const VIEW: &'static str = "chart";
    const SUMMARY: &'static str = "lines over time, with axes, limits and current values; linear, log or stacked";
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
        let to = lines.iter().map(|line| line.trend.to).max().unwrap_or(input.now);
        let from = to.minus(input.window);
        let range = lines::range(&lines, (from, to), options.stacked);
        View {
            range: range.map(|range| axis_range(range, &input.limits, options)),
            fixed: options.ends(),
            scale: options.scale,
            stacked: options.stacked,
            hidden: series.len().saturating_sub(MAX_LINES),
            from,
            to,
            lines,
            limits: input.limits.clone(),
            format: input.format(),
            zone: input.zone.clone(),
            answered: !matches!(input.content, Content::Nothing),
            changes: Changes::between(input, from, to),
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let Some(range) = view.range else {
            let words = if view.answered { "no data in this window" } else { "" };
            write(buffer, row(area, area.height / 2), 1, 0, words, ink.style(Role::Muted));
            return;
        };
        let entries = labels::entries(view, ink);
        let beside = labels::width_beside(view, &entries, area);
        let legend_rows = if beside.is_none() && area.height >= 4 { labels::rows(&entries, area) } else { 0 };
        let axis_rows = if area.height >= legend_rows + 5 { time_axis::ROWS } else { 0 };
        let plot_height = area.height.saturating_sub(legend_rows + axis_rows);
        let (axis, texts) = view.value_axis(range, plot_height, ink);
        let gutter = texts.iter().map(|text| text.width()).max().unwrap_or(0) as u16 + 1;
        let width = area.width.saturating_sub(gutter + beside.unwrap_or(0));
        if width == 0 || plot_height == 0 {
            return;
        }
        let plot = Rect { x: area.x + gutter, width, height: plot_height, ..area };
        ground::value_axis(&axis, &texts, Rect { width: gutter, height: plot_height, ..area }, buffer, ink);
        ground::draw(&axis, &view.limits, plot, buffer, ink);
        let drawn = lines::Drawn::new(view, &axis, plot, ink);
        drawn.draw(buffer, ink);
        view.changes.draw(plot, buffer, ink);
        if axis_rows > 0 {
            let below = Rect { y: area.y + plot_height, height: axis_rows, ..plot };
            time_axis::draw((view.from, view.to), &view.zone, (below, 0), buffer, ink);
        }
        if beside.is_some() {
            let at = columns(Rect { height: plot_height, ..area }, gutter + width, area.width);
            labels::beside(view, &entries, &drawn, at, buffer, ink);
        } else {
            let legend = Rect { y: area.y + area.height - legend_rows, height: legend_rows, ..plot };
            labels::below(view, &entries, legend, buffer, ink);
        }
    }

    fn within(view: &View, window: Span) -> Option<View> {
        let from = trend::begin_of(window, (view.from, view.to))?;
        let lines = trend::since(&view.lines, from);
        let range = lines::range(&lines, (from, view.to), view.stacked);
        let (min, max) = view.fixed;
        let options = Options { min, max, scale: view.scale, stacked: view.stacked };
        let range = range.map(|range| axis_range(range, &view.limits, &options));
        Some(View { lines, range, from, changes: view.changes.since(from), ..view.clone() })
    }

    fn strip(view: &View) -> String {
        trend::strip(&view.lines)
    }

    fn changes(view: &View) -> Option<&Changes> {
        Some(&view.changes)
    }
}

impl Options {
    /// The ends that the board has fixed, as far as an axis can have them: a logarithmic one begins above zero.
    fn ends(&self) -> (Option<f64>, Option<f64>) {
        let is_end = |value: &f64| value.is_finite() && (self.scale == Scale::Linear || *value > 0.0);
        (self.min.filter(is_end), self.max.filter(is_end))
    }
}

/// From the data, with zero where it is near, and with limits where they are.
fn axis_range(data: Range, limits: &[LimitBand], options: &Options) -> Range {
    let mut range = data;
    for limit in limits.iter().flat_map(|limit| limit.edges()) {
        // A limit far outside would press the line flat.
        let near = Range { low: data.low.min(0.0), high: data.high.max(0.0) * 2.0 + f64::EPSILON };
        let is_drawn = options.scale == Scale::Linear || limit > 0.0;
        if is_drawn && (near.low..=near.high).contains(&limit) {
            range = Range { low: range.low.min(limit), high: range.high.max(limit) };
        }
    }
    match options.scale {
        Scale::Linear if options.stacked || (range.low > 0.0 && range.low < range.high * 0.7) => {
            range.low = range.low.min(0.0);
        }
        // Nothing above zero leaves an axis of some decade with everything at its lower end.
        Scale::Log if range.high <= 0.0 => range = Range { low: 0.1, high: 1.0 },
        Scale::Log if range.low <= 0.0 => range.low = range.high * LEAST_OF_LOG,
        Scale::Linear | Scale::Log => {}
    }
    let (low, high) = options.ends();
    Range { low: low.unwrap_or(range.low), high: high.unwrap_or(range.high) }
}

/// The lower end of a logarithmic axis, as a part of the upper one, where some value is zero.
const LEAST_OF_LOG: f64 = 1e-4;

#[cfg(test)]
mod tests {
    use ratatui::buffer::Cell;
    use ratatui::style::{Color, Style};

    use super::*;
    use crate::model::judgement::{JudgedSeries, Judgement};
    use crate::model::series::Point;
    use crate::model::status::Status;
    use crate::model::time::Span;
    use crate::model::time::{Timestamp, Zone};
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
            past: &[],
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
        let band = |value: &f64| LimitBand { status: Status::Critical, low: Some(*value), high: None };
        let limits = limits.iter().map(band).collect();
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
        let buffer = drawn(many(4), &[], &ink(), (47, 16));
        let legend = rows(&buffer).pop().unwrap();
        assert!(legend.contains("s3 10   ■ s1 7   ■ s2 3   ■ s0 0"), "{legend}");
    }

    #[test]
    fn where_there_is_room_names_stand_at_the_ends_of_their_lines() {
        let lines = [("low", 0.0), ("low b", 0.1), ("high", 9.0)].map(|(name, value)| line(name, value, Status::Ok));
        let rows = rows(&drawn(lines.to_vec(), &[], &ink(), (80, 16)));
        let row = |words: &str| rows.iter().position(|row| row.contains(words)).unwrap();
        assert_eq!(row("low 0") - row("low b 0.1"), 1, "{rows:#?}");
        let dots = |row: &str| row.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
        assert!(["low 0", "high 9"].iter().all(|name| dots(&rows[row(name)]) > 50), "beside their lines: {rows:#?}");
    }

    #[test]
    fn stacked_lines_stand_on_each_other_and_a_gap_adds_nothing() {
        let zone = Zone::utc();
        let mut gone = line("b", 2.0, Status::Ok);
        gone.points = gone.points.iter().map(|point| Point { value: f64::NAN, ..*point }).collect::<Vec<_>>().into();
        for (second, top) in [(line("b", 2.0, Status::Ok), 3.0), (gone, 1.0)] {
            let input = PanelInput::alone(Content::Series(vec![line("a", 1.0, Status::Ok), second]), NOW, &zone);
            let view = Chart::view(&Options { stacked: true, ..Options::default() }, &input);
            assert_eq!(view.range, Some(Range { low: 0.0, high: top }));
        }
    }

    #[test]
    fn a_shorter_time_has_the_axis_of_what_is_seen_of_it() {
        let zone = Zone::utc();
        let mut spike = line("x", 5.0, Status::Ok);
        spike.points.to_mut()[10].value = 500.0;
        let input = PanelInput::alone(Content::Series(vec![spike]), NOW, &zone);
        let view = Chart::view(&Options::default(), &input);
        assert!(Chart::within(&view, Span(1000)).is_none(), "that is all of it");
        let part = Chart::within(&view, Span(500)).unwrap();
        assert_eq!((part.to, part.to.minus(part.from.age_at(part.to))), (view.to, part.from));
        assert_eq!(part.from.age_at(part.to), Span(500));
        assert!(part.lines[0].trend.points.iter().all(|point| point.at >= part.from));
        assert!(view.range.unwrap().high >= 500.0 && part.range.unwrap().high < 50.0);
        assert_eq!(part.changes.from, part.from);
    }

    #[test]
    fn what_is_not_above_zero_stands_at_the_lower_end_of_a_logarithmic_axis() {
        let zone = Zone::utc();
        let options = Options { scale: Scale::Log, min: Some(0.0), max: Some(f64::NAN), ..Options::default() };
        assert_eq!(options.ends(), (None, None), "no axis has such ends");
        for (values, least) in [([1000.0, 1.0], 1.0), ([1000.0, 0.0], 0.1), ([0.0, -1.0], 0.1)] {
            let lines = values.iter().map(|value| line("x", *value, Status::Ok)).collect();
            let input = PanelInput::alone(Content::Series(lines), NOW, &zone);
            let view = Chart::view(&options, &input);
            let (axis, texts) = view.value_axis(view.range.unwrap(), 20, &ink());
            assert!((10_f64.powf(axis.range.low) - least).abs() < 1e-9, "{texts:?}");
            assert_eq!(axis.row(values[1], 20, 4), 19, "{values:?}: {axis:?}");
        }
    }
}
