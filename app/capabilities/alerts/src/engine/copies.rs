//! Facts about the copies of the databases: what they open, what they end.

use db::Tx;
use kernel::text::shorten;
use kernel::{Fact, Result, Time};

use super::Desk;
use super::life::{Resolution, resolve};
use crate::alert::NewAlert;
use crate::notice::NoticeKind;
use crate::rule::Topic;
use crate::store::alerts;

fn copy_key(file: &str, destination: &str) -> String {
    format!("copy:{file}:{destination}")
}

fn spool_key(file: &str) -> String {
    format!("spool:{file}")
}

fn drill_key(file: &str, destination: &str) -> String {
    format!("drill:{file}:{destination}")
}

const DISK_KEY: &str = "disk";

/// Whether the fact ends alerts rather than opening one.
pub fn is_end(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::ReplicaCaughtUp { .. }
            | Fact::ReplicaRemoved { .. }
            | Fact::SpoolRecovered { .. }
            | Fact::DrillPassed { .. }
            | Fact::DiskHasRoom { .. }
    )
}

pub fn end(tx: &mut Tx<'_>, desk: &Desk, fact: &Fact) -> Result<()> {
    let (key, at) = match fact {
        Fact::ReplicaRemoved { file, destination, removed_at } => return removed(tx, desk, (file, destination), *removed_at),
        Fact::ReplicaCaughtUp { file, destination, caught_up_at, .. } => (copy_key(file, destination), *caught_up_at),
        Fact::SpoolRecovered { file, recovered_at, .. } => (spool_key(file), *recovered_at),
        Fact::DrillPassed { file, destination, at, .. } => (drill_key(file, destination), *at),
        Fact::DiskHasRoom { recovered_at, .. } => (DISK_KEY.to_owned(), *recovered_at),
        _ => return Ok(()),
    };
    for alert in alerts::list_open_about(tx, None, &key)? {
        resolve(tx, desk, alert, &Resolution { by: "", at, kind: NoticeKind::Resolved })?;
    }
    Ok(())
}

/// A copy that is not made any more can neither catch up nor be restored.
fn removed(tx: &mut Tx<'_>, desk: &Desk, (file, destination): (&str, &str), at: Time) -> Result<()> {
    for key in [copy_key(file, destination), drill_key(file, destination)] {
        for alert in alerts::list_open_about(tx, None, &key)? {
            resolve(tx, desk, alert, &Resolution { by: "the removal of the destination", at, kind: NoticeKind::Resolved })?;
        }
    }
    Ok(())
}

pub fn new_alert(fact: &Fact) -> Option<NewAlert> {
    let about = |topic, key: String, subject: String, title: String, detail: &str, started_at: Time| NewAlert {
        topic,
        occurrence: format!("{}:{key}:{}", topic.as_str(), started_at.0),
        subject_key: key,
        subject,
        target: String::new(),
        title,
        detail: shorten(detail, 1_000),
        started_at,
        expires_at: None,
        facts: Vec::new(),
        is_flapping: false,
    };
    match fact {
        Fact::ReplicaStale { file, destination, since, detail } => {
            let subject = format!("The copy of {file} at {destination}");
            let title = format!("{subject} is stale");
            Some(about(Topic::ReplicaStale, copy_key(file, destination), subject, title, detail, *since))
        }
        Fact::LeaseLost { file, destination, since, detail } => {
            let subject = format!("The copy of {file} at {destination}");
            let title = format!("Another instance writes {file} to {destination}");
            Some(about(Topic::LeaseLost, copy_key(file, destination), subject, title, detail, *since))
        }
        Fact::SpoolFailing { file, since, detail } => {
            let subject = format!("What {file} commits");
            let title = format!("{file} is not copied any more: nothing can be put aside on this machine");
            Some(about(Topic::SpoolFailing, spool_key(file), subject, title, detail, *since))
        }
        Fact::DiskFull { since, detail, .. } => {
            let (subject, title) = ("The disk".to_owned(), "The disk is full: observations are refused".to_owned());
            Some(about(Topic::DiskFull, DISK_KEY.to_owned(), subject, title, detail, *since))
        }
        Fact::DrillFailed { drill, file, destination, at, detail } => {
            let subject = format!("The copy of {file} at {destination}");
            let title = format!("A drill of restoring {file} from {destination} failed");
            let key = drill_key(file, destination);
            Some(NewAlert {
                occurrence: format!("drill:{drill}"),
                target: format!("/backup/drills/{drill}"),
                ..about(Topic::DrillFailed, key, subject, title, detail, *at)
            })
        }
        _ => None,
    }
}
