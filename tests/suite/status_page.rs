//! The status page for customers: asked by curl, and read by the programs that read such pages and feeds.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use andon::history::codec::{self, Bucket};
use andon::model::poll::QueryKey;
use andon::model::time::{Span, Timestamp, now};
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::installed::{is_installed, is_there};
use crate::support::prometheus::free_port;
use crate::support::pty::PATIENCE;
use crate::support::serving::Serving;

const DAY: i64 = 86_400;

/// A served board with a status page; what it is made of is in files.
struct Shop {
    serving: Serving,
    files: Folder,
    port: u16,
}

impl Shop {
    /// `checkout` and `search` are numbers above five of which it is degraded, and above ten not usable.
    fn start(checkout: &str, search: &str) -> Self {
        Self::with(checkout, search, Some(&calendar()))
    }

    fn with(checkout: &str, search: &str, calendar: Option<&str>) -> Self {
        let (files, port) = (Folder::new(), free_port());
        files.write("checkout", checkout);
        files.write("search", search);
        files.write("events.jsonl", &events());
        calendar.map(|calendar| files.write("plans.ics", calendar));
        let serving = Serving::with_history(&board(files.path(), port));
        Self { serving, files, port }
    }

    fn curl(&self, flags: &[&str], path: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let output = Command::new("curl").args(["-sS", "--max-time", "20"]).args(flags).arg(url).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn summary(&self) -> Value {
        serde_json::from_str(&self.curl(&[], "/api/v2/summary.json")).unwrap_or_default()
    }

    /// The summary, once it holds.
    fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let summary = self.summary();
            if holds(&summary) {
                return summary;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {summary:#}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// The summary, once all of it has been answered.
    fn answered(&self) -> Value {
        let is_known = |summary: &Value| {
            let all = summary["components"].as_array().map(Vec::as_slice).unwrap_or_default();
            let is_there = |name: &str| summary[name].as_array().is_some_and(|all| !all.is_empty());
            !all.is_empty()
                && all.iter().all(|one| one["description"].is_null())
                && is_there("incidents")
                && is_there("scheduled_maintenances")
        };
        self.until("components, incidents and plans", is_known)
    }
}

fn board(files: &Path, port: u16) -> String {
    let files = files.display();
    let component = |id: &str, title: &str| {
        format!(
            "[sources.{id}]\ntype = \"command\"\ncommand = [\"cat\", \"{files}/{id}\"]\n[[dashboards.panels]]\nid = \"{id}\"\n\
             title = \"{title}\"\nlayer = \"application\"\nview = \"stat\"\nsource = \"{id}\"\nservice = \"canary-{id}\"\n\
             warning = \"> 5\"\ncritical = \"> 10\"\nlink = \"https://canary-link.example.com\"\n"
        )
    };
    format!(
        "title = \"Shop & Sons\"\npeople = true\nrefresh = \"1s\"\n[web]\nlisten = \"127.0.0.1:{port}\"\ntoken = \"canary-token\"\nstatus = \"status\"\n\
         hosts = [\"status.example.com\"]\n[history]\npath = \"{files}/history.sqlite\"\nflush = \"1s\"\n\
         [sources.told]\ntype = \"events\"\nfile = \"{files}/events.jsonl\"\n[sources.plans]\ntype = \"ical\"\nfile = \"{files}/plans.ics\"\n\
         [[dashboards]]\nname = \"status\"\n{}{}\
         [[dashboards.panels]]\nid = \"told\"\ntitle = \"Incidents\"\nview = \"events\"\nsource = \"told\"\nkinds = [\"incident\"]\n\
         [[dashboards.panels]]\nid = \"plans\"\ntitle = \"Plans\"\nview = \"agenda\"\nsource = \"plans\"\n\
         [[dashboards]]\nname = \"canary-inside\"\n[[dashboards.panels]]\nid = \"t\"\nview = \"text\"\ntext = \"canary-text\"\n",
        component("checkout", "Checkout"),
        component("search", "Search"),
    )
}

/// An incident that goes on, one that is over, and what customers are not told.
fn events() -> String {
    let [hour, before, after] =
        [-3600, -10 * DAY, -10 * DAY + 600].map(|seconds| now().plus(Span::seconds(seconds)).rfc3339());
    format!(
        "{{\"title\":\"Cards are refused by canary-host.example.com:5432\",\"kind\":\"incident\",\"at\":\"{hour}\",\"id\":\"INC-1\",\"service\":\"Checkout\",\
         \"who\":\"canary-person\",\"url\":\"https://canary-url.example.com\",\"version\":\"canary-version\"}}\n\
         {{\"title\":\"Search <was> slow\",\"kind\":\"incident\",\"at\":\"{before}\",\"until\":\"{after}\"}}\n\
         {{\"title\":\"canary-deploy\",\"kind\":\"deploy\",\"at\":\"{hour}\",\"service\":\"shop\",\"version\":\"v2\"}}\n"
    )
}

/// New disks for the search, in a day.
fn calendar() -> String {
    let stamp = |hours: i64| {
        let text = now().plus(Span::seconds(hours * 3600)).rfc3339();
        let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == 'T').take(15).collect();
        format!("{digits}Z")
    };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//andon//tests//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:{}\r\nDTSTART:{}\r\nDTEND:{}\r\n\
         SUMMARY:New disks\r\nLOCATION:canary-room\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:{}\r\nDTSTART:{}\r\n\
         ATTENDEE;CN=canary person:mailto:canary@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        stamp(-48),
        stamp(24),
        stamp(26),
        stamp(-48),
        stamp(48)
    )
}

fn clients() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/clients")
}

#[test]
fn live_curl_gets_what_customers_may_know_and_nothing_else() {
    if !is_installed("status_page::live_curl_gets_what_customers_may_know_and_nothing_else", &["curl"]) {
        return;
    }
    let shop = Shop::start("3", "12");
    let summary = shop.answered();
    assert_eq!(summary["status"]["indicator"], "major");
    assert_eq!(summary["components"][0]["status"], "operational");
    assert_eq!(summary["components"][1]["status"], "major_outage");
    let page = shop.curl(&["-i"], "/status");
    for part in [
        "content-security-policy: default-src 'none'",
        "Shop &amp; Sons",
        "Some systems are down",
        "Cards are refused by …",
        "Search &lt;was&gt; slow",
        "New disks",
        "<svg class=\"days\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let badge = shop.curl(&[], "/status/badge.svg");
    assert!(badge.starts_with("<svg") && badge.contains("partial outage"), "{badge}");
    let every = ["", "/status.css", "/history.atom", "/badge.svg"].map(|path| format!("/status{path}"));
    let parts = ["summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances"];
    let more = ["scheduled-maintenances/upcoming", "scheduled-maintenances/active"];
    let documents = parts.iter().chain(&more).map(|part| format!("/status/api/v2/{part}.json"));
    for path in every.into_iter().chain(documents) {
        let answer = shop
            .curl(&["-i", "-H", "Sec-Fetch-Site: cross-site", "-H", "Origin: https://elsewhere.example.com"], &path);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        assert!(answer.contains("access-control-allow-origin: *"), "other pages may show it: {path}");
        for hidden in ["canary", shop.files.path().to_str().unwrap()] {
            assert!(!answer.contains(hidden), "{hidden} is in {path}: {answer}");
        }
    }
    assert!(shop.curl(&["-I"], "/status/").starts_with("HTTP/1.1 200"), "who looks whether it is there finds it");
    assert!(shop.curl(&["-i"], "/session").starts_with("HTTP/1.1 401"), "the board is not open because its status is");
    assert!(shop.curl(&["-i", "-H", "Host: evil.example.com"], "/status").starts_with("HTTP/1.1 403"));
    let there =
        shop.curl(&["-H", "Host: status.example.com", "-H", "X-Forwarded-Proto: https"], "/status/history.atom");
    assert!(there.contains("href=\"https://status.example.com/status\""), "{there}");
}

#[test]
fn live_what_is_not_known_is_not_healthy() {
    if !is_installed("status_page::live_what_is_not_known_is_not_healthy", &["curl"]) {
        return;
    }
    let shop = Shop::start("3", "3");
    let status = |indicator: &'static str| move |summary: &Value| summary["status"]["indicator"] == indicator;
    // An incident goes on.
    shop.answered();
    shop.until("an incident", |summary| summary["status"]["description"] == "An incident is under way");
    let over = "{\"title\":\"over\",\"kind\":\"incident\",\"id\":\"INC-1\",\"state\":\"done\"}\n";
    shop.files.write("events.jsonl", &(events() + over));
    shop.until("all well", status("none"));
    shop.files.write("search", "no number");
    let summary = shop.until("one of which nothing is known", status("minor"));
    assert_eq!(summary["status"]["description"], "Not everything is known at the moment");
    assert_ne!(summary["components"][1]["status"], "operational");
    assert!(summary["components"][1]["description"].as_str().unwrap().contains("no data"));
    assert!(shop.curl(&[], "/status/badge.svg").contains("unknown"));
    // Where plans are written down there is nothing: nobody knows what is planned.
    let shop = Shop::with("3", "3", None);
    shop.files.write("events.jsonl", &(events() + over));
    let summary = shop.until("a calendar that is not there", |summary| {
        let all = summary["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        !all.is_empty() && all.iter().all(|one| one["status"] == "operational")
    });
    assert_eq!(summary["status"]["description"], "Not everything is known at the moment");
    assert!(shop.curl(&[], "/status").contains("There may be more"));
}

/// A day of a panel in its history: so many seconds ok and critical.
fn kept(history: &Connection, panel: &str, days_ago: i64, statuses: [u32; 4]) {
    let at = (now().0 / 1000 / DAY - days_ago) * DAY * 1000;
    let key = QueryKey::of_status("status", panel);
    let series = "INSERT INTO series (query, labels) VALUES (?1, '{}') ON CONFLICT DO NOTHING";
    history.execute(series, [key.as_str()]).unwrap();
    let id: i64 =
        history.query_row("SELECT id FROM series WHERE query = ?1", [key.as_str()], |row| row.get(0)).unwrap();
    let bucket = Bucket { at: Timestamp(at), statuses, count: 1, ..Bucket::default() };
    let block = "INSERT INTO block (series, step, start, data) VALUES (?1, ?2, ?3, ?4)";
    history.execute(block, params![id, DAY, at, codec::buckets(&[bucket])]).unwrap();
}

#[test]
fn live_ninety_days_are_those_of_the_history() {
    if !is_installed("status_page::live_ninety_days_are_those_of_the_history", &["curl"]) {
        return;
    }
    let mut shop = Shop::start("3", "3");
    shop.answered();
    assert_eq!(shop.serving.stop(), Some(0));
    let history = Connection::open(shop.files.path().join("history.sqlite")).unwrap();
    for days_ago in 1..60 {
        kept(&history, "checkout", days_ago, if days_ago == 30 { [80_000, 0, 6400, 0] } else { [86_400, 0, 0, 0] });
    }
    drop(history);
    shop.serving.start_again();
    shop.answered();
    let page = shop.curl(&[], "/status");
    let checkout = page.split("class=\"name\">Checkout").nth(1).unwrap();
    let checkout = checkout.split("class=\"name\">").next().unwrap();
    // 6,400 of 59 days, and the seconds of today.
    assert!(checkout.contains("99.87 % up in the 59 d known of 90 days"), "{page}");
    assert!(checkout.contains("92.59 % up, 107 min down"), "{page}");
    assert_eq!(checkout.matches("<rect class=\"critical\"").count(), 1);
    assert!(page.matches("nothing is known").count() >= 30, "days before the board was there are not green");
    assert!(checkout.contains("Days that were not all well"));
}

/// Prints what a feed reader understands of a feed.
const READER: &str = "
import feedparser, json, sys
feed = feedparser.parse(sys.argv[1])
assert not feed.bozo, feed.bozo_exception
print(json.dumps({'version': feed.version, 'title': feed.feed.title, 'entries': [
    {'id': one.id, 'title': one.title, 'updated': one.updated_parsed[:6], 'link': one.link} for one in feed.entries]}))
";

#[test]
fn live_a_feed_reader_reads_the_feed() {
    let python = clients().join("bin/python");
    let name = "status_page::live_a_feed_reader_reads_the_feed";
    let libraries = std::fs::read_dir(clients().join("lib")).into_iter().flatten().flatten().map(|entry| entry.path());
    let module = libraries.map(|folder| folder.join("site-packages/feedparser")).next().unwrap_or_else(clients);
    if !is_there(name, &[python.clone(), module]) || !is_installed(name, &["curl"]) {
        return;
    }
    let shop = Shop::start("3", "3");
    shop.answered();
    let read = || -> Value {
        let url = format!("http://127.0.0.1:{}/status/history.atom", shop.port);
        let output = Command::new(&python).args(["-c", READER, &url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let feed = read();
    assert_eq!((feed["version"].as_str(), feed["title"].as_str()), (Some("atom10"), Some("Shop & Sons: status")));
    let titles: Vec<&str> =
        feed["entries"].as_array().unwrap().iter().filter_map(|one| one["title"].as_str()).collect();
    let wanted = ["Checkout: Cards are refused by …", "Planned: busy", "Planned: New disks", "Search <was> slow"];
    assert_eq!(titles, wanted);
    assert_eq!(read(), feed, "what has not changed is not told as new");
}

/// Asks a page as a client of Statuspage does, which knows no other words than those of its interface.
const CLIENT: &str = "
const { Statuspage } = require('statuspage.io');
const page = new Statuspage('x');
page.setApiUrl(process.argv[1]);
(async () => {
  const { api } = page;
  const all = await Promise.all([api.getSummary(), api.getStatus(), api.getComponents(), api.incidents.getAll(),
    api.incidents.getUnresolved(), api.scheduledMaintenances.getAll(), api.scheduledMaintenances.getUpcoming()]);
  console.log(JSON.stringify(all));
})().catch((error) => { console.error(error); process.exit(1); });
";

#[test]
fn live_a_client_of_statuspage_reads_the_page() {
    let name = "status_page::live_a_client_of_statuspage_reads_the_page";
    let module = clients().join("node_modules/statuspage.io");
    if !module.exists() {
        // tests/run installs it where there is npm: not on every machine. Past the capture of the test harness.
        writeln!(std::io::stderr(), "SKIPPED {name}: {} not installed", module.display()).unwrap();
        return;
    }
    let shop = Shop::start("3", "12");
    shop.answered();
    let url = format!("http://127.0.0.1:{}", shop.port);
    let output = Command::new("node").current_dir(clients()).args(["-e", CLIENT, &url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(all[0]["components"], all[2]["components"]);
    assert_eq!(all[0]["status"], all[1]["status"]);
    let count = |index: usize, what: &str| all[index][what].as_array().map(Vec::len);
    assert_eq!((count(3, "incidents"), count(4, "incidents")), (Some(2), Some(1)));
    assert_eq!(count(5, "scheduled_maintenances"), Some(2));
    assert_eq!(all[6]["scheduled_maintenances"][0]["status"], "scheduled");
    assert_eq!(all[4]["incidents"][0]["components"][0]["name"], "Checkout");
}

#[test]
fn live_an_address_that_has_only_a_status_page_leads_there() {
    if !is_installed("status_page::live_an_address_that_has_only_a_status_page_leads_there", &["curl"]) {
        return;
    }
    let (files, port) = (Folder::new(), free_port());
    // On this machine, too: whoever comes through a proxy comes from here.
    let text = board(files.path(), port).replace("token = \"canary-token\"\n", "");
    let shop = Shop { serving: Serving::with_history(&text), files, port };
    shop.until("an answer", |summary| !summary.is_null());
    let answer = shop.curl(&["-i"], "/");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("location: /status"), "{answer}");
    assert!(shop.curl(&["-i"], "/stream?size=80x24").starts_with("HTTP/1.1 401"), "nobody may see the board");
}
