//! Who is told of what turns: a program, a webhook, the terminal.

use crate::support::folder::Folder;
use crate::support::pty::Session;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr};

fn feed(server: &Server, status: &str, activity: &str, label: u32) {
    let body = format!(
        "<Projects><Project name=\"shop/main\" activity=\"{activity}\" lastBuildStatus=\"{status}\" lastBuildLabel=\"{label}\" \
         lastBuildTime=\"2026-11-21T08:00:0{label}Z\" webUrl=\"http://ci/{label}\"/></Projects>"
    );
    server.route("/cc.xml", Reply::body("application/xml", &body));
}

/// A board that tells of builds, by every way there is, and of nothing in the mail's group.
fn board(folder: &Folder, server: &Server) -> String {
    // A program that keeps what it is told: its argument, and what is in its environment.
    let told = folder.path().join("told");
    let program = folder.write(
        "tell.sh",
        &format!("printf '%s|%s|%s\\n' \"$1\" \"$ANDON_TURN\" \"$ANDON_URL\" >> {}\n", told.display()),
    );
    folder.write(
        "board.toml",
        &format!(
            "title = \"Shop\"\nrefresh = \"1s\"\n[sources.ci]\ntype = \"cctray\"\nurl = \"{}\"\n\
             [[notify]]\non = [\"started\", \"broken\", \"still-broken\", \"fixed\"]\nmatch = \"shop/*\"\n\
             command = [\"sh\", \"{program}\", \"{{text}}; $(touch {})\"]\nbell = true\ndesktop = true\n\
             [[notify]]\non = [\"critical\", \"recovered\"]\nwebhook = \"{}\"\ntoken = {{ env = \"HOOK\" }}\n\
             [[notify]]\non = [\"broken\"]\nmatch = \"mail/*\"\ncommand = [\"touch\", \"{}\"]\n\
             [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"wall\"\ntitle = \"Wall\"\nview = \"builds\"\nlayer = \"pipeline\"\nsource = \"ci\"\n\
             [[dashboards.panels]]\nid = \"log\"\ntitle = \"Log\"\nview = \"events\"\nlayer = \"pipeline\"\n",
            server.url("/cc.xml"),
            folder.path().join("shell").display(),
            server.url("/hook"),
            folder.path().join("mail").display(),
        ),
    )
}

#[test]
fn what_turns_is_told_once_and_by_every_way() {
    let (server, folder) = (Server::start(), Folder::new());
    server.route("/hook", Reply::body("text/plain", "ok"));
    feed(&server, "Success", "Sleeping", 1);
    let board = board(&folder, &server);
    let session = Session::start_with(&["--config", &board], (120, 30), &[("HOOK", "canary-hook")]);
    session.wait_for("a green build", |text| text.contains("● shop/main"));
    let told = || std::fs::read_to_string(folder.path().join("told")).unwrap_or_default();
    let hooks = || server.requests().iter().filter(|head| head.starts_with("POST /hook")).count();
    let mut expected = String::new();
    let shell = folder.path().join("shell");
    for (status, activity, label, turn, says) in [
        ("Success", "Building", 1, "started", "shop/main started"),
        ("Failure", "Sleeping", 2, "broken", "shop/main is broken (2)"),
        ("Failure", "Sleeping", 3, "still-broken", "shop/main is still broken, 2 builds (3)"),
        ("Success", "Sleeping", 4, "fixed", "shop/main is fixed (4)"),
    ] {
        feed(&server, status, activity, label);
        expected.push_str(&format!("{says}; $(touch {})|{turn}|http://ci/{label}\n", shell.display()));
        session.wait_for(turn, |_| told() == expected);
        session.wait_for_raw("the desktop", &format!("\x1b]9;Shop: {says}\x1b\\\x07"));
    }
    // The panel turned critical, and recovered: each once.
    session.wait_for("both hooks", |_| hooks() == 2);
    assert!(server.requests().iter().any(|head| head.to_lowercase().contains("authorization: bearer canary-hook")));
    session.wait_for("the alert among the events", |text| text.contains("alert") && text.contains("Wall is critical"));
    assert!(!shell.exists(), "no shell reads what is told");
    assert!(!folder.path().join("mail").exists(), "another group's rule is silent");
}

#[test]
fn in_a_mass_outage_every_rule_tells() {
    const BUILDS: usize = 80;
    let (server, folder) = (Server::start(), Folder::new());
    let feed = |status: &str| {
        let one = |n| {
            format!(
                "<Project name=\"b{n}\" activity=\"Sleeping\" lastBuildStatus=\"{status}\" lastBuildLabel=\"{status}\" \
                 lastBuildTime=\"2026-11-21T08:00:00Z\" webUrl=\"http://ci/\"/>"
            )
        };
        let all: String = (0..BUILDS).map(one).collect();
        server.route("/cc.xml", Reply::body("application/xml", &format!("<Projects>{all}</Projects>")));
    };
    server.route("/hangs", Reply::Silence);
    server.route("/all", Reply::body("text/plain", "ok"));
    server.route("/some", Reply::body("text/plain", "ok"));
    feed("Success");
    let rule = |path: &str, limit: &str| {
        format!("[[notify]]\non = [\"broken\"]\nwebhook = \"{}\"\n{limit}\n", server.url(path))
    };
    let rules = rule("/hangs", "per_hour = 1000") + &rule("/all", "per_hour = 1000") + &rule("/some", "");
    let board = folder.write(
        "board.toml",
        &format!(
            "refresh = \"1s\"\n[sources.ci]\ntype = \"cctray\"\nurl = \"{}\"\n{rules}\
             [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"wall\"\nview = \"builds\"\nsource = \"ci\"\nlayer = \"pipeline\"\n",
            server.url("/cc.xml")
        ),
    );
    let session = Session::start(&["--config", &board], (120, 30));
    session.wait_for("green builds", |text| text.contains("● b"));
    feed("Failure");
    let count = |path: &str| {
        let head = format!("POST {path} ");
        server.requests().iter().filter(|request| request.starts_with(&head)).count()
    };
    session.wait_for("every rule", |_| (count("/all"), count("/some")) == (BUILDS, 20));
}

#[test]
fn what_could_not_be_told_is_counted_in_the_next_message() {
    let (server, folder) = (Server::start(), Folder::new());
    feed(&server, "Success", "Sleeping", 1);
    let (broken, told) = (folder.path().join("broken"), folder.path().join("told"));
    let program = folder.write(
        "tell.sh",
        &format!(
            "if [ -e {0} ]; then echo >> {0}; exit 1; fi\nprintf '%s\\n' \"$ANDON_TEXT\" >> {1}\n",
            broken.display(),
            told.display()
        ),
    );
    std::fs::write(&broken, "").unwrap();
    let board = folder.write(
        "board.toml",
        &format!(
            "refresh = \"1s\"\n[sources.ci]\ntype = \"cctray\"\nurl = \"{}\"\n\
             [[notify]]\non = [\"broken\", \"fixed\"]\ncommand = [\"sh\", \"{program}\"]\n\
             [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"wall\"\nview = \"builds\"\nsource = \"ci\"\nlayer = \"pipeline\"\n",
            server.url("/cc.xml")
        ),
    );
    let session = Session::start(&["--config", &board], (120, 30));
    session.wait_for("a green build", |text| text.contains("● shop/main"));
    let tried = || std::fs::read_to_string(&broken).unwrap().lines().count();
    for (label, status) in [(2, "Failure"), (3, "Success")] {
        feed(&server, status, "Sleeping", label);
        session.wait_for("a try", |_| tried() == label as usize - 1);
    }
    std::fs::remove_file(&broken).unwrap();
    feed(&server, "Failure", "Sleeping", 4);
    session.wait_for("the next message", |_| {
        std::fs::read_to_string(&told).is_ok_and(|told| told == "shop/main is broken (4) (2 more were lost)\n")
    });
}

#[test]
fn what_waits_is_told_though_a_reload_has_changed_the_rule() {
    let (server, folder) = (Server::start(), Folder::new());
    feed(&server, "Success", "Sleeping", 1);
    let (begun, gate, told) = (folder.path().join("begun"), folder.path().join("gate"), folder.path().join("told"));
    let board = |title: &str, program: &str| {
        folder.write(
            "board.toml",
            &format!(
                "title = \"{title}\"\nrefresh = \"1s\"\n[sources.ci]\ntype = \"cctray\"\nurl = \"{}\"\n\
                 [[notify]]\non = [\"broken\", \"fixed\"]\ncommand = [\"sh\", \"-c\", '{program}']\n\
                 [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"wall\"\nview = \"builds\"\nsource = \"ci\"\nlayer = \"pipeline\"\n",
                server.url("/cc.xml")
            ),
        )
    };
    let tells = |who: &str| format!("echo \"{who} $ANDON_TEXT\" >> {}", told.display());
    let waits = format!("touch {}; until [ -e {} ]; do sleep 0.05; done; ", begun.display(), gate.display());
    let file = board("Before", &format!("{waits}{}", tells("old")));
    let session = Session::start(&["--config", &file], (120, 30));
    session.wait_for("a green build", |text| text.contains("● shop/main"));
    feed(&server, "Failure", "Sleeping", 2);
    session.wait_for("the first message", |_| begun.exists());
    feed(&server, "Success", "Sleeping", 3);
    session.wait_for("a green build again", |text| text.contains("● shop/main"));
    board("After", &tells("new"));
    session.wait_for("the other board", |text| text.contains("After"));
    feed(&server, "Failure", "Sleeping", 4);
    let lines = || std::fs::read_to_string(&told).unwrap_or_default();
    session.wait_for("the new rule", |_| lines() == "new shop/main is broken (4)\n");
    std::fs::write(&gate, "").unwrap();
    session.wait_for("what waited", |_| {
        lines() == "new shop/main is broken (4)\nold shop/main is broken (2)\nold shop/main is fixed (3)\n"
    });
}

#[test]
fn a_start_and_a_silent_rule_tell_nobody() {
    let (server, folder) = (Server::start(), Folder::new());
    feed(&server, "Failure", "Sleeping", 1);
    let marker = folder.path().join("told");
    let board = folder.write(
        "board.toml",
        &format!(
            "refresh = \"1s\"\n[sources.ci]\ntype = \"cctray\"\nurl = \"{}\"\n\
             [[notify]]\non = [\"broken\", \"critical\", \"fixed\"]\nquiet = [\"00:00-23:59\", \"23:00-01:00\"]\ncommand = [\"touch\", \"{}\"]\nbell = true\n\
             [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"wall\"\nview = \"builds\"\nsource = \"ci\"\nlayer = \"pipeline\"\n",
            server.url("/cc.xml"),
            marker.display()
        ),
    );
    let session = Session::start(&["--config", &board], (80, 24));
    session.wait_for("a red build", |text| text.contains("✖ shop/main"));
    feed(&server, "Success", "Sleeping", 2);
    session.wait_for("a green build", |text| text.contains("● shop/main"));
    assert!(!marker.exists() && !session.raw().contains(&7));
}

#[test]
fn rules_that_tell_nothing_or_nobody_are_refused() {
    let folder = Folder::new();
    for (rule, part) in [
        ("on = []\nbell = true", "this rule notifies of nothing"),
        ("on = [\"broken\"]", "this rule notifies nobody"),
        ("on = [\"borken\"]\nbell = true", "did you mean 'broken'"),
        ("on = [\"broken\"]\nbell = true\nquiet = [\"night\"]", "names no days and hours"),
        ("on = [\"broken\"]\nwebhook = \"chat.example.com\"", "not a URL"),
        ("on = [\"broken\"]\nbel = true", "unknown key 'bel'"),
    ] {
        let board = folder.write(
            "board.toml",
            &format!("[[notify]]\n{rule}\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"t\"\nview = \"clock\"\n"),
        );
        let output = run(&["validate", "--config", &board]);
        assert_eq!(output.status.code(), Some(2), "{rule}");
        assert!(stderr(&output).contains(part), "{rule}: {}", stderr(&output));
    }
}
