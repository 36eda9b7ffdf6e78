//! Board and verdicts to scene: what is shown and how. What it means is judged before (`eval/`).

use super::overview;
use crate::config::board::{Board, Dashboard, PanelSpec};
use crate::eval::judging::{PanelVerdict, Verdicts};
use crate::eval::panel::Evaluation;
use crate::model::freshness::Freshness;
use crate::model::isolation::{isolated, tripwire};
use crate::model::judgement::Content;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, Zone};
use crate::panel::{PanelInput, PanelOptions, PanelView, text};
use crate::view::scene::{LayerLamp, Page, PanelScene, Scene};

/// Everything visible at a moment of the dashboards that there are verdicts on, and the verdicts as they are then: of a
/// panel that cannot be drawn nobody knows how it is.
pub fn scene<'a>(board: &Board, verdicts: Verdicts<'a>, now: Timestamp, zone: &Zone) -> (Scene, Verdicts<'a>) {
    let mut faults = Vec::new();
    let mut views = Vec::new();
    let is_judged = |name: &str| verdicts.pages.iter().any(|page| page.name == name);
    let dashboards: Vec<&Dashboard> = board.dashboards.iter().filter(|one| is_judged(&one.name)).collect();
    for (page, (dashboard, judged)) in dashboards.iter().zip(&verdicts.pages).enumerate() {
        for (panel, (spec, verdict)) in dashboard.panels.iter().zip(&judged.panels).enumerate() {
            // A panel that cannot be shown says so, and takes nobody with it.
            let drawn = isolated(|| {
                if is_hidden(spec, verdict) {
                    return (note(spec, verdict, now, zone), hidden(verdict).to_owned());
                }
                let view = view(spec, verdict, &verdicts, now, zone);
                let strip = view.strip();
                (view, strip)
            });
            views.push(drawn.unwrap_or_else(|fault| {
                faults.push(((page, panel), fault));
                (note(spec, verdict, now, zone), String::new())
            }));
        }
    }
    let verdicts = if faults.is_empty() { verdicts } else { verdicts.without(&faults) };
    let mut views = views.into_iter();
    let pages = dashboards.iter().zip(&verdicts.pages);
    let mut scene = Scene {
        title: board.title.clone(),
        // Whole seconds: two scenes of one second without news between them are equal.
        now: Timestamp(now.0.div_euclid(1000) * 1000),
        zone: zone.clone(),
        status: verdicts.status,
        layers: verdicts.layers.map(|(layer, tally)| LayerLamp { layer, tally }),
        remarks: verdicts.remarks.clone(),
        last_change: verdicts.last_change.clone(),
        freeze: verdicts.freeze.clone(),
        pages: pages
            .map(|(dashboard, judged)| Page {
                name: dashboard.name.clone(),
                title: dashboard.title.clone(),
                tally: judged.tally,
                page_time: dashboard.page_time,
                is_scheduled: dashboard.turned_to
                    && (dashboard.schedule.is_empty()
                        || dashboard.schedule.iter().any(|hours| hours.contain(now, zone))),
                rows: dashboard.rows.clone(),
                panels: dashboard
                    .panels
                    .iter()
                    .zip(&judged.panels)
                    .zip(&mut views)
                    .map(|((spec, verdict), view)| panel(spec, verdict, view))
                    .collect(),
            })
            .collect(),
        overview: None,
        banner: verdicts.warning.clone(),
        sources: verdicts.sources.clone(),
        updated: verdicts.updated,
        window: board.window,
        ring: None,
    };
    scene.overview = overview::page(&scene.pages, board.kiosk.page_time);
    (scene, verdicts)
}

/// What a panel draws.
fn view(
    spec: &PanelSpec,
    verdict: &PanelVerdict<'_>,
    verdicts: &Verdicts<'_>,
    now: Timestamp,
    zone: &Zone,
) -> PanelView {
    tripwire::pass("view");
    let refresh = spec.refresh();
    let (service, environment) = spec.about();
    let events = if spec.options.kind().history {
        // A graph ends with its newest point: its window begins that much earlier.
        let from = now.minus(spec.rule.window).minus(refresh.times(2.0));
        verdicts.events.over((from, now), &spec.events, service, environment)
    } else {
        Vec::new()
    };
    spec.options.view(&PanelInput { events, ..input(spec, verdict, now, zone) })
}

/// Views that make nothing of series without the names that their source gives them: bounds of buckets, two ends.
const NEED_NAMES: [&str; 3] = ["flow", "heatmap", "histogram"];

/// Whether a panel has something to show that who looks may not see.
fn is_hidden(spec: &PanelSpec, verdict: &PanelVerdict<'_>) -> bool {
    verdict.hides || verdict.is_renamed && NEED_NAMES.contains(&spec.options.kind().word)
}

/// What is said in place of what may not be seen: its status, where it has one.
fn hidden(verdict: &PanelVerdict<'_>) -> &'static str {
    if verdict.evaluation.is_judged { verdict.evaluation.status.word() } else { "not shown here" }
}

/// What stands for a panel in which andon itself has failed, or whose words are not for who looks: a note, which has
/// nothing in it to fail.
fn note(spec: &PanelSpec, verdict: &PanelVerdict<'_>, now: Timestamp, zone: &Zone) -> PanelView {
    let is_whole = verdict.fault.is_none();
    let content = if is_whole { Content::Text(vec![SafeText::new(hidden(verdict))].into()) } else { Content::Nothing };
    PanelOptions::Text(text::Options::default()).view(&PanelInput { content, ..input(spec, verdict, now, zone) })
}

fn input<'a>(spec: &'a PanelSpec, verdict: &PanelVerdict<'a>, now: Timestamp, zone: &'a Zone) -> PanelInput<'a> {
    let (evaluation, refresh) = (&verdict.evaluation, spec.refresh());
    let (service, environment) = spec.about();
    PanelInput {
        content: evaluation.content.clone(),
        status: evaluation.status,
        unit: &spec.unit,
        decimals: spec.decimals,
        limits: evaluation.overlay.clone(),
        // What happened is listed as of now: its newest part is the one that matters.
        now: if matches!(evaluation.content, Content::Events(_)) { now } else { steady(now, evaluation, refresh) },
        window: spec.rule.window,
        refresh,
        zone,
        service,
        environment,
        events: Vec::new(),
    }
}

fn panel(spec: &PanelSpec, verdict: &PanelVerdict<'_>, (view, text): (PanelView, String)) -> PanelScene {
    let evaluation = &verdict.evaluation;
    let kind = spec.options.kind();
    let history = spec.rule.queries.iter().filter(|_| kind.history).map(|query| query.id).collect();
    PanelScene {
        id: spec.id.clone(),
        title: spec.title.clone(),
        layer: spec.layer,
        status: evaluation.status,
        is_fed: verdict.is_fed(),
        is_judged: evaluation.is_judged,
        failures: evaluation.fault.map_or(0, |fault| fault.failures),
        freshness: evaluation.freshness,
        age: evaluation.age,
        since: evaluation.since,
        note: verdict.note.clone(),
        affected: match evaluation.status {
            Status::Ok => Vec::new(),
            status => evaluation.content.names_with(status),
        },
        blame: verdict.blame.clone(),
        reason: verdict.reason.clone(),
        text,
        value: verdict.value,
        unit: spec.unit.to_string(),
        simulated: spec.simulated,
        service: spec.service.clone(),
        environment: spec.environment.clone(),
        link: spec.link.clone(),
        leads_to: None,
        room: view.room(),
        view,
        width: spec.width,
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
