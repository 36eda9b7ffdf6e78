//! A chromedriver of its own, and a session with one headless Chromium in it.
//!
//! Source: W3C `WebDriver`, "Endpoints"; it is JSON over HTTP, on loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::folder::Folder;
use super::processes::{below, end};

const CHROMIUM: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";
/// An answer may wait for a browser that starts on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// The command line of Chromium: no screen, and nothing that it does of its own accord. Without its sandbox, which root
/// cannot have: it looks at nothing but the board of the test.
const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--window-size=1280,800",
];

/// Whether browser and driver are installed; says so when they are not.
pub fn is_here(test: &str) -> bool {
    super::installed::is_there(test, &[CHROMIUM, DRIVER].map(Into::into))
}

pub struct Session {
    driver: Child,
    port: u16,
    path: String,
    _home: Folder,
}

impl Session {
    pub fn start() -> Self {
        let home = Folder::new();
        let folder = home.path().display().to_string();
        let (driver, port) = started(&folder);
        let mut session = Self { driver, port, path: String::new(), _home: home };
        let flags: Vec<String> =
            FLAGS.iter().map(ToString::to_string).chain([format!("--user-data-dir={folder}/profile")]).collect();
        let made = session.post(
            "/session",
            &json!({ "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": { "binary": CHROMIUM, "args": flags },
                "goog:loggingPrefs": { "browser": "ALL" },
            } } }),
        );
        session.path = format!("/session/{}", made["sessionId"].as_str().unwrap());
        session
    }

    /// A command of the session, and its value.
    #[track_caller]
    pub fn command(&self, name: &str, body: &Value) -> Value {
        self.post(&format!("{}{name}", self.path), body)
    }

    /// What only Chromium has. Source: Chrome `DevTools` Protocol.
    #[track_caller]
    pub fn devtools(&self, name: &str, parameters: &Value) -> Value {
        self.command("/goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        let value = self.ask("POST", path, &body.to_string()).unwrap()["value"].take();
        assert!(value.get("error").is_none_or(|error| !error.is_string()), "{path}: {value:#}");
        value
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> std::io::Result<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\n", self.port);
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
        // The driver leaves the connection open, whatever it is asked for.
        let (mut stream, mut line, mut length) = (BufReader::new(stream), String::new(), 0);
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line)?;
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer)?;
        serde_json::from_slice(&answer).map_err(Into::into)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Who does not go when it is asked to is ended with the driver.
        let _asked = self.ask("DELETE", &self.path, "");
        let below = below(self.driver.id());
        let _ended = self.driver.kill().and_then(|()| self.driver.wait());
        end(&below);
    }
}

/// A driver that is ready, and its port. It takes a port that is free of one family of addresses, and ends where the same
/// one is not free of the other: then another one is started.
fn started(folder: &str) -> (Child, u16) {
    let start = |_| {
        let mut driver = Command::new(DRIVER)
            .args(["--port=0", "--log-level=SEVERE"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port = port(&mut driver);
        if port.is_none() {
            driver.wait().unwrap();
        }
        Some((driver, port?))
    };
    (0..5).find_map(start).expect("a driver says its port")
}

/// The port that the driver has chosen, which it says when it is ready. What else it says is read, and dropped.
fn port(driver: &mut Child) -> Option<u16> {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let started = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let port = line.split("started successfully on port ").nth(1)?;
        port.trim_end_matches('.').parse().ok()
    });
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    started
}
