//! andon reads. A server that writes down every request sees nothing else, whatever the board asks.

use crate::support::folder::Folder;
use crate::support::server::{Reply, Server};
use crate::support::{run, stdout};

/// What may be posted, and why: a form with a query that is too long for an address.
const POSTED: [&str; 2] = ["/api/v1/query", "/api/v1/query_range"];

fn everything(server: &Server) -> String {
    let long = "a".repeat(3000);
    let source = |name: &str, keys: &str| format!("[sources.{name}]\n{keys}\n");
    let panel = |view: &str, source: &str, query: &str| {
        let query = if query.is_empty() { String::new() } else { format!("query = '{query}'\n") };
        format!(
            "[[dashboards.panels]]\nid = \"{source}-{view}-{}\"\nview = \"{view}\"\nsource = \"{source}\"\n{query}",
            query.len()
        )
    };
    [
        "refresh = \"2s\"\n".to_owned(),
        source("prom", &format!("type = \"prometheus\"\nurl = \"{}\"", server.url(""))),
        source("away", &format!("type = \"prometheus\"\nurl = \"{}\"", server.url("/away"))),
        source("json", &format!("type = \"json\"\nurl = \"{}\"", server.url("/x"))),
        source("ci", &format!("type = \"cctray\"\nurl = \"{}\"", server.url("/cc.xml"))),
        source("get", &format!("type = \"probe\"\ntargets = [\"{}\"]", server.url("/x"))),
        source("head", &format!("type = \"probe\"\ntargets = [\"{}\"]\nhead = true", server.url("/x"))),
        "[[dashboards]]\nname = \"d\"\n".to_owned(),
        panel("stat", "prom", "up"),
        panel("gauge", "prom", "up"),
        panel("stat", "prom", &format!("up{{a=\"{long}\"}}")),
        panel("gauge", "prom", &format!("up{{b=\"{long}\"}}")),
        panel("gauge", "away", &format!("up{{b=\"{long}\"}}")),
        panel("stat", "json", ".n"),
        panel("builds", "ci", ""),
        panel("lamps", "get", ""),
        panel("lamps", "head", ""),
    ]
    .concat()
}

#[test]
fn only_get_and_head_and_the_two_forms_that_read() {
    let (server, folder) = (Server::start(), Folder::new());
    let answer = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    for path in POSTED {
        server.route(path, Reply::body("application/json", answer));
        server.route(
            &format!("/away{path}"),
            Reply::header("307 Temporary Redirect", "Location: /api/v1/admin/tsdb/delete_series"),
        );
    }
    server.route("/x", Reply::body("application/json", "{\"n\":1}"));
    server.route("/cc.xml", Reply::body("application/xml", "<Projects/>"));
    let file = folder.write("b.toml", &everything(&server));
    for command in ["status", "snapshot", "doctor"] {
        let output = run(&[command, "--config", &file]);
        assert!(!stdout(&output).is_empty());
    }
    let requests = server.requests();
    let of = |method: &str| requests.iter().filter(|head| head.starts_with(&format!("{method} "))).count();
    assert!(of("GET") >= 6 && of("HEAD") >= 2 && of("POST") >= 4, "{requests:?}");
    assert_eq!(of("GET") + of("HEAD") + of("POST"), requests.len(), "another method was used");
    for head in requests.iter().filter(|head| head.starts_with("POST ")) {
        let path = head.split(' ').nth(1).unwrap().trim_start_matches("/away");
        assert!(POSTED.contains(&path), "a form was posted to {path}");
        assert!(head.to_lowercase().contains("content-type: application/x-www-form-urlencoded"));
    }
    assert!(!requests.iter().any(|head| head.contains("delete_series")), "a form was sent on");
}
