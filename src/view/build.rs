//! Board, store and moment to scene.

use crate::config::board::{Board, PanelSpec};
use crate::eval::blame::blame;
use crate::eval::changes::{cause, cause_words};
use crate::eval::freshness::freshness;
use crate::eval::panel::{Evaluation, evaluate};
use crate::eval::rollup::Tally;
use crate::eval::verdict::{Finding, verdict};
use crate::model::build::Activity;
use crate::model::event::{Event, EventKind};
use crate::model::fault::{FetchError, Reason};
use crate::model::freshness::Freshness;
use crate::model::isolation::{isolated, tripwire};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, Zone};
use crate::panel::{PanelOptions, Reading, Room, text};
use crate::store::{Entry, Kept, Store};
use crate::view::events::Events;
use crate::view::scene::{LayerLamp, Page, PanelScene, Scene, SourceState};

/// Everything visible at a moment.
pub fn scene(board: &Board, store: &Store, now: Timestamp, zone: &Zone) -> Scene {
    let events = Events::of(store);
    let mut findings = Vec::new();
    let mut pages = Vec::with_capacity(board.dashboards.len());
    for dashboard in &board.dashboards {
        let panels: Vec<PanelScene> = dashboard
            .panels
            .iter()
            .map(|spec| {
                // A panel that cannot be judged or shown says so, and takes nobody with it.
                let (panel, blame) = isolated(|| judged(spec, store, &events, now, zone))
                    .unwrap_or_else(|fault| broken(spec, &fault, now, zone));
                if panel.is_judged && panel.status != Status::Ok {
                    findings.push(Finding {
                        status: panel.status,
                        since: panel.since,
                        title: panel.title.to_string(),
                        blame,
                    });
                }
                panel
            })
            .collect();
        pages.push(Page {
            name: dashboard.name.clone(),
            title: dashboard.title.clone(),
            tally: tally(&panels),
            rows: dashboard.rows.clone(),
            panels,
        });
    }
    let all = || pages.iter().flat_map(|page| &page.panels).filter(|panel| panel.is_judged);
    let layers = Layer::ALL.map(|layer| LayerLamp {
        layer,
        tally: Tally::of(all().filter(|panel| panel.layer == layer).map(|panel| panel.status)),
    });
    let count = all().count();
    let oldest = all().filter_map(|panel| panel.age).max();
    let status = Tally::of(all().map(|panel| panel.status)).status().unwrap_or(Status::Unknown);
    let sources = sources(board, store, now);
    Scene {
        title: board.title.clone(),
        // Whole seconds: two scenes of one second without news between them are equal.
        now: Timestamp(now.0.div_euclid(1000) * 1000),
        zone: zone.clone(),
        status,
        layers,
        remarks: verdict(findings, count, oldest),
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

fn tally(panels: &[PanelScene]) -> Tally {
    Tally::of(panels.iter().filter(|panel| panel.is_judged).map(|panel| panel.status))
}

/// A panel, and what is to blame when it is not ok. (Not the panel's own reason: its countdown to the next
/// try would make the sentence restless.)
fn judged(spec: &PanelSpec, store: &Store, events: &Events<'_>, now: Timestamp, zone: &Zone) -> (PanelScene, String) {
    tripwire::pass("view");
    let mut evaluation = evaluate(&spec.rule, store, now);
    evaluation.cause = evaluation.since.and_then(|since| {
        let changes = belonging(spec, events, &EventKind::ALL, since.minus(Span::seconds(3600)), since);
        Some(cause_words(cause(&changes, since)?, since))
    });
    let blame = blame(&evaluation, &spec.rule, &spec.unit, now, zone);
    let panel = panel(spec, &evaluation, events, now, zone);
    let said = if panel.status == Status::Ok { String::new() } else { blame.clone() };
    (PanelScene { blame: said, ..panel }, blame)
}

/// What happened between two moments to what a panel is about.
fn belonging<'a>(
    spec: &PanelSpec,
    events: &Events<'a>,
    kinds: &[EventKind],
    from: Timestamp,
    to: Timestamp,
) -> Vec<&'a Event> {
    let service = spec.service.as_ref().map(SafeText::as_str);
    events.over((from, to), kinds, service, spec.environment.as_ref().map(SafeText::as_str))
}

/// What stands for a panel in which andon itself has failed: a note, which has nothing in it to fail.
fn broken(spec: &PanelSpec, fault: &str, now: Timestamp, zone: &Zone) -> (PanelScene, String) {
    let nothing = Evaluation {
        status: Status::Unknown,
        freshness: Freshness::Failed,
        age: None,
        since: None,
        pending: None,
        cause: None,
        without: Vec::new(),
        fault: None,
        content: Content::Nothing,
    };
    let reason = FetchError::new(Reason::Internal, fault).to_string();
    let note = PanelSpec { options: PanelOptions::Text(text::Options::default()), ..spec.clone() };
    (
        PanelScene { is_judged: true, reason: reason.clone(), ..panel(&note, &nothing, &Events::default(), now, zone) },
        reason,
    )
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
    let reading = Reading {
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
        service: spec.service.as_ref().map(SafeText::as_str),
        environment: spec.environment.as_ref().map(SafeText::as_str),
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
    let is_judged = !spec.rule.queries.is_empty();
    let history = spec.rule.queries.iter().filter(|_| kind.history).map(|query| query.id).collect();
    PanelScene {
        id: spec.id.clone(),
        title: spec.title.clone(),
        layer: spec.layer,
        status: evaluation.status,
        is_judged,
        freshness: if is_judged { evaluation.freshness } else { Freshness::Fresh },
        age: evaluation.age,
        since: evaluation.since,
        note: note(evaluation, now, zone),
        blame: String::new(),
        reason: if is_judged { reason(spec, evaluation, now, zone) } else { String::new() },
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
    match (evaluation.freshness, evaluation.age) {
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
            (Some(since), _) => format!("since {}", since.since_at(now, zone)),
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
    if evaluation.status == Status::Ok || speaks {
        String::new()
    } else {
        blame(evaluation, &spec.rule, &spec.unit, now, zone)
    }
}

fn single_value(content: &Content<'_>) -> Option<f64> {
    match content {
        Content::Series(series) => series.iter().max_by_key(|one| one.judgement.status.severity())?.value,
        _ => None,
    }
}

fn sources(board: &Board, store: &Store, now: Timestamp) -> Vec<SourceState> {
    board
        .sources
        .iter()
        .enumerate()
        .map(|(place, spec)| {
            let entries: Vec<&Entry> = board
                .queries
                .iter()
                .filter(|query| query.source == place)
                .filter_map(|query| store.entry(query.id))
                .collect();
            let worst = entries
                .iter()
                .map(|entry| freshness(entry, spec.promise, now))
                .reduce(Freshness::or_worse)
                .unwrap_or(Freshness::Waiting);
            SourceState {
                name: spec.name.clone(),
                kind: spec.kind.word,
                freshness: worst,
                last_success_age: entries.iter().filter_map(|entry| entry.last_success).max().map(|at| at.age_at(now)),
                budget: entries.iter().filter_map(|entry| entry.budget).min_by_key(|budget| budget.remaining),
                reason: entries
                    .iter()
                    .find_map(|entry| entry.error.as_ref())
                    .map_or_else(String::new, ToString::to_string),
            }
        })
        .collect()
}

/// Whose server will soon take no more questions: panels that go grey by and by are to be no riddle.
fn soon_refused(sources: &[SourceState]) -> Option<String> {
    let is_low = |source: &&SourceState| source.budget.is_some_and(|budget| budget.is_low());
    sources.iter().find(is_low)?.budget_words()
}

/// The build that ended last, of all feeds: the nearest to "what changed" that builds alone can tell.
fn last_build(store: &Store, now: Timestamp) -> Option<String> {
    let builds = store.entries().filter_map(|entry| match &entry.kept {
        Kept::Builds(builds, _) => Some(builds),
        _ => None,
    });
    let last = builds.flatten().filter(|one| one.build.finished_at.is_some_and(|at| at <= now)).max_by(|a, b| {
        // Of two that ended in one moment the name decides, so that the sentence is the same everywhere.
        a.build.finished_at.cmp(&b.build.finished_at).then_with(|| b.build.name.cmp(&a.build.name))
    })?;
    let age = last.build.finished_at?.age_at(now);
    let label = if last.build.label.is_empty() { String::new() } else { format!(" {}", last.build.label) };
    let running = if last.build.activity == Activity::Running { ", running again" } else { "" };
    Some(format!("last build {}{label} {}, {} ago{running}", last.build.name, last.build.result.word(), age.brief()))
}
