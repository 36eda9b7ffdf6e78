//! Who looks at the past: what is asked of the hub, and what the hub knows of it.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::config::Board;
use crate::eval::judging::{Verdicts, judge};
use crate::eval::state::State;
use crate::model::audience::Audience;
use crate::model::time::{Span, Timestamp, Zone};
use crate::view::audience::{AudienceScene, Cut};
use crate::view::build;
use crate::view::scene::Scene;

/// A moment of the past, with the length of the steps in which it is known; or why it cannot be seen.
pub type Rewound = Result<(AudienceScene, Span), String>;

/// Somebody wants to see the board as of a moment.
#[derive(Debug)]
pub struct Rewind {
    /// The moment.
    pub at: Timestamp,
    /// How much time the graphs show; none for as much as on the board.
    pub window: Option<Span>,
    /// Who.
    pub audience: Arc<Audience>,
    /// Where it goes. Whoever has gone is not waited for.
    pub answer: oneshot::Sender<Rewound>,
}

/// The same with what it is made from.
#[derive(Debug)]
pub struct Rewinding {
    /// What is asked.
    pub rewind: Rewind,
    /// The board of today.
    pub board: Arc<Board>,
    /// The time zone of the screen.
    pub zone: Zone,
    /// What was known then, where the hub remembers it.
    pub known: Option<State>,
}

/// The one way from what is known to verdicts and a scene, of now and of any past moment.
pub(super) fn judged<T>(
    (board, zone): (&Board, &Zone),
    state: &State,
    now: Timestamp,
    made: impl FnOnce(&Verdicts<'_>, Scene) -> T,
) -> T {
    let verdicts = judge(&board.to_judge(), &state.store, &state.checks, now, zone);
    let (scene, verdicts) = build::scene(board, verdicts, now, zone);
    made(&verdicts, scene)
}

/// What an audience sees of a board when this is known at a moment.
pub fn seen(of: (&Board, &Zone), state: &State, at: Timestamp, audience: &Arc<Audience>) -> AudienceScene {
    judged(of, state, at, |verdicts, scene| {
        // What is of now only is left out.
        let scene = Arc::new(Scene { ring: None, ..scene });
        Cut::new(audience, of.0, verdicts, at, of.1).of(&scene)
    })
}
