//! The protocol of the socket in every way in which it can be wrong.

use std::io::{Read as _, Write as _};
use std::net::Shutdown as End;
use std::os::unix::net::UnixStream;

use andon::output::socket::framing::{LONGEST_OF_VIEWER, framed};
use andon::output::socket::message::{Extent, FromServer, FromViewer, Hello, Shown, ToServer, ToViewer, VERSION};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::attacker::{AtSocket, Eyes as _, hello};
use super::board::{SECRET, SHOP, Target, VAULT};

/// More than there may be at once.
const CROWD: usize = 1100;

/// One of each kind of message.
fn kinds() -> Vec<FromViewer> {
    let far = Extent { columns: u32::MAX, rows: u32::MAX };
    vec![
        FromViewer::Hello(hello()),
        FromViewer::Shown(Shown {}),
        FromViewer::Key(u32::from('2')),
        FromViewer::Key(u32::MAX),
        FromViewer::Click(far),
        FromViewer::Wheel(true),
        FromViewer::Size(far),
        FromViewer::Size(Extent::default()),
    ]
}

fn written(all: &[FromViewer]) -> Vec<u8> {
    all.iter().flat_map(|one| framed(&ToServer { what: Some(one.clone()) })).collect()
}

/// All that is said after some bytes and the end of them; the connection ends then.
fn said(target: &Target, bytes: &[u8]) -> Vec<ToViewer> {
    let mut stream = AtSocket::connect(&target.socket("public"));
    // It may have ended the connection before it has read all of them.
    let _ended = stream.write_all(bytes).and_then(|()| stream.shutdown(End::Write));
    let mut all = Vec::new();
    while let Some(message) = AtSocket::hears(&mut stream) {
        all.push(message);
    }
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "the connection goes on");
    all
}

fn has_picture(said: &[ToViewer]) -> bool {
    said.iter()
        .any(|one| matches!(one.what, Some(FromServer::Picture(_) | FromServer::Welcome(_) | FromServer::Address(_))))
}

fn last_word(said: &[ToViewer]) -> Option<&str> {
    said.iter().find_map(|one| match &one.what {
        Some(FromServer::Farewell(last)) => Some(last.why.as_str()),
        _ => None,
    })
}

/// Does something to a server, which is as it was before.
fn attacks(attack: impl FnOnce(&Target)) {
    let target = Target::start();
    let before = target.traces();
    attack(&target);
    AtSocket::open(&target.socket("public"), "");
    assert_eq!(target.traces(), before);
    let all = format!("{:?}", said(&target, &written(&[FromViewer::Hello(hello())]))).to_lowercase();
    assert!([SECRET, SHOP, VAULT].iter().all(|canary| !all.contains(canary)));
}

#[test]
fn every_message_in_any_order_moves_a_lens_or_ends_the_connection() {
    attacks(|target| {
        for first in kinds() {
            for second in kinds() {
                let (is_hello, twice) = (matches!(first, FromViewer::Hello(_)), matches!(second, FromViewer::Hello(_)));
                let said = said(target, &written(&[first.clone(), second.clone(), FromViewer::Shown(Shown {})]));
                let expected = match (is_hello, twice) {
                    (false, _) => "the first message of a viewer is its Hello",
                    (true, true) => "a viewer says its Hello once",
                    (true, false) => "",
                };
                assert_eq!(last_word(&said), Some(expected), "{first:?} {second:?}");
                assert!(is_hello || !has_picture(&said), "{first:?} {second:?}: {said:?}");
            }
        }
        for version in [0, VERSION + 1, u32::MAX] {
            let said = said(target, &written(&[FromViewer::Hello(Hello { version, ..hello() })]));
            assert!(last_word(&said).is_some_and(|why| why.contains("version")) && !has_picture(&said), "{said:?}");
        }
    });
}

#[test]
fn whatever_is_torn_turned_or_too_long_ends_the_connection_and_nothing_else() {
    attacks(|target| {
        let first = written(&[FromViewer::Hello(hello())]);
        let whole = [first.clone(), written(&kinds())].concat();
        for end in 0..whole.len() {
            let said = said(target, &whole[..end]);
            assert!(end >= first.len() || !has_picture(&said), "{end} bytes: {said:?}");
        }
        for at in 0..first.len() {
            for mask in [0xff, 0x80, 0x01] {
                let mut turned = first.clone();
                turned[at] ^= mask;
                said(target, &turned);
            }
        }
        let too_long = u32::try_from(LONGEST_OF_VIEWER + 1).unwrap().to_be_bytes();
        for begin in [&[][..], &first] {
            for bytes in [&too_long[..], b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x02\xff\xff"] {
                let said = said(target, &[begin, bytes, &[7; 100]].concat());
                let why = last_word(&said);
                assert!(
                    why.is_some_and(|why| why.contains("is the most") || why.contains("no message")),
                    "{bytes:?} {why:?}"
                );
            }
        }
        // Bytes without a plan, the same ones each time.
        let mut state = 7_u64;
        for length in 1..200_u32 {
            let mut bytes = length.to_be_bytes().to_vec();
            for _ in 0..length {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                bytes.push((state >> 56) as u8);
            }
            assert!(!has_picture(&said(target, &bytes)));
        }
    });
}

#[test]
fn names_that_are_long_or_lead_elsewhere_are_names_that_nobody_has() {
    attacks(|target| {
        let long = "x".repeat(LONGEST_OF_VIEWER - 200);
        for text in ["../../../../etc/passwd", "/etc/passwd", "\0", "\u{1b}[2J", "page=%00&panel=..%2f..&zoom=1", &long]
        {
            for hello in [Hello { theme: text.to_owned(), ..hello() }, Hello { address: text.to_owned(), ..hello() }] {
                let said = said(target, &written(&[FromViewer::Hello(hello)]));
                let all = format!("{said:?}");
                assert!(!all.contains("root:") && !all.contains("passwd") && !all.contains("xxxxx"), "{text}");
            }
        }
    });
}

#[test]
fn a_crowd_that_says_nothing_or_half_keeps_nobody_out() {
    attacks(|target| {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
        let socket = target.socket("public");
        let half = written(&[FromViewer::Hello(hello())]);
        let mut crowd: Vec<UnixStream> = Vec::new();
        for n in 0..CROWD {
            let mut stream = AtSocket::connect(&socket);
            // It may be one of those that had to leave already.
            let _ended = stream.write_all(&half[..n % half.len()]);
            crowd.push(stream);
        }
        let mut late = AtSocket::open(&socket, "");
        late.looks();
        assert!(crowd.iter().any(|one| one.peer_addr().is_ok()));
    });
}
