//! What messages have in common: "payment of <*> timed out after <*> ms".
//!
//! Drain (He, Zhu, Zheng, Lyu, 2017: "Drain: An Online Log Parsing Approach with Fixed Depth Tree"): messages of the same
//! number of words and with the same first word are compared word by word; one that has enough in common with a pattern
//! joins it, and the words that differ become `<*>`. The limits are those of Drain3: similarity 0.4, 100 children, 1,000
//! clusters.

use std::collections::HashMap;

/// The part of the words that has to be the same.
const SIMILARITY: f64 = 0.4;
/// Most first words that are told apart, of messages of one length.
const MAX_CHILDREN: usize = 100;
/// Most patterns; the one that was met longest ago makes room.
const MAX_PATTERNS: usize = 1000;
/// Words that are looked at; what stands behind them is not.
const MAX_WORDS: usize = 40;
/// What stands for a word that differs.
pub const ANYTHING: &str = "<*>";

/// Which pattern a message is of. Numbers are not used again.
pub type PatternId = u32;

/// The patterns of the messages that have been added.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogPatterns {
    patterns: HashMap<PatternId, Pattern>,
    /// By the number of words, then by the first word.
    tree: HashMap<usize, HashMap<Box<str>, Vec<PatternId>>>,
    newest: PatternId,
    added: u64,
}

#[derive(Debug, Clone, PartialEq)]
struct Pattern {
    /// None where they differ.
    words: Vec<Option<Box<str>>>,
    text: String,
    branch: Box<str>,
    /// The last message that was of it.
    last: u64,
}

impl LogPatterns {
    /// Adds a message; the pattern that it is of.
    pub fn add(&mut self, message: &str) -> PatternId {
        self.added += 1;
        let words: Vec<&str> = message.split_whitespace().take(MAX_WORDS).collect();
        let first = words.first().copied().unwrap_or_default();
        let children = self.tree.entry(words.len()).or_default();
        let is_known = children.contains_key(first);
        let branch = if has_digit(first) || (!is_known && children.len() >= MAX_CHILDREN) { ANYTHING } else { first };
        let likely = children.get(branch).map_or(&[][..], Vec::as_slice);
        let score = |id: &PatternId| self.patterns.get(id).map_or(0.0, |pattern| similarity(&pattern.words, &words));
        let best = likely.iter().map(|id| (*id, score(id))).max_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((id, _)) = best.filter(|(_, score)| *score >= SIMILARITY)
            && let Some(pattern) = self.patterns.get_mut(&id)
        {
            pattern.last = self.added;
            pattern.join(&words);
            return id;
        }
        self.begin(&words, branch)
    }

    /// A pattern as text; none where it has made room for others.
    pub fn text(&self, id: PatternId) -> Option<&str> {
        self.patterns.get(&id).map(|pattern| pattern.text.as_str())
    }

    fn begin(&mut self, words: &[&str], branch: &str) -> PatternId {
        if self.patterns.len() == MAX_PATTERNS
            && let Some(oldest) = self.patterns.iter().min_by_key(|(_, pattern)| pattern.last).map(|(id, _)| *id)
        {
            self.forget(oldest);
        }
        self.newest += 1;
        // A number differs from message to message: there is no need to see two of them.
        let words: Vec<Option<Box<str>>> =
            words.iter().map(|word| (!has_digit(word)).then(|| (*word).into())).collect();
        let pattern = Pattern { text: text(&words), words, branch: branch.into(), last: self.added };
        let children = self.tree.entry(pattern.words.len()).or_default();
        children.entry(branch.into()).or_default().push(self.newest);
        self.patterns.insert(self.newest, pattern);
        self.newest
    }

    fn forget(&mut self, id: PatternId) {
        let Some(pattern) = self.patterns.remove(&id) else { return };
        let Some(children) = self.tree.get_mut(&pattern.words.len()) else { return };
        if let Some(ids) = children.get_mut(&pattern.branch) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                children.remove(&pattern.branch);
            }
        }
        if children.is_empty() {
            self.tree.remove(&pattern.words.len());
        }
    }
}

impl Pattern {
    /// Takes a message in: what differs is anything from now on.
    fn join(&mut self, words: &[&str]) {
        let mut differs = false;
        for (known, word) in self.words.iter_mut().zip(words) {
            if known.as_deref().is_some_and(|known| known != *word) {
                *known = None;
                differs = true;
            }
        }
        if differs {
            self.text = text(&self.words);
        }
    }
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

/// The part of the words that are the same. A word that may be anything is like none, unless there is no other: Drain's own
/// measure, which keeps messages apart that have little but numbers in common.
fn similarity(words: &[Option<Box<str>>], other: &[&str]) -> f64 {
    if words.iter().all(Option::is_none) {
        return if other.iter().all(|word| has_digit(word)) { 1.0 } else { 0.0 };
    }
    let same = words.iter().zip(other).filter(|(known, word)| known.as_deref() == Some(**word)).count();
    same as f64 / words.len() as f64
}

fn text(words: &[Option<Box<str>>]) -> String {
    words.iter().map(|word| word.as_deref().unwrap_or(ANYTHING)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(messages: &[&str]) -> Vec<String> {
        let mut patterns = LogPatterns::default();
        let ids: Vec<PatternId> = messages.iter().map(|message| patterns.add(message)).collect();
        ids.into_iter().map(|id| patterns.text(id).unwrap().to_owned()).collect()
    }

    #[test]
    fn messages_that_differ_in_numbers_and_names_are_of_one_pattern() {
        let all = texts(&[
            "payment of ann timed out after 300 ms",
            "payment of bob timed out after 412 ms",
            "payment of bob timed out after 7 ms",
            "order 7 taken",
            "order 8 taken",
            "mail sent",
        ]);
        let payment = "payment of <*> timed out after <*> ms";
        assert_eq!(all, [payment, payment, payment, "order <*> taken", "order <*> taken", "mail sent"]);
    }

    #[test]
    fn what_has_little_in_common_is_not_joined() {
        let payments = texts(&["payment of user86 took 788 ms", "payment provider timeout after 300 ms"]);
        assert_eq!(payments, ["payment of <*> took <*> ms", "payment provider timeout after <*> ms"]);
        let all = texts(&["connection to db lost again", "connection from cache made slowly", "", "1", "2"]);
        assert_eq!(all[..2], ["connection to db lost again", "connection from cache made slowly"]);
        assert_eq!(all[2..], ["", "<*>", "<*>"]);
    }

    #[test]
    fn patterns_are_bounded_and_the_one_met_longest_ago_makes_room() {
        let mut patterns = LogPatterns::default();
        let often = patterns.add("often met");
        let mut last = often;
        for n in 0..3 * MAX_PATTERNS {
            let letters = |n: usize| n.to_string().bytes().map(|b| char::from(b - b'0' + b'a')).collect::<String>();
            last = patterns.add(&format!("{} {} {}", letters(n), letters(n * 7), letters(n * 11)));
            assert_eq!(patterns.add("often met"), often);
        }
        assert_eq!(patterns.patterns.len(), MAX_PATTERNS);
        assert!(patterns.text(last).is_some() && patterns.text(often).is_some() && patterns.text(2).is_none());
        let branches: usize = patterns.tree.values().map(HashMap::len).sum();
        assert!(branches <= 2 * MAX_CHILDREN, "{branches}");
        let long = patterns.add(&"word ".repeat(10_000));
        assert_eq!(patterns.text(long).unwrap().split(' ').count(), MAX_WORDS);
    }
}
