//! Names of people, as servers write them.

use super::text::SafeText;

/// The name in "Ada Lovelace <ada@example.com>": an address belongs on no wall. Of an address alone, what stands
/// before the @; none where there is nothing else.
pub fn name_of(person: &str) -> Option<SafeText> {
    let name = person.split('<').next().unwrap_or_default().trim().trim_matches('"');
    let name = if name.is_empty() { person.trim().trim_matches(['<', '>']) } else { name };
    let is_address = !name.contains(char::is_whitespace);
    let name = name.split_once('@').filter(|_| is_address).map_or(name, |(before, _)| before);
    (!name.is_empty()).then(|| SafeText::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_never_shown() {
        for (person, name) in [
            ("Ada Lovelace <ada@example.com>", Some("Ada Lovelace")),
            ("\"Lovelace, Ada\" <ada@example.com>", Some("Lovelace, Ada")),
            ("<ada@example.com>", Some("ada")),
            ("ada@example.com", Some("ada")),
            ("ada", Some("ada")),
            (" ", None),
            ("@example.com", None),
        ] {
            assert_eq!(name_of(person).as_ref().map(SafeText::as_str), name, "{person}");
        }
    }
}
