//! From a config to an open house: folder, lock, key, ways out. Shared by the server and the offline commands.

use anyhow::{Context as _, Result, bail};
use capability::{Boot, Cx, OpenOptions};
use kernel::text::WebUrl;
use kernel::{Clock, Sealer};
use outbound::{Outbound, OutboundOptions};
use std::fs::{File, OpenOptions as FileOptions, TryLockError};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

use crate::capabilities::REGISTRY;
use crate::config::Config;
use crate::placed;

const LOCK_FILE: &str = "hermetic.lock";

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The data folder, held by this process. Two servers on one folder would do every job twice.
pub struct Held {
    lock: File,
    /// An empty log that stands in for one that is still to be restored.
    _log: Option<tempfile::TempDir>,
}

impl Held {
    /// Leaves the bound address in the lock file, so that a command beside the server prints links that lead to it.
    pub fn note_address(&mut self, bound: SocketAddr) -> std::io::Result<()> {
        self.lock.set_len(0)?;
        writeln!(self.lock, "{bound}")
    }
}

/// The address of the server that holds the folder.
fn noted_address(data_dir: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(data_dir.join(LOCK_FILE)).ok()?.trim().parse().ok()
}

/// Makes the folder (for its owner only) and holds it.
pub fn hold(data_dir: &Path) -> Result<Held> {
    match try_hold(data_dir)? {
        Some(held) => Ok(held),
        None => bail!("Another Hermetic is running on {}. Stop it first, or name another --data-dir.", data_dir.display()),
    }
}

/// `None` when a server is running on it.
pub fn try_hold(data_dir: &Path) -> Result<Option<Held>> {
    let unusable =
        || format!("The data folder {} cannot be used; check its owner and rights, or name another with --data-dir", data_dir.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).with_context(unusable)?;
    let lock =
        FileOptions::new().create(true).truncate(false).write(true).mode(0o600).open(data_dir.join(LOCK_FILE)).with_context(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(Held { lock, _log: None })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(unusable),
    }
}

pub struct HouseOptions<'a> {
    pub config: &'a Config,
    /// Where an empty log stands in while the real one is being restored.
    pub log_folder: Option<PathBuf>,
    pub public_url: WebUrl,
    pub is_demo: bool,
    pub accepts_new_key: bool,
    pub shutdown: CancellationToken,
}

pub fn open(options: HouseOptions<'_>) -> Result<Cx> {
    let config = options.config;
    let is_new = options.accepts_new_key || !config.data_dir.join("hermetic.db").exists();
    let sealer = Sealer::new(&read_key(&config.key_file, is_new)?);
    let extra_ca_pem = config
        .ca_file
        .as_ref()
        .map(|path| std::fs::read_to_string(path).with_context(|| format!("The certificate file {} cannot be read", path.display())))
        .transpose()?;
    let user_agent = format!("Hermetic/{VERSION} (+{})", options.public_url.origin());
    let outbound = Outbound::new(OutboundOptions { extra_ca_pem, ..OutboundOptions::new(Clock::System, user_agent) }).map_err(sentence)?;
    let boot = Boot {
        data_dir: config.data_dir.clone(),
        listen: config.listen,
        public_url: options.public_url,
        version: VERSION,
        is_demo: options.is_demo,
    };
    capability::open(OpenOptions {
        boot,
        registry: REGISTRY,
        clock: Clock::System,
        outbound,
        sealer,
        accepts_new_key: options.accepts_new_key,
        log_folder: options.log_folder,
        // Where copies are made nobody else may move the log, not even a command beside the server.
        checkpoints: if config.replicas.is_empty() { db::Checkpoints::Automatic } else { db::Checkpoints::ByCopier },
        shutdown: options.shutdown,
    })
    .map_err(sentence)
}

/// For commands that work on the files themselves, whether or not a server runs. Keep what this gives while `Cx` is used.
pub fn open_offline(config: &Config) -> Result<(Option<Held>, Cx)> {
    open_offline_with(config, Offline::Existing)
}

/// What an offline command may find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offline {
    /// An instance, or it refuses: a mistyped folder must not become a second one.
    Existing,
    /// Perhaps nothing: what provisions an instance may run before its first start, unless there may be a copy to restore.
    OrNew,
    /// An instance whose key file was replaced on purpose.
    NewKey,
}

pub fn open_offline_with(config: &Config, offline: Offline) -> Result<(Option<Held>, Cx)> {
    let (folder, has_copies) = (config.data_dir.display(), !config.replicas.is_empty());
    let is_there = |file: db::File| config.data_dir.join(file.file_name()).exists();
    if !is_there(db::File::Hermetic) && (offline != Offline::OrNew || has_copies) {
        let restores = if has_copies { " first: it restores what the copies of the config have, or begins anew" } else { "" };
        bail!("There is no Hermetic in {folder}. Start one with `hermetic serve`{restores}, or name the right folder with --data-dir.");
    }
    let mut held = try_hold(&config.data_dir)?;
    // Made empty here, it would never be restored, and its copies would go on from nothing.
    let log_folder = if has_copies && !is_there(db::File::Telemetry) {
        let scratch = || tempfile::Builder::new().prefix(crate::meanwhile::SCRATCH).tempdir_in(&config.data_dir);
        match &mut held {
            Some(held) if offline == Offline::NewKey => Some(held._log.insert(scratch()?).path().to_owned()),
            Some(_) => bail!("{folder} has no telemetry.db yet. Start `hermetic serve` first: it restores what its copies have."),
            None => bail!("The server that runs on {folder} is still restoring telemetry.db. Please wait until it answers."),
        }
    } else {
        None
    };
    if held.is_some() {
        placed::set_foreign_logs_aside(&config.data_dir)?;
    }
    let noted = if held.is_none() { noted_address(&config.data_dir) } else { None };
    let public_url = public_url(config, noted.unwrap_or(config.listen))?;
    let cx = open(HouseOptions {
        config,
        log_folder,
        public_url,
        is_demo: false,
        accepts_new_key: offline == Offline::NewKey,
        shutdown: CancellationToken::new(),
    })?;
    if held.is_some() {
        placed::note(&config.data_dir)?;
    }
    Ok((held, cx))
}

pub fn public_url(config: &Config, bound: SocketAddr) -> Result<WebUrl> {
    match &config.public_url {
        Some(url) => Ok(url.clone()),
        None => WebUrl::parse(&format!("http://{bound}")).map_err(sentence),
    }
}

/// The house's errors already are sentences; the chain follows for whoever looks after the machine.
pub fn sentence(error: kernel::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", error.chain())
}

/// 32 bytes in hex. Made on the first start, readable by its owner only; never made beside a database that was sealed with
/// another one.
fn read_key(path: &Path, may_make: bool) -> Result<[u8; 32]> {
    if !may_make && !path.exists() {
        bail!(
            "The key file {} is missing, and this folder has a database that was sealed with it. Restore it from your copy; if it is lost, \
             `hermetic settings new-key` makes a new one, and stored passwords and channel addresses must then be entered again.",
            path.display()
        );
    }
    let made = FileOptions::new().create_new(true).write(true).mode(0o600).open(path);
    match made {
        Ok(mut file) => {
            let key = kernel::rng::random_bytes::<32>();
            let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(file, "{text}")
                .and_then(|()| file.sync_all())
                .with_context(|| format!("The key file {} cannot be written", path.display()))?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(path).with_context(|| format!("The key file {} cannot be read", path.display()))?;
            parse_key(text.trim())
                .with_context(|| format!("The key file {} does not hold 64 hexadecimal digits. Restore it from your copy", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("The key file {} cannot be made", path.display())),
    }
}

fn parse_key(text: &str) -> Result<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        bail!("it has {} characters", text.len());
    }
    let mut key = [0; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16)?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_then_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        assert!(read_key(&path, false).unwrap_err().to_string().contains("is missing"));
        let made = read_key(&path, true).unwrap();
        assert_eq!(read_key(&path, false).unwrap(), made);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "half a key").unwrap();
        assert!(format!("{:#}", read_key(&path, true).unwrap_err()).contains("64 hexadecimal digits"));
    }

    #[test]
    fn a_folder_is_held_by_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let held = hold(folder.path()).unwrap();
        assert!(hold(folder.path()).err().unwrap().to_string().contains("Another Hermetic is running"));
        drop(held);
        assert!(hold(folder.path()).is_ok());
    }
}
