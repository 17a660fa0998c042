//! What the rest of the house hears of dumps: the home page, search, the doctor, numbers.

use std::time::Duration;

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
    let (mut troubled, mut unproven, mut active) = (0, 0, 0);
    for dump in dumps.iter().filter(|dump| !dump.draft.paused) {
        active += 1;
        troubled += usize::from(dump.trouble.is_some());
        unproven += usize::from(dump.trouble.is_none() && !dump.is_well(store::last_verdict(r, dump.id)?));
    }
    let (value, tone) = match (active, troubled, unproven) {
        (0, ..) => ("paused".to_owned(), Tone::Neutral),
        (_, 0, 0) => ("all good".to_owned(), Tone::Good),
        (_, 0, count) => (format!("{count} not proven"), Tone::Warn),
        (_, count, _) => (format!("{count} in trouble"), Tone::Bad),
    };
    let note = match oldest(r)? {
        Some((age, true)) => format!("{} made; the oldest of the newest is {} old", dumps.len(), describe_duration(age)),
        Some((_, false)) => "Not every dump has run to a good end yet.".to_owned(),
        None => "None runs by itself.".to_owned(),
    };
    let spark = match dumps.as_slice() {
        [only] => store::sizes(r, only.id, 30)?,
        _ => Vec::new(),
    };
    Ok(vec![Tile { title: "Database dumps".to_owned(), value, note, href: "/backup/dumps".to_owned(), tone, spark }])
}

/// Of each dump's newest good one, the oldest, and whether each has one. What never ran well is as old as its dump: without a
/// value, a rule about the age would be silent just then.
fn oldest(r: &Reader<'_>) -> Result<Option<(Duration, bool)>> {
    let mut oldest: Option<(Duration, bool)> = None;
    for dump in store::list(r)?.into_iter().filter(|dump| !dump.draft.paused) {
        let good = store::last_good(r, dump.id)?;
        let age = r.now.since(good.as_ref().map_or(dump.created_at, |run| run.started_at));
        let (before, all) = oldest.unwrap_or((age, true));
        oldest = Some((before.max(age), all && good.is_some()));
    }
    Ok(oldest)
}

pub const METRICS: &[Metric] = &[Metric {
    name: "backup.dump_age_hours",
    label: "Age of the oldest newest good dump",
    unit: "hours",
    read: |_, r| Ok(oldest(r)?.map(|(age, _)| Reading { value: age.as_secs_f64() / 3_600.0, samples: 1 })),
}];

pub fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let mut gauges = Vec::new();
    for dump in store::list(r)? {
        let labels = vec![("dump", dump.draft.key.clone())];
        let is_well = if dump.is_well(store::last_verdict(r, dump.id)?) { 1.0 } else { 0.0 };
        gauges.push(Gauge {
            name: "hermetic_backup_dump_ok",
            help: "1 while a good dump is there in time and the last run was good.",
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
        if dump.is_lost {
            found.push(Diagnosis {
                tone: Tone::Bad,
                subject: subject.clone(),
                finding: "Its connection URL, passphrase or environment was sealed with a key file that is gone.".to_owned(),
                advice: format!("An owner enters them again at /backup/dumps/{}/edit.", dump.id),
            });
        }
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
    let key = if dumps.iter().any(|dump| dump.draft.encryption == Encryption::Instance) { store::key_state(r)? } else { None };
    if key.as_ref().is_some_and(|key| key.is_lost) {
        found.push(Diagnosis {
            tone: Tone::Bad,
            subject: "Key of the dumps".to_owned(),
            finding: "It was sealed with a key file that is gone: no dump can be made with it, and only who took it out before can open \
                      what it made."
                .to_owned(),
            advice: "An owner makes a new one at /backup/dumps/key.".to_owned(),
        });
    } else if key.is_some_and(|key| !key.is_shown) {
        found.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Key of the dumps".to_owned(),
            finding: "Nobody has taken it out of this instance: if this machine is lost, the dumps are worth nothing.".to_owned(),
            advice: "An owner downloads it at /backup/dumps/key and keeps it elsewhere.".to_owned(),
        });
    }
    Ok(found)
}
