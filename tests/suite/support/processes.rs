//! Processes that a process has started.

use rustix::process::{Pid, Signal, kill_process};

/// The processes below one: its children, theirs, and so on.
pub fn below(process: u32) -> Vec<u32> {
    let (mut all, mut next) = (Vec::new(), vec![process]);
    while let Some(process) = next.pop() {
        let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
        let children: Vec<u32> =
            children.unwrap_or_default().split_whitespace().filter_map(|id| id.parse().ok()).collect();
        all.extend(&children);
        next.extend(children);
    }
    all
}

/// Ends processes, as far as they are still there.
pub fn end(processes: &[u32]) {
    for process in processes.iter().filter_map(|process| Pid::from_raw(*process as i32)) {
        let _ended = kill_process(process, Signal::KILL);
    }
}
