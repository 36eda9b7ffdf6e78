//! Watches the config's files and brings a changed config to the running board.
//!
//! The files are looked at every two seconds, not watched: a look finds every kind of save (written in
//! place, renamed over, a symbolic link turned elsewhere), on every kind of file system, for three system
//! calls and no further crate. A file that is still being written is waited for.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::polling::Polling;
use crate::config::Board;
use crate::hub::Reload;
use crate::viewer::Palette;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);
/// A file must have been left alone for this long.
const QUIET: Duration = Duration::from_millis(150);

/// Reading a config takes milliseconds; after this long its disk does not answer.
const LONG: Duration = Duration::from_secs(10);

/// A config as it was read: what it says, and where.
#[derive(Debug, Clone)]
pub struct Config {
    /// The board.
    pub board: Board,
    /// Its colours and glyphs.
    pub palette: Palette,
    /// The files it came from; one that is not there may come.
    pub files: Vec<PathBuf>,
}

/// Reads the config again, or says why not, in a sentence.
pub type Load = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

/// What is needed to bring changes to a running board.
pub struct Reloading {
    /// The files that are watched; some may not be there.
    files: Vec<PathBuf>,
    /// As they were when the board was made of them.
    seen: Vec<Mark>,
    load: Load,
    palettes: watch::Sender<Palette>,
}

impl std::fmt::Debug for Reloading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloading").field("files", &self.files).finish_non_exhaustive()
    }
}

/// What tells two states of a file apart: device, inode, size, and the moments of its last change in
/// nanoseconds. A symbolic link counts as what it leads to.
type Mark = Option<(u64, u64, u64, i64, i64)>;

fn mark(path: &Path) -> Mark {
    let meta = std::fs::metadata(path).ok()?;
    let nanoseconds = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
    Some((
        meta.dev(),
        meta.ino(),
        meta.size(),
        nanoseconds(meta.mtime(), meta.mtime_nsec()),
        nanoseconds(meta.ctime(), meta.ctime_nsec()),
    ))
}

impl Reloading {
    /// Watches these files, as they are now; `load` reads them again, and colours go to `palettes`.
    pub fn new(files: Vec<PathBuf>, load: Load, palettes: watch::Sender<Palette>) -> Self {
        let seen = files.iter().map(|file| mark(file)).collect();
        Self { files, seen, load, palettes }
    }

    /// A look at the files, on a thread that may block: a dead mount must not hold up the engine.
    async fn marks(&self) -> Vec<Mark> {
        let files = self.files.clone();
        let look = move || files.iter().map(|file| mark(file)).collect();
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Watches other files from now on. What was watched before keeps its mark: it may have changed while the
    /// config was read.
    async fn watch(&mut self, files: Vec<PathBuf>) {
        let before: HashMap<PathBuf, Mark> =
            std::mem::replace(&mut self.files, files).into_iter().zip(std::mem::take(&mut self.seen)).collect();
        let now = self.marks().await;
        self.seen = self.files.iter().zip(now).map(|(file, now)| before.get(file).copied().unwrap_or(now)).collect();
    }

    /// Watches for as long as the hub listens.
    pub async fn run(mut self, mut board: Arc<Board>, mut polling: Polling, reloads: mpsc::Sender<Reload>) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let mut now = self.marks().await;
            if now == self.seen {
                continue;
            }
            loop {
                sleep(QUIET).await;
                let later = self.marks().await;
                if later == now {
                    break;
                }
                now = later;
            }
            self.seen = now;
            let load = Arc::clone(&self.load);
            // Reading and checking takes milliseconds, which polling need not wait for.
            let loading = tokio::task::spawn_blocking(move || load());
            match loaded(loading, LONG, &reloads).await {
                Err(why) => {
                    if reloads.send(Reload::Refused(why)).await.is_err() {
                        return;
                    }
                }
                Ok(Config { board: new, palette, files }) => {
                    if files != self.files {
                        self.watch(files).await;
                    }
                    let new = Arc::new(new.continuing(&board));
                    if !take(&new, &mut polling, &reloads).await {
                        return;
                    }
                    board = new;
                    self.palettes.send_if_modified(|shown| {
                        let differs = *shown != palette;
                        *shown = palette;
                        differs
                    });
                }
            }
        }
    }
}

/// What was read, at last. One reading at a time: while a disk does not answer for long, the board says so
/// and goes on as it is.
async fn loaded(
    mut loading: JoinHandle<Result<Config, String>>,
    long: Duration,
    reloads: &mpsc::Sender<Reload>,
) -> Result<Config, String> {
    let loaded = if let Ok(loaded) = timeout(long, &mut loading).await {
        loaded
    } else {
        let why = "changed config not used yet: reading it takes long; the board still runs with the old one";
        // The hub is gone: the caller notices with the next send.
        let _gone = reloads.send(Reload::Refused(why.to_owned())).await;
        loading.await
    };
    loaded.unwrap_or_else(|_| Err("the config could not be read: a fault of andon".to_owned()))
}

/// The hub first, so that no answer comes before its question is known. False when the hub is gone.
pub async fn take(board: &Arc<Board>, polling: &mut Polling, reloads: &mpsc::Sender<Reload>) -> bool {
    let (taken, wait) = oneshot::channel();
    if reloads.send(Reload::Board(Arc::clone(board), taken)).await.is_err() || wait.await.is_err() {
        return false;
    }
    polling.poll(board).await;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::theme::{Theme, embedded};

    #[tokio::test]
    async fn a_change_while_the_config_was_read_is_seen_though_other_files_are_watched_now() {
        let folder = std::env::temp_dir().join(format!("andon-reloading-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (board, theme) = (folder.join("board.toml"), folder.join("theme.toml"));
        std::fs::write(&board, "title = \"a\"").unwrap();
        let load: Load = Arc::new(|| Err("not read here".to_owned()));
        let shown = Theme::load("andon", &embedded).unwrap();
        let (monochrome, themes) = (shown.clone(), Arc::new(|_| None));
        let palettes = watch::channel(Palette { theme: shown, day: None, monochrome, glyphs: None, themes }).0;
        let mut reloading = Reloading::new(vec![board.clone()], load, palettes);
        std::fs::write(&board, "title = \"longer\"").unwrap();
        std::fs::write(&theme, "").unwrap();
        reloading.watch(vec![theme.clone(), board.clone()]).await;
        let now = reloading.marks().await;
        assert_eq!(reloading.seen[0], now[0], "the new file is as it was read");
        assert_ne!(reloading.seen[1], now[1], "the edit is still to be seen");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_config_on_a_disk_that_does_not_answer_is_said_to_be_late_and_taken_when_it_comes() {
        let (answer, disk) = std::sync::mpsc::channel();
        let loading = tokio::task::spawn_blocking(move || {
            disk.recv().unwrap();
            Err("read at last".to_owned())
        });
        let (sender, mut reloads) = mpsc::channel(1);
        let waiting = tokio::spawn(async move { loaded(loading, Duration::from_millis(1), &sender).await });
        let Some(Reload::Refused(why)) = reloads.recv().await else { panic!("no banner") };
        assert!(why.contains("takes long"), "{why}");
        answer.send(()).unwrap();
        assert_eq!(waiting.await.unwrap().unwrap_err(), "read at last");
    }
}
