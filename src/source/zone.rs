//! The time zone of this machine.

use std::path::PathBuf;

use jiff::tz::TimeZone;

/// Largest file of a time zone taken, in bytes; the largest of all is under 10 KiB.
const LARGEST: u64 = 1024 * 1024;

/// What `TZ` says, else `/etc/localtime`; UTC when neither says one. `TZ` may name any file, and the library
/// reads it to its end: a device has none, and a pipe is waited for.
pub fn of_this_machine() -> TimeZone {
    let named = std::env::var("TZ").ok().filter(|named| !named.is_empty());
    let named = named.as_deref().map_or("/etc/localtime", |named| named.strip_prefix(':').unwrap_or(named));
    if let Ok(zone) = TimeZone::get(named) {
        return zone;
    }
    let reads_well = |path: PathBuf| match std::fs::metadata(path) {
        Ok(meta) => meta.is_file() && meta.len() <= LARGEST,
        // Not a file but a rule, such as "CET-1CEST,M3.5.0,M10.5.0/3".
        Err(_) => true,
    };
    if reads_well(named.into()) { TimeZone::try_system().unwrap_or(TimeZone::UTC) } else { TimeZone::UTC }
}
