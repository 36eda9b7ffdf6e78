//! The `Link` header: where else something is, such as the next page of a list.
//!
//! Source: RFC 8288, section 3 and appendix B.2. A comma or a semicolon between `<` and `>`, or between quotes,
//! separates nothing. `rel` is a list of words in any case; where a link has two of them the first counts.

use reqwest::header::{HeaderMap, LINK};

/// The target of the first link that has this relation, as the server wrote it.
pub(super) fn target<'a>(headers: &'a HeaderMap, relation: &str) -> Option<&'a str> {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let mut links = values.flat_map(|mut rest| std::iter::from_fn(move || next_link(&mut rest)));
    links.find(|link| link.has(relation)).map(|link| link.target)
}

/// One link of the header.
struct Link<'a> {
    target: &'a str,
    relations: Option<String>,
}

impl Link<'_> {
    fn has(&self, relation: &str) -> bool {
        let relations = self.relations.as_deref().unwrap_or_default();
        relations.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(relation))
    }
}

/// Takes the next link off; none at the end, and none of what is no link.
fn next_link<'a>(rest: &mut &'a str) -> Option<Link<'a>> {
    let (target, after) = rest.split_once('<')?.1.split_once('>')?;
    *rest = after;
    let mut relations = None;
    while let Some((name, value)) = next_parameter(rest) {
        if name.eq_ignore_ascii_case("rel") {
            relations.get_or_insert(value);
        }
    }
    Some(Link { target, relations })
}

/// Takes the next `; name=value` of a link off; none when the link ends.
fn next_parameter<'a>(rest: &mut &'a str) -> Option<(&'a str, String)> {
    let parameter = rest.trim_start().strip_prefix(';')?.trim_start();
    let (name, after) = split_before(parameter, &['=', ';', ',']);
    let value = after.strip_prefix('=').map(str::trim_start);
    let (value, after) = match value.map(|value| (value, value.strip_prefix('"'))) {
        Some((_, Some(quoted))) => unquote(quoted),
        Some((value, None)) => {
            let (token, after) = split_before(value, &[';', ',']);
            (token.trim_end().to_owned(), after)
        }
        None => (String::new(), after),
    };
    *rest = after;
    Some((name.trim_end(), value))
}

fn split_before<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// The text up to the closing quote, and what is behind it (RFC 9110, section 5.6.4: `\"` is a quote inside).
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(values: &[&str]) -> Option<String> {
        let headers: HeaderMap = values.iter().map(|value| (LINK, value.parse().unwrap())).collect();
        target(&headers, "next").map(str::to_owned)
    }

    #[test]
    fn a_comma_or_a_semicolon_within_an_address_or_quotes_separates_nothing() {
        for (value, expected) in [
            ("<https://x.test/a?ids=1,2,3&page=2>; rel=\"next\"", "https://x.test/a?ids=1,2,3&page=2"),
            ("<https://x.test/a;b=c?page=2>; rel=\"next\"", "https://x.test/a;b=c?page=2"),
            ("</1>; title=\"a, <b>; rel=next\"; rel=\"last\", </2,3>; rel=\"next\"", "/2,3"),
            ("</1>; title=\"a \\\" quote, </0>\"; rel=next", "/1"),
        ] {
            assert_eq!(next(&[value]).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn a_relation_is_found_however_it_is_written() {
        for value in [
            "</p>; rel=\"last\", </2>; rel=\"next\"",
            "</p>;rel=prev,</2>;rel=next",
            "</p> ; rel = \"prev\" , </2> ; REL = \"Next\"",
            "</2>; rel=\"https://x.test/rels/other next\"",
            "</2>; crossorigin; rel=next; rel=prev",
            "nonsense, </p>; rel=\"prev\"; x, </2>; rel=next",
        ] {
            assert_eq!(next(&[value]).as_deref(), Some("/2"), "{value}");
        }
        assert_eq!(next(&["</p>; rel=prev", "</2>; rel=next"]).as_deref(), Some("/2"), "two lines of one header");
    }

    #[test]
    fn without_it_there_is_none() {
        let none = [
            "",
            "nonsense",
            "</2>",
            "</2>; rel=prev; rel=next",
            "</2>; rel=nextpage",
            "</2; rel=next",
            "</2>, rel=next",
        ];
        for value in none {
            assert_eq!(next(&[value]), None, "{value}");
        }
        assert_eq!(next(&["</2>; rel=\"next"]).as_deref(), Some("/2"), "the quote is never closed");
    }
}
