//! What a name on a board stands for.

use crate::config::Board;
use crate::config::board::QuerySpec;
use crate::model::poll::QueryKey;

/// Panels of a board by id, or `page/id`: their full names, and under what their statuses are kept. The error is a
/// sentence.
pub fn statuses(board: &Board, name: &str) -> Result<Vec<(String, QueryKey)>, String> {
    let (page, id) = name.split_once('/').map_or((None, name), |(page, id)| (Some(page), id));
    let all = || board.dashboards.iter().flat_map(|page| page.panels.iter().map(move |panel| (page, panel)));
    let asked = all().filter(|(one, panel)| page.is_none_or(|page| one.name == page) && panel.id == id);
    let found: Vec<_> = asked
        .map(|(page, panel)| (format!("{}/{}", page.name, panel.id), QueryKey::of_status(&page.name, &panel.id)))
        .collect();
    if found.is_empty() {
        let known: Vec<&str> = all().map(|(_, panel)| panel.id.as_str()).collect();
        return Err(format!("there is no panel '{name}'; there are {}", known.join(", ")));
    }
    Ok(found)
}

/// The queries of a panel (its id, or `page/id`), or of a source. The error is a sentence.
pub fn queries(board: &Board, name: &str) -> Result<Vec<QuerySpec>, String> {
    let (page, id) = name.split_once('/').map_or((None, name), |(page, id)| (Some(page), id));
    let pages = board.dashboards.iter().filter(|one| page.is_none_or(|page| one.name == page));
    let panels: Vec<_> = pages.flat_map(|one| &one.panels).filter(|panel| panel.id == id).collect();
    let source = board.sources.iter().position(|source| source.name.as_str() == name);
    let is_asked = |query: &&QuerySpec| match panels.as_slice() {
        [] => Some(query.source) == source,
        panels => panels.iter().any(|panel| panel.rule.queries.iter().any(|one| one.id == query.id)),
    };
    if panels.is_empty() && source.is_none() {
        let ids = board.dashboards.iter().flat_map(|page| &page.panels).map(|panel| panel.id.as_str());
        let known: Vec<&str> = ids.chain(board.sources.iter().map(|source| source.name.as_str())).collect();
        return Err(format!("there is no panel and no source '{name}'; there are {}", known.join(", ")));
    }
    Ok(board.queries.iter().filter(is_asked).cloned().collect())
}
