//! Boards of boards: a source of type `andon` against recorded answers of an andon, and against a real one.
//!
//! The answers in `andon_source/` are those of one board: Orders is critical, Fine is ok, Free has no limits, the source
//! of Gone refuses, the newest value of Old is 39 minutes old.

use andon::model::event::{EventKind, EventState};
use andon::model::freshness::Freshness;
use andon::model::series::{Series, SeriesSet};
use andon::model::status::Status;
use andon::model::table::Table;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, now};
use andon::view::scene::PanelScene;
use serde_json::Value;

use crate::support::answers::events;
use crate::support::running::Running;
use crate::support::server::{Reply, Server};

mod faults;
mod live;

const STATUS: &str = include_str!("andon_source/status.json");
const SERIES: &str = include_str!("andon_source/series.json");
const EVENTS: &str = include_str!("andon_source/events.json");

fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::of_rfc3339(Some(text))
}

/// A recorded answer as it would be if the site had answered at a moment.
fn as_of(recorded: &str, at: Timestamp) -> Value {
    fn moved(value: Value, by: Span) -> Value {
        match value {
            Value::String(text) => moment(&text).map_or(Value::String(text), |at| at.plus(by).rfc3339().into()),
            Value::Array(all) => all.into_iter().map(|one| moved(one, by)).collect(),
            Value::Object(all) => all.into_iter().map(|(key, one)| (key, moved(one, by))).collect(),
            other => other,
        }
    }
    let status: Value = serde_json::from_str(STATUS).unwrap();
    let then = moment(status["at"].as_str().unwrap()).unwrap();
    moved(serde_json::from_str(recorded).unwrap(), Span(at.0 - then.0))
}

/// A site that answers with its status as it was recorded, changed by `change`.
fn site(at: Timestamp, change: impl Fn(&mut Value)) -> Server {
    let server = Server::start();
    let mut status = as_of(STATUS, at);
    change(&mut status);
    server.route("/api/v1/status", Reply::body("application/json", &status.to_string()));
    server.route("/api/v1/series", Reply::body("application/json", &as_of(SERIES, at).to_string()));
    server.route("/api/v1/events", Reply::body("application/json", &as_of(EVENTS, at).to_string()));
    server
}

/// A wall over sites, `panels` in TOML.
fn wall(sites: &[(&str, String)], panels: &str) -> String {
    let source = |(name, url): &(&str, String)| {
        format!("[sources.{name}]\nstale_after = \"5s\"\ntype = \"andon\"\nurl = \"{url}\"\n")
    };
    let sources: String = sites.iter().map(source).collect();
    format!("refresh = \"1s\"\n{sources}[[dashboards]]\nname = \"wall\"\n{panels}")
}

fn panel(id: &str, view: &str, query: &str) -> String {
    format!("[[dashboards.panels]]\nid = \"{id}\"\nview = \"{view}\"\nsource = \"berlin\"\nquery = \"{query}\"\n")
}

/// The wall over one site, each panel polled once.
async fn polled(site: &Server, panels: &[(&str, &str, &str)]) -> Running {
    let text: String = panels.iter().map(|(id, view, query)| panel(id, view, query)).collect();
    let mut running = Running::start(&wall(&[("berlin", site.url(""))], &text)).await;
    for (id, ..) in panels {
        running.outcome(id).await;
    }
    running
}

/// One panel of a wall, polled once.
async fn seen(site: &Server, view: &str, query: &str) -> PanelScene {
    polled(site, &[("p", view, query)]).await.panel("p")
}

async fn table(site: &Server, query: &str) -> Table {
    let mut running = Running::start(&wall(&[("berlin", site.url(""))], &panel("p", "table", query))).await;
    match running.outcome("p").await.answer {
        Ok(Telemetry::Table(table)) => table,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn panels_of_a_site_have_the_status_that_they_have_there() {
    let site = site(now(), |_| {});
    let table = table(&site, "").await;
    let row = |index: usize| (table.name_of(index).to_string(), table.own[index].status);
    let expected = [
        ("shop/Orders", Some(Status::Critical)),
        ("Fine", Some(Status::Ok)),
        ("Free", None),
        ("Gone", Some(Status::Unknown)),
        ("Old", Some(Status::Unknown)),
        ("ops/Orders", Some(Status::Unknown)),
    ];
    assert_eq!((0..table.rows.len()).map(row).collect::<Vec<_>>(), expected.map(|(name, is)| (name.to_owned(), is)));
    assert_eq!(table.own[3].reason.as_str(), "connection refused", "without a countdown");
    for view in ["lamps", "table"] {
        let panel = seen(&site, view, "").await;
        assert_eq!((panel.status, panel.is_judged), (Status::Critical, true), "{view}: {}", panel.reason);
        let words = "shop/Orders: 5 orders/min > 3 orders/min since before 00:03";
        assert_eq!(panel.blame, words, "{view}");
        assert!(panel.age > Some(Span::seconds(2300)), "{view}: as old as its oldest datum: {:?}", panel.age);
    }
    assert_eq!(seen(&site, "lamps", "").await.text, "1 critical, 3 unknown, 1 ok");
}

#[tokio::test]
async fn a_query_picks_a_dashboard_or_a_panel() {
    let site = site(now(), |_| {});
    let wanted = [("shop", "lamps"), ("ops", "lamps"), ("shop/fine", "stat"), ("shop/free", "lamps")];
    let mut found = Vec::new();
    for (query, view) in wanted {
        let panel = seen(&site, view, query).await;
        found.push((panel.status, panel.is_judged, panel.text));
    }
    let expected = [
        (Status::Critical, true, "1 critical, 1 ok"),
        (Status::Unknown, true, "3 unknown"),
        (Status::Ok, true, "5"),
        (Status::Ok, false, ""),
    ];
    assert_eq!(found, expected.map(|(status, judged, text)| (status, judged, text.to_owned())));
    for (query, why) in [
        ("shpo", "query failed: the site has no dashboard 'shpo'; it has shop, ops"),
        ("shop/x", "query failed: the site has no panel 'shop/x'; its dashboard 'shop' has orders, fine, free"),
    ] {
        let panel = seen(&site, "lamps", query).await;
        assert_eq!((panel.status, panel.freshness), (Status::Unknown, Freshness::Failed));
        assert!(panel.reason.starts_with(why), "{}", panel.reason);
    }
}

#[tokio::test]
async fn what_is_late_or_stale_or_strange_there_is_so_here() {
    let with = |key: &'static str, value: &'static str| {
        site(now(), move |status| status["dashboards"][0]["panels"][1][key] = value.into())
    };
    let late = seen(&with("freshness", "late"), "lamps", "shop/fine").await;
    assert_eq!((late.status, late.freshness), (Status::Ok, Freshness::Late), "as every source that has failed once");
    for (key, value) in [("freshness", "stale"), ("freshness", "waiting"), ("freshness", "x"), ("status", "x")] {
        let panel = seen(&with(key, value), "lamps", "shop/fine").await;
        assert_eq!((panel.status, panel.is_judged), (Status::Unknown, true), "{key} = {value}: {}", panel.reason);
    }
}

#[tokio::test]
async fn an_answer_of_a_site_is_as_old_as_its_own_clock_says() {
    let old = site(now().minus(Span::seconds(120)), |_| {});
    let panel = seen(&old, "lamps", "shop").await;
    assert_eq!((panel.status, panel.freshness), (Status::Unknown, Freshness::Stale));
    assert_eq!(panel.blame, "the source answers, but its newest value is 2 min old");
}

#[tokio::test]
async fn a_site_whose_clock_stands_grows_old_though_its_api_answers() {
    let site = site(now(), |_| {});
    let mut running = polled(&site, &[("p", "lamps", "shop")]).await;
    assert!(running.panel("p").freshness.can_be_judged());
    while running.panel("p").freshness != Freshness::Stale {
        let outcome = running.outcome("p").await;
        assert!(outcome.answer.is_ok(), "{outcome:?}");
    }
    assert_eq!(running.panel("p").status, Status::Unknown);
}

#[tokio::test]
async fn a_site_whose_clock_is_wrong_is_read_by_it_once_it_goes() {
    // Ten minutes behind: the same page is first seen, then seen to go on.
    let server = Server::start();
    let behind = |seconds: i64| now().minus(Span::seconds(600 - seconds));
    let answer = |at: Timestamp| {
        let body = as_of(STATUS, at).to_string();
        let date = Timestamp(at.0 / 1000 * 1000).0 / 1000;
        let date = jiff::Timestamp::from_second(date).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT");
        let head = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json");
        Reply::raw(&format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()))
    };
    server.route("/api/v1/status", answer(behind(0)));
    let mut running = polled(&server, &[("p", "lamps", "shop")]).await;
    assert_eq!(running.panel("p").status, Status::Unknown, "it may be a page that was kept");
    while running.panel("p").status == Status::Unknown {
        server.route("/api/v1/status", answer(behind(1)));
        running.ask_now();
        running.outcome("p").await;
    }
    assert_eq!(running.panel("p").status, Status::Critical);
    let since = running.panel("p").since.unwrap();
    assert!(since.age_at(now()) < Span::seconds(60), "by our clock: {since:?}");
}

#[tokio::test]
async fn numbers_come_with_their_own_times_and_only_new_ones_are_asked_for_again() {
    let site = site(now(), |_| {});
    let mut running =
        Running::start(&wall(&[("berlin", site.url(""))], &panel("p", "chart", "series(ops/both)"))).await;
    let series = numbers(running.outcome("p").await.answer);
    let told = as_of(SERIES, now());
    assert_eq!(series.len(), 2, "two queries without labels are two series");
    assert_eq!(series[1].labels.get("query"), Some("2"));
    let values = |one: &Series| one.points.iter().map(|point| point.value).collect::<Vec<_>>();
    assert_eq!((values(&series[0]), values(&series[1])), (vec![5.0; 7], vec![1.0; 2]));
    let spans = |all: Vec<Timestamp>| all.windows(2).map(|pair| pair[1].0 - pair[0].0).collect::<Vec<_>>();
    let times = told[0]["points"].as_array().unwrap().iter().map(|one| moment(one["time"].as_str().unwrap()).unwrap());
    assert_eq!(spans(series[0].points.iter().map(|point| point.at).collect()), spans(times.collect()));
    numbers(running.outcome("p").await.answer);
    let asked: Vec<String> = site.requests().into_iter().filter(|head| head.contains("/series?")).collect();
    let name = "/api/v1/series?name=ops%2Fboth";
    assert!(asked[0].contains(&format!("{name} ")), "{asked:?}");
    let from = series[1].points[0].at.rfc3339().replace(':', "%3A");
    assert!(asked[1].contains(&format!("{name}&from={from} ")), "the slowest series has to be in it: {asked:?}");
}

fn numbers(answer: andon::model::poll::Answer) -> Vec<Series> {
    match answer {
        Ok(Telemetry::Series(SeriesSet { series, .. })) => series,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_happened_at_a_site_happened_for_its_environment() {
    let site = site(now(), |_| {});
    let text = wall(&[("berlin", site.url(""))], "").replace("[[dash", "environment = \"berlin\"\n[[dash")
        + &panel("p", "events", "");
    let all = events(Running::start(&text).await.outcome("p").await.answer);
    let told: Vec<_> = all.iter().map(|one| (one.kind, one.state, one.status(), one.environment.as_str())).collect();
    let expected = [
        (EventKind::Incident, EventState::Running, Status::Critical, "berlin"),
        (EventKind::Deploy, EventState::Done, Status::Ok, "berlin"),
    ];
    assert_eq!(told, expected);
    assert_eq!(all[1].brief(), "deploy shop v2");
}

#[tokio::test]
async fn panels_of_two_sites_stand_beside_each_other_by_name() {
    let (berlin, paris) = (site(now(), |_| {}), site(now(), |_| {}));
    let panel = "[[dashboards.panels]]\nid = \"p\"\nview = \"table\"\nqueries = [\n\
                 { name = \"berlin\", source = \"berlin\", query = \"shop/fine\" },\n\
                 { name = \"paris\", source = \"paris\", query = \"shop/orders\" } ]\n";
    let text = wall(&[("berlin", berlin.url("")), ("paris", paris.url(""))], panel);
    let mut running = Running::start(&text).await;
    // Until both have come.
    while running.panel("p").text.is_empty() || running.panel("p").freshness == Freshness::Waiting {
        running.next().await.unwrap();
    }
    let panel = running.panel("p");
    assert_eq!(panel.status, Status::Critical);
    assert!(panel.blame.starts_with("paris Orders: 5 orders/min > 3"), "{}", panel.blame);
}
