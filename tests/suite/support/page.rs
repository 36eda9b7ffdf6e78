//! A board with a page, asked as a browser asks.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::prometheus::free_port;
use super::pty::PATIENCE;
use super::serving::Serving;

const NOTES: &str = "[[dashboards]]\nname = \"one\"\n[[dashboards.panels]]\nid = \"a\"\nview = \"text\"\ntext = \"of one\"\n\
                     [[dashboards]]\nname = \"two\"\n[[dashboards.panels]]\nid = \"b\"\nview = \"text\"\ntext = \"of two\"\n\
                     [[dashboards]]\nname = \"three\"\n[[dashboards.panels]]\nid = \"c\"\nview = \"text\"\ntext = \"of three\"\n";

/// A served board with a page: `team` has a token, sales have theirs, and everybody sees the last dashboard.
pub struct Page {
    pub serving: Serving,
    pub port: u16,
}

impl Page {
    /// A board of three notes, with these audiences, and these lines of its `[web]`.
    pub fn start(audiences: &str, web: &str) -> Self {
        let port = free_port();
        let serving = Serving::with(&format!(
            "title = \"Shop\"\n[web]\nlisten = \"127.0.0.1:{port}\"\n{web}\n{audiences}\n{NOTES}"
        ));
        Self::of(serving, port)
    }

    /// The page of a board that listens at this port.
    pub fn of(serving: Serving, port: u16) -> Self {
        let page = Self { serving, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < PATIENCE, "no page");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        page
    }

    /// The same board at another of its addresses.
    pub fn at(self, port: u16) -> Self {
        Self::of(self.serving, port)
    }

    pub fn request(&self, method: &str, path: &str, headers: &[&str]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = format!("Host: localhost:{}", self.port);
        let given = headers.iter().any(|header| header.to_ascii_lowercase().starts_with("host:"));
        let own = (!given).then_some(host.as_str());
        let lines: Vec<&str> = own.into_iter().chain(headers.iter().copied()).collect();
        let request = format!("{method} {path} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        // What is too long is refused before all of it is sent; the answer says so.
        let _refused = stream.write_all(request.as_bytes());
        stream
    }

    /// What comes back for some bytes, until the connection ends.
    pub fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may have ended the connection before it has read all of them.
        let _ended = stream.write_all(bytes);
        let mut said = Vec::new();
        let _ended = stream.read_to_end(&mut said);
        said
    }

    /// Status, head and body of an answer.
    pub fn ask(&self, method: &str, path: &str, headers: &[&str]) -> (u16, String, String) {
        let mut answer = Vec::new();
        // Where not all was read that was sent, the end is a reset; what was answered comes before it.
        let _reset = self.request(method, path, headers).read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, head.to_owned(), body.to_owned())
    }

    pub fn stream(&self, query: &str, headers: &[&str]) -> Stream {
        self.stream_of("80x24", query, headers)
    }

    pub fn stream_of(&self, size: &str, query: &str, headers: &[&str]) -> Stream {
        let path = format!("/stream?size={size}&{query}");
        let mut stream = Stream { lines: BufReader::new(self.request("GET", &path, headers)), viewer: String::new() };
        let viewer = stream.until("viewer", |_| true);
        viewer.as_str().unwrap().clone_into(&mut stream.viewer);
        stream
    }
}

/// The frames of one viewer.
pub struct Stream {
    pub lines: BufReader<TcpStream>,
    pub viewer: String,
}

impl Stream {
    /// The next event: its name, and what it says.
    pub fn next(&mut self) -> (String, Value) {
        let (mut event, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the stream has ended after {event}");
            if let Some(of) = line.strip_prefix("event: ") {
                of.trim_end().clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (event, serde_json::from_str(data).unwrap());
            }
        }
    }

    /// The next event of a name that holds.
    pub fn until(&mut self, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (event, data) = self.next();
            if event == name && holds(&data) {
                return data;
            }
        }
    }

    pub fn sees(&mut self, words: &str) {
        self.until("picture", |picture| picture.to_string().contains(words));
    }
}
