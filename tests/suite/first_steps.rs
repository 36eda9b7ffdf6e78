//! What a newcomer does in the first minutes: the demo, flags in any order, a theme that is not there, the manual.

use crate::support::folder::Folder;
use crate::support::{run, stderr, stdout};

const BOARD: &str = "[sources.s]\ntype = \"command\"\ncommand = [\"echo\", \"1\"]\n[[dashboards]]\nname = \"d\"\n\
    [[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\ncritical = \"> 5\"\n";

#[test]
fn the_demo_runs_in_a_folder_without_a_config() {
    let folder = Folder::new();
    let output =
        crate::support::andon().arg("demo").current_dir(folder.path()).output().expect("the program can be started");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("Orders"), "{}", stdout(&output));
}

#[test]
fn flags_of_the_board_may_stand_before_the_command() {
    let folder = Folder::new();
    let file = folder.write("b.toml", BOARD);
    for arguments in [["--config", &file, "status"], ["status", "--config", &file]] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert!(stdout(&output).starts_with("OK: "), "{}", stdout(&output));
    }
    // What the command does not take is refused, not ignored.
    for arguments in [["--kiosk", "status"], ["--dashboard=x", "validate"], ["--refresh=5s", "themes"]] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("this command does not take --"), "{}", stderr(&output));
    }
}

#[test]
fn a_theme_that_is_not_there_has_its_place_in_the_file() {
    let folder = Folder::new();
    let file = folder.write("b.toml", &format!("theme = \"nope\"\n{BOARD}"));
    for command in ["validate", "status"] {
        let output = run(&[command, "--config", &file]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(stderr(&output).contains("b.toml:1:9") && stderr(&output).contains("nope"), "{}", stderr(&output));
    }
    // A flag has no place in the file.
    let output = run(&["status", "--theme", "nope", "--config", &folder.write("c.toml", BOARD)]);
    assert!(!stderr(&output).contains("c.toml:"), "{}", stderr(&output));
}

#[test]
fn the_manual_has_keys_files_environment_and_exit_codes() {
    let manual = stdout(&run(&["man"]));
    for part in
        [".SH KEYS", ".SH FILES", ".SH ENVIRONMENT", ".SH \"EXIT STATUS\"", "ANDON_LOG", "zoom the chosen panel"]
    {
        assert!(
            manual.replace("\\-", "-").contains(part) || manual.contains(&part.replace('"', "")),
            "{part}: {manual}"
        );
    }
}
