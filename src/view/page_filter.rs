//! Only those panels of a page that a viewer has asked for by words.

use ratatui::layout::Rect;

use super::arrange::{Arrangement, arrange};
use super::scene::{Page, PanelScene};
use crate::model::text::SafeText;

/// Whether each of the words is in what a panel is called, in its layer, status, service and value, or in the names of what
/// is wrong with it.
pub fn matches(words: &str, panel: &PanelScene) -> bool {
    let status = if panel.is_judged { panel.status.word() } else { "" };
    let named = [panel.title.as_str(), panel.layer.word(), status, panel.text.as_str(), panel.blame.as_str()];
    let more = [&panel.service, &panel.environment].into_iter().flatten().chain(&panel.affected);
    let said: Vec<String> = named.into_iter().chain(more.map(SafeText::as_str)).map(str::to_lowercase).collect();
    words.to_lowercase().split_whitespace().all(|word| said.iter().any(|text| text.contains(word)))
}

/// Where the panels of a page go that match: laid out as if there were no others.
pub fn arranged(page: &Page, words: &str, area: Rect) -> Arrangement {
    let kept: Vec<usize> = (0..).zip(&page.panels).filter(|(_, one)| matches(words, one)).map(|(at, _)| at).collect();
    let panels = kept.iter().filter_map(|index| page.panels.get(*index)).cloned().collect();
    let Arrangement { framed, strips, hidden, counter } =
        arrange(&Page { rows: Vec::new(), panels, ..page.clone() }, area);
    let of_page = |at: usize| kept.get(at).copied();
    let placed =
        |all: Vec<(usize, Rect)>| all.into_iter().filter_map(|(at, area)| Some((of_page(at)?, area))).collect();
    Arrangement {
        framed: placed(framed),
        strips: placed(strips),
        hidden: hidden.into_iter().filter_map(of_page).collect(),
        counter,
    }
}
