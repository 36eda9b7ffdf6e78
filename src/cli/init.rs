//! `andon init`: a starter dashboards.toml from what answers on this machine.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use super::arguments::InitFlags;
use super::{Done, Failure, file, say};

/// How long each guess may take.
const PATIENCE: Duration = Duration::from_millis(700);

pub(super) fn run(flags: &InitFlags) -> Done {
    let path = &flags.output;
    // A link to nowhere is there, too.
    if path.symlink_metadata().is_ok() && !flags.force {
        let message = format!("{} is there already; --force replaces it, -o FILE writes another", path.display());
        return Err(Failure::Message(message));
    }
    let found = look_around()?;
    file::write(path, starter(&found).as_bytes())?;
    let what = if found.prometheus.is_some() { "this machine and its Prometheus" } else { "this machine" };
    say(&format!("{} written: it shows {what}. Now: andon --config {}\n", path.display(), path.display()))?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Default)]
struct Found {
    prometheus: Option<String>,
    ports: Vec<(u16, &'static str)>,
}

/// Services that often listen on a machine that somebody wants to watch.
const GUESSES: [(u16, &str); 8] = [
    (22, "ssh"),
    (80, "web"),
    (443, "web-tls"),
    (3000, "grafana"),
    (5432, "postgres"),
    (6379, "redis"),
    (8080, "http-alt"),
    (9100, "node-exporter"),
];

fn look_around() -> Result<Found, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Message(format!("no runtime: {error}")))?;
    Ok(runtime.block_on(async {
        let listens = |port: u16| async move {
            let connect = tokio::net::TcpStream::connect(("127.0.0.1", port));
            matches!(tokio::time::timeout(PATIENCE, connect).await, Ok(Ok(_)))
        };
        let mut found = Found::default();
        if listens(9090).await {
            found.prometheus = Some("http://127.0.0.1:9090".to_owned());
        }
        for (port, name) in GUESSES {
            if listens(port).await {
                found.ports.push((port, name));
            }
        }
        found
    }))
}

fn starter(found: &Found) -> String {
    let mut out = String::from(HEAD);
    if let Some(url) = &found.prometheus {
        // Writing into a String cannot fail.
        let _infallible = write!(out, "\n[sources.prometheus]\ntype = \"prometheus\"\nurl  = \"{url}\"\n");
    }
    if !found.ports.is_empty() {
        let targets: Vec<String> =
            found.ports.iter().map(|(port, name)| format!("\"{name}=tcp://127.0.0.1:{port}\"")).collect();
        let _infallible =
            write!(out, "\n[sources.services]\ntype    = \"probe\"\ntargets = [{}]\n", targets.join(", "));
    }
    out.push_str(BODY);
    if found.prometheus.is_some() {
        out.push_str(PROMETHEUS);
    }
    if !found.ports.is_empty() {
        out.push_str(SERVICES);
    }
    out.push_str(TAIL);
    out
}

const HEAD: &str = r#"# A starter board. 'andon validate' checks it, 'andon sources' and 'andon panels' tell what there is.

title   = "My board"
refresh = "5s"

[sources.machine]
type = "host"
"#;

const BODY: &str = r#"
[[dashboards]]
name = "overview"

[[dashboards.panels]]
title    = "CPU"
layer    = "infrastructure"
view     = "stat"
source   = "machine"
query    = "cpu"
unit     = "percent"
warning  = "> 0.8"
critical = "> 0.95"
for      = "1m"

[[dashboards.panels]]
title   = "Memory"
layer   = "infrastructure"
view    = "gauge"
source  = "machine"
query   = "memory"
unit    = "percent"
warning = "> 0.9"

[[dashboards.panels]]
title    = "Disks"
layer    = "infrastructure"
view     = "gauge"
source   = "machine"
query    = "disk"
unit     = "percent"
warning  = "> 0.8"
critical = "> 0.95"
"#;

const PROMETHEUS: &str = r#"
[[dashboards.panels]]
title  = "Targets"
layer  = "application"
view   = "lamps"
source = "prometheus"
query  = "up"

[[dashboards.panels]]
title  = "Scrape duration"
layer  = "application"
view   = "chart"
source = "prometheus"
query  = "scrape_duration_seconds"
unit   = "seconds"
"#;

const SERVICES: &str = r#"
[[dashboards.panels]]
title  = "Services"
layer  = "infrastructure"
view   = "lamps"
source = "services"
"#;

const TAIL: &str = r#"
# Your CI server's feed (Jenkins, GoCD, Concourse, TeamCity, Buildkite, ... all have one):
#
# [sources.ci]
# type = "cctray"
# url  = "https://ci.example.com/cctray.xml"
# auth = { bearer = { env = "CI_TOKEN" } }
#
# [[dashboards.panels]]
# title  = "Builds"
# layer  = "pipeline"
# view   = "builds"
# source = "ci"
"#;
