//! What is fuzzed: one function for each parser of text from outside, and for each encoder of it.
//!
//! The same functions run under cargo-fuzz (`fuzz/fuzz_targets/`), and over the seeds and random changes
//! of them in the test suite (`tests/suite/fuzz.rs`). A function returns when all is well and panics when
//! it is not.

use std::cell::RefCell;
use std::collections::BTreeMap;

use andon::config::{Overrides, load_text};
use andon::eval::expression::Expression;
use andon::eval::matching::{Line as Part, Operand, Reach, matches};
use andon::eval::threshold::{Bound, Hysteresis};
use andon::history::codec;
use andon::model::build::Build;
use andon::model::event::{Event, EventState};
use andon::model::format;
use andon::model::labels::{Labels, METRIC, names};
use andon::model::log::{LogLine, MAX_LINES};
use andon::model::log_filter::LogFilter;
use andon::model::log_pattern::{ANYTHING, LogPatterns};
use andon::model::poll::Ask;
use andon::model::series::{MAX_SERIES, Point, Series, SeriesSet};
use andon::model::telemetry::Telemetry;
use andon::model::text::SafeText;
use andon::model::time::{Span, Timestamp};
use andon::model::unit::Unit;
use andon::output::ansi::{Depth, encode, lines};
use andon::output::socket::framing::unframed;
use andon::output::socket::message::{FromServer, ToServer, ToViewer};
use andon::output::socket::picture::shown;
use andon::output::{html, svg, text};
use andon::render::theme::{Theme, ThemeText, embedded};
use andon::source::events::line::{Line, continued};
use andon::source::http::Response;
use andon::source::ical;
use andon::source::json::jq::{self, Interpreter};
use andon::source::json::{path, pick};
use andon::source::logs::format::{Format, Parser};
use andon::source::statsd::line::{Level, Said, Values};
use andon::source::{andon as site, cctray, otlp, prometheus, statsd};
use andon::viewer::{Input, Key};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

/// A target: its name, and what it does with any bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them. A test checks that each has a file in `fuzz_targets` and seeds.
pub const TARGETS: &[Target] = &[
    ("andon_answer", andon_answer),
    ("cctray", cctray_feed),
    ("config", config),
    ("duration_and_size", duration_and_size),
    ("encoder", encoder),
    ("event_line", event_line),
    ("expression", expression),
    ("history_block", history_block),
    ("ical", ical),
    ("json_pick", json_pick),
    ("log_line", log_line),
    ("log_pattern", log_pattern),
    ("otlp_json", otlp_json),
    ("otlp_protobuf", otlp_protobuf),
    ("prometheus", prometheus_answer),
    ("sanitiser", sanitiser),
    ("statsd_line", statsd_line),
    ("theme", theme),
    ("viewer_protocol", viewer_protocol),
];

const NOW: Timestamp = Timestamp(1_795_262_400_000);

thread_local! {
    static JQ: RefCell<Interpreter> = RefCell::default();
}

fn is_harmless(text: &str) {
    // Said once more, and not by the sanitiser itself.
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
    };
    assert!(!text.chars().any(harmful), "harmful: {text:?}");
    assert!(text.len() <= 4096, "too long: {} bytes", text.len());
}

fn are_sound(series: &[Series]) {
    for name in names(&series.iter().map(|one| &one.labels).collect::<Vec<_>>()) {
        is_harmless(name.as_str());
    }
    for one in series {
        assert!(one.points.windows(2).all(|pair| pair[0].at < pair[1].at), "points are not in order: {one:?}");
        assert!(one.points.iter().all(|point| !point.value.is_infinite()), "infinite: {one:?}");
    }
}

fn is_sound(telemetry: &Telemetry) {
    match telemetry {
        Telemetry::Series(SeriesSet { series, .. }) => are_sound(series),
        Telemetry::Caveat { telemetry, .. } => is_sound(telemetry),
        Telemetry::Table(table) => {
            table.columns.iter().for_each(|column| is_harmless(column.as_str()));
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "a ragged table");
        }
        Telemetry::Builds(builds) => {
            for build in builds {
                for text in [&build.name, &build.label, &build.raw] {
                    is_harmless(text.as_str());
                }
                let url = build.url.as_ref().map_or("http:", |url| url.as_str());
                assert!(url.starts_with("http:") || url.starts_with("https:"), "a link to {url}");
            }
        }
        Telemetry::Events(events) => {
            for event in events {
                for text in [&event.title, &event.service, &event.environment, &event.version, &event.remark] {
                    is_harmless(text.as_str());
                }
            }
        }
        Telemetry::Reviews(reviews) => reviews.iter().for_each(|review| is_harmless(review.title.as_str())),
        Telemetry::Logs(lines) => lines.iter().for_each(|line| is_harmless(line.message.as_str())),
        Telemetry::Text(lines) => lines.iter().for_each(|line| is_harmless(line.as_str())),
    }
}

/// One line of a file of events: what is read is harmless, and reads the same when it is written again.
pub fn event_line(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(line) = Line::parse(text) else { return };
    let event = line.event(NOW);
    is_sound(&Telemetry::Events(vec![event.clone(), continued(&event, &line, NOW)]));
    if let Ok(written) = serde_json::to_string(&line) {
        assert!(!written.contains('\n'), "one event is one line");
        assert_eq!(Line::parse(&written).as_ref(), Ok(&line), "{written}");
    }
}

/// A block of the history: bytes of a disk.
pub fn history_block(data: &[u8]) {
    if let Ok(points) = codec::read_points(data) {
        assert_eq!(codec::read_points(&codec::points(&points)), Ok(points));
    }
    if let Ok(buckets) = codec::read_buckets(data) {
        let again = codec::read_buckets(&codec::buckets(&buckets)).map(|again| again.len());
        assert_eq!(again, Ok(buckets.len()));
    }
}

/// A line of a log, in each format, and as a filter.
pub fn log_line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for format in [Format::Auto, Format::Json, Format::Logfmt, Format::Access, Format::Syslog, Format::Plain] {
        let Ok(parser) = Parser::new(format, None) else { panic!("{format:?}") };
        let parsed = parser.parse(&text, NOW, &TimeZone::UTC);
        is_harmless(SafeText::new(&parsed.message).as_str());
        is_harmless(SafeText::new(&parsed.category).as_str());
    }
    if let Ok(filter) = LogFilter::parse(&text) {
        let line = LogLine { message: SafeText::new(&text), ..LogLine::default() };
        let _picked = filter.picks(&line);
        for range in filter.found(line.message.as_str()) {
            assert!(line.message.as_str().get(range.clone()).is_some(), "{range:?} of {text:?}");
        }
    }
}

/// Messages, a line each: what they have in common is a pattern of each.
pub fn log_pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut patterns = LogPatterns::default();
    for message in text.lines() {
        let id = patterns.add(message);
        let Some(pattern) = patterns.text(id) else { panic!("no pattern of {message:?}") };
        let words: Vec<&str> = message.split_whitespace().take(40).collect();
        let of: Vec<&str> = pattern.split_whitespace().collect();
        assert_eq!(words.len(), of.len(), "{pattern:?} of {message:?}");
        let is_like = |(word, of): (&&str, &&str)| word == of || *of == ANYTHING;
        assert!(words.iter().zip(&of).all(is_like), "{pattern:?} of {message:?}");
    }
}

/// A request of OTLP as JSON.
pub fn otlp_json(data: &[u8]) {
    otlp_request(data, true);
}

/// A request of OTLP as protobuf.
pub fn otlp_protobuf(data: &[u8]) {
    otlp_request(data, false);
}

fn otlp_request(data: &[u8], is_json: bool) {
    let Some((set, lines)) = otlp::understood(data, is_json, NOW) else { return };
    are_sound(&set.series);
    assert!(set.series.len() <= MAX_SERIES, "too many series");
    for one in &set.series {
        let name = one.labels.get(METRIC).unwrap_or_default();
        assert!((1..=1000).contains(&name.len()), "a name of {} bytes", name.len());
        assert!(one.labels.keys().count() <= 64 + 5, "too many labels");
        let long = one.labels.values().chain(one.labels.keys()).find(|text| text.len() > 256);
        assert_eq!(long, None, "a label that is too long");
        assert!(one.points.iter().all(|point| point.at <= NOW), "a point of the future");
    }
    let points: usize = set.series.iter().map(|one| one.points.len()).sum();
    assert!(points <= 2 * data.len(), "more points than were sent");
    assert!(lines.len() <= MAX_LINES, "too many lines");
    for line in lines {
        is_harmless(line.message.as_str());
        is_harmless(line.category.as_str());
        assert!(line.fields.len() <= 50 && line.more.len() <= 100, "too many fields, or too much beside them");
        for text in line.fields.iter().flat_map(|(key, value)| [key, value]) {
            is_harmless(text.as_str());
        }
        assert!(line.at <= NOW, "a line of the future");
    }
}

/// A line of StatsD.
pub fn statsd_line(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(all) = statsd::line::parse(text) else { return };
    assert!(!all.is_empty(), "nothing was said, and nothing is wrong");
    for said in all {
        let Said::Metric(metric) = said else { continue };
        assert!(!metric.name.is_empty() && metric.rate > 0.0 && metric.rate <= 1.0, "{metric:?}");
        let numbers: Vec<f64> = match metric.values {
            Values::Counter(values) | Values::Samples(values) => values,
            Values::Gauge(levels) => levels.iter().map(|(Level::Is(value) | Level::Moved(value))| *value).collect(),
            Values::Member(_) => Vec::new(),
        };
        assert!(numbers.iter().all(|number| number.is_finite()), "{numbers:?}");
        assert!(metric.tags.pairs().all(|(key, _)| !key.is_empty()), "a tag without a name");
    }
}

/// A calendar.
pub fn ical(data: &[u8]) {
    let Ok(config) = serde_json::from_str::<ical::Config>(r#"{"file":"x.ics","timezone":"Europe/Berlin"}"#) else {
        return;
    };
    let rules = ical::Rules::from_config(&config, true);
    let Ok(told) = ical::parse(data, &rules, NOW) else { return };
    is_sound(&told);
    let (Telemetry::Events(events), caveat) = told.split() else { panic!("no events") };
    assert!(events.len() <= 10_000, "{} events", events.len());
    assert!(events.iter().all(|event| event.until.is_none_or(|until| until >= event.at)), "ends before it begins");
    let is_doubtful = |event: &Event| event.state == EventState::Unknown || !event.remark.is_empty();
    assert_eq!(events.iter().any(is_doubtful), caveat.is_some(), "what is not certain is said, and nothing else");
}

/// A `CCTray` feed.
pub fn cctray_feed(data: &[u8]) {
    let Ok(base) = Url::parse("http://ci.example.com/cctray.xml") else { return };
    if let Ok(builds) = cctray::parse(data, &jiff::tz::TimeZone::UTC, &base) {
        let key = |build: &Build| (build.name.clone(), build.url.clone());
        assert!(builds.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "two builds of one name and page");
        is_sound(&Telemetry::Builds(builds));
    }
}

/// The config file: either a board, or problems that can be shown.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match load_text("fuzz.toml", text, Overrides::default()) {
        Ok(loaded) => is_harmless(loaded.board.title.as_str()),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a word");
            for problem in problems {
                let shown = problem.render(false);
                assert!(!shown.is_empty());
                assert!(!problem.json().is_null());
            }
        }
    }
}

/// Lengths of time, limits, slack, and numbers in their units.
pub fn duration_and_size(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(span) = Span::parse(&text) {
        assert!(span.0 >= 0, "a negative span");
        assert!(!span.humane().is_empty() && !span.brief().is_empty());
    }
    let bound = Bound::parse(&text);
    if let Ok(bound) = bound {
        assert!(!bound.phrase(|number| number.to_string()).is_empty());
    }
    let _refused = Hysteresis::parse(&text);
    let unit = Unit::from_word(&text);
    let number = data.first_chunk().map_or(1e9, |bytes: &[u8; 8]| f64::from_le_bytes(*bytes));
    for unit in [unit, Unit::from_word("bytes"), Unit::from_word("seconds"), Unit::from_word("percent")] {
        assert!(!format::text(number, &unit, NOW).is_empty());
    }
}

/// Any text in the cells of two frames, through every encoder.
pub fn encoder(data: &[u8]) {
    let text_of = String::from_utf8_lossy(data);
    let area = Rect::new(0, 0, 12, 4);
    let (mut first, mut second) = (Buffer::empty(area), Buffer::empty(area));
    for (at, symbol) in text_of.split('|').enumerate().take(48) {
        let position = (at as u16 % 12, at as u16 / 12);
        if let Some(cell) = if symbol.len() % 2 == 0 { first.cell_mut(position) } else { second.cell_mut(position) } {
            cell.set_symbol(symbol);
        }
    }
    for depth in [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True] {
        for bytes in [encode(None, &first, depth), encode(Some(&first), &second, depth)] {
            only_our_sequences(&String::from_utf8(bytes).unwrap_or_else(|_| panic!("not UTF-8")));
        }
        only_our_sequences(&lines(&first, depth));
    }
    for frame in [&first, &second] {
        let plain = text::plain(frame);
        assert!(!plain.chars().any(|c| c.is_control() && c != '\n'), "{plain:?}");
        let picture = svg::draw(frame, &SafeText::new(&text_of));
        assert!(roxmltree::Document::parse(&picture).is_ok(), "not XML: {picture}");
        let page = html::draw(frame, &SafeText::new(&text_of));
        assert_eq!(page.matches("<html").count(), 1);
        assert!(!page.contains("<script"), "{page}");
    }
}

/// Nothing but what our own encoder writes: CSI with numbers, ended by H, G, m, h or l.
fn only_our_sequences(bytes: &str) {
    let mut rest = bytes;
    while let Some((before, after)) = rest.split_once('\x1b') {
        assert!(!before.chars().any(|c| c.is_control() && c != '\n'), "{bytes:?}");
        let after = after.strip_prefix('[').unwrap_or_else(|| panic!("{bytes:?}"));
        let end = after.find(|c: char| !matches!(c, '0'..='9' | ';' | '?')).unwrap_or_else(|| panic!("{bytes:?}"));
        assert!(after[end..].starts_with(['H', 'G', 'm', 'h', 'l']), "{bytes:?}");
        rest = &after[end + 1..];
    }
    assert!(!rest.chars().any(|c| c.is_control() && c != '\n'), "{bytes:?}");
}

/// Arithmetic over named queries, over lines with gaps.
pub fn expression(data: &[u8]) {
    let Ok(parsed) = Expression::parse(&String::from_utf8_lossy(data)) else { return };
    let points: Vec<Point> = (0..8)
        .map(|n| Point { at: Timestamp(n * 1000), value: if n == 3 { f64::NAN } else { n as f64 - 2.0 } })
        .collect();
    let names: Vec<String> = parsed.names().into_iter().map(str::to_owned).collect();
    let labels = Labels::named("x");
    let operand = || Operand {
        lines: vec![Part { labels: &labels, points: &points, present: true, thinned: None }],
        scalar: false,
    };
    let queries: BTreeMap<&str, _> = names.iter().map(|name| (name.as_str(), operand())).collect();
    for one in matches(&parsed, &queries) {
        let reach = Reach { tolerance: 500, window: Span(5000) };
        assert!(one.points(&parsed, Timestamp(0), reach).iter().all(|point| !point.value.is_infinite()), "infinite");
    }
}

/// A JSON document under a handful of expressions, and any text as an expression.
pub fn json_pick(data: &[u8]) {
    let expressions = [".", ".a", ".[]", "keys", ".a.b[0]", "[.[] | {a, b}]", "to_entries", "length"];
    let asks: Vec<Ask> = expressions.iter().map(|query| Ask { query: (*query).into(), history: None }).collect();
    // Compiled once: that is not what is fuzzed here.
    let runs = JQ.with_borrow_mut(|jq| {
        let read = jq.read(data);
        asks.iter()
            .map(|ask| path::parse(&ask.query).is_none().then(|| read.clone().and_then(|()| jq.run(&ask.query))))
            .collect()
    });
    let answers = pick::answers(data, &asks, runs, NOW);
    if let Ok(answers) = answers {
        assert_eq!(answers.len(), asks.len());
        answers.iter().flatten().for_each(is_sound);
    }
    // Compiled and not run: an expression may be made to run for ever.
    let _refused = jq::compile(&String::from_utf8_lossy(data));
}

/// An answer of the Prometheus query API; the first byte chooses the status code.
pub fn prometheus_answer(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let codes = [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE, StatusCode::UNAUTHORIZED];
    let status = codes.get(usize::from(*first) % codes.len()).copied().unwrap_or(StatusCode::OK);
    let response = Response { status, headers: HeaderMap::new(), body: body.to_vec(), certificate: None };
    match prometheus::parse(&response, NOW) {
        Ok(answered) => {
            are_sound(&answered.series);
            is_harmless(answered.caveat.map(|caveat| caveat.text).unwrap_or_default().as_str());
        }
        Err(error) => is_harmless(&error.detail.to_string()),
    }
}

/// An answer of the API of another board; the first byte chooses what was asked.
pub fn andon_answer(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let queries = ["", "shop", "shop/orders", "series(shop/orders)", "events()"];
    let query = queries.get(usize::from(*first) % queries.len()).copied().unwrap_or_default();
    match site::parse(query, body, NOW) {
        Ok(telemetry) => {
            is_sound(&telemetry);
            if let Telemetry::Table(table) = telemetry {
                assert_eq!(table.own.len(), table.rows.len(), "each row has its status");
                table.own.iter().for_each(|own| is_harmless(own.reason.as_str()));
            }
        }
        Err(error) => is_harmless(&error.detail.to_string()),
    }
}

/// Any bytes as text from outside.
pub fn sanitiser(data: &[u8]) {
    let safe = SafeText::from_bytes(data);
    is_harmless(safe.as_str());
    assert_eq!(SafeText::new(safe.as_str()).as_str(), safe.as_str(), "not the same the second time");
    for line in SafeText::lines(&String::from_utf8_lossy(data), 100) {
        is_harmless(line.as_str());
    }
}

/// A theme file.
pub fn theme(data: &[u8]) {
    let file = String::from_utf8_lossy(data).into_owned();
    for kind in [ThemeText::Toml, ThemeText::Yaml] {
        let find = |name: &str| if name == "fuzz" { Some(kind(file.clone())) } else { embedded(name) };
        if let Err(error) = Theme::load("fuzz", &find) {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// What a viewer sends, and what a server does: whatever comes over the socket, a terminal gets nothing but what our own
/// encoder writes.
pub fn viewer_protocol(data: &[u8]) {
    if let Ok(ToServer { what: Some(said) }) = unframed(data)
        && let Some(Input::Key(Key::Char(character))) = said.input()
    {
        assert!(!character.is_control(), "{character:?}");
    }
    let Ok(ToViewer { what: Some(FromServer::Picture(picture)) }) = unframed(data) else { return };
    // Large ones are slow, and nothing else.
    if picture.size.is_some_and(|size| size.columns > 100 || size.rows > 50) {
        return;
    }
    let Ok(first) = shown(None, &picture) else { return };
    let second = shown(Some(&first), &picture).expect("what could be shown once can be shown again");
    for bytes in [encode(None, &first, Depth::True), encode(Some(&first), &second, Depth::Ansi256)] {
        only_our_sequences(&String::from_utf8(bytes).unwrap_or_else(|_| panic!("not UTF-8")));
    }
}
