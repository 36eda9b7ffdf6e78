//! What the README says is so: its commands are the ones that are run, its snippets are valid, its
//! tables name what there is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::folder::Folder;
use crate::support::{andon, run, stderr, stdout};

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    text.split(&format!("\n```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn its_first_screen_has_the_two_commands_and_they_are_the_ones_that_run() {
    let readme = read("README.md");
    let first_screen: String = readme.lines().take(40).collect::<Vec<_>>().join("\n");
    assert!(first_screen.contains("cargo run --release") && first_screen.contains("tests/run"));
    assert!(read(".ci/run").contains("tests/run"), "CI runs another command");
    let tests_run = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run");
    assert!(std::fs::metadata(tests_run).unwrap().permissions().mode() & 0o111 != 0, "tests/run cannot be run");
}

#[test]
fn its_toml_is_valid() {
    let folder = Folder::new();
    // A block without a dashboard is a part of a board.
    let whole = |block: String| {
        let rest = "[[dashboards]]\nname = \"d\"\npanels = [{ view = \"clock\" }]\n";
        if block.contains("[[dashboards]]") { block } else { format!("{block}\n{rest}") }
    };
    let blocks: Vec<String> = blocks(&read("README.md"), "toml").into_iter().map(whole).collect();
    assert!(!blocks.is_empty());
    for (n, block) in blocks.iter().enumerate() {
        let file = folder.write(&format!("{n}.toml"), block);
        let output =
            andon().args(["validate", "--config", &file]).env("PROM_TOKEN", "x").env("CI_TOKEN", "x").output().unwrap();
        assert!(output.status.success(), "block {n}:\n{block}\n{}", stderr(&output));
    }
}

#[test]
fn its_commands_exist() {
    let help = stdout(&run(&["--help"]));
    let commands: Vec<&str> = help
        .split("Commands:\n")
        .nth(1)
        .unwrap()
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help")
        .collect();
    let readme = read("README.md");
    for command in &commands {
        assert!(
            readme.contains(&format!("`andon {command}`")) || readme.contains(&format!("`andon [{command}]`")),
            "{command} is not in the README"
        );
    }
    for block in blocks(&readme, "sh") {
        for line in block.lines().filter_map(|line| line.trim().strip_prefix("andon ")) {
            let word = line.split_whitespace().next().unwrap();
            assert!(
                commands.contains(&word) || word.starts_with('-'),
                "andon {word} is in the README, and nowhere else"
            );
        }
    }
}

#[test]
fn its_tables_name_every_source_panel_theme_and_key() {
    let readme = read("README.md");
    for kind in andon::source::KINDS {
        assert!(readme.contains(&format!("| `{}` |", kind.word)), "source {}", kind.word);
    }
    for kind in andon::panel::KINDS {
        assert!(readme.contains(&format!("| `{}` |", kind.word)), "panel {}", kind.word);
    }
    for (name, _) in andon::render::theme::EMBEDDED {
        assert!(readme.contains(&format!("`{name}`")), "theme {name}");
    }
    for (key, what) in andon::input::keymap::HELP {
        assert!(readme.contains(&format!("| {key} | {what} |")), "key {key}");
    }
}

#[test]
fn its_picture_is_there_and_was_made_by_andon() {
    let readme = read("README.md");
    let path = readme.split("![").nth(1).unwrap().split("](").nth(1).unwrap().split(')').next().unwrap().to_owned();
    let picture = read(&path);
    assert!(picture.starts_with("<svg ") && picture.contains("Acme Shop"));
}

#[test]
fn the_architecture_names_every_room() {
    let text = read("ARCHITECTURE.md");
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            assert!(text.contains(&format!("`{name}/`")), "{name}/ is not in ARCHITECTURE.md");
        }
    }
}

#[test]
fn every_test_that_docs_honesty_names_exists() {
    let page = read("docs/honesty.md");
    let named = page
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.strip_suffix("` |")?.rsplit('`').next());
    let named: Vec<&str> = named.collect();
    assert!(named.len() >= 60, "{} rows", named.len());
    let mut files = Vec::new();
    for folder in ["src", "tests/suite"] {
        crate::layers::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let code: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    for name in named {
        assert!(code.contains(&format!("fn {name}(")), "docs/honesty.md names '{name}', and there is no such test");
    }
}
