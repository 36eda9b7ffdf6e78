//! Which incidents, hotfixes and rollbacks belong to which deploy.

use std::collections::BTreeMap;

use crate::model::event::{ChangeReason, Event, EventKind, EventState};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// What comes later than this after a deploy has another cause.
const AFTERMATH: Span = Span::seconds(86_400);

/// Whether a deploy has come to an end that is known.
const fn is_finished(event: &Event) -> bool {
    matches!(event.kind, EventKind::Deploy) && matches!(event.state, EventState::Done | EventState::Failed)
}

/// A deploy, and what came of it.
pub(super) struct Case<'a> {
    /// The deploy.
    pub(super) deploy: &'a Event,
    /// Those that began after it, and before the next deploy of its service.
    incidents: Vec<&'a Event>,
    /// A hotfix or a rollback came after it.
    fixed: bool,
    /// When the next deploy of its service was done.
    next_success: Option<Timestamp>,
}

impl Case<'_> {
    /// Whether it was done.
    pub(super) fn has_landed(&self) -> bool {
        self.deploy.state == EventState::Done
    }

    /// Whether somebody had to fix it.
    pub(super) fn has_failed(&self) -> bool {
        !self.has_landed() || self.fixed || !self.incidents.is_empty()
    }

    /// When all was well again: when its last incident was over; without one, when the next deploy was done.
    pub(super) fn recovered(&self, to: Timestamp) -> Option<Timestamp> {
        let goes_on = |incident: &Event| incident.until.map_or(incident.state == EventState::Running, |end| end > to);
        if self.incidents.iter().any(|incident| goes_on(incident)) {
            return None;
        }
        if self.incidents.is_empty() {
            return self.next_success;
        }
        let ends: Option<Vec<Timestamp>> = self.incidents.iter().map(|incident| incident.until).collect();
        // An incident whose end nobody reported was over when its cause was fixed.
        ends.map_or(self.next_success.filter(|_| self.fixed), |ends| ends.into_iter().max())
    }
}

/// The deploys among events of one environment, oldest first, with what came of each.
pub(super) fn cases<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<Case<'a>> {
    let (mut deploys, mut incidents) = (Vec::new(), Vec::new());
    for event in events {
        if is_finished(event) {
            deploys.push(event);
        } else if event.kind == EventKind::Incident {
            incidents.push(event);
        }
    }
    deploys.sort_by(|a, b| key(a).cmp(&key(b)));
    // Reported by two sources, or to two queries, it is one.
    deploys.dedup_by(|a, b| key(a) == key(b));
    incidents.sort_by_key(|incident| incident.at);
    let case = |deploy| Case { deploy, incidents: Vec::new(), fixed: false, next_success: None };
    let mut cases: Vec<Case<'a>> = deploys.into_iter().map(case).collect();
    link_incidents(&mut cases, &incidents);
    link_mends(&mut cases);
    link_successes(&mut cases);
    cases
}

fn key(event: &Event) -> (Timestamp, &SafeText, &SafeText, &SafeText) {
    (event.at, &event.service, &event.environment, &event.version)
}

/// Each incident belongs to the latest deploy of its service before it, if that was not long before.
fn link_incidents<'a>(cases: &mut [Case<'a>], incidents: &[&'a Event]) {
    let mut latest = Nearest::default();
    let mut next = 0;
    for incident in incidents.iter().copied() {
        while let Some(case) = cases.get(next).filter(|case| case.deploy.at <= incident.at) {
            latest.put(&case.deploy.service, next);
            next += 1;
        }
        let before = latest.indices_for(&incident.service).max();
        if let Some(case) = before.and_then(|index| cases.get_mut(index))
            && case.deploy.at.age_at(incident.at) <= AFTERMATH
        {
            case.incidents.push(incident);
        }
    }
}

/// A hotfix or a rollback fixes the latest deploy of its service before it. That was no rollback: one goes
/// back from what is bad, not from what was gone back to.
fn link_mends(cases: &mut [Case<'_>]) {
    let mut latest = Nearest::default();
    for index in 0..cases.len() {
        let Some(deploy) = cases.get(index).map(|case| case.deploy) else { continue };
        let before = latest.indices_for(&deploy.service).max().filter(|_| deploy.reason != ChangeReason::Planned);
        if let Some(case) = before.and_then(|index| cases.get_mut(index))
            && case.deploy.at.age_at(deploy.at) <= AFTERMATH
        {
            case.fixed = true;
        }
        if deploy.reason != ChangeReason::Rollback {
            latest.put(&deploy.service, index);
        }
    }
}

fn link_successes(cases: &mut [Case<'_>]) {
    let mut coming = Nearest::default();
    for index in (0..cases.len()).rev() {
        let Some(deploy) = cases.get(index).map(|case| case.deploy) else { continue };
        let next = coming.indices_for(&deploy.service).min();
        let success = next.and_then(|next| cases.get(next)).map(|case| case.deploy.at);
        if let Some(case) = cases.get_mut(index) {
            case.next_success = success;
        }
        if deploy.state == EventState::Done {
            coming.put(&deploy.service, index);
        }
    }
}

/// The index of the last deploy of each service that a walk over the deploys has passed.
#[derive(Default)]
struct Nearest {
    by_service: BTreeMap<String, usize>,
    any: Option<usize>,
}

impl Nearest {
    fn put(&mut self, service: &SafeText, index: usize) {
        self.by_service.insert(Self::name(service), index);
        self.any = Some(index);
    }

    /// Those that belong to a service: its own, and the one that names none.
    fn indices_for(&self, service: &SafeText) -> std::iter::Flatten<std::array::IntoIter<Option<usize>, 2>> {
        let name = Self::name(service);
        let own = if name.is_empty() { self.any } else { self.by_service.get(&name).copied() };
        [own, self.by_service.get("").copied()].into_iter().flatten()
    }

    /// Empty for all, as in [`Event::belongs_to`].
    fn name(service: &SafeText) -> String {
        let name = service.as_str().to_ascii_lowercase();
        if name == "*" || name == "all" { String::new() } else { name }
    }
}
