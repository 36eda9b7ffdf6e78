//! What is where now, from deploys: a place is one service in one environment.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::event::{Event, EventKind, EventState};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::version::Version;

/// What stands for a name that is not given: it is about all of them.
const ALL: &str = "all";
/// Most services kept, and most environments: more than the largest screen has room for.
const MAX_SERVICES: usize = 500;
const MAX_ENVIRONMENTS: usize = 60;

/// Which services and environments a panel is about, in its order; none for all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// By name, in any case.
    pub services: &'a [String],
    /// By name, in any case.
    pub environments: &'a [String],
}

impl Selection<'_> {
    /// Whether a deploy is to one of the selected places.
    pub(super) fn has(&self, event: &Event) -> bool {
        let (service, environment) = place_key(event);
        let is_wanted = |wanted: &[String], own: &str| wanted.is_empty() || wanted.iter().any(|name| key(name) == own);
        is_wanted(self.services, &service) && is_wanted(self.environments, &environment)
    }
}

/// What is where.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deployments<'a> {
    /// As selected, else on their way to the customer.
    pub environments: Vec<Environment>,
    /// How many environments are not among them.
    pub hidden: usize,
    /// As selected, else the worst first.
    pub services: Vec<Service<'a>>,
    /// How the services are that are not among them.
    pub more: Vec<Status>,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// As the board or the first deploy writes it.
    pub name: String,
    /// Where not all have room, the lowest go first.
    pub rank: u8,
    /// Whether it is a step on the way to the customer, so that it is compared with the step before.
    pub is_step: bool,
}

/// What is in each environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Service<'a> {
    /// As the board or the first deploy writes it.
    pub name: String,
    /// The worst of its places, in the selected environments.
    pub status: Status,
    /// One for each environment.
    pub places: Vec<Place<'a>>,
}

/// What is known of a place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place<'a> {
    /// Of what is there and of what came last.
    pub status: Status,
    /// The deploy of what is there.
    pub current: Option<&'a Event>,
    /// The deploy that failed to come after it.
    pub failed: Option<&'a Event>,
    /// The deploy that is under way: running, waiting, or in a state that is not known.
    pub coming: Option<&'a Event>,
    /// The deploy of what is in the environment before it, when that is another version.
    pub before: Option<&'a Event>,
    /// Whether that is newer.
    pub is_behind: bool,
}

/// The deploys to one place, in the order of time.
#[derive(Debug, Default)]
struct Deploys<'a> {
    last: Option<&'a Event>,
    /// The last that is not under way: while another one is, it still tells how the place is.
    ended: Option<&'a Event>,
    current: Option<&'a Event>,
    /// All that were done.
    done: Vec<&'a Event>,
}

impl<'a> Deploys<'a> {
    fn take_in(&mut self, event: &'a Event) {
        self.last = Some(event);
        if !matches!(event.state, EventState::Running | EventState::Waiting) && !event.is_taken_away() {
            self.ended = Some(event);
        }
        if event.state == EventState::Done {
            // When the last one is taken away nothing comes back that was there before.
            self.current = Some(event).filter(|event| !event.is_taken_away());
            self.done.push(event);
        }
        if event.is_taken_away() {
            // What is left there, if anything, tells how the place is.
            self.ended = self.current;
        }
    }

    /// Whether nothing is left there of what was.
    fn is_taken_away(&self) -> bool {
        self.last.is_some_and(Event::is_taken_away) && self.current.is_none()
    }

    /// The deploy that tells how the place is. One under way leaves it as the one before did, as a build does.
    fn counting(&self) -> Option<&'a Event> {
        self.ended.or(self.last.filter(|last| !last.is_taken_away()))
    }

    fn status(&self) -> Status {
        let has_failed = self.ended.is_some_and(|ended| ended.state == EventState::Failed);
        if self.current.is_none() && !has_failed {
            // Nothing has arrived that could be well.
            return self.last.and_then(|last| last.health).map_or(Status::Unknown, |now| Status::Unknown.or_worse(now));
        }
        Status::worst(self.current.into_iter().chain(self.ended).map(Event::status))
    }

    /// What is known of the place, compared with the step before it.
    fn place(&self, before: Option<&Self>) -> Place<'a> {
        let under_way = |last: &&Event| !matches!(last.state, EventState::Done | EventState::Failed);
        let other_version = before
            .and_then(|before| Some((before, before.current?)))
            .filter(|(_, other)| self.current.is_some_and(|current| !is_same(current, other)));
        Place {
            status: self.status(),
            current: self.current,
            failed: self.ended.filter(|ended| ended.state == EventState::Failed),
            coming: self.last.filter(under_way),
            before: other_version.map(|(_, event)| event),
            is_behind: other_version.is_some_and(|(before, event)| self.is_behind(before, event)),
        }
    }

    /// Versions have no order of their own. What came later into the environment before is newer; and so it
    /// is when what runs here has been there, and has been replaced.
    fn is_behind(&self, before: &Self, other: &Event) -> bool {
        self.current.is_some_and(|current| {
            let was_there = || before.done.iter().any(|done| is_same(done, current));
            other.at >= current.at || was_there()
        })
    }
}

/// Whether two deploys brought one version.
fn is_same(a: &Event, b: &Event) -> bool {
    Version::new(a.version.as_str()).is_same(Version::new(b.version.as_str()))
}

/// A name as it is shown.
fn named(name: &SafeText) -> &str {
    match name.as_str() {
        "" | "*" => ALL,
        name => name,
    }
}

/// Equal for names that differ in case only.
fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// What tells a place from others: its service and its environment.
fn place_key(event: &Event) -> (String, String) {
    (key(named(&event.service)), key(named(&event.environment)))
}

/// The tier of a name that says nothing: before the customer, but nobody knows where.
const UNTOLD: u8 = 3;

/// How far an environment is on the way to the customer, by its name: 0 to 4.
fn tier(name: &str) -> u8 {
    let words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .map(|word| key(word.trim_end_matches(|c: char| c.is_ascii_digit())))
        .collect();
    let is_one_of = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    if is_one_of(&["stage", "staging", "pre", "preprod", "preproduction", "uat", "acceptance"]) {
        2
    } else if is_one_of(&["prod", "production", "live"]) {
        4
    } else if is_one_of(&["test", "testing", "qa", "integration"]) {
        1
    } else if is_one_of(&["dev", "develop", "development"]) {
        0
    } else {
        UNTOLD
    }
}

/// The environments for names: those that are asked for, else all, on their way to the customer.
fn environments(wanted: &[String], names: &BTreeMap<String, String>) -> Vec<(String, Environment)> {
    if !wanted.is_empty() {
        let selected = |name: &String| (key(name), Environment { name: name.clone(), rank: 0, is_step: true });
        return wanted.iter().map(selected).collect();
    }
    let mut found: Vec<(String, Environment)> = names
        .iter()
        .map(|(key, name)| {
            let (tier, is_step) = (tier(name), tier(name) != UNTOLD);
            let rank = if is_step { tier + 1 } else { 0 };
            (key.clone(), Environment { name: name.clone(), rank, is_step })
        })
        .collect();
    // By tier, then by name, as the map has them; what is about all environments is none of the chain.
    found.sort_by_key(|(key, environment)| (key == ALL, tier(&environment.name)));
    found
}

/// The environments that weigh most of too many, in their order; and how many are left out.
fn bounded(mut all: Vec<(String, Environment)>) -> (Vec<(String, Environment)>, usize) {
    let hidden = all.len().saturating_sub(MAX_ENVIRONMENTS);
    let mut ranks: Vec<u8> = all.iter().map(|(_, one)| one.rank).collect();
    ranks.sort_unstable();
    let least = ranks.get(hidden).copied().unwrap_or_default();
    // Of those of the least rank that stays, the first go.
    let mut surplus = hidden - ranks.iter().take(hidden).filter(|rank| **rank < least).count();
    all.retain(|(_, one)| {
        let goes = one.rank < least || (one.rank == least && surplus > 0);
        surplus -= usize::from(goes && one.rank == least);
        !goes
    });
    (all, hidden)
}

/// The deploys of a board, by place.
#[derive(Debug, Default)]
pub struct Places<'a> {
    of: BTreeMap<(String, String), Deploys<'a>>,
    services: BTreeMap<String, String>,
    environments: BTreeMap<String, String>,
}

impl<'a> Places<'a> {
    /// Of events in the order of time.
    pub fn new(events: &[&'a Event]) -> Self {
        let mut places = Self::default();
        for event in events.iter().copied().filter(|event| event.kind == EventKind::Deploy) {
            places.take_in(event);
        }
        places.drop_taken_away();
        places
    }

    /// The deploy that counts of each place, oldest first.
    pub(super) fn last_deploys(&self) -> Vec<&'a Event> {
        let mut last: Vec<&Event> = self.of.values().filter_map(Deploys::counting).collect();
        last.sort_by_key(|event| event.at);
        last
    }

    /// What is where: the worst service first unless others are selected.
    pub fn select(&self, selection: Selection<'_>) -> Deployments<'a> {
        let statuses = self.statuses(selection.environments);
        let status = |key: &str| statuses.get(key).copied().unwrap_or_default();
        let mut wanted: Vec<(String, String)> =
            selection.services.iter().map(|name| (key(name), name.clone())).collect();
        if wanted.is_empty() {
            wanted.extend(self.services.iter().map(|(key, name)| (key.clone(), name.clone())));
            wanted.sort_by_key(|(key, _)| 3 - status(key).severity());
        }
        let more = wanted.iter().skip(MAX_SERVICES).map(|(key, _)| status(key)).collect();
        let (environments, hidden) = bounded(environments(selection.environments, &self.environments));
        let services = wanted
            .into_iter()
            .take(MAX_SERVICES)
            .map(|(key, name)| Service { status: status(&key), name, places: self.of_service(&key, &environments) })
            .collect();
        let environments = environments.into_iter().map(|(_, environment)| environment).collect();
        Deployments { environments, hidden, services, more }
    }

    fn take_in(&mut self, event: &'a Event) {
        let (service, environment) = (named(&event.service), named(&event.environment));
        self.services.entry(key(service)).or_insert_with(|| service.to_owned());
        self.environments.entry(key(environment)).or_insert_with(|| environment.to_owned());
        self.of.entry((key(service), key(environment))).or_default().take_in(event);
    }

    /// Forgets places of which nothing is left, and environments without any other.
    fn drop_taken_away(&mut self) {
        self.of.retain(|_, deploys| !deploys.is_taken_away());
        let left: BTreeSet<&String> = self.of.keys().map(|(_, environment)| environment).collect();
        self.environments.retain(|key, _| left.contains(key));
        let left: BTreeSet<&String> = self.of.keys().map(|(service, _)| service).collect();
        self.services.retain(|key, _| left.contains(key));
    }

    /// Those of a service, each with the nearest step before it at which something is.
    fn of_service(&self, service: &str, environments: &[(String, Environment)]) -> Vec<Place<'a>> {
        let mut before: Option<&Deploys<'a>> = None;
        let place = |(key, environment): &(String, Environment)| {
            let Some(deploys) = self.of.get(&(service.to_owned(), key.clone())) else { return Place::default() };
            let place = deploys.place(before.filter(|_| environment.is_step));
            if environment.is_step && deploys.current.is_some() {
                before = Some(deploys);
            }
            place
        };
        environments.iter().map(place).collect()
    }

    /// How each service is: the worst of its places, in these environments if any are asked for.
    fn statuses(&self, environments: &[String]) -> BTreeMap<&str, Status> {
        let wanted: Vec<String> = environments.iter().map(|name| key(name)).collect();
        let mut statuses = BTreeMap::new();
        for ((service, environment), deploys) in &self.of {
            if wanted.is_empty() || wanted.contains(environment) {
                let status = statuses.entry(service.as_str()).or_insert(Status::Ok);
                *status = status.or_worse(deploys.status());
            }
        }
        statuses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    const HOUR: i64 = 3_600_000;
    const NOW: Timestamp = Timestamp(1000 * HOUR);

    /// A deploy so many hours ago.
    fn deploy(hours: i64, service: &str, environment: &str, version: &str) -> Event {
        Event {
            at: Timestamp(NOW.0 - hours * HOUR),
            kind: EventKind::Deploy,
            service: service.into(),
            environment: environment.into(),
            version: version.into(),
            ..Event::default()
        }
    }

    /// Of all services and environments.
    fn deployments(events: &[Event]) -> Deployments<'_> {
        let events: Vec<&Event> = events.iter().collect();
        Places::new(&events).select(Selection::default())
    }

    /// The places of the only service.
    fn places(events: &[Event]) -> Vec<Place<'_>> {
        let mut services = deployments(events).services;
        assert_eq!(services.len(), 1);
        services.remove(0).places
    }

    fn version(event: Option<&Event>) -> &str {
        event.map_or("-", |event| event.version.as_str())
    }

    /// The versions of what is there, of what failed, and of what comes.
    fn versions<'a>(place: &Place<'a>) -> [&'a str; 3] {
        [place.current, place.failed, place.coming].map(|event| event.map_or("-", |event| event.version.as_str()))
    }

    #[test]
    fn environments_stand_on_their_way_to_the_customer() {
        let names = ["production", "Staging-2", "review/42", "qa", "dev", "pre-prod", "eu-live", "sandbox"];
        let events: Vec<Event> = names.iter().map(|name| deploy(1, "shop", name, "v1")).collect();
        let environments = deployments(&events).environments;
        let order: Vec<&str> = environments.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(order, ["dev", "qa", "pre-prod", "Staging-2", "review/42", "sandbox", "eu-live", "production"]);
        let lowest = environments.iter().filter(|one| one.rank == 0).count();
        assert_eq!(lowest, 2, "review/42 and sandbox go first");
    }

    #[test]
    fn what_a_failed_deploy_left_still_runs() {
        let failed = Event { state: EventState::Failed, ..deploy(1, "shop", "production", "v2") };
        let both = [deploy(30, "shop", "production", "v1"), failed];
        let after = &places(&both)[0];
        assert_eq!((after.status, versions(after)), (Status::Critical, ["v1", "v2", "-"]));
        let alone = &places(&both[1..])[0];
        assert_eq!((alone.status, versions(alone)), (Status::Critical, ["-", "v2", "-"]));
    }

    #[test]
    fn a_promotion_under_way_leaves_what_runs() {
        let running = Event { state: EventState::Running, ..deploy(0, "shop", "production", "v2") };
        let both = [deploy(30, "shop", "production", "v1"), running];
        let during = &places(&both)[0];
        assert_eq!((during.status, versions(during)), (Status::Ok, ["v1", "-", "v2"]));
        let first = &places(&both[1..])[0];
        assert_eq!(first.status, Status::Unknown, "nothing is there that could be well");
    }

    #[test]
    fn behind_is_what_the_environment_before_has_left() {
        let before = |events: &[Event]| {
            let places = places(events);
            assert_eq!(places[0].before, None, "nothing comes before the first");
            (version(places[1].before).to_owned(), places[1].is_behind)
        };
        // v2 came to staging after production got v1.
        let newer = [deploy(9, "shop", "production", "v1"), deploy(2, "shop", "staging", "v2")];
        assert_eq!(before(&newer), ("v2".to_owned(), true));
        // v1 was promoted late: staging had v2 already.
        let late = [
            deploy(9, "shop", "staging", "v1"),
            deploy(5, "shop", "staging", "v2"),
            deploy(2, "shop", "production", "1"),
        ];
        assert_eq!(before(&late), ("v2".to_owned(), true));
        // A hotfix past staging: another version, but not behind.
        let past = [deploy(5, "shop", "staging", "v2"), deploy(2, "shop", "production", "v2.1")];
        assert_eq!(before(&past), ("v2".to_owned(), false));
        let equal = [deploy(5, "shop", "staging", "v2"), deploy(2, "shop", "production", "2")];
        assert_eq!(before(&equal), ("-".to_owned(), false));
    }

    #[test]
    fn an_environment_aside_is_not_on_the_way() {
        let aside = [
            deploy(9, "shop", "staging", "v1"),
            deploy(8, "shop", "production", "v1"),
            deploy(1, "shop", "review-7", "v2"),
        ];
        let places = places(&aside);
        assert!(places.iter().all(|place| place.before.is_none()), "{places:#?}");
    }

    #[test]
    fn red_services_come_first_unless_the_board_orders_them() {
        let events = [
            deploy(3, "a", "production", "v1"),
            Event { state: EventState::Failed, ..deploy(2, "z", "production", "v1") },
            deploy(1, "", "", "v1"),
        ];
        let all = deployments(&events);
        let environments: Vec<&str> = all.environments.iter().map(|one| one.name.as_str()).collect();
        let services: Vec<&str> = all.services.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((environments, services), (vec!["production", "all"], vec!["z", "a", "all"]));
        let refs: Vec<&Event> = events.iter().collect();
        let (services, environments) = (["A".to_owned(), "gone".to_owned()], ["Production".to_owned()]);
        let some = Places::new(&refs).select(Selection { services: &services, environments: &environments }).services;
        let shown: Vec<(&str, Status)> = some.iter().map(|one| (one.name.as_str(), one.status)).collect();
        assert_eq!(shown, [("A", Status::Ok), ("gone", Status::Unknown)]);
    }

    #[test]
    fn ten_thousand_places_stay_bounded_and_are_counted() {
        let mut events: Vec<Event> =
            (0..10_000).map(|n| deploy(1, &format!("service {n}"), &format!("review {n}"), "v1")).collect();
        events.push(Event { state: EventState::Failed, ..deploy(0, "zoo", "production", "v1") });
        let all = deployments(&events);
        let counted = (all.services.len() + all.more.len(), all.environments.len() + all.hidden);
        assert_eq!(counted, (10_001, 10_001));
        assert_eq!((all.services.len(), all.services[0].name.as_str()), (MAX_SERVICES, "zoo"), "what is red stays");
        let last = all.environments.last().unwrap();
        assert_eq!((all.environments.len(), last.name.as_str()), (MAX_ENVIRONMENTS, "production"));
    }

    #[test]
    fn of_what_was_taken_away_nothing_counts_when_it_comes_again() {
        let failed = Event { state: EventState::Failed, ..deploy(5, "shop", "preview", "v1") };
        let away = Event { until: Some(NOW), ..deploy(4, "shop", "preview", "v1") };
        let again = Event { state: EventState::Running, ..deploy(3, "shop", "preview", "v2") };
        let events = [failed, away, again];
        let refs: Vec<&Event> = events.iter().collect();
        let places = Places::new(&refs);
        assert_eq!(places.last_deploys(), [&events[2]]);
        assert_eq!(places.select(Selection::default()).services[0].status, Status::Unknown, "nothing has arrived");
        assert_eq!(Places::new(&refs[..2]).last_deploys(), [] as [&Event; 0]);
        let given_up = Event { state: EventState::Failed, until: Some(NOW), ..deploy(2, "shop", "preview", "v3") };
        let arrived = deploy(3, "shop", "preview", "v2");
        assert_eq!(Places::new(&[&arrived, &given_up]).last_deploys(), [&arrived], "what is left there counts");
    }

    #[test]
    fn only_the_last_deploy_of_a_place_counts() {
        let failed = |hours, service| Event { state: EventState::Failed, ..deploy(hours, service, "live", "v1") };
        let events = [failed(3, "shop"), failed(2, "mail"), deploy(1, "shop", "live", "v2")];
        let refs: Vec<&Event> = events.iter().collect();
        assert_eq!(Places::new(&refs).last_deploys(), [&events[1], &events[2]]);
    }
}
