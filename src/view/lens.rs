//! What one viewer has chosen. Changing a lens changes nothing for anybody else.

use std::sync::Arc;

use super::scene::Scene;
use crate::model::time::Span;

/// One viewer's choices.
#[derive(Debug, Clone, Default)]
pub struct Lens {
    /// The page.
    pub page: usize,
    /// The panel that is chosen, by its place on the page.
    pub focus: Option<usize>,
    /// Whether it fills the page.
    pub zoom: bool,
    /// Whether the help is shown.
    pub help: bool,
    /// The scene that was frozen; polling goes on behind it.
    pub frozen: Option<Arc<Scene>>,
    /// Wall mode: no tab line for a single page, no key hints.
    pub kiosk: bool,
    /// How long ago the last scene came, when that is too long: the hub hangs.
    pub silence: Option<Span>,
}

impl Lens {
    /// The scene this viewer sees.
    pub fn scene<'a>(&'a self, live: &'a Scene) -> &'a Scene {
        self.frozen.as_deref().unwrap_or(live)
    }
}
