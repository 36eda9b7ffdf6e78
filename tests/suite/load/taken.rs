//! What a process has taken.

/// Read from /proc.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// CPU seconds of all threads.
    pub cpu: f64,
    /// Resident memory in KiB.
    pub memory: f64,
}

impl Taken {
    /// Source: proc(5), `/proc/PID/stat`, fields 14 and 15, in hundredths of a second; `/proc/PID/status`.
    pub fn by(process: u32) -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap();
        let (stat, status) = (read("stat"), read("status"));
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks = |n: usize| fields[n].parse::<f64>().unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let memory = line.split_whitespace().next().unwrap().parse().unwrap();
        Self { cpu: (ticks(11) + ticks(12)) / 100.0, memory }
    }
}
