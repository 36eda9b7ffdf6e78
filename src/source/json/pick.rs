//! What the values that a query picks from a document become.

use jaq_json::Val;

use super::path;
use crate::model::fault::{FetchError, Reason};
use crate::model::labels::Labels;
use crate::model::lines::MAX_LINES;
use crate::model::number;
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Point, Series, SeriesSet};
use crate::model::table::{Cell, MAX_CELLS, MAX_COLUMNS, Table};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Most items of one array.
const MAX_ITEMS: usize = 10_000;

/// How one query is answered.
pub type Run = Option<Result<Vec<u8>, FetchError>>;

/// One answer an ask: from what jq yielded for it (all results, as one JSON array), or, where jq was not
/// asked, from the plain path that the query is. The document is read when there is such a path.
pub fn answers(body: &[u8], asks: &[Ask], runs: Vec<Run>, now: Timestamp) -> Result<Vec<Answer>, FetchError> {
    let read = if runs.iter().any(Option::is_none) { document(body)? } else { Val::Null };
    let answer = |(ask, run): (&Ask, Run)| match run {
        None => at_path(&read, &ask.query, now),
        Some(run) => run.and_then(|results| of_results(&results, &ask.query, now)),
    };
    Ok(asks.iter().zip(runs).map(answer).collect())
}

/// Reads a document; a byte order mark before it does not count.
pub fn document(body: &[u8]) -> Result<Val, FetchError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| json_fault(&error))
}

fn at_path(document: &Val, expression: &str, now: Timestamp) -> Answer {
    let steps = path::parse(expression).ok_or(FetchError::from(Reason::Internal))?;
    let value = path::follow(document, &steps)
        .map_err(|what| FetchError::new(Reason::NoMatch, format!("{expression}: {what}")))?;
    telemetry(&value, expression, now)
}

fn of_results(results: &[u8], expression: &str, now: Timestamp) -> Answer {
    let Val::Arr(results) = document(results)? else { return Err(Reason::Internal.into()) };
    match results.as_slice() {
        [] => Err(FetchError::new(Reason::NoMatch, format!("{expression} yields nothing"))),
        [single] => telemetry(single, expression, now),
        _ => array(&results, expression),
    }
}

/// A syntax error of a document, with its location but never its text.
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

/// What one value becomes; see the table in the module above.
fn telemetry(value: &Val, expression: &str, now: Timestamp) -> Answer {
    // A text that is a number is one: where nothing but one value is picked, it is what is measured.
    if let Some(number) = number_or_gap(value).filter(|_| !matches!(value, Val::Null)) {
        let series = vec![Series::single("", now, number)];
        return Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)));
    }
    match value {
        Val::Null => Err(FetchError::new(Reason::NoMatch, format!("{expression} is null or missing"))),
        Val::TStr(_) | Val::BStr(_) => Ok(Telemetry::Text(SafeText::lines(&plain(value), MAX_LINES + 1))),
        Val::Obj(map) => object(map, expression, now),
        Val::Arr(items) => array(items, expression),
        Val::Bool(_) | Val::Num(_) => Err(FetchError::new(Reason::Parse, "not a finite number")),
    }
}

fn object(map: &jaq_json::Map, expression: &str, now: Timestamp) -> Answer {
    let values: Vec<(&Val, Option<f64>)> = map.iter().map(|(key, value)| (key, number_or_gap(value))).collect();
    if !values.iter().any(|(_, value)| value.is_some_and(f64::is_finite)) {
        return Err(FetchError::new(
            Reason::NoMatch,
            format!("{expression} is an object without numbers; pick one of its keys"),
        ));
    }
    // A key whose value is no number stays, as a gap: what is not known must not look as if it were not there.
    let single = |(key, value): (&Val, Option<f64>)| Series::single(&plain(key), now, value.unwrap_or(f64::NAN));
    let series = values.into_iter().map(single).collect();
    Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)))
}

fn array(items: &[Val], expression: &str) -> Answer {
    if items.len() > MAX_ITEMS {
        return Err(FetchError::new(Reason::TooLarge, format!("over {MAX_ITEMS} items")));
    }
    if !items.is_empty() && items.iter().all(|item| matches!(item, Val::TStr(_))) {
        return Ok(Telemetry::Text(items.iter().map(text).collect()));
    }
    if let Some(points) = points(items) {
        let series = vec![Series { labels: Labels::default(), points }];
        return Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Whole)));
    }
    if items.iter().all(|item| matches!(item, Val::Obj(_))) {
        return table(items).map(Telemetry::Table);
    }
    if items.iter().all(|item| number(item).is_some()) {
        let rows = items.iter().map(|item| vec![cell(item)]).collect();
        return Ok(Telemetry::Table(Table { columns: vec![SafeText::new("value")], rows, own: Vec::new() }));
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
        points.push(Point { at: moment(at)?, value: number_or_gap(value)? });
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

/// Every row gets every column of all rows, so that few keys in many rows can make many cells: looked at
/// before they are made.
fn table(items: &[Val]) -> Result<Table, FetchError> {
    let maps = || items.iter().filter_map(|item| if let Val::Obj(map) = item { Some(map) } else { None });
    let mut keys: Vec<&Val> = Vec::new();
    for key in maps().flat_map(|map| map.keys()) {
        if keys.contains(&key) {
            continue;
        }
        keys.push(key);
        let (rows, columns) = (items.len(), keys.len());
        if columns > MAX_COLUMNS || rows * columns > MAX_CELLS {
            let most = format!("more than {MAX_COLUMNS} columns or {MAX_CELLS} cells");
            let detail = format!("{rows} rows of {columns} columns or more, {most}; narrow the query");
            return Err(FetchError::new(Reason::TooLarge, detail));
        }
    }
    let nothing = || Cell::Text(SafeText::default());
    let row = |map: &jaq_json::Map| keys.iter().map(|key| map.get(*key).map_or_else(nothing, cell)).collect();
    Ok(Table {
        rows: maps().map(|map| row(map)).collect(),
        columns: keys.into_iter().map(text).collect(),
        own: Vec::new(),
    })
}

fn cell(value: &Val) -> Cell {
    match (value, number(value)) {
        (Val::Bool(_), _) | (_, None) => Cell::Text(text(value)),
        (_, Some(number)) => Cell::Number(number),
    }
}

/// A number, also one in a text; NaN where the value says that there is none (null, "nan"). None for all else.
fn number_or_gap(value: &Val) -> Option<f64> {
    match value {
        Val::Null => Some(f64::NAN),
        Val::TStr(_) | Val::BStr(_) => number::read(&plain(value)),
        other => number(other),
    }
}

/// A finite number; true and false are 1 and 0, as `up` has them.
pub(super) fn number(value: &Val) -> Option<f64> {
    match value {
        Val::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Val::Num(_) => value.to_string().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

/// The text that it is, or its JSON.
pub(super) fn plain(value: &Val) -> String {
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
    use super::super::jq::Interpreter;
    use super::*;

    fn pick(document: &str, expression: &str) -> Answer {
        let ask = Ask { query: expression.into(), history: None };
        let mut jq = Interpreter::default();
        let run =
            path::parse(expression).is_none().then(|| jq.read(document.as_bytes()).and_then(|()| jq.run(expression)));
        answers(document.as_bytes(), &[ask], vec![run], Timestamp(7000))?.remove(0)
    }

    #[track_caller]
    fn numbers(answer: Answer) -> Vec<(String, Vec<f64>)> {
        match answer.unwrap() {
            Telemetry::Series(SeriesSet { series, .. }) => series
                .into_iter()
                .map(|s| (s.labels.get("").unwrap_or_default().to_owned(), s.points.iter().map(|p| p.value).collect()))
                .collect(),
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
        let got = numbers(pick(r#"{"eu":1,"us":2.5,"on":true,"read":"0 %"}"#, "."));
        let named = |name: &str, value: f64| (name.to_owned(), vec![value]);
        assert_eq!(got, [named("eu", 1.0), named("us", 2.5), named("on", 1.0), named("read", 0.0)]);
    }

    #[test]
    fn no_key_of_such_an_object_vanishes() {
        for lost in ["null", "\"down\"", "\"\"", "{\"up\":0}", "[1]", "\"nan\""] {
            for expression in [".", "to_entries | from_entries"] {
                let got = numbers(pick(&format!("{{\"db\":{lost},\"web\":1}}"), expression));
                assert_eq!((got[0].0.as_str(), got[1].0.as_str()), ("db", "web"), "{lost}");
                assert!(got[0].1[0].is_nan(), "{lost} is a gap");
            }
        }
    }

    #[test]
    fn a_single_text_that_is_a_number_is_measured() {
        assert_eq!(numbers(pick(r#"{"a":"95%"}"#, ".a")), [(String::new(), vec![95.0])]);
        assert!(numbers(pick(r#"{"a":"nan"}"#, ".a"))[0].1[0].is_nan());
        assert!(matches!(pick(r#"{"a":"3.2 ms"}"#, ".a"), Ok(Telemetry::Text(_))), "a unit is not guessed");
    }

    #[test]
    fn a_few_keys_do_not_make_millions_of_cells() {
        let rows: Vec<String> = (0..9_999).map(|n| format!("{{\"k{}\":1}}", n % 200)).collect();
        let said = pick(&format!("[{}]", rows.join(",")), ".").unwrap_err();
        assert_eq!(said.reason, Reason::TooLarge);
        assert!(said.detail.as_str().contains("100000 cells"), "{said}");
        let rows: Vec<String> = (0..400).map(|n| format!("{{\"k{}\":1}}", n % 200)).collect();
        assert!(pick(&format!("[{}]", rows.join(",")), ".").is_ok());
    }

    #[test]
    fn pairs_are_a_series_sorted_and_without_doubles() {
        let got = numbers(pick("[[20, 2], [10, 1], [10, 9], [30, null]]", "."));
        assert_eq!(got[0].1[..2], [1.0, 2.0]);
        assert!(got[0].1[2].is_nan());
        assert_eq!(numbers(pick(r#"[[10, "1.5"], [20, "2"]]"#, "."))[0].1, [1.5, 2.0]);
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
}
