//! The program in a pseudo terminal, read by a terminal emulator.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtyPair, PtySize, native_pty_system};
use rustix::fs::OFlags;

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

const ENVIRONMENT: [(&str, &str); 7] = [
    ("TERM", "xterm-256color"),
    ("COLORTERM", "truecolor"),
    ("TZ", "UTC"),
    ("LANG", "C.UTF-8"),
    ("HOME", "/nonexistent"),
    ("PATH", "/usr/bin:/bin"),
    // A test keeps a history only where it says where.
    ("ANDON_HISTORY", "off"),
];

/// Opens a terminal as somebody whom it does not belong to.
fn open(terminal: &Path, flags: OFlags) -> File {
    let flags = (flags | OFlags::NOCTTY).bits() as i32;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(terminal).unwrap()
}

fn nonzero(n: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(n).unwrap()
}

struct Seen {
    parser: vt100::Parser,
    bytes: usize,
    raw: Vec<u8>,
    closed: bool,
}

pub struct Session {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn std::io::Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    pub pid: u32,
}

impl Session {
    /// Starts the program at a size (columns, rows).
    pub fn start(arguments: &[&str], size: (u16, u16)) -> Self {
        Self::start_with(arguments, size, &[])
    }

    pub fn start_with(arguments: &[&str], size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        Self::run(env!("CARGO_BIN_EXE_andon"), arguments, size, environment)
    }

    /// Starts another program, such as a shell line that starts this one.
    pub fn run(program: &str, arguments: &[&str], (columns, rows): (u16, u16), environment: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        for (name, value) in ENVIRONMENT.iter().chain(environment) {
            command.env(name, value);
        }
        Self::spawn(command, (columns, rows))
    }

    pub fn spawn(command: CommandBuilder, size: (u16, u16)) -> Self {
        Self::on(size, |pair| pair.slave.spawn_command(command).unwrap())
    }

    /// Starts the program on a terminal that was prepared, with an output that was opened with flags of its own.
    pub fn start_on(arguments: &[&str], size: (u16, u16), output: OFlags, prepare: impl FnOnce(&File)) -> Self {
        Self::on(size, |pair| {
            let name = pair.master.tty_name().unwrap();
            prepare(&open(&name, OFlags::empty()));
            let child = Command::new(env!("CARGO_BIN_EXE_andon"))
                .args(arguments)
                .env_clear()
                .envs(ENVIRONMENT)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .stdin(open(&name, OFlags::empty()))
                .stdout(open(&name, output))
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            Box::new(child)
        })
    }

    fn on((columns, rows): (u16, u16), spawn: impl FnOnce(&PtyPair) -> Box<dyn Child + Send + Sync>) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = spawn(&pair);
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let parser = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, bytes: 0, raw: Vec::new(), closed: false }), Condvar::new()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let (lock, changed) = &*shared;
                let mut seen = lock.lock().unwrap();
                if count == 0 {
                    seen.closed = true;
                } else {
                    seen.parser.process(&buffer[..count]);
                    seen.raw.extend_from_slice(&buffer[..count]);
                    seen.bytes += count;
                }
                changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        let pid = child.process_id().unwrap();
        Self { master: Some(pair.master), writer: Some(writer), child, seen, pid }
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        rows(self.seen.0.lock().unwrap().parser.screen())
    }

    /// Everything that came so far.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    pub fn bytes(&self) -> usize {
        self.seen.0.lock().unwrap().bytes
    }

    /// Whether the alternate screen is shown, and whether the cursor is hidden.
    pub fn modes(&self) -> (bool, bool) {
        let seen = self.seen.0.lock().unwrap();
        (seen.parser.screen().alternate_screen(), seen.parser.screen().hide_cursor())
    }

    /// Waits until the screen shows something. Returns how long it took.
    #[track_caller]
    pub fn wait_for(&self, what: &str, holds: impl Fn(&str) -> bool) -> Duration {
        self.wait_at_most(PATIENCE, what, holds)
    }

    #[track_caller]
    pub fn wait_at_most(&self, patience: Duration, what: &str, holds: impl Fn(&str) -> bool) -> Duration {
        self.wait_for_screen(patience, what, |screen| holds(&rows(screen)))
    }

    /// Waits until these bytes have come, at whatever time.
    #[track_caller]
    pub fn wait_for_raw(&self, what: &str, bytes: &str) {
        let begin = Instant::now();
        while !String::from_utf8_lossy(&self.raw()).contains(bytes) {
            assert!(begin.elapsed() < PATIENCE, "waited for {what}: {bytes:?} never came");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Waits until the alternate screen is shown and the cursor hidden, or the other way round.
    #[track_caller]
    pub fn wait_for_modes(&self, taken: bool) {
        let what = if taken { "the board's screen" } else { "the shell's screen" };
        self.wait_for_screen(PATIENCE, what, |screen| {
            screen.alternate_screen() == taken && screen.hide_cursor() == taken
        });
    }

    #[track_caller]
    fn wait_for_screen(&self, patience: Duration, what: &str, holds: impl Fn(&vt100::Screen) -> bool) -> Duration {
        let begin = Instant::now();
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        loop {
            if holds(seen.parser.screen()) {
                return begin.elapsed();
            }
            let text = rows(seen.parser.screen());
            let left = patience.saturating_sub(begin.elapsed());
            let closed = seen.closed;
            if left.is_zero() || closed {
                // Not while it is held: the thread that reads the terminal goes on.
                drop(seen);
                panic!("waited {:?} for {what}; closed: {closed}; the screen:\n{text}", begin.elapsed());
            }
            (seen, _) = changed.wait_timeout(seen, left).unwrap();
        }
    }

    pub fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// The keyboard, for a thread of its own.
    pub fn input(&mut self) -> Box<dyn std::io::Write + Send> {
        self.writer.take().unwrap()
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(nonzero(rows), nonzero(columns));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Tells the program a size that no screen has.
    pub fn resize_to_nothing(&self) {
        let size = PtySize { rows: 0, cols: 0, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Another program's hand on the terminal.
    pub fn other(&self) -> File {
        open(&self.master.as_ref().unwrap().tty_name().unwrap(), OFlags::empty())
    }

    /// Seconds of processor time that the program has used.
    fn processor_time(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        // A tick is a hundredth of a second.
        ticks as f64 / 100.0
    }

    /// The share of a core that the program takes while the board's clock moves on by so many seconds.
    #[track_caller]
    pub fn share_of_a_core(&self, seconds: usize) -> f64 {
        let clock = || {
            let text = self.text();
            // In a high header the seconds stand in its last row.
            let last = |line: &str| line.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
            text.lines().take(3).map(last).collect::<String>()
        };
        let (before, begin) = (self.processor_time(), Instant::now());
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() <= seconds {
            seen.insert(clock());
            assert!(begin.elapsed() < PATIENCE, "the clock stands still:\n{}", self.text());
            std::thread::park_timeout(Duration::from_millis(50));
        }
        (self.processor_time() - before) / begin.elapsed().as_secs_f64()
    }

    /// The terminal's settings, as `stty -a` shows them.
    pub fn settings(&self) -> Option<String> {
        Some(format!("{:?}", self.master.as_ref()?.get_termios()?))
    }

    /// Waits for the end; `None` when it does not come.
    pub fn exit_within(&mut self, patience: Duration) -> Option<u32> {
        let begin = Instant::now();
        while begin.elapsed() < patience {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status.exit_code());
            }
            // The end of a process is no event that can be waited for with a limit here.
            std::thread::park_timeout(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Not the kill of portable-pty: that is a SIGHUP, which a stopped program does not notice.
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), rustix::process::Pid::from_raw(self.pid as i32)) {
            let _ended = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _reaped = self.child.wait();
    }
}

/// A line for each row. (`contents` joins rows that were once written past their end, as they are while the
/// program still draws for a size that the terminal no longer has.)
fn rows(screen: &vt100::Screen) -> String {
    screen.rows(0, screen.size().1.get()).collect::<Vec<_>>().join("\n")
}
