//! Pages of dumps: plain data in, HTML out.
//!
//! - [`list`]: all of them; [`detail`]: one and its runs; [`run`]: one run, and how it is restored
//! - [`mod@form`]: making and changing them; [`key`]: the key without which they are worth nothing

pub mod detail;
pub mod form;
pub mod key;
pub mod list;
pub mod run;

use frontend::prelude::*;

use super::model::{Dump, Outcome, Run, TroubleKind};

/// The way back to the page above.
fn trail() -> Vec<(&'static str, Href)> {
    vec![("Backup", "/backup".into()), ("Database dumps", "/backup/dumps".into())]
}

fn outcome_badge(outcome: Outcome) -> View {
    let (tone, text) = match outcome {
        Outcome::Running => (Tone::Info, "Running"),
        Outcome::Good => (Tone::Good, "Good"),
        Outcome::Failed => (Tone::Bad, "Failed"),
        Outcome::Doubtful => (Tone::Warn, "Doubtful"),
        Outcome::Interrupted => (Tone::Warn, "Interrupted"),
    };
    state_badge(tone, text)
}

/// How it stands as a whole.
pub fn state(dump: &Dump, last: Option<&Run>) -> (Tone, &'static str) {
    match (last.map(|run| run.outcome), dump.trouble.map(|trouble| trouble.kind)) {
        (Some(Outcome::Running), _) => (Tone::Info, "Running"),
        _ if dump.wanted_at.is_some() && !dump.is_retrying() => (Tone::Info, "Waiting to run"),
        _ if dump.draft.paused => (Tone::Neutral, "Paused"),
        (Some(Outcome::Doubtful), _) => (Tone::Warn, "Doubtful"),
        (_, Some(TroubleKind::Failed)) => (Tone::Bad, "Failed"),
        (_, Some(TroubleKind::Missed)) => (Tone::Bad, "Overdue"),
        (Some(Outcome::Failed), None) if dump.is_retrying() => (Tone::Warn, "Failed, tries again"),
        (Some(Outcome::Good), None) => (Tone::Good, "Good"),
        // After a pause nobody is owed anything, and yet nothing is proven.
        (Some(Outcome::Failed), None) => (Tone::Bad, "Failed"),
        (Some(Outcome::Interrupted), None) => (Tone::Warn, "Not proven"),
        (None, None) => (Tone::Neutral, "Not run yet"),
    }
}
