//! What is kept of what was learned.

use crate::model::event::Event;
use crate::model::log::LogLines;
use crate::model::poll::QueryKey;
use crate::model::series::Series;
use crate::model::status::Status;
use crate::model::time::Timestamp;
use crate::store::News;
use crate::store::facts::{Ended, Fact, Poll};

/// One thing to keep.
#[derive(Debug, Clone)]
pub enum Record {
    /// Values of a source without a past of its own.
    Points(QueryKey, Vec<Series>),
    /// Lines of a log.
    Lines(QueryKey, LogLines),
    /// The status of a panel as of a moment; none where nobody knows it from then on.
    Status(QueryKey, Timestamp, Option<Status>),
    /// How all is of one query.
    Snapshot(QueryKey, Timestamp, News),
    /// Something that the board itself has noticed.
    Noted(Box<Event>),
    /// A query was answered, or not, and why not.
    Polled(QueryKey, Timestamp, Option<String>),
}

impl Record {
    /// What is kept of a fact; `key` names the query that it is about. Lines of logs are kept only where that is wanted.
    pub fn of(fact: &Fact, key: Option<&QueryKey>, keeps_logs: bool) -> Option<Self> {
        match (fact, key) {
            (Fact::Noted(event), _) => Some(Self::Noted(event.clone())),
            (Fact::News { news: News::Series(set), .. }, Some(key)) => {
                let has_points = set.series.iter().any(|one| !one.points.is_empty());
                (set.is_own() && has_points).then(|| Self::Points(key.clone(), set.series.clone()))
            }
            (Fact::News { news: News::Logs(lines), .. }, Some(key)) => {
                keeps_logs.then(|| Self::Lines(key.clone(), lines.clone()))
            }
            (Fact::News { at, news, .. }, Some(key)) => Some(Self::Snapshot(key.clone(), *at, news.clone())),
            (Fact::Poll(Poll { at, ended, .. }), Some(key)) => {
                let error = match ended {
                    Ended::Answered { listener_error, .. } => listener_error.as_ref().map(ToString::to_string),
                    Ended::Failed(error) => Some(error.to_string()),
                };
                Some(Self::Polled(key.clone(), *at, error))
            }
            _ => None,
        }
    }
}
