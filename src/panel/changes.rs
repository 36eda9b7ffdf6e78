//! What happened, drawn over time: a mark in the column of its moment.
//!
//! ```text
//!        ▼           ◆        the kind, at the top of the column
//!   ⡠⠤⠒⠊⠉┊⠑⠢⡀       ┊        a line down to the axis, behind the data
//!  ⠊     ┊  ⠑⠢⠤⠤⠤⠤⠤⠤┊⠤⠤
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use serde::Serialize;

use super::ink::{Ink, Role};
use super::input::PanelInput;
use super::marks::{put_over, scale};
use super::trend::begin_of;
use crate::model::event::{Event, EventKind, EventState};
use crate::model::time::{Span, Timestamp};

/// Most marks that are kept: they are made for each panel and each scene.
const MOST: usize = 300;
/// Steps of a viewer's pointer from edge to edge.
const STEPS: u16 = 120;
/// Most events that are kept of one mark.
const MOST_EVENTS: usize = 3;

/// The marks over a graph, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Changes {
    /// Left edge.
    pub from: Timestamp,
    /// Right edge.
    pub to: Timestamp,
    /// The marks.
    pub marks: Vec<Mark>,
}

/// One mark: one event, or several of nearly one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mark {
    /// When the first of them happened.
    pub at: Timestamp,
    /// The weightiest kind of them.
    pub kind: EventKind,
    /// Whether one of them failed.
    pub failed: bool,
    /// How many there are.
    pub count: usize,
    /// The first few of them, without their commits.
    pub events: Vec<Event>,
}

impl Changes {
    /// Those that belong to a panel, between two moments. Events of nearly one moment become one mark.
    pub fn between(input: &PanelInput<'_>, from: Timestamp, to: Timestamp) -> Self {
        let mut marks: Vec<Mark> = Vec::new();
        let slot = Span(((to.0 - from.0) / MOST as i64).max(1));
        // The window of a graph ends with its newest point: what came since belongs to its last column.
        for event in input.events.iter().filter(|event| event.at >= from && event.at <= input.now.max(to)) {
            match marks.last_mut() {
                Some(last) if (event.at.0 - from.0) / slot.0 == (last.at.0 - from.0) / slot.0 => last.add(event),
                _ => marks.push(Mark::from_event(event)),
            }
        }
        Self { from, to, marks }
    }

    /// Those of the last part of the time.
    #[must_use]
    pub fn since(&self, from: Timestamp) -> Self {
        let marks = self.marks.iter().filter(|mark| mark.at >= from).cloned().collect();
        Self { from, to: self.to, marks }
    }

    /// The same, of the last part that is so long.
    #[must_use]
    pub fn within(&self, window: Span) -> Option<Self> {
        Some(self.since(begin_of(window, (self.from, self.to))?))
    }

    /// The column of a moment, of so many.
    pub fn column(&self, at: Timestamp, width: u16) -> Option<u16> {
        scale::column(at, self.from, self.to, width)
    }

    /// How far one step of a viewer's pointer goes.
    pub fn step(&self) -> Span {
        Span(((self.to.0 - self.from.0) / i64::from(STEPS)).max(1))
    }

    /// The marks that a pointer at this moment stands on: no step passes any by.
    pub fn marks_at(&self, pointer: Timestamp) -> impl Iterator<Item = &Mark> {
        let wanted = self.column(pointer, STEPS);
        self.marks.iter().filter(move |mark| self.column(mark.at, STEPS) == wanted)
    }

    /// Draws the marks, and where the viewer points, over what is drawn already: glyphs at the top, lines
    /// only where there is nothing else.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        self.draw_over(area, true, buffer, ink);
    }

    /// The same over areas of colour, on which lines would be noise: glyphs only.
    pub fn draw_glyphs(&self, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        self.draw_over(area, false, buffer, ink);
    }

    fn draw_over(&self, area: Rect, with_lines: bool, buffer: &mut Buffer, ink: &Ink) {
        if area.is_empty() {
            return;
        }
        let mut columns: Vec<Option<(EventKind, bool)>> = vec![None; usize::from(area.width)];
        for mark in &self.marks {
            let Some(index) = self.column(mark.at, area.width) else { continue };
            let Some(column) = columns.get_mut(usize::from(index)) else { continue };
            let failed = mark.failed || column.is_some_and(|(_, failed)| failed);
            let kind = column.map_or(mark.kind, |(kind, _)| weightier(kind, mark.kind));
            *column = Some((kind, failed));
        }
        // Lines down from every other column would be a wall of their own.
        let sparse = with_lines && columns.iter().flatten().count() <= columns.len() / 3;
        for (x, column) in columns.into_iter().enumerate() {
            let Some((kind, failed)) = column else { continue };
            let role = if failed { Role::Critical } else { role(kind) };
            // The highest free cell of the column: a mark hides data only where there is nothing else.
            let top = (0..area.height).find(|y| is_free(x as u16, *y, area, buffer, ink)).unwrap_or(0);
            if sparse {
                line(x as u16, area, buffer, ink, role, ink.glyphs.event_line());
            }
            put_over(buffer, area, x as u16, top, ink.glyphs.event(kind), ink.stroke(role));
        }
        if let Some(x) = ink.cursor.and_then(|cursor| self.column(cursor, area.width)) {
            let [.., upright] = ink.glyphs.frame();
            line(x, area, buffer, ink, Role::Focus, upright);
            // A mark under the pointer shows that it is the one.
            for y in 0..area.height {
                let Some(cell) = buffer.cell_mut((area.x + x, area.y + y)) else { continue };
                if cell.symbol() == ink.glyphs.event_line()
                    || EventKind::ALL.iter().any(|kind| ink.glyphs.event(*kind) == cell.symbol())
                {
                    cell.modifier.insert(Modifier::REVERSED);
                }
            }
        }
    }
}

/// Whether a cell is empty, or has only a dash of a limit, or a dot of the grid.
fn is_free(x: u16, y: u16, area: Rect, buffer: &Buffer, ink: &Ink) -> bool {
    let [.., dash] = ink.glyphs.axis();
    let here = buffer.cell((area.x + x, area.y + y)).map(ratatui::buffer::Cell::symbol);
    here.is_some_and(|here| here == " " || here == dash || here == ink.glyphs.grid())
}

fn line(x: u16, area: Rect, buffer: &mut Buffer, ink: &Ink, role: Role, symbol: &str) {
    for y in 0..area.height {
        if is_free(x, y, area, buffer, ink) {
            put_over(buffer, area, x, y, symbol, ink.stroke(role));
        }
    }
}

/// The colour of a kind.
pub const fn role(kind: EventKind) -> Role {
    match kind {
        EventKind::Incident | EventKind::Broken => Role::Critical,
        EventKind::Alert | EventKind::Freeze => Role::Warning,
        EventKind::Fixed => Role::Ok,
        EventKind::Deploy | EventKind::Release => Role::Accent,
        EventKind::Config => Role::Focus,
        EventKind::Note | EventKind::Planned => Role::Muted,
    }
}

fn weightier(a: EventKind, b: EventKind) -> EventKind {
    EventKind::ALL.into_iter().find(|kind| *kind == a || *kind == b).unwrap_or(a)
}

impl Mark {
    fn from_event(event: &Event) -> Self {
        let failed = event.state == EventState::Failed;
        Self { at: event.at, kind: event.kind, failed, count: 1, events: vec![event.alone()] }
    }

    fn add(&mut self, event: &Event) {
        self.kind = weightier(self.kind, event.kind);
        self.failed |= event.state == EventState::Failed;
        self.count += 1;
        if self.events.len() < MOST_EVENTS {
            self.events.push(event.alone());
        }
    }
}

/// "deploy shop v2.14 production failed by ada".
pub fn words(event: &Event) -> String {
    let who = event.who.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
    let state = event.state_word();
    let state = if state.is_empty() { String::new() } else { format!(" {state}") };
    let environment = if event.environment.is_empty() { String::new() } else { format!(" {}", event.environment) };
    format!("{}{environment}{state}{who}", event.brief())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::judgement::Content;

    use crate::model::time::Zone;

    fn changes(events: &[Event]) -> Changes {
        let zone = Zone::utc();
        let input = PanelInput {
            events: events.iter().collect(),
            ..PanelInput::alone(Content::Nothing, Timestamp(1000), &zone)
        };
        Changes::between(&input, Timestamp(0), Timestamp(1000))
    }

    fn event(at: i64, kind: EventKind) -> Event {
        Event { at: Timestamp(at), kind, ..Event::default() }
    }

    #[test]
    fn a_mark_stands_in_the_column_of_its_moment_and_nowhere_else() {
        let all = changes(&[event(-1, EventKind::Deploy), event(0, EventKind::Deploy), event(999, EventKind::Note)]);
        let indices: Vec<Option<u16>> = all.marks.iter().map(|mark| all.column(mark.at, 10)).collect();
        assert_eq!(indices, [Some(0), Some(9)], "what is older than the window has no mark");
        assert_eq!(changes(&[event(2000, EventKind::Deploy)]).marks, [], "nor has the future");
    }

    #[test]
    fn ten_thousand_in_one_window_stay_bounded_and_are_counted() {
        let many: Vec<Event> = (0..10_000).map(|n| event(n / 10, EventKind::Note)).collect();
        let all = changes(&many);
        assert!(all.marks.len() <= 2 * MOST, "{}", all.marks.len());
        assert_eq!(all.marks.iter().map(|mark| mark.count).sum::<usize>(), 10_000);
    }

    #[test]
    fn of_two_in_one_column_the_weightier_is_drawn() {
        let all = changes(&[event(500, EventKind::Note), event(500, EventKind::Incident)]);
        assert_eq!((all.marks.len(), all.marks[0].kind, all.marks[0].count), (1, EventKind::Incident, 2));
    }
}
