//! The rules of notifications.

use serde_json::{Value, json};

use super::board::{Notify, Webhook};
use super::locations::{Part, Path};
use super::problem::Severity;
use super::read::table;
use super::report::Report;
use super::{check_secrets, raw};
use crate::eval::notification::Rule;
use crate::model::glob::Globs;
use crate::source::http::parse_url;

/// Checks all rules; what cannot be used is reported and left out.
pub(super) fn check(rules: &[Value], path: &Path, report: &mut Report<'_>) -> Vec<Notify> {
    rules.iter().enumerate().filter_map(|(index, rule)| read(rule, &path.index(index), report)).collect()
}

fn read(rule: &Value, path: &Path, report: &mut Report<'_>) -> Option<Notify> {
    let until = "until it is there, the webhook is not called";
    check_secrets::check(&schemars::schema_for!(raw::Notify), rule, path, until, report);
    let rule = table::<raw::Notify>(rule.clone(), &json!({ "on": [] }), path, report)?;
    Some(resolve(&rule, path, report))
}

fn resolve(raw: &raw::Notify, path: &Path, report: &mut Report<'_>) -> Notify {
    if raw.on.is_empty() {
        let help = "write on = [\"broken\", \"fixed\"]".to_owned();
        report.error("empty", &path.key("on"), "this rule notifies of nothing", help);
    }
    if raw.per_hour == 0 {
        let help = "write per_hour = 10, or take the rule away".to_owned();
        report.error("empty", &path.key("per_hour"), "a rule with 0 notifications per hour never notifies", help);
    }
    if raw.command.first().is_some_and(|program| program.trim().is_empty()) {
        let help = "write command = [\"notify-send\", \"{text}\"]".to_owned();
        report.error("empty", &path.key("command"), "the command has no program", help);
    }
    let is_wrong = |key: &&str| report.wrong.contains(&path.key(key));
    let told_by_none = !raw.bell && !raw.desktop && raw.command.is_empty() && raw.webhook.is_none();
    if told_by_none && !["bell", "desktop", "command", "webhook"].iter().any(is_wrong) {
        let help = "add bell = true, desktop = true, command = [...] or webhook = \"...\"".to_owned();
        report.add(Severity::Error, "empty", path, Part::Key, "this rule notifies nobody", help);
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
        keep: Globs::new(raw.keep.as_slice()),
        services: Globs::new(raw.service.as_slice()),
        bell: raw.bell,
        desktop: raw.desktop,
        quiet: raw.quiet.clone(),
        per_hour: raw.per_hour,
    };
    Notify { rule, command: raw.command.clone(), webhook }
}
