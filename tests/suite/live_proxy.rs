//! The board over TLS: a real Caddy and a real nginx before its page, from the files that are shipped.

use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, HOST, SET_COOKIE, STRICT_TRANSPORT_SECURITY};
use reqwest::{Response, StatusCode};
use tokio::time::{sleep, timeout};

use crate::support::page::Page;
use crate::support::proxy::{Kind, NAME, Proxy, is_here};
use crate::support::pty::PATIENCE;

/// Buffers that hold frames back hold them for longer: until so many bytes have come.
const AT_ONCE: Duration = Duration::from_secs(3);

/// The frames that come through a proxy.
struct Frames {
    answer: Response,
    text: String,
}

impl Frames {
    /// Waits for words, and returns what comes before them.
    async fn until(&mut self, words: &str) -> String {
        let begin = Instant::now();
        loop {
            if let Some(at) = self.text.find(words) {
                let rest = self.text.split_off(at + words.len());
                let mut before = std::mem::replace(&mut self.text, rest);
                before.truncate(at);
                return before;
            }
            let chunk = timeout(PATIENCE, self.answer.chunk()).await.expect("nothing comes").unwrap();
            self.text.push_str(&String::from_utf8_lossy(&chunk.expect("the frames have ended")));
            assert!(begin.elapsed() < PATIENCE, "{words} never came");
        }
    }
}

async fn body(mut answer: Response) -> String {
    let mut text = String::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    text
}

fn board(hosts: &str) -> Page {
    Page::start("", &format!("token = \"of-the-team\"\nhosts = [{hosts}]"))
}

#[tokio::test]
async fn the_page_its_login_its_frames_and_its_keys_come_through() {
    if !is_here("live_proxy::the_page_its_login_its_frames_and_its_keys_come_through") {
        return;
    }
    for kind in Kind::ALL {
        let page = board(&format!("\"{NAME}\""));
        let proxy = Proxy::start(kind, page.port);
        let client = proxy.client();
        let first = proxy.get(&client, "/").send().await.unwrap();
        assert_eq!(first.status(), StatusCode::OK, "{kind:?}");
        for header in ["content-security-policy", "x-frame-options"] {
            assert!(first.headers().contains_key(header), "{kind:?}: {header} is lost");
        }
        assert!(first.headers().contains_key(STRICT_TRANSPORT_SECURITY), "{kind:?}");
        assert!(body(first).await.contains("page.js"), "{kind:?}");
        let refused = proxy.get(&client, "/session").send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{kind:?}: a proxy makes nobody a member of the team");

        let login = proxy.get(&client, "/login").bearer_auth("of-the-team").send().await.unwrap();
        assert_eq!(login.status(), StatusCode::NO_CONTENT, "{kind:?}");
        let cookie = login.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.ends_with("; Secure"), "{kind:?}: {cookie}");
        let cookie = cookie.split(';').next().unwrap();

        let begin = Instant::now();
        let stream = proxy.get(&client, "/stream?size=80x24").header(COOKIE, cookie);
        let stream = stream.header("sec-fetch-site", "same-origin").send().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream", "{kind:?}");
        let mut frames = Frames { answer: stream, text: String::new() };
        frames.until("event: viewer\ndata: \"").await;
        let viewer = frames.until("\"").await;
        frames.until("of one").await;
        assert!(begin.elapsed() < AT_ONCE, "{kind:?}: the first picture took {:?}", begin.elapsed());

        let begin = Instant::now();
        let key = format!("/input?viewer={viewer}&key=char:2");
        let origin = format!("https://{NAME}:{}", proxy.port());
        let pressed = proxy.get(&client, &key).header(COOKIE, cookie).header("origin", origin).send().await.unwrap();
        assert_eq!(pressed.status(), StatusCode::NO_CONTENT, "{kind:?}");
        frames.until("of two").await;
        assert!(begin.elapsed() < AT_ONCE, "{kind:?}: the answer to a key took {:?}", begin.elapsed());

        // Whoever leaves is gone for the board, too.
        drop(frames);
        let begin = Instant::now();
        loop {
            let (status, head, _) = page.ask("GET", &key, &[&format!("Cookie: {cookie}")]);
            if status == 404 {
                break;
            }
            assert!([204, 429].contains(&status), "{kind:?}: {head}");
            assert!(begin.elapsed() < PATIENCE, "{kind:?}: a viewer that has left the proxy stays");
            // The client closes its connection meanwhile.
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn another_name_than_that_of_the_board_shows_nothing() {
    if !is_here("live_proxy::another_name_than_that_of_the_board_shows_nothing") {
        return;
    }
    for kind in Kind::ALL {
        let page = board(&format!("\"{NAME}\""));
        let proxy = Proxy::start(kind, page.port);
        let client = proxy.client();
        let other = proxy.get(&client, "/").header(HOST, "evil.example.com").send().await.unwrap();
        // Caddy has no site of this name; nginx has one for all, and passes the name on.
        let (status, text) = (other.status(), body(other).await);
        match kind {
            Kind::Caddy => assert_eq!(text, "", "{status}"),
            Kind::Nginx => assert_eq!(status, StatusCode::FORBIDDEN, "{text}"),
        }
        // A board that does not know its name says what to write.
        let unnamed = board("");
        let proxy = Proxy::start(kind, unnamed.port);
        let refused = proxy.get(&proxy.client(), "/").send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{kind:?}");
        let text = body(refused).await;
        assert!(text.contains(NAME) && text.contains("hosts"), "{kind:?}: {text}");
    }
}
