//! What is no answer of an andon, and what cannot be asked.

use andon::model::fault::Reason;

use super::*;
use crate::support::folder::Folder;
use crate::support::{run, stderr};

#[tokio::test]
async fn strange_answers_are_faults_that_say_where_and_why() {
    let many = serde_json::json!({"at": now().rfc3339(), "dashboards": [{"name": "d", "panels":
        vec![serde_json::json!({"id": "p", "title": "P", "status": "ok", "judged": true, "freshness": "fresh"}); 10_001]}]});
    let empty = serde_json::json!({"at": now().rfc3339(), "dashboards": []});
    let timeless = serde_json::json!({"at": "noon", "dashboards": []});
    let series = r#"[{"labels": {}, "points": [{"time": "noon", "value": 1}]}]"#;
    for (query, body, reason, why) in [
        ("", "[]", Reason::Parse, "/api/v1/status: JSON of another shape: line 1"),
        ("", "<html>log in", Reason::Parse, "/api/v1/status: the server answered with a web page"),
        ("", "{\"at\": ", Reason::Truncated, "/api/v1/status: the JSON ends early"),
        ("", &timeless.to_string(), Reason::Parse, "/api/v1/status: at = \"noon\" is no moment"),
        ("", &empty.to_string(), Reason::NoMatch, "the site has no panel with data"),
        ("", &many.to_string(), Reason::TooLarge, "10001 rows, more than 10000"),
        ("series(d/p)", series, Reason::Parse, "/api/v1/series: time = \"noon\" is no moment"),
        ("series(d/p)", "{}", Reason::Parse, "/api/v1/series: JSON of another shape"),
        ("events()", "[{\"at\": \"x\u{1b}[2J\", \"kind\": \"note\"}]", Reason::Parse, "/api/v1/events"),
    ] {
        let server = Server::start();
        for path in ["status", "series", "events"] {
            server.route(&format!("/api/v1/{path}"), Reply::body("application/json", body));
        }
        let mut running = Running::start(&wall(&[("berlin", server.url(""))], &panel("p", "table", query))).await;
        let error = running.outcome("p").await.answer.unwrap_err();
        assert_eq!(error.reason, reason, "{error}");
        assert!(error.detail.as_str().starts_with(why), "{error}");
        assert!(!error.detail.as_str().contains('\u{1b}'));
    }
}

#[tokio::test]
async fn a_panel_that_the_site_has_not_is_said_in_its_words() {
    let server = Server::start();
    let body = "{\"error\":\"there is no panel and no source 'd/x'; there are orders\"}";
    server.route("/api/v1/series", Reply::status("404 Not Found", "application/json", body));
    let panel = seen(&server, "chart", "series(d/x)").await;
    assert!(panel.reason.starts_with("query failed: "), "{}", panel.reason);
    assert!(panel.reason.contains("there is no panel and no source 'd/x'; there are orders"), "{}", panel.reason);
}

#[test]
fn a_config_that_cannot_work_is_refused_with_a_remedy() {
    let folder = Folder::new();
    let text = wall(&[("berlin", "http://127.0.0.1:1/api/v1/status".to_owned())], &panel("p", "lamps", "series:d/p"));
    let output = run(&["validate", "--config", &folder.write("b.toml", &text)]);
    let said = stderr(&output);
    assert!(said.contains("the url holds /api/v1") && said.contains("write it without /api/v1"), "{said}");
    assert!(said.contains("there is no series:d/p; there are series(DASHBOARD/PANEL), events()"), "{said}");
}
