//! A stand-in for a Prometheus that counts what it is asked. It has a thread of its own.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Telemetry {
    pub address: SocketAddr,
    pub requests: watch::Receiver<u64>,
}

impl Telemetry {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (count, requests) = watch::channel(0);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(answer(stream, count.clone()));
                }
            });
        });
        Self { address, requests }
    }

    pub fn count(&self) -> u64 {
        *self.requests.borrow()
    }
}

/// Answers one request after the other.
async fn answer(stream: TcpStream, count: watch::Sender<u64>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut line) = (String::new(), String::new());
        if stream.read_line(&mut first).await.is_err() || first.is_empty() {
            return;
        }
        while line != "\r\n" {
            line.clear();
            if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
                return;
            }
        }
        count.send_modify(|count| *count += 1);
        let body = body(&first);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
        let whole = format!("{head}: {}\r\n\r\n{body}", body.len());
        if stream.write_all(whole.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The answer to a request by its first line: every panel has another value each second.
fn body(request: &str) -> String {
    let parameter = |name: &str| -> f64 {
        let text = request.split(['?', '&', ' ']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        text.unwrap().trim_start_matches("panel_").parse().unwrap()
    };
    let panel = parameter("query");
    let point = |at: f64| format!("[{at},\"{:.3}\"]", 50.0 + 45.0 * (at / (5.0 + panel)).sin());
    let (kind, key, points) = if request.contains("/query_range?") {
        let (start, end, step) = (parameter("start"), parameter("end"), parameter("step"));
        let points = (0..=((end - start) / step) as u32).map(|n| point(start + f64::from(n) * step));
        ("matrix", "values", format!("[{}]", points.collect::<Vec<_>>().join(",")))
    } else {
        ("vector", "value", point(parameter("time")))
    };
    let result = format!("[{{\"metric\":{{\"job\":\"shop\"}},\"{key}\":{points}}}]");
    format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",\"result\":{result}}}}}")
}
