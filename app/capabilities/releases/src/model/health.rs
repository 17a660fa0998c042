//! What is computed from the counts of sessions. Shares come with what they rest on; without a session there is no share.

use std::ops::AddAssign;

use super::session::Ending;

/// Sessions by how they ended; what is in no other count ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub sessions: u64,
    pub errored: u64,
    pub unhandled: u64,
    pub abnormal: u64,
    pub crashed: u64,
}

impl Counts {
    pub fn of(ending: Ending) -> Counts {
        let is = |other: Ending| u64::from(ending == other);
        Counts {
            sessions: 1,
            errored: is(Ending::Errored),
            unhandled: is(Ending::Unhandled),
            abnormal: is(Ending::Abnormal),
            crashed: is(Ending::Crashed),
        }
    }

    pub fn well(&self) -> u64 {
        self.sessions.saturating_sub(self.errored + self.unhandled + self.abnormal + self.crashed)
    }

    /// Percent of sessions that did not crash.
    pub fn crash_free(&self) -> Option<f64> {
        free_of(self.crashed, self.sessions)
    }

    /// Percent of sessions with neither a crash nor an error that nobody caught: what browsers report since SDK 11 instead of crashes.
    pub fn unhandled_free(&self) -> Option<f64> {
        free_of(self.crashed + self.unhandled, self.sessions)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.sessions += other.sessions;
        self.errored += other.errored;
        self.unhandled += other.unhandled;
        self.abnormal += other.abnormal;
        self.crashed += other.crashed;
    }
}

/// What an update changes: the new ending instead of the one that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    pub sessions: i64,
    pub errored: i64,
    pub unhandled: i64,
    pub abnormal: i64,
    pub crashed: i64,
}

impl Delta {
    pub fn add(&mut self, counts: Counts) {
        self.apply(counts, 1);
    }

    pub fn take(&mut self, counts: Counts) {
        self.apply(counts, -1);
    }

    pub fn is_nothing(&self) -> bool {
        *self == Delta::default()
    }

    fn apply(&mut self, counts: Counts, sign: i64) {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(sign);
        self.sessions += signed(counts.sessions);
        self.errored += signed(counts.errored);
        self.unhandled += signed(counts.unhandled);
        self.abnormal += signed(counts.abnormal);
        self.crashed += signed(counts.crashed);
    }
}

/// Different users of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Users {
    pub all: u64,
    pub crashed: u64,
    /// With a crash or an error that nobody caught.
    pub unhandled: u64,
}

impl Users {
    pub fn crash_free(&self) -> Option<f64> {
        free_of(self.crashed, self.all)
    }

    pub fn unhandled_free(&self) -> Option<f64> {
        free_of(self.unhandled, self.all)
    }
}

/// Which share of all sessions is this release's.
pub fn adoption(own: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| float(own.min(all)) / float(all) * 100.0)
}

/// `99.98 %`: never rounded up to a clean 100, never down to 0.
pub fn percent(value: f64) -> String {
    let text = if value >= 99.0 { format!("{:.2}", (value * 100.0).floor() / 100.0) } else { format!("{value:.1}") };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "0" if value > 0.0 => "< 0.1 %".to_owned(),
        "" => "0 %".to_owned(),
        text => format!("{text} %"),
    }
}

fn free_of(bad: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| float(all.saturating_sub(bad)) / float(all) * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
}
