//! Adds a line to the file of events.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::line::Line;

/// Adds an event to a file in one write, so that two writers never mix their lines. A last line that nobody
/// ended is ended first. The error is a sentence. May take as long as the disk takes.
pub fn append(file: &Path, line: &Line) -> Result<(), String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{} cannot be written: {why}", file.display());
    let text = serde_json::to_string(line).map_err(|error| wrong(&error))?;
    let mut open = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        // It may hold what not everybody is to read.
        .mode(0o640)
        // A named pipe would keep us waiting for its reader.
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(file)
        .map_err(|error| match (error.kind(), file.parent()) {
            // The file itself would have been made.
            (ErrorKind::NotFound, Some(folder)) if !folder.exists() => {
                wrong(&format!("there is no folder {}; make it first", folder.display()))
            }
            (kind, _) => wrong(&kind),
        })?;
    // What is written to a pipe or a device is lost.
    if !open.metadata().map_err(|error| wrong(&error.kind()))?.is_file() {
        return Err(wrong(&"it is not a regular file"));
    }
    let begin = if ends_in_a_line(&mut open).map_err(|error| wrong(&error.kind()))? { "" } else { "\n" };
    open.write_all(format!("{begin}{text}\n").as_bytes()).map_err(|error| wrong(&error.kind()))
}

fn ends_in_a_line(file: &mut File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_nothing_is_not_written_to() {
        let line = Line { title: "x".to_owned(), ..Line::default() };
        let why = append(Path::new("/dev/null"), &line).unwrap_err();
        assert_eq!(why, "/dev/null cannot be written: it is not a regular file");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let line = Line { title: "x".to_owned(), ..Line::default() };
        let why = append(Path::new("/nonexistent/events.jsonl"), &line).unwrap_err();
        assert_eq!(why, "/nonexistent/events.jsonl cannot be written: there is no folder /nonexistent; make it first");
    }
}
