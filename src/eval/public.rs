//! What of a verdict the public may see: values and statuses. Whatever somebody outside has written (a server, a log, a
//! person) is left out, and not looked through for what may be shown: names of series only where the board's own legend
//! makes them, by labels that name no machine and no person.

use super::judging::PanelVerdict;
use super::kinds::headline;
use super::panel::Evaluation;
use crate::model::format::Format;
use crate::model::judgement::{Content, JudgedSeries, Lack};
use crate::model::public::{names_somebody, without_addresses};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// What is said of whatever went wrong.
const NO_DATA: &str = "no data";

impl PanelVerdict<'_> {
    /// The same for the public.
    pub(super) fn for_public(mut self, now: Timestamp) -> Self {
        let legend = self.panel.rule.legend.as_deref();
        let evaluation = std::mem::replace(&mut self.evaluation, Evaluation::of_nothing());
        let can_be_judged = evaluation.freshness.can_be_judged();
        let evaluation = Evaluation {
            cause: None,
            without: Vec::new(),
            gaps: Vec::new(),
            caveat: None,
            found: String::new(),
            content: content(evaluation.content, legend),
            ..evaluation
        };
        let format = Format { unit: self.panel.unit.clone(), decimals: self.panel.decimals };
        let is_wrong = evaluation.status == Status::Unknown || evaluation.fault.is_some() || self.fault.is_some();
        self.blame = match evaluation.status {
            Status::Ok => String::new(),
            _ if !can_be_judged => NO_DATA.to_owned(),
            status => status.word().to_owned(),
        };
        self.headline = headline(&evaluation.content, &format, now);
        self.reason = if is_wrong { NO_DATA.to_owned() } else { String::new() };
        if self.note == "no answer" {
            NO_DATA.clone_into(&mut self.note);
        }
        self.silent_source = None;
        self.fault = self.fault.map(|_| NO_DATA.to_owned());
        self.is_renamed = true;
        self.hides = matches!(evaluation.content, Content::Nothing) && can_be_judged && self.panel.is_fed();
        self.evaluation = evaluation;
        self
    }
}

/// Numbers, and nothing else.
fn content<'a>(content: Content<'a>, legend: Option<&str>) -> Content<'a> {
    let Content::Series(all) = content else { return Content::Nothing };
    let count = all.len();
    let is_named = legend.is_some_and(|legend| !labels_of(legend).any(names_somebody));
    let named = |(index, one): (usize, JudgedSeries<'a>)| {
        let name = match is_named {
            true => without_addresses(&one.name),
            // One alone needs no name; of several nobody must take one for another.
            false if count == 1 => SafeText::default(),
            false => SafeText::from(letters(index)),
        };
        let lack = one.lack.map(|lack| if matches!(lack, Lack::NoPartner(_)) { Lack::Vanished } else { lack });
        JudgedSeries { name, lack, ..one }
    };
    Content::Series(all.into_iter().enumerate().map(named).collect())
}

/// The labels of a legend: "job" and "path" of "{{job}} {{ path }}".
fn labels_of(legend: &str) -> impl Iterator<Item = &str> {
    legend.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(label, _)| label.trim())
}

/// "A" to "Z", then "AA": beside a value a number would be read as a part of it.
fn letters(index: usize) -> String {
    let last = char::from(b'A' + (index % 26) as u8);
    let before = if index < 26 { String::new() } else { letters(index / 26 - 1) };
    format!("{before}{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_has_letters_of_its_own() {
        for (index, name) in [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(letters(index), name);
        }
    }

    #[test]
    fn the_labels_of_a_legend_are_found() {
        assert_eq!(labels_of("{{job}} at {{ path }}, {{").collect::<Vec<_>>(), ["job", "path"]);
        assert_eq!(labels_of("words").count(), 0);
    }
}
