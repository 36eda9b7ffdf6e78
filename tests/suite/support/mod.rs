//! What several tests need.

pub mod answers;
pub mod browser;
pub mod buildbot;
pub mod engine;
pub mod folder;
pub mod installed;
pub mod market;
pub mod names;
pub mod page;
pub mod payloads;
pub mod processes;
pub mod prometheus;
pub mod proxy;
pub mod pty;
pub mod running;
pub mod server;
pub mod serving;
pub mod sshd;
pub mod tls;
pub mod webdriver;

use std::process::{Command, Output};

/// The program under test, with an environment of its own.
pub fn andon() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_andon"));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("TZ", "UTC")
        .env("LANG", "C.UTF-8")
        // A test keeps a history only where it says where.
        .env("ANDON_HISTORY", "off");
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    andon().args(arguments).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs an ignored test of this suite in a process of its own, where nothing else opens files or takes
/// memory.
pub fn alone(test: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--include-ignored", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{test}:\n{}\n{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("1 passed"), "{test} was not run:\n{}", stdout(&output));
}
