//! The rules of who is told of what turns.

use super::board::{Notify, Webhook};
use super::places::Path;
use super::raw;
use super::read::Report;
use crate::eval::notification::Rule;
use crate::model::glob::Globs;
use crate::source::auth::Secret;
use crate::source::http::parse_url;

/// Checks all rules; what cannot be used is reported and left out.
pub(super) fn check(rules: &[raw::Notify], path: &Path, report: &mut Report<'_>) -> Vec<Notify> {
    rules.iter().enumerate().map(|(place, rule)| one(rule, &path.index(place), report)).collect()
}

fn one(raw: &raw::Notify, path: &Path, report: &mut Report<'_>) -> Notify {
    if raw.on.is_empty() {
        let help = "write on = [\"broken\", \"fixed\"]".to_owned();
        report.error("empty", &path.key("on"), "this rule tells of nothing", help);
    }
    if raw.per_hour == 0 {
        let help = "write per_hour = 10, or take the rule away".to_owned();
        report.error("empty", &path.key("per_hour"), "a rule that tells nothing in an hour never tells", help);
    }
    if raw.command.first().is_some_and(|program| program.trim().is_empty()) {
        let help = "write command = [\"notify-send\", \"{text}\"]".to_owned();
        report.error("empty", &path.key("command"), "the command has no program", help);
    }
    if !raw.bell && !raw.desktop && raw.command.is_empty() && raw.webhook.is_none() {
        let help = "add bell = true, desktop = true, command = [...] or webhook = \"...\"".to_owned();
        report.error("empty", &path.key("on"), "this rule tells nobody", help);
    }
    if raw.token.as_ref().is_some_and(Secret::is_literal) {
        let help = "put it into { env = \"NAME\" } or { file = \"PATH\" }".to_owned();
        report.warning("literal-secret", &path.key("token"), "a secret stands in the file", help);
    }
    if let Some(Err(missing)) = raw.token.as_ref().filter(|token| !token.is_literal()).map(Secret::read) {
        let help = "until it is there, the webhook is not called".to_owned();
        report.warning("secret-missing", &path.key("token"), missing.detail.to_string(), help);
    }
    let webhook = raw.webhook.as_ref().and_then(|url| match parse_url(url) {
        Ok(url) => Some(Webhook { url, token: raw.token.clone() }),
        Err(error) => {
            let help = "write it like \"https://chat.example.com/hooks/abc\"".to_owned();
            report.error("bad-url", &path.key("webhook"), error.detail.to_string(), help);
            None
        }
    });
    let rule = Rule {
        on: raw.on.clone(),
        keep: Globs::new(raw.keep.all()),
        services: Globs::new(raw.service.all()),
        bell: raw.bell,
        desktop: raw.desktop,
        quiet: raw.quiet.clone(),
        per_hour: raw.per_hour,
    };
    Notify { rule, command: raw.command.clone(), webhook }
}
