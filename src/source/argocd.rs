//! Argo CD: what was deployed where and when, and how it is now.
//!
//! Source: Argo CD API, `ApplicationService.List` (`GET /api/v1/applications`), and its `Application`
//! resource: `status.history`, `status.operationState`, `status.health`, `status.sync`.
//!
//! Applications come whole: the `fields` parameter of the server picks from a fixed list of paths, and the
//! history is none of them.

mod application;
mod health;
mod version;

use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::contract::{Context, Emits, Moment, QueryLanguage, Source};
use super::http::{Document, Http, parse_url};
use crate::model::event::{Event, EventKind, MAX_EVENTS};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use application::Application;

/// Most past deploys taken of one application.
const MOST_PAST: usize = 20;

/// The keys of an Argo CD source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the Argo CD server, such as `https://argocd.example.com`.
    pub url: String,
    /// Projects to ask for (default: all that may be read). Where there are many applications, it keeps the
    /// answer below `max_body`.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Environments that the names of applications end or begin with: with `["staging", "production"]` the
    /// application `shop-production` is the service `shop` in `production`. Default: the cluster's name, else
    /// the namespace.
    #[serde(default)]
    pub environments: Vec<String>,
}

/// One open server.
#[derive(Debug)]
pub struct ArgoCd {
    http: Arc<Http>,
    url: Url,
    projects: Vec<String>,
    environments: Vec<String>,
}

impl Source for ArgoCd {
    const TYPE: &'static str = "argocd";
    const SUMMARY: &'static str = "deploys of Argo CD: applications, their health, and the history of their syncs";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::Deploys;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("an Argo CD source takes no query; pick applications with projects = [\"shop\"] on the source".to_owned())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let mut url = parse_url(&config.url)?;
        url.set_query(None);
        url.set_fragment(None);
        let (projects, environments) = (config.projects.clone(), config.environments.clone());
        Ok(Self { http: context.http()?, url, projects, environments })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let mut url = below(&self.url, &["api", "v1", "applications"]);
        if !self.projects.is_empty() {
            url.query_pairs_mut().extend_pairs(self.projects.iter().map(|project| ("projects", project)));
        }
        let document = self.http.fetch_unless_known(&url, "application/json", moment.deadline).await?;
        let events = self.read(&document, moment.now)?;
        Ok(vec![Ok(Telemetry::Events(events)); asks.len()])
    }
}

impl ArgoCd {
    fn read(&self, document: &Document, now: Timestamp) -> Result<Vec<Event>, FetchError> {
        let list: List = document.json()?;
        if list.items.is_none() && list.metadata.is_none() {
            return Err(FetchError::new(Reason::Parse, "this is no Argo CD server: no applications in the answer"));
        }
        let applications = list.items.unwrap_or_default();
        // Of very many applications fewer past deploys each: the present of all of them counts more.
        let most = (MAX_EVENTS / applications.len().max(1)).saturating_sub(1).clamp(1, MOST_PAST);
        Ok(applications.iter().flat_map(|one| one.events(self.common(one), most, now)).collect())
    }

    /// What all events of an application have in common.
    fn common(&self, application: &Application) -> Event {
        let (name, namespace) = application.full_name();
        let (service, environment) = application.service_and_environment(&self.environments);
        Event {
            kind: EventKind::Deploy,
            title: SafeText::new(name),
            service: SafeText::new(service),
            environment: SafeText::new(environment),
            url: Some(SafeText::new(below(&self.url, &["applications", namespace, name]).as_str())),
            ..Event::default()
        }
    }
}

/// A page of the server.
fn below(url: &Url, path: &[&str]) -> Url {
    let mut page = url.clone();
    if let Ok(mut segments) = page.path_segments_mut() {
        segments.pop_if_empty().extend(path.iter().filter(|part| !part.is_empty()));
    }
    page
}

#[derive(Debug, Deserialize)]
struct List {
    /// Null where there are none.
    items: Option<Vec<Application>>,
    metadata: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_below_the_configured_address() {
        for base in ["http://cd.test/argo", "http://cd.test/argo/"] {
            let page = |path: &[&str]| below(&Url::parse(base).unwrap(), path).to_string();
            assert_eq!(page(&["api", "v1", "applications"]), "http://cd.test/argo/api/v1/applications");
            assert_eq!(page(&["applications", "", "shop"]), "http://cd.test/argo/applications/shop");
            assert_eq!(page(&["applications", "..", "a/b?"]), "http://cd.test/argo/applications/a%2Fb%3F");
        }
    }
}
