//! The page, asked as no browser of somebody who means well would ask.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use tokio::net::TcpSocket;

use super::board::{SECRET, SHOP, Target, VAULT};
use crate::support::page::Page;
use crate::support::pty::PATIENCE;

const PATHS: [(&str, u16); 13] = [
    ("/", 200),
    ("/page.css", 200),
    ("/page.js", 200),
    ("/session", 200),
    ("/login", 401),
    ("/logout", 204),
    ("/stream", 400),
    ("/input?viewer=x&key=up", 404),
    ("/metrics", 404),
    ("/api/v1/board", 404),
    ("/board.toml", 404),
    ("/page.js/", 404),
    ("*", 404),
];

/// Does something to a server, which is as it was before, and has shown nothing that is not for everybody.
fn attacks(attack: impl FnOnce(&Target) -> Vec<String>) {
    let target = Target::start();
    let before = target.traces();
    let all = attack(&target).concat().to_lowercase();
    for canary in [SECRET, SHOP, VAULT, "root:"] {
        assert!(!all.contains(canary), "{canary}: {all}");
    }
    target.page.stream("", &[]).sees("Orchard");
    assert_eq!(target.traces(), before);
}

fn raw(page: &Page, text: &str) -> (u16, String) {
    let answer = String::from_utf8_lossy(&page.raw(text.as_bytes())).into_owned();
    (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
}

#[test]
fn every_verb_but_get_is_refused_on_every_path() {
    attacks(|target| {
        let mut all = Vec::new();
        let verbs = ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "get", "X"];
        for (path, status) in PATHS {
            let (is, head, body) = target.page.ask("GET", path, &[]);
            assert_eq!(is, status, "GET {path}: {head}");
            all.push(body);
            for verb in verbs {
                let (is, head, body) = target.page.ask(verb, path, &[]);
                assert_eq!(is, 405, "{verb} {path}: {head}");
                all.push(body);
            }
            let (is, head, _) = target.page.ask("CONNECT", path, &[]);
            assert!([400, 405].contains(&is), "CONNECT {path}: {head}");
        }
        all
    });
}

#[test]
fn other_names_other_pages_and_what_is_written_in_two_ways_are_refused() {
    attacks(|target| {
        let port = target.page.port;
        let mut all = Vec::new();
        for (status, line, headers) in [
            // DNS rebinding.
            (403, "GET /session HTTP/1.1", "Host: evil.example.com".to_owned()),
            (403, "GET /session HTTP/1.1", "Host: localhost.evil.example.com".to_owned()),
            (403, "GET /session HTTP/1.1", "Host: localhost@evil.example.com".to_owned()),
            (403, "GET / HTTP/1.1", "Host: 127.0.0.1.nip.io".to_owned()),
            (403, "GET / HTTP/1.1", "Host:".to_owned()),
            (403, "GET / HTTP/1.1", "X: no host".to_owned()),
            (403, "GET / HTTP/1.0", "X: no host".to_owned()),
            (403, "GET / HTTP/1.1", "Host: localhost\r\nHost: evil.example.com".to_owned()),
            (403, "GET / HTTP/1.1", "Host: evil.example.com\r\nX-Forwarded-Host: localhost".to_owned()),
            (403, "GET / HTTP/1.1", "Host: evil.example.com\r\nForwarded: host=localhost".to_owned()),
            (400, "GET http://evil.example.com/session HTTP/1.1", "Host: localhost".to_owned()),
            (400, "GET http://localhost/session HTTP/1.1", "Host: 127.0.0.1".to_owned()),
            (200, "GET http://localhost/session HTTP/1.1", "Host: localhost".to_owned()),
            (200, "GET /session HTTP/1.0", "Host: localhost".to_owned()),
            (200, "GET /session HTTP/1.1", format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}")),
            // Other pages.
            (403, "GET /session HTTP/1.1", "Host: localhost\r\nOrigin: http://localhost.evil.example.com".to_owned()),
            (403, "GET /session HTTP/1.1", "Host: localhost\r\nOrigin: http://localhost:1".to_owned()),
            (403, "GET /session HTTP/1.1", "Host: localhost\r\nOrigin: localhost".to_owned()),
            (
                403,
                "GET /session HTTP/1.1",
                "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil".to_owned(),
            ),
            (403, "GET /session HTTP/1.1", "Host: localhost\r\nOrigin: http://\u{e9}".to_owned()),
            (403, "GET /session HTTP/1.1", "Host: localhost\r\nSec-Fetch-Site: cross-site".to_owned()),
            (403, "GET /session HTTP/1.1", "Host: localhost\r\nSec-Fetch-Site: same-site".to_owned()),
            (403, "GET /session HTTP/1.1", "Host: localhost\r\nSec-Fetch-Site: \u{e9}".to_owned()),
            (
                403,
                "GET /logout HTTP/1.1",
                "Host: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site".to_owned(),
            ),
            (403, "GET /input?viewer=x&key=up HTTP/1.1", "Host: localhost\r\nSec-Fetch-Site: cross-site".to_owned()),
            // No HTTP, or of another time.
            (400, "GET / HTTP/9.9", "Host: localhost".to_owned()),
            (400, "GET /a b HTTP/1.1", "Host: localhost".to_owned()),
            (400, "GET", "Host: localhost".to_owned()),
            (400, "\u{1}\u{2}", "Host: localhost".to_owned()),
            (400, "GET / HTTP/1.1", "Host : localhost".to_owned()),
            (400, "GET / HTTP/1.1", " Host: localhost".to_owned()),
            (431, "GET / HTTP/1.1", format!("Host: localhost\r\n{}", "A: b\r\n".repeat(100)).trim_end().to_owned()),
        ] {
            let (is, answer) = raw(&target.page, &format!("{line}\r\n{headers}\r\nConnection: close\r\n\r\n"));
            assert_eq!(is, status, "{line} {headers}: {answer}");
            // The name that was asked for is said again, as JSON.
            assert!(!answer.contains('<'), "{answer}");
            all.push(answer);
        }
        all
    });
}

#[test]
fn nothing_that_is_sent_leads_out_of_the_page_or_into_a_header() {
    attacks(|target| {
        let mut all = Vec::new();
        for path in [
            "/../board.toml",
            "/../../etc/passwd",
            "/..%2f..%2f..%2fetc%2fpasswd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "//etc/passwd",
            "/page.js/../../etc/passwd",
            "/page.css%00.html",
            "/./page.js",
            "/PAGE.JS",
            "/session/..;/login",
            "/session%0d%0aSet-Cookie:%20a=b",
            "/?%0d%0aSet-Cookie:%20a=b",
            "/session?%0d%0aSet-Cookie:%20a=b",
            "/stream?size=%0d%0aSet-Cookie:%20a=b",
            "/input?viewer=%0d%0aSet-Cookie:%20a=b&key=up",
            "/login?token=zsecret-of-the-team",
        ] {
            let (status, head, body) = target.page.ask("GET", path, &["X-Forwarded-Proto: https\t"]);
            assert!([200, 400, 401, 404].contains(&status), "{path}: {head}");
            assert!(status != 200 || path.starts_with("/?") || path.starts_with("/session?"), "{path}: {head}");
            assert!(!head.to_lowercase().contains("set-cookie"), "{path}: {head}");
            all.extend([head, body]);
        }
        let token = "Authorization: Bearer zsecret-of-the-team";
        for (proto, is_secure) in [
            ("https; Domain=evil", false),
            ("HTTPS", true),
            ("https, http", true),
            ("http, https", false),
            ("\u{e9}", false),
            ("http", false),
        ] {
            let (status, head, _) = target.page.ask("GET", "/login", &[token, &format!("X-Forwarded-Proto: {proto}")]);
            let as_told = head.contains("; Secure") == is_secure && !head.contains("evil");
            assert!(status == 204 && as_told, "{proto}: {head}");
        }
        for split in ["/session HTTP/1.1\r\nX: y\r\n\r\nGET", "/session\rX: y", "/session\nX: y"] {
            all.push(
                raw(&target.page, &format!("GET {split} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).1,
            );
        }
        all
    });
}

#[test]
fn where_a_request_ends_is_never_in_doubt() {
    attacks(|target| {
        let inner = "GET /session HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut all = Vec::new();
        for (headers, body) in [
            ("Content-Length: 6\r\nTransfer-Encoding: chunked", format!("0\r\n\r\n{inner}")),
            ("Transfer-Encoding: chunked\r\nContent-Length: 6", format!("0\r\n\r\n{inner}")),
            ("Transfer-Encoding: chunked", format!("0\r\n\r\n{inner}")),
            ("Transfer-Encoding: x, chunked", format!("0\r\n\r\n{inner}")),
            ("Transfer-Encoding : chunked", format!("0\r\n\r\n{inner}")),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", format!("0\r\n\r\n{inner}")),
            ("Content-Length: 0\r\nContent-Length: 5", format!("hello{inner}")),
            ("Content-Length: 5", format!("hello{inner}")),
            ("Content-Length: -1", inner.to_owned()),
            ("Content-Length: 18446744073709551616", inner.to_owned()),
        ] {
            for verb in ["GET", "POST", "PUT"] {
                let text = format!("{verb} /session HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n{body}");
                let (status, answer) = raw(&target.page, &text);
                assert_eq!(status, 400, "{verb} {headers}: {answer}");
                assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{verb} {headers}: more than one answer: {answer}");
                all.push(answer);
            }
        }
        // Two requests on one connection are two.
        let text = format!("{inner}GET /logout HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let (_, answer) = raw(&target.page, &text);
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
        all.push(answer);
        all
    });
}

#[test]
fn many_slow_connections_keep_nobody_out() {
    attacks(|target| {
        let head = b"GET /stream?size=80x24 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut slow: Vec<TcpStream> = Vec::new();
        for n in 0..400 {
            let mut stream = TcpStream::connect(("127.0.0.1", target.page.port)).unwrap();
            stream.write_all(&head[..n % (head.len() - 1)]).unwrap();
            slow.push(stream);
        }
        target.page.stream("", &[]).sees("Orchard");
        // Who was slow goes on, and is served.
        let mut last = slow.remove(1);
        last.write_all(&head[1..]).unwrap();
        last.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut begin = [0; 15];
        last.read_exact(&mut begin).unwrap();
        vec![String::from_utf8_lossy(&begin).into_owned()]
    });
}

/// A connection of which little is on its way at a time.
fn connected_with_little_room(port: u16) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(([127, 0, 0, 1], port).into()).await.unwrap()
    });
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// How many connections the process has at its page.
fn connections(target: &Target) -> usize {
    let end = format!(":{:04X}", target.page.port);
    let table = std::fs::read_to_string(format!("/proc/{}/net/tcp", target.page.serving.id())).unwrap();
    let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    // 01 is an open one. What waits to be sent when it is cut off is not of the process any more: it has no inode.
    fields.filter(|fields| fields[1].ends_with(&end) && fields[3] == "01" && fields[9] != "0").count()
}

#[test]
fn who_takes_nothing_of_what_they_are_sent_loses_their_connection() {
    attacks(|target| {
        let mut stuck = connected_with_little_room(target.page.port);
        stuck.write_all(b"GET /stream?size=500x200 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        // The name of the viewer comes first; after that nothing is read any more.
        let mut begin = String::new();
        while !begin.contains("\"\n\n") {
            let mut byte = [0];
            stuck.read_exact(&mut byte).unwrap();
            begin.push(char::from(byte[0]));
        }
        let viewer = begin.rsplit("data: \"").next().unwrap().trim_end_matches(['"', '\n']).to_owned();
        assert_eq!(connections(target), 1);
        let (begin, mut size) = (Instant::now(), 500);
        while connections(target) > 0 {
            assert!(begin.elapsed() < 3 * PATIENCE, "it keeps its connection");
            size = if size == 500 { 499 } else { 500 };
            // Each size is a whole picture, until the viewer is gone.
            target.page.ask("GET", &format!("/input?viewer={viewer}&size={size}x200"), &[]);
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
        Vec::new()
    });
}
