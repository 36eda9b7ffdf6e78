//! What andon starts itself as, and nobody types: the supervisor of a command, a process that runs jq.

use std::process::ExitCode;

use crate::source::json::worker;
use crate::source::process::{JQ, SUPERVISE, supervise};

/// Does it, if that is what this process was started for. Its arguments are a command's own: no flag of andon.
pub(super) fn run() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let done = match words.next()?.to_str()? {
        SUPERVISE => supervise::run(words),
        JQ => worker::run(),
        _ => return None,
    };
    Some(done.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS))
}
