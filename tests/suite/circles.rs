//! No file uses a file that uses it, on whatever way: reads the paths in the code of each file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::layers;

/// Rooms in which no file is part of a circle.
const WITHOUT_CIRCLES: &[&str] = &["app", "config", "input", "render", "simulator", "view"];
/// Files that list others and are used by none of them.
const LISTS: &[&str] = &["source"];

/// Which file uses which, by their module paths: `config::check`.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The paths that begin at `text`: one, or several where it ends with a group in braces. Returns what is left.
fn paths(text: &str) -> (Vec<Vec<String>>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut all = Vec::new();
        loop {
            let (inner, after) = paths(rest);
            all.extend(inner);
            rest = after.trim_start_matches(|c| !matches!(c, ',' | '}'));
            match rest.strip_prefix(',') {
                Some(next) if !next.trim_start().starts_with('}') => rest = next,
                Some(next) => return (all, next.trim_start().strip_prefix('}').unwrap_or_default()),
                None => return (all, rest.strip_prefix('}').unwrap_or_default()),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let begin = vec![name.to_owned()];
    match rest.strip_prefix("::") {
        Some(next) if !name.is_empty() => {
            let (below, rest) = paths(next);
            (below.into_iter().map(|path| begin.iter().cloned().chain(path).collect()).collect(), rest)
        }
        _ => (vec![begin], rest),
    }
}

/// Every path in a text whose first name is one of these.
fn paths_from(text: &str, first: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for name in first {
        for (at, _) in text.match_indices(&format!("{name}::")) {
            if !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                found.extend(paths(&text[at..]).0);
            }
        }
    }
    found
}

/// The names of the modules that a file declares.
fn declared(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let (before, name) = line.strip_suffix(';')?.split_once("mod ")?;
        (before.is_empty() || before.starts_with("pub")).then(|| name.to_owned())
    })
}

/// The file that a path in `module` leads to: as far as there are files.
fn target(module: &str, path: &[String], files: &BTreeMap<String, String>) -> Option<String> {
    let mut at: Vec<&str> = module.split("::").collect();
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "crate" => at.clear(),
            "super" => drop(at.pop()),
            "self" => {}
            _ => break,
        }
        rest = after;
    }
    for name in rest {
        at.push(name);
        if !files.contains_key(&at.join("::")) {
            at.pop();
            break;
        }
    }
    Some(at.join("::")).filter(|found| found != module && files.contains_key(found))
}

fn uses(files: &BTreeMap<String, String>) -> Uses {
    let mut uses = Uses::new();
    for (module, text) in files {
        let first: Vec<String> =
            ["crate", "super", "self"].map(str::to_owned).into_iter().chain(declared(text)).collect();
        let used = paths_from(text, &first).iter().filter_map(|path| target(module, path, files)).collect();
        uses.insert(module.clone(), used);
    }
    uses
}

/// The files that are part of a circle, or stand between two: what is left when those go that use none of the others,
/// or are used by none.
fn circle(mut uses: Uses) -> Uses {
    loop {
        let before = uses.len();
        let all: BTreeSet<String> = uses.keys().cloned().collect();
        for used in uses.values_mut() {
            used.retain(|one| all.contains(one));
        }
        let used: BTreeSet<String> = uses.values().flatten().cloned().collect();
        uses.retain(|module, others| !others.is_empty() && used.contains(module));
        if uses.len() == before {
            return uses;
        }
    }
}

/// The code of each file by its module path, without comments and tests.
fn code() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    layers::files(&root, &mut found);
    let read = |path: &std::path::PathBuf| {
        let name = path.strip_prefix(&root).unwrap().with_extension("");
        let module = name.components().map(|part| part.as_os_str().to_str().unwrap()).collect::<Vec<_>>().join("::");
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (module, code.join("\n"))
    };
    found.iter().map(read).collect()
}

#[test]
fn no_file_is_part_of_a_circle() {
    let uses = uses(&code());
    assert!(uses["config::check"].contains("config::check_source"), "the paths are no longer found");
    for room in WITHOUT_CIRCLES {
        let within = |module: &str| module.split("::").next() == Some(room);
        let of_room =
            uses.iter().filter(|(module, _)| within(module)).map(|(module, used)| (module.clone(), used.clone()));
        let circle = circle(of_room.collect());
        assert!(circle.is_empty(), "{room}: {circle:#?}");
    }
}

#[test]
fn what_is_listed_does_not_use_its_list() {
    let uses = uses(&code());
    for list in LISTS {
        let below = format!("{list}::");
        let wrong: Vec<&String> = uses
            .iter()
            .filter(|(module, used)| module.starts_with(&below) && used.contains(*list))
            .map(|(m, _)| m)
            .collect();
        assert!(wrong.is_empty(), "{list}: {wrong:?}");
    }
}

#[test]
fn the_test_itself_sees_circles() {
    let file = |module: &str, text: &str| (module.to_owned(), text.to_owned());
    let files = BTreeMap::from([
        file("a", "mod b;\nmod c;\npub use c::C;"),
        file("a::b", "use super::{C, c::{D, self}};\nuse crate::d::{x::X,\n};"),
        file("a::c", "fn f() { super::b::g(); }"),
        file("d", "struct S;"),
        file("e", "use crate::a;"),
    ]);
    let uses = uses(&files);
    assert_eq!(uses["a::b"].iter().collect::<Vec<_>>(), ["a", "a::c", "d"]);
    assert_eq!(circle(uses).into_keys().collect::<Vec<_>>(), ["a", "a::b", "a::c"]);
}
