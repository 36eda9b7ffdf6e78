//! What a command says, and how it ends.

use std::process::ExitCode;

use crate::config::problem::{Location, Problem};
use crate::model::text::SafeText;
use crate::output::patient;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Everything has been said.
    Quiet(ExitCode),
    /// A sentence, and exit code 1.
    Message(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

/// What a command returns.
pub(crate) type Done = Result<ExitCode, Failure>;

/// Writes to standard output; a reader that has gone away is no error (`andon panels | head`).
pub(super) fn print(text: &str) -> Done {
    match patient::write_all(rustix::stdio::stdout(), text.as_bytes()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::Message(format!("cannot write: {error}"))),
    }
}

/// Writes to standard error, line by line, each made safe.
pub(super) fn complain(text: &str) {
    for line in text.lines() {
        print_error(&format!("{}\n", SafeText::new(line)));
    }
}

/// Writes what is safe to standard error.
fn print_error(text: &str) {
    // Standard error is gone: nobody can be told that.
    let _nobody = patient::write_all(rustix::stdio::stderr(), text.as_bytes());
}

/// Problems in rustc's manner on standard error. Colours are added after the text has been made safe.
pub(super) fn complain_about(problems: &[Problem]) {
    let colours = rustix::termios::isatty(rustix::stdio::stderr())
        && crate::output::terminal::caps::Variables::read().depth() != crate::output::ansi::Depth::None;
    for problem in problems {
        print_error(&format!("{}\n\n", made_safe(problem).render(colours)));
    }
}

/// "1 error", "3 errors".
pub(super) fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// The same problem with texts that cannot move a cursor: lines of the file come from outside, too.
fn made_safe(problem: &Problem) -> Problem {
    let line = |text: &str| SafeText::new(text).to_string();
    let location = problem.location.as_ref().map(|location| {
        // Byte for byte, so that the span still fits: only what is plain stays.
        let safe: String = location.text.chars().map(harmless).collect();
        let same = safe.len() == location.text.len();
        Location {
            file: line(&location.file).into(),
            text: if same { safe.into() } else { location.text.clone() },
            span: location.span.clone(),
        }
    });
    Problem { message: line(&problem.message), help: problem.help.as_deref().map(line), location, ..problem.clone() }
}

/// A character of the same length in UTF-8 that does nothing.
const fn harmless(c: char) -> char {
    match c {
        '\n' => '\n',
        // One byte.
        '\0'..='\u{1f}' | '\u{7f}' => ' ',
        // Two bytes: C1 and the Arabic letter mark become a no-break space.
        '\u{80}'..='\u{9f}' | '\u{61c}' => '\u{a0}',
        // Three bytes: direction and zero-width characters become a visible mark.
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        c => c,
    }
}
