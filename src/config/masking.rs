//! Hides secrets in a file's text before any of it is shown.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

/// Keys under `auth` and `headers` whose texts are no secrets; everything else there may be one.
const PUBLIC_KEYS: [&str; 4] = ["env", "file", "username", "name"];
/// Parts of keys whose texts are secrets wherever they stand, be it in the wrong place.
const SECRET_KEYS: [&str; 7] = ["webhook", "bearer", "passw", "token", "secret", "apikey", "api_key"];
/// Words of a line that may hold a secret in a file that cannot be parsed.
const SUSPECTS: [&str; 8] = ["webhook", "auth", "bearer", "password", "token", "secret", "key", "://"];

/// The text with every literal secret overwritten, byte for byte, so that spans still fit.
pub(super) fn mask(text: &str, document: &Document<String>) -> String {
    let mut spans = Vec::new();
    collect(document.as_table(), false, &mut spans);
    overwrite(text, &spans)
}

/// The same for a text that is not TOML: on lines that may hold a secret, and on those that go on with such a
/// line, everything behind the key goes.
pub(super) fn mask_unparsed(text: &str) -> String {
    let mut spans = Vec::new();
    let mut begin = 0;
    let mut goes_on = false;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let begins_anew = line.contains('=') || line.trim_start().starts_with('[');
        let is_suspect = SUSPECTS.iter().any(|word| lower.contains(word)) || line.contains('@');
        goes_on = is_suspect || (goes_on && !begins_anew);
        if goes_on {
            let value = line.find('=').map_or(0, |at| at + 1);
            let end = line.trim_end().len();
            spans.push(begin + value..begin + end.max(value));
        }
        begin += line.len();
    }
    overwrite(text, &spans)
}

fn collect(table: &dyn TableLike, in_auth: bool, spans: &mut Vec<Range<usize>>) {
    for (key, item) in table.iter() {
        visit(key, item, in_auth || matches!(key, "auth" | "headers"), spans);
    }
}

fn visit(key: &str, item: &Item, in_auth: bool, spans: &mut Vec<Range<usize>>) {
    if let Some(table) = item.as_table_like() {
        // A table in the place of a secret: whatever stands in it may be the secret under a wrong key.
        collect(table, in_auth || is_secret(key, in_auth), spans);
    } else if let Some(tables) = item.as_array_of_tables() {
        for table in tables {
            collect(table, in_auth, spans);
        }
    } else if let Some(array) = item.as_array() {
        for (index, value) in array.iter().enumerate() {
            match value.as_inline_table() {
                Some(table) => collect(table, in_auth, spans),
                // The arguments of a command may hold one; its name helps.
                None => scalar(value, is_secret(key, in_auth) || (key == "command" && index > 0), spans),
            }
        }
    } else if let Some(value) = item.as_value() {
        scalar(value, is_secret(key, in_auth) || key == "command", spans);
    }
}

/// Whether what stands under a key is a secret. Under auth everything is but some names, and nothing there
/// is a list: whatever stands in one may be a secret in the wrong place.
fn is_secret(key: &str, in_auth: bool) -> bool {
    let lower = key.to_ascii_lowercase();
    (in_auth || SECRET_KEYS.iter().any(|part| lower.contains(part))) && !PUBLIC_KEYS.contains(&key)
}

fn scalar(value: &toml_edit::Value, secret: bool, spans: &mut Vec<Range<usize>>) {
    let Some(span) = value.span() else { return };
    if secret {
        spans.push(span);
    } else if let Some(hidden) = value.as_str().and_then(secret_of_url) {
        // The span includes the opening quote.
        spans.push(span.start + 1 + hidden..span.end.saturating_sub(1));
    }
}

/// Where in a URL a password or a query may begin. Its scheme may be missing or mistyped: "me:secret@host".
fn secret_of_url(url: &str) -> Option<usize> {
    let scheme = url.find(":/").filter(|at| url.get(..*at).is_some_and(|word| !word.contains('@')));
    let rest =
        scheme.map_or(0, |at| at + url.get(at + 1..).unwrap_or_default().chars().take_while(|c| *c == '/').count() + 1);
    let tail = url.get(rest..)?;
    let authority = tail.split('/').next().unwrap_or_default();
    // Without a scheme only a password makes an address of it: an address of mail has none.
    let has_user = authority.split_once('@').is_some_and(|(user, _)| scheme.is_some() || user.contains(':'));
    if has_user { Some(rest) } else { tail.find('?').filter(|_| scheme.is_some()).map(|at| rest + at + 1) }
}

fn overwrite(text: &str, spans: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        for byte in bytes.get_mut(span.clone()).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b'*';
            }
        }
    }
    // Whole spans of characters were overwritten: what is left is UTF-8.
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_under_auth_are_hidden_and_references_are_not() {
        let text = "[sources.a]\nauth = { bearer = \"CANARY\" }\nurl = \"http://u:CANARY@h/?t=CANARY\"\n\
                    [sources.b.auth.basic]\nusername = \"me\"\npassword = \"CANARY\"\n[sources.c]\nauth = { bearer = { env = \"TOKEN\" } }\n";
        let document = Document::parse(text.to_owned()).unwrap();
        let masked = mask(text, &document);
        assert!(!masked.contains("CANARY"), "{masked}");
        assert!(masked.contains("TOKEN") && masked.contains("\"me\""));
        assert_eq!(masked.len(), text.len());
    }

    #[test]
    fn secrets_in_the_wrong_shape_or_place_are_hidden_too() {
        for text in [
            "[s]\nauth = { basic = { username = \"me\", password = 12345678 } }\n",
            "[s]\nauth = { bearer = [\"12345678\"] }\n",
            "[s]\nauth = { header = { name = \"X\", value = 12345678.5 } }\n",
            "[s]\ntargets = [\"https://h/?token=12345678\", 5]\n",
            "[s]\ncommand = \"curl -H 'Authorization: Bearer 12345678'\"\n",
            "[s]\ncommand = [\"curl\", \"-H\", \"Authorization: Bearer 12345678\"]\n",
            "[s]\napi_token = 12345678\n",
            "[s]\nurl = \"me:12345678@prom:9090/\"\n",
            "[s]\nurl = \"http:/me:12345678@prom:9090/\"\n",
            "[s]\nurl = \"htp://me:12345678@prom:9090/\"\n",
            "[s]\ntoken = { value = \"12345678\" }\n",
        ] {
            let masked = mask(text, &Document::parse(text.to_owned()).unwrap());
            assert!(!masked.contains("12345678"), "{masked}");
            assert_eq!(masked.len(), text.len());
        }
    }

    #[test]
    fn a_broken_file_hides_more_rather_than_less() {
        let masked = mask_unparsed("auth = { bearer = \"CANARY\n title = \"Shop\"\n");
        assert!(!masked.contains("CANARY") && masked.contains("Shop"));
        let masked = mask_unparsed("auth = { bearer =\n CANARY }\n[x]\ntitle = \"Shop\"\nx = me:CANARY@h\n");
        assert!(!masked.contains("CANARY") && masked.contains("Shop"), "{masked}");
    }
}
