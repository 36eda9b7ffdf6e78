use std::sync::Arc;

use super::*;
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Timestamp, Zone};
use crate::render::Glyphs;
use crate::render::theme::{Theme, embedded};
use crate::view::scene::{LayerLamp, Ring, Tally};

const START: Duration = Duration::ZERO;

pub(super) fn ink() -> Ink {
    Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full)
}

/// A board without pages; its bell has rung so many times.
pub(crate) fn scene(rings: Option<u64>) -> Arc<Scene> {
    Arc::new(Scene {
        title: SafeText::new("Nothing"),
        now: Timestamp(0),
        zone: Zone::utc(),
        status: Status::Ok,
        layers: Layer::ALL.map(|layer| LayerLamp { layer, tally: Tally::default() }),
        remarks: Vec::new(),
        last_change: None,
        freeze: None,
        pages: Vec::new(),
        overview: None,
        sources: Vec::new(),
        updated: None,
        window: Span::seconds(60),
        ring: rings.map(|number| Ring { number, bells: number, desktop: None }),
        banner: None,
    })
}

/// A scene as somebody elsewhere sees it.
pub(super) fn elsewhere(scene: Arc<Scene>) -> AudienceScene {
    AudienceScene::of_team(scene)
}

pub(super) fn viewer_of(seen: AudienceScene) -> Viewer {
    Viewer::new(seen, Lens::default(), ink(), (80, 24), START)
}

fn viewer(scene: Arc<Scene>) -> Viewer {
    viewer_of(elsewhere(scene))
}

/// A viewer that has drawn.
fn drawn(frames: &mut Frames) -> Viewer {
    let mut viewer = viewer(scene(None));
    let first = viewer.draw(frames).unwrap();
    assert!(first.is_whole());
    viewer
}

#[test]
fn once_a_minute_the_whole_picture_is_painted_over_what_is_there() {
    let mut viewer = drawn(&mut Frames::default());
    let frames = &mut Frames::default();
    for second in 1..=60 {
        viewer.scene(elsewhere(scene(None)), Duration::from_secs(second));
        viewer.tick(Duration::from_secs(second));
        assert_eq!(viewer.draw(frames).unwrap().is_whole(), second == 60, "at {second} s");
    }
    assert!(viewer.draw(frames).is_none(), "nothing has changed");
}

#[test]
fn after_three_seconds_without_a_scene_the_board_says_so_each_second() {
    let mut viewer = drawn(&mut Frames::default());
    for second in 1..=5 {
        viewer.tick(Duration::from_secs(second));
        let silence = (second > 2).then_some(Span::seconds(second as i64));
        assert_eq!((viewer.lens.silence, viewer.is_dirty()), (silence, second > 2));
        viewer.draw(&mut Frames::default());
    }
    viewer.scene(elsewhere(scene(None)), Duration::from_secs(5));
    assert_eq!((viewer.lens.silence, viewer.is_dirty()), (None, true));
}

#[test]
fn without_scenes_viewers_that_are_told_of_it_one_after_the_other_share_a_frame() {
    let (frames, seen) = (&mut Frames::default(), elsewhere(scene(None)));
    let mut viewers = [viewer_of(seen.clone()), viewer_of(seen)];
    for (n, viewer) in (0..).zip(&mut viewers) {
        viewer.tick(Duration::from_millis(3_200 + 20 * n));
    }
    let [one, other] = viewers.each_mut().map(|viewer| viewer.draw(frames).unwrap());
    assert!(std::ptr::eq(one.after(), other.after()), "drawn twice");
}

#[test]
fn after_an_absence_there_was_no_silence_and_the_picture_is_a_whole_one() {
    let mut viewer = drawn(&mut Frames::default());
    viewer.wake(Duration::from_hours(1));
    viewer.tick(Duration::from_secs(3601));
    assert_eq!(viewer.lens.silence, None);
    assert!(viewer.draw(&mut Frames::default()).unwrap().is_whole());
}

#[test]
fn a_viewer_that_comes_late_does_not_ring_for_an_old_bell() {
    let frames = &mut Frames::default();
    let mut rings = |viewer: &mut Viewer| viewer.draw(frames).unwrap().ring.is_some_and(|ring| ring.bell);
    let (mut early, mut late) = (viewer(scene(None)), viewer(scene(Some(4))));
    assert_eq!((rings(&mut early), rings(&mut late)), (false, false));
    for (number, of_early, of_late) in [(4, true, false), (4, false, false), (5, true, true), (5, false, false)] {
        early.scene(elsewhere(scene(Some(number))), START);
        late.scene(elsewhere(scene(Some(number))), START);
        assert_eq!((rings(&mut early), rings(&mut late)), (of_early, of_late));
    }
}

#[test]
fn a_bell_is_not_swallowed_by_the_silent_signal_that_follows_it() {
    let mut viewer = viewer(scene(Some(1)));
    let silent = Scene { ring: Some(Ring { number: 3, bells: 2, desktop: None }), ..Scene::clone(&scene(None)) };
    viewer.scene(elsewhere(Arc::new(silent)), START);
    assert_eq!(viewer.draw(&mut Frames::default()).unwrap().ring, Some(Signal { bell: true, desktop: None }));
}

#[test]
fn only_the_local_viewer_may_ask_for_a_refresh() {
    let refresh = Input::Key(Key::Char('r'));
    assert_eq!(viewer(scene(None)).input(refresh, START), None);
    let mut local = Viewer::new(AudienceScene::local(scene(None)), Lens::default(), ink(), (80, 24), START);
    assert_eq!(local.input(refresh, START), Some(Effect::Refresh));
    assert_eq!(local.input(Input::Key(Key::Char('x')), START), None);
    assert_eq!(local.input(Input::Key(Key::Char('q')), START), Some(Effect::Quit));
}

#[test]
fn a_repaint_and_another_size_are_whole_pictures() {
    let frames = &mut Frames::default();
    let mut viewer = drawn(&mut Frames::default());
    assert_eq!(viewer.input(Input::Key(Key::Ctrl('l')), START), Some(Effect::Repaint));
    assert!(viewer.draw(frames).unwrap().is_whole());
    viewer.resize((60, 20), START);
    let delta = viewer.draw(frames).unwrap();
    assert_eq!((delta.is_whole(), delta.cells().count()), (true, 60 * 20));
    viewer.resize((u16::MAX, u16::MAX), START);
    let largest = viewer.draw(frames).unwrap().after().area;
    assert_eq!((largest.width, largest.height), MAX_SIZE);
}

#[test]
fn a_delta_is_the_cells_that_differ() {
    let frames = &mut Frames::default();
    let mut viewer = drawn(&mut Frames::default());
    let before = viewer.frame.clone().unwrap();
    viewer.scene(elsewhere(scene(None)), START);
    assert_eq!(viewer.draw(frames).unwrap().cells().count(), 0, "an equal scene");
    viewer.input(Input::Key(Key::Char('?')), START);
    let delta = viewer.draw(frames).unwrap();
    let mut patched = before.buffer.clone();
    for (x, y, cell) in delta.cells() {
        assert_ne!(patched[(x, y)], *cell);
        patched[(x, y)] = cell.clone();
    }
    assert_eq!(patched, *delta.after());
    assert!(delta.cells().count() < 80 * 24);
}
