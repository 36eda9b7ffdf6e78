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

/// What other tools (Grafana, Prometheus, sampler) call a thing, and what it is called here.
const SYNONYMS: [(&str, &str); 24] = [
    ("expr", "query"),
    ("expression", "query"),
    ("promql", "query"),
    ("targets", "queries"),
    ("datasource", "source"),
    ("data_source", "source"),
    ("type", "view"),
    ("visualization", "view"),
    ("graph", "chart"),
    ("timeseries", "chart"),
    ("linechart", "chart"),
    ("runchart", "chart"),
    ("singlestat", "stat"),
    ("bargauge", "bars"),
    ("barchart", "bars"),
    ("time_range", "window"),
    ("range", "window"),
    ("interval", "refresh"),
    ("refresh_rate", "refresh"),
    ("thresholds", "warning"),
    ("threshold", "critical"),
    ("warn", "warning"),
    ("crit", "critical"),
    ("legendFormat", "legend"),
];

/// "did you mean 'refresh'?", or a list of what there is.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    let synonym = SYNONYMS.iter().find(|(theirs, ours)| theirs.eq_ignore_ascii_case(word) && known.contains(ours));
    if let Some((_, ours)) = synonym {
        let forms =
            if word.starts_with("threshold") { "; write warning = \"> 0.8\" and critical = \"> 0.9\"" } else { "" };
        return format!("here it is called '{ours}'{forms}");
    }
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
    fn the_words_of_other_tools_are_known() {
        assert_eq!(suggestion("expr", &["query", "source"]), "here it is called 'query'");
        assert_eq!(suggestion("timeseries", &["chart", "stat"]), "here it is called 'chart'");
        assert!(suggestion("thresholds", &["warning", "critical"]).contains("warning = \"> 0.8\""));
        assert!(suggestion("expr", &["title"]).starts_with("known are"), "only where it is a key");
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        assert_eq!(nearest("refrehs", ["refresh", "timeout"]), Some("refresh"));
        assert_eq!(nearest("titel", ["title", "theme"]), Some("title"));
        assert_eq!(nearest("zebra", ["title", "theme"]), None);
        assert_eq!(nearest(&"x".repeat(65), ["x".repeat(64).as_str()]), None, "too long for a slip");
    }
}
