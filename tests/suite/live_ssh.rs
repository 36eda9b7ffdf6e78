//! The board over SSH: a real OpenSSH server with the drop-in that is shipped, and real clients.

use std::path::Path;
use std::time::Duration;

use crate::support::folder::Folder;
use crate::support::pty::Session;
use crate::support::sshd::{ANDON, Sshd, adapted, is_here, orchard, said, shipped, wait};

/// A client that was killed is noticed by its connection, not by its silence.
const SOON: Duration = Duration::from_secs(5);

fn shown(session: &Session) {
    session.wait_for("the board", |text| text.contains("Orchard") && text.contains("Apples"));
}

fn is_gone(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

fn quits(session: &mut Session) {
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
}

#[test]
fn two_clients_look_at_what_each_wants() {
    if !is_here("live_ssh::two_clients_look_at_what_each_wants") {
        return;
    }
    let served = orchard();
    let sshd = Sshd::started(&served.socket());
    let (mut wide, mut narrow) = (sshd.session((120, 40), &[], &[]), sshd.session((80, 24), &[], &[]));
    for session in [&wide, &narrow] {
        shown(session);
        session.wait_for_modes(true);
    }
    let width = |session: &Session| session.text().lines().map(|line| line.trim_end().chars().count()).max().unwrap();
    assert!((81..=120).contains(&width(&wide)) && width(&narrow) <= 80, "{}, {}", width(&wide), width(&narrow));
    assert_eq!(sshd.viewers().len(), 2);
    narrow.send("2");
    narrow.wait_for("the second page", |text| text.contains("Plums") && !text.contains("Apples"));
    wide.send("?");
    wide.wait_for("the help", |text| text.contains("freeze the picture"));
    assert!(!narrow.text().contains("freeze the picture") && narrow.text().contains("Plums"));
    wide.send("\x1b");
    wide.wait_for("still the first page", |text| text.contains("Apples") && !text.contains("freeze the picture"));
    narrow.resize(100, 30);
    narrow.wait_for("the new size", |text| text.lines().any(|line| line.trim_end().chars().count() > 80));
    quits(&mut narrow);
    quits(&mut wide);
    wait("the end of both on the server", || sshd.viewers().is_empty());
}

#[test]
fn a_client_that_is_killed_leaves_nothing_behind() {
    if !is_here("live_ssh::a_client_that_is_killed_leaves_nothing_behind") {
        return;
    }
    let served = orchard();
    let sshd = Sshd::started(&served.socket());
    let (killed, other) = (sshd.session((120, 40), &[], &[]), sshd.session((80, 24), &[], &[]));
    shown(&killed);
    let first = sshd.viewers();
    shown(&other);
    wait("both viewers", || sshd.viewers().len() == 2);
    // Which of the two is whose is not known before one of them has gone.
    let all = sshd.viewers();
    killed.signal(rustix::process::Signal::KILL);
    let took = wait("the end of its viewer", || all.iter().filter(|process| is_gone(**process)).count() == 1);
    assert!(took < SOON, "{took:?}");
    assert_eq!(sshd.viewers().len(), 1, "{first:?} {all:?}");
    let before = other.bytes();
    wait("the other to go on", || other.bytes() > before);
}

#[test]
fn who_has_no_signal_says_so_and_comes_back_to_the_same_page() {
    if !is_here("live_ssh::who_has_no_signal_says_so_and_comes_back_to_the_same_page") {
        return;
    }
    let mut served = orchard();
    let sshd = Sshd::started(&served.socket());
    let mut session = sshd.session((120, 40), &[], &[]);
    shown(&session);
    session.send("2");
    session.wait_for("the second page", |text| text.contains("Plums"));
    served.kill();
    session.wait_for("no signal", |text| text.contains("this is how it was") && text.contains("Plums"));
    served.start_again();
    session.wait_for("the same page", |text| {
        !text.contains("this is how it was") && text.contains("Plums") && !text.contains("Apples")
    });
    quits(&mut session);
    // Without a board the client hears why, and has no shell either.
    served.kill();
    let mut late = sshd.session((120, 40), &[], &[]);
    assert_eq!(late.exit_within(SOON), Some(1));
    late.wait_for_raw("the reason", "the andon that served here has ended");
}

#[test]
fn colours_are_those_of_the_clients_terminal() {
    if !is_here("live_ssh::colours_are_those_of_the_clients_terminal") {
        return;
    }
    let served = orchard();
    let sshd = Sshd::started(&served.socket());
    let raw = |options: &[&str], environment: &[(&str, &str)]| {
        let mut session = sshd.session((120, 40), options, environment);
        shown(&session);
        quits(&mut session);
        String::from_utf8_lossy(&session.raw()).into_owned()
    };
    let has = |raw: &str| [raw.contains("8;2;"), raw.contains("8;5;")];
    assert_eq!(has(&raw(&[], &[])), [false, true], "TERM comes by itself, COLORTERM does not");
    assert_eq!(has(&raw(&["-o", "SendEnv=COLORTERM"], &[])), [true, false]);
    assert_eq!(has(&raw(&["-o", "SendEnv=NO_COLOR"], &[("NO_COLOR", "1")])), [false, false]);
    let ascii = sshd.session((120, 40), &["-o", "SendEnv=LANG"], &[("LANG", "de_DE.ISO-8859-1")]);
    ascii.wait_for("an ASCII frame", |text| text.contains("Apples") && text.is_ascii());
}

#[test]
fn a_certificate_with_the_right_principal_opens_the_board_and_no_other_key_does() {
    if !is_here("live_ssh::a_certificate_with_the_right_principal_opens_the_board_and_no_other_key_does") {
        return;
    }
    let served = orchard();
    let sshd = Sshd::started_with(&served.socket(), |folder, drop_in| {
        // The line that the file offers.
        let drop_in = drop_in.replace("#TrustedUserCAKeys", "TrustedUserCAKeys");
        std::fs::copy(folder.path().join("authority.pub"), folder.path().join("ca.pub")).unwrap();
        drop_in
    });
    let file = |name: &str| sshd.folder.path().join(name).display().to_string();
    let certify = |principal: &str| {
        let (authority, key) = (file("authority"), file("stranger.pub"));
        said("ssh-keygen", &["-q", "-s", &authority, "-I", "alice", "-n", principal, "-V", "+5m", &key]);
    };
    let session = || {
        let mut arguments = sshd.options("stranger");
        arguments.extend(["-tt".to_owned(), sshd.address()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Session::run(crate::support::sshd::CLIENT, &arguments, (120, 40), &[])
    };
    let is_refused = |why: &str| assert_eq!(session().exit_within(SOON), Some(255), "{why}");
    is_refused("a key without a certificate");
    certify("somebody");
    is_refused("a certificate for somebody else");
    certify(&sshd.user);
    let mut session = session();
    shown(&session);
    assert!(sshd.log().contains(" ID alice "), "the log names who looks:\n{}", sshd.log());
    quits(&mut session);
}

#[test]
fn a_restricted_key_needs_no_drop_in() {
    if !is_here("live_ssh::a_restricted_key_needs_no_drop_in") {
        return;
    }
    let served = orchard();
    let socket = served.socket();
    let sshd = Sshd::started_with(&socket, |folder, drop_in| {
        let user = drop_in.split("\nMatch User ").nth(1).unwrap().lines().next().unwrap();
        // The line of the guide, up to its key.
        let guide = shipped("docs/ssh.md");
        let line =
            guide.lines().find(|line| line.starts_with("restrict,pty,command=")).expect("the guide has the line");
        let options = line.split(" ssh-ed25519").next().unwrap();
        let key = std::fs::read_to_string(folder.path().join("id.pub")).unwrap();
        folder.write(&format!("{user}.keys"), &format!("{} {key}", adapted(options, folder, user, &socket)));
        String::new()
    });
    let mut session = sshd.session((120, 40), &[], &[]);
    shown(&session);
    quits(&mut session);
    let output = sshd.client(&["-T", "-W", "127.0.0.1:1"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("administratively prohibited"), "{output:?}");
}

#[test]
fn the_shell_that_is_shipped_is_no_shell() {
    if !is_here("live_ssh::the_shell_that_is_shipped_is_no_shell") {
        return;
    }
    let served = orchard();
    let folder = Folder::new();
    let text = shipped("packaging/andon-board-shell");
    let by_name = "/run/andon/$(/usr/bin/id -un).sock";
    assert!(text.contains(by_name));
    let user = said("id", &["-un"]);
    let socket = folder.path().join(format!("{}.sock", user.trim()));
    std::os::unix::fs::symlink(served.socket(), &socket).unwrap();
    let here = format!("{}/$(/usr/bin/id -un).sock", folder.path().display());
    let shell = folder.write("shell", &text.replace(by_name, &here).replace("/usr/bin/andon ", &format!("{ANDON} ")));
    let made = folder.path().join("made");
    let line = format!("touch {}", made.display());
    for arguments in [&["-c", line.as_str()][..], &["-l"], &[]] {
        let arguments: Vec<&str> = [shell.as_str()].into_iter().chain(arguments.iter().copied()).collect();
        let mut session = Session::run("/bin/sh", &arguments, (120, 40), &[]);
        shown(&session);
        quits(&mut session);
    }
    assert!(!Path::new(&made).exists());
}
