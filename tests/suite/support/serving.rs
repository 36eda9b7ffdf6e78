//! An andon that serves a board at a socket of its own.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::andon;
use super::folder::Folder;
use super::pty::{PATIENCE, Session};

/// The board that comes with andon.
const BOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboards.toml");

/// A running server; it ends when this is dropped.
pub struct Serving {
    pub folder: Folder,
    board: String,
    keeps_history: bool,
    environment: Vec<(String, String)>,
    process: Child,
}

impl Serving {
    /// The board that comes with andon, with its simulated shop.
    pub fn start() -> Self {
        Self::made(Folder::new(), BOARD.to_owned(), &[], false)
    }

    /// Another board.
    pub fn with(text: &str) -> Self {
        let folder = Folder::new();
        let board = folder.write("board.toml", text);
        Self::made(folder, board, &[], false)
    }

    /// The same, which keeps its history where it says.
    pub fn with_history(text: &str) -> Self {
        let folder = Folder::new();
        let board = folder.write("board.toml", text);
        Self::made(folder, board, &[], true)
    }

    /// A board in a file of a folder, with variables in its environment.
    pub fn of(folder: Folder, board: String, environment: &[(&str, &str)]) -> Self {
        Self::made(folder, board, environment, false)
    }

    fn made(folder: Folder, board: String, environment: &[(&str, &str)], keeps_history: bool) -> Self {
        let environment: Vec<(String, String)> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let process = spawned(&folder, &board, &environment, keeps_history);
        let serving = Self { folder, board, keeps_history, environment, process };
        serving.wait();
        serving
    }

    /// The same once more, after it was killed.
    pub fn start_again(&mut self) {
        self.process = spawned(&self.folder, &self.board, &self.environment, self.keeps_history);
        self.wait();
    }

    fn wait(&self) {
        let begin = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            assert!(begin.elapsed() < PATIENCE, "nobody serves at {}", self.socket().display());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("board.sock")
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// `andon view` of it, in a terminal.
    pub fn view(&self, flags: &[&str], size: (u16, u16)) -> Session {
        let socket = self.socket().display().to_string();
        Session::start(&[&["view", "--socket", &socket], flags].concat(), size)
    }

    /// Ends it as nobody can resist.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends it as a service manager does.
    pub fn stop(&mut self) -> Option<i32> {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap().code()
    }

    pub fn hang(&self, hangs: bool) {
        use rustix::process::{Signal, kill_process};
        let id = rustix::process::Pid::from_child(&self.process);
        kill_process(id, if hangs { Signal::STOP } else { Signal::CONT }).unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn spawned(folder: &Folder, board: &str, environment: &[(String, String)], keeps_history: bool) -> Child {
    let socket = folder.path().join("board.sock");
    let mut command = andon();
    if keeps_history {
        command.env_remove("ANDON_HISTORY");
    }
    command.envs(environment.iter().cloned());
    command.args(["serve", "--config", board, "--socket"]).arg(socket);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the page of a board is served.
pub fn wait_for_page(port: u16) {
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begin.elapsed() < PATIENCE, "no page");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
