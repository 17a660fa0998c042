//! Jobs that wait, run or were given up, and the schedules that start them.

use frontend::prelude::*;
use kernel::Time;
use kernel::paging::Page;
use work::JobRow;

const PATH: &str = "/console/jobs";

pub(crate) struct Jobs {
    pub jobs: Page<JobRow>,
    /// Job kind, next and last start.
    pub schedules: Vec<(String, Time, Option<Time>)>,
    pub dead: u64,
    pub is_first: bool,
    pub may_act: bool,
    pub now: Time,
}

pub(crate) fn show(page: &Jobs) -> View {
    let head =
        PageHead { title: "Jobs", lead: "Work that Hermetic does by itself. A finished job leaves the list.", ..PageHead::default() };
    let rows = page.jobs.rows.iter().map(|job| row(page, job)).collect();
    let heads = [
        Head::text("Kind"),
        Head::text("State"),
        Head::text("Due"),
        Head::number("Attempts"),
        Head::text("Last error"),
        Head::hidden("Actions"),
    ];
    let jobs = table(Table {
        caption: "Jobs",
        heads: &heads,
        rows,
        empty: EmptyState {
            title: "Nothing to do",
            sentence: "Every job is done. The schedules below say what comes next.",
            actions: Vec::new(),
        },
    });
    let mut now = Vec::new();
    if page.dead > 0 {
        let title = format!("{} given up after the last try.", crate::health::counted(page.dead, "job was", "jobs were"));
        now.push(notice_about(Tone::Warn, &title, view! { <p>"Read its error, mend the cause, then run it again; or discard it."</p> }));
    }
    now.push(card(Card { title: "Now", is_flush: true, ..Card::default() }, jobs));
    stack(vec![
        page_head(head),
        live("jobs", stack(now)),
        super::steps(PATH.into(), !page.is_first, page.jobs.next),
        live("schedules", card(Card { title: "Schedules", lead: "Times are UTC.", is_flush: true, ..Card::default() }, schedules(page))),
    ])
}

fn row(page: &Jobs, job: &JobRow) -> Row {
    let (tone, word) = match job.state.as_str() {
        "dead" => (Tone::Bad, "given up"),
        "running" => (Tone::Info, "running"),
        _ if job.attempts > 0 => (Tone::Warn, "trying again"),
        _ => (Tone::Neutral, "waiting"),
    };
    let buttons = if page.may_act && job.state == "dead" { acts(job) } else { ().into_any() };
    let cells = vec![
        code(&job.kind),
        state_dot(tone, word),
        ago(job.run_at, page.now),
        paragraph(&job.attempts.to_string()),
        muted(&job.last_error.as_deref().map_or_else(|| "–".to_owned(), |error| kernel::text::shorten(error, 300))),
        buttons,
    ];
    Row { cells, tone: if tone == Tone::Bad { Tone::Bad } else { Tone::Neutral } }
}

fn acts(job: &JobRow) -> View {
    let discard = ConfirmButton {
        label: "Discard",
        question: "The job is forgotten and what it was to do stays undone.",
        confirm: "Discard it",
        action: format!("{PATH}/{}/discard", job.id).into(),
        look: Look::Quiet,
        fields: Vec::new(),
    };
    actions(vec![post_button(format!("{PATH}/{}/retry", job.id), "Run again", Look::Plain), confirm_button(&discard)])
}

fn schedules(page: &Jobs) -> View {
    let row = |(kind, next, last): &(String, Time, Option<Time>)| {
        let last = last.map_or_else(|| muted("not yet"), |last| ago(last, page.now));
        Row::new(vec![code(kind), ago(*next, page.now), last])
    };
    table(Table {
        caption: "Schedules",
        heads: &[Head::text("Job"), Head::text("Next start"), Head::text("Last start")],
        rows: page.schedules.iter().map(row).collect(),
        empty: EmptyState {
            title: "No schedules yet",
            sentence: "They appear a moment after the server's first start.",
            actions: Vec::new(),
        },
    })
}
