//! The five metrics of software delivery, each with what it is made of. No ranking: a team compares itself
//! with its own past.
//!
//! ```text
//! Deployment frequency  0.8 per day  24 deploys in 30 d, none on 12 days
//! Change lead time      1 d 4 h      median of 48 commits in 30 d, 12 of 15 deploys name theirs
//! Change fail rate      8 %          2 of 25 deploys in 30 d
//! Recovery time         42 min       2 of 2 failed deploys in 30 d, median
//! Rework rate           16 %         4 of 25 deploys in 30 d
//! 25 deploys: 21 planned, 2 hotfix, 2 rollback · production · 30 d
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::big_text::{self, Size};
use super::marks::{columns, row, write};
use super::{EventsUse, Need, Panel, PanelInput, Room};
use crate::eval::delivery::{Delivery as Metrics, Metric, Missing, delivery};
use crate::model::event::EventSet;
use crate::model::format::{self, Humane, MISSING};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::time::{Span, Timestamp};
use crate::model::unit::Unit;

/// The window, unless the board has another.
const OVER: Span = Span::seconds(30 * 86_400);
/// The environment, unless the board has another.
const ENVIRONMENT: &str = "production";
/// From this width on, names are written out.
const WIDE: u16 = 64;

/// The panel.
#[derive(Debug)]
pub struct Delivery;

/// The keys of a delivery panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The time that is counted, up to now (default "30d").
    pub over: Option<Span>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct View {
    lines: Vec<Line>,
    summary: Vec<String>,
    strip: String,
}

/// A metric in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    name: &'static str,
    short: &'static str,
    value: Humane,
    known: bool,
    /// What it is made of, or why it is missing; what matters most comes first.
    details: Vec<String>,
}

impl Panel for Delivery {
    const VIEW: &'static str = "delivery";
    const SUMMARY: &'static str =
        "the five DORA metrics: deployment frequency, lead time, fail rate, recovery time, rework, with their counts";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Optional;
    const LAYER: Layer = Layer::Pipeline;
    const ROOM: Room = Room::new((30, 6), (100, 8), (200, 16), 5);
    const EVENTS: EventsUse = EventsUse::Shown(EventSet::DeploysAndIncidents);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let Content::Events(events) = &input.content else { return View::default() };
        let from = input.now.minus(options.over.unwrap_or(OVER));
        let environment = input.environment.unwrap_or(ENVIRONMENT);
        let metrics = delivery(events, input.service, environment, from, input.now);
        let is_short = metrics.covered_from > from;
        let window = metrics.covered_from.age_at(input.now);
        let window = if is_short { window.brief() } else { window.humane() };
        let since = is_short.then(|| format!("known since {}", metrics.covered_from.day(input.zone)));
        let words = Words { window: &window, now: input.now };
        View {
            lines: words.lines(&metrics),
            strip: words.strip(&metrics),
            summary: vec![words.counts(&metrics), environment.to_owned(), since.unwrap_or_else(|| window.clone())],
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if view.lines.is_empty() || area.is_empty() {
            return;
        }
        if area.height == 1 {
            write(buffer, area, 0, 0, &view.strip, ink.style(Role::Text));
        } else if let Some(size) = tile_size(&view.lines, area, ink) {
            draw_tiles(view, size, area, buffer, ink);
        } else {
            draw_lines(view, area, buffer, ink);
        }
    }

    fn strip(view: &View) -> String {
        view.strip.clone()
    }
}

/// "1 deploy", "24 deploys".
fn count(number: usize, word: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {word}{s}")
}

/// What the words are about.
struct Words<'a> {
    /// "30 d".
    window: &'a str,
    now: Timestamp,
}

impl Words<'_> {
    fn lines(&self, metrics: &Metrics) -> Vec<Line> {
        let window = self.window;
        let ratio = |metric: Metric| format!("{} of {}", metric.numerator, count(metric.denominator, "deploy"));
        let (lead, recovery) = (metrics.lead_time, metrics.recovery_time);
        let frequency = vec![
            format!("{} in {window}", count(metrics.frequency.numerator, "deploy")),
            match metrics.idle_days {
                0 => "some every day".to_owned(),
                idle => format!("none on {}", count(idle, "day")),
            },
        ];
        let lead_time = vec![
            format!("median of {} in {window}", count(metrics.commits, "commit")),
            format!("{} name theirs", ratio(lead)),
        ];
        let failed = count(recovery.denominator, "failed deploy");
        let recovery_time = vec![format!("{} of {failed} in {window}", recovery.numerator), "median".to_owned()];
        let per_day = Unit::from_word("per day");
        vec![
            self.line(("Deployment frequency", "Deploys"), metrics.frequency, &per_day, frequency),
            self.line(("Change lead time", "Lead time"), lead, &Unit::Seconds, lead_time),
            self.line(
                ("Change fail rate", "Fail rate"),
                metrics.fail_rate,
                &Unit::Ratio,
                vec![format!("{} in {window}", ratio(metrics.fail_rate))],
            ),
            self.line(("Recovery time", "Recovery"), recovery, &Unit::Seconds, recovery_time),
            self.line(
                ("Rework rate", "Rework"),
                metrics.rework_rate,
                &Unit::Ratio,
                vec![format!("{} in {window}", ratio(metrics.rework_rate))],
            ),
        ]
    }

    fn line(
        &self,
        (name, short): (&'static str, &'static str),
        metric: Metric,
        unit: &Unit,
        details: Vec<String>,
    ) -> Line {
        match metric.value {
            Ok(value) => Line { name, short, value: format::humane(value, unit, self.now), known: true, details },
            Err(missing) => {
                let value = Humane { number: MISSING.to_owned(), unit: String::new() };
                Line { name, short, value, known: false, details: vec![self.why(missing, metric)] }
            }
        }
    }

    fn why(&self, missing: Missing, metric: Metric) -> String {
        match missing {
            Missing::NoDeploys => format!("no deploys known in {}", self.window),
            Missing::NoCommits => "no deploy names its commits".to_owned(),
            Missing::NoIncidents => "no incidents are reported".to_owned(),
            Missing::NoFailures => format!("no failed deploys in {}", self.window),
            Missing::NotRecovered => format!("0 of {} recovered", count(metric.denominator, "failed deploy")),
            Missing::NoReasons => "no hotfix or rollback is reported".to_owned(),
        }
    }

    /// "25 deploys: 21 planned, 2 hotfix, 2 rollback".
    fn counts(&self, metrics: &Metrics) -> String {
        let all = metrics.deploys();
        match metrics.rework_rate.value {
            Ok(_) => format!(
                "{}: {} planned, {} hotfix, {} rollback",
                count(all, "deploy"),
                metrics.planned,
                metrics.hotfix,
                metrics.rollback
            ),
            Err(_) if all == 0 => format!("no deploys known in {}", self.window),
            // Where no reason is ever given, "planned" would be a guess.
            Err(_) => count(all, "deploy"),
        }
    }

    /// "0.8 deploys/day, fail rate 8 %".
    fn strip(&self, metrics: &Metrics) -> String {
        let Ok(frequency) = metrics.frequency.value else { return self.counts(metrics) };
        let frequency = format!("{} deploys/day", format::digits(frequency));
        metrics.fail_rate.value.map_or(frequency.clone(), |rate| {
            format!("{frequency}, fail rate {}", format::text(rate, &Unit::Ratio, self.now))
        })
    }
}

impl Line {
    const fn role(&self) -> Role {
        if self.known { Role::Text } else { Role::Muted }
    }
}

fn draw_lines(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let muted = ink.style(Role::Muted);
    let all = view.lines.len() as u16;
    let shown = if area.height >= all { all } else { area.height - 1 };
    // With room to spare, lines stand apart.
    let each = if area.height > all * 2 { 2 } else { 1 };
    let name = |line: &Line| if area.width >= WIDE { line.name } else { line.short };
    let names = view.lines.iter().map(|line| name(line).width()).max().unwrap_or(0) as u16;
    let values = view.lines.iter().map(|line| line.value.text().width()).max().unwrap_or(0) as u16;
    let names = names.min(area.width.saturating_sub(values + 2));
    for (n, line) in view.lines.iter().take(usize::from(shown)).enumerate() {
        let at = row(area, n as u16 * each);
        write(buffer, columns(at, 0, names), 0, 0, name(line), muted);
        write(buffer, columns(at, names + 2, values), 0, 0, &line.value.text(), ink.style(line.role()));
        write(buffer, at, names + values + 4, 0, &line.details.join(", "), muted);
    }
    if shown < all {
        write(buffer, row(area, shown), 0, 0, &format!("{} more", all - shown), muted);
    } else {
        write(buffer, row(area, all * each), 0, 0, &view.summary.join(ink.glyphs.dot()), muted);
    }
}

/// The columns of each tile, two of them free.
fn tile_width(lines: &[Line], area: Rect) -> u16 {
    area.width / (lines.len() as u16).max(1)
}

fn deepest(lines: &[Line]) -> u16 {
    lines.iter().map(|line| line.details.len()).max().unwrap_or(0) as u16
}

/// The size of the numbers with which all words fit beside each other.
fn tile_size(lines: &[Line], area: Rect, ink: &Ink) -> Option<Size> {
    let room = tile_width(lines, area).saturating_sub(2);
    let height = area.height.checked_sub(2 + deepest(lines))?;
    let words = |line: &Line| line.details.iter().map(|detail| detail.width()).chain([line.name.width()]).max();
    if lines.iter().filter_map(words).any(|words| words > usize::from(room)) {
        return None;
    }
    let units = lines.iter().map(|line| line.value.unit.width()).max().unwrap_or(0) as u16 + 1;
    let numbers = lines.iter().map(|line| line.value.number.as_str());
    big_text::common(&numbers, (room.saturating_sub(units), height), ink.glyphs)
}

fn draw_tiles(view: &View, size: Size, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let muted = ink.style(Role::Muted);
    let width = tile_width(&view.lines, area);
    let below = 1 + size.height();
    for (n, line) in view.lines.iter().enumerate() {
        let tile = columns(area, n as u16 * width, width.saturating_sub(2));
        write(buffer, tile, 0, 0, line.name, muted);
        let large = Rect { y: tile.y + 1, height: size.height(), ..tile };
        big_text::draw(buffer, large, &line.value.number, size, ink.stroke(line.role()), ink.glyphs);
        let number = size.width(&line.value.number).unwrap_or(0);
        write(buffer, tile, number + 1, below - 1, &line.value.unit, muted);
        for (y, detail) in line.details.iter().enumerate() {
            write(buffer, tile, 0, below + y as u16, detail, muted);
        }
    }
    // With room to spare, the last line stands apart.
    let last = below + deepest(&view.lines);
    let last = if area.height > last + 1 { last + 1 } else { last };
    write(buffer, area, 0, last, &view.summary.join(ink.glyphs.dot()), muted);
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;
    use crate::model::event::{Event, EventKind, EventState};

    use crate::model::time::Zone;
    use crate::panel::ink::Glyphs;

    const NOW: Timestamp = Timestamp(1_795_262_400_000);

    fn deploy(days_ago: i64, state: EventState) -> Event {
        let at = NOW.minus(Span::seconds(days_ago * 86_400));
        Event { at, kind: EventKind::Deploy, state, service: "shop".into(), ..Event::default() }
    }

    fn view(content: Content<'_>, service: Option<&str>) -> View {
        let zone = Zone::utc();
        let input = PanelInput { service, ..PanelInput::alone(content, NOW, &zone) };
        Delivery::view(&Options::default(), &input)
    }

    fn events_view(events: &[Event], service: Option<&str>) -> View {
        view(Content::Events(events.iter().collect()), service)
    }

    #[test]
    fn half_a_line_has_the_pace_and_the_failures() {
        let events = [deploy(40, EventState::Done), deploy(3, EventState::Failed), deploy(2, EventState::Done)];
        assert_eq!(Delivery::strip(&events_view(&events, None)), "0.0333 deploys/day, fail rate 50 %");
        assert_eq!(Delivery::strip(&events_view(&events[..1], None)), "no deploys known in 30 d");
        assert_eq!(Delivery::strip(&events_view(&events, Some("mail"))), "no deploys known in 30 d");
        assert_eq!(Delivery::strip(&view(Content::Nothing, None)), "");
    }

    #[test]
    fn a_history_that_is_shorter_than_the_window_says_so() {
        let view = events_view(&[deploy(9, EventState::Done), deploy(3, EventState::Done)], None);
        assert_eq!(view.summary, ["2 deploys", "production", "known since Thu 12 Nov"]);
        assert_eq!(view.lines[0].details, ["2 deploys in 9 d", "none on 7 days"]);
        assert_eq!(Delivery::strip(&view), "0.22 deploys/day", "nobody tells of failures");
    }

    #[test]
    fn metrics_without_room_are_counted() {
        let view = events_view(&[deploy(40, EventState::Done), deploy(3, EventState::Failed)], None);
        let drawn = |height: u16| {
            let area = Rect::new(0, 0, 40, height);
            let mut buffer = Buffer::empty(area);
            let ink = Ink::new([Style::default(); 18], Glyphs::Ascii);
            Delivery::draw(&view, area, &mut buffer, &ink);
            crate::panel::marks::text(&buffer)
        };
        assert!(drawn(3).ends_with("3 more\n"), "{}", drawn(3));
        assert!(drawn(6).contains("Fail rate  100 %"), "{}", drawn(6));
        assert!(drawn(1).starts_with("0 deploys/day, fail rate 100 %"), "{}", drawn(1));
    }
}
