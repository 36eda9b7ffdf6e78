//! Which deploys went back, where no server says so.

use std::collections::HashMap;

use crate::model::event::{ChangeReason, Event, EventState};
use crate::model::text::SafeText;

/// Marks every deploy of one service, oldest first, that brought a version back which its environment had before
/// another one.
pub fn mark_rollbacks(in_order: &mut [Event]) {
    let mut seen: HashMap<SafeText, Vec<(SafeText, EventState)>> = HashMap::new();
    for event in in_order {
        let is_over = matches!(event.state, EventState::Done | EventState::Failed);
        if event.version.is_empty() || !(is_over || event.state == EventState::Running) {
            continue;
        }
        let versions = seen.entry(event.environment.clone()).or_default();
        let was_another = versions.last().is_some_and(|(version, _)| *version != event.version);
        let was_there =
            |(version, state): &(SafeText, EventState)| *version == event.version && *state == EventState::Done;
        if was_another && versions.iter().any(was_there) {
            event.reason = ChangeReason::Rollback;
        }
        if is_over {
            versions.push((event.version.clone(), event.state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each deploy, written as "environment version state", is a rollback.
    fn reasons(lines: &[&str]) -> Vec<bool> {
        let one = |line: &&str| {
            let mut words = line.split(' ');
            let mut next = || words.next().unwrap();
            let (environment, version) = (next().into(), next().into());
            let state = match next() {
                "success" => EventState::Done,
                "failed" => EventState::Failed,
                "running" => EventState::Running,
                _ => EventState::Waiting,
            };
            Event { state, environment, version, ..Event::default() }
        };
        let mut events: Vec<Event> = lines.iter().map(one).collect();
        mark_rollbacks(&mut events);
        events.iter().map(|event| event.reason == ChangeReason::Rollback).collect()
    }

    #[test]
    fn a_version_that_comes_back_after_another_is_a_rollback() {
        assert_eq!(reasons(&["p v1 success", "p v2 success", "p v1 success"]), [false, false, true]);
        assert_eq!(reasons(&["p v1 success", "p v2 failed", "p v1 running"]), [false, false, true]);
        assert_eq!(reasons(&["p v1 success", "p v1 success"]), [false, false], "made once more");
        assert_eq!(reasons(&["p v1 failed", "p v2 success", "p v1 success"]), [false; 3], "it never was there");
        assert_eq!(reasons(&["p v1 success", "q v2 success", "p v1 success"]), [false; 3], "another environment");
        assert_eq!(reasons(&["p v1 success", "p v2 blocked", "p v1 success"]), [false; 3], "v2 never came");
    }
}
