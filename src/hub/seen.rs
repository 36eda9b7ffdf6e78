//! What everybody sees of a board at one moment.

use std::sync::Arc;

use crate::view::audience::{Cut, Cuts};
use crate::view::scene::Scene;

/// What everybody sees of a board at one moment.
#[derive(Debug)]
pub struct Seen {
    /// All of it, for the terminal that it was started on.
    pub scene: Arc<Scene>,
    /// What each audience sees, for those who look from elsewhere.
    pub cuts: Cuts,
}

impl Seen {
    pub(super) fn new(scene: Scene, cuts: Vec<Cut>) -> Self {
        let scene = Arc::new(scene);
        Self { cuts: cuts.into_iter().map(|cut| cut.of(&scene)).collect(), scene }
    }
}
