//! A source is one file and one line; so is a panel, and so is a check; a telemetry kind is one file a room and one line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::layers::files;

/// The modules named in a registry list, such as `stat` of `stat::Stat,`.
fn listed(file: &str, list: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let body = text.split(&format!("\n{list}! {{")).nth(1).unwrap().split('}').next().unwrap().to_owned();
    body.lines().filter_map(|line| Some(line.trim().rsplit_once("::")?.0.to_owned())).collect()
}

/// The files of a folder and of the folders in it that implement a trait, as modules of the folder.
fn implementing(folder: &str, what: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut all = Vec::new();
    files(&folder, &mut all);
    all.iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .filter(|path| std::fs::read_to_string(path).unwrap().contains(&format!("\nimpl {what} for ")))
        .map(|path| {
            let module = path.strip_prefix(&folder).unwrap().with_extension("");
            module.to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "::")
        })
        .collect()
}

#[test]
fn every_source_is_one_file_and_one_line() {
    let listed = listed("src/source.rs", "sources");
    assert_eq!(listed, implementing("src/source", "Source"));
    let words: BTreeSet<String> = andon::source::KINDS.iter().map(|kind| kind.word.to_owned()).collect();
    let expected: BTreeSet<String> = listed
        .into_iter()
        .filter(|name| cfg!(feature = "host") || name != "host")
        // The pipelines are what one comes to a family for, and have its name.
        .map(|name| name.trim_end_matches("::pipelines").replace("::", "-").replace('_', "-"))
        .collect();
    assert_eq!(words, expected, "the word of the config is the name of the file");
}

#[test]
fn every_panel_is_one_file_and_one_line() {
    let listed = listed("src/panel.rs", "panels");
    assert_eq!(listed, implementing("src/panel", "Panel"));
    let words: BTreeSet<String> = andon::panel::KINDS.iter().map(|kind| kind.word.replace('-', "_")).collect();
    assert_eq!(words, listed, "the word of the config is the name of the file");
}

#[test]
fn every_key_has_a_word_about_it() {
    use andon::config::schema::describe;
    for (word, schema) in andon::source::KINDS
        .iter()
        .map(|kind| (kind.word, kind.schema))
        .chain(andon::panel::KINDS.iter().map(|kind| (kind.word, kind.schema)))
        .chain(andon::eval::check::KEYS.iter().map(|keys| ("check", keys.schema)))
    {
        for key in describe(&schema()) {
            assert!(!key.about.is_empty(), "{word}.{}: no doc comment", key.name);
        }
    }
}

/// A line of the list of telemetry kinds, such as `series => Series($crate::model::series::SeriesSet),`.
struct TelemetryKind {
    word: String,
    variant: String,
    /// The file in `model/` that says what its answers are.
    model: PathBuf,
}

fn telemetry_kinds(root: &Path) -> Vec<TelemetryKind> {
    let text = std::fs::read_to_string(root.join("src/model/kinds.rs")).unwrap();
    let kind = |line: &str| {
        let (word, rest) = line.trim().split_once(" => ")?;
        let (variant, answer) = rest.split_once('(')?;
        let file = answer.split("::model::").nth(1)?.split("::").next()?;
        let model = root.join(format!("src/model/{file}.rs"));
        Some(TelemetryKind { word: word.to_owned(), variant: variant.to_owned(), model })
    };
    text.lines().filter_map(kind).collect()
}

/// The code of a file, without comments and tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_telemetry_kind_is_one_file_a_room_and_one_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kinds = telemetry_kinds(root);
    let words: BTreeSet<&str> = kinds.iter().map(|kind| kind.word.as_str()).collect();
    assert_eq!(words, BTreeSet::from(["builds", "events", "logs", "reviews", "series", "table", "text"]));
    let mut all = Vec::new();
    files(&root.join("src/model"), &mut all);
    files(&root.join("src/store"), &mut all);
    all.extend(["src/model.rs", "src/store.rs"].map(|file| root.join(file)));
    let code: Vec<(PathBuf, String)> = all.into_iter().map(|path| (path.clone(), code(&path))).collect();
    let mut wrong = Vec::new();
    for TelemetryKind { word, variant, model } in &kinds {
        let store = root.join(format!("src/store/{word}.rs"));
        let judged = root.join(format!("src/eval/kinds/{word}.rs"));
        let of_eval = std::fs::read_to_string(&judged).unwrap_or_default();
        assert!(of_eval.contains("fn select<"), "{word}: no 'fn select' in {}", judged.display());
        for (path, needed) in [(model, "impl AnswerKind for "), (&store, "pub type State = ")] {
            let is_there = code.iter().any(|(of, code)| of == path && code.contains(needed));
            assert!(is_there, "{word}: no '{needed}' in {}", path.display());
        }
        for (path, code) in code.iter().filter(|(path, _)| path != model && *path != store) {
            for name in ["Telemetry", "Stored", "News"].map(|of| format!("{of}::{variant}")) {
                if code.contains(&name) {
                    wrong.push(format!("{} knows {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_check_is_one_file_and_one_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("src/eval/check.rs")).unwrap();
    let body = text.split("\nchecks! {").nth(1).unwrap().split('}').next().unwrap();
    let line = |line: &str| {
        let (check, file) = line.trim().trim_end_matches(',').split_once(" in ")?;
        Some((check.to_owned(), root.join(format!("src/eval/check/{file}.rs"))))
    };
    let checks: Vec<(String, PathBuf)> = body.lines().filter_map(line).collect();
    let mut own = Vec::new();
    files(&root.join("src/eval/check"), &mut own);
    assert_eq!(checks.iter().map(|(_, file)| file.clone()).collect::<BTreeSet<_>>(), own.into_iter().collect());
    let mut all = Vec::new();
    files(&root.join("src"), &mut all);
    for (check, own) in &checks {
        assert!(code(own).contains(&format!("impl Judge for {check} ")), "{check}: not in {}", own.display());
        let knows = |path: &&PathBuf| {
            let word = |word: &str| word == check;
            code(path).split(|c: char| !c.is_alphanumeric() && c != '_').any(word)
        };
        let others: Vec<&PathBuf> = all.iter().filter(|path| *path != own).filter(knows).collect();
        assert!(matches!(others.as_slice(), [list] if list.ends_with("eval/check.rs")), "{check}: {others:#?}");
    }
}
