//! A wall over a real andon.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Instant;

use super::*;
use crate::support::andon;
use crate::support::folder::Folder;
use crate::support::prometheus::free_port;
use crate::support::pty::PATIENCE;

/// A real board without a screen, that answers.
struct Site {
    child: Child,
    port: u16,
    folder: Folder,
}

impl Site {
    fn start() -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let before = |seconds: i64| now().minus(Span::seconds(seconds));
        folder.write("number", "5");
        folder.write("old.json", &format!("[[{}, 1], [{}, 1]]", before(2460).seconds(), before(2400).seconds()));
        let incident = format!("{{\"kind\":\"incident\",\"title\":\"slow\",\"at\":\"{}\"}}\n", before(1800).rfc3339());
        folder.write("events.jsonl", &incident);
        let at = folder.path().display();
        let board = format!(
            "refresh = \"1s\"\n[api]\nlisten = \"127.0.0.1:{port}\"\n\
             [sources.notes]\ntype = \"events\"\nfile = \"{at}/events.jsonl\"\n\
             [sources.number]\ntype = \"command\"\ncommand = [\"cat\", \"{at}/number\"]\n\
             [sources.old]\ntype = \"command\"\ncommand = [\"cat\", \"{at}/old.json\"]\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\nid = \"red\"\nview = \"stat\"\nsource = \"number\"\ncritical = \"> 3\"\n\
             [[dashboards.panels]]\nid = \"fine\"\nview = \"stat\"\nsource = \"number\"\ncritical = \"> 99\"\n\
             [[dashboards.panels]]\nid = \"old\"\nview = \"chart\"\nsource = \"old\"\nquery = \".\"\ncritical = \"> 3\"\n"
        );
        let file = folder.write("site.toml", &board);
        let mut command = andon();
        command.args(["--plain", "--config", &file]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let site = Self { child: command.spawn().unwrap(), port, folder };
        let begin = Instant::now();
        while !site.get("/api/v1/status").contains("\"critical\"") || !site.get("/api/v1/events").contains("slow") {
            assert!(begin.elapsed() < PATIENCE, "the site does not answer");
            std::thread::yield_now();
        }
        site
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The body of an answer; empty while nobody answers.
    fn get(&self, path: &str) -> String {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return String::new() };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Takes in what comes until a panel is as wanted.
async fn until(running: &mut Running, id: &str, is_so: impl Fn(&PanelScene) -> bool) -> PanelScene {
    let begin = Instant::now();
    loop {
        let panel = running.panel(id);
        if is_so(&panel) {
            return panel;
        }
        assert!(begin.elapsed() < PATIENCE, "{id}: {panel:?}");
        running.next().await.unwrap();
    }
}

#[tokio::test]
async fn a_wall_shows_a_real_site_and_grows_old_when_it_is_killed() {
    let mut site = Site::start();
    let panels = [
        ("all", "lamps", ""),
        ("red", "stat", "d/red"),
        ("fine", "stat", "d/fine"),
        ("old", "lamps", "d/old"),
        ("line", "chart", "series(d/red)"),
        ("happened", "events", "events()"),
    ];
    let text: String = panels.iter().map(|(id, view, query)| panel(id, view, query)).collect();
    let mut wall = Running::start(&wall(&[("berlin", site.url())], &text)).await;
    let is_judged = |panel: &PanelScene| panel.freshness.can_be_judged();
    let red = until(&mut wall, "red", is_judged).await;
    assert_eq!((red.status, red.text.as_str()), (Status::Critical, "5"));
    assert!(red.blame.starts_with("red: 5 > 3 since before "), "{}", red.blame);
    assert_eq!(until(&mut wall, "fine", is_judged).await.status, Status::Ok);
    let old = until(&mut wall, "old", is_judged).await;
    assert_eq!(old.status, Status::Unknown);
    assert_eq!(old.blame, "old: the source answers, but its newest value is 40 min old");
    assert_eq!(until(&mut wall, "all", is_judged).await.status, Status::Critical);
    let happened = until(&mut wall, "happened", is_judged).await;
    assert!(format!("{:?}", happened.view).contains("slow"), "{:?}", happened.view);

    // What was told of the numbers is what the site has: the same moments, the same values.
    let told = numbers(wall.outcome("line").await.answer);
    let has: Value = serde_json::from_str(&site.get("/api/v1/series?name=d/red")).unwrap();
    let has: Vec<(Timestamp, f64)> = has[0]["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (moment(one["time"].as_str().unwrap()).unwrap(), one["value"].as_f64().unwrap()))
        .collect();
    assert!(!told[0].points.is_empty());
    for point in &told[0].points {
        assert!(has.contains(&(point.at, point.value)), "{point:?} of {has:?}");
    }
    // A change there is one here.
    site.folder.write("number", "2");
    let back = until(&mut wall, "red", |panel| panel.status == Status::Ok).await;
    assert_eq!(back.text, "2");

    site.child.kill().unwrap();
    let late = until(&mut wall, "fine", |panel| panel.freshness == Freshness::Late).await;
    assert_eq!((late.status, late.failures > 0), (Status::Ok, true), "its last value stands");
    let stale = until(&mut wall, "fine", |panel| panel.freshness == Freshness::Stale).await;
    assert_eq!(stale.status, Status::Unknown);
    assert!(stale.reason.contains("connection refused"), "{}", stale.reason);
    assert!(stale.age.unwrap() < Span::seconds(20), "within its limits: {:?}", stale.age);
}
