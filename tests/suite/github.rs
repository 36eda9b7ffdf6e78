//! GitHub's sources against a server that answers as GitHub does, through the real client.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use andon::model::build::{Activity, Build, BuildResult};
use andon::model::event::Event;
use andon::model::event::{ChangeReason, EventKind, EventState};
use andon::model::poll::Outcome;
use andon::model::review::WaitsFor;
use andon::model::text::SafeText;
use andon::model::time::now;

use crate::support::answers::{builds, events, partial, reviews};
use crate::support::folder::Folder;
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr, stdout};
use andon::model::status::Status;

/// A board of one source; `root` stands above it.
fn board(server: &Server, root: &str, kind: &str, keys: &str, panel: &str) -> String {
    format!(
        "refresh = \"10s\"\n{root}\n[sources.s]\ntype = \"{kind}\"\nurl = \"{}\"\n{keys}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nsource = \"s\"\n{panel}\n",
        server.url("")
    )
}

const SHOP: &str = "repositories = [\"acme/shop\"]";

async fn actions(server: &Server, keys: &str, panel: &str) -> Outcome {
    let text = board(server, "", "github-actions", keys, &format!("view = \"builds\"\n{panel}"));
    Running::start(&text).await.outcome("p").await
}

fn names(builds: &[Build]) -> Vec<&str> {
    builds.iter().map(|build| build.name.as_str()).collect()
}

fn json(body: &str) -> Reply {
    Reply::body("application/json", body)
}

/// An answer as bytes; each header ends its line itself.
fn bytes(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// One answer after the other, and again from the first.
fn in_turn(answers: Vec<String>) -> Reply {
    let next = Arc::new(AtomicUsize::new(0));
    Reply::play(move |stream| {
        let answer = &answers[next.fetch_add(1, Ordering::SeqCst) % answers.len()];
        let _sent = stream.write_all(answer.as_bytes());
    })
}

/// A repository of acme whose default branch is trunk.
fn repository(server: &Server, name: &str) {
    let body = format!("{{\"full_name\":\"acme/{name}\",\"default_branch\":\"trunk\",\"archived\":false}}");
    server.route(&format!("/repos/acme/{name}"), json(&body));
}

fn runs(server: &Server, name: &str, runs: &[String]) {
    let body = format!("{{\"total_count\":{},\"workflow_runs\":[{}]}}", runs.len(), runs.join(","));
    server.route(&format!("/repos/acme/{name}/actions/runs"), json(&body));
}

/// A run of the workflow `ci`; `more` are further keys, each after a comma.
fn ci(id: u64, attempt: u64, status: &str, conclusion: Option<&str>, more: &str) -> String {
    let conclusion = conclusion.map_or_else(|| "null".to_owned(), |word| format!("\"{word}\""));
    format!(
        "{{\"id\":{id},\"name\":\"CI\",\"workflow_id\":1,\"run_number\":{id},\"run_attempt\":{attempt},\"status\":\"{status}\",\
         \"conclusion\":{conclusion},\"head_branch\":\"trunk\",\"head_sha\":\"0123456789abcdef\",\
         \"run_started_at\":\"2026-11-21T08:00:00Z\",\"updated_at\":\"2026-11-21T08:05:00Z\",\
         \"html_url\":\"https://github.com/acme/shop/actions/runs/{id}\",\"actor\":{{\"login\":\"ada-l\"}},\
         \"head_commit\":{{\"author\":{{\"name\":\"Ada\"}}}}{more}}}"
    )
}

fn heads(server: &Server, path: &str) -> Vec<String> {
    let begin = [format!("GET {path} "), format!("GET {path}?")];
    server.requests().into_iter().filter(|head| begin.iter().any(|begin| head.starts_with(begin))).collect()
}

#[tokio::test]
async fn every_status_and_conclusion_reaches_the_board() {
    use Activity::{Idle, Queued, Running, Waiting};
    use BuildResult::{Cancelled, Error, Failure, Skipped, Success, Unknown};
    let table = [
        ("queued", None, Queued, Unknown, ""),
        ("requested", None, Queued, Unknown, ""),
        ("pending", None, Queued, Unknown, ""),
        ("in_progress", None, Running, Unknown, ""),
        ("waiting", None, Waiting, Unknown, ""),
        ("completed", Some("success"), Idle, Success, ""),
        ("completed", Some("failure"), Idle, Failure, ""),
        ("completed", Some("timed_out"), Idle, Error, "timed_out"),
        ("completed", Some("startup_failure"), Idle, Error, "startup_failure"),
        ("completed", Some("cancelled"), Idle, Cancelled, "cancelled"),
        ("completed", Some("skipped"), Idle, Skipped, "skipped"),
        ("completed", Some("neutral"), Idle, Unknown, "neutral"),
        ("completed", Some("stale"), Idle, Unknown, "stale"),
        ("completed", Some("action_required"), Waiting, Unknown, ""),
        ("completed", Some("vaporised"), Idle, Unknown, "vaporised"),
        ("completed", None, Idle, Unknown, ""),
        ("failure", Some(""), Idle, Failure, ""),
        ("paused", None, Idle, Unknown, "paused"),
    ];
    let server = Server::start();
    repository(&server, "shop");
    let told: Vec<String> = (0..)
        .zip(&table)
        .map(|(n, (status, conclusion, ..))| {
            let workflow = format!("\"name\":\"w{n:02}\",\"workflow_id\":{n}");
            ci(100 + n, 1, status, *conclusion, "").replace("\"name\":\"CI\",\"workflow_id\":1", &workflow)
        })
        .collect();
    runs(&server, "shop", &told);
    let builds = builds(actions(&server, SHOP, "").await.answer);
    assert_eq!(builds.len(), table.len());
    for (build, (status, conclusion, activity, result, raw)) in builds.iter().zip(table) {
        assert_eq!(
            (build.activity, build.result, build.raw.as_str()),
            (activity, result, raw),
            "{status} {conclusion:?}: {build:?}"
        );
        assert!(build.name.as_str().starts_with("shop w") && build.group.as_str() == "shop", "{build:?}");
    }
    let asked = heads(&server, "/repos/acme/shop/actions/runs");
    assert!(asked[0].contains("per_page=100&exclude_pull_requests=true&branch=trunk"), "{asked:?}");
    assert!(asked[0].to_lowercase().contains("accept: application/vnd.github+json"));
}

#[tokio::test]
async fn a_rerun_that_passed_beats_the_attempt_that_failed() {
    let server = Server::start();
    repository(&server, "shop");
    let told = [
        ci(7, 1, "completed", Some("failure"), ""),
        ci(7, 2, "completed", Some("success"), ""),
        ci(6, 1, "completed", Some("failure"), ""),
    ];
    runs(&server, "shop", &told);
    let all = builds(actions(&server, SHOP, "").await.answer);
    assert_eq!((all[0].result, all[0].label.as_str(), all[0].history.len()), (BuildResult::Success, "7", 2));
    assert_eq!(all[0].branch.as_str(), "trunk");
}

#[test]
fn a_red_workflow_is_on_the_wall() {
    let server = Server::start();
    repository(&server, "shop");
    runs(&server, "shop", &[ci(7, 1, "completed", Some("failure"), "")]);
    let folder = Folder::new();
    let text = board(&server, "", "github-actions", SHOP, "view = \"builds\"\nlayer = \"pipeline\"");
    let file = folder.write("b.toml", &text);
    let screen = stdout(&run(&["snapshot", "--size", "120x40", "--config", &file]));
    let line = screen.lines().find(|line| line.contains("shop CI")).unwrap_or_else(|| panic!("{screen}"));
    assert!(line.contains('✖') && line.contains("red"), "{screen}");
}

#[tokio::test]
async fn an_organisation_comes_page_by_page_without_what_is_archived() {
    let server = Server::start();
    let next = format!("Link: <{}>; rel=\"next\"\r\n", server.url("/orgs/acme/more?page=2"));
    let first = r#"[{"full_name":"acme/shop","default_branch":"trunk"}]"#;
    let second = r#"[{"full_name":"acme/mail","default_branch":"main"},{"full_name":"acme/old","archived":true}]"#;
    server.route("/orgs/acme/repos", Reply::raw(&bytes("200 OK", &next, first)));
    server.route("/orgs/acme/more", json(second));
    runs(&server, "shop", &[ci(1, 1, "completed", Some("success"), "")]);
    runs(&server, "mail", &[ci(1, 1, "completed", Some("success"), "")]);
    let all = builds(actions(&server, "organisation = \"acme\"", "").await.answer);
    assert_eq!(names(&all), ["mail CI", "shop CI"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 6, "{requests:?}");
    assert!(requests[0].starts_with("GET /orgs/acme/repos?type=all&per_page=100&sort=pushed "), "{requests:?}");
}

#[tokio::test]
async fn an_empty_organisation_has_no_builds_and_an_unknown_one_is_explained() {
    let server = Server::start();
    server.route("/orgs/empty/repos", json("[]"));
    assert_eq!(builds(actions(&server, "organisation = \"empty\"", "").await.answer), []);
    let error = actions(&server, "organisation = \"ada-l\"", "").await.answer.unwrap_err().to_string();
    assert!(error.starts_with("HTTP 404: no organisation 'ada-l'"), "{error}");
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_and_still_shown() {
    let server = Server::start();
    repository(&server, "shop");
    let body = format!("{{\"workflow_runs\":[{}]}}", ci(7, 1, "completed", Some("failure"), ""));
    let answers = vec![bytes("200 OK", "ETag: \"a1\"\r\n", &body), bytes("304 Not Modified", "", "")];
    server.route("/repos/acme/shop/actions/runs", in_turn(answers));
    let mut running = Running::start(&board(&server, "", "github-actions", SHOP, "view = \"builds\"")).await;
    let first = builds(running.outcome("p").await.answer);
    running.ask_now();
    let second = builds(running.outcome("p").await.answer);
    assert_eq!((names(&first), &first), (vec!["shop CI"], &second));
    let asked = heads(&server, "/repos/acme/shop/actions/runs");
    assert!(!asked[0].to_lowercase().contains("if-none-match"), "{asked:?}");
    assert!(asked[1].to_lowercase().contains("if-none-match: \"a1\""), "{asked:?}");
    assert_eq!(heads(&server, "/repos/acme/shop").len(), 1, "what it is called is known for a while");
}

/// How many seconds the next poll is away.
fn pause(outcome: &Outcome) -> i64 {
    (outcome.next_try.0 - outcome.at.0) / 1000
}

#[tokio::test]
async fn nothing_is_asked_while_the_rate_limit_is_used_up() {
    let resets = now().0 / 1000 + 1800;
    let spent = format!("x-ratelimit-limit: 60\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: {resets}\r\n");
    let body = r#"{"full_name":"acme/shop","default_branch":"trunk"}"#;
    for (status, reason) in [
        ("200 OK", "rate limited: 0 of 60 requests left until "),
        ("403 Forbidden", "rate limited: all 60 requests are used up"),
    ] {
        let server = Server::start();
        server.route("/repos/acme/shop", Reply::raw(&bytes(status, &spent, body)));
        repository(&server, "mail");
        let outcome = actions(&server, "repositories = [\"acme/shop\", \"acme/mail\"]", "").await;
        assert!((1700..2100).contains(&pause(&outcome)), "{outcome:?}");
        let error = outcome.answer.unwrap_err().to_string();
        assert!(error.starts_with(reason), "{error}");
        assert_eq!(server.requests().len(), 1, "{status}: it goes on asking");
    }
}

#[tokio::test]
async fn a_request_to_wait_is_obeyed_whatever_its_status() {
    let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes."}"#;
    for (status, body, reason) in [
        ("429 Too Many Requests", "{}", "rate limited"),
        ("403 Forbidden", secondary, "rate limited: too many requests at once"),
    ] {
        let server = Server::start();
        server.route("/repos/acme/shop", Reply::raw(&bytes(status, "Retry-After: 90\r\n", body)));
        let outcome = actions(&server, SHOP, "").await;
        assert!((89..=100).contains(&pause(&outcome)), "{outcome:?}");
        assert_eq!(outcome.answer.unwrap_err().to_string(), reason);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_taken_for_a_rate_limit() {
    let server = Server::start();
    server.route("/repos/acme/shop", Reply::status("401 Unauthorized", "application/json", "{}"));
    let error = actions(&server, SHOP, "").await.answer.unwrap_err().to_string();
    assert_eq!(error, "not authorised: HTTP 401; check the source's auth");
}

#[tokio::test]
async fn a_renamed_repository_is_followed_and_keeps_the_name_of_the_board() {
    let server = Server::start();
    server.route("/repos/acme/old", Reply::header("301 Moved Permanently", "Location: /repositories/7"));
    server.route("/repositories/7", json(r#"{"full_name":"acme/new","default_branch":"trunk"}"#));
    runs(&server, "new", &[ci(1, 1, "completed", Some("success"), "")]);
    let all = builds(actions(&server, "repositories = [\"acme/old\"]", "").await.answer);
    assert_eq!((names(&all), all[0].result), (vec!["old CI"], BuildResult::Success));
}

#[tokio::test]
async fn a_deleted_repository_says_so_beside_the_others() {
    let server = Server::start();
    repository(&server, "shop");
    server.route("/repos/acme/attic", json(r#"{"full_name":"acme/attic","archived":true}"#));
    runs(&server, "shop", &[ci(1, 1, "completed", Some("success"), "")]);
    let keys = "repositories = [\"acme/shop\", \"acme/gone\", \"acme/attic\"]";
    let (answer, missing) = partial(actions(&server, keys, "").await.answer);
    assert_eq!(missing, "acme/gone: not found: renamed, deleted, or not allowed");
    let all = builds(answer);
    assert_eq!(names(&all), ["attic", "gone", "shop CI"]);
    assert_eq!((all[0].activity, all[0].raw.as_str()), (Activity::Disabled, "archived"));
    assert_eq!(
        (all[1].result, all[1].raw.as_str()),
        (BuildResult::Unknown, "not found: renamed, deleted, or not allowed")
    );
    assert_eq!(all[2].result, BuildResult::Success);
    // A query that nothing of it could match has all it asked for; with any other nobody knows.
    assert_eq!(names(&builds(actions(&server, keys, "query = \"shop*\"").await.answer)), ["shop CI"]);
    let (answer, _) = partial(actions(&server, keys, "query = \"* CI\"").await.answer);
    assert_eq!(names(&builds(answer)), ["shop CI"]);
}

#[tokio::test]
async fn what_is_refused_is_told_with_the_reason_of_the_server_and_without_our_secret() {
    let server = Server::start();
    repository(&server, "shop");
    let refused = r#"{"message":"Resource not accessible by CANARY-7","documentation_url":"https://x.test"}"#;
    for path in ["deployments", "pulls", "actions/runs"] {
        let reply = Reply::status("403 Forbidden", "application/json", refused);
        server.route(&format!("/repos/acme/shop/{path}"), reply);
    }
    let keys = format!("{SHOP}\nauth = {{ bearer = \"CANARY-7\" }}");
    let said = "not authorised: HTTP 403: Resource not accessible by ***; check the source's auth";
    for kind in ["github-deployments", "github-reviews"] {
        let text = board(&server, "", kind, &keys, "view = \"table\"");
        let error = Running::start(&text).await.outcome("p").await.answer.unwrap_err().to_string();
        assert_eq!(error, said, "{kind}");
    }
    let (answer, missing) = partial(actions(&server, &keys, "").await.answer);
    assert_eq!(missing, format!("acme/shop: {said}"));
    assert_eq!(builds(answer)[0].raw.as_str(), said);
}

#[tokio::test]
async fn without_one_of_two_repositories_no_open_reviews_are_not_all_reviews() {
    let server = Server::start();
    repository(&server, "shop");
    server.route("/repos/acme/shop/pulls", json("[]"));
    repository(&server, "secret");
    server.route("/repos/acme/secret/pulls", Reply::status("403 Forbidden", "application/json", "{}"));
    for (other, why) in
        [("secret", "not authorised: HTTP 403"), ("gone", "not found: renamed, deleted, or not allowed")]
    {
        let keys = format!("repositories = [\"acme/shop\", \"acme/{other}\"]");
        let text = board(&server, "", "github-reviews", &keys, "view = \"reviews\"");
        let (answer, missing) = partial(Running::start(&text).await.outcome("p").await.answer);
        assert!(missing.starts_with(&format!("acme/{other}: {why}")), "{missing}");
        assert!(reviews(answer).is_empty());
    }
}

/// The workflows of acme/shop, each as number, name and state.
fn list_workflows(server: &Server, all: &[(u64, &str, &str)]) {
    let one = |(id, name, state): &(u64, &str, &str)| {
        format!("{{\"id\":{id},\"name\":\"{name}\",\"path\":\".github/workflows/{id}.yml\",\"state\":\"{state}\"}}")
    };
    let all: Vec<String> = all.iter().map(one).collect();
    server.route("/repos/acme/shop/actions/workflows", json(&format!("{{\"workflows\":[{}]}}", all.join(","))));
}

#[tokio::test]
async fn a_red_workflow_that_was_switched_off_or_deleted_is_not_red_for_ever() {
    let server = Server::start();
    repository(&server, "shop");
    let path = ",\"path\":\".github/workflows/1.yml\"";
    runs(&server, "shop", &[ci(9, 1, "completed", Some("failure"), path)]);
    list_workflows(&server, &[(1, "CI", "active"), (2, "Other", "active")]);
    let mut running = Running::start(&board(&server, "", "github-actions", SHOP, "view = \"builds\"")).await;
    let red = builds(running.outcome("p").await.answer);
    assert_eq!((red[0].activity, red[0].result), (Activity::Idle, BuildResult::Failure));
    list_workflows(&server, &[(1, "CI", "disabled_manually"), (2, "Other", "active")]);
    running.ask_now();
    let off = builds(running.outcome("p").await.answer);
    assert_eq!((off[0].activity, off[0].raw.as_str()), (Activity::Disabled, "disabled_manually"));
    assert!(!off[0].counts());
    list_workflows(&server, &[(2, "Other", "active")]);
    running.ask_now();
    assert_eq!(builds(running.outcome("p").await.answer), [], "its file is gone");
}

#[tokio::test]
async fn a_workflow_that_runs_for_tags_only_is_there_and_one_of_pull_requests_is_not() {
    let server = Server::start();
    repository(&server, "shop");
    runs(&server, "shop", &[ci(9, 1, "completed", Some("success"), "")]);
    list_workflows(&server, &[(1, "CI", "active"), (2, "Release", "active"), (3, "Checks", "active")]);
    let of = |id: u64, branch: &str, event: &str, conclusion: &str| {
        ci(id, 1, "completed", Some(conclusion), &format!(",\"event\":\"{event}\""))
            .replace("\"trunk\"", &format!("\"{branch}\""))
            .replace("\"CI\",\"workflow_id\":1", "\"Release\",\"workflow_id\":2")
    };
    let told = |server: &Server, id: u64, answers: &[&str]| {
        let all = answers.iter().map(|runs| bytes("200 OK", "", &format!("{{\"workflow_runs\":[{runs}]}}"))).collect();
        server.route(&format!("/repos/acme/shop/actions/workflows/{id}/runs"), in_turn(all));
    };
    // On the branch it has none; then all of its runs.
    told(&server, 2, &["", &of(3, "v1.2.3", "push", "failure")]);
    told(&server, 3, &["", &of(4, "fix-basket", "pull_request", "failure")]);
    let all = builds(actions(&server, SHOP, "").await.answer);
    let told: Vec<(&str, BuildResult, &str)> =
        all.iter().map(|one| (one.name.as_str(), one.result, one.branch.as_str())).collect();
    let expected = [("shop CI", BuildResult::Success, "trunk"), ("shop Release", BuildResult::Failure, "v1.2.3")];
    assert_eq!(told, expected);
    let asked = heads(&server, "/repos/acme/shop/actions/workflows/2/runs");
    assert!(asked[0].contains("branch=trunk") && !asked[1].contains("branch="), "{asked:?}");
}

#[tokio::test]
async fn quiet_workflows_for_which_there_was_no_time_are_unknown_until_they_were_asked() {
    let server = Server::start();
    repository(&server, "shop");
    runs(&server, "shop", &[]);
    let names: Vec<String> = (1..=22).map(|n| format!("W{n:02}")).collect();
    let listed: Vec<(u64, &str, &str)> = (1..).zip(&names).map(|(n, name)| (n, name.as_str(), "active")).collect();
    list_workflows(&server, &listed);
    for (id, name) in (1..).zip(&names) {
        let run = ci(id, 1, "completed", Some("success"), "")
            .replace("\"CI\",\"workflow_id\":1", &format!("\"{name}\",\"workflow_id\":{id}"));
        let path = format!("/repos/acme/shop/actions/workflows/{id}/runs");
        server.route(&path, json(&format!("{{\"workflow_runs\":[{run}]}}")));
    }
    let mut running = Running::start(&board(&server, "", "github-actions", SHOP, "view = \"builds\"")).await;
    let unknown = |all: &[Build]| all.iter().filter(|one| one.raw.as_str() == "not asked yet").count();
    let first = builds(running.outcome("p").await.answer);
    assert_eq!((first.len(), unknown(&first)), (22, 2));
    running.ask_now();
    let second = builds(running.outcome("p").await.answer);
    assert_eq!((second.len(), unknown(&second)), (22, 0));
}

#[tokio::test]
async fn several_owners_are_told() {
    let server = Server::start();
    repository(&server, "shop");
    server.route("/repos/other/shop", json(r#"{"full_name":"other/shop","default_branch":"main"}"#));
    runs(&server, "shop", &[ci(1, 1, "completed", Some("success"), "")]);
    server.route("/repos/other/shop/actions/runs", json(r#"{"workflow_runs":[]}"#));
    let all = builds(actions(&server, "repositories = [\"acme/shop\", \"other/shop\"]", "").await.answer);
    assert_eq!((names(&all), all[0].group.as_str()), (vec!["acme/shop CI"], "acme/shop"));
}

#[tokio::test]
async fn a_query_gets_the_stages_of_the_latest_run_over_all_pages() {
    let server = Server::start();
    repository(&server, "shop");
    runs(&server, "shop", &[ci(9, 1, "in_progress", None, ""), ci(8, 1, "completed", Some("failure"), "")]);
    let next = format!("Link: <{}>; rel=\"next\"\r\n", server.url("/jobs/2"));
    let first = r#"{"jobs":[{"name":"unit","status":"completed","conclusion":"failure",
        "started_at":"2026-11-21T08:00:00Z","completed_at":"2026-11-21T08:01:30Z",
        "steps":[{"name":"Checkout","status":"completed","conclusion":"success"},
                 {"name":"Test","status":"completed","conclusion":"failure"}]}]}"#;
    let second = r#"{"jobs":[{"name":"e2e","status":"in_progress","conclusion":null,"started_at":"2026-11-21T08:00:00Z",
        "completed_at":null,"steps":[{"name":"Browser","status":"in_progress","conclusion":null}]},
        {"name":"deploy","status":"waiting","conclusion":null,"steps":null}]}"#;
    server.route("/repos/acme/shop/actions/runs/9/jobs", Reply::raw(&bytes("200 OK", &next, first)));
    server.route("/jobs/2", json(second));
    let all = builds(actions(&server, SHOP, "query = \"shop C*\"").await.answer);
    let stages: Vec<(&str, Activity, BuildResult, &str)> = all[0]
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.activity, stage.result, stage.step.as_str()))
        .collect();
    assert_eq!(
        stages,
        [
            ("unit", Activity::Idle, BuildResult::Failure, "Test"),
            ("e2e", Activity::Running, BuildResult::Unknown, "Browser"),
            ("deploy", Activity::Waiting, BuildResult::Unknown, ""),
        ]
    );
    assert_eq!(all[0].stages[0].duration.map(|span| span.0), Some(90_000));
    let jobs = heads(&server, "/repos/acme/shop/actions/runs/9/jobs");
    assert!(jobs[0].contains("filter=latest&per_page=100"), "{jobs:?}");
}

#[tokio::test]
async fn too_many_stages_are_refused_whole() {
    let server = Server::start();
    repository(&server, "shop");
    let told: Vec<String> = (0..21)
        .map(|n| {
            ci(n, 1, "completed", Some("success"), "").replace("\"workflow_id\":1", &format!("\"workflow_id\":{n}"))
        })
        .collect();
    runs(&server, "shop", &told);
    let error = actions(&server, SHOP, "query = \"*\"").await.answer.unwrap_err().to_string();
    assert!(error.ends_with("narrow the query"), "{error}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_weekly_workflow_behind_a_busy_one_is_not_lost() {
    let server = Server::start();
    repository(&server, "shop");
    runs(&server, "shop", &[ci(9, 1, "completed", Some("success"), "")]);
    let listed = r#"{"workflows":[{"id":1,"name":"CI","state":"active"},{"id":2,"name":"Weekly","state":"active"},{"id":3,"name":"Old","state":"disabled_manually"}]}"#;
    server.route("/repos/acme/shop/actions/workflows", json(listed));
    let weekly = ci(3, 1, "completed", Some("failure"), "")
        .replace("\"workflow_id\":1", "\"workflow_id\":2")
        .replace("\"CI\"", "\"Weekly\"");
    server.route("/repos/acme/shop/actions/workflows/2/runs", json(&format!("{{\"workflow_runs\":[{weekly}]}}")));
    let all = builds(actions(&server, SHOP, "").await.answer);
    assert_eq!(names(&all), ["shop CI", "shop Weekly"], "{all:?}");
    assert_eq!(all[1].result, BuildResult::Failure);
    assert!(heads(&server, "/repos/acme/shop/actions/workflows/3/runs").is_empty(), "it is switched off");
}

#[tokio::test]
async fn names_of_people_are_shown_only_where_the_board_asks_for_them() {
    let server = Server::start();
    repository(&server, "shop");
    let failed = ci(7, 1, "completed", Some("failure"), "");
    runs(&server, "shop", &[failed]);
    for (root, author) in [("", None), ("people = true", Some("Ada"))] {
        let text = board(&server, root, "github-actions", SHOP, "view = \"builds\"");
        let all = builds(Running::start(&text).await.outcome("p").await.answer);
        assert_eq!(all[0].author.as_ref().map(SafeText::as_str), author, "{root}");
        assert_eq!(all[0].history[0].author.is_some(), author.is_some());
    }
}

#[test]
fn what_is_no_repository_is_refused_before_anybody_is_asked() {
    let server = Server::start();
    let folder = Folder::new();
    for (keys, part) in [
        ("", "write repositories = [\"owner/name\"]"),
        ("repositories = [\"shop\"]", "'shop' is not a repository"),
        ("repositories = [\"acme/../shop\"]", "is not a repository"),
    ] {
        let file = folder.write("board.toml", &board(&server, "", "github-actions", keys, "view = \"builds\""));
        let output = run(&["validate", "--config", &file]);
        assert!(!output.status.success() && stderr(&output).contains(part), "{}", stderr(&output));
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

/// A repository with these deployments: state, `ref`, task.
fn deployments(server: &Server, told: &[(&str, &str, &str)]) {
    repository(server, "shop");
    let mut all = Vec::new();
    for (id, (state, reference, task)) in (1..).zip(told) {
        all.push(format!(
            "{{\"id\":{id},\"sha\":\"0123456789abcdef\",\"ref\":\"{reference}\",\"task\":\"{task}\",\"environment\":\"production\",\
             \"description\":null,\"creator\":{{\"login\":\"ada-l\"}},\"created_at\":\"2020-11-21T08:00:00Z\"}}"
        ));
        let statuses = if state.is_empty() {
            "[]".to_owned()
        } else {
            format!(
                "[{{\"id\":{id},\"state\":\"{state}\",\"created_at\":\"2020-11-21T08:05:00Z\",\"log_url\":\"\",\
                 \"environment_url\":\"https://shop.example.com/\"}}]"
            )
        };
        server.route(&format!("/repos/acme/shop/deployments/{id}/statuses"), json(&statuses));
    }
    server.route("/repos/acme/shop/deployments", json(&format!("[{}]", all.join(","))));
}

fn deploys(server: &Server, root: &str, keys: &str) -> String {
    board(server, root, "github-deployments", keys, "view = \"table\"")
}

#[tokio::test]
async fn each_state_of_a_deployment_becomes_an_event() {
    use EventState::{Done, Failed, Running as Going, Unknown, Waiting};
    let server = Server::start();
    let table = [
        ("success", Done),
        ("inactive", Done),
        ("failure", Failed),
        ("error", Failed),
        ("in_progress", Going),
        ("queued", Waiting),
        ("pending", Waiting),
        ("", Waiting),
        ("evaporated", Unknown),
    ];
    let told: Vec<(&str, &str, &str)> = table.iter().map(|(state, _)| (*state, "v2.14", "deploy")).collect();
    deployments(&server, &told);
    let all = events(Running::start(&deploys(&server, "", SHOP)).await.outcome("p").await.answer);
    let states: Vec<EventState> = all.iter().map(|event| event.state).collect();
    assert_eq!(states, table.map(|(_, state)| state));
    for event in &all {
        let of = (event.kind, event.service.as_str(), event.environment.as_str(), event.version.as_str());
        assert_eq!(of, (EventKind::Deploy, "shop", "production", "v2.14"));
        let done = if matches!(event.state, Failed) || event == &all[0] { "08:05" } else { "08:00" };
        assert!(event.at.rfc3339().contains(done), "{event:?}");
        assert_eq!(event.who, None, "nobody asked for names");
        assert_eq!(event.remark.as_str(), if event.state == Unknown { "evaporated" } else { "" });
    }
    assert_eq!(all[0].url.as_ref().map(SafeText::as_str), Some("https://shop.example.com/"));
}

#[tokio::test]
async fn a_deployment_tells_its_reason_its_commit_and_who_where_that_is_wanted() {
    let server = Server::start();
    deployments(&server, &[("success", "main", "deploy:rollback"), ("success", "hotfix-7", "deploy")]);
    let text = deploys(&server, "people = true", &format!("{SHOP}\nenvironments = [\"production\"]"));
    let all = events(Running::start(&text).await.outcome("p").await.answer);
    assert_eq!((all[1].reason, all[1].version.as_str()), (ChangeReason::Hotfix, "hotfix-7@01234567"));
    assert_eq!((all[0].reason, all[0].version.as_str()), (ChangeReason::Rollback, "main@01234567"));
    assert_eq!(all[0].who.as_ref().map(SafeText::as_str), Some("ada-l"));
    let asked = heads(&server, "/repos/acme/shop/deployments");
    assert!(asked[0].contains("per_page=50&environment=production"), "{asked:?}");
}

#[tokio::test]
async fn many_previews_do_not_crowd_production_out() {
    let server = Server::start();
    repository(&server, "shop");
    let one = |id: u64, environment: &str| {
        format!(
            "{{\"id\":{id},\"sha\":\"0123456789abcdef\",\"ref\":\"v1\",\"environment\":\"{environment}\",\
             \"created_at\":\"2020-11-21T08:00:00Z\"}}"
        )
    };
    // Staging is the oldest of the page, production older than that.
    let previews = (3..=51).rev().map(|id| one(id, &format!("preview-{id}")));
    let page: Vec<String> = previews.chain([one(2, "staging")]).collect();
    let answers = [format!("[{}]", page.join(",")), format!("[{}]", one(1, "production"))];
    let answers = answers.iter().map(|body| bytes("200 OK", "", body)).collect();
    server.route("/repos/acme/shop/deployments", in_turn(answers));
    let known = r#"{"environments":[{"name":"staging"},{"name":"production"}]}"#;
    server.route("/repos/acme/shop/environments", json(known));
    let all = events(Running::start(&deploys(&server, "", SHOP)).await.outcome("p").await.answer);
    for name in ["staging", "production"] {
        assert!(all.iter().any(|event| event.environment.as_str() == name), "{name}");
    }
    let asked = heads(&server, "/repos/acme/shop/deployments");
    assert!(asked.len() == 2 && asked[1].contains("environment=production"), "{asked:?}");
}

#[tokio::test]
async fn a_preview_that_was_closed_runs_no_more_and_a_version_that_comes_back_is_a_rollback() {
    let server = Server::start();
    let table = [("success", "v1", "deploy"), ("success", "v2", "deploy"), ("success", "v1", "deploy")];
    deployments(&server, &[table[0], table[1], table[2], ("inactive", "v3", "deploy")]);
    let mut all = events(Running::start(&deploys(&server, "", SHOP)).await.outcome("p").await.answer);
    all.sort_by_key(|event| event.version.clone());
    let told: Vec<(&str, ChangeReason, bool)> =
        all.iter().map(|event| (event.version.as_str(), event.reason, event.is_taken_away())).collect();
    let expected = [
        ("v1", ChangeReason::Planned, false),
        ("v1", ChangeReason::Rollback, false),
        ("v2", ChangeReason::Planned, false),
        ("v3", ChangeReason::Planned, true),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_a_deployment_came_to_is_asked_once() {
    let server = Server::start();
    deployments(&server, &[("success", "v1", "deploy"), ("in_progress", "v2", "deploy")]);
    let mut running = Running::start(&deploys(&server, "", SHOP)).await;
    let first = events(running.outcome("p").await.answer);
    running.ask_now();
    assert_eq!(first, events(running.outcome("p").await.answer));
    assert_eq!(heads(&server, "/repos/acme/shop/deployments/1/statuses").len(), 1, "it ended long ago");
    assert_eq!(heads(&server, "/repos/acme/shop/deployments/2/statuses").len(), 2);
}

#[tokio::test]
async fn deployments_of_other_environments_are_left_out_and_a_gone_repository_hides_nothing() {
    let server = Server::start();
    deployments(&server, &[("success", "v1", "deploy")]);
    let both = "repositories = [\"acme/shop\", \"acme/gone\"]";
    for (keys, count) in [("", 1), ("environments = [\"stag*\"]", 0), ("environments = [\"prod*\", \"x\"]", 1)] {
        let text = deploys(&server, "", &format!("{both}\n{keys}"));
        let (answer, missing) = partial(Running::start(&text).await.outcome("p").await.answer);
        assert!(missing.starts_with("acme/gone: not found"), "{missing}");
        let all = events(answer);
        let (gone, there): (Vec<&Event>, Vec<&Event>) = all.iter().partition(|event| event.service.as_str() == "gone");
        assert_eq!((there.len(), gone.len()), (count, 1), "{keys}");
        assert_eq!(gone[0].status(), Status::Unknown, "what is gone is not well");
    }
    let text = deploys(&server, "", "repositories = [\"acme/gone\"]");
    let error = Running::start(&text).await.outcome("p").await.answer.unwrap_err().to_string();
    assert_eq!(error, "HTTP 404: not found: renamed, deleted, or not allowed");
}

/// A repository with six open pull requests, of which the last is to be changed, and one that was merged.
fn pulls(server: &Server) {
    repository(server, "shop");
    let pull = |number: u64, more: &str| {
        format!(
            "{{\"number\":{number},\"title\":\"Change {number}\",\"html_url\":\"https://github.com/acme/shop/pull/{number}\",\
             \"user\":{{\"login\":\"ada-l\"}},\"created_at\":\"2026-11-20T08:00:00Z\",\"updated_at\":\"2026-11-20T09:00:00Z\",\
             \"merged_at\":null,\"requested_reviewers\":[],\"requested_teams\":[]{more}}}"
        )
    };
    let asked = ",\"draft\":false".to_owned();
    let open = [
        pull(12, ",\"draft\":true"),
        pull(13, &asked).replace("\"requested_reviewers\":[]", "\"requested_reviewers\":[{\"login\":\"bob\"}]"),
        pull(14, ""),
        pull(15, ""),
        pull(16, ""),
        pull(17, ""),
    ];
    let merged = pull(9, "").replace("\"merged_at\":null", "\"merged_at\":\"2026-11-21T08:00:00Z\"");
    let answers = [format!("[{}]", open.join(",")), format!("[{merged},{}]", pull(8, ""))];
    // The open ones are asked for first, then those that are closed, at the same path.
    let answers = answers.iter().map(|body| bytes("200 OK", "", body)).collect();
    server.route("/repos/acme/shop/pulls", in_turn(answers));
    let states = [(12, "draft"), (13, "blocked"), (14, "clean"), (15, "unstable"), (16, "dirty"), (17, "clean")];
    let wants =
        r#"[{"user":{"login":"bob"},"state":"CHANGES_REQUESTED"},{"user":{"login":"bob"},"state":"COMMENTED"}]"#;
    server.route("/repos/acme/shop/pulls/17/reviews", json(wants));
    for (number, state) in states {
        let body = format!("{{\"additions\":{number},\"deletions\":100,\"mergeable_state\":\"{state}\"}}");
        server.route(&format!("/repos/acme/shop/pulls/{number}"), json(&body));
    }
}

fn wall(server: &Server, root: &str) -> String {
    board(server, root, "github-reviews", SHOP, "view = \"table\"")
}

#[tokio::test]
async fn pull_requests_tell_whom_they_wait_for_and_how_large_they_are() {
    let server = Server::start();
    pulls(&server);
    let mut running = Running::start(&wall(&server, "")).await;
    let all = reviews(running.outcome("p").await.answer);
    let told: Vec<(&str, WaitsFor, Option<u64>)> =
        all.iter().map(|review| (review.label.as_str(), review.waits_for, review.size)).collect();
    assert_eq!(
        told,
        [
            ("#12", WaitsFor::Draft, Some(112)),
            ("#13", WaitsFor::Reviewer, Some(113)),
            ("#14", WaitsFor::Merge, Some(114)),
            ("#15", WaitsFor::Checks, Some(115)),
            ("#16", WaitsFor::Author, Some(116)),
            ("#17", WaitsFor::Author, Some(117)),
            ("#9", WaitsFor::Merge, None),
        ]
    );
    assert_eq!(all[6].lead_time().map(|span| span.0), Some(86_400_000));
    assert!(all.iter().all(|review| review.author.is_none() && review.reviewers.is_empty()), "nobody asked for names");
    assert!(all.iter().all(|review| review.repository.as_str() == "shop"));
    running.ask_now();
    assert_eq!(all, reviews(running.outcome("p").await.answer));
    assert_eq!(heads(&server, "/repos/acme/shop/pulls/14").len(), 1, "its size is known");
    let lists = heads(&server, "/repos/acme/shop/pulls");
    assert!(lists[0].contains("state=open&sort=created&direction=asc&per_page=100"), "{lists:?}");
    assert!(lists[1].contains("state=closed&sort=updated&direction=desc&per_page=50"), "{lists:?}");
}

#[tokio::test]
async fn a_board_that_shows_people_names_authors_and_reviewers() {
    let server = Server::start();
    pulls(&server);
    let all = reviews(Running::start(&wall(&server, "people = true")).await.outcome("p").await.answer);
    assert_eq!(all[1].author.as_ref().map(SafeText::as_str), Some("ada-l"));
    assert_eq!(all[1].reviewers.iter().map(SafeText::as_str).collect::<Vec<_>>(), ["bob"]);
}

#[test]
fn what_is_left_of_the_budget_is_on_the_screen_and_in_the_diagnosis() {
    let server = Server::start();
    let left = "X-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: 412\r\nX-RateLimit-Reset: 4102444800\r\n";
    let repository = r#"{"full_name":"acme/shop","default_branch":"main"}"#;
    server.route("/repos/acme/shop", Reply::raw(&bytes("200 OK", left, repository)));
    server.route("/repos/acme/shop/actions/runs", Reply::raw(&bytes("200 OK", left, r#"{"workflow_runs":[]}"#)));
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(&server, "", "github-actions", SHOP, "view = \"builds\""));
    let screen = stdout(&run(&["snapshot", "--size", "120x20", "--config", &file]));
    assert!(screen.contains("▲ s: 412 of 5000 requests left"), "{screen}");
    let diagnosis = stdout(&run(&["doctor", "--config", &file]));
    assert!(diagnosis.contains("412 of 5000 requests left"), "{diagnosis}");
}
