//! `$name` and `${name}` in queries, titles and links.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a value is written where it is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// As it is (titles).
    None,
    /// Inside a quoted text of `PromQL` or jq: backslashes and quotes are escaped.
    Text,
    /// Inside an address: percent-encoded.
    Url,
}

/// Replaces known variables, and returns the names that are not known. `$$` stands for a dollar.
pub(super) fn expand(text: &str, variables: &BTreeMap<String, String>, quoting: Quoting) -> (String, Vec<String>) {
    let (mut expanded, mut unknown) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            expanded.push('$');
            rest = after;
            continue;
        }
        let (name, tail) = name(after);
        if let Some(value) = variables.get(name) {
            expanded.push_str(&quote(value, quoting));
        } else {
            if !name.is_empty() {
                unknown.push(name.to_owned());
            }
            expanded.push('$');
            rest = after;
            continue;
        }
        rest = tail;
    }
    expanded.push_str(rest);
    (expanded, unknown)
}

/// The name after a dollar, with or without braces, and what follows it.
fn name(after: &str) -> (&str, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, tail) = match after.strip_prefix('{') {
        Some(braced) => braced.split_once('}').filter(|(name, _)| name.chars().all(is_name)).unwrap_or(("", after)),
        None => after.split_at(after.find(|c: char| !is_name(c)).unwrap_or(after.len())),
    };
    // `$1` belongs to a regular expression.
    if name.starts_with(|c: char| c.is_ascii_digit()) { ("", after) } else { (name, tail) }
}

fn quote(value: &str, quoting: Quoting) -> String {
    match quoting {
        Quoting::None => value.to_owned(),
        Quoting::Text => value.replace('\\', "\\\\").replace('"', "\\\""),
        Quoting::Url => utf8_percent_encode(value, RESERVED).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeMap<String, String> {
        BTreeMap::from([("env".to_owned(), "prod \"eu\"".to_owned())])
    }

    #[test]
    fn both_forms_are_replaced_and_quoted_for_their_place() {
        let text = expand("up{env=\"$env\"} / ${env}", &known(), Quoting::Text).0;
        assert_eq!(text, r#"up{env="prod \"eu\""} / prod \"eu\""#);
        assert_eq!(expand("/?e=$env", &known(), Quoting::Url).0, "/?e=prod%20%22eu%22");
        let values = BTreeMap::from([("v".to_owned(), "a-B_1.~ä/+&".to_owned())]);
        assert_eq!(expand("$v", &values, Quoting::Url).0, "a-B_1.~%C3%A4%2F%2B%26");
        assert_eq!(expand("Orders $env", &known(), Quoting::None).0, "Orders prod \"eu\"");
    }

    #[test]
    fn what_is_not_a_variable_stays() {
        for text in ["(a|b)$", "$1", "${1}", "$", "${", "cost in $ and ${}"] {
            assert_eq!(expand(text, &known(), Quoting::Text), (text.to_owned(), Vec::new()), "{text}");
        }
        assert_eq!(expand("$evn", &known(), Quoting::Text), ("$evn".to_owned(), vec!["evn".to_owned()]));
        assert_eq!(expand("$$env", &known(), Quoting::Text).0, "$env");
    }
}
