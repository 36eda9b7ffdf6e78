//! `CCTray` feeds as real servers write them: what is read of each, and what a board makes of it.

use andon::model::build::{Activity, Build, BuildResult};
use andon::model::fault::{FetchError, Reason};
use andon::model::telemetry::Telemetry;
use andon::model::text::SafeText;
use andon::model::time::Timestamp;
use andon::source::cctray;
use jiff::tz::TimeZone;
use reqwest::Url;
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr, stdout};

fn read(feed: &[u8]) -> Result<Vec<Build>, FetchError> {
    cctray::parse(feed, &TimeZone::UTC, &Url::parse("http://ci.test/feeds/cctray.xml").unwrap())
}

/// A feed of one project, which is called "shop" unless the attributes say otherwise.
fn one(attributes: &str) -> Build {
    let name = if attributes.contains("name=") { "" } else { "name=\"shop\"" };
    let feed = format!("<Projects><Project {name} {attributes}/></Projects>");
    let mut all = read(feed.as_bytes()).unwrap_or_else(|error| panic!("{feed}: {error}"));
    assert_eq!(all.len(), 1, "{feed}");
    all.remove(0)
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn board(server: &Server, source: &str, view: &str) -> String {
    format!(
        "refresh = \"2s\"\n[sources.s]\ntype = \"cctray\"\nurl = \"{}\"\n{source}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nview = \"{view}\"\nsource = \"s\"\n",
        server.url("/cctray.xml")
    )
}

/// Polls a feed once, through the whole program.
fn panel(reply: Reply, view: &str) -> Value {
    let server = Server::start();
    server.route("/cctray.xml", reply);
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(&server, "", view));
    let output = run(&["status", "--format", "json", "--wait", "5s", "--config", &file]);
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    document["dashboards"][0]["panels"][0].clone()
}

#[test]
fn every_status_is_kept_apart_from_every_activity() {
    for (status, result) in [
        ("Success", BuildResult::Success),
        ("Failure", BuildResult::Failure),
        ("Exception", BuildResult::Error),
        ("Unknown", BuildResult::Unknown),
    ] {
        for (word, activity) in
            [("Sleeping", Activity::Idle), ("Building", Activity::Running), ("CheckingModifications", Activity::Queued)]
        {
            let build = one(&format!("activity=\"{word}\" lastBuildStatus=\"{status}\""));
            assert_eq!((build.result, build.activity), (result, activity), "{status} {word}");
            assert_eq!(build.raw.as_str(), "", "{status} says it all");
        }
    }
}

#[test]
fn words_are_read_in_any_case_and_so_are_those_of_other_servers() {
    for (status, result, raw) in [
        ("success", BuildResult::Success, ""),
        ("FAILURE", BuildResult::Failure, ""),
        ("exception", BuildResult::Error, ""),
        ("Error", BuildResult::Error, ""),
        ("Cancelled", BuildResult::Cancelled, ""),
        ("canceled", BuildResult::Cancelled, ""),
        ("unknown", BuildResult::Unknown, ""),
        ("Paused", BuildResult::Unknown, "Paused"),
        ("", BuildResult::Unknown, ""),
    ] {
        let build = one(&format!("lastBuildStatus=\"{status}\""));
        assert_eq!((build.result, build.raw.as_str()), (result, raw), "{status}");
    }
    for (word, activity) in [
        ("building", Activity::Running),
        ("SLEEPING", Activity::Idle),
        ("checkingmodifications", Activity::Queued),
        ("Pending", Activity::Queued),
        ("Dreaming", Activity::Idle),
        ("", Activity::Idle),
    ] {
        assert_eq!(one(&format!("activity=\"{word}\"")).activity, activity, "{word}");
    }
}

#[tokio::test]
async fn gocd_tells_local_times_a_hierarchy_and_who_broke_it() {
    let feed = r#"<?xml version="1.0" encoding="utf-8"?><Projects>
        <Project name="shop :: build" activity="Sleeping" lastBuildStatus="Failure" lastBuildLabel="1.2.41"
          lastBuildTime="2026-07-01T14:00:00" webUrl="http://gocd.test/go/pipelines/shop/41/build/1">
          <messages><message text="Ann Li &lt;ann@example.com&gt;" kind="Breakers" /></messages>
        </Project>
        <Project name="shop :: build :: unit" activity="Building" lastBuildStatus="Success" lastBuildLabel="1.2.40 :: 1"
          lastBuildTime="2026-01-15T14:00:00" webUrl="http://gocd.test/go/tab/build/detail/shop/40/build/1/unit"/>
        </Projects>"#;
    let server = Server::start();
    server.route("/cctray.xml", Reply::body("application/xml", feed));
    for (people, author) in [("people = true\n", Some("Ann Li")), ("", None)] {
        let text = format!("{people}{}", board(&server, "timezone = \"Europe/Berlin\"", "builds"));
        let builds = match Running::start(&text).await.outcome("p").await.answer {
            Ok(Telemetry::Builds(builds)) => builds,
            other => panic!("{other:?}"),
        };
        let told: Vec<(&str, &str, &str)> =
            builds.iter().map(|one| (one.name.as_str(), one.group.as_str(), one.label.as_str())).collect();
        assert_eq!(told, [("shop :: build", "shop", "1.2.41"), ("shop :: build :: unit", "shop", "1.2.40 :: 1")]);
        let ended: Vec<Option<Timestamp>> = builds.iter().map(|one| one.finished_at).collect();
        assert_eq!(ended, [Some(at("2026-07-01T12:00:00Z")), Some(at("2026-01-15T13:00:00Z"))], "summer and winter");
        assert_eq!(builds[0].author.as_ref().map(SafeText::as_str), author, "names are off unless asked for");
        assert_eq!(builds[1].author, None);
    }
}

#[test]
fn names_are_grouped_by_their_first_part() {
    for (name, group) in [
        ("shop :: build :: unit", "shop"),
        ("octo/shop", "octo"),
        ("octo/shop :: main", "octo/shop"),
        ("shop", ""),
        ("a::b", ""),
    ] {
        assert_eq!(one(&format!("name=\"{name}\"")).group.as_str(), group, "{name}");
    }
}

#[test]
fn drone_and_woodpecker_tell_nothing_of_the_past_while_they_build() {
    let build = one("name=\"octo/shop\" activity=\"Building\" lastBuildStatus=\"Unknown\" lastBuildLabel=\"Unknown\" \
         lastBuildTime=\"\" webUrl=\"https://ci.test/repos/7\"");
    assert_eq!((build.activity, build.result), (Activity::Running, BuildResult::Unknown));
    assert_eq!((build.label.as_str(), build.finished_at), ("", None));
}

#[test]
fn what_is_not_of_the_format_is_passed_over() {
    let known = "name=\"a\" activity=\"Sleeping\" lastBuildStatus=\"Success\" lastBuildTime=\"2026-11-21T08:00:00Z\"";
    let more = "category=\"web\" nextBuildTime=\"1970-01-01T00:00:00.000-0000\" buildStage=\"x\"";
    let feed = format!(
        "<Projects version=\"2\"><Links/><Project {known} {more}><messages><message text=\"fixed\" kind=\"Fixer\"/>\
         <message/></messages><note>x</note></Project><Pipeline name=\"b\"/></Projects>"
    );
    assert_eq!(read(feed.as_bytes()).unwrap(), [one(known)]);
}

#[test]
fn times_are_read_in_every_way_they_are_written() {
    for (text, time) in [
        ("2026-11-21T08:00:00Z", Some("2026-11-21T08:00:00Z")),
        ("2026-11-21T08:00:00+01:00", Some("2026-11-21T07:00:00Z")),
        ("2026-11-21T08:00:00.1234567+01:00", Some("2026-11-21T07:00:00.123Z")),
        ("2026-11-21T08:00:00.000-0500", Some("2026-11-21T13:00:00Z")),
        ("2026-11-21T08:00:00", Some("2026-11-21T08:00:00Z")),
        (" 2026-11-21T08:00:00Z ", Some("2026-11-21T08:00:00Z")),
        ("", None),
        ("yesterday", None),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00", None),
    ] {
        assert_eq!(one(&format!("lastBuildTime=\"{text}\"")).finished_at, time.map(at), "{text}");
    }
}

#[test]
fn links_are_resolved_and_those_that_run_code_are_dropped() {
    for (url, link) in [
        ("http://elsewhere.test/a", Some("http://elsewhere.test/a")),
        ("job/a", Some("http://ci.test/feeds/job/a")),
        ("/job/a", Some("http://ci.test/job/a")),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("data:text/html,x", None),
        ("", None),
    ] {
        assert_eq!(one(&format!("webUrl=\"{url}\"")).url.as_ref().map(SafeText::as_str), link, "{url}");
    }
}

#[test]
fn of_two_builds_of_one_name_the_later_one_counts() {
    let project = |status: &str, time: &str| {
        format!("<Project name=\"a\" lastBuildStatus=\"{status}\" lastBuildTime=\"{time}\"/>")
    };
    let (old, new) = (project("Failure", "2026-11-21T08:00:00Z"), project("Success", "2026-11-21T09:00:00Z"));
    let never = project("Unknown", "");
    for feed in [format!("{old}{new}{never}"), format!("{never}{new}{old}"), format!("{new}{old}")] {
        let all = read(format!("<Projects>{feed}</Projects>").as_bytes()).unwrap();
        assert_eq!(all.iter().map(|one| one.result).collect::<Vec<_>>(), [BuildResult::Success], "{feed}");
    }
}

#[test]
fn builds_that_only_look_alike_or_have_a_page_each_are_all_there() {
    let project = |name: &str, page: &str, status: &str| {
        format!("<Project name=\"{name}\" webUrl=\"https://ci.test/{page}\" lastBuildStatus=\"{status}\"/>")
    };
    let feed = [
        project("shop", "1", "Failure"),
        project("shop\u{200b}", "1", "Success"),
        project("mail", "1", "Failure"),
        project("mail", "2", "Success"),
    ];
    let all = read(format!("<Projects>{}</Projects>", feed.concat()).as_bytes()).unwrap();
    let red = all.iter().filter(|one| one.result == BuildResult::Failure).count();
    assert_eq!((all.len(), red), (4, 2), "{all:?}");
}

#[test]
fn feeds_are_read_in_the_encoding_they_declare() {
    let feed = |declared: &str, name: &[u8]| {
        let head = format!("<?xml version=\"1.0\" encoding=\"{declared}\"?><Projects><Project name=\"");
        [head.as_bytes(), name, b"\"/></Projects>"].concat()
    };
    for feed in [
        feed("ISO-8859-1", b"caf\xe9"),
        feed("windows-1252", b"caf\xe9"),
        feed("UTF-8", "café".as_bytes()),
        [b"\xef\xbb\xbf".to_vec(), feed("UTF-8", "café".as_bytes())].concat(),
    ] {
        assert_eq!(read(&feed).unwrap()[0].name.as_str(), "café");
    }
}

#[test]
fn entities_are_never_expanded() {
    let nested: String = (1..30).map(|n| format!("<!ENTITY e{n} \"&e{};&e{};\">", n - 1, n - 1)).collect();
    for declared in [nested.as_str(), "<!ENTITY e29 SYSTEM \"file:///etc/passwd\">", ""] {
        let feed =
            format!("<!DOCTYPE x [<!ENTITY e0 \"lol\">{declared}]><Projects><Project name=\"&e29;\"/></Projects>");
        let error = read(feed.as_bytes()).unwrap_err();
        assert_eq!((error.reason, error.detail.as_str()), (Reason::Parse, "the feed has a DTD, which is refused"));
    }
}

#[test]
fn a_feed_without_projects_is_unknown_and_says_so() {
    let panel = panel(Reply::body("application/xml", "<?xml version=\"1.0\"?><Projects/>"), "builds");
    assert_eq!((panel["status"].as_str(), panel["freshness"].as_str()), (Some("unknown"), Some("fresh")), "{panel}");
    assert_eq!(panel["reason"], "no builds");
}

#[test]
fn five_thousand_projects_are_all_there() {
    let project = |n: usize| {
        format!("<Project name=\"p{n}\" activity=\"Sleeping\" lastBuildStatus=\"Success\" lastBuildLabel=\"{n}\"/>")
    };
    let feed = format!("<Projects>{}</Projects>", (0..5000).map(project).collect::<String>());
    let panel = panel(Reply::body("application/xml", &feed), "stat");
    assert_eq!((panel["text"].as_str(), panel["status"].as_str()), (Some("5000 builds"), Some("ok")), "{panel}");
}

#[test]
fn a_server_that_wants_to_know_us_is_no_broken_feed() {
    let reply = Reply::raw(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"ci\"\r\nContent-Type: text/html\r\n\
         Content-Length: 13\r\nConnection: close\r\n\r\n<html></html>",
    );
    let panel = panel(reply, "builds");
    let reason = panel["reason"].as_str().unwrap();
    assert!(reason.starts_with("not authorised: HTTP 401"), "{reason}");
    assert_eq!(panel["status"], "unknown");
}

#[test]
fn a_feed_that_forgets_the_last_result_while_it_builds_is_remembered_for() {
    let feed = |attributes: &str| {
        let body = format!("<Projects><Project name=\"shop\" {attributes} webUrl=\"http://ci/\"/></Projects>");
        cctray::parse(body.as_bytes(), &TimeZone::UTC, &"http://ci/".parse().unwrap()).unwrap()
    };
    let red =
        "activity=\"Sleeping\" lastBuildStatus=\"Failure\" lastBuildLabel=\"7\" lastBuildTime=\"2026-11-21T08:00:00Z\"";
    // As Woodpecker and Drone write while they build.
    let building = "activity=\"Building\" lastBuildStatus=\"Unknown\" lastBuildLabel=\"Unknown\" lastBuildTime=\"\"";
    let seen = andon::store::builds::track(&[], feed(red), Timestamp(0));
    let seen = andon::store::builds::track(&seen, feed(building), Timestamp(1000));
    let one = &seen[0];
    assert_eq!((one.build.result, one.build.activity), (BuildResult::Failure, Activity::Running), "it runs from red");
    assert_eq!((one.build.label.as_str(), one.red_streak, one.running_since), ("7", 1, Some(Timestamp(1000))));
}
