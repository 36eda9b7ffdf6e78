//! `andon init`: a starter dashboards.toml from what answers on this machine.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use super::arguments::InitFlags;
use super::file;
use super::out::{Done, Failure, print};

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_millis(700);
/// From this port on the system picks ports for whoever asks for any (ip(7), `ip_local_port_range`).
const EPHEMERAL: u16 = 32_768;

pub(super) fn run(flags: &InitFlags) -> Done {
    let path = &flags.output;
    // A link to nowhere is there, too.
    if path.symlink_metadata().is_ok() && !flags.force && !file::is_stdout(path) {
        let message = format!("{} is there already; --force replaces it, -o FILE writes another", path.display());
        return Err(Failure::Message(message));
    }
    let found = look_around()?;
    file::write(path, &starter(&found))?;
    if file::is_stdout(path) {
        return Ok(ExitCode::SUCCESS);
    }
    let what = if found.prometheus.is_some() { "this machine and its Prometheus" } else { "this machine" };
    print(&format!("{} written: it shows {what}. Now: andon --config {}\n", path.display(), path.display()))?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Default)]
struct Found {
    prometheus: Option<String>,
    ports: Vec<(u16, String)>,
}

/// What usually listens on a port.
const SERVICES_BY_PORT: [(u16, &str); 24] = [
    (22, "ssh"),
    (25, "smtp"),
    (53, "dns"),
    (80, "web"),
    (443, "web-tls"),
    (3000, "grafana"),
    (3100, "loki"),
    (3306, "mysql"),
    (4317, "otlp-grpc"),
    (4318, "otlp-http"),
    (5432, "postgres"),
    (5672, "rabbitmq"),
    (6379, "redis"),
    (8080, "http-alt"),
    (8086, "influxdb"),
    (9090, "prometheus"),
    (9092, "kafka"),
    (9093, "alertmanager"),
    (9100, "node-exporter"),
    (9115, "blackbox"),
    (9200, "elasticsearch"),
    (11211, "memcached"),
    (16686, "jaeger"),
    (27017, "mongodb"),
];
/// Ports on which servers with the query API of Prometheus listen: Prometheus, `VictoriaMetrics`, Mimir, Thanos.
const PROMETHEUS_PORTS: [u16; 4] = [9090, 8428, 9009, 10902];
/// Most services that a starter board probes.
const MOST: usize = 12;

/// The ports on which somebody listens on this machine, as Linux lists them (proc(5), /proc/net/tcp); where it does not
/// list them, the usual ones.
fn listening() -> Vec<u16> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    if tables.iter().all(Result::is_err) {
        return SERVICES_BY_PORT.iter().map(|(port, _)| *port).chain(PROMETHEUS_PORTS).collect();
    }
    let mut ports: Vec<u16> = tables.iter().flatten().flat_map(|table| table.lines().filter_map(listener)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The port of a line of /proc/net/tcp, when its socket listens (state 0A).
fn listener(line: &str) -> Option<u16> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, state) = (fields.next()?, fields.nth(1)?);
    let (_, port) = local.rsplit_once(':')?;
    (state == "0A").then(|| u16::from_str_radix(port, 16).ok()).flatten()
}

fn look_around() -> Result<Found, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Message(format!("no runtime: {error}")))?;
    Ok(runtime.block_on(async {
        let answers = |port: u16| async move {
            let connect = tokio::net::TcpStream::connect(("127.0.0.1", port));
            matches!(tokio::time::timeout(PATIENCE, connect).await, Ok(Ok(_)))
        };
        let mut found = Found::default();
        for port in listening() {
            let name = SERVICES_BY_PORT.iter().find(|(known, _)| *known == port).map(|(_, name)| *name);
            // A port without a name that the system picked itself is another one after the next start.
            let is_wanted = name.is_some() || PROMETHEUS_PORTS.contains(&port) || port < EPHEMERAL;
            if !is_wanted || found.ports.len() == MOST || !answers(port).await {
                continue;
            }
            if PROMETHEUS_PORTS.contains(&port) && found.prometheus.is_none() {
                found.prometheus = Some(format!("http://127.0.0.1:{port}"));
            } else {
                found.ports.push((port, name.map_or_else(|| format!("port-{port}"), str::to_owned)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sockets_that_listen_are_found() {
        let line =
            |state: &str| format!("   0: 0100007F:2382 00000000:0000 {state} 00000000:00000000 00:00000000 00000000");
        assert_eq!(listener(&line("0A")), Some(9090));
        assert_eq!(listener(&line("01")), None, "a connection");
        assert_eq!(listener("  sl  local_address rem_address   st"), None);
    }
}
