//! What was refused is not empty: the parts of an answer that could not be had, each with the reason.

use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;

/// The missing parts of one answer.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    first: Option<String>,
    more: usize,
}

impl Gaps {
    /// A part that is missing (a repository, a project, a folder), and why.
    pub(crate) fn add(&mut self, part: &str, why: &str) {
        if self.first.is_some() {
            self.more += 1;
        } else {
            self.first = Some(format!("{part}: {why}"));
        }
    }

    /// The answer; partial where something is missing: "acme/web: HTTP 403: no access, and 2 more".
    pub(crate) fn mark(&self, telemetry: Telemetry) -> Telemetry {
        let Some(first) = &self.first else { return telemetry };
        let more = if self.more > 0 { format!(", and {} more", self.more) } else { String::new() };
        telemetry.with_caveat(SafeText::new(&format!("{first}{more}")), true)
    }
}

/// Whether a glob may pick a name with such a start: then what is missing may be what was asked for.
pub(crate) fn may_pick(glob: &str, begin: &str) -> bool {
    let mut begin = begin.chars();
    for wanted in glob.chars() {
        match (wanted, begin.next()) {
            ('*', _) | (_, None) => return true,
            ('?', Some(_)) => {}
            (wanted, Some(c)) if wanted == c => {}
            _ => return false,
        }
    }
    begin.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::telemetry::Caveat;

    #[test]
    fn an_answer_with_a_gap_is_partial_and_names_it() {
        let mut gaps = Gaps::default();
        let empty = || Telemetry::Reviews(Vec::new());
        assert_eq!(gaps.mark(empty()), empty());
        gaps.add("acme/web", "HTTP 403");
        let caveat = |gaps: &Gaps| gaps.mark(empty()).split().1;
        assert_eq!(caveat(&gaps), Some(Caveat { text: "acme/web: HTTP 403".into(), partial: true }));
        gaps.add("acme/mail", "HTTP 404");
        gaps.add("acme/api", "HTTP 404");
        assert_eq!(caveat(&gaps).unwrap().text.as_str(), "acme/web: HTTP 403, and 2 more");
    }

    #[test]
    fn a_glob_is_known_by_its_begin() {
        for (glob, may) in [("*", true), ("shop*", true), ("sh?p/main", true), ("shop", true), ("sh*x", true)] {
            assert_eq!(may_pick(glob, "shop"), may, "{glob}");
        }
        for glob in ["mail*", "sho", "shoq*", ""] {
            assert!(!may_pick(glob, "shop"), "{glob}");
        }
    }
}
