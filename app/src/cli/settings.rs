//! `hermetic settings`: read and set what the console's settings page shows.

use anyhow::{Context as _, Result};
use capability::settings;
use capability::{Cx, Setting, SettingKind};
use std::io::Read as _;

use crate::boot::{self, Offline};
use crate::config::Config;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every setting with its value
    List,
    /// Print one value
    Get { key: String },
    /// Set one value; `-` reads it from standard input, which keeps secrets out of the shell's history
    Set { key: String, value: String },
    /// Back to the shipped default
    Clear { key: String },
    /// Go on with the present (or a new) key file after the right one was lost; secrets must then be entered again
    NewKey,
}

pub async fn run(config: &Config, command: Command) -> Result<()> {
    let offline = match command {
        Command::NewKey => Offline::NewKey,
        Command::Set { .. } => Offline::OrNew,
        Command::List | Command::Get { .. } | Command::Clear { .. } => Offline::Existing,
    };
    let (_held, cx) = boot::open_offline_with(config, offline)?;
    match command {
        Command::NewKey => {
            say!("This database goes on with {}. `hermetic doctor` lists what must be entered again.", config.key_file.display());
            Ok(())
        }
        Command::List => {
            for (_, section) in cx.registry.sections() {
                for setting in section.fields {
                    say!("{} = {}", setting.key, shown(&cx, setting).await?);
                }
            }
            Ok(())
        }
        Command::Get { key } => {
            say!("{}", shown(&cx, find(&cx, &key)?).await?);
            Ok(())
        }
        Command::Set { key, value } => {
            let setting = find(&cx, &key)?;
            let value = if value == "-" { read_stdin()? } else { value };
            let value = settings::checked_in(cx.registry, setting, &value)?;
            let (sealer, registry) = (cx.sealer.clone(), cx.registry);
            let set = cx.write(move |tx| {
                settings::set(tx, &sealer, setting, &value)?;
                registry.check_settings(tx)?;
                identity::store::audit_as(tx, "command line", "console.setting.update", setting.key, "")
            });
            set.await.map_err(boot::sentence)
        }
        Command::Clear { key } => {
            let setting = find(&cx, &key)?;
            let registry = cx.registry;
            let clear = cx.write(move |tx| {
                settings::clear(tx, setting)?;
                registry.check_settings(tx)?;
                identity::store::audit_as(tx, "command line", "console.setting.clear", setting.key, "")
            });
            clear.await.map_err(boot::sentence)
        }
    }
}

fn find(cx: &Cx, key: &str) -> Result<&'static Setting> {
    let mut all = cx.registry.sections().into_iter().flat_map(|(_, section)| section.fields);
    all.find(|setting| setting.key == key).with_context(|| format!("There is no setting {key}. `hermetic settings list` shows all."))
}

async fn shown(cx: &Cx, setting: &'static Setting) -> Result<String> {
    let shown = cx.read(move |r| match setting.kind {
        SettingKind::Secret => Ok(if settings::is_set(r, setting)? { "(set)" } else { "(not set)" }.to_owned()),
        _ => settings::text(r, setting),
    });
    shown.await.map_err(boot::sentence)
}

fn read_stdin() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("The value cannot be read from standard input")?;
    Ok(text.trim_end_matches('\n').to_owned())
}
