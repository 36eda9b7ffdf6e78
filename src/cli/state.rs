//! Where a board keeps its past.

use std::path::{Path, PathBuf};

use crate::config::Board;
use crate::history::Settings;

/// The history of a board with this file; none where it keeps none.
pub(super) fn history(board: &Board, file: &Path) -> Option<Settings> {
    let history = board.history.as_ref()?;
    let path = history.path.clone().or_else(|| Some(folder()?.join(name(file))));
    let Some(path) = path else {
        tracing::warn!("no history is kept: there is neither $XDG_STATE_HOME nor $HOME; set [history] path");
        return None;
    };
    Some(Settings { path, max_bytes: history.max_bytes, flush: history.flush, logs: history.logs })
}

/// Where the state of programs lives (XDG Base Directory Specification); of a service, where systemd says.
fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let service = absolute("STATE_DIRECTORY");
    let own =
        || Some(absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?.join("andon"));
    service.or_else(own)
}

/// "dashboards-1f0c2a93.sqlite": two boards with files of one name have a history each.
fn name(file: &Path) -> String {
    let whole = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let stem = whole.file_stem().map_or_else(|| "board".into(), |stem| stem.to_string_lossy().into_owned());
    // FNV-1a: the same in every release.
    let bytes = whole.as_os_str().as_encoded_bytes();
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    format!("{stem}-{hash:08x}.sqlite")
}
