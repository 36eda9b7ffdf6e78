//! Takes what was sent as a secret out of texts that a server, or a library, has made of it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::model::text::SafeText;

/// A secret of a letter or two is none: without them no text could be read.
const SHORTEST: usize = 4;
/// So much of the start of a secret is taken out too: whoever repeats it may have cut it.
const PART: usize = 8;
/// A text as long as this may have been cut when it was made safe, and end in a part of a secret.
const PERHAPS_CUT: usize = 4000;
/// What is encoded in a form (URL Standard, "application/x-www-form-urlencoded").
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');
/// What stands for a secret.
const MASK: &str = "***";

/// Every form in which a secret was sent, or is likely to come back.
#[derive(Debug, Default)]
pub(super) struct Forms(Vec<SecretString>);

impl Forms {
    /// Adds a text that was sent: as it is, as it looks when it was made safe, in a URL, in JSON.
    pub(super) fn add(&mut self, sent: &str) {
        let json = serde_json::to_string(sent).unwrap_or_default();
        let address = utf8_percent_encode(sent, ENCODED).to_string();
        let all = [
            sent.to_owned(),
            SafeText::new(sent).as_str().to_owned(),
            // A space is "+" in a form and "%20" in an address.
            address.replace("%20", "+"),
            address,
            json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned(),
        ];
        for one in all {
            if one.len() >= SHORTEST && !self.0.iter().any(|known| known.expose_secret() == one) {
                self.0.push(one.into());
            }
        }
    }

    /// The text without any of them; `None` when there is none in it.
    pub(super) fn scrub(&self, text: &str) -> Option<String> {
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let found = self.found(rest, text.len() >= PERHAPS_CUT);
            if found > 0 && !clean.ends_with(MASK) {
                clean.push_str(MASK);
            } else if found == 0 {
                clean.push(next);
            }
            rest = rest.get(found.max(next.len_utf8())..).unwrap_or_default();
        }
        (clean != text).then_some(clean)
    }

    /// How many bytes at the start of `rest` are a secret, or the start of one; 0 for none.
    fn found(&self, rest: &str, perhaps_cut: bool) -> usize {
        let lengths = self.0.iter().map(|form| {
            let form = form.expose_secret();
            let same = rest.bytes().zip(form.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
            let counts = same == form.len() || same >= PART || (perhaps_cut && same == rest.len());
            if counts { same } else { 0 }
        });
        let longest = lengths.max().unwrap_or(0);
        (longest..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(all: &[&str]) -> Forms {
        let mut forms = Forms::default();
        for one in all {
            forms.add(one);
        }
        forms
    }

    #[test]
    fn every_form_of_a_secret_is_taken_out() {
        let forms = forms(&["s3cr/t+\"wörd\"", "Basic bWU6Y2FuYXJ5"]);
        for said in [
            "s3cr/t+\"wörd\"",
            "S3CR/T+\"wörd\"",
            "s3cr%2Ft%2B%22w%C3%B6rd%22",
            "s3cr%2ft%2b%22w%c3%b6rd%22",
            "s3cr/t+\\\"wörd\\\"",
            "Basic bWU6Y2FuYXJ5",
            "basic bWU6Y2FuYXJ5",
        ] {
            let whole = format!("no \"{said}\" here");
            assert_eq!(forms.scrub(&whole).as_deref(), Some("no \"***\" here"), "{said}");
        }
        assert_eq!(forms.scrub("nothing of it"), None);
    }

    #[test]
    fn a_part_of_a_secret_is_taken_out_too() {
        let forms = forms(&["CaNaRy0123456789", "abc"]);
        assert_eq!(forms.scrub("bad header: CaNaRy012345…").as_deref(), Some("bad header: ***…"));
        let cut = format!("{}CaN", "x".repeat(4093));
        assert_eq!(forms.scrub(&cut), Some(format!("{}***", "x".repeat(4093))), "the text was cut within it");
        assert_eq!(forms.scrub("a canary, or an abc"), None, "words are no secrets");
    }
}
