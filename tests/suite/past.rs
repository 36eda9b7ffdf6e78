//! The time machine: a board as of a past moment shows what it showed then, before and after a restart, to the one who
//! asks and to nobody else.

use std::path::Path;

use crate::support::folder::Folder;
use crate::support::prometheus::{self, Prometheus};
use crate::support::pty::Session;
use crate::support::server::{Reply, Server};
use crate::support::serving::Serving;

/// A world of a number, a build and a service that can be well or not.
struct World {
    folder: Folder,
    server: Server,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: Folder::new(), server: Server::start() };
        world.is("10", "Success", "200 OK");
        world
    }

    fn is(&self, number: &str, build: &str, service: &str) {
        self.folder.write("number", number);
        let projects = format!(
            "<Projects><Project name=\"shop/main\" activity=\"Sleeping\" lastBuildStatus=\"{build}\" lastBuildLabel=\"7\" \
             lastBuildTime=\"2026-01-02T03:04:05Z\" webUrl=\"http://h/\"/></Projects>"
        );
        self.server.route("/cc.xml", Reply::body("application/xml", &projects));
        self.server.route("/health", Reply::status(service, "text/plain", "x"));
    }

    /// The number is asked every second, the others once in ten minutes, and when somebody presses a key: that they look
    /// the same a second later is no chance.
    fn board(&self, history: Option<&Path>) -> String {
        let history = history.map(|path| format!("history = {{ path = \"{}\", flush = \"1s\" }}\n", path.display()));
        format!(
            "title = \"Past\"\nrefresh = \"10m\"\n{}[sources.number]\ntype = \"command\"\nrefresh = \"1s\"\n\
             command = [\"/bin/cat\", \"{}\"]\n[sources.ci]\ntype = \"cctray\"\nurl = \"{}\"\n\
             [sources.up]\ntype = \"probe\"\ntargets = [\"web={}\"]\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\nid = \"n\"\ntitle = \"Orders\"\nview = \"stat\"\nsource = \"number\"\ncritical = \"> 50\"\n\
             [[dashboards.panels]]\nid = \"b\"\ntitle = \"Builds\"\nview = \"builds\"\nsource = \"ci\"\n\
             [[dashboards.panels]]\nid = \"u\"\ntitle = \"Sites\"\nview = \"lamps\"\nsource = \"up\"\n",
            history.unwrap_or_default(),
            self.folder.path().join("number").display(),
            self.server.url("/cc.xml"),
            self.server.url("/health"),
        )
    }

    fn start(&self, history: &Path) -> Session {
        let board = self.folder.write("board.toml", &self.board(Some(history)));
        Session::start_with(&["--config", &board], (100, 24), &[("ANDON_HISTORY", "")])
    }
}

/// "14:27:09" of the first line.
fn clock(text: &str) -> String {
    text.lines().next().and_then(|line| line.split_whitespace().next_back()).unwrap_or_default().to_owned()
}

/// What the panels say: without the header, the last line and what moves with each second, the strokes of graphs.
fn said(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_stroke = |char: &char| ('\u{2580}'..='\u{259f}').contains(char) || ('\u{2800}'..='\u{28ff}').contains(char);
    let words = |line: &&str| line.chars().filter(|char| !is_stroke(char)).collect::<String>();
    lines[2..lines.len() - 1].iter().map(words).collect()
}

const WELL: [&str; 3] = ["10", "shop/main", "web"];
const BAD: [&str; 3] = ["99", "✖ shop/main", "✖ web"];

fn has(text: &str, all: &[&str]) -> bool {
    all.iter().all(|words| text.contains(words))
}

fn a_second_passes(session: &Session) {
    let at = clock(&session.text());
    session.wait_for("another second", |text| clock(text) != at);
}

/// Looks at a board that is well until it was so for a whole second, and remembers when, and what it said.
fn remembered(session: &Session) -> (String, Vec<String>) {
    session.wait_for("a board that is well", |text| has(text, &WELL) && !text.contains('✖') && !text.contains('◌'));
    a_second_passes(session);
    a_second_passes(session);
    let text = session.text();
    (clock(&text), said(&text))
}

fn goes_to(session: &mut Session, typed: &str) {
    session.send("t");
    session.wait_for("the prompt", |text| text.contains("yesterday 18:00..19:00"));
    session.send(&format!("{typed}\r"));
}

fn shows(session: &Session, at: &str, expected: &[String]) {
    session.wait_for("the past", |text| text.contains("PAST") && clock(text) == at && said(text) == expected);
}

#[test]
fn a_moment_looks_as_it_looked_then_also_after_a_restart() {
    let world = World::new();
    let history = world.folder.path().join("past.sqlite");
    let mut session = world.start(&history);
    let (at, was) = remembered(&session);
    world.is("99", "Failure", "503 Service Unavailable");
    session.send("r");
    session.wait_for("a board that is not", |text| has(text, &BAD));
    a_second_passes(&session);
    goes_to(&mut session, &at);
    shows(&session, &at, &was);
    session.send("0");
    session.wait_for("now", |text| !text.contains("PAST") && has(text, &BAD));
    session.send("q");
    session.exit_within(std::time::Duration::from_secs(5));

    let mut session = world.start(&history);
    session.wait_for("now, after a restart", |text| has(text, &BAD));
    goes_to(&mut session, &at);
    shows(&session, &at, &was);
}

#[test]
fn keys_lead_there_and_back_and_what_is_not_remembered_is_said() {
    let world = World::new();
    let mut session = world.start(&world.folder.path().join("past.sqlite"));
    remembered(&session);
    for (keys, seen) in [
        (",", &["PAST", "0 now"][..]),
        ("m", &["? help", "Enter zoom"]),
        ("{", &["PAST"]),
        ("\x1b", &["? help", "Enter zoom"]),
        ("t", &["time", "yesterday 18:00..19:00"]),
        ("soon\r", &["'soon' is no moment", "yesterday"]),
        ("\x15-9d\r", &["PAST", "is not known", "nothing is remembered of"]),
        ("0", &["? help", "Enter zoom"]),
    ] {
        session.send(keys);
        session.wait_for(keys, |text| has(text, seen));
    }
    assert!(!session.text().contains("PAST"), "{}", session.text());
}

#[test]
fn who_looks_at_the_past_changes_nothing_for_others() {
    let world = World::new();
    let serving = Serving::with(&world.board(None));
    let mut one = serving.view(&[], (100, 24));
    let other = serving.view(&[], (100, 24));
    let (at, was) = remembered(&one);
    world.is("99", "Success", "200 OK");
    for session in [&one, &other] {
        session.wait_for("another number", |text| text.contains("99"));
    }
    goes_to(&mut one, &at);
    shows(&one, &at, &was);
    a_second_passes(&other);
    assert!(has(&other.text(), &["99"]) && !other.text().contains("PAST"), "{}", other.text());
}

#[test]
fn a_source_with_a_past_of_its_own_is_asked_as_of_the_moment() {
    if !prometheus::is_here("past::a_source_with_a_past_of_its_own_is_asked_as_of_the_moment") {
        return;
    }
    let server = Prometheus::started();
    let folder = Folder::new();
    // What this query answers is how long ago the moment is that it is asked as of.
    let begun = andon::model::time::now().0 / 1000;
    let text = format!(
        "title = \"Past\"\n[sources.m]\ntype = \"prometheus\"\nurl = \"{}\"\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"t\"\ntitle = \"Time\"\nview = \"sparkline\"\nsource = \"m\"\n\
         query = \"round(vector((time() - {begun}) / 60))\"\n",
        server.url()
    );
    let mut session = Session::start(&["--config", &folder.write("board.toml", &text)], (80, 12));
    session.wait_for("now", |text| text.contains("Time") && text.contains("max 0"));
    goes_to(&mut session, "-2h");
    session.wait_for("two hours ago", |text| text.contains("PAST") && text.contains("max -120"));
    session.send("0");
    session.wait_for("now again", |text| !text.contains("PAST") && text.contains("max 0"));
}
