//! What may be shown of an address: some servers take a token as a part of its path.

use reqwest::Url;

/// What stands for a part that may be a token.
const MASK: &str = "***";
/// Words after which a token follows, as in "/token/...".
const BEFORE_TOKENS: [&str; 6] = ["token", "tokens", "key", "apikey", "api-key", "secret"];

/// The path of an address without its last slash, and without what looks like a token.
pub fn shown_path(url: &Url) -> String {
    let mut shown = String::new();
    let mut former = "";
    for segment in url.path().split('/').skip(1) {
        let hidden = !segment.is_empty() && (follows(former) || looks_like_token(segment));
        shown.push('/');
        shown.push_str(if hidden { MASK } else { segment });
        former = segment;
    }
    shown.trim_end_matches('/').to_owned()
}

fn follows(word: &str) -> bool {
    BEFORE_TOKENS.iter().any(|one| word.eq_ignore_ascii_case(one))
}

/// Whether a part of it, between punctuation, is as no word is: long, and of letters and digits or of both
/// cases; or digits without end. (Slack, Telegram, healthchecks.io, Grafana's public dashboards.)
fn looks_like_token(segment: &str) -> bool {
    segment.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| {
        let has = |kind: fn(&char) -> bool| part.chars().any(|c| kind(&c));
        let digits = part.chars().filter(char::is_ascii_digit).count();
        let letters = part.len() - digits;
        let changes = part.as_bytes().windows(2).filter(|two| is_change(two)).count();
        (part.len() >= 12 && digits >= 2 && letters >= 2 && changes >= 3)
            || (part.len() >= 16 && digits == part.len())
            || (part.len() >= 20 && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase))
    })
}

/// Whether two neighbours are a letter and a digit, in whatever order.
fn is_change(two: &[u8]) -> bool {
    matches!(two, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> String {
        shown_path(&Url::parse(&format!("https://x.test{path}?q=1")).unwrap())
    }

    #[test]
    fn tokens_of_a_path_are_masked() {
        for (path, expected) in [
            ("/services/T02ABCDEF/B02ABCDEF/aB3xY9zQ7wE1rT5yU8iO2pAs", "/services/T02ABCDEF/B02ABCDEF/***"),
            ("/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe", "/***/getMe"),
            ("/ping/5f1c2a9e-7b3d-4c8e-9a1f-2b6d8e0c4f7a", "/ping/***"),
            ("/public-dashboards/3d5a7b9c1e2f4a6b8c0d1e2f3a4b5c6d", "/public-dashboards/***"),
            ("/token/short", "/token/***"),
            ("/aBcDeFgHiJkLmNoPqRsTuVwX/", "/***"),
        ] {
            assert_eq!(shown(path), expected);
        }
    }

    #[test]
    fn names_are_not() {
        for path in [
            "",
            "/prometheus",
            "/api/v1",
            "/job/checkout-service/api/json",
            "/k8s-prod-eu-west-1/prometheus-kube-state-metrics",
            "/argocd/api/v1/applications",
            "/2026-11-24/report.json",
        ] {
            assert_eq!(shown(path), path);
        }
    }
}
