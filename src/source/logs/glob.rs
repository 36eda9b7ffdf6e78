//! Globs of files: `*` and `?` in any part of a path.

use std::path::{Component, Path, PathBuf};

use wildmatch::WildMatch;

/// Most names looked at in one folder.
const MAX_NAMES: usize = 10_000;
/// Files that are no text, in the manner of log rotation.
const PACKED: [&str; 5] = ["gz", "xz", "bz2", "zst", "zip"];

/// The files that a glob picks. A name without a `*` or a `?` picks itself, whether or not it is there.
pub(super) fn expand(glob: &Path, found: &mut Vec<PathBuf>) {
    let mut folders = vec![PathBuf::new()];
    let parts: Vec<Component<'_>> = glob.components().collect();
    for (index, part) in parts.iter().enumerate() {
        let name = part.as_os_str();
        let text = name.to_string_lossy();
        if !text.contains(['*', '?']) {
            for folder in &mut folders {
                folder.push(name);
            }
            continue;
        }
        let (is_last, pattern) = (index + 1 == parts.len(), WildMatch::new(&text));
        let picked = folders.iter().flat_map(|folder| names(folder, &pattern, is_last)).collect();
        folders = picked;
    }
    found.extend(folders);
}

fn names(folder: &Path, pattern: &WildMatch, is_last: bool) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let picked = entries.take(MAX_NAMES).filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // As in a shell: what is hidden has to be named.
        !name.starts_with('.') && pattern.matches(&name)
    });
    let is_wanted = |path: &PathBuf| {
        let is_packed = path.extension().is_some_and(|end| PACKED.iter().any(|packed| end == *packed));
        if is_last { path.is_file() && !is_packed } else { path.is_dir() }
    };
    picked.map(|entry| entry.path()).filter(is_wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_picked_in_folders_but_those_that_are_hidden_or_packed() {
        let root = std::env::temp_dir().join(format!("andon-glob-{}", std::process::id()));
        for name in ["a/1.log", "b/2.log", "b/3.log.gz", "b/.4.log", "b/5.txt"] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut found = Vec::new();
        expand(&root.join("*/?.log*"), &mut found);
        expand(&root.join("none.log"), &mut found);
        found.sort();
        assert_eq!(found, ["a/1.log", "b/2.log", "none.log"].map(|name| root.join(name)));
        std::fs::remove_dir_all(root).unwrap();
    }
}
