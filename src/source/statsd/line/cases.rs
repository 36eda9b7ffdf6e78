//! Lines as clients send them, with what each must give. The rules are those that the test suites of the Datadog
//! agent and of Telegraf hold their parsers to.

use super::*;

/// A metric as "name kind values rate tags at".
fn words(said: &Said<'_>) -> String {
    match said {
        Said::Metric(one) => {
            let values = match &one.values {
                Values::Counter(values) => format!("c {values:?}"),
                Values::Gauge(levels) => format!("g {levels:?}"),
                Values::Samples(values) => format!("ms {values:?}"),
                Values::Member(member) => format!("s {member}"),
            };
            let tags: Vec<String> = one.tags.pairs().map(|(key, value)| format!("{key}={value}")).collect();
            let at = one.at.map_or_else(String::new, |at| format!(" at {}", at.0));
            format!("{} {values} @{} [{}]{at}", one.name, one.rate, tags.join(" "))
        }
        Said::Event(one) => format!("event {}/{} {} {} {:?}", one.title, one.text, one.alert_type, one.key, one.at),
        Said::Check(one) => format!("check {} {} {:?} '{}'", one.name, one.status, one.at, one.message),
    }
}

fn read_as(line: &str) -> String {
    match parse(line) {
        Ok(all) => all.iter().map(words).collect::<Vec<_>>().join(" + "),
        Err(wrong) => format!("! {wrong}"),
    }
}

#[test]
fn lines_that_clients_send() {
    for (line, expected) in [
        ("orders:1|c", "orders c [1.0] @1 []"),
        ("daemon:666|g", "daemon g [Is(666.0)] @1 []"),
        ("daemon:+5|g", "daemon g [Moved(5.0)] @1 []"),
        ("daemon:-5.5|g", "daemon g [Moved(-5.5)] @1 []"),
        ("daemon:666|g|@0.21", "daemon g [Is(666.0)] @0.21 []"),
        ("t:320|ms|@0.1", "t ms [320.0] @0.1 []"),
        ("t:0.00032|h", "t ms [0.00032] @1 []"),
        ("t:1e3|d", "t ms [1000.0] @1 []"),
        ("uniques:765|s", "uniques s 765 @1 []"),
        ("uniques:abc:def|s", "uniques s abc:def @1 []"),
        ("page.views:1:2:32|d", "page.views ms [1.0, 2.0, 32.0] @1 []"),
        ("page.views:1:2|c|@0.5|#a:b", "page.views c [1.0, 2.0] @0.5 [a=b]"),
        ("daemon:1:2|g", "daemon g [Is(1.0), Is(2.0)] @1 []"),
        // Sections in any order, and unknown ones.
        ("a:1|c|#x:y|@0.1", "a c [1.0] @0.1 [x=y]"),
        ("a:1|c|c:ci-1234|#x:y", "a c [1.0] @1 [x=y]"),
        ("a:1|c|@0.1|#x:y|c:in-5|T1656581400", "a c [1.0] @0.1 [x=y] at 1656581400000"),
        ("a:1|g|T1656581400|#x", "a g [Is(1.0)] @1 [x=] at 1656581400000"),
        ("a:1|c|m:test", "a c [1.0] @1 []"),
        ("a:1|c|e:it-false,cn-nginx|card:low", "a c [1.0] @1 []"),
        ("a:1|c|", "a c [1.0] @1 []"),
        // Tags.
        ("a:1|c|#", "a c [1.0] @1 []"),
        ("a:1|c|#sometag1:somevalue1,sometag2:v2", "a c [1.0] @1 [sometag1=somevalue1 sometag2=v2]"),
        ("a:1|c|#bare,k:v", "a c [1.0] @1 [bare= k=v]"),
        ("a:1|c|#url:http://x:80/y", "a c [1.0] @1 [url=http://x:80/y]"),
        ("a:1|c|#,,a:b,", "a c [1.0] @1 [a=b]"),
        ("a:1|c|#:x", "a c [1.0] @1 []"),
        ("\u{df}\u{f8}\u{5b57}:1|c|#\u{5b57}:\u{df}", "\u{df}\u{f8}\u{5b57} c [1.0] @1 [\u{5b57}=\u{df}]"),
        ("my metric:1|c", "my metric c [1.0] @1 []"),
        // Several metrics a line.
        ("foo:1|c:200|ms", "foo c [1.0] @1 [] + foo ms [200.0] @1 []"),
        ("foo:1|c|@0.1:200|ms|@0.5", "foo c [1.0] @0.1 [] + foo ms [200.0] @0.5 []"),
        ("foo:1|c:+2|g:u7|s", "foo c [1.0] @1 [] + foo g [Moved(2.0)] @1 [] + foo s u7 @1 []"),
        // Events.
        ("_e{5,4}:title|text", "event title/text   None"),
        ("_e{5,4}:title|text|t:error|k:dup|#a:b", "event title/text error dup None"),
        ("_e{5,4}:title|text|d:21|h:x|p:low|s:y|zz:1", "event title/text   Some(Timestamp(21000))"),
        ("_e{6,4}:ti|tle|te\\n", "event ti|tle/te\\n   None"),
        ("_e{5,0}:title|", "event title/   None"),
        ("_e{3,2}:\u{5b57}|ok", "event \u{5b57}/ok   None"),
        // Service checks.
        ("_sc|agent.up|0", "check agent.up 0 None ''"),
        (
            "_sc|agent.up|1|d:21|h:localhost|#t1:v|m:hello|world",
            "check agent.up 1 Some(Timestamp(21000)) 'hello|world'",
        ),
        ("_sc|agent.up|3|zz:1|c:in-1", "check agent.up 3 None ''"),
    ] {
        assert_eq!(read_as(line), expected, "{line}");
    }
}

#[test]
fn lines_that_are_wrong() {
    for (line, wrong) in [
        ("", "no value"),
        ("daemon", "no value"),
        ("daemon|c", "no value"),
        (":1|c", "no name"),
        ("  :1|c", "no name"),
        ("daemon:|c", "no value"),
        ("daemon:1", "no type"),
        ("daemon:1|", "no type"),
        ("daemon:1||#a", "no type"),
        ("daemon:1|q", "unknown type"),
        ("daemon:1|C", "unknown type"),
        ("daemon:abc|g", "the value is no number"),
        ("daemon:1,5|c", "the value is no number"),
        ("daemon:0x10|c", "the value is no number"),
        ("daemon:inf|g", "the value is no number"),
        ("daemon:NaN|ms", "the value is no number"),
        ("daemon:1e999|c", "the value is no number"),
        ("daemon:1:|c", "the value is no number"),
        ("daemon::1|c", "the value is no number"),
        ("daemon:1|c|@abc", "the sample rate is no number"),
        ("daemon:1|c|@", "the sample rate is no number"),
        ("daemon:1|c|@0", "a sample rate is above 0 and at most 1"),
        ("daemon:1|c|@-1", "a sample rate is above 0 and at most 1"),
        ("daemon:1|c|@NaN", "a sample rate is above 0 and at most 1"),
        ("daemon:1|c|Tx", "the timestamp is no number of seconds since 1970"),
        ("foo:1|c:x|ms", "the value is no number"),
        ("_e{9,4}:title|text", "the lengths of the event are wrong"),
        ("_e{5,4}title|text", "the lengths of the event are wrong"),
        ("_e{5}:title|text", "the lengths of the event are wrong"),
        ("_e{-1,4}:title|text", "the lengths of the event are wrong"),
        ("_e{99999999999999999999,1}:a|b", "the lengths of the event are wrong"),
        ("_e{1,4}:\u{5b57}|text", "the lengths of the event are wrong"),
        ("_e{0,4}:|text", "the event has no title"),
        ("_sc||0", "the service check has no name"),
        ("_sc|agent.up|4", "the status of a service check is 0, 1, 2 or 3"),
        ("_sc|agent.up", "the status of a service check is 0, 1, 2 or 3"),
        ("_sc|agent.up|critical", "the status of a service check is 0, 1, 2 or 3"),
    ] {
        assert_eq!(read_as(line), format!("! {wrong}"), "{line}");
    }
}
