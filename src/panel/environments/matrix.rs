//! Which version runs where, from deploys: a place is one service in one environment.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::event::{Event, EventKind, EventState};
use crate::model::status::Status;
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::Timestamp;

/// What stands for a name that is not told: it is about all of them.
const ALL: &str = "all";
/// Widest a version grows.
const VERSION: usize = 20;
/// Widest the server's words about a place grow.
const REMARK: usize = 40;
/// Characters shown of a commit, and the least it has.
const COMMIT: usize = 8;
/// Characters that a commit is known by, at least.
const LEAST_COMMIT: usize = 7;
const WHOLE_COMMIT: usize = 20;
/// Most services kept, and most environments: more than the largest screen has room for.
const MAX_ROWS: usize = 500;
const MAX_COLUMNS: usize = 60;

/// What runs where.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Matrix {
    pub(super) columns: Vec<Column>,
    /// How many environments are not among them.
    pub(super) hidden: usize,
    pub(super) rows: Vec<Service>,
    /// How the services are that are not among them.
    pub(super) more: Vec<Status>,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// Where not all columns fit, the lowest go first.
    pub(super) rank: u8,
    /// Whether it is a step on the way to the customer, so that it is compared with the step before.
    pub(super) is_step: bool,
}

/// What runs in each environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Service {
    pub(super) name: String,
    /// The worst of its places.
    pub(super) status: Status,
    /// One for each column.
    pub(super) cells: Vec<Cell>,
}

/// A version, and how long it has been there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Version {
    pub(super) name: String,
    pub(super) age: String,
}

/// What is known of a place.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Cell {
    pub(super) status: Status,
    /// What runs there.
    pub(super) current: Option<Version>,
    /// Why that is not well, in the server's words.
    pub(super) remark: String,
    /// What failed to come after it.
    pub(super) failed: Option<Version>,
    /// What comes, and how far it is: running, waiting.
    pub(super) coming: Option<(Version, EventState)>,
    /// What runs in the environment before it, when that is something else.
    pub(super) before: Option<Version>,
    /// Whether that is newer.
    pub(super) is_behind: bool,
}

impl Cell {
    pub(super) const fn is_known(&self) -> bool {
        self.current.is_some() || self.failed.is_some() || self.coming.is_some()
    }
}

/// The deploys to one place, in the order of time.
#[derive(Debug, Default)]
struct Place<'a> {
    last: Option<&'a Event>,
    /// The last that is not under way: while another one is, it still tells how the place is.
    ended: Option<&'a Event>,
    current: Option<&'a Event>,
    /// All that were done.
    done: Vec<&'a Event>,
}

impl<'a> Place<'a> {
    fn take_in(&mut self, event: &'a Event) {
        self.last = Some(event);
        if !matches!(event.state, EventState::Running | EventState::Waiting) && !event.is_taken_away() {
            self.ended = Some(event);
        }
        if event.state == EventState::Done {
            self.current = Some(event).filter(|event| !event.is_taken_away()).or(self.current);
            self.done.push(event);
        }
    }

    /// Whether nothing is left there of what was.
    fn is_taken_away(&self) -> bool {
        self.last.is_some_and(Event::is_taken_away) && self.current.is_none()
    }

    fn status(&self) -> Status {
        let has_failed = self.ended.is_some_and(|ended| ended.state == EventState::Failed);
        if self.current.is_none() && !has_failed {
            // Nothing has arrived that could be well.
            return self.last.and_then(|last| last.health).map_or(Status::Unknown, |now| Status::Unknown.or_worse(now));
        }
        Status::worst(self.current.into_iter().chain(self.ended).map(Event::status))
    }

    fn cell(&self, before: Option<&Self>, now: Timestamp) -> Cell {
        let under_way = self.last.filter(|last| !matches!(last.state, EventState::Done | EventState::Failed));
        let failed = self.ended.filter(|ended| ended.state == EventState::Failed);
        let other = before.and_then(|before| Some((before, before.current?))).filter(|(_, other)| {
            self.current.is_some_and(|current| !is_same(current.version.as_str(), other.version.as_str()))
        });
        Cell {
            status: self.status(),
            current: self.current.map(|event| version(event, now)),
            remark: self.current.map(|event| ellipsis(event.remark.as_str(), REMARK)).unwrap_or_default(),
            failed: failed.map(|event| version(event, now)),
            coming: under_way.map(|event| (version(event, now), event.state)),
            before: other.map(|(_, event)| version(event, now)),
            is_behind: other.is_some_and(|(before, event)| self.is_behind(before, event)),
        }
    }

    /// Versions have no order of their own. What came later into the environment before is newer; and so it
    /// is when what runs here has been there, and has been replaced.
    fn is_behind(&self, before: &Self, other: &Event) -> bool {
        self.current.is_some_and(|current| {
            let was_there = || before.done.iter().any(|done| is_same(done.version.as_str(), current.version.as_str()));
            other.at >= current.at || was_there()
        })
    }
}

fn version(event: &Event, now: Timestamp) -> Version {
    let name = [&event.version, &event.title].into_iter().map(SafeText::as_str).find(|name| !name.is_empty());
    Version { name: name.map_or_else(|| "deployed".to_owned(), shortened), age: event.at.age_at(now).brief() }
}

fn is_commit(text: &str) -> bool {
    text.len() >= WHOLE_COMMIT && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A branch and its commit in "main@0123abcd".
fn branch_and_commit(text: &str) -> Option<(&str, &str)> {
    let is_begin = |end: &str| end.len() >= LEAST_COMMIT && end.bytes().all(|b| b.is_ascii_hexdigit());
    text.rsplit_once('@').filter(|(_, end)| is_begin(end))
}

/// A commit in eight characters, anything else in twenty columns; of a branch its commit is left, for that is
/// what tells two of its versions apart.
fn shortened(text: &str) -> String {
    if is_commit(text) {
        return text.chars().take(COMMIT).collect();
    }
    match branch_and_commit(text) {
        Some((branch, commit)) => {
            let commit = format!("@{}", commit.chars().take(COMMIT).collect::<String>());
            format!("{}{commit}", ellipsis(branch, VERSION.saturating_sub(commit.len())))
        }
        None => ellipsis(text, VERSION),
    }
}

/// Whether two servers speak of one version: "v2.14" and "2.14", a commit and its begin, with or without its
/// branch. What is not told is no other version.
fn is_same(a: &str, b: &str) -> bool {
    let bare = |text: &str| text.strip_prefix(['v', 'V']).unwrap_or(text).to_ascii_lowercase();
    let commit = |text: &str| branch_and_commit(text).map_or_else(|| bare(text), |(_, commit)| bare(commit));
    let (a, b) = (commit(a), commit(b));
    let begins = |long: &str, short: &str| is_commit(long) && short.len() >= LEAST_COMMIT && long.starts_with(short);
    a.is_empty() || b.is_empty() || a == b || begins(&a, &b) || begins(&b, &a)
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

/// The columns for names: those that are asked for, else all, on their way to the customer.
fn columns(wanted: &[String], names: &BTreeMap<String, String>) -> Vec<(String, Column)> {
    if !wanted.is_empty() {
        let column = |name: &String| (key(name), Column { name: name.clone(), rank: 0, is_step: true });
        return wanted.iter().map(column).collect();
    }
    let mut found: Vec<(String, Column)> = names
        .iter()
        .map(|(key, name)| {
            let (tier, is_step) = (tier(name), tier(name) != UNTOLD);
            let rank = if is_step { tier + 1 } else { 0 };
            (key.clone(), Column { name: name.clone(), rank, is_step })
        })
        .collect();
    // By tier, then by name, as the map has them; what is about all environments is none of the chain.
    found.sort_by_key(|(key, column)| (key == ALL, tier(&column.name)));
    found
}

/// The weightiest columns of too many, in their order; and how many are left out.
fn bounded(mut columns: Vec<(String, Column)>) -> (Vec<(String, Column)>, usize) {
    let hidden = columns.len().saturating_sub(MAX_COLUMNS);
    let mut ranks: Vec<u8> = columns.iter().map(|(_, column)| column.rank).collect();
    ranks.sort_unstable();
    let least = ranks.get(hidden).copied().unwrap_or_default();
    // Of those of the least rank that stays, the first go.
    let mut surplus = hidden - ranks.iter().take(hidden).filter(|rank| **rank < least).count();
    columns.retain(|(_, column)| {
        let goes = column.rank < least || (column.rank == least && surplus > 0);
        surplus -= usize::from(goes && column.rank == least);
        !goes
    });
    (columns, hidden)
}

/// The deploys of a board, by place.
#[derive(Debug, Default)]
struct Places<'a> {
    of: BTreeMap<(String, String), Place<'a>>,
    services: BTreeMap<String, String>,
    environments: BTreeMap<String, String>,
}

impl<'a> Places<'a> {
    fn take_in(&mut self, event: &'a Event) {
        let (service, environment) = (named(&event.service), named(&event.environment));
        self.services.entry(key(service)).or_insert_with(|| service.to_owned());
        self.environments.entry(key(environment)).or_insert_with(|| environment.to_owned());
        self.of.entry((key(service), key(environment))).or_default().take_in(event);
    }

    /// Forgets places of which nothing is left, and environments without any other.
    fn drop_taken_away(&mut self) {
        self.of.retain(|_, place| !place.is_taken_away());
        let left: BTreeSet<&String> = self.of.keys().map(|(_, environment)| environment).collect();
        self.environments.retain(|key, _| left.contains(key));
        let left: BTreeSet<&String> = self.of.keys().map(|(service, _)| service).collect();
        self.services.retain(|key, _| left.contains(key));
    }

    /// How each service is: the worst of its places, in these environments if any are asked for.
    fn statuses(&self, environments: &[String]) -> BTreeMap<&str, Status> {
        let wanted: Vec<String> = environments.iter().map(|name| key(name)).collect();
        let mut statuses = BTreeMap::new();
        for ((service, environment), place) in &self.of {
            if wanted.is_empty() || wanted.contains(environment) {
                let status = statuses.entry(service.as_str()).or_insert(Status::Ok);
                *status = status.or_worse(place.status());
            }
        }
        statuses
    }
}

/// The matrix of deploys (oldest first), the worst service first unless others are asked for.
pub(super) fn matrix(events: &[&Event], environments: &[String], services: &[String], now: Timestamp) -> Matrix {
    let mut places = Places::default();
    for event in events.iter().copied().filter(|event| event.kind == EventKind::Deploy) {
        places.take_in(event);
    }
    places.drop_taken_away();
    let statuses = places.statuses(environments);
    let status = |key: &str| statuses.get(key).copied().unwrap_or_default();
    let mut wanted: Vec<(String, String)> = services.iter().map(|name| (key(name), name.clone())).collect();
    if services.is_empty() {
        wanted.extend(places.services.iter().map(|(key, name)| (key.clone(), name.clone())));
        wanted.sort_by_key(|(key, _)| 3 - status(key).severity());
    }
    let more = wanted.iter().skip(MAX_ROWS).map(|(key, _)| status(key)).collect();
    let (columns, hidden) = bounded(columns(environments, &places.environments));
    let rows = wanted
        .into_iter()
        .take(MAX_ROWS)
        .map(|(service, name)| {
            let row: Vec<Option<&Place<'_>>> =
                columns.iter().map(|(column, _)| places.of.get(&(service.clone(), column.clone()))).collect();
            let cells = (0..row.len()).map(|at| cell(&row, &columns, at, now)).collect();
            Service { status: status(&service), name, cells }
        })
        .collect();
    Matrix { columns: columns.into_iter().map(|(_, column)| column).collect(), hidden, rows, more }
}

/// A cell of a row, beside the nearest step before it at which something runs.
fn cell(row: &[Option<&Place<'_>>], columns: &[(String, Column)], at: usize, now: Timestamp) -> Cell {
    let Some(place) = row.get(at).copied().flatten() else { return Cell::default() };
    let is_step = |at: usize| columns.get(at).is_some_and(|(_, column)| column.is_step);
    let before = (0..at).rev().filter(|left| is_step(*left)).find_map(|left| {
        let place = row.get(left).copied().flatten()?;
        place.current.is_some().then_some(place)
    });
    place.cell(before.filter(|_| is_step(at)), now)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn of(events: &[Event]) -> Matrix {
        let events: Vec<&Event> = events.iter().collect();
        matrix(&events, &[], &[], NOW)
    }

    /// The only row's cells.
    fn cells(events: &[Event]) -> Vec<Cell> {
        let mut rows = of(events).rows;
        assert_eq!(rows.len(), 1);
        rows.remove(0).cells
    }

    fn name(version: Option<&Version>) -> &str {
        version.map_or("-", |version| version.name.as_str())
    }

    #[test]
    fn environments_stand_on_their_way_to_the_customer() {
        let names = ["production", "Staging-2", "review/42", "qa", "dev", "pre-prod", "eu-live", "sandbox"];
        let events: Vec<Event> = names.iter().map(|name| deploy(1, "shop", name, "v1")).collect();
        let columns = of(&events).columns;
        let order: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(order, ["dev", "qa", "pre-prod", "Staging-2", "review/42", "sandbox", "eu-live", "production"]);
        let lowest = columns.iter().filter(|column| column.rank == 0).count();
        assert_eq!(lowest, 2, "review/42 and sandbox go first");
    }

    #[test]
    fn what_a_failed_deploy_left_still_runs() {
        let failed = Event { state: EventState::Failed, ..deploy(1, "shop", "production", "v2") };
        let [cell]: [Cell; 1] = cells(&[deploy(30, "shop", "production", "v1"), failed.clone()]).try_into().unwrap();
        assert_eq!(
            (cell.status, name(cell.current.as_ref()), name(cell.failed.as_ref())),
            (Status::Critical, "v1", "v2")
        );
        assert_eq!(cell.current.unwrap().age, "1 d");
        let [alone]: [Cell; 1] = cells(&[failed]).try_into().unwrap();
        assert_eq!((alone.status, name(alone.current.as_ref())), (Status::Critical, "-"));
    }

    #[test]
    fn a_promotion_under_way_leaves_what_runs() {
        let running = Event { state: EventState::Running, ..deploy(0, "shop", "production", "v2") };
        let [cell]: [Cell; 1] = cells(&[deploy(30, "shop", "production", "v1"), running.clone()]).try_into().unwrap();
        assert_eq!((cell.status, name(cell.current.as_ref())), (Status::Ok, "v1"));
        assert_eq!(
            cell.coming.map(|(version, state)| (version.name, state)),
            Some(("v2".to_owned(), EventState::Running))
        );
        let [first]: [Cell; 1] = cells(&[running]).try_into().unwrap();
        assert_eq!(first.status, Status::Unknown, "nothing is there that could be well");
    }

    #[test]
    fn behind_is_what_the_environment_before_has_left() {
        // v2 came to staging after production got v1.
        let newer = cells(&[deploy(9, "shop", "production", "v1"), deploy(2, "shop", "staging", "v2")]);
        assert_eq!((name(newer[1].before.as_ref()), newer[1].is_behind), ("v2", true));
        assert_eq!(newer[0].before, None, "nothing comes before the first");
        // v1 was promoted late: staging had v2 already.
        let late = cells(&[
            deploy(9, "shop", "staging", "v1"),
            deploy(5, "shop", "staging", "v2"),
            deploy(2, "shop", "production", "1"),
        ]);
        assert!(late[1].is_behind);
        // A hotfix past staging: another version, but not behind.
        let past = cells(&[deploy(5, "shop", "staging", "v2"), deploy(2, "shop", "production", "v2.1")]);
        assert_eq!((name(past[1].before.as_ref()), past[1].is_behind), ("v2", false));
        let equal = cells(&[deploy(5, "shop", "staging", "v2"), deploy(2, "shop", "production", "2")]);
        assert_eq!(equal[1].before, None);
    }

    #[test]
    fn an_environment_aside_is_not_on_the_way() {
        let aside = cells(&[
            deploy(9, "shop", "staging", "v1"),
            deploy(8, "shop", "production", "v1"),
            deploy(1, "shop", "review-7", "v2"),
        ]);
        assert!(aside.iter().all(|cell| cell.before.is_none()), "{aside:#?}");
    }

    #[test]
    fn a_commit_and_its_begin_are_one_version() {
        let long = "0123456789abcdef0123456789abcdef01234567";
        assert!(is_same(long, "0123456") && is_same("01234567", long));
        assert!(!is_same(long, "0123457") && !is_same("1.0", "1.01"));
        assert_eq!(shortened(long), "01234567");
        assert_eq!(shortened("release-2026-11-21-final"), "release-2026-11-21-…");
        assert!(is_same("main@01234567", "release@01234567") && is_same("main@01234567", long));
        assert!(!is_same("main@01234567", "main@01234568"), "a branch is no version");
        assert_eq!(shortened("feature/the-basket@01234567"), "feature/th…@01234567");
    }

    #[test]
    fn red_services_come_first_unless_the_board_orders_them() {
        let events = [
            deploy(3, "a", "production", "v1"),
            Event { state: EventState::Failed, ..deploy(2, "z", "production", "v1") },
            deploy(1, "", "", "v1"),
        ];
        let Matrix { columns, rows, .. } = of(&events);
        assert_eq!(columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["production", "all"]);
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["z", "a", "all"]);
        let events: Vec<&Event> = events.iter().collect();
        let rows = matrix(&events, &["Production".to_owned()], &["A".to_owned(), "gone".to_owned()], NOW).rows;
        let shown: Vec<(&str, Status)> = rows.iter().map(|row| (row.name.as_str(), row.status)).collect();
        assert_eq!(shown, [("A", Status::Ok), ("gone", Status::Unknown)]);
    }
    #[test]
    fn ten_thousand_places_stay_bounded_and_are_counted() {
        let mut events: Vec<Event> =
            (0..10_000).map(|n| deploy(1, &format!("service {n}"), &format!("review {n}"), "v1")).collect();
        events.push(Event { state: EventState::Failed, ..deploy(0, "zoo", "production", "v1") });
        let all = of(&events);
        assert_eq!((all.rows.len() + all.more.len(), all.columns.len() + all.hidden), (10_001, 10_001));
        assert_eq!((all.rows.len(), all.rows[0].name.as_str()), (MAX_ROWS, "zoo"), "what is red stays");
        assert_eq!((all.columns.len(), all.columns.last().unwrap().name.as_str()), (MAX_COLUMNS, "production"));
    }
}
