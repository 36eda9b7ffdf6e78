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

use super::contract::{Context, Emits, Moment, QueryLanguage, Source};
use super::forge::gaps::may_pick;
use super::forge::staged::{self, HasStages, ListedBuild, Missing};
use super::http::{Http, parse_url};
use crate::model::build::Build;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use jobs::Leaf;

/// Levels of folders that are looked into, unless the source says otherwise.
const DEPTH: u8 = 3;
/// The same at most: each makes the address longer, and servers limit that.
const MAX_DEPTH: u8 = 5;
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

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let depth = config.depth.unwrap_or(DEPTH);
        if depth > MAX_DEPTH {
            let detail = format!("depth is {depth}, and at most {MAX_DEPTH}; name a folder in url instead");
            return Err(FetchError::new(Reason::Parse, detail));
        }
        let url = parse_url(&config.url)?;
        Ok(Self { http: context.http()?, listing: listing(&url, depth), root: root(&url) })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let document = self.http.fetch_unless_known(&self.listing, ACCEPT, moment.deadline).await?;
        let leaves = jobs::read(&document)?;
        let builds: Vec<ListedBuild<RunNumber>> = leaves.into_iter().map(listed_build).collect();
        staged::answers(self, asks, &builds, moment).await
    }
}

/// A run, by the full name of its job and its number there.
type RunNumber = (String, i64);

impl HasStages for Jenkins {
    type Run = RunNumber;

    async fn add_stages(&mut self, build: &mut Build, run: &RunNumber, moment: Moment) -> Result<(), FetchError> {
        let Some(page) = stages_page(&self.root, &run.0, run.1) else { return Ok(()) };
        match self.http.fetch_unless_known(&page, ACCEPT, moment.deadline).await {
            Ok(document) => stages::add(build, &document),
            // No pipeline, or a server without the plugin.
            Err(error) if error.reason == Reason::Http(404) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn listed_build(leaf: Leaf) -> ListedBuild<RunNumber> {
    // Among all builds such a folder is seen; a query may mean something within.
    let is_picked = |query: &str, folder: &str| may_pick(query, &format!("{folder}/"));
    let missing =
        leaf.is_folder.then(|| Missing { part: leaf.build.name.to_string(), why: jobs::UNREAD.to_owned(), is_picked });
    ListedBuild { build: leaf.build, last_run: leaf.number.map(|number| (leaf.full_name, number)), missing }
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
        let builds: Vec<_> = leaves.into_iter().map(listed_build).collect();
        let missing = builds[0].missing.as_ref().unwrap();
        assert_eq!((missing.part.as_str(), missing.why.as_str()), ("shop/deep", "a folder; raise depth"));
        for (query, is_missing) in
            [("shop/*", true), ("*", true), ("shop/deep/a", true), ("shop/main", false), ("mail/*", false), ("", false)]
        {
            assert_eq!((missing.is_picked)(query, "shop/deep"), is_missing, "{query}");
        }
        assert!(builds[1].missing.is_none());
    }

    #[test]
    fn stages_are_asked_of_the_configured_server_only() {
        let page = |name: &str| stages_page(&url("http://ci.test/jenkins"), name, 7).unwrap().to_string();
        assert_eq!(page("shop/main"), "http://ci.test/jenkins/job/shop/job/main/7/wfapi/describe");
        assert_eq!(page("a b/x%2Fy"), "http://ci.test/jenkins/job/a%20b/job/x%252Fy/7/wfapi/describe");
        assert_eq!(page("../../evil.test?"), "http://ci.test/jenkins/job/job/job/evil.test%3F/7/wfapi/describe");
    }
}
