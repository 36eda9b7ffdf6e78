//! `andon sources` and `andon panels`: what there is, with the keys each takes.

use super::out::{Done, print};
use crate::config::schema::{Key, common_panel_keys, common_source_keys, describe};
use crate::model::unit;
use crate::panel;
use crate::source::{self, QueryLanguage};

fn keys(out: &mut String, keys: &[Key]) {
    for key in keys {
        let mark = if key.needed { "*" } else { " " };
        out.push_str(&format!("  {mark} {:<14}{}\n", key.name, key.about));
    }
}

pub(super) fn sources() -> Done {
    let mut out = String::from("Kinds of sources, for [sources.NAME] type = \"...\"   (* must be given)\n");
    for kind in source::KINDS {
        out.push_str(&format!("\n{}: {}\n", kind.word, kind.summary));
        let query = match kind.query {
            QueryLanguage::Needed(language) => format!("query: {language}"),
            QueryLanguage::Optional(language) => format!("query, if any: {language}"),
            QueryLanguage::None => "takes no query: everything it has; keep some with match".to_owned(),
        };
        out.push_str(&format!("    {query}\n"));
        keys(&mut out, &describe(&(kind.schema)()));
    }
    let (common, http) = common_source_keys();
    out.push_str("\nEvery source takes:\n");
    keys(&mut out, &common);
    let speaking: Vec<&str> = source::KINDS.iter().filter(|kind| kind.http).map(|kind| kind.word).collect();
    out.push_str(&format!("\nSources that speak HTTP ({}) also take:\n", speaking.join(", ")));
    keys(&mut out, &http);
    print(&out)
}

pub(super) fn panels() -> Done {
    let mut out = String::from("Kinds of panels, for [[dashboards.panels]] view = \"...\"   (* must be given)\n");
    for kind in panel::KINDS {
        out.push_str(&format!("\n{}: {}\n", kind.word, kind.summary));
        keys(&mut out, &describe(&(kind.schema)()));
    }
    out.push_str("\nEvery panel takes:\n");
    keys(&mut out, &common_panel_keys());
    out.push_str("\nUnits:\n");
    for (word, _, meaning) in unit::WORDS {
        out.push_str(&format!("    {word:<14}{meaning}\n"));
    }
    out.push_str("    any other     stands behind the number as it is: \"orders/min\"\n");
    print(&out)
}
