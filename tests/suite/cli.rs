//! The commands, as scripts and people use them.

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::{andon, run, stderr, stdout};

/// A board fed by a command that prints a number.
fn board(value: &str) -> (Folder, String) {
    let folder = Folder::new();
    let file = folder.write(
        "board.toml",
        &format!(
            "title = \"Test\"\n[sources.s]\ntype = \"command\"\ncommand = [\"echo\", \"{value}\"]\n[[dashboards]]\nname = \"one\"\n\
             [[dashboards.panels]]\nid = \"load\"\ntitle = \"Load\"\nview = \"stat\"\nsource = \"s\"\nwarning = \"> 5\"\ncritical = \"> 8\"\n\
             [[dashboards]]\nname = \"two\"\n[[dashboards.panels]]\nview = \"clock\"\n"
        ),
    );
    (folder, file)
}

#[test]
fn status_exits_as_monitoring_plugins_do() {
    for (value, code, word) in [("1", 0, "OK"), ("6", 1, "WARNING"), ("9", 2, "CRITICAL"), ("nonsense", 3, "UNKNOWN")] {
        let (_folder, file) = board(value);
        let output = run(&["status", "--config", &file]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(code), "{value}: {text}");
        assert!(text.starts_with(&format!("{word}: ")), "{text}");
    }
    let folder = Folder::new();
    let file = folder.write("b.toml", "[sources.s]\ntype = \"json\"\nurl = \"http://127.0.0.1:1/\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\nquery = \".\"\n");
    assert_eq!(run(&["status", "--config", &file]).status.code(), Some(3), "what nobody knows is unknown");
    // What andon itself fails in is unknown, in the words and in the exit code alike.
    let (_folder, file) = board("1");
    for place in ["judge", "view"] {
        let output = andon().env("ANDON_TRIPWIRE", place).args(["status", "--config", &file]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{place}: {}", stdout(&output));
        assert!(stdout(&output).starts_with("UNKNOWN: "), "{place}: {}", stdout(&output));
    }
}

#[test]
fn status_json_has_the_fixed_shape() {
    let (_folder, file) = board("6");
    let document: Value =
        serde_json::from_str(&stdout(&run(&["status", "--format", "json", "--config", &file]))).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let sorted = |mut keys: Vec<&str>| {
        keys.sort_unstable();
        keys.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(keys(&document), sorted(vec!["title", "status", "at", "dashboards", "sources"]));
    assert_eq!(keys(&document["dashboards"][0]), sorted(vec!["name", "status", "panels"]));
    assert_eq!(
        keys(&document["dashboards"][0]["panels"][0]),
        sorted(vec![
            "id",
            "title",
            "layer",
            "status",
            "judged",
            "freshness",
            "value",
            "unit",
            "text",
            "age_seconds",
            "since",
            "reason"
        ])
    );
    assert_eq!(
        keys(&document["sources"][0]),
        sorted(vec!["name", "type", "freshness", "last_success_age_seconds", "reason"])
    );
    assert_eq!(
        (document["status"].as_str(), document["dashboards"][0]["panels"][0]["value"].as_f64()),
        (Some("warning"), Some(6.0))
    );
}

#[test]
fn snapshots_come_in_every_format_and_size() {
    let (folder, file) = board("6");
    let snapshot = |format: &str| stdout(&run(&["snapshot", "--size", "60x12", "--format", format, "--config", &file]));
    let text = snapshot("text");
    assert_eq!(text.lines().count(), 12);
    assert!(text.contains("Load") && text.contains("warning"));
    assert!(snapshot("ansi").contains("\x1b[") && !snapshot("ansi").contains("\x1b[1;1H"));
    assert!(snapshot("svg").starts_with("<svg ") && snapshot("svg").trim_end().ends_with("</svg>"));
    assert!(snapshot("html").starts_with("<!doctype html>"));
    let json: Value = serde_json::from_str(&snapshot("json")).unwrap();
    assert_eq!((json["rows"].as_array().unwrap().len(), json["status"]["status"].as_str()), (12, Some("warning")));
    let out = folder.path().join("picture.svg");
    let output = run(&["snapshot", "--format", "svg", "--config", &file, "-o", out.to_str().unwrap()]);
    assert!(output.status.success() && stdout(&output).is_empty());
    assert!(std::fs::read_to_string(&out).unwrap().starts_with("<svg "));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-written is left");
}

#[test]
fn a_snapshot_replaces_a_file_and_nothing_else() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
    let (folder, file) = board("6");
    let at = |name: &str| folder.path().join(name);
    let snapshot =
        |name: &str| run(&["snapshot", "--size", "60x12", "--config", &file, "-o", at(name).to_str().unwrap()]);
    let kind = |name: &str| std::fs::symlink_metadata(at(name)).unwrap().file_type();
    let is_a_picture = |name: &str| std::fs::read_to_string(at(name)).unwrap().contains("Load");

    folder.write("real.txt", "as it was");
    std::fs::set_permissions(at("real.txt"), std::fs::Permissions::from_mode(0o604)).unwrap();
    for (link, target) in
        [("link", "real.txt"), ("link-to-link", "link"), ("to-nothing-yet", "new.txt"), ("device", "/dev/null")]
    {
        symlink(target, at(link)).unwrap();
        assert!(snapshot(link).status.success(), "{link}");
        assert!(kind(link).is_symlink(), "{link} is no link any more");
    }
    assert!(is_a_picture("real.txt") && is_a_picture("new.txt"));
    assert_eq!(std::fs::metadata(at("real.txt")).unwrap().permissions().mode() & 0o777, 0o604);
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());

    let made = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
    assert!(made.success());
    let reading = std::thread::spawn({
        let fifo = at("fifo");
        move || std::fs::read_to_string(fifo).unwrap()
    });
    assert!(snapshot("fifo").status.success());
    assert!(kind("fifo").is_fifo() && reading.join().unwrap().contains("Load"));

    let output = snapshot("");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("it is a folder; name a file in it"), "{}", stderr(&output));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
}

#[test]
fn output_that_was_left_non_blocking_is_written_whole() {
    use std::io::Read as _;
    let (_folder, file) = board("6");
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    let size = ["snapshot", "--size", "500x200", "--config", &file];
    let mut child = andon().args(size).stdout(writer).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // Read from only when it is full.
    while rustix::io::ioctl_fionread(&reader).unwrap() < 60_000 && child.try_wait().unwrap().is_none() {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(text.lines().count(), 200);
}

#[test]
fn a_dashboard_can_be_named_and_a_wrong_name_is_answered() {
    let (_folder, file) = board("6");
    assert!(stdout(&run(&["snapshot", "--dashboard", "two", "--config", &file])).contains("two · page 2 of 3"));
    let output = run(&["status", "--dashboard", "three", "--config", &file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no dashboard 'three'; there are one, two"));
}

#[test]
fn without_a_terminal_the_board_is_one_snapshot() {
    let (_folder, file) = board("6");
    let output = run(&["--config", &file]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("Load") && !stdout(&output).contains('\x1b'));
}

#[test]
fn the_environment_and_flags_are_layers() {
    let (_folder, file) = board("6");
    let ok = andon().args(["validate", "--config", &file]).env("ANDON_THEME", "frost").output().unwrap();
    assert!(ok.status.success());
    let output = andon().args(["validate", "--config", &file]).env("ANDON_THEME", "nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the theme 'nowhere': is not there; there are andon, "));
    let flag_wins = andon()
        .args(["validate", "--theme", "ember", "--config", &file])
        .env("ANDON_THEME", "nowhere")
        .output()
        .unwrap();
    assert!(flag_wins.status.success());
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path().join("andon")).unwrap();
    folder.write("andon/config.toml", "theme = \"nowhere\"\n");
    let personal =
        andon().args(["validate", "--config", &file]).env("XDG_CONFIG_HOME", folder.path()).output().unwrap();
    assert_eq!(personal.status.code(), Some(2), "the personal file is a layer");
}

#[test]
fn what_a_flag_or_a_variable_says_is_blamed_on_it_and_on_no_line() {
    let (_folder, file) = board("1");
    for (arguments, variable, parts) in [
        (
            &["--refresh", "5"][..],
            ("ANDON_REFRESH", "banana"),
            ["error[wrong-value]: --refresh: ", "write it like --refresh 10s, or leave it out"],
        ),
        (
            &["--refresh", "5ms"],
            ("ANDON_REFRESH", ""),
            ["error[too-short]: --refresh: ", "write it like --refresh 10s, or leave it out"],
        ),
        (
            &[],
            ("ANDON_REFRESH", "banana"),
            ["error[wrong-value]: ANDON_REFRESH: ", "write it like ANDON_REFRESH=10s, or unset it"],
        ),
        (
            &[],
            ("ANDON_GLYPHS", "round"),
            ["error[unknown-value]: ANDON_GLYPHS: ", "write it like ANDON_GLYPHS=ascii, or unset it"],
        ),
    ] {
        let output =
            andon().args(["validate", "--config", &file]).args(arguments).env(variable.0, variable.1).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)) && !said.contains("b.toml:"), "{said}");
    }
    // A flag has the last word: what it stands over is not wrong.
    let output =
        andon().args(["validate", "--refresh", "5s", "--config", &file]).env("ANDON_REFRESH", "banana").output();
    assert!(output.unwrap().status.success());
}

#[test]
fn a_flag_that_cannot_be_read_is_no_status() {
    let (_folder, file) = board("1");
    let output = run(&["status", "--wait", "5", "--config", &file]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "1 would be a warning: {said}");
    assert!(said.contains("'--wait <TIME>': '5' has no unit"), "{said}");
}

#[test]
fn a_dash_is_standard_output() {
    let (folder, file) = board("1");
    let here = |arguments: &[&str]| andon().args(arguments).current_dir(folder.path()).output().unwrap();
    let starter = here(&["init", "-o", "-"]);
    assert!(starter.status.success() && stdout(&starter).starts_with("# A starter board."), "{}", stdout(&starter));
    assert!(!stdout(&starter).contains(" written: "));
    let picture = stdout(&here(&["snapshot", "--size", "60x12", "-o", "-", "--config", &file]));
    assert_eq!(picture.lines().count(), 12, "{picture}");
    let event = stdout(&here(&["event", "deployed", "--file", "-"]));
    assert!(event.starts_with("{\"title\":\"deployed\"") && event.ends_with("}\n"), "{event}");
    assert!(!folder.path().join("-").exists());
}

#[test]
fn a_board_without_its_flag_is_told_the_flag() {
    for arguments in [&["validate", "b.toml"][..], &["status", "b.toml"], &["b.toml"], &["doctor", "./b.toml"]] {
        let output = run(arguments);
        let said = stderr(&output);
        let file = arguments[arguments.len() - 1];
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("tip: the board's file is named with '--config {file}'")), "{said}");
    }
    assert!(!stderr(&run(&["validate", "--colour"])).contains("--config"));
}

#[test]
fn a_users_theme_is_found_by_name_and_by_path() {
    let (_board, file) = board("6");
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path().join("andon/themes")).unwrap();
    let path =
        folder.write("andon/themes/mine.toml", "about = \"my own\"\ninherits = \"andon\"\n[roles]\nok = \"#00ff00\"\n");
    let with_home =
        |arguments: &[&str]| andon().args(arguments).env("XDG_CONFIG_HOME", folder.path()).output().unwrap();
    assert!(with_home(&["validate", "--theme", "mine", "--config", &file]).status.success());
    assert!(stdout(&with_home(&["themes"])).contains("my own"));
    assert!(run(&["validate", "--theme", &path, "--config", &file]).status.success());
    // A scheme of base16 as it is.
    let colours: String = (0..16).map(|n| format!("  base{n:02X}: \"#{0:02x}{0:02x}{0:02x}\"\n", n * 17)).collect();
    folder.write("andon/themes/greys.yaml", &format!("system: base16\nname: Greys\nauthor: me\npalette:\n{colours}"));
    assert!(stdout(&with_home(&["themes"])).contains("Greys, by me"));
    assert!(with_home(&["validate", "--theme", "greys", "--config", &file]).status.success());
    folder.write("andon/themes/greys.yaml", "base00: blue\n");
    let refused = stderr(&with_home(&["validate", "--theme", "greys", "--config", &file]));
    assert!(refused.contains("line 1: base00 is 'blue'"), "{refused}");
}

#[test]
fn init_writes_a_board_that_is_valid_and_replaces_nothing_unasked() {
    let folder = Folder::new();
    let file = folder.path().join("mine.toml");
    let file = file.to_str().unwrap();
    let output = run(&["init", "-o", file]);
    assert!(output.status.success(), "{}", stderr(&output));
    let check = run(&["validate", "--strict", "--config", file]);
    assert!(check.status.success(), "{}", stderr(&check));
    let again = run(&["init", "-o", file]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("is there already"));
    assert!(run(&["init", "--force", "-o", file]).status.success());
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink("elsewhere.toml", &link).unwrap();
    let link = link.to_str().unwrap();
    assert!(stderr(&run(&["init", "-o", link])).contains("is there already"), "a link to nothing is there, too");
    assert!(run(&["init", "--force", "-o", link]).status.success());
    assert!(std::fs::symlink_metadata(link).unwrap().is_symlink() && folder.path().join("elsewhere.toml").exists());
}

#[test]
fn the_catalogues_name_everything() {
    let sources = stdout(&run(&["sources"]));
    for kind in andon::source::KINDS {
        assert!(sources.contains(&format!("\n{}: ", kind.word)));
    }
    let panels = stdout(&run(&["panels"]));
    for kind in andon::panel::KINDS {
        assert!(panels.contains(&format!("\n{}: ", kind.word)));
    }
    for key in ["warning", "for", "hysteresis", "match", "link"] {
        assert!(panels.contains(&format!("    {key} ")), "{key}:\n{panels}");
    }
    let themes = stdout(&run(&["themes"]));
    for (name, _) in andon::render::theme::EMBEDDED {
        assert!(themes.contains(name));
    }
}

#[test]
fn completions_and_the_manual_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&run(&["completions", shell]));
        assert!(script.contains("snapshot") && script.contains("validate"), "{shell}");
    }
    let manual = stdout(&run(&["man"])).replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
    let commands = manual.split_once(".SH COMMANDS\n").unwrap().1.split(".SH ").next().unwrap().to_owned();
    for command in <andon::cli::arguments::Arguments as clap::CommandFactory>::command().get_subcommands() {
        let name = command.get_name();
        let part = commands.split(&format!(".SS andon {name}\n")).nth(1).unwrap_or_else(|| panic!("{name}: {manual}"));
        let part = part.split(".SS ").next().unwrap();
        assert!(part.contains(&command.get_about().unwrap().to_string()), "{name}: {part}");
        for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(part.contains(&format!("--{flag}")), "{name} --{flag}: {part}");
        }
    }
    assert!(!manual.contains(".SH EXTRA") && !manual.contains("andon-status(1)"), "{manual}");
}

#[test]
fn a_variable_is_picked_by_flag() {
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "[variables.env]\nvalues = [\"production\", \"staging\"]\n[sources.s]\ntype = \"command\"\ncommand = [\"echo\", \"1\"]\n\
         [[dashboards]]\nname = \"d\"\ntitle = \"Shop $env\"\n[[dashboards.panels]]\ntitle = \"Load ${env}\"\nview = \"stat\"\nsource = \"s\"\n",
    );
    assert!(stdout(&run(&["snapshot", "--config", &file])).contains("Load production"));
    assert!(stdout(&run(&["snapshot", "--var", "env=staging", "--config", &file])).contains("Load staging"));
    let wrong = run(&["snapshot", "--var", "env=stagin", "--config", &file]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("did you mean 'staging'?"), "{}", stderr(&wrong));
}

#[test]
fn a_proxy_is_used_for_others_and_not_for_this_machine() {
    let proxied = |arguments: &[&str]| {
        let proxy = [("HTTP_PROXY", "http://127.0.0.1:1"), ("http_proxy", "http://127.0.0.1:1")];
        stdout(&andon().args(arguments).envs(proxy).output().unwrap())
    };
    let shop = proxied(&["status", "--format", "json"]);
    let shop: Value = serde_json::from_str(&shop).unwrap();
    assert_eq!(shop["dashboards"][0]["panels"][0]["freshness"], "fresh", "{shop:#}");
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "[sources.s]\ntype = \"json\"\nurl = \"http://example.invalid/\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\nquery = \".a\"\n",
    );
    assert!(proxied(&["status", "--config", &file]).contains("connection refused"), "the proxy was not asked");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    use std::process::Stdio;
    let mut child = andon().arg("schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}
