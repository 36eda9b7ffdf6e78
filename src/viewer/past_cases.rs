//! Looks at the past through a viewer: asked for once, played on, and ended in the present.

use super::tests::{ink, scene};
use super::*;

const START: Duration = Duration::ZERO;
/// Saturday, 21 November 2026, 12:00 UTC.
const NOON: Timestamp = Timestamp(1_795_262_400_000);

fn as_of(at: Timestamp) -> Arc<Scene> {
    Arc::new(Scene { now: at, window: Span::seconds(3600), ..Scene::clone(&scene(None)) })
}

fn local(at: Timestamp) -> AudienceScene {
    AudienceScene::local(as_of(at))
}

fn viewer() -> Viewer {
    Viewer::new(local(NOON), Lens::default(), ink(), (80, 24), START)
}

fn presses(viewer: &mut Viewer, keys: &str) {
    for key in keys.chars() {
        viewer.input(Input::Key(Key::Char(key)), START);
    }
}

fn ago(seconds: i64) -> Timestamp {
    NOON.minus(Span::seconds(seconds))
}

fn asked(viewer: &mut Viewer) -> Option<Timestamp> {
    viewer.asks_for_past().map(|wish| wish.at)
}

#[test]
fn a_moment_is_asked_for_once_and_the_newest_wish_is_the_next() {
    let mut viewer = viewer();
    presses(&mut viewer, ",");
    assert_eq!((asked(&mut viewer), asked(&mut viewer)), (Some(ago(60)), None));
    presses(&mut viewer, ",,,");
    assert_eq!(asked(&mut viewer), None, "one at a time");
    viewer.past(Ok((local(ago(60)), Span(0))));
    assert_eq!(viewer.lens.scene(viewer.live()).now, ago(60), "what came is seen until more comes");
    assert_eq!(asked(&mut viewer), Some(ago(240)), "what was wanted meanwhile is not");
    viewer.past(Ok((local(ago(240)), Span(0))));
    assert_eq!((viewer.lens.scene(viewer.live()).now, asked(&mut viewer)), (ago(240), None));
    presses(&mut viewer, "0");
    assert_eq!(viewer.lens.scene(viewer.live()).now, NOON);
}

#[test]
fn what_cannot_be_seen_is_said_and_what_was_seen_stays() {
    let mut viewer = viewer();
    presses(&mut viewer, "{");
    assert_eq!(asked(&mut viewer), Some(ago(1800)));
    viewer.past(Err("nothing is remembered".to_owned()));
    let past = viewer.lens.past.as_ref().unwrap();
    assert_eq!(past.state, PastState::Refused("nothing is remembered".to_owned()));
    assert_eq!((viewer.lens.scene(viewer.live()).now, asked(&mut viewer)), (NOON, None));
    presses(&mut viewer, "}");
    assert_eq!((asked(&mut viewer), &viewer.lens.past), (None, &None), "half a window later is now");
}

#[test]
fn it_is_played_no_faster_than_it_comes_and_in_the_steps_in_which_it_is_known() {
    let mut viewer = viewer();
    presses(&mut viewer, ", ");
    viewer.tick(Duration::from_secs(1));
    assert_eq!(asked(&mut viewer), Some(ago(60)), "nothing is played before the first moment came");
    viewer.past(Ok((local(ago(60)), Span(0))));
    viewer.tick(Duration::from_secs(2));
    assert_eq!(asked(&mut viewer), Some(ago(50)), "ten times as fast");
    viewer.past(Ok((local(ago(50)), Span::seconds(30))));
    viewer.tick(Duration::from_secs(3));
    assert_eq!(asked(&mut viewer), Some(ago(20)), "in steps of half a minute");
    viewer.past(Ok((local(ago(20)), Span::seconds(30))));
    viewer.tick(Duration::from_secs(4));
    assert_eq!((asked(&mut viewer), &viewer.lens.past), (None, &None), "it ends in the present");
}

#[test]
fn who_may_not_ask_for_anything_is_told_so() {
    let mut viewer = Viewer::new(AudienceScene::of_onlookers(as_of(NOON)), Lens::default(), ink(), (80, 24), START);
    presses(&mut viewer, ",");
    assert_eq!(asked(&mut viewer), None);
    assert!(matches!(&viewer.lens.past.as_ref().unwrap().state, PastState::Refused(_)));
}

#[test]
fn more_time_than_the_board_shows_is_asked_for_and_again_when_a_column_has_passed() {
    let mut viewer = viewer();
    presses(&mut viewer, "-");
    let wish = viewer.asks_for_past().unwrap();
    assert_eq!((wish.at, wish.window), (NOON, Some(Span::seconds(3 * 3600))));
    viewer.past(Ok((local(NOON), Span(0))));
    assert!(viewer.asks_for_past().is_none() && viewer.lens.past.is_none(), "the board itself stays in the present");
    let is_shown = |viewer: &Viewer, at| viewer.lens.wide.as_ref().unwrap().of_now(at).is_some();
    let shown = [NOON, ago(-30), ago(1), ago(-120)].map(|at| is_shown(&viewer, at));
    assert_eq!(shown, [true, true, false, false], "neither in a past before it, nor when it is old");
    viewer.scene(local(ago(-5)), START);
    assert!(viewer.asks_for_past().is_none(), "not once a second");
    viewer.scene(local(ago(-30)), START);
    let again = viewer.asks_for_past().unwrap().at;
    assert!(again > NOON && again <= ago(-30), "at a moment that others ask for, too");
    viewer.past(Err("nothing is remembered".to_owned()));
    presses(&mut viewer, "+");
    assert!(viewer.asks_for_past().is_none() && viewer.lens.wide.is_none(), "the board shows that much itself");
}
