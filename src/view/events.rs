//! What happened, gathered from every source of a board.

use std::collections::HashSet;

use crate::eval::changes::last_deploy;
use crate::model::event::{Event, EventKind};
use crate::model::time::{Timestamp, Zone};
use crate::store::{Entry, Store};

/// All events of a board, oldest first, planned ones included.
#[derive(Debug, Default)]
pub struct Events<'a>(Vec<&'a Event>);

impl<'a> Events<'a> {
    /// From the last good answers; an event that two sources tell of (same kind, place, version and
    /// moment) is one.
    pub fn of(store: &'a Store) -> Self {
        let mut all: Vec<&Event> = store.entries().flat_map(Entry::events).chain(store.journal()).collect();
        let mut seen = HashSet::new();
        all.retain(|event| {
            seen.insert((event.at, event.kind, [&event.service, &event.environment, &event.title, &event.version]))
        });
        // Of one moment the order stays in which they were told: the last one told is the newest.
        all.sort_by_key(|event| event.at);
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
        let first = self.0.partition_point(|event| event.at < from);
        let after = self.0.partition_point(|event| event.at <= to);
        let within = self.0.get(first..after.max(first)).unwrap_or_default();
        let belongs = |event: &&&Event| kinds.contains(&event.kind) && event.belongs_to(service, environment);
        within.iter().filter(belongs).copied().collect()
    }

    /// "last deploy shop v2.14, 41 min ago".
    pub fn last_deploy(&self, now: Timestamp) -> Option<String> {
        let last = last_deploy(&self.0, now)?;
        let place = if last.environment.is_empty() { String::new() } else { format!(" {}", last.environment) };
        let state = last.state_word();
        let state = if state.is_empty() { String::new() } else { format!(" {state}") };
        Some(format!("last {}{place}{state}, {} ago", last.brief(), last.at.age_at(now).brief()))
    }

    /// "FREEZE until Mon 23 Nov 08:00: end of year", while one is in force; and two shorter ways to say it.
    pub fn freeze(&self, now: Timestamp, zone: &Zone) -> Option<[String; 3]> {
        let in_force = |event: &&&Event| event.kind == EventKind::Freeze && event.is_in_force(now);
        let freeze = self.0.iter().filter(in_force).max_by_key(|event| event.until)?;
        let until = freeze.until.map_or_else(String::new, |until| format!(" until {}", until.since_at(now, zone)));
        Some([format!("FREEZE{until}: {}", freeze.title), format!("FREEZE{until}"), "FREEZE".to_owned()])
    }
}
