//! Functions fit on a screen.

use std::path::Path;

use crate::layers::files;

/// No function has more lines.
const LONGEST: usize = 64;
/// The mean is about 11.
const MEAN: f64 = 12.0;

/// Each function of a file: its name, and its lines from `fn` to the brace that closes it.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (begin, line) in lines.iter().enumerate() {
        let Some(name) = name(line.trim_start()) else { continue };
        let indent = line.len() - line.trim_start().len();
        // As rustfmt has it: the end of a function, or of the head of one without a body, stands where it begins.
        let is_end =
            |line: &&str| line.len() - line.trim_start().len() == indent && line.trim_end().ends_with(['}', ';']);
        let Some(length) = lines[begin..].iter().position(is_end) else { continue };
        if lines[begin + length].ends_with('}') {
            found.push((name.to_owned(), length + 1));
        }
    }
    found
}

/// The name of the function that begins with this line.
fn name(line: &str) -> Option<&str> {
    let (head, rest) = line.split_once("fn ")?;
    let is_head = |word: &str| ["const", "async", "unsafe", "extern"].contains(&word) || word.starts_with("pub");
    let name = rest.split(['(', '<']).next()?;
    head.split_whitespace().all(is_head).then_some(name)
}

#[test]
fn functions_fit_on_a_screen() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut all = Vec::new();
    for path in paths {
        let functions = functions(&std::fs::read_to_string(&path).unwrap());
        all.extend(functions.into_iter().map(|(name, length)| (format!("{}: {name}", path.display()), length)));
    }
    assert!(all.len() > 1500, "functions are found");
    let long: Vec<_> = all.iter().filter(|(_, length)| *length > LONGEST).collect();
    assert!(long.is_empty(), "too long: {long:#?}");
    let mean = all.iter().map(|(_, length)| *length).sum::<usize>() as f64 / all.len() as f64;
    assert!(mean < MEAN, "{mean} lines on average");
}

#[test]
fn the_test_itself_sees_functions() {
    let text = "impl A {\n    pub const fn b() -> u8 {\n        7\n    }\n\n    fn c(&self);\n}\nfn d() {}\n";
    assert_eq!(functions(text), [("b".to_owned(), 3), ("d".to_owned(), 1)]);
}
