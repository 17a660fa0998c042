//! What happened to a monitor, as lists: outages, checks, beats.

use frontend::prelude::*;
use kernel::time::describe_duration;

use super::detail::Detail;
use crate::model::check::Verdict;

pub fn outages(detail: &Detail) -> View {
    let heads = [Head::text("Began"), Head::text("Lasted"), Head::text("Why")];
    let rows = detail.outages.iter().map(|outage| {
        let (lasted, row_tone) = match outage.ended_at {
            Some(end) => (muted(&describe_duration(end.since(outage.started_at))), Tone::Neutral),
            None => (state_dot(Tone::Bad, "still open"), Tone::Bad),
        };
        let reason = code(&outage.reason);
        let detail = outage.detail.clone();
        Row { cells: vec![moment(outage.started_at), lasted, view! { <span>{reason}" "{detail}</span> }.into_any()], tone: row_tone }
    });
    let empty = EmptyState {
        title: "No outage so far",
        sentence: "Outages are listed here with their beginning, length and reason.",
        ..EmptyState::default()
    };
    card(
        Card { title: "Outages", is_flush: true, ..Card::default() },
        table(Table { caption: "Outages", heads: &heads, rows: rows.collect(), empty }),
    )
}

pub fn checks(detail: &Detail) -> View {
    let heads = [Head::text("At"), Head::text("Result"), Head::number("Time"), Head::text("Why")];
    let rows = detail.checks.iter().map(|sample| {
        let (tone, word) = verdict(sample.verdict);
        let why = sample.reason.map(|reason| format!("{}: {}", reason.code(), reason.sentence())).unwrap_or_default();
        let from = if sample.vantage == 0 { String::new() } else { format!("vantage {} ", sample.vantage) };
        let code = if sample.code > 0 { format!("{word} {}", sample.code) } else { word.to_owned() };
        Row::new(vec![
            moment_as(sample.at, MomentStyle::Clock),
            state_dot(tone, &code),
            muted(&Unit::Millis.write(f64::from(sample.phases.total) / 1_000.0)),
            muted(&format!("{from}{why}")),
        ])
    });
    let empty =
        EmptyState { title: "No check yet", sentence: "Checks show up here a few seconds after they were made.", ..EmptyState::default() };
    card(
        Card { title: "Newest checks", is_flush: true, ..Card::default() },
        table(Table { caption: "Newest checks", heads: &heads, rows: rows.collect(), empty }),
    )
}

pub fn verdict(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Ok => (Tone::Good, "ok"),
        Verdict::Slow => (Tone::Warn, "slow"),
        Verdict::Fail => (Tone::Bad, "failed"),
        Verdict::Skipped => (Tone::Neutral, "skipped"),
    }
}

pub fn beats(detail: &Detail) -> View {
    let heads = [Head::text("At"), Head::text("Beat"), Head::text("Run"), Head::text("Sent along")];
    let rows = detail.beats.iter().map(|beat| {
        let word = beat.exit_code.map_or_else(|| beat.kind.as_str().to_owned(), |code| format!("exit code {code}"));
        let body = if beat.body.trim().is_empty() {
            muted("–")
        } else {
            disclosure(&kernel::text::shorten(beat.body.lines().next().unwrap_or(""), 60), false, code_block(&beat.body))
        };
        Row::new(vec![moment(beat.at), tag(&word), muted(beat.run_id.as_deref().unwrap_or("–")), body])
    });
    let empty = EmptyState {
        title: "No beat yet",
        sentence: "Call the address on this page at the end of your job; each call is listed here.",
        ..EmptyState::default()
    };
    card(
        Card { title: "Newest beats", is_flush: true, ..Card::default() },
        table(Table { caption: "Newest beats", heads: &heads, rows: rows.collect(), empty }),
    )
}
