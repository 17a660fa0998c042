//! What the kernel says about a process: memory, processor time, bytes written.

/// Memory now and at its highest.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub resident_bytes: u64,
    pub peak_bytes: u64,
}

/// Sums since the start of the process.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub written_bytes: u64,
}

/// Clock ticks per second in /proc: 100 on every Linux there is (USER_HZ).
const TICKS: f64 = 100.0;

impl Usage {
    pub fn read(pid: u32) -> Self {
        let stat = read(pid, "stat");
        // The name in parentheses may hold anything: count the fields after it. utime and stime are the 14th and 15th of all.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
        Self { cpu_seconds: (ticks(11) + ticks(12)) / TICKS, written_bytes: field(&read(pid, "io"), "write_bytes:") }
    }
}

pub fn memory(pid: u32) -> Memory {
    let status = read(pid, "status");
    Memory { resident_bytes: field(&status, "VmRSS:") * 1_024, peak_bytes: field(&status, "VmHWM:") * 1_024 }
}

fn read(pid: u32, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_else(|error| panic!("/proc/{pid}/{file}: {error}"))
}

fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok()).unwrap_or_default()
}
