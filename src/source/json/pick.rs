//! jq over a document, through jaq, and what its results become.

use std::collections::HashMap;
use std::sync::Arc;

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::Val;

use crate::model::fault::{FetchError, Reason};
use crate::model::labels::Labels;
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Point, Series};
use crate::model::table::{Cell, Table};
use crate::model::telemetry::{MAX_COLUMNS, MAX_LINES, Telemetry};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

type Filter = jaq_core::Filter<data::JustLut<Val>>;

/// Most results of one expression: one that never ends must not fill the memory.
const MAX_RESULTS: usize = 10_000;

/// Compiles an expression; the error is a sentence with the offending part.
pub fn compile(expression: &str) -> Result<Filter, String> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let program = File { code: expression, path: () };
    let modules = Loader::new(definitions).load(&arena, program).map_err(|errors| syntax(expression, &errors))?;
    Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let unknown = errors.iter().flat_map(|(_, all)| all).next();
        unknown.map_or_else(
            || "this jq expression cannot be compiled".to_owned(),
            |(name, what)| format!("jq knows no {} '{}'", what.as_str(), SafeText::new(name)),
        )
    })
}

fn syntax(expression: &str, errors: &jaq_core::load::Errors<&str, ()>) -> String {
    use jaq_core::load::Error;
    let part = errors.iter().find_map(|(_, error)| match error {
        Error::Lex(all) => all.first().map(|(expected, at)| (expected.as_str().to_owned(), *at)),
        Error::Parse(all) => all.first().map(|(expected, at)| (expected.as_str().to_owned(), *at)),
        Error::Io(_) => None,
    });
    match part {
        Some((expected, "")) => format!("the jq expression ends early: expected {expected}"),
        Some((expected, at)) => {
            let begin = jaq_core::load::span(expression, at).start;
            format!("jq syntax at column {}: expected {expected}", begin + 1)
        }
        None => "this is not a jq expression".to_owned(),
    }
}

/// Runs expressions; each is compiled once, because that takes longer than most runs.
#[derive(Default)]
pub struct Picker(HashMap<Arc<str>, Result<Filter, String>>);

impl std::fmt::Debug for Picker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Picker {
    /// Reads the document once and runs every expression over it.
    pub fn all(&mut self, body: &[u8], asks: &[Ask], now: Timestamp) -> Result<Vec<Answer>, FetchError> {
        let document: Val = serde_json::from_slice(body).map_err(|error| json_fault(&error))?;
        Ok(asks.iter().map(|ask| one(&document, self.compiled(&ask.query), &ask.query, now)).collect())
    }

    fn compiled(&mut self, expression: &Arc<str>) -> &Result<Filter, String> {
        self.0.entry(Arc::clone(expression)).or_insert_with(|| compile(expression))
    }
}

/// A syntax error of a document, with its place but never its text.
pub fn json_fault(error: &serde_json::Error) -> FetchError {
    if error.is_eof() {
        return FetchError::new(Reason::Truncated, format!("the JSON ends early, at line {}", error.line()));
    }
    let text = error.to_string();
    let what = match text.split(" at line").next() {
        Some("number out of range") => "a number that is too large",
        Some("recursion limit exceeded") => "nested too deeply",
        _ => "not JSON",
    };
    FetchError::new(Reason::Parse, format!("{what}: line {}, column {}", error.line(), error.column()))
}

fn one(document: &Val, filter: &Result<Filter, String>, expression: &str, now: Timestamp) -> Answer {
    let filter = filter.as_ref().map_err(|e| FetchError::new(Reason::NoMatch, e))?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut results = Vec::new();
    for result in filter.id.run((context, document.clone())).map(unwrap_valr) {
        let value = result.map_err(|e| FetchError::new(Reason::NoMatch, e.to_string()))?;
        if results.len() >= MAX_RESULTS {
            return Err(FetchError::new(Reason::TooLarge, format!("over {MAX_RESULTS} results")));
        }
        results.push(value);
    }
    match results.as_slice() {
        [] => Err(FetchError::new(Reason::NoMatch, format!("{expression} yields nothing"))),
        [single] => telemetry(single, expression, now),
        many => telemetry(&many.iter().cloned().collect(), expression, now),
    }
}

/// What one value becomes; see the table in the module above.
fn telemetry(value: &Val, expression: &str, now: Timestamp) -> Answer {
    if let Some(number) = number(value) {
        let series = vec![Series::single("", now, number)];
        return Ok(Telemetry::Series { series, coverage: Coverage::Sample });
    }
    match value {
        Val::Null => Err(FetchError::new(Reason::NoMatch, format!("{expression} is null or missing"))),
        Val::TStr(_) | Val::BStr(_) => Ok(Telemetry::Lines(SafeText::lines(&plain(value), MAX_LINES + 1))),
        Val::Obj(map) => object(map, expression, now),
        Val::Arr(items) => array(items, expression),
        Val::Bool(_) | Val::Num(_) => Err(FetchError::new(Reason::Parse, "not a finite number")),
    }
}

fn object(map: &jaq_json::Map, expression: &str, now: Timestamp) -> Answer {
    let series: Vec<Series> =
        map.iter().filter_map(|(key, value)| Some(Series::single(&plain(key), now, number(value)?))).collect();
    if series.is_empty() {
        return Err(FetchError::new(
            Reason::NoMatch,
            format!("{expression} is an object without numbers; pick one of its keys"),
        ));
    }
    Ok(Telemetry::Series { series, coverage: Coverage::Sample })
}

fn array(items: &[Val], expression: &str) -> Answer {
    if items.len() > MAX_RESULTS {
        return Err(FetchError::new(Reason::TooLarge, format!("over {MAX_RESULTS} items")));
    }
    if !items.is_empty() && items.iter().all(|item| matches!(item, Val::TStr(_))) {
        return Ok(Telemetry::Lines(items.iter().map(text).collect()));
    }
    if let Some(points) = points(items) {
        let series = vec![Series { labels: Labels::default(), points }];
        return Ok(Telemetry::Series { series, coverage: Coverage::Whole });
    }
    if items.iter().all(|item| matches!(item, Val::Obj(_))) {
        return Ok(Telemetry::Table(table(items)));
    }
    if items.iter().all(|item| number(item).is_some()) {
        let rows = items.iter().map(|item| vec![cell(item)]).collect();
        return Ok(Telemetry::Table(Table { columns: vec![SafeText::new("value")], rows }));
    }
    Err(FetchError::new(
        Reason::NoMatch,
        format!("{expression} mixes kinds; wanted are objects, [time, value] pairs, numbers or texts"),
    ))
}

/// `[[time, value], ...]`, sorted; of two points at one moment the first is kept.
fn points(items: &[Val]) -> Option<Vec<Point>> {
    if items.is_empty() {
        return None;
    }
    let mut points = Vec::with_capacity(items.len());
    for item in items {
        let Val::Arr(pair) = item else { return None };
        let [at, value] = pair.as_slice() else { return None };
        let value = if matches!(value, Val::Null) { f64::NAN } else { number(value)? };
        points.push(Point { at: moment(at)?, value });
    }
    points.sort_by_key(|point| point.at);
    points.dedup_by_key(|point| point.at);
    Some(points)
}

/// Epoch seconds, or milliseconds where the number is too large for seconds, or RFC 3339.
fn moment(value: &Val) -> Option<Timestamp> {
    if let Val::TStr(_) = value {
        let at: jiff::Timestamp = plain(value).parse().ok()?;
        return Some(Timestamp(at.as_millisecond()));
    }
    let number = number(value)?;
    Timestamp::from_seconds(if number.abs() > 1e11 { number / 1000.0 } else { number })
}

fn table(items: &[Val]) -> Table {
    let mut keys: Vec<&Val> = Vec::new();
    for item in items {
        let Val::Obj(map) = item else { continue };
        for key in map.keys() {
            // One too many is kept, so that the limit is seen to be passed.
            if keys.len() <= MAX_COLUMNS && !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let rows = items
        .iter()
        .map(|item| {
            let Val::Obj(map) = item else { return Vec::new() };
            keys.iter().map(|key| map.get(*key).map_or(Cell::Text(SafeText::default()), cell)).collect()
        })
        .collect();
    Table { columns: keys.into_iter().map(text).collect(), rows }
}

fn cell(value: &Val) -> Cell {
    match (value, number(value)) {
        (Val::Bool(_), _) | (_, None) => Cell::Text(text(value)),
        (_, Some(number)) => Cell::Number(number),
    }
}

/// A finite number; true and false are 1 and 0, as `up` has them.
fn number(value: &Val) -> Option<f64> {
    match value {
        Val::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Val::Num(_) => value.to_string().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

fn plain(value: &Val) -> String {
    match value {
        Val::TStr(bytes) | Val::BStr(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Val::Null => String::new(),
        other => other.to_string(),
    }
}

fn text(value: &Val) -> SafeText {
    SafeText::new(&plain(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(document: &str, expression: &str) -> Answer {
        let ask = Ask { query: expression.into(), history: None };
        Picker::default().all(document.as_bytes(), &[ask], Timestamp(7000))?.remove(0)
    }

    #[track_caller]
    fn numbers(answer: Answer) -> Vec<(String, Vec<f64>)> {
        match answer.unwrap() {
            Telemetry::Series { series, .. } => {
                series.into_iter().map(|s| (s.labels.get("").unwrap_or_default().to_owned(), s.points.iter().map(|p| p.value).collect())).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_number_and_a_truth_are_values_of_this_moment() {
        assert_eq!(numbers(pick(r#"{"a":{"b":4.5}}"#, ".a.b")), [(String::new(), vec![4.5])]);
        assert_eq!(numbers(pick(r#"{"up":true}"#, ".up")), [(String::new(), vec![1.0])]);
        assert_eq!(numbers(pick(r#"{"a":[1,2,3]}"#, ".a | add")), [(String::new(), vec![6.0])]);
    }

    #[test]
    fn an_object_of_numbers_is_a_series_a_key() {
        let got = numbers(pick(r#"{"eu":1,"us":2,"note":"x"}"#, "."));
        assert_eq!(got, [("eu".to_owned(), vec![1.0]), ("us".to_owned(), vec![2.0])]);
    }

    #[test]
    fn pairs_are_a_series_sorted_and_without_doubles() {
        let got = numbers(pick("[[20, 2], [10, 1], [10, 9], [30, null]]", "."));
        assert_eq!(got[0].1[..2], [1.0, 2.0]);
        assert!(got[0].1[2].is_nan());
    }

    #[test]
    fn objects_are_a_table_with_the_columns_of_all_rows() {
        let Ok(Telemetry::Table(table)) = pick(r#"[{"name":"tea","n":3},{"name":"mug","n":1,"hot":true}]"#, ".") else {
            panic!("no table");
        };
        assert_eq!(table.columns, ["name", "n", "hot"].map(SafeText::new));
        assert_eq!(table.rows[1][2], Cell::Text("true".into()));
        assert_eq!(table.rows[0][1], Cell::Number(3.0));
    }

    #[test]
    fn what_picks_nothing_says_so() {
        for (document, expression, reason) in [
            (r#"{"a":1}"#, ".b", Reason::NoMatch),
            (r#"{"a":1}"#, "empty", Reason::NoMatch),
            (r#"{"a":"x"}"#, ".", Reason::NoMatch),
            ("[1,{}]", ".", Reason::NoMatch),
            ("{", ".", Reason::Truncated),
            ("{]", ".", Reason::Parse),
            ("{} {}", ".", Reason::Parse),
        ] {
            assert_eq!(pick(document, expression).unwrap_err().reason, reason, "{document} {expression}");
        }
    }

    #[test]
    fn a_wrong_expression_is_explained() {
        for (expression, part) in [(".a |", "ends early"), ("nope", "nope"), (".[", "expected")] {
            let error = compile(expression).err().unwrap_or_default();
            assert!(error.contains(part), "{expression}: {error}");
        }
    }
}
