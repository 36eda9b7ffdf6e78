//! Which of the series that were sent a panel asks for: `name{label="value"}`, as in PromQL; names and values may hold
//! a `*`.

use wildmatch::WildMatchPattern;

use crate::model::labels::{Labels, METRIC};

/// A `*` stands for anything; a `?` is a character of a name like any other.
type Pattern = WildMatchPattern<'*', '\0'>;

/// Picks series. Without conditions it picks all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selector(Vec<Condition>);

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    label: String,
    value: Pattern,
    /// Whether the value has to be another one.
    is_not: bool,
}

impl Selector {
    /// Reads one; empty text picks all. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let (name, matchers) = match text.split_once('{') {
            None => (text, ""),
            Some((name, rest)) => {
                let inside = rest.trim_end().strip_suffix('}');
                (name.trim(), inside.ok_or_else(|| format!("'{text}' has no '}}' at its end"))?)
            }
        };
        let name = (!name.is_empty()).then(|| Condition::new(METRIC, name, false));
        let mut conditions: Vec<Condition> = name.into_iter().collect();
        let mut rest = matchers.trim();
        while !rest.is_empty() {
            let (condition, after) = matcher(rest)?;
            conditions.push(condition);
            rest = after;
        }
        if conditions.is_empty() {
            return Err("{} picks nothing in particular; leave the query away for everything".to_owned());
        }
        Ok(Self(conditions))
    }

    /// Whether it is one of those that are asked for. A label that a series does not have is empty.
    pub fn picks(&self, labels: &Labels) -> bool {
        let fits = |one: &Condition| one.value.matches(labels.get(&one.label).unwrap_or_default()) != one.is_not;
        self.0.iter().all(fits)
    }

    /// Whether it may pick series of a metric of this name.
    pub fn picks_metric(&self, name: &str) -> bool {
        self.0.iter().filter(|one| one.label == METRIC).all(|one| one.value.matches(name) != one.is_not)
    }
}

impl Condition {
    fn new(label: &str, value: &str, is_not: bool) -> Self {
        Self { label: label.to_owned(), value: Pattern::new(value), is_not }
    }
}

/// `label="value"` or `label!="value"`, and what stands behind it and its comma.
fn matcher(text: &str) -> Result<(Condition, &str), String> {
    let wrong = || format!("'{text}' is no label=\"value\"");
    let (label, rest) = text.split_once('=').ok_or_else(wrong)?;
    if rest.starts_with('~') {
        return Err(format!("'{text}': there are no regular expressions here; a value may hold a *"));
    }
    let (label, is_not) = label.strip_suffix('!').map_or((label, false), |label| (label, true));
    let label = label.trim();
    if label.is_empty() || label.contains(['"', '{', ',']) {
        return Err(wrong());
    }
    let rest = rest.trim_start().strip_prefix('"').ok_or_else(wrong)?;
    let (value, rest) = quoted(rest).ok_or_else(|| format!("'{text}' has no '\"' at the end of its value"))?;
    let rest = rest.trim_start();
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(',').ok_or_else(wrong)?.trim_start() };
    Ok((Condition::new(label, &value, is_not), rest))
}

/// The text up to the closing quotation mark, with `\"` and `\\` in place, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_picks_by_name_and_labels() {
        let pairs = [(METRIC, "shop.orders"), ("env", "prod-eu"), ("say", "a \"b\"")];
        let labels = Labels::new(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        for (text, picks) in [
            ("", true),
            ("shop.orders", true),
            ("shop.order", false),
            ("shop.*", true),
            ("shop.order?", false),
            ("*orders{env=\"prod-*\"}", true),
            ("{env=\"prod-eu\"}", true),
            ("{ env != \"prod-eu\" }", false),
            ("shop.orders{env=\"prod-eu\", zone=\"\"}", true),
            ("shop.orders{zone!=\"\"}", false),
            ("{say=\"a \\\"b\\\"\"}", true),
        ] {
            assert_eq!(Selector::parse(text).unwrap().picks(&labels), picks, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, wrong) in [
            ("a{b=\"c\"", "'a{b=\"c\"' has no '}' at its end"),
            ("{}", "{} picks nothing in particular; leave the query away for everything"),
            ("a{b}", "'b' is no label=\"value\""),
            ("a{b=c}", "'b=c' is no label=\"value\""),
            ("a{=\"c\"}", "'=\"c\"' is no label=\"value\""),
            ("a{b=\"c}", "'b=\"c' has no '\"' at the end of its value"),
            ("a{b=\"c\" d=\"e\"}", "'b=\"c\" d=\"e\"' is no label=\"value\""),
            ("a{b=~\"c.*\"}", "'b=~\"c.*\"': there are no regular expressions here; a value may hold a *"),
        ] {
            assert_eq!(Selector::parse(text).unwrap_err(), wrong, "{text}");
        }
    }
}
