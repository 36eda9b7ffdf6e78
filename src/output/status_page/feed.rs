//! Incidents and planned maintenance as an Atom feed.
//!
//! Source: RFC 4287.

use super::super::html::escape;
use super::of_happening;
use crate::eval::status_page::{Happening, Stage, StatusPage};
use crate::model::time::{Span, Timestamp};

/// The type of it.
pub const CONTENT_TYPE: &str = "application/atom+xml; charset=utf-8";

/// Maintenance is in the feed from so long before it: nobody says when it was planned, and the date of an entry must not move.
const ANNOUNCED: Span = Span::seconds(7 * 86_400);

/// The feed of a page, whose address is `url`.
pub fn draw(page: &StatusPage, url: &str) -> String {
    let incidents = page.incidents.iter().map(|one| incident(one, url));
    let is_announced = |one: &&Happening| one.at.minus(ANNOUNCED) <= page.at;
    let maintenance = page.maintenance.iter().filter(is_announced).map(|one| planned(one, url));
    let mut entries: Vec<Entry> = incidents.chain(maintenance).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.updated));
    let title = format!("{}: status", page.title);
    // Of a feed without entries: a date that does not move with every look.
    let updated = entries.first().map_or(Timestamp(0), |newest| newest.updated);
    let entries: String = entries.iter().map(Entry::xml).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n\
         <id>{url}/status</id>\n<title>{}</title>\n<updated>{}</updated>\n<author><name>{}</name></author>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{url}/status/history.atom\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{url}/status\"/>\n{entries}</feed>\n",
        escape(&title),
        updated.rfc3339(),
        escape(page.title.as_str()),
        url = escape(url),
    )
}

struct Entry {
    id: String,
    title: String,
    updated: Timestamp,
    published: Timestamp,
    words: String,
    link: String,
}

impl Entry {
    fn xml(&self) -> String {
        let Self { id, title, updated, published, words, link } = self;
        format!(
            "<entry>\n<id>{}</id>\n<title>{}</title>\n<updated>{}</updated>\n<published>{}</published>\n\
             <link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n<content type=\"text\">{}</content>\n</entry>\n",
            urn(id),
            escape(title),
            updated.rfc3339(),
            published.rfc3339(),
            escape(link),
            escape(words),
        )
    }
}

/// A name for machines: RFC 9562, version 8, of the digits of a hash.
fn urn(id: &str) -> String {
    let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
    let [a, b, c, d, e] = [part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)];
    format!("urn:uuid:{a}-{b}-8{c}-8{d}-{e}")
}

fn incident(one: &Happening, url: &str) -> Entry {
    let ended = (one.stage == Stage::Over).then(|| one.until.unwrap_or(one.at));
    let until = ended.map_or("It goes on.".to_owned(), |at| format!("It was over at {}.", at.rfc3339()));
    let id = of_happening("incident", one);
    Entry {
        link: format!("{url}/status#{}", super::short(id.clone())),
        id,
        title: about(one),
        updated: ended.unwrap_or(one.at),
        published: one.at,
        words: format!("It began at {}. {until}", one.at.rfc3339()),
    }
}

fn planned(one: &Happening, url: &str) -> Entry {
    let until = one.until.map(|at| format!(", until {}", at.rfc3339())).unwrap_or_default();
    let id = of_happening("maintenance", one);
    let announced = one.at.minus(ANNOUNCED);
    Entry {
        link: format!("{url}/status#{}", super::short(id.clone())),
        id,
        title: format!("Planned: {}", about(one)),
        updated: announced,
        published: announced,
        words: format!("Planned maintenance, from {}{until}.", one.at.rfc3339()),
    }
}

/// "checkout: cards are refused".
fn about(one: &Happening) -> String {
    let is_named = one.service.is_empty() || one.title.as_str().contains(one.service.as_str());
    if is_named { one.title.to_string() } else { format!("{}: {}", one.service, one.title) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::page;
    use super::*;

    #[test]
    fn an_entry_has_a_name_and_a_date_that_do_not_move() {
        let (page, later) = (page(), StatusPage { at: page().at.plus(Span::seconds(3600)), ..page() });
        let feed = draw(&page, "https://status.example.com");
        assert_eq!(feed, draw(&later, "https://status.example.com"));
        let document = roxmltree::Document::parse(&feed).unwrap();
        let titles: Vec<&str> =
            document.descendants().filter(|node| node.has_tag_name("title")).filter_map(|node| node.text()).collect();
        assert_eq!(
            titles,
            ["Shop & Sons: status", "Cards <b> are refused", "Planned: mail: New disks", "search: It was slow"]
        );
        assert!(feed.contains("<id>urn:uuid:"));
    }
}
