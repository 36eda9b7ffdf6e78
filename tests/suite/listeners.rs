//! Listeners: how fresh what they are sent is, and what becomes of a source whose listener is down.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use andon::app::Wiring;
use andon::app::polling::Polling;
use andon::eval::freshness::{FreshnessLimits, freshness};
use andon::model::fault::{FetchError, Reason};
use andon::model::freshness::Freshness;
use andon::model::poll::{Answer, Ask, Outcome, QueryId};
use andon::model::series::{Coverage, Point, Series, SeriesSet};
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::text::SafeText;
use andon::model::time::{Span, Timestamp};
use andon::source::answer_filter::AnswerFilter;
use andon::source::events::line::Line;
use andon::source::events::{Receipt, Token, post};
use andon::source::listening::{Listened, Listener, Listening, Shutdown, Sink, start};
use andon::source::network::Network;
use andon::source::offload::Worker;
use andon::source::shared::Shared;
use andon::source::supervisor::{Poll, PollChannels, supervise};
use andon::source::{Clock, Context, Moment, Pace, QueryLanguage, Resolution, Source};
use andon::store::Store;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::support::folder::Folder;
use crate::support::prometheus::free_port;
use crate::support::pty::PATIENCE;
use crate::support::running::{self, Running};

/// What the scripted listener has heard, and the scripted source reads.
type Heard = Mutex<Vec<Point>>;

/// Up from the first second to the last; a value each second of the first ten, then only contact.
struct Scripted {
    heard: Arc<Heard>,
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
            self.heard.lock().unwrap().push(Point { at: newest, value: 1.0 });
            sink.written();
            tokio::select! {
                () = sleep(Duration::from_secs(1)) => {}
                () = tokio::time::sleep_until(self.ends) => return refused,
                () = shutdown.begun() => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Answers "values" with what was heard since the last poll, and "events" with none: nothing has happened.
#[derive(Debug)]
struct Reader(Arc<Heard>);

impl Source for Reader {
    const TYPE: &'static str = "reader";
    const SUMMARY: &'static str = "";
    const QUERY: QueryLanguage = QueryLanguage::Needed("values or events");
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    type Config = ();

    fn url((): &()) -> Option<&str> {
        None
    }

    fn check_query(_: &str) -> Result<(), String> {
        Ok(())
    }

    fn open((): &(), context: &Context) -> Result<Self, FetchError> {
        Ok(Self(context.shared.get()))
    }

    async fn fetch(&mut self, asks: &[Ask], _: Moment) -> Result<Vec<Answer>, FetchError> {
        let heard = std::mem::take(&mut *self.0.lock().unwrap());
        let answer = |ask: &Ask| match &*ask.query {
            "values" if heard.is_empty() => Telemetry::Series(SeriesSet::new(Vec::new(), Coverage::Pushed)),
            "values" => Telemetry::Series(SeriesSet::new(vec![Series::named("a", heard.clone())], Coverage::Pushed)),
            _ => Telemetry::Events(Vec::new()),
        };
        Ok(asks.iter().map(|ask| Ok(answer(ask))).collect())
    }
}

const VALUES: QueryId = QueryId(0);
const EVENTS: QueryId = QueryId(1);

/// A source that is polled, and listens for so many seconds.
struct Known {
    store: Store,
    outcomes: mpsc::Receiver<Outcome>,
    clock: Clock,
    pace: Pace,
    _listened: Listened,
}

impl Known {
    fn start(up_for: u64) -> Self {
        let clock = Clock::Scripted { start: Timestamp(0), since: Instant::now(), moved: Arc::default() };
        let pace = Pace { refresh: Span::seconds(2), timeout: Span::seconds(2) };
        let (shared, ends) = (Shared::default(), Instant::now() + Duration::from_secs(up_for));
        let (told, kept) = (clock.clone(), shared.clone());
        let listening = Listening::new(move || Scripted { heard: kept.get(), clock: told.clone(), ends });
        let listened = start(listening, tokio::runtime::Handle::current(), pace.timeout, clock.clone());
        let wiring = Wiring::new(clock.clone(), Network::default());
        let context = Context {
            http: None,
            network: wiring.wires.network.clone(),
            resolution: Resolution::new(VALUES, wiring.wires.widths.clone()),
            pace,
            answer_filter: AnswerFilter::default(),
            name: SafeText::default(),
            shared,
        };
        let channels = PollChannels {
            worker: Worker::new(&wiring.wires.network.limits),
            outcomes: wiring.wires.outcomes,
            refresh_now: wiring.wires.refresh_now,
            pulse: Arc::default(),
            clock: clock.clone(),
            ear: listened.ear.clone(),
        };
        let ask = |query: &str| Ask { query: query.into(), history: None };
        let poll = Poll { asks: vec![(VALUES, ask("values")), (EVENTS, ask("events"))], index: 0 };
        tokio::spawn(supervise::<Reader>(Arc::new(()), context, poll, pace, channels));
        let store = Store::new([VALUES, EVENTS].into_iter(), Span::seconds(3600));
        Self { store, outcomes: wiring.outcomes, clock, pace, _listened: listened }
    }

    /// So many seconds later.
    async fn after(&mut self, seconds: u64) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while let Ok(Some(outcome)) = tokio::time::timeout_at(until, self.outcomes.recv()).await {
            self.store.apply(outcome);
        }
    }

    /// How fresh the answers of a query are now.
    fn freshness(&self, query: QueryId) -> Freshness {
        let limits = FreshnessLimits::for_refresh(self.pace.refresh);
        freshness(self.store.entry(query).unwrap(), limits, self.clock.now())
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_is_as_old_as_its_newest_datum_whoever_is_in_contact() {
    let mut known = Known::start(10_000);
    assert_eq!(known.freshness(VALUES), Freshness::Waiting);
    // The newest datum comes at nine seconds; what is older than half a minute is stale.
    for (seconds, expected) in [(9, Freshness::Fresh), (29, Freshness::Fresh), (2, Freshness::Stale)] {
        known.after(seconds).await;
        assert_eq!(known.freshness(VALUES), expected, "{:?}", known.clock.now());
    }
}

#[tokio::test(start_paused = true)]
async fn where_silence_is_normal_it_is_fresh_while_somebody_listens() {
    let mut known = Known::start(3600);
    for _ in 0..59 {
        known.after(60).await;
        assert_eq!(known.freshness(EVENTS), Freshness::Fresh);
    }
    known.after(65).await;
    assert_eq!(known.freshness(EVENTS), Freshness::Late, "nobody listens any more");
    known.after(60).await;
    assert_eq!(known.freshness(EVENTS), Freshness::Stale);
    let error = known.store.entry(EVENTS).unwrap().error.clone().unwrap();
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
