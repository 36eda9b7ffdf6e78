//! The change calendar: what is in force now, and what comes, day by day.
//!
//! ```text
//! ‖ freeze until Mon 08:00 (2 d 4 h)  End of year
//! ◌ freeze Audit · repeats in a way that andon does not know
//! today
//! 14:00-15:30 ◷ DB migration · shop               in 3 h
//! tomorrow
//! all day     ★ Release 2.15                     in 14 h
//! 5 more
//! ```

mod drawing;
mod entries;
mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::{columns, row, write};
use super::{EventsUse, Need, Panel, PanelInput, Room};
use crate::model::event::{Event, EventKind, EventSet, EventState};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::time::{Span, Timestamp};
use entries::{AnyTime, Coming, InForce};
use words::Days;

/// Lines kept: more than the tallest screen has rows.
const MOST: usize = 300;
/// How far ahead is shown, unless the board says otherwise.
const AHEAD: Span = Span::seconds(14 * 86_400);
/// How far ahead sources tell.
const FARTHEST: Span = Span::seconds(60 * 86_400);
/// Below this width the end of an entry is left out.
const NARROW: u16 = 40;

/// The panel.
#[derive(Debug)]
pub struct Agenda;

/// The keys of an agenda panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// How far ahead it looks, at most 60d (default 14d).
    pub ahead: Option<Span>,
    /// Kinds to show: planned, freeze, release (default: all three).
    pub kinds: Vec<EventKind>,
}

impl Options {
    fn shows(&self, event: &Event, input: &PanelInput<'_>) -> bool {
        event.kind.is_planned()
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && event.belongs_to(input.service, input.environment)
    }
}

/// Whether it may take place at any time: all that is known of it is a date that is over.
fn is_any_time(event: &Event, now: Timestamp) -> bool {
    event.state == EventState::Unknown && event.at <= now && !event.is_in_force(now)
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    in_force: Vec<InForce>,
    any_time: Vec<AnyTime>,
    coming: Vec<Coming>,
    more: usize,
    ahead: Span,
    answered: bool,
}

/// One line of the panel.
#[derive(Debug)]
enum Line<'a> {
    InForce(&'a InForce),
    AnyTime(&'a AnyTime),
    /// A day of its own.
    Day(&'a str),
    /// What comes, with its day where days have no lines of their own; nothing where it is that of above.
    Coming(&'a Coming, Option<&'a str>),
    Words(String),
}

impl Panel for Agenda {
    const VIEW: &'static str = "agenda";
    const SUMMARY: &'static str = "the change calendar: freezes in force, then what is planned, day by day";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Optional;
    const LAYER: Layer = Layer::Pipeline;
    const ROOM: Room = Room::new((24, 2), (50, 8), (100, 30), 3);
    const EVENTS: EventsUse = EventsUse::Shown(EventSet::Plans);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let ahead = options.ahead.unwrap_or(AHEAD).min(FARTHEST);
        let events: &[&Event] = match &input.content {
            Content::Events(events) => events,
            _ => &[],
        };
        let (now, last) = (input.now, input.now.plus(ahead));
        let planned: Vec<&Event> = events.iter().copied().filter(|event| options.shows(event, input)).collect();
        let mut in_force: Vec<&Event> = planned.iter().copied().filter(|event| event.is_in_force(now)).collect();
        in_force.sort_by_key(|event| (event.kind != EventKind::Freeze, event.until));
        let any_time: Vec<&Event> = planned.iter().copied().filter(|event| is_any_time(event, now)).collect();
        let coming: Vec<&Event> = planned.into_iter().filter(|event| event.at > now && event.at <= last).collect();
        let days = Days::new(now, input.zone);
        View {
            more: [&in_force, &any_time, &coming].map(|all| all.len().saturating_sub(MOST)).into_iter().sum(),
            in_force: in_force.into_iter().take(MOST).map(|event| InForce::from_event(event, input)).collect(),
            any_time: any_time.into_iter().take(MOST).map(AnyTime::from_event).collect(),
            coming: coming.into_iter().take(MOST).map(|event| Coming::from_event(event, &days, input)).collect(),
            ahead,
            answered: !matches!(input.content, Content::Nothing),
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let is_narrow = area.width < NARROW;
        let time = |one: &Coming| if is_narrow { one.begin.width() } else { one.time.width() };
        let time = view.coming.iter().map(time).max().unwrap_or(0) as u16;
        let day = view.coming.iter().map(|one| one.day.width()).max().unwrap_or(0) as u16;
        for (y, line) in view.lines(area.height).into_iter().enumerate() {
            let area = row(area, y as u16);
            match line {
                Line::InForce(one) => drawing::in_force(one, area, buffer, ink),
                Line::AnyTime(one) => drawing::any_time(one, area, buffer, ink),
                Line::Coming(one, None) => drawing::coming(one, time, area, buffer, ink),
                Line::Coming(one, Some(word)) => {
                    write(buffer, columns(area, 0, day), 0, 0, word, ink.style(Role::Muted));
                    drawing::coming(one, time, columns(area, day + 1, area.width), buffer, ink);
                }
                Line::Day(day) => {
                    write(buffer, area, 0, 0, day, ink.style(Role::Title));
                }
                Line::Words(words) => {
                    write(buffer, area, 0, 0, &words, ink.style(Role::Muted));
                }
            }
        }
    }

    fn strip(view: &View) -> String {
        match (view.in_force.first(), view.any_time.first(), view.coming.first()) {
            (Some(now), ..) if now.kind == EventKind::Freeze => format!("freeze until {}", now.until),
            (_, Some(one), _) => format!("not known when: {}", one.what.title),
            (Some(now), ..) => format!("now: {} until {}", now.what.title, now.until),
            (.., Some(next)) => format!("next: {} {}", next.what.title, next.soon),
            _ => view.nothing(),
        }
    }
}

impl View {
    /// That nothing comes.
    fn nothing(&self) -> String {
        let more = if self.in_force.is_empty() && self.any_time.is_empty() { "" } else { "more " };
        if self.answered { format!("nothing {more}planned for {}", self.ahead.brief()) } else { String::new() }
    }

    /// What is drawn, line by line. Days have lines of their own where there is room for all.
    fn lines(&self, height: u16) -> Vec<Line<'_>> {
        let room = usize::from(height);
        let mut lines: Vec<Line<'_>> = self.in_force.iter().map(Line::InForce).collect();
        lines.extend(self.any_time.iter().map(Line::AnyTime));
        let same_day = |a: &Coming, b: &Coming| a.day == b.day;
        let days = self.coming.chunk_by(same_day).count();
        let has_headings = lines.len() + self.coming.len() + days <= room && self.more == 0;
        for day in self.coming.chunk_by(same_day) {
            let mut word = day.first().map(|one| one.day.as_str()).unwrap_or_default();
            if has_headings {
                lines.push(Line::Day(word));
            }
            for one in day {
                lines.push(Line::Coming(one, (!has_headings).then_some(std::mem::take(&mut word))));
            }
        }
        if self.coming.is_empty() && lines.len() < room.max(1) {
            lines.push(Line::Words(self.nothing()));
        }
        if lines.len() > room || self.more > 0 {
            let shown = room.saturating_sub(1).clamp(1, lines.len());
            let rest = lines.len() - shown + self.more;
            lines.truncate(shown);
            if room > 1 {
                lines.push(Line::Words(format!("{rest} more")));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    use crate::model::time::Zone;

    use crate::panel::ink::Glyphs;

    const HOUR: i64 = 3_600_000;

    /// So many hours from noon on Saturday, 21 November 2026.
    fn hours(hours: i64) -> Timestamp {
        Timestamp(1_795_262_400_000 + hours * HOUR)
    }

    fn event(kind: EventKind, title: &str, from: i64, until: i64) -> Event {
        Event { at: hours(from), until: Some(hours(until)), kind, title: title.into(), ..Event::default() }
    }

    fn view(options: &Options, events: &[Event]) -> View {
        let zone = Zone::utc();
        let input = PanelInput::alone(Content::Events(events.iter().collect()), hours(0), &zone);
        Agenda::view(options, &input)
    }

    fn drawn(view: &View, width: u16, height: u16) -> Vec<String> {
        let ink = Ink::new([Style::new(); 18], Glyphs::Full);
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        Agenda::draw(view, area, &mut buffer, &ink);
        let line = |y: u16| (0..width).filter_map(|x| Some(buffer.cell((x, y))?.symbol())).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    fn calendar() -> [Event; 6] {
        [
            event(EventKind::Planned, "Backup", -1, 1),
            event(EventKind::Freeze, "End of year", -20, 44),
            event(EventKind::Planned, "DB migration", 3, 4),
            event(EventKind::Release, "2.15", 12, 36),
            event(EventKind::Planned, "Audit", 13, 14),
            event(EventKind::Deploy, "v1", 1, 2),
        ]
    }

    #[test]
    fn what_is_in_force_comes_first_and_days_have_lines_of_their_own() {
        let view = view(&Options::default(), &calendar());
        let expected = [
            "‖ freeze until Mon 08:00 (1 d 20 h)  End of year",
            "◷ planned until 13:00 (1 h)  Backup",
            "today",
            "15:00-16:00 ◷ DB migration                in 3 h",
            "tomorrow",
            "all day     ★ 2.15                       in 12 h",
            "01:00-02:00 ◷ Audit                      in 13 h",
        ];
        assert_eq!(drawn(&view, 48, 7), expected);
        assert_eq!(Agenda::strip(&view), "freeze until Mon 08:00");
    }

    #[test]
    fn with_less_room_days_stand_beside_and_the_rest_is_counted() {
        let view = view(&Options::default(), &calendar());
        let expected = [
            "‖ freeze until Mon 08:00 (1 d 20 h)  End of year",
            "◷ planned until 13:00 (1 h)  Backup",
            "today    15:00-16:00 ◷ DB migration       in 3 h",
            "2 more",
        ];
        assert_eq!(drawn(&view, 48, 4), expected);
        assert_eq!(drawn(&view, 48, 1), expected[..1]);
        assert_eq!(drawn(&view, 24, 3)[..2], ["‖ freeze until Mon 08:00", "◷ planned until 13:00  …"]);
        let _no_panic = (drawn(&view, 0, 0), drawn(&view, 1, 1), drawn(&view, 3, 50));
    }

    #[test]
    fn what_may_be_at_any_time_stays_on_top() {
        let remark = "repeats in a way that andon does not know";
        let unknown = |kind: EventKind, title: &str, from: i64| {
            let event = event(kind, title, from, from + 1);
            Event { state: EventState::Unknown, remark: remark.into(), ..event }
        };
        let long_ago = unknown(EventKind::Freeze, "Audit", -9000);
        let view_of = |events: &[Event]| view(&Options::default(), events);
        let expected = [
            "◌ freeze Audit · repeats in a way that andon does not know",
            "tomorrow",
            "01:00-02:00 ◷ Backup · repeats in a way that andon…  in 13 h",
        ];
        let both = view_of(&[long_ago.clone(), unknown(EventKind::Planned, "Backup", 13)]);
        assert_eq!(drawn(&both, 60, 3), expected);
        assert_eq!(Agenda::strip(&both), "not known when: Audit");
        assert_eq!(drawn(&view_of(&[long_ago]), 60, 2), [expected[0], "nothing more planned for 14 d"]);
        let now = view_of(&[unknown(EventKind::Freeze, "Audit", 0)]);
        assert!(drawn(&now, 90, 1)[0].starts_with("‖ freeze until 13:00"), "its first date is one of its dates");
    }

    #[test]
    fn nothing_planned_is_said() {
        let far = [event(EventKind::Planned, "far", 15 * 24, 16 * 24)];
        let fortnight = view(&Options::default(), &far);
        assert_eq!(drawn(&fortnight, 40, 2), ["nothing planned for 14 d", ""]);
        let month = view(&Options { ahead: Some(Span::seconds(30 * 86_400)), ..Options::default() }, &far);
        assert_eq!(Agenda::strip(&month), "next: far in 15 d");
        let freezes = view(&Options { kinds: vec![EventKind::Freeze], ..Options::default() }, &calendar());
        assert_eq!(drawn(&freezes, 60, 3)[1..], ["nothing more planned for 14 d", ""]);
    }
}
