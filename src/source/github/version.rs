//! Which names of branches and tags name a version.

/// Whether a name reads like a version: `v2`, `v1.2.3-rc.1`, `2026.11`. A bare number does not, and neither
/// does a branch of many versions, like `2.x`.
pub(crate) fn is_version(name: &str) -> bool {
    let bare = name.strip_prefix(['v', 'V']).unwrap_or(name);
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    let (numbers, rest) = bare.split_at(end);
    let numbers = numbers.trim_end_matches('.');
    let has_parts = bare.len() < name.len() || numbers.contains('.');
    let is_number = numbers.split('.').all(|part| !part.is_empty());
    has_parts && is_number && !rest.eq_ignore_ascii_case("x")
}

/// Whether a version is part of a name, as in the tags of a repository with several packages: `shop-v1.2`.
pub(crate) fn names_version(name: &str) -> bool {
    let starts = name.char_indices().filter(|(_, c)| matches!(c, '-' | '_' | '/' | '@'));
    is_version(name) || starts.filter_map(|(at, _)| name.get(at + 1..)).any(is_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_branches() {
        for name in ["v2", "V1.2.3", "v1.2.3-rc.1", "2026.11", "1.0.0+7", "1.0.Final"] {
            assert!(is_version(name), "{name}");
        }
        for name in ["main", "hotfix-7", "release/1.2", "7", "2.x", "v", "", "vendor", "shop-v1.2", "1..2"] {
            assert!(!is_version(name), "{name}");
        }
        for (name, has) in [("shop-v1.2", true), ("@acme/ui@1.2.3", true), ("release/1.2", true), ("issue-123", false)]
        {
            assert_eq!(names_version(name), has, "{name}");
        }
    }
}
