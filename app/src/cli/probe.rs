//! `hermetic probe`: a second vantage. Pulls what to check, checks from here, pushes what it saw; keeps nothing on disk.

use anyhow::{Context as _, Result};
use kernel::text::WebUrl;
use kernel::{Clock, Secret};
use outbound::{Outbound, OutboundOptions};

use crate::boot;
use crate::config::{self, Config};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The server's address [env: HERMETIC_SERVER]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The vantage's key, as the console showed it [env: HERMETIC_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub async fn run(config: &Config, options: &Options) -> Result<()> {
    let server =
        options.server.clone().or_else(|| config::environment("SERVER")).context("Please give --server, the address of your Hermetic")?;
    let key = options
        .key
        .clone()
        .or_else(|| config::environment("KEY"))
        .context("Please give --key, or HERMETIC_KEY: the console shows it when you add a vantage")?;
    let server = WebUrl::parse(&server).map_err(boot::sentence)?;
    let extra_ca_pem = config.ca_file.as_ref().map(std::fs::read_to_string).transpose().context("The certificate file cannot be read")?;
    let outbound =
        Outbound::new(OutboundOptions { extra_ca_pem, ..OutboundOptions::new(Clock::System, format!("Hermetic-probe/{}", boot::VERSION)) })
            .map_err(boot::sentence)?;
    let shutdown = tokio_util::sync::CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let options = uptime::AgentOptions { server, key: Secret::new(key), outbound, clock: Clock::System, version: boot::VERSION, shutdown };
    uptime::probe_agent(options).await.map_err(boot::sentence)
}
