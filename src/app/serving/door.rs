//! A Unix socket that is made, opened to those who may connect, and taken away at the end.

use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::config::serving::Socket;

/// The longest path of a socket, in bytes. Source: unix(7), `sun_path`.
const LONGEST: usize = 107;

/// A socket, and who comes in there.
#[derive(Debug)]
pub struct Door {
    audience: String,
    path: PathBuf,
    socket: Socket,
    /// Open, and not served yet.
    listener: Option<StdUnixListener>,
    /// The socket that was made here, by device and inode.
    made: Option<(u64, u64)>,
}

impl Door {
    /// A door that is shut. Where the socket has no path it is in the runtime folder, under a name.
    pub(super) fn new(audience: &str, socket: &Socket, name: &str) -> Result<Self, String> {
        let path = match &socket.path {
            Some(path) => path.clone(),
            None => default_path(name)?,
        };
        Ok(Self { audience: audience.to_owned(), path, socket: socket.clone(), listener: None, made: None })
    }

    /// Who comes in.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it, unless it is open. It appears under its name when only those can connect who may.
    pub(super) fn open(&mut self) -> Result<(), String> {
        if self.listener.is_some() {
            return Ok(());
        }
        let wrong = |why: String| format!("{}: {why}", self.path.display());
        let length = self.path.as_os_str().len().max(hidden(&self.path).as_os_str().len());
        if length > LONGEST {
            return Err(wrong(format!("a path of {length} bytes, and {LONGEST} is the most that a socket can have")));
        }
        let group = self.socket.group.as_deref().map(group_number).transpose().map_err(wrong)?;
        if self.socket.path.is_none() {
            let folder = self.path.parent().unwrap_or(Path::new("/"));
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| wrong(error.to_string()))?;
        }
        make_room(&self.path).map_err(wrong)?;
        let (listener, made) = bind(&self.path, self.socket.mode, group).map_err(wrong)?;
        (self.listener, self.made) = (Some(listener), Some(made));
        Ok(())
    }

    /// The listener, once.
    pub(super) fn listener(&mut self) -> Result<UnixListener, String> {
        let listener = self.listener.take().ok_or_else(|| "it is not open".to_owned())?;
        listener
            .set_nonblocking(true)
            .and_then(|()| UnixListener::from_std(listener))
            .map_err(|error| error.to_string())
    }
}

impl Drop for Door {
    /// Takes the socket away; not one that another has made meanwhile.
    fn drop(&mut self) {
        let now = std::fs::symlink_metadata(&self.path).ok().map(|meta| (meta.dev(), meta.ino()));
        if self.made.is_some() && now == self.made {
            let _gone = std::fs::remove_file(&self.path);
        }
    }
}

/// Where the sockets of boards are, without their names: of a service, where systemd says; of this user; of the machine. In
/// the order in which they are looked at.
pub fn folders() -> Vec<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let of_user = absolute("XDG_RUNTIME_DIR").map(|folder| folder.join("andon"));
    absolute("RUNTIME_DIRECTORY").into_iter().chain(of_user).chain([PathBuf::from("/run/andon")]).collect()
}

fn default_path(name: &str) -> Result<PathBuf, String> {
    let own = folders().into_iter().next().filter(|folder| folder != Path::new("/run/andon"));
    let folder =
        own.ok_or("no place for the socket: there is no $XDG_RUNTIME_DIR; write [serve] socket = \"/PATH.sock\"")?;
    Ok(folder.join(format!("{name}.sock")))
}

/// Takes a socket away that nobody listens at any more.
fn make_room(path: &Path) -> Result<(), String> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(meta) if !meta.file_type().is_socket() => {
            Err("there is a file of this name, and it is no socket".to_owned())
        }
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => {
                Err("another andon serves here; see it with andon view, or give this one another socket".to_owned())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        },
    }
}

/// The name under which a socket is made: of this process, which makes one at a time.
fn hidden(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{}", std::process::id()))
}

/// A socket under another name first: until it has its permissions nobody finds it.
fn bind(path: &Path, mode: u32, group: Option<u32>) -> Result<(StdUnixListener, (u64, u64)), String> {
    let hidden = hidden(path);
    let made = || {
        let listener = StdUnixListener::bind(&hidden)?;
        chown(&hidden, None, group)?;
        std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(mode))?;
        let meta = std::fs::symlink_metadata(&hidden)?;
        std::fs::rename(&hidden, path)?;
        Ok::<_, std::io::Error>((listener, (meta.dev(), meta.ino())))
    };
    made().map_err(|error| {
        let _not_made = std::fs::remove_file(&hidden);
        let help = match error.kind() {
            ErrorKind::NotFound => "; its folder is not there",
            ErrorKind::PermissionDenied => "; this user may not write into its folder, or is not in the group",
            _ => "",
        };
        format!("{error}{help}")
    })
}

/// The number of a group, which may be written itself.
///
/// Source: group(5). Groups of a directory service are not in the file.
fn group_number(name: &str) -> Result<u32, String> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let all = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let number = all.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    });
    number.ok_or_else(|| format!("there is no group '{name}' in /etc/group; write its number"))
}
