//! What backup puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Reading, Tile};
use db::Reader;
use frontend::Tone;
use kernel::time::{DAY, describe_duration};
use kernel::{Result, Role, Time};

use crate::model::condition::{Condition, Copy, lag};
use crate::model::cost::float;
use crate::model::disk::Full;
use crate::model::report::{Drill, Outcome};
use crate::{Copies, FILES, store};

pub const NAV: &[Nav] = &[Nav { label: "Backup", path: "/backup", icon: "backup", group: NavGroup::Run, rank: Role::Viewer }];

pub const KEEP: &[Keep] = &[Keep { what: "reports of drills", days: store::KEPT_DAYS }];

pub const METRICS: &[Metric] = &[
    Metric {
        name: "backup.lag_seconds",
        label: "Lag of the copy that is farthest behind",
        unit: "s",
        read: |house, r| Ok(worst(house, |copy| lag(copy, r.now).as_secs_f64())),
    },
    Metric {
        name: "backup.lag_bytes",
        label: "Bytes that wait for a destination",
        unit: "bytes",
        read: |house, _| Ok(worst(house, |copy| float(copy.behind_bytes))),
    },
    Metric {
        name: "backup.lag_transactions",
        label: "Transactions that wait for a destination",
        unit: "transactions",
        read: |house, _| Ok(worst(house, |copy| float(copy.behind))),
    },
    Metric { name: "backup.spool_bytes", label: "Bytes in the spool", unit: "bytes", read: spool_bytes },
    Metric { name: "backup.drill_age_days", label: "Days since the oldest of the last passed drills", unit: "days", read: drill_age },
    Metric { name: "backup.drills_failed", label: "Copies whose last drill failed", unit: "copies", read: drills_failed },
];

fn worst(house: &House, read: impl Fn(&replica::engine::DestinationStatus) -> f64) -> Option<Reading> {
    let copies = Copies::of(house)?;
    let values: Vec<f64> = FILES.iter().flat_map(|file| copies.replica(*file).status().destinations).map(|copy| read(&copy)).collect();
    let value = values.iter().copied().fold(0.0, f64::max);
    (!values.is_empty()).then_some(Reading { value, samples: values.len() as u64 })
}

fn spool_bytes(house: &House, _: &Reader<'_>) -> Result<Option<Reading>> {
    let Some(copies) = Copies::of(house) else { return Ok(None) };
    let bytes: u64 = FILES.iter().map(|file| copies.replica(*file).status().spool_bytes).sum();
    Ok(Some(Reading { value: float(bytes), samples: 1 }))
}

fn drill_age(_: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let drills = store::list_last_drills(r)?;
    let ages = drills.iter().filter(|drill| drill.outcome == Outcome::Passed).filter_map(|drill| drill.ended_at);
    let oldest = ages.map(|at| r.now.since(at).as_secs_f64() / DAY.as_secs_f64()).reduce(f64::max);
    Ok(oldest.map(|value| Reading { value, samples: drills.len() as u64 }))
}

fn drills_failed(_: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let drills = store::list_last_drills(r)?;
    let failed = drills.iter().filter(|drill| drill.outcome == Outcome::Failed).count() as u64;
    Ok((!drills.is_empty()).then_some(Reading { value: float(failed), samples: drills.len() as u64 }))
}

pub fn gauges(house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let mut gauges = Vec::new();
    if let Some(copies) = Copies::of(house) {
        for file in FILES {
            gauges_of(file.file_name(), &copies.replica(file).status(), r.now, &mut gauges);
        }
    }
    for drill in store::list_last_drills(r)? {
        let labels = || vec![("file", drill.file.clone()), ("destination", drill.destination.clone())];
        let passed = if drill.outcome == Outcome::Passed { 1.0 } else { 0.0 };
        gauges.push(Gauge {
            name: "hermetic_backup_drill_passed",
            help: "Whether the last drill of a copy passed.",
            labels: labels(),
            value: passed,
        });
        let age = drill.ended_at.map_or(0.0, |at| r.now.since(at).as_secs_f64());
        gauges.push(Gauge {
            name: "hermetic_backup_drill_age_seconds",
            help: "Time since the last drill of a copy.",
            labels: labels(),
            value: age,
        });
    }
    Ok(gauges)
}

fn gauges_of(file: &str, status: &replica::engine::Status, now: Time, gauges: &mut Vec<Gauge>) {
    let mut add = |name, help, labels, value| gauges.push(Gauge { name, help, labels, value });
    let own = || vec![("file", file.to_owned())];
    add("hermetic_backup_spool_bytes", "Bytes in the spool of a file.", own(), float(status.spool_bytes));
    add("hermetic_backup_log_bytes", "Bytes of the write-ahead log that are not in the file yet.", own(), float(status.log_bytes));
    for copy in &status.destinations {
        let labels = || vec![("file", file.to_owned()), ("destination", copy.name.clone())];
        add("hermetic_backup_lag_seconds", "How long the oldest missing transaction waits.", labels(), lag(copy, now).as_secs_f64());
        add("hermetic_backup_lag_bytes", "Bytes that wait for a destination.", labels(), float(copy.behind_bytes));
        add("hermetic_backup_lag_transactions", "Transactions that wait for a destination.", labels(), float(copy.behind));
        add("hermetic_backup_stored_bytes", "Bytes stored at a destination.", labels(), float(copy.bytes));
        let counts = &copy.counts;
        let kinds = [
            ("put", counts.put),
            ("get", counts.get),
            ("list", counts.list),
            ("copy", counts.copy),
            ("head", counts.head),
            ("delete", counts.delete),
        ];
        for (kind, count) in kinds {
            let mut labels = labels();
            labels.push(("kind", kind.to_owned()));
            add("hermetic_backup_requests_total", "Requests to a destination since the start.", labels, float(count));
        }
    }
}

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let copies: Vec<Copy> = store::list_copies(r)?;
    let bad = copies.iter().filter(|copy| copy.condition.is_bad()).count();
    let outstanding = copies.iter().filter(|copy| copy.condition == Condition::Outstanding).count();
    let drills = store::list_last_drills(r)?;
    let tile = |value: String, note: String, tone| Tile {
        title: "Backup".to_owned(),
        value,
        note,
        href: "/backup".to_owned(),
        tone,
        spark: Vec::new(),
    };
    let count = copies.iter().filter(|copy| !copy.is_spool()).count();
    if count == 0 {
        return Ok(vec![tile("none".to_owned(), "Name a bucket: nothing is copied yet.".to_owned(), Tone::Warn)]);
    }
    let drill = match drills.iter().min_by_key(|drill| (drill.outcome == Outcome::Passed, drill.ended_at)) {
        None => "No drill yet.".to_owned(),
        Some(drill) => {
            format!("Last drill {}, {} ago.", drill.outcome.as_str(), describe_duration(r.now.since(drill.ended_at.unwrap_or(r.now))))
        }
    };
    let has_failed = drills.iter().any(|drill| drill.outcome == Outcome::Failed);
    let (value, tone) = match bad {
        0 if has_failed => ("drill failed".to_owned(), Tone::Bad),
        0 if outstanding > 0 => (format!("{outstanding} of {count} outstanding"), Tone::Neutral),
        0 => (format!("{count} copies follow"), Tone::Good),
        bad => (format!("{bad} stale"), Tone::Bad),
    };
    Ok(vec![tile(value, drill, tone)])
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    let needle = query.trim().to_lowercase();
    let mut hits = Vec::new();
    let pages = [
        ("Copies, restore points, cost", "backup copies replica restore point destination bucket s3 litestream cost", "/backup"),
        ("Drills", "backup drill rehearse restore report verify", "/backup/drills"),
        ("Backup and restore", "backup restore runbook disaster recovery litestream new machine", "/backup/runbook"),
    ];
    for (title, words, href) in pages {
        if !needle.is_empty() && (words.contains(&needle) || title.to_lowercase().contains(&needle)) {
            hits.push(Hit { kind: "Backup", title: title.to_owned(), note: String::new(), href: href.to_owned() });
        }
    }
    let named = store::list_copies(r)?.into_iter().filter(|copy| !copy.is_spool() && copy.destination.to_lowercase().contains(&needle));
    hits.extend(named.take(4).map(|copy| Hit {
        kind: "Copy",
        title: format!("{} at {}", copy.file, copy.destination),
        note: copy.condition.as_str().to_owned(),
        href: "/backup".to_owned(),
    }));
    Ok(hits)
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    // A server writes down what it copies when it starts, so that this needs no configuration.
    let copies = store::list_copies(r)?;
    let mut findings: Vec<Diagnosis> = store::find_full_disk(r)?.iter().map(|full| diagnose_disk(full, r.now)).collect();
    if copies.iter().all(Copy::is_spool) {
        findings.push(Diagnosis {
            tone: Tone::Bad,
            subject: "Backup".to_owned(),
            finding: "Nothing is copied: if this machine dies, everything here is lost.".to_owned(),
            advice: "Add [[replica]] with a bucket to the configuration file and start Hermetic again; the page Backup shows how."
                .to_owned(),
        });
        return Ok(findings);
    }
    let drills = store::list_last_drills(r)?;
    for copy in &copies {
        findings.extend(diagnose_copy(copy, r.now));
        if !copy.is_spool() {
            findings.extend(diagnose_drill(copy, &drills));
        }
    }
    Ok(findings)
}

fn diagnose_disk(full: &Full, now: Time) -> Diagnosis {
    Diagnosis {
        tone: Tone::Bad,
        subject: "Disk".to_owned(),
        finding: format!("It is full since {}. {}", describe_duration(now.since(full.since)), full.sentence()),
        advice: "Free some of the disk; observations go on by themselves.".to_owned(),
    }
}

fn diagnose_copy(copy: &Copy, now: Time) -> Vec<Diagnosis> {
    let subject = if copy.is_spool() { format!("Spool of {}", copy.file) } else { format!("{} at {}", copy.file, copy.destination) };
    let diagnosis = |tone, finding: String, advice: &str| Diagnosis { tone, subject: subject.clone(), finding, advice: advice.to_owned() };
    let lasted = describe_duration(now.since(copy.since));
    let mut findings = vec![match copy.condition {
        Condition::Well if copy.is_spool() => return Vec::new(),
        Condition::Well => diagnosis(Tone::Good, "The copy follows.".to_owned(), ""),
        Condition::Outstanding => diagnosis(Tone::Neutral, format!("The first copy is outstanding since {lasted}."), ""),
        Condition::Stale if copy.is_spool() => {
            diagnosis(Tone::Bad, format!("Nothing is put aside since {lasted}: {}", copy.detail), "Free some of the disk.")
        }
        Condition::Stale => diagnosis(
            Tone::Bad,
            format!("The copy is stale since {lasted}: {}", copy.detail),
            "Check address, credentials and network; it catches up by itself.",
        ),
        Condition::Refused => diagnosis(
            Tone::Bad,
            format!("Another instance writes there since {lasted}: {}", copy.detail),
            "Stop one of the two, or give this one a path of its own.",
        ),
    }];
    if copy.honours_conditions == Some(false) {
        let advice = "Make sure by yourself that only one instance is configured with this path.";
        findings.push(diagnosis(
            Tone::Warn,
            "The store ignores conditional writes: a second instance is noticed, but not kept out.".to_owned(),
            advice,
        ));
    }
    if !copy.is_append_only && !copy.refuses_deletes.is_empty() {
        let finding = format!("The store refuses to delete: {}", copy.refuses_deletes);
        findings.push(diagnosis(
            Tone::Warn,
            finding,
            "Allow s3:DeleteObject below the path, or set append_only = true in the configuration.",
        ));
    }
    findings
}

fn diagnose_drill(copy: &Copy, drills: &[Drill]) -> Option<Diagnosis> {
    let last = drills.iter().find(|drill| drill.file == copy.file && drill.destination == copy.destination);
    let subject = format!("Drill of {} from {}", copy.file, copy.destination);
    match last {
        None if !copy.is_readable => Some(Diagnosis {
            tone: Tone::Info,
            subject,
            finding: "It cannot be rehearsed here: no age identity is on this machine.".to_owned(),
            advice: "Rehearse it where the identity is: hermetic drill, with this destination in the configuration.".to_owned(),
        }),
        None => Some(Diagnosis {
            tone: Tone::Warn,
            subject,
            finding: "It was never rehearsed.".to_owned(),
            advice: "Run a drill under Backup, Drills: a copy that was never restored is a hope.".to_owned(),
        }),
        Some(drill) if drill.outcome == Outcome::Failed => Some(Diagnosis {
            tone: Tone::Bad,
            subject,
            finding: format!("The last one failed: {}", drill.summary),
            advice: format!("Read its report at /backup/drills/{} and run another.", drill.id),
        }),
        Some(_) => None,
    }
}
