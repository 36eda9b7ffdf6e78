//! jq expressions: what one of them does is no matter of any other query, and none of the board.

use crate::support::running::Running;
use crate::support::server::{Reply, Server};

/// A board of one JSON document, with a panel for each expression.
fn board(server: &Server, expressions: &[&str]) -> String {
    let panel = |(n, expression): (usize, &&str)| {
        format!("[[dashboards.panels]]\nid = \"p{n}\"\nview = \"stat\"\nsource = \"s\"\nquery = {expression:?}\n")
    };
    let panels: String = expressions.iter().enumerate().map(panel).collect();
    format!(
        "refresh = \"1h\"\n[sources.s]\ntype = \"json\"\nurl = \"{}\"\ntimeout = \"20s\"\n[[dashboards]]\nname = \"d\"\n{panels}",
        server.url("/a.json")
    )
}

async fn running(body: &str, expressions: &[&str]) -> (Server, Running) {
    let server = Server::start();
    server.route("/a.json", Reply::body("application/json", body));
    let running = Running::start(&board(&server, expressions)).await;
    (server, running)
}

/// What each panel got: its value, or why it has none.
async fn outcomes(running: &mut Running, count: usize) -> Vec<Result<f64, String>> {
    let mut all = Vec::new();
    for n in 0..count {
        let panel = format!("p{n}");
        // The outcomes of one poll come together: those of earlier panels may have been taken in already.
        let outcome = match running.panel(&panel).value {
            Some(value) => Ok(value),
            None => match running.outcome(&panel).await.answer {
                Ok(_) => Ok(running.panel(&panel).value.unwrap_or(f64::NAN)),
                Err(error) => Err(error.to_string()),
            },
        };
        all.push(outcome);
    }
    all
}

#[tokio::test]
async fn one_that_does_harm_is_a_fault_of_its_own() {
    let deep = format!("{{\"a\":1,\"n\":1,\"deep\":\"{}\"}}", "[".repeat(300_000));
    // Each harmful one stands between two that are not.
    let expressions = [
        ".a",
        "until(.n > 5; .) | .n",
        ".n + 1",
        "\"x\" * 2000000000 | length",
        ".n + 2",
        ".deep | fromjson | length",
        ".n + 3",
        "[range(1e9)] | length",
        ".n + 4",
        "halt",
        "def f: 1 + f; f",
        ".n + 5",
    ];
    let (_server, mut running) = running(&deep, &expressions).await;
    let got = outcomes(&mut running, expressions.len()).await;
    for (expression, outcome) in expressions.iter().zip(&got) {
        match (expression.strip_prefix(".n + "), outcome) {
            (Some(more), Ok(value)) => assert_eq!(*value, 1.0 + more.parse::<f64>().unwrap(), "{expression}"),
            (None, Ok(value)) => assert_eq!((*expression, *value), (".a", 1.0)),
            (_, Err(said)) => assert!(said.starts_with("query failed: "), "{expression}: {said}"),
        }
    }
    let said = |at: usize| got[at].clone().unwrap_err();
    assert!(said(1).contains("did not end in time"), "{}", said(1));
    assert!(said(3).contains("needs too much memory"), "{}", said(3));
    assert!(said(7).contains("was stopped"), "{}", said(7));
    assert!(said(9).contains("(halt)"), "{}", said(9));
    assert!(said(10).contains("was stopped"), "{}", said(10));
}

#[tokio::test]
async fn one_that_was_ended_is_not_run_again_at_once() {
    let (_server, mut running) = running("{\"n\":1}", &["until(.n > 5; .) | .n", ".n + 1"]).await;
    let first = outcomes(&mut running, 2).await;
    assert!(first[0].is_err() && first[1] == Ok(2.0), "{first:?}");
    for _ in 0..20 {
        running.ask_now();
        let again = running.outcome("p0").await.answer.unwrap_err().to_string();
        assert_eq!(Err(again), first[0], "the same words, so that nothing is drawn anew");
    }
    // Twenty runs of a second each would not have fitted into the twenty seconds that a test may wait.
}

#[tokio::test]
async fn they_see_nothing_of_the_board() {
    let (_server, mut running) = running("{}", &["env | del(.TZ) | length"]).await;
    assert_eq!(outcomes(&mut running, 1).await, [Ok(0.0)]);
}

#[tokio::test]
async fn a_document_that_is_none_is_a_fault_of_all() {
    let (_server, mut running) = running("{\"a\":", &[".a", ".a + 1"]).await;
    for panel in ["p0", "p1"] {
        assert!(running.panel(panel).value.is_none());
    }
    let said = running.outcome("p1").await.answer.unwrap_err().to_string();
    assert!(said.starts_with("answer cut short"), "{said}");
}
