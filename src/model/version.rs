//! A version as servers write it: a tag, a commit, the digest of an image, a branch with a commit.

/// Digits of a commit that are shown.
const SHOWN: usize = 8;
/// The fewest digits that a commit is abbreviated to.
const ABBREVIATED: usize = 7;
/// From so many hexadecimal digits on it is a commit or a digest. A date with its time has up to 17.
const COMMIT: usize = 20;

/// A version, in the words of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version<'a>(&'a str);

impl<'a> Version<'a> {
    /// The version in a text. That of an image says how it was hashed (`sha256:`), which tells nothing.
    pub fn new(text: &'a str) -> Self {
        Self(text.strip_prefix("sha256:").unwrap_or(text))
    }

    /// As people say it: of a commit or a digest its first eight digits, of a branch with a commit ("main@0123456789")
    /// the branch and those, anything else as it is.
    pub fn short(self) -> String {
        match self.branch_and_commit() {
            Some((branch, commit)) => format!("{branch}@{}", short_commit(commit)),
            None if self.is_commit() => short_commit(self.0),
            None => self.0.to_owned(),
        }
    }

    /// Whether it is a whole commit, or a digest.
    pub fn is_commit(self) -> bool {
        is_commit(self.0)
    }

    /// A branch and its commit in "main@0123abcd".
    pub fn branch_and_commit(self) -> Option<(&'a str, &'a str)> {
        self.0.rsplit_once('@').filter(|(_, end)| end.len() >= ABBREVIATED && is_hexadecimal(end))
    }

    /// Whether two servers mean one version: "v2.14" and "2.14", a commit and its first digits, with or without its
    /// branch. A version that is not given is not a different one.
    pub fn is_same(self, other: Self) -> bool {
        let (a, b) = (self.bare(), other.bare());
        let begins = |long: &str, short: &str| is_commit(long) && short.len() >= ABBREVIATED && long.starts_with(short);
        a.is_empty() || b.is_empty() || a == b || begins(&a, &b) || begins(&b, &a)
    }

    /// What tells it from others: without its branch, and without a "v" before it.
    fn bare(self) -> String {
        let text = self.branch_and_commit().map_or(self.0, |(_, commit)| commit);
        text.strip_prefix(['v', 'V']).unwrap_or(text).to_ascii_lowercase()
    }
}

/// The begin of a text that is known to be a commit.
pub fn short_commit(commit: &str) -> String {
    commit.chars().take(SHOWN).collect()
}

fn is_commit(text: &str) -> bool {
    text.len() >= COMMIT && is_hexadecimal(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_commit_is_eight_digits_and_what_people_wrote_stays() {
        let digest = format!("sha256:{LONG}");
        let with_branch = format!("feature/the-basket@{LONG}");
        for (text, short) in [
            (LONG, "01234567"),
            (digest.as_str(), "01234567"),
            (with_branch.as_str(), "feature/the-basket@01234567"),
            ("v2.14", "v2.14"),
            ("0123456", "0123456"),
            ("20261121143022000", "20261121143022000"),
            ("shop@2.14", "shop@2.14"),
            ("", ""),
        ] {
            assert_eq!(Version::new(text).short(), short);
        }
    }

    #[test]
    fn a_commit_and_its_begin_are_one_version() {
        let is_same = |a: &str, b: &str| Version::new(a).is_same(Version::new(b));
        assert!(is_same(LONG, "0123456") && is_same("01234567", LONG));
        assert!(!is_same(LONG, "0123457") && !is_same("1.0", "1.01"));
        assert!(is_same("v2.14", "2.14") && is_same("", "2.14"));
        assert!(is_same("main@01234567", "release@01234567") && is_same("main@01234567", LONG));
        assert!(!is_same("main@01234567", "main@01234568"), "a branch is no version");
    }
}
