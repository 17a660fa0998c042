//! Telling others that the server answers: systemd, scripts, the person at the terminal.

use anyhow::{Context as _, Result};
use capability::Cx;
use kernel::Secret;
use sd_notify::NotifyState;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

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

/// Feeds systemd's watchdog as long as the writer thread moves: a process that only looks alive is restarted.
pub async fn feed_watchdog(cx: Cx) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let pause = (limit / 3).max(Duration::from_millis(100));
    loop {
        // An empty transaction writes nothing, and comes back only if the writer thread does.
        let has_moved = tokio::time::timeout(pause, cx.write(|_| Ok(()))).await;
        if matches!(has_moved, Ok(Ok(()))) {
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("the writer thread does not move; the watchdog is not fed");
        }
        tokio::time::sleep(pause).await;
    }
}
