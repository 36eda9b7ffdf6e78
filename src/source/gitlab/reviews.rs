//! Merge requests: which are open and wait for whom, and which were merged lately.
//!
//! Source: GitLab, "Merge requests API" (of a project, of a group with its subgroups; "Merge status" for
//! the words of `detailed_merge_status`). A group is asked for all of its projects at once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::api::{self, Person};
use super::projects::{check_scope, scope, within};
use crate::model::fault::FetchError;
use crate::model::poll::{Answer, Ask};
use crate::model::review::{Review, WaitsFor};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::source::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::source::forge::api::Api;
use crate::source::forge::turns::Turns;
use crate::source::http::link;

/// Pages of open merge requests.
const OPEN_PAGES: usize = 5;

/// The keys of a source of GitLab merge requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the server, without `/api/v4` (default: `https://gitlab.com`).
    #[serde(default = "api::default_url")]
    pub url: String,
    /// Projects, by path (`group/shop`) or number.
    #[serde(default)]
    pub projects: Vec<String>,
    /// A group, by path or number: its projects and those of its subgroups.
    pub group: Option<String>,
}

/// The projects and the group of a server, with their merge requests.
#[derive(Debug)]
pub struct GitlabReviews {
    api: Api,
    /// "projects/group/shop", "groups/group".
    keys: Vec<String>,
    group: Option<String>,
    turns: Turns<Vec<(u64, Review)>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct MergeRequest {
    id: u64,
    iid: u64,
    title: Option<String>,
    created_at: Option<String>,
    merged_at: Option<String>,
    draft: Option<bool>,
    /// What `draft` was called before GitLab 14.
    work_in_progress: Option<bool>,
    detailed_merge_status: Option<String>,
    author: Option<Person>,
    reviewers: Option<Vec<Person>>,
    web_url: Option<String>,
    references: Option<References>,
}

#[derive(Debug, Clone, Deserialize)]
struct References {
    full: Option<String>,
}

impl Source for GitlabReviews {
    const TYPE: &'static str = "gitlab-reviews";
    const SUMMARY: &'static str = "the merge requests of GitLab projects, or of a whole group: who has to do what next";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const SERIAL: bool = true;
    const EMITS: Emits = Emits::Reviews;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("GitLab merge requests take no query; name projects or a group on the source".to_owned())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        check_scope(&config.projects, config.group.as_deref())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let (projects, group) = scope(&config.projects, config.group.as_deref());
        let projects = projects.iter().map(|project| format!("projects/{project}"));
        let keys = projects.chain(group.iter().map(|group| format!("groups/{group}"))).collect();
        Ok(Self { api: api::open(&config.url, context)?, keys, group, turns: api::turns("projects and groups") })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        self.turns.begin(self.keys.clone());
        while let Some(key) = self.turns.next_turn() {
            let came = self.reviews(&key, moment).await;
            self.turns.take(&key, &key, came)?;
        }
        let first = self.turns.keys().first().map(String::as_str).unwrap_or_default();
        let known = self.turns.all_known().map_err(|error| api::naming(error, first))?;
        // Once each: a project that is named may be in the group as well.
        let all: BTreeMap<u64, Review> = known.into_iter().flat_map(|(_, reviews)| reviews).cloned().collect();
        let gaps = self.turns.gaps(|key| key.split_once('/').map_or(key, |(_, name)| name));
        let telemetry = gaps.mark(Telemetry::Reviews(all.into_values().collect()));
        Ok(vec![Ok(telemetry); asks.len()])
    }
}

impl GitlabReviews {
    async fn reviews(&self, key: &str, moment: Moment) -> Result<Vec<(u64, Review)>, FetchError> {
        let (kind, name) = key.split_once('/').unwrap_or(("projects", key));
        let path = [kind, name, "merge_requests"];
        let open = [("state", "opened"), ("scope", "all"), ("per_page", "100")];
        let mut all: Vec<MergeRequest> = self.api.list(&path, &open, OPEN_PAGES, moment).await?;
        let merged = [
            ("state", "merged"),
            ("scope", "all"),
            ("order_by", "updated_at"),
            ("sort", "desc"),
            ("per_page", if kind == "groups" { "100" } else { "50" }),
        ];
        all.extend(self.api.list::<MergeRequest>(&path, &merged, 1, moment).await?);
        let group = self.group.as_deref().unwrap_or_default();
        Ok(all.iter().filter_map(|one| Some((one.id, review(one, name, group)?))).collect())
    }
}

/// A merge request of a project (or of one in a group: then it says itself of which), as the board calls
/// it in this group.
fn review(one: &MergeRequest, asked: &str, group: &str) -> Option<Review> {
    // "group/shop!7"
    let full = one.references.as_ref().and_then(|references| references.full.as_deref());
    let path = full.and_then(|full| full.rsplit_once('!')).map_or(asked, |(path, _)| path);
    let is_draft = one.draft.or(one.work_in_progress) == Some(true);
    let reviewers = one.reviewers.as_deref().unwrap_or_default();
    Some(Review {
        label: format!("!{}", one.iid).into(),
        title: SafeText::new(one.title.as_deref().unwrap_or_default()),
        repository: SafeText::new(within(path, group).unwrap_or(path)),
        opened_at: Timestamp::of_rfc3339(one.created_at.as_deref())?,
        merged_at: Timestamp::of_rfc3339(one.merged_at.as_deref()),
        waits_for: waits_for(is_draft, one.detailed_merge_status.as_deref().unwrap_or_default()),
        size: None,
        author: one.author.as_ref().and_then(Person::name),
        reviewers: reviewers.iter().filter_map(Person::name).collect(),
        url: link(one.web_url.as_deref()),
    })
}

/// Who has to do something next, by the word for why it cannot be merged. A word that is not known, and
/// those that say only that GitLab has not looked yet, leave it with the reviewers.
fn waits_for(is_draft: bool, word: &str) -> WaitsFor {
    match word {
        _ if is_draft => WaitsFor::Draft,
        "mergeable" | "merge_time" => WaitsFor::Merge,
        "ci_must_pass" | "ci_still_running" | "status_checks_must_pass" | "security_policy_pipeline_check" => {
            WaitsFor::Checks
        }
        "discussions_not_resolved"
        | "conflict"
        | "need_rebase"
        | "requested_changes"
        | "draft_status"
        | "commits_status"
        | "jira_association_missing"
        | "title_regex" => WaitsFor::Author,
        _ => WaitsFor::Reviewer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_says_whose_turn_it_is() {
        for (word, expected) in [
            ("mergeable", WaitsFor::Merge),
            ("merge_time", WaitsFor::Merge),
            ("ci_must_pass", WaitsFor::Checks),
            ("ci_still_running", WaitsFor::Checks),
            ("status_checks_must_pass", WaitsFor::Checks),
            ("security_policy_pipeline_check", WaitsFor::Checks),
            ("not_approved", WaitsFor::Reviewer),
            ("approvals_syncing", WaitsFor::Reviewer),
            ("security_policy_violations", WaitsFor::Reviewer),
            ("discussions_not_resolved", WaitsFor::Author),
            ("conflict", WaitsFor::Author),
            ("need_rebase", WaitsFor::Author),
            ("requested_changes", WaitsFor::Author),
            ("draft_status", WaitsFor::Author),
            ("commits_status", WaitsFor::Author),
            ("jira_association_missing", WaitsFor::Author),
            ("title_regex", WaitsFor::Author),
            ("unchecked", WaitsFor::Reviewer),
            ("checking", WaitsFor::Reviewer),
            ("preparing", WaitsFor::Reviewer),
            ("a word of tomorrow", WaitsFor::Reviewer),
            ("", WaitsFor::Reviewer),
        ] {
            assert_eq!(waits_for(false, word), expected, "{word}");
            assert_eq!(waits_for(true, word), WaitsFor::Draft, "{word}");
        }
    }

    #[test]
    fn it_says_itself_of_which_project_it_is() {
        let one = MergeRequest {
            iid: 7,
            created_at: Some("1970-01-01T00:00:01Z".to_owned()),
            references: Some(References { full: Some("Acme/web/shop!7".to_owned()) }),
            ..MergeRequest::default()
        };
        assert_eq!(review(&one, "acme", "acme").unwrap().repository.as_str(), "web/shop");
        let silent = MergeRequest { references: None, ..one };
        assert_eq!(review(&silent, "acme/shop", "").unwrap().repository.as_str(), "acme/shop");
        assert_eq!(review(&MergeRequest { created_at: None, ..silent }, "acme/shop", ""), None);
    }
}
