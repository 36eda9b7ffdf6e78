//! Months on a wall, in a minute: scripted sources on a paused clock, polled a million times through the
//! real supervisor and hub, and drawn. Memory, tasks, threads and file handles must stay as they were.
//!
//! `tests/soak` runs a longer one; its result is in docs/soak.md.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use andon::app::Wiring;
use andon::hub::looking::Looks;
use andon::hub::{Channels, Command, Hub, Reload};
use andon::model::fault::{FetchError, Phase, Reason};
use andon::model::poll::{Answer, Ask};
use andon::model::series::{Coverage, Series, SeriesSet};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::output::ansi::{Depth, encode};
use andon::output::text::plain;
use andon::panel::ink::Glyphs;
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::network::Network;
use andon::source::supervisor::{Poll, PollChannels, supervise};
use andon::source::{Clock, Context, Moment, Pace, QueryLanguage, Resolution, Source};
use andon::view::audience::AudienceScene;
use andon::view::lens::Lens;
use andon::view::scene::Scene;
use andon::viewer::{Frames, Viewer};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::support::running::board;

const START: Timestamp = Timestamp(1_795_262_400_000);
const PANELS: usize = 40;
const QUERIES: usize = 50;

/// How many polls have been made, by all.
static POLLS: AtomicU64 = AtomicU64::new(0);

/// A source whose answers follow from its name and how often it was asked: mostly well, with names that
/// come and go, and every kind of trouble now and then.
#[derive(Debug)]
struct Scripted {
    number: u64,
    asked: u64,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Number {
    number: u64,
}

impl Source for Scripted {
    const TYPE: &'static str = "scripted";
    const SUMMARY: &'static str = "";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = false;
    const ONE_REQUEST: bool = false;
    type Config = Number;

    fn url(_: &Number) -> Option<&str> {
        None
    }

    fn check_query(_: &str) -> Result<(), String> {
        Ok(())
    }

    fn open(config: &Number, _: &Context) -> Result<Self, FetchError> {
        Ok(Self { number: config.number, asked: POLLS.load(Ordering::Relaxed) / 7 })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        POLLS.fetch_add(1, Ordering::Relaxed);
        self.asked += 1;
        match (self.asked + self.number * 13) % 97 {
            3 => return Err(Reason::Refused.into()),
            4 => return Err(FetchError::new(Reason::Http(500), "now and then")),
            5 => return Err(Reason::Timeout(Phase::Headers).into()),
            6 => std::future::pending().await,
            7 => panic!("now and then"),
            8 => return Ok(vec![Err(FetchError::new(Reason::NoMatch, "nothing")); asks.len()]),
            _ => {}
        }
        let value = (self.asked % 1000) as f64;
        let name = |n: u64| format!("series {}", (self.asked / 20 + n) % 5);
        let series: Vec<Series> = (0..3).map(|n| Series::single(&name(n), moment.now, value + n as f64)).collect();
        Ok(vec![Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample))); asks.len()])
    }
}

/// What must not grow.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// Resident memory in KiB.
    memory: u64,
    threads: usize,
    files: usize,
    tasks: usize,
}

fn taken() -> Taken {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    Taken {
        memory: field("VmRSS:"),
        threads: field("Threads:") as usize,
        files: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
    }
}

/// A board that scripted sources feed, all of them through the real supervisor and hub.
struct Polled {
    clock: Clock,
    scenes: watch::Receiver<Arc<Scene>>,
    /// The hub ends without them.
    _commands: mpsc::Sender<Command>,
    _reloads: mpsc::Sender<Reload>,
}

fn polled(text: &str, pace: Pace) -> Polled {
    let clock = Clock::Scripted { start: START, since: Instant::now(), moved: Arc::default() };
    let board = Arc::new(board(text));
    let hub = Hub::new(Arc::clone(&board), Zone::utc(), clock.clone());
    let wiring = Wiring::new(clock.clone(), Network::default());
    let pulses: Vec<Arc<andon::source::supervisor::Pulse>> = (0..PANELS).map(|_| Arc::default()).collect();
    for (index, query) in board.queries.iter().enumerate() {
        let context = Context {
            http: None,
            network: wiring.wires.network.clone(),
            resolution: Resolution::new(query.id, wiring.wires.widths.clone()),
            pace,
            answer_filter: andon::source::answer_filter::AnswerFilter::default(),
            name: andon::model::text::SafeText::default(),
            shared: andon::source::shared::Shared::default(),
        };
        let channels = PollChannels {
            outcomes: wiring.wires.outcomes.clone(),
            refresh_now: wiring.wires.refresh_now.clone(),
            pulse: Arc::clone(&pulses[query.source % PANELS]),
            worker: andon::source::offload::Worker::new(&wiring.wires.network.limits),
            clock: clock.clone(),
            ear: andon::source::listening::Ear::default(),
        };
        let poll = Poll { asks: vec![(query.id, query.ask.clone())], index: index as u32 };
        let config = Arc::new(Number { number: index as u64 });
        tokio::spawn(supervise::<Scripted>(config, context, poll, pace, channels));
    }
    let (commands_sender, commands) = mpsc::channel(1);
    let (reloads_sender, reloads) = mpsc::channel(1);
    let (scenes, seen) = watch::channel(Arc::new(hub.scene_at(START)));
    let channels = Channels {
        notices: tokio::sync::mpsc::channel(1).0,
        outcomes: wiring.outcomes,
        commands,
        looks: Looks::new(mpsc::channel(1).1),
        reloads,
        rewinds: mpsc::channel(1).0,
        scenes,
        cuts: watch::Sender::new(Arc::default()),
        refresh_now: wiring.refresh_now,
        widths: wiring.widths,
    };
    tokio::spawn(hub.run(channels));
    Polled { clock, scenes: seen, _commands: commands_sender, _reloads: reloads_sender }
}

/// The panics of sources are part of the script.
fn quiet() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&"now and then") {
            others(panic);
        }
    }));
}

#[test]
fn a_wall_takes_no_more_than_after_half_an_hour() {
    crate::support::alone("soak::day_alone");
}

/// Four pages that turn, and come when they are red; `tests/soak` does it for twenty-four hours.
#[tokio::test(start_paused = true)]
#[ignore = "run by the test above in a process of its own"]
async fn day_alone() {
    quiet();
    let Polled { clock, mut scenes, .. } =
        polled(&wall_text(), Pace { refresh: Span::seconds(10), timeout: Span::seconds(4) });
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    let lens = Lens { kiosk: true, ..Lens::default() };
    let mut viewer =
        Viewer::new(AudienceScene::local(Arc::clone(&scenes.borrow())), lens, ink, (200, 50), Duration::ZERO);
    let mut frames = Frames::default();
    let (begin, mut warm) = (Instant::now(), None);
    let (mut drawn, mut bytes, mut turned, mut page) = (0_u64, 0, 0_u64, 0);
    let minutes = std::env::var("ANDON_SOAK_MINUTES").ok().map_or(90, |text| text.parse().unwrap());
    while begin.elapsed() < Duration::from_mins(minutes) {
        // A wall draws each second; its memory is the same when it is drawn less often.
        tokio::time::sleep(Duration::from_secs(5)).await;
        scenes.changed().await.unwrap();
        let scene = Arc::clone(&scenes.borrow_and_update());
        assert!(scene.updated.unwrap().age_at(clock.now()) < Span::seconds(12), "nothing comes any more");
        viewer.scene(AudienceScene::local(scene), begin.elapsed());
        viewer.tick(begin.elapsed());
        let Some(delta) = viewer.draw(&mut frames) else { continue };
        bytes += encode(delta.before(), delta.after(), Depth::True).len();
        drawn += 1;
        let now = plain(delta.after())
            .lines()
            .last()
            .and_then(|row| row.split("page ").nth(1)?.chars().next())
            .map_or(0, u32::from);
        turned += u64::from(now != page);
        page = now;
        if warm.is_none() && begin.elapsed() > Duration::from_mins(30) {
            warm = Some(taken());
        }
    }
    let (warm, end) = (warm.unwrap(), taken());
    println!("{drawn} pictures of {bytes} bytes, {turned} pages; after half an hour: {warm:?}; at the end: {end:?}");
    assert!(turned > minutes, "the pages did not turn: {turned}");
    not_more(warm, end);
}

fn wall_text() -> String {
    let mut text = String::from(
        "refresh = \"10s\"\nwindow = \"15m\"\n[kiosk]\npage_time = \"15s\"\n[sources.s]\ntype = \"command\"\ncommand = [\"true\"]\n",
    );
    for page in 0..4 {
        text.push_str(&format!("[[dashboards]]\nname = \"d{page}\"\n"));
        for (n, view) in ["stat", "chart", "sparkline", "state-timeline", "heatmap", "lamps"].into_iter().enumerate() {
            text.push_str(&format!(
                "[[dashboards.panels]]\nid = \"p{page}x{n}\"\nview = \"{view}\"\nsource = \"s\"\nquery = \".a{page}x{n}\"\ncritical = \"> 990\"\n"
            ));
        }
    }
    text
}

#[test]
fn a_million_polls_take_no_more_than_the_first() {
    crate::support::alone("soak::polls_alone");
}

#[tokio::test(start_paused = true)]
#[ignore = "run by the test above, and by tests/soak, in a process of its own"]
async fn polls_alone() {
    let wanted: u64 = std::env::var("ANDON_SOAK_POLLS").ok().map_or(1_000_000, |text| text.parse().unwrap());
    quiet();
    // Ten times as fast as any board: the more polls to a scene, the more polls to a minute of ours.
    let pace = Pace { refresh: Span(100), timeout: Span(80) };
    let Polled { clock, mut scenes, .. } = polled(&board_text(), pace);
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    let mut warm: Option<Taken> = None;
    let mut frames = 0_u64;
    let begin = std::time::Instant::now();
    while POLLS.load(Ordering::Relaxed) < wanted {
        // Some time of the board; then a picture, as a wall would show it.
        tokio::time::sleep(Duration::from_secs(2)).await;
        scenes.changed().await.unwrap();
        let scene = Arc::clone(&scenes.borrow_and_update());
        std::hint::black_box(render(&scene, &Lens::default(), &ink, 200, 50));
        frames += 1;
        let age = scene.updated.unwrap().age_at(clock.now());
        assert!(age < Span::seconds(3), "nothing comes any more, for {} ms", age.0);
        if warm.is_none() && POLLS.load(Ordering::Relaxed) > wanted * 2 / 5 {
            warm = Some(taken());
        }
    }
    let (warm, end) = (warm.unwrap(), taken());
    let polls = POLLS.load(Ordering::Relaxed);
    println!(
        "{polls} polls, {frames} frames, in {:.0} s; after two fifths: {warm:?}; at the end: {end:?}",
        begin.elapsed().as_secs_f64()
    );
    not_more(warm, end);
}

fn not_more(warm: Taken, end: Taken) {
    assert!(end.memory as f64 <= warm.memory as f64 * 1.05, "memory grew: {warm:?} to {end:?}");
    assert_eq!((end.files, end.tasks), (warm.files, warm.tasks), "{warm:?} to {end:?}");
    assert!(end.threads <= warm.threads, "{warm:?} to {end:?}");
}

fn board_text() -> String {
    let mut text = String::from(
        "refresh = \"1s\"\nwindow = \"5s\"\n[sources.s]\ntype = \"command\"\ncommand = [\"true\"]\n[[dashboards]]\nname = \"d\"\n",
    );
    // The source of the file is never opened: its queries are what the scripted ones answer.
    for panel in 0..PANELS {
        let queries: Vec<String> =
            (0..QUERIES).map(|n| format!("{{ name = \"q{n}\", source = \"s\", query = \".a{panel}x{n}\" }}")).collect();
        text.push_str(&format!(
            "[[dashboards.panels]]\nid = \"p{panel}\"\nview = \"bars\"\nqueries = [{}]\nwarning = \"> 990\"\n",
            queries.join(", ")
        ));
    }
    text
}
