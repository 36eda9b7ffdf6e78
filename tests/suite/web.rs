//! The board in a browser, asked as a browser asks: the page, its frames, its keys, and who may not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::page::Page;
use crate::support::prometheus::free_port;
use crate::support::pty::PATIENCE;

/// What the server's side and this side of a connection hold, in bytes.
const MOST_HELD: usize = 512 * 1024;

#[test]
fn a_page_shows_the_board_and_its_keys_move_its_own_lens() {
    let page = Page::start("", "");
    let (status, head, body) = page.ask("GET", "/", &["Sec-Fetch-Site: cross-site"]);
    assert_eq!(status, 200, "a link from anywhere leads here");
    for header in ["content-security-policy: default-src 'none'", "nosniff", "x-frame-options: deny", "no-store"] {
        assert!(head.to_ascii_lowercase().contains(header), "{header}: {head}");
    }
    assert!(body.contains("page.js") && !body.contains("Shop"), "nothing of the board is in the page");
    let (mut one, mut other) = (page.stream("", &[]), page.stream("page=three&panel=c&zoom=1", &[]));
    one.sees("of one");
    other.sees("of three");
    assert_eq!(page.ask("GET", &format!("/input?viewer={}&key=char:2", one.viewer), &[]).0, 204);
    one.until("address", |address| address == "page=two");
    one.sees("of two");
    assert_eq!(page.ask("GET", &format!("/input?viewer={}&size=100x30", other.viewer), &[]).0, 204);
    let picture = other.until("picture", |picture| picture["columns"] == 100);
    assert!(picture.to_string().contains("of three"), "the other one has moved");
}

#[test]
fn only_who_shows_a_token_sees_what_it_is_for() {
    let audiences = "[[audience]]\nname = \"sales\"\ndetail = \"full\"\ndashboards = \"two\"\ntoken = \"for-sales-only\"\n\
                     [[audience]]\nname = \"public\"\ndashboards = \"three\"\n";
    let page = Page::start(audiences, "token = \"for-the-team\"");
    for (headers, audience, sees) in [
        (&[][..], "public", "of three"),
        (&["Authorization: Bearer for-the-team"][..], "team", "of one"),
        (&["Authorization: Bearer for-sales-only"][..], "sales", "of two"),
        (&["Authorization: Bearer wrong"][..], "public", "of three"),
        (&["Cookie: andon=for-the-team"][..], "public", "of three"),
    ] {
        assert!(page.ask("GET", "/session", headers).2.contains(&format!("\"{audience}\"")), "{headers:?}");
        page.stream("page=one", headers).sees(sees);
    }
    let (status, head, _) = page.ask("GET", "/login", &["Authorization: Bearer for-the-team"]);
    assert_eq!(status, 204);
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("for-the-team"));
    let cookie = format!("Cookie: x=y; {}", cookie.split(';').next().unwrap());
    assert!(page.ask("GET", "/session", &[&cookie]).2.contains("team"));
    assert_eq!(page.ask("GET", "/login", &["Authorization: Bearer wrong"]).0, 401);
    assert!(page.ask("GET", "/logout", &[&cookie]).1.contains("andon=; Path=/; Max-Age=0"));
    drop(page.serving);
    let closed = Page::start("", "token = \"for-the-team\"");
    for path in ["/session", "/stream?size=80x24", "/input?viewer=x&key=up"] {
        assert_eq!(closed.ask("GET", path, &[]).0, 401, "{path}");
    }
}

#[test]
fn what_no_page_of_this_board_asks_is_refused() {
    let page = Page::start("", "");
    let long = format!("X: {}", "a".repeat(64 * 1024));
    for (status, method, path, headers) in [
        (405, "POST", "/", &[][..]),
        (405, "PUT", "/input?viewer=x&key=up", &[]),
        (405, "DELETE", "/session", &[]),
        (405, "TRACE", "/", &[]),
        (405, "OPTIONS", "/stream", &[]),
        (403, "GET", "/", &["Host: evil.example.com"]),
        (403, "GET", "/session", &["Host: 127.0.0.1.evil.example.com"]),
        (403, "GET", "/session", &["Origin: http://evil.example.com"]),
        (403, "GET", "/session", &["Origin: null"]),
        (403, "GET", "/stream?size=80x24", &["Sec-Fetch-Site: cross-site"]),
        (403, "GET", "/login", &["Sec-Fetch-Site: same-site"]),
        (404, "GET", "/../../etc/passwd", &[]),
        (404, "GET", "/%2e%2e/%2e%2e/etc/passwd", &[]),
        (404, "GET", "//etc/passwd", &[]),
        (404, "GET", "/input?viewer=guessed&key=up", &[]),
        (400, "GET", "/stream", &[]),
        (400, "GET", "/stream?size=80", &[]),
        (400, "GET", "/input?viewer=x&key=F1", &[]),
        (400, "GET", "/input?viewer=x&key=char:%1b", &[]),
        (431, "GET", "/", &[long.as_str()]),
    ] {
        let (is, head, body) = page.ask(method, path, headers);
        assert_eq!(is, status, "{method} {path}: {head}");
        assert!(!body.contains("root:"), "{path}");
    }
    let (_, head, _) = page.ask("GET", "/stream?size=80x24&page=%0d%0aSet-Cookie:x=y", &["Origin: http://x"]);
    assert!(!head.to_ascii_lowercase().contains("set-cookie"), "{head}");
    page.stream("", &[]).sees("of one");
}

#[test]
fn half_a_request_and_a_reader_that_has_gone_disturb_nobody() {
    let page = Page::start("", "");
    let mut half: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(("127.0.0.1", page.port)).unwrap();
        stream.write_all(b"GET /stream?size=80x24 HTTP/1.1\r\nHo").unwrap();
        half.push(stream);
        drop(page.stream("", &[]));
    }
    let mut seen = page.stream("page=two", &[]);
    seen.sees("of two");
    drop(half);
    assert_eq!(page.ask("GET", &format!("/input?viewer={}&key=char:1", seen.viewer), &[]).0, 204);
    seen.sees("of one");
}

#[test]
fn whoever_comes_to_the_address_of_an_audience_is_of_it_whatever_they_show() {
    let own = free_port();
    let audiences = format!(
        "[[audience]]\nname = \"public\"\ndashboards = \"three\"\nlisten = \"127.0.0.1:{own}\"\nhosts = [\"status.example.com\"]\n"
    );
    let page = Page::start(&audiences, "token = \"for-the-team\"\nhosts = [\"board.example.com\"]");
    let token = "Authorization: Bearer for-the-team";
    let cookie = page.ask("GET", "/login", &[token]).1;
    let cookie = cookie.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    for header in [token, &cookie] {
        page.stream("page=one", &[header]).sees("of one");
    }
    let page = page.at(own);
    for headers in [&[][..], &[token], &[cookie.as_str()], &[token, cookie.as_str()], &["Host: status.example.com"]] {
        assert!(page.ask("GET", "/session", headers).2.contains("\"public\""), "{headers:?}");
        let mut stream = page.stream("page=one", headers);
        let picture = stream.until("picture", |_| true).to_string();
        assert!(picture.contains("of three") && !picture.contains("of one"), "{headers:?}: {picture}");
    }
    assert_eq!(page.ask("GET", "/login", &[token]).0, 401, "no token is of use here");
    assert_eq!(page.ask("GET", "/", &["Host: board.example.com"]).0, 403, "this is the name of another address");
}

/// How many files the server has open.
fn files(page: &Page) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", page.serving.id())).unwrap().count()
}

#[test]
fn a_browser_that_takes_nothing_is_given_up_and_little_waits_for_it() {
    let page = Page::start("", "");
    let mut stuck = page.stream("", &[]);
    let open = files(&page);
    let begin = Instant::now();
    // Whole pictures, as fast as one viewer gets them.
    let mut widths = [200, 199].into_iter().cycle();
    let resized = |width: i32| page.ask("GET", &format!("/input?viewer={}&size={width}x50", stuck.viewer), &[]).0;
    while resized(widths.next().unwrap()) != 404 {
        assert!(begin.elapsed() < 2 * PATIENCE, "it is never given up");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    // With what it has not taken its connection would stay for ever.
    while files(&page) >= open {
        assert!(begin.elapsed() < 2 * PATIENCE, "its connection is never cut");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let mut held = Vec::new();
    let ended = stuck.lines.read_to_end(&mut held);
    assert!(held.len() < MOST_HELD, "{} bytes have waited for it, {ended:?}", held.len());
}
