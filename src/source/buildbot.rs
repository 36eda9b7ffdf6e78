//! Buildbot, by its REST API of version 2.
//!
//! Source: Buildbot manual, "REST API" and "Data API" (builders, builds, steps, buildrequests), "Build
//! Result Codes". One request for the builders, one for the builds under way, one for the newest builds,
//! one for what waits; a builder that is not among the newest builds is asked for by itself, once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::contract::{Context, Emits, Moment, QueryLanguage, Source};
use super::forge::staged::{self, HasStages, ListedBuild};
use super::http::{Http, parse_url};
use crate::model::build::{Activity, Build, BuildResult, Run, Stage};
use crate::model::fault::{FetchError, Reason};
use crate::model::people::name_of;
use crate::model::poll::{Answer, Ask};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Builds asked for at once, of all builders together.
const NEWEST: usize = 500;
/// Builds asked for of a builder that is not among the newest.
const OF_ONE: usize = 15;
/// Such builders asked for in one poll.
const MOST_SINGLE: usize = 20;
const BUILD_FIELDS: [&str; 9] = [
    "buildid",
    "number",
    "builderid",
    "started_at",
    "complete",
    "complete_at",
    "results",
    "state_string",
    "properties",
];

/// The keys of a Buildbot source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the master's web page, such as `https://buildbot.example.com`.
    pub url: String,
    /// Tags of builders to keep (default: all builders).
    #[serde(default)]
    pub tags: Vec<String>,
}

/// One master, with what was seen of its builders.
#[derive(Debug)]
pub struct Buildbot {
    http: Arc<Http>,
    url: Url,
    tags: Vec<String>,
    seen: HashMap<u64, Vec<BuildRecord>>,
    /// Builders of which it is known what they did last.
    asked: HashSet<u64>,
}

#[derive(Debug, Deserialize)]
struct Builder {
    builderid: u64,
    name: String,
    #[serde(default)]
    tags: Vec<String>,
    /// Empty for a builder that is configured no more.
    #[serde(default)]
    masterids: Vec<u64>,
}

/// A build as it is listed.
#[derive(Debug, Clone, Deserialize)]
struct BuildRecord {
    buildid: u64,
    number: u64,
    builderid: u64,
    started_at: Option<f64>,
    #[serde(default)]
    complete: bool,
    complete_at: Option<f64>,
    results: Option<i64>,
    #[serde(default)]
    properties: HashMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Request {
    builderid: u64,
}

#[derive(Debug, Deserialize)]
struct Step {
    name: String,
    started_at: Option<f64>,
    #[serde(default)]
    complete: bool,
    complete_at: Option<f64>,
    results: Option<i64>,
    state_string: Option<String>,
    #[serde(default)]
    hidden: bool,
}

impl Source for Buildbot {
    const TYPE: &'static str = "buildbot";
    const SUMMARY: &'static str = "the builders of a Buildbot master";
    const QUERY: QueryLanguage = QueryLanguage::Optional("a glob of names: those builders, with their steps");
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
        let (http, url) = (context.http()?, parse_url(&config.url)?);
        Ok(Self { http, url, tags: config.tags.clone(), seen: HashMap::new(), asked: HashSet::new() })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let builders = self.builders(moment).await?;
        self.look(&builders, moment).await?;
        let waiting: Vec<Request> =
            self.list(&["buildrequests"], &[("complete", "false"), ("claimed", "false")], moment).await?;
        let listed = |builder: &Builder| ListedBuild {
            build: self.build(builder, &waiting),
            last_run: self.seen.get(&builder.builderid).and_then(|seen| seen.first()).map(|latest| latest.buildid),
            missing: None,
        };
        let builds: Vec<ListedBuild<u64>> = builders.iter().map(listed).collect();
        staged::answers(self, asks, &builds, moment).await
    }
}

impl Buildbot {
    /// A list: the answer has one key with the plural name of what was asked for.
    async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        moment: Moment,
    ) -> Result<Vec<T>, FetchError> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v2"]).extend(path);
        }
        url.query_pairs_mut().extend_pairs(query);
        let document = self.http.fetch_unless_known(&url, "application/json", moment.deadline).await?;
        let mut body: HashMap<String, Value> = document.json()?;
        let name = path.last().copied().unwrap_or_default();
        let list = body.remove(name).ok_or_else(|| {
            FetchError::new(Reason::Parse, format!("no '{name}' in the answer; is this a Buildbot master?"))
        })?;
        serde_json::from_value(list).map_err(|_| FetchError::new(Reason::Parse, format!("'{name}' of another shape")))
    }

    async fn builders(&self, moment: Moment) -> Result<Vec<Builder>, FetchError> {
        let all: Vec<Builder> = self.list(&["builders"], &[], moment).await?;
        let tagged = |one: &Builder| self.tags.is_empty() || one.tags.iter().any(|tag| self.tags.contains(tag));
        Ok(all.into_iter().filter(|one| !one.masterids.is_empty() && tagged(one)).collect())
    }

    /// Brings what is known of each builder up to date.
    async fn look(&mut self, builders: &[Builder], moment: Moment) -> Result<(), FetchError> {
        let fields = BUILD_FIELDS.map(|field| ("field", field));
        let with = |more: &[(&'static str, &'static str)]| [more, fields.as_slice(), &[("property", "*")]].concat();
        let under_way: Vec<BuildRecord> = self.list(&["builds"], &with(&[("complete", "false")]), moment).await?;
        let newest: Vec<BuildRecord> = {
            let limit = NEWEST.to_string();
            let query = [with(&[("order", "-buildid")]).as_slice(), &[("limit", limit.as_str())]].concat();
            self.list(&["builds"], &query, moment).await?
        };
        let has_all = newest.len() < NEWEST;
        let mut by_builder: HashMap<u64, Vec<BuildRecord>> = HashMap::new();
        let running: HashSet<u64> = under_way.iter().map(|record| record.buildid).collect();
        // The later news comes last: it counts.
        for record in under_way.into_iter().chain(newest) {
            by_builder.entry(record.builderid).or_default().push(record);
        }
        let mut asked = 0;
        for builder in builders {
            let id = builder.builderid;
            let records = by_builder.get(&id);
            let is_listed = has_all || records.is_some_and(|records| records.iter().any(|one| one.complete));
            let has_ended = |one: &BuildRecord| !one.complete && !running.contains(&one.buildid);
            // One that ran and is not listed any more has ended between two polls.
            let is_lost = self.seen.get(&id).is_some_and(|seen| seen.iter().any(has_ended)) && !is_listed;
            if (is_listed || self.asked.contains(&id)) && !is_lost {
                self.asked.insert(id);
            } else if asked < MOST_SINGLE {
                asked += 1;
                let (id_text, limit) = (id.to_string(), OF_ONE.to_string());
                let query = [with(&[("order", "-number")]).as_slice(), &[("limit", limit.as_str())]].concat();
                let records: Vec<BuildRecord> = self.list(&["builders", &id_text, "builds"], &query, moment).await?;
                by_builder.entry(id).or_default().extend(records);
                self.asked.insert(id);
            }
        }
        for (id, records) in by_builder {
            join(self.seen.entry(id).or_default(), records);
        }
        self.seen.retain(|id, _| builders.iter().any(|builder| builder.builderid == *id));
        Ok(())
    }

    fn build(&self, builder: &Builder, waiting: &[Request]) -> Build {
        let records = self.seen.get(&builder.builderid).map(Vec::as_slice).unwrap_or_default();
        let runs = records.iter().map(|one| self.run(one)).collect();
        let group = builder.tags.first().map(String::as_str).unwrap_or_default();
        let mut build = Build::of_runs(SafeText::new(&builder.name), SafeText::new(group), runs);
        if !self.asked.contains(&builder.builderid) && build.result == BuildResult::NeverRun {
            (build.result, build.raw) = (BuildResult::Unknown, "not asked yet".into());
        }
        if build.activity == Activity::Idle && waiting.iter().any(|one| one.builderid == builder.builderid) {
            build.activity = Activity::Queued;
        }
        build
    }

    fn run(&self, record: &BuildRecord) -> Run {
        let property = |name: &str| {
            // A property is its value and where it comes from.
            record.properties.get(name).and_then(|pair| pair.get(0)).and_then(Value::as_str).unwrap_or_default()
        };
        let result = if record.complete { result(record.results) } else { BuildResult::Unknown };
        Run {
            label: record.number.to_string().into(),
            activity: if record.complete { Activity::Idle } else { Activity::Running },
            result,
            word: word(result, record.results),
            started_at: record.started_at.and_then(Timestamp::from_seconds),
            finished_at: record.complete_at.and_then(Timestamp::from_seconds),
            branch: SafeText::new(property("branch")),
            commit: SafeText::new(property("got_revision")),
            author: name_of(property("owner")),
            url: Some(self.page(record)),
        }
    }

    /// The page of a build for people.
    fn page(&self, record: &BuildRecord) -> SafeText {
        let base = self.url.as_str().trim_end_matches('/');
        SafeText::new(&format!("{base}/#/builders/{}/builds/{}", record.builderid, record.number))
    }
}

impl HasStages for Buildbot {
    /// The number of a build.
    type Run = u64;

    async fn add_stages(&mut self, build: &mut Build, run: &u64, moment: Moment) -> Result<(), FetchError> {
        let path = ["builds", &run.to_string(), "steps"];
        let steps: Vec<Step> = self.list(&path, &[("order", "number")], moment).await?;
        build.stages = steps.iter().filter(|step| !step.hidden).map(stage).collect();
        Ok(())
    }
}

/// Newer news of the same builds replace older; the newest come first, and stay bounded.
fn join(known: &mut Vec<BuildRecord>, news: Vec<BuildRecord>) {
    let mut all: HashMap<u64, BuildRecord> = known.drain(..).map(|record| (record.buildid, record)).collect();
    all.extend(news.into_iter().map(|record| (record.buildid, record)));
    known.extend(all.into_values());
    known.sort_by_key(|record| std::cmp::Reverse(record.number));
    known.truncate(crate::model::build::MAX_RUNS);
}

/// Build result codes: 0 SUCCESS, 1 WARNINGS, 2 FAILURE, 3 SKIPPED, 4 EXCEPTION, 5 RETRY, 6 CANCELLED.
const fn result(code: Option<i64>) -> BuildResult {
    match code {
        Some(0) => BuildResult::Success,
        Some(1) => BuildResult::Warning,
        Some(2) => BuildResult::Failure,
        Some(3) => BuildResult::Skipped,
        Some(4) => BuildResult::Error,
        Some(6) => BuildResult::Cancelled,
        _ => BuildResult::Unknown,
    }
}

fn word(result: BuildResult, code: Option<i64>) -> SafeText {
    match (result, code) {
        (_, Some(5)) => "retry".into(),
        (BuildResult::Unknown, Some(code)) => SafeText::new(&format!("result {code}")),
        (BuildResult::Skipped | BuildResult::Cancelled, _) => result.word().into(),
        _ => SafeText::default(),
    }
}

fn stage(step: &Step) -> Stage {
    let (begin, end) =
        (step.started_at.and_then(Timestamp::from_seconds), step.complete_at.and_then(Timestamp::from_seconds));
    let running = begin.is_some() && !step.complete;
    let result = if step.complete { result(step.results) } else { BuildResult::Unknown };
    let says = step.state_string.as_deref().filter(|_| running || result.is_red()).unwrap_or_default();
    Stage {
        name: SafeText::new(&step.name),
        activity: if running { Activity::Running } else { Activity::Idle },
        result,
        started_at: begin,
        duration: begin.zip(end).map(|(begin, end)| begin.age_at(end)),
        step: SafeText::new(says),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;
    use crate::source::http::HttpOptions;
    use crate::source::network::Network;

    fn build_record(id: u64, number: u64, results: Option<i64>) -> BuildRecord {
        BuildRecord {
            buildid: id,
            number,
            builderid: 1,
            started_at: Some(100.0),
            complete: results.is_some(),
            complete_at: results.map(|_| 160.0),
            results,
            properties: HashMap::new(),
        }
    }

    #[test]
    fn news_replace_what_was_known_and_the_newest_comes_first() {
        let mut known = vec![build_record(7, 3, None), build_record(5, 2, Some(0))];
        join(&mut known, vec![build_record(8, 4, None), build_record(7, 3, Some(2))]);
        let all: Vec<(u64, Option<i64>)> = known.iter().map(|build| (build.number, build.results)).collect();
        assert_eq!(all, [(4, None), (3, Some(2)), (2, Some(0))]);
    }

    #[test]
    fn the_owner_is_a_name_without_its_address() {
        let context = |owner: &str| {
            let mut record = build_record(1, 1, Some(0));
            record.properties.insert("owner".to_owned(), serde_json::json!([owner, "Change"]));
            record
        };
        let url = parse_url("http://ci.test").unwrap();
        let http = Http::new("http://ci.test", &HttpOptions::default(), &Network::default(), Span::seconds(1)).unwrap();
        let master =
            Buildbot { http: Arc::new(http), url, tags: Vec::new(), seen: HashMap::new(), asked: HashSet::new() };
        let author = master.run(&context("Ada Lovelace <ada@example.com>")).author;
        assert_eq!(author, Some("Ada Lovelace".into()));
        assert_eq!(master.run(&context("")).author, None);
    }

    #[test]
    fn every_result_code_has_a_meaning_and_a_new_one_is_unknown() {
        use BuildResult::{Cancelled, Error, Failure, Skipped, Success, Unknown, Warning};
        let all: Vec<BuildResult> = (0..8).map(|code| result(Some(code))).collect();
        assert_eq!(all, [Success, Warning, Failure, Skipped, Error, Unknown, Cancelled, Unknown]);
        assert_eq!(word(Unknown, Some(7)).as_str(), "result 7");
    }
}
