//! The corpus: every bad file through the real program, with what it must say; every good file valid.
//!
//! A bad file begins with lines `#! TEXT`: each must stand in the message. `LINE:COLUMN` is part of one
//! of them wherever the problem has a place.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::{andon, run, stderr, stdout};

fn corpus(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(kind);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn every_bad_file_says_what_is_wrong_where_and_what_to_do() {
    for path in corpus("invalid") {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let wanted: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("#! ")).collect();
        assert!(!wanted.is_empty(), "{}: no expectation", path.display());
        let output = run(&["validate", "--config", path.to_str().unwrap()]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{}: {said}", path.display());
        for part in wanted {
            assert!(said.contains(part), "{}: '{part}' is not in:\n{said}", path.display());
        }
        assert!(
            !said.contains("CANARY") && !stdout(&output).contains("CANARY"),
            "{}: a secret is shown",
            path.display()
        );
        // The same everywhere: no other command runs an invalid board.
        assert_eq!(run(&["status", "--config", path.to_str().unwrap()]).status.code(), Some(2));
    }
}

#[test]
fn every_good_file_is_valid() {
    for path in corpus("valid") {
        let output =
            andon().args(["validate", "--config", path.to_str().unwrap()]).env("PROM_TOKEN", "x").output().unwrap();
        assert!(output.status.success(), "{}: {}", path.display(), stderr(&output));
    }
}

#[test]
fn all_problems_come_in_one_run_with_places_for_programs() {
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "titel = \"x\"\n[sources.s]\ntype = \"prometheus\"\nurl = 5\nrefresh = \"fast\"\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nview = \"stat\"\nsource = \"t\"\nquery = \"up\"\nwarning = \"about 5\"\n",
    );
    let output = run(&["validate", "--format", "json", "--config", &file]);
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(document["valid"], false);
    let found: Vec<(String, u64, u64)> = document["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            (
                problem["code"].as_str().unwrap().to_owned(),
                problem["line"].as_u64().unwrap(),
                problem["column"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("unknown-key", 1, 1),
        ("wrong-type", 4, 7),
        ("wrong-value", 5, 11),
        ("unknown-source", 10, 10),
        ("bad-threshold", 12, 11),
    ];
    let expected: Vec<(String, u64, u64)> =
        expected.into_iter().map(|(code, line, column)| (code.to_owned(), line, column)).collect();
    assert_eq!(found, expected, "{document:#}");
}

#[test]
fn warnings_do_not_stop_a_board_unless_asked_to() {
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "[sources.s]\ntype = \"json\"\nurl = \"http://127.0.0.1/\"\nauth = { bearer = \"CANARY\" }\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\nquery = \".a\"\n",
    );
    let output = run(&["validate", "--config", &file]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stderr(&output).contains("warning[literal-secret]") && !stderr(&output).contains("CANARY"),
        "{}",
        stderr(&output)
    );
    assert_eq!(run(&["validate", "--strict", "--config", &file]).status.code(), Some(2));
}

#[test]
fn a_missing_file_tells_how_to_get_one() {
    let output = run(&["validate", "--config", "/nowhere/board.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no /nowhere/board.toml") && stderr(&output).contains("andon init"));
}

#[test]
fn case_of_names_is_kept() {
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "[sources.ProdEU]\ntype = \"command\"\ncommand = [\"echo\", \"1\"]\n[[dashboards]]\nname = \"D\"\n[[dashboards.panels]]\nid = \"P\"\nview = \"stat\"\nsource = \"ProdEU\"\n",
    );
    let document: Value =
        serde_json::from_str(&stdout(&run(&["status", "--format", "json", "--config", &file]))).unwrap();
    assert_eq!(document["sources"][0]["name"], "ProdEU");
}

/// Code and path of every problem of a file.
fn problems(text: &str) -> Vec<(String, String)> {
    let folder = Folder::new();
    let file = folder.write("b.toml", text);
    let output = run(&["validate", "--format", "json", "--config", &file]);
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let word = |problem: &Value, key: &str| problem[key].as_str().unwrap().to_owned();
    document["problems"].as_array().unwrap().iter().map(|one| (word(one, "code"), word(one, "path"))).collect()
}

#[test]
fn one_mistake_hides_no_other_and_makes_none() {
    const SOURCE: &str = "[sources.s]\ntype = \"json\"\nurl = \"http://127.0.0.1:1\"\n";
    const PANEL: &str =
        "[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\nquery = \".[\"\n";
    for (text, expected) in [
        (
            format!(
                "{SOURCE}[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stta\"\nsource = \"x\"\nwarning = \"5\"\nlink = \"x\"\n"
            ),
            &[
                ("unknown-view", "dashboards[0].panels[0].view"),
                ("unknown-source", "dashboards[0].panels[0].source"),
                ("bad-threshold", "dashboards[0].panels[0].warning"),
                ("bad-url", "dashboards[0].panels[0].link"),
            ][..],
        ),
        (
            format!("{SOURCE}refresh = \"fast\"\nstale_after = 5\n{PANEL}"),
            &[
                ("wrong-value", "sources.s.refresh"),
                ("wrong-value", "sources.s.stale_after"),
                ("bad-query", "dashboards[0].panels[0].query"),
            ],
        ),
        (
            format!("[sources.s]\ntype = \"json\"\nauth = {{ bearer = 5 }}\n{PANEL}"),
            &[
                ("missing-key", "sources.s"),
                ("wrong-type", "sources.s.auth.bearer"),
                ("bad-query", "dashboards[0].panels[0].query"),
            ],
        ),
        (
            format!(
                "{SOURCE}[[notify]]\non = [\"brokn\", \"fixed\", \"mended\"]\nquiet = [\"Sat\", \"25:00\", \"x\"]\nper_hour = 0\nbel = 1\n\
                     [[notify]]\nbell = true\n[[dashboards]]\nname = \"d\"\nrows = [[\"c\", 5, \"x\"]]\npanels = [{{ view = \"clock\", id = \"c\" }}]\n"
            ),
            &[
                ("unknown-value", "notify[0].on[0]"),
                ("unknown-value", "notify[0].on[2]"),
                ("wrong-value", "notify[0].quiet[1]"),
                ("wrong-value", "notify[0].quiet[2]"),
                ("empty", "notify[0].per_hour"),
                ("unknown-key", "notify[0].bel"),
                ("empty", "notify[0]"),
                ("missing-key", "notify[1]"),
                ("wrong-type", "dashboards[0].rows[0][1]"),
                ("unknown-panel", "dashboards[0].rows[0][2]"),
            ],
        ),
        (
            format!(
                "{SOURCE}[variables.a]\nvalues = 5\n[variables.b]\nvalue = [\"x\"]\n[[dashboards]]\n[[dashboards.panels]]\nview = \"stat\"\n\
                     title = \"$a $b\"\nqueries = [{{ name = \"a\", surce = \"s\", query = \".\" }}, {{ source = \"t\", query = \".\" }}, {{ name = \"c\", source = 5 }}]\nvalue = \"a / b\"\n"
            ),
            &[
                ("wrong-type", "variables.a.values"),
                ("unknown-key", "variables.b.value"),
                ("missing-key", "variables.b"),
                ("missing-key", "dashboards[0]"),
                ("unknown-key", "dashboards[0].panels[0].queries[0].surce"),
                ("missing-key", "dashboards[0].panels[0]"),
                ("missing-key", "dashboards[0].panels[0].queries[1]"),
                ("unknown-source", "dashboards[0].panels[0].queries[1].source"),
                ("wrong-type", "dashboards[0].panels[0].queries[2].source"),
            ],
        ),
    ] {
        let mut found = problems(&text);
        let mut expected: Vec<_> =
            expected.iter().map(|(code, path)| ((*code).to_owned(), (*path).to_owned())).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{text}");
    }
}
