use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::task::JoinHandle;
use tokio::time::advance;

use super::super::message::{Extent, Picture, Shown};
use super::*;
use crate::output::socket::framing::LONGEST_OF_SERVER;
use crate::output::viewing::{MOST, Place, Way};
use crate::render::theme::{Theme, embedded};
use crate::view::audience::AudienceScene;
use crate::viewer::Palette;
use crate::viewer::tests::scene;

fn palettes() -> watch::Receiver<Palette> {
    let theme = Theme::load("andon", &embedded).unwrap();
    let (monochrome, themes) = (theme.clone(), Arc::new(|_| None));
    watch::channel(Palette { theme, day: None, monochrome, glyphs: None, themes }).1
}

/// A desk for a board without pages, and what it shows.
fn desk() -> (Arc<Desk>, watch::Sender<Moment>) {
    let (moments, shown) = watch::channel(moment(0));
    (Arc::new(Desk::new(Arc::new(Viewing::new(palettes(), tokio::sync::mpsc::channel(1).0)), shown)), moments)
}

/// A scene that differs from others by its clock.
fn moment(second: i64) -> Moment {
    let mut scene = crate::view::scene::Scene::clone(&scene(None));
    scene.now = crate::model::time::Timestamp(second * 1000);
    let came_at = Duration::from_millis(second.unsigned_abs());
    Moment { seen: Some(AudienceScene::of_team(Arc::new(scene))), came_at }
}

/// Somebody who looks.
struct Eyes {
    stream: UnixStream,
    serving: JoinHandle<()>,
}

impl Eyes {
    fn open(desk: &Arc<Desk>) -> Self {
        let (stream, theirs) = UnixStream::pair().unwrap();
        Self { stream, serving: tokio::spawn(Arc::clone(desk).attend(theirs, Guest::new())) }
    }

    async fn say(&mut self, what: FromViewer) {
        self.stream.write_all(&framed(&ToServer { what: Some(what) })).await.unwrap();
    }

    /// What the server says next; none at the end. That it is there is not of interest.
    async fn hear(&mut self) -> Option<FromServer> {
        loop {
            let said = next::<ToViewer>(&mut self.stream, LONGEST_OF_SERVER).await.unwrap()?;
            if said.what.is_some() {
                return said.what;
            }
        }
    }

    /// The next picture; what else is said is not of interest.
    async fn picture(&mut self) -> Picture {
        loop {
            match self.hear().await.expect("the connection has ended") {
                FromServer::Picture(picture) => return picture,
                FromServer::Farewell(last) => panic!("{last:?}"),
                _ => {}
            }
        }
    }

    /// Says who it is, and sees its first picture.
    async fn welcomed(desk: &Arc<Desk>) -> Self {
        let mut eyes = Self::open(desk);
        eyes.say(FromViewer::Hello(hello())).await;
        assert!(matches!(eyes.hear().await, Some(FromServer::Welcome(_))));
        assert!(eyes.picture().await.is_whole);
        eyes
    }
}

fn hello() -> Hello {
    Hello { version: VERSION, size: Some(Extent { columns: 80, rows: 24 }), depth: 3, ..Hello::default() }
}

fn words(picture: &Picture) -> String {
    picture.runs.iter().map(|run| run.text.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_misses_pictures_and_gets_the_newest() {
    let (desk, moments) = desk();
    let mut slow = Eyes::welcomed(&desk).await;
    let mut quick = Eyes::welcomed(&desk).await;
    quick.say(FromViewer::Shown(Shown {})).await;
    for second in 1..=5 {
        moments.send_replace(moment(second));
        let seen = quick.picture().await;
        assert!(words(&seen).contains(&second.to_string()), "{second}: {seen:?}");
        quick.say(FromViewer::Shown(Shown {})).await;
    }
    slow.say(FromViewer::Shown(Shown {})).await;
    let seen = slow.picture().await;
    assert!(words(&seen).contains('5') && !words(&seen).contains('1'), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn who_shows_nothing_for_long_makes_room_for_others() {
    let (desk, moments) = desk();
    let stuck = Eyes::welcomed(&desk).await;
    assert_eq!(desk.viewing.count(Way::Socket), 1);
    for second in 1..=9 {
        advance(Duration::from_secs(1)).await;
        moments.send_replace(moment(second));
        tokio::task::yield_now().await;
    }
    assert!(!stuck.serving.is_finished());
    advance(Duration::from_secs(2)).await;
    stuck.serving.await.unwrap();
    assert_eq!(desk.viewing.count(Way::Socket), 0);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_whose_terminal_is_slow_hears_that_the_server_is_there() {
    let (desk, moments) = desk();
    let mut slow = Eyes::welcomed(&desk).await;
    moments.send_replace(moment(1));
    let said = next::<ToViewer>(&mut slow.stream, LONGEST_OF_SERVER).await.unwrap().unwrap();
    assert_eq!(said, ToViewer::default(), "nothing is sent but that");
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_no_scene_comes_is_told_since_when() {
    let (desk, _moments) = desk();
    advance(Duration::from_mins(59)).await;
    let mut late = Eyes::open(&desk);
    late.say(FromViewer::Hello(hello())).await;
    let seen = late.picture().await;
    assert!(words(&seen).contains("NO UPDATE for 59 min"), "{}", words(&seen));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_say_who_it_is_is_not_waited_for() {
    let (desk, _moments) = desk();
    let mut mute = Eyes::open(&desk);
    mute.stream.write_all(b"\0\0").await.unwrap();
    mute.serving.await.unwrap();
    assert_eq!(mute.stream.read(&mut [0]).await.unwrap(), 0, "it is told nothing");
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_viewers_than_there_may_be() {
    let (desk, _moments) = desk();
    let mut places: Vec<Place> = (0..MOST).map_while(|_| desk.viewing.enter(Way::Socket, true)).collect();
    assert_eq!(places.len(), MOST);
    let mut late = Eyes::open(&desk);
    late.say(FromViewer::Hello(hello())).await;
    let Some(FromServer::Farewell(last)) = late.hear().await else { panic!("it was let in") };
    assert!(last.why.contains("1000 viewers") && !last.for_good, "{last:?}");
    assert!(desk.viewing.enter(Way::Page, true).is_some(), "those in browsers have places of their own");
    places.pop();
    Eyes::welcomed(&desk).await;
}

#[tokio::test]
async fn who_leaves_and_comes_again_has_its_place_also_where_all_others_are_taken() {
    let (desk, _moments) = desk();
    let _others: Vec<Place> = (1..MOST).map_while(|_| desk.viewing.enter(Way::Socket, true)).collect();
    let before = Eyes::welcomed(&desk).await;
    let mut again = Eyes::open(&desk);
    tokio::task::yield_now().await;
    // The server hears of the new connection before it hears of the end of the old one.
    again.say(FromViewer::Hello(hello())).await;
    drop(before);
    let heard = again.hear().await;
    assert!(matches!(heard, Some(FromServer::Welcome(_))), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_a_viewer_sends_does_more_than_move_its_lens() {
    let (desk, _moments) = desk();
    for (what, ends) in [
        (FromViewer::Key(u32::from('r')), false),
        (FromViewer::Key(u32::MAX), false),
        (FromViewer::Click(Extent { columns: u32::MAX, rows: u32::MAX }), false),
        (FromViewer::Wheel(true), false),
        (FromViewer::Size(Extent { columns: 0, rows: 0 }), false),
        (FromViewer::Size(Extent { columns: u32::MAX, rows: u32::MAX }), false),
        (FromViewer::Shown(Shown {}), false),
        (FromViewer::Key(u32::from('q')), true),
        (FromViewer::Hello(hello()), true),
    ] {
        let mut eyes = Eyes::welcomed(&desk).await;
        eyes.say(what.clone()).await;
        if ends {
            assert!(matches!(eyes.hear().await, Some(FromServer::Farewell(_))), "{what:?}");
        } else {
            eyes.say(FromViewer::Shown(Shown {})).await;
            eyes.say(FromViewer::Key(u32::from('?'))).await;
            let seen = eyes.picture().await;
            let size = seen.size.unwrap();
            assert!(size.columns <= 500 && size.rows <= 200, "{what:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_viewer_cannot_have_the_server_draw_for_it_all_the_time() {
    let (desk, _moments) = desk();
    let mut eager = Eyes::welcomed(&desk).await;
    let (begin, mut seen) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(10) {
        eager.say(FromViewer::Shown(Shown {})).await;
        eager.say(FromViewer::Key(u32::from('?'))).await;
        eager.picture().await;
        seen += 1;
    }
    assert!((200..=240).contains(&seen), "{seen} pictures in ten seconds");
}

#[tokio::test(start_paused = true)]
async fn who_looks_at_an_audience_that_is_gone_is_told() {
    let (desk, moments) = desk();
    let mut eyes = Eyes::welcomed(&desk).await;
    moments.send_replace(Moment { seen: None, came_at: Duration::from_millis(1) });
    let Some(FromServer::Farewell(last)) = eyes.hear().await else { panic!("it goes on") };
    assert!(last.why.contains("audience") && !last.for_good, "{last:?}");
}
