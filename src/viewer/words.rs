//! What somebody looks at, in words: for who does not see it.

use super::sentences::says;
use crate::view::lens::Lens;
use crate::view::scene::{PanelScene, Remark, Scene};

/// What a viewer shows, as it is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The name of the board.
    pub title: String,
    /// The sentence at the top, in one line.
    pub verdict: String,
    /// A sentence for each panel of the page, or the one that is zoomed: of large letters nothing else is text.
    pub panels: Vec<String>,
}

impl Words {
    /// What is seen through a lens.
    pub fn of(lens: &Lens, live: &Scene) -> Self {
        let scene = lens.scene(live);
        let all: Vec<String> = scene.remarks.iter().map(Remark::line).collect();
        let panels = scene.page(lens.page).map_or(&[][..], |page| page.panels.as_slice());
        let only = lens.focus.filter(|focus| lens.zoom && *focus < panels.len());
        let panels = only.map_or(panels, |only| &panels[only..=only]);
        Self { title: scene.title.to_string(), verdict: all.join(" · "), panels: panels.iter().map(panel).collect() }
    }
}

fn panel(panel: &PanelScene) -> String {
    let status = if panel.is_fed && panel.is_judged { format!(", {}", panel.status.word()) } else { String::new() };
    format!("{}{status}{}", panel.title, says(panel))
}
