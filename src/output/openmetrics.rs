//! The verdicts on a board as `OpenMetrics` text, so that a Prometheus can scrape the board itself.
//!
//! Source: the `OpenMetrics` specification 1.0.0: families together, labels escaped, `# EOF` at the end.

use std::fmt::Write as _;

use crate::eval::judging::Verdicts;
use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::view::scene::Scene;

/// The `Content-Type` of it.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// 0 ok, 1 warning, 2 critical, 3 unknown: the codes of monitoring-plugins.
fn code(status: Status) -> f64 {
    f64::from(status.exit_code())
}

/// A family of gauges.
struct Family {
    text: String,
    name: &'static str,
}

impl Family {
    fn new(name: &'static str, help: &str) -> Self {
        Self { text: format!("# TYPE {name} gauge\n# HELP {name} {help}\n"), name }
    }

    fn add(&mut self, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // Writing to a text does not fail.
        let _always = writeln!(self.text, "{}{labels} {}", self.name, number(value));
    }
}

fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        value => value.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Each panel's value and status, each source's freshness, and the board's status.
pub fn text(verdicts: &Verdicts<'_>, scene: &Scene) -> String {
    let mut board = Family::new("andon_board_status", "0 ok, 1 warning, 2 critical, 3 unknown.");
    board.add(&[("board", scene.title.as_str())], code(verdicts.status));
    let mut status = Family::new("andon_panel_status", "0 ok, 1 warning, 2 critical, 3 unknown; judged panels only.");
    let mut value = Family::new(
        "andon_panel_value",
        "The main value of a panel, in the unit of its label; none while it is too old.",
    );
    let mut age = Family::new("andon_panel_age_seconds", "The age of the oldest answer that a panel shows.");
    for (page, shown) in verdicts.pages.iter().zip(&scene.pages) {
        for (verdict, panel) in page.panels.iter().zip(&shown.panels).filter(|(verdict, _)| verdict.is_fed()) {
            let labels = [
                ("dashboard", page.name),
                ("panel", panel.id.as_str()),
                ("title", panel.title.as_str()),
                ("layer", panel.layer.word()),
            ];
            if verdict.evaluation.is_judged {
                status.add(&labels, code(verdict.evaluation.status));
            }
            // A scraper takes every value for one of now: an old one is left out, and ends the series there.
            if let Some(number) = verdict.value.filter(|_| verdict.evaluation.freshness.can_be_judged()) {
                value.add(&[&labels[..], &[("unit", panel.unit.as_str())]].concat(), number);
            }
            if let Some(span) = verdict.evaluation.age {
                age.add(&labels, span.as_seconds());
            }
        }
    }
    let mut fresh = Family::new("andon_source_fresh", "1 while a source answers in time, else 0.");
    let mut success = Family::new("andon_source_last_success_age_seconds", "Since the last good answer of a source.");
    for source in &verdicts.sources {
        let labels = [("source", source.name.as_str()), ("type", source.kind)];
        fresh.add(&labels, f64::from(u8::from(source.freshness == Freshness::Fresh)));
        if let Some(span) = source.last_success_age {
            success.add(&labels, span.as_seconds());
        }
    }
    let families = [board, status, value, age, fresh, success];
    families.into_iter().map(|family| family.text).collect::<String>() + "# EOF\n"
}
