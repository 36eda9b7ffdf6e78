//! The supervisor of one command: a process between a board and the command.
//!
//! It leads a session without a terminal, and on Linux whatever loses its parent below it becomes its child
//! (a subreaper): so it knows when nothing of the command is left, and can end all of it, daemons that made
//! sessions of their own included. Standard input is one end of a socket: when the board closes the other
//! one, or is gone, the command is ended.
//!
//! Source: prctl(2), `PR_SET_CHILD_SUBREAPER`; wait(2): without children left it fails with ECHILD.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, kill_process_group, wait};

/// From TERM to KILL.
const KILL_GRACE: Duration = Duration::from_secs(2);

/// Runs a command, reports how it ended, and ends what it left behind; returns when nothing is left. The words
/// are its folder (empty: the one of the board), its program, and the arguments.
pub fn run(words: impl Iterator<Item = OsString>) -> io::Result<()> {
    let mut line = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // The report: "exit 0", "signal 9", "unstartable entity not found"; "nowhere ..." of its folder.
    supervise(words, &mut line).or_else(|error| writeln!(line, "unstartable {}", error.kind()))
}

/// The folder is entered here, and not in the board: one on a dead mount blocks whoever goes there.
fn supervise(mut words: impl Iterator<Item = OsString>, line: &mut UnixStream) -> io::Result<()> {
    // Fails only where it leads a session already: then it has no terminal either.
    let _leads_one = rustix::process::setsid();
    adopt_orphans()?;
    let (Some(folder), Some(program)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    if !folder.is_empty()
        && let Err(error) = std::env::set_current_dir(folder)
    {
        return writeln!(line, "nowhere {}", error.kind());
    }
    let child = Command::new(program).args(words).process_group(0).stdin(Stdio::null()).spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    let how = attend(pid, line);
    if let Ok(how) = &how {
        // The board may be gone.
        let _nobody = writeln!(line, "{how}");
    }
    // Also when it could not be attended to: nothing runs that nobody can end.
    leave_nothing(pid);
    how.map(drop)
}

/// Waits for the command's end, and ends it before when the board says so; how it ended.
fn attend(pid: Pid, line: &UnixStream) -> io::Result<String> {
    let nothing = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    // The board reads to the end of the output: that is when the command has closed it, not its supervisor.
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;
    let (over, told) = channel::<()>();
    let board = line.try_clone()?;
    std::thread::Builder::new().spawn(move || end_when_the_board_says_so(board, pid, &told))?;
    let how = ended(pid)?;
    drop(over);
    Ok(how)
}

/// Ends what the command left behind, and returns when it is gone.
fn leave_nothing(group: Pid) {
    if cfg!(not(target_os = "linux")) {
        let _nobody_left = kill_process_group(group, Signal::KILL);
    }
    loop {
        match wait(WaitOptions::NOHANG) {
            // Orphans are children of this process: none is left.
            Err(Errno::CHILD) => return,
            Ok(None) => {
                signal_all(group, Signal::KILL);
                let _one_less = wait(WaitOptions::empty());
            }
            // Those that were started between the look at the processes and the signal come next.
            Ok(Some(_)) | Err(_) => {}
        }
    }
}

#[cfg(target_os = "linux")]
fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Elsewhere what makes a session of its own is not found again.
#[cfg(not(target_os = "linux"))]
fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// TERM to all, then KILL, unless the command has ended before (`told` hangs up).
fn end_when_the_board_says_so(mut board: UnixStream, pid: Pid, told: &Receiver<()>) {
    while board.read(&mut [0]).is_ok_and(|read| read > 0) {}
    signal_all(pid, Signal::TERM);
    if told.recv_timeout(KILL_GRACE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        signal_all(pid, Signal::KILL);
    }
}

/// Waits for the command itself; orphans of it that end before are reaped on the way.
fn ended(pid: Pid) -> io::Result<String> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((one, status))) if one == pid => return Ok(words(status)),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn words(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "signal 0".to_owned(),
    }
}

/// To all that descends from this process; where nobody can say what does, to the command's group.
fn signal_all(group: Pid, signal: Signal) {
    // In both cases: nobody left is what we hope for.
    match descendants() {
        Some(all) => all.into_iter().for_each(|pid| {
            let _gone = kill_process(pid, signal);
        }),
        None => {
            let _gone = kill_process_group(group, signal);
        }
    }
}

/// All processes below this one, as /proc has them.
fn descendants() -> Option<Vec<Pid>> {
    std::fs::metadata("/proc/self/stat").ok()?;
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let stat = std::fs::read(entry.path().join("stat")).unwrap_or_default();
        if let Some(parent) = parent(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut next = children.remove(&rustix::process::getpid().as_raw_nonzero().get()).unwrap_or_default();
    while let Some(pid) = next.pop() {
        found.extend(Pid::from_raw(pid));
        next.extend(children.remove(&pid).unwrap_or_default());
    }
    Some(found)
}

/// The parent in a line of /proc/PID/stat: "7 (any (name) S 1 ...". The name may hold anything.
fn parent(stat: &[u8]) -> Option<i32> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let rest = std::str::from_utf8(stat.get(after_name..)?).ok()?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent(b"42 (sleep) S 7 42 42 0 -1"), Some(7));
        assert_eq!(parent(b"42 (a) S 1 (b \xff) R 9 1"), Some(9));
        assert_eq!(parent(b"42 (sleep"), None);
        assert_eq!(parent(b""), None);
    }
}
