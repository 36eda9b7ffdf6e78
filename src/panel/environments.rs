//! Which version runs where: a row a service, a column an environment, on the way to the customer.
//!
//! ```text
//!           development    staging                  production
//! ✖ shop    ● v2.16 5 min  ● v2.15 2 h ≠ v2.16 5 min  ✖ v2.15 failed, v2.14 runs 3 d
//! ● mail    ● v7.1 2 d     ● v7.1 20 h ▶ v7.2 running  ● v7.1 19 h
//!   4 more ok
//! ```

mod layout;
mod matrix;
mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::{Ink, Role};
use super::marks::{row, write};
use super::{EventsUse, Need, Panel, PanelInput, Room};
use crate::eval::deployments::{Places, Selection};
use crate::model::event::{Event, EventSet};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::status::Status;
use layout::Layout;
use matrix::{Cell, Matrix, Row, matrix};

/// The panel.
#[derive(Debug)]
pub struct Environments;

/// The keys of an environments panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Environments to show, in the order that versions go through them (default: all, those from development to
    /// production by their names).
    pub environments: Vec<String>,
    /// Services to show, in this order (default: all, what is red first).
    pub services: Vec<String>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct View {
    matrix: Matrix,
    answered: bool,
}

impl Panel for Environments {
    const VIEW: &'static str = "environments";
    const SUMMARY: &'static str = "which version runs where: services by environments, what is behind, what failed";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Optional;
    const LAYER: Layer = Layer::Pipeline;
    const ROOM: Room = Room::new((24, 3), (70, 8), (140, 30), 5);
    const EVENTS: EventsUse = EventsUse::Judged(EventSet::Deploys);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let Content::Events(events) = &input.content else {
            return View { answered: !matches!(input.content, Content::Nothing), ..View::default() };
        };
        let belongs = |event: &&Event| event.belongs_to(input.service, input.environment);
        let events: Vec<&Event> = events.iter().copied().filter(belongs).collect();
        let selection = Selection { services: &options.services, environments: &options.environments };
        View { matrix: matrix(Places::new(&events).select(selection), input.now), answered: true }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let muted = ink.style(Role::Muted);
        let Matrix { rows, more, .. } = &view.matrix;
        if rows.is_empty() {
            write(buffer, area, 1, 0, if view.answered { "no deploys known" } else { "" }, muted);
            return;
        }
        if area.height < 2 {
            write(buffer, area, 0, 0, &Self::strip(view), muted);
            return;
        }
        let layout = Layout::new(&view.matrix, area.width, ink);
        layout.draw_header(&view.matrix, row(area, 0), buffer, ink);
        let (count, room) = (rows.len() + more.len(), usize::from(area.height - 1));
        let shown = if count > room { room - 1 } else { count };
        let (kept, rest) = worst_kept(rows, shown);
        // With room to spare, rows stand apart.
        let each = if usize::from(area.height) > 2 * count { 2 } else { 1 };
        for (n, service) in kept.into_iter().enumerate() {
            layout.draw_row(service, row(area, n as u16 * each + 1), buffer, ink);
        }
        let rest: Vec<Status> = rest.into_iter().map(|service| service.status).chain(more.iter().copied()).collect();
        write(buffer, row(area, area.height - 1), 2, 0, &counted(&rest), muted);
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.matrix.rows.len() + 1, (1, 2))
    }

    fn strip(view: &View) -> String {
        let Matrix { rows, more, .. } = &view.matrix;
        let count = rows.len() + more.len();
        if count == 0 {
            return if view.answered { "no deploys known".to_owned() } else { String::new() };
        }
        let having = |has: fn(&Cell) -> bool| rows.iter().filter(|row| row.cells.iter().any(has)).count();
        // What has failed is counted as such.
        let others = rows.iter().filter(|row| row.cells.iter().all(|cell| cell.failed.is_none()));
        let others: Vec<Status> = others.map(|row| row.status).chain(more.iter().copied()).collect();
        let count_of = |status: Status| others.iter().filter(|other| **other == status).count();
        let parts = [
            (having(|cell| cell.is_behind), "behind"),
            (having(|cell| cell.before.is_some() && !cell.is_behind), "different"),
            (having(|cell| cell.failed.is_some()), "failed"),
            (count_of(Status::Critical), Status::Critical.word()),
            (count_of(Status::Warning), Status::Warning.word()),
            (count_of(Status::Unknown), Status::Unknown.word()),
        ];
        let s = if count == 1 { "" } else { "s" };
        let said = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
        std::iter::once(format!("{count} service{s}")).chain(said).collect::<Vec<_>>().concat()
    }
}

/// So many rows, the worst of all but in their order; and the others.
fn worst_kept(rows: &[Row], shown: usize) -> (Vec<&Row>, Vec<&Row>) {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| rows.get(*at).map(|row| 3 - row.status.severity()));
    let (mut kept, mut rest) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        if order.iter().take(shown).any(|one| *one == at) {
            kept.push(row);
        } else {
            rest.push(row);
        }
    }
    (kept, rest)
}

/// "1 more critical, 4 more ok"; nothing of nothing.
fn counted(statuses: &[Status]) -> String {
    let part = |wanted: Status| {
        let count = statuses.iter().filter(|status| **status == wanted).count();
        (count > 0).then(|| format!("{count} more {}", wanted.word()))
    };
    Status::WORST_FIRST.into_iter().filter_map(part).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::words::Detail;
    use super::*;
    use crate::model::event::{EventKind, EventState};
    use crate::model::time::{Timestamp, Zone};
    use crate::panel::ink::Glyphs;

    const MINUTE: i64 = 60_000;
    const NOW: Timestamp = Timestamp(100_000 * MINUTE);

    fn deploy(minutes: i64, service: &str, environment: &str, version: &str, state: EventState) -> Event {
        Event {
            at: Timestamp(NOW.0 - minutes * MINUTE),
            kind: EventKind::Deploy,
            state,
            service: service.into(),
            environment: environment.into(),
            version: version.into(),
            ..Event::default()
        }
    }

    fn example() -> Vec<Event> {
        use EventState::{Done, Failed, Running};
        vec![
            deploy(9000, "mail", "staging", "v7", Done),
            deploy(8000, "mail", "production", "v7", Done),
            deploy(5000, "shop", "production", "v2.14", Done),
            deploy(90, "shop", "staging", "v2.15", Done),
            deploy(30, "mail", "production", "v8", Running),
            deploy(20, "shop", "production", "v2.15", Failed),
        ]
    }

    fn view(events: &[Event]) -> View {
        let zone = Zone::utc();
        let input = PanelInput::alone(Content::Events(events.iter().collect()), NOW, &zone);
        Environments::view(&Options::default(), &input)
    }

    fn ink(glyphs: Glyphs) -> Ink {
        Ink::new([Style::default(); 18], glyphs)
    }

    fn drawn(width: u16, height: u16, glyphs: Glyphs) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        Environments::draw(&view(&example()), area, &mut buffer, &ink(glyphs));
        crate::panel::marks::text(&buffer).lines().map(str::to_owned).collect()
    }

    #[test]
    fn half_a_line_says_what_is_not_as_it_should_be() {
        assert_eq!(Environments::strip(&view(&example())), "2 services, 1 behind, 1 failed");
        assert_eq!(Environments::strip(&view(&example()[..2])), "1 service");
        assert_eq!(Environments::strip(&view(&[])), "no deploys known");
    }

    #[test]
    fn cells_say_as_much_as_there_is_room_for() {
        let wide = drawn(90, 3, Glyphs::Full);
        assert!(wide[1].starts_with("✖ shop"), "{wide:#?}");
        assert!(wide[1].contains("● v2.15 1 h"), "{wide:#?}");
        assert!(wide[1].contains("✖ v2.15 failed, v2.14 runs 3 d"), "{wide:#?}");
        assert!(wide[2].contains("● v7 5 d ▶ v8 running"), "{wide:#?}");
        let narrower = drawn(46, 3, Glyphs::Full);
        assert!(narrower[1].contains("✖ v2.15 failed") && !narrower[1].contains("runs"), "{narrower:#?}");
        assert!(narrower[2].contains("● v7 5 d ▶"), "{narrower:#?}");
        assert_eq!(drawn(18, 3, Glyphs::Full)[1..], ["✖ shop  ●     ✖ ≠", "● mail  ●     ● ▶"]);
    }

    #[test]
    fn plain_ascii_has_a_mark_of_its_own() {
        let plain = drawn(18, 3, Glyphs::Ascii);
        assert!(plain[1].ends_with("X !="), "{plain:#?}");
    }

    #[test]
    fn rows_without_room_are_counted_and_red_ones_stay() {
        let rows = view(&example()).matrix.rows;
        let (kept, rest) = worst_kept(&rows, 1);
        assert_eq!((kept[0].name.as_str(), rest[0].name.as_str()), ("shop", "mail"));
        assert_eq!(counted(&[Status::Ok, Status::Critical, Status::Ok]), "1 more critical, 2 more ok");
    }

    #[test]
    fn fourteen_review_apps_leave_the_versions_on_the_way_to_the_customer() {
        let mut events = example();
        for n in 0..14 {
            let version = format!("feature-{n}@0123456{n:x}");
            events.push(deploy(n, "shop", &format!("review/feature-{n}"), &version, EventState::Done));
        }
        let area = Rect::new(0, 0, 160, 4);
        let mut buffer = Buffer::empty(area);
        Environments::draw(&view(&events), area, &mut buffer, &ink(Glyphs::Full));
        let lines: Vec<String> = crate::panel::marks::text(&buffer).lines().map(str::to_owned).collect();
        assert!(lines[0].contains("staging") && lines[0].contains("production"), "{lines:#?}");
        assert!(lines[0].trim_start().starts_with('+'), "what is left out is counted: {lines:#?}");
        assert!(lines[1].contains("● v2.15") && lines[1].contains("✖ v2.15 failed"), "{lines:#?}");
        // One that failed is worth more than one that is well.
        events.push(deploy(0, "shop", "review/feature-7", "bad", EventState::Failed));
        let mut buffer = Buffer::empty(area);
        Environments::draw(&view(&events), area, &mut buffer, &ink(Glyphs::Full));
        let screen = crate::panel::marks::text(&buffer);
        assert!(screen.contains("✖ bad failed") && screen.contains("● v2.15"), "{screen}");
    }

    #[test]
    fn what_is_well_has_its_word_beside_it_and_what_was_taken_down_is_gone() {
        let progressing = Event {
            health: Some(Status::Ok),
            remark: "Progressing 6 h".into(),
            ..deploy(600, "shop", "production", "v2", EventState::Done)
        };
        let gone = Event { until: Some(NOW), ..deploy(9, "shop", "preview-1", "v3", EventState::Done) };
        let failed = Event { until: Some(NOW), ..deploy(9, "mail", "preview-2", "v3", EventState::Failed) };
        let area = Rect::new(0, 0, 80, 3);
        let mut buffer = Buffer::empty(area);
        let view = view(&[progressing, gone, failed]);
        Environments::draw(&view, area, &mut buffer, &ink(Glyphs::Full));
        let screen = crate::panel::marks::text(&buffer);
        assert!(screen.contains("● v2 10 h Progressing 6 h"), "{screen}");
        assert!(!screen.contains("preview") && !screen.contains("mail"), "{screen}");
        assert_eq!(Environments::strip(&view), "1 service");
    }

    #[test]
    fn columns_that_tell_least_go_first() {
        let mut events = example();
        events.push(deploy(1, "shop", "review-1", "v9", EventState::Done));
        let layout = Layout::new(&view(&events).matrix, 20, &ink(Glyphs::Full));
        assert_eq!((layout.detail, layout.hidden), (Detail::Lamps, 1));
        assert_eq!(layout.columns.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 2], "staging and production");
    }
}
