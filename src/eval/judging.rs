//! Board, store and moment to verdicts: what all checks say of a board as of one moment.
//!
//! The scene, the transitions, the events "alert", the notifications and the JSON of `andon status` are all made
//! of them. Pure: equal inputs give equal verdicts.

use std::collections::HashMap;

use super::blame::{blame, note, reason};
use super::board::{Board, Page, Panel};
use super::changes::{Cause, cause, last_build};
use super::checks::Checks;
use super::events::Events;
use super::kinds::headline;
use super::panel::{Evaluation, Known, evaluate};
use super::rollup::Tally;
use super::sources::{SILENT, SourceState, soon_refused, states_and_remarks};
use super::verdict::{Finding, Remark, verdict};
use crate::model::event::EventKind;
use crate::model::fault::{FetchError, Reason};
use crate::model::format::Format;
use crate::model::isolation::{isolated, tripwire};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::poll::QueryId;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, Zone};
use crate::store::{Entry, Store};

/// A change this long before a panel turned may have caused it.
const LOOK_BACK: Span = Span::seconds(3600);

/// What all checks say of a board.
#[derive(Debug, Clone)]
pub struct Verdicts<'a> {
    /// The worst of all panels.
    pub status: Status,
    /// How many panels of each layer are how.
    pub layers: [(Layer, Tally); 5],
    /// The pages.
    pub pages: Vec<PageVerdict<'a>>,
    /// The one sentence, part by part, worst first.
    pub remarks: Vec<Remark>,
    /// What changed last, if anything is known of it.
    pub last_change: Option<String>,
    /// The change freeze in force, if one is: with its name, with its end, as a word.
    pub freeze: Option<[String; 3]>,
    /// How the asking goes.
    pub sources: Vec<SourceState>,
    /// Something that the whole board should be warned of.
    pub warning: Option<String>,
    /// When the newest answer came.
    pub updated: Option<Timestamp>,
    /// What happened, of all sources together.
    pub events: Events<'a>,
    /// What the sentence says of sources, with the name of each.
    pub(super) source_remarks: Vec<(SafeText, Remark)>,
    /// Whether they are for the public.
    pub(super) is_public: bool,
}

/// A page.
#[derive(Debug, Clone)]
pub struct PageVerdict<'a> {
    /// The name for flags and scripts.
    pub name: &'a str,
    /// How many panels are how.
    pub tally: Tally,
    /// The panels.
    pub panels: Vec<PanelVerdict<'a>>,
}

/// A panel.
#[derive(Debug, Clone)]
pub struct PanelVerdict<'a> {
    /// Which.
    pub panel: Panel<'a>,
    /// Its status, its freshness, and what is shown.
    pub evaluation: Evaluation<'a>,
    /// Who is to blame, by how much, since when; empty when all is well.
    pub blame: String,
    /// What it has to say in half a line: its value, or how many are how.
    pub headline: String,
    /// Short words behind the status: "since 14:21", "late 4 s".
    pub note: String,
    /// Why, when something is wrong: limit, reason, next try. Empty when all is well.
    pub reason: String,
    /// The main value, if it is one number.
    pub value: Option<f64>,
    /// The source behind it that does not answer, and why.
    pub(super) silent_source: Option<(SafeText, String)>,
    /// Why andon itself has failed in it.
    pub fault: Option<String>,
    /// Whether it has something to show that who looks may not see.
    pub hides: bool,
    /// Whether its series have other names than their source gives them.
    pub is_renamed: bool,
}

/// Judges a board as of `now`. A panel that cannot be judged says so, and takes nobody with it.
pub fn judge<'a>(board: &Board<'a>, store: &'a Store, checks: &'a Checks, now: Timestamp, zone: &Zone) -> Verdicts<'a> {
    let events = Events::new(store);
    let known = Known { store, checks, events: &events, now, zone };
    let names = board.source_names();
    let judged = |panel: &Panel<'a>| {
        isolated(|| judge_panel(*panel, &names, known)).unwrap_or_else(|fault| PanelVerdict::broken(*panel, &fault))
    };
    let page = |page: &Page<'a>| PageVerdict {
        name: page.name,
        tally: Tally::default(),
        panels: page.panels.iter().map(judged).collect(),
    };
    let pages = board.pages.iter().map(page).collect();
    let (sources, source_remarks) = states_and_remarks(board, store, now);
    let verdicts = Verdicts {
        status: Status::Unknown,
        layers: Layer::ALL.map(|layer| (layer, Tally::default())),
        pages,
        remarks: Vec::new(),
        last_change: events.last_deploy(now).or_else(|| last_build(store, now)),
        freeze: events.freeze(now, zone),
        warning: soon_refused(&sources),
        sources,
        updated: store.entries().filter_map(|entry: &Entry| entry.last_success).max(),
        events,
        source_remarks,
        is_public: false,
    };
    verdicts.rolled_up()
}

/// Judges one panel.
fn judge_panel<'a>(panel: Panel<'a>, names: &HashMap<QueryId, &SafeText>, known: Known<'a, '_>) -> PanelVerdict<'a> {
    tripwire::pass("judge");
    let Known { events, now, zone, .. } = known;
    let mut evaluation = evaluate(panel.rule, panel.checks, panel.unit, known);
    // Of what was so when andon first looked nobody knows what came just before.
    evaluation.cause = evaluation.since.filter(|_| !evaluation.open_start).and_then(|since| {
        let (service, environment) = panel.about();
        let changes = events.over((since.minus(LOOK_BACK), since), &EventKind::ALL, service, environment);
        cause(&changes, since, panel.about())
    });
    let silent = evaluation.fault.filter(|_| !evaluation.freshness.can_be_judged());
    let format = Format { unit: panel.unit.clone(), decimals: panel.decimals };
    PanelVerdict {
        panel,
        // Not the panel's own reason: its countdown to the next try would make the sentence restless.
        blame: if evaluation.status == Status::Ok { String::new() } else { blame(&evaluation) },
        headline: headline(&evaluation.content, &format, now),
        note: note(&evaluation, now, zone),
        reason: if panel.is_fed() { reason(&evaluation, now) } else { String::new() },
        value: single_value(&evaluation.content),
        silent_source: silent.and_then(|fault| Some(((*names.get(&fault.query)?).clone(), fault.error.to_string()))),
        fault: None,
        hides: false,
        is_renamed: false,
        evaluation,
    }
}

impl<'a> PanelVerdict<'a> {
    /// Of a panel in which andon itself has failed: nobody knows how it is.
    fn broken(panel: Panel<'a>, fault: &str) -> Self {
        let reason = FetchError::new(Reason::Internal, fault).to_string();
        Self {
            panel,
            evaluation: Evaluation::of_nothing(),
            blame: reason.clone(),
            headline: String::new(),
            note: "no answer".to_owned(),
            reason,
            value: None,
            silent_source: None,
            fault: Some(fault.to_owned()),
            hides: false,
            is_renamed: false,
        }
    }

    /// Whether it counts: a note or a clock does not, as long as it is whole.
    pub const fn is_fed(&self) -> bool {
        self.panel.is_fed() || self.fault.is_some()
    }

    /// What the sentence says of it, if it is not well.
    fn finding(&self) -> Option<Finding> {
        let evaluation = &self.evaluation;
        (evaluation.is_judged && evaluation.status != Status::Ok).then(|| Finding {
            status: evaluation.status,
            since: evaluation.since,
            title: self.panel.title.to_string(),
            blame: self.blame.clone(),
            cause: evaluation.cause.as_ref().map(Cause::words).unwrap_or_default(),
            source: self.silent_source.clone(),
            names_what: matches!(evaluation.content, Content::Builds(_) | Content::Events(_)),
        })
    }
}

impl Verdicts<'_> {
    /// The same when some panels, by page and panel, turn out not to be drawable: of those nobody knows how they are.
    #[must_use]
    pub fn without(mut self, faults: &[((usize, usize), String)]) -> Self {
        let is_public = self.is_public;
        for ((page, panel), fault) in faults {
            if let Some(one) = self.pages.get_mut(*page).and_then(|page| page.panels.get_mut(*panel)) {
                let fault = if is_public { "it cannot be shown" } else { fault.as_str() };
                *one = PanelVerdict::broken(one.panel, fault);
            }
        }
        self.rolled_up()
    }

    /// Panels to pages, layers and board, and the sentence.
    pub(super) fn rolled_up(mut self) -> Self {
        for page in &mut self.pages {
            page.tally = tally(page.panels.iter());
        }
        let all = || self.pages.iter().flat_map(|page| &page.panels);
        let whole = tally(all());
        let oldest = all().filter_map(|one| one.evaluation.age).max();
        let findings = all().filter_map(PanelVerdict::finding).collect();
        let layers = Layer::ALL.map(|layer| (layer, tally(all().filter(|one| one.panel.layer == layer))));
        let sources = self.source_remarks.iter().map(|(_, remark)| remark.clone()).collect();
        let remarks = verdict(findings, sources, whole, oldest);
        Self { status: whole.status().unwrap_or(Status::Unknown), layers, remarks, ..self }
    }
}

/// How many panels are how. One that asks nobody, such as a clock, is none of them.
fn tally<'v, 'a: 'v>(panels: impl Iterator<Item = &'v PanelVerdict<'a>> + Clone) -> Tally {
    let fed = panels.filter(|one| one.is_fed()).map(|one| &one.evaluation);
    let judged = Tally::from_statuses(fed.clone().filter(|one| one.is_judged).map(|one| one.status));
    let is_late = |one: &&Evaluation<'_>| {
        one.fault.is_some_and(|fault| fault.failures >= SILENT) && one.freshness.can_be_judged()
    };
    Tally {
        without_limits: fed.clone().filter(|one| !one.is_judged).count(),
        late: fed.filter(is_late).count(),
        ..judged
    }
}

fn single_value(content: &Content<'_>) -> Option<f64> {
    match content {
        Content::Series(series) => series.iter().max_by_key(|one| one.judgement.status.severity())?.value,
        _ => None,
    }
}
