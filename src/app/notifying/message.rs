//! What a message says: its values, and the arguments that they are filled into.

use crate::hub::Notification;

/// The values, by the names of their placeholders; in the environment in capitals, with `ANDON_` before.
pub(super) fn values(one: &Notification) -> [(&'static str, String); 8] {
    let what = &one.what;
    [
        ("turn", what.turn.word().to_owned()),
        ("name", what.name.to_string()),
        ("text", text(one)),
        ("service", what.service.to_string()),
        ("environment", what.environment.to_string()),
        ("url", what.url.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("board", one.board.to_string()),
        ("at", one.at.rfc3339()),
    ]
}

/// What it says, and how many other messages it stands for.
pub(super) fn text(one: &Notification) -> String {
    let more = [(one.held_back, "held back"), (one.lost, "lost")];
    let more: Vec<String> = more
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, how)| format!("{count} more {} {how}", if count == 1 { "was" } else { "were" }))
        .collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    format!("{}{more}", one.what.text)
}

/// A value as it may stand in an argument: one that does not begin with a letter or a digit gets a blank before
/// it. Builds and events have any name that somebody gives them: "--help" is no option of the program, and
/// "@/etc/passwd" no file that it reads.
fn harmless(value: &str) -> String {
    let as_it_is = value.is_empty() || value.starts_with(char::is_alphanumeric);
    if as_it_is { value.to_owned() } else { format!(" {value}") }
}

/// `{text}` in an argument stands for the value. There is no shell that could read anything else in it; a
/// value cannot hold another placeholder that counts, because the argument is read once, from left to right.
pub(super) fn filled(argument: &str, values: &[(&'static str, String)]) -> String {
    let mut filled = String::new();
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = after.split_once('}').and_then(|(name, left)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, left))
        });
        if let Some((value, left)) = found {
            filled.push_str(&harmless(value));
            rest = left;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled + rest
}

/// A notification with this text, for tests.
#[cfg(test)]
pub(super) fn notification(text: &str, held_back: usize) -> Notification {
    let what = crate::eval::transitions::Transition {
        turn: crate::eval::transitions::Turn::Broken,
        name: text.into(),
        text: text.to_owned(),
        service: "".into(),
        environment: "".into(),
        url: None,
    };
    let at = crate::model::time::Timestamp(0);
    Notification { rule: 0, board: "".into(), at, what, held_back, lost: 0, command: Vec::new(), webhook: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_read_as_a_placeholder() {
        let values = [("text", "{name} $(rm -rf /)".to_owned()), ("name", "shop".to_owned())];
        assert_eq!(filled("{name}: {text} {other} {", &values), "shop:  {name} $(rm -rf /) {other} {");
    }

    #[test]
    fn a_value_begins_no_option_and_names_no_file() {
        for value in ["--help", "-rf", "@/etc/passwd", "</etc/passwd", "+x", "=a", "~root", "/etc"] {
            let values = [("name", value.to_owned()), ("service", String::new())];
            for (argument, before) in [("{name}", ""), ("{service}{name}", ""), ("text={name}", "text=")] {
                assert_eq!(filled(argument, &values), format!("{before} {value}"), "{argument}");
            }
        }
        for value in ["shop/main is broken", "7 builds", "\u{e9}t\u{e9}", ""] {
            assert_eq!(filled("{name}", &[("name", value.to_owned())]), value);
        }
    }
}
