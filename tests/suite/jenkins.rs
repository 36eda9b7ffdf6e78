//! Jenkins, as its JSON API answers, and as servers in front of it do.

use andon::model::build::{Activity, Build, BuildResult};
use andon::model::fault::{FetchError, Reason};
use andon::model::telemetry::Telemetry;
use andon::model::text::SafeText;
use andon::model::time::{Span, Timestamp, now};
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr, stdout};

const LISTING: &str = "/jenkins/api/json";

/// A server that answers the one request for all jobs with these.
fn server(jobs: &str) -> Server {
    let server = Server::start();
    let body = format!("{{\"_class\":\"hudson.model.Hudson\",\"jobs\":[{jobs}]}}");
    server.route(LISTING, Reply::body("application/json", &body));
    server
}

fn board(server: &Server, source: &str, panel: &str) -> String {
    format!(
        "refresh = \"2s\"\n[sources.s]\ntype = \"jenkins\"\nurl = \"{}\"\n{source}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nsource = \"s\"\n{panel}\n",
        server.url("/jenkins")
    )
}

async fn poll(text: &str) -> Result<Vec<Build>, FetchError> {
    match Running::start(text).await.outcome("p").await.answer? {
        Telemetry::Builds(builds) => Ok(builds),
        other => panic!("{other:?}"),
    }
}

/// The builds that a query picks; all for an empty one.
async fn builds(server: &Server, query: &str) -> Result<Vec<Build>, FetchError> {
    let query = if query.is_empty() { String::new() } else { format!("query = \"{query}\"") };
    poll(&board(server, "", &format!("view = \"builds\"\n{query}"))).await
}

fn names(builds: &[Build]) -> Vec<&str> {
    builds.iter().map(|one| one.name.as_str()).collect()
}

const NESTED: &str = r#"
    {"_class":"com.cloudbees.hudson.plugins.folder.Folder","name":"shop","fullName":"shop","jobs":[
      {"_class":"org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject","fullName":"shop/web","jobs":[
        {"fullName":"shop/web/main","url":"http://other.test/job/shop/job/web/job/main/","color":"red_anime",
         "buildable":true,"inQueue":false,
         "lastBuild":{"number":9,"url":"http://other.test/job/shop/job/web/job/main/9/","building":true,"result":null,
           "timestamp":1795262300000,"duration":0,"estimatedDuration":120000,"culprits":[{"fullName":"Cora"}],
           "changeSets":[{"items":[{"commitId":"c0ffee00c0ffee00","author":{"fullName":"Ann Li"}}]}]},
         "builds":[
           {"number":9,"building":true,"result":null,"timestamp":1795262300000,"duration":0},
           {"number":8,"building":false,"result":"FAILURE","timestamp":1795261000000,"duration":60000},
           {"number":7,"building":false,"result":"SUCCESS","timestamp":1795260000000,"duration":90000}]},
        {"fullName":"shop/web/feature%2Flogin","color":"blue","builds":[],"lastBuild":null}]},
      {"fullName":"shop/empty","jobs":[]}]},
    {"fullName":"tools","color":"disabled","buildable":false,"builds":[],"lastBuild":null},
    {"fullName":"shop/web/main","color":"red_anime"}"#;

#[tokio::test]
async fn folders_and_branches_come_in_one_request() {
    let server = server(NESTED);
    let builds = builds(&server, "").await.unwrap();
    let told: Vec<(&str, &str, Activity, BuildResult)> =
        builds.iter().map(|one| (one.name.as_str(), one.group.as_str(), one.activity, one.result)).collect();
    assert_eq!(
        told,
        [
            ("shop/web/main", "shop/web", Activity::Running, BuildResult::Failure),
            ("shop/web/feature/login", "shop/web", Activity::Idle, BuildResult::Success),
            ("tools", "", Activity::Disabled, BuildResult::NeverRun),
        ]
    );
    let main = &builds[0];
    assert_eq!((main.label.as_str(), main.finished_at), ("8", Some(Timestamp(1_795_261_060_000))));
    assert_eq!((main.started_at, main.estimate), (Some(Timestamp(1_795_262_300_000)), Some(Span::seconds(120))));
    assert_eq!((main.history.len(), main.commit.as_str()), (2, "c0ffee00c0ffee00"));
    assert_eq!(main.url.as_ref().map(SafeText::as_str), Some("http://other.test/job/shop/job/web/job/main/9/"));
    assert_eq!(main.author, None, "names are off unless asked for");
    assert!(main.stages.is_empty(), "nobody asked for stages");
    let head = &server.requests()[0];
    assert!(head.starts_with("GET /jenkins/api/json?tree=jobs%5Bname%2CfullName%2C"), "{head}");
    assert!(head.contains("%7B0%2C15%7D"), "fifteen past runs: {head}");
    assert_eq!(head.matches("jobs%5B").count(), 4, "three levels of folders: {head}");
}

#[tokio::test]
async fn depth_and_names_of_people_are_as_the_board_wants_them() {
    let server = server(NESTED);
    let text = format!("people = true\n{}", board(&server, "depth = 1", "view = \"builds\""));
    let builds = poll(&text).await.unwrap();
    assert_eq!(builds[0].author.as_ref().map(SafeText::as_str), Some("Ann Li"));
    assert_eq!(server.requests()[0].matches("jobs%5B").count(), 2);
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(&server, "depth = 6", "view = \"builds\""));
    let refused = stderr(&run(&["validate", "--config", &file]));
    assert!(refused.contains("depth is 6, and at most 5"), "{refused}");
}

#[tokio::test]
async fn every_colour_has_a_meaning_with_and_without_a_build_under_way() {
    use Activity::{Disabled, Idle, Running};
    use BuildResult::{Cancelled, Failure, NeverRun, Success, Unknown, Warning};
    let table = [
        ("blue", Success, Idle),
        ("yellow", Warning, Idle),
        ("red", Failure, Idle),
        ("aborted", Cancelled, Idle),
        ("notbuilt", NeverRun, Idle),
        ("nobuilt", NeverRun, Idle),
        ("grey", NeverRun, Idle),
        ("disabled", NeverRun, Disabled),
        ("plaid", Unknown, Idle),
    ];
    for (suffix, moves) in [("", false), ("_anime", true)] {
        let job = |(colour, ..): &(&str, _, _)| format!("{{\"fullName\":\"{colour}\",\"color\":\"{colour}{suffix}\"}}");
        let builds = builds(&server(&table.iter().map(job).collect::<Vec<_>>().join(",")), "").await.unwrap();
        assert_eq!(builds.len(), table.len());
        for (build, (colour, result, idle)) in builds.iter().zip(table) {
            let activity = if moves { Running } else { idle };
            assert_eq!((build.result, build.activity), (result, activity), "{colour}{suffix}");
            assert_eq!(build.raw.as_str(), if result == Unknown { colour } else { "" });
        }
    }
}

#[tokio::test]
async fn every_result_has_a_meaning() {
    use BuildResult::{Cancelled, Failure, Skipped, Success, Unknown, Warning};
    let table = [
        ("SUCCESS", Success, ""),
        ("UNSTABLE", Warning, ""),
        ("FAILURE", Failure, ""),
        ("NOT_BUILT", Skipped, "not built"),
        ("ABORTED", Cancelled, "aborted"),
        ("EXPLODED", Unknown, "EXPLODED"),
    ];
    let job = |(word, ..): &(&str, _, _)| {
        let run = format!("{{\"number\":7,\"result\":\"{word}\",\"timestamp\":60000,\"duration\":5000}}");
        format!("{{\"fullName\":\"{word}\",\"color\":\"blue\",\"lastBuild\":{run},\"builds\":[{run}]}}")
    };
    let builds = builds(&server(&table.iter().map(job).collect::<Vec<_>>().join(",")), "").await.unwrap();
    assert_eq!(builds.len(), table.len());
    for (build, (word, result, said)) in builds.iter().zip(table) {
        assert_eq!((build.result, build.raw.as_str(), build.activity), (result, said, Activity::Idle), "{word}");
        assert_eq!((build.label.as_str(), build.finished_at), ("7", Some(Timestamp(65_000))), "{word}");
        assert_eq!(build.history.len(), 1, "told twice, kept once");
    }
}

fn status(text: &str) -> Value {
    let folder = Folder::new();
    let file = folder.write("board.toml", text);
    let output = run(&["status", "--format", "json", "--wait", "10s", "--config", &file]);
    serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

#[test]
fn eleven_hundred_jobs_are_all_there() {
    let job = |n: usize| {
        let run = |back: usize| {
            let result = if n == 7 && back == 0 { "FAILURE" } else { "SUCCESS" };
            let number = 20 - back;
            format!(
                "{{\"number\":{number},\"building\":false,\"result\":\"{result}\",\"timestamp\":17952620{number:02}000,\"duration\":1000}}"
            )
        };
        let runs: Vec<String> = (0..15).map(run).collect();
        format!(
            "{{\"fullName\":\"team{}/job{n}\",\"color\":\"blue\",\"lastBuild\":{},\"builds\":[{}]}}",
            n / 100,
            runs[0],
            runs.join(",")
        )
    };
    let jobs: Vec<String> = (0..1100).map(job).collect();
    let server = server(&jobs.join(","));
    let document = status(&board(&server, "", "view = \"stat\""));
    let panel = &document["dashboards"][0]["panels"][0];
    assert_eq!((panel["text"].as_str(), panel["status"].as_str()), (Some("1100 builds"), Some("critical")), "{panel}");
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(&server, "", "view = \"builds\""));
    let wall = stdout(&run(&["snapshot", "--size", "120x30", "--config", &file]));
    assert!(wall.contains("✖ team0/job7") && wall.contains("● team0 99") && wall.contains("● team10 100"), "{wall}");
}

#[test]
fn building_from_red_is_red_and_running() {
    let begin = now().0 - 40_000;
    let server = server(&format!(
        "{{\"fullName\":\"shop/main\",\"color\":\"red_anime\",\
         \"lastBuild\":{{\"number\":9,\"building\":true,\"timestamp\":{begin},\"duration\":0,\"estimatedDuration\":-1}},\
         \"builds\":[{{\"number\":8,\"result\":\"FAILURE\",\"timestamp\":{},\"duration\":5000}}]}}",
        begin - 600_000
    ));
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(&server, "", "view = \"builds\"\nlayer = \"pipeline\""));
    let screen = stdout(&run(&["snapshot", "--size", "120x20", "--config", &file]));
    let is_it = |line: &&str| line.contains("main") && line.contains("running");
    let line = screen.lines().find(is_it).unwrap_or_else(|| panic!("{screen}"));
    assert!(line.contains('✖'), "{line}");
}

#[tokio::test]
async fn stages_are_asked_for_where_a_query_picks_builds() {
    let job = |name: &str, building: bool| {
        format!(
            "{{\"fullName\":\"{name}\",\"color\":\"blue\",\"lastBuild\":{{\"number\":3,\"building\":{building},\
             \"url\":\"http://elsewhere.test/{name}/3/\",\"timestamp\":1795262300000,\"result\":\"SUCCESS\"}}}}"
        )
    };
    let server = server(
        &[job("shop/main", true), job("shop/a%2Fb", false), job("shop/lint", false), job("mail", false)].join(","),
    );
    let stages = r##"{"name":"#3","status":"PAUSED_PENDING_INPUT","stages":[
        {"name":"Build","status":"SUCCESS","startTimeMillis":1795262300000,"durationMillis":5228},
        {"name":"Deploy","status":"PAUSED_PENDING_INPUT","startTimeMillis":1795262306000,"durationMillis":7}]}"##;
    server.route("/jenkins/job/shop/job/main/3/wfapi/describe", Reply::body("application/json", stages));
    server.route("/jenkins/job/shop/job/a%252Fb/3/wfapi/describe", Reply::body("application/json", "{\"stages\":[]}"));
    let picked = builds(&server, "shop/*").await.unwrap();
    assert_eq!(names(&picked), ["shop/main", "shop/a/b", "shop/lint"]);
    let told: Vec<(&str, Activity, BuildResult, Option<Span>)> = picked[0]
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.activity, stage.result, stage.duration))
        .collect();
    assert_eq!(
        told,
        [
            ("Build", Activity::Idle, BuildResult::Success, Some(Span(5228))),
            ("Deploy", Activity::Waiting, BuildResult::Unknown, None),
        ]
    );
    assert_eq!(picked[0].activity, Activity::Waiting, "it waits for somebody");
    assert!(picked[1].stages.is_empty() && picked[2].stages.is_empty(), "no pipeline is no error");
    let asked: Vec<String> =
        server.requests().iter().filter_map(|head| Some(head.split(' ').nth(1)?.to_owned())).collect();
    assert!(asked.iter().any(|path| path == "/jenkins/job/shop/job/lint/3/wfapi/describe"), "{asked:?}");
    assert!(!asked.iter().any(|path| path.contains("mail/")), "only those that are picked: {asked:?}");
}

#[tokio::test]
async fn stages_of_too_many_builds_or_from_a_broken_server_are_refused() {
    let jobs = |count: usize| {
        let one = |n: usize| {
            format!(
                "{{\"fullName\":\"j{n}\",\"color\":\"blue\",\"lastBuild\":{{\"number\":1,\"result\":\"SUCCESS\"}}}}"
            )
        };
        (0..count).map(one).collect::<Vec<_>>().join(",")
    };
    let many = server(&jobs(21));
    let error = builds(&many, "j*").await.unwrap_err();
    assert_eq!(error.to_string(), "answer too large: 21 builds with stages, more than 20; narrow the query");
    assert_eq!(names(&builds(&many, "j2").await.unwrap()), ["j2"], "a narrower one is answered");
    let broken = server(&jobs(1));
    broken.route("/jenkins/job/j0/1/wfapi/describe", Reply::status("500 Oops", "text/html", "<html>"));
    assert_eq!(builds(&broken, "j*").await.unwrap_err().reason, Reason::Http(500));
}

#[tokio::test]
async fn who_we_are_is_shown_with_every_request() {
    let server = server("{\"fullName\":\"a\",\"color\":\"blue\",\"lastBuild\":{\"number\":1,\"result\":\"SUCCESS\"}}");
    let auth = "auth = { basic = { username = \"jane\", password = \"t0ken\" } }";
    poll(&board(&server, auth, "view = \"builds\"\nquery = \"a\"")).await.unwrap();
    let requests = server.requests();
    assert!(requests.len() >= 2, "{requests:?}");
    for head in requests {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization:"));
        assert!(line.is_some_and(|line| line.ends_with(" Basic amFuZTp0MGtlbg==")), "{head}");
    }
}

#[tokio::test]
async fn answers_that_are_none_are_explained() {
    let whole = |body: &str| Reply::body("application/json", body);
    for (reply, said) in [
        (
            Reply::body("text/html", "<!DOCTYPE html><html><form action=\"j_spring_security_check\">"),
            "answer not understood: the server answered with a web page, perhaps a log-in form",
        ),
        (
            whole("{\"_class\":\"hudson.model.FreeStyleProject\"}"),
            "answer not understood: this is no Jenkins view, folder or server: no jobs in the answer",
        ),
        (whole("{\"jobs\":{}}"), "answer not understood: JSON of another shape"),
        (whole("{\"jobs\":[{\"fullName\":\"a\""), "answer cut short"),
        (Reply::status("401 Unauthorized", "text/html", "<html>"), "not authorised: HTTP 401"),
        (Reply::status("403 Forbidden", "text/html", "<html>"), "not authorised: HTTP 403"),
        (Reply::status("404 Not Found", "text/html", "<html>"), "HTTP 404"),
    ] {
        let server = server("");
        server.route(LISTING, reply);
        let error = builds(&server, "").await.unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}, expected {said}");
    }
    let server = server("");
    server.route(LISTING, Reply::header("429 Too Many Requests", "Retry-After: 120"));
    let error = builds(&server, "").await.unwrap_err();
    assert_eq!((error.reason, error.retry_after), (Reason::RateLimited, Some(Span::seconds(120))));
}
