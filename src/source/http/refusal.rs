//! The server's own words for why it refuses, where it has some.

use serde::Deserialize;

/// The longest sentence that is repeated. A longer one is left out whole: a secret cut in half would no
/// longer be known as one.
const MOST: usize = 200;

/// Where GitHub, GitLab and Argo CD say why.
#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
    error: Option<String>,
}

/// The sentence in a refusal: "Resource not accessible by personal access token".
pub(super) fn said(body: &[u8]) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let words = refusal.message.or(refusal.error)?;
    let words = words.trim().trim_end_matches('.');
    (!words.is_empty() && words.len() <= MOST && !words.contains('\n')).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_sentence_is_repeated_and_nothing_else() {
        for (body, words) in [
            (
                r#"{"message":"Resource not accessible by integration.","status":"403"}"#,
                Some("Resource not accessible by integration"),
            ),
            (r#"{"error":"permission denied","code":7}"#, Some("permission denied")),
            (r#"{"message":{"base":["no"]}}"#, None),
            (r#"{"message":""}"#, None),
            ("<html>Forbidden</html>", None),
        ] {
            assert_eq!(said(body.as_bytes()).as_deref(), words, "{body}");
        }
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(MOST + 1));
        assert_eq!(said(long.as_bytes()), None);
    }
}
