//! The figures beside their targets and beside Uptime Kuma's.

/// Uptime Kuma 2.5.3, measured on a machine of this kind (two shared cores, local target, 500 monitors at 20 s, wrk -t1 -c16
/// -d8s): the middle of each range in the research of 2026-11, which also names the method. Only ratios are fair.
pub const KUMA_IDLE_MB: f64 = 189.5;
pub const KUMA_RESIDENT_MB: f64 = 231.0;
pub const KUMA_CPU_PERCENT: f64 = 12.6;
pub const KUMA_WRITTEN_KB: f64 = 37.0;
pub const KUMA_GAP_S: f64 = 20.1;
pub const KUMA_PAGE_KB: f64 = 544.0;
pub const KUMA_PAGE_RATE: f64 = 1_975.0;
pub const KUMA_PAGE_RATE_CHANGING: f64 = 6.9;

enum Goal {
    None,
    AtMost(f64),
    AtLeast(f64),
}

pub struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    goal: Goal,
    kuma: Option<f64>,
}

impl Row {
    pub fn shown(what: &str, value: f64, unit: &'static str) -> Self {
        Self { what: what.to_owned(), value, unit, goal: Goal::None, kuma: None }
    }

    pub fn at_most(what: &str, value: f64, goal: f64, unit: &'static str, kuma: Option<f64>) -> Self {
        Self { goal: Goal::AtMost(goal), kuma, ..Self::shown(what, value, unit) }
    }

    pub fn at_least(what: &str, value: f64, goal: f64, unit: &'static str, kuma: Option<f64>) -> Self {
        Self { goal: Goal::AtLeast(goal), kuma, ..Self::shown(what, value, unit) }
    }

    fn verdict(&self) -> String {
        match self.goal {
            Goal::None => String::new(),
            Goal::AtMost(goal) => format!("{} ≤ {}", if self.value <= goal { "meets" } else { "MISSES" }, short(goal)),
            Goal::AtLeast(goal) => format!("{} ≥ {}", if self.value >= goal { "meets" } else { "MISSES" }, short(goal)),
        }
    }

    /// How many times better than Kuma's best figure; below one it is worse.
    fn ratio(&self) -> String {
        match (&self.goal, self.kuma) {
            (Goal::AtMost(_), Some(kuma)) if self.value > 0.0 => format!("{}×", short(kuma / self.value)),
            (Goal::AtLeast(_), Some(kuma)) => format!("{}×", short(self.value / kuma)),
            _ => String::new(),
        }
    }
}

pub fn print(title: &str, rows: &[Row]) {
    println!("\n{title}\n");
    println!("{:<38} {:>12} {:<11} {:<16} {:>10} {:>9}", "", "here", "", "target", "Kuma", "ratio");
    for row in rows {
        let kuma = row.kuma.map(short).unwrap_or_default();
        println!("{:<38} {:>12} {:<11} {:<16} {:>10} {:>9}", row.what, short(row.value), row.unit, row.verdict(), kuma, row.ratio());
    }
    println!("\nKuma: recorded on a machine of this kind, its best figure of each range; ratio: how many times better.");
}

fn short(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
