//! GitLab's sources against a server that answers as GitLab does, through the real client.

use andon::model::build::{Activity, BuildResult};
use andon::model::event::{ChangeReason, EventState};
use andon::model::fault::{AuthFault, FetchError, Reason};
use andon::model::poll::Answer;
use andon::model::review::WaitsFor;
use andon::model::status::Status;
use andon::model::text::SafeText;
use andon::model::time::{Span, Timestamp, now};

use crate::support::answers::{builds, events, partial, reviews};
use crate::support::folder::Folder;
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr, stdout};

/// A board of one source. Every view takes what comes: only the answer itself is looked at.
fn board(kind: &str, server: &Server, keys: &str, panel: &str) -> String {
    format!(
        "people = true\nrefresh = \"60s\"\n[sources.s]\ntype = \"{kind}\"\nurl = \"{}\"\n{keys}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\ntitle = \"Builds\"\nview = \"builds\"\nsource = \"s\"\n{panel}\n",
        server.url("")
    )
}

async fn answer(kind: &str, server: &Server, keys: &str, panel: &str) -> Answer {
    Running::start(&board(kind, server, keys, panel)).await.outcome("p").await.answer
}

#[track_caller]
fn error(answer: Answer) -> FetchError {
    answer.unwrap_err()
}

/// Answers a path of the API with JSON.
fn tell(server: &Server, path: &str, body: &str) {
    server.route(&format!("/api/v4/{path}"), Reply::body("application/json", body));
}

fn refuse(server: &Server, path: &str, status: &str) {
    server.route(&format!("/api/v4/{path}"), Reply::status(status, "application/json", "{\"message\":\"no\"}"));
}

/// The same with headers of its own.
fn tell_with(server: &Server, path: &str, headers: &str, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\nContent-Length: {length}");
    server.route(&format!("/api/v4/{path}"), Reply::raw(&format!("{head}\r\nConnection: close\r\n\r\n{body}")));
}

/// The queries with which a path of the API was asked for.
fn queries(server: &Server, path: &str) -> Vec<String> {
    let asked = |head: &String| {
        let address = head.split(' ').nth(1)?;
        let (asked, query) = address.split_once('?').unwrap_or((address, ""));
        (asked == format!("/api/v4/{path}")).then(|| query.to_owned())
    };
    server.requests().iter().filter_map(asked).collect()
}

fn project(id: usize, path: &str) -> String {
    format!(r#"{{"id":{id},"path_with_namespace":"{path}","default_branch":"main"}}"#)
}

fn group(server: &Server, projects: &[String]) {
    tell(server, "groups/acme/projects", &format!("[{}]", projects.join(",")));
}

fn pipeline(id: usize, status: &str) -> String {
    format!(
        r#"{{"id":{id},"iid":{},"status":"{status}","ref":"main","sha":"c0ffee","created_at":"2026-11-21T10:00:00Z",
            "updated_at":"2026-11-21T10:05:00Z","web_url":"https://gitlab.test/acme/shop/-/pipelines/{id}"}}"#,
        id + 100
    )
}

fn pipelines(server: &Server, project: &str, all: &[String]) {
    tell(server, &format!("projects/{project}/pipelines"), &format!("[{}]", all.join(",")));
}

fn minute(minute: i64) -> Timestamp {
    let ten = "2026-11-21T10:00:00Z".parse::<jiff::Timestamp>().unwrap();
    Timestamp(ten.as_millisecond() + minute * 60_000)
}

#[tokio::test]
async fn every_status_word_has_a_meaning_and_a_new_one_is_unknown() {
    use Activity::{Idle, Queued, Waiting};
    use BuildResult::{Cancelled, Failure, Skipped, Success, Unknown};
    let words = [
        ("success", Idle, Success, ""),
        ("failed", Idle, Failure, ""),
        ("canceled", Idle, Cancelled, "canceled"),
        ("canceling", Activity::Running, Unknown, ""),
        ("skipped", Idle, Skipped, "skipped"),
        ("manual", Waiting, Unknown, ""),
        ("created", Queued, Unknown, ""),
        ("waiting_for_resource", Queued, Unknown, ""),
        ("preparing", Queued, Unknown, ""),
        ("waiting_for_callback", Queued, Unknown, ""),
        ("pending", Queued, Unknown, ""),
        ("scheduled", Queued, Unknown, ""),
        ("running", Activity::Running, Unknown, ""),
        ("frozen", Idle, Unknown, "frozen"),
    ];
    let server = Server::start();
    let projects: Vec<String> =
        words.iter().enumerate().map(|(id, (word, ..))| project(id, &format!("acme/{word}"))).collect();
    group(&server, &projects);
    for (id, (word, ..)) in words.iter().enumerate() {
        pipelines(&server, &id.to_string(), &[pipeline(7, word)]);
    }
    let told = builds(answer("gitlab", &server, "group = \"acme\"", "").await);
    assert_eq!(told.len(), words.len());
    for (word, activity, result, raw) in words {
        let build = told.iter().find(|build| build.name.as_str() == word).unwrap();
        assert_eq!((build.activity, build.result, build.raw.as_str()), (activity, result, raw), "{word}");
    }
}

#[tokio::test]
async fn a_project_tells_its_runs_and_only_the_newest_are_asked_for_more() {
    let server = Server::start();
    let shop =
        r#"{"id":1,"path_with_namespace":"acme/web/shop","default_branch":"trunk","name":"Shop","archived":false}"#;
    tell(&server, "projects/acme%2Fweb%2Fshop", shop);
    let all = [pipeline(93, "running"), pipeline(92, "failed"), pipeline(91, "success"), pipeline(90, "success")];
    pipelines(&server, "acme%2Fweb%2Fshop", &all);
    let detail = |id: usize, more: &str| {
        let path = format!("projects/acme%2Fweb%2Fshop/pipelines/{id}");
        tell(&server, &path, &format!(r#"{{"id":{id},"started_at":"2026-11-21T10:01:00Z"{more}}}"#));
    };
    detail(93, r#","finished_at":null,"user":{"name":"Ada","username":"ada"},"detailed_status":{"group":"running"}"#);
    detail(92, r#","finished_at":"2026-11-21T10:04:00Z","user":null"#);
    detail(91, r#","finished_at":"2026-11-21T10:03:00Z","detailed_status":{"group":"success-with-warnings"}"#);
    // An empty repository: it has no branch, and nothing has run.
    tell(&server, "projects/2", r#"{"id":2,"path_with_namespace":"other/tools","default_branch":null}"#);
    let keys =
        "projects = [\"acme/web/shop\", \"2\"]\nauth = { header = { name = \"PRIVATE-TOKEN\", value = \"canary-7\" } }";
    let told = builds(answer("gitlab", &server, keys, "").await);
    let names: Vec<(&str, &str)> = told.iter().map(|one| (one.name.as_str(), one.group.as_str())).collect();
    assert_eq!(names, [("acme/web/shop", "acme/web"), ("other/tools", "other")]);
    let shop = &told[0];
    assert_eq!((shop.activity, shop.result, shop.label.as_str()), (Activity::Running, BuildResult::Failure, "192"));
    assert_eq!((shop.started_at, shop.finished_at), (Some(minute(1)), Some(minute(4))));
    assert_eq!((shop.author.as_ref().map(SafeText::as_str), shop.branch.as_str()), (Some("Ada"), "main"));
    assert_eq!(shop.commit.as_str(), "c0ffee");
    assert_eq!(shop.url.as_ref().unwrap().as_str(), "https://gitlab.test/acme/shop/-/pipelines/93");
    let history: Vec<(&str, BuildResult, Option<Span>)> =
        shop.history.iter().map(|run| (run.label.as_str(), run.result, run.duration())).collect();
    let minutes = |minutes: i32| Some(Span::seconds(i64::from(minutes) * 60));
    let expected = [
        ("190", BuildResult::Success, minutes(5)),
        ("191", BuildResult::Warning, minutes(2)),
        ("192", BuildResult::Failure, minutes(3)),
    ];
    assert_eq!(history, expected);
    assert_eq!(told[1].result, BuildResult::NeverRun);
    let asked = queries(&server, "projects/acme%2Fweb%2Fshop/pipelines");
    assert_eq!(asked, ["ref=trunk&per_page=50&order_by=id&sort=desc"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 6, "two projects, a list, three details: {requests:#?}");
    assert!(requests.iter().all(|head| head.to_lowercase().contains("private-token: canary-7")));
}

#[tokio::test]
async fn a_group_is_read_to_its_last_page_and_what_has_no_pipelines_does_not_count() {
    let server = Server::start();
    let link = format!("Link: <{}>; rel=\"next\"", server.url("/api/v4/second-page"));
    tell_with(&server, "groups/acme/projects", &link, &format!("[{}]", project(1, "acme/shop")));
    let second = [project(2, "acme/web/api"), project(3, "acme/wiki")];
    tell(&server, "second-page", &format!("[{}]", second.join(",")));
    for id in ["1", "2"] {
        pipelines(&server, id, &[pipeline(7, "success")]);
    }
    refuse(&server, "projects/3/pipelines", "403 Forbidden");
    tell(&server, "projects/3", r#"{"id":3,"builds_access_level":"disabled"}"#);
    let told = builds(answer("gitlab", &server, "group = \"acme\"\nbranch = \"feature/x\"", "").await);
    let names: Vec<(&str, &str, BuildResult)> =
        told.iter().map(|one| (one.name.as_str(), one.group.as_str(), one.result)).collect();
    let expected = [
        ("shop", "acme", BuildResult::Success),
        ("web/api", "acme/web", BuildResult::Success),
        ("wiki", "acme", BuildResult::NeverRun),
    ];
    assert_eq!(names, expected);
    assert!(told[2].activity == Activity::Disabled && !told[2].counts(), "its CI/CD is switched off");
    let listed = queries(&server, "groups/acme/projects");
    let expected = "include_subgroups=true&archived=false&per_page=100&order_by=last_activity_at&simple=true";
    assert_eq!(listed, [expected]);
    assert!(queries(&server, "projects/1/pipelines")[0].starts_with("ref=feature%2Fx&"));
}

#[tokio::test]
async fn an_empty_group_has_no_builds_and_a_missing_one_is_named() {
    let server = Server::start();
    group(&server, &[]);
    assert_eq!(builds(answer("gitlab", &server, "group = \"acme\"", "").await), []);
    let missing = error(answer("gitlab", &server, "group = \"gone\"", "").await);
    assert_eq!(missing.reason, Reason::Http(404));
    assert_eq!(missing.detail.as_str(), "group gone: not found: renamed, deleted, or not allowed");
}

#[tokio::test]
async fn stages_are_asked_for_where_a_query_picks_builds() {
    let server = Server::start();
    group(&server, &[project(1, "acme/shop"), project(2, "acme/tools")]);
    for id in ["1", "2"] {
        pipelines(&server, id, &[pipeline(7, "failed")]);
    }
    let link = format!("Link: <{}>; rel=\"next\"", server.url("/api/v4/more-jobs"));
    let jobs = r#"[
        {"id":14,"name":"e2e","stage":"test","status":"failed","allow_failure":false},
        {"id":13,"name":"flaky","stage":"test","status":"failed","allow_failure":true},
        {"id":12,"name":"lint","stage":"lint","status":"failed","allow_failure":true}]"#;
    tell_with(&server, "projects/1/pipelines/7/jobs", &link, jobs);
    let more = r#"[{"id":11,"name":"compile","stage":"build","status":"success","allow_failure":false,
        "started_at":"2026-11-21T10:00:00Z","finished_at":"2026-11-21T10:02:00Z"}]"#;
    tell(&server, "more-jobs", more);
    let bridges = r#"[{"id":15,"name":"roll out","stage":"deploy","status":"success","allow_failure":false,
        "downstream_pipeline":{"id":5,"status":"running","web_url":"https://gitlab.test/acme/infra/-/pipelines/5"}}]"#;
    tell(&server, "projects/1/pipelines/7/bridges", bridges);
    let told = builds(answer("gitlab", &server, "group = \"acme\"", "query = \"sh*\"").await);
    assert_eq!(told.len(), 1);
    let stages: Vec<(&str, Activity, BuildResult, &str)> = told[0]
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.activity, stage.result, stage.step.as_str()))
        .collect();
    let expected = [
        ("build", Activity::Idle, BuildResult::Success, ""),
        ("lint", Activity::Idle, BuildResult::Warning, "lint"),
        ("test", Activity::Idle, BuildResult::Failure, "e2e"),
        ("deploy", Activity::Running, BuildResult::Unknown, "→ acme/infra"),
    ];
    assert_eq!(stages, expected);
    assert_eq!(told[0].stages[0].duration, Some(Span::seconds(120)));
    assert_eq!(queries(&server, "projects/1/pipelines/7/jobs"), ["per_page=100&include_retried=false"]);
    assert_eq!(queries(&server, "projects/2/pipelines/7/jobs"), Vec::<String>::new());
}

#[tokio::test]
async fn too_many_builds_with_stages_are_refused() {
    let server = Server::start();
    let all: Vec<String> = (1..=21).map(|id| project(id, &format!("acme/p{id}"))).collect();
    group(&server, &all);
    for id in 1..=21 {
        pipelines(&server, &id.to_string(), &[]);
    }
    let refused = error(answer("gitlab", &server, "group = \"acme\"", "query = \"p*\"").await);
    assert_eq!(refused.reason, Reason::TooLarge);
    assert!(refused.detail.as_str().contains("narrow the query"), "{refused}");
    assert_eq!(builds(answer("gitlab", &server, "group = \"acme\"", "query = \"p2*\"").await).len(), 3);
}

#[test]
fn a_project_that_is_gone_is_shown_as_unknown_beside_the_others() {
    let server = Server::start();
    tell(&server, "projects/acme%2Fshop", &project(1, "acme/shop"));
    pipelines(&server, "acme%2Fshop", &[pipeline(7, "success")]);
    refuse(&server, "projects/acme%2Fbroken", "500 Internal Server Error");
    let keys = "projects = [\"acme/shop\", \"acme/gone\", \"acme/broken\"]";
    let folder = Folder::new();
    let file = folder.write("board.toml", &board("gitlab", &server, keys, ""));
    let output = run(&["snapshot", "--size", "120x40", "--config", &file]);
    let screen = stdout(&output);
    let has = |name: &str, words: &str| {
        let found = screen.lines().any(|line| line.contains(name) && line.contains(words));
        assert!(found, "{name} {words}:\n{screen}\n{}", stderr(&output));
    };
    has("acme/shop", "ok");
    has("acme/gone", "unknown: not found: renamed, deleted, or not allowed");
    has("acme/broken", "unknown: HTTP 500");
}

#[tokio::test]
async fn when_no_project_can_be_had_the_poll_has_failed() {
    let server = Server::start();
    let gone = error(answer("gitlab", &server, "projects = [\"acme/a\", \"acme/b\"]", "").await);
    assert_eq!(gone.reason, Reason::Http(404));
    assert!(gone.detail.as_str().starts_with("no project found: renamed, deleted, or not allowed"), "{gone}");
    refuse(&server, "projects/acme%2Fa", "403 Forbidden");
    let refused = error(answer("gitlab", &server, "projects = [\"acme/a\"]", "").await);
    assert_eq!(refused.reason, Reason::Auth(AuthFault::Forbidden));
}

#[test]
fn a_source_without_projects_and_group_says_what_to_write() {
    for kind in ["gitlab", "gitlab-deployments", "gitlab-reviews"] {
        let server = Server::start();
        let folder = Folder::new();
        let file = folder.write("board.toml", &board(kind, &server, "", ""));
        let output = run(&["status", "--format", "json", "--wait", "5s", "--config", &file]);
        let text = format!("{}{}", stdout(&output), stderr(&output));
        assert!(text.contains("it asks for nothing yet: add projects = "), "{kind}: {text}");
        assert_eq!(server.requests(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_refusal_is_obeyed_for_as_long_as_the_server_says() {
    let server = Server::start();
    let refusal = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    server.route("/api/v4/groups/acme/projects", Reply::raw(refusal));
    let refused = error(answer("gitlab", &server, "group = \"acme\"", "").await);
    assert_eq!((refused.reason, refused.retry_after), (Reason::RateLimited, Some(Span::seconds(7))));
}

#[tokio::test]
async fn nothing_more_is_asked_for_once_the_limit_is_used_up() {
    for kind in ["gitlab", "gitlab-deployments", "gitlab-reviews"] {
        let server = Server::start();
        let reset = now().0 / 1000 + 600;
        let used_up = format!("RateLimit-Limit: 2000\r\nRateLimit-Remaining: 0\r\nRateLimit-Reset: {reset}");
        tell_with(&server, "projects/1", &used_up, &project(1, "acme/shop"));
        tell_with(&server, "projects/1/merge_requests", &used_up, "[]");
        let refused = error(answer(kind, &server, "projects = [\"1\"]", "").await);
        assert_eq!(refused.reason, Reason::RateLimited, "{kind}: {refused}");
        assert!(refused.detail.as_str().starts_with("0 of 2000 requests left until "), "{kind}: {refused}");
        let wait = refused.retry_after.unwrap();
        assert!(wait > Span::seconds(500) && wait <= Span::seconds(600), "{kind}: {wait:?}");
        assert_eq!(server.requests().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn more_is_asked_for_again_only_when_a_pipeline_has_changed() {
    let server = Server::start();
    group(&server, &[project(1, "acme/shop")]);
    pipelines(&server, "1", &[pipeline(7, "running")]);
    tell(&server, "projects/1/pipelines/7", r#"{"started_at":"2026-11-21T10:01:00Z"}"#);
    let mut running = Running::start(&board("gitlab", &server, "group = \"acme\"", "")).await;
    let asked = || (queries(&server, "projects/1/pipelines").len(), queries(&server, "projects/1/pipelines/7").len());
    let first = builds(running.outcome("p").await.answer);
    assert_eq!((first[0].started_at, asked()), (Some(minute(1)), (1, 1)));
    running.ask_now();
    let second = builds(running.outcome("p").await.answer);
    assert_eq!((second, asked()), (first, (2, 1)));
    pipelines(&server, "1", &[pipeline(7, "success")]);
    let detail = r#"{"started_at":"2026-11-21T10:01:00Z","finished_at":"2026-11-21T10:04:00Z"}"#;
    tell(&server, "projects/1/pipelines/7", detail);
    running.ask_now();
    let third = builds(running.outcome("p").await.answer);
    assert_eq!((third[0].finished_at, asked()), (Some(minute(4)), (3, 2)));
    assert_eq!(queries(&server, "groups/acme/projects").len(), 1, "the group is listed seldom");
}

fn deploy(id: usize, environment: &str, sha: &str, status: &str, more: &str) -> String {
    format!(
        r#"{{"id":{id},"status":"{status}","ref":"main","sha":"{sha}","environment":{{"name":"{environment}"}},
            "created_at":"2026-11-21T10:00:00Z","updated_at":"2026-11-21T10:{id:02}:00Z"{more}}}"#
    )
}

fn deploys(server: &Server, all: &[String]) {
    tell(server, "projects/acme%2Fshop/deployments", &format!("[{}]", all.join(",")));
}

#[tokio::test]
async fn a_deploy_has_come_as_far_as_its_word_says() {
    let words = [
        ("success", Some(EventState::Done)),
        ("failed", Some(EventState::Failed)),
        ("running", Some(EventState::Running)),
        ("created", Some(EventState::Waiting)),
        ("blocked", Some(EventState::Waiting)),
        ("canceled", None),
        ("skipped", None),
        ("frozen", Some(EventState::Unknown)),
    ];
    let server = Server::start();
    let all: Vec<String> =
        words.iter().enumerate().map(|(id, (word, _))| deploy(id, word, "99d03678b90d", word, "")).collect();
    deploys(&server, &all);
    let told = events(answer("gitlab-deployments", &server, "projects = [\"acme/shop\"]", "").await);
    for (word, state) in words {
        let event = told.iter().find(|event| event.environment.as_str() == word);
        assert_eq!(event.map(|event| event.state), state, "{word}");
        let remark = if word == "frozen" { "frozen" } else { "" };
        assert!(event.is_none_or(|event| event.remark.as_str() == remark), "{word}");
    }
    assert_eq!(queries(&server, "projects/acme%2Fshop/deployments"), ["order_by=id&sort=desc&per_page=50"]);
}

#[tokio::test]
async fn a_deploy_tells_what_was_brought_where_by_whom_and_why() {
    let server = Server::start();
    let job = r#","user":{"name":"Ada"},"deployable":{"finished_at":"2026-11-21T10:30:00Z","tag":true,
        "commit":{"created_at":"2026-11-21T11:20:00+01:00","title":"Faster checkout"},
        "pipeline":{"web_url":"https://gitlab.test/acme/shop/-/pipelines/7"}}"#;
    let tagged = deploy(4, "production", "aaaa", "success", job).replace("\"ref\":\"main\"", "\"ref\":\"v2.14\"");
    let hotfix = deploy(2, "production", "bbbbbbbbbbbb", "success", "").replace("\"main\"", "\"hotfix/7\"");
    let all = [
        deploy(5, "staging", "cccccccccccc", "success", ""),
        tagged,
        deploy(3, "production", "cccccccccccc", "success", ""),
        hotfix,
        deploy(1, "production", "cccccccccccc", "success", ""),
    ];
    deploys(&server, &all);
    let told = events(answer("gitlab-deployments", &server, "projects = [\"acme/shop\"]", "").await);
    let versions: Vec<(&str, &str, ChangeReason)> =
        told.iter().map(|event| (event.environment.as_str(), event.version.as_str(), event.reason)).collect();
    let expected = [
        ("production", "cccccccc", ChangeReason::Planned),
        ("production", "bbbbbbbb", ChangeReason::Hotfix),
        ("production", "cccccccc", ChangeReason::Rollback),
        ("staging", "cccccccc", ChangeReason::Planned),
        ("production", "v2.14", ChangeReason::Planned),
    ];
    assert_eq!(versions, expected, "in the order in which they were done");
    let last = told.last().unwrap();
    assert_eq!((last.at, last.service.as_str(), last.title.as_str()), (minute(30), "shop", "Faster checkout"));
    assert_eq!(last.who.as_ref().map(SafeText::as_str), Some("Ada"));
    assert_eq!(last.url.as_ref().map(SafeText::as_str), Some("https://gitlab.test/acme/shop/-/pipelines/7"));
    assert_eq!(last.commits, [minute(20)]);
}

/// The environments whose deploys are kept, and the queries with which they were asked for.
async fn kept_of(server: &Server, environments: &str) -> (String, Vec<String>) {
    let path = "projects/acme%2Fshop/deployments";
    let before = queries(server, path).len();
    let keys = format!("projects = [\"acme/shop\"]\nenvironments = [{environments}]");
    let told = events(answer("gitlab-deployments", server, &keys, "").await);
    let names: Vec<&str> = told.iter().map(|event| event.environment.as_str()).collect();
    (names.join(" "), queries(server, path).split_off(before))
}

#[tokio::test]
async fn only_the_wanted_environments_are_kept_and_those_that_are_named_are_asked_for() {
    let server = Server::start();
    let environments = ["production", "prod-eu", "review/x"];
    let all: Vec<String> =
        environments.iter().zip(1..).map(|(name, id)| deploy(id, name, "aaaa", "success", "")).collect();
    deploys(&server, &all);
    let newest = "order_by=id&sort=desc&per_page=50";
    assert_eq!(kept_of(&server, "\"prod*\"").await, ("production prod-eu".to_owned(), vec![newest.to_owned()]));
    let each = ["production", "review%2Fx"].map(|name| format!("{newest}&environment={name}"));
    assert_eq!(
        kept_of(&server, "\"production\", \"review/x\"").await,
        ("production review/x".to_owned(), each.to_vec())
    );
}

#[tokio::test]
async fn review_apps_do_not_crowd_production_out_and_those_that_stopped_run_no_more() {
    let server = Server::start();
    let all: Vec<String> = (1..=50).map(|id| deploy(id, &format!("review/{id}"), "aaaa", "success", "")).collect();
    deploys(&server, &all);
    let places = r#"[{"id":1,"name":"review/1","state":"stopped"},{"id":2,"name":"review/2","state":"available"},
        {"id":3,"name":"production","state":"available"}]"#;
    tell(&server, "projects/acme%2Fshop/environments", places);
    let told = events(answer("gitlab-deployments", &server, "projects = [\"acme/shop\"]", "").await);
    let taken: Vec<&str> =
        told.iter().filter(|event| event.is_taken_away()).map(|event| event.environment.as_str()).collect();
    assert_eq!(taken, ["review/1"]);
    let asked = queries(&server, "projects/acme%2Fshop/deployments");
    assert_eq!(asked.last().unwrap(), "order_by=id&sort=desc&per_page=10&environment=production");
    assert_eq!(asked.len(), 2, "of the others some are known: {asked:?}");
}

#[tokio::test]
async fn a_project_that_is_gone_takes_no_deploys_from_the_others() {
    let server = Server::start();
    group(&server, &[project(1, "acme/shop"), project(2, "acme/wiki")]);
    tell(&server, "projects/1/deployments", &format!("[{}]", deploy(1, "production", "aaaa", "success", "")));
    refuse(&server, "projects/2/deployments", "403 Forbidden");
    tell(&server, "projects/2", r#"{"id":2,"environments_access_level":"disabled"}"#);
    let keys = "group = \"acme\"\nprojects = [\"acme/gone\"]";
    let (told, missing) = partial(answer("gitlab-deployments", &server, keys, "").await);
    assert_eq!(missing, "acme/gone: not found: renamed, deleted, or not allowed");
    let told = events(told);
    let told: Vec<(&str, Status)> = told.iter().map(|event| (event.service.as_str(), event.status())).collect();
    assert_eq!(told, [("gone", Status::Unknown), ("shop", Status::Ok)]);
    let gone = error(answer("gitlab-deployments", &server, "projects = [\"acme/gone\"]", "").await);
    assert_eq!(gone.to_string(), "HTTP 404: acme/gone: not found: renamed, deleted, or not allowed");
}

#[tokio::test]
async fn what_a_group_may_not_show_us_is_not_switched_off_there() {
    let server = Server::start();
    group(&server, &[project(1, "acme/shop"), project(2, "acme/secret")]);
    pipelines(&server, "1", &[pipeline(7, "success")]);
    for path in ["deployments", "pipelines/7/jobs", "pipelines/7/bridges"] {
        tell(&server, &format!("projects/1/{path}"), "[]");
    }
    for path in ["pipelines", "deployments"] {
        refuse(&server, &format!("projects/2/{path}"), "403 Forbidden");
    }
    tell(&server, "projects/2", r#"{"id":2,"builds_access_level":"private","environments_access_level":"enabled"}"#);
    let (told, missing) = partial(answer("gitlab", &server, "group = \"acme\"", "").await);
    assert_eq!(missing, "secret: HTTP 403: not allowed, or switched off there");
    assert_eq!(builds(told)[0].result, BuildResult::Unknown);
    let shop = answer("gitlab", &server, "group = \"acme\"", "query = \"shop\"").await;
    assert_eq!(builds(shop).len(), 1, "of which nothing is missing");
    let (told, missing) = partial(answer("gitlab-deployments", &server, "group = \"acme\"", "").await);
    assert_eq!(
        (events(told).len(), missing.as_str()),
        (1, "acme/secret: HTTP 403: not allowed, or switched off there")
    );
}

#[tokio::test]
async fn without_one_of_two_projects_no_open_merge_requests_are_not_all() {
    let server = Server::start();
    tell(&server, "projects/acme%2Fshop/merge_requests", "[]");
    refuse(&server, "projects/acme%2Fsecret/merge_requests", "403 Forbidden");
    for (other, why) in [("secret", "HTTP 403: not allowed"), ("gone", "not found")] {
        let keys = format!("projects = [\"acme/shop\", \"acme/{other}\"]");
        let (told, missing) = partial(answer("gitlab-reviews", &server, &keys, "").await);
        assert!(missing.starts_with(&format!("acme/{other}: {why}")), "{missing}");
        assert!(reviews(told).is_empty());
    }
}

fn merge_request(id: usize, more: &str) -> String {
    format!(
        r#"{{"id":{id},"iid":{id},"title":"Change {id}","created_at":"2026-11-21T10:00:00Z","merged_at":null,
            "author":{{"name":"Ada"}},"reviewers":[{{"name":"Bo"}},{{"name":null}}],
            "references":{{"full":"acme/web/shop!{id}"}},"web_url":"https://gitlab.test/mr/{id}"{more}}}"#
    )
}

#[tokio::test]
async fn merge_requests_say_whose_turn_it_is() {
    let words = [
        (r#","draft":true,"detailed_merge_status":"draft_status""#, WaitsFor::Draft),
        (r#","work_in_progress":true"#, WaitsFor::Draft),
        (r#","draft":false,"detailed_merge_status":"mergeable""#, WaitsFor::Merge),
        (r#","detailed_merge_status":"ci_must_pass""#, WaitsFor::Checks),
        (r#","detailed_merge_status":"ci_still_running""#, WaitsFor::Checks),
        (r#","detailed_merge_status":"not_approved""#, WaitsFor::Reviewer),
        (r#","detailed_merge_status":"approvals_syncing""#, WaitsFor::Reviewer),
        (r#","detailed_merge_status":"discussions_not_resolved""#, WaitsFor::Author),
        (r#","detailed_merge_status":"conflict""#, WaitsFor::Author),
        (r#","detailed_merge_status":"need_rebase""#, WaitsFor::Author),
        (r#","detailed_merge_status":"requested_changes""#, WaitsFor::Author),
        (r#","detailed_merge_status":"frozen""#, WaitsFor::Reviewer),
        ("", WaitsFor::Reviewer),
    ];
    let server = Server::start();
    let all: Vec<String> = words.iter().enumerate().map(|(id, (more, _))| merge_request(id, more)).collect();
    tell(&server, "projects/acme%2Fweb%2Fshop/merge_requests", &format!("[{}]", all.join(",")));
    let told = reviews(answer("gitlab-reviews", &server, "projects = [\"acme/web/shop\"]", "").await);
    assert_eq!(told.len(), words.len());
    for (review, (more, waits_for)) in told.iter().zip(words) {
        assert_eq!(review.waits_for, waits_for, "{more}");
    }
    let review = &told[0];
    assert_eq!((review.label.as_str(), review.title.as_str()), ("!0", "Change 0"));
    assert_eq!((review.repository.as_str(), review.opened_at), ("acme/web/shop", minute(0)));
    assert_eq!((review.author.clone(), review.reviewers.clone()), (Some("Ada".into()), vec!["Bo".into()]));
    assert_eq!(review.url.as_ref().map(SafeText::as_str), Some("https://gitlab.test/mr/0"));
    let asked = queries(&server, "projects/acme%2Fweb%2Fshop/merge_requests");
    let open = "state=opened&scope=all&per_page=100";
    let merged = "state=merged&scope=all&order_by=updated_at&sort=desc&per_page=50";
    assert_eq!(asked, [open, merged]);
}

#[tokio::test]
async fn a_group_tells_of_all_its_merge_requests_at_once_and_of_each_once() {
    let server = Server::start();
    let link = format!("Link: <{}>; rel=\"next\"", server.url("/api/v4/second-page"));
    tell_with(&server, "groups/acme/merge_requests", &link, &format!("[{}]", merge_request(8, "")));
    let merged = merge_request(7, "").replace("\"merged_at\":null", "\"merged_at\":\"2026-11-21T10:20:00Z\"");
    tell(&server, "second-page", &format!("[{merged}]"));
    tell(&server, "projects/acme%2Fweb%2Fshop/merge_requests", &format!("[{}]", merge_request(8, "")));
    let keys = "group = \"acme\"\nprojects = [\"acme/web/shop\"]";
    let told = reviews(answer("gitlab-reviews", &server, keys, "").await);
    let lead_times: Vec<(&str, &str, Option<Span>)> =
        told.iter().map(|review| (review.label.as_str(), review.repository.as_str(), review.lead_time())).collect();
    assert_eq!(lead_times, [("!7", "web/shop", Some(Span::seconds(1200))), ("!8", "web/shop", None)]);
    let gone = error(answer("gitlab-reviews", &server, "projects = [\"acme/gone\"]", "").await);
    assert_eq!(gone.to_string(), "HTTP 404: projects/acme/gone: not found: renamed, deleted, or not allowed");
}
