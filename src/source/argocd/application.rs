//! An application of Argo CD, and what it tells: its past deploys, and how it is now.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::health::{Comparison, Condition, Health, verdict};
use super::version::{image_tag, version};
use crate::model::event::{Event, EventState};
use crate::model::people::name_of;
use crate::model::rollbacks::mark_rollbacks;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Argo CD's own name for the cluster it runs in: it tells no environment from another.
const OWN_CLUSTER: &str = "in-cluster";

/// One application, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Application {
    metadata: Metadata,
    spec: Spec,
    status: ApplicationStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    creation_timestamp: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    destination: Destination,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Destination {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApplicationStatus {
    sync: Comparison,
    health: Health,
    conditions: Option<Vec<Condition>>,
    operation_state: Option<LastSync>,
    history: Option<Vec<Synced>>,
    summary: Summary,
    reconciled_at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    images: Option<Vec<String>>,
}

/// The sync under way, or the last one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LastSync {
    phase: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    sync_result: Option<Revisions>,
    operation: Asked,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Asked {
    sync: Option<Sync>,
    initiated_by: Option<Initiator>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sync {
    #[serde(flatten)]
    to: Revisions,
    dry_run: Option<bool>,
    /// What of the application, where not all of it.
    resources: Option<Vec<IgnoredAny>>,
}

/// A sync of the history: those are the ones that succeeded.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Synced {
    id: i64,
    revision: Option<String>,
    revisions: Option<Vec<String>>,
    deployed_at: Option<String>,
    initiated_by: Option<Initiator>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Revisions {
    revision: Option<String>,
    revisions: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Initiator {
    username: Option<String>,
    automated: Option<bool>,
}

impl Application {
    /// Its name, and the namespace it is in.
    pub(super) fn full_name(&self) -> (&str, &str) {
        (&self.metadata.name, &self.metadata.namespace)
    }

    /// The service and the environment it is about.
    pub(super) fn service_and_environment<'a>(&'a self, environments: &'a [String]) -> (&'a str, &'a str) {
        let name = self.metadata.name.as_str();
        let known = environments.iter().filter_map(|word| Some((without(name, word)?, word.as_str())));
        // Of "staging" and "pre-staging" the one that says more.
        if let Some(found) = known.max_by_key(|(_, word)| word.len()) {
            return found;
        }
        let told = |word: Option<&'a str>| word.filter(|word| !word.is_empty());
        let Destination { name: cluster, namespace } = &self.spec.destination;
        let cluster = told(cluster.as_deref()).filter(|cluster| *cluster != OWN_CLUSTER);
        (name, cluster.or_else(|| told(namespace.as_deref())).unwrap_or_default())
    }

    /// Its past deploys, at most so many, with how it is now: that is said of what runs, which is the newest that
    /// was done; where nothing was, of the newest.
    pub(super) fn events(&self, common: Event, most: usize, now: Timestamp) -> Vec<Event> {
        let mut past: Vec<(Timestamp, &Synced)> = Vec::new();
        for synced in self.status.history.iter().flatten() {
            past.extend(Timestamp::of_rfc3339(synced.deployed_at.as_deref()).map(|at| (at, synced)));
        }
        past.sort_by_key(|(at, synced)| (*at, synced.id));
        let mut events: Vec<Event> = past
            .iter()
            .map(|(at, synced)| Event {
                at: *at,
                version: version(&synced.revisions()),
                who: synced.initiated_by.as_ref().and_then(Initiator::who),
                ..common.clone()
            })
            .collect();
        let newest = past.last();
        if !self.is_told_by(newest.map(|(_, synced)| *synced)) {
            let attempt = self.attempt(common, now);
            // One without a time came after what is in the history: that is kept of those that are over.
            events.push(Event { at: newest.map_or(attempt.at, |(at, _)| attempt.at.max(*at)), ..attempt });
        }
        mark_rollbacks(&mut events);
        self.say_how_it_is(&mut events, now);
        events.split_off(past.len().saturating_sub(most))
    }

    fn say_how_it_is(&self, events: &mut [Event], now: Timestamp) {
        let told = &self.status;
        let is_syncing = events.last().is_some_and(|event| event.state == EventState::Running);
        let conditions = told.conditions.as_deref().unwrap_or_default();
        let (health, remark) = verdict(&told.health, &told.sync, conditions, is_syncing, now);
        let newest = events.len().saturating_sub(1);
        let index = events.iter().rposition(|event| event.state == EventState::Done).unwrap_or(newest);
        let Some(event) = events.get_mut(index) else { return };
        (event.health, event.remark) = (health, SafeText::new(&remark));
        // While another version comes, or after it failed, the images may be of either.
        let image = image_tag(told.summary.images.as_deref().unwrap_or_default()).filter(|_| index == newest);
        if let (EventState::Done | EventState::Unknown, Some(tag)) = (event.state, image) {
            event.version = version(&[tag]);
        }
    }

    /// Whether the newest sync of the history says it all: there was no other deploy since, or one that
    /// fixed single resources of the same revision.
    fn is_told_by(&self, newest: Option<&Synced>) -> bool {
        match (newest, &self.status.operation_state) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(synced), Some(operation)) => {
                let revisions = operation.revisions();
                !operation.is_deploy()
                    || operation.state() == EventState::Done
                        && (revisions.is_empty() || revisions == synced.revisions())
            }
        }
    }

    /// What the history does not tell: a sync under way, one that failed, or that there never was one.
    fn attempt(&self, common: Event, now: Timestamp) -> Event {
        let (made, seen) = (&self.metadata.creation_timestamp, &self.status.reconciled_at);
        let since =
            Timestamp::of_rfc3339(made.as_deref()).or_else(|| Timestamp::of_rfc3339(seen.as_deref())).unwrap_or(now);
        let Some(operation) = self.status.operation_state.as_ref().filter(|operation| operation.is_deploy()) else {
            return Event { at: since, state: EventState::Unknown, ..common };
        };
        Event {
            at: operation.ended_or_began().unwrap_or(since),
            state: operation.state(),
            version: version(&operation.revisions()),
            who: operation.operation.initiated_by.as_ref().and_then(Initiator::who),
            ..common
        }
    }
}

impl LastSync {
    /// Whether it is about all of the application, and for real.
    fn is_deploy(&self) -> bool {
        self.operation
            .sync
            .as_ref()
            .is_none_or(|sync| sync.dry_run != Some(true) && sync.resources.as_ref().is_none_or(Vec::is_empty))
    }

    fn state(&self) -> EventState {
        match self.phase.as_deref() {
            Some("Succeeded") => EventState::Done,
            Some("Running" | "Terminating") => EventState::Running,
            Some("Failed" | "Error") => EventState::Failed,
            _ => EventState::Unknown,
        }
    }

    /// When it ended, or began if it has not.
    fn ended_or_began(&self) -> Option<Timestamp> {
        let end = Timestamp::of_rfc3339(self.finished_at.as_deref()).filter(|_| self.state() != EventState::Running);
        end.or_else(|| Timestamp::of_rfc3339(self.started_at.as_deref()))
    }

    /// Its revisions: what it came to, or what it was asked for.
    fn revisions(&self) -> Vec<&str> {
        let told = [self.sync_result.as_ref(), self.operation.sync.as_ref().map(|sync| &sync.to)];
        let mut told =
            told.into_iter().flatten().map(|one| revisions(one.revision.as_deref(), one.revisions.as_deref()));
        told.find(|revisions| !revisions.is_empty()).unwrap_or_default()
    }
}

impl Synced {
    fn revisions(&self) -> Vec<&str> {
        revisions(self.revision.as_deref(), self.revisions.as_deref())
    }
}

impl Initiator {
    fn who(&self) -> Option<SafeText> {
        self.username.as_deref().filter(|_| self.automated != Some(true)).and_then(name_of)
    }
}

/// A revision, or one for each of several sources.
fn revisions<'a>(one: Option<&'a str>, many: Option<&'a [String]>) -> Vec<&'a str> {
    let many = many.unwrap_or_default().iter().map(String::as_str);
    let many = many.filter(|revision| !revision.is_empty());
    one.filter(|revision| !revision.is_empty()).map_or_else(|| many.collect(), |one| vec![one])
}

/// The rest of a name that ends or begins with an environment.
fn without<'a>(name: &'a str, environment: &str) -> Option<&'a str> {
    // Names of Kubernetes are in lower case.
    let word = environment.to_ascii_lowercase();
    let before = name.strip_suffix(word.as_str()).and_then(|rest| rest.strip_suffix('-'));
    let behind = || name.strip_prefix(word.as_str()).and_then(|rest| rest.strip_prefix('-'));
    before.or_else(behind).filter(|service| !service.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::status::Status;
    use EventState::{Done, Failed, Unknown};

    /// Saturday, 21 November 2026, 12:00 UTC.
    const NOW: Timestamp = Timestamp(1_795_262_400_000);
    const MINUTE: i64 = 60_000;

    /// What a status tells: minutes before now, how far it came, the version.
    fn summaries(status: &Value) -> Vec<(i64, EventState, String)> {
        let events = events(status, 20);
        events.iter().map(|one| ((NOW.0 - one.at.0) / MINUTE, one.state, one.version.to_string())).collect()
    }

    fn events(status: &Value, most: usize) -> Vec<Event> {
        let text = json!({"metadata": {"name": "shop", "creationTimestamp": "2026-11-21T10:00:00Z"}, "status": status});
        let application: Application = serde_json::from_value(text).unwrap();
        application.events(Event::default(), most, NOW)
    }

    fn old_and_new() -> Value {
        json!([
            {"id": 1, "revision": "1.3.0", "deployedAt": "2026-11-21T11:30:00Z", "initiatedBy": {"username": "ann"}},
            {"id": 0, "revision": "1.2.3", "deployedAt": "2026-11-21T11:00:00Z", "initiatedBy": {"username": "x", "automated": true}},
            {"id": 2, "revision": "lost", "deployedAt": null},
        ])
    }

    #[test]
    fn a_sync_is_told_once() {
        let past = [(60, Done, "1.2.3".to_owned()), (30, Done, "1.3.0".to_owned())];
        for operation in [
            json!(null),
            json!({"phase": "Succeeded", "finishedAt": "2026-11-21T11:30:01Z", "syncResult": {"revision": "1.3.0"}}),
            json!({"phase": "Succeeded", "finishedAt": "2026-11-21T11:59:00Z", "operation": {"sync": {"revision": "1.3.0"}}}),
            json!({"phase": "Succeeded", "finishedAt": "2026-11-21T11:59:00Z", "syncResult": null}),
        ] {
            let status = json!({"history": old_and_new(), "operationState": operation});
            assert_eq!(summaries(&status), past, "{operation}");
        }
        let failed =
            json!({"phase": "Failed", "finishedAt": "2026-11-21T11:40:00Z", "syncResult": {"revision": "1.3.0"}});
        let all = summaries(&json!({"history": old_and_new(), "operationState": failed}));
        assert_eq!(all.last(), Some(&(20, Failed, "1.3.0".to_owned())), "the same again, and it failed");
    }

    #[test]
    fn how_it_is_now_is_said_of_the_newest_deploy_only() {
        let all = events(
            &json!({
                "history": old_and_new(),
                "health": {"status": "Degraded"},
                "sync": {"status": "OutOfSync"},
                "summary": {"images": ["registry:5000/shop/web:v2.14@sha256:00"]},
            }),
            20,
        );
        let now: Vec<(Option<Status>, &str, &str)> =
            all.iter().map(|one| (one.health, one.remark.as_str(), one.version.as_str())).collect();
        assert_eq!(now, [(None, "", "1.2.3"), (Some(Status::Critical), "Degraded, OutOfSync", "v2.14")]);
        let who: Vec<Option<&str>> = all.iter().map(|one| one.who.as_ref().map(SafeText::as_str)).collect();
        assert_eq!(who, [None, Some("ann")], "a sync that began by itself was nobody's");
    }

    #[test]
    fn how_it_is_now_is_said_of_what_runs_whatever_comes_or_failed_to() {
        let states = |operation: Value| {
            let all = events(
                &json!({
                    "history": old_and_new(),
                    "operationState": operation,
                    "health": {"status": "Missing"},
                    "sync": {"status": "OutOfSync"},
                    "summary": {"images": ["web:v2"]},
                }),
                20,
            );
            all.iter().map(|one| (one.state, one.health, one.version.to_string())).collect::<Vec<_>>()
        };
        let old = (Done, None, "1.2.3".to_owned());
        let runs = (Done, Some(Status::Critical), "1.3.0".to_owned());
        let running =
            json!({"phase": "Running", "startedAt": "2026-11-21T11:50:00Z", "syncResult": {"revision": "1.4.0"}});
        let coming = (EventState::Running, None, "1.4.0".to_owned());
        assert_eq!(states(running), [old, runs, coming]);
        // An operation without a time, of an application that is older than its history.
        let all = states(json!({"phase": "Succeeded", "operation": {"sync": {"revision": "1.4.0"}}}));
        assert_eq!(all.last(), Some(&(Done, Some(Status::Critical), "v2".to_owned())), "{all:?}");
        assert_eq!(all.iter().filter(|(_, health, _)| health.is_some()).count(), 1);
    }

    #[test]
    fn a_dry_run_and_a_sync_of_a_part_are_no_deploys() {
        for (what, phase) in [
            (json!({"revision": "1.4.0", "dryRun": true}), "Succeeded"),
            (json!({"revision": "1.4.0", "dryRun": true}), "Failed"),
            (json!({"revision": "1.4.0", "resources": [{"kind": "ConfigMap", "name": "x"}]}), "Succeeded"),
        ] {
            let operation = json!({"phase": phase, "finishedAt": "2026-11-21T11:55:00Z", "operation": {"sync": what},
                "syncResult": {"revision": "1.4.0"}});
            let all = summaries(&json!({"history": old_and_new(), "operationState": operation}));
            assert_eq!(all.last(), Some(&(30, Done, "1.3.0".to_owned())), "{operation}");
            let never = summaries(&json!({"operationState": operation}));
            assert_eq!(never, [(120, Unknown, String::new())], "{operation}");
        }
        let whole = json!({"phase": "Failed", "finishedAt": "2026-11-21T11:55:00Z",
            "operation": {"sync": {"revision": "1.4.0", "dryRun": false, "resources": []}}});
        let all = summaries(&json!({"history": old_and_new(), "operationState": whole}));
        assert_eq!(all.last(), Some(&(5, Failed, "1.4.0".to_owned())));
    }

    #[test]
    fn a_version_that_comes_back_is_a_rollback() {
        let history: Vec<Value> = ["1.0", "1.1", "1.0"]
            .iter()
            .zip(10..)
            .map(
                |(revision, minute)| json!({"revision": revision, "deployedAt": format!("2026-11-21T11:{minute}:00Z")}),
            )
            .collect();
        let reasons: Vec<bool> =
            events(&json!({"history": history}), 20).iter().map(|one| one.reason.is_planned()).collect();
        assert_eq!(reasons, [true, true, false]);
    }

    #[test]
    fn the_image_of_before_is_no_version_of_what_comes() {
        let images = json!({"images": ["web:v2"]});
        for (phase, version) in [("Running", "1.4.0"), ("Failed", "1.4.0"), ("Succeeded", "v2")] {
            let operation =
                json!({"phase": phase, "startedAt": "2026-11-21T11:50:00Z", "syncResult": {"revision": "1.4.0"}});
            let all = summaries(&json!({"operationState": operation, "summary": images}));
            assert_eq!(all.last().unwrap().2, version, "{phase}");
        }
    }

    #[test]
    fn one_that_was_never_synced_is_unknown_since_it_was_made() {
        assert_eq!(summaries(&json!({})), [(120, Unknown, String::new())]);
        assert_eq!(
            summaries(&json!({"history": [], "reconciledAt": "2026-11-21T11:59:00Z"})),
            [(120, Unknown, String::new())]
        );
        let nothing = Application::default().events(Event::default(), 20, NOW);
        assert_eq!((nothing.len(), nothing[0].at, nothing[0].health), (1, NOW, None));
    }

    #[test]
    fn only_the_newest_of_a_long_history_are_taken() {
        let history: Vec<Value> = (0..30)
            .map(|n| json!({"revision": n.to_string(), "deployedAt": format!("2026-11-21T11:{n:02}:00Z")}))
            .collect();
        let all = events(&json!({"history": history}), 20);
        assert_eq!((all.len(), all[0].version.as_str(), all[19].version.as_str()), (20, "10", "29"));
    }

    #[test]
    fn names_are_split_at_the_environments_that_are_known() {
        let known: Vec<String> = ["staging", "pre-staging", "Production"].map(str::to_owned).to_vec();
        for (name, destination, expected) in [
            ("shop-production", json!({"namespace": "x"}), ("shop", "Production")),
            ("staging-shop", json!({}), ("shop", "staging")),
            ("shop-pre-staging", json!({}), ("shop", "pre-staging")),
            ("shop", json!({"name": "eu-1", "namespace": "x"}), ("shop", "eu-1")),
            ("shop", json!({"name": "in-cluster", "namespace": "x"}), ("shop", "x")),
            ("shop", json!({"name": "", "namespace": "x"}), ("shop", "x")),
            ("shop", json!({"name": null}), ("shop", "")),
            ("shopstaging", json!({}), ("shopstaging", "")),
            ("staging", json!({}), ("staging", "")),
        ] {
            let text = json!({"metadata": {"name": name}, "spec": {"destination": destination}});
            let application: Application = serde_json::from_value(text).unwrap();
            assert_eq!(application.service_and_environment(&known), expected, "{name} {destination}");
        }
    }
}
