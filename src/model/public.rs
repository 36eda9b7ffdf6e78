//! What the public must not read: addresses, and names of machines and people.

use core::net::{IpAddr, SocketAddr};

use super::text::SafeText;

/// Labels whose values name a machine or a person, as exporters and clouds have them.
const NAME_SOMEBODY: [&str; 32] = [
    "account",
    "addr",
    "address",
    "assignee",
    "author",
    "client",
    "container",
    "customer",
    "device",
    "email",
    "fqdn",
    "host",
    "hostname",
    "hosts",
    "instance",
    "ip",
    "machine",
    "name",
    "node",
    "nodename",
    "owner",
    "person",
    "pod",
    "query",
    "server",
    "sql",
    "target",
    "tenant",
    "uri",
    "url",
    "user",
    "username",
];

/// Whether the values of a label may name a machine or a person: `instance`, `kubernetes_node`, `peer.address`.
pub fn names_somebody(label: &str) -> bool {
    let mut spaced = String::new();
    for character in label.chars() {
        // "podName", "clientIP"
        if character.is_uppercase() && !spaced.ends_with(|last: char| last.is_uppercase()) {
            spaced.push('_');
        }
        spaced.push(character);
    }
    let spaced = spaced.to_lowercase();
    let mut parts = spaced.split(|c: char| !c.is_alphanumeric());
    parts.any(|part| NAME_SOMEBODY.contains(&part))
}

/// A text without what looks like an address: of a page, a machine, a person, a file.
pub fn without_addresses(text: &SafeText) -> SafeText {
    let words = text.as_str().split(' ').map(|word| if is_address(word) { "…" } else { word });
    SafeText::from(words.collect::<Vec<_>>().join(" "))
}

fn is_address(word: &str) -> bool {
    let parts = word.split(['(', ')', '[', ']', '{', '}', '<', '>', '"', '\'', '=', ',', ';', '|', '/']);
    let whole = word.trim_matches(|c: char| !c.is_alphanumeric() && c != ':');
    // Brackets are a part of this one.
    let is_socket = word.trim_matches([',', ';', '(', ')']).parse::<SocketAddr>().is_ok();
    let is_path = word.len() > 1 && word.trim_start_matches(['(', '"', '\'']).starts_with('/');
    is_socket || is_path || is_one(whole) || parts.map(|part| part.trim_end_matches(['.', ':', '!', '?'])).any(is_one)
}

fn is_one(part: &str) -> bool {
    let bare = part.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(part, |(host, _)| host);
    let is_mail = part.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty());
    let is_ip = bare.parse::<IpAddr>().is_ok();
    let has_port = bare.len() < part.len() && bare.starts_with(|c: char| c.is_alphabetic());
    part.contains("://") || is_mail || is_ip || has_port || is_domain(bare)
}

/// "web-7.example.com": labels, the last of them letters. "v1.2" and "99.9" are none.
fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label =
        |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let is_top = |label: &&str| label.len() > 1 && label.chars().all(char::is_alphabetic);
    labels.len() > 1 && labels.iter().all(is_label) && labels.last().is_some_and(is_top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_left_out_and_words_are_kept() {
        for (text, public) in [
            ("checkout p99", "checkout p99"),
            ("v1.2 99.9 % e.g. 3/4", "v1.2 99.9 % e.g. 3/4"),
            ("web-7.example.com is slow", "… is slow"),
            ("see https://intern.example.com/x?y=1.", "see …"),
            ("10.1.2.3:9100 [::1]:80 fe80::1 db:5432", "… … … …"),
            ("by ada@example.com (db.intern)", "by … …"),
            ("/var/log/shop and C", "… and C"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(&text.into()).as_str(), public, "{text}");
        }
    }

    #[test]
    fn labels_of_machines_and_people_are_known() {
        let known = ["instance", "Pod", "kubernetes_node", "peer.address", "user", "k8s-pod"];
        assert!(known.into_iter().all(names_somebody));
        assert!(!["job", "service", "path", "quantile", "endpoint_kind"].into_iter().any(names_somebody));
    }
}
