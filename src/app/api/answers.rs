//! What is answered, made of what the hub knows at one moment.

use hyper::StatusCode;
use serde_json::json;

use super::request::{Asked, Refusal};
use crate::app::asked::queries;
use crate::config::Board;
use crate::eval::judging::Verdicts;
use crate::export::table::{self, exported};
use crate::model::event::EventKind;
use crate::model::time::Timestamp;
use crate::output::{document, openmetrics};
use crate::store::Store;
use crate::view::scene::Scene;

const JSON: &str = "application/json";

/// The type of an answer, and its text.
pub(super) type Said = Result<(&'static str, String), Refusal>;

pub(super) fn to(asked: &Asked, verdicts: &Verdicts<'_>, scene: &Scene, store: &Store, board: &Board) -> Said {
    match asked {
        Asked::Health => Ok((JSON, json!({ "alive": true, "at": scene.now.rfc3339() }).to_string() + "\n")),
        Asked::Metrics => Ok((openmetrics::CONTENT_TYPE, openmetrics::text(verdicts, scene))),
        Asked::Status => Ok((JSON, format!("{:#}\n", document::status(verdicts, scene)))),
        Asked::Series { name, from, to } => series(name, (*from, *to), store, board),
        Asked::Events { from, to } => Ok((JSON, events(verdicts, scene, (*from, *to)))),
    }
}

/// What is known of a panel or a source, within the window of the board.
fn series(name: &str, range: (Option<Timestamp>, Option<Timestamp>), store: &Store, board: &Board) -> Said {
    let queries = queries(board, name).map_err(|why| Refusal { status: StatusCode::NOT_FOUND, why })?;
    let is_within = |at: Timestamp| range.0.is_none_or(|from| at >= from) && range.1.is_none_or(|to| at <= to);
    let entries = queries.iter().filter_map(|query| store.entry(query.id));
    let mut all: Vec<_> = entries.flat_map(|entry| exported(name, entry)).collect();
    for one in &mut all {
        one.rows.retain(|row| is_within(row.at));
    }
    Ok((JSON, table::json(&all)))
}

fn events(verdicts: &Verdicts<'_>, scene: &Scene, (from, to): (Option<Timestamp>, Option<Timestamp>)) -> String {
    let range = (from.unwrap_or(Timestamp(0)), to.unwrap_or(scene.now));
    let all = verdicts.events.over(range, &EventKind::ALL, None, None);
    let event = |event: &&crate::model::event::Event| {
        json!({
            "at": event.at.rfc3339(),
            "until": event.until.map(Timestamp::rfc3339),
            "kind": event.kind,
            "title": event.title,
            "service": event.service,
            "environment": event.environment,
            "version": event.version,
            "status": event.status(),
            "state": event.state_word(),
        })
    };
    format!("{:#}\n", json!(all.iter().map(event).collect::<Vec<_>>()))
}
