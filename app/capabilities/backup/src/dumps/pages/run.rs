//! One run: what was proven, what the command said, and how exactly this dump comes back.

use frontend::prelude::*;
use kernel::time::describe_duration;
use replica::address::Address;

use super::{outcome_badge, trail};
use crate::dumps::model::{Check, Dump, Encryption, Kind, Outcome, Run, command, size};

pub struct RunPage<'a> {
    pub dump: &'a Dump,
    pub run: &'a Run,
    /// Where the object lies; `None` when its destination is no longer configured.
    pub address: Option<&'a Address>,
    pub can_accept: bool,
    pub can_download: bool,
}

pub fn show(page: &RunPage<'_>) -> View {
    let run = page.run;
    let mut acts = Vec::new();
    if run.outcome == Outcome::Doubtful && page.can_accept {
        acts.push(confirm_button(&ConfirmButton {
            label: "Accept as good",
            question: "It counts as a good dump from now on, and the next ones are compared with its size.",
            confirm: "Accept",
            action: format!("/backup/dumps/runs/{}/accept", run.id).into(),
            look: Look::Primary,
            ..ConfirmButton::default()
        }));
    }
    if run.object().is_some() && page.can_download {
        acts.push(link_button(format!("/backup/dumps/runs/{}/download", run.id), "Download", Look::Plain));
    }
    let mut way = trail();
    let name = page.dump.draft.name.as_str();
    way.push((name, format!("/backup/dumps/{}", page.dump.id).into()));
    let title = format!("Run {}", run.id);
    let head =
        page_head(PageHead { title: &title, trail: way, badge: Some(outcome_badge(run.outcome)), actions: acts, ..PageHead::default() });
    let problem = if run.result.problem.is_empty() { ().into_any() } else { notice(Tone::Bad, &run.result.problem) };
    let log = match run.result.log.as_str() {
        "" => muted("The command wrote nothing to its standard error."),
        log => code_block(log),
    };
    let body = view! {
        {problem}
        {card(Card { title: "What was proven", is_flush: true, ..Card::default() }, checks(&run.result.checks))}
        {card(Card { title: "The run", ..Card::default() }, facts(run))}
        {card(Card { title: "Log", lead: "The end of what was written to standard error.", ..Card::default() }, log)}
    };
    stack(vec![head, live("run", body), restore(page)])
}

fn checks(checks: &[Check]) -> View {
    let heads = [Head::text("Check"), Head::text("Result"), Head::text("Found")];
    let rows = checks.iter().map(|check| {
        let badge = if check.is_ok { state_badge(Tone::Good, "Passed") } else { state_badge(Tone::Bad, "Failed") };
        Row::new(vec![paragraph(&check.name), badge, muted(&check.note)])
    });
    let empty = EmptyState { title: "Nothing is proven yet", sentence: "The checks follow the command's end.", ..EmptyState::default() };
    table(Table { caption: "Checks", heads: &heads, rows: rows.collect(), empty })
}

fn facts(run: &Run) -> View {
    let mut pairs = vec![("Started", moment(run.started_at)), ("By", muted(&run.started_by))];
    if let Some(ended) = run.ended_at {
        pairs.push(("Took", muted(&describe_duration(ended.since(run.started_at)))));
    }
    pairs.push(("Dump", muted(&size(run.result.raw_bytes))));
    pairs.push(("Stored", muted(&size(run.result.stored_bytes))));
    if let Some(exit) = run.result.exit_code {
        pairs.push(("Exit code", muted(&exit.to_string())));
    }
    pairs.push(("Destination", muted(&run.place)));
    if !run.recipient.is_empty() {
        pairs.push(("Opened by the key of", code(&run.recipient)));
    }
    if let Some(key) = &run.result.object_key {
        pairs.push(("Object", code(&format!("dumps/{key}"))));
        pairs.push(("SHA-256", code(&run.result.sha256)));
    }
    if let Some(at) = run.removed_at {
        pairs.push(("Rotated away", moment(at)));
    }
    key_values(pairs)
}

fn restore(page: &RunPage<'_>) -> View {
    let (Some(key), Some(address)) = (page.run.object(), page.address) else { return ().into_any() };
    let lead = "In this order, on the machine where the database shall be. Nothing here touches your present database.";
    card(Card { title: "How this dump comes back", lead, ..Card::default() }, code_block(&recipe(page.dump, page.run, key, address)))
}

/// The commands for exactly this object.
pub fn recipe(dump: &Dump, run: &Run, key: &str, address: &Address) -> String {
    let file = key.rsplit('/').next().unwrap_or(key);
    let mut lines = vec!["# 1. Fetch it".to_owned()];
    match address {
        Address::Folder(root) => lines.push(format!("cp {} .", quoted(&root.join("dumps").join(key).to_string_lossy()))),
        Address::S3(bucket) => {
            let endpoint = bucket.endpoint.as_ref().map_or(String::new(), |endpoint| format!(" --endpoint-url {}", quoted(endpoint)));
            let source = quoted(&format!("{}/dumps/{key}", bucket.place()));
            lines.push(format!("aws s3 cp --region {}{endpoint} {source} .", quoted(&bucket.region)));
        }
    }
    lines.push(format!("echo '{}  {file}' | sha256sum --check", run.result.sha256));
    let packed = file.strip_suffix(".age").unwrap_or(file);
    match run.encryption {
        Encryption::Instance => {
            lines.push("# 2. Decrypt it with the key of this instance (Database dumps, Key); its public half is".to_owned());
            lines.push(format!("#    {}", run.recipient));
            lines.push(format!("age --decrypt --identity hermetic-dumps.key --output {packed} {file}"));
        }
        Encryption::Recipient => {
            lines.push("# 2. Decrypt it with the secret half of its recipient".to_owned());
            lines.push(format!("age --decrypt --identity YOUR.key --output {packed} {file}"));
        }
        Encryption::Passphrase => {
            lines.push("# 2. Decrypt it; age asks for the passphrase".to_owned());
            lines.push(format!("age --decrypt --output {packed} {file}"));
        }
        Encryption::None => lines.push("# 2. It is not encrypted".to_owned()),
    }
    let plain = packed.strip_suffix(".zst").unwrap_or(packed);
    lines.push("# 3. Unpack it".to_owned());
    lines.push(format!("zstd --decompress {packed}"));
    lines.push("# 4. Restore it".to_owned());
    lines.extend(last_steps(dump, plain));
    lines.join("\n")
}

fn last_steps(dump: &Dump, plain: &str) -> Vec<String> {
    let words = command::split(&dump.draft.command).unwrap_or_default();
    let (is_sql, is_cluster) = (command::is_plain_text(&words), command::is_of_cluster(&words));
    match dump.draft.kind {
        Kind::Postgresql if is_cluster => vec![format!("psql --dbname=postgres --file={plain}")],
        Kind::Postgresql if is_sql => vec!["createdb restored".to_owned(), format!("psql --dbname=restored --file={plain}")],
        Kind::Postgresql => {
            vec!["createdb restored".to_owned(), format!("pg_restore --no-owner --exit-on-error --dbname=restored {plain}")]
        }
        Kind::Mysql => vec!["mysqladmin create restored".to_owned(), format!("mysql restored < {plain}")],
        Kind::Sqlite => vec![format!("sqlite3 restored.db < {plain}"), "sqlite3 restored.db 'pragma integrity_check'".to_owned()],
        Kind::Command => vec![format!("# {plain} is what the command wrote: {}", dump.draft.command)],
    }
}

/// For a shell, which these lines are meant for.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte);
    if text.bytes().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
