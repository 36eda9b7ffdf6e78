//! Which projects a GitLab source asks about: those that it names, and those of a group.
//!
//! Source: GitLab, "Projects API" (a single project), "Groups API" (the projects of a group).

use std::collections::HashMap;

use serde::Deserialize;

use super::api::naming;
use crate::model::fault::FetchError;
use crate::model::text::SafeText;
use crate::source::contract::{KeyProblem, Moment};
use crate::source::forge::api::Api;
use crate::source::forge::faults::is_about_one;
use crate::source::forge::looked_up::LookedUp;

/// Pages of the projects of a group.
const GROUP_PAGES: usize = 10;

/// What is wrong with the keys `projects` and `group`: one of them is needed.
pub(crate) fn check_scope(projects: &[String], group: Option<&str>) -> Vec<KeyProblem> {
    if scope(projects, group) != (Vec::new(), None) {
        return Vec::new();
    }
    let help = "add projects = [\"group/shop\"] or group = \"group\"";
    vec![KeyProblem::new("projects", "neither projects nor group is given", help)]
}

/// The projects and the group of a source's keys, as they are asked for.
pub(crate) fn scope(projects: &[String], group: Option<&str>) -> (Vec<String>, Option<String>) {
    let plain = |text: &str| text.trim().trim_matches('/').to_owned();
    let mut named: Vec<String> = Vec::new();
    for name in projects.iter().map(|name| plain(name)).filter(|name| !name.is_empty()) {
        if !named.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            named.push(name);
        }
    }
    (named, group.map(plain).filter(|group| !group.is_empty()))
}

/// A project, as it is in lists and in answers of its own.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Project {
    id: u64,
    path_with_namespace: String,
    /// None while its repository is empty, or where we may not read it.
    pub(crate) default_branch: Option<String>,
}

/// The projects that a source asks about: those it names, by path or number, and those of a group, by
/// number.
#[derive(Debug)]
pub(crate) struct Projects {
    named: Vec<String>,
    group: Option<String>,
    /// The path that those of the group have in common; empty without one.
    prefix: String,
    listed: Option<LookedUp<Vec<Project>>>,
    known: HashMap<String, LookedUp<Project>>,
    /// What is switched off in some, by key.
    features: HashMap<String, LookedUp<Features>>,
}

/// What a project has of what can be switched off. (Before GitLab 12 CI/CD was `jobs_enabled`.)
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Features {
    builds_access_level: Option<String>,
    environments_access_level: Option<String>,
    jobs_enabled: Option<bool>,
}

impl Features {
    /// Whether there are no pipelines, because somebody switched them off.
    pub(crate) fn has_no_pipelines(&self) -> bool {
        self.builds_access_level.as_deref().map_or(self.jobs_enabled == Some(false), |level| level == "disabled")
    }

    /// Whether there are no environments.
    pub(crate) fn has_no_environments(&self) -> bool {
        self.environments_access_level.as_deref() == Some("disabled") || self.has_no_pipelines()
    }
}

impl Projects {
    /// No network.
    pub(crate) fn open(projects: &[String], group: Option<&str>) -> Self {
        let (named, group) = scope(projects, group);
        Self { named, group, prefix: String::new(), listed: None, known: HashMap::new(), features: HashMap::new() }
    }

    /// The keys of all projects, each of which can stand in an address.
    pub(crate) async fn keys(&mut self, api: &Api, moment: Moment) -> Result<Vec<String>, FetchError> {
        if let Some(group) = self.group.clone()
            && self.listed.as_ref().is_none_or(|listed| !listed.is_recent(moment))
        {
            let projects = list_group(api, &group, moment).await?;
            self.prefix = if is_number(&group) { common_namespace(&projects) } else { group };
            self.listed = Some(LookedUp::new(projects, moment));
        }
        let listed = self.listed.iter().flat_map(|listed| &listed.value);
        let others = listed.filter(|project| !self.is_named(project)).map(|project| project.id.to_string());
        Ok(self.named.iter().cloned().chain(others).collect())
    }

    fn is_named(&self, project: &Project) -> bool {
        let (id, path) = (project.id.to_string(), &project.path_with_namespace);
        self.named.iter().any(|name| *name == id || name.eq_ignore_ascii_case(path))
    }

    /// A project of the group.
    fn listed(&self, key: &str) -> Option<&Project> {
        let id: u64 = key.parse().ok()?;
        self.listed.as_ref()?.value.iter().find(|project| project.id == id)
    }

    /// Whether a project is there because it is in the group, not because somebody named it.
    pub(crate) fn is_of_group(&self, key: &str) -> bool {
        self.listed(key).is_some()
    }

    /// What is known of a project; asked for where that is nothing, or old.
    pub(crate) async fn project(&mut self, key: &str, api: &Api, moment: Moment) -> Result<Project, FetchError> {
        let known = self.known.get(key).and_then(|known| known.recent(moment));
        if let Some(project) = self.listed(key).or(known) {
            return Ok(project.clone());
        }
        let project: Project = api.object(&["projects", key], moment).await?;
        self.known.insert(key.to_owned(), LookedUp::new(project.clone(), moment));
        Ok(project)
    }

    /// What is switched off in a project that nobody named, after it answered with a 403: half the projects of a
    /// group may have no CI/CD at all. Nothing where the server does not say: then it was refused.
    pub(crate) async fn features(&mut self, key: &str, api: &Api, moment: Moment) -> Result<Features, FetchError> {
        if !self.is_of_group(key) {
            return Ok(Features::default());
        }
        if let Some(known) = self.features.get(key).and_then(|known| known.recent(moment)) {
            return Ok(known.clone());
        }
        match api.object::<Features>(&["projects", key], moment).await {
            Err(error) if is_about_one(&error) => Ok(Features::default()),
            features => {
                let features = features?;
                self.features.insert(key.to_owned(), LookedUp::new(features.clone(), moment));
                Ok(features)
            }
        }
    }

    /// The path of a project; its key while the path is not known.
    pub(crate) fn path<'a>(&'a self, key: &'a str) -> &'a str {
        let known = self.listed(key).or_else(|| self.known.get(key).map(|known| &known.value));
        known.map_or(key, |project| project.path_with_namespace.as_str())
    }

    /// What the board calls a project: its path, without the part that the whole group has in common.
    pub(crate) fn name(&self, key: &str) -> SafeText {
        let path = self.path(key);
        SafeText::new(within(path, &self.prefix).unwrap_or(path))
    }

    /// What a project belongs to.
    pub(crate) fn namespace(&self, key: &str) -> SafeText {
        SafeText::new(self.path(key).rsplit_once('/').map_or("", |(namespace, _)| namespace))
    }
}

async fn list_group(api: &Api, group: &str, moment: Moment) -> Result<Vec<Project>, FetchError> {
    let query = [
        ("include_subgroups", "true"),
        ("archived", "false"),
        ("per_page", "100"),
        ("order_by", "last_activity_at"),
        ("simple", "true"),
    ];
    let listed = api.list(&["groups", group, "projects"], &query, GROUP_PAGES, moment).await;
    listed.map_err(|error| naming(error, &format!("group {group}")))
}

/// Whether a key is a number, not a path.
pub(crate) fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// The rest of a path behind a group.
pub(crate) fn within<'a>(path: &'a str, group: &str) -> Option<&'a str> {
    let (begin, rest) = path.split_at_checked(group.len())?;
    rest.strip_prefix('/').filter(|_| begin.eq_ignore_ascii_case(group))
}

/// The group that all projects are in.
fn common_namespace(projects: &[Project]) -> String {
    let namespaces = projects.iter().filter_map(|project| project.path_with_namespace.rsplit_once('/'));
    let mut namespaces = namespaces.map(|(namespace, _)| namespace);
    let mut common: Vec<&str> = namespaces.next().unwrap_or_default().split('/').collect();
    for namespace in namespaces {
        let same = common.iter().zip(namespace.split('/')).take_while(|(a, b)| **a == *b).count();
        common.truncate(same);
    }
    common.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_has_to_be_asked_for_and_nothing_twice() {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        assert_eq!(check_scope(&texts(&["/"]), Some(" "))[0].key, "projects");
        assert_eq!(check_scope(&[], Some("g")), []);
        let (named, group) = scope(&texts(&["/a/b/", "A/B", "7"]), Some("g/"));
        assert_eq!((named, group.as_deref()), (texts(&["a/b", "7"]), Some("g")));
    }

    #[test]
    fn only_what_somebody_switched_off_is_off() {
        let features = |text: &str| serde_json::from_str::<Features>(text).unwrap();
        for (text, pipelines, environments) in [
            (r#"{"builds_access_level":"disabled","environments_access_level":"enabled"}"#, true, true),
            (r#"{"builds_access_level":"private","environments_access_level":"disabled"}"#, false, true),
            (r#"{"builds_access_level":"enabled","jobs_enabled":false}"#, false, false),
            (r#"{"jobs_enabled":false}"#, true, true),
            ("{}", false, false),
        ] {
            assert_eq!(
                (features(text).has_no_pipelines(), features(text).has_no_environments()),
                (pipelines, environments),
                "{text}"
            );
        }
    }

    #[test]
    fn names_leave_out_what_all_have_in_common() {
        let project = |path: &str| Project { id: 1, path_with_namespace: path.to_owned(), default_branch: None };
        assert_eq!(common_namespace(&[project("a/b/x"), project("a/b/c/y"), project("a/b/z")]), "a/b");
        assert_eq!(common_namespace(&[]), "");
        assert_eq!(within("Acme/sub/shop", "acme"), Some("sub/shop"));
        assert_eq!(within("acmes/shop", "acme"), None);
        assert_eq!(within("acme/shop", ""), None);
    }
}
