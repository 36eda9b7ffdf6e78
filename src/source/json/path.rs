//! Plain paths, such as `.orders.today` or `.items[0]["free space"]`: most queries are one. They always end,
//! so that they need neither jq nor a process of its own.
//!
//! Source: jq manual, "Basic filters": of what is null or missing everything is null, what is anything else
//! has no keys.

use jaq_json::Val;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// The value of a key.
    Key(&'a str),
    /// An item, counted from the end where negative.
    Item(isize),
}

/// The steps of an expression that is a plain path; `.` has none. None for any other expression.
pub fn parse(expression: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = expression.trim();
    if rest == "." {
        return Some(Vec::new());
    }
    rest.starts_with('.').then_some(())?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let dotted = rest.strip_prefix('.');
        let (step, after) = match dotted.unwrap_or(rest).strip_prefix('[') {
            Some(inside) => in_brackets(inside)?,
            None => name(dotted?)?,
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

/// `a` of `a.b`, and what follows it.
fn name(text: &str) -> Option<(Step<'_>, &str)> {
    if let Some(inside) = text.strip_prefix('"') {
        return quoted(inside);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins_well.then_some((Step::Key(name), rest))
}

/// `0]` or `"free space"]`, and what follows it.
fn in_brackets(text: &str) -> Option<(Step<'_>, &str)> {
    if let Some(inside) = text.strip_prefix('"') {
        let (step, rest) = quoted(inside)?;
        return Some((step, rest.strip_prefix(']')?));
    }
    let (digits, rest) = text.split_once(']')?;
    let plain = digits.strip_prefix('-').unwrap_or(digits).bytes().all(|b| b.is_ascii_digit());
    Some((Step::Item(digits.parse().ok().filter(|_| plain)?), rest))
}

/// A key without escapes and without anything to work out.
fn quoted(text: &str) -> Option<(Step<'_>, &str)> {
    let (key, rest) = text.split_once('"')?;
    (!key.contains('\\')).then_some((Step::Key(key), rest))
}

/// What is found there; the error says where the path ends.
pub fn follow(document: &Val, steps: &[Step<'_>]) -> Result<Val, String> {
    let mut here = document;
    for step in steps {
        let found = match (here, step) {
            (Val::Null, _) => None,
            (Val::Obj(map), Step::Key(key)) => map.get(&Val::from((*key).to_owned())),
            (Val::Arr(items), Step::Item(at)) => {
                let at = if *at < 0 { items.len().checked_add_signed(*at) } else { usize::try_from(*at).ok() };
                at.and_then(|at| items.get(at))
            }
            (other, Step::Key(key)) => return Err(format!("{} has no key '{key}'", kind(other))),
            (other, Step::Item(at)) => return Err(format!("{} has no item {at}", kind(other))),
        };
        let Some(found) = found else { return Ok(Val::Null) };
        here = found;
    }
    Ok(here.clone())
}

const fn kind(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "true or false",
        Val::Num(_) => "a number",
        Val::BStr(_) | Val::TStr(_) => "a text",
        Val::Arr(_) => "an array",
        Val::Obj(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::super::jq::Interpreter;
    use super::*;

    #[test]
    fn only_plain_paths_are_taken() {
        assert_eq!(parse(" . "), Some(vec![]));
        assert_eq!(parse(".a.b_2[0]"), Some(vec![Step::Key("a"), Step::Key("b_2"), Step::Item(0)]));
        assert_eq!(parse(".[-1].\"x y\"[\"z.z\"]"), Some(vec![Step::Item(-1), Step::Key("x y"), Step::Key("z.z")]));
        for other in [
            "",
            "a",
            "..",
            ".a.",
            ".a b",
            ".a | .b",
            ".[]",
            ".a[]",
            ".a[1:2]",
            ".a?",
            ".\"a\\n\"",
            ".\"\\(.b)\"",
            ".[\"a\"",
            ".a-1",
            ".[.n]",
            "..a",
            ".2",
            ".a[+1]",
            ".a[]b",
            "[.a]",
            ".é",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_path_finds_what_jq_finds() {
        let document = r#"{"a":{"b":[1,2,{"x y":"z"}]},"":5,"n":null,"t":"text"}"#;
        let read: Val = serde_json::from_str(document).unwrap();
        let mut jq = Interpreter::default();
        jq.read(document.as_bytes()).unwrap();
        for path in [
            ".a.b[0]",
            ".a.b[-1][\"x y\"]",
            ".a.b[7]",
            ".a.b[-7]",
            ".n.x[3].y",
            ".zz",
            ".[\"\"]",
            ".t.x",
            ".t[0]",
            ".a.b.c",
        ] {
            let followed = follow(&read, &parse(path).unwrap()).ok().map(|value| format!("[{value}]"));
            let ran = jq.run(path).ok().map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(followed, ran, "{path}");
        }
        assert_eq!(follow(&read, &parse(".a[0]").unwrap()).unwrap_err(), "an object has no item 0");
    }
}
