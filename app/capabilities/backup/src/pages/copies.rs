//! The page of copies: how each file is at each destination, what can be restored, what it costs.

use frontend::prelude::*;
use kernel::time::describe_duration;
use replica::capture::Doubt;

use super::strips::strips;
use super::{Place, bytes, counted, places};
use crate::look::{CopyLook, FileLook, Overview};
use crate::model::condition::State;
use crate::model::cost::{Cost, Prices};

/// Read-only on the page: a destination must be known before the database is open.
const SNIPPET: &str = "# hermetic.toml

[[replica]]
name = \"main\"
# A bucket of any S3-compatible store; each file gets a path of its own below it.
url = \"s3://bucket/path?endpoint=https://s3.example.com&region=eu-central-1\"
access_key_id = \"…\"
# Or by the environment, or by a file that only Hermetic reads.
secret_access_key_file = \"/etc/hermetic/replica-secret\"

# A second place, with a key that cannot delete: what was written there stays.
#[[replica]]
#name = \"vault\"
#url = \"s3://vault/path\"
#append_only = true
";

pub fn empty() -> View {
    let head = page_head(PageHead {
        title: "Backup",
        lead: "Copies of both files are sent to your own bucket while they are written, and proven by restoring them.",
        ..PageHead::default()
    });
    let body = stack(vec![
        empty_state(EmptyState {
            title: "Nothing is copied yet",
            sentence: "If this machine dies now, everything here is lost. Name a bucket in the configuration file and start Hermetic again.",
            actions: vec![link_button("/backup/runbook", "How to restore", Look::Plain)],
        }),
        code_block(SNIPPET),
    ]);
    let card = card(
        Card {
            title: "Name a destination",
            lead: "It stands in the configuration, not in the database: after a disaster it must be known before there is a database.",
            ..Card::default()
        },
        body,
    );
    view! { {head} {places(Place::Copies)} {card} }.into_any()
}

pub struct Page {
    pub look: Overview,
    pub can_act: bool,
    /// Capabilities whose answers wait.
    pub durable: Vec<String>,
    /// Names of that setting that no capability has.
    pub unknown: Vec<String>,
}

pub fn page(page: &Page) -> View {
    let acts = if page.can_act {
        vec![
            confirm_button(&ConfirmButton {
                label: "Make a whole copy now",
                question: "Every page of both files is written and sent again. It costs their size in traffic.",
                confirm: "Make it",
                action: "/backup/snapshot".into(),
                ..ConfirmButton::default()
            }),
            post_button("/backup/drills", "Run a drill now", Look::Primary),
        ]
    } else {
        Vec::new()
    };
    let head = page_head(PageHead {
        title: "Backup",
        lead: "Both files are copied while they are written. A drill proves that they come back.",
        actions: acts,
        ..PageHead::default()
    });
    let mut body = vec![summary(&page.look)];
    for file in &page.look.files {
        body.push(file_card(file, &page.look));
        body.extend(file.copies.iter().map(|copy| copy_card(file, copy, &page.look)));
    }
    body.push(costs(&page.look));
    body.push(answers(&page.durable, &page.unknown));
    view! { {head} {places(Place::Copies)} {live("backup", stack(body))} }.into_any()
}

fn tone(state: State) -> Tone {
    match state {
        State::Current => Tone::Good,
        State::CatchingUp => Tone::Info,
        State::Unlisted | State::Outstanding => Tone::Neutral,
        State::Failing | State::Refused => Tone::Bad,
    }
}

fn summary(look: &Overview) -> View {
    let all: Vec<&CopyLook> = look.copies().map(|(_, copy)| copy).collect();
    let current = all.iter().filter(|copy| copy.state == State::Current).count();
    let worst = all.iter().map(|copy| copy.lag).max().unwrap_or_default();
    let behind: u64 = all.iter().map(|copy| copy.status.behind).max().unwrap_or(0);
    let behind_bytes: u64 = all.iter().map(|copy| copy.status.behind_bytes).max().unwrap_or(0);
    let spool: u64 = look.files.iter().map(|file| file.status.spool_bytes).sum();
    let is_bad = all.iter().any(|copy| matches!(copy.state, State::Failing | State::Refused));
    let stored: u64 = all.iter().map(|copy| copy.status.bytes).sum();
    let copies = format!("{current} of {}", all.len());
    let lag = if behind == 0 { "none".to_owned() } else { describe_duration(worst) };
    let lag_note = format!("{}, {} wait", counted(behind, "transaction"), bytes(behind_bytes));
    let (spool, stored, objects) = (bytes(spool), bytes(stored), counted(all.iter().map(|copy| copy.status.files).sum(), "object"));
    let copies_tone = if is_bad {
        Tone::Bad
    } else if current == all.len() {
        Tone::Good
    } else {
        Tone::Info
    };
    tiles(vec![
        tile(&Tile {
            title: "Copies that are current",
            value: &copies,
            note: "files at destinations",
            tone: copies_tone,
            ..Tile::default()
        }),
        tile(&Tile { title: "Lag", value: &lag, note: &lag_note, ..Tile::default() }),
        tile(&Tile { title: "Spool", value: &spool, note: "on this machine's disk, and the queue of an outage", ..Tile::default() }),
        tile(&Tile { title: "Stored", value: &stored, note: &objects, ..Tile::default() }),
    ])
}

fn file_card(file: &FileLook, look: &Overview) -> View {
    let status = &file.status;
    let mut facts = vec![
        ("Transaction", paragraph(&status.txid.to_string())),
        ("Spool", paragraph(&format!("{} in {}", bytes(status.spool_bytes), counted(status.spool_files, "file")))),
        ("Log not moved yet", paragraph(&bytes(status.log_bytes))),
    ];
    if let Some((at, doubt, txid)) = &status.last_doubt {
        let sentence = match doubt {
            Doubt::First => "it was the first".to_owned(),
            doubt => doubt.to_string(),
        };
        let text = format!(", transaction {txid}, because {sentence}");
        facts.push(("Last time every page was copied", view! { {ago(*at, look.now)} {text} }.into_any()));
    }
    let trouble = status.capture_error.as_ref().map(|(since, sentence)| {
        let since = view! { <p>"Nothing is put aside since " {moment(*since)} ". What is committed stays in the log of the file."</p> };
        notice_about(Tone::Bad, sentence, since)
    });
    card(Card { title: file.file.file_name(), lead: about(file.file), ..Card::default() }, view! { {trouble} {key_values(facts)} })
}

fn about(file: db::File) -> &'static str {
    match file {
        db::File::Hermetic => "The state: everything a person would miss. It is restored first.",
        db::File::Telemetry => "The log of observations. It is sent in larger pieces, some seconds apart.",
    }
}

fn copy_card(file: &FileLook, copy: &CopyLook, look: &Overview) -> View {
    let title = format!("{} at {}", file.file.file_name(), copy.status.name);
    let body = view! {
        <p>{state_badge(tone(copy.state), copy.state.label())} " " {code(&copy.address)}</p>
        {trouble(copy)}
        {strips(&copy.timeline)}
        {key_values(facts(copy, look))}
        {disclosure("Requests since the start", false, requests(copy))}
    };
    card(Card { title: &title, ..Card::default() }, body)
}

fn trouble(copy: &CopyLook) -> Option<View> {
    let (since, sentence) = copy.status.failing.as_ref()?;
    let waits = format!("{} wait in the spool: {}.", counted(copy.status.behind, "transaction"), bytes(copy.status.behind_bytes));
    let next = match copy.state {
        State::Refused => "Stop the other instance, or give this one a path of its own.",
        _ => "It is tried again by itself; nothing is lost while this machine lives.",
    };
    let body = view! { <p>"Since " {moment(*since)} ". " {waits} " " {next}</p> };
    Some(notice_about(Tone::Bad, sentence, body))
}

fn facts(copy: &CopyLook, look: &Overview) -> Vec<(&'static str, View)> {
    let status = &copy.status;
    let lag = match status.behind {
        0 => "none".to_owned(),
        behind => format!("{}: {}, {}", describe_duration(copy.lag), counted(behind, "transaction"), bytes(status.behind_bytes)),
    };
    let when = |at: Option<kernel::Time>| at.map_or_else(|| muted("none yet"), |at| ago(at, look.now));
    let conditions = match status.honours_conditions {
        None => "not asked yet",
        Some(true) => "honoured: a second instance is refused",
        Some(false) => "ignored by this store: a second instance is noticed, but not kept out",
    };
    let deletes = match (&status.refuses_deletes, status.is_append_only) {
        (_, true) => "append-only: nothing is deleted there".to_owned(),
        (None, false) => "what is past its window is deleted".to_owned(),
        (Some(reason), false) => {
            format!("refused by the store ({reason}): it grows. Allow deleting, or say append_only in the configuration.")
        }
    };
    let drills = match copy.is_readable {
        true => "restored and compared, by the settings",
        false => "it cannot be rehearsed here: no age identity is on this machine",
    };
    vec![
        ("Lag", paragraph(&lag)),
        ("Last upload", when(status.last_upload)),
        ("Transaction there", paragraph(&status.reached.map_or_else(|| "not listed yet".to_owned(), |reached| reached.to_string()))),
        ("Stored", paragraph(&format!("{} in {}", bytes(status.bytes), counted(status.files, "object")))),
        ("Whole copies", paragraph(&status.snapshots.len().to_string())),
        ("Newest moment", when(copy.timeline.newest)),
        ("Oldest moment", when(copy.timeline.oldest)),
        ("Conditional writes", paragraph(conditions)),
        ("Deleting", paragraph(&deletes)),
        ("Drills", paragraph(drills)),
    ]
}

fn requests(copy: &CopyLook) -> View {
    let counts = &copy.status.counts;
    let row = |kind: &str, count: u64| Row::new(vec![paragraph(kind), paragraph(&count.to_string())]);
    let rows = table(Table {
        caption: "Requests since the start",
        heads: &[Head::text("Kind"), Head::number("Requests")],
        rows: vec![
            row("Put", counts.put),
            row("Get", counts.get),
            row("List", counts.list),
            row("Copy", counts.copy),
            row("Head", counts.head),
            row("Delete", counts.delete),
        ],
        empty: EmptyState::default(),
    });
    let traffic = format!("{} sent, {} fetched.", bytes(counts.bytes_up), bytes(counts.bytes_down));
    view! { {rows} <p class="muted">{traffic}</p> }.into_any()
}

fn costs(look: &Overview) -> View {
    let rows: Vec<Row> = look.copies().filter_map(|(file, copy)| Some(cost_row(file, copy, copy.cost.as_ref()?))).collect();
    let total: f64 = look.copies().filter_map(|(_, copy)| copy.cost.as_ref()).map(Cost::total).sum();
    let over = describe_duration(look.now.since(look.started_at));
    let lead = if rows.is_empty() {
        "Estimated after an hour of running: before that, the requests of the start weigh too much.".to_owned()
    } else {
        format!("About ${total:.2} a month, at the rate of the {over} since the start.")
    };
    let table = table(Table {
        caption: "Estimated cost a month",
        heads: &[
            Head::text("Copy"),
            Head::number("Put, copy, list"),
            Head::number("Get, head"),
            Head::number("Storage"),
            Head::number("Together"),
            Head::number("Requests counted"),
        ],
        rows,
        empty: EmptyState { title: "No estimate yet", sentence: "It needs an hour of running.", actions: Vec::new() },
    });
    card(Card { title: "Estimated cost", lead: &lead, is_flush: true, ..Card::default() }, view! { {table} {formula(&look.prices)} })
}

fn cost_row(file: &FileLook, copy: &CopyLook, cost: &Cost) -> Row {
    let money = |value: f64| paragraph(&format!("${value:.2}"));
    let name = format!("{} at {}", file.file.file_name(), copy.status.name);
    let counted = paragraph(&format!("{} in {}", cost.requests, describe_duration(cost.over)));
    Row::new(vec![paragraph(&name), money(cost.puts), money(cost.gets), money(cost.storage), money(cost.total()), counted])
}

fn formula(prices: &Prices) -> View {
    let text = format!(
        "Requests since the start ÷ time since the start × 30 days ÷ 1,000 × ${} (put, copy, list) or ${} (get, head), plus gigabytes stored × ${}. Deleting and sending are free at most stores. ",
        prices.puts, prices.gets, prices.storage
    );
    view! { <p class="muted card-foot">{text} {link("/console/settings#backup", "Change the prices")}</p> }.into_any()
}

fn answers(durable: &[String], unknown: &[String]) -> View {
    let text = if durable.is_empty() {
        "A change is answered once it is on this machine's disk. No answer waits for a copy.".to_owned()
    } else {
        format!(
            "Answers of {} wait until their bytes are at the first destination, at most 10 s. What has not arrived by then is answered all \
             the same and says so: Hermetic-Durable: pending, to programs as 202. Signing in never waits.",
            durable.join(", ")
        )
    };
    let next = link("/console/settings#backup", "Change it in the settings");
    let unknown = (!unknown.is_empty()).then(|| {
        notice(Tone::Warn, &format!("The setting names {}, which no capability is called: nothing waits for it.", unknown.join(", ")))
    });
    card(Card { title: "Durable answers", ..Card::default() }, view! { {unknown} <p>{text} " " {next}</p> })
}
