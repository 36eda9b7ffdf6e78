//! How well a few typed letters match a name.

/// How well words that were typed match a text, better first: every word has to be in it, as it is or with letters left out
/// between. None where one is not.
pub(super) fn score(typed: &str, text: &str) -> Option<i64> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let terms = typed.to_lowercase();
    terms.split_whitespace().map(|term| of_term(&term.chars().collect::<Vec<_>>(), &text)).sum()
}

/// A word as it is counts more than letters that are apart, the begin of a word more than its middle, and what stands
/// first more than what stands later.
fn of_term(term: &[char], text: &[char]) -> Option<i64> {
    let begins_word = |at: usize| at == 0 || !text[at - 1].is_alphanumeric();
    let whole = text.windows(term.len()).enumerate().filter(|(_, window)| *window == term);
    let of_whole = |at: usize| 10_000 + if begins_word(at) { 5_000 } else { 0 } - at as i64;
    if let Some(best) = whole.map(|(at, _)| of_whole(at)).max() {
        return Some(best);
    }
    let mut score = 1_000;
    let mut next = 0;
    for char in term {
        let skipped = text[next..].iter().position(|other| other == char)?;
        score -= skipped as i64;
        next += skipped + 1;
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_to_be_there_and_the_better_match_has_the_higher_score() {
        for text in ["Checkout latency", "latency of CHECKOUT"] {
            assert!(score("check lat", text).is_some(), "{text}");
        }
        assert!(score("", "anything").is_some());
        for (typed, text) in [("x", "latency"), ("check", "keychec"), ("latency checkout x", "Checkout latency")] {
            assert_eq!(score(typed, text), None, "{typed} in {text}");
        }
        for (typed, better, worse) in [
            ("log", "Log", "Catalogue"),
            ("log", "Catalogue", "Load of Germany"),
            ("lat", "latency", "p95 latency"),
            ("ckl", "cks of l", "checkout x latency"),
        ] {
            assert!(score(typed, better) > score(typed, worse), "{typed}: {better}, {worse}");
        }
    }
}
