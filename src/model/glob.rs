//! Names picked by globs: `*` stands for any text, `?` for one character.

use wildmatch::WildMatch;

/// Globs of names, as a board writes them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Globs(Vec<WildMatch>);

impl Globs {
    /// These globs; upper and lower case are told apart.
    pub fn new(globs: &[String]) -> Self {
        Self(globs.iter().map(|glob| WildMatch::new(glob)).collect())
    }

    /// These globs, in whatever case.
    pub fn of_any_case(globs: &[String]) -> Self {
        Self(globs.iter().map(|glob| WildMatch::new_case_insensitive(glob)).collect())
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them picks a name; none picks nothing.
    pub fn pick(&self, name: &str) -> bool {
        self.0.iter().any(|glob| glob.matches(name))
    }

    /// Whether a name is kept: where there are no globs, all are.
    pub fn keep(&self, name: &str) -> bool {
        self.is_empty() || self.pick(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_globs_all_is_kept_and_nothing_picked() {
        let (none, some) = (Globs::default(), Globs::new(&["shop/*".to_owned(), "mail".to_owned()]));
        for (name, picked) in [("shop/main", true), ("mail", true), ("Mail", false), ("mails", false), ("", false)] {
            assert_eq!((some.pick(name), some.keep(name)), (picked, picked), "{name}");
            assert_eq!((none.pick(name), none.keep(name)), (false, true), "{name}");
        }
        assert!(Globs::of_any_case(&["*FREEZE*".to_owned()]).pick("Year-end freeze"));
    }
}
