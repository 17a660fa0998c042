//! `hermetic status`: the public page as files, for a host that outlives this one.

use anyhow::{Result, bail};
use kernel::Secret;
use status::export::Credentials;

use crate::boot;
use crate::config::{self, Config};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write the complete static site into a folder or a bucket
    ///
    /// The key of a bucket comes from HERMETIC_STATUS_ACCESS_KEY_ID and HERMETIC_STATUS_SECRET_ACCESS_KEY, or else from the
    /// settings of the status page.
    Export {
        /// A folder, or s3://bucket/path?endpoint=https://host [default: where the settings say]
        target: Option<String>,
    },
}

pub async fn run(config: &Config, command: Command) -> Result<()> {
    let Command::Export { target } = command;
    let target = match target {
        Some(folder) if !folder.contains("://") => Some(std::path::absolute(folder)?.to_string_lossy().into_owned()),
        other => other,
    };
    let credentials = match (config::environment("STATUS_ACCESS_KEY_ID"), config::environment("STATUS_SECRET_ACCESS_KEY")) {
        (Some(access_key_id), Some(secret)) => Some(Credentials { access_key_id, secret_access_key: Secret::new(secret) }),
        (None, None) => None,
        _ => bail!("Please give both HERMETIC_STATUS_ACCESS_KEY_ID and HERMETIC_STATUS_SECRET_ACCESS_KEY, or neither."),
    };
    let (_held, cx) = boot::open_offline(config)?;
    let written = status::export::once(&cx, target.clone(), credentials).await.map_err(boot::sentence)?;
    let place = target.unwrap_or_else(|| "the place of the settings".to_owned());
    say!("{} files in {place}, {} of them new or changed, {} removed.", written.files, written.changed, written.removed);
    Ok(())
}
