//! Takes out of a text what looks like a secret. What it finds is replaced; it cannot find all: a secret without a name
//! and without a form of its own looks like any other word. Where it is in doubt, it takes out too much.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// What stands for a secret.
const REDACTED: &str = "[redacted]";
/// A name that ends with one of these has a secret for its value.
const NAMES: &str = "password|passwd|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|authorization|cookies?|credentials?|session[-_]?id|signature";

/// Forms of secrets, each with what of it may stay.
static FORMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    // A name, then "=", ":", "=>", ":=", ">", each with the quotation marks of JSON in JSON.
    let named = format!(
        r#"(?i)(\b[\w.-]*(?:{NAMES})\\?["']?(?:=|\s+=\s+|\s*=>\s*|\s*:=?\s*|>))(?:\\"[^"]*?\\"|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'&;)\[\]}}<](?:[^\s"'&;)\]}}<]*[^\s"'&;)\]}}<,])?)"#
    );
    let flag = format!(r"(?i)(\s--?[\w-]*(?:{NAMES})\s+)[^\s-]\S*");
    [
        // Headers: all of their value.
        (r#"(?i)((?:authorization|cookie)\\?["']?\s*[:=]\s*\[*\\?["']?)[^"'\\\]\r\n]+"#, "${1}[redacted]"),
        (r"(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", "${1}[redacted]"),
        // https://user:password@host
        (r#"(://[^\s/:@"']*:)[^\s/"']+(@)"#, "${1}[redacted]${2}"),
        (&named, "${1}[redacted]"),
        (&flag, "${1}[redacted]"),
        // JSON Web Tokens; keys of AWS, GitHub, GitLab, Slack, Stripe, Google.
        (r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", REDACTED),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", REDACTED),
        (r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[rs]k_live_)[\w-]{16,}", REDACTED),
        (r"\bAIza[\w-]{35}", REDACTED),
        // A private key: its first line, and those below it.
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", REDACTED),
        (r"^\s*[A-Za-z0-9+/]{60,}={0,2}\s*$", REDACTED),
    ]
    .into_iter()
    // Each of this table can be read: a test looks.
    .filter_map(|(form, kept)| Some((Regex::new(form).ok()?, kept)))
    .collect()
});

static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?i)(?:{NAMES})$")).ok());

/// A text without what looks like a secret.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut all = Cow::Borrowed(text);
    for (form, kept) in FORMS.iter() {
        if let Cow::Owned(other) = form.replace_all(&all, *kept) {
            all = Cow::Owned(other);
        }
    }
    all
}

/// The same of the value of a field.
pub fn redacted_field<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if NAMED.as_ref().is_none_or(|names| names.is_match(name)) { Cow::Borrowed(REDACTED) } else { redacted(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_taken_out_and_the_rest_stays() {
        assert_eq!(FORMS.len(), 11, "one cannot be read");
        let cases = [
            ("login of ann, password=CANARY, ok", "login of ann, password=[redacted], ok"),
            ("db_password: \"CANARY two\" used", "db_password: [redacted] used"),
            ("password := CANARY", "password := [redacted]"),
            ("password=ab,CANARY ok", "password=[redacted] ok"),
            ("accessToken=CANARY", "accessToken=[redacted]"),
            ("Server=db;Uid=shop;Pwd=CANARY;", "Server=db;Uid=shop;Pwd=[redacted];"),
            ("psql --password CANARY -h db", "psql --password [redacted] -h db"),
            ("<password>CANARY</password>", "<password>[redacted]</password>"),
            ("{\"api_key\":\"CANARY\",\"n\":1}", "{\"api_key\":[redacted],\"n\":1}"),
            (r#"said {\"password\":\"CANARY\"}"#, r#"said {\"password\":[redacted]}"#),
            ("{\"password\":\"CANARY two", "{\"password\":[redacted]"),
            ("Authorization: Bearer CANARY.CANARY", "Authorization: [redacted]"),
            ("Authorization: ApiKey CANARY", "Authorization: [redacted]"),
            ("{\"authorization\":[\"Bearer CANARY\"]}", "{\"authorization\":[\"[redacted]\"]}"),
            ("map[Authorization:[Bearer CANARY] A:[b]]", "map[Authorization:[[redacted]] A:[b]]"),
            ("sent Bearer CANARYCANARY to x", "sent Bearer [redacted] to x"),
            ("Cookie: a=1; sid=CANARY", "Cookie: [redacted]"),
            ("GET /x?token=CANARY&page=2", "GET /x?token=[redacted]&page=2"),
            ("postgres://shop:CANARY@db:5432/shop", "postgres://shop:[redacted]@db:5432/shop"),
            ("postgres://shop:a@CANARY@db/shop", "postgres://shop:[redacted]@db/shop"),
            ("redis://:CANARY@cache", "redis://:[redacted]@cache"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.CANARY_CANARY end", "jwt [redacted] end"),
            ("key AKIACANARYCANARY1234 used", "key [redacted] used"),
            ("pushed with ghp_CANARYCANARYCANARYCANARY1234567890ab", "pushed with [redacted]"),
            ("-----BEGIN RSA PRIVATE KEY----- CANARY", "[redacted]"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
        }
        assert_eq!(redacted_field("http.request.header.authorization", "x"), REDACTED);
        assert_eq!(redacted_field("pwd", "x"), REDACTED);
    }

    #[test]
    fn what_is_harmless_stays() {
        for harmless in [
            "order 4711 taken",
            "passed=3 failed=1",
            "tests passed: 12",
            "monkey: 5, compass=4",
            "token_count=5 max_tokens: 4096",
            "at TokenService.java:42",
            "TokenExpiredError: jwt expired",
            "password= user=ann",
            "https://shop/x?page=2",
            "http://shop:8080/users/ann@example.com",
            "10:30 a=b",
        ] {
            assert_eq!(redacted(harmless), harmless);
        }
        assert_eq!(redacted_field("user", "ann"), "ann");
        assert_eq!(redacted_field("tokens", "7"), "7");
    }
}
