//! Argo CD, as its API answers: past deploys, and how each application is now.

use andon::model::event::{Event, EventKind, EventState};
use andon::model::fault::{FetchError, Reason};
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr, stdout};

const LISTING: &str = "/argo/api/v1/applications";

fn server(applications: &Value) -> Server {
    let server = Server::start();
    let body = json!({"metadata": {"resourceVersion": "7"}, "items": applications}).to_string();
    server.route(LISTING, Reply::body("application/json", &body));
    server
}

fn board(server: &Server, source: &str) -> String {
    format!(
        "refresh = \"2s\"\n[sources.s]\ntype = \"argocd\"\nurl = \"{}\"\n{source}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nview = \"stat\"\nsource = \"s\"\n",
        server.url("/argo/")
    )
}

async fn events(text: &str) -> Result<Vec<Event>, FetchError> {
    match Running::start(text).await.outcome("p").await.answer? {
        Telemetry::Events(events) => Ok(events),
        other => panic!("{other:?}"),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// An application that is well, and one whose last sync failed.
fn two() -> Value {
    json!([
        {
            "metadata": {"name": "shop-production", "namespace": "argocd", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"project": "shop", "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}},
            "status": {
                "sync": {"status": "Synced", "revision": "89abcdef0123456789abcdef0123456789abcdef"},
                "health": {"status": "Healthy"},
                "history": [
                    {"id": 0, "revision": "0123456789abcdef0123456789abcdef01234567", "deployedAt": "2026-11-20T09:00:00Z",
                     "deployStartedAt": "2026-11-20T08:59:00Z", "source": {"repoURL": "x"}, "initiatedBy": {"automated": true}},
                    {"id": 1, "revision": "89abcdef0123456789abcdef0123456789abcdef", "deployedAt": "2026-11-21T09:00:00Z",
                     "initiatedBy": {"username": "ann"}},
                ],
                "operationState": {"phase": "Succeeded", "startedAt": "2026-11-21T08:59:00Z",
                    "finishedAt": "2026-11-21T09:00:01Z",
                    "operation": {"sync": {"revision": "89abcdef0123456789abcdef0123456789abcdef"}},
                    "syncResult": {"resources": [], "revision": "89abcdef0123456789abcdef0123456789abcdef"}},
                "reconciledAt": "2026-11-21T11:59:00Z",
                "summary": {"images": ["registry.test:5000/shop/web:v2.14"]},
            },
        },
        {
            "metadata": {"name": "mail", "namespace": "team", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"destination": {"name": "eu-1", "namespace": "mail"}},
            "status": {
                "sync": {"status": "OutOfSync"},
                "health": {"status": "Degraded"},
                "operationState": {"phase": "Failed", "startedAt": "2026-11-21T10:00:00Z", "finishedAt": "2026-11-21T10:05:00Z",
                    "syncResult": {"revision": "1.2.3"}},
                "summary": {"images": ["mail:v1"]},
            },
        },
    ])
}

const ENVIRONMENTS: &str = "environments = [\"staging\", \"production\"]";

#[tokio::test]
async fn past_deploys_and_the_present_are_events() {
    let server = server(&two());
    let all = events(&format!("people = true\n{}", board(&server, ENVIRONMENTS))).await.unwrap();
    let common = Event {
        kind: EventKind::Deploy,
        title: "shop-production".into(),
        service: "shop".into(),
        environment: "production".into(),
        url: Some(server.url("/argo/applications/argocd/shop-production").into()),
        ..Event::default()
    };
    let wanted = [
        Event { at: at("2026-11-20T09:00:00Z"), version: "01234567".into(), ..common.clone() },
        Event {
            at: at("2026-11-21T09:00:00Z"),
            version: "v2.14".into(),
            health: Some(Status::Ok),
            who: Some("ann".into()),
            ..common
        },
        Event {
            at: at("2026-11-21T10:05:00Z"),
            kind: EventKind::Deploy,
            state: EventState::Failed,
            title: "mail".into(),
            service: "mail".into(),
            environment: "eu-1".into(),
            version: "1.2.3".into(),
            health: Some(Status::Critical),
            remark: "Degraded, OutOfSync".into(),
            url: Some(server.url("/argo/applications/team/mail").into()),
            ..Event::default()
        },
    ];
    assert_eq!(all, wanted);
    let unnamed = events(&board(&server, "")).await.unwrap();
    assert!(unnamed.iter().all(|event| event.who.is_none()), "names are off unless asked for");
    let place = (unnamed[0].service.as_str(), unnamed[0].environment.as_str());
    assert_eq!(place, ("shop-production", "shop"), "the namespace, where nothing better is known");
}

#[tokio::test]
async fn every_health_with_every_comparison_has_a_status_and_a_word() {
    use Status::{Critical, Ok, Unknown, Warning};
    let healths = [
        ("Healthy", Ok, ""),
        ("Progressing", Ok, "Progressing"),
        ("Suspended", Warning, "Suspended"),
        ("Degraded", Critical, "Degraded"),
        ("Missing", Critical, "Missing"),
        ("Unknown", Unknown, "health Unknown"),
        ("Purple", Unknown, "Purple"),
    ];
    let syncs = [
        ("Synced", Ok, ""),
        ("OutOfSync", Warning, "OutOfSync"),
        ("Unknown", Unknown, "sync Unknown"),
        ("Sideways", Unknown, "Sideways"),
    ];
    let pairs: Vec<_> = healths.iter().flat_map(|health| syncs.iter().map(move |sync| (health, sync))).collect();
    let application = |((health, ..), (sync, ..)): &(&(&str, _, _), &(&str, _, _))| {
        json!({
            "metadata": {"name": format!("{health} {sync}"), "creationTimestamp": "2026-01-01T00:00:00Z"},
            "status": {"health": {"status": health}, "sync": {"status": sync}},
        })
    };
    let server = server(&pairs.iter().map(application).collect());
    let events = events(&board(&server, "")).await.unwrap();
    assert_eq!(events.len(), pairs.len());
    for ((health, of_health, word), (sync, of_sync, behind)) in pairs {
        let name = format!("{health} {sync}");
        let event = events.iter().find(|event| event.title.as_str() == name).unwrap();
        let words = [*word, *behind].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
        let told = (event.health, event.remark.as_str());
        assert_eq!(told, (Some(of_health.or_worse(*of_sync)), words.as_str()), "{name}");
    }
}

#[tokio::test]
async fn every_phase_of_another_revision_is_an_event_of_its_own() {
    use EventState::{Done, Failed, Running, Unknown};
    let (begun, ended) = ("2026-11-21T11:50:00Z", "2026-11-21T11:55:00Z");
    let table = [
        ("Succeeded", Done, ended),
        ("Running", Running, begun),
        ("Terminating", Running, begun),
        ("Failed", Failed, ended),
        ("Error", Failed, ended),
        ("Dreaming", Unknown, ended),
    ];
    let application = |(phase, ..): &(&str, _, _)| {
        json!({
            "metadata": {"name": phase},
            "status": {
                "history": [{"id": 0, "revision": "1.3.0", "deployedAt": "2026-11-21T11:00:00Z"}],
                "operationState": {"phase": phase, "startedAt": begun, "finishedAt": ended, "syncResult": {"revision": "1.4.0"}},
            },
        })
    };
    let server = server(&table.iter().map(application).collect());
    let events = events(&board(&server, "")).await.unwrap();
    for (phase, state, when) in table {
        let told: Vec<(Timestamp, EventState, &str)> = events
            .iter()
            .filter(|event| event.title.as_str() == phase)
            .map(|event| (event.at, event.state, event.version.as_str()))
            .collect();
        assert_eq!(told, [(at("2026-11-21T11:00:00Z"), Done, "1.3.0"), (at(when), state, "1.4.0")], "{phase}");
    }
}

#[test]
fn the_whole_program_shows_what_was_deployed() {
    let server = server(&two());
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(&server, ENVIRONMENTS));
    let output = run(&["doctor", "--config", &file]);
    let said = stdout(&output);
    assert!(said.contains("3 events: deploy mail 1.2.3, deploy shop v2.14"), "{said}{}", stderr(&output));
    let output = run(&["status", "--format", "json", "--wait", "5s", "--config", &file]);
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    assert_eq!(document["dashboards"][0]["panels"][0]["text"], "3 events", "{document}");
}

#[tokio::test]
async fn projects_are_asked_for_by_name_and_with_our_token() {
    let server = server(&json!([]));
    let source = "projects = [\"shop\", \"e & mail\"]\nauth = { bearer = \"CANARY-argo\" }";
    assert!(events(&board(&server, source)).await.unwrap().is_empty());
    let head = &server.requests()[0];
    assert!(head.starts_with("GET /argo/api/v1/applications?projects=shop&projects=e+%26+mail HTTP/1.1"), "{head}");
    assert!(head.to_ascii_lowercase().contains("authorization: bearer canary-argo"), "{head}");
    events(&board(&server, "")).await.unwrap();
    let last = server.requests().pop().unwrap();
    assert!(last.starts_with("GET /argo/api/v1/applications HTTP/1.1"), "all of it, history too: {last}");
}

#[tokio::test]
async fn many_applications_fit_into_one_answer() {
    let history: Vec<Value> = (10..30)
        .map(|n| json!({"revision": format!("1.{n}.0"), "deployedAt": format!("2026-11-21T08:{n}:00Z")}))
        .collect();
    let one = |n: usize| json!({"metadata": {"name": format!("a{n}")}, "status": {"history": history}});
    let server = server(&(0..1000).map(one).collect::<Value>());
    let all = events(&board(&server, "")).await.unwrap();
    assert_eq!(all.len(), 9000, "the newest nine of each");
    assert_eq!((all[0].version.as_str(), all[8].version.as_str()), ("1.21.0", "1.29.0"));
}

#[tokio::test]
async fn no_applications_are_no_events_and_no_server_is_an_error() {
    let whole = |body: &str| Reply::body("application/json", body);
    for body in ["{\"metadata\":{},\"items\":null}", "{\"metadata\":{},\"items\":[]}"] {
        let server = server(&json!([]));
        server.route(LISTING, whole(body));
        assert!(events(&board(&server, "")).await.unwrap().is_empty(), "{body}");
    }
    for (reply, said) in [
        (
            Reply::body("text/html; charset=utf-8", "<!doctype html><title>Argo CD</title>"),
            "answer not understood: the server answered with a web page, perhaps a log-in form",
        ),
        (whole("{\"ok\":true}"), "answer not understood: this is no Argo CD server: no applications in the answer"),
        (whole("{\"items\":[{\"metadata\":7}]}"), "answer not understood: JSON of another shape"),
        (whole("{\"metadata\":{},\"items\":[{"), "answer cut short"),
        (
            Reply::status("401 Unauthorized", "application/json", "{\"error\":\"no session information\",\"code\":16}"),
            "not authorised: HTTP 401",
        ),
        (
            Reply::status("403 Forbidden", "application/json", "{\"error\":\"permission denied\",\"code\":7}"),
            "not authorised: HTTP 403",
        ),
    ] {
        let server = server(&json!([]));
        server.route(LISTING, reply);
        let error = events(&board(&server, "")).await.unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}, expected {said}");
    }
    let server = server(&json!([]));
    server.route(LISTING, Reply::header("429 Too Many Requests", "Retry-After: 30"));
    let error = events(&board(&server, "")).await.unwrap_err();
    assert_eq!((error.reason, error.retry_after), (Reason::RateLimited, Some(Span::seconds(30))));
}
