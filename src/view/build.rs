//! Board, store and moment to scene.

use std::collections::HashMap;

use crate::config::board::{Board, PanelSpec, SourceSpec};
use crate::eval::blame::{blame, since_words};
use crate::eval::changes::{Cause, cause};
use crate::eval::checks::Checks;
use crate::eval::freshness::freshness;
use crate::eval::panel::{Evaluation, evaluate};
use crate::eval::rollup::Tally;
use crate::eval::verdict::{Finding, Remark, clock_is_off, silence, verdict};
use crate::model::build::Activity;
use crate::model::event::{Event, EventKind};
use crate::model::fault::{FetchError, Reason};
use crate::model::freshness::Freshness;
use crate::model::isolation::{isolated, tripwire};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::poll::QueryId;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, Zone};
use crate::panel::{PanelInput, PanelOptions, Room, text};
use crate::store::{Entry, Store};
use crate::view::events::Events;
use crate::view::scene::{LayerLamp, Page, PanelScene, Scene, SourceState};

/// From so many failed polls in a row a source is named as one that does not answer.
const SILENT: u32 = 2;

/// Everything visible at a moment.
pub fn scene(board: &Board, store: &Store, checks: &Checks, now: Timestamp, zone: &Zone) -> Scene {
    let events = Events::of(store);
    let source_of: HashMap<QueryId, usize> = board.queries.iter().map(|query| (query.id, query.source)).collect();
    let source_name = |query: QueryId| Some(board.sources.get(*source_of.get(&query)?)?.name.clone());
    let mut findings = Vec::new();
    let mut pages = Vec::with_capacity(board.dashboards.len());
    for dashboard in &board.dashboards {
        let panels: Vec<PanelScene> = dashboard
            .panels
            .iter()
            .map(|spec| {
                // A panel that cannot be judged or shown says so, and takes nobody with it.
                let (panel, finding) = isolated(|| judged((spec, &source_name), store, checks, &events, now, zone))
                    .unwrap_or_else(|fault| broken(spec, &fault, now, zone));
                if panel.is_judged && panel.status != Status::Ok {
                    findings.push(finding);
                }
                panel
            })
            .collect();
        pages.push(Page {
            name: dashboard.name.clone(),
            title: dashboard.title.clone(),
            tally: tally(panels.iter()),
            rows: dashboard.rows.clone(),
            panels,
        });
    }
    let all = || pages.iter().flat_map(|page| &page.panels);
    let layers = Layer::ALL.map(|layer| LayerLamp { layer, tally: tally(all().filter(|panel| panel.layer == layer)) });
    let oldest = all().filter_map(|panel| panel.age).max();
    let whole = tally(all());
    let entries = entries_of_sources(board, store);
    let sources = sources(board, &entries, now);
    Scene {
        title: board.title.clone(),
        // Whole seconds: two scenes of one second without news between them are equal.
        now: Timestamp(now.0.div_euclid(1000) * 1000),
        zone: zone.clone(),
        status: whole.status().unwrap_or(Status::Unknown),
        layers,
        remarks: verdict(findings, source_remarks(board, &entries, now), whole, oldest),
        last_change: events.last_deploy(now).or_else(|| last_build(store, now)),
        freeze: events.freeze(now, zone),
        pages,
        banner: soon_refused(&sources),
        sources,
        updated: store.entries().filter_map(|entry| entry.last_success).max(),
        window: board.window,
        ring: None,
    }
}

/// How many panels are how. One that asks nobody, such as a clock, is none of them.
fn tally<'a>(panels: impl Iterator<Item = &'a PanelScene> + Clone) -> Tally {
    let fed = panels.filter(|panel| panel.is_fed);
    let judged = Tally::of(fed.clone().filter(|panel| panel.is_judged).map(|panel| panel.status));
    Tally {
        without_limits: fed.clone().filter(|panel| !panel.is_judged).count(),
        late: fed.filter(|panel| panel.failures >= SILENT && panel.freshness.can_be_judged()).count(),
        ..judged
    }
}

/// A panel, and what is found when it is not ok. (Not the panel's own reason: its countdown to the next try
/// would make the sentence restless.)
fn judged(
    (spec, source_name): (&PanelSpec, &dyn Fn(QueryId) -> Option<SafeText>),
    store: &Store,
    checks: &Checks,
    events: &Events<'_>,
    now: Timestamp,
    zone: &Zone,
) -> (PanelScene, Finding) {
    tripwire::pass("view");
    let mut evaluation = evaluate(&spec.rule, store, checks, now);
    // Of what was so when andon first looked nobody knows what came just before.
    evaluation.cause = evaluation.since.filter(|_| !evaluation.open_start).and_then(|since| {
        let changes = belonging(spec, events, &EventKind::ALL, since.minus(Span::seconds(3600)), since);
        cause(&changes, since, spec.about())
    });
    let blame = blame(&evaluation, &spec.rule, &spec.unit, now, zone);
    let panel = panel(spec, &evaluation, events, now, zone);
    let finding = Finding {
        status: panel.status,
        since: panel.since,
        title: panel.title.to_string(),
        blame,
        cause: evaluation.cause.as_ref().map(Cause::words).unwrap_or_default(),
        source: evaluation
            .fault
            .filter(|_| !evaluation.freshness.can_be_judged())
            .and_then(|fault| Some((source_name(fault.query)?, fault.error.to_string()))),
    };
    let blame = if panel.status == Status::Ok { String::new() } else { finding.blame.clone() };
    (PanelScene { blame, ..panel }, finding)
}

/// What happened between two moments to what a panel is about.
fn belonging<'a>(
    spec: &PanelSpec,
    events: &Events<'a>,
    kinds: &[EventKind],
    from: Timestamp,
    to: Timestamp,
) -> Vec<&'a Event> {
    let (service, environment) = spec.about();
    events.over((from, to), kinds, service, environment)
}

/// What stands for a panel in which andon itself has failed: a note, which has nothing in it to fail.
fn broken(spec: &PanelSpec, fault: &str, now: Timestamp, zone: &Zone) -> (PanelScene, Finding) {
    let reason = FetchError::new(Reason::Internal, fault).to_string();
    let note = PanelSpec { options: PanelOptions::Text(text::Options::default()), ..spec.clone() };
    let panel = panel(&note, &Evaluation::of_nothing(), &Events::default(), now, zone);
    let finding = Finding {
        status: Status::Unknown,
        since: None,
        title: panel.title.to_string(),
        blame: reason.clone(),
        cause: String::new(),
        source: None,
    };
    (PanelScene { is_fed: true, is_judged: true, reason, ..panel }, finding)
}

fn panel(
    spec: &PanelSpec,
    evaluation: &Evaluation<'_>,
    events: &Events<'_>,
    now: Timestamp,
    zone: &Zone,
) -> PanelScene {
    let kind = spec.options.kind();
    let refresh = spec.refresh();
    let reading = PanelInput {
        content: evaluation.content.clone(),
        status: evaluation.status,
        unit: &spec.unit,
        decimals: spec.decimals,
        limits: spec.rule.thresholds.lines(),
        // What happened is listed as of now: its newest part is the one that matters.
        now: if matches!(evaluation.content, Content::Events(_)) { now } else { steady(now, evaluation, refresh) },
        window: spec.rule.window,
        refresh,
        zone,
        service: spec.about().0,
        environment: spec.about().1,
        events: if kind.history {
            // A graph ends with its newest point: its window begins that much earlier.
            let from = now.minus(spec.rule.window).minus(refresh.times(2.0));
            belonging(spec, events, &spec.events, from, now)
        } else {
            Vec::new()
        },
    };
    let view = spec.options.view(&reading);
    let text = view.strip();
    let is_fed = !spec.rule.queries.is_empty();
    let history = spec.rule.queries.iter().filter(|_| kind.history).map(|query| query.id).collect();
    PanelScene {
        id: spec.id.clone(),
        title: spec.title.clone(),
        layer: spec.layer,
        status: evaluation.status,
        is_fed,
        is_judged: evaluation.is_judged,
        failures: evaluation.fault.map_or(0, |fault| fault.failures),
        freshness: if is_fed { evaluation.freshness } else { Freshness::Fresh },
        age: evaluation.age,
        since: evaluation.since,
        note: note(evaluation, now, zone),
        blame: String::new(),
        reason: if is_fed { reason(spec, evaluation, now, zone) } else { String::new() },
        text,
        value: single_value(&evaluation.content),
        unit: spec.unit.to_string(),
        simulated: spec.simulated,
        service: spec.service.clone(),
        environment: spec.environment.clone(),
        link: spec.link.clone(),
        view,
        room: Room { weight: spec.width.unwrap_or(kind.room.weight), ..kind.room },
        history,
    }
}

/// The moment a panel's drawing is about: its newest answer while that is fresh, so that nothing moves
/// between two polls; else this moment, so that a gap grows.
fn steady(now: Timestamp, evaluation: &Evaluation<'_>, refresh: Span) -> Timestamp {
    match (evaluation.freshness, evaluation.answered) {
        // Ages in words move on their own, in steps that a person can follow.
        (Freshness::Fresh, Some(age)) if refresh <= Span::seconds(60) => now.minus(age),
        _ => now,
    }
}

/// Short words behind the status.
fn note(evaluation: &Evaluation<'_>, now: Timestamp, zone: &Zone) -> String {
    let age = evaluation.age.unwrap_or_default().brief();
    match evaluation.freshness {
        Freshness::Late => format!("late {age}"),
        Freshness::Stale => format!("stale {age}"),
        Freshness::Failed => "no answer".to_owned(),
        Freshness::Waiting => "waiting".to_owned(),
        Freshness::Fresh => match (evaluation.since, evaluation.pending) {
            (Some(since), _) => since_words(since, evaluation, now, zone),
            (None, Some(pending)) => format!("{} pending", pending.word()),
            (None, None) => String::new(),
        },
    }
}

/// Why, when something is wrong.
fn reason(spec: &PanelSpec, evaluation: &Evaluation<'_>, now: Timestamp, zone: &Zone) -> String {
    if let Some(fault) = &evaluation.fault {
        let wait = fault.next_try.map(|at| at.age_before(now)).filter(|wait| *wait >= Span::seconds(1));
        let next = wait.map_or_else(|| ", trying".to_owned(), |wait| format!(", next try in {}", wait.brief()));
        let tries = if fault.failures > 1 { format!(", {} tries", fault.failures) } else { String::new() };
        let without = match evaluation.without.as_slice() {
            [] => String::new(),
            missing => format!("without {}: ", missing.join(", ")),
        };
        return format!("{without}{}{tries}{next}", fault.error);
    }
    // Builds and events say for themselves what is wrong with them.
    let speaks = evaluation.freshness.can_be_judged()
        && match &evaluation.content {
            Content::Builds(builds) => !builds.is_empty(),
            Content::Events(events) => !events.is_empty(),
            _ => false,
        };
    let caveat = evaluation.caveat.map(|caveat| caveat.text.to_string()).unwrap_or_default();
    match (evaluation.status, &evaluation.pending) {
        _ if speaks => caveat,
        (Status::Ok, _) if !evaluation.is_judged && !evaluation.gaps.is_empty() => evaluation.gaps.join("; "),
        (Status::Ok, _) => caveat,
        (status, pending) => {
            let blame = blame(evaluation, &spec.rule, &spec.unit, now, zone);
            // One look cannot tell whether it has lasted: what counts is that nothing shows that it has not.
            if *pending == Some(status) { format!("{} pending: {blame}", status.word()) } else { blame }
        }
    }
}

fn single_value(content: &Content<'_>) -> Option<f64> {
    match content {
        Content::Series(series) => series.iter().max_by_key(|one| one.judgement.status.severity())?.value,
        _ => None,
    }
}

/// The queries of each source, as the store knows them; gathered once a scene.
fn entries_of_sources<'a>(board: &Board, store: &'a Store) -> Vec<Vec<&'a Entry>> {
    let mut all = vec![Vec::new(); board.sources.len()];
    for query in &board.queries {
        if let (Some(of_source), Some(entry)) = (all.get_mut(query.source), store.entry(query.id)) {
            of_source.push(entry);
        }
    }
    all
}

/// What the sentence says about sources: those that have not answered twice in a row while their values still
/// count, and those whose clock is too far off to believe the age of their data.
fn source_remarks(board: &Board, entries: &[Vec<&Entry>], now: Timestamp) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (spec, entries) in board.sources.iter().zip(entries) {
        let is_silent =
            |entry: &&&Entry| entry.failures >= SILENT && freshness(entry, spec.limits, now).can_be_judged();
        let oldest = entries.iter().filter(is_silent).map(|entry| entry.last_success.map(|at| at.age_at(now))).max();
        remarks.extend(oldest.map(|age| silence(&spec.name, age)));
        let skew = entries.iter().filter_map(|entry| entry.clock_skew).max_by_key(|skew| skew.0.abs());
        let is_off = |skew: &Span| skew.0.abs() > spec.limits.stale_after.0;
        remarks.extend(skew.filter(is_off).map(|skew| clock_is_off(&spec.name, skew)));
    }
    remarks
}

fn sources(board: &Board, entries: &[Vec<&Entry>], now: Timestamp) -> Vec<SourceState> {
    let state = |(spec, entries): (&SourceSpec, &Vec<&Entry>)| {
        let each: Vec<Freshness> = entries.iter().map(|entry| freshness(entry, spec.limits, now)).collect();
        let is_missing = |freshness: &&Freshness| !matches!(freshness, Freshness::Fresh | Freshness::Waiting);
        SourceState {
            name: spec.name.clone(),
            kind: spec.kind.word,
            freshness: each.iter().copied().reduce(Freshness::or_worse).unwrap_or(Freshness::Waiting),
            queries: each.len(),
            missing: each.iter().filter(is_missing).count(),
            last_success_age: entries.iter().filter_map(|entry| entry.last_success).max().map(|at| at.age_at(now)),
            budget: entries.iter().filter_map(|entry| entry.budget).min_by_key(|budget| budget.remaining),
            reason: entries.iter().find_map(|entry| entry.error.as_ref()).map_or_else(String::new, ToString::to_string),
        }
    };
    board.sources.iter().zip(entries).map(state).collect()
}

/// A warning before the rate limit of a server runs out: later its panels would grow old one by one.
fn soon_refused(sources: &[SourceState]) -> Option<String> {
    let is_low = |source: &&SourceState| source.budget.is_some_and(|budget| budget.is_low());
    sources.iter().find(is_low)?.budget_words()
}

/// The build that ended last, of all feeds: the nearest to "what changed" that builds alone can tell.
fn last_build(store: &Store, now: Timestamp) -> Option<String> {
    let builds = store.entries().flat_map(Entry::builds);
    let last = builds.filter(|one| one.build.finished_at.is_some_and(|at| at <= now)).max_by(|a, b| {
        // Of two that ended in one moment the name decides, so that the sentence is the same everywhere.
        a.build.finished_at.cmp(&b.build.finished_at).then_with(|| b.build.name.cmp(&a.build.name))
    })?;
    let age = last.build.finished_at?.age_at(now);
    let label = if last.build.label.is_empty() { String::new() } else { format!(" {}", last.build.label) };
    let running = if last.build.activity == Activity::Running { ", running again" } else { "" };
    Some(format!("last build {}{label} {}, {} ago{running}", last.build.name, last.build.result.word(), age.brief()))
}
