//! The real program in a terminal, on a real Buildbot and on a real git repository.

use std::path::Path;
use std::process::Command;

use crate::support::buildbot::{Buildbot, is_here};
use crate::support::folder::Folder;
use crate::support::installed::is_installed;
use crate::support::pty::Session;
use crate::support::{run, stderr, stdout};

/// What a wall says of a build: the line with its name, and the one below it.
fn said_of(text: &str, name: &str) -> String {
    // The sentence at the top names builds, too.
    let mut lines = text.lines().skip(4).skip_while(|line| !line.contains(&format!(" {name} ")));
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    format!("{first} {second}")
}

#[test]
fn the_wall_runs_turns_red_and_turns_green_as_the_builds_do() {
    if !is_here("live_builds::the_wall_runs_turns_red_and_turns_green_as_the_builds_do") {
        return;
    }
    let buildbot = Buildbot::started();
    let folder = Folder::new();
    let board = folder.write(
        "board.toml",
        &format!(
            "title = \"Builds\"\nrefresh = \"1s\"\n[sources.ci]\ntype = \"buildbot\"\nurl = \"{}\"\n\
             [[dashboards]]\nname = \"d\"\nrows = [[\"wall\"], [\"stages\"], [\"events\"]]\n\
             [[dashboards.panels]]\nid = \"wall\"\ntitle = \"Wall\"\nlayer = \"pipeline\"\nview = \"builds\"\nsource = \"ci\"\n\
             [[dashboards.panels]]\nid = \"stages\"\ntitle = \"Stages\"\nlayer = \"pipeline\"\nview = \"stages\"\nsource = \"ci\"\nquery = \"fails\"\n\
             [[dashboards.panels]]\nid = \"events\"\ntitle = \"Events\"\nlayer = \"pipeline\"\nview = \"events\"\n",
            buildbot.url()
        ),
    );
    let mut session = Session::start(&["--config", &board], (120, 40));
    session.wait_for("builders that never ran", |text| {
        ["passes", "fails", "slow"].iter().all(|name| said_of(text, name).contains("never run"))
    });
    buildbot.force("slow");
    session.wait_for("a build that runs", |text| text.contains("◌ slow ▶"));
    buildbot.force("passes");
    buildbot.force("fails");
    session.wait_for("a green build, and a red one", |text| {
        text.contains("● passes") && text.contains("✖ fails") && said_of(text, "fails").contains(" red ")
    });
    session.wait_for("the step that failed", |text| text.contains("✖ unit tests"));
    session.wait_for("the verdict", |text| text.contains("fails red"));
    buildbot.make("done");
    session.wait_for("what ran is green", |text| text.contains("● slow"));
    buildbot.make("mended");
    buildbot.force("fails");
    session.wait_for("what was red is green, and that is told", |text| {
        text.contains("● fails") && text.contains("fails fixed by 2")
    });
    session.send("q");
    assert_eq!(session.exit_within(std::time::Duration::from_secs(5)), Some(0));
}

fn git(folder: &Path, moment: &str, arguments: &[&str]) {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .env("GIT_COMMITTER_DATE", moment)
        .env("GIT_AUTHOR_DATE", moment)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
}

/// Three tags, the last annotated, with two commits between the second and the third.
fn repository(folder: &Folder) -> std::path::PathBuf {
    let path = folder.path().join("shop");
    std::fs::create_dir(&path).unwrap();
    git(&path, "2026-11-01T10:00:00Z", &["init", "--quiet"]);
    for (tag, minutes) in [("v1.0", &["00"][..]), ("v1.1", &["10"]), ("v2.0", &["20", "30"])] {
        for minute in minutes {
            let moment = format!("2026-11-01T10:{minute}:00Z");
            git(&path, &moment, &["commit", "--quiet", "--allow-empty", "-m", &format!("work of {minute}")]);
        }
        let tagged = "2026-11-01T11:00:00Z";
        match tag {
            "v2.0" => git(&path, tagged, &["tag", "-a", tag, "-m", "the second"]),
            tag => git(&path, tagged, &["tag", tag]),
        }
    }
    path
}

#[test]
fn tags_and_commits_of_a_real_repository_are_events() {
    if !is_installed("live_builds::tags_and_commits_of_a_real_repository_are_events", &["git"]) {
        return;
    }
    let folder = Folder::new();
    let path = repository(&folder);
    let board = |keys: &str| {
        folder.write(
            "board.toml",
            &format!(
                "people = true\n[sources.versions]\ntype = \"git\"\npath = \"{}\"\nservice = \"shop\"\n{keys}\n[[dashboards]]\nname = \"d\"\n\
                 [[dashboards.panels]]\nid = \"e\"\ntitle = \"Events\"\nview = \"events\"\nlayer = \"pipeline\"\n",
                path.display()
            ),
        )
    };
    let screen = |keys: &str| stdout(&run(&["snapshot", "--size", "120x20", "--config", &board(keys)]));
    let tags = screen("tags = \"v*\"");
    let at = |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("no {part}:\n{text}"));
    assert!(at(&tags, "shop v2.0") < at(&tags, "shop v1.0"), "the newest first:\n{tags}");
    assert!(at(&tags, "the second") > 0 && at(&tags, "Ada Lovelace") > 0, "{tags}");
    let commits = screen("branch = \"main\"\nkind = \"note\"");
    assert_eq!(commits.matches("work of").count(), 4, "{commits}");
    let missing = screen("branch = \"gone\"");
    assert!(missing.contains("command failed") && missing.contains("gone"), "git's own words:\n{missing}");
}
