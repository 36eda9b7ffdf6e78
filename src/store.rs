//! What is known: the last good answer to every query, its history, and how the asking goes.
//!
//! A failed poll never erases the last good value. Everything is bounded. Only [`facts`] change what is known.

pub mod facts;
pub mod kind;
pub mod ring;
pub mod stored;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::model::event::Event;
use crate::model::fault::FetchError;
use crate::model::kinds::kinds;
use crate::model::poll::{Budget, QueryId};
use crate::model::telemetry::Caveat;
use crate::model::time::{Span, Timestamp};
pub use series::Track;
pub use stored::{News, Stored};

macro_rules! files {
    ($($(#[$about:meta])* $file:ident => $kind:ident($answer:ty)),+ $(,)?) => { $(pub mod $file;)+ };
}

kinds!(files);

/// Most events kept that the board itself has noticed.
const MAX_JOURNAL: usize = 1000;

/// One query: what is known, and how the asking goes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    /// The last good answer.
    pub stored: Stored,
    /// What its source said about that answer.
    pub caveat: Option<Caveat>,
    /// The moment that its newest datum is of: that of the newest value where the answer has times, else when
    /// it came.
    pub as_of: Option<Timestamp>,
    /// When it came.
    pub last_success: Option<Timestamp>,
    /// When the last poll ended, well or badly.
    pub last_poll: Option<Timestamp>,
    /// Why the last poll failed; none after a success.
    pub error: Option<FetchError>,
    /// How many polls in a row have failed.
    pub failures: u32,
    /// When the next poll begins.
    pub next_try: Option<Timestamp>,
    /// What the server lets us ask, where it tells.
    pub budget: Option<Budget>,
    /// The server's clock minus ours, where its last answer told and they differ by over a second.
    pub clock_skew: Option<Span>,
}

impl Entry {
    /// What happened, as the last good answer tells, oldest first.
    pub fn events(&self) -> &[Event] {
        self.stored.events()
    }

    /// The usual time between two of its data; zero where they have no time of their own.
    pub fn spacing(&self) -> Span {
        self.stored.spacing()
    }
}

/// How much more past than others some queries need, because a value is computed of it.
pub type Lookbacks = Arc<BTreeMap<QueryId, Span>>;

/// All queries of a board.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    entries: BTreeMap<QueryId, Entry>,
    window: Span,
    /// How much more past is kept of some.
    lookbacks: Lookbacks,
    /// What the board itself has noticed, oldest first.
    journal: VecDeque<Event>,
}

impl Store {
    /// A store that holds these queries, keeping so much past. It knows nothing yet.
    pub fn new(queries: impl Iterator<Item = QueryId>, window: Span) -> Self {
        let entries = queries.map(|query| (query, Entry::default())).collect();
        Self { entries, window, lookbacks: Lookbacks::default(), journal: VecDeque::new() }
    }

    /// Holds these queries from now on: what is known of others is forgotten.
    fn hold(&mut self, queries: impl Iterator<Item = QueryId>, window: Span, lookbacks: &Lookbacks) {
        self.window = window;
        self.lookbacks = Lookbacks::clone(lookbacks);
        let mut former = std::mem::take(&mut self.entries);
        self.entries = queries.map(|query| (query, former.remove(&query).unwrap_or_default())).collect();
        // Whoever has changed the board has seen what is missing: it is not waited for any longer.
        for entry in self.entries.values_mut() {
            entry.stored.forget_missing();
        }
    }

    /// How much past is kept of a query.
    fn window_of(&self, query: QueryId) -> Span {
        let more = self.lookbacks.get(&query).copied().unwrap_or_default();
        Span(self.window.0.saturating_add(more.0))
    }

    /// The entry of a query; one that is not held has none.
    pub fn entry(&self, query: QueryId) -> Option<&Entry> {
        self.entries.get(&query)
    }

    /// All entries, in the order of their queries.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// All queries with what is known of them, in their order.
    pub fn queries(&self) -> impl Iterator<Item = (QueryId, &Entry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// Keeps something that the board itself has noticed.
    fn note(&mut self, event: Event) {
        if self.journal.len() == MAX_JOURNAL {
            self.journal.pop_front();
        }
        self.journal.push_back(event);
    }

    /// What the board itself has noticed, oldest first.
    pub fn journal(&self) -> impl Iterator<Item = &Event> {
        self.journal.iter()
    }

    /// The clock was set back: what was stamped by it goes back as far. (So do points that a server
    /// stamped; its next answer puts them right.)
    fn set_back(&mut self, by: Span) {
        for entry in self.entries.values_mut() {
            for stamp in [&mut entry.as_of, &mut entry.last_success, &mut entry.last_poll, &mut entry.next_try]
                .into_iter()
                .flatten()
            {
                *stamp = stamp.minus(by);
            }
            entry.stored.set_back(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::series::MAX_TRACKS;
    use super::*;
    use crate::model::fault::Reason;
    use crate::model::poll::Outcome;
    use crate::model::series::{Coverage, Series, SeriesSet};
    use crate::model::telemetry::Telemetry;

    fn outcome(at: i64, answer: crate::model::poll::Answer) -> Outcome {
        let failures = u32::from(answer.is_err());
        Outcome {
            query: QueryId(0),
            at: Timestamp(at),
            answer,
            failures,
            next_try: Timestamp(at + 1000),
            budget: None,
            age: Span(0),
            clock_skew: None,
            listener_error: None,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "an answer is a result")]
    fn sample(at: i64, names: &[&str]) -> crate::model::poll::Answer {
        let series = names.iter().map(|name| Series::single(name, Timestamp(at), at as f64)).collect();
        Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)))
    }

    fn tracks(store: &Store) -> &[Track] {
        match &store.entries[&QueryId(0)].stored {
            Stored::Series(tracks) => tracks,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_failed_poll_keeps_the_last_good_value() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(60));
        store.apply(outcome(1000, sample(1000, &["a"])));
        store.apply(outcome(2000, Err(Reason::Refused.into())));
        assert_eq!(tracks(&store)[0].ring.points().len(), 1);
        let entry = &store.entries[&QueryId(0)];
        assert_eq!((entry.last_success, entry.failures), (Some(Timestamp(1000)), 1));
        assert_eq!(entry.error.as_ref().map(|e| e.reason), Some(Reason::Refused));
    }

    #[test]
    fn while_nobody_listens_answers_are_taken_in_but_it_grows_old() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(60));
        let known = |store: &Store| {
            let entry = &store.entries[&QueryId(0)];
            (entry.last_success, entry.as_of, entry.error.is_some(), entry.failures)
        };
        let at = |at: i64| Some(Timestamp(at));
        for (now, is_down, since) in [(1000, true, 1000), (2000, false, 2000), (3000, true, 2000), (4000, false, 4000)]
        {
            let listener_error = is_down.then(|| Reason::Listen.into());
            store.apply(Outcome { listener_error, ..outcome(now, sample(now, &["a"])) });
            assert_eq!(known(&store), (at(since), at(since), is_down, 0), "{now}");
        }
        assert_eq!(tracks(&store)[0].ring.points().len(), 4);
    }

    #[test]
    fn of_what_is_pushed_a_series_that_is_not_among_it_is_still_there() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(60));
        let pushed = |at: i64, name: &str| {
            let series = vec![Series::single(name, Timestamp(at), 1.0)];
            Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Pushed)))
        };
        store.apply(outcome(1000, Ok(Telemetry::Series(SeriesSet::new(Vec::new(), Coverage::Pushed)))));
        assert_eq!(store.entries[&QueryId(0)].as_of, None, "that somebody listens is no datum");
        store.apply(outcome(5000, pushed(2000, "a")));
        store.apply(outcome(6000, pushed(4000, "b")));
        assert!(tracks(&store).iter().all(|track| track.present) && tracks(&store).len() == 2);
        assert_eq!(store.entries[&QueryId(0)].as_of, Some(Timestamp(4000)));
    }

    #[test]
    fn a_series_that_vanished_has_a_past_but_is_not_present() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(10));
        store.apply(outcome(1000, sample(1000, &["a", "b"])));
        store.apply(outcome(2000, sample(2000, &["a"])));
        assert_eq!(tracks(&store).iter().map(|t| t.present).collect::<Vec<_>>(), [true, false]);
        store.apply(outcome(30_000, sample(30_000, &["a"])));
        let [a, b] = tracks(&store) else { panic!("{:?}", tracks(&store)) };
        assert!(a.present && !b.present, "its past has left the window, but nobody said that it may be missing");
        store.hold(std::iter::once(QueryId(0)), Span::seconds(10), &Lookbacks::default());
        assert_eq!(tracks(&store).len(), 1, "another config has been written");
    }

    #[test]
    fn names_without_end_stay_bounded() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(3600));
        for at in 0..50 {
            let names: Vec<String> = (0..100).map(|n| format!("{at}-{n}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            store.apply(outcome(at, sample(at, &names)));
        }
        let tracks = tracks(&store);
        assert_eq!(tracks.len(), MAX_TRACKS);
        assert_eq!(tracks.iter().filter(|track| track.present).count(), 100, "what is there is never dropped");
    }

    #[test]
    fn a_clock_set_back_takes_the_stamps_with_it() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(3600));
        store.apply(outcome(4_600_000, sample(4_600_000, &["a"])));
        // An hour back: the last answer was a second ago, and stays so.
        store.set_back(Span::seconds(3600));
        let entry = &store.entries[&QueryId(0)];
        assert_eq!(entry.last_success, Some(Timestamp(1_000_000)));
        assert_eq!(tracks(&store)[0].ring.points()[0].at, Timestamp(1_000_000), "and is still there");
        store.apply(outcome(1_002_000, sample(1_002_000, &["a"])));
        assert_eq!(tracks(&store)[0].ring.points().len(), 2, "new points are taken at once");
    }

    #[test]
    fn an_answer_from_under_way_while_the_clock_was_set_back_is_of_now() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(3600));
        let mut late = outcome(1000, sample(3_601_000, &["a"]));
        late.at = Timestamp(1000);
        store.apply(late);
        store.apply(outcome(2000, sample(2000, &["a"])));
        let times: Vec<i64> = tracks(&store)[0].ring.points().iter().map(|point| point.at.0).collect();
        assert_eq!(times, [1000, 2000], "the next value is taken, and the newest");
    }

    #[test]
    fn what_another_board_asks_too_keeps_its_history() {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(60));
        store.apply(outcome(1000, sample(1000, &["a"])));
        store.hold([QueryId(0), QueryId(5)].into_iter(), Span::seconds(60), &Lookbacks::default());
        assert_eq!(tracks(&store).len(), 1);
        assert_eq!(store.entry(QueryId(5)), Some(&Entry::default()));
        store.hold(std::iter::once(QueryId(5)), Span::seconds(60), &Lookbacks::default());
        assert_eq!(store.entry(QueryId(0)), None);
        store.apply(outcome(2000, sample(2000, &["late"])));
        assert_eq!(store.entry(QueryId(0)), None, "an answer to what nobody asks any more is dropped");
    }
}
