//! A status page for customers, as what is sent: a page, a feed, JSON, a badge. All of it is text that anybody may have.

pub mod badge;
pub mod feed;
pub mod html;
pub mod json;

use ring::digest::{SHA256, digest};

use crate::eval::status_page::Happening;
use crate::model::hex::hex;
use crate::model::poll::QueryKey;

/// A name that stays the same as long as what it names, and tells nothing: of `kind` and what makes it one.
fn id(kind: &str, parts: &[&str]) -> String {
    let text = [&[kind], parts].concat().join("\0");
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The first digits of it, as Statuspage has them.
fn short(mut id: String) -> String {
    id.truncate(12);
    id
}

/// The name of a component.
fn of_component(key: &QueryKey) -> String {
    short(id("component", &[key.as_str()]))
}

/// The name of an incident, or of planned maintenance.
fn of_happening(kind: &str, one: &Happening) -> String {
    id(kind, &[&one.at.rfc3339(), one.service.as_str(), one.title.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::status_page::{Component, Overall, Stage, State, StatusPage, Told};
    use crate::model::time::{Span, Timestamp};

    pub(super) const NOW: Timestamp = Timestamp(1_796_083_200_000);

    /// A page with one of everything.
    pub(super) fn page() -> StatusPage {
        let happening = |title: &str, service: &str, hours: [Option<i64>; 2], stage| Happening {
            title: title.into(),
            service: service.into(),
            at: NOW.plus(Span::seconds(hours[0].unwrap_or(0) * 3600)),
            until: hours[1].map(|hours| NOW.plus(Span::seconds(hours * 3600))),
            stage,
        };
        let states = [State::Operational, State::Outage, State::Unknown, State::Maintenance, State::Degraded];
        let component = |(index, state): (usize, &State)| {
            let name = ["Shop", "Checkout", "Search", "Mail", "Feed"][index];
            Component::named(name, *state, QueryKey::of_status("status", name))
        };
        StatusPage {
            title: "Shop & Sons".into(),
            at: NOW,
            overall: Overall::PartialOutage,
            components: states.iter().enumerate().map(component).collect(),
            incidents: vec![
                happening("Cards <b> are refused", "", [Some(-1), None], Stage::GoesOn),
                happening("It was slow", "search", [Some(-500), Some(-499)], Stage::Over),
            ],
            maintenance: vec![
                happening("New disks", "mail", [Some(24), Some(26)], Stage::Planned),
                happening("In a year", "", [Some(9000), None], Stage::Planned),
            ],
            told: Told::All,
        }
    }
}
