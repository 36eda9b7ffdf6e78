//! The board for viewers elsewhere: sockets, and a thread that serves them.

mod door;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::own_thread::OwnThread;
use super::trouble::Trouble;
use crate::accept::{Accepting, Limits};
use crate::config::Board;
use crate::config::serving::{AudienceSpec, Listener, Socket, Web};
use crate::history;
use crate::hub::Command;
use crate::hub::looking::Look;
use crate::model::audience::TEAM;
use crate::output::socket::server as socket;
use crate::output::viewing::{MOST, PATIENCE, Viewing, moments};
use crate::view::audience::Cuts;
use crate::viewer::Palette;
pub use door::{Door, folders};
use web::{Access, Desk, Status};

/// Connections at once at a socket: all viewers, and some who are told that there are as many as there may be.
const LIMITS: Limits = Limits { most: MOST + 24, silence: PATIENCE, stay: None };
/// The same of browsers: each has one for its frames, and others for what is done there.
const PAGE_LIMITS: Limits = Limits { most: 3 * MOST, ..LIMITS };
/// What the system holds for a browser that does not take it, in bytes: more would be old when it is seen.
const UNSEEN: u32 = 32 * 1024;
/// Connections that wait to be taken.
const WAITING: u32 = 1024;
/// How often it is seen to that somebody can connect.
const AGAIN: Duration = Duration::from_secs(2);
/// Files that the rest of the program may need.
const OTHER_FILES: u64 = 512;

/// Where a board is served.
#[derive(Debug)]
pub struct Settings {
    /// A socket for each audience that has one.
    pub doors: Vec<Door>,
    /// Where the page is, and who may look at it there.
    pub pages: Vec<(Listener, Whose)>,
    /// What viewers are drawn in.
    pub palettes: watch::Receiver<Palette>,
}

/// Who may look at a page.
#[derive(Debug)]
pub enum Whose {
    /// Of these audiences those who show its token, and who may without.
    Tokens(Web, Vec<AudienceSpec>),
    /// Whoever comes is of this audience.
    Audience(String),
}

impl Settings {
    /// Where a board is served. `own` is the socket of its team, which has the name of the board's file where it has no path;
    /// without it there are no sockets.
    pub fn new(
        board: &Board,
        own: Option<&Socket>,
        name: &str,
        palettes: watch::Receiver<Palette>,
    ) -> Result<Self, String> {
        let mut doors = Vec::new();
        if let Some(own) = own {
            doors.push(Door::new(TEAM, own, name)?);
            for spec in &board.audiences {
                if let Some(socket) = &spec.socket {
                    doors.push(Door::new(&spec.audience.name, socket, name)?);
                }
            }
        }
        let of_board = board.web.iter().map(|web| {
            let listener = Listener { listen: web.listen, hosts: web.hosts.clone() };
            (listener, Whose::Tokens(web.clone(), board.audiences.clone()))
        });
        let of_audience =
            |spec: &AudienceSpec| Some((spec.listener.clone()?, Whose::Audience(spec.audience.name.clone())));
        let pages = of_board.chain(board.audiences.iter().filter_map(of_audience)).collect();
        Ok(Self { doors, pages, palettes })
    }

    /// Whether there is anything to serve.
    pub const fn is_empty(&self) -> bool {
        self.doors.is_empty() && self.pages.is_empty()
    }

    /// Opens all sockets; the first that cannot be opened is the error, a sentence.
    pub fn open(&mut self) -> Result<(), String> {
        self.doors.iter_mut().try_for_each(Door::open)
    }
}

/// Each is a sign that the thread that serves goes on; it comes at least every three seconds.
pub type Beats = watch::Receiver<()>;

/// Begins to serve. Returns what is wrong, for the hub, and signs of the life of its thread.
pub(super) fn start(
    settings: Option<Settings>,
    cuts: watch::Receiver<Cuts>,
    (commands, looks): (mpsc::Sender<Command>, mpsc::Sender<Look>),
    history: Option<&history::Settings>,
) -> (watch::Receiver<Option<String>>, Option<OwnThread>, Option<Beats>) {
    let (trouble, troubles) = Trouble::new("nobody can look from elsewhere", "others can look again");
    // A thousand viewers hold up neither the hub nor the terminal of the board.
    let serving = settings.filter(|settings| !settings.is_empty()).and_then(|settings| {
        allow_files(settings.doors.len(), settings.pages.len());
        let (told, (beat, beats)) = (trouble.clone(), watch::channel(()));
        let status = Status::new(looks, history.map(|kept| kept.path.clone()));
        let serve = move || async move { serve(settings, cuts, commands, status, (&told, &beat)).await };
        let started = OwnThread::start("andon-serve", serve).map(|thread| (thread, beats));
        started.map_err(|why| trouble.set(Some(format!("no thread for it: {why}")))).ok()
    });
    let (serving, beats) = serving.unzip();
    (troubles, serving, beats)
}

/// As many files as viewers may need, as far as this process may have them.
fn allow_files(doors: usize, pages: usize) {
    let limit = getrlimit(Resource::Nofile);
    let wanted = (doors * LIMITS.most + pages * PAGE_LIMITS.most) as u64 + OTHER_FILES;
    let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|now| now < current) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit });
        tracing::debug!(current, ?raised, "the most files that may be open");
    }
}

/// Serves until it is dropped. A socket that cannot be opened is tried again.
async fn serve(
    settings: Settings,
    cuts: watch::Receiver<Cuts>,
    commands: mpsc::Sender<Command>,
    status: Status,
    (trouble, beat): (&Trouble, &watch::Sender<()>),
) {
    let viewing = Arc::new(Viewing::new(settings.palettes, commands));
    tokio::spawn(Arc::clone(&viewing).demand());
    let page = |(listener, whose)| Page { listener, whose, status: status.clone(), accepting: None };
    let mut pages: Vec<Page> = settings.pages.into_iter().map(page).collect();
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
        for page in &mut pages {
            wrong.extend(page.serve(&viewing, &cuts).err());
        }
        trouble.set((!wrong.is_empty()).then(|| wrong.join("; ")));
        beat.send_replace(());
        sleep(AGAIN).await;
    }
}

/// The page in a browser.
struct Page {
    listener: Listener,
    whose: Whose,
    status: Status,
    accepting: Option<Accepting>,
}

impl Page {
    /// Sees to it that it is served; the error says why it is not.
    fn serve(&mut self, viewing: &Arc<Viewing>, cuts: &watch::Receiver<Cuts>) -> Result<(), String> {
        if let Some(accepting) = self.accepting.as_ref().filter(|one| !one.has_ended()) {
            return accepting.trouble().map_or(Ok(()), Err);
        }
        let (access, names) = match &self.whose {
            Whose::Tokens(web, audiences) => {
                let names: Vec<String> = audiences.iter().map(|spec| spec.audience.name.clone()).collect();
                (Access::read(web, audiences)?, names)
            }
            Whose::Audience(name) => (Access::of_all(name), vec![name.clone()]),
        };
        let Listener { listen: address, hosts } = self.listener.clone();
        let listener = listen(address).map_err(|error| format!("{address}: {}", error.kind()))?;
        tracing::info!(listen = %address, "others can look in a browser");
        let names = names.into_iter();
        let seen = names.map(|name| (name.clone(), moments(viewing, cuts.clone(), &name))).collect();
        let desk = Arc::new(Desk::new(hosts, access, Arc::clone(viewing), seen, self.status.clone()));
        let attend = move |stream, guest| web::attend(Arc::clone(&desk), stream, guest);
        self.accepting = Some(Accepting::serve(listener, PAGE_LIMITS, attend));
        Ok(())
    }
}

/// Listens for browsers. What is set here holds for each connection.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A board that is started again has its address again.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(UNSEEN)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

fn accept(listener: UnixListener, door: &Door, viewing: &Arc<Viewing>, cuts: &watch::Receiver<Cuts>) -> Accepting {
    tracing::info!(socket = %door.path().display(), audience = door.audience(), "others can look");
    let seen = moments(viewing, cuts.clone(), door.audience());
    let desk = Arc::new(socket::Desk::new(Arc::clone(viewing), seen));
    Accepting::serve(listener, LIMITS, move |stream, guest| Arc::clone(&desk).attend(stream, guest))
}
