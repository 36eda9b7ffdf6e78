//! Incidents and planned maintenance as an Atom feed.
//!
//! Source: RFC 4287.

use super::super::html::escape;
use super::{Place, announced, short};
use crate::eval::status_page::{Happening, Stage, StatusPage};
use crate::model::time::Timestamp;

/// The type of it.
pub const CONTENT_TYPE: &str = "application/atom+xml; charset=utf-8";

/// The feed of a page.
pub fn draw(page: &StatusPage, place: Place<'_>) -> String {
    let url = place.url;
    let incidents = page.incidents.iter().map(|one| incident(one, url));
    let is_announced = |one: &&Happening| announced(one) <= page.at;
    let maintenance = page.maintenance.iter().filter(is_announced).map(|one| planned(one, url));
    let mut entries: Vec<Entry> = incidents.chain(maintenance).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.updated));
    let title = format!("{}: status", page.title);
    // Of a feed without entries: a date that does not move with every look.
    let updated = entries.first().map_or(Timestamp(0), |newest| newest.updated);
    let entries: String = entries.iter().map(Entry::xml).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n\
         <id>{id}</id>\n<title>{}</title>\n<updated>{}</updated>\n<author><name>{}</name></author>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{url}/status/history.atom\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{url}/status\"/>\n{entries}</feed>\n",
        escape(&title),
        updated.rfc3339(),
        escape(page.title.as_str()),
        id = urn(&page.id),
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
            id,
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
    Entry {
        link: link(one, url),
        id: urn(&one.id),
        title: about(one),
        updated: ended.unwrap_or(one.at),
        published: one.at,
        words: format!("It began at {}. {until}", one.at.rfc3339()),
    }
}

fn planned(one: &Happening, url: &str) -> Entry {
    let until = one.until.map(|at| format!(" until {}", at.rfc3339())).unwrap_or_default();
    let is_over = one.stage == Stage::Over;
    Entry {
        link: link(one, url),
        id: urn(&one.id),
        title: format!("{}: {}", if is_over { "Done" } else { "Planned" }, about(one)),
        updated: if is_over { one.until.unwrap_or(one.at) } else { announced(one) },
        published: announced(one),
        words: format!("Planned maintenance from {}{until}.", one.at.rfc3339()),
    }
}

fn link(one: &Happening, url: &str) -> String {
    format!("{url}/status#{}", short(&one.id))
}

/// "checkout: cards are refused".
fn about(one: &Happening) -> String {
    let is_named = one.service.is_empty() || one.title.as_str().contains(one.service.as_str());
    if is_named { one.title.to_string() } else { format!("{}: {}", one.service, one.title) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{PLACE, page};
    use super::*;
    use crate::model::time::Span;

    #[test]
    fn an_entry_has_a_name_and_a_date_that_do_not_move() {
        let (page, later) = (page(), StatusPage { at: page().at.plus(Span::seconds(3600)), ..page() });
        let feed = draw(&page, PLACE);
        assert_eq!(feed, draw(&later, PLACE));
        let document = roxmltree::Document::parse(&feed).unwrap();
        let texts = |name: &str| -> Vec<String> {
            let nodes = document.descendants().filter(|node| node.has_tag_name(name));
            nodes.filter_map(|node| node.text()).map(str::to_owned).collect()
        };
        let titles = [
            "Shop & Sons: status",
            "Cards <b> are refused",
            "Done: Old disks",
            "Planned: mail: New disks",
            "search: It was slow",
        ];
        assert_eq!(texts("title"), titles);
        let mut ids = texts("id");
        assert!(ids.iter().all(|id| id.starts_with("urn:uuid:") && id.len() == 45), "{ids:?}");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), titles.len(), "each has its own");
    }
}
