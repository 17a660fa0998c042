//! Telling others that the server answers: systemd, scripts, the person at the terminal.

use anyhow::{Context as _, Result};
use capability::Cx;
use db::Db;
use kernel::Secret;
use sd_notify::NotifyState;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Says that the server answers. The set-up link is shown to a person at a terminal or written to the (private) ready
/// file; never to a log.
pub async fn announce(cx: &Cx, ready_file: Option<&Path>) -> Result<()> {
    let is_at_terminal = std::io::stderr().is_terminal();
    let url = cx.boot.public_url.origin();
    let setup_url = if is_at_terminal || ready_file.is_some() { setup_url(cx).await? } else { None };
    tracing::info!(url, version = cx.boot.version, "Hermetic answers");
    if let Some(link) = setup_url.as_ref().filter(|_| is_at_terminal) {
        let mut terminal = std::io::stderr().lock();
        // A terminal that went away cannot be told anything.
        let _ = writeln!(terminal, "\n  Open this link to make the first owner:\n  {}\n", link.expose());
    } else if !cx.read(identity::store::has_owner).await? {
        tracing::warn!("there is no owner yet: `hermetic member setup-link` prints the link that makes one");
    }
    if let Some(path) = ready_file {
        write_ready_file(path, &url, setup_url.as_ref())?;
    }
    // Without systemd there is nobody to notify, which is no error.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    Ok(())
}

/// The link that makes the first owner; `None` once there is one.
pub async fn setup_url(cx: &Cx) -> Result<Option<Secret>> {
    let token = cx.write(identity::sign_in::new_setup_token).await?;
    Ok(token.map(|token| Secret::new(cx.link(&format!("/set-up?token={}", token.expose())))))
}

fn write_ready_file(path: &Path, url: &str, setup_url: Option<&Secret>) -> Result<()> {
    let line = serde_json::json!({ "url": url, "setup_url": setup_url.map(Secret::expose) });
    let whole = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&whole)?;
        writeln!(file, "{line}")?;
        std::fs::rename(&whole, path)
    };
    write().with_context(|| format!("The ready file {} cannot be written", path.display()))
}

/// Asks systemd for more time as long as it lives: a restore, or a migration, takes as long as the data is large, which the
/// unit's TimeoutStartSec cannot know; whoever kills a restore begins it anew, for ever. A destination that falls silent ends
/// the start all the same: the replica's own time limits do.
pub struct Patience(JoinHandle<()>);

/// So much more is asked for, so often.
const MORE: Duration = Duration::from_secs(120);
const OFTEN: Duration = Duration::from_secs(30);

impl Patience {
    pub fn ask() -> Patience {
        Patience(tokio::spawn(async {
            let mut next = tokio::time::interval(OFTEN);
            loop {
                next.tick().await;
                let more = u32::try_from(MORE.as_micros()).unwrap_or(u32::MAX);
                let _ = sd_notify::notify(&[NotifyState::ExtendTimeoutUsec(more)]);
            }
        }))
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Feeds systemd's watchdog as long as the writer thread moves: a process that only looks alive is restarted.
pub async fn feed_watchdog(cx: Cx) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let pause = (limit / 3).max(Duration::from_millis(100));
    loop {
        if moves(&cx.hermetic, pause).await {
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("the writer thread does not move; the watchdog is not fed");
        }
        tokio::time::sleep(pause).await;
    }
}

/// Whether the writer thread takes an empty transaction, which writes nothing. It may refuse to commit it: a full disk is not
/// mended by a restart, which would only take the status page away.
async fn moves(db: &Db, most: Duration) -> bool {
    let has_run = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&has_run);
    let write = db.write(move |_| {
        runs.store(true, Ordering::Relaxed);
        Ok(())
    });
    tokio::time::timeout(most, write).await.is_ok() && has_run.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use db::{Checkpoints, File, OpenOptions};
    use kernel::{Clock, Time};

    #[tokio::test]
    async fn a_full_disk_feeds_the_watchdog_and_a_writer_that_hangs_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (checkpoints, clock) = (Checkpoints::Automatic, Clock::frozen(Time(5_000)));
        let options =
            OpenOptions { folder: folder.path().to_owned(), file: File::Hermetic, readers: 1, clock, checkpoints, floor: u64::MAX };
        let db = Db::open(options).unwrap();
        assert!(db.write(|_| Ok(())).await.is_err(), "nothing is written below the floor");
        assert!(moves(&db, Duration::from_secs(60)).await);
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        let hanging = tokio::spawn({
            let db = db.clone();
            async move { db.write(move |_| Ok(waits.recv().is_ok())).await }
        });
        tokio::task::yield_now().await;
        assert!(!moves(&db, Duration::from_millis(20)).await);
        drop(go_on);
        let _ = hanging.await;
    }
}
