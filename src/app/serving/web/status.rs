//! The status page for customers: what is asked for, and what it is made of.
//!
//! ```text
//! /status  /status/status.css   the page
//! /status/history.atom          incidents and maintenance as a feed
//! /status/badge.svg             how all is, as a picture
//! /api/v2/summary.json ...      the same for programs; also below /status
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::refusal::{Refusal, refusal};
use crate::eval::status_page::{StatusPage, TOLD_FOR};
use crate::export::status::{begin, times};
use crate::history::read::Reader;
use crate::hub::looking::Look;
use crate::model::poll::QueryKey;
use crate::model::status_time::StatusTime;
use crate::model::time::Span;
use crate::output::status_page::json::{Only, Part};
use crate::output::status_page::{badge, feed, html, json};

/// How long the hub may take to answer: it looks ten times a second.
const PATIENCE: Duration = Duration::from_secs(2);
/// A page is shown to whoever asks for so long; a crowd costs the hub no more than one.
const SHOWN_FOR: Duration = Duration::from_secs(1);
/// The same of what the history says of each day.
const KNOWN_FOR: Duration = Duration::from_mins(5);
const DAY: Span = Span::seconds(86_400);

/// A part of the status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Page,
    Style,
    Feed,
    Badge,
    Json(Part),
}

const PATHS: [(&str, Wanted); 4] = [
    ("/status", Wanted::Page),
    ("/status/status.css", Wanted::Style),
    ("/status/history.atom", Wanted::Feed),
    ("/status/badge.svg", Wanted::Badge),
];

/// Those below `/api/v2/`. Source: the API of every page of Atlassian Statuspage.
const DOCUMENTS: [(&str, Part); 8] = [
    ("summary.json", Part::Summary),
    ("status.json", Part::Status),
    ("components.json", Part::Components),
    ("incidents.json", Part::Incidents(Only::All)),
    ("incidents/unresolved.json", Part::Incidents(Only::Active)),
    ("scheduled-maintenances.json", Part::Maintenance(Only::All)),
    ("scheduled-maintenances/upcoming.json", Part::Maintenance(Only::Upcoming)),
    ("scheduled-maintenances/active.json", Part::Maintenance(Only::Active)),
];

/// What a path asks for, if it is one of these.
pub(super) fn wanted(path: &str) -> Option<Wanted> {
    if let Some((_, wanted)) = PATHS.iter().find(|(known, _)| *known == path) {
        return Some(*wanted);
    }
    let name = path.strip_prefix("/status").unwrap_or(path).strip_prefix("/api/v2/")?;
    DOCUMENTS.iter().find(|(known, _)| *known == name).map(|(_, part)| Wanted::Json(*part))
}

/// What the status page is made of.
#[derive(Debug, Clone)]
pub(in crate::app::serving) struct Status {
    /// To the hub.
    looks: mpsc::Sender<Look>,
    /// The file of the history; none where none is kept.
    history: Option<PathBuf>,
    kept: Arc<Mutex<Kept>>,
}

/// What was made last.
#[derive(Debug, Default)]
struct Kept {
    page: Option<(Instant, Arc<StatusPage>, Arc<str>)>,
    days: Option<(Instant, Days)>,
}

/// Those of each component.
type Days = Vec<(QueryKey, Vec<StatusTime>)>;

impl Status {
    /// From what the hub is asked, and where the history is, if one is kept.
    pub(in crate::app::serving) fn new(looks: mpsc::Sender<Look>, history: Option<PathBuf>) -> Self {
        Self { looks, history, kept: Arc::default() }
    }

    /// The type and the text of a part; `url` is the address by which the board was asked.
    pub(super) async fn give(&self, wanted: Wanted, url: &str) -> Result<(&'static str, String), Refusal> {
        let (page, text) = self.page().await?;
        Ok(match wanted {
            Wanted::Page => (html::CONTENT_TYPE, text.to_string()),
            Wanted::Style => ("text/css; charset=utf-8", html::STYLE.to_owned()),
            Wanted::Feed => (feed::CONTENT_TYPE, feed::draw(&page, url)),
            Wanted::Badge => (badge::CONTENT_TYPE, badge::draw(page.overall)),
            Wanted::Json(part) => (json::CONTENT_TYPE, json::draw(&page, part, url)),
        })
    }

    /// What is shown at the moment, and how. Who comes while it is made waits for it.
    async fn page(&self) -> Result<(Arc<StatusPage>, Arc<str>), Refusal> {
        let mut kept = self.kept.lock().await;
        if let Some((at, page, text)) = kept.page.as_ref().filter(|(at, ..)| at.elapsed() < SHOWN_FOR) {
            tracing::trace!(age = ?at.elapsed(), "the status page once more");
            return Ok((Arc::clone(page), Arc::clone(text)));
        }
        let page = Arc::new(self.look().await?);
        if kept.days.as_ref().is_none_or(|(at, _)| at.elapsed() >= KNOWN_FOR) {
            kept.days = self.read(&page).await.map(|days| (Instant::now(), days));
        }
        let days = kept.days.as_ref().map(|(_, known)| {
            let of = |key: &QueryKey| known.iter().find(|(one, _)| one == key).map(|(_, days)| days.clone());
            page.components.iter().map(|one| of(&one.key).unwrap_or_default()).collect::<Vec<_>>()
        });
        let text: Arc<str> = html::draw(&page, days.as_deref()).into();
        kept.page = Some((Instant::now(), Arc::clone(&page), Arc::clone(&text)));
        Ok((page, text))
    }

    /// Has the hub look. Which dashboard it is follows a change of the board's file.
    async fn look(&self) -> Result<StatusPage, Refusal> {
        let (sender, answer) = oneshot::channel();
        let look = Look::new(sender, |verdicts, scene, _, board| {
            let dashboard = board.web.as_ref().and_then(|web| web.status.as_deref())?;
            StatusPage::of(verdicts, dashboard, &scene.title, scene.now)
        });
        let asking = async {
            self.looks.send(look).await.ok()?;
            answer.await.ok()
        };
        match timeout(PATIENCE, asking).await {
            Ok(Some(Some(page))) => Ok(page),
            Ok(Some(None)) => Err(refusal(StatusCode::NOT_FOUND, "this board has no status page")),
            Ok(None) | Err(_) => Err(refusal(StatusCode::SERVICE_UNAVAILABLE, "the board does not answer")),
        }
    }

    /// The days of each component, from the disk; none where nothing is known of them.
    async fn read(&self, page: &Arc<StatusPage>) -> Option<Days> {
        let (path, page) = (self.history.clone()?, Arc::clone(page));
        let read = spawn_blocking(move || days(&path, &page)).await.ok()?;
        read.inspect_err(|why| tracing::warn!("the status page has no past: {why}")).ok()
    }
}

/// How long each component was how, day by day, up to now.
fn days(path: &Path, page: &StatusPage) -> Result<Days, String> {
    let reader = Reader::open(path)?;
    let to = page.at;
    let from = begin(to.minus(TOLD_FOR), DAY).plus(DAY);
    let of = |key: &QueryKey| {
        let buckets = reader.series(key, (from, to), DAY, to)?;
        let buckets: Vec<_> = buckets.into_iter().flat_map(|(_, buckets)| buckets).collect();
        Ok((key.clone(), times(&buckets, (from, to), DAY)))
    };
    page.components.iter().map(|one| of(&one.key)).collect()
}

/// The address by which the board was asked.
pub(super) fn url(host: &str, is_https: bool) -> String {
    format!("{}://{host}", if is_https { "https" } else { "http" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_find_the_page_at_the_root_and_below_it() {
        for path in ["/api/v2/summary.json", "/status/api/v2/summary.json"] {
            assert_eq!(wanted(path), Some(Wanted::Json(Part::Summary)));
        }
        assert_eq!(wanted("/status"), Some(Wanted::Page));
        for path in [
            "/status/",
            "/status/page",
            "/api/v2/",
            "/api/v2/../status.json",
            "/statusapi/v2/status.json",
            "/api/v1/status",
        ] {
            assert_eq!(wanted(path), None, "{path}");
        }
    }
}
