//! Restoring, rehearsed: the copy at a destination is restored to a scratch folder and compared with the live file at the
//! same transaction. What was found becomes a signed report, and a fact.
//!
//! - [`start`]: asks for drills when they are due, and runs what was asked for, one after the other
//! - [`run_asked`]: the next one; `rehearse` does it, `scratch` leaves nothing behind

mod rehearse;
mod scratch;

use capability::{Cx, Tasks};
use db::File;
use kernel::ids::DrillId;
use kernel::time::MINUTE;
use kernel::{Error, Fact, Result};
use tokio_util::sync::CancellationToken;

use crate::model::report::{Drill, Outcome, Report};
use crate::{Copies, FILES, TOPIC, settings, sign, store};

pub use rehearse::Room;
#[cfg(test)]
pub(crate) use rehearse::beside;

/// A new instance settles first: its first whole copy may still be on its way.
const SETTLE: std::time::Duration = std::time::Duration::from_secs(600);

pub fn start(cx: &Cx, tasks: &mut Tasks) {
    tasks.spawn("backup.drills", run(cx.clone(), tasks.shutdown()));
}

async fn run(cx: Cx, shutdown: CancellationToken) {
    let work = async {
        scratch::clear(&cx.boot.data_dir);
        let mut signals = cx.hermetic.signals();
        loop {
            match turn(&cx).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(error = error.chain(), "a drill could not be run; it is tried again in a minute");
                    // Not on a signal: the drill itself has sent some.
                    tokio::time::sleep(MINUTE).await;
                    continue;
                }
            }
            let asked = async { while !matches!(signals.recv().await, Ok(TOPIC) | Err(_)) {} };
            tokio::select! { () = asked => {}, () = tokio::time::sleep(MINUTE) => {} }
        }
    };
    tokio::select! { () = shutdown.cancelled() => {}, () = work => {} }
}

/// Asks for what is due and runs the next one; gives whether there was one.
pub async fn turn(cx: &Cx) -> Result<bool> {
    let Some(copies) = Copies::of(cx) else { return Ok(false) };
    ask_due(cx).await?;
    let waiting = cx.read(store::list_waiting_drills).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    // One after the other: what is called running now was not brought to its end. And a former destination, or one whose key
    // left this machine, can only fail.
    let can = |drill: &Drill| copies.is_readable(&drill.destination);
    let stray: Vec<DrillId> = waiting.iter().filter(|drill| !can(drill)).map(|drill| drill.id).collect();
    cx.write(move |tx| {
        store::release_drills(tx)?;
        stray.into_iter().try_for_each(|id| store::drop_drill(tx, id))
    })
    .await?;
    run_asked(cx, Room::default()).await.map(|ran| ran.is_some())
}

/// Asks for the drills that are due by the settings. A destination that was never listed waits, one that only this machine
/// cannot read is left out: it would only fail.
pub async fn ask_due(cx: &Cx) -> Result<()> {
    let Some(copies) = Copies::of(cx) else { return Ok(()) };
    if cx.now().since(cx.started_at) < SETTLE {
        return Ok(());
    }
    let reached: Vec<(File, String)> = FILES
        .iter()
        .flat_map(|file| copies.replica(*file).status().destinations.into_iter().map(move |copy| (*file, copy)))
        .filter(|(_, copy)| copy.reached.is_some_and(|reached| reached > 0) && copy.failing.is_none())
        .filter(|(_, copy)| copies.is_readable(&copy.name))
        .map(|(file, copy)| (file, copy.name))
        .collect();
    let due = cx
        .read(move |r| {
            let mut due = Vec::new();
            for (file, destination) in reached {
                let Some(every) = settings::drill_every(r, file)? else { continue };
                let last = store::last_asked(r, file.file_name(), &destination)?;
                if last.is_none_or(|last| r.now.since(last) >= every) {
                    due.push((file, destination));
                }
            }
            Ok(due)
        })
        .await?;
    if due.is_empty() {
        return Ok(());
    }
    let ask = move |tx: &mut db::Tx<'_>| {
        due.iter().try_for_each(|(file, destination)| store::ask_drill(tx, file.file_name(), destination, "schedule").map(|_| ()))
    };
    cx.write(ask).await
}

/// Runs the next drill that was asked for, to its report; `None` when there is none.
pub async fn run_asked(cx: &Cx, room: Room) -> Result<Option<Drill>> {
    let Some(mut drill) = cx.write(store::begin_drill).await? else { return Ok(None) };
    let mut report = Report {
        drill: drill.id.0,
        instance: cx.boot.public_url.url().host_str().unwrap_or_default().to_owned(),
        version: cx.boot.version.to_owned(),
        file: drill.file.clone(),
        destination: drill.destination.clone(),
        started_at: cx.now(),
        ..Report::default()
    };
    if let Err(error) = rehearse::rehearse(cx, &mut report, room).await {
        tracing::warn!(drill = drill.id.0, error = error.chain(), "a drill could not be carried through");
        report.problems.push(error.public_message().to_owned());
    }
    report.ended_at = cx.now();
    drill.outcome = if report.has_passed() { Outcome::Passed } else { Outcome::Failed };
    drill.ended_at = Some(report.ended_at);
    drill.summary = report.summary();
    drill.report =
        serde_json::to_string_pretty(&report).map_err(|error| Error::internal("writing the report of a drill").because(error))?;
    drill.signature = sign::sign(&cx.sealer, &drill)?;
    let ended = drill.clone();
    cx.write(move |tx| {
        store::end_drill(tx, &ended)?;
        work::record(tx, &fact(&ended))
    })
    .await?;
    Ok(Some(drill))
}

fn fact(drill: &Drill) -> Fact {
    let (file, destination) = (drill.file.clone(), drill.destination.clone());
    let at = drill.ended_at.unwrap_or(drill.asked_at);
    match drill.outcome {
        Outcome::Passed => Fact::DrillPassed { drill: drill.id, file, destination, at },
        _ => Fact::DrillFailed { drill: drill.id, file, destination, at, detail: drill.summary.clone() },
    }
}
