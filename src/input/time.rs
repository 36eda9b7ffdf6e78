//! Ways of a lens through time: steps, half windows, events, moments that are typed.

use std::sync::Arc;

use super::intent::{Action, Move};
use crate::model::moment::parse_range;
use crate::model::time::{Span, Timestamp};
use crate::view::lens::{Lens, WINDOW_BOUNDS};
use crate::view::prompt::{Prompt, Question};
use crate::view::scene::Scene;

/// Steps that a person can follow, in seconds.
const STEPS: [i64; 12] = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21_600, 86_400];
/// Of a window so many steps are made, about.
const STEPS_OF_A_WINDOW: i64 = 60;

/// Does what an action asks for of time; false for what is no matter of it.
pub(super) fn apply(lens: &mut Lens, action: Action, scene: &Scene, live: &Arc<Scene>) -> bool {
    match action {
        Action::Pause => pause(lens, live),
        Action::Past if lens.past.is_some() => lens.go_live(live),
        Action::Past => lens.go_to(live.now.minus(step(lens, live)), live),
        Action::Move(way) => go(lens, way, live),
        Action::Point => lens.toggle_cursor(scene),
        Action::TypeTime => lens.prompt = Some(Prompt::new(Question::Time)),
        Action::Window(resize) => lens.resize_window(resize, scene),
        Action::NextEvent | Action::PreviousEvent if lens.past.is_some() && lens.changes(scene).is_none() => {
            to_event(lens, action == Action::NextEvent, live);
        }
        _ => return false,
    }
    true
}

/// Freezes the picture, or goes on; the past is played, faster, or stops.
fn pause(lens: &mut Lens, live: &Arc<Scene>) {
    if let Some(past) = &mut lens.past {
        past.change_speed();
    } else if lens.frozen.is_some() {
        lens.go_live(live);
    } else {
        lens.frozen = Some(Arc::clone(live));
    }
}

/// A sixtieth of the window, in a round number, and not less than can be told apart.
fn step(lens: &Lens, live: &Scene) -> Span {
    let finest = window(lens, live).0 / STEPS_OF_A_WINDOW;
    let finest = finest.max(lens.past.as_ref().map_or(0, |past| past.step().0));
    let mut all = STEPS.into_iter().map(Span::seconds);
    all.clone().find(|step| step.0 >= finest).or_else(|| all.next_back()).unwrap_or_default()
}

fn window(lens: &Lens, live: &Scene) -> Span {
    lens.window.unwrap_or(live.window)
}

/// The moment that is looked at.
fn here(lens: &Lens, live: &Scene) -> Timestamp {
    lens.past.as_ref().map_or(live.now, |past| past.at)
}

/// Goes a way.
fn go(lens: &mut Lens, way: Move, live: &Arc<Scene>) {
    let (here, half, step) = (here(lens, live), Span(window(lens, live).0 / 2), step(lens, live));
    match way {
        Move::HalfBack => lens.go_to(here.minus(half), live),
        Move::HalfOn => lens.go_to(here.plus(half), live),
        // To whole steps: whoever goes the same way sees the same moments, and each is asked for once.
        Move::StepBack => lens.go_to(Timestamp((here.0 - 1).div_euclid(step.0) * step.0), live),
        Move::StepOn => lens.go_to(Timestamp((here.0.div_euclid(step.0) + 1) * step.0), live),
        Move::Live => {
            lens.go_live(live);
            lens.window = None;
        }
    }
}

/// To the next event that the graphs of the page show, or the one before. What came later than the moment that is looked
/// at is known from what is so now.
fn to_event(lens: &mut Lens, later: bool, live: &Arc<Scene>) {
    let here = here(lens, live);
    let scenes = [lens.scene(live), live];
    let pages = scenes.iter().filter_map(|scene| scene.page(lens.page));
    let changes = pages.flat_map(|page| &page.panels).filter_map(|panel| panel.view.changes());
    let moments = changes.flat_map(|changes| changes.marks.iter().map(|mark| mark.at));
    let found = if later { moments.filter(|at| *at > here).min() } else { moments.filter(|at| *at < here).max() };
    if let Some(at) = found {
        lens.go_to(at, live);
    }
}

/// To the moment or the range that was typed; what cannot be read stays, with the reason.
pub(super) fn go_to_typed(lens: &mut Lens, live: &Arc<Scene>) {
    let Some(prompt) = &mut lens.prompt else { return };
    match parse_range(&prompt.text, live.now, &live.zone) {
        Ok((from, to)) => {
            lens.prompt = None;
            if let Some(from) = from {
                let (shortest, longest) = WINDOW_BOUNDS;
                lens.window = Some(from.age_at(to).clamp(shortest, longest)).filter(|window| *window != live.window);
            }
            lens.go_to(to, live);
        }
        Err(why) => prompt.error = Some(why),
    }
}
