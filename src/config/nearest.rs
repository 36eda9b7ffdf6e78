//! The nearest known name to one that is not known.

/// Longer words are no slips of a known one, and comparing two costs the product of their lengths.
const LONGEST: usize = 64;

/// The nearest of `known`, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = |text: &str| text.chars().take(LONGEST + 1).count();
    let wanted = length(word);
    let most = |candidate: &str| (length(candidate).max(wanted) / 3).max(1);
    known
        .into_iter()
        // A difference in length alone is at least that many slips.
        .filter(|one| length(one).max(wanted) <= LONGEST && length(one).abs_diff(wanted) <= most(one))
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= most(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean 'refresh'?", or a list of what there is.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    // "github" of "github-actions" and its siblings.
    let longer: Vec<String> = known
        .iter()
        .filter(|one| word.len() > 2 && one.strip_prefix(word).is_some_and(|rest| rest.starts_with('-')))
        .map(|one| format!("'{one}'"))
        .collect();
    match nearest(word, known.iter().copied()) {
        _ if !longer.is_empty() => format!("did you mean {}?", longer.join(" or ")),
        Some(near) => format!("did you mean '{near}'?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("known are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        assert_eq!(nearest("refrehs", ["refresh", "timeout"]), Some("refresh"));
        assert_eq!(nearest("titel", ["title", "theme"]), Some("title"));
        assert_eq!(nearest("zebra", ["title", "theme"]), None);
        assert_eq!(nearest(&"x".repeat(65), ["x".repeat(64).as_str()]), None, "too long for a slip");
    }
}
