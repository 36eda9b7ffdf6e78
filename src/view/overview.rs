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
    let late = page.panels.iter().filter(|panel| panel.freshness == Freshness::Late).count();
    let panel = tiles(format!("dashboard-{}", page.name), page.title.clone(), status, lamps, Some(index));
    if late == 0 {
        return panel;
    }
    // What is old does not look fresh, also from here.
    PanelScene { freshness: Freshness::Late, note: format!("{late} late"), ..panel }
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
    Some(tiles("services".to_owned(), SafeText::new("Services"), Some(status), lamps::View::new(found), None))
}

/// The worst status of panels, how many have it, and how many are late: "2 of 5, 1 late". None of panels that nothing
/// judges.
fn worst<'a>(panels: &(impl Iterator<Item = &'a PanelScene> + Clone)) -> Option<(Status, String)> {
    let judged = || panels.clone().filter(|panel| panel.is_judged && panel.is_fed);
    let tally = Tally::from_statuses(judged().map(|panel| panel.status));
    let status = tally.status()?;
    let late = match judged().filter(|panel| panel.freshness == Freshness::Late).count() {
        0 => String::new(),
        late => format!(", {late} late"),
    };
    Some((status, format!("{} of {}{late}", tally.count(status), tally.total())))
}

fn tiles(
    id: String,
    title: SafeText,
    status: Option<Status>,
    lamps: lamps::View,
    leads_to: Option<usize>,
) -> PanelScene {
    let view = PanelView::Lamps(lamps);
    PanelScene {
        id,
        title,
        layer: Layer::Business,
        status: status.unwrap_or(Status::Ok),
        is_fed: false,
        is_judged: status.is_some(),
        failures: 0,
        freshness: Freshness::Fresh,
        age: None,
        since: None,
        note: String::new(),
        reason: String::new(),
        blame: String::new(),
        text: view.strip(),
        value: None,
        unit: String::new(),
        simulated: false,
        service: None,
        environment: None,
        link: None,
        leads_to,
        room: view.room(),
        width: None,
        view,
        history: Vec::new(),
    }
}
