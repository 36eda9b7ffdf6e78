//! Limits on numbers: of each series as it is followed, of each row of a table.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::evidence::{Defaults, Evidence, Judge, OptionProblem, Ruling, worst};
use super::super::kinds::{series, table};
use super::super::rule::{Rule, Subject};
use super::super::threshold::{Bound, Hysteresis, Thresholds};
use crate::model::judgement::{Content, JudgedSeries, Judgement, Lack, LimitBand};
use crate::model::number_or_text::NumberOrText;
use crate::model::status::Status;
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::Span;

/// Most columns of a text that is shown in place of a number.
const LONGEST: usize = 40;

/// The keys of limits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(super) struct Options {
    /// When it is a warning: "< 40", "> 0.9", "outside 20..80", "inside 0..1".
    pub warning: Option<String>,
    /// When it is critical, in the same forms.
    pub critical: Option<String>,
    /// How long a limit must be crossed before it counts (default: at once).
    #[serde(rename = "for")]
    pub hold: Option<Span>,
    /// How far back a value must come before a limit counts as left: a number in the panel's unit, or "5%".
    pub hysteresis: Option<NumberOrText>,
}

pub(super) struct Threshold;

impl Judge for Threshold {
    type Options = Options;

    fn configure(options: &Options, defaults: Defaults<'_>, rule: &mut Rule) -> Vec<OptionProblem> {
        let mut problems = Vec::new();
        let is_given = options.warning.is_some() || options.critical.is_some();
        let Defaults { warning, critical } = if is_given { Defaults::default() } else { defaults };
        let warning = options.warning.as_deref().or(warning);
        let warning = right("warning", warning.map(Bound::parse), &mut problems);
        let critical = options.critical.as_deref().or(critical);
        let critical = right("critical", critical.map(Bound::parse), &mut problems);
        if warning.zip(critical).is_some_and(|(warning, critical)| warning.comes_after(critical)) {
            problems.push(OptionProblem {
                code: "upside-down",
                key: "warning",
                is_warning: true,
                message: "critical would come before warning, so that warning is never seen".to_owned(),
                help: Some("swap the two, or take one away".to_owned()),
            });
        }
        let hysteresis = options.hysteresis.as_ref().map(|hysteresis| match hysteresis {
            NumberOrText::Number(number) => Hysteresis::parse(&number.to_string()),
            NumberOrText::Text(text) => Hysteresis::parse(text),
        });
        let hysteresis = right("hysteresis", hysteresis, &mut problems).unwrap_or_default();
        rule.thresholds = Thresholds { warning, critical, hold: options.hold.unwrap_or_default(), hysteresis };
        problems
    }

    fn applies(_: &Options, rule: &Rule, content: &Content<'_>) -> bool {
        let has_a_check_of_its_own = matches!(content, Content::Builds(_))
            || matches!(content, Content::Table(shown) if !shown.table.own.is_empty() && rule.column.is_empty())
            || matches!((content, &rule.subject), (Content::Events(_), Subject::Events { judged: true, .. }));
        rule.thresholds.is_some() && !has_a_check_of_its_own
    }

    fn needs(_: &Options, rule: &Rule) -> Span {
        rule.thresholds.hold
    }

    fn overlay(_: &Options, rule: &Rule) -> Vec<LimitBand> {
        rule.thresholds.bands()
    }

    fn judge(_: &Options, evidence: &Evidence<'_>) -> Ruling {
        let judgement = match evidence.content {
            // What has vanished is counted once for the whole panel.
            Content::Series(all) if all.is_empty() => Judgement::new(Status::Ok),
            Content::Series(all) => worst(all.iter().filter(|one| is_there(one)).map(|one| one.judgement)),
            Content::Table(shown) if shown.rows.is_empty() => Judgement::new(Status::Ok),
            Content::Table(shown) => Judgement::new(Status::worst(shown.rows.iter().copied())),
            // A limit is about a number, and this is none.
            _ => Judgement::new(Status::Unknown),
        };
        let reason = match evidence.content {
            _ if judgement.status == Status::Ok => String::new(),
            Content::Series(all) => series::reason(all, &judgement, evidence),
            Content::Table(shown) => table::reason(shown, judgement.status),
            Content::Text(lines) => no_number(lines),
            other => format!("a limit is about a number, and {} are none", other.word()),
        };
        Ruling { judgement, reason }
    }
}

/// What could be read of a key.
fn right<T>(key: &'static str, read: Option<Result<T, String>>, problems: &mut Vec<OptionProblem>) -> Option<T> {
    match read? {
        Ok(read) => Some(read),
        Err(message) => {
            problems.push(OptionProblem { code: "bad-threshold", key, is_warning: false, message, help: None });
            None
        }
    }
}

fn is_there(one: &JudgedSeries<'_>) -> bool {
    one.lack != Some(Lack::Vanished)
}

fn no_number(lines: &[SafeText]) -> String {
    let said = lines.iter().find(|line| !line.is_empty());
    said.map_or_else(
        || "nothing was printed".to_owned(),
        |line| format!("not a number: {}", ellipsis(line.as_str(), LONGEST)),
    )
}
