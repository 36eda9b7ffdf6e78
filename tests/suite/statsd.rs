//! What programs send as StatsD: over real sockets, in floods, and from the clients of the field.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use andon::model::event::EventKind;
use andon::model::fault::Reason;
use andon::model::series::MAX_SERIES;
use andon::model::status::Status;
use andon::model::table::{Cell, Table};
use andon::model::telemetry::Telemetry;

use crate::support::installed::is_there;
use crate::support::prometheus::free_port;
use crate::support::pty::{PATIENCE, Session};
use crate::support::running::Running;

/// A board that listens, with a panel for each of these queries; its id is the query.
fn board(port: u16, queries: &[&str]) -> String {
    let head = format!(
        "refresh = \"1s\"\n[sources.app]\ntype = \"statsd\"\nlisten = \"127.0.0.1:{port}\"\nflush = \"1s\"\n\
         [sources.other]\ntype = \"command\"\ncommand = [\"echo\", \"7\"]\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"other\"\nview = \"stat\"\nsource = \"other\"\n"
    );
    let panel = |query: &&str| {
        let view = match *query {
            "counts()" | "new()" => "table",
            "checks()" => "lamps",
            "events()" => "events",
            _ => "chart",
        };
        format!("[[dashboards.panels]]\nid = '{query}'\nview = \"{view}\"\nsource = \"app\"\nquery = '{query}'\n")
    };
    head + &queries.iter().map(panel).collect::<String>()
}

/// Sends packets.
struct Sender(UdpSocket);

impl Sender {
    fn to(port: u16) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", port)).unwrap();
        Self(socket)
    }

    /// Sends one; whether somebody listens.
    fn say(&self, packet: &str) -> bool {
        self.0.send(packet.as_bytes()).is_ok()
    }
}

/// A board, and all that its queries were answered with; a panel's id is its query.
struct Told {
    running: Running,
    answers: BTreeMap<String, Vec<Telemetry>>,
}

impl Told {
    /// A board that listens.
    async fn start(port: u16, queries: &[&str]) -> Self {
        let mut told = Self { running: Running::start(&board(port, queries)).await, answers: BTreeMap::new() };
        told.until("the listener", |told| told.answers.contains_key(queries[0])).await;
        told
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < PATIENCE, "{what}");
            let outcome = self.running.next().await.unwrap_or_else(|| panic!("{what}: nothing comes"));
            let asked = self.running.board.queries.iter().find(|one| one.id == outcome.query).unwrap();
            let answer = outcome.answer.unwrap_or_else(|error| panic!("{}: {error}", asked.ask.query)).split().0;
            self.answers.entry(asked.ask.query.to_string()).or_default().push(answer);
        }
    }

    /// All values that the one series of a query has had.
    fn values(&self, query: &str) -> Vec<f64> {
        let sets = self.answers.get(query).into_iter().flatten().filter_map(|answer| match answer {
            Telemetry::Series(set) => set.series.first(),
            _ => None,
        });
        sets.flat_map(|one| one.points.iter().map(|point| point.value)).collect()
    }

    fn events(&self) -> Vec<EventKind> {
        match self.answers.get("events()").and_then(|all| all.last()) {
            Some(Telemetry::Events(events)) => events.iter().map(|event| event.kind).collect(),
            _ => Vec::new(),
        }
    }

    fn table(&self, query: &str) -> Option<&Table> {
        match self.answers.get(query)?.last()? {
            Telemetry::Table(table) => Some(table),
            other => panic!("{other:?}"),
        }
    }

    /// A row of `counts()`.
    fn counted(&self, what: &str) -> Option<f64> {
        let is_it = |row: &&Vec<Cell>| matches!(&row[0], Cell::Text(text) if text.as_str() == what);
        self.table("counts()")?.rows.iter().find(is_it)?[2].number()
    }
}

#[tokio::test]
async fn one_line_is_a_metric_whichever_way_it_comes() {
    let port = free_port();
    let mut told = Told::start(port, &["orders", "taken{by=\"tcp\"}", "checks()", "events()", "new()"]).await;
    let deploy = "_e{5,0}:v2.14||#kind:deploy,service:shop";
    assert!(Sender::to(port).say(&format!("orders:1|c\nsomething.new:7|g\n_sc|db|2|m:down\n{deploy}")));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"taken:5|c|#by:tcp\ntaken:2|c|#by:tcp").unwrap();
    drop(stream);
    told.until("a line by UDP", |told| told.values("orders").iter().sum::<f64>() == 1.0).await;
    told.until("lines by TCP", |told| told.values("taken{by=\"tcp\"}").iter().sum::<f64>() == 7.0).await;
    told.until("a check", |told| told.values("checks()") == [2.0]).await;
    assert_eq!(told.running.panel("checks()").status, Status::Critical, "without a limit on the board");
    told.until("an event", |told| told.events() == [EventKind::Deploy]).await;
    let keeps = Cell::Text("source = \"app\", query = \"something.new\"".into());
    let is_new = |told: &Told| told.table("new()").is_some_and(|new| new.rows.iter().any(|row| row.contains(&keeps)));
    told.until("what no panel shows", is_new).await;
    assert_eq!(told.table("new()").unwrap().rows.len(), 1, "what a panel shows is not new");
}

#[tokio::test]
async fn a_flood_of_packets_and_of_names_is_counted_and_disturbs_nobody() {
    const PACKETS: usize = 100_000;
    let port = free_port();
    let mut told = Told::start(port, &["alike", "counts()"]).await;
    let flood = std::thread::spawn(move || {
        let sender = Sender::to(port);
        for n in 0..PACKETS {
            sender.say("alike:1|c");
            sender.say(&format!("name.{n}:1|c"));
        }
    });
    // Another source answers as before.
    let mut slowest = Duration::ZERO;
    while !flood.is_finished() {
        let begin = Instant::now();
        told.running.outcome("other").await;
        slowest = slowest.max(begin.elapsed());
    }
    flood.join().unwrap();
    assert!(slowest < Duration::from_secs(4), "it waited {slowest:?} for an answer a second");
    let all = 2.0 * PACKETS as f64;
    told.until("all are counted", |told| told.counted("received") == Some(all)).await;
    let count = |what: &str| told.counted(what).unwrap();
    let (over, dropped) = (count("over the limit"), count("dropped"));
    assert!(over > 0.0 && count("bad") == 0.0, "{over}");
    let known = PACKETS as f64 - over;
    assert!(known <= MAX_SERIES as f64 + dropped, "{known} names were taken, {dropped} packets dropped");
    told.running.outcome("alike").await;
    let panel = told.running.panel("alike");
    assert!(panel.reason.contains("over the limit") || panel.note.contains("over the limit"), "{panel:?}");
    assert!(dropped == 0.0 || panel.status == Status::Unknown, "counts that are too low look like counts");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_asked_for_again() {
    let port = free_port();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut told = Told::start(port, &["orders"]).await;
    let error = told.running.outcome("orders").await.listener_error.unwrap();
    assert_eq!(error.reason, Reason::Listen);
    let help = "'ss -ltnp' shows which program has it";
    assert!(error.detail.as_str().contains(help), "{}", error.detail);
    drop(taken);
    while told.running.outcome("orders").await.listener_error.is_some() {}
    assert!(Sender::to(port).say("orders:3|c"));
    told.until("a line", |told| told.values("orders").contains(&3.0)).await;
}

/// Where `tests/run` puts the clients.
fn clients() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/clients"))
}

/// What the official clients of Python say.
const PYTHON: &str = r"
import sys
from datadog.dogstatsd import DogStatsd
from statsd import StatsClient, TCPStatsClient
port = int(sys.argv[1])
c = StatsClient('127.0.0.1', port, prefix='py')
c.incr('logins', 3)
c.gauge('queue', 12)
c.gauge('queue', 4, delta=True)
c.timing('took', 320)
c.set('users', 'ann'); c.set('users', 'bob'); c.set('users', 'ann')
with c.pipeline() as pipe:
    pipe.incr('piped', 2)
    pipe.incr('piped', 5)
t = TCPStatsClient('127.0.0.1', port, prefix='py')
t.incr('tcp')
t.close()
d = DogStatsd(host='127.0.0.1', port=port, namespace='dd', constant_tags=['env:test'])
d.increment('orders', 4, tags=['shop:eu'])
d.histogram('size', 10); d.distribution('spread', 20)
d.event('v3.1', 'shipped', tags=['kind:deploy', 'service:api'])
d.service_check('db', DogStatsd.WARNING, message='slow')
d.flush()
";

/// What the most used client of Node says.
const NODE: &str = r"
const StatsD = require('hot-shots');
const c = new StatsD({ host: '127.0.0.1', port: Number(process.argv[1]), prefix: 'js.', globalTags: { env: 'test' } });
c.increment('visits', 6, ['page:home']);
c.timing('took', 42);
c.gauge('heap', 99);
c.check('cache', c.CHECKS.CRITICAL, { message: 'gone' });
c.event('migration', 'done', {}, ['kind:config']);
c.close(() => {});
";

fn runs(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a board has heard of a client, each query with a value that it must have had.
async fn hears(wanted: &[(&str, f64)], client: impl FnOnce(u16)) -> Told {
    let port = free_port();
    let mut queries: Vec<&str> = wanted.iter().map(|(query, _)| *query).collect();
    queries.extend(["checks()", "events()", "counts()"]);
    let mut told = Told::start(port, &queries).await;
    // Listeners have a thread of their own: this one may wait.
    client(port);
    for (query, value) in wanted {
        told.until(query, |told| told.values(query).contains(value)).await;
    }
    told.until("a check", |told| !told.running.panel("checks()").affected.is_empty()).await;
    told.until("an event", |told| !told.events().is_empty()).await;
    assert_eq!(told.counted("bad"), Some(0.0));
    told
}

#[tokio::test]
async fn live_the_official_clients_of_python_are_understood() {
    let python = clients().join("bin/python");
    if !is_there("statsd::live_the_official_clients_of_python_are_understood", std::slice::from_ref(&python)) {
        return;
    }
    let wanted = [
        ("py.logins", 3.0),
        ("py.queue", 16.0),
        ("py.took.p50", 320.0),
        ("py.users", 2.0),
        ("py.piped", 7.0),
        ("py.tcp", 1.0),
        ("dd.orders{shop=\"eu\", env=\"test\"}", 4.0),
        ("dd.size.p99", 10.0),
        ("dd.spread.p50", 20.0),
    ];
    let told = hears(&wanted, |port| runs(Command::new(python).args(["-c", PYTHON, &port.to_string()]))).await;
    assert_eq!(told.running.panel("checks()").status, Status::Warning);
    assert_eq!(told.events(), [EventKind::Deploy]);
}

#[tokio::test]
async fn live_the_most_used_client_of_node_is_understood() {
    let hot_shots = clients().join("node_modules/hot-shots");
    if !hot_shots.exists() {
        // tests/run installs it where there is npm: not on every machine.
        return;
    }
    let wanted = [("js.visits{page=\"home\"}", 6.0), ("js.took.count", 1.0), ("js.heap{env=\"test\"}", 99.0)];
    let node = |port: u16| runs(Command::new("node").current_dir(clients()).args(["-e", NODE, &port.to_string()]));
    let told = hears(&wanted, node).await;
    assert_eq!(told.running.panel("checks()").affected, ["js.cache".into()]);
    assert_eq!(told.events(), [EventKind::Config]);
}

#[test]
fn the_demo_listens_and_a_line_of_a_newcomer_stands_on_the_page_of_new_metrics() {
    let mut session = Session::start(&["--dashboard", "sent"], (200, 50));
    session.wait_for("what the shop sends", |text| text.contains("at 127.0.0.1:") && text.contains("Checkout took"));
    let text = session.text();
    let port: u16 = text.split("at 127.0.0.1:").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    session.send("7");
    let sender = Sender::to(port);
    session.wait_for("the newcomer's metric", |text| {
        // Who sends by UDP says it again.
        sender.say("newcomer.orders:1|c");
        text.contains("source = \"programs\", query = \"newcomer.orders\"")
    });
    session.send("q");
    assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
}
