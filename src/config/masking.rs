//! Hides secrets in a file's text before any of it is shown.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

/// Keys under `auth` whose texts are no secrets; everything else there may be one.
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

/// The same for a text that is not TOML: on lines that may hold a secret, everything in quotes goes.
pub(super) fn mask_unparsed(text: &str) -> String {
    let mut spans = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        if SUSPECTS.iter().any(|word| lower.contains(word)) {
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
        visit(key, item, in_auth || key == "auth", spans);
    }
}

fn visit(key: &str, item: &Item, in_auth: bool, spans: &mut Vec<Range<usize>>) {
    if let Some(table) = item.as_table_like() {
        collect(table, in_auth, spans);
    } else if let Some(tables) = item.as_array_of_tables() {
        for table in tables {
            collect(table, in_auth, spans);
        }
    } else if let Some(array) = item.as_array() {
        for (place, value) in array.iter().enumerate() {
            match value.as_inline_table() {
                Some(table) => collect(table, in_auth, spans),
                // The arguments of a command may hold one; its name helps.
                None => scalar(value, is_secret(key, in_auth) || (key == "command" && place > 0), spans),
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

/// Where in a URL a password or a query may begin.
fn secret_of_url(url: &str) -> Option<usize> {
    let rest = url.find("://")? + 3;
    let tail = url.get(rest..)?;
    let user = tail.split('/').next().is_some_and(|authority| authority.contains('@'));
    if user { Some(rest) } else { tail.find('?').map(|at| rest + at + 1) }
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
    }
}
