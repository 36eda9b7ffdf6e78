//! The entries of an agenda, in words.

use serde::Serialize;

use super::words::{self, Days};
use crate::model::event::{Event, EventKind};
use crate::model::text::SafeText;
use crate::panel::PanelInput;

/// What goes on now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct InForce {
    pub(super) kind: EventKind,
    /// "Mon 08:00".
    pub(super) until: String,
    /// "2 d 4 h".
    pub(super) left: String,
    pub(super) what: What,
}

/// What comes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Coming {
    pub(super) kind: EventKind,
    /// "tomorrow".
    pub(super) day: String,
    /// "14:00".
    pub(super) begin: String,
    /// "14:00-15:30", "all day".
    pub(super) time: String,
    /// "in 3 h".
    pub(super) soon: String,
    pub(super) what: What,
}

/// What may be in force or come at any time: nobody knows when.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct AnyTime {
    pub(super) kind: EventKind,
    pub(super) what: What,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct What {
    pub(super) title: SafeText,
    /// The service, and what there is to say about it.
    pub(super) notes: Vec<SafeText>,
}

impl InForce {
    pub(super) fn from_event(event: &Event, input: &PanelInput<'_>) -> Self {
        let until = event.until.unwrap_or(input.now);
        Self {
            kind: event.kind,
            until: words::clock(until, input.now, input.zone),
            left: words::left(until, input.now),
            what: What::from_event(event),
        }
    }
}

impl Coming {
    pub(super) fn from_event(event: &Event, days: &Days, input: &PanelInput<'_>) -> Self {
        let time = words::time(event, input.zone);
        Self {
            kind: event.kind,
            day: days.word(event.at, input.zone),
            begin: time.split('-').next().unwrap_or_default().to_owned(),
            time,
            soon: words::soon(event.at, input.now),
            what: What::from_event(event),
        }
    }
}

impl AnyTime {
    pub(super) fn from_event(event: &Event) -> Self {
        Self { kind: event.kind, what: What::from_event(event) }
    }
}

impl What {
    fn from_event(event: &Event) -> Self {
        let title = if event.title.is_empty() { &event.version } else { &event.title };
        let names_service = title.as_str().contains(event.service.as_str());
        let mut notes = vec![event.service.clone(), event.remark.clone()];
        notes.retain(|note| !(note.is_empty() || names_service && *note == event.service));
        Self { title: title.clone(), notes }
    }
}
