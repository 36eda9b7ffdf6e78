//! The page that a board of several dashboards has beside them: each dashboard with its layers, and all services, worst
//! first. What is chosen there leads to its dashboard.

use std::collections::BTreeMap;

use super::scene::{Page, PanelScene, Tally};
use crate::model::freshness::Freshness;
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::panel::{PanelView, lamps};

/// The fewest dashboards for which a page of them says more than they do.
pub const FEWEST: usize = 2;
/// The name of the page, for flags and scripts.
pub const NAME: &str = "overview";

/// The page, if there are dashboards enough for one.
pub(super) fn page(pages: &[Page], page_time: Span) -> Option<Page> {
    if pages.len() < FEWEST {
        return None;
    }
    let mut panels: Vec<PanelScene> = pages.iter().enumerate().map(|(index, page)| dashboard(index, page)).collect();
    // The order of the board among those that are alike.
    panels.sort_by_key(|panel| u8::MAX - panel.status.severity());
    panels.extend(services(pages));
    Some(Page {
        name: NAME.to_owned(),
        title: SafeText::new("Overview"),
        // It shows what others count.
        tally: Tally::default(),
        page_time,
        is_scheduled: true,
        rows: Vec::new(),
        panels,
    })
}

/// A dashboard, with a tile for each of its layers.
fn dashboard(index: usize, page: &Page) -> PanelScene {
    let tile = |layer: Layer| {
        let panels = || page.panels.iter().filter(move |panel| panel.layer == layer);
        worst(&panels()).map(|(status, words)| (SafeText::new(layer.word()), words, status))
    };
    let status = page.tally.status();
    let lamps = lamps::View::new(Layer::ALL.into_iter().filter_map(tile));
    let id = format!("dashboard-{}", page.name);
    PanelScene { leads_to: Some(index), ..tiles((id, page.title.clone()), status, lamps, late(page.panels.iter())) }
}

/// Panels that are named in a tile.
const NAMED: usize = 2;

/// How many panels are late.
fn late<'a>(panels: impl Iterator<Item = &'a PanelScene>) -> usize {
    panels.filter(|panel| panel.is_fed && panel.freshness == Freshness::Late).count()
}

/// All services, a tile each; none where no panel names one.
fn services(pages: &[Page]) -> Option<PanelScene> {
    let mut of_service: BTreeMap<&str, Vec<&PanelScene>> = BTreeMap::new();
    for panel in pages.iter().flat_map(|page| &page.panels) {
        if let Some(service) = &panel.service {
            of_service.entry(service.as_str()).or_default().push(panel);
        }
    }
    let tile = |(name, panels): (&str, Vec<&PanelScene>)| {
        worst(&panels.into_iter()).map(|(status, words)| (SafeText::new(name), words, status))
    };
    let found: Vec<(SafeText, String, Status)> = of_service.into_iter().filter_map(tile).collect();
    let status = found.iter().map(|(_, _, status)| *status).max_by_key(|status| status.severity())?;
    let late = late(pages.iter().flat_map(|page| &page.panels).filter(|panel| panel.service.is_some()));
    Some(tiles(("services".to_owned(), SafeText::new("Services")), Some(status), lamps::View::new(found), late))
}

/// The worst status of panels, which have it where that is not ok, of how many, and how many are late: "Orders, Builds:
/// 2 of 5, 1 late". None of panels that nothing judges.
fn worst<'a>(panels: &(impl Iterator<Item = &'a PanelScene> + Clone)) -> Option<(Status, String)> {
    let judged = || panels.clone().filter(|panel| panel.is_judged && panel.is_fed);
    let tally = Tally::from_statuses(judged().map(|panel| panel.status));
    let status = tally.status()?;
    let late = match late(judged()) {
        0 => String::new(),
        late => format!(", {late} late"),
    };
    let of_status = judged().filter(|panel| panel.status == status && status != Status::Ok);
    let titles: Vec<&str> = of_status.map(|panel| panel.title.as_str()).collect();
    let more = if titles.len() > NAMED { ", …" } else { "" };
    let names = titles.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { names } else { format!("{names}{more}: ") };
    Some((status, format!("{names}{} of {}{late}", tally.count(status), tally.total())))
}

/// A panel of tiles. What is old does not look fresh, also from here.
fn tiles((id, title): (String, SafeText), status: Option<Status>, lamps: lamps::View, late: usize) -> PanelScene {
    let view = PanelView::Lamps(lamps);
    PanelScene {
        id,
        title,
        layer: Layer::Business,
        status: status.unwrap_or(Status::Ok),
        is_fed: false,
        is_judged: status.is_some(),
        failures: 0,
        freshness: if late > 0 { Freshness::Late } else { Freshness::Fresh },
        age: None,
        since: None,
        affected: Vec::new(),
        note: if late > 0 { format!("{late} late") } else { String::new() },
        reason: String::new(),
        blame: String::new(),
        text: view.strip(),
        value: None,
        unit: String::new(),
        simulated: false,
        service: None,
        environment: None,
        link: None,
        leads_to: None,
        room: view.room(),
        width: None,
        view,
        history: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(service: &str, status: Status, freshness: Freshness) -> PanelScene {
        let name = (service.to_owned(), SafeText::new(service));
        let panel = tiles(name, Some(status), lamps::View::new([]), 0);
        PanelScene { is_fed: true, freshness, service: Some(SafeText::new(service)), ..panel }
    }

    fn dashboard_of(name: &str, panels: Vec<PanelScene>) -> Page {
        Page {
            name: name.to_owned(),
            title: SafeText::new(name),
            tally: Tally::from_statuses(panels.iter().map(|panel| panel.status)),
            page_time: Span::seconds(15),
            is_scheduled: true,
            rows: Vec::new(),
            panels,
        }
    }

    #[test]
    fn the_worst_dashboard_comes_first_and_what_is_late_is_said() {
        let calm = dashboard_of("calm", vec![panel("mail", Status::Ok, Freshness::Late)]);
        let bad = dashboard_of("bad", vec![panel("shop", Status::Critical, Freshness::Fresh)]);
        let overview = page(&[calm.clone(), bad], Span::seconds(15)).unwrap();
        let seen: Vec<_> =
            overview.panels.iter().map(|panel| (panel.id.as_str(), panel.leads_to, panel.freshness)).collect();
        assert_eq!(
            seen,
            [
                ("dashboard-bad", Some(1), Freshness::Fresh),
                ("dashboard-calm", Some(0), Freshness::Late),
                ("services", None, Freshness::Late),
            ]
        );
        assert_eq!(overview.tally, Tally::default(), "what it shows is counted once");
        assert_eq!(page(&[calm], Span::seconds(15)), None, "of one dashboard there is none");
    }

    #[test]
    fn a_tile_names_the_panels_that_are_not_well() {
        let panels: Vec<PanelScene> =
            [("a", Status::Critical), ("b", Status::Ok), ("c", Status::Critical), ("d", Status::Critical)]
                .map(|(title, status)| panel(title, status, Freshness::Fresh))
                .into();
        let words = |count: usize| worst(&panels[..count].iter()).unwrap().1;
        assert_eq!([words(1), words(3), words(4)], ["a: 1 of 1", "a, c: 2 of 3", "a, c, …: 3 of 4"]);
        assert_eq!(worst(&panels[1..2].iter()).unwrap().1, "1 of 1", "what is ok is not named");
    }
}
