//! `andon doctor`: what it says of sources that are well, and of each way in which one can be not.

use std::process::Output;

use crate::support::folder::Folder;
use crate::support::pty::Session;
use crate::support::server::{Reply, Server};
use crate::support::tls::{Certificate, TlsServer};
use crate::support::{andon, stderr, stdout};

fn board(source: &str) -> String {
    format!(
        "refresh = \"2s\"\n[sources.s]\n{source}\ntimeout = \"900ms\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"p\"\nview = \"stat\"\nsource = \"s\"\nquery = \".n\"\n"
    )
}

fn doctor(source: &str) -> (Output, String) {
    let folder = Folder::new();
    let file = folder.write("b.toml", &board(source));
    let output =
        andon().args(["doctor", "--config", &file]).env("TOKEN", "CANARY-in-the-environment").output().unwrap();
    let said = stdout(&output);
    assert!(!said.contains("CANARY") && !stderr(&output).contains("CANARY"), "a secret is shown:\n{said}");
    (output, said)
}

fn json(server: &Server) -> String {
    format!("type = \"json\"\nurl = \"{}\"", server.url("/x"))
}

#[test]
fn a_source_that_is_well_is_shown_step_by_step() {
    let server = Server::start();
    let now = jiff::Timestamp::from_millisecond(andon::model::time::now().0).unwrap();
    let answer = |date: jiff::Timestamp| {
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
        Reply::raw(&format!(
            "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{{\"n\":41}}"
        ))
    };
    server.route("/x", answer(now));
    let auth = "auth = { bearer = { env = \"TOKEN\" } }";
    let (output, said) = doctor(&format!("{}\n{auth}", json(&server)));
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        &format!("✔ s (json)  {}", server.url("/x")),
        "✔ name           none: url has an address",
        &format!("✔ connection     {} answers, in ", server.address),
        "✔ authorisation  accepted: a bearer token from $TOKEN",
        "✔ answer         HTTP 200, 8 B in ",
        "✔ clock          agrees with this machine's",
        "✔ query          .n: 1 series: 41",
        "✔ d/p  41",
        "all well: 1 source, 1 panel",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    assert!(!said.contains('\x1b'), "colours in a pipe");
    // A log-in form proves nothing.
    server.route("/x", Reply::body("text/html", "<html>log in</html>"));
    let (_, said) = doctor(&format!("{}\n{auth}", json(&server)));
    assert!(said.contains("authorisation  sent, and not refused: a bearer token from $TOKEN"), "{said}");
    server.route("/x", answer(now + jiff::SignedDuration::from_hours(1)));
    let (output, said) = doctor(&json(&server));
    assert_eq!(output.status.code(), Some(0), "{said}");
    let clock = said.lines().find(|line| line.contains("! clock ")).unwrap_or_else(|| panic!("{said}"));
    assert!(clock.ends_with(" ahead of this machine's") && !clock.contains(" s ahead"), "{clock}");
    assert!(said.contains("correct the clock (NTP)"));
}

#[test]
fn each_broken_step_is_named_with_what_to_do() {
    let server = Server::start();
    let away = format!("type = \"json\"\nurl = \"http://nothing.invalid:{}/x\"", server.address.port());
    let closed = "type = \"json\"\nurl = \"http://127.0.0.1:1/x\"".to_owned();
    let routes = [
        (None, away, "✖ name           name not found", "check the host in url"),
        (None, closed, "✖ connection     connection refused", "is the server running"),
        (
            Some(Reply::status("401 No", "text/plain", "")),
            json(&server),
            "✖ authorisation  not authorised: HTTP 401",
            "check the source's auth",
        ),
        (
            Some(Reply::status("500 Oops", "text/plain", "")),
            json(&server),
            "✖ answer         HTTP 500",
            "look in the server's log",
        ),
        (Some(Reply::Silence), json(&server), "✖ query          timeout (no answer)", "a longer timeout"),
        (
            Some(Reply::body("text/html", "<html>")),
            json(&server),
            "✖ query          answer not understood",
            "is url the right one",
        ),
        (
            Some(Reply::body("application/json", "{}")),
            json(&server),
            "✖ query          query failed: .n is null or missing",
            "try it by hand",
        ),
    ];
    for (reply, source, step, remedy) in routes {
        if let Some(reply) = reply {
            server.route("/x", reply);
        }
        let (output, said) = doctor(&source);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(!said.contains("accepted"), "nothing shows that we are known:\n{said}");
        assert!(said.contains(step) && said.contains(remedy), "{step} ({remedy}) is not in:\n{said}");
        assert!(
            said.contains("✖ d/p  ") && said.contains("1 of 1 source not well, 1 of 1 panel without data"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn certificates_are_read() {
    for (kind, parts) in [
        (Certificate::Good, ["✔ TLS            trusted, and for this name", "days left"]),
        (Certificate::Expired, ["✖ TLS            certificate expired", "renew the server's certificate"]),
        (Certificate::ForAnotherName, ["✖ TLS            certificate for another name", "use the name"]),
        (Certificate::FromAStranger, ["✖ TLS            certificate not trusted", "ca_file"]),
    ] {
        let server = TlsServer::start(kind, "{\"n\":41}").await;
        let folder = Folder::new();
        let authority = folder.write("ca.pem", &server.authority);
        let source = format!("type = \"json\"\nurl = \"{}\"\ntls = {{ ca_file = \"{authority}\" }}", server.url());
        let (output, said) = tokio::task::spawn_blocking(move || doctor(&source)).await.unwrap();
        assert_eq!(output.status.code(), Some(i32::from(kind != Certificate::Good)), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{parts:?} are not in:\n{said}");
    }
}

#[test]
fn a_panel_that_gets_nothing_says_why_and_colours_are_for_terminals() {
    let server = Server::start();
    server.route("/x", Reply::body("application/json", "{\"n\":[]}"));
    let (output, said) = doctor(&json(&server));
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("✖ query          .n: nothing") && said.contains("✖ d/p  "), "{said}");
    let folder = Folder::new();
    let file = folder.write("b.toml", &board(&json(&server)));
    let mut session = Session::start(&["doctor", "--config", &file], (100, 30));
    assert_eq!(session.exit_within(crate::support::pty::PATIENCE), Some(1));
    session.wait_for_raw("a red mark", "\x1b[31m✖\x1b[0m");
    let mut plain = Session::start_with(
        &["doctor", "--config", &file],
        (100, 30),
        &[("NO_COLOR", "1"), ("LANG", "de_DE.ISO-8859-1")],
    );
    assert_eq!(plain.exit_within(crate::support::pty::PATIENCE), Some(1));
    plain.wait_for_raw("a mark in ASCII", "FAIL d/p");
    assert!(!String::from_utf8_lossy(&plain.raw()).contains('\x1b'));
}
