//! One dump: how it stands, its sizes over time, its runs.

use std::time::Duration;

use frontend::prelude::*;
use kernel::Time;
use kernel::paging::Page;
use kernel::time::describe_duration;

use super::{outcome_badge, state, trail};
use crate::dumps::model::{Dump, Encryption, Outcome, Run, schedule, size};

pub struct Detail {
    pub dump: Dump,
    pub last: Option<Run>,
    pub runs: Page<Run>,
    /// Of the newest page, whichever is shown.
    pub is_first: bool,
    pub place: String,
    pub can_edit: bool,
    pub can_run: bool,
    pub now: Time,
}

pub fn show(detail: &Detail) -> View {
    let dump = &detail.dump;
    let (tone, word) = state(dump, detail.last.as_ref());
    let mut actions = Vec::new();
    if detail.can_run {
        actions.push(post_button(format!("/backup/dumps/{}/run", dump.id), "Run now", Look::Primary));
    }
    if detail.can_edit {
        actions.push(link_button(format!("/backup/dumps/{}/edit", dump.id), "Edit", Look::Plain));
        actions.push(confirm_button(&ConfirmButton {
            label: "Remove",
            question: "It is not made any more. What lies at the destination stays there; the list of its runs goes.",
            confirm: "Remove the dump",
            action: format!("/backup/dumps/{}/delete", dump.id).into(),
            look: Look::Quiet,
            ..ConfirmButton::default()
        }));
    }
    let head = page_head(PageHead {
        title: &dump.draft.name,
        trail: trail(),
        badge: Some(state_badge(tone, word)),
        actions,
        ..PageHead::default()
    });
    let runs = live("runs", view! { {trouble(detail)}{sizes(detail)}{runs(detail)} });
    stack(vec![head, runs, card(Card { title: "How it is made", ..Card::default() }, about(detail)), pages(detail)])
}

fn trouble(detail: &Detail) -> View {
    match (&detail.dump.trouble, &detail.last) {
        (Some(trouble), last) => {
            let why =
                last.as_ref().filter(|run| !run.result.problem.is_empty()).map_or(String::new(), |run| format!(" {}", run.result.problem));
            let since = describe_duration(detail.now.since(trouble.since));
            notice(Tone::Bad, &format!("There has been no good dump for {since} that should be there.{why}"))
        }
        (None, Some(run)) if detail.dump.is_retrying() => {
            let at = detail.dump.wanted_at.map_or(String::new(), |at| describe_duration(at.since(detail.now)));
            notice(
                Tone::Warn,
                &format!("It failed and is tried again in {at}; somebody is told when that fails, too. {}", run.result.problem),
            )
        }
        _ => ().into_any(),
    }
}

fn sizes(detail: &Detail) -> View {
    let good = || detail.runs.rows.iter().filter(|run| run.outcome == Outcome::Good);
    if good().count() < 2 {
        return ().into_any();
    }
    let points = |weigh: fn(&Run) -> u64| good().map(|run| Point { at: run.started_at, value: weigh(run) as f64 }).collect::<Vec<_>>();
    let from = good().map(|run| run.started_at).min().unwrap_or(detail.now);
    let chart = line_chart(&LineChart {
        id: "sizes",
        title: "Size",
        about: "What each good dump weighed, before and after compression.",
        unit: Unit::Bytes,
        from,
        to: detail.now,
        every: Duration::from_secs(2 * 86_400),
        series: vec![
            Series { name: "Dump", points: points(|run| run.result.raw_bytes) },
            Series { name: "Stored", points: points(|run| run.result.stored_bytes) },
        ],
        bands: Vec::new(),
        marks: Vec::new(),
        empty: "",
        has_table: false,
    });
    card(Card::default(), chart)
}

fn runs(detail: &Detail) -> View {
    let heads =
        [Head::text("Started"), Head::text("Result"), Head::number("Took"), Head::number("Dump"), Head::number("Stored"), Head::text("By")];
    let rows = detail.runs.rows.iter().map(|run| {
        let took = run.ended_at.map_or_else(|| "–".to_owned(), |ended| describe_duration(ended.since(run.started_at)));
        let note = if run.removed_at.is_some() { muted("rotated away") } else { ().into_any() };
        let number = link(format!("/backup/dumps/runs/{}", run.id), &format!("Run {}", run.id));
        let started = view! { <span>{number}" "{moment(run.started_at)}</span> }.into_any();
        Row::new(vec![
            started,
            view! { <span>{outcome_badge(run.outcome)}" "{note}</span> }.into_any(),
            muted(&took),
            muted(&size(run.result.raw_bytes)),
            muted(&size(run.result.stored_bytes)),
            muted(&run.started_by),
        ])
    });
    let empty = EmptyState {
        title: "It has not run yet",
        sentence: "It runs by its schedule. Run it now to see that it works.",
        ..EmptyState::default()
    };
    card(
        Card { title: "Runs", is_flush: true, ..Card::default() },
        table(Table { caption: "Runs", heads: &heads, rows: rows.collect(), empty }),
    )
}

fn about(detail: &Detail) -> View {
    let draft = &detail.dump.draft;
    let encryption = match draft.encryption {
        Encryption::Instance => "with this instance's key (age)".to_owned(),
        Encryption::Recipient => format!("for {} (age); it cannot be opened here, so only its bytes are proven", draft.recipient),
        Encryption::Passphrase => "with a passphrase (age)".to_owned(),
        Encryption::None => "not encrypted".to_owned(),
    };
    let keeps = format!(
        "the last {}, then one a day for {} days, one a week for {} weeks, one a month for {} months",
        draft.keep_last, draft.keep_daily, draft.keep_weekly, draft.keep_monthly
    );
    let next = detail.dump.next_at.map_or_else(|| muted("not by itself"), moment);
    key_values(vec![
        ("Kind", muted(draft.kind.label())),
        ("Command", code(&draft.command)),
        ("Runs", muted(&schedule::describe(draft))),
        ("Next", next),
        ("Destination", muted(&detail.place)),
        ("Encrypted", muted(&encryption)),
        ("Kept", muted(&keeps)),
        ("Limit", muted(&format!("{} min; overdue {} min after it was due", draft.time_limit_minutes, draft.grace_minutes))),
    ])
}

fn pages(detail: &Detail) -> View {
    if detail.is_first && detail.runs.next.is_none() {
        return ().into_any();
    }
    let at = format!("/backup/dumps/{}", detail.dump.id);
    let first = if detail.is_first { Href::default() } else { Href::path(&at) };
    let next = detail.runs.next.map(|before| Href::path(&at).with("before", before)).unwrap_or_default();
    pager(&Pager { first, next, note: "" })
}
