//! Listeners: how fresh what they are sent is, and what becomes of a source whose listener is down.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use andon::app::Wiring;
use andon::app::polling::Polling;
use andon::eval::freshness::{FreshnessLimits, freshness};
use andon::model::fault::{FetchError, Reason};
use andon::model::freshness::{FreshBy, Freshness};
use andon::model::labels::Labels;
use andon::model::poll::{Outcome, QueryId};
use andon::model::series::Point;
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp};
use andon::source::Clock;
use andon::source::Pace;
use andon::source::events::line::Line;
use andon::source::events::{Receipt, Token, post};
use andon::source::listening::{Listened, Listener, Listening, Sample, Shutdown, Sink, start};
use andon::source::network::Network;
use andon::store::Store;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::support::folder::Folder;
use crate::support::prometheus::free_port;
use crate::support::pty::PATIENCE;
use crate::support::running::{self, Running};

/// Up from the first second to the last; a value each second of the first ten, then only contact.
struct Scripted {
    clock: Clock,
    ends: Instant,
}

impl Listener for Scripted {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        let refused = Err(FetchError::new(Reason::Listen, "the address is taken"));
        if Instant::now() >= self.ends {
            return refused;
        }
        sink.set_up();
        let mut newest = self.clock.now();
        for second in 0_u32.. {
            if second < 10 {
                newest = self.clock.now();
            }
            // Whoever sends an old value once more is in contact, and tells nothing new.
            sink.send(Sample { labels: Labels::named("a"), point: Point { at: newest, value: 1.0 } });
            tokio::select! {
                () = sleep(Duration::from_secs(1)) => {}
                () = tokio::time::sleep_until(self.ends) => return refused,
                () = shutdown.begun() => return Ok(()),
            }
        }
        Ok(())
    }
}

struct Heard {
    store: Store,
    outcomes: mpsc::Receiver<Outcome>,
    clock: Clock,
    limits: FreshnessLimits,
    _listened: Listened,
}

impl Heard {
    fn start(fresh_by: FreshBy, up_for: u64) -> Self {
        let refresh = Span::seconds(2);
        let limits = FreshnessLimits { fresh_by, ..FreshnessLimits::for_refresh(refresh) };
        let clock = Clock::Scripted { start: Timestamp(0), since: Instant::now(), moved: Arc::default() };
        let (sender, outcomes) = mpsc::channel(1000);
        let (told, ends) = (clock.clone(), Instant::now() + Duration::from_secs(up_for));
        let listening = Listening::new(move || Scripted { clock: told.clone(), ends });
        let (runtime, pace) = (tokio::runtime::Handle::current(), Pace { refresh, timeout: refresh });
        let listened = start(listening, runtime, pace, sender, clock.clone());
        listened.queries.send_replace(vec![QueryId(0)]);
        let store = Store::new(std::iter::once(QueryId(0)), Span::seconds(3600));
        Self { store, outcomes, clock, limits, _listened: listened }
    }

    /// How fresh it is so many seconds later.
    async fn after(&mut self, seconds: u64) -> Freshness {
        let until = Instant::now() + Duration::from_secs(seconds);
        while let Ok(Some(outcome)) = tokio::time::timeout_at(until, self.outcomes.recv()).await {
            self.store.apply(outcome);
        }
        freshness(self.store.entry(QueryId(0)).unwrap(), self.limits, self.clock.now())
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_at_a_pace_is_as_fresh_as_its_newest_datum_whoever_is_in_contact() {
    let mut heard = Heard::start(FreshBy::NewestDatum, 10_000);
    assert_eq!(heard.after(0).await, Freshness::Waiting);
    assert_eq!(heard.after(9).await, Freshness::Fresh);
    assert_eq!(heard.after(10).await, Freshness::Late);
    assert_eq!(heard.after(30).await, Freshness::Stale);
}

#[tokio::test(start_paused = true)]
async fn where_silence_is_normal_it_is_fresh_while_somebody_listens() {
    let mut heard = Heard::start(FreshBy::Listener, 3600);
    for _ in 0..59 {
        assert_eq!(heard.after(60).await, Freshness::Fresh);
    }
    assert_eq!(heard.after(65).await, Freshness::Late, "nobody listens any more");
    assert_eq!(heard.after(60).await, Freshness::Stale);
    let error = heard.store.entry(QueryId(0)).unwrap().error.clone().unwrap();
    assert_eq!(error.to_string(), "nobody listens: the address is taken");
}

/// A board with an events source that listens.
fn board(folder: &Folder, port: u16) -> String {
    format!(
        "refresh = \"60s\"\n[sources.log]\ntype = \"events\"\nfile = \"{}\"\nlisten = \"127.0.0.1:{port}\"\n\
         token = {{ file = \"{}\" }}\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"e\"\nview = \"events\"\n",
        folder.path().join("events.jsonl").display(),
        folder.write("token", "secret")
    )
}

fn line(title: &str) -> Line {
    Line { title: title.to_owned(), ..Line::default() }
}

#[tokio::test]
async fn an_address_that_is_taken_is_asked_for_again_and_the_source_is_not_fresh_meanwhile() {
    let (folder, port) = (Folder::new(), free_port());
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    folder.write("events.jsonl", "{\"title\":\"from the file\",\"at\":1}\n");
    let mut running = Running::start(&board(&folder, port)).await;
    let first = running.outcome("e").await;
    assert_eq!(first.listener_error.unwrap().reason, Reason::Listen);
    let panel = running.panel("e");
    assert_eq!((panel.freshness, panel.status), (Freshness::Late, Status::Unknown));
    assert!(panel.reason.contains("another program has this address: it does not answer"), "{}", panel.reason);
    assert!(panel.text.contains("from the file"), "what is known is shown: {}", panel.text);
    drop(taken);
    // The next poll is a minute away: that somebody listens again is told at once.
    while running.outcome("e").await.listener_error.is_some() {}
    let panel = running.panel("e");
    assert_eq!((panel.freshness, panel.status), (Freshness::Fresh, Status::Ok));
}

#[tokio::test]
async fn a_burst_of_events_costs_few_looks_at_the_file_and_loses_none() {
    const EVENTS: usize = 60;
    let (folder, port) = (Folder::new(), free_port());
    let mut running = Running::start(&board(&folder, port)).await;
    assert_eq!(running.outcome("e").await.listener_error, None);
    let (address, token) = (format!("127.0.0.1:{port}"), Token::new(&"secret".to_owned().into()).unwrap());
    let begin = Instant::now();
    let told = tokio::spawn(async move {
        for n in 0..EVENTS {
            assert_eq!(post(&address, &token, &line(&format!("event {n}")), None).await, Receipt::Taken);
        }
    });
    let mut looks = 0;
    loop {
        looks += 1;
        let Ok(Telemetry::Events(events)) = running.outcome("e").await.answer else { panic!("no events") };
        if events.len() == EVENTS {
            break;
        }
    }
    told.await.unwrap();
    let most = begin.elapsed().as_millis() / 100 + 2;
    assert!(looks <= most, "{looks} looks at the file for {EVENTS} events, more than one each 100 ms ({most})");
}

#[tokio::test]
async fn it_listens_though_no_panel_shows_it_and_after_a_reload() {
    let (folder, port) = (Folder::new(), free_port());
    let (shown, address) = ("view = \"events\"", format!("127.0.0.1:{port}"));
    let text = board(&folder, port).replace(shown, "view = \"clock\"");
    let token = Token::new(&"secret".to_owned().into()).unwrap();
    let wiring = Wiring::new(Clock::Wall, Network::default());
    let mut polling = Polling::new(wiring.wires);
    let ann = Line { who: "ann".to_owned(), ..line("x") };
    // Written otherwise, it is another source: the one of before, which keeps no names, lets go of the address.
    for (text, is_there) in [(text.clone(), "\"x\""), (format!("people = true\n{text}"), "\"ann\"")] {
        polling.poll(&running::board(&text)).await;
        let told = async {
            loop {
                let is_taken = post(&address, &token, &ann, None).await == Receipt::Taken;
                if is_taken && std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap().contains(is_there) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, told).await.expect("nobody listens");
    }
    drop(polling);
    let gone = async { while post(&address, &token, &ann, None).await != Receipt::Nobody {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("it listens for ever");
}

#[tokio::test]
async fn a_token_that_is_rotated_needs_no_restart() {
    let (folder, port) = (Folder::new(), free_port());
    let text = board(&folder, port).replace("\"60s\"", "\"1s\"");
    let mut running = Running::start(&text).await;
    assert_eq!(running.outcome("e").await.listener_error, None);
    folder.write("token", "rotated");
    let (address, token) = (format!("127.0.0.1:{port}"), Token::new(&"rotated".to_owned().into()).unwrap());
    while post(&address, &token, &line("after"), None).await != Receipt::Taken {
        running.outcome("e").await;
    }
}
