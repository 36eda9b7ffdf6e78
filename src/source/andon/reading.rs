//! What to ask a site for, and what its answers say: all of a query but the network.

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::clock::SiteClock;
use super::numbers::{self, Known};
use super::wanted::Wanted;
use super::{happened, panels};
use crate::model::fault::FetchError;
use crate::model::series::{Coverage, SeriesSet};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::http::Document;

/// What is known of a site from answer to answer, by one query.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The environment of events that name none.
    environment: SafeText,
    clock: SiteClock,
    known: Known,
}

impl Reader {
    /// Of a site whose events are of an environment, where they name none.
    pub(super) fn new(environment: &str) -> Self {
        Self { environment: SafeText::new(environment), ..Self::default() }
    }

    /// The path that answers a query, and its parameters.
    pub(super) fn request(&self, wanted: &Wanted) -> (&'static str, Vec<(&'static str, String)>) {
        let from = self.known.from().map(|from| ("from", from.rfc3339()));
        match wanted {
            Wanted::Series(name) => (path(wanted), [("name", name.clone())].into_iter().chain(from).collect()),
            Wanted::Panels(_) | Wanted::Events => (path(wanted), Vec::new()),
        }
    }

    /// Takes in by how much an answer says that the site's clock is ahead of ours.
    pub(super) fn hear(&mut self, ahead: Option<Span>) {
        if self.clock.hear(ahead) {
            // What was taken over by another idea of its clock stands elsewhere: all of it is asked for again.
            self.known = Known::default();
        }
    }

    /// What an answer says that came at a moment, and how old it was already. Errors name the path that has answered.
    pub(super) fn read(
        &mut self,
        wanted: &Wanted,
        document: &Document,
        (now, seen): (Timestamp, Instant),
    ) -> Result<(Telemetry, Span), FetchError> {
        match wanted {
            Wanted::Panels(which) => {
                let document: panels::Document = json(document, wanted)?;
                let at = document.at()?;
                let age = self.clock.age(at, (now, seen));
                let read = panels::Read { at, ours: now.minus(age), clock: &self.clock };
                Ok((Telemetry::Table(document.table(which, read)?), age))
            }
            Wanted::Series(_) => {
                let series = numbers::series(json(document, wanted)?, &self.clock, &mut self.known)?;
                // Whole, though it begins where the last answer ended: what the site has replaced since is replaced
                // here, too.
                Ok((Telemetry::Series(SeriesSet::new(series, Coverage::Whole)), Span(0)))
            }
            Wanted::Events => {
                let told: Vec<happened::Told> = json(document, wanted)?;
                let events = told.into_iter().map(|one| one.event(&self.environment, &self.clock));
                Ok((Telemetry::Events(events.collect::<Result<_, _>>()?), Span(0)))
            }
        }
    }
}

const fn path(wanted: &Wanted) -> &'static str {
    match wanted {
        Wanted::Panels(_) => "api/v1/status",
        Wanted::Series(_) => "api/v1/series",
        Wanted::Events => "api/v1/events",
    }
}

fn json<T: DeserializeOwned>(document: &Document, wanted: &Wanted) -> Result<T, FetchError> {
    let named = |error: FetchError| FetchError {
        detail: SafeText::from(format!("/{}: {}", path(wanted), error.detail)),
        ..error
    };
    document.json().map_err(named)
}
