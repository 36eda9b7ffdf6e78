//! `andon view`: a board that another andon serves.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::arguments::ViewFlags;
use super::out::{Done, Failure};
use super::run::code_of;
use crate::app::serving::folders;
use crate::output::socket::client::{Remote, Start};
use crate::output::socket::reason;
use crate::output::terminal::caps::Variables;
use crate::output::terminal::show;
use crate::view::address::Address;
use crate::viewer::Screen;

pub(super) fn run(flags: &ViewFlags) -> Done {
    let variables = Variables::read();
    if !rustix::termios::isatty(rustix::stdio::stdout()) || variables.is_dumb() {
        let why = "standard output is no terminal: a board is looked at. Over SSH: ssh -t";
        return Err(Failure::Message(why.to_owned()));
    }
    let socket = flags.socket.clone().map_or_else(only_socket, Ok)?;
    // On a wall the server may come up later.
    if !flags.kiosk {
        can_connect(&socket)?;
    }
    let screen = Screen { glyphs: variables.glyphs(), depth: variables.depth(), kiosk: flags.kiosk };
    let address = Address { page: flags.dashboard.clone(), ..Address::default() }.written();
    let start = Start { socket, screen, theme: flags.theme.clone(), address };
    Ok(code_of(show(|| Remote::start(start), !flags.kiosk)?))
}

/// Whether somebody serves there: better said before the screen is taken.
fn can_connect(socket: &Path) -> Result<(), String> {
    let connected = UnixStream::connect(socket);
    connected.map(drop).map_err(|error| format!("{}: {}", socket.display(), reason(&error)))
}

/// The only socket at which a board is served on this machine.
fn only_socket() -> Result<PathBuf, String> {
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in folders() {
        let all = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let sockets =
            all.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket())).map(|entry| entry.path());
        found.extend(sockets.filter(|path| path.extension().is_some_and(|end| end == "sock")));
    }
    found.sort();
    found.dedup();
    // One of them may be left of a server that has ended.
    let is_gone =
        |path: &Path| UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if found.len() > 1 {
        found.retain(|path| !is_gone(path));
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let folders: Vec<String> = folders().iter().map(|folder| folder.display().to_string()).collect();
            Err(format!(
                "no board is served on this machine: there is no socket in {}; start one with andon serve, or name its \
                 socket: andon view --socket PATH",
                folders.join(" or ")
            ))
        }
        several => {
            let all: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(format!("several boards are served; choose one with --socket: {}", all.join(", ")))
        }
    }
}
