//! Is it up? HTTP and TCP targets: up or down, latency, status code, days until the certificate ends.
//!
//! A target that does not answer is telemetry (down), not a failed poll: that is what it was asked for.
//! The words follow the blackbox exporter's probes.

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::http::{Http, HttpOptions, Method, parse_url};
use super::network::Network;
use super::tls::{Certificate, TlsOptions};
use super::{Context, Moment, QueryLanguage, Source};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Series};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

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

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    up: bool,
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

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        if config.targets.is_empty() {
            return Err(FetchError::new(Reason::Parse, "a probe needs at least one target"));
        }
        let targets = config.targets.iter().map(|text| target(text, config, context)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { targets })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let mut running = JoinSet::new();
        for (place, target) in self.targets.iter().enumerate() {
            let target = Arc::clone(target);
            running.spawn(async move { (place, probe(&target, moment).await) });
        }
        let mut seen = vec![Seen::default(); self.targets.len()];
        while let Some(done) = running.join_next().await {
            let (place, one) = done.map_err(|_| FetchError::new(Reason::Internal, "a probe panicked"))?;
            if let Some(slot) = seen.get_mut(place) {
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
        Telemetry::Series { series, coverage: Coverage::Sample }
    }
}

/// Reads `name=url` or `url`.
fn target(text: &str, config: &Config, context: &Context) -> Result<Arc<Target>, FetchError> {
    let (name, address) = match text.split_once('=') {
        Some((name, address)) if !name.contains([':', '/', '?']) => (name.trim(), address.trim()),
        _ => ("", text.trim()),
    };
    let url = if address.starts_with("tcp://") {
        let url = Url::parse(address).map_err(|e| FetchError::new(Reason::Parse, format!("not a URL: {e}")))?;
        if url.host_str().is_none() || url.port().is_none() {
            return Err(FetchError::new(Reason::Parse, format!("'{address}' needs a host and a port")));
        }
        url
    } else {
        parse_url(address)?
    };
    // Without what may be a token: user, query, fragment.
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let place = format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path());
    let shown = if name.is_empty() { place.as_str() } else { name };
    let network = &context.network;
    let options = HttpOptions { tls: config.tls.clone(), ..HttpOptions::default() };
    let http = if url.scheme() == "tcp" {
        None
    } else {
        Some(Http::new(url.as_str(), &options, network, context.pace.timeout)?)
    };
    Ok(Arc::new(Target {
        name: SafeText::new(shown.trim_end_matches('/')),
        url,
        http,
        expect: config.expect,
        head: config.head,
        network: network.clone(),
    }))
}

async fn probe(target: &Target, moment: Moment) -> Seen {
    let watch = Stopwatch::now();
    let Some(http) = &target.http else {
        let (host, port) = (target.url.host_str().unwrap_or_default(), target.url.port().unwrap_or(0));
        let connect = async {
            let addresses = target.network.addresses(host, port).await.ok()?;
            TcpStream::connect(addresses.as_slice()).await.ok()
        };
        let up = matches!(tokio::time::timeout_at(moment.deadline, connect).await, Ok(Some(_)));
        return Seen { up, latency: up.then(|| watch.elapsed().as_secs_f64()), ..Seen::default() };
    };
    let method = if target.head { Method::Head } else { Method::Get };
    match http.exchange(&target.url, method, "*/*", moment.deadline).await {
        Ok(response) => {
            let code = response.status.as_u16();
            Seen {
                up: target.expect.map_or((200..400).contains(&code), |expected| code == expected),
                latency: Some(watch.elapsed().as_secs_f64()),
                status: Some(f64::from(code)),
                certificate_days: response
                    .certificate
                    .and_then(|der| Some(Certificate::read(&der)?.days_left(moment.now))),
            }
        }
        // A redirect elsewhere is an answer: the target is there.
        Err(error) => {
            Seen { up: error.reason == Reason::RedirectBlocked && target.expect.is_none(), ..Seen::default() }
        }
    }
}
