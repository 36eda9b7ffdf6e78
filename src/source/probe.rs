//! Is it up? HTTP and TCP targets: up or down, latency, status code, days until the certificate ends.
//!
//! A target that does not answer is telemetry (down), not a failed poll: that is what it was asked for.
//! The words follow the blackbox exporter's probes.

mod names;

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::contract::{Context, KeyProblem, Moment, QueryLanguage, Source};
use super::http::{Http, HttpOptions, Method, io_fault, parse_url};
use super::network::Network;
use super::tls::{Certificate, TlsOptions};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Series, SeriesSet};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use names::{Written, names};

/// Targets that are down and named with their reasons; the rest is counted.
const NAMED: usize = 3;

/// What a query picks, and what it means.
const READINGS: [(&str, &str); 4] = [
    ("up", "1 when the target answers as expected, else 0"),
    ("latency", "seconds from the first byte sent to the last byte read"),
    ("status", "the HTTP status code"),
    ("certificate_days", "days until the certificate ends"),
];

/// The keys of a probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What to probe: `http://...`, `https://...` or `tcp://host:port`; the name before an `=` is shown.
    pub targets: Vec<String>,
    /// The status code that counts as up (default: any from 200 to 399).
    pub expect: Option<u16>,
    /// Ask for the head only (default false).
    #[serde(default)]
    pub head: bool,
    /// Whom we trust: `{ ca_file, client_cert, client_key }`.
    #[serde(default)]
    pub tls: TlsOptions,
}

/// The open probe of all targets.
#[derive(Debug)]
pub struct Probe {
    targets: Vec<Arc<Target>>,
}

#[derive(Debug)]
struct Target {
    name: SafeText,
    url: Url,
    http: Option<Http>,
    expect: Option<u16>,
    head: bool,
    network: Network,
}

#[derive(Debug, Default, Clone)]
struct Seen {
    up: bool,
    /// Why it is down.
    why: Option<SafeText>,
    latency: Option<f64>,
    status: Option<f64>,
    certificate_days: Option<f64>,
}

impl Source for Probe {
    const TYPE: &'static str = "probe";
    const SUMMARY: &'static str = "up or down, latency, status code and certificate of HTTP and TCP targets";
    const QUERY: QueryLanguage = QueryLanguage::Optional("up (default), latency, status or certificate_days");
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(query: &str) -> Result<(), String> {
        if query.is_empty() || READINGS.iter().any(|(word, _)| *word == query) {
            return Ok(());
        }
        Err(format!("a probe knows no '{query}'; it takes up, latency, status or certificate_days"))
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        const HELP: &str = "write it like \"https://shop.example.com/health\" or \"tcp://db.example.com:5432\"";
        if config.targets.is_empty() {
            return vec![KeyProblem::new("targets", "a probe needs at least one target", HELP)];
        }
        let problem = |(item, target): (usize, &String)| {
            let error = written(target).err()?;
            Some(KeyProblem::new("targets", error.detail.as_str(), HELP).of_item(item))
        };
        config.targets.iter().enumerate().filter_map(problem).collect()
    }

    fn tls(config: &Config) -> Option<&TlsOptions> {
        Some(&config.tls)
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let written = config.targets.iter().map(|text| written(text)).collect::<Result<Vec<_>, _>>()?;
        let names = names(&written);
        let targets = written.into_iter().zip(names).map(|(one, name)| target(one, &name, config, context));
        Ok(Self { targets: targets.collect::<Result<_, _>>()? })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let mut running = JoinSet::new();
        for (index, target) in self.targets.iter().enumerate() {
            let target = Arc::clone(target);
            running.spawn(async move { (index, probe(&target, moment).await) });
        }
        let mut seen = vec![Seen::default(); self.targets.len()];
        while let Some(done) = running.join_next().await {
            let (index, one) = done.map_err(|_| FetchError::new(Reason::Internal, "a probe panicked"))?;
            if let Some(slot) = seen.get_mut(index) {
                *slot = one;
            }
        }
        Ok(asks.iter().map(|ask| Ok(self.telemetry(&ask.query, &seen, moment.now))).collect())
    }
}

impl Probe {
    fn telemetry(&self, reading: &str, seen: &[Seen], now: Timestamp) -> Telemetry {
        let series = self
            .targets
            .iter()
            .zip(seen)
            .map(|(target, seen)| {
                let value = match reading {
                    "latency" => seen.latency,
                    "status" => seen.status,
                    "certificate_days" => seen.certificate_days,
                    _ => Some(f64::from(u8::from(seen.up))),
                };
                Series::single(target.name.as_str(), now, value.unwrap_or(f64::NAN))
            })
            .collect();
        let telemetry = Telemetry::Series(SeriesSet::new(series, Coverage::Sample));
        match self.reasons(seen) {
            Some(reasons) => telemetry.with_caveat(reasons, false),
            None => telemetry,
        }
    }

    /// Why targets are down: "shop: connection refused, api: HTTP 503".
    fn reasons(&self, seen: &[Seen]) -> Option<SafeText> {
        let down: Vec<String> = self
            .targets
            .iter()
            .zip(seen)
            .filter_map(|(target, seen)| Some(format!("{}: {}", target.name, seen.why.as_ref()?)))
            .collect();
        let more = match down.len().saturating_sub(NAMED) {
            0 => String::new(),
            count => format!(", and {count} more down"),
        };
        let named = down.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        (!down.is_empty()).then(|| SafeText::from(named + &more))
    }
}

/// Reads `name=url` or `url`.
fn written(text: &str) -> Result<Written<'_>, FetchError> {
    let (name, address) = match text.split_once('=') {
        Some((name, address)) if !name.contains([':', '/', '?']) => (name.trim(), address.trim()),
        _ => ("", text.trim()),
    };
    if !address.starts_with("tcp://") {
        return Ok(Written { name, url: parse_url(address)? });
    }
    let url = Url::parse(address).map_err(|e| FetchError::new(Reason::Parse, format!("not a URL: {e}")))?;
    if url.host_str().is_none() || url.port().is_none() {
        return Err(FetchError::new(Reason::Parse, "a tcp:// target needs a host and a port"));
    }
    Ok(Written { name, url })
}

fn target(written: Written<'_>, name: &str, config: &Config, context: &Context) -> Result<Arc<Target>, FetchError> {
    let options = HttpOptions { tls: config.tls.clone(), ..HttpOptions::default() };
    let http = if written.url.scheme() == "tcp" {
        None
    } else {
        Some(Http::new(written.url.as_str(), &options, &context.network, context.pace.timeout)?)
    };
    Ok(Arc::new(Target {
        name: SafeText::new(name),
        url: written.url,
        http,
        expect: config.expect,
        head: config.head,
        network: context.network.clone(),
    }))
}

async fn probe(target: &Target, moment: Moment) -> Seen {
    let watch = Stopwatch::now();
    let Some(http) = &target.http else { return connect(target, moment).await };
    let method = if target.head { Method::Head } else { Method::Get };
    match http.look(&target.url, method, moment.deadline).await {
        Ok(response) => {
            let code = response.status.as_u16();
            let up = target.expect.map_or((200..400).contains(&code), |expected| code == expected);
            let wanted = target.expect.map_or_else(String::new, |expected| format!(", not {expected}"));
            Seen {
                up,
                why: (!up).then(|| SafeText::from(format!("HTTP {code}{wanted}"))),
                latency: Some(watch.elapsed().as_secs_f64()),
                status: Some(f64::from(code)),
                certificate_days: response
                    .certificate
                    .and_then(|der| Some(Certificate::read(&der)?.days_left(moment.now))),
            }
        }
        Err(error) => Seen::down(&http.scrub_error(error)),
    }
}

async fn connect(target: &Target, moment: Moment) -> Seen {
    let watch = Stopwatch::now();
    let (host, port) = (target.url.host_str().unwrap_or_default(), target.url.port().unwrap_or(0));
    let connect = async {
        let addresses = target.network.addresses(host, port).await?;
        TcpStream::connect(addresses.as_slice()).await.map_err(|error| io_fault(&error, Phase::Connect))
    };
    match tokio::time::timeout_at(moment.deadline, connect).await {
        Ok(Ok(_open)) => Seen { up: true, latency: Some(watch.elapsed().as_secs_f64()), ..Seen::default() },
        Ok(Err(error)) => Seen::down(&error),
        Err(_) => Seen::down(&Reason::Timeout(Phase::Connect).into()),
    }
}

impl Seen {
    fn down(error: &FetchError) -> Self {
        Self { why: Some(SafeText::from(error.to_string())), ..Self::default() }
    }
}
