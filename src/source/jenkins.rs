//! Jenkins: the jobs of a view, a folder or a whole server, in one request.
//!
//! Sources: Jenkins, "Remote Access API" (the page `/api/` of any server: `tree` picks fields, `{0,15}` the
//! first fifteen of a list); the Pipeline REST API plugin (`wfapi/describe`) for the stages of a run.

mod jobs;
mod stages;

use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::gaps::{Gaps, may_pick};
use super::http::{Http, parse_url};
use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use crate::model::build::Build;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use jobs::Leaf;

/// Levels of folders that are looked into, unless the source says otherwise.
const DEPTH: u8 = 3;
/// The same at most: each makes the address longer, and servers limit that.
const MAX_DEPTH: u8 = 5;
/// Most builds whose stages are asked for, each with a request of its own.
const MOST_WITH_STAGES: usize = 20;
const ACCEPT: &str = "application/json";

/// The keys of a Jenkins source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the server, or of one of its views or folders, such as `https://ci.example.com/job/shop/`.
    pub url: String,
    /// Levels of folders and multibranch projects to look into (default 3, at most 5).
    pub depth: Option<u8>,
}

/// One open server.
#[derive(Debug)]
pub struct Jenkins {
    http: Arc<Http>,
    /// The one request for all jobs.
    listing: Url,
    /// Where the server begins: pages of jobs are below it.
    root: Url,
}

impl Source for Jenkins {
    const TYPE: &'static str = "jenkins";
    const SUMMARY: &'static str = "jobs of a Jenkins view, folder or server, with their history and stages";
    const QUERY: QueryLanguage = QueryLanguage::Optional("a glob of names: those builds, with their stages");
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::Builds;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Ok(())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        let too_deep = config.depth.filter(|depth| *depth > MAX_DEPTH);
        let problem = |depth| {
            let message = format!("depth is {depth}, and at most {MAX_DEPTH}");
            KeyProblem::new("depth", message, "name a folder in url instead")
        };
        too_deep.map(problem).into_iter().collect()
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let url = parse_url(&config.url)?;
        let depth = config.depth.unwrap_or(DEPTH);
        Ok(Self { http: context.http()?, listing: listing(&url, depth), root: root(&url) })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let document = self.http.fetch_unless_known(&self.listing, ACCEPT, moment.deadline).await?;
        let leaves = jobs::read(&document)?;
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(if ask.query.is_empty() {
                Ok(Telemetry::Builds(leaves.iter().map(|leaf| leaf.build.clone()).collect()))
            } else {
                self.with_stages(&leaves, &ask.query, moment).await
            });
        }
        Ok(answers)
    }
}

impl Jenkins {
    /// The builds that a glob picks, with the stages of the last run of each.
    async fn with_stages(&self, leaves: &[Leaf], query: &str, moment: Moment) -> Answer {
        let glob = WildMatch::new(query);
        let picked: Vec<&Leaf> = leaves.iter().filter(|leaf| glob.matches(leaf.build.name.as_str())).collect();
        if picked.len() > MOST_WITH_STAGES {
            let detail = format!("{} builds with stages, more than {MOST_WITH_STAGES}; narrow the query", picked.len());
            return Err(FetchError::new(Reason::TooLarge, detail));
        }
        let mut builds = Vec::with_capacity(picked.len());
        for leaf in picked {
            builds.push(self.with_its_stages(leaf, moment).await?);
        }
        Ok(unread(leaves, query).mark(Telemetry::Builds(builds)))
    }

    async fn with_its_stages(&self, leaf: &Leaf, moment: Moment) -> Result<Build, FetchError> {
        let mut build = leaf.build.clone();
        let page = leaf.number.and_then(|number| stages_page(&self.root, &leaf.full_name, number));
        let Some(page) = page else { return Ok(build) };
        match self.http.fetch_unless_known(&page, ACCEPT, moment.deadline).await {
            Ok(document) => stages::add(&mut build, &document)?,
            // No pipeline, or a server without the plugin.
            Err(error) if error.reason == Reason::Http(404) => {}
            Err(error) => return Err(error),
        }
        Ok(build)
    }
}

/// The folders that were not looked into, and may hold what a query picks.
fn unread(leaves: &[Leaf], query: &str) -> Gaps {
    let mut gaps = Gaps::default();
    for leaf in leaves.iter().filter(|leaf| leaf.is_folder) {
        if may_pick(query, &format!("{}/", leaf.build.name)) {
            gaps.add(leaf.build.name.as_str(), jobs::UNREAD);
        }
    }
    gaps
}

/// The address of all jobs below a page, so many levels deep.
fn listing(page: &Url, depth: u8) -> Url {
    let mut url = page.clone();
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push("api").push("json");
    }
    url.query_pairs_mut().clear().append_pair("tree", &jobs::tree(depth));
    url
}

/// The address of the server itself, from that of any of its views and folders.
fn root(page: &Url) -> Url {
    let below = |part: &&str| !part.is_empty() && !matches!(*part, "job" | "view" | "user" | "me");
    let kept: Vec<&str> = page.path_segments().into_iter().flatten().take_while(below).collect();
    let mut root = page.clone();
    root.set_path(&kept.join("/"));
    root.set_query(None);
    root.set_fragment(None);
    root
}

/// Where the stages of a run are. Made from the configured address and the job's name, not from the address
/// that the server tells: behind a proxy that is often another one, and credentials go nowhere else.
fn stages_page(root: &Url, full_name: &str, number: i64) -> Option<Url> {
    let mut url = root.clone();
    {
        let mut path = url.path_segments_mut().ok()?;
        path.pop_if_empty();
        for part in full_name.split('/') {
            path.push("job").push(part);
        }
        path.push(&number.to_string()).push("wfapi").push("describe");
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::http::Document;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_server_is_found_from_any_of_its_pages() {
        for (page, server) in [
            ("http://ci.test", "http://ci.test/"),
            ("http://ci.test/jenkins", "http://ci.test/jenkins"),
            ("http://ci.test/jenkins/view/All/?x=1#top", "http://ci.test/jenkins"),
            ("http://ci.test/job/shop/view/red/", "http://ci.test/"),
            ("http://ci.test/user/jane/my-views/view/mine", "http://ci.test/"),
        ] {
            assert_eq!(root(&url(page)).as_str(), server, "{page}");
        }
    }

    #[test]
    fn all_jobs_are_one_address_whatever_the_page_looks_like() {
        for page in
            ["http://ci.test/view/All", "http://ci.test/view/All/", "http://ci.test/view/All/?auto_refresh=true"]
        {
            let listing = listing(&url(page), 0);
            assert_eq!(listing.path(), "/view/All/api/json", "{page}");
            let query: Vec<(String, String)> = listing.query_pairs().into_owned().collect();
            assert_eq!(query, [("tree".to_owned(), jobs::tree(0))], "{page}");
        }
    }

    #[test]
    fn a_folder_that_was_not_looked_into_is_missing_in_what_it_may_hold() {
        let text = r#"{"jobs":[{"fullName":"shop/deep"},{"fullName":"shop/main","color":"blue"}]}"#;
        let leaves = jobs::read(&Document::of(text.as_bytes().to_vec())).unwrap();
        let missing = |query: &str| unread(&leaves, query).mark(Telemetry::Builds(Vec::new())).split().1;
        for query in ["shop/*", "*", "shop/deep/a"] {
            let caveat = missing(query).unwrap();
            assert!(
                caveat.partial && caveat.text.as_str() == "shop/deep: a folder; raise depth",
                "{query}: {caveat:?}"
            );
        }
        assert_eq!((missing("shop/main"), missing("mail/*")), (None, None));
    }

    #[test]
    fn stages_are_asked_of_the_configured_server_only() {
        let page = |name: &str| stages_page(&url("http://ci.test/jenkins"), name, 7).unwrap().to_string();
        assert_eq!(page("shop/main"), "http://ci.test/jenkins/job/shop/job/main/7/wfapi/describe");
        assert_eq!(page("a b/x%2Fy"), "http://ci.test/jenkins/job/a%20b/job/x%252Fy/7/wfapi/describe");
        assert_eq!(page("../../evil.test?"), "http://ci.test/jenkins/job/job/job/evil.test%3F/7/wfapi/describe");
    }
}
