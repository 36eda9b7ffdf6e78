//! A source is one file and one line; so is a panel.

use std::collections::BTreeSet;
use std::path::Path;

/// The modules named in a registry list, such as `stat::Stat,`.
fn listed(file: &str, list: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let body = text.split(&format!("\n{list}! {{")).nth(1).unwrap().split('}').next().unwrap().to_owned();
    body.lines().filter_map(|line| Some(line.trim().split_once("::")?.0.to_owned())).collect()
}

/// The files of a folder that implement a trait.
fn implementing(folder: &str, what: &str) -> BTreeSet<String> {
    std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.is_file() && std::fs::read_to_string(path).unwrap().contains(&format!("\nimpl {what} for "))
        })
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
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
        .map(|name| name.replace('_', "-"))
        .collect();
    assert_eq!(words, expected, "the word of the config is the name of the file");
}

#[test]
fn every_panel_is_one_file_and_one_line() {
    let listed = listed("src/panel.rs", "panels");
    assert_eq!(listed, implementing("src/panel", "Panel"));
    let words: BTreeSet<String> = andon::panel::KINDS.iter().map(|kind| kind.word.to_owned()).collect();
    assert_eq!(words, listed, "the word of the config is the name of the file");
}

#[test]
fn every_key_has_a_word_about_it() {
    use andon::config::schema::describe;
    for (word, schema) in andon::source::KINDS
        .iter()
        .map(|kind| (kind.word, kind.schema))
        .chain(andon::panel::KINDS.iter().map(|kind| (kind.word, kind.schema)))
    {
        for key in describe(&schema()) {
            assert!(!key.about.is_empty(), "{word}.{}: no doc comment", key.name);
        }
    }
}
