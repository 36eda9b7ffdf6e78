//! Logs: files, the journal, commands and standard input, followed for real; rules that count them; the panel in a terminal.

use std::fs::File;
use std::io::Write as _;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Instant;

use andon::model::freshness::Freshness;
use andon::model::log::{Level, LogLine, MAX_LINES};
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::time::now;
use andon::view::scene::PanelScene;

use crate::support::folder::Folder;
use crate::support::installed::is_installed;
use crate::support::pty::{PATIENCE, Session};
use crate::support::running::Running;

/// A board with a source of these keys: its lines, and a panel for each of these rules.
fn board(keys: &str, rules: &[&str]) -> String {
    let panel = |rule: &&str| {
        format!("[[dashboards.panels]]\nid = \"{rule}\"\nview = \"stat\"\nsource = \"log\"\nquery = \"{rule}\"\n")
    };
    format!(
        "refresh = \"1s\"\n[sources.log]\ntype = \"logs\"\n{keys}\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\n\
         id = \"lines\"\nview = \"logs\"\nsource = \"log\"\n{}",
        rules.iter().map(panel).collect::<String>()
    )
}

fn files(folder: &Folder, glob: &str) -> String {
    format!("files = [\"{}\"]", folder.path().join(glob).display())
}

fn append(folder: &Folder, name: &str, text: &str) {
    let file = File::options().append(true).create(true).open(folder.path().join(name));
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

/// A board, and all lines that it was told.
struct Told {
    running: Running,
    lines: Vec<LogLine>,
    /// The lines of the largest answer.
    largest: usize,
}

impl Told {
    async fn start(keys: &str) -> Self {
        Self::of(&board(keys, &[])).await
    }

    async fn of(text: &str) -> Self {
        Self { running: Running::start(text).await, lines: Vec::new(), largest: 0 }
    }

    fn messages(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.message.as_str()).collect()
    }

    /// Waits until a panel is like that.
    async fn panel(&mut self, id: &str, is_so: impl Fn(&PanelScene) -> bool) {
        let begin = Instant::now();
        while !is_so(&self.running.panel(id)) {
            assert!(
                begin.elapsed() < PATIENCE,
                "{:?}: {}",
                self.running.panel(id).status,
                self.running.panel(id).reason
            );
            self.running.next().await;
        }
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < PATIENCE, "{what}: {:?}", self.messages());
            if let Ok(Telemetry::Logs(lines)) =
                self.running.outcome("lines").await.answer.map(|answer| answer.split().0)
            {
                self.largest = self.largest.max(lines.len());
                self.lines.extend(lines.iter().map(|line| line.as_ref().clone()));
            }
        }
    }
}

#[tokio::test]
async fn files_are_followed_and_their_errors_are_counted() {
    let folder = Folder::new();
    append(&folder, "a.log", "an old line\n");
    let rule = "[sources.log.rules.errors]\nlevel = \"error\"\nby = [\"category\"]";
    let text = board(&format!("{}\nevery = \"1s\"\n{rule}", files(&folder, "*.log")), &["errors"]);
    let mut told = Told::of(&text).await;
    told.until("the old line", |told| told.messages() == ["an old line"]).await;
    told.panel("errors", |panel| panel.reason.contains("errors never matched") && panel.value == Some(0.0)).await;
    append(&folder, "a.log", "ERROR shop.pay: refused\n\tat Pay.java:7\n");
    append(&folder, "new.log", "{\"level\":50,\"name\":\"shop.mail\",\"msg\":\"no relay\"}\n");
    told.until("the new lines", |told| told.lines.len() == 3).await;
    let refused = told.lines.iter().find(|line| line.message.as_str() == "refused").unwrap();
    assert_eq!((refused.level, refused.category.as_str(), refused.more.len()), (Some(Level::Error), "shop.pay", 1));
    told.panel("errors", |panel| !panel.reason.contains("never matched")).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_no_log_without_errors() {
    let folder = Folder::new();
    let rule = "[sources.log.rules.errors]\nlevel = \"error\"";
    let text = board(&format!("{}\nevery = \"1s\"\n{rule}", files(&folder, "none.log")), &["errors", "misspelled"]);
    let mut told = Told::of(&text).await;
    let cannot = "none.log cannot be read: entity not found";
    told.panel("errors", |panel| panel.status == Status::Unknown && panel.reason.contains(cannot)).await;
    append(&folder, "none.log", "ERROR x\n");
    told.panel("errors", |panel| !panel.reason.contains(cannot) && panel.value.is_some()).await;
    std::fs::remove_file(folder.path().join("none.log")).unwrap();
    told.panel("errors", |panel| panel.status == Status::Unknown && panel.reason.contains(cannot)).await;
    let error = told.running.outcome("misspelled").await.answer.unwrap_err();
    assert_eq!(error.detail.as_str(), "this source has no rule 'misspelled'; it has errors");
}

#[tokio::test]
async fn a_command_goes_on_and_its_end_is_said() {
    let mut told =
        Told::start("command = [\"sh\", \"-c\", \"echo WARN one; echo two; echo why not >&2; exit 3\"]").await;
    told.until("both lines", |told| told.messages() == ["one", "two"]).await;
    told.panel("lines", |panel| panel.reason.contains("sh: exit code 3: why not")).await;
}

#[tokio::test]
async fn a_command_that_has_ended_does_not_stop_the_files_beside_it() {
    let folder = Folder::new();
    append(&folder, "a.log", "one\n");
    let keys = format!("{}\ncommand = [\"sh\", \"-c\", \"exit 7\"]", files(&folder, "a.log"));
    let mut told = Told::start(&keys).await;
    told.until("the file", |told| told.messages() == ["one"]).await;
    told.panel("lines", |panel| panel.reason.contains("sh: exit code 7")).await;
    append(&folder, "a.log", "two\n");
    told.until("the file again", |told| told.messages() == ["one", "two"]).await;
}

#[test]
fn a_board_that_is_reloaded_with_another_rule_goes_on_with_its_log() {
    let folder = Folder::new();
    append(&folder, "a.log", "first line\n");
    let text = board(&files(&folder, "a.log"), &[]);
    let file = folder.write("b.toml", &text);
    let session = Session::start(&["--config", &file], (120, 40));
    session.wait_for("the line", |text| text.contains("first line"));
    std::fs::write(&file, text.replace("[[dashboards]]", "every = \"5s\"\n[[dashboards]]")).unwrap();
    // Lines of the source that was made anew come, and what was known is not shown twice.
    let number = std::cell::Cell::new(0);
    session.wait_for("lines after the reload", |text| {
        number.set(number.get() + 1);
        append(&folder, "a.log", &format!("later line {}\n", number.get()));
        text.matches("later line").count() > 3
    });
    assert_eq!(session.text().matches("first line").count(), 1);
}

#[tokio::test]
async fn of_a_flood_of_lines_the_last_ones_are_told_and_no_answer_is_larger_than_it_may_be() {
    let folder = Folder::new();
    append(&folder, "a.log", "");
    let mut told = Told::start(&files(&folder, "a.log")).await;
    told.until("the file", |told| told.running.panel("lines").freshness == Freshness::Fresh).await;
    let flood: String = (0..200_000).map(|n| format!("INFO shop: order {n} taken\n")).collect();
    append(&folder, "a.log", &flood);
    append(&folder, "a.log", "the last one\n");
    told.until("the last line", |told| told.messages().last() == Some(&"the last one")).await;
    assert!(told.largest <= MAX_LINES && told.lines.len() < 200_000, "{} {}", told.largest, told.lines.len());
}

#[test]
fn a_log_on_standard_input_is_searched_filtered_and_grouped() {
    let folder = Folder::new();
    let lines: String =
        (0..30).map(|n| format!("INFO shop: order {n} taken\nERROR shop.pay: card {n} refused\n")).collect();
    let file = folder.write("in.log", &lines);
    let program = env!("CARGO_BIN_EXE_andon");
    // The writer stays: a log whose writer is gone is over.
    let mut session =
        Session::run("sh", &["-c", &format!("{{ cat {file}; sleep 60; }} | {program} --logs -")], (120, 40), &[]);
    session.wait_for("the lines", |text| text.contains("card 29 refused") && text.contains("card <*> refused"));
    session.send("\r");
    session.wait_for("the zoomed log", |text| text.contains("/ search") && !text.contains("card <*> refused"));
    session.send("ford");
    session.wait_for("a filter being typed", |text| text.contains("filter ord_") && !text.contains("refused"));
    session.send("er\r");
    session.wait_for("the filter", |text| text.contains("filter order") && text.contains("order 29 taken"));
    session.send("\x1b");
    session.wait_for("no filter", |text| text.contains("card 29 refused") && !text.contains("filter order"));
    session.send("f/(/");
    session.wait_for("what is wrong with it", |text| text.contains("/(/ is no regular expression: unclosed group"));
    session.send("\x1b");
    session.wait_for("all lines again", |text| text.contains("card 29 refused") && !text.contains("no regular"));
    session.send("/refused\r");
    session
        .wait_for("a search hides nothing", |text| text.contains("search refused") && text.contains("order 29 taken"));
    session.send("\x1b");
    session.wait_for("no search", |text| !text.contains("search refused"));
    session.send("v");
    session.wait_for("patterns", |text| text.contains("order <*> taken") && text.contains("card <*> refused"));
    session.send("\r");
    session.wait_for("the lines of one", |text| text.contains("pattern order <*> taken") && !text.contains("refused"));
    session.send("\x1b");
    session.wait_for("the patterns again", |text| text.contains("card <*> refused"));
    session.send("\x1b");
    session.wait_for("all lines", |text| text.contains("card 29 refused") && text.contains("order 29 taken"));
    session.send(" ");
    session.wait_for("the held picture", |text| text.contains("PAUSED"));
}

#[tokio::test]
async fn live_logrotate_loses_no_line_and_tells_none_twice() {
    if !is_installed("live_logrotate", &["/usr/sbin/logrotate"]) {
        return;
    }
    for copies in [true, false] {
        let folder = Folder::new();
        append(&folder, "app.log", "line 0\n");
        // The rotated files are within the glob.
        let mut told = Told::start(&files(&folder, "app.log*")).await;
        told.until("the first line", |told| told.messages() == ["line 0"]).await;
        let way = if copies { "copytruncate" } else { "create" };
        let log = folder.path().join("app.log");
        let config =
            folder.write("rotate.conf", &format!("{} {{\n rotate 3\n {way}\n su root root\n}}\n", log.display()));
        for round in 1..=3 {
            let before = told.lines.len();
            append(&folder, "app.log", &format!("line {round}a\nline {round}b\n"));
            told.until("what was written before", |told| told.lines.len() >= before + 2).await;
            let state = folder.path().join("state");
            let rotated =
                Command::new("/usr/sbin/logrotate").args(["--force", "--state"]).arg(state).arg(&config).output();
            let output = rotated.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            append(&folder, "app.log", &format!("line {round}c\n"));
            told.until("what was written after", |told| told.lines.len() >= before + 3).await;
        }
        let mut names = told.messages();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), told.lines.len()), (10, 10), "{way}: {:?}", told.messages());
    }
}

#[tokio::test]
async fn live_the_journal_is_followed() {
    const REMOTE: &str = "/lib/systemd/systemd-journal-remote";
    if !is_installed("live_journal", &["journalctl", REMOTE]) {
        return;
    }
    let folder = Folder::new();
    let journal = folder.path().join("test.journal");
    let write = |message: &str, priority: u8| {
        let micros = now().0 * 1000;
        let entry = format!(
            "__REALTIME_TIMESTAMP={micros}\n__MONOTONIC_TIMESTAMP={micros}\n_BOOT_ID=0123456789abcdef0123456789abcdef\n\
             MESSAGE={message}\nPRIORITY={priority}\nSYSLOG_IDENTIFIER=shop\n\n"
        );
        let export = folder.write("entry.export", &entry);
        let output = Command::new(REMOTE).arg("--output").arg(&journal).arg(export).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    write("card refused", 3);
    let keys = format!("journal = true\njournal_arguments = [\"--file={}\"]", journal.display());
    let mut told = Told::start(&keys).await;
    told.until("the line that was there", |told| told.messages() == ["card refused"]).await;
    assert_eq!((told.lines[0].level, told.lines[0].category.as_str()), (Some(Level::Error), "shop"));
    write("order taken", 6);
    told.until("the line that came", |told| told.messages() == ["card refused", "order taken"]).await;
}

#[tokio::test]
async fn live_lines_of_logger_are_syslog() {
    if !is_installed("live_logger", &["logger"]) {
        return;
    }
    let folder = Folder::new();
    append(&folder, "sys.log", "");
    let mut told = Told::start(&files(&folder, "sys.log")).await;
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = receiver.local_addr().unwrap().port().to_string();
    for form in ["--rfc3164", "--rfc5424"] {
        let to = ["--udp", "--server", "127.0.0.1", "--port", &port];
        let options = ["--priority", "local0.err", "--tag", "shop", form];
        let sent = Command::new("logger").args(to).args(options).arg(format!("sent {form}")).status();
        assert!(sent.unwrap().success());
        let mut packet = [0; 1024];
        let length = receiver.recv(&mut packet).unwrap();
        append(&folder, "sys.log", &format!("{}\n", String::from_utf8_lossy(&packet[..length])));
    }
    told.until("both lines", |told| told.lines.len() == 2).await;
    for (line, form) in told.lines.iter().zip(["--rfc3164", "--rfc5424"]) {
        let found = (line.level, line.category.as_str(), line.message.to_string());
        assert_eq!(found, (Some(Level::Error), "shop", format!("sent {form}")));
    }
}
