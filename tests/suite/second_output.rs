//! A second output, in one file over the public viewer: the rows that changed, as text. Beside the terminal there is
//! room for others, and what one viewer does or needs is its own.

use std::sync::Arc;
use std::time::Duration;

use andon::hub::Command;
use andon::hub::demands::ViewerId;
use andon::output::text::plain;
use andon::view::audience::Cuts;
use andon::viewer::{Delta, Demands, Effect, Frames, Input, Viewer};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval};

/// What this output is connected to.
pub struct Ends {
    pub id: ViewerId,
    pub cuts: watch::Receiver<Cuts>,
    pub inputs: mpsc::Receiver<Input>,
    pub commands: mpsc::Sender<Command>,
    /// Rows by their number, from 0.
    pub rows: mpsc::Sender<(usize, String)>,
}

/// Shows a board, row by row, until the viewer quits or has gone.
pub async fn show(mut viewer: Viewer, mut ends: Ends) {
    let (began, mut watchdog) = (Instant::now(), interval(Duration::from_secs(1)));
    let (mut frames, mut demanded) = (Frames::default(), Demands::default());
    loop {
        if let Some(delta) = viewer.draw(&mut frames) {
            for row in changed_rows(&delta) {
                if ends.rows.send(row).await.is_err() {
                    break;
                }
            }
        }
        if *viewer.demands() != demanded {
            demanded.clone_from(viewer.demands());
            ends.commands.send(Command::Demand(ends.id, demanded.clone())).await.unwrap();
        }
        tokio::select! {
            input = ends.inputs.recv() => match input.map(|input| viewer.input(input, began.elapsed())) {
                None | Some(Some(Effect::Quit)) => break,
                Some(Some(Effect::Refresh)) => ends.commands.send(Command::RefreshNow).await.unwrap(),
                Some(Some(Effect::Repaint) | None) => {}
            },
            Ok(()) = ends.cuts.changed() => {
                let seen = ends.cuts.borrow_and_update()[0].clone();
                viewer.scene(seen, began.elapsed());
            }
            _ = watchdog.tick() => viewer.tick(began.elapsed()),
        }
    }
    ends.commands.send(Command::Gone(ends.id)).await.unwrap();
}

fn changed_rows(delta: &Delta) -> Vec<(usize, String)> {
    let mut changed: Vec<usize> = delta.cells().map(|(_, y, _)| usize::from(y)).collect();
    changed.dedup();
    let text = plain(delta.after());
    let rows: Vec<&str> = text.lines().collect();
    changed.into_iter().map(|y| (y, rows[y].to_owned())).collect()
}

mod tests {
    use std::collections::BTreeMap;

    use andon::app::Wiring;
    use andon::hub::looking::Looks;
    use andon::hub::{Channels, Hub};
    use andon::model::poll::QueryId;
    use andon::model::time::{Timestamp, Zone};
    use andon::render::theme::{Theme, embedded};
    use andon::render::{Glyphs, Ink};
    use andon::source::network::Network;
    use andon::source::{Clock, Widths};
    use andon::viewer::{Key, Lens};

    use super::*;
    use crate::support::running::board;

    const START: Timestamp = Timestamp(1_790_000_000_000);
    const QUERY: QueryId = QueryId(0);

    fn ink() -> Ink {
        Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full)
    }

    /// A running output of this kind: its keyboard, and its screen row by row.
    struct Running {
        keys: mpsc::Sender<Input>,
        rows: mpsc::Receiver<(usize, String)>,
        screen: BTreeMap<usize, String>,
    }

    impl Running {
        fn start(id: u64, columns: u16, cuts: &watch::Receiver<Cuts>, commands: &mpsc::Sender<Command>) -> Self {
            let ((keys, inputs), (sender, rows)) = (mpsc::channel(8), mpsc::channel(256));
            let (cuts, commands) = (cuts.clone(), commands.clone());
            let viewer = Viewer::new(cuts.borrow()[0].clone(), Lens::default(), ink(), (columns, 24), Duration::ZERO);
            tokio::spawn(show(viewer, Ends { id: ViewerId(id), cuts, inputs, commands, rows: sender }));
            Self { keys, rows, screen: BTreeMap::new() }
        }

        async fn press(&self, key: char) {
            self.keys.send(Input::Key(Key::Char(key))).await.unwrap();
        }

        async fn wait_for(&mut self, what: &str) {
            while !self.screen.values().any(|row| row.contains(what)) {
                let row = tokio::time::timeout(Duration::from_secs(10), self.rows.recv()).await;
                let (y, row) = row.unwrap_or_else(|_| panic!("no {what}: {:#?}", self.screen)).expect("it has ended");
                self.screen.insert(y, row);
            }
        }
    }

    async fn wait_for_widths(widths: &mut watch::Receiver<Widths>, wanted: Option<u16>) {
        let wait = widths.wait_for(|widths| widths.get(&QUERY).copied() == wanted);
        let met = tokio::time::timeout(Duration::from_secs(10), wait).await.map(drop);
        assert!(met.is_ok(), "the widths stay {:?}, not {wanted:?}", widths.borrow());
    }

    #[tokio::test(start_paused = true)]
    async fn two_viewers_elsewhere_see_the_board_and_leave_nothing_behind() {
        let clock = Clock::Scripted { start: START, since: Instant::now(), moved: Arc::default() };
        let board = board(
            "title = \"Shop\"\n[sources.p]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\ntitle = \"Orders\"\nview = \"chart\"\nsource = \"p\"\nquery = \"up\"\n",
        );
        let hub = Hub::new(Arc::new(board), Zone::utc(), clock.clone());
        let wiring = Wiring::new(clock, Network::default());
        let (commands, command_receiver) = mpsc::channel(4);
        let first = hub.seen_at(START);
        let (cut_sender, cuts) = watch::channel(first.cuts);
        let (asked, mut widths) = (wiring.refresh_now.subscribe(), wiring.widths.subscribe());
        let channels = Channels {
            outcomes: wiring.outcomes,
            commands: command_receiver,
            looks: Looks::new(mpsc::channel(1).1),
            reloads: mpsc::channel(1).1,
            rewinds: mpsc::channel(1).0,
            notices: mpsc::channel(1).0,
            scenes: watch::Sender::new(first.scene),
            cuts: cut_sender,
            refresh_now: wiring.refresh_now,
            widths: wiring.widths,
        };
        // Somebody who may still send keeps the hub alive.
        let _wires = wiring.wires;
        tokio::spawn(hub.run(channels));
        let mut wall = Running::start(1, 200, &cuts, &commands);
        let mut laptop = Running::start(2, 80, &cuts, &commands);
        for one in [&mut wall, &mut laptop] {
            one.wait_for("Shop").await;
            one.wait_for("Orders").await;
        }
        wait_for_widths(&mut widths, Some(400)).await;
        laptop.press('r').await;
        laptop.press('?').await;
        laptop.wait_for("freeze the picture").await;
        assert!(!wall.screen.values().any(|row| row.contains("freeze the picture")), "the help is of one viewer");
        assert_eq!(*asked.borrow(), 0, "who is not at the board's own terminal asks for no refresh");
        wall.press('q').await;
        wait_for_widths(&mut widths, Some(160)).await;
        drop(laptop);
        wait_for_widths(&mut widths, None).await;
    }

    #[test]
    fn an_output_is_one_file_over_the_viewer() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/second_output.rs");
        let text = std::fs::read_to_string(file).unwrap();
        let output = text.split("\nmod tests {").next().unwrap();
        let used: Vec<&str> = output.lines().filter_map(|line| line.strip_prefix("use andon::")).collect();
        assert!(used.iter().any(|path| path.starts_with("viewer::")), "{used:?}");
        // What a room of outputs may use, and of outputs the encoder only.
        let allowed = ["viewer::", "view::", "hub::Command", "hub::demands", "output::text"];
        for path in used {
            assert!(allowed.iter().any(|start| path.starts_with(start)), "an output needs {path}");
        }
    }
}
