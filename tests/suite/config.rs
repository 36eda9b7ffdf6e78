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

/// Every problem of a file, as it is told to programs.
fn report(text: &str) -> Vec<Value> {
    let folder = Folder::new();
    let file = folder.write("b.toml", text);
    let output = run(&["validate", "--format", "json", "--config", &file]);
    let mut document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    std::mem::take(document["problems"].as_array_mut().unwrap())
}

/// Code and path of every problem of a file.
fn problems(text: &str) -> Vec<(String, String)> {
    let word = |problem: &Value, key: &str| problem[key].as_str().unwrap().to_owned();
    report(text).iter().map(|one| (word(one, "code"), word(one, "path"))).collect()
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

#[test]
fn each_source_is_told_at_the_key_that_cannot_be_used() {
    // The keys of a source; of each problem the key and what stands under the caret.
    let table: &[(&str, &[(&str, &str)])] = &[
        ("type = \"prometheus\"\nurl = \"http://h/api/v1/query\"", &[("url", "\"http://h/api")]),
        ("type = \"cctray\"\nurl = \"http://h/\"\ntimezone = \"Berlin\"", &[("timezone", "\"Berlin\"")]),
        ("type = \"ical\"\ntimezone = \"Mars\"", &[("timezone", "\"Mars\"")]),
        ("type = \"ical\"", &[("url", "s]")]),
        ("type = \"ical\"\nurl = \"http://h/\"\nfile = \"/a.ics\"", &[("file", "\"/a.ics\"")]),
        ("type = \"command\"\ncommand = []", &[("command", "[]")]),
        ("type = \"command\"\ncommand = [\"a\", \"|\", \"b\"]", &[("command", "[\"a\"")]),
        (
            "type = \"events\"\nfile = \"a.jsonl\"\nlisten = \"0.0.0.0:1\"",
            &[("file", "\"a.jsonl\""), ("listen", "\"0.0.0.0:1\""), ("listen", "\"0.0.0.0:1\"")],
        ),
        (
            "type = \"git\"\npath = \"/a\"\ntags = \"v*\"\nbranch = \"-x\"",
            &[("branch", "\"-x\""), ("branch", "\"-x\"")],
        ),
        ("type = \"jenkins\"\nurl = \"h\"\ndepth = 9", &[("depth", "9"), ("url", "\"h\"")]),
        ("type = \"jenkins\"\nurl = \"simulator://shop/jenkins\"\ndepth = 9", &[("depth", "9")]),
        (
            "type = \"probe\"\ntargets = [\"http://h\", \"ftp://h\", \"db=tcp://h\", \"simulator://shop\"]",
            &[("targets[1]", "\"ftp://h\""), ("targets[2]", "\"db=tcp://h\"")],
        ),
        ("type = \"probe\"\ntargets = []", &[("targets", "[]")]),
        (
            "type = \"github-actions\"\nrepositories = [\"a/b\", \"a\"]\norganisation = \"c/d\"",
            &[("organisation", "\"c/d\""), ("repositories[1]", "\"a\"]")],
        ),
        ("type = \"github-deployments\"", &[("repositories", "s]")]),
        ("type = \"github-reviews\"", &[("repositories", "s]")]),
        ("type = \"gitlab\"\ngroup = \"/\"", &[("projects", "s]")]),
        ("type = \"gitlab-deployments\"", &[("projects", "s]")]),
        ("type = \"gitlab-reviews\"", &[("projects", "s]")]),
    ];
    for (keys, expected) in table {
        let text = format!("[sources.s]\n{keys}\n[[dashboards]]\nname = \"d\"\n");
        let mut found: Vec<(String, String)> = report(&text)
            .iter()
            .filter(|problem| problem["severity"] == "error")
            .map(|problem| {
                let at = |key: &str| problem[key].as_u64().unwrap() as usize - 1;
                let below: String = text.lines().nth(at("line")).unwrap().chars().skip(at("column")).collect();
                assert!(problem["help"].as_str().is_some() || problem["code"] == "wrong-value", "{problem}");
                (problem["path"].as_str().unwrap().replace("sources.s.", ""), below)
            })
            .collect();
        found.sort();
        let is_expected = |(found, expected): (&(String, String), &(&str, &str))| {
            found.0 == expected.0 && found.1.starts_with(expected.1)
        };
        assert!(found.len() == expected.len() && found.iter().zip(*expected).all(is_expected), "{keys}: {found:#?}");
    }
}

#[test]
fn what_is_most_likely_meant_otherwise_of_who_looks_is_warned_of() {
    let folder = Folder::new();
    let rest = "[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"clock\"\nid = \"c\"\n";
    let named = |name: &str| format!("[[audience]]\nname = \"{name}\"\nsocket = \"/run/x.sock\"\ndashboards = \"d\"\n");
    for (text, warning) in [
        (named("Team"), Some("not the 'team'")),
        (named("pubic"), Some("not the 'public'")),
        (named(" public"), Some("not the 'public'")),
        (named("steam engines"), None),
        (named("team"), None),
        (named("public"), None),
        ("[web]\nhosts = [\"board.example.com\"]\n".to_owned(), Some("through a proxy")),
        ("[web]\nhosts = [\"board.example.com\"]\ntoken = { env = \"PATH\" }\n".to_owned(), None),
        (format!("[web]\nhosts = [\"board.example.com\"]\n{}", named("public")), None),
        ("[web]\n".to_owned(), None),
    ] {
        let file = folder.write("b.toml", &format!("{text}{rest}"));
        let output = run(&["validate", "--strict", "--config", &file]);
        let said = stderr(&output);
        assert_eq!(output.status.success(), warning.is_none(), "{text}: {said}");
        assert!(warning.is_none_or(|warning| said.contains(warning)), "{text}: {said}");
    }
}
