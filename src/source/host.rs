//! This machine: CPU, load, memory, disks, network. Read with the `sysinfo` crate; no privileges needed.

use std::time::Instant as Stopwatch;

use schemars::JsonSchema;
use serde::Deserialize;
use sysinfo::{CpuRefreshKind, Disks, MemoryRefreshKind, Networks, RefreshKind, System};

use super::contract::{Context, Moment, QueryLanguage, Source};
use super::offload;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Series, SeriesSet};
use crate::model::telemetry::Telemetry;
use crate::model::time::Timestamp;

/// What a query picks, and its unit.
const READINGS: [(&str, &str); 11] = [
    ("cpu", "ratio of all cores in use"),
    ("cores", "ratio in use, a series a core"),
    ("load", "load average of one minute"),
    ("memory", "ratio in use"),
    ("memory_used", "bytes in use"),
    ("swap", "ratio in use"),
    ("disk", "ratio in use, a series a mount point"),
    ("disk_free", "bytes free, a series a mount point"),
    ("network_in", "bytes a second received"),
    ("network_out", "bytes a second sent"),
    ("uptime", "seconds since boot"),
];

/// This machine needs no keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// The open machine.
#[derive(Debug, Default)]
pub struct Host(Option<Machine>);

/// What was read of it: CPU and network are differences between two polls.
#[derive(Debug)]
struct Machine {
    system: System,
    disks: Disks,
    networks: Networks,
    polled: Option<Stopwatch>,
}

impl Source for Host {
    const TYPE: &'static str = "host";
    const SUMMARY: &'static str = "this machine: CPU, load, memory, disks, network";
    const QUERY: QueryLanguage = QueryLanguage::Needed(
        "cpu, cores, load, memory, memory_used, swap, disk, disk_free, network_in, network_out or uptime",
    );
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(query: &str) -> Result<(), String> {
        if READINGS.iter().any(|(word, _)| *word == query) {
            return Ok(());
        }
        let known: Vec<&str> = READINGS.iter().map(|(word, _)| *word).collect();
        Err(format!("this machine knows no '{query}'; it takes {}", known.join(", ")))
    }

    fn open(_: &Config, _: &Context) -> Result<Self, FetchError> {
        Ok(Self::default())
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        // The size of a file system on a dead network mount cannot be read.
        offload::aside().await;
        let machine = match &mut self.0 {
            Some(machine) => machine,
            None => self.0.insert(Machine::open()?),
        };
        let since = if let Some(polled) = machine.polled.replace(Stopwatch::now()) {
            polled.elapsed()
        } else {
            // The first values of CPU and network need a span to be measured over.
            machine.networks.refresh(true);
            let span = sysinfo::MINIMUM_CPU_UPDATE_INTERVAL;
            tokio::time::sleep(span).await;
            offload::aside().await;
            span
        };
        let seconds = since.as_secs_f64().max(0.001);
        machine.refresh();
        Ok(asks.iter().map(|ask| machine.telemetry(&ask.query, seconds, moment.now)).collect())
    }
}

impl Machine {
    fn open() -> Result<Self, FetchError> {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::everything());
        Ok(Self {
            system: System::new_with_specifics(what).map_err(|e| unreadable(&e))?,
            disks: Disks::new_with_refreshed_list().map_err(|e| unreadable(&e))?,
            networks: Networks::new_with_refreshed_list().map_err(|e| unreadable(&e))?,
            polled: None,
        })
    }

    fn refresh(&mut self) {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        self.disks.refresh(true);
        self.networks.refresh(true);
    }

    fn telemetry(&self, reading: &str, seconds: f64, now: Timestamp) -> Answer {
        let one = |value: f64| vec![Series::single("", now, value)];
        let series = match reading {
            "cpu" => one(f64::from(self.system.global_cpu_usage()) / 100.0),
            "cores" => self
                .system
                .cpus()
                .iter()
                .map(|cpu| Series::single(cpu.name(), now, f64::from(cpu.usage()) / 100.0))
                .collect(),
            "load" => one(System::load_average().map_err(|e| unreadable(&e))?.one),
            "memory" => one(ratio(self.system.used_memory(), self.system.total_memory())),
            "memory_used" => one(self.system.used_memory() as f64),
            "swap" => one(ratio(self.system.used_swap(), self.system.total_swap())),
            "disk" => self.disks(now, |total, free| ratio(total - free, total)),
            "disk_free" => self.disks(now, |_, free| free as f64),
            "network_in" => one(self.rate(seconds, sysinfo::NetworkData::received)),
            "network_out" => one(self.rate(seconds, sysinfo::NetworkData::transmitted)),
            "uptime" => one(System::uptime().map_err(|e| unreadable(&e))? as f64),
            _ => Vec::new(),
        };
        Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)))
    }

    /// Real disks, each once: a device mounted twice counts at its shortest mount point.
    fn disks(&self, now: Timestamp, value: impl Fn(u64, u64) -> f64) -> Vec<Series> {
        let mut disks: Vec<&sysinfo::Disk> = self.disks.iter().filter(|disk| disk.total_space() > 0).collect();
        disks.sort_by_key(|disk| (disk.name().to_owned(), disk.mount_point().as_os_str().len()));
        disks.dedup_by_key(|disk| disk.name().to_owned());
        disks
            .into_iter()
            .map(|disk| {
                let name = disk.mount_point().to_string_lossy();
                let free = disk.available_space().min(disk.total_space());
                Series::single(&name, now, value(disk.total_space(), free))
            })
            .collect()
    }

    fn rate(&self, seconds: f64, bytes: impl Fn(&sysinfo::NetworkData) -> u64) -> f64 {
        let all: u64 = self.networks.iter().filter(|(name, _)| *name != "lo").map(|(_, data)| bytes(data)).sum();
        all as f64 / seconds
    }
}

fn unreadable(error: &sysinfo::Error) -> FetchError {
    FetchError::new(Reason::Exec, format!("this machine does not say: {error}"))
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
