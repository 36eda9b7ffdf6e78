//! One panel: its common keys, its own keys, and everything it refers to.

use serde_json::{Value, json};

use super::board::PanelSpec;
use super::check_queries::{named, queries};
use super::locations::Path;
use super::nearest::suggestion;
use super::raw::{NamedQuery, PanelCommon};
use super::read::{Entries, read_with, readable, table, within};
use super::scope::Scope;
use super::variables::{Quoting, expand};
use crate::eval::check;
use crate::eval::evidence::{Defaults, OptionProblem};
use crate::eval::expression::Expression;
use crate::eval::rule::{Empty, Rule, Subject};
use crate::model::event::EventKind;
use crate::model::glob::Globs;
use crate::model::number_or_text::NumberOrText;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::model::unit::Unit;
use crate::panel::{EventsUse, KINDS, Kind, PanelOptions};

/// Checks one panel; `None` when a part of it cannot be read. The rest of it is checked in any case.
pub(super) fn check(value: &Value, path: &Path, scope: &mut Scope<'_>) -> Option<PanelSpec> {
    let Some(object) = value.as_object() else {
        scope.report.error("wrong-type", path, "a panel is a table", "write [[dashboards.panels]]".to_owned());
        return None;
    };
    let mut entries = Entries::new(object);
    let common = entries.take(&schemars::schema_for!(PanelCommon));
    let common = table::<PanelCommon>(common, &json!({ "view": "" }), path, &mut scope.report)?;
    let kind = kind(object.get("view"), path, scope);
    let checks = checks(&mut entries, path, scope);
    let options = options(entries, kind, path, scope);
    let service = common.service.as_deref().map(SafeText::new);
    let environment = common.environment.as_deref().map(|text| scope.title(text, &path.key("environment")));
    let (mut rule, simulated) = rule(&common, kind, path, scope);
    configure(&checks, kind, &mut rule, path, scope);
    rule.about = (service.clone(), environment.clone());
    if let Some(id) = &common.id {
        scope.report.check_name(id, &path.key("id"));
    }
    let word = kind.map_or("panel", |kind| kind.word);
    let title = common.title.as_deref().or(common.id.as_deref()).unwrap_or(word);
    let shown = scope.title(title, &path.key("title"));
    let decimals = within("decimals", common.decimals, (0, 6), path, &mut scope.report);
    let width = within("width", common.width, (1, 24), path, &mut scope.report);
    let link = link(&common, path, scope);
    let (kind, options) = (kind?, options?);
    // Its own keys have been checked.
    object.get("column").and_then(Value::as_str).unwrap_or_default().clone_into(&mut rule.column);
    rule.places = (names(object.get("services")), names(object.get("environments")));
    rule.kinds = object.get("kinds").and_then(|kinds| serde_json::from_value(kinds.clone()).ok()).unwrap_or_default();
    Some(PanelSpec {
        id: common.id.clone().unwrap_or_else(|| slug(title)),
        title: shown,
        layer: common.layer.unwrap_or(kind.layer),
        options,
        rule,
        checks,
        unit: Unit::from_word(&common.unit),
        decimals,
        width,
        link,
        service,
        environment,
        events: common.marks.clone().unwrap_or_else(|| EventKind::OVER_GRAPHS.to_vec()),
        simulated,
    })
}

/// What the table says to each check.
fn checks(entries: &mut Entries, path: &Path, scope: &mut Scope<'_>) -> check::Options {
    let mut options = check::Options::default();
    for keys in check::KEYS {
        let own = entries.take(&(keys.schema)());
        let _read = readable(own, path, &mut scope.report, |value| (keys.read)(value, &mut options));
    }
    options
}

/// Puts what they say into the rule.
fn configure(
    checks: &check::Options,
    kind: Option<&'static Kind>,
    rule: &mut Rule,
    path: &Path,
    scope: &mut Scope<'_>,
) {
    let defaults = defaults(kind, rule, scope);
    for OptionProblem { code, key, is_warning, message, help } in checks.configure(defaults, rule) {
        let path = path.key(key);
        if is_warning {
            scope.report.warning(code, &path, message, help.unwrap_or_default());
        } else {
            scope.report.error(code, &path, message, help);
        }
    }
}

/// The limits of a panel that says none: those that its first query has by itself, or its view.
fn defaults(kind: Option<&'static Kind>, rule: &Rule, scope: &Scope<'_>) -> Defaults<'static> {
    let asked = rule.queries.first().and_then(|query| scope.queries.all.get(query.id.0));
    let of_query = asked.and_then(|(source, ask)| (scope.sources.get(*source)?.kind.default_limits)(&ask.query));
    let of_view = Defaults { warning: None, critical: kind.and_then(|kind| kind.default_critical) };
    of_query.map_or(of_view, |[warning, critical]| Defaults { warning: Some(warning), critical: Some(critical) })
}

/// The keys of its own that a view has.
fn options(mut entries: Entries, kind: Option<&Kind>, path: &Path, scope: &mut Scope<'_>) -> Option<PanelOptions> {
    let Some(kind) = kind else {
        // For an unknown view, only keys that no view has are unknown.
        for kind in KINDS {
            entries.take(&(kind.schema)());
        }
        entries.report_unknown(path, &mut scope.report);
        return None;
    };
    let own = entries.take(&(kind.schema)());
    entries.report_unknown(path, &mut scope.report);
    read_with(own, path, &mut scope.report, kind.configure)
}

/// A list of names; empty where there is none.
fn names(value: Option<&Value>) -> Vec<String> {
    value.and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default()
}

/// How it is judged, and whether what it shows is simulated.
fn rule(common: &PanelCommon, kind: Option<&'static Kind>, path: &Path, scope: &mut Scope<'_>) -> (Rule, bool) {
    let named = named(common, path, scope);
    let value = expression(common, &named, path, scope);
    let lookback = value.as_ref().map_or(Span(0), |value| value.lookback(common.window.unwrap_or(scope.window)));
    let asked = queries(common, &named, kind, lookback, path, scope);
    let subject = match kind.map_or(EventsUse::None, |kind| kind.events) {
        EventsUse::None => Subject::Answers,
        EventsUse::Shown(set) => Subject::Events { set, noticed: asked.of_the_board, judged: false },
        EventsUse::Judged(set) => Subject::Events { set, noticed: asked.of_the_board, judged: true },
    };
    let rule = Rule {
        value,
        keep: Globs::new(common.keep.as_slice()),
        window: common.window.unwrap_or(scope.window),
        expect: common.expect,
        legend: common.legend.clone(),
        empty: empty(common, path, scope),
        subject,
        queries: asked.panel,
        ..Rule::default()
    };
    (rule, asked.simulated)
}

/// "Failed log-ins" is "failed-log-ins".
fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn kind(view: Option<&Value>, path: &Path, scope: &mut Scope<'_>) -> Option<&'static Kind> {
    // A missing or mistyped view has been reported with the common keys.
    let word = view?.as_str()?;
    let kind = Kind::find(word);
    if kind.is_none() {
        let words: Vec<&str> = KINDS.iter().map(|kind| kind.word).collect();
        let message = format!("there is no view '{word}'");
        scope.report.error("unknown-view", &path.key("view"), message, suggestion(word, &words));
    }
    kind
}

fn expression(
    common: &PanelCommon,
    named: &[(NamedQuery, Path)],
    path: &Path,
    scope: &mut Scope<'_>,
) -> Option<Expression> {
    let text = common.value.as_ref()?;
    let path = path.key("value");
    match Expression::parse(text) {
        Ok(expression) => {
            let known: Vec<&str> = named.iter().map(|(query, _)| query.name.as_str()).collect();
            // A query that cannot be read may have the name.
            let all_are_known = known.len() == common.queries.len() && !known.contains(&"");
            for name in expression.names() {
                if all_are_known && !known.contains(&name) {
                    let message = format!("there is no query '{name}' in this panel");
                    scope.report.error("unknown-query", &path, message, suggestion(name, &known));
                }
            }
            Some(expression)
        }
        Err(error) => {
            let message = format!("at column {} of the expression: {}", error.at + 1, error.message);
            let help = "write arithmetic over the names of queries, such as \"failed / good\"".to_owned();
            scope.report.error("bad-expression", &path, message, help);
            None
        }
    }
}

/// What an empty answer means.
fn empty(common: &PanelCommon, path: &Path, scope: &mut Scope<'_>) -> Option<Empty> {
    match common.empty.as_ref()? {
        NumberOrText::Number(number) if number.is_finite() => Some(Empty::Value(*number)),
        NumberOrText::Text(text) if text == "ok" => Some(Empty::Ok),
        _ => {
            let help =
                "write empty = \"ok\" if an empty answer is normal for this query, or a number such as empty = 0"
                    .to_owned();
            scope.report.error("bad-empty", &path.key("empty"), "an empty answer is \"ok\" or a number", help);
            None
        }
    }
}

fn link(common: &PanelCommon, path: &Path, scope: &mut Scope<'_>) -> Option<SafeText> {
    let (text, unknown) = expand(common.link.as_ref()?, &scope.variables, Quoting::Url);
    let path = path.key("link");
    scope.warn_unknown(&unknown, &path);
    if let Err(error) = crate::source::http::parse_url(&text) {
        let help = "write it like \"https://runbooks.example.com/orders\"".to_owned();
        scope.report.error("bad-url", &path, error.detail.to_string(), help);
        return None;
    }
    Some(SafeText::new(&text))
}
