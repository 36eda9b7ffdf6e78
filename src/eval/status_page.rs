//! What customers are told: how each component is, what has happened, what is planned.
//!
//! It is made of one dashboard. Components are its panels that ask something; incidents and planned maintenance are the events
//! of its panels that show events. Nothing else gets onto it: no value, no reason, no address, no name of a person.

use std::collections::HashSet;

use super::events::Events;
use super::judging::{PageVerdict, PanelVerdict, Verdicts};
use super::rule::Subject;
use crate::model::event::{Event, EventKind, EventState};
use crate::model::judgement::Content;
use crate::model::poll::{QueryId, QueryKey};
use crate::model::public::without_addresses;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// How long an incident that is over is told of.
pub const TOLD_FOR: Span = Span::seconds(90 * 86_400);
/// Most incidents that are over, and most plans.
const MOST: usize = 100;

/// A status page as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusPage {
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
    /// What is planned or going on, the soonest first.
    pub maintenance: Vec<Happening>,
    /// How much is known of incidents and plans.
    pub told: Told,
}

/// How much is known of what happened and what is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The page does not tell of it: its dashboard has no panel that shows events.
    Nothing,
    /// All of it.
    All,
    /// A source of it does not answer: there may be more.
    Part,
}

/// A part of what is offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Its name.
    pub name: SafeText,
    /// How it is.
    pub state: State,
    /// Since when, where it is known.
    pub since: Option<Timestamp>,
    /// Under which its statuses are kept.
    pub key: QueryKey,
    /// The service that it is about; not shown.
    service: Option<SafeText>,
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

/// An incident, or planned maintenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// What it is.
    pub title: SafeText,
    /// The service it is about; empty for all.
    pub service: SafeText,
    /// When it began, or will.
    pub at: Timestamp,
    /// When it was over, or will be.
    pub until: Option<Timestamp>,
    /// How far it has come.
    pub stage: Stage,
}

/// How far something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It has not begun.
    Planned,
    /// It goes on.
    GoesOn,
    /// It is over.
    Over,
}

impl StatusPage {
    /// Of a dashboard; none where the board has none of that name.
    pub fn of(verdicts: &Verdicts<'_>, dashboard: &str, title: &SafeText, now: Timestamp) -> Option<Self> {
        let page = verdicts.pages.iter().find(|page| page.name == dashboard)?;
        let shows_events = |panel: &&PanelVerdict<'_>| matches!(panel.panel.rule.subject, Subject::Events { .. });
        let of_events: Vec<&PanelVerdict<'_>> = page.panels.iter().filter(shows_events).collect();
        let (incidents, maintenance) = happenings(&verdicts.events, &of_events, now);
        let is_whole = |panel: &&PanelVerdict<'_>| {
            let evaluation = &panel.evaluation;
            let is_partial = evaluation.caveat.is_some_and(|caveat| caveat.partial);
            evaluation.freshness.can_be_judged() && evaluation.without.is_empty() && !is_partial
        };
        let told = match of_events.as_slice() {
            [] => Told::Nothing,
            all if all.iter().all(is_whole) => Told::All,
            _ => Told::Part,
        };
        let components: Vec<Component> = page
            .panels
            .iter()
            .filter(|panel| panel.is_fed() && !shows_events(panel))
            .map(|panel| component(page, panel, &maintenance))
            .collect();
        let goes_on = |all: &[Happening]| all.iter().any(|one| one.stage == Stage::GoesOn);
        let overall = overall(&components, (goes_on(&incidents), goes_on(&maintenance)), told);
        Some(Self { title: title.clone(), at: now, overall, components, incidents, maintenance, told })
    }
}

fn component(page: &PageVerdict<'_>, panel: &PanelVerdict<'_>, maintenance: &[Happening]) -> Component {
    let evaluation = &panel.evaluation;
    let mut component = Component {
        name: panel.panel.title.clone(),
        state: State::Unknown,
        since: evaluation.since,
        key: QueryKey::of_status(page.name, panel.panel.id),
        service: panel.panel.service.cloned(),
    };
    let is_worked_on = maintenance.iter().any(|one| one.stage == Stage::GoesOn && one.is_about(&component));
    component.state = match evaluation.status {
        _ if is_worked_on => State::Maintenance,
        Status::Critical => State::Outage,
        Status::Warning => State::Degraded,
        Status::Ok if evaluation.is_judged => State::Operational,
        Status::Ok | Status::Unknown => State::Unknown,
    };
    component
}

impl Component {
    /// One that is about no service.
    #[cfg(test)]
    pub(crate) fn named(name: &str, state: State, key: QueryKey) -> Self {
        Self { name: SafeText::new(name), state, since: None, key, service: None }
    }
}

impl Happening {
    /// Whether it names a component: as it is called, or by its service.
    pub fn is_about(&self, component: &Component) -> bool {
        let is_it = |name: &SafeText| name.as_str().eq_ignore_ascii_case(self.service.as_str());
        is_it(&component.name) || component.service.as_ref().is_some_and(is_it)
    }
}

/// The incidents and the plans that some panels show, in the words of their own sources.
fn happenings(events: &Events<'_>, panels: &[&PanelVerdict<'_>], now: Timestamp) -> (Vec<Happening>, Vec<Happening>) {
    let rules = panels.iter().map(|panel| panel.panel.rule);
    let queries: HashSet<QueryId> = rules.flat_map(|rule| rule.queries.iter().map(|query| query.id)).collect();
    let own = events.of(&queries, &HashSet::new());
    let shown = panels.iter().flat_map(|panel| match &panel.evaluation.content {
        Content::Events(shown) => shown.as_slice(),
        _ => &[],
    });
    let mut all: Vec<&Event> = shown.filter_map(|event| own.same(event)).collect();
    all.sort_by_key(|event| event.at);
    // Two panels may show the same one.
    all.dedup_by(|one, other| std::ptr::eq(*one, *other));
    let is_told = |event: &&Event| event.at > now.minus(TOLD_FOR) || event.goes_on_after(now);
    let of_kind = |kind: EventKind| {
        let of_it = all.iter().copied().filter(is_told).filter(move |event| event.kind == kind);
        of_it.map(|event| happening(event, now)).collect::<Vec<Happening>>()
    };
    let (mut incidents, mut maintenance) = (of_kind(EventKind::Incident), of_kind(EventKind::Planned));
    incidents.retain(|one| one.stage != Stage::Planned);
    incidents.sort_by_key(|one| std::cmp::Reverse((one.stage == Stage::GoesOn, one.at)));
    incidents.truncate(MOST);
    maintenance.retain(|one| one.stage != Stage::Over);
    maintenance.truncate(MOST);
    (incidents, maintenance)
}

fn happening(event: &Event, now: Timestamp) -> Happening {
    let is_open = event.until.is_none() && event.state == EventState::Running;
    let stage = match event.until {
        _ if event.at > now => Stage::Planned,
        Some(until) if until > now => Stage::GoesOn,
        None if is_open => Stage::GoesOn,
        Some(_) | None => Stage::Over,
    };
    let [title, service] = [&event.title, &event.service].map(without_addresses);
    Happening { title, service, at: event.at, until: event.until, stage }
}

fn overall(components: &[Component], (has_incident, has_maintenance): (bool, bool), told: Told) -> Overall {
    let count = |state: State| components.iter().filter(|one| one.state == state).count();
    let (outages, all) = (count(State::Outage), components.len());
    match () {
        () if outages > 0 && outages == all => Overall::MajorOutage,
        () if outages > 0 => Overall::PartialOutage,
        () if count(State::Degraded) > 0 => Overall::Degraded,
        () if has_incident => Overall::Incident,
        () if count(State::Unknown) > 0 || told == Told::Part || all == 0 => Overall::Unknown,
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
            let one = |state: &State| Component::named("Shop", *state, QueryKey::of_status("d", "p"));
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
            assert_eq!(overall(&some(states), happens, told), is, "{states:?} {happens:?} {told:?}");
        }
    }

    #[test]
    fn an_event_has_begun_when_its_time_has_come_and_is_over_when_somebody_says_so() {
        let event = |at, until: Option<i64>, state| Event {
            at: Timestamp(at),
            until: until.map(Timestamp),
            kind: EventKind::Incident,
            state,
            title: "db-1.internal:5432 down".into(),
            ..Event::default()
        };
        for (event, stage) in [
            (event(50, None, EventState::Running), Stage::GoesOn),
            (event(50, None, EventState::Done), Stage::Over),
            (event(50, Some(100), EventState::Done), Stage::Over),
            (event(50, Some(101), EventState::Done), Stage::GoesOn),
            (event(101, Some(200), EventState::Done), Stage::Planned),
        ] {
            let is = happening(&event, Timestamp(100));
            assert_eq!((is.stage, is.title.as_str()), (stage, "… down"), "{event:?}");
        }
    }
}
