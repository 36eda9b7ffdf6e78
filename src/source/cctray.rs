//! `CCTray` XML: what `GoCD`, Concourse, Jenkins, `TeamCity`, `CircleCI`, Buildkite and others all serve.
//!
//! Source: cctray.org, "`CCTray` XML feed format, version 1". Read tolerantly: unknown attributes and
//! elements are skipped, words in any case, times with an offset, with Z, or bare (then UTC).

use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use super::contract::{Context, Emits, Moment, QueryLanguage, Source};
use super::http::{Http, Method, parse_url, refuse_html};
use crate::model::build::{Activity, Build, BuildResult};
use crate::model::fault::{FetchError, Reason};
use crate::model::people::name_of;
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::{Timestamp, Zone};

/// Most namespaces declared in a feed, which needs none: the parser's work grows with the cube of those that
/// are in force at once.
const MAX_NAMESPACES: usize = 256;
/// Most quotes between two angle brackets, two for each attribute: the parser compares each attribute of an
/// element with each other.
const MAX_QUOTES: usize = 1024;

/// The keys of a `CCTray` source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the feed, such as `https://ci.example.com/cctray.xml`.
    pub url: String,
    /// Time zone of times that carry none, such as `Europe/Berlin` (`GoCD` writes them bare); default UTC.
    pub timezone: Option<Zone>,
}

/// One open feed.
#[derive(Debug)]
pub struct CcTray {
    http: Arc<Http>,
    url: Url,
    zone: jiff::tz::TimeZone,
}

impl Source for CcTray {
    const TYPE: &'static str = "cctray";
    const SUMMARY: &'static str = "the CCTray feed of a CI server (GoCD, Concourse, Jenkins, TeamCity, Buildkite, ...)";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::Builds;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("a CCTray feed takes no query; keep builds by name with match = \"shop-*\"".to_owned())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let zone = config.timezone.clone().unwrap_or_else(Zone::utc);
        Ok(Self { http: context.http()?, url: parse_url(&config.url)?, zone: zone.into() })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let accept = "application/xml, text/xml;q=0.9, */*;q=0.1";
        let response = self.http.fetch(&self.url, Method::Get, accept, moment.deadline).await?;
        refuse_html(&response)?;
        let builds = parse(&response.body, &self.zone, &self.url)?;
        Ok(vec![Ok(Telemetry::Builds(builds)); asks.len()])
    }
}

/// Reads a feed. Of what is reported twice for one project (one name, one page) the later completed counts; two
/// projects of one name are two.
pub fn parse(body: &[u8], zone: &jiff::tz::TimeZone, base: &Url) -> Result<Vec<Build>, FetchError> {
    let text = decode(body);
    refuse_bombs(&text)?;
    let document = roxmltree::Document::parse(&text).map_err(|error| xml_fault(&error))?;
    let root = document.root_element();
    if !root.tag_name().name().eq_ignore_ascii_case("Projects") {
        return Err(FetchError::new(Reason::Parse, "not a CCTray feed: its root is not <Projects>"));
    }
    let mut builds: Vec<Build> = Vec::new();
    for node in root.children().filter(|n| n.tag_name().name().eq_ignore_ascii_case("Project")) {
        if let Some(build) = project(&node, zone, base) {
            builds.push(build);
        }
    }
    // The one that finished last comes first and stays.
    builds.sort_by(|a, b| (&a.name, &a.url, b.finished_at).cmp(&(&b.name, &b.url, a.finished_at)));
    builds.dedup_by(|later, earlier| (&later.name, &later.url) == (&earlier.name, &earlier.url));
    Ok(builds)
}

/// UTF-8 with or without a byte order mark; a feed that declares Latin-1 is read as that.
fn decode(body: &[u8]) -> String {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let declaration = String::from_utf8_lossy(body.get(..100).unwrap_or(body)).to_ascii_lowercase();
    if declaration.contains("iso-8859-1") || declaration.contains("windows-1252") {
        return body.iter().map(|&byte| char::from(byte)).collect();
    }
    String::from_utf8_lossy(body).into_owned()
}

/// Refuses what would take the parser minutes, by counting.
fn refuse_bombs(text: &str) -> Result<(), FetchError> {
    let refuse = |what: String| Err(FetchError::new(Reason::TooLarge, what));
    if text.matches("xmlns").nth(MAX_NAMESPACES).is_some() {
        return refuse(format!("over {MAX_NAMESPACES} XML namespaces, and a CCTray feed needs none"));
    }
    if text.split('<').any(|element| element.matches(['"', '\'']).nth(MAX_QUOTES).is_some()) {
        return refuse(format!("an XML element with over {} attributes", MAX_QUOTES / 2));
    }
    Ok(())
}

fn xml_fault(error: &roxmltree::Error) -> FetchError {
    use roxmltree::Error as E;
    match error {
        E::DtdDetected => FetchError::new(Reason::Parse, "the feed has a DTD, which is refused"),
        E::UnclosedRootNode | E::UnexpectedEndOfStream => FetchError::new(Reason::Truncated, "the XML ends early"),
        other => {
            let at = other.pos();
            FetchError::new(Reason::Parse, format!("not XML: line {}, column {}", at.row, at.col))
        }
    }
}

fn project(node: &roxmltree::Node<'_, '_>, zone: &jiff::tz::TimeZone, base: &Url) -> Option<Build> {
    let name = node.attribute("name").filter(|name| !name.trim().is_empty())?;
    let raw = node.attribute("lastBuildStatus").unwrap_or_default();
    let result = result(raw);
    // "Unknown" is the feed's own word for what is not known: it adds nothing.
    let adds = result == BuildResult::Unknown && !raw.eq_ignore_ascii_case("unknown");
    let said = if adds { raw } else { "" };
    let activity = activity(node.attribute("activity").unwrap_or_default());
    let label = node.attribute("lastBuildLabel").filter(|label| !label.eq_ignore_ascii_case("unknown"));
    Some(Build {
        name: SafeText::new(name),
        group: SafeText::new(group(name)),
        activity,
        result,
        raw: SafeText::new(said),
        label: SafeText::new(label.unwrap_or_default()),
        finished_at: node.attribute("lastBuildTime").and_then(|at| moment(at, zone)),
        url: node
            .attribute("webUrl")
            .filter(|url| !url.trim().is_empty())
            .and_then(|url| base.join(url).ok())
            .and_then(|url| matches!(url.scheme(), "http" | "https").then(|| SafeText::new(url.as_str()))),
        author: breakers(node),
        ..Build::default()
    })
}

/// What a name belongs to: its first part, where it has several (`GoCD`'s pipeline, a repository's owner).
fn group(name: &str) -> &str {
    let parts = name.split_once(" :: ").or_else(|| name.split_once('/'));
    parts.map_or("", |(first, _)| first.trim())
}

/// Who broke it, as `GoCD` tells.
fn breakers(project: &roxmltree::Node<'_, '_>) -> Option<SafeText> {
    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    let message = project.descendants().find(|one| {
        is(one.tag_name().name(), "message") && one.attribute("kind").is_some_and(|kind| is(kind, "breakers"))
    })?;
    name_of(message.attribute("text")?)
}

fn activity(word: &str) -> Activity {
    match word.to_ascii_lowercase().as_str() {
        "building" => Activity::Running,
        "checkingmodifications" | "pending" => Activity::Queued,
        _ => Activity::Idle,
    }
}

fn result(word: &str) -> BuildResult {
    match word.to_ascii_lowercase().as_str() {
        "success" => BuildResult::Success,
        "failure" => BuildResult::Failure,
        "exception" | "error" => BuildResult::Error,
        "cancelled" | "canceled" => BuildResult::Cancelled,
        _ => BuildResult::Unknown,
    }
}

/// ISO 8601 with an offset, with Z, with seven decimals (.NET), or without a zone. 1970 means "none".
fn moment(text: &str, zone: &jiff::tz::TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    let at = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let bare: jiff::civil::DateTime = text.parse().ok()?;
        bare.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(Timestamp(at.as_millisecond())).filter(|at| at.0 > 86_400_000)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn read(text: &str) -> Result<Vec<Build>, FetchError> {
        parse(text.as_bytes(), &jiff::tz::TimeZone::UTC, &Url::parse("http://ci.test/").unwrap())
    }

    #[test]
    fn what_would_take_the_parser_minutes_is_refused_before() {
        let namespaces: String = (0..20_000).fold(String::new(), |mut text, n| {
            write!(text, "<Projects xmlns:a{n}='b{n}'>").unwrap();
            text
        });
        let attributes: String = (0..500_000).fold("<Projects".to_owned(), |mut text, n| {
            write!(text, " a{n}=''").unwrap();
            text
        });
        // An angle bracket in a value ends no element.
        let hidden = attributes.replacen("''", "'>'", 1);
        for (bomb, words) in [(namespaces, "namespaces"), (attributes, "attributes"), (hidden, "attributes")] {
            let fault = read(&bomb).unwrap_err();
            assert_eq!(fault.reason, Reason::TooLarge);
            assert!(fault.detail.as_str().contains(words), "{}", fault.detail);
        }
    }

    #[test]
    fn a_feed_at_the_limits_is_read() {
        let projects: String = (0..MAX_NAMESPACES).fold(String::new(), |mut text, n| {
            let messages = "it's ".repeat(MAX_QUOTES / 2);
            write!(text, "<Project xmlns='urn:x' name='job {n}' note=\"{messages}\"/>").unwrap();
            text
        });
        assert_eq!(read(&format!("<Projects>{projects}</Projects>")).unwrap().len(), MAX_NAMESPACES);
    }
}
