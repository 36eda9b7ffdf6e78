//! What the targets of a probe are called, so that each has a name of its own and none shows a secret.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::source::http::shown_path;

/// A target as it is written: its name, where it has one, and its address.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) name: &'a str,
    pub(super) url: Url,
}

/// The names, in the order of the targets: the given one, or as much of the address as tells them apart.
pub(super) fn names(targets: &[Written<'_>]) -> Vec<String> {
    let mut names: Vec<String> = targets.iter().map(|one| given(one).unwrap_or_else(|| authority(&one.url))).collect();
    for more in [with_scheme as fn(&Written<'_>) -> String, with_query] {
        for double in doubles(&names) {
            let wanted: Vec<(usize, String)> =
                double.iter().filter_map(|at| Some((*at, more(targets.get(*at)?)))).collect();
            // What is the same for all of them tells nothing.
            if wanted.iter().any(|(_, name)| Some(name) != wanted.first().map(|(_, first)| first)) {
                for (at, name) in wanted {
                    if let Some(slot) = names.get_mut(at) {
                        *slot = name;
                    }
                }
            }
        }
    }
    number(&mut names);
    names
}

fn given(target: &Written<'_>) -> Option<String> {
    (!target.name.is_empty()).then(|| target.name.to_owned())
}

/// Host, port and path: "shop:8080/health".
fn authority(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}{port}{}", url.host_str().unwrap_or_default(), shown_path(url))
}

fn with_scheme(target: &Written<'_>) -> String {
    let scheme = target.url.scheme();
    given(target).map_or_else(|| format!("{scheme}://{}", authority(&target.url)), |name| format!("{name} ({scheme})"))
}

/// With the keys of its query; a value may be a secret.
fn with_query(target: &Written<'_>) -> String {
    let keys: Vec<String> = target.url.query_pairs().map(|(key, _)| format!("{key}=…")).collect();
    let query = if keys.is_empty() { String::new() } else { format!("?{}", keys.join("&")) };
    format!("{}{query}", with_scheme(target))
}

/// The indices of names that stand more than once.
fn doubles(names: &[String]) -> Vec<Vec<usize>> {
    let mut indices: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        indices.entry(name).or_default().push(at);
    }
    indices.into_values().filter(|indices| indices.len() > 1).collect()
}

/// Numbers what still reads alike, in the order of the board.
fn number(names: &mut [String]) {
    for double in doubles(names) {
        for (number, at) in (1..).zip(double) {
            if let Some(name) = names.get_mut(at) {
                name.push_str(&format!(" #{number}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(targets: &[(&str, &str)]) -> Vec<String> {
        let written: Vec<Written<'_>> =
            targets.iter().map(|(name, url)| Written { name, url: Url::parse(url).unwrap() }).collect();
        names(&written)
    }

    #[test]
    fn a_name_says_no_more_than_tells_targets_apart() {
        assert_eq!(named(&[("", "http://shop/"), ("", "https://api:8443/health")]), ["shop", "api:8443/health"]);
        assert_eq!(named(&[("", "http://shop/"), ("", "https://shop/")]), ["http://shop", "https://shop"]);
        assert_eq!(
            named(&[("", "http://shop/x?a=1"), ("", "http://shop/x?b=1"), ("", "http://shop/x")]),
            ["http://shop/x?a=…", "http://shop/x?b=…", "http://shop/x"]
        );
        assert_eq!(named(&[("a", "http://shop/"), ("a", "https://shop/")]), ["a (http)", "a (https)"]);
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown_and_still_tells_apart() {
        assert_eq!(
            named(&[("", "http://shop/x?token=one"), ("", "http://shop/x?token=two"), ("", "http://shop/x?token=one")]),
            ["shop/x #1", "shop/x #2", "shop/x #3"]
        );
        assert_eq!(
            named(&[("", "http://me:word@hook/services/T02ABCDEF/B02ABCDEF/aB3xY9zQ7wE1rT5y#x")]),
            ["hook/services/T02ABCDEF/B02ABCDEF/***"]
        );
    }
}
