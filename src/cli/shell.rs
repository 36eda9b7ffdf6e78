//! `andon completions` and `andon man`.

use std::fmt::Write as _;
use std::io::Write;

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::arguments::Arguments;
use super::out::{Done, Failure, print};
use crate::input::keymap::HELP;

pub(super) fn completions(shell: clap_complete::Shell) -> Done {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "andon", &mut bytes);
    print(&String::from_utf8_lossy(&bytes))
}

/// Files that andon reads and writes.
const FILES: [(&str, &str); 5] = [
    ("./dashboards.toml", "the board, where --config names no other file"),
    ("~/.config/andon/dashboards.toml", "the board, where there is none in this folder"),
    ("~/.config/andon/config.toml", "your own defaults, below every board: theme, refresh, window, glyphs"),
    ("~/.config/andon/themes/NAME.toml", "your own themes; NAME.yaml: base16 and base24"),
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
    let mut command = Arguments::command();
    // What the commands inherit is filled in.
    command.build();
    let page = Man::new(command.clone());
    let mut text = String::new();
    for part in [Man::render_title, Man::render_name_section, Man::render_synopsis_section] {
        text.push_str(&rendered(&page, part)?);
    }
    text.push_str(&rendered(&page, Man::render_description_section)?);
    text.push_str(&plain(&command.get_after_help().map(ToString::to_string).unwrap_or_default()));
    text.push('\n');
    text.push_str(&rendered(&page, Man::render_options_section)?);
    text.push_str(&commands(&command)?);
    let keys: Vec<(&str, &str)> = HELP.iter().copied().filter(|(key, _)| !key.is_empty()).collect();
    for (title, entries) in
        [("KEYS", keys.as_slice()), ("FILES", &FILES), ("ENVIRONMENT", &ENVIRONMENT), ("EXIT STATUS", &EXIT)]
    {
        text.push_str(&section(title, entries));
    }
    text.push_str(&rendered(&page, Man::render_version_section)?);
    print(&text)
}

/// A section of the manual as clap knows it.
fn rendered(page: &Man, section: fn(&Man, &mut dyn Write) -> std::io::Result<()>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    section(page, &mut bytes).map_err(|error| Failure::Message(format!("no manual: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Every command with its flags, each as a part of one section (roff, man(7): .SS).
fn commands(all: &clap::Command) -> Result<String, Failure> {
    let mut text = ".SH COMMANDS\n".to_owned();
    for command in all.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let options = rendered(&Man::new(command.clone()), Man::render_options_section)?;
        let options = options.split_once(".SH OPTIONS\n").map_or("", |(_, options)| options);
        // Writing into a String cannot fail.
        let _infallible = write!(text, ".SS andon {}\n{}\n{options}", command.get_name(), plain(&about));
    }
    Ok(text)
}

/// A text that roff takes as it is: a dash would become a hyphen, and a dot or quote at the start of a line a request.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| format!("\\&{}", line.trim().replace('\\', "\\\\").replace('-', "\\-")));
    lines.collect::<Vec<_>>().join("\n")
}

/// A section of the manual: terms, each with what it means (roff, man(7): .SH, .TP, .B).
fn section(title: &str, entries: &[(&str, &str)]) -> String {
    let mut text = format!(".SH {title}\n");
    for (term, meaning) in entries {
        // Writing into a String cannot fail.
        let _infallible = writeln!(text, ".TP\n\\fB{}\\fR\n{}", plain(term), plain(meaning));
    }
    text
}
