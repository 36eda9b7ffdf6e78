//! A scene as JSON, for scripts. The shape is fixed (DESIGN, section 4).

use serde_json::{Value, json};

use crate::view::scene::{Page, PanelScene, Scene};

/// The status document of a scene.
pub fn status(scene: &Scene) -> Value {
    json!({
        "title": scene.title,
        "status": scene.status,
        "at": scene.now.rfc3339(),
        "dashboards": scene.pages.iter().map(|page| dashboard(page, scene)).collect::<Vec<_>>(),
        "sources": scene.sources.iter().map(|source| json!({
            "name": source.name,
            "type": source.kind,
            "freshness": source.freshness,
            "last_success_age_seconds": source.last_success_age.map(|age| age.0 / 1000),
            "reason": none_if_empty(&source.reason),
        })).collect::<Vec<_>>(),
    })
}

fn dashboard(page: &Page, scene: &Scene) -> Value {
    json!({
        "name": page.name,
        "status": page.tally.status().unwrap_or(scene.status),
        "panels": page.panels.iter().filter(|panel| panel.is_fed).map(panel).collect::<Vec<_>>(),
    })
}

fn panel(panel: &PanelScene) -> Value {
    json!({
        "id": panel.id,
        "title": panel.title,
        "layer": panel.layer,
        // Without limits: nothing is known to be wrong, and nothing says what would be.
        "status": panel.status,
        "judged": panel.is_judged,
        "freshness": panel.freshness,
        "value": panel.value,
        "unit": none_if_empty(&panel.unit),
        "text": panel.text,
        "age_seconds": panel.age.map(|age| age.0 / 1000),
        "since": panel.since.map(crate::model::time::Timestamp::rfc3339),
        "reason": none_if_empty(&panel.reason),
    })
}

fn none_if_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
