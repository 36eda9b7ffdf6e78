//! What is answered: what the hub copies at one moment, and the text that is made of it elsewhere.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::request::{Range, Refusal, Wanted};
use crate::app::asked::queries;
use crate::config::Board;
use crate::eval::judging::Verdicts;
use crate::export::table::{self, Exported, exported};
use crate::model::event::Event;
use crate::model::time::{Span, Timestamp};
use crate::output::{document, openmetrics};
use crate::store::Store;
use crate::view::scene::Scene;

pub(super) const JSON: &str = "application/json";

/// Scenes come every second: after this long without one the hub does not live.
const SILENCE: Span = Span::seconds(5);

/// The type of an answer, and its text.
pub(super) type Said = Result<(&'static str, String), Refusal>;

/// What the hub has copied.
pub(super) enum Seen {
    Metrics(String),
    Status(Value),
    Series(Vec<Exported>),
    Events(Vec<Event>),
}

/// The hub does not answer.
pub(super) fn silence() -> Refusal {
    Refusal { status: StatusCode::SERVICE_UNAVAILABLE, why: "the board does not answer".to_owned() }
}

/// Whether the board is alive, by its last scene. One of a time to come was made before the clock was set back.
pub(super) fn health(last: Timestamp, now: Timestamp) -> Said {
    if last.age_at(now).max(last.age_before(now)) > SILENCE {
        return Err(silence());
    }
    Ok((JSON, json!({ "alive": true, "at": last.rfc3339() }).to_string() + "\n"))
}

/// Copies what is asked for; this runs on the thread of the hub.
pub(super) fn seen(
    wanted: &Wanted,
    verdicts: &Verdicts<'_>,
    scene: &Scene,
    store: &Store,
    board: &Board,
) -> Result<Seen, Refusal> {
    Ok(match wanted {
        Wanted::Metrics => Seen::Metrics(openmetrics::text(verdicts, scene)),
        Wanted::Status => Seen::Status(document::status(verdicts, scene)),
        Wanted::Series { name, range } => Seen::Series(series(name, *range, store, board)?),
        Wanted::Events { range: (from, to) } => {
            let range = (from.unwrap_or(Timestamp(0)), to.unwrap_or(scene.now));
            Seen::Events(verdicts.events.during(range).cloned().collect())
        }
    })
}

/// What is known of a panel or a source, within the window of the board.
fn series(name: &str, range: Range, store: &Store, board: &Board) -> Result<Vec<Exported>, Refusal> {
    let queries = queries(board, name).map_err(|why| Refusal { status: StatusCode::NOT_FOUND, why })?;
    let entries = queries.iter().filter_map(|query| store.entry(query.id));
    Ok(entries.flat_map(|entry| exported(name, entry, range)).collect())
}

/// The type and the text of it.
pub(super) fn text(seen: Seen) -> (&'static str, String) {
    match seen {
        Seen::Metrics(text) => (openmetrics::CONTENT_TYPE, text),
        Seen::Status(status) => (JSON, format!("{status:#}\n")),
        Seen::Series(all) => (JSON, table::json(&all)),
        Seen::Events(all) => (JSON, format!("{:#}\n", all.iter().map(event).collect::<Value>())),
    }
}

fn event(event: &Event) -> Value {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_board_is_alive_while_scenes_come() {
        let now = Timestamp(1_795_996_800_000);
        for (seconds, is_alive) in [(0, true), (-2, true), (-5, true), (-6, false), (1, true), (3600, false)] {
            let answer = health(now.plus(Span::seconds(seconds)), now);
            assert_eq!(answer.is_ok(), is_alive, "a scene of {seconds} s: {answer:?}");
            let code = answer.map_err(|refusal| refusal.status.as_u16()).err();
            assert!(is_alive || code == Some(503));
        }
    }
}
