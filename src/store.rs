//! What is known: the last good answer to every query, its history, and how the asking goes.
//!
//! A failed poll never erases the last good value. Everything is bounded.

pub mod builds;
pub mod ring;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::model::build::TrackedBuild;
use crate::model::event::Event;
use crate::model::fault::FetchError;
use crate::model::labels::{Labels, names};
use crate::model::poll::{Budget, Outcome, QueryId};
use crate::model::review::Review;
use crate::model::series::{Coverage, Point, Series};
use crate::model::table::Table;
use crate::model::telemetry::{Caveat, MAX_SERIES, Telemetry};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use ring::Ring;

/// Most series kept of one query, those that vanished included: twice what one answer may have.
const MAX_TRACKS: usize = 2 * MAX_SERIES;

/// Most events kept that the board itself has noticed.
const MAX_JOURNAL: usize = 1000;

/// One line of numbers with its history.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Its identity.
    pub labels: Labels,
    /// What tells it from its siblings on a screen.
    pub name: SafeText,
    /// Its points.
    pub ring: Ring,
    /// Whether the last good answer had it; one that vanished has a past but no value.
    pub present: bool,
    /// The usual time between two of its newest points; zero while there are too few.
    pub spacing: Span,
}

/// The last good answer to a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Stored {
    /// Nothing yet.
    #[default]
    Nothing,
    /// Numbers over time.
    Series(Vec<Track>),
    /// Rows and columns.
    Table(Table),
    /// Builds, with what was seen of them over time, and when they broke and were fixed.
    Builds(Vec<TrackedBuild>, Vec<Event>),
    /// What happened, oldest first.
    Events(Vec<Event>),
    /// Reviews.
    Reviews(Vec<Review>),
    /// Free text.
    Text(Vec<SafeText>),
}

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
        match &self.stored {
            Stored::Events(events) | Stored::Builds(_, events) => events,
            _ => &[],
        }
    }

    /// The reviews of the last good answer.
    pub fn reviews(&self) -> &[Review] {
        match &self.stored {
            Stored::Reviews(reviews) => reviews,
            _ => &[],
        }
    }

    /// Whether the last good answer was series.
    pub const fn is_series(&self) -> bool {
        matches!(self.stored, Stored::Series(_))
    }

    /// The usual time between two values of its slowest series; zero where values have no time of their own.
    pub fn spacing(&self) -> Span {
        match &self.stored {
            Stored::Series(tracks) => {
                tracks.iter().filter(|track| track.present).map(|track| track.spacing).max().unwrap_or_default()
            }
            _ => Span(0),
        }
    }
}

/// All queries of a board.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    entries: BTreeMap<QueryId, Entry>,
    window: Span,
    /// What the board itself has noticed, oldest first.
    journal: VecDeque<Event>,
}

impl Store {
    /// A store that holds these queries, keeping so much past. It knows nothing yet.
    pub fn new(queries: impl Iterator<Item = QueryId>, window: Span) -> Self {
        let entries = queries.map(|query| (query, Entry::default())).collect();
        Self { entries, window, journal: VecDeque::new() }
    }

    /// Holds these queries from now on: what is known of others is forgotten.
    pub fn hold(&mut self, queries: impl Iterator<Item = QueryId>, window: Span) {
        self.window = window;
        let mut former = std::mem::take(&mut self.entries);
        self.entries = queries.map(|query| (query, former.remove(&query).unwrap_or_default())).collect();
        // Whoever has changed the board has seen what is missing: it is not waited for any longer.
        for entry in self.entries.values_mut() {
            if let Stored::Series(tracks) = &mut entry.stored {
                tracks.retain(|track| track.present);
            }
        }
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
    pub fn note(&mut self, event: Event) {
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
    pub fn set_back(&mut self, by: Span) {
        for entry in self.entries.values_mut() {
            for stamp in [&mut entry.as_of, &mut entry.last_success, &mut entry.last_poll, &mut entry.next_try]
                .into_iter()
                .flatten()
            {
                *stamp = stamp.minus(by);
            }
            match &mut entry.stored {
                Stored::Series(tracks) => tracks.iter_mut().for_each(|track| track.ring.set_back(by)),
                Stored::Builds(builds, _) => {
                    for since in builds.iter_mut().filter_map(|build| build.running_since.as_mut()) {
                        *since = since.minus(by);
                    }
                }
                Stored::Nothing | Stored::Table(_) | Stored::Text(_) | Stored::Events(_) | Stored::Reviews(_) => {}
            }
        }
    }

    /// Takes the outcome of a poll in.
    pub fn apply(&mut self, outcome: Outcome) {
        let window = self.window;
        let Some(entry) = self.entries.get_mut(&outcome.query) else { return };
        entry.last_poll = Some(outcome.at);
        entry.next_try = Some(outcome.next_try);
        // Counted for each query: beside one that is answered, a poll that asks for several has not failed.
        entry.failures = match &outcome.answer {
            Ok(_) => 0,
            Err(_) => entry.failures.saturating_add(1).max(outcome.failures),
        };
        entry.budget = outcome.budget;
        entry.clock_skew = outcome.clock_skew;
        match outcome.answer {
            Err(error) => entry.error = Some(error),
            Ok(telemetry) => {
                let (telemetry, caveat) = telemetry.split();
                let is_pushed = matches!(telemetry, Telemetry::Series { coverage: Coverage::Pushed, .. });
                entry.caveat = caveat;
                entry.stored.take_in(telemetry, outcome.at, window);
                entry.error = outcome.listener_error;
                // While nobody listens it grows old: nobody knows what is missing in it.
                if entry.error.is_some() && entry.last_success.is_some() {
                    return;
                }
                entry.last_success = Some(outcome.at);
                // What a cache has held is as old as the cache says, whatever time is written in it.
                let answered = outcome.at.minus(outcome.age);
                let newest = entry.stored.newest().map(|newest| newest.min(answered));
                // That somebody listens is no datum.
                entry.as_of = if is_pushed { newest } else { newest.or(Some(answered)) };
            }
        }
    }
}

impl Stored {
    /// The newest moment at which a series had a value; none where there are no series, or none has a value.
    fn newest(&self) -> Option<Timestamp> {
        let Self::Series(tracks) = self else { return None };
        let last = |track: &Track| Some(track.ring.points().iter().rev().find(|point| point.value.is_finite())?.at);
        tracks.iter().filter(|track| track.present).filter_map(last).max()
    }

    fn take_in(&mut self, telemetry: Telemetry, at: Timestamp, window: Span) {
        match telemetry {
            Telemetry::Series { series, coverage } => {
                let mut tracks = match std::mem::take(self) {
                    Self::Series(tracks) => tracks,
                    _ => Vec::new(),
                };
                merge(&mut tracks, series, coverage, at, at.minus(window));
                *self = Self::Series(tracks);
            }
            Telemetry::Builds(builds) => {
                let before = match std::mem::take(self) {
                    Self::Builds(before, _) => before,
                    _ => Vec::new(),
                };
                let builds = builds::track(&before, builds, at);
                let events = builds::turns(&builds);
                *self = Self::Builds(builds, events);
            }
            Telemetry::Events(mut events) => {
                // Of one moment the order decides in which they were told; many tell the newest first.
                if events.first().map(|event| event.at) > events.last().map(|event| event.at) {
                    events.reverse();
                }
                events.sort_by_key(|event| event.at);
                *self = Self::Events(events);
            }
            Telemetry::Reviews(reviews) => *self = Self::Reviews(reviews),
            Telemetry::Table(table) => *self = Self::Table(table),
            Telemetry::Text(lines) => *self = Self::Text(lines),
            Telemetry::Caveat { telemetry, .. } => self.take_in(*telemetry, at, window),
        }
    }
}

fn merge(tracks: &mut Vec<Track>, series: Vec<Series>, coverage: Coverage, at: Timestamp, oldest: Timestamp) {
    if coverage != Coverage::Pushed {
        for track in &mut *tracks {
            track.present = false;
        }
    }
    let before = tracks.len();
    let known: HashMap<Labels, usize> =
        tracks.iter().enumerate().map(|(index, track)| (track.labels.clone(), index)).collect();
    for one in series {
        let found = known.get(&one.labels).copied();
        let track = if let Some(track) = found.and_then(|at| tracks.get_mut(at)) {
            track
        } else {
            tracks.push(Track {
                labels: one.labels.clone(),
                name: SafeText::default(),
                ring: Ring::default(),
                present: true,
                spacing: Span(0),
            });
            let Some(track) = tracks.last_mut() else { continue };
            track
        };
        track.present = !one.points.is_empty();
        if matches!(coverage, Coverage::Sample | Coverage::Head) {
            // The values of this moment: none of them, and none that is kept, is of a later one.
            track.ring.forget_after(at);
            let points: Vec<Point> = one.points.iter().map(|point| Point { at: point.at.min(at), ..*point }).collect();
            track.ring.take_in(&points, coverage);
        } else {
            track.ring.take_in(&one.points, coverage);
        }
        track.spacing = usual_distance(track.ring.points());
    }
    // A series that vanished loses its past, but is not forgotten: nobody has said that it may be missing.
    for track in &mut *tracks {
        track.ring.forget_before(oldest);
    }
    if tracks.len() == before {
        return;
    }
    // Others are there: what tells them apart may be something else.
    if tracks.len() > MAX_TRACKS {
        // A source that invents names without end: what vanished first goes first, what is there stays.
        tracks.sort_by_key(|track| Reverse((track.present, track.ring.points().last().map(|last| last.at))));
        tracks.truncate(MAX_TRACKS);
    }
    let drawn = names(&tracks.iter().map(|track| &track.labels).collect::<Vec<_>>());
    for (track, name) in tracks.iter_mut().zip(drawn) {
        track.name = name;
    }
    tracks.sort_by(|a, b| a.name.cmp(&b.name));
}

/// The median distance of the newest points.
fn usual_distance(points: &[Point]) -> Span {
    const LOOKED_AT: usize = 10;
    let newest = points.get(points.len().saturating_sub(LOOKED_AT)..).unwrap_or_default();
    let mut distances: Vec<i64> = newest.windows(2).map(|pair| pair[1].at.0 - pair[0].at.0).collect();
    distances.sort_unstable();
    Span(distances.get(distances.len() / 2).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::Reason;

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
        Ok(Telemetry::Series { series, coverage: Coverage::Sample })
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
            Ok(Telemetry::Series { series, coverage: Coverage::Pushed })
        };
        store.apply(outcome(1000, Ok(Telemetry::Series { series: Vec::new(), coverage: Coverage::Pushed })));
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
        store.hold(std::iter::once(QueryId(0)), Span::seconds(10));
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
        store.hold([QueryId(0), QueryId(5)].into_iter(), Span::seconds(60));
        assert_eq!(tracks(&store).len(), 1);
        assert_eq!(store.entry(QueryId(5)), Some(&Entry::default()));
        store.hold(std::iter::once(QueryId(5)), Span::seconds(60));
        assert_eq!(store.entry(QueryId(0)), None);
        store.apply(outcome(2000, sample(2000, &["late"])));
        assert_eq!(store.entry(QueryId(0)), None, "an answer to what nobody asks any more is dropped");
    }
}
