//! Who sees what: what is cut for an audience, and what it says then.

use std::sync::Arc;

use andon::hub::Hub;
use andon::model::fault::Reason;
use andon::model::poll::{Outcome, QueryId};
use andon::model::status::Status;
use andon::model::time::{Span, Timestamp, Zone};
use andon::source::Clock;
use andon::view::scene::Scene;

use crate::support::running::board;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// Two dashboards of two sources, and an audience that sees the first of them.
const BOARD: &str = r#"
[sources.shop]
type = "prometheus"
url = "http://127.0.0.1:1"
[sources.vault]
type = "prometheus"
url = "http://127.0.0.1:2"
[[dashboards]]
name = "shop"
[[dashboards.panels]]
id = "orders"
layer = "business"
view = "stat"
source = "shop"
query = "orders"
[[dashboards]]
name = "vault"
[[dashboards.panels]]
id = "secrets"
layer = "infrastructure"
view = "stat"
source = "vault"
query = "secrets"
[[audience]]
name = "sales"
dashboards = "shop"
detail = "full"
"#;

/// A poll that was refused a minute ago.
fn failed(query: QueryId, failures: u32) -> Outcome {
    Outcome {
        query,
        at: NOW.minus(Span::seconds(60)),
        answer: Err(Reason::Refused.into()),
        failures,
        next_try: NOW,
        listener_error: None,
        budget: None,
        age: Span(0),
        clock_skew: None,
    }
}

/// What the whole team and the other audience see of it, once both sources have failed.
fn seen() -> (Arc<Scene>, Arc<Scene>) {
    let mut hub = Hub::new(Arc::new(board(BOARD)), Zone::utc(), Clock::Wall);
    for query in [QueryId(0), QueryId(1)] {
        for failures in 1..=3 {
            hub.apply(failed(query, failures));
        }
    }
    let cuts = hub.seen_at(NOW).cuts;
    let names: Vec<&str> = cuts.iter().map(|cut| cut.audience().name.as_str()).collect();
    assert_eq!(names, ["team", "sales"], "the team is there whether or not the board names it");
    (Arc::clone(cuts[0].scene()), Arc::clone(cuts[1].scene()))
}

#[test]
fn an_audience_sees_its_dashboards_and_nothing_that_follows_from_others() {
    let (team, sales) = seen();
    assert_eq!((team.pages.len(), sales.pages.len()), (2, 1));
    assert_eq!(sales.pages[0].name, "shop");
    assert!(sales.overview.is_none(), "one dashboard needs no page of all");
    assert_eq!(sales.status, Status::Unknown);
    let text = serde_json::to_string(&*sales).unwrap();
    for hidden in ["vault", "secrets"] {
        assert!(serde_json::to_string(&*team).unwrap().contains(hidden));
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let lamps: usize = sales.layers.iter().map(|lamp| lamp.tally.total()).sum();
    assert_eq!(lamps, 1, "its lamps count what it sees");
}
