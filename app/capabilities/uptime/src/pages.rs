//! Pages of uptime: plain data in, HTML out.
//!
//! - [`list`], [`detail`], [`history`]: monitors; [`mod@form`]: making and changing them; [`mod@test`]: one look, phase by phase
//! - [`check_ins`], [`windows`], [`vantages`], [`import`]

pub mod check_ins;
pub mod detail;
pub mod form;
pub mod history;
pub mod import;
pub mod list;
pub mod test;
pub mod vantages;
pub mod windows;

use frontend::prelude::*;

use crate::model::arithmetic::Percent;
use crate::model::state::MonitorState;

pub fn tone(state: MonitorState) -> Tone {
    match state {
        MonitorState::Up => Tone::Good,
        MonitorState::Degraded | MonitorState::Pending => Tone::Warn,
        MonitorState::Down => Tone::Bad,
        MonitorState::Maintenance => Tone::Info,
        MonitorState::Paused | MonitorState::NoData => Tone::Neutral,
    }
}

fn badge(state: MonitorState) -> View {
    state_badge(tone(state), state.label())
}

/// Where a monitor's check-ins come from.
pub struct Origin {
    pub slug: String,
    pub project: String,
    pub environment: String,
    pub seen: u64,
    /// Why the newest configuration is not followed; empty when it is.
    pub refusal: String,
}

fn percent(percent: Option<Percent>) -> String {
    // Number and sign stay on one line in narrow columns.
    percent.map_or_else(|| "–".to_owned(), |percent| percent.to_string().replace(' ', "\u{a0}"))
}

/// The tabs above every page of uptime.
fn sections(current: &str) -> View {
    let tab = |label, href: &'static str| Tab { label, href: href.into(), is_current: current == href, count: None };
    tabs(
        "Uptime",
        &[
            tab("Monitors", "/uptime"),
            tab("Check-ins", "/uptime/check-ins"),
            tab("Maintenance windows", "/uptime/windows"),
            tab("Vantages", "/uptime/vantages"),
        ],
    )
}
