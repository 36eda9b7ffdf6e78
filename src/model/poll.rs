//! What a source is asked, and how the asking goes.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::fault::FetchError;
use super::telemetry::Telemetry;
use super::time::{Span, Timestamp};

/// The handle of a query, for as long as the program runs: a reload keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct QueryId(pub usize);

/// One question to a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// The query in the source's own language; empty for "everything you have".
    pub query: Arc<str>,
    /// How much past is wanted; `None` asks for this moment only.
    pub history: Option<Span>,
}

/// The name of a query that holds over reloads, restarts and releases: what was learned of it is kept under it.
///
/// It says which source of the board is asked, what, and whether for this moment or for the past, and nothing of how:
/// how often, how much past, at which address, and with which secrets may change, and it is still the same query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryKey(Arc<str>);

const STATUS: &str = "status ";

impl QueryKey {
    /// Of a query to a source of this name and kind. `longer` counts the queries that differ from it only in that
    /// they ask for more past.
    ///
    /// As text: "prometheus past 4:shop sum(up)". The length before the name of the source says where it ends.
    pub fn new(kind: &str, source: &str, ask: &Ask, longer: usize) -> Self {
        let when = if ask.history.is_some() { "past" } else { "now" };
        let which = if longer > 0 { format!("#{longer}") } else { String::new() };
        Self(format!("{kind} {when}{which} {}:{source} {}", source.len(), ask.query).into())
    }

    /// Under which the statuses of a panel are kept: no kind of source is called so.
    pub fn of_status(page: &str, panel: &str) -> Self {
        Self(format!("{STATUS}{}:{page} {panel}", page.len()).into())
    }

    /// Whether statuses are kept under it: the codes 0 ok, 1 warning, 2 critical, 3 unknown.
    pub fn is_of_status(&self) -> bool {
        self.0.starts_with(STATUS)
    }

    /// The key of such a text.
    pub fn of_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The answer to one [`Ask`].
pub type Answer = Result<Telemetry, FetchError>;

/// What a server lets us ask before it refuses, as its headers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Requests left.
    pub remaining: u64,
    /// Of how many.
    pub limit: Option<u64>,
    /// When there are as many again.
    pub resets_at: Option<Timestamp>,
}

impl Budget {
    /// Whether less than a tenth is left.
    pub fn is_low(&self) -> bool {
        self.remaining.saturating_mul(10) < self.limit.unwrap_or(0)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.limit.map_or_else(String::new, |limit| format!(" of {limit}"));
        write!(f, "{}{total} requests left", self.remaining)
    }
}

/// The outcome of one poll of one query, with what the supervisor does next.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Which query.
    pub query: QueryId,
    /// When the answer was complete.
    pub at: Timestamp,
    /// The answer.
    pub answer: Answer,
    /// How many polls in a row have failed; 0 after a success.
    pub failures: u32,
    /// When the next poll begins.
    pub next_try: Timestamp,
    /// Why nobody listens, where the source has a listener besides its polls that should be up: the answer is what is
    /// known, but something may be missing in it.
    pub listener_error: Option<FetchError>,
    /// What the server lets us ask, where it tells.
    pub budget: Option<Budget>,
    /// How old the answer was already when it came, as a cache on the way tells; 0 where none does.
    pub age: Span,
    /// By how much the server's clock is ahead of ours (below zero: behind), where it is more than a second.
    pub clock_skew: Option<Span>,
}

impl Outcome {
    /// What is wrong: the poll has failed, or nobody listens.
    pub fn error(&self) -> Option<&FetchError> {
        self.answer.as_ref().err().or(self.listener_error.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Histories are kept under these texts: another text would lose them.
    #[test]
    fn the_key_of_a_query_is_the_same_text_in_every_release() {
        let key = |source: &str, query: &str, history, longer| {
            QueryKey::new("prometheus", source, &Ask { query: query.into(), history }, longer).as_str().to_owned()
        };
        let hour = Some(Span::seconds(3600));
        assert_eq!(key("shop", "sum(up)", None, 0), "prometheus now 4:shop sum(up)");
        assert_eq!(key("shop", "sum(up)", hour, 0), "prometheus past 4:shop sum(up)");
        assert_eq!(key("shop", "sum(up)", hour, 1), "prometheus past#1 4:shop sum(up)");
        assert_eq!(key("shop", "", None, 0), "prometheus now 4:shop ");
        assert_ne!(key("a b", "c", None, 0), key("a", "b c", None, 0));
    }
}
