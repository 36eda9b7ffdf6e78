//! A board that is polled in this process, answer by answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use andon::app::Wiring;
use andon::app::polling::Polling;
use andon::config::{Board, Request, load};
use andon::hub::Hub;
use andon::model::poll::{Outcome, QueryId};
use andon::model::time::{Zone, now};
use andon::panel::ink::Glyphs;
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::Clock;
use andon::source::network::Network;
use andon::view::lens::Lens;
use andon::view::scene::PanelScene;
use tokio::sync::{mpsc, watch};

use super::folder::Folder;
use super::pty::PATIENCE;

/// Reads a board from its text. Whoever polls it in this process has its helpers run by andon, and not by these tests: with
/// the arguments of a helper they would run themselves once more, all of them.
pub fn board(text: &str) -> Board {
    andon::source::process::program_is(env!("CARGO_BIN_EXE_andon").into());
    let folder = Folder::new();
    let file = folder.write("b.toml", text);
    load(&Request { file: file.into(), ..Request::default() }).unwrap_or_else(|e| panic!("{text}\n{e:#?}")).board
}

pub struct Running {
    pub board: Arc<Board>,
    pub hub: Hub,
    outcomes: mpsc::Receiver<Outcome>,
    refresh_now: watch::Sender<u64>,
    _polling: Polling,
}

impl Running {
    pub async fn start(text: &str) -> Self {
        Self::start_on(text, Network::default()).await
    }

    pub async fn start_on(text: &str, network: Network) -> Self {
        let board = Arc::new(board(text));
        let wiring = Wiring::new(Clock::Wall, network);
        let mut polling = Polling::new(wiring.wires);
        polling.poll(&board).await;
        let hub = Hub::new(Arc::clone(&board), Zone::utc(), Clock::Wall);
        Self { board, hub, outcomes: wiring.outcomes, refresh_now: wiring.refresh_now, _polling: polling }
    }

    fn query(&self, panel: &str) -> QueryId {
        let panels = self.board.dashboards.iter().flat_map(|dashboard| &dashboard.panels);
        panels.clone().find(|one| one.id == panel).unwrap_or_else(|| panic!("no panel {panel}")).rule.queries[0].id
    }

    /// The next outcome of a panel's first query. All that come are taken in.
    pub async fn outcome(&mut self, panel: &str) -> Outcome {
        let query = self.query(panel);
        loop {
            let outcome = self.next().await.unwrap_or_else(|| panic!("no outcome of {panel}"));
            if outcome.query == query {
                return outcome;
            }
        }
    }

    /// The next outcome of any query, taken in; none where none comes.
    pub async fn next(&mut self) -> Option<Outcome> {
        let outcome = tokio::time::timeout(PATIENCE, self.outcomes.recv()).await.ok()??;
        self.hub.apply(outcome.clone());
        Some(outcome)
    }

    pub fn ask_now(&self) {
        self.refresh_now.send_modify(|count| *count += 1);
    }

    /// A panel as it is at this moment.
    pub fn panel(&self, id: &str) -> PanelScene {
        let scene = self.hub.scene_at(now());
        scene.pages.iter().flat_map(|page| &page.panels).find(|panel| panel.id == id).unwrap().clone()
    }

    /// How long a frame takes, evaluation included: the shortest of three, so that a busy machine does
    /// not count.
    pub fn frame_time(&self) -> Duration {
        let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
        let once = || {
            let begin = Instant::now();
            let scene = self.hub.scene_at(now());
            std::hint::black_box(render(&scene, &Lens::default(), &ink, 200, 50));
            begin.elapsed()
        };
        (0..3).map(|_| once()).min().unwrap()
    }
}
