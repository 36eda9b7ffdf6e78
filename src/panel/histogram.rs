//! How often which value: a bar a range of values, of all that came in the window, or of the buckets of a Prometheus
//! histogram as they are now.
//!
//! ```text
//!        ▂█▅
//!       ▃███▆▂
//!      ▂██████▆▃▂▁▁▁    ▁
//!      0      0.5    1      1.5 s
//!      p50 210 ms   p95 1.2 s
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::axis::round_step;
use super::marks::scale::Range;
use super::marks::{buckets, columns, put, row, write};
use super::{ANY, Need, Panel, PanelInput, Room, Shape};
use crate::model::judgement::{Content, LimitBand};
use crate::model::status::Status;

/// The panel.
#[derive(Debug)]
pub struct Histogram;

/// The keys of a histogram panel.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// About how many ranges the values are sorted into, 2 to 100 (default 20); the buckets of Prometheus stay as they
    /// are.
    #[schemars(range(min = 2, max = 100))]
    pub ranges: Ranges,
}

/// A number of ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u16")]
pub struct Ranges(u16);

impl TryFrom<u16> for Ranges {
    type Error = String;

    fn try_from(count: u16) -> Result<Self, String> {
        let is_right = (2..=100).contains(&count);
        is_right.then_some(Self(count)).ok_or_else(|| format!("{count} is not from 2 to 100"))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { ranges: Ranges(20) }
    }
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    bins: Vec<Bin>,
    /// "p50 210 ms   p95 1.2 s".
    caption: String,
}

/// A range of values.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Bin {
    low: f64,
    high: f64,
    count: f64,
    /// What limits say of the values in it.
    status: Status,
    /// What is written below its left edge.
    label: String,
}

impl Panel for Histogram {
    const VIEW: &'static str = "histogram";
    const SUMMARY: &'static str =
        "how often which value came in the window, or the buckets of a Prometheus histogram now";
    const HISTORY: bool = true;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room::new((16, 2), (48, 8), (ANY, 24), 2);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let Content::Series(series) = &input.content else { return View { bins: Vec::new(), caption: String::new() } };
        if let Some(buckets) = buckets::of(series) {
            return of_buckets(&buckets, input);
        }
        let all = series.iter().flat_map(|one| one.points.iter()).map(|point| point.value);
        let mut values: Vec<f64> = all.filter(|value| value.is_finite()).collect();
        let bins = of_values(&values, options.ranges.0, input);
        let said = |(word, part): (&str, f64)| {
            let rank = ((values.len() as f64 * part).ceil() as usize).max(1) - 1;
            let is_there = rank < values.len();
            is_there.then(|| {
                let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
                format!("{word} {}", input.text(Some(*value)))
            })
        };
        let caption: Vec<String> = PERCENTILES.into_iter().filter_map(said).collect();
        View { bins, caption: caption.join("   ") }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let most = view.bins.iter().map(|bin| bin.count).fold(0.0, f64::max);
        if view.bins.is_empty() || area.is_empty() {
            return;
        }
        let bins = fitted(&view.bins, area.width);
        let rows_below = if area.height >= 4 { 2 } else { u16::from(area.height >= 2) };
        let plot = Rect { height: area.height - rows_below, ..area };
        let each = area.width / bins.len() as u16;
        let gap = u16::from(each >= 3);
        let left = (area.width - each * bins.len() as u16) / 2;
        let steps = ink.glyphs.bars();
        let mut free_from = 0;
        for (n, bin) in bins.iter().enumerate() {
            let x = left + n as u16 * each;
            let eighths = if most > 0.0 { (bin.count / most * f64::from(plot.height * 8)).ceil() as u32 } else { 0 };
            let role = if bin.status == Status::Ok { Role::Series(0) } else { bin.status.into() };
            for y in 0..plot.height {
                let filled = eighths.saturating_sub(u32::from(plot.height - 1 - y) * 8).min(8);
                let Some(symbol) = filled.checked_sub(1).and_then(|step| steps.get(step as usize)) else { continue };
                let depth = f64::from(y) / f64::from(plot.height.max(2)) * DEEPEST;
                (x..x + each - gap).for_each(|x| put(buffer, plot, x, y, symbol, ink.shade(role, depth)));
            }
            if rows_below > 0 && x >= free_from && x + bin.label.width() as u16 <= area.width {
                let used =
                    write(buffer, columns(area, x, area.width), 0, plot.height, &bin.label, ink.style(Role::Muted));
                free_from = x + used + 2;
            }
        }
        if rows_below > 1 {
            write(buffer, row(area, area.height - 1), left, 0, &view.caption, ink.style(Role::Text));
        }
    }

    fn strip(view: &View) -> String {
        view.caption.clone()
    }
}

/// How much fainter bars are at their lower ends.
const DEEPEST: f64 = 0.55;

const PERCENTILES: [(&str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];

/// Values in ranges of a round width.
fn of_values(values: &[f64], ranges: u16, input: &PanelInput<'_>) -> Vec<Bin> {
    let Some(Range { low, high }) = Range::around(values.iter().copied()) else { return Vec::new() };
    let step = round_step((high - low).max(high.abs() * 1e-6) / f64::from(ranges), input.unit);
    let first = (low / step).floor();
    let index = |value: f64| (value / step).floor() - first;
    // Of values as far apart as numbers can be there is no width.
    let Some(count) = Some(index(high)).filter(|count| *count <= MOST_BINS) else { return Vec::new() };
    let mut counts = vec![0_u32; count as usize + 1];
    for value in values {
        if let Some(count) = counts.get_mut(index(*value) as usize) {
            *count += 1;
        }
    }
    let edges: Vec<f64> = (0..=counts.len()).map(|n| (first + n as f64) * step).collect();
    let labels = input.format().ticks(&edges, input.now);
    let bin = |((pair, label), count): ((&[f64], &String), u32)| Bin {
        low: pair[0],
        high: pair[1],
        count: f64::from(count),
        status: status(f64::midpoint(pair[0], pair[1]), &input.limits),
        label: label.clone(),
    };
    edges.windows(2).zip(&labels).zip(counts).map(bin).collect()
}

/// The newest counts of the buckets of Prometheus, and between which bounds percentiles lie. While a bucket has no count
/// of the newest moment nobody knows.
fn of_buckets(buckets: &[buckets::Bucket], input: &PanelInput<'_>) -> View {
    let last = |bucket: &buckets::Bucket| bucket.points.last().copied();
    let newest = buckets.iter().filter_map(last).map(|point| point.at).max();
    let count =
        |bucket: &buckets::Bucket| last(bucket).filter(|point| Some(point.at) == newest && point.value.is_finite());
    let bin = |bucket: &buckets::Bucket| {
        let low = bucket.low.unwrap_or(0.0);
        let middle = if bucket.high.is_finite() { f64::midpoint(low, bucket.high) } else { f64::INFINITY };
        let known = count(bucket);
        let status = known.map_or(Status::Unknown, |_| status(middle, &input.limits));
        let count = known.map_or(0.0, |point| point.value);
        Bin { low, high: bucket.high, count, status, label: input.text(Some(low)) }
    };
    let bins: Vec<Bin> = buckets.iter().map(bin).collect();
    if bins.iter().any(|bin| bin.status == Status::Unknown) {
        return View { bins, caption: "a bucket has no value".to_owned() };
    }
    let total: f64 = bins.iter().map(|bin| bin.count).sum();
    let said = |(word, part): (&str, f64)| {
        let mut below = 0.0;
        let bin = bins.iter().find(|bin| {
            below += bin.count;
            below >= total * part
        })?;
        let is_bounded = bin.high.is_finite();
        let bound = if is_bounded { format!("≤ {}", input.text(Some(bin.high))) } else { format!("> {}", bin.label) };
        (total > 0.0).then(|| format!("{word} {bound}"))
    };
    let caption: Vec<String> = PERCENTILES.into_iter().filter_map(said).collect();
    View { bins, caption: caption.join("   ") }
}

/// Most ranges: a round width gives a few more than are asked for.
const MOST_BINS: f64 = 500.0;

/// The worst of the limits that a value meets.
fn status(value: f64, limits: &[LimitBand]) -> Status {
    let met = limits.iter().filter(|limit| limit.contains(value)).map(|limit| limit.status);
    met.max_by_key(|status| status.severity()).unwrap_or(Status::Ok)
}

/// With fewer columns than ranges, neighbours are counted together.
fn fitted(bins: &[Bin], width: u16) -> Vec<Bin> {
    let together = bins.len().div_ceil(usize::from(width.max(1))).max(1);
    let sum = |bins: &[Bin]| {
        let first = bins.first()?;
        let worst = bins.iter().map(|bin| bin.status).max_by_key(|status| status.severity())?;
        let count = bins.iter().map(|bin| bin.count).sum();
        Some(Bin { high: bins.last()?.high, count, status: worst, ..first.clone() })
    };
    bins.chunks(together).filter_map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::judgement::JudgedSeries;
    use crate::model::time::{Timestamp, Zone};

    fn view(lines: &[(&str, &[f64])]) -> View {
        let series = |(name, values): &(&str, &[f64])| JudgedSeries::sampled(name, 1, values);
        let zone = Zone::utc();
        let limits = vec![LimitBand { status: Status::Critical, low: Some(8.0), high: None }];
        let content = Content::Series(lines.iter().map(series).collect());
        let input = PanelInput { limits, ..PanelInput::alone(content, Timestamp(1000), &zone) };
        Histogram::view(&Options { ranges: Ranges(5) }, &input)
    }

    fn counts(view: &View) -> Vec<(f64, f64, Status)> {
        view.bins.iter().map(|bin| (bin.low, bin.count, bin.status)).collect()
    }

    #[test]
    fn each_value_is_counted_once() {
        let view = view(&[("a", &[0.0, 1.0, 2.0, f64::NAN]), ("b", &[9.9, 3.9])]);
        let (ok, bad) = (Status::Ok, Status::Critical);
        assert_eq!(counts(&view), [(0.0, 2.0, ok), (2.0, 2.0, ok), (4.0, 0.0, ok), (6.0, 0.0, ok), (8.0, 1.0, bad)]);
        assert_eq!(view.caption, "p50 2   p95 9.9   p99 9.9");
        assert_eq!(fitted(&view.bins, 2).iter().map(|bin| bin.count).collect::<Vec<_>>(), [4.0, 1.0]);
    }

    #[test]
    fn buckets_say_between_which_bounds_a_percentile_lies() {
        let lacks = view(&[("1", &[5.0, f64::NAN]), ("10", &[9.0, 9.0]), ("+Inf", &[10.0, 10.0])]);
        assert_eq!(lacks.caption, "a bucket has no value");
        assert_eq!(lacks.bins[0].status, Status::Unknown);
        let view = view(&[("1", &[5.0]), ("10", &[9.0]), ("+Inf", &[10.0])]);
        let (ok, bad) = (Status::Ok, Status::Critical);
        assert_eq!(counts(&view), [(0.0, 5.0, ok), (1.0, 4.0, ok), (10.0, 1.0, bad)]);
        assert_eq!(view.caption, "p50 ≤ 1   p95 > 10   p99 > 10");
    }

    #[test]
    fn a_flat_line_is_one_range() {
        assert_eq!(view(&[("a", &[7.0, 7.0])]).bins.len(), 1);
        assert_eq!(counts(&view(&[("a", &[0.0, 0.0])])), [(0.0, 2.0, Status::Ok)]);
        assert!(view(&[("a", &[f64::NAN])]).bins.is_empty());
        assert!(view(&[("a", &[-1.7e308, 1.7e308])]).bins.is_empty(), "no width of a range");
    }
}
