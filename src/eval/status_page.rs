//! What customers are told: how each component is, what has happened, what is planned.
//!
//! It is made of one dashboard. Components are its panels that ask something; incidents and planned maintenance are the events
//! of its panels that list events. Nothing else gets onto it: no value, no reason, no address, no name of a person.

mod happenings;

use super::judging::{PageVerdict, PanelVerdict, Verdicts};
use super::rule::Subject;
use crate::model::event::{EventKind, EventSet};
use crate::model::poll::QueryKey;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
pub use happenings::{Happening, Stage, TOLD_FOR};
use happenings::{Happenings, id};

/// A status page as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusPage {
    /// Its name for programs: it tells nothing, and stays.
    pub id: String,
    /// Whose it is.
    pub title: SafeText,
    /// As of when.
    pub at: Timestamp,
    /// How all is, together.
    pub overall: Overall,
    /// What customers use.
    pub components: Vec<Component>,
    /// The newest first.
    pub incidents: Vec<Happening>,
    /// What is planned, goes on or is over, the first to begin first.
    pub maintenance: Vec<Happening>,
    /// How much is known of incidents, and of maintenance.
    pub told: [Told; 2],
}

/// How much is known of what happened, or of what is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The page does not tell of it: its dashboard has no panel that lists it.
    Nothing,
    /// All of it.
    All,
    /// A source of it does not answer: there may be more.
    Part,
}

/// A part of what is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Its name for programs: it tells nothing, and stays.
    pub id: String,
    /// Its name.
    pub name: SafeText,
    /// How it is.
    pub state: State,
    /// Since when, where it is known.
    pub since: Option<Timestamp>,
    /// Under which its statuses are kept.
    pub key: QueryKey,
}

/// How a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Well.
    Operational,
    /// Planned work on it goes on.
    Maintenance,
    /// Nobody knows: there is no data, or no limit says what would be well.
    Unknown,
    /// Slower or worse than it should be.
    Degraded,
    /// Not usable.
    Outage,
}

/// How all components are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overall {
    /// All are well.
    Operational,
    /// All are well, and planned work goes on.
    Maintenance,
    /// Of some nobody knows.
    Unknown,
    /// Some are worse than they should be.
    Degraded,
    /// All components are well, and an incident goes on.
    Incident,
    /// Some are not usable.
    PartialOutage,
    /// None is usable.
    MajorOutage,
}

impl State {
    /// The words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Maintenance => "under maintenance",
            Self::Unknown => "no data",
            Self::Degraded => "degraded",
            Self::Outage => "outage",
        }
    }
}

impl Overall {
    /// A sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Operational => "All systems are operational",
            Self::Maintenance => "Planned maintenance is under way",
            Self::Unknown => "Not everything is known at the moment",
            Self::Degraded => "Some systems are degraded",
            Self::Incident => "An incident is under way",
            Self::PartialOutage => "Some systems are down",
            Self::MajorOutage => "All systems are down",
        }
    }

    /// The same in a word or two.
    pub const fn brief(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
            Self::Degraded => "degraded",
            Self::Incident => "incident",
            Self::PartialOutage => "partial outage",
            Self::MajorOutage => "major outage",
        }
    }
}

impl StatusPage {
    /// Of a dashboard; none where the board has none of that name.
    pub fn of(verdicts: &Verdicts<'_>, dashboard: &str, title: &SafeText, now: Timestamp) -> Option<Self> {
        let page = verdicts.pages.iter().find(|page| page.name == dashboard)?;
        let (lists, parts): (Vec<_>, Vec<_>) =
            page.panels.iter().filter(|panel| panel.is_fed()).partition(|panel| lists_events(panel));
        let named: Vec<(&SafeText, Option<&SafeText>)> =
            parts.iter().map(|panel| (panel.panel.title, panel.panel.service)).collect();
        let Happenings { incidents, maintenance } = Happenings::of(&verdicts.events, &lists, &named, now);
        let is_worked_on =
            |index: usize| maintenance.iter().any(|one| one.is_bounded() && one.components.contains(&index));
        let components: Vec<Component> =
            parts.iter().enumerate().map(|(index, panel)| component(page, panel, is_worked_on(index))).collect();
        let told = [EventKind::Incident, EventKind::Planned].map(|kind| told(&lists, kind));
        let goes_on = |all: &[Happening]| all.iter().any(|one| one.stage == Stage::GoesOn);
        let overall = overall(&components, (goes_on(&incidents), goes_on(&maintenance)), told);
        let id = id(&["page", dashboard, title.as_str()]);
        Some(Self { id, title: title.clone(), at: now, overall, components, incidents, maintenance, told })
    }
}

/// Whether it lists what happened or is planned; one that is about deploys is a part that is well or not itself.
const fn lists_events(panel: &PanelVerdict<'_>) -> bool {
    matches!(panel.panel.rule.subject, Subject::Events { set: EventSet::Everything | EventSet::Plans, .. })
}

/// How much of a kind of events some panels know.
fn told(lists: &[&PanelVerdict<'_>], kind: EventKind) -> Told {
    let lists_it = |panel: &&&PanelVerdict<'_>| {
        let rule = panel.panel.rule;
        let is_kept = rule.kinds.is_empty() || rule.kinds.contains(&kind);
        is_kept && matches!(rule.subject, Subject::Events { set, .. } if set.has(kind))
    };
    let is_whole = |panel: &&PanelVerdict<'_>| {
        let evaluation = &panel.evaluation;
        // Whatever a source says of its own answer may be that some of it could not be read.
        evaluation.freshness.can_be_judged() && evaluation.without.is_empty() && evaluation.caveat.is_none()
    };
    let of_it: Vec<&&PanelVerdict<'_>> = lists.iter().filter(lists_it).collect();
    match of_it.as_slice() {
        [] => Told::Nothing,
        all if all.iter().copied().all(is_whole) => Told::All,
        _ => Told::Part,
    }
}

fn component(page: &PageVerdict<'_>, panel: &PanelVerdict<'_>, is_worked_on: bool) -> Component {
    let evaluation = &panel.evaluation;
    let state = match evaluation.status {
        Status::Unknown => State::Unknown,
        Status::Ok if !evaluation.is_judged => State::Unknown,
        // It may well be down: that is what was planned.
        _ if is_worked_on => State::Maintenance,
        Status::Critical => State::Outage,
        Status::Warning => State::Degraded,
        Status::Ok => State::Operational,
    };
    let key = QueryKey::of_status(page.name, panel.panel.id);
    let id = id(&["component", key.as_str()]);
    Component { id, name: panel.panel.title.clone(), state, since: evaluation.since, key }
}

impl Component {
    /// One by itself.
    #[cfg(test)]
    pub(crate) fn named(name: &str, state: State) -> Self {
        let key = QueryKey::of_status("d", name);
        Self { id: id(&["component", name]), name: SafeText::new(name), state, since: None, key }
    }
}

fn overall(components: &[Component], (has_incident, has_maintenance): (bool, bool), told: [Told; 2]) -> Overall {
    let count = |state: State| components.iter().filter(|one| one.state == state).count();
    let (outages, all) = (count(State::Outage), components.len());
    match () {
        () if outages > 0 && outages == all => Overall::MajorOutage,
        () if outages > 0 => Overall::PartialOutage,
        () if count(State::Degraded) > 0 => Overall::Degraded,
        () if has_incident => Overall::Incident,
        () if count(State::Unknown) > 0 || told.contains(&Told::Part) || all == 0 => Overall::Unknown,
        () if count(State::Maintenance) > 0 || has_maintenance => Overall::Maintenance,
        () => Overall::Operational,
    }
}

#[cfg(test)]
mod tests {
    use State::{Degraded, Maintenance, Operational, Outage, Unknown};

    use super::*;

    #[test]
    fn what_is_not_known_is_never_all_well() {
        let some = |states: &[State]| -> Vec<Component> {
            let one = |state: &State| Component::named("Shop", *state);
            states.iter().map(one).collect()
        };
        for (states, happens, told, is) in [
            (&[Operational, Operational][..], (false, false), Told::All, Overall::Operational),
            (&[Operational], (false, false), Told::Part, Overall::Unknown),
            (&[], (false, false), Told::All, Overall::Unknown),
            (&[Operational, Unknown], (false, true), Told::All, Overall::Unknown),
            (&[Operational, Maintenance], (false, true), Told::All, Overall::Maintenance),
            (&[Operational], (true, true), Told::All, Overall::Incident),
            (&[Unknown, Degraded], (true, false), Told::All, Overall::Degraded),
            (&[Degraded, Outage], (false, false), Told::Part, Overall::PartialOutage),
            (&[Outage, Outage], (false, false), Told::All, Overall::MajorOutage),
        ] {
            assert_eq!(overall(&some(states), happens, [Told::All, told]), is, "{states:?} {happens:?} {told:?}");
        }
    }
}
