//! What live tests need beside this repository.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Whether programs are installed that a live test needs; says so when they are not.
pub fn is_installed(test: &str, programs: &[&str]) -> bool {
    let folders = ["/usr/bin", "/usr/local/bin"].map(Path::new);
    let place = |name: &&str| {
        let places = folders.map(|folder| folder.join(name));
        let found = places.iter().find(|place| place.exists()).cloned();
        found.unwrap_or_else(|| PathBuf::from(name))
    };
    is_there(test, &programs.iter().map(place).collect::<Vec<_>>())
}

/// The same for programs at places of their own.
pub fn is_there(test: &str, programs: &[PathBuf]) -> bool {
    let missing: Vec<String> =
        programs.iter().filter(|place| !place.exists()).map(|place| place.display().to_string()).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("ANDON_LIVE").is_none(), "{test}: {missing:?} must be installed when ANDON_LIVE is set");
    // Past the capture of the test harness: a skipped test must be heard of.
    let heard =
        writeln!(std::io::stderr(), "SKIPPED {test}: {} not installed; tests/run installs it", missing.join(" and "));
    heard.unwrap();
    false
}
