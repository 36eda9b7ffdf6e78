//! Who may use whom: reads the `use` lines and fails on any arrow that ARCHITECTURE.md does not have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may use beside itself. `app`, `cli` and `main` may use all.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("calendar", &["model"]),
    ("accept", &[]),
    ("source", &["accept", "calendar", "model"]),
    ("store", &["model"]),
    ("history", &["store", "model"]),
    ("eval", &["store", "model"]),
    ("export", &["store", "history", "eval", "model"]),
    ("panel", &["eval", "store", "model"]),
    ("config", &["source", "panel", "eval", "model"]),
    ("view", &["config", "panel", "eval", "store", "model"]),
    ("render", &["view", "panel", "model"]),
    ("input", &["view", "model"]),
    ("viewer", &["render", "input", "view", "model"]),
    ("output", &["accept", "viewer", "render", "view", "eval", "model", "hub"]),
    ("hub", &["source", "store", "history", "eval", "view", "config", "model"]),
    ("simulator", &["accept", "model"]),
];

/// Rooms that know no I/O, no runtime and no clock.
const PURE: &[&str] = &["model", "calendar", "store", "eval", "panel", "view", "render", "input", "viewer"];
const IMPURE: &[&str] =
    &["tokio", "reqwest", "crossterm", "std::fs", "std::net", "std::process", "hyper", "SystemTime", "Instant"];

pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Each source file with its room and its text, its own tests included.
fn sources() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    assert!(found.len() > 50, "the sources have moved");
    found
        .into_iter()
        .map(|path| {
            let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
            let room = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (path, room, text)
        })
        .collect()
}

/// The rooms that a text names as `crate::ROOM`.
fn used(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = Vec::new();
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            // `use crate::{a::b, c::d}` names several.
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split([',', '}']).collect(),
                None => vec![rest],
            };
            for name in names {
                let room: String = name.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if !room.is_empty() {
                    rooms.push(room);
                }
            }
        }
    }
    rooms
}

#[test]
fn rooms_use_only_what_they_may() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, room, text) in sources() {
        let Some(allowed) = arrows.get(room.as_str()) else {
            assert!(["app", "cli", "main", "lib"].contains(&room.as_str()), "a room without a rule: {room}");
            continue;
        };
        for used in used(&text) {
            if used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: {room} may not use {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_rooms_know_no_io_and_no_clock() {
    let mut wrong = Vec::new();
    for (path, room, text) in sources() {
        // The one door to the clock.
        if !PURE.contains(&room.as_str()) || path.ends_with("model/time.rs") {
            continue;
        }
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in IMPURE {
                if line.contains(&format!("{word}::")) || line.contains(&format!("use {word}")) {
                    wrong.push(format!("{}: {line}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A frame for somebody elsewhere is made by a viewer, of a scene that was cut for its audience: no output draws.
#[test]
fn outputs_have_their_frames_from_viewers() {
    let of_output = sources().into_iter().filter(|(_, room, _)| room == "output");
    let draws = of_output.filter(|(_, _, text)| text.contains("render(") || text.contains("render::frame"));
    let wrong: Vec<PathBuf> = draws.map(|(path, ..)| path).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn http_clients_are_made_in_one_file() {
    let makes = |text: &str| text.contains("Client::builder(") || text.contains("Client::new(");
    let made = sources().into_iter().filter(|(_, _, text)| makes(text)).map(|(path, ..)| path);
    let all: Vec<PathBuf> = made.collect();
    assert!(matches!(all.as_slice(), [one] if one.ends_with("source/http/client.rs")), "{all:#?}");
}

#[test]
fn the_test_itself_sees_arrows() {
    assert_eq!(
        used("use crate::model::time::Span;\nlet x = crate::store::Store::new();\n// crate::panel"),
        ["model", "store"]
    );
    assert_eq!(used("use crate::{eval::panel, view::scene};"), ["eval", "view"]);
}
