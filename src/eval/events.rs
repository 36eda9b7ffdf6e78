//! What happened, joined from every source of a board, once, before anything is judged or drawn.

use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};

use super::changes::last_deploy;
use crate::model::event::{Event, EventKind, EventState};
use crate::model::poll::QueryId;
use crate::model::text::SafeText;
use crate::model::time::{Timestamp, Zone};
use crate::store::{Entry, Store};

/// All events of a board, oldest first, planned ones included.
#[derive(Debug, Clone, Default)]
pub struct Events<'a>(Vec<Joined<'a>>);

/// One event, whoever tells of it.
#[derive(Debug, Clone)]
struct Joined<'a> {
    /// The telling that counts.
    event: &'a Event,
    /// What each query tells of it; without one, what the board itself has noticed.
    told: Vec<(Option<QueryId>, &'a Event)>,
}

/// What makes two events the same one: kind and moment, service and environment, and what it is. A deploy is its
/// version: each source has a title of its own for it.
#[derive(PartialEq, Eq, Hash)]
struct Identity<'a> {
    at: Timestamp,
    kind: EventKind,
    about: [&'a SafeText; 2],
    what: [&'a SafeText; 2],
}

impl<'a> Identity<'a> {
    fn new(event: &'a Event) -> Self {
        let is_version = event.kind == EventKind::Deploy && !event.version.is_empty() && !event.service.is_empty();
        let title = if is_version { &event.version } else { &event.title };
        Self {
            at: event.at,
            kind: event.kind,
            about: [&event.service, &event.environment],
            what: [title, &event.version],
        }
    }
}

/// Of two that are the same the one that tells more counts: the worse one, then the one that is over, then the one
/// that knows its commits.
fn weight(event: &Event) -> (u8, bool, usize) {
    let is_over = !matches!(event.state, EventState::Running | EventState::Waiting);
    (event.status().severity(), is_over, event.commits.len())
}

impl<'a> Events<'a> {
    /// Those that come from some queries, or are about some services; what the board itself has noticed is left out: it
    /// names panels.
    pub(super) fn of(&self, queries: &HashSet<QueryId>, services: &HashSet<&str>) -> Self {
        let kept = |one: &Joined<'a>| {
            if !one.is_noticed() && services.contains(one.event.service.as_str()) {
                return Some(one.clone());
            }
            // Not what others tell of the same: their words may be more than may be seen.
            let told = one.told.iter().filter(|(query, _)| query.is_some_and(|query| queries.contains(&query)));
            Joined::of(told.copied().collect())
        };
        Self(self.0.iter().filter_map(kept).collect())
    }

    /// What is told here of an event that may be told otherwise elsewhere.
    pub(super) fn same(&self, event: &Event) -> Option<&'a Event> {
        let wanted = Identity::new(event);
        let first = self.0.partition_point(|one| one.event.at < event.at);
        let of_moment = self.0.iter().skip(first).take_while(|one| one.event.at == event.at);
        of_moment.map(|one| one.event).find(|one| Identity::new(one) == wanted)
    }

    /// From the last good answers, and from what the board itself has noticed.
    pub fn new(store: &'a Store) -> Self {
        let answers = store
            .queries()
            .flat_map(|(id, entry): (QueryId, &'a Entry)| entry.events().iter().map(move |event| (event, Some(id))));
        let mut all: Vec<Joined<'a>> = Vec::new();
        let mut known: HashMap<Identity<'a>, usize> = HashMap::new();
        for (event, query) in answers.chain(store.journal().map(|event| (event, None))) {
            match known.entry(Identity::new(event)) {
                Slot::Vacant(slot) => {
                    slot.insert(all.len());
                    all.push(Joined { event, told: vec![(query, event)] });
                }
                Slot::Occupied(slot) => {
                    if let Some(joined) = all.get_mut(*slot.get()) {
                        joined.take(query, event);
                    }
                }
            }
        }
        // Of one moment the order stays in which they were told: the last one told is the newest.
        all.sort_by_key(|one| one.event.at);
        Self(all)
    }

    /// Those of these kinds between two moments that belong to a service and an environment.
    pub fn over(
        &self,
        (from, to): (Timestamp, Timestamp),
        kinds: &[EventKind],
        service: Option<&str>,
        environment: Option<&str>,
    ) -> Vec<&'a Event> {
        let first = self.0.partition_point(|one| one.event.at < from);
        let after = self.0.partition_point(|one| one.event.at <= to);
        let within = self.0.get(first..after.max(first)).unwrap_or_default().iter().map(|one| one.event);
        within.filter(|event| kinds.contains(&event.kind) && event.belongs_to(service, environment)).collect()
    }

    /// Those that began or went on between two moments, oldest first.
    pub fn during(&self, (from, to): (Timestamp, Timestamp)) -> impl Iterator<Item = &'a Event> {
        let all = self.0.iter().map(|one| one.event);
        all.filter(move |event| event.at <= to && (event.at >= from || event.goes_on_after(from)))
    }

    /// Those that some queries answer with, and on request what the board itself has noticed; oldest first.
    pub fn told_by(&self, queries: &[QueryId], with_noticed: bool) -> impl Iterator<Item = &'a Event> {
        let is_wanted = move |one: &&Joined<'a>| {
            let is_told = one.told.iter().any(|(query, _)| query.is_some_and(|query| queries.contains(&query)));
            is_told || (with_noticed && one.is_noticed())
        };
        self.0.iter().filter(is_wanted).map(|one| one.event)
    }

    /// "last deploy shop v2.14, 41 min ago".
    pub fn last_deploy(&self, now: Timestamp) -> Option<String> {
        let last = last_deploy(self.0.iter().map(|one| one.event).rev(), now)?;
        let environment = if last.environment.is_empty() { String::new() } else { format!(" {}", last.environment) };
        let state = last.state_word();
        let state = if state.is_empty() { String::new() } else { format!(" {state}") };
        Some(format!("last {}{environment}{state}, {} ago", last.brief(), last.at.age_at(now).brief()))
    }

    /// "FREEZE until Mon 23 Nov 08:00: end of year", while one is in force; and two shorter ways to say it.
    pub fn freeze(&self, now: Timestamp, zone: &Zone) -> Option<[String; 3]> {
        let in_force = |event: &&Event| event.kind == EventKind::Freeze && event.is_in_force(now);
        let freeze = self.0.iter().map(|one| one.event).filter(in_force).max_by_key(|event| event.until)?;
        let until = freeze.until.map_or_else(String::new, |until| format!(" until {}", until.since_at(now, zone)));
        Some([format!("FREEZE{until}: {}", freeze.title), format!("FREEZE{until}"), "FREEZE".to_owned()])
    }
}

impl<'a> Joined<'a> {
    /// The telling that counts: of one query its last word, of two the worse.
    fn of(told: Vec<(Option<QueryId>, &'a Event)>) -> Option<Self> {
        let heaviest = told
            .iter()
            .map(|(_, event)| *event)
            .reduce(|best, one| if weight(one) > weight(best) { one } else { best });
        Some(Self { event: heaviest?, told })
    }

    fn is_noticed(&self) -> bool {
        self.told.iter().any(|(query, _)| query.is_none())
    }

    fn take(&mut self, query: Option<QueryId>, event: &'a Event) {
        match self.told.iter_mut().find(|(known, _)| *known == query) {
            Some((_, before)) => *before = event,
            None => self.told.push((query, event)),
        }
        if let Some(joined) = Self::of(std::mem::take(&mut self.told)) {
            *self = joined;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::poll::Outcome;
    use crate::model::telemetry::Telemetry;
    use crate::model::time::Span;

    fn deploy(state: EventState, title: &str) -> Event {
        Event {
            at: Timestamp(5),
            kind: EventKind::Deploy,
            state,
            title: title.into(),
            service: "shop".into(),
            version: "v2".into(),
            ..Event::default()
        }
    }

    #[test]
    fn what_two_sources_tell_of_is_one_event_and_the_worse_word_counts() {
        let mut store = Store::new([QueryId(0), QueryId(1)].into_iter(), Span(1000));
        for (id, state) in [(0, EventState::Done), (1, EventState::Failed)] {
            store.apply(Outcome {
                query: QueryId(id),
                at: Timestamp(9),
                answer: Ok(Telemetry::Events(vec![deploy(state, &format!("title {id}"))])),
                failures: 0,
                next_try: Timestamp(10),
                budget: None,
                age: Span(0),
                clock_skew: None,
                listener_error: None,
            });
        }
        let events = Events::new(&store);
        for queries in [&[QueryId(0)][..], &[QueryId(1)], &[QueryId(0), QueryId(1)]] {
            let told: Vec<EventState> = events.told_by(queries, false).map(|event| event.state).collect();
            assert_eq!(told, [EventState::Failed], "{queries:?}");
        }
        let over = events.over((Timestamp(0), Timestamp(9)), &[EventKind::Deploy], Some("shop"), None);
        assert_eq!(over.len(), 1);
        for (query, title) in [(QueryId(0), "title 0"), (QueryId(1), "title 1")] {
            let seen = events.of(&HashSet::from([query]), &HashSet::new());
            let titles: Vec<&str> = seen.0.iter().map(|one| one.event.title.as_str()).collect();
            assert_eq!(titles, [title], "who sees one source reads the words of that one");
            assert_eq!(seen.same(over[0]).map(|event| event.title.as_str()), Some(title));
        }
    }

    #[test]
    fn what_began_before_and_goes_on_is_of_a_time_too() {
        let event = |at, until: Option<i64>, state, title: &str| Event {
            at: Timestamp(at),
            until: until.map(Timestamp),
            kind: EventKind::Incident,
            state,
            title: title.into(),
            ..Event::default()
        };
        let all = [
            event(10, Some(40), EventState::Done, "over before"),
            event(20, Some(60), EventState::Done, "ends within"),
            event(30, None, EventState::Running, "goes on"),
            event(35, None, EventState::Done, "a moment before"),
            event(50, None, EventState::Done, "begins within"),
            event(80, None, EventState::Running, "begins after"),
        ];
        let joined = all.iter().map(|event| Joined { event, told: vec![(None, event)] });
        let events = Events(joined.collect());
        let titles: Vec<&str> =
            events.during((Timestamp(45), Timestamp(70))).map(|event| event.title.as_str()).collect();
        assert_eq!(titles, ["ends within", "goes on", "begins within"]);
    }
}
