//! Who sees what: what is cut for an audience, and what it says then.

use std::sync::Arc;

use andon::hub::Hub;
use andon::model::build::{Build, BuildResult, Run};
use andon::model::event::{Event, EventKind};
use andon::model::fault::{FetchError, Reason};
use andon::model::labels::Labels;
use andon::model::poll::{Outcome, QueryId};
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::status::Status;
use andon::model::table::{Cell, Table};
use andon::model::telemetry::Telemetry;
use andon::model::text::SafeText;
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

/// A board that has a panel for every kind of telemetry, all of it for the public.
fn everything(views: &[&str]) -> String {
    let mut text = "[[audience]]\nname = \"public\"\ndashboards = \"*\"\n[[dashboards]]\nname = \"d\"\n".to_owned();
    for (index, view) in views.iter().enumerate() {
        text.push_str(&format!(
            "[[dashboards.panels]]\nid = \"p{index}\"\ntitle = \"Panel {index}\"\nview = \"{view}\"\nsource = \"s{index}\"\n\
             link = \"https://canary-link.example.com/\"\n"
        ));
    }
    for index in 0..views.len() {
        text.push_str(&format!("[sources.s{index}]\ntype = \"command\"\ncommand = [\"true\", \"{index}\"]\n"));
    }
    text
}

fn canary(field: &str) -> SafeText {
    SafeText::new(&format!("canary-{field}"))
}

/// Telemetry of every kind with a canary in each of its fields, and the view that shows it.
fn canaries() -> Vec<(&'static str, Telemetry)> {
    let point = Point { at: NOW, value: 4.0 };
    let series = |name: &str| Series {
        labels: Labels::new([("instance".to_owned(), format!("canary-{name}"))].into()),
        points: vec![point],
    };
    let run = Run { author: Some(canary("run-author")), url: Some(canary("run-url")), ..Run::default() };
    let build = Build {
        name: canary("build"),
        group: canary("group"),
        result: BuildResult::Failure,
        raw: canary("raw"),
        label: canary("build-label"),
        branch: canary("branch"),
        commit: canary("commit"),
        author: Some(canary("author")),
        url: Some(canary("url")),
        finished_at: Some(NOW.minus(Span::seconds(60))),
        history: vec![run],
        ..Build::default()
    };
    let event = Event {
        at: NOW.minus(Span::seconds(60)),
        kind: EventKind::Deploy,
        title: canary("title"),
        service: canary("service"),
        environment: canary("environment"),
        version: canary("version"),
        remark: canary("remark"),
        who: Some(canary("who")),
        url: Some(canary("event-url")),
        ..Event::default()
    };
    let table = Table {
        columns: vec![canary("column"), "n".into()],
        rows: vec![vec![Cell::Text(canary("cell")), Cell::Number(4.0)]],
        ..Table::default()
    };
    vec![
        ("chart", Telemetry::Series(SeriesSet::new(vec![series("one"), series("two")], Coverage::Sample))),
        ("bars", Telemetry::Series(SeriesSet::new(vec![series("three"), series("four")], Coverage::Sample))),
        ("stat", Telemetry::Series(SeriesSet::new(vec![series("five")], Coverage::Sample))),
        ("builds", Telemetry::Builds(vec![build.clone()])),
        ("stages", Telemetry::Builds(vec![build])),
        ("events", Telemetry::Events(vec![event])),
        ("table", Telemetry::Table(table)),
        ("text", Telemetry::Text(vec![canary("text")])),
    ]
}

#[test]
fn the_public_sees_values_and_statuses_and_nothing_that_somebody_has_written() {
    let planted = canaries();
    let views: Vec<&str> = planted.iter().map(|(view, _)| *view).chain(["stat"]).collect();
    let mut hub = Hub::new(Arc::new(board(&everything(&views))), Zone::utc(), Clock::Wall);
    for (index, (_, telemetry)) in planted.into_iter().enumerate() {
        hub.apply(Outcome { answer: Ok(telemetry), at: NOW, ..failed(QueryId(index), 0) });
    }
    let error = FetchError::new(Reason::Refused, "canary-error at db.example.com");
    let last = QueryId(views.len() - 1);
    for failures in 1..=3 {
        hub.apply(Outcome { answer: Err(error.clone()), ..failed(last, failures) });
    }
    let cuts = hub.seen_at(NOW).cuts;
    let [team, public] = [0, 1].map(|index| serde_json::to_string(&**cuts[index].scene()).unwrap());
    for field in ["one", "three", "build", "title", "column", "cell", "text", "error", "link"] {
        assert!(team.contains(&format!("canary-{field}")), "{field} is not planted");
    }
    let found = public.find("canary").map(|at| &public[at.saturating_sub(200)..(at + 40).min(public.len())]);
    assert_eq!(found, None);
    assert!(!public.contains("example.com"));
    let scene = cuts[1].scene();
    let panels = &scene.pages[0].panels;
    assert_eq!(panels[2].value, Some(4.0), "a number is a number");
    assert_eq!(panels[3].status, Status::Critical, "a red build is red");
    assert_eq!(panels[8].reason, "no data", "an error is no more than that");
    assert!(scene.sources.is_empty() && scene.last_change.is_none());
}

#[test]
fn what_happened_elsewhere_is_not_seen_unless_it_is_of_a_service_that_is() {
    let panel = |dashboard: &str, view: &str, source: &str, more: &str| {
        format!(
            "[[dashboards]]\nname = \"{dashboard}\"\n[[dashboards.panels]]\nid = \"{dashboard}-p\"\nview = \"{view}\"\n\
             source = \"{source}\"\n{more}[sources.{source}]\ntype = \"command\"\ncommand = [\"true\", \"{source}\"]\n"
        )
    };
    let text = [
        "[[audience]]\nname = \"sales\"\ndetail = \"full\"\ndashboards = \"shop\"\n".to_owned(),
        panel("shop", "chart", "a", "service = \"checkout\"\nwindow = \"1h\"\n"),
        panel("vault", "events", "b", ""),
    ]
    .concat();
    let mut hub = Hub::new(Arc::new(board(&text)), Zone::utc(), Clock::Wall);
    let deploy = |service: &str| Event {
        at: NOW.minus(Span::seconds(600)),
        kind: EventKind::Deploy,
        title: SafeText::new(&format!("canary-{service}")),
        service: service.into(),
        ..Event::default()
    };
    let points = vec![Point { at: NOW.minus(Span::seconds(3000)), value: 4.0 }, Point { at: NOW, value: 5.0 }];
    let series = SeriesSet::new(vec![Series::named("", points)], Coverage::Whole);
    for (query, telemetry) in
        [(0, Telemetry::Series(series)), (1, Telemetry::Events(vec![deploy("checkout"), deploy("vault")]))]
    {
        hub.apply(Outcome { answer: Ok(telemetry), at: NOW, ..failed(QueryId(query), 0) });
    }
    let cuts = hub.seen_at(NOW).cuts;
    let [team, sales] = [0, 1].map(|index| serde_json::to_string(&**cuts[index].scene()).unwrap());
    assert!(team.contains("canary-checkout") && team.contains("canary-vault"));
    assert!(sales.contains("canary-checkout"), "a deploy of its service is drawn on its graph");
    assert!(!sales.contains("canary-vault"));
}
