//! The board that this program polls itself: a viewer of its scenes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::screen;
use super::shown::{Drawn, Shown};
use crate::hub::Command;
use crate::hub::demands::ViewerId;
use crate::model::isolation::tripwire;
use crate::output::ansi::encode;
use crate::output::past_looks::PastLooks;
use crate::view::audience::AudienceScene;
use crate::view::scene::Scene;
use crate::viewer::{Demands, Effect, Frames, Input, Lens, Palette, Screen, Viewer};

/// What it is connected to, and how it begins.
#[derive(Debug)]
pub struct Ends {
    /// The latest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// To the hub.
    pub commands: mpsc::Sender<Command>,
    /// Themes and glyphs, as a reload may change them.
    pub palettes: watch::Receiver<Palette>,
    /// What this terminal can show.
    pub screen: Screen,
    /// Where this viewer begins.
    pub lens: Lens,
}

/// A viewer on the terminal that the board was started on.
#[derive(Debug)]
pub struct Local {
    viewer: Viewer,
    frames: Frames,
    ends: Ends,
    engine_gone: bool,
    past: PastLooks,
    /// What the hub knows that the viewer needs.
    demanded: Demands,
    began: Instant,
}

impl Local {
    /// A viewer of what is known now: it is not told of what has rung before.
    pub fn new(ends: Ends) -> Self {
        let (scene, inks) = (Arc::clone(&ends.scenes.borrow()), ends.palettes.borrow().inks(ends.screen));
        let viewer = Viewer::new(AudienceScene::local(scene), ends.lens.clone(), inks, screen::size(), Duration::ZERO);
        let past = PastLooks::new(ends.commands.clone());
        Self {
            viewer,
            frames: Frames::default(),
            ends,
            engine_gone: false,
            past,
            demanded: Demands::default(),
            began: Instant::now(),
        }
    }

    /// How long the board has been shown.
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Takes the scene that is the latest now.
    fn take_scene(&mut self) {
        if !self.engine_gone {
            let scene = Arc::clone(&self.ends.scenes.borrow_and_update());
            self.viewer.scene(AudienceScene::local(scene), self.now());
        }
    }

    /// Tells the hub what the viewer needs, when that has changed.
    fn demand(&mut self) {
        let demands = self.viewer.demands();
        if *demands != self.demanded {
            // A full mailbox means that the hub has enough to do; the next picture asks again.
            let sent = self.ends.commands.try_send(Command::Demand(ViewerId::LOCAL, demands.clone()));
            if sent.is_ok() {
                self.demanded.clone_from(demands);
            }
        }
    }
}

impl Shown for Local {
    fn input(&mut self, input: Input) -> Option<Effect> {
        let effect = self.viewer.input(input, self.now());
        if effect == Some(Effect::Refresh) {
            // A full mailbox already holds a request to refresh.
            let _asked_already = self.ends.commands.try_send(Command::RefreshNow);
        }
        effect
    }

    fn size(&self) -> (u16, u16) {
        self.viewer.size()
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.viewer.resize(size, self.now());
    }

    fn wake(&mut self) {
        self.viewer.wake(self.now());
    }

    fn tick(&mut self) {
        self.viewer.tick(self.now());
    }

    async fn changed(&mut self) {
        self.past.ask(&mut self.viewer);
        tokio::select! {
            rewound = self.past.answered() => self.viewer.past(rewound),
            changed = self.ends.scenes.changed(), if !self.engine_gone => {
                // Without an engine the watchdog says that nothing comes; keys go on.
                self.engine_gone = changed.is_err();
                self.take_scene();
            }
            Ok(()) = self.ends.palettes.changed() => {
                let inks = self.ends.palettes.borrow_and_update().inks(self.ends.screen);
                self.viewer.inks(inks);
            }
            else => std::future::pending().await,
        }
    }

    fn is_dirty(&self) -> bool {
        self.viewer.is_dirty()
    }

    fn is_up_to_date(&self) -> bool {
        self.viewer.is_up_to_date()
    }

    fn draw(&mut self) -> Option<Drawn> {
        tripwire::pass("main");
        if self.ends.scenes.has_changed().unwrap_or(false) {
            self.take_scene();
        }
        let delta = self.viewer.draw(&mut self.frames)?;
        let bytes = encode(delta.before(), delta.after(), self.ends.screen.depth);
        self.demand();
        Some(Drawn { bytes, is_whole: delta.is_whole(), ring: delta.ring })
    }

    fn leave(&mut self) {
        // A full mailbox is not waited for: the board ends with this terminal.
        let _full = self.ends.commands.try_send(Command::Gone(ViewerId::LOCAL));
    }
}
