//! Several viewers of one board: what each needs, and what they share.

use std::sync::Arc;
use std::time::Duration;

use andon::hub::Hub;
use andon::model::poll::QueryId;
use andon::model::time::{Timestamp, Zone};
use andon::render::theme::{Theme, embedded};
use andon::render::{Glyphs, Ink};
use andon::source::Clock;
use andon::view::audience::AudienceScene;
use andon::view::scene::Scene;
use andon::viewer::{Demands, Frames, Input, Key, Lens, Viewer};

use crate::support::running::board;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const START: Duration = Duration::ZERO;

/// Two pages: two charts of two queries beside each other, and one of a third.
fn scene() -> Arc<Scene> {
    let chart = |query: &str| {
        format!("[[dashboards.panels]]\nid = \"{query}\"\nview = \"chart\"\nsource = \"p\"\nquery = \"{query}\"\n")
    };
    let board = board(&format!(
        "[sources.p]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"one\"\n\
         rows = [[\"a\", \"b\"]]\n{}{}[[dashboards]]\nname = \"two\"\n{}",
        chart("a"),
        chart("b"),
        chart("c")
    ));
    Arc::new(Hub::new(Arc::new(board), Zone::utc(), Clock::Wall).scene_at(NOW))
}

fn ink() -> Ink {
    Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full)
}

fn viewer(scene: &Arc<Scene>) -> Viewer {
    Viewer::new(AudienceScene::local(Arc::clone(scene)), Lens::default(), ink(), (100, 30), START)
}

fn widths(demands: &Demands) -> Vec<(usize, u16)> {
    demands.details().map(|(query, detail)| (query.0, detail.columns)).collect()
}

#[test]
fn a_viewer_needs_what_it_draws_and_what_it_may_turn_back_to() {
    let (live, frames) = (scene(), &mut Frames::default());
    let mut one = viewer(&live);
    assert_eq!(widths(one.demands()), [], "nothing is drawn yet");
    let mut after = |key: Key| {
        one.input(Input::Key(key), START);
        one.draw(frames);
        widths(one.demands())
    };
    assert_eq!(after(Key::Char('2')), [(2, 200)], "the second page");
    assert_eq!(after(Key::Char('1')), [(0, 100), (1, 100), (2, 200)], "and the first");
    after(Key::Tab);
    assert_eq!(after(Key::Enter), [(0, 200), (1, 100), (2, 200)], "one is zoomed");
    assert_eq!(after(Key::Enter), [(0, 100), (1, 100), (2, 200)], "and not any more");
    // A reload that leaves a page.
    let mut reloaded = Scene::clone(&live);
    reloaded.pages.truncate(1);
    one.scene(AudienceScene::local(Arc::new(reloaded)), START);
    one.draw(frames);
    assert_eq!(one.demands().detail(QueryId(2)), None, "what is gone is not needed");
}

#[test]
fn equal_viewers_share_a_frame_and_go_their_own_way_when_one_turns() {
    let (live, frames) = (scene(), &mut Frames::default());
    let (mut one, mut other) = (viewer(&live), viewer(&live));
    let (first, second) = (one.draw(frames).unwrap(), other.draw(frames).unwrap());
    assert!(std::ptr::eq(first.after(), second.after()), "drawn once");
    assert!(first.is_whole() && second.is_whole());
    let next = scene();
    for viewer in [&mut one, &mut other] {
        viewer.scene(AudienceScene::local(Arc::clone(&next)), START);
    }
    other.input(Input::Key(Key::Char('2')), START);
    let (first, second) = (one.draw(frames).unwrap(), other.draw(frames).unwrap());
    assert!(!std::ptr::eq(first.after(), second.after()), "another page");
    assert_eq!(first.cells().count(), 0, "an equal scene");
    assert_ne!(second.cells().count(), 0);
    one.input(Input::Key(Key::Char('2')), START);
    assert!(std::ptr::eq(one.draw(frames).unwrap().after(), second.after()), "the same page again");
}

#[test]
fn a_shorter_time_is_the_viewers_own_and_a_part_of_its_link() {
    let (live, frames) = (scene(), &mut Frames::default());
    let (mut one, mut other) = (viewer(&live), viewer(&live));
    let mut seen = |viewer: &mut Viewer, keys: &str| {
        for key in keys.chars() {
            viewer.input(Input::Key(Key::Char(key)), START);
        }
        viewer.input(Input::Key(Key::Ctrl('l')), START);
        let text = andon::output::text::plain(viewer.draw(frames).unwrap().after());
        (viewer.address().written(), text.contains("last 5 min"))
    };
    assert_eq!(seen(&mut one, "+++"), ("page=one&window=5m".to_owned(), true));
    assert_eq!(seen(&mut other, ""), ("page=one".to_owned(), false));
    assert_eq!(seen(&mut one, "2"), ("page=two&window=5m".to_owned(), true), "it is that of all pages");
    assert_eq!(seen(&mut one, "---"), ("page=two".to_owned(), false), "as much as the board shows");
    assert_eq!(seen(&mut one, "-"), ("page=two&window=3h".to_owned(), false), "and more");
    assert_eq!(seen(&mut one, "++++++++"), ("page=two&window=1m".to_owned(), false));
    assert_eq!(seen(&mut one, "0"), ("page=two".to_owned(), false));
}
