//! The board in sentences, one a change: for screen readers, for logs, and for whoever pipes it on.
//!
//! ```text
//! 2026-11-30 10:27:12 board: Acme Shop: 1 critical, 12 ok
//! 2026-11-30 10:27:12 critical: Shop, Builds: shop/release red 8 s
//! 2026-11-30 10:31:00 ok: Shop, Builds: 10 ok
//! 2026-11-30 10:40:02 no answer: metrics: connection refused
//! ```

use std::collections::BTreeMap;

use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::view::scene::{Page, PanelScene, Scene, Tally};

/// How long the first sentence waits for all panels to have an answer.
const LONGEST_START: Span = Span::seconds(15);

/// What was said last, so that each change is said once.
#[derive(Debug, Default)]
pub struct Sentences {
    began: Option<Timestamp>,
    /// By page and id.
    panels: BTreeMap<(String, String), (Status, Vec<SafeText>)>,
    /// Whether each source answers.
    sources: BTreeMap<SafeText, bool>,
    banner: Option<String>,
    is_told: bool,
}

impl Sentences {
    /// What is to be said of the next scene: nothing while nothing has changed. The first time how the board is as a
    /// whole, and what is not ok.
    pub fn of(&mut self, scene: &Scene) -> Vec<String> {
        let began = *self.began.get_or_insert(scene.now);
        let panels = || scene.pages.iter().flat_map(|page| page.panels.iter().map(move |panel| (page, panel)));
        let is_waiting = panels().any(|(_, panel)| panel.is_fed && panel.freshness == Freshness::Waiting);
        if !self.is_told && is_waiting && began.age_at(scene.now) < LONGEST_START {
            return Vec::new();
        }
        let mut said = Vec::new();
        if !self.is_told {
            said.push(format!("board: {}: {}", scene.title, summary(scene)));
        }
        let mut turned: Vec<(&Page, &PanelScene)> =
            panels().filter(|(_, panel)| panel.is_fed).filter(|(page, panel)| self.has_turned(page, panel)).collect();
        // The worst first.
        turned.sort_by_key(|(_, panel)| std::cmp::Reverse(panel.status.severity()));
        said.extend(turned.into_iter().map(|(page, panel)| sentence(scene, page, panel)));
        said.extend(self.of_sources(scene));
        if self.banner != scene.banner {
            self.banner.clone_from(&scene.banner);
            said.extend(scene.banner.as_ref().map(|banner| format!("note: {banner}")));
        }
        self.is_told = true;
        let at = scene.now.date_time(&scene.zone);
        said.into_iter().map(|words| format!("{at} {}", SafeText::new(&words))).collect()
    }

    /// Whether a panel has another status than was said, or other builds or series have it. What is ok at the first look
    /// is counted, not named.
    fn has_turned(&mut self, page: &Page, panel: &PanelScene) -> bool {
        let now = (panel.status, panel.affected.clone());
        let before = self.panels.insert((page.name.clone(), panel.id.clone()), now.clone());
        match before {
            None => self.is_told || panel.status != Status::Ok,
            Some(before) => before != now,
        }
    }

    /// Sources that no longer answer, or do so again. One that fails once may be asked again in a second: its panels
    /// still have their values.
    fn of_sources(&mut self, scene: &Scene) -> Vec<String> {
        let mut said = Vec::new();
        for source in scene.sources.iter().filter(|source| source.freshness != Freshness::Waiting) {
            let answers = !matches!(source.freshness, Freshness::Stale | Freshness::Failed);
            let before = self.sources.insert(source.name.clone(), answers).unwrap_or(true);
            match (before, answers) {
                (true, false) => said.push(format!("no answer: {}: {}", source.name, source.reason)),
                (false, true) => said.push(format!("answers: {}", source.name)),
                _ => {}
            }
        }
        said
    }
}

/// "1 critical, 2 warning, 12 ok".
fn summary(scene: &Scene) -> String {
    let fed = scene.pages.iter().flat_map(|page| &page.panels).filter(|panel| panel.is_fed && panel.is_judged);
    let tally = Tally::from_statuses(fed.map(|panel| panel.status));
    let all: Vec<String> = tally.classes().map(|(status, count)| format!("{count} {}", status.word())).collect();
    if all.is_empty() { "no panel has a limit".to_owned() } else { all.join(", ") }
}

fn sentence(scene: &Scene, page: &Page, panel: &PanelScene) -> String {
    let page = if scene.pages.len() > 1 { format!("{}, ", page.title) } else { String::new() };
    format!("{}: {page}{}{}", panel.status.word(), panel.title, says(panel))
}

/// What a panel has to say, after its name: its value, or what is wrong.
pub(super) fn says(panel: &PanelScene) -> String {
    let says = if panel.status == Status::Ok || panel.blame.is_empty() { &panel.text } else { &panel.blame };
    if says.is_empty() { String::new() } else { format!(": {says}") }
}
