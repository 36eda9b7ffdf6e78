//! The status page as people read it: no script, no picture, nothing from elsewhere.

use super::super::html::escape;
use super::{of_component, of_happening, short};
use crate::eval::status_page::{Component, Happening, Overall, Stage, State, StatusPage, Told};
use crate::model::status_time::{StatusTime, uptime};
use crate::model::time::{Timestamp, Zone};

/// The style of the page.
pub const STYLE: &str = include_str!("status.css");
/// The type of the page.
pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// How often a browser asks again, in seconds.
const REFRESH: u32 = 60;
/// What a bar of one day takes, and how high it is.
const BAR: [usize; 2] = [6, 28];

/// The page. `days` are those of each component, none where no history is kept.
pub fn draw(page: &StatusPage, days: Option<&[Vec<StatusTime>]>) -> String {
    let title = escape(page.title.as_str());
    let (present, past) = (present(page), past(page));
    let (at, clock) = (page.at.rfc3339(), page.at.date_time(&Zone::utc()));
    let components: String = page
        .components
        .iter()
        .enumerate()
        .map(|(index, one)| component(one, days.and_then(|days| days.get(index)).map(Vec::as_slice)))
        .collect();
    let overall = page.overall;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}: {brief}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n\
         <link rel=\"stylesheet\" href=\"/status/status.css\">\n\
         <link rel=\"alternate\" type=\"application/atom+xml\" title=\"{title}\" href=\"/status/history.atom\">\n\
         </head>\n<body>\n<h1>{title}</h1>\n<p class=\"overall {class}\" role=\"status\">{sentence}</p>\n{present}\
         <h2>Components</h2>\n<ul class=\"components\">\n{components}</ul>\n{note}{past}\
         <footer>As of <time datetime=\"{at}\">{clock} UTC</time>. Days are those of UTC. <a href=\"/status/history.atom\">Feed</a> · \
         <a href=\"/status/api/v2/summary.json\">JSON</a> · <a href=\"/status/badge.svg\">badge</a></footer>\n</body>\n</html>\n",
        brief = overall.brief(),
        class = class_of(overall),
        sentence = overall.sentence(),
        note = if days.is_none() { "<p class=\"note\">No history is kept of former days.</p>\n" } else { "" },
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

fn component(one: &Component, days: Option<&[StatusTime]>) -> String {
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
        of_component(&one.key),
        escape(one.name.as_str()),
        one.state.words(),
        days.map(history).unwrap_or_default(),
    )
}

/// A bar for each day, and the share of all of them.
fn history(days: &[StatusTime]) -> String {
    let [step, height] = BAR;
    let bars: String = days.iter().enumerate().map(|(index, day)| bar(index * step, day)).collect();
    let (all, known) = (days.len(), days.iter().filter(|day| day.known() > 0).count());
    let words = match uptime(days).map(percent) {
        None => format!("nothing is known of {all} days"),
        Some(share) if known == all => format!("{share} up in {all} days"),
        Some(share) => format!("{share} up in {all} days, {known} of them known"),
    };
    format!(
        "<svg class=\"days\" viewBox=\"0 0 {} {height}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{words}\">\n{bars}</svg>\n\
         <div class=\"row small\"><span>{words}</span> <span>today</span></div>\n",
        all * step
    )
}

fn bar(x: usize, day: &StatusTime) -> String {
    let [step, height] = BAR;
    let known = day.known();
    let date = day.at.day(&Zone::utc());
    let (class, words) = match uptime(std::slice::from_ref(day)) {
        None => ("unknown", "nothing is known".to_owned()),
        Some(share) => {
            let half = (u64::from(known) + u64::from(day.unknown) + u64::from(day.not_watched)) / 2;
            let class = match () {
                () if day.critical > 0 => "critical",
                () if day.warning > 0 => "warning",
                // What was not seen for most of a day was not well all day.
                () if u64::from(known) < half => "unknown",
                () => "ok",
            };
            (class, format!("{} up", percent(share)))
        }
    };
    // Whoever does not see colours sees how high it is.
    let top = match class {
        "critical" => 0,
        "warning" => height / 7,
        "ok" => height * 2 / 7,
        _ => height * 5 / 7,
    };
    let minutes = |seconds: u32| seconds.div_ceil(60);
    let part = |seconds: u32, words: &str| {
        if seconds > 0 { format!(", {} min {words}", minutes(seconds)) } else { String::new() }
    };
    let unknown = if known > 0 { day.unknown + day.not_watched } else { 0 };
    let parts = [part(day.critical, "down"), part(day.warning, "degraded"), part(unknown, "not known")];
    format!(
        "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"{}\" height=\"{}\"><title>{date}: {words}{}</title></rect>\n",
        step - 2,
        height - top,
        parts.concat()
    )
}

/// "99.95 %": never rounded up, so that only what never failed has a hundred.
fn percent(share: f64) -> String {
    let hundredths = (share * 10_000.0 + 1e-6).floor();
    if share >= 1.0 { "100 %".to_owned() } else { format!("{:.2} %", hundredths.min(9_999.0) / 100.0) }
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
    let note = match page.told {
        Told::Part => {
            "<p class=\"note\">There may be more: where incidents or plans are written down does not answer.</p>\n"
        }
        Told::Nothing | Told::All => "",
    };
    let incidents = list("incident", page.incidents.iter().filter(|one| one.stage == Stage::GoesOn));
    let maintenance = list("maintenance", page.maintenance.iter());
    let title = if maintenance.is_empty() { "" } else { "<h2>Planned maintenance</h2>\n" };
    format!("{note}{incidents}{title}{maintenance}")
}

fn past(page: &StatusPage) -> String {
    let all = list("incident", page.incidents.iter().filter(|one| one.stage == Stage::Over));
    let all = match (all.is_empty(), page.told) {
        (_, Told::Nothing) => return String::new(),
        (true, Told::All) => "<p>None in 90 days.</p>\n".to_owned(),
        (true, Told::Part) => "<p class=\"note\">None is known.</p>\n".to_owned(),
        (false, _) => all,
    };
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
        short(of_happening(kind, one)),
        escape(one.title.as_str())
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, page};
    use super::*;
    use crate::model::time::Span;

    #[test]
    fn the_page_is_text_that_is_escaped_and_loads_nothing_else() {
        let day = |statuses| vec![StatusTime::new(NOW.minus(Span::seconds(86_400)), statuses, 86_400)];
        let days = [[86_400, 0, 0, 0], [86_000, 0, 400, 0], [0; 4], [10, 0, 0, 0], [43_200, 43_200, 0, 0]].map(day);
        let text = draw(&page(), Some(&days));
        for part in [
            "<title>Shop &amp; Sons: partial outage</title>",
            "Cards &lt;b&gt; are refused",
            "<svg class=\"days\" viewBox=\"0 0 6 28\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"99.53 % up in 1 days\">",
            "nothing is known of 1 days",
            "99.53 % up, 7 min down",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let classes: Vec<&str> =
            text.split("<rect class=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(classes, ["ok", "critical", "unknown", "unknown", "warning"]);
        assert!(!text.contains("<script") && !text.contains("style=") && !text.contains("://"), "{text}");
        assert!(draw(&page(), None).contains("No history is kept"));
    }

    #[test]
    fn only_what_never_failed_was_up_all_the_time() {
        for (share, is) in
            [(1.0, "100 %"), (0.999_999, "99.99 %"), (0.9995, "99.95 %"), (0.5, "50.00 %"), (0.0, "0.00 %")]
        {
            assert_eq!(percent(share), is);
        }
    }

    #[test]
    fn a_list_of_incidents_that_may_not_be_whole_says_so() {
        let told = |told| draw(&StatusPage { told, incidents: Vec::new(), ..page() }, None);
        assert!(told(Told::All).contains("None in 90 days"));
        assert!(told(Told::Part).contains("There may be more") && !told(Told::Part).contains("None in"));
        assert!(!told(Told::Nothing).contains("Past incidents"));
    }
}
