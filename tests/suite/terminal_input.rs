//! What comes from the keyboard, in any amount and at any time: each key is heard at once, and waiting for
//! the next one costs nothing.

use std::time::Duration;

use crate::support::folder::Folder;
use crate::support::pty::Session;

/// It ends at once; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(5);
/// Far less than a thread that spins, far more than a clock.
const IDLE: f64 = 0.3;

/// A board that changes only with the clock.
fn still() -> (Folder, Session) {
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "title = \"Still\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\ntitle = \"A note\"\nview = \"text\"\ntext = \"five\"\n\
         [[dashboards]]\nname = \"second\"\n[[dashboards.panels]]\nview = \"clock\"\n",
    );
    let session = Session::start(&["--config", &file], (80, 24));
    session.wait_for("the board", |text| text.contains("A note"));
    (folder, session)
}

fn is_idle_and_leaves(session: &mut Session, after: &str) {
    let share = session.share_of_a_core(3);
    assert!(share < IDLE, "after {after}: {:.0} % of a core for nothing", share * 100.0);
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0), "after {after} a key is not heard");
    session.wait_for_modes(false);
}

#[test]
fn a_flood_of_input_is_taken_and_the_next_key_is_heard() {
    for (what, bytes) in [
        ("a paste that fills a buffer and one more", "a".repeat(1025)),
        ("a long paste", "a".repeat(5000)),
        ("300 turns of the wheel", "\x1b[<65;10;10M".repeat(300)),
        ("half a sequence", "\x1b[12;".to_owned()),
        ("an escape alone", "\x1b".to_owned()),
        ("what no keyboard sends", "\x1b[0;0R\x1b]nothing".to_owned()),
    ] {
        let (_folder, mut session) = still();
        session.send(&bytes);
        is_idle_and_leaves(&mut session, what);
    }
}

#[test]
fn after_resizes_a_key_is_heard() {
    let (_folder, mut session) = still();
    for (columns, rows) in [(90, 30), (100, 35), (80, 24)] {
        session.resize(columns, rows);
        session.send("?");
        session.wait_for("the help", |text| text.contains("freeze the picture"));
        session.send("\x1b");
        session.wait_for("no help", |text| !text.contains("freeze the picture"));
    }
    is_idle_and_leaves(&mut session, "resizes");
}

#[test]
fn a_key_that_was_pressed_before_the_board_was_there_is_heard() {
    let mut session = Session::start(&[], (120, 40));
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    let settings = session.settings().unwrap();
    assert!(settings.contains("ICANON") && settings.contains("ECHO"), "{settings}");
    session.wait_for_modes(false);
}

#[test]
fn what_is_typed_without_a_pause_does_not_keep_signals_and_pictures_away() {
    let (_folder, mut session) = still();
    let mut input = session.input();
    // Nobody waits for this thread: the kernel may not wake a write to a terminal whose other side has gone.
    std::thread::spawn(move || while input.write_all(&[b'2'; 512]).is_ok() {});
    session.wait_for("the second page", |text| !text.contains("A note"));
    session.share_of_a_core(2);
    session.signal(rustix::process::Signal::TERM);
    assert_eq!(session.exit_within(SOON), Some(143));
}
