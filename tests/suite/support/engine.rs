//! A real engine that keeps time series: Prometheus, or VictoriaMetrics. Each on a port and in a folder of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::folder::Folder;
use super::prometheus::free_port;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prometheus,
    VictoriaMetrics,
}

impl Kind {
    pub const fn program(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoria-metrics",
        }
    }

    fn arguments(self, folder: &Path, port: u16) -> Vec<String> {
        let data = folder.join("data");
        match self {
            Self::Prometheus => vec![
                format!("--config.file={}", folder.join("prometheus.yml").display()),
                format!("--storage.tsdb.path={}", data.display()),
                format!("--web.listen-address=127.0.0.1:{port}"),
                "--web.enable-remote-write-receiver".to_owned(),
            ],
            Self::VictoriaMetrics => vec![
                format!("-storageDataPath={}", data.display()),
                format!("-httpListenAddr=127.0.0.1:{port}"),
                // Instant queries see the newest samples, too.
                "-search.latencyOffset=0s".to_owned(),
            ],
        }
    }
}

/// An engine, which may be killed and comes back with what it had.
pub struct Engine {
    kind: Kind,
    port: u16,
    folder: Folder,
    server: Option<Child>,
}

impl Engine {
    pub fn start(kind: Kind) -> Self {
        let folder = Folder::new();
        folder.write("prometheus.yml", "global: { scrape_interval: 1m }\n");
        let mut engine = Self { kind, port: free_port(), folder, server: None };
        engine.start_again();
        engine
    }

    /// Starts it, and waits until it answers.
    pub fn start_again(&mut self) {
        let server = Command::new(self.kind.program())
            .args(self.kind.arguments(self.folder.path(), self.port))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.server = Some(server);
        let begin = Instant::now();
        while self.ask("/api/v1/query?query=1").is_none() {
            assert!(begin.elapsed() < Duration::from_mins(1), "{:?} does not answer", self.kind);
            // Each turn asks the server; the pause only keeps the asking polite.
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Asks it to end, and waits: what it has taken is on its disk.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let pid = rustix::process::Pid::from_child(&server);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            server.wait().unwrap();
        }
    }

    pub fn write_url(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1/write", self.port)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The samples that a query picks, as they were written: each series' labels, its moments in milliseconds and values.
    pub fn samples(&self, query: &str) -> Vec<(Value, Vec<(i64, f64)>)> {
        let result = self.query(query);
        let sample = |pair: &Value| {
            let at = (pair[0].as_f64().unwrap() * 1000.0).round() as i64;
            (at, pair[1].as_str().unwrap().parse().unwrap())
        };
        let one = |series: &Value| {
            let values = series["values"].as_array().unwrap_or_else(|| panic!("{query}: {series}"));
            (series["metric"].clone(), values.iter().map(sample).collect())
        };
        result.iter().map(one).collect()
    }

    /// How many series a query finds at this moment.
    pub fn count(&self, query: &str) -> usize {
        self.query(query).len()
    }

    fn query(&self, query: &str) -> Vec<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.ask(&format!("/api/v1/query?query={encoded}")).unwrap();
        answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{query}: {answer}")).clone()
    }

    fn ask(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ended = server.kill();
            let _reaped = server.wait();
        }
    }
}
