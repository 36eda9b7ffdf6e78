//! The status document of a site as a table: a row a panel, each with the status that it has there.

use std::collections::HashMap;

use serde::Deserialize;

use super::clock::SiteClock;
use crate::model::fault::{FetchError, Reason};
use crate::model::status::Status;
use crate::model::table::{Cell, OwnStatus, Table};
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::{Span, Timestamp};

const COLUMNS: [&str; 7] = ["panel", "value", "status", "for", "age", "dashboard", "reason"];
/// Widest list of names in an error.
const LONGEST: usize = 160;

/// `/api/v1/status`
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    at: String,
    dashboards: Vec<Dashboard>,
}

#[derive(Debug, Deserialize)]
struct Dashboard {
    name: String,
    panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
struct Panel {
    id: String,
    title: String,
    status: String,
    judged: bool,
    freshness: String,
    #[serde(default)]
    text: String,
    age_seconds: Option<f64>,
    since: Option<String>,
    reason: Option<String>,
}

/// By which clocks a document is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    /// The moment of the document by the site's clock.
    pub at: Timestamp,
    /// The same by ours.
    pub ours: Timestamp,
    /// What the site's moments are.
    pub clock: &'a SiteClock,
}

impl Document {
    /// The moment that it is of, by the site's clock.
    pub(super) fn at(&self) -> Result<Timestamp, FetchError> {
        Timestamp::of_rfc3339(Some(&self.at)).ok_or_else(|| {
            let is = ellipsis(SafeText::new(&self.at).as_str(), 40);
            FetchError::new(
                Reason::Parse,
                format!("/api/v1/status: at = \"{is}\" is no moment, so its age is not known"),
            )
        })
    }

    /// The panels that are asked for: all, those of a dashboard, or one.
    pub(super) fn table(&self, which: &str, read: Read<'_>) -> Result<Table, FetchError> {
        let all = || self.dashboards.iter().flat_map(|page| page.panels.iter().map(move |panel| (page, panel)));
        let is_asked = |(page, panel): &(&Dashboard, &Panel)| {
            let rest = which.strip_prefix(page.name.as_str());
            which.is_empty() || rest == Some("") || rest.and_then(|rest| rest.strip_prefix('/')) == Some(&panel.id)
        };
        let picked: Vec<(&Dashboard, &Panel)> = all().filter(is_asked).collect();
        if picked.is_empty() {
            return Err(self.none(which));
        }
        let row = |((page, panel), name): (&(&Dashboard, &Panel), SafeText)| panel.row(page, name, read);
        Ok(Table {
            columns: COLUMNS.map(SafeText::from).to_vec(),
            rows: picked.iter().zip(names(&picked)).map(row).collect(),
            own: picked.iter().map(|(_, panel)| panel.own(read)).collect(),
        })
    }

    /// There is nothing of what is asked for.
    fn none(&self, which: &str) -> FetchError {
        let list = |names: Vec<&str>| ellipsis(SafeText::new(&names.join(", ")).as_str(), LONGEST);
        let page = self.dashboards.iter().find(|page| {
            which == page.name || which.strip_prefix(page.name.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
        let why = match page {
            Some(page) if page.panels.is_empty() => {
                format!("the site's dashboard '{}' has no panel with data", page.name)
            }
            Some(page) => {
                let there = list(page.panels.iter().map(|panel| panel.id.as_str()).collect());
                format!("the site has no panel '{which}'; its dashboard '{}' has {there}", page.name)
            }
            None if which.is_empty() => "the site has no panel with data".to_owned(),
            None => {
                let there = list(self.dashboards.iter().map(|page| page.name.as_str()).collect());
                format!("the site has no dashboard '{which}'; it has {there}")
            }
        };
        FetchError::new(Reason::NoMatch, why)
    }
}

impl Panel {
    fn row(&self, page: &Dashboard, name: SafeText, read: Read<'_>) -> Vec<Cell> {
        let own = self.own(read);
        let word = match own.status {
            None => "no limits",
            Some(Status::Ok) if own.is_late => "late",
            Some(status) => status.word(),
        };
        let lasts = self.since().map(|since| since.age_at(read.at).brief()).unwrap_or_default();
        let age = self.age().map(Span::brief).unwrap_or_default();
        let cells = [SafeText::new(&self.text), word.into(), lasts.into(), age.into(), SafeText::new(&page.name)];
        std::iter::once(name).chain(cells).chain([own.reason]).map(Cell::Text).collect()
    }

    /// How it is there. What is too old there, or has never come, is unknown here whatever else is said of it.
    fn own(&self, read: Read<'_>) -> OwnStatus {
        let told = match self.status.as_str() {
            "ok" => Status::Ok,
            "warning" => Status::Warning,
            "critical" => Status::Critical,
            _ => Status::Unknown,
        };
        let is_late = self.freshness == "late";
        let status = match self.freshness.as_str() {
            "fresh" | "late" if !self.judged && told == Status::Ok => None,
            "fresh" | "late" => Some(told),
            _ => Some(Status::Unknown),
        };
        OwnStatus {
            status,
            is_late,
            as_of: self.age().map(|age| read.ours.minus(age)),
            since: self.since().map(|since| read.clock.ours(since)).filter(|_| status == Some(told)),
            reason: SafeText::new(without_countdown(self.reason.as_deref().unwrap_or_default())),
        }
    }

    fn since(&self) -> Option<Timestamp> {
        Timestamp::of_rfc3339(self.since.as_deref())
    }

    /// How old its oldest datum was when the document was made.
    fn age(&self) -> Option<Span> {
        let seconds = self.age_seconds.filter(|seconds| seconds.is_finite())?;
        // Cast only what is of moderate size.
        Some(Span((seconds.clamp(0.0, 1e12) * 1000.0) as i64))
    }
}

/// A reason without how often it was tried and when it is tried again: that would change at every look.
fn without_countdown(reason: &str) -> &str {
    let end = [", next try in ", ", trying"].iter().filter_map(|word| reason.rfind(word)).max();
    let rest = end.and_then(|end| reason.get(..end)).unwrap_or(reason);
    let tries = rest.strip_suffix(" tries").and_then(|rest| rest.rsplit_once(", "));
    tries.filter(|(_, count)| count.bytes().all(|byte| byte.is_ascii_digit())).map_or(rest, |(rest, _)| rest)
}

/// What panels are called: each by the shortest of title, `DASHBOARD/TITLE` and `DASHBOARD/ID` that no other one has.
fn names(panels: &[(&Dashboard, &Panel)]) -> Vec<SafeText> {
    type Form = fn(&Dashboard, &Panel) -> String;
    let forms: [Form; 3] = [
        |_, panel| panel.title.clone(),
        |page, panel| format!("{}/{}", page.name, panel.title),
        |page, panel| format!("{}/{}", page.name, panel.id),
    ];
    let drawn =
        forms.map(|form| panels.iter().map(|(page, panel)| SafeText::from(form(page, panel))).collect::<Vec<_>>());
    let counts = drawn.each_ref().map(|names| {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in names {
            *counts.entry(name.as_str()).or_default() += 1;
        }
        counts
    });
    let alone = |index: usize| {
        let each = drawn.iter().zip(&counts).filter_map(|(names, counts)| Some((names.get(index)?, counts)));
        each.filter(|(name, counts)| !name.is_empty() && counts.get(name.as_str()) == Some(&1))
            .map(|(name, _)| name)
            .next()
    };
    let numbered = |index: usize| SafeText::from(format!("panel {}", index + 1));
    (0..panels.len()).map(|index| alone(index).cloned().unwrap_or_else(|| numbered(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_countdown() {
        for (reason, kept) in [
            ("connection refused, 6 tries, trying", "connection refused"),
            ("HTTP 503, next try in 3 s", "HTTP 503"),
            ("5 ms > 3 ms since 20:54", "5 ms > 3 ms since 20:54"),
            ("two of three, five tries", "two of three, five tries"),
            ("", ""),
        ] {
            assert_eq!(without_countdown(reason), kept);
        }
    }
}
