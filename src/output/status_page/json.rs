//! The status page for programs, as those of Atlassian Statuspage answer them.
//!
//! Source: the API of every page of Atlassian Statuspage (`/api/v2/summary.json` and beside it). It has no word for what is not
//! known: such a component is `degraded_performance`, and its description says that there is no data, so that no program takes
//! it for healthy.

use serde_json::{Map, Value, json};

use super::{Place, announced, short};
use crate::eval::status_page::{Component, Happening, Overall, Stage, State, StatusPage};
use crate::model::time::Timestamp;

/// The type of all of them.
pub const CONTENT_TYPE: &str = "application/json";

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// How all is.
    Status,
    /// The components.
    Components,
    /// Incidents: all, or those that go on.
    Incidents(Only),
    /// Planned maintenance: all, what is to come, or what goes on.
    Maintenance(Only),
    /// Components, incidents and maintenance that are not over, and how all is.
    Summary,
}

/// Which of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// All.
    All,
    /// Those that have not begun.
    Upcoming,
    /// Those that go on.
    Active,
    /// Those that go on or have not begun.
    NotOver,
}

impl Only {
    fn has(self, stage: Stage) -> bool {
        match self {
            Self::All => true,
            Self::Upcoming => stage == Stage::Planned,
            Self::Active => stage == Stage::GoesOn,
            Self::NotOver => stage != Stage::Over,
        }
    }
}

/// A part of a page.
pub fn draw(page: &StatusPage, part: Part, place: Place<'_>) -> String {
    let documents = Documents { page, place };
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    put("page", documents.page());
    match part {
        Part::Status => put("status", status(page.overall)),
        Part::Components => put("components", documents.components()),
        Part::Incidents(only) => put("incidents", documents.incidents(only)),
        Part::Maintenance(only) => put("scheduled_maintenances", documents.maintenance(only)),
        Part::Summary => {
            put("status", status(page.overall));
            put("components", documents.components());
            put("incidents", documents.incidents(Only::Active));
            put("scheduled_maintenances", documents.maintenance(Only::NotOver));
        }
    }
    format!("{:#}\n", Value::Object(all))
}

fn status(overall: Overall) -> Value {
    let indicator = match overall {
        Overall::Operational => "none",
        Overall::Maintenance => "maintenance",
        Overall::Unknown | Overall::Degraded | Overall::Incident => "minor",
        Overall::PartialOutage => "major",
        Overall::MajorOutage => "critical",
    };
    json!({ "indicator": indicator, "description": overall.sentence() })
}

/// What documents are made of.
struct Documents<'a> {
    page: &'a StatusPage,
    place: Place<'a>,
}

impl Documents<'_> {
    fn page(&self) -> Value {
        let (id, name, at) = (short(&self.page.id), &self.page.title, self.page.at.rfc3339());
        json!({ "id": id, "name": name, "url": self.place.url, "time_zone": "Etc/UTC", "updated_at": at })
    }

    fn components(&self) -> Value {
        self.page.components.iter().enumerate().map(|(index, one)| self.component(index, one)).collect()
    }

    fn incidents(&self, only: Only) -> Value {
        self.page.incidents.iter().filter(|one| only.has(one.stage)).map(|one| self.incident(one)).collect()
    }

    fn maintenance(&self, only: Only) -> Value {
        self.page.maintenance.iter().filter(|one| only.has(one.stage)).map(|one| self.planned(one)).collect()
    }

    fn component(&self, index: usize, one: &Component) -> Value {
        let (status, description) = match one.state {
            State::Operational => ("operational", None),
            State::Maintenance => ("under_maintenance", None),
            State::Unknown => ("degraded_performance", Some("no data: how it is is not known")),
            State::Degraded => ("degraded_performance", None),
            State::Outage => ("major_outage", None),
        };
        let begun = self.place.begun;
        json!({
            "id": short(&one.id),
            "name": one.name,
            "status": status,
            "description": description,
            "position": index + 1,
            "created_at": begun.rfc3339(),
            "updated_at": one.since.unwrap_or(begun).rfc3339(),
            "showcase": true,
            "start_date": null,
            "group": false,
            "group_id": null,
            "only_show_if_degraded": false,
            "page_id": short(&self.page.id),
        })
    }

    fn incident(&self, one: &Happening) -> Value {
        let ended = (one.stage == Stage::Over).then(|| one.until.unwrap_or(one.at));
        let status = if ended.is_some() { "resolved" } else { "investigating" };
        let resolved = ended.map(|at| (status, at, "It is over."));
        let updates: Vec<(&str, Timestamp, &str)> =
            resolved.into_iter().chain([("investigating", one.at, one.title.as_str())]).collect();
        let mut all = self.happening(one, (status, "minor"), &updates);
        all.insert("resolved_at".to_owned(), json!(ended.map(Timestamp::rfc3339)));
        Value::Object(all)
    }

    fn planned(&self, one: &Happening) -> Value {
        let (status, ended) = match one.stage {
            Stage::Planned => ("scheduled", None),
            Stage::GoesOn => ("in_progress", None),
            Stage::Over => ("completed", Some(one.until.unwrap_or(one.at))),
        };
        let at = ended.unwrap_or_else(|| if status == "scheduled" { announced(one) } else { one.at });
        let mut all = self.happening(one, (status, "maintenance"), &[(status, at, one.title.as_str())]);
        all.insert("resolved_at".to_owned(), json!(ended.map(Timestamp::rfc3339)));
        all.insert("scheduled_for".to_owned(), json!(one.at.rfc3339()));
        all.insert("scheduled_until".to_owned(), json!(one.until.map(Timestamp::rfc3339)));
        Value::Object(all)
    }

    /// What incidents and maintenance have in common. `updates` are status, moment and words, the newest first.
    fn happening(
        &self,
        one: &Happening,
        (status, impact): (&str, &str),
        updates: &[(&str, Timestamp, &str)],
    ) -> Map<String, Value> {
        let id = short(&one.id);
        let (first, last) =
            (updates.last().map(|(_, at, _)| at.rfc3339()), updates.first().map(|(_, at, _)| at.rfc3339()));
        let of_it = one.components.iter().filter_map(|index| Some((*index, self.page.components.get(*index)?)));
        let fields = [
            ("id", json!(id)),
            ("name", json!(one.title)),
            ("status", json!(status)),
            ("impact", json!(impact)),
            ("created_at", json!(first)),
            ("started_at", json!(one.at.rfc3339())),
            ("updated_at", json!(last)),
            ("monitoring_at", Value::Null),
            ("shortlink", json!(format!("{}/status#{id}", self.place.url))),
            ("page_id", json!(short(&self.page.id))),
            ("incident_updates", updates.iter().map(|update| of_update(id, *update)).collect()),
            ("components", of_it.map(|(index, component)| self.component(index, component)).collect()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn of_update(incident: &str, (status, at, body): (&str, Timestamp, &str)) -> Value {
    let at = at.rfc3339();
    json!({
        "id": format!("{incident}-{status}"),
        "incident_id": incident,
        "status": status,
        "body": body,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": null,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{PLACE, page};
    use super::*;

    #[test]
    fn a_program_reads_nothing_as_healthy_of_which_nothing_is_known() {
        let read = |part| -> Value { serde_json::from_str(&draw(&page(), part, PLACE)).unwrap() };
        let summary = read(Part::Summary);
        let statuses: Vec<&str> =
            summary["components"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
        let words =
            ["operational", "major_outage", "degraded_performance", "under_maintenance", "degraded_performance"];
        assert_eq!(statuses, words);
        assert!(summary["components"][2]["description"].as_str().unwrap().contains("no data"));
        assert_eq!(summary["status"], json!({ "indicator": "major", "description": "Some systems are down" }));
        assert_eq!(summary["incidents"][0]["status"], "investigating");
        let count = |part, name: &str| read(part)[name].as_array().unwrap().len();
        assert_eq!(count(Part::Incidents(Only::All), "incidents"), 2);
        assert_eq!(count(Part::Incidents(Only::Active), "incidents"), 1);
        assert_eq!(count(Part::Maintenance(Only::Upcoming), "scheduled_maintenances"), 2);
        assert_eq!(count(Part::Maintenance(Only::Active), "scheduled_maintenances"), 0);
        assert_eq!(read(Part::Maintenance(Only::All))["scheduled_maintenances"][2]["status"], "completed");
        assert_eq!(summary["scheduled_maintenances"].as_array().unwrap().len(), 2, "what is over is no news");
        assert_eq!(summary["scheduled_maintenances"][0]["components"][0]["name"], "Mail");
        let all = read(Part::Incidents(Only::All));
        assert_eq!(all["incidents"][1]["incident_updates"][0]["status"], "resolved");
        assert_eq!(all["incidents"][0]["resolved_at"], Value::Null);
    }
}
