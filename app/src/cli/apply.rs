//! `hermetic apply file.toml`: shows what would change, asks, then makes it so. Twice the same file changes nothing.

use anyhow::{Context as _, Result, bail};
use capability::{Change, Verb};
use kernel::text::WebUrl;
use outbound::{Method, Outbound, OutboundOptions, Reach, Request};
use serde::Deserialize;
use std::path::PathBuf;

use crate::boot;
use crate::config::{self, Config};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// What should be
    file: PathBuf,
    /// Only show the plan
    #[arg(long)]
    plan: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Apply to a server elsewhere: its address [env: HERMETIC_SERVER]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// API key with the scope console:apply [env: HERMETIC_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub async fn run(config: &Config, options: &Options) -> Result<()> {
    let text = std::fs::read_to_string(&options.file).with_context(|| format!("The file {} cannot be read", options.file.display()))?;
    let target = Target::new(config, options)?;
    let plan = target.send(&text, true).await?;
    show(&plan);
    let is_needed = plan.iter().any(|change| change.verb != Verb::Keep);
    if options.plan || !is_needed {
        return Ok(());
    }
    if !options.yes && !super::confirm("Apply this?") {
        bail!("Nothing was changed. Say yes at the terminal, or give --yes.");
    }
    let done = target.send(&text, false).await?;
    let count = done.iter().filter(|change| change.verb != Verb::Keep).count();
    say!("Applied {count} change{}.", if count == 1 { "" } else { "s" });
    Ok(())
}

fn show(plan: &[Change]) {
    for change in plan {
        let sign = match change.verb {
            Verb::Create => "+",
            Verb::Update => "~",
            Verb::Remove => "-",
            Verb::Keep => continue,
        };
        let detail = if change.detail.is_empty() { String::new() } else { format!(" ({})", change.detail) };
        say!("{sign} {}{detail}", change.what);
    }
    let kept = plan.iter().filter(|change| change.verb == Verb::Keep).count();
    say!("{kept} unchanged.");
}

enum Target {
    Here(Box<(Option<boot::Held>, capability::Cx)>),
    Server { outbound: Box<Outbound>, url: WebUrl, key: String },
}

impl Target {
    fn new(config: &Config, options: &Options) -> Result<Target> {
        let Some(server) = options.server.clone().or_else(|| config::environment("SERVER")) else {
            return Ok(Target::Here(Box::new(boot::open_offline_with(config, boot::Offline::OrNew)?)));
        };
        let url = WebUrl::parse(&server).map_err(boot::sentence)?;
        let key = options
            .key
            .clone()
            .or_else(|| config::environment("KEY"))
            .context("Please give --key, or HERMETIC_KEY, an API key with the scope console:apply")?;
        let outbound =
            Outbound::new(OutboundOptions::new(kernel::Clock::System, format!("Hermetic/{}", boot::VERSION))).map_err(boot::sentence)?;
        Ok(Target::Server { outbound: Box::new(outbound), url, key })
    }

    async fn send(&self, text: &str, is_plan: bool) -> Result<Vec<Change>> {
        match self {
            Target::Here(here) => {
                let (cx, text) = (here.1.clone(), text.to_owned());
                let changes = if is_plan {
                    let sealer = cx.sealer.clone();
                    let registry = cx.registry;
                    cx.read(move |r| console::apply::plan(registry, r, &sealer, kernel::Role::Owner, &text)).await
                } else {
                    let sealer = cx.sealer.clone();
                    let registry = cx.registry;
                    let by = console::apply::Bringer { name: "command line".to_owned(), role: kernel::Role::Owner };
                    cx.write(move |tx| console::apply::run(registry, tx, &sealer, &by, &text)).await
                };
                changes.map_err(boot::sentence)
            }
            Target::Server { outbound, url, key } => {
                let path = if is_plan { "api/v1/apply?plan=true" } else { "api/v1/apply" };
                let url = WebUrl::parse(&format!("{}/{path}", url.as_str().trim_end_matches('/'))).map_err(boot::sentence)?;
                let headers =
                    vec![("Authorization".to_owned(), format!("Bearer {key}")), ("Content-Type".to_owned(), "application/toml".to_owned())];
                let request = Request { headers, body: text.as_bytes().to_vec(), ..Request::new(Method::POST, url, Reach::Operator) };
                let answer =
                    outbound.http.send(request).await.map_err(|failure| anyhow::anyhow!("The server cannot be reached: {failure}"))?;
                read_answer(answer.code, &answer.body)
            }
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    changes: Vec<WireChange>,
    error: Option<WireError>,
}

#[derive(Deserialize)]
struct WireError {
    message: String,
}

#[derive(Deserialize)]
struct WireChange {
    verb: String,
    what: String,
    detail: String,
}

fn read_answer(code: u16, body: &[u8]) -> Result<Vec<Change>> {
    let answer: Answer = serde_json::from_slice(body)
        .with_context(|| format!("The server answered {code} with something that is not JSON; is it Hermetic?"))?;
    if let Some(error) = answer.error {
        bail!("{}", error.message);
    }
    let verb = |word: &str| match word {
        "create" => Verb::Create,
        "update" => Verb::Update,
        "remove" => Verb::Remove,
        _ => Verb::Keep,
    };
    Ok(answer.changes.into_iter().map(|change| Change { verb: verb(&change.verb), what: change.what, detail: change.detail }).collect())
}
