//! Below a panel that fills the page: what happened at the moment that is pointed at, or its age and where to read on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::model::time::{Span, Timestamp};
use crate::panel::changes::{Changes, Mark, words};
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, write};
use crate::view::scene::{PanelScene, Scene, SourceState};

/// The zoomed panel's own facts, below it: what happened where the viewer points, or age and link.
pub(super) fn draw(panel: &PanelScene, scene: &Scene, age: Span, inner: Rect, buffer: &mut Buffer, ink: &Ink) -> Rect {
    if inner.height < 6 {
        return inner;
    }
    let foot = Rect { y: inner.y + inner.height - 1, height: 1, ..inner };
    let above = Rect { height: inner.height - 2, ..inner };
    if let (Some(cursor), Some(changes)) = (ink.cursor, panel.view.changes()) {
        let time = cursor.clock(&scene.zone);
        let mut x = write(buffer, foot, 1, 0, &time, ink.style(Role::Accent)) + 3;
        let value = panel.view.said_at(cursor);
        if !value.is_empty() {
            x += write(buffer, foot, x, 0, &value, ink.style(Role::Title)) + 3;
        }
        happened(changes, cursor, scene, columns(foot, x, foot.width.saturating_sub(x + 1)), buffer, ink);
        return above;
    }
    if !panel.is_fed {
        return above;
    }
    let answered = |old: Span| format!("answered {} ago", Span(old.0.saturating_add(age.0)).brief());
    let mut facts = vec![panel.layer.word().to_owned(), panel.age.map_or_else(|| "no answer yet".to_owned(), answered)];
    if panel.simulated {
        facts.push("simulated".to_owned());
    }
    facts.extend(scene.sources.iter().filter_map(SourceState::budget_words));
    facts.extend(panel.link.as_ref().map(ToString::to_string));
    write(buffer, foot, 1, 0, &facts.join(ink.glyphs.dot()), ink.style(Role::Muted));
    above
}

/// What happened at a moment, in a line.
pub(super) fn happened(changes: &Changes, at: Timestamp, scene: &Scene, line: Rect, buffer: &mut Buffer, ink: &Ink) {
    let marks: Vec<&Mark> = changes.marks_at(at).collect();
    let said = marks_text(&marks, scene, usize::from(line.width), ink);
    write(buffer, line, 0, 0, &said, ink.style(Role::Text));
}

/// What the marks under the pointer say, how long ago that was, and how many more there are than there is
/// room for.
fn marks_text(marks: &[&Mark], scene: &Scene, room: usize, ink: &Ink) -> String {
    let Some(first) = marks.first() else { return "nothing happened here".to_owned() };
    let count: usize = marks.iter().map(|mark| mark.count).sum();
    let age = format!(", {} ago", first.at.age_at(scene.now).brief());
    let mut said = String::new();
    for (n, words) in marks.iter().flat_map(|mark| &mark.events).map(words).enumerate() {
        let between = if n == 0 { "" } else { ink.glyphs.dot() };
        if n > 0 && said.width() + between.width() + words.width() + age.width() + " +99 more".len() > room {
            return format!("{said}{age} +{} more", count - n);
        }
        said = format!("{said}{between}{words}");
    }
    let left = count - marks.iter().map(|mark| mark.events.len()).sum::<usize>();
    let more = if left > 0 { format!(" +{left} more") } else { String::new() };
    format!("{said}{age}{more}")
}
