//! The status page as people read it: no script, no picture, nothing from elsewhere.

use super::super::html::escape;
use super::{days, short};
use crate::eval::status_page::{Component, Happening, Overall, Stage, State, StatusPage, Told};
use crate::model::status_time::StatusTime;
use crate::model::time::{Timestamp, Zone};

/// The style of the page.
pub const STYLE: &str = include_str!("status.css");
/// The type of the page.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// How often a browser asks again, in seconds.
const REFRESH: u32 = 60;

/// What is known of former days.
#[derive(Debug, Clone, Copy)]
pub enum Past<'a> {
    /// No history is kept.
    NotKept,
    /// It is not read yet, or cannot be read.
    NotRead,
    /// The days of each component; none of one that is new.
    Days(&'a [Vec<StatusTime>]),
}

/// The page.
pub fn draw(page: &StatusPage, past: Past<'_>) -> String {
    let title = escape(page.title.as_str());
    let (at, clock) = (page.at.rfc3339(), page.at.date_time(&Zone::utc()));
    let of = |index: usize| match past {
        Past::Days(days) => days.get(index).filter(|days| !days.is_empty()).map(|one| days::draw(one)),
        Past::NotKept | Past::NotRead => None,
    };
    let components = page.components.iter().enumerate();
    let components: String = components.map(|(index, one)| component(one, &of(index).unwrap_or_default())).collect();
    let note = match past {
        Past::Days(_) => "",
        Past::NotKept => "<p class=\"note\">No history is kept of former days.</p>\n",
        Past::NotRead => "<p class=\"note\">The history of former days cannot be shown at the moment.</p>\n",
    };
    let overall = page.overall;
    document(
        &format!("{title}: {}", overall.brief()),
        &format!(
            "<h1>{title}</h1>\n<p class=\"overall {}\">{}</p>\n{}<h2>Components</h2>\n<ul class=\"components\">\n{components}</ul>\n\
             {note}{}<footer>As of <time datetime=\"{at}\">{clock} UTC</time>. Days are those of UTC. \
             <a href=\"/status/history.atom\">Feed</a> · <a href=\"/status/api/v2/summary.json\">JSON</a> · \
             <a href=\"/status/badge.svg\">badge</a></footer>\n",
            class_of(overall),
            overall.sentence(),
            present(page),
            over(page),
        ),
    )
}

/// The page while nothing can be told.
pub fn draw_nothing(why: &str) -> String {
    let words = "How all is cannot be told at the moment";
    document(
        "Status: unknown",
        &format!("<p class=\"overall unknown\">{words}</p>\n<p class=\"note\">{}</p>\n", escape(why)),
    )
}

/// A whole document; title and body are escaped.
fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n\
         <link rel=\"stylesheet\" href=\"/status/status.css\">\n\
         <link rel=\"alternate\" type=\"application/atom+xml\" title=\"Incidents and maintenance\" href=\"/status/history.atom\">\n\
         </head>\n<body>\n{body}</body>\n</html>\n"
    )
}

const fn class_of(overall: Overall) -> &'static str {
    match overall {
        Overall::Operational => "ok",
        Overall::Maintenance => "work",
        Overall::Unknown => "unknown",
        Overall::Degraded | Overall::Incident => "warning",
        Overall::PartialOutage | Overall::MajorOutage => "critical",
    }
}

fn component(one: &Component, days: &str) -> String {
    let (class, sign) = match one.state {
        State::Operational => ("ok", "✓"),
        State::Maintenance => ("work", "⚒"),
        State::Unknown => ("unknown", "?"),
        State::Degraded => ("warning", "!"),
        State::Outage => ("critical", "✕"),
    };
    let since = one.since.filter(|_| matches!(one.state, State::Degraded | State::Outage));
    let since = since.map(|since| format!(" since {}", moment(since))).unwrap_or_default();
    format!(
        "<li id=\"{}\"><div class=\"row\"><span class=\"name\">{}</span> <span class=\"state {class}\">\
         <span aria-hidden=\"true\">{sign}</span> {}{since}</span></div>\n{}</li>\n",
        short(&one.id),
        escape(one.name.as_str()),
        one.state.words(),
        days,
    )
}

fn moment(at: Timestamp) -> String {
    time(at, &format!("{} UTC", minute(at)))
}

/// "2026-12-02 03:55 to 05:55 UTC".
fn between(from: Timestamp, until: Timestamp) -> String {
    let (from_text, until_text) = (minute(from), minute(until));
    let is_one_day = from_text.get(..10) == until_text.get(..10);
    let end = until_text.get(11..).filter(|_| is_one_day).unwrap_or(&until_text);
    format!("{} to {}", time(from, &from_text), time(until, &format!("{end} UTC")))
}

fn time(at: Timestamp, text: &str) -> String {
    format!("<time datetime=\"{}\">{text}</time>", at.rfc3339())
}

/// "2026-12-02 03:55", in UTC.
fn minute(at: Timestamp) -> String {
    let text = at.date_time(&Zone::utc());
    text.rsplit_once(':').map_or_else(|| text.clone(), |(minute, _)| minute.to_owned())
}

/// What goes on now, and what is planned.
fn present(page: &StatusPage) -> String {
    let note = if page.told.contains(&Told::Part) {
        "<p class=\"note\">There may be more: where incidents or plans are written down does not answer, or not with all of it.</p>\n"
    } else {
        ""
    };
    let incidents = list("incident", page.incidents.iter().filter(|one| one.stage == Stage::GoesOn));
    let maintenance = list("maintenance", page.maintenance.iter().filter(|one| one.stage != Stage::Over));
    let title = if maintenance.is_empty() { "" } else { "<h2>Planned maintenance</h2>\n" };
    format!("{note}{incidents}{title}{maintenance}")
}

/// Incidents that are over.
fn over(page: &StatusPage) -> String {
    let [told, _] = page.told;
    if told == Told::Nothing {
        return String::new();
    }
    let all = list("incident", page.incidents.iter().filter(|one| one.stage == Stage::Over));
    let all =
        if all.is_empty() { "<p class=\"note\">None is known of the last 90 days.</p>\n".to_owned() } else { all };
    format!("<h2>Past incidents</h2>\n{all}")
}

fn list<'a>(kind: &str, all: impl Iterator<Item = &'a Happening>) -> String {
    let all: String = all.map(|one| happening(kind, one)).collect();
    if all.is_empty() { all } else { format!("<ul class=\"happenings\">\n{all}</ul>\n") }
}

fn happening(kind: &str, one: &Happening) -> String {
    let (class, when) = match (kind, one.stage, one.until) {
        (_, Stage::Planned, None) => ("", format!("from {}", moment(one.at))),
        (_, Stage::Planned | Stage::Over, Some(until)) => ("", between(one.at, until)),
        ("incident", Stage::GoesOn, _) => ("critical", format!("goes on since {}", moment(one.at))),
        (_, Stage::GoesOn, None) => ("work", format!("under way since {}", moment(one.at))),
        (_, Stage::GoesOn, Some(until)) => ("work", format!("under way, until {}", moment(until))),
        (_, Stage::Over, None) => ("", moment(one.at)),
    };
    let service = if one.service.is_empty() {
        String::new()
    } else {
        format!("<span class=\"of\">{}</span> ", escape(one.service.as_str()))
    };
    format!(
        "<li id=\"{}\" class=\"{class}\">{service}<strong>{}</strong> <span class=\"when\">{when}</span></li>\n",
        short(&one.id),
        escape(one.title.as_str())
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, page};
    use super::*;

    #[test]
    fn the_page_is_text_that_is_escaped_and_loads_nothing_else() {
        let days = vec![vec![StatusTime::new(NOW, [86_000, 0, 400, 0], 86_400)]; 5];
        let text = draw(&page(), Past::Days(&days));
        for part in [
            "<title>Shop &amp; Sons: partial outage</title>",
            "Cards &lt;b&gt; are refused",
            "aria-label=\"99.53 % up in 1 day\">",
            "search</span> <strong>It was slow",
            "2026-12-02 00:00</time> to <time datetime=\"2026-12-02T02:00:00Z\">02:00 UTC</time>",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("<script") && !text.contains("style=") && !text.contains("://"), "{text}");
        assert!(!text.contains("Old disks"), "maintenance that is over is no news");
        assert!(draw(&page(), Past::NotKept).contains("No history is kept"));
        assert!(draw(&page(), Past::NotRead).contains("cannot be shown"));
        assert!(draw_nothing("<x>").contains("&lt;x&gt;"));
    }

    #[test]
    fn what_is_not_told_is_not_said_not_to_be() {
        let told = |told| draw(&StatusPage { told, incidents: Vec::new(), ..page() }, Past::NotKept);
        assert!(told([Told::All; 2]).contains("None is known") && !told([Told::All; 2]).contains("There may be more"));
        assert!(told([Told::All, Told::Part]).contains("There may be more"));
        assert!(!told([Told::Nothing, Told::All]).contains("Past incidents"));
    }
}
