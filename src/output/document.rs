//! The verdicts on a board as JSON, for scripts. The shape is fixed: other programs read it.

use serde_json::{Value, json};

use crate::eval::judging::{PageVerdict, PanelVerdict, Verdicts};
use crate::view::scene::{PanelScene, Scene};

/// The status document of a board: its verdicts, with the names and the words of its scene.
pub fn status(verdicts: &Verdicts<'_>, scene: &Scene) -> Value {
    let pages = verdicts.pages.iter().zip(&scene.pages);
    json!({
        "title": scene.title,
        "status": verdicts.status,
        "at": scene.now.rfc3339(),
        "dashboards": pages.map(|(page, shown)| dashboard(verdicts, page, &shown.panels)).collect::<Vec<_>>(),
        "sources": verdicts.sources.iter().map(|source| json!({
            "name": source.name,
            "type": source.kind,
            "freshness": source.freshness,
            "last_success_age_seconds": source.last_success_age.map(|age| age.0 / 1000),
            "reason": none_if_empty(&source.reason),
        })).collect::<Vec<_>>(),
    })
}

fn dashboard(verdicts: &Verdicts<'_>, page: &PageVerdict<'_>, shown: &[PanelScene]) -> Value {
    let panels = page.panels.iter().zip(shown).filter(|(verdict, _)| verdict.is_fed());
    json!({
        "name": page.name,
        "status": page.tally.status().unwrap_or(verdicts.status),
        "panels": panels.map(|(verdict, shown)| panel(verdict, shown)).collect::<Vec<_>>(),
    })
}

fn panel(verdict: &PanelVerdict<'_>, shown: &PanelScene) -> Value {
    let (panel, evaluation) = (&verdict.panel, &verdict.evaluation);
    json!({
        "id": panel.id,
        "title": panel.title,
        "layer": panel.layer,
        // Without limits: nothing is known to be wrong, and nothing says what would be.
        "status": evaluation.status,
        "judged": evaluation.is_judged,
        "freshness": evaluation.freshness,
        "value": verdict.value,
        "unit": none_if_empty(&shown.unit),
        "text": shown.text,
        "age_seconds": evaluation.age.map(|age| age.0 / 1000),
        "since": evaluation.since.map(crate::model::time::Timestamp::rfc3339),
        "reason": none_if_empty(&verdict.reason),
    })
}

fn none_if_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
