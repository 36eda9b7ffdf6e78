//! The one sentence: what is wrong now, worst first, since when, and what changed last.

use serde::Serialize;

use super::rollup::Tally;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// One part of the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// How bad it is.
    pub status: Status,
    /// What it says, without a glyph.
    pub text: String,
    /// What may have caused it: "14 min after deploy shop v2.14"; empty where nothing is known.
    pub cause: String,
    /// Whether it is about a source that does not answer, and not about a status.
    pub is_late: bool,
}

impl Remark {
    /// A remark on a status.
    pub const fn new(status: Status, text: String) -> Self {
        Self { status, text, cause: String::new(), is_late: false }
    }

    /// The same in one line: with its cause.
    pub fn line(&self) -> String {
        if self.cause.is_empty() { self.text.clone() } else { format!("{}, {}", self.text, self.cause) }
    }
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
    /// What may have caused it.
    pub cause: String,
    /// The source behind it that does not answer, and why: one fact, however many panels it is behind.
    pub source: Option<(SafeText, String)>,
    /// Whether the blame names by itself what is wrong, such as a build: equal words then mean the same thing. Two
    /// panels past equal limits are two things.
    pub names_what: bool,
}

/// A source that has not answered at least twice in a row, though its panels still show its last values.
pub fn silence(source: &SafeText, age: Option<Span>) -> Remark {
    let age = age.map_or_else(String::new, |age| format!(" for {}", age.brief()));
    Remark { is_late: true, ..Remark::new(Status::Warning, format!("{source}: no answer{age}")) }
}

/// A server whose clock is so far off that the age of its data cannot be believed.
pub fn clock_is_off(source: &SafeText, skew: Span) -> Remark {
    let way = if skew.0 < 0 { "behind" } else { "ahead" };
    let text = format!("{source}: the server's clock is {} {way}", Span(skew.0.abs()).brief());
    Remark { is_late: true, ..Remark::new(Status::Warning, text) }
}

/// The sentence, part by part, worst first. Within a status the oldest comes first: it has waited
/// longest. Findings that blame the same thing (a source that is down behind many panels) are joined. Sources
/// that do not answer come after what is critical and before what is unknown.
pub fn verdict(findings: Vec<Finding>, sources: Vec<Remark>, tally: Tally, oldest: Option<Span>) -> Vec<Remark> {
    let mut remarks = joined(findings);
    if remarks.is_empty() {
        remarks.push(all_well(tally, oldest, sources.is_empty()));
    }
    let before = remarks.iter().take_while(|remark| remark.status.severity() >= Status::Warning.severity()).count();
    remarks.splice(before..before, sources);
    remarks
}

/// What it says when nothing is found: how many are ok, how many nobody judges, how old the data is.
fn all_well(tally: Tally, oldest: Option<Span>, all_answer: bool) -> Remark {
    let age =
        oldest.filter(|_| all_answer).map_or_else(String::new, |age| format!(", oldest value {} old", age.brief()));
    let old = if all_answer { "" } else { " by their last values" };
    let without_limits = match tally.without_limits {
        0 => String::new(),
        count => format!(", {count} without limits"),
    };
    let text = match (tally.total(), tally.without_limits) {
        (0, 0) => {
            return Remark::new(Status::Unknown, "nothing to watch: this board has no panels with a source".to_owned());
        }
        (0, 1) => format!("the one panel has no limits: nothing is judged{age}"),
        (0, count) => format!("{count} panels without limits: nothing is judged{age}"),
        (1, 0) => format!("the one panel is ok{old}{age}"),
        (ok, 0) => format!("all {ok} panels ok{old}{age}"),
        (ok, _) => format!("{ok} ok{without_limits}{old}{age}"),
    };
    Remark::new(if tally.total() == 0 { Status::Unknown } else { Status::Ok }, text)
}

fn joined(mut findings: Vec<Finding>) -> Vec<Remark> {
    findings.sort_by(|a, b| {
        let by_status = b.status.severity().cmp(&a.status.severity());
        let oldest_first = a.since.unwrap_or(Timestamp(i64::MAX)).cmp(&b.since.unwrap_or(Timestamp(i64::MAX)));
        by_status.then(oldest_first).then_with(|| a.title.cmp(&b.title))
    });
    let mut remarks: Vec<(Remark, Finding, usize)> = Vec::new();
    for finding in findings {
        // One thing on two pages, or in two panels, is one thing.
        let text = format!("{} {}", finding.title, finding.blame);
        let is_known = |(remark, first, _): &(Remark, Finding, usize)| {
            let is_one_thing = first.names_what && finding.names_what && first.blame == finding.blame;
            first.status == finding.status && (remark.text == text || is_one_thing)
        };
        if remarks.iter().any(is_known) {
            continue;
        }
        if let Some((remark, first, count)) = remarks.iter_mut().find(|(_, first, _)| is_one_fact(first, &finding)) {
            *count += 1;
            if first.source != finding.source {
                first.source = None;
            }
            remark.text = match &first.source {
                Some((source, reason)) => format!("{source}: {reason} ({count} panels)"),
                None => format!("{count} panels: {}", first.blame),
            };
        } else {
            let remark = Remark { cause: finding.cause.clone(), ..Remark::new(finding.status, text) };
            remarks.push((remark, finding, 1));
        }
    }
    remarks.into_iter().map(|(remark, _, _)| remark).collect()
}

/// Whether two panels are unknown for one reason.
fn is_one_fact(first: &Finding, other: &Finding) -> bool {
    let unknown = first.status == Status::Unknown && other.status == Status::Unknown;
    unknown && (first.blame == other.blame || (first.source.is_some() && first.source == other.source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(status: Status, since: i64, title: &str, blame: &str) -> Finding {
        Finding {
            status,
            since: Some(Timestamp(since)),
            title: title.into(),
            blame: blame.into(),
            cause: String::new(),
            source: None,
            names_what: false,
        }
    }

    #[test]
    fn worst_first_then_oldest_first() {
        let remarks = verdict(
            vec![
                finding(Status::Warning, 1, "latency", "1.8 s > 1.5 s"),
                finding(Status::Critical, 9, "web", "red 1 min"),
                finding(Status::Critical, 5, "shop", "red 12 min"),
            ],
            Vec::new(),
            Tally::default(),
            None,
        );
        let texts: Vec<&str> = remarks.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(texts, ["shop red 12 min", "web red 1 min", "latency 1.8 s > 1.5 s"]);
    }

    #[test]
    fn a_red_build_in_two_panels_is_one_remark_and_equal_numbers_are_two() {
        let red = |title, names_what| Finding { names_what, ..finding(Status::Critical, 0, title, "shop red 12 min") };
        let said = |findings| verdict(findings, Vec::new(), Tally::default(), None).len();
        assert_eq!(said(vec![red("builds", true), red("stages", true)]), 1);
        assert_eq!(said(vec![red("latency a", false), red("latency b", false)]), 2);
    }

    #[test]
    fn one_dead_source_is_one_remark() {
        let down = |title| finding(Status::Unknown, 0, title, "connection refused");
        let remarks = verdict(vec![down("a"), down("b"), down("c")], Vec::new(), Tally::default(), None);
        assert_eq!(remarks.len(), 1);
        assert_eq!(remarks[0].text, "3 panels: connection refused");
    }

    #[test]
    fn a_source_behind_two_panels_says_one_fact_once_whatever_their_ages() {
        let down = |title: &str, age: i64| Finding {
            source: Some(("stats".into(), "connection refused".into())),
            ..finding(Status::Unknown, 0, title, &format!("connection refused, last value {age} s old"))
        };
        let remarks = verdict(vec![down("a", 31), down("b", 33)], Vec::new(), Tally::default(), None);
        assert_eq!(
            remarks.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(),
            ["stats: connection refused (2 panels)"]
        );
        // A hundred sources that refuse alike are one fact, too.
        let other = Finding { source: Some(("mail".into(), "connection refused".into())), ..down("c", 31) };
        let remarks = verdict(vec![down("a", 31), other], Vec::new(), Tally::default(), None);
        assert_eq!(remarks[0].text, "2 panels: connection refused, last value 31 s old");
    }

    #[test]
    fn when_all_is_well_it_says_so_with_the_oldest_age() {
        let said = |ok, without_limits| {
            let tally = Tally { ok, without_limits, ..Tally::default() };
            let remark = verdict(Vec::new(), Vec::new(), tally, Some(Span::seconds(7))).remove(0);
            (remark.status, remark.text)
        };
        assert_eq!(said(14, 0), (Status::Ok, "all 14 panels ok, oldest value 7 s old".into()));
        assert_eq!(said(18, 7), (Status::Ok, "18 ok, 7 without limits, oldest value 7 s old".into()));
        assert_eq!(said(0, 7).0, Status::Unknown, "nobody has judged anything");
        assert_eq!(said(0, 0).0, Status::Unknown);
    }

    #[test]
    fn a_source_that_does_not_answer_is_said_beside_panels_that_are_still_ok() {
        let silence = silence(&"stats".into(), Some(Span::seconds(25)));
        let tally = Tally { ok: 4, late: 4, ..Tally::default() };
        let remarks = verdict(Vec::new(), vec![silence.clone()], tally, Some(Span::seconds(25)));
        assert_eq!((remarks[0].text.as_str(), remarks[0].is_late), ("stats: no answer for 25 s", true));
        assert_eq!(remarks[1].text, "all 4 panels ok by their last values");
        let red = vec![finding(Status::Critical, 1, "shop", "red"), finding(Status::Unknown, 1, "x", "gone")];
        let remarks = verdict(red, vec![silence], tally, None);
        assert_eq!(remarks.iter().map(|one| one.is_late).collect::<Vec<_>>(), [false, true, false]);
    }
}
