//! A Unix socket that is made, opened to those who may connect, and taken away at the end.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::net::UnixListener;

use crate::config::serving::Socket;

/// The longest path of a socket, in bytes. Source: unix(7), `sun_path`.
const LONGEST: usize = 107;

/// How long somebody may take to accept a connection, who then serves there and hangs; or to open a door beside ours.
const HANGS: Duration = Duration::from_secs(1);

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
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        if self.socket.path.is_none() {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| wrong(error.to_string()))?;
        }
        let _alone = alone(folder);
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
        let now = std::fs::symlink_metadata(&self.path).ok().map(|meta| same(&meta));
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

/// Keeps others, who start at the same moment, from opening doors in this folder. Whoever may read the folder can hold it for
/// as long as they like: that is not waited for.
fn alone(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    within(move || folder.lock().map(|()| folder))?.ok()
}

/// What is found out on a thread of its own, which may wait for somebody else; none where that takes long.
fn within<T: Send + 'static>(find: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (told, heard) = mpsc::channel();
    let thread = std::thread::Builder::new().name("andon-door".to_owned());
    let tell = move || {
        // Nobody waits any more where it has taken too long.
        let _late = told.send(find());
    };
    thread.spawn(tell).ok()?;
    heard.recv_timeout(HANGS).ok()
}

/// Takes a socket away that nobody listens at any more.
fn make_room(path: &Path) -> Result<(), String> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(meta) if !meta.file_type().is_socket() => {
            Err("there is a file of this name, and it is no socket".to_owned())
        }
        Ok(_) if is_served(path)? => Err(SERVED.to_owned()),
        Ok(_) => std::fs::remove_file(path).map_err(|error| error.to_string()),
    }
}

const SERVED: &str = "another andon serves here; see it with andon view, or give this one another socket";

fn same(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// Whether somebody listens at a socket. Who hangs and has a full queue does, too.
fn is_served(path: &Path) -> Result<bool, String> {
    let tried = path.to_owned();
    match within(move || UnixStream::connect(tried).map(drop)) {
        Some(Ok(())) | None => Ok(true),
        Some(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => Ok(false),
        Some(Err(error)) => Err(error.to_string()),
    }
}

/// A name beside a socket that nothing else has.
fn hidden(path: &Path) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    path.with_file_name(format!(".{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// A socket under another name first: until it has its permissions nobody finds it. It replaces nothing.
fn bind(path: &Path, mode: u32, group: Option<u32>) -> Result<(StdUnixListener, (u64, u64)), String> {
    let hidden = hidden(path);
    let made = || {
        let listener = StdUnixListener::bind(&hidden)?;
        chown(&hidden, None, group)?;
        std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(mode))?;
        let made = same(&std::fs::symlink_metadata(&hidden)?);
        std::fs::hard_link(&hidden, path)?;
        Ok::<_, std::io::Error>((listener, made))
    };
    let made = made();
    let _not_made = std::fs::remove_file(&hidden);
    made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => SERVED.to_owned(),
        ErrorKind::NotFound => format!("{error}; its folder is not there"),
        ErrorKind::PermissionDenied => {
            format!("{error}; this user may not write into its folder, or is not in the group")
        }
        _ => error.to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn door(path: &Path) -> Door {
        Door::new("team", &Socket { path: Some(path.to_owned()), ..Socket::default() }, "board").unwrap()
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("andon-door-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn of_several_that_start_at_once_one_serves() {
        let folder = folder("race");
        let path = folder.join("s.sock");
        for round in 0..50 {
            // In every other round one has left its socket.
            if round % 2 == 0 {
                drop(StdUnixListener::bind(&path).unwrap());
            }
            let (path, barrier) = (&path, &std::sync::Barrier::new(4));
            let opened: Vec<(Door, Result<(), String>)> = std::thread::scope(|scope| {
                let open = || {
                    let mut door = door(path);
                    barrier.wait();
                    let opened = door.open();
                    (door, opened)
                };
                let all: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            let count = opened.iter().filter(|(_, opened)| opened.is_ok()).count();
            assert_eq!(count, 1, "round {round}: {opened:?}");
            let is_there = UnixStream::connect(path).is_ok();
            assert!(is_there, "round {round}: {opened:?}");
            drop(opened);
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "round {round}: something is left");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn who_hangs_with_a_full_queue_serves_and_is_not_waited_for() {
        let folder = folder("hangs");
        let path = folder.join("s.sock");
        let hangs = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        hangs.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
        hangs.listen(0).unwrap();
        let _queued = UnixStream::connect(&path).unwrap();
        let begin = std::time::Instant::now();
        assert_eq!(door(&path).open().unwrap_err(), format!("{}: {SERVED}", path.display()));
        assert!(begin.elapsed() < 5 * HANGS && path.exists());
        drop(hangs);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
