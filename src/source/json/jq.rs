//! jq over a document, through jaq. What it yields leaves as JSON, so that it can cross to another process.

use std::collections::HashMap;

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Exn, Vars, data};
use jaq_json::{Num, Val};

use super::pick::{document, number, plain};
use crate::model::fault::{FetchError, Reason};
use crate::model::text::SafeText;

type Filter = jaq_core::Filter<data::JustLut<Val>>;

/// Most results of one expression: one that never ends must not fill the memory.
const MAX_RESULTS: usize = 10_000;
/// Most bytes of all results of one expression.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Deepest result: what reads it stops at 128.
const MAX_DEPTH: usize = 100;
/// Expressions kept compiled.
const MAX_COMPILED: usize = 1000;

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

/// Runs expressions over one document at a time; each is compiled once, because that takes longer than most
/// runs. A run may never end, and may take any memory: only a process that can be ended calls it.
#[derive(Default)]
pub struct Interpreter {
    document: Val,
    compiled: HashMap<String, Result<Filter, String>>,
}

impl Interpreter {
    /// Reads the document of the runs that follow.
    pub fn read(&mut self, body: &[u8]) -> Result<(), FetchError> {
        self.document = Val::Null;
        self.document = document(body)?;
        Ok(())
    }

    /// All results of an expression, as one JSON array.
    pub fn run(&mut self, expression: &str) -> Result<Vec<u8>, FetchError> {
        if !self.compiled.contains_key(expression) {
            if self.compiled.len() >= MAX_COMPILED {
                self.compiled.clear();
            }
            self.compiled.insert(expression.to_owned(), compile(expression));
        }
        match self.compiled.get(expression) {
            Some(Ok(filter)) => results(&self.document, filter),
            Some(Err(wrong)) => Err(FetchError::new(Reason::NoMatch, wrong)),
            None => Err(Reason::Internal.into()),
        }
    }
}

fn results(document: &Val, filter: &Filter) -> Result<Vec<u8>, FetchError> {
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut out = vec![b'['];
    for (n, result) in filter.id.run((context, document.clone())).enumerate() {
        let value = result.map_err(said)?;
        if n >= MAX_RESULTS {
            return Err(FetchError::new(Reason::TooLarge, format!("over {MAX_RESULTS} results")));
        }
        if n > 0 {
            out.push(b',');
        }
        write(&value, 0, &mut out)?;
    }
    out.push(b']');
    if out.len() > MAX_BYTES { Err(too_long()) } else { Ok(out) }
}

fn too_long() -> FetchError {
    FetchError::new(Reason::TooLarge, format!("over {MAX_BYTES} bytes of results"))
}

/// An error of the expression. `halt` is one as well: it may end jq, but not who asks.
fn said(exception: Exn<'_, Val>) -> FetchError {
    let detail = match exception.get_err().map_err(Exn::get_halt) {
        Ok(error) => error.to_string(),
        Err(Ok(_code)) => "the jq expression asks to end the program (halt)".to_owned(),
        Err(Err(_)) => "the jq expression breaks out of nothing".to_owned(),
    };
    FetchError::new(Reason::NoMatch, detail)
}

/// As JSON; a number that is not finite is null, a key that is no text is written as one.
fn write(value: &Val, depth: usize, out: &mut Vec<u8>) -> Result<(), FetchError> {
    if depth > MAX_DEPTH {
        return Err(FetchError::new(Reason::NoMatch, "a result of the jq expression is nested too deeply"));
    }
    if out.len() > MAX_BYTES {
        return Err(too_long());
    }
    match value {
        Val::Null => out.extend(b"null"),
        Val::Bool(yes) => out.extend(yes.to_string().bytes()),
        Val::Num(Num::Int(number)) => out.extend(number.to_string().bytes()),
        Val::Num(_) => json(&number(value), out)?,
        Val::TStr(_) | Val::BStr(_) => json(&plain(value), out)?,
        Val::Arr(items) => {
            for (n, item) in items.iter().enumerate() {
                out.push(if n == 0 { b'[' } else { b',' });
                write(item, depth + 1, out)?;
            }
            out.extend(if items.is_empty() { &b"[]"[..] } else { b"]" });
        }
        Val::Obj(map) => {
            for (n, (key, item)) in map.iter().enumerate() {
                out.push(if n == 0 { b'{' } else { b',' });
                json(&plain(key), out)?;
                out.push(b':');
                write(item, depth + 1, out)?;
            }
            out.extend(if map.is_empty() { &b"{}"[..] } else { b"}" });
        }
    }
    Ok(())
}

fn json(value: &impl serde::Serialize, out: &mut Vec<u8>) -> Result<(), FetchError> {
    serde_json::to_writer(out, value).map_err(|_| Reason::Internal.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(document: &str, expression: &str) -> Result<String, String> {
        let mut jq = Interpreter::default();
        jq.read(document.as_bytes()).map_err(|error| error.to_string())?;
        let bytes = jq.run(expression).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn results_leave_as_json() {
        let document = r#"{"z":1,"a":[true,null,"x\ny",2.5,[],{}],"big":123456789012345678901234567890}"#;
        for (expression, results) in [
            (".", r#"[{"z":1,"a":[true,null,"x\ny",2.5,[],{}],"big":1.2345678901234568e+29}]"#),
            (".a[0], .z", "[true,1]"),
            ("empty", "[]"),
            ("[nan, infinite, -infinite]", "[[null,null,null]]"),
            ("{(.z | tostring): 2}", r#"[{"1":2}]"#),
            (r#""[1e999]" | fromjson"#, "[[null]]"),
        ] {
            assert_eq!(run(document, expression).as_deref(), Ok(results), "{expression}");
        }
    }

    #[test]
    fn what_would_end_the_program_is_an_error_of_the_query() {
        for expression in ["halt", "halt_error", "if .a then halt else . end", "\"x\" | halt_error(3)"] {
            let said = run(r#"{"a":1}"#, expression).unwrap_err();
            assert!(said.contains("(halt)"), "{expression}: {said}");
        }
        assert_eq!(run("[1]", ".[] | debug | stderr").as_deref(), Ok("[1]"));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        for (expression, part) in [
            ("range(20000)", "over 10000 results"),
            ("repeat(.)", "over 10000 results"),
            ("\"x\" * 9000000 | [., .]", "bytes of results"),
            ("reduce range(200) as $n (0; [.])", "nested too deeply"),
        ] {
            let said = run("1", expression).unwrap_err();
            assert!(said.contains(part), "{expression}: {said}");
        }
    }

    #[test]
    fn a_wrong_expression_is_explained() {
        for (expression, part) in [(".a |", "ends early"), ("nope", "nope"), (".[", "expected"), ("input", "input")] {
            let error = compile(expression).err().unwrap_or_default();
            assert!(error.contains(part), "{expression}: {error}");
        }
    }
}
