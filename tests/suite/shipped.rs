//! What is shipped works: the board, the themes, the schema.

use andon::panel::ink::{Glyphs, Role};
use andon::render::theme::{EMBEDDED, Theme, embedded};

use crate::support::{run, stderr, stdout};

#[test]
fn the_shipped_board_is_valid_without_a_warning() {
    let output = run(&["validate", "--strict"]);
    assert_eq!(stderr(&output), "");
    assert!(stdout(&output).contains("dashboards.toml is valid"));
}

#[test]
fn the_shipped_board_has_all_layers_and_every_view() {
    let text = include_str!("../../dashboards.toml");
    for layer in andon::model::layer::Layer::ALL {
        assert!(text.contains(&format!("= \"{}\"", layer.word())), "{}", layer.word());
    }
    for kind in andon::panel::KINDS {
        assert!(text.contains(&format!("= \"{}\"\n", kind.word)), "no {} on the shipped board", kind.word);
    }
}

#[test]
fn there_is_a_file_for_every_embedded_theme_and_the_other_way_round() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("themes");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut names: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
    assert!(names.len() >= 6);
}

#[test]
fn the_four_statuses_look_different_in_every_theme() {
    let statuses = [Role::Ok, Role::Warning, Role::Critical, Role::Unknown];
    for (name, _) in EMBEDDED {
        let ink = Theme::load(name, &embedded).unwrap().ink(Glyphs::Full);
        let styles = statuses.map(|role| format!("{:?}", ink.style(role)));
        for (n, style) in styles.iter().enumerate() {
            assert!(!styles[n + 1..].contains(style), "{name}: two statuses look alike");
        }
    }
}

#[test]
fn the_schema_accepts_the_kinds_there_are() {
    let schema: serde_json::Value = serde_json::from_str(&stdout(&run(&["schema"]))).unwrap();
    let sources = schema["properties"]["sources"]["additionalProperties"]["oneOf"].as_array().unwrap();
    assert_eq!(sources.len(), andon::source::KINDS.len());
    for source in sources {
        assert!(source["properties"]["refresh"].is_object() && source["properties"]["type"]["const"].is_string());
    }
    let text = schema.to_string();
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schema["$defs"][name].is_object(), "{name} is referred to, but not defined");
    }
}
