//! The palette of a large board: a few letters lead to any of a thousand panels, to pages, themes and commands.

use std::fmt::Write as _;
use std::time::Duration;

use crate::support::folder::Folder;
use crate::support::pty::Session;

/// Two pages of 500 notes each, which ask nobody.
fn start(folder: &Folder) -> Session {
    let mut text = String::from("title = \"Large\"\n");
    for page in ["north", "south"] {
        write!(text, "[[dashboards]]\nname = \"{page}\"\ntitle = \"Halls of the {page}\"\n").unwrap();
        for n in 0..500 {
            let (title, said) = (format!("Line {page} {n:03}"), format!("belt {page} {n:03}"));
            writeln!(text, "[[dashboards.panels]]\nview = \"text\"\ntitle = \"{title}\"\ntext = \"{said}\"").unwrap();
        }
    }
    let board = folder.write("board.toml", &text);
    let session = Session::start(&["--config", &board], (100, 30));
    session.wait_for("the board", |text| text.contains("Halls of the south"));
    session
}

fn sees(session: &mut Session, keys: &str, all: &[&str]) {
    session.send(keys);
    session.wait_for(keys, |text| all.iter().all(|words| text.contains(words)));
}

#[test]
fn a_few_letters_lead_to_any_of_a_thousand_panels_and_one_step_back() {
    let folder = Folder::new();
    let mut session = start(&folder);
    sees(&mut session, ":", &["Go to", "letters of a page, panel"]);
    sees(&mut session, "south 742", &["nothing has this name"]);
    sees(&mut session, "\x15so 342", &["Line south 342", "panel of Halls of the south"]);
    sees(&mut session, "\r", &["belt south 342", "Esc back"]);
    assert!(!session.text().contains("Go to"), "{}", session.text());
    session.send("\x1b");
    session.wait_for("its page", |text| text.contains("Line south 000"));
}

#[test]
fn pages_themes_and_commands_are_found_and_esc_changes_nothing() {
    let folder = Folder::new();
    let mut session = start(&folder);
    sees(&mut session, ":halls south\r", &["Line south 000"]);
    sees(&mut session, ":nord", &["theme"]);
    sees(&mut session, "\r", &["theme nord"]);
    sees(&mut session, ":help all", &["help: all keys"]);
    sees(&mut session, "\r", &["more below"]);
    sees(&mut session, &"j".repeat(20), &["past the critical limit"]);
    session.send("\x1b");
    session.wait_for("the page", |text| !text.contains("past the critical limit"));
    sees(&mut session, ":", &["Go to"]);
    for size in [(200, 50), (1, 1), (20, 3), (80, 24), (100, 30)] {
        session.resize(size.0, size.1);
    }
    sees(&mut session, "north", &["Halls of the north", "Line north 000"]);
    session.send("\x1b");
    session.wait_for("the page of before", |text| !text.contains("Go to") && text.contains("Line south 000"));
    session.send(":quit\r");
    assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
}

#[test]
fn words_leave_only_the_panels_that_have_them() {
    let folder = Folder::new();
    let mut session = start(&folder);
    sees(&mut session, "/", &["words of title, layer"]);
    sees(&mut session, "12 north", &["Line north 012", "Line north 412", "belt north 128"]);
    session.wait_for("only those", |text| !text.contains("Line north 000"));
    sees(&mut session, "\r", &["'12 north': 15 of 500 panels"]);
    sees(&mut session, "/x", &["no panel of this page has '12 northx'"]);
    session.send("\x1b");
    session.wait_for("all", |text| text.contains("Line north 000") && !text.contains("12 north'"));
    sees(&mut session, "/499\r", &["'499': 1 of 500 panels"]);
    sees(&mut session, "\r", &["belt north 499", "Esc back"]);
    session.send("\x1b");
    session.wait_for("a step back", |text| text.contains("'499': 1 of 500 panels"));
}
