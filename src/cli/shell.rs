//! `andon completions` and `andon man`.

use clap::CommandFactory as _;

use super::arguments::Arguments;
use super::{Done, Failure, say};

pub(super) fn completions(shell: clap_complete::Shell) -> Done {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "andon", &mut bytes);
    say(&String::from_utf8_lossy(&bytes))
}

pub(super) fn manual() -> Done {
    let mut bytes = Vec::new();
    let page = clap_mangen::Man::new(Arguments::command());
    page.render(&mut bytes).map_err(|error| Failure::Message(format!("no manual: {error}")))?;
    say(&String::from_utf8_lossy(&bytes))
}
