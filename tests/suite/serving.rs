//! `andon serve` and `andon view`: many viewers on one board, each with a page and a size of its own.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::folder::Folder;
use crate::support::pty::Session;
use crate::support::serving::Serving;
use crate::support::{andon, stderr};

/// It ends at once; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(5);

fn wait_for(session: &Session, words: &str) {
    session.wait_for(words, |text| text.contains(words));
}

/// Whether a panel of the page has these words. (The header names what is red on any page.)
fn on_page(text: &str, words: &str) -> bool {
    text.lines().skip_while(|line| !line.contains("1 Shop")).any(|line| line.contains(words))
}

#[test]
fn two_viewers_have_pages_and_sizes_of_their_own() {
    let serving = Serving::start();
    let mut large = serving.view(&[], (160, 45));
    let mut small = serving.view(&["--dashboard", "pipeline"], (80, 24));
    large.wait_for("the first page", |text| on_page(text, "Checkout latency"));
    small.wait_for("the second page", |text| on_page(text, "Versions"));
    assert!(!on_page(&small.text(), "Checkout latency"), "{}", small.text());
    large.send("3");
    wait_for(&large, "EUR");
    small.send("?");
    wait_for(&small, "freeze the picture");
    assert!(!large.text().contains("freeze the picture"), "the help is of one viewer");
    small.resize(100, 30);
    small.wait_for("the new size", |text| text.lines().any(|line| line.trim_end().chars().count() > 80));
    for (session, end) in [(&mut large, "q"), (&mut small, "\x03")] {
        session.send(end);
        assert_eq!(session.exit_within(SOON), Some(0), "{end:?}");
    }
}

#[test]
fn who_has_no_signal_says_so_and_comes_back_to_the_same_page() {
    let mut serving = Serving::start();
    let mut viewer = serving.view(&[], (120, 40));
    viewer.wait_for("the first page", |text| on_page(text, "Checkout latency"));
    viewer.send("2");
    viewer.wait_for("the second page", |text| !on_page(text, "Checkout latency") && on_page(text, "Versions"));
    serving.kill();
    viewer.wait_for("why, over the last picture", |text| {
        ["has ended", "this is how it was", "Versions"].iter().all(|words| text.contains(words))
    });
    serving.start_again();
    viewer.wait_for("the board again", |text| !text.contains("this is how it was") && text.contains("q quit"));
    assert!(!on_page(&viewer.text(), "Checkout latency"), "it looks at the page that it has looked at");
    viewer.send("q");
    assert_eq!(viewer.exit_within(SOON), Some(0));
}

#[test]
fn a_server_that_hangs_is_no_signal_and_can_be_left() {
    let serving = Serving::start();
    let mut viewer = serving.view(&[], (120, 40));
    wait_for(&viewer, "Checkout latency");
    serving.hang(true);
    wait_for(&viewer, "the server is silent");
    viewer.send("q");
    assert_eq!(viewer.exit_within(SOON), Some(0));
    serving.hang(false);
}

#[test]
fn a_viewer_ends_with_its_terminal_and_gives_it_back() {
    let serving = Serving::start();
    let mut viewer = serving.view(&[], (80, 24));
    let before = viewer.settings();
    wait_for(&viewer, "q quit");
    viewer.signal(Signal::TERM);
    assert_eq!(viewer.exit_within(SOON), Some(143));
    viewer.wait_for_modes(false);
    assert!(before.is_some());
}

#[test]
fn the_socket_is_of_its_owner_and_goes_with_the_server() {
    let mut serving = Serving::start();
    let meta = std::fs::symlink_metadata(serving.socket()).unwrap();
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    let socket = serving.socket().display().to_string();
    let second = |board: &str| andon().args(["serve", "--config", board, "--socket", &socket]).output().unwrap();
    let board = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboards.toml");
    let refused = second(board);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("another andon serves here"), "{}", stderr(&refused));
    assert_eq!(serving.stop(), Some(0), "a service that is stopped has not failed");
    assert!(!serving.socket().exists());
    std::fs::write(serving.socket(), "notes").unwrap();
    let refused = second(board);
    assert!(stderr(&refused).contains("it is no socket"), "{}", stderr(&refused));
    assert_eq!(std::fs::read_to_string(serving.socket()).unwrap(), "notes", "it is left alone");
}

#[test]
fn a_socket_that_a_killed_server_has_left_is_taken_over() {
    let mut serving = Serving::start();
    serving.kill();
    assert!(serving.socket().exists());
    serving.start_again();
    wait_for(&serving.view(&[], (80, 24)), "q quit");
}

#[test]
fn without_a_server_the_reason_and_the_remedy_are_named() {
    let folder = Folder::new();
    let socket = folder.path().join("none.sock").display().to_string();
    let mut viewer = Session::start(&["view", "--socket", &socket], (120, 10));
    wait_for(&viewer, "no andon serves here");
    assert_eq!(viewer.exit_within(SOON), Some(1));
    let runtime = folder.path().display().to_string();
    let mut viewer = Session::start_with(&["view"], (200, 10), &[("XDG_RUNTIME_DIR", &runtime)]);
    wait_for(&viewer, "andon view --socket PATH");
    assert_eq!(viewer.exit_within(SOON), Some(1));
}

/// What a server says after some bytes, and that it ends the connection.
fn said_after(serving: &Serving, bytes: &[u8]) -> Vec<u8> {
    let mut stream = serving.connect();
    // It may have ended the connection before it has read all of them.
    let _ended = stream.write_all(bytes);
    let _ended = stream.shutdown(std::net::Shutdown::Write);
    let mut said = Vec::new();
    let _ended = stream.read_to_end(&mut said);
    said
}

#[test]
fn whatever_is_sent_the_server_goes_on_and_shows_nothing_to_who_has_not_said_hello() {
    let serving = Serving::start();
    let size_before_hello = b"\0\0\0\x06\x32\x04\x08\x50\x10\x18";
    for (bytes, words) in [
        (&b"GET / HTTP/1.1\r\nHost: board\r\n\r\n"[..], "is the most"),
        (b"\xff\xff\xff\xff", "is the most"),
        (b"\0\0\0\x02\xff\xff", "no message"),
        (size_before_hello, "first message of a viewer is its Hello"),
        (b"\0\0\0\x02\x0a\0", "version 1 of the protocol, and the viewer version 0"),
        (b"\0\0\0\x09torn", ""),
        (b"\0\0", ""),
        (b"", ""),
    ] {
        let said = said_after(&serving, bytes);
        let text = String::from_utf8_lossy(&said);
        assert!(text.contains(words) && said.len() < 300, "{bytes:?}: {text}");
    }
    wait_for(&serving.view(&[], (80, 24)), "q quit");
}

#[test]
fn an_audience_sees_its_dashboards_at_its_own_socket() {
    let folder = Folder::new();
    let own = folder.path().join("sales.sock").display().to_string();
    let page = |name: &str| {
        format!(
            "[[dashboards]]\nname = \"{name}\"\n[[dashboards.panels]]\nid = \"{name}-note\"\nview = \"text\"\ntext = \"of {name}\"\n"
        )
    };
    let serving = Serving::with(&format!(
        "title = \"Shop\"\n[[audience]]\nname = \"sales\"\ndetail = \"full\"\ndashboards = \"two\"\nsocket = \"{own}\"\n{}{}",
        page("one"),
        page("two")
    ));
    let team = serving.view(&[], (80, 24));
    wait_for(&team, "of one");
    let sales = Session::start(&["view", "--socket", &own, "--dashboard", "one"], (80, 24));
    wait_for(&sales, "of two");
    assert!(!sales.text().contains("one"), "{}", sales.text());
}
