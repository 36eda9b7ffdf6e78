//! The only owner of state: folds outcomes into the store, evaluates, publishes scenes.

mod channels;
pub mod demands;
pub mod exporting;
pub mod looking;
mod messages;
mod remembering;
pub mod rewinding;
mod seen;
mod statuses;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::config::Board;
use crate::eval::checks::Checks;
use crate::eval::judging::Verdicts;
use crate::eval::live::Live;
use crate::eval::notification::{Message, SentMessages};
use crate::eval::past::Limits;
use crate::eval::state::State;
use crate::eval::transitions::{Panel, Transition, Turn, Watch};
use crate::history::{History, Past};
use crate::model::audience::Audience;
use crate::model::event::Event;
use crate::model::isolation::tripwire;
use crate::model::poll::{Outcome, QueryId};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, Zone};
use crate::source::Clock;
use crate::store::facts::Fact;
use crate::store::{Entry, Store};
use crate::view::audience::{AudienceScene, Cut};
use crate::view::scene::{Ring, Scene};
pub use channels::Channels;
use demands::ViewerDemands;
use exporting::Exporting;
use looking::Look;
pub use messages::{Command, Notification, Reload};
use remembering::Keeping;
use rewinding::{Rewind, Rewinding};
pub use seen::Seen;
use statuses::{Statuses, judged_panels};

/// How long answers are gathered before a scene is made of them.
const GATHER: Duration = Duration::from_millis(100);
/// The same while somebody waits for the first data.
const GATHER_FIRST: Duration = Duration::from_millis(10);
/// Without news, ages and the clock move on this often.
const TICK: Duration = Duration::from_millis(1050);
/// The wall clock and the steady one may drift apart by this much between two looks.
const DRIFT: Span = Span::seconds(2);

/// The state, and the functions from it.
#[derive(Debug)]
pub struct Hub {
    board: Arc<Board>,
    /// What is known, and how every limit stands.
    live: Live,
    zone: Zone,
    clock: Clock,
    banner: Option<String>,
    watch: Watch,
    told: SentMessages,
    ring: Option<Ring>,
    /// What keeps what is learned.
    history: Option<Keeping>,
    /// What of the statuses of panels is worth keeping.
    statuses: Statuses,
    /// What hands it on to engines.
    exporting: Option<Exporting>,
    /// What is wrong with parts of the board that no panel shows.
    troubles: Vec<watch::Receiver<Option<String>>>,
    /// Since when it has been told of all that comes: of before only what was kept is known.
    began: Timestamp,
    /// The wall clock at a moment of the steady one.
    looked: (Timestamp, Instant),
}

impl Hub {
    /// A hub that knows nothing yet.
    pub fn new(board: Arc<Board>, zone: Zone, clock: Clock) -> Self {
        Self::with_checks(Checks::default(), Limits::NOTHING, board, zone, clock)
    }

    /// The same, which remembers how things were lately. That costs the memory of a second store: for boards whose
    /// viewers may ask for the past.
    pub fn with_past(board: Arc<Board>, zone: Zone, clock: Clock) -> Self {
        let past = Limits::for_queries(board.queries.len());
        Self::with_checks(Checks::default(), past, board, zone, clock)
    }

    /// The same for commands that look once: a limit that is crossed and may have been so for long counts,
    /// because nobody will look again.
    pub fn for_one_look(board: Arc<Board>, zone: Zone, clock: Clock) -> Self {
        Self::with_checks(Checks::one_look(), Limits::NOTHING, board, zone, clock)
    }

    fn with_checks(checks: Checks, past: Limits, board: Arc<Board>, zone: Zone, clock: Clock) -> Self {
        let queries = board.queries.iter().map(|query| query.id);
        let live = Live::new(checks, (queries, board.longest_window()), board.rules(), past);
        let looked = (clock.now(), Instant::now());
        let (watch, told) = (Watch::default(), SentMessages::default());
        Self {
            live,
            board,
            zone,
            clock,
            banner: None,
            watch,
            told,
            ring: None,
            history: None,
            statuses: Statuses::default(),
            exporting: None,
            troubles: Vec::new(),
            began: looked.0,
            looked,
        }
    }

    /// The scene as of a moment.
    pub fn scene_at(&self, now: Timestamp) -> Scene {
        self.judged_at(now, |_, scene| scene)
    }

    /// What is made of the verdicts and of the scene as of a moment.
    pub fn judged_at<T>(&self, now: Timestamp, made: impl FnOnce(&Verdicts<'_>, Scene) -> T) -> T {
        self.judged(self.live.state(), now, |verdicts, scene| {
            let banner = self.banner.clone().or_else(|| scene.banner.clone()).or_else(|| self.trouble());
            made(verdicts, Scene { banner, ring: self.ring.clone(), ..scene })
        })
    }

    /// What each audience of the board sees of these verdicts.
    fn cuts(&self, verdicts: &Verdicts<'_>, now: Timestamp) -> Vec<Cut> {
        let audiences = self.board.audiences.iter().map(|spec| &spec.audience);
        audiences.map(|audience| Cut::new(audience, &self.board, verdicts, now, &self.zone)).collect()
    }

    /// What everybody sees as of a moment.
    pub fn seen_at(&self, now: Timestamp) -> Seen {
        let (scene, cuts) = self.judged_at(now, |verdicts, scene| (scene, self.cuts(verdicts, now)));
        Seen::new(scene, cuts)
    }

    /// The scene as it was at a moment, on the board of today; none where nobody remembers that moment. What is of
    /// now only is left out: the banner of a reload, the ring of a bell.
    pub fn scene_as_of(&self, moment: Timestamp) -> Option<Scene> {
        Some(self.judged(&self.live.as_of(moment)?, moment, |_, scene| scene))
    }

    /// Verdicts and a scene as of now, or as of a past moment.
    fn judged<T>(&self, state: &State, now: Timestamp, made: impl FnOnce(&Verdicts<'_>, Scene) -> T) -> T {
        rewinding::judged((&self.board, &self.zone), state, now, made)
    }

    /// What an audience sees as of a moment at which this was known.
    pub fn seen_by(&self, audience: &Arc<Audience>, at: Timestamp) -> AudienceScene {
        rewinding::seen((&self.board, &self.zone), self.live.state(), at, audience)
    }

    /// What it takes to show somebody the past.
    fn rewinding(&self, rewind: Rewind) -> Rewinding {
        // What the hub remembers is no longer than what the board shows.
        let is_known = rewind.window.is_none() && rewind.at >= self.began;
        let known = is_known.then(|| self.live.as_of(rewind.at)).flatten();
        Rewinding { known, rewind, board: Arc::clone(&self.board), zone: self.zone.clone() }
    }

    /// A look: what everybody sees as of now, and the notifications of what has turned since the last look. Without
    /// anybody elsewhere nothing is cut for them.
    pub fn look(&mut self, now: Timestamp, with_others: bool) -> (Seen, Vec<Notification>) {
        let (mut watch, mut statuses) = (std::mem::take(&mut self.watch), std::mem::take(&mut self.statuses));
        let (scene, cuts, turned) = self.judged_at(now, |verdicts, scene| {
            if let Some(history) = &self.history {
                history.keep_all(statuses.worth_keeping(now, judged_panels(verdicts)));
            }
            let cuts = if with_others { self.cuts(verdicts, now) } else { Vec::new() };
            (scene, cuts, self.turned(&mut watch, verdicts))
        });
        (self.watch, self.statuses) = (watch, statuses);
        for alert in turned.iter().filter(|one| one.turn == Turn::Critical) {
            self.note(alert.as_alert(now));
        }
        let notifications = self.notify(&turned, now);
        (Seen::new(Scene { ring: self.ring.clone(), ..scene }, cuts), notifications)
    }

    /// What is known of a query.
    pub fn entry(&self, query: QueryId) -> Option<&Entry> {
        self.store().entry(query)
    }

    /// Queries of which nothing is known as of a past moment are said to be so: they do not wait for an answer.
    pub fn say_what_is_not_remembered(&mut self, at: Timestamp) {
        let is_unknown = |query: &QueryId| self.entry(*query).is_none_or(|entry| entry.last_poll.is_none());
        let unknown: Vec<QueryId> = self.board.queries.iter().map(|query| query.id).filter(is_unknown).collect();
        self.live.remember(unknown.into_iter().map(|query| remembering::unknown(query, at)));
    }

    /// Knows again what is remembered, and keeps nothing.
    pub fn recall(&mut self, past: Past) {
        let (facts, _) = remembering::facts(past, &self.board, self.clock.now());
        self.live.remember(facts);
    }

    /// Hands on what is learned from now on.
    pub fn export(&mut self, exporting: Exporting) {
        self.exporting = Some(exporting);
    }

    /// Hears what is wrong with a part of the board that no panel shows, and says it in the header.
    pub fn hear_of(&mut self, trouble: watch::Receiver<Option<String>>) {
        self.troubles.push(trouble);
    }

    fn trouble(&self) -> Option<String> {
        let history = self.history.as_ref().and_then(Keeping::trouble);
        let others = self.troubles.iter().filter_map(|trouble| trouble.borrow().clone());
        let all: Vec<String> = history.into_iter().chain(others).collect();
        (!all.is_empty()).then(|| all.join(" · "))
    }

    fn store(&self) -> &Store {
        &self.live.state().store
    }

    /// Takes one outcome in, and logs what changed for its source.
    pub fn apply(&mut self, outcome: Outcome) {
        let before =
            self.store().entry(outcome.query).map(|entry| (entry.error.is_some(), entry.last_success.is_some()));
        let query = outcome.query;
        tracing::trace!(query = query.0, failures = outcome.failures, "{}", said(&outcome));
        match (outcome.error(), before) {
            (Some(error), Some((false, _))) => {
                tracing::warn!(source = %self.source_name(query), query = query.0, "failing: {error}");
            }
            (None, Some((true, _))) => {
                tracing::info!(source = %self.source_name(query), query = query.0, "answering again");
            }
            _ => {}
        }
        let (history, exporting) = (self.history.as_ref(), self.exporting.as_ref());
        self.live.apply(outcome, |fact| {
            if let Some(history) = history {
                history.keep(fact);
            }
            if let Some(exporting) = exporting {
                exporting.take(fact);
            }
        });
    }

    /// Keeps something that the board itself has noticed.
    fn note(&mut self, event: Event) {
        if let Some(history) = &self.history {
            history.keep(&Fact::Noted(Box::new(event.clone())));
        }
        self.live.note(event);
    }

    /// Knows again what a history remembers, and keeps what is learned from now on.
    pub fn remember(&mut self, history: History, past: Past) {
        let now = self.clock.now();
        let history = Keeping::new(history, &self.board);
        self.statuses = history.statuses(&self.board);
        self.history = Some(history);
        let (facts, pause) = remembering::facts(past, &self.board, now);
        self.live.remember(facts);
        if let Some(pause) = pause {
            self.note(pause);
        }
    }

    /// Takes what a reload brings. What both boards ask keeps its history.
    pub fn reload(&mut self, reload: Reload) {
        match reload {
            Reload::Refused(why) => {
                tracing::warn!("{why}");
                self.banner = Some(why);
            }
            Reload::Board(board, taken) => {
                tracing::info!(sources = board.sources.len(), "another config");
                let queries = board.queries.iter().map(|query| query.id);
                self.live.hold((queries, board.longest_window()), board.rules(), self.clock.now());
                if let Some(history) = &mut self.history {
                    history.hold(&board);
                    self.statuses = history.statuses(&board);
                }
                if let Some(exporting) = &mut self.exporting {
                    exporting.hold(&board);
                }
                self.board = board;
                self.banner = None;
                // Who waits for it may have gone.
                let _gone = taken.send(());
            }
        }
    }

    /// Whether the wall clock has moved since the last look otherwise than time has passed: the machine
    /// slept, or somebody set the clock. What is known is stamped by the wall clock; when that goes back,
    /// the stamps go with it, so that nothing old looks new. (The steady clock of Linux stands still
    /// while the machine sleeps: a sleep and a clock set forward look alike, and both make data old.)
    pub fn has_jumped(&mut self, wall: Timestamp, steady: Instant) -> bool {
        let passed = steady.duration_since(self.looked.1).as_millis();
        let expected = self.looked.0.plus(Span(i64::try_from(passed).unwrap_or(i64::MAX)));
        self.looked = (wall, steady);
        let (ahead, behind) = (expected.age_at(wall), expected.age_before(wall));
        if behind > DRIFT {
            tracing::warn!("the clock was set back by {}", behind.brief());
            self.live.set_back(behind);
            self.began = self.began.minus(behind);
        }
        ahead.max(behind) > DRIFT
    }

    fn source_name(&self, query: QueryId) -> String {
        self.board.source_of(query).map(|source| source.name.to_string()).unwrap_or_default()
    }

    /// Whether every query has been answered or has failed at least once.
    pub fn has_heard_all(&self) -> bool {
        self.store().entries().all(|entry| entry.last_poll.is_some())
    }

    /// Runs until the supervisor is gone.
    pub async fn run(mut self, mut channels: Channels) {
        let mut publish_at = Instant::now() + TICK;
        let mut demands = ViewerDemands::default();
        loop {
            tokio::select! {
                outcome = channels.outcomes.recv() => {
                    let Some(mut outcome) = outcome else { return };
                    // The look at the clock comes first: an answer that was under way while the clock was
                    // set is stamped by another clock than what is known.
                    channels.ask_again_if(self.has_jumped(self.clock.now(), Instant::now()));
                    outcome.at = outcome.at.min(self.clock.now());
                    let first = self.is_first(outcome.query);
                    self.apply(outcome);
                    let gather = if first { GATHER_FIRST } else { GATHER };
                    publish_at = publish_at.min(Instant::now() + gather);
                }
                Some(command) = channels.commands.recv() => match command {
                    Command::RefreshNow => channels.refresh(),
                    Command::Rewind(rewind) => channels.rewind(rewind, |rewind| self.rewinding(rewind)),
                    Command::Demand(viewer, needed) => {
                        demands.set(viewer, needed);
                        channels.tell_widths(&mut demands, self.store());
                    }
                    // What only it needed is not needed any more.
                    Command::Gone(viewer) => {
                        demands.release(viewer);
                        channels.tell_widths(&mut demands, self.store());
                    }
                },
                Some(looks) = channels.looks.next() => {
                    // What is known must not look new to them because the clock was set back.
                    channels.ask_again_if(self.has_jumped(self.clock.now(), Instant::now()));
                    self.show(looks);
                }
                Some(reload) = channels.reloads.recv() => {
                    self.reload(reload);
                    channels.tell_widths(&mut demands, self.store());
                    publish_at = publish_at.min(Instant::now() + GATHER);
                }
                () = sleep_until(publish_at) => {
                    channels.ask_again_if(self.has_jumped(self.clock.now(), Instant::now()));
                    self.publish(&channels);
                    publish_at = Instant::now() + TICK;
                }
            }
        }
    }

    /// Shows those who look what is known at one moment.
    fn show(&self, looks: Vec<Look>) {
        self.judged_at(self.clock.now(), |verdicts, scene| {
            for look in looks {
                look.see(verdicts, &scene, self.store(), &self.board);
            }
        });
    }

    fn is_first(&self, query: QueryId) -> bool {
        self.store().entry(query).is_none_or(|entry| entry.last_poll.is_none())
    }

    /// What has turned since the last look: panels first, then builds.
    fn turned(&self, watch: &mut Watch, verdicts: &Verdicts<'_>) -> Vec<Transition> {
        let pages = verdicts.pages.iter();
        let panels = pages.flat_map(|page| page.panels.iter().map(|one| (page.name, one)));
        let of_panels = watch.panels(panels.filter(|(_, one)| one.is_fed()).map(|(page, one)| Panel {
            key: (page, one.panel.id),
            title: one.panel.title,
            status: one.evaluation.status,
            says: if one.blame.is_empty() { &one.headline } else { &one.blame },
            service: one.panel.service,
            environment: one.panel.environment,
            url: one.panel.link,
        }));
        // A source of builds is always asked for all of them; other queries of it show some of the same.
        let all_of_a_source = self.board.queries.iter().filter(|query| query.ask.query.is_empty());
        let builds = all_of_a_source.filter_map(|query| {
            Some((&self.board.sources.get(query.source)?.name, self.store().entry(query.id)?.builds()))
        });
        let of_builds = watch.builds(builds.flat_map(|(source, builds)| builds.iter().map(move |one| (source, one))));
        of_panels.into_iter().chain(of_builds).collect()
    }

    /// What the board's rules make of it; the terminals hear of it with the next scene.
    fn notify(&mut self, turned: &[Transition], now: Timestamp) -> Vec<Notification> {
        let rules = self.board.notify.iter().map(|notify| &notify.rule);
        let messages = self.told.messages(rules, turned, now, &self.zone);
        let rule_of = |message: &Message| self.board.notify.get(message.rule);
        let bell = messages.iter().any(|one| rule_of(one).is_some_and(|notify| notify.rule.bell));
        let mut shown: Vec<&Message> =
            messages.iter().filter(|one| rule_of(one).is_some_and(|notify| notify.rule.desktop)).collect();
        // Two rules may tell of one thing.
        shown.dedup_by(|a, b| a.what == b.what);
        if bell || !shown.is_empty() {
            let desktop = shown.first().map(|first| {
                let held_back: usize = shown.iter().map(|one| one.held_back).sum();
                let more = shown.len() - 1 + held_back;
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                SafeText::new(&format!("{}: {}{more}", self.board.title, first.what.text))
            });
            let (number, bells) = self.ring.as_ref().map_or((0, 0), |ring| (ring.number, ring.bells));
            self.ring = Some(Ring { number: number + 1, bells: bells + u64::from(bell), desktop });
        }
        messages
            .into_iter()
            .filter_map(|message| {
                let notify = self.board.notify.get(message.rule)?;
                let reaches = !notify.command.is_empty() || notify.webhook.is_some();
                reaches.then(|| Notification {
                    rule: message.rule,
                    board: self.board.title.clone(),
                    at: now,
                    what: message.what,
                    held_back: message.held_back,
                    lost: message.lost,
                    command: notify.command.clone(),
                    webhook: notify.webhook.clone(),
                })
            })
            .collect()
    }

    /// What could not be passed on is counted by the next message of its rule.
    fn lose(&mut self, notifications: &[Notification]) {
        for one in notifications {
            tracing::warn!(rule = one.rule, "a notification was lost: too many wait");
            self.told.lose(one.rule, one.held_back + one.lost);
        }
    }

    fn publish(&mut self, channels: &Channels) {
        tripwire::pass("hub");
        let now = self.clock.now();
        let (seen, notifications) = self.look(now, channels.cuts.receiver_count() > 0);
        if !notifications.is_empty()
            && let Err(refused) = channels.notices.try_send(notifications)
        {
            self.lose(&refused.into_inner());
        }
        // Each scene carries the clock of the second it was made in: it proves that the hub lives.
        let differs = channels.scenes.send_if_modified(|shown| {
            let differs = **shown != *seen.scene;
            *shown = seen.scene;
            differs
        });
        // They are parts of it.
        channels.cuts.send_if_modified(|shown| {
            *shown = seen.cuts;
            differs
        });
    }
}

/// What came, in a word or two.
fn said(outcome: &Outcome) -> String {
    outcome.answer.as_ref().map_or_else(ToString::to_string, |telemetry| telemetry.shape().to_owned())
}
