//! `hermetic backup now`: when it ends well, everything that was committed before is at every destination.

use anyhow::{Result, bail};
use backup::copies::{Copies, Place, spool};
use capability::Cx;
use db::File;
use kernel::time::Stopwatch;
use kernel::{Clock, Time};
use replica::files::Span;
use replica::lease::Owner;
use std::path::Path;
use std::time::Duration;

use crate::config::Config;
use crate::{boot, replicate};

/// Between two looks at the destinations; each costs a request for each level.
const LOOK: Duration = Duration::from_secs(2);
/// The last commits and the leases, after all else has arrived or was given up.
const END: Duration = Duration::from_secs(20);
/// Bytes of a lock, at most.
const LARGEST_LOCK: usize = 4_096;

pub async fn run(config: &Config, most: Duration) -> Result<()> {
    if config.replicas.is_empty() {
        bail!("No copy is configured. Add [[replica]] to the config file.");
    }
    let (held, cx) = boot::open_offline(config)?;
    let late = match held {
        Some(_) => send(config, &cx, most).await?,
        None => {
            drop(cx);
            say!("A server runs on this folder and copies by itself. What it committed in the last ten seconds may still be on its way.");
            watch(config, &replicate::owner(&config.data_dir)?, most).await
        }
    };
    if late.is_empty() { Ok(()) } else { bail!("Not everything has arrived. {}", late.join(" ")) }
}

/// Copies by itself; gives a sentence for each copy that is not up to date.
async fn send(config: &Config, cx: &Cx, most: Duration) -> Result<Vec<String>> {
    let owner = replicate::owner(&config.data_dir)?;
    let copies = Copies::start(cx, config.replicas.clone(), owner.clone()).map_err(boot::sentence)?;
    let watch = Stopwatch::start();
    let left = || most.saturating_sub(watch.elapsed());
    for file in replicate::ORDER {
        let replica = copies.replica(file);
        // Both answers are taken from the last look below: a destination that comes back until then is in time.
        let _ = replica.reached(left()).await;
        for place in &config.replicas {
            let _ = replica.arrived(&place.name, replica.status().txid, left()).await;
        }
    }
    copies.finish(left().max(END)).await;
    let mut late = Vec::new();
    for file in replicate::ORDER {
        let status = copies.replica(file).status();
        for place in status.destinations {
            let why = place.failing.map_or_else(String::new, |(_, why)| format!(": {why}"));
            if let Some(named) = config.replicas.iter().find(|named| named.name == place.name)
                && let Some(sentence) = held_by_another(named, file, &owner).await
            {
                late.push(sentence);
                continue;
            }
            match place.reached {
                Some(reached) if reached > 0 && reached >= status.txid => {
                    say!("{}: transaction {reached} is at {}.", file.file_name(), place.name)
                }
                reached => late.push(behind(&place.name, file, reached, status.txid, &why)),
            }
        }
    }
    Ok(late)
}

fn behind(place: &str, file: File, reached: Option<u64>, newest: u64, why: &str) -> String {
    let has = match reached {
        None => "could not be asked for it".to_owned(),
        Some(0) => return format!("{}: {place} has nothing yet{why}.", file.file_name()),
        Some(_) if newest == 0 => return format!("{}: nothing of it was copied to {place} by this instance yet{why}.", file.file_name()),
        Some(reached) => format!("has only transaction {reached}"),
    };
    format!("{}: transaction {newest} is not at {place}, which {has}{why}.", file.file_name())
}

/// Looks what the server's spool has, and whether it is there.
async fn watch(config: &Config, owner: &Owner, most: Duration) -> Vec<String> {
    let watch = Stopwatch::start();
    // Taken once: what is committed from now on is not waited for. A server that has only just begun has captured nothing yet.
    let mut newest = replicate::ORDER.map(|file| (file, captured(&config.data_dir, file)));
    while newest.iter().any(|(_, newest)| *newest == 0) && watch.elapsed() < most {
        tokio::time::sleep(LOOK.min(most)).await;
        newest = newest.map(|(file, newest)| (file, if newest == 0 { captured(&config.data_dir, file) } else { newest }));
    }
    let mut waiting: Vec<(&Place, File, u64)> =
        config.replicas.iter().flat_map(|place| newest.map(|(file, newest)| (place, file, newest))).collect();
    loop {
        let mut late = Vec::new();
        for &(place, file, newest) in &waiting {
            let sentence = match (held_by_another(place, file, owner).await, there(place, file).await) {
                (Some(sentence), _) => sentence,
                (None, Ok(reached)) if newest > 0 && reached >= newest => {
                    say!("{}: transaction {reached} is at {}.", file.file_name(), place.name);
                    continue;
                }
                (None, Ok(reached)) => behind(&place.name, file, Some(reached), newest, ""),
                (None, Err(why)) => behind(&place.name, file, None, newest, &format!(": {why}")),
            };
            late.push(((place, file, newest), sentence));
        }
        let (still, sentences): (Vec<_>, Vec<_>) = late.into_iter().unzip();
        if sentences.is_empty() || watch.elapsed() >= most {
            return sentences;
        }
        waiting = still;
        tokio::time::sleep(LOOK.min(most)).await;
    }
}

/// The last transaction at a destination.
async fn there(place: &Place, file: File) -> Result<u64, replica::store::StoreError> {
    Ok(replica::engine::list_store(&place.store(file)?).await?.max())
}

/// The lock of another instance, while it lasts: then what lies there is the other's, whatever its numbers say.
async fn held_by_another(place: &Place, file: File, owner: &Owner) -> Option<String> {
    let lock = place.store(file).ok()?.get("lock.json", None).await.ok()?.read_all(LARGEST_LOCK).await.ok()?;
    let lock: serde_json::Value = serde_json::from_slice(&lock).ok()?;
    let word = |name: &str| lock.get(name).and_then(serde_json::Value::as_str);
    let (holder, until) = (word("owner")?, word("expires_at")?);
    if holder == owner.id || Time::parse_rfc3339(until)? <= Clock::System.now() {
        return None;
    }
    let host = word("host").filter(|host| !host.is_empty()).unwrap_or(holder);
    Some(format!("{}: another instance ({host}) writes to {}; its lease runs until {until}.", file.file_name(), place.name))
}

/// The last transaction in the spool of a running server, by the names of its files: opening the spool would tidy it up.
fn captured(data_dir: &Path, file: File) -> u64 {
    let levels = std::fs::read_dir(spool(data_dir, file).join("ltx")).into_iter().flatten().flatten();
    let files = levels.flat_map(|level| std::fs::read_dir(level.path()).into_iter().flatten().flatten());
    files.filter_map(|file| Span::parse(file.file_name().to_str()?)).map(|span| span.max).max().unwrap_or(0)
}
