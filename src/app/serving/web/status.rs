//! The status page for customers: what is asked for, and what it is made of.
//!
//! ```text
//! /status  /status/status.css   the page
//! /status/history.atom          incidents and maintenance as a feed
//! /status/badge.svg             how all is, as a picture
//! /api/v2/summary.json ...      the same for programs; also below /status
//! ```

mod former_days;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::refusal::{Refusal, refusal};
use crate::eval::status_page::StatusPage;
use crate::hub::looking::Look;
use crate::model::time::{Timestamp, now};
use crate::output::status_page::json::{Only, Part};
use crate::output::status_page::{Place, badge, feed, html, json};
use former_days::FormerDays;

/// How long the hub may take to answer: it looks ten times a second.
const PATIENCE: Duration = Duration::from_secs(2);
/// A page is shown to whoever asks for so long; a crowd costs the hub no more than one.
const SHOWN_FOR: Duration = Duration::from_secs(1);

/// A part of the status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatusPart {
    Page,
    Style,
    Feed,
    Badge,
    Json(Part),
}

const PATHS: [(&str, StatusPart); 5] = [
    ("/status", StatusPart::Page),
    ("/status/", StatusPart::Page),
    ("/status/status.css", StatusPart::Style),
    ("/status/history.atom", StatusPart::Feed),
    ("/status/badge.svg", StatusPart::Badge),
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
pub(super) fn wanted(path: &str) -> Option<StatusPart> {
    if let Some((_, wanted)) = PATHS.iter().find(|(known, _)| *known == path) {
        return Some(*wanted);
    }
    let name = path.strip_prefix("/status").unwrap_or(path).strip_prefix("/api/v2/")?;
    DOCUMENTS.iter().find(|(known, _)| *known == name).map(|(_, part)| StatusPart::Json(*part))
}

/// What the status page is made of.
#[derive(Debug, Clone)]
pub(in crate::app::serving) struct Status {
    /// To the hub.
    looks: mpsc::Sender<Look>,
    former: FormerDays,
    begun: Timestamp,
    kept: Arc<Mutex<Option<(Instant, Shown)>>>,
}

/// What was made last, or why nothing was.
type Shown = Result<Arc<StatusPage>, Refusal>;

impl Status {
    pub(in crate::app::serving) fn new(looks: mpsc::Sender<Look>, history: Option<PathBuf>) -> Self {
        Self { looks, former: FormerDays::new(history), begun: now(), kept: Arc::default() }
    }

    /// The type and the text of a part; `url` is the address by which the board was asked.
    pub(super) async fn give(&self, wanted: StatusPart, url: &str) -> Result<(&'static str, String), Refusal> {
        if wanted == StatusPart::Style {
            return Ok(("text/css; charset=utf-8", html::STYLE.to_owned()));
        }
        let page = self.page().await?;
        let place = Place { url, begun: self.begun };
        Ok(match wanted {
            StatusPart::Page | StatusPart::Style => {
                let past = self.former.of(&page).await;
                (html::CONTENT_TYPE, html::draw(&page, past.shown()))
            }
            StatusPart::Feed => (feed::CONTENT_TYPE, feed::draw(&page, place)),
            StatusPart::Badge => (badge::CONTENT_TYPE, badge::draw(page.overall)),
            StatusPart::Json(part) => (json::CONTENT_TYPE, json::draw(&page, part, place)),
        })
    }

    /// What is shown at the moment. Who comes while it is made waits for that, and has no look of their own.
    async fn page(&self) -> Shown {
        let mut kept = self.kept.lock().await;
        if let Some((_, shown)) = kept.as_ref().filter(|(at, _)| at.elapsed() < SHOWN_FOR) {
            return shown.clone();
        }
        let shown = self.look().await.map(Arc::new);
        *kept = Some((Instant::now(), shown.clone()));
        shown
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
}

/// The address of the board for who was asked by a name of it (`host`): that name, or its first one where it has names. A
/// proxy says whether it was asked over TLS.
pub(super) fn url(host: &str, hosts: &[String], is_https: bool) -> String {
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    match hosts.first() {
        Some(first) if !hosts.iter().any(|known| known.eq_ignore_ascii_case(name)) => format!("https://{first}"),
        _ => format!("{}://{host}", if is_https { "https" } else { "http" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_find_the_page_at_the_root_and_below_it() {
        for path in ["/api/v2/summary.json", "/status/api/v2/summary.json"] {
            assert_eq!(wanted(path), Some(StatusPart::Json(Part::Summary)));
        }
        assert_eq!((wanted("/status"), wanted("/status/")), (Some(StatusPart::Page), Some(StatusPart::Page)));
        for path in [
            "/status//",
            "/status/page",
            "/api/v2/",
            "/api/v2/../status.json",
            "/statusapi/v2/status.json",
            "/api/v1/status",
        ] {
            assert_eq!(wanted(path), None, "{path}");
        }
    }

    #[test]
    fn links_have_a_name_of_the_board() {
        let hosts = ["status.example.com".to_owned()];
        for (host, hosts, is_https, is) in [
            ("127.0.0.1:7669", &[][..], false, "http://127.0.0.1:7669"),
            ("127.0.0.1:7669", &hosts[..], false, "https://status.example.com"),
            ("Status.example.com", &hosts[..], true, "https://Status.example.com"),
            ("status.example.com:8080", &hosts[..], false, "http://status.example.com:8080"),
        ] {
            assert_eq!(url(host, hosts, is_https), is);
        }
    }
}
