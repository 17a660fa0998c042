//! `hermetic status`: the public page as files, for a host that outlives this one.

use anyhow::Result;
use std::path::PathBuf;

use crate::boot;
use crate::config::Config;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write the complete static site into a folder
    Export { folder: PathBuf },
}

pub async fn run(config: &Config, command: Command) -> Result<()> {
    let Command::Export { folder } = command;
    let (_held, cx) = boot::open_offline(config)?;
    let written = status::export::export(&cx, folder.clone()).await.map_err(boot::sentence)?;
    say!("{} files in {}, {} of them new or changed.", written.files, folder.display(), written.changed);
    Ok(())
}
