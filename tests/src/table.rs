//! Our figure beside that of the real program, from the same run.

enum Goal {
    Shown,
    AtMost(f64),
    AtLeast(f64),
    /// As a multiple of the real program's own figure.
    AtMostReal(f64),
    AtLeastReal(f64),
}

pub struct Row {
    what: String,
    unit: &'static str,
    ours: f64,
    real: f64,
    goal: Goal,
}

impl Row {
    pub fn shown(what: &str, unit: &'static str, ours: f64, real: f64) -> Row {
        Row { what: what.to_owned(), unit, ours, real, goal: Goal::Shown }
    }

    pub fn at_most(what: &str, unit: &'static str, goal: f64, ours: f64, real: f64) -> Row {
        Row { goal: Goal::AtMost(goal), ..Row::shown(what, unit, ours, real) }
    }

    pub fn at_most_real(what: &str, unit: &'static str, ours: f64, real: f64) -> Row {
        Row { goal: Goal::AtMostReal(1.0), ..Row::shown(what, unit, ours, real) }
    }

    pub fn at_least(what: &str, unit: &'static str, goal: f64, ours: f64, real: f64) -> Row {
        Row { goal: Goal::AtLeast(goal), ..Row::shown(what, unit, ours, real) }
    }

    /// So many times the real program's own figure.
    pub fn at_least_times(what: &str, unit: &'static str, times: f64, ours: f64, real: f64) -> Row {
        Row { goal: Goal::AtLeastReal(times), ..Row::shown(what, unit, ours, real) }
    }

    fn verdict(&self) -> String {
        let (sign, goal) = match self.goal {
            Goal::Shown => return String::new(),
            Goal::AtMost(goal) => ('≤', goal),
            Goal::AtMostReal(times) => ('≤', times * self.real),
            Goal::AtLeast(goal) => ('≥', goal),
            Goal::AtLeastReal(times) => ('≥', times * self.real),
        };
        let is_met = if sign == '≤' { self.ours <= goal } else { self.ours >= goal };
        format!("{} {sign} {}", if is_met { "meets" } else { "MISSES" }, short(goal))
    }

    fn ratio(&self) -> String {
        if self.real > 0.0 { format!("{:.2}", self.ours / self.real) } else { String::new() }
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark run by hand prints its table")]
pub fn print(title: &str, rows: &[Row]) {
    println!("\n{title}");
    println!("  {:<42} {:>10} {:>10} {:<5} {:>7}  bar", "", "ours", "real", "", "ratio");
    for row in rows {
        println!(
            "  {:<42} {:>10} {:>10} {:<5} {:>7}  {}",
            row.what,
            short(row.ours),
            short(row.real),
            row.unit,
            row.ratio(),
            row.verdict()
        );
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
