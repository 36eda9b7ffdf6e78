//! No two files use each other, directly or around a circle: each can be read with what it uses, and ends there.
//!
//! Read from the text: `use` lines and paths that begin with `crate`, `super`, `self` or a child. A name that a parent
//! only passes on (`pub use child::Name`) is of the file that has it. Tests inside a file are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::layers::files;

type Segments = Vec<String>;

/// A path as the code has it, and the inline modules around it.
struct Named {
    path: Segments,
    within: Segments,
}

/// What a file names.
#[derive(Default)]
struct Names {
    used: Vec<Named>,
    /// What it passes on, by the name that it has here.
    passed_on: BTreeMap<String, Segments>,
}

fn segments(module: &str) -> Segments {
    module.split("::").map(str::to_owned).collect()
}

/// The lines of code, each with the inline modules around it; without comments, and without modules of tests.
fn code(text: &str) -> Vec<(String, Segments)> {
    let mut lines = Vec::new();
    let mut modules: Vec<(usize, String)> = Vec::new();
    let mut skipped: Option<usize> = None;
    let mut is_of_tests = false;
    for line in text.lines() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if skipped.is_some() {
            skipped = skipped.filter(|of| line != format!("{}}}", " ".repeat(*of)));
            continue;
        }
        // A list's macro names its files by a variable.
        if bare.starts_with("//") || bare.contains("$file") {
            continue;
        }
        if bare == "#[cfg(test)]" {
            is_of_tests = true;
            continue;
        }
        let opened = bare.strip_suffix(" {").and_then(|head| head.split_once("mod "));
        if let Some((_, name)) = opened.filter(|(head, _)| head.is_empty() || head.starts_with("pub")) {
            if is_of_tests {
                skipped = Some(indent);
            } else {
                modules.push((indent, name.to_owned()));
            }
        } else if bare == "}" && modules.last().is_some_and(|(of, _)| *of == indent) {
            modules.pop();
        } else if !is_of_tests || !bare.starts_with("mod ") {
            lines.push((bare.to_owned(), modules.iter().map(|(_, name)| name.clone()).collect()));
        }
        is_of_tests &= bare.starts_with("#[");
    }
    lines
}

/// `a::{b, c::d as e}` as its paths, each with the name that it has here.
fn expanded(tree: &str) -> Vec<(Segments, String)> {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let group = group.strip_suffix('}').unwrap_or(group);
        let mut depth = 0;
        let parts = group.split(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        let head: Segments = head.split("::").map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        let inner = parts.filter(|part| !part.trim().is_empty()).flat_map(expanded);
        return inner.map(|(path, name)| ([head.clone(), path].concat(), name)).collect();
    }
    let (path, name) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name)));
    let path: Segments = path.split("::").map(|one| one.trim().to_owned()).collect();
    let name = name.or_else(|| path.iter().rev().find(|one| *one != "self").map(String::as_str)).unwrap_or_default();
    vec![(path.clone(), name.trim().to_owned())]
}

/// The paths (`a::b`) of a line.
fn paths(line: &str) -> Vec<Segments> {
    // Who may see an item is no use of it: `pub(in crate::a) field`.
    let line = line.strip_prefix("pub(in ").and_then(|rest| rest.split_once(')')).map_or(line, |(_, item)| item);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let runs = line.split(|c: char| !is_word(c)).filter(|run| run.contains("::"));
    runs.map(|run| run.split("::").take_while(|one| !one.is_empty()).map(str::to_owned).collect()).collect()
}

fn names(text: &str) -> Names {
    let mut names = Names::default();
    let mut rest = String::new();
    let mut passed_on = Vec::new();
    let mut statement: Option<(bool, String, Segments)> = None;
    for (line, within) in code(text) {
        let begun = statement.take().map(|(is_public, text, within)| (is_public, format!("{text} {line}"), within));
        let opened = line.split_once("use ").filter(|(head, _)| head.is_empty() || head.starts_with("pub"));
        let opened = opened.map(|(head, tree)| (!head.is_empty(), tree.to_owned(), within.clone()));
        let Some((is_public, tree, scope)) = begun.or(opened) else {
            rest.push_str(&format!("{line}\n"));
            names.used.extend(paths(&line).into_iter().map(|path| Named { path, within: within.clone() }));
            continue;
        };
        let Some((tree, _)) = tree.split_once(';') else {
            statement = Some((is_public, tree, scope));
            continue;
        };
        for (path, name) in expanded(tree) {
            if is_public {
                passed_on.push((name, path));
            } else {
                names.used.push(Named { path, within: scope.clone() });
            }
        }
    }
    for (name, path) in passed_on {
        // What it passes on and uses itself, it uses.
        let is_used = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name);
        if is_used || ["crate", "super"].contains(&path[0].as_str()) {
            names.used.push(Named { path: path.clone(), within: Vec::new() });
        }
        names.passed_on.insert(name, path);
    }
    names
}

/// All files by their modules, with what they name.
struct House(BTreeMap<String, Names>);

impl House {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        files(&root, &mut found);
        let module = |path: &Path| {
            let path = path.strip_prefix(&root).unwrap().with_extension("");
            path.to_str().unwrap().replace('/', "::")
        };
        Self(found.iter().map(|path| (module(path), names(&std::fs::read_to_string(path).unwrap()))).collect())
    }

    /// A path as the crate sees it; `None` for one of another crate.
    fn absolute(&self, module: &str, named: &Named) -> Option<Segments> {
        let root = if ["lib", "main"].contains(&module) { Vec::new() } else { segments(module) };
        let mut scope = [root.clone(), named.within.clone()].concat();
        let mut path = named.path.as_slice();
        match path.first().map(String::as_str)? {
            "crate" => return Some(path[1..].to_vec()),
            "self" => return Some([scope, path[1..].to_vec()].concat()),
            "super" => {}
            child => {
                let child = [root, vec![child.to_owned()]].concat();
                return self.0.contains_key(&child.join("::")).then(|| [child, path[1..].to_vec()].concat());
            }
        }
        while let Some(("super", rest)) = path.split_first().map(|(first, rest)| (first.as_str(), rest)) {
            scope.pop();
            path = rest;
        }
        Some([scope, path.to_vec()].concat())
    }

    /// The file that has what a path names.
    fn file_of(&self, path: &[String], steps: usize) -> Option<&str> {
        let known =
            (1..=path.len()).rev().find_map(|end| self.0.get_key_value(&path[..end].join("::")).map(|f| (end, f)));
        let (end, (module, names)) = known?;
        let passed_on = path.get(end).and_then(|name| names.passed_on.get(name)).filter(|_| steps < 8);
        let further = passed_on.and_then(|to| {
            let to = self.absolute(module, &Named { path: to.clone(), within: Vec::new() })?;
            self.file_of(&[to, path[end + 1..].to_vec()].concat(), steps + 1)
        });
        further.or(Some(module))
    }

    fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let of = |module: &str, names: &Names| -> BTreeSet<&str> {
            let paths = names.used.iter().filter_map(|named| self.absolute(module, named));
            paths.filter_map(|path| self.file_of(&path, 0)).filter(|other| *other != module).collect()
        };
        self.0.iter().map(|(module, names)| (module.as_str(), of(module, names))).collect()
    }
}

/// All files that a file leads to.
fn reached<'a>(from: &str, uses: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = uses.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = next.pop() {
        if seen.insert(file) {
            next.extend(uses.get(file).into_iter().flatten().copied());
        }
    }
    seen
}

/// The files that lead back to themselves, each with those of its own circle that it uses.
fn circles<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = uses.keys().map(|file| (*file, reached(file, uses))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
    let closed = uses.iter().filter(|(file, _)| leads(file, file));
    closed.map(|(file, others)| (*file, others.iter().copied().filter(|other| leads(other, file)).collect())).collect()
}

#[test]
fn no_two_files_use_each_other_directly_or_around_a_circle() {
    let house = House::new();
    let uses = house.uses();
    assert!(uses.values().map(BTreeSet::len).sum::<usize>() > 1000, "the files and what they use are found");
    let left = circles(&uses);
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn the_test_itself_sees_circles() {
    let house = |files: &[(&str, &str)]| {
        House(files.iter().map(|(module, text)| ((*module).to_owned(), names(text))).collect())
    };
    let seen =
        |files: &[(&str, &str)]| circles(&house(files).uses()).into_keys().map(str::to_owned).collect::<Vec<_>>();
    let two = [("a", "mod b;\nuse b::{C, D};\nuse crate::{e::F,\n    g};"), ("a::b", "use super::X;")];
    assert_eq!(seen(&two), ["a", "a::b"]);
    let passed_on = ("a", "mod b;\nmod c;\npub use c::X;\nfn f() { b::g() }");
    assert!(seen(&[passed_on, ("a::b", "use super::X;"), ("a::c", "")]).is_empty(), "X is of c");
    assert_eq!(seen(&[passed_on, ("a::b", "use super::Y;"), ("a::c", "")]), ["a", "a::b"]);
    let only_in_tests = ("a::b", "#[cfg(test)]\nmod tests {\n    use crate::a::X;\n}\n");
    assert!(seen(&[two[0], only_in_tests]).is_empty());
    let around =
        [("a", "fn f() { crate::b::f() }"), ("b", "use crate::c::f;"), ("c", "use crate::a;"), ("d", "use crate::a;")];
    assert_eq!(seen(&around), ["a", "b", "c"]);
}
