//! The page of what others have sent and no panel shows, at the end of the board.

use serde_json::{Value, json};

use super::raw;
use super::scope::Scope;
use crate::model::audience::NEW_METRICS;

/// The page; none where nothing can be sent, where the board does not want it, or has such a panel or name already.
pub(super) fn page(root: &raw::Root, scope: &Scope<'_>) -> Option<Value> {
    if !root.new_metrics || root.dashboards.is_empty() || root.dashboards.iter().any(|one| one["name"] == NEW_METRICS) {
        return None;
    }
    let panels = scope.sources.iter().filter_map(|source| {
        let query = source.kind.new_query?;
        let asks = |panel: &Value| panel["source"] == source.name.as_str() && panel["query"] == query;
        let mut written = root.dashboards.iter().filter_map(|one| one["panels"].as_array()).flatten();
        (!written.any(asks)).then(|| {
            let title = format!("Sent to {}, and on no page yet", source.name);
            json!({
                "id": source.name.as_str(), "title": title, "view": "table", "source": source.name.as_str(),
                "query": query, "empty": "ok",
            })
        })
    });
    let panels: Vec<Value> = panels.collect();
    (!panels.is_empty()).then(|| json!({ "name": NEW_METRICS, "title": "New metrics", "panels": panels }))
}
