//! The one sentence: what is wrong now, worst first, since when, and what changed last.

use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};

/// One part of the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How bad it is.
    pub status: Status,
    /// What it says, without a glyph.
    pub text: String,
}

/// A panel that is not ok, for the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub status: Status,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The panel's title.
    pub title: String,
    /// What is wrong with it.
    pub blame: String,
}

/// The sentence, part by part, worst first. Within a status the oldest comes first: it has waited
/// longest. Findings that blame the same thing (a source that is down behind many panels) are joined.
pub fn verdict(mut findings: Vec<Finding>, panels: usize, oldest: Option<Span>) -> Vec<Remark> {
    if findings.is_empty() {
        let age = oldest.map_or_else(String::new, |age| format!(", oldest value {} old", age.brief()));
        let text = match panels {
            0 => "nothing to watch: this board has no panels with a source".to_owned(),
            1 => format!("the one panel is ok{age}"),
            _ => format!("all {panels} panels ok{age}"),
        };
        return vec![Remark { status: if panels == 0 { Status::Unknown } else { Status::Ok }, text }];
    }
    findings.sort_by(|a, b| {
        let by_status = b.status.severity().cmp(&a.status.severity());
        let oldest_first = a.since.unwrap_or(Timestamp(i64::MAX)).cmp(&b.since.unwrap_or(Timestamp(i64::MAX)));
        by_status.then(oldest_first).then_with(|| a.title.cmp(&b.title))
    });
    let mut remarks: Vec<(Remark, String, usize)> = Vec::new();
    for finding in findings {
        // One thing on two pages is one thing.
        let text = format!("{} {}", finding.title, finding.blame);
        if remarks.iter().any(|(remark, _, _)| remark.status == finding.status && remark.text == text) {
            continue;
        }
        let same = remarks.iter_mut().find(|(remark, blame, _)| {
            remark.status == Status::Unknown && finding.status == Status::Unknown && *blame == finding.blame
        });
        if let Some((remark, blame, count)) = same {
            *count += 1;
            remark.text = format!("{count} panels: {blame}");
        } else {
            remarks.push((Remark { status: finding.status, text }, finding.blame, 1));
        }
    }
    remarks.into_iter().map(|(remark, _, _)| remark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(status: Status, since: i64, title: &str, blame: &str) -> Finding {
        Finding { status, since: Some(Timestamp(since)), title: title.into(), blame: blame.into() }
    }

    #[test]
    fn worst_first_then_oldest_first() {
        let remarks = verdict(
            vec![
                finding(Status::Warning, 1, "latency", "1.8 s > 1.5 s"),
                finding(Status::Critical, 9, "web", "red 1 min"),
                finding(Status::Critical, 5, "shop", "red 12 min"),
            ],
            10,
            None,
        );
        let texts: Vec<&str> = remarks.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(texts, ["shop red 12 min", "web red 1 min", "latency 1.8 s > 1.5 s"]);
    }

    #[test]
    fn one_dead_source_is_one_remark() {
        let down = |title| finding(Status::Unknown, 0, title, "connection refused");
        let remarks = verdict(vec![down("a"), down("b"), down("c")], 3, None);
        assert_eq!(remarks.len(), 1);
        assert_eq!(remarks[0].text, "3 panels: connection refused");
    }

    #[test]
    fn when_all_is_well_it_says_so_with_the_oldest_age() {
        let remarks = verdict(Vec::new(), 14, Some(Span::seconds(7)));
        assert_eq!(remarks[0], Remark { status: Status::Ok, text: "all 14 panels ok, oldest value 7 s old".into() });
        assert_eq!(verdict(Vec::new(), 0, None)[0].status, Status::Unknown);
    }
}
