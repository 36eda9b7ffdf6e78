//! How it stands with one engine, in words.

use crate::export::remote_write::gathering::LeftOut;
use crate::model::fault::FetchError;
use crate::model::time::{Span, Timestamp};

/// A failure is said when it lasts for so long: an engine that is restarted loses nothing.
const PATIENCE: Span = Span::seconds(10);
/// What was lost is said for so long after the last loss.
const SAID: Span = Span::seconds(3600);

/// How it stands with one engine.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Standing {
    /// Since when it takes nothing, and why.
    pub(super) failing: Option<(Timestamp, FetchError)>,
    /// Samples of requests that it has refused for good, and why the last of them.
    pub(super) refused: Option<(usize, FetchError)>,
    /// Samples that were dropped because it took nothing for too long.
    pub(super) lost: usize,
}

/// What was lost, and when the last of it.
#[derive(Debug, Default)]
pub(super) struct Losses {
    counts: (usize, usize, LeftOut),
    changed: Option<Timestamp>,
}

impl Losses {
    /// What is wrong at a moment, in half a sentence; none where nothing is.
    pub(super) fn said(&mut self, standing: &Standing, left_out: LeftOut, now: Timestamp) -> Option<String> {
        let counts = (standing.refused.as_ref().map_or(0, |refused| refused.0), standing.lost, left_out);
        if counts != self.counts {
            self.counts = counts;
            self.changed = Some(now);
        }
        let is_recent = self.changed.is_some_and(|at| at.age_at(now) <= SAID);
        let failing = standing.failing.as_ref().filter(|(since, _)| since.age_at(now) >= PATIENCE);
        let refused = standing.refused.as_ref().filter(|_| is_recent);
        let left_out = left_out.said();
        let parts = [
            // Without a number, which would be another one every few seconds.
            failing.map(|(_, why)| format!("{why}; samples wait")),
            refused.map(|(samples, why)| format!("samples refused: {samples} ({why})")),
            (is_recent && standing.lost > 0)
                .then(|| format!("samples lost because it took nothing for too long: {}", standing.lost)),
            (is_recent && !left_out.is_empty()).then(|| format!("samples not sent: {left_out}")),
        ];
        let said: Vec<String> = parts.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::Reason;

    #[test]
    fn a_short_outage_is_not_said_and_a_loss_is_said_for_an_hour() {
        let at = |seconds: i64| Timestamp(seconds * 1000);
        let mut losses = Losses::default();
        let mut said = |standing: &Standing, seconds| losses.said(standing, LeftOut::default(), at(seconds));
        let away = Standing { failing: Some((at(0), Reason::Refused.into())), ..Standing::default() };
        assert_eq!(said(&away, 9), None);
        assert_eq!(said(&away, 10).unwrap(), "connection refused; samples wait");
        let lossy = Standing { refused: Some((3, Reason::Http(400).into())), lost: 5, ..Standing::default() };
        let both = "samples refused: 3 (HTTP 400); samples lost because it took nothing for too long: 5";
        assert_eq!(said(&lossy, 20).unwrap(), both);
        assert_eq!(said(&lossy, 3620).unwrap(), both);
        assert_eq!(said(&lossy, 3621), None);
        let more = Standing { lost: 6, ..lossy };
        assert!(said(&more, 4000).unwrap().ends_with("too long: 6"));
    }
}
