//! What the rest of the house hears of dumps: the home page, search, the doctor, numbers.

use capability::{Diagnosis, Gauge, Hit, Metric, Reading, Tile};
use db::Reader;
use frontend::Tone;
use kernel::Result;
use kernel::time::describe_duration;

use super::model::{Encryption, size};
use super::store;

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let dumps = store::list(r)?;
    if dumps.is_empty() {
        return Ok(Vec::new());
    }
    let troubled = dumps.iter().filter(|dump| dump.trouble.is_some()).count();
    let (value, tone) = match troubled {
        0 => ("all good".to_owned(), Tone::Good),
        count => (format!("{count} in trouble"), Tone::Bad),
    };
    let note = match oldest_good(r)? {
        Some(age) => format!("{} made; the oldest of the newest is {} old", dumps.len(), describe_duration(age)),
        None => "Not every dump has run to a good end yet.".to_owned(),
    };
    let spark = match dumps.as_slice() {
        [only] => store::sizes(r, only.id, 30)?,
        _ => Vec::new(),
    };
    Ok(vec![Tile { title: "Database dumps".to_owned(), value, note, href: "/backup/dumps".to_owned(), tone, spark }])
}

/// Of each dump's newest good one, the oldest. `None` when one has none at all.
fn oldest_good(r: &Reader<'_>) -> Result<Option<std::time::Duration>> {
    let mut oldest = None;
    for dump in store::list(r)?.into_iter().filter(|dump| !dump.draft.paused) {
        let Some(run) = store::last_good(r, dump.id)? else { return Ok(None) };
        let age = r.now.since(run.started_at);
        oldest = oldest.max(Some(age));
    }
    Ok(oldest)
}

pub const METRICS: &[Metric] = &[Metric {
    name: "backup.dump_age_hours",
    label: "Age of the oldest newest good dump",
    unit: "hours",
    read: |_, r| Ok(oldest_good(r)?.map(|age| Reading { value: age.as_secs_f64() / 3_600.0, samples: 1 })),
}];

pub fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let mut gauges = Vec::new();
    for dump in store::list(r)? {
        let labels = vec![("dump", dump.draft.key.clone())];
        let is_well = if dump.trouble.is_none() { 1.0 } else { 0.0 };
        gauges.push(Gauge {
            name: "hermetic_backup_dump_ok",
            help: "1 while a good dump is there in time.",
            labels: labels.clone(),
            value: is_well,
        });
        if let Some(run) = store::last_good(r, dump.id)? {
            gauges.push(Gauge {
                name: "hermetic_backup_dump_last_good_timestamp_seconds",
                help: "When the newest good dump began.",
                labels: labels.clone(),
                value: run.started_at.0 as f64 / 1_000.0,
            });
            gauges.push(Gauge {
                name: "hermetic_backup_dump_stored_bytes",
                help: "Size of the newest good dump at its destination.",
                labels,
                value: run.result.stored_bytes as f64,
            });
        }
    }
    Ok(gauges)
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let needle = query.trim().to_lowercase();
    if needle.is_empty() {
        return Ok(Vec::new());
    }
    let fits = |text: &str| text.to_lowercase().contains(&needle);
    let hits = store::list(r)?.into_iter().filter(|dump| fits(&dump.draft.name) || fits(&dump.draft.key) || fits(dump.draft.kind.label()));
    let hit = |dump: super::model::Dump| Hit {
        kind: "Dump",
        note: dump.draft.kind.label().to_owned(),
        href: format!("/backup/dumps/{}", dump.id),
        title: dump.draft.name,
    };
    Ok(hits.take(10).map(hit).collect())
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let mut found = Vec::new();
    let dumps = store::list(r)?;
    for dump in &dumps {
        let subject = format!("Dump {}", dump.draft.name);
        if let Some(trouble) = dump.trouble {
            let since = describe_duration(r.now.since(trouble.since));
            let why = store::last_run(r, dump.id)?.map(|run| run.result.problem).unwrap_or_default();
            let finding = format!("There is no good dump where one should be, for {since}. {why}").trim_end().to_owned();
            let advice = format!("Look at /backup/dumps/{}; run it again when the cause is gone.", dump.id);
            found.push(Diagnosis { tone: Tone::Bad, subject, finding, advice });
        } else if let Some(run) = store::last_good(r, dump.id)? {
            let age = describe_duration(r.now.since(run.started_at));
            let finding = format!("The newest good dump is {age} old and has {}.", size(run.result.stored_bytes));
            found.push(Diagnosis { tone: Tone::Good, subject, finding, advice: String::new() });
        }
    }
    let uses_key = dumps.iter().any(|dump| dump.draft.encryption == Encryption::Instance);
    if uses_key && store::is_key_shown(r)? == Some(false) {
        found.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Key of the dumps".to_owned(),
            finding: "Nobody has taken it out of this instance: if this machine is lost, the dumps are worth nothing.".to_owned(),
            advice: "An owner downloads it at /backup/dumps/key and keeps it elsewhere.".to_owned(),
        });
    }
    Ok(found)
}
