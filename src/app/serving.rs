//! The board for viewers elsewhere: sockets, and a thread that serves them.

mod door;

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::UnixListener;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use super::trouble::Trouble;
use crate::accept::{Accepting, Limits};
use crate::config::Board;
use crate::config::serving::Socket;
use crate::hub::Command;
use crate::output::socket::server::{Desk, PATIENCE};
use crate::output::viewing::{MOST, Viewing, first, follow};
use crate::view::audience::Cuts;
use crate::viewer::Palette;
pub use door::{Door, folders};

/// Connections at once: all viewers, and some who are told that there are as many as there may be.
const LIMITS: Limits = Limits { most: MOST + 24, silence: PATIENCE, stay: None };
/// How often it is seen to that somebody can connect.
const AGAIN: Duration = Duration::from_secs(2);
/// Files that the rest of the program may need.
const OTHER_FILES: u64 = 512;

/// Where a board is served.
#[derive(Debug)]
pub struct Settings {
    /// A socket for each audience that has one.
    pub doors: Vec<Door>,
    /// What viewers are drawn in.
    pub palettes: watch::Receiver<Palette>,
}

impl Settings {
    /// The sockets of a board. `own` is the one of its team, whose name is that of the board's file where it has no path.
    pub fn new(
        board: &Board,
        own: Option<&Socket>,
        name: &str,
        palettes: watch::Receiver<Palette>,
    ) -> Result<Self, String> {
        let mut doors = Vec::new();
        for spec in &board.audiences {
            let own = own.filter(|_| doors.is_empty() && spec.audience.name == crate::model::audience::TEAM);
            for socket in own.into_iter().chain(&spec.socket) {
                doors.push(Door::new(&spec.audience.name, socket, name)?);
            }
        }
        Ok(Self { doors, palettes })
    }

    /// Opens all of them; the first that cannot be opened is the error, a sentence.
    pub fn open(&mut self) -> Result<(), String> {
        self.doors.iter_mut().try_for_each(Door::open)
    }
}

/// Ends the server when it is dropped.
pub(super) type Serving = oneshot::Sender<()>;

/// Begins to serve. Returns what is wrong, for the hub.
pub(super) fn start(
    settings: Option<Settings>,
    cuts: watch::Receiver<Cuts>,
    commands: mpsc::Sender<Command>,
) -> (watch::Receiver<Option<String>>, Option<Serving>) {
    let (trouble, troubles) = Trouble::new("nobody can look from elsewhere", "others can look again");
    let serving = settings.filter(|settings| !settings.doors.is_empty()).map(|settings| {
        let (end, ended) = oneshot::channel();
        if let Err(why) = on_a_thread(settings, cuts, commands, trouble.clone(), ended) {
            trouble.set(Some(format!("no thread for it: {why}")));
        }
        end
    });
    (troubles, serving)
}

/// A thousand viewers hold up neither the hub nor the terminal of the board.
fn on_a_thread(
    settings: Settings,
    cuts: watch::Receiver<Cuts>,
    commands: mpsc::Sender<Command>,
    trouble: Trouble,
    ended: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    allow_files();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let run = move || {
        runtime.block_on(async {
            tokio::select! {
                () = serve(settings, cuts, commands, &trouble) => {}
                _ = ended => {}
            }
        });
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name("andon-serve".to_owned()).spawn(run).map(drop)
}

/// As many files as viewers may need, as far as this process may have them.
fn allow_files() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = LIMITS.most as u64 + OTHER_FILES;
    let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|now| now < current) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit });
        tracing::debug!(current, ?raised, "the most files that may be open");
    }
}

/// Serves until it is dropped. A socket that cannot be opened is tried again.
async fn serve(settings: Settings, cuts: watch::Receiver<Cuts>, commands: mpsc::Sender<Command>, trouble: &Trouble) {
    let viewing = Arc::new(Viewing::new(settings.palettes));
    tokio::spawn(Arc::clone(&viewing).demand(commands));
    let mut doors: Vec<(Door, Option<Accepting>)> = settings.doors.into_iter().map(|door| (door, None)).collect();
    loop {
        let mut wrong = Vec::new();
        for (door, accepting) in &mut doors {
            let is_open = accepting.as_ref().is_some_and(|one| !one.has_ended());
            if !is_open {
                match door.open().and_then(|()| door.listener()) {
                    Ok(listener) => *accepting = Some(accept(listener, door, &viewing, &cuts)),
                    Err(why) => wrong.push(why),
                }
            }
            wrong.extend(accepting.as_ref().and_then(Accepting::trouble));
        }
        trouble.set((!wrong.is_empty()).then(|| wrong.join("; ")));
        sleep(AGAIN).await;
    }
}

fn accept(listener: UnixListener, door: &Door, viewing: &Arc<Viewing>, cuts: &watch::Receiver<Cuts>) -> Accepting {
    tracing::info!(socket = %door.path().display(), audience = door.audience(), "others can look");
    let (sender, moments) = watch::channel(first(cuts, door.audience()));
    tokio::spawn(follow(cuts.clone(), door.audience().to_owned(), sender));
    let desk = Arc::new(Desk::new(Arc::clone(viewing), moments));
    Accepting::serve(listener, LIMITS, move |stream, guest| Arc::clone(&desk).attend(stream, guest))
}
