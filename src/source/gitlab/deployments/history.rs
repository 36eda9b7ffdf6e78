//! The deploys of a project, as GitLab lists them: each as an event, with what only their order
//! shows.
//!
//! Source: GitLab, "Deployments API" (attributes and status values).

use crate::model::time::Timestamp;
use crate::source::http::link;
use std::collections::HashMap;

use serde::Deserialize;

use super::super::api::Person;
use crate::model::event::{ChangeReason, Event, EventKind, EventState};
use crate::model::rollbacks::mark_rollbacks;
use crate::model::text::SafeText;
use crate::model::version::short_commit;

/// A deploy as it is listed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Deployment {
    id: u64,
    status: Option<String>,
    #[serde(rename = "ref")]
    branch: Option<String>,
    sha: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    user: Option<Person>,
    environment: Option<Environment>,
    deployable: Option<Deployable>,
}

#[derive(Debug, Clone, Deserialize)]
struct Environment {
    name: Option<String>,
}

/// The job that deploys; there is none where something else than GitLab did it.
#[derive(Debug, Clone, Default, Deserialize)]
struct Deployable {
    finished_at: Option<String>,
    tag: Option<bool>,
    web_url: Option<String>,
    commit: Option<Commit>,
    pipeline: Option<Pipeline>,
}

#[derive(Debug, Clone, Deserialize)]
struct Commit {
    created_at: Option<String>,
    title: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Pipeline {
    web_url: Option<String>,
}

impl Deployment {
    /// The name of its environment.
    pub(super) fn environment(&self) -> &str {
        self.environment.as_ref().and_then(|one| one.name.as_deref()).unwrap_or_default()
    }
}

/// How far a deploy has come; none for one that was called off.
fn state(word: &str) -> Option<EventState> {
    match word {
        "success" => Some(EventState::Done),
        "failed" => Some(EventState::Failed),
        "running" => Some(EventState::Running),
        "created" | "blocked" => Some(EventState::Waiting),
        "canceled" | "skipped" => None,
        _ => Some(EventState::Unknown),
    }
}

/// The deploys of a project, in the order in which they were made.
pub(super) fn events(mut deployments: Vec<Deployment>, service: &str) -> Vec<Event> {
    deployments.sort_by_key(|deployment| deployment.id);
    deployments.dedup_by_key(|deployment| deployment.id);
    let mut events: Vec<Event> = deployments.iter().filter_map(|deployment| event(deployment, service)).collect();
    drop_overtaken(&mut events);
    mark_rollbacks(&mut events);
    events
}

fn event(deployment: &Deployment, service: &str) -> Option<Event> {
    let word = deployment.status.as_deref().unwrap_or_default();
    let state = state(word)?;
    let nothing = Deployable::default();
    let job = deployment.deployable.as_ref().unwrap_or(&nothing);
    let touched = deployment.updated_at.as_deref().or(deployment.created_at.as_deref());
    let branch = deployment.branch.as_deref().unwrap_or_default();
    let version = if job.tag == Some(true) {
        branch.to_owned()
    } else {
        short_commit(deployment.sha.as_deref().unwrap_or_default())
    };
    let is_hotfix = branch.to_ascii_lowercase().contains("hotfix");
    let commit = job.commit.as_ref();
    let pipeline = job.pipeline.as_ref().and_then(|pipeline| pipeline.web_url.as_deref());
    Some(Event {
        at: Timestamp::of_rfc3339(job.finished_at.as_deref()).or_else(|| Timestamp::of_rfc3339(touched))?,
        kind: EventKind::Deploy,
        state,
        reason: if is_hotfix { ChangeReason::Hotfix } else { ChangeReason::Planned },
        title: SafeText::new(commit.and_then(|commit| commit.title.as_deref()).unwrap_or(branch).trim()),
        service: SafeText::new(service),
        environment: SafeText::new(deployment.environment.as_ref()?.name.as_deref().unwrap_or_default()),
        version: version.into(),
        remark: SafeText::new(if state == EventState::Unknown { word } else { "" }),
        who: deployment.user.as_ref().and_then(Person::name),
        url: link(job.web_url.as_deref()).or_else(|| link(pipeline)),
        commits: commit.and_then(|commit| Timestamp::of_rfc3339(commit.created_at.as_deref())).into_iter().collect(),
        ..Event::default()
    })
}

/// Drops what still waits although its environment has had a later deploy: nobody will let it go on.
fn drop_overtaken(in_order: &mut Vec<Event>) {
    let mut last_done: HashMap<SafeText, usize> = HashMap::new();
    for (index, event) in in_order.iter().enumerate().filter(|(_, event)| event.state == EventState::Done) {
        last_done.insert(event.environment.clone(), index);
    }
    let mut index = 0;
    in_order.retain(|event| {
        let is_overtaken = last_done.get(&event.environment).is_some_and(|done| index < *done);
        index += 1;
        !is_overtaken || event.state != EventState::Waiting
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deploys in order, as "environment version state".
    fn history(lines: &[&str]) -> Vec<Event> {
        let one = |line: &&str| {
            let mut words = line.split(' ');
            let mut next = || words.next().unwrap();
            let (environment, version, word) = (next(), next(), next());
            let (environment, version) = (environment.into(), version.into());
            Event { environment, version, state: state(word).unwrap(), ..Event::default() }
        };
        lines.iter().map(one).collect()
    }

    #[test]
    fn what_waits_is_dropped_once_its_environment_has_gone_on() {
        let mut events = history(&["p v1 blocked", "q v1 created", "p v2 success", "p v3 created", "p v4 failed"]);
        drop_overtaken(&mut events);
        let left: Vec<String> = events.iter().map(|event| format!("{} {}", event.environment, event.version)).collect();
        assert_eq!(left, ["q v1", "p v2", "p v3", "p v4"]);
    }

    #[test]
    fn a_deploy_that_no_job_made_is_known_by_its_commit() {
        let deployment = Deployment {
            id: 1,
            status: Some("success".to_owned()),
            branch: Some("Hotfix/7".to_owned()),
            sha: Some("99d03678b90d914d".to_owned()),
            updated_at: Some("1970-01-01T00:00:05Z".to_owned()),
            environment: Some(Environment { name: Some("production".to_owned()) }),
            ..Deployment::default()
        };
        let event = event(&deployment, "shop").unwrap();
        assert_eq!((event.version.as_str(), event.title.as_str(), event.at.0), ("99d03678", "Hotfix/7", 5000));
        assert_eq!((event.reason, event.commits.len(), event.url), (ChangeReason::Hotfix, 0, None));
    }
}
