//! What happened at a site, as events of this board.

use serde::Deserialize;

use super::clock::SiteClock;
use crate::model::event::{Event, EventKind, EventState};
use crate::model::fault::{FetchError, Reason};
use crate::model::status::Status;
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::Timestamp;

/// An element of `/api/v1/events`.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    at: String,
    until: Option<String>,
    kind: String,
    #[serde(default)]
    title: SafeText,
    #[serde(default)]
    service: SafeText,
    #[serde(default)]
    environment: SafeText,
    #[serde(default)]
    version: SafeText,
    #[serde(default)]
    status: String,
    #[serde(default)]
    state: String,
}

impl Told {
    /// The event by our clock; what names no environment is of `environment`.
    pub(super) fn event(self, environment: &SafeText, clock: &SiteClock) -> Result<Event, FetchError> {
        let moment = |text: Option<&str>| Timestamp::of_rfc3339(text).map(|at| clock.ours(at));
        let at = moment(Some(&self.at)).ok_or_else(|| {
            let is = ellipsis(SafeText::new(&self.at).as_str(), 40);
            FetchError::new(Reason::Parse, format!("/api/v1/events: at = \"{is}\" is no moment"))
        })?;
        let event = Event {
            at,
            until: moment(self.until.as_deref()),
            // A kind of a later release is still something that happened.
            kind: EventKind::of_word(&self.kind).unwrap_or_default(),
            state: state(&self.state),
            title: self.title,
            service: self.service,
            environment: if self.environment.is_empty() { environment.clone() } else { self.environment },
            version: self.version,
            ..Event::default()
        };
        let told = status(&self.status);
        let health = (event.status() != told).then_some(told);
        Ok(Event { health, ..event })
    }
}

/// How far it has come, by the words of [`Event::state_word`].
fn state(word: &str) -> EventState {
    match word {
        "" => EventState::Done,
        "goes on" | "running" => EventState::Running,
        "waiting" => EventState::Waiting,
        "failed" => EventState::Failed,
        _ => EventState::Unknown,
    }
}

fn status(word: &str) -> Status {
    match word {
        "ok" => Status::Ok,
        "warning" => Status::Warning,
        "critical" => Status::Critical,
        _ => Status::Unknown,
    }
}
