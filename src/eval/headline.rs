//! What a panel has to say in half a line when it is well again: its value, or how many are how.

use crate::model::format::Format;
use crate::model::judgement::{Content, JudgedSeries};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Series named.
const NAMED: usize = 3;

/// "96.4 %", "in 1.2 MB/s  out 0.4 MB/s", "2 red, 5 ok", "12 rows".
pub(super) fn headline(content: &Content<'_>, format: &Format, now: Timestamp) -> String {
    match content {
        Content::Nothing => String::new(),
        Content::Series(series) => {
            let words = |one: &JudgedSeries<'_>| format!("{} {}", one.name, format.one(one.value, now).short.text());
            let all: Vec<String> = series.iter().take(NAMED).map(words).collect();
            all.join("  ").trim().to_owned()
        }
        Content::Table(_, rows) => counted(rows.len(), "row"),
        Content::Builds(builds) => {
            let status = |status| builds.iter().filter(|one| one.build.result.status() == status).count();
            let word = |status: Status| if status == Status::Critical { "red" } else { status.word() };
            let counts = Status::WORST_FIRST.map(|one| (status(one), word(one)));
            let parts: Vec<String> =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
            parts.join(", ")
        }
        Content::Events(events) => events
            .last()
            .map_or_else(String::new, |last| format!("{}, {} ago", last.brief(), last.at.age_at(now).brief())),
        Content::Reviews(reviews) => counted(reviews.len(), "review"),
        Content::Text(lines) => lines.first().map(SafeText::to_string).unwrap_or_default(),
    }
}

/// "1 row", "12 rows".
fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
