//! What a process and those it started took: a server may be several.

/// Clock ticks per second in /proc: 100 on every Linux there is (USER_HZ).
const TICKS: f64 = 100.0;

/// Processes, and where one leads a group, all of it.
pub struct Meter {
    groups: Vec<u32>,
    before: f64,
}

#[derive(Default)]
pub struct Taken {
    pub cpu_seconds: f64,
    /// Proportional set size now, bytes: what is shared counts once.
    pub memory: f64,
    /// The sum of each one's highest resident size, bytes.
    pub peak: f64,
}

impl Meter {
    pub fn start(groups: &[u32]) -> Meter {
        for pid in members(groups) {
            let _ = std::fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
        Meter { groups: groups.to_vec(), before: cpu(groups) }
    }

    pub fn read(&self) -> Taken {
        let pids = members(&self.groups);
        let sum = |file: &str, name: &str| pids.iter().map(|pid| field(*pid, file, name)).sum::<f64>() * 1_024.0;
        Taken { cpu_seconds: cpu(&self.groups) - self.before, memory: sum("smaps_rollup", "Pss:"), peak: sum("status", "VmHWM:") }
    }
}

fn stat(pid: u32) -> Vec<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything: what follows it is counted.
    text.rsplit(')').next().unwrap_or_default().split_whitespace().map(|word| word.parse().unwrap_or(0.0)).collect()
}

fn members(groups: &[u32]) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| groups.contains(pid) || stat(*pid).get(2).is_some_and(|group| groups.contains(&(*group as u32)))).collect()
}

/// Of those that live, and of those that have ended and were waited for.
fn cpu(groups: &[u32]) -> f64 {
    let ticks = |pid: &u32| {
        let fields = stat(*pid);
        let own: f64 = fields.iter().skip(11).take(2).sum();
        let ended: f64 = if groups.contains(pid) { fields.iter().skip(13).take(2).sum() } else { 0.0 };
        own + ended
    };
    members(groups).iter().map(ticks).sum::<f64>() / TICKS
}

fn field(pid: u32, file: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok()).unwrap_or_default()
}
