//! The nearest known name to one that is not known.

/// The nearest of `known`, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(word.chars().count()) / 3).max(1))
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
    }
}
