//! How bad a line is: the six levels that every SDK's words and OpenTelemetry's numbers lead to.

use frontend::Tone;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// The worst first: the order of chips and lists.
    pub const ALL: [Level; 6] = [Level::Fatal, Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];

    /// As it is stored.
    pub fn code(self) -> i64 {
        match self {
            Level::Trace => 1,
            Level::Debug => 2,
            Level::Info => 3,
            Level::Warn => 4,
            Level::Error => 5,
            Level::Fatal => 6,
        }
    }

    pub fn from_code(code: i64) -> Level {
        Level::ALL.into_iter().find(|level| level.code() == code).unwrap_or(Level::Info)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }

    /// Also in the words of languages and syslog.
    pub fn parse(text: &str) -> Option<Level> {
        Some(match text.trim().to_lowercase().as_str() {
            "trace" | "verbose" => Level::Trace,
            "debug" => Level::Debug,
            "info" | "information" | "informational" | "notice" | "log" => Level::Info,
            "warn" | "warning" => Level::Warn,
            "error" | "err" => Level::Error,
            "fatal" | "critical" | "crit" | "emergency" | "alert" | "panic" => Level::Fatal,
            _ => return None,
        })
    }

    /// OpenTelemetry's severity number: four to a level, from 1.
    pub fn from_severity(number: i64) -> Option<Level> {
        Some(match number {
            1..=4 => Level::Trace,
            5..=8 => Level::Debug,
            9..=12 => Level::Info,
            13..=16 => Level::Warn,
            17..=20 => Level::Error,
            21..=24 => Level::Fatal,
            _ => return None,
        })
    }

    pub fn tone(self) -> Tone {
        match self {
            Level::Fatal | Level::Error => Tone::Bad,
            Level::Warn => Tone::Warn,
            Level::Info => Tone::Info,
            Level::Debug | Level::Trace => Tone::Neutral,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_found_again_by_code_and_word() {
        for level in Level::ALL {
            assert_eq!(Level::from_code(level.code()), level);
            assert_eq!(Level::parse(level.as_str()), Some(level));
        }
    }

    #[test]
    fn other_words_and_numbers_lead_to_the_same_six() {
        for (text, level) in [("WARNING", Level::Warn), (" critical ", Level::Fatal), ("log", Level::Info), ("err", Level::Error)] {
            assert_eq!(Level::parse(text), Some(level), "{text}");
        }
        assert_eq!(Level::parse("loud"), None);
        for (number, level) in
            [(1, Level::Trace), (8, Level::Debug), (9, Level::Info), (13, Level::Warn), (17, Level::Error), (24, Level::Fatal)]
        {
            assert_eq!(Level::from_severity(number), Some(level), "{number}");
        }
        assert_eq!(Level::from_severity(0), None);
        assert_eq!(Level::from_severity(25), None);
    }
}
