//! The workflows that a repository has: which are switched on, which are gone, which have not run lately.
//!
//! Source: GitHub REST API, "List repository workflows" (`state`: active, deleted, `disabled_fork`,
//! `disabled_inactivity`, `disabled_manually`).

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::runs::Workflow;
use crate::model::build::{Activity, Build};
use crate::model::fault::FetchError;
use crate::model::glob::Globs;
use crate::model::text::SafeText;
use crate::source::http::Document;

#[derive(Debug, Deserialize)]
struct Workflows {
    #[serde(default)]
    workflows: Vec<Listed>,
}

/// A workflow as it is listed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Listed {
    id: u64,
    name: Option<String>,
    state: Option<String>,
}

/// What was listed.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    /// By id; none where the server has no such list.
    workflows: Option<BTreeMap<String, Listed>>,
    /// Those that have not run where it counts.
    silent: HashSet<String>,
}

/// The workflows of a page.
pub(super) fn listed(page: &Document) -> Result<Vec<Listed>, FetchError> {
    page.json::<Workflows>().map(|page| page.workflows)
}

impl Listing {
    /// These workflows; `None` where the server has no list. An empty one is none either: there are runs.
    pub(super) fn new(workflows: Option<Vec<Listed>>) -> Self {
        let workflows = workflows.filter(|all| !all.is_empty());
        let by_id = |all: Vec<Listed>| all.into_iter().map(|one| (one.id.to_string(), one)).collect();
        Self { workflows: workflows.map(by_id), silent: HashSet::new() }
    }

    /// A workflow as it counts: nothing of one whose file is gone, switched off where somebody did that. Both
    /// may have failed last, and nobody will fix them.
    pub(super) fn counted(&self, workflow: Workflow) -> Option<Workflow> {
        let Some(all) = &self.workflows else { return Some(workflow) };
        match all.get(&workflow.id).map(|one| one.state.as_deref().unwrap_or("active")) {
            Some("active") => Some(workflow),
            Some("deleted") => None,
            Some(state) => {
                let build = Build { activity: Activity::Disabled, raw: SafeText::new(state), ..workflow.build };
                Some(Workflow { build, ..workflow })
            }
            // One that an organisation requires is of another repository, whose list has it.
            None => (!workflow.is_of_its_repository).then_some(workflow),
        }
    }

    /// The workflows that are switched on and wanted, without those of `ran` and those that are silent.
    /// Where there is no list, those that were known.
    pub(super) fn quiet(&self, ran: &[Workflow], before: &[Workflow], keep: &Globs) -> Vec<(String, SafeText)> {
        let is_wanted = |one: &&Listed| {
            one.state.as_deref() == Some("active") && keep.keep(one.name.as_deref().unwrap_or_default())
        };
        let named = |one: &Listed| (one.id.to_string(), SafeText::new(one.name.as_deref().unwrap_or_default()));
        let mut quiet: Vec<(String, SafeText)> = match &self.workflows {
            Some(all) => all.values().filter(is_wanted).map(named).collect(),
            None => before.iter().map(|one| (one.id.clone(), one.build.name.clone())).collect(),
        };
        quiet.retain(|(id, _)| !self.silent.contains(id) && !ran.iter().any(|one| one.id == *id));
        quiet
    }

    /// Notes that a workflow has not run where it counts: it is not asked about until there is another list.
    pub(super) fn note_silent(&mut self, id: String) {
        self.silent.insert(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(state: &str) -> Listing {
        let one = Listed { id: 7, name: Some("CI".to_owned()), state: Some(state.to_owned()) };
        Listing::new(Some(vec![one]))
    }

    fn workflow(id: &str, is_of_its_repository: bool) -> Workflow {
        Workflow { id: id.to_owned(), is_of_its_repository, ..Workflow::default() }
    }

    #[test]
    fn what_is_switched_off_says_so_and_what_is_gone_is_gone() {
        let activity = |state: &str, one| listing(state).counted(one).map(|one| one.build.activity);
        assert_eq!(activity("active", workflow("7", true)), Some(Activity::Idle));
        for state in ["disabled_manually", "disabled_inactivity", "disabled_fork", "switched off tomorrow"] {
            assert_eq!(activity(state, workflow("7", true)), Some(Activity::Disabled), "{state}");
        }
        assert_eq!(activity("deleted", workflow("7", true)), None);
        assert_eq!(activity("active", workflow("8", true)), None, "its file is gone");
        assert_eq!(activity("active", workflow("8", false)), Some(Activity::Idle), "it is of another repository");
        for none in [None, Some(Vec::new())] {
            assert!(Listing::new(none).counted(workflow("8", true)).is_some(), "nobody knows");
        }
    }

    #[test]
    fn only_wanted_ones_that_are_not_told_are_asked_about() {
        let ids = |listing: &Listing, told: &[Workflow], globs: &[&str]| -> Vec<String> {
            let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
            listing.quiet(told, &[], &Globs::new(&globs)).into_iter().map(|(id, _)| id).collect()
        };
        let mut active = listing("active");
        assert_eq!(ids(&active, &[], &["C*"]), ["7"]);
        assert!(ids(&active, &[], &["Release"]).is_empty());
        assert!(ids(&active, &[workflow("7", true)], &[]).is_empty());
        assert!(ids(&listing("disabled_manually"), &[], &[]).is_empty());
        active.note_silent("7".to_owned());
        assert!(ids(&active, &[], &[]).is_empty());
        let none = Listing::new(None);
        assert_eq!(none.quiet(&[], &[workflow("5", true)], &Globs::default()).len(), 1);
    }
}
