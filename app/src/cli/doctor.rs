//! `hermetic doctor`: what is set up and what is not right, with the next step for each.

use anyhow::Result;
use capability::settings::{self, SettingKind};
use frontend::Tone;
use serde_json::json;
use web::Access;

use crate::boot;
use crate::capabilities::REGISTRY;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print every route with who may call it, instead
    #[arg(long)]
    routes: bool,
}

pub async fn run(config: &Config, options: &Options) -> Result<()> {
    if options.routes {
        print_routes(options.json);
        return Ok(());
    }
    let (held, cx) = boot::open_offline(config)?;
    let mut findings = cx.read(move |r| REGISTRY.diagnose(r)).await.map_err(boot::sentence)?;
    findings.extend(check_secrets(&cx).await?);
    if options.json {
        let lines: Vec<_> = findings
            .iter()
            .map(|finding| json!({"tone": finding.tone.class(), "subject": finding.subject, "finding": finding.finding, "advice": finding.advice}))
            .collect();
        say!("{}", json!({"version": boot::VERSION, "is_running": held.is_none(), "findings": lines}));
        return Ok(());
    }
    say!(
        "Hermetic {} on {} ({})",
        boot::VERSION,
        config.data_dir.display(),
        if held.is_none() { "a server is running" } else { "no server is running" }
    );
    for finding in &findings {
        let mark = match finding.tone {
            Tone::Good => "ok ",
            Tone::Warn => "!  ",
            Tone::Bad => "!! ",
            Tone::Info | Tone::Neutral => "   ",
        };
        say!("{mark}{}: {}{}{}", finding.subject, finding.finding, if finding.advice.is_empty() { "" } else { " → " }, finding.advice);
    }
    Ok(())
}

/// A key file that does not fit the database is found here, not at the first alert that cannot be sent.
async fn check_secrets(cx: &capability::Cx) -> Result<Vec<capability::Diagnosis>> {
    let sealer = cx.sealer.clone();
    let unreadable = cx.read(move |r| {
        let mut unreadable = Vec::new();
        for (_, section) in REGISTRY.sections() {
            for setting in section.fields.iter().filter(|setting| matches!(setting.kind, SettingKind::Secret)) {
                if settings::secret(r, &sealer, setting).is_err() {
                    unreadable.push(setting.key);
                }
            }
        }
        Ok(unreadable)
    });
    let unreadable = unreadable.await.map_err(boot::sentence)?;
    Ok(unreadable
        .into_iter()
        .map(|key| capability::Diagnosis {
            tone: Tone::Bad,
            subject: key.to_owned(),
            finding: "this secret cannot be opened with the key file".to_owned(),
            advice: "restore the key file from your copy, or set the secret again".to_owned(),
        })
        .collect())
}

fn print_routes(is_json: bool) {
    let entries = capability::route_table(REGISTRY);
    if is_json {
        let lines: Vec<_> = entries
            .iter()
            .map(|entry| json!({"method": entry.method.as_str(), "path": entry.path, "access": access(entry.access), "owner": entry.owner}))
            .collect();
        say!("{}", json!(lines));
        return;
    }
    for entry in &entries {
        say!("{:<7} {:<60} {}", entry.method, entry.path, access(entry.access));
    }
}

/// Every scope that a route asks for.
pub fn api_scopes() -> Vec<String> {
    let mut scopes: Vec<String> = capability::route_table(REGISTRY)
        .iter()
        .filter_map(|entry| match entry.access {
            Access::Api { scope, .. } => Some(scope.to_owned()),
            _ => None,
        })
        .collect();
    scopes.sort();
    scopes.dedup();
    scopes
}

fn access(access: Access) -> String {
    match access {
        Access::Anyone => "anyone".to_owned(),
        Access::Open => "open".to_owned(),
        Access::Rank(role) => role.to_string(),
        Access::Api { scope, role } => format!("api {scope} {role}"),
    }
}
