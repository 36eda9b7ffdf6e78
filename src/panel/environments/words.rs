//! The words of a cell: as many as there is room for.

use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::matrix::{Cell, Since};
use crate::model::event::{EventKind, EventState};
use crate::model::status::Status;
use crate::panel::ink::{Glyphs, Ink, Role};

/// How much a cell says; the richest that fits the width is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// Lamps and marks.
    Lamps,
    /// With versions.
    Versions,
    /// With ages.
    Ages,
    /// With what differs, what comes and what is wrong, in words.
    All,
}

pub(super) const RICHEST_FIRST: [Detail; 4] = [Detail::All, Detail::Ages, Detail::Versions, Detail::Lamps];

/// Another version runs in the environment before.
const fn differs(glyphs: Glyphs) -> &'static str {
    match glyphs {
        Glyphs::Ascii => "!=",
        Glyphs::Full | Glyphs::Block => "≠",
    }
}

/// The words of a cell, each with its style.
pub(super) fn words(cell: &Cell, detail: Detail, ink: &Ink) -> Vec<(String, Style)> {
    let (text, muted, accent) = (ink.style(Role::Text), ink.style(Role::Muted), ink.style(Role::Accent));
    if !cell.is_known() {
        return vec![("-".to_owned(), muted)];
    }
    let style = ink.style(cell.status.into());
    // Where nothing runs yet, the mark of what comes is lamp enough.
    let is_to_come = cell.current.is_none() && cell.failed.is_none() && cell.coming.is_some();
    let lamp = (!is_to_come).then(|| (ink.lamp(cell.status).to_owned(), style));
    let mut words: Vec<(String, Style)> = lamp.into_iter().collect();
    let has_versions = detail >= Detail::Versions;
    if let Some(failed) = cell.failed.as_ref().filter(|_| has_versions) {
        let comma = if detail == Detail::All && cell.current.is_some() { "," } else { "" };
        words.push((format!("{} failed{comma}", failed.name), style));
        if let Some(current) = cell.current.as_ref().filter(|_| detail == Detail::All) {
            words.push((format!("{} runs", current.name), text));
            words.push((current.age.clone(), muted));
        }
        return words;
    }
    if let Some(current) = cell.current.as_ref().filter(|_| has_versions) {
        words.push((current.name.clone(), ink.value(cell.status)));
        if detail >= Detail::Ages {
            words.push((current.age.clone(), muted));
        }
        // What is well may still have a word to it: "Progressing 6 h".
        if detail == Detail::All && !cell.remark.is_empty() {
            words.push((cell.remark.clone(), if cell.status == Status::Ok { muted } else { style }));
        } else if cell.status != Status::Ok {
            words.push((cell.status.word().to_owned(), style));
        }
    }
    if let Some(before) = &cell.before {
        words.push((beside(differs(ink.glyphs), before, "", detail), accent));
    }
    if let Some((coming, state)) = &cell.coming {
        let (mark, state) = match state {
            EventState::Running => (ink.glyphs.running(), "running"),
            EventState::Waiting => (ink.glyphs.event(EventKind::Planned), "waiting"),
            EventState::Done | EventState::Failed | EventState::Unknown => (ink.lamp(Status::Unknown), "unknown"),
        };
        // Where nothing runs yet, what comes is all there is to say.
        let detail = if cell.current.is_none() && has_versions { Detail::All } else { detail };
        words.push((beside(mark, coming, state, detail), accent));
    }
    words
}

/// "≠ v2.16 5 min", "▶ v2.16 running", or the mark alone.
fn beside(mark: &str, version: &Since, state: &str, detail: Detail) -> String {
    if detail < Detail::All {
        return mark.to_owned();
    }
    let last = if state.is_empty() { version.age.as_str() } else { state };
    format!("{mark} {} {last}", version.name)
}

/// The columns that the words of a cell take.
pub(super) fn width(cell: &Cell, detail: Detail, ink: &Ink) -> u16 {
    let words = words(cell, detail, ink);
    let letters: usize = words.iter().map(|(word, _)| word.width()).sum();
    (letters + words.len().saturating_sub(1)).min(usize::from(u16::MAX)) as u16
}
