//! A longer time than the board shows, for the graphs of one viewer.

use std::sync::Arc;

use super::past::PastState;
use super::scene::{PanelScene, Scene};
use crate::model::freshness::Freshness;
use crate::model::time::{Span, Timestamp};
use crate::panel::PanelView;

/// The graphs are made again so often that nothing of a column is missing, within these bounds.
const COLUMNS: i64 = 500;
const SHORTEST: Span = Span::seconds(10);
const LONGEST: Span = Span::seconds(60);
/// Graphs are shown until they should have been made again so many times.
const KEPT: f64 = 3.0;

/// Graphs of a longer time than the board shows.
#[derive(Debug, Clone)]
pub struct WideLook {
    /// How much time is wanted.
    pub window: Span,
    /// The moment that they end with.
    pub at: Timestamp,
    /// What came of the wish.
    pub state: PastState,
    /// The last graphs that came, and the moment that they end with.
    pub seen: Option<(Timestamp, Arc<Scene>)>,
}

/// Of graphs only the very same are equal: that needs no look into them.
impl PartialEq for WideLook {
    fn eq(&self, other: &Self) -> bool {
        let Self { window, at, state, seen } = self;
        (window, at, state) == (&other.window, &other.at, &other.state)
            && seen.as_ref().map(|(_, scene)| Arc::as_ptr(scene))
                == other.seen.as_ref().map(|(_, scene)| Arc::as_ptr(scene))
    }
}

/// How often graphs of so much time are made again.
fn again(window: Span) -> Span {
    Span(window.0 / COLUMNS).clamp(SHORTEST, LONGEST)
}

/// Where graphs of so much time end: at the same moments for all viewers, so that these share them.
fn end(window: Span, now: Timestamp) -> Timestamp {
    let again = again(window).0;
    Timestamp(now.0.div_euclid(again) * again)
}

impl WideLook {
    /// Graphs that are yet to be asked for.
    pub fn new(window: Span, now: Timestamp) -> Self {
        Self { window, at: end(window, now), state: PastState::Asked, seen: None }
    }

    /// Wants another length of time, or the same up to another moment. What came stays until more comes.
    pub fn want(&mut self, window: Span, now: Timestamp) {
        let at = end(window, now);
        if (self.window, self.at) != (window, at) {
            (self.window, self.at, self.state) = (window, at, PastState::Asked);
        }
    }

    /// The graphs that came, as long as they are of a moment that is seen at `now`, or of shortly before.
    pub fn of_now(&self, now: Timestamp) -> Option<(Timestamp, &Scene)> {
        let (at, scene) = self.seen.as_ref()?;
        let is_of_now = *at <= now && at.age_at(now) <= again(self.window).times(KEPT);
        is_of_now.then_some((*at, scene.as_ref()))
    }

    /// The graph of a panel; none where the panel is no graph, or where nothing has come.
    pub fn graph(&self, now: Timestamp, page: &str, panel: &PanelScene) -> Option<&PanelView> {
        let (_, scene) = self.of_now(now)?;
        let panels = &scene.shown().find(|one| one.name == page)?.panels;
        let wide = panels.iter().find(|one| one.id == panel.id)?;
        // Of what nothing is remembered, the board's own graph shows all there is.
        let is_known = !matches!(wide.freshness, Freshness::Failed | Freshness::Waiting);
        (is_known && wide.view.is_widened() && wide.view.changes().is_some()).then_some(&wide.view)
    }
}
