//! What happened, the newest first.
//!
//! ```text
//! today
//! 14:03  ▼ deploy    shop v2.14                 production  6 min
//! 13:51  ✖ incident  checkout down              goes on     18 min
//! Fri 20 Nov
//! 17:20  ● fixed     shop/main fixed by 482                 20 h
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changes::role;
use super::ink::{Ink, Role};
use super::marks::{columns, row, write, write_right};
use super::{EventsUse, Need, Panel, PanelInput, Room};
use crate::model::event::{Event, EventKind, EventSet};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// Lines kept: more than the tallest screen has rows.
const MOST: usize = 300;
/// The width of the longest kind.
const KIND: u16 = 8;

/// The panel.
#[derive(Debug)]
pub struct Events;

/// The keys of an events panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Kinds to show: deploy, config, incident, broken, fixed, alert, note, ... (default: all).
    pub kinds: Vec<EventKind>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    lines: Vec<Line>,
    more: usize,
    answered: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    day: String,
    time: String,
    kind: EventKind,
    is_over: bool,
    status: Status,
    what: String,
    environment: SafeText,
    state: String,
    who: String,
    age: String,
}

impl Line {
    fn from_event(event: &Event, input: &PanelInput<'_>) -> Self {
        let brief = event.brief();
        let what = brief.strip_prefix(event.kind.word()).unwrap_or(&brief).trim_start().to_owned();
        // A version says more with its title beside it.
        let says = |part: &SafeText| !part.is_empty() && event.title.as_str().contains(part.as_str());
        let names_itself = event.service.is_empty() || says(&event.service) || says(&event.version);
        let tells_more = !event.version.is_empty() && !event.title.is_empty() && !names_itself;
        let what = if tells_more { format!("{what}  {}", event.title) } else { what };
        let (day, today) = (event.at.day(input.zone), input.now.day(input.zone));
        Self {
            day: if day == today { "today".to_owned() } else { day },
            time: event.at.hour_minute(input.zone),
            kind: event.kind,
            is_over: event.until.is_some_and(|until| until <= input.now),
            status: event.status(),
            what,
            environment: event.environment.clone(),
            state: state(event, input.now),
            who: event.who.as_ref().map(ToString::to_string).unwrap_or_default(),
            age: age(event.at.age_at(input.now)),
        }
    }
}

/// A minute is as exact as a list needs, and a line that changes each second is not calm.
fn age(span: Span) -> String {
    if span < Span::seconds(60) { "now".to_owned() } else { span.brief() }
}

/// "goes on", "over after 27 min", "failed", or what the server says.
fn state(event: &Event, now: Timestamp) -> String {
    match (event.kind, event.until) {
        (EventKind::Incident, Some(until)) if until <= now => format!("over after {}", event.at.age_at(until).brief()),
        _ if event.remark.is_empty() => event.state_word().to_owned(),
        _ => event.remark.to_string(),
    }
}

impl Panel for Events {
    const VIEW: &'static str = "events";
    const SUMMARY: &'static str = "what happened, newest first: deploys, incidents, builds that broke, notes";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Optional;
    const LAYER: Layer = Layer::Pipeline;
    const ROOM: Room = Room::new((24, 2), (60, 9), (110, 40), 4);
    const EVENTS: EventsUse = EventsUse::Judged(EventSet::Everything);
    type Options = Options;
    type View = View;

    fn view(_: &Options, input: &PanelInput<'_>) -> View {
        let Content::Events(events) = &input.content else {
            return View { lines: Vec::new(), more: 0, answered: !matches!(input.content, Content::Nothing) };
        };
        let wanted = |event: &&&Event| event.at <= input.now;
        let all = events.iter().rev().filter(wanted);
        let count = all.clone().count();
        let lines = all.take(MOST).map(|event| Line::from_event(event, input)).collect();
        View { lines, more: count.saturating_sub(MOST), answered: true }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if view.lines.is_empty() {
            write(buffer, area, 1, 0, if view.answered { "nothing has happened" } else { "" }, ink.style(Role::Muted));
            return;
        }
        let mut y = 0;
        let mut day = "today";
        // As many as are left fill the area at least half.
        let scroll = ink.scroll.min(view.lines.len().saturating_sub(usize::from(area.height / 2)));
        for (n, line) in view.lines.iter().enumerate().skip(scroll) {
            let heading = line.day != day && area.height > 3;
            let left = view.lines.len() - n + view.more;
            let rows = 1 + u16::from(heading);
            let is_last = y + rows >= area.height;
            if y + rows > area.height || (is_last && left > 1) {
                let words = format!("{left} earlier");
                write(buffer, row(area, area.height.saturating_sub(1)), 0, 0, &words, ink.style(Role::Muted));
                return;
            }
            if heading {
                write(buffer, row(area, y), 0, 0, &line.day, ink.style(Role::Title));
                y += 1;
            }
            day = &line.day;
            draw_line(line, row(area, y), buffer, ink);
            y += 1;
        }
    }

    fn lines(view: &View) -> usize {
        view.lines.len()
    }

    fn strip(view: &View) -> String {
        view.lines.first().map_or_else(
            || "nothing has happened".to_owned(),
            |line| format!("{} {}, {}", line.kind.word(), line.what, line.age),
        )
    }
}

fn draw_line(line: &Line, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let muted = ink.style(Role::Muted);
    let mut x = write(buffer, area, 0, 0, &line.time, muted) + 1;
    let style = match (line.status, line.is_over) {
        (Status::Critical, _) => ink.stroke(Role::Critical),
        (_, true) => muted,
        (_, false) => ink.stroke(role(line.kind)),
    };
    x += write(buffer, area, x, 0, ink.glyphs.event(line.kind), style) + 1;
    if area.width >= 44 {
        write(buffer, area, x, 0, line.kind.word(), style);
        x += KIND + 1;
    }
    let age = write_right(buffer, area, 0, &line.age, muted) + 2;
    let mut right: Vec<&str> = vec![&line.state, line.environment.as_str(), &line.who];
    right.retain(|word| !word.is_empty());
    let right = right.join(ink.glyphs.dot());
    let room = columns(area, x, area.width.saturating_sub(x + age));
    // What it is comes before where it was.
    let beside = area.width >= 48 && !right.is_empty();
    let what =
        if beside { columns(room, 0, room.width.saturating_sub(right.chars().count() as u16 + 2)) } else { room };
    write(
        buffer,
        what,
        0,
        0,
        &line.what,
        ink.style(if line.status == Status::Critical { Role::Critical } else { Role::Text }),
    );
    if beside {
        let style = if line.status == Status::Ok { muted } else { ink.style(line.status.into()) };
        write_right(buffer, room, 0, &right, style);
    }
}
