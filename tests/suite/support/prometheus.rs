//! A real Prometheus and a real node-exporter, each on a port and in a folder of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::folder::Folder;

/// Whether the servers are installed; says so when they are not.
pub fn is_here(test: &str) -> bool {
    super::installed::is_installed(test, &["prometheus", "prometheus-node-exporter"])
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub struct Prometheus {
    pub port: u16,
    exporter_port: u16,
    folder: Folder,
    exporter: Child,
    server: Option<Child>,
}

impl Prometheus {
    /// Ports are taken and the exporter runs; the server itself does not yet.
    pub fn prepared() -> Self {
        let (port, exporter_port) = (free_port(), free_port());
        let folder = Folder::new();
        let targets = format!("127.0.0.1:{exporter_port}");
        folder.write(
            "prometheus.yml",
            &format!(
                "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: node\n    static_configs: [{{ targets: ['{targets}'] }}]\n  \
                 - job_name: prometheus\n    static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n"
            ),
        );
        let exporter = Command::new("prometheus-node-exporter")
            .arg(format!("--web.listen-address=127.0.0.1:{exporter_port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { port, exporter_port, folder, exporter, server: None }
    }

    /// Scrapes another program on this port as well. Before it is started.
    pub fn scrapes(&self, port: u16) {
        let path = self.folder.path().join("prometheus.yml");
        let job = format!("  - job_name: other\n    static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n");
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &job).unwrap();
    }

    pub fn started() -> Self {
        let mut prometheus = Self::prepared();
        prometheus.start();
        prometheus.wait_until_it_has("node_load1");
        prometheus
    }

    pub fn start(&mut self) {
        let config = self.folder.path().join("prometheus.yml");
        let data = self.folder.path().join("data");
        let server = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.server = Some(server);
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn exporter_instance(&self) -> String {
        format!("127.0.0.1:{}", self.exporter_port)
    }

    /// What the server itself answers to a query: the first value.
    pub fn value(&self, query: &str) -> Option<f64> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        write!(stream, "GET /api/v1/query?query={query} HTTP/1.0\r\nHost: x\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let body = answer.split_once("\r\n\r\n")?.1;
        let body: serde_json::Value = serde_json::from_str(body).ok()?;
        body["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    pub fn wait_until_it_has(&self, query: &str) {
        let begin = Instant::now();
        while self.value(query).is_none() {
            assert!(begin.elapsed() < Duration::from_mins(1), "Prometheus never had {query}");
            // Each turn asks the server; the pause only keeps the asking polite.
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(self.server.as_ref().unwrap());
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub fn freeze(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ended = server.kill();
            let _reaped = server.wait();
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.kill();
        let _ended = self.exporter.kill();
        let _reaped = self.exporter.wait();
    }
}
