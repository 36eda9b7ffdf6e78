//! Few dependencies, each argued for, and none that nobody has looked at.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The most crates of a default build.
const MOST: usize = 220;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

fn names(table: &str) -> Vec<String> {
    let manifest: toml_edit::Document<String> = read("Cargo.toml").parse().unwrap();
    manifest[table].as_table().unwrap().iter().map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn the_tree_is_small() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<String> = text.lines().map(|line| line.split(" (").next().unwrap().to_owned()).collect();
    assert!(crates.len() > 50, "cargo tree says little:\n{text}");
    assert!(crates.len() <= MOST, "{} crates with default features, {MOST} at most", crates.len());
}

#[test]
fn every_dependency_has_its_reason() {
    let reasons = read("docs/dependencies.md");
    let words: BTreeSet<&str> = reasons.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).collect();
    for name in names("dependencies").iter().chain(&names("dev-dependencies")) {
        assert!(words.contains(name.as_str()), "{name} is not in docs/dependencies.md");
    }
    // And nothing that is not used any more: the first column of the table names crates.
    let known: BTreeSet<String> = names("dependencies").into_iter().chain(names("dev-dependencies")).collect();
    let columns = reasons.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    for name in columns.skip(1).flat_map(|column| column.split([',', ':', '(', ')', ' ', '*', '`'])) {
        let is_crate =
            !name.is_empty() && !["for", "tests", "and", "benches", "ring", "feature", "host"].contains(&name);
        assert!(
            !is_crate || known.contains(name),
            "docs/dependencies.md speaks of {name}, which Cargo.toml does not have"
        );
    }
}

#[test]
fn everything_comes_from_the_registry_and_is_pinned() {
    let lock = read("Cargo.lock");
    for package in lock.split("[[package]]").skip(1) {
        if package.contains("name = \"andon\"\n") {
            continue;
        }
        assert!(package.contains("source = \"registry+https://github.com/rust-lang/crates.io-index\""), "{package}");
        assert!(package.contains("checksum = \""), "{package}");
    }
}

#[test]
fn nothing_of_ours_is_unsafe() {
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
}
