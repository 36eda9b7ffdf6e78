//! A server on loopback that answers with exactly the bytes it is told.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What to do with one request.
#[derive(Clone)]
pub enum Reply {
    /// A whole HTTP answer: status line, headers, body as they are.
    Raw(Vec<u8>),
    /// Nothing at all, and the connection stays open.
    Silence,
    /// The connection is closed at once.
    Close,
    /// Whatever the function does with the connection.
    Play(Play),
}

pub type Play = Arc<dyn Fn(&mut TcpStream) + Send + Sync>;

impl Reply {
    pub fn play(play: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::Play(Arc::new(play))
    }

    pub fn raw(text: &str) -> Self {
        Self::Raw(text.as_bytes().to_vec())
    }

    pub fn body(kind: &str, body: &str) -> Self {
        Self::status("200 OK", kind, body)
    }

    pub fn status(status: &str, kind: &str, body: &str) -> Self {
        let length = body.len();
        Self::Raw(format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes())
    }

    pub fn header(status: &str, header: &str) -> Self {
        Self::Raw(
            format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes(),
        )
    }
}

#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    routes: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
    closed: Arc<AtomicBool>,
}

impl Server {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    /// The same at an address that has been used before.
    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            routes: Arc::default(),
            requests: Arc::default(),
            closed: Arc::default(),
        };
        let shared = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.closed.load(Ordering::SeqCst) {
                    return;
                }
                let server = shared.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    /// Nobody listens there any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // The listener wakes, sees it, and goes.
        let _woken = TcpStream::connect(self.address);
        while TcpStream::connect(self.address).is_ok() {
            std::thread::yield_now();
        }
    }

    /// Answers a path, from now on, with a reply. Everything else is 404.
    pub fn route(&self, path: &str, reply: Reply) -> &Self {
        self.routes.lock().unwrap().insert(path.to_owned(), reply);
        self
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The head of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/").to_owned();
        self.requests.lock().unwrap().push(head);
        let reply = self.routes.lock().unwrap().get(&path).cloned();
        match reply {
            Some(Reply::Raw(bytes)) => drop(stream.write_all(&bytes)),
            Some(Reply::Close) => {}
            Some(Reply::Play(play)) => play(&mut stream),
            // Until the other side gives up.
            Some(Reply::Silence) => drop(stream.read(&mut byte)),
            None => drop(stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
        }
    }
}
