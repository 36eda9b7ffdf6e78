//! `andon completions` and `andon man`.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::arguments::Arguments;
use super::{Done, Failure, say};
use crate::input::keymap::HELP;

pub(super) fn completions(shell: clap_complete::Shell) -> Done {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "andon", &mut bytes);
    say(&String::from_utf8_lossy(&bytes))
}

/// Files that andon reads and writes.
const FILES: [(&str, &str); 5] = [
    ("./dashboards.toml", "the board, where --config names no other file"),
    ("~/.config/andon/dashboards.toml", "the board, where there is none in this folder"),
    ("~/.config/andon/config.toml", "your own defaults, below every board: theme, refresh, window, glyphs"),
    ("~/.config/andon/themes/NAME.toml", "your own themes"),
    ("$XDG_CONFIG_HOME/andon", "stands for ~/.config/andon where the variable is set"),
];

/// Variables of the environment.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("ANDON_TITLE, ANDON_THEME, ANDON_REFRESH, ANDON_WINDOW, ANDON_GLYPHS", "over the same keys of the files"),
    ("ANDON_LOG", "how much --log writes: error, warn, info (the default), debug or trace"),
    ("ANDON_EVENT_TOKEN", "the token of 'andon event --to'"),
    ("NO_COLOR", "no colours"),
    ("COLORTERM, TERM, LANG", "what the terminal can show"),
    ("TZ", "the time zone of the screen"),
    ("HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "proxies; never for this machine itself"),
    ("any", "what the config names with { env = \"NAME\" }"),
];

/// What exit codes mean.
const EXIT: [(&str, &str); 5] = [
    ("0", "done; of 'status': ok"),
    ("1", "it could not be done; of 'status': warning"),
    ("2", "the config or the flags are wrong; of 'status': critical"),
    ("3", "of 'status': unknown"),
    ("128 + N", "ended by signal N"),
];

pub(super) fn manual() -> Done {
    let mut bytes = Vec::new();
    let page = clap_mangen::Man::new(Arguments::command());
    page.render(&mut bytes).map_err(|error| Failure::Message(format!("no manual: {error}")))?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let keys: Vec<(&str, &str)> = HELP.iter().copied().filter(|(key, _)| !key.is_empty()).collect();
    for (title, entries) in
        [("KEYS", keys.as_slice()), ("FILES", &FILES), ("ENVIRONMENT", &ENVIRONMENT), ("EXIT STATUS", &EXIT)]
    {
        text.push_str(&section(title, entries));
    }
    say(&text)
}

/// A section of the manual: terms, each with what it means (roff, man(7): .SH, .TP, .B).
fn section(title: &str, entries: &[(&str, &str)]) -> String {
    // A dash would become a hyphen, and a dot or quote at the begin of a line a request.
    let plain = |text: &str| text.replace('\\', "\\\\").replace('-', "\\-");
    let mut text = format!(".SH {title}\n");
    for (term, meaning) in entries {
        // Writing into a String cannot fail.
        let _infallible = writeln!(text, ".TP\n\\fB{}\\fR\n\\&{}", plain(term), plain(meaning));
    }
    text
}
