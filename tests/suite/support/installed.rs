//! What live tests need beside this repository.

use std::io::Write as _;

/// Whether programs are installed that a live test needs; says so when they are not.
pub fn is_installed(test: &str, programs: &[&str]) -> bool {
    let folders = ["/usr/bin", "/usr/local/bin"];
    let is_here = |name: &&str| folders.iter().any(|folder| std::path::Path::new(folder).join(name).exists());
    let missing: Vec<&str> = programs.iter().copied().filter(|name| !is_here(name)).collect();
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
