//! `hermetic demo`: a throw-away instance, set up and fed through its own public doors: it watches a local site that fails now and
//! then, and two programs report their errors, traces, logs, sessions and replays. Everything is gone when it ends.
//!
//! - [`traffic`]: what the programs send and when; [`shop`], [`api`]: what each of them says; [`film`]: what a visit looked like;
//!   [`usage`]: what customers did within half a year; [`wire`]: how; [`chance`]: by which luck

mod api;
mod chance;
mod film;
mod shop;
mod traffic;
mod usage;
mod wire;

use anyhow::{Context as _, Result, bail};
use capability::Cx;
use identity::store;
use kernel::text::WebUrl;
use kernel::{Role, Secret};
use outbound::{Method, Reach, Request};
use serde_json::{Value, json};
use std::net::SocketAddr;

use super::demo_target;
use crate::config::{self, Overrides};
use crate::{ready, serve};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print one line of JSON with address and credentials, for scripts
    #[arg(long)]
    json: bool,
}

const EMAIL: &str = "owner@example.com";
/// Nobody but this machine reaches the demo unless it is told to listen elsewhere; then the password must not be known.
const PASSWORD_BYTES: usize = 20;
const SETUP: &str = include_str!("demo.toml");

pub async fn run(options: &Options, overrides: &Overrides) -> Result<()> {
    let folder = tempfile::tempdir().context("A temporary folder cannot be made")?;
    let mut overrides = overrides.clone();
    overrides.data_dir = Some(folder.path().to_owned());
    overrides.listen.get_or_insert_with(|| "127.0.0.1:8080".to_owned());
    let mut config = config::load(&overrides)?;
    config.key_file = folder.path().join("secret.key");
    // Its own copies go with it; the operator's are not the demo's to write to.
    let copies = folder.path().join("copies");
    std::fs::create_dir(&copies).context("The folder of the demo's copies cannot be made")?;
    let address = replica::address::Address::Folder(copies);
    config.replicas = vec![backup::copies::Place {
        name: "folder".to_owned(),
        address,
        options: Default::default(),
        is_append_only: false,
        envelope: None,
    }];
    let instance = serve::prepare(&config, true).await?;
    let (cx, shutdown) = (instance.cx.clone(), instance.shutdown.clone());
    let target = demo_target::start().await.context("The demo's local site cannot be started")?;
    let server = tokio::spawn(instance.run());
    match set_up(&cx, target).await {
        Ok(access) => {
            announce(&cx, &access, options.json);
            tokio::spawn(report(cx.clone(), access.api_key.clone()));
            tokio::spawn(beat(cx.clone(), access));
        }
        Err(error) => {
            shutdown.cancel();
            server.await.context("The demo's server failed")??;
            return Err(error.context("The demo cannot be set up"));
        }
    }
    drop(cx);
    server.await.context("The demo's server failed")?
}

struct Access {
    password: Secret,
    api_key: Secret,
    /// Where the nightly job of the demo's company reports in.
    beat_token: Secret,
}

/// Through the doors everybody uses: the set-up page, the API.
async fn set_up(cx: &Cx, target: SocketAddr) -> Result<Access> {
    let password = Secret::new(&kernel::ids::random_token()[..PASSWORD_BYTES]);
    let link = ready::setup_url(cx).await?.context("the demo's folder has an owner already")?;
    let token = link.expose().rsplit('=').next().unwrap_or_default().to_owned();
    let form = [("token", token.as_str()), ("name", "Ada Demo"), ("email", EMAIL), ("password", password.expose())];
    let body =
        form.iter().map(|(name, value)| format!("{name}={}", value.replace('@', "%40").replace(' ', "+"))).collect::<Vec<_>>().join("&");
    let origin = ("Origin".to_owned(), cx.boot.public_url.origin());
    let headers = vec![origin, ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    send(cx, Method::POST, "/set-up", headers, body).await?;
    let scopes: Vec<String> = super::doctor::api_scopes();
    let (_, api_key) = cx.write(move |tx| store::new_key(tx, "demo", Role::Admin, &scopes, "demo")).await?;
    let access = Access { password, api_key, beat_token: Secret::new(kernel::ids::random_public_id()) };
    let setup = SETUP
        .replace("BEAT_TOKEN", access.beat_token.expose())
        .replace("TARGET_PORT", &target.port().to_string())
        .replace("TARGET", &format!("http://{target}"));
    call(cx, &access.api_key, Method::POST, "/api/v1/apply", setup).await?;
    tell_visitors(cx, &access).await?;
    Ok(access)
}

/// A report and a maintenance, so that the public page shows what it can.
async fn tell_visitors(cx: &Cx, access: &Access) -> Result<()> {
    let components: Value = call(cx, &access.api_key, Method::GET, "/api/v1/components", String::new()).await?;
    let search = components["components"].as_array().into_iter().flatten().find(|component| component["name"] == "Search");
    let id = search.map_or(Value::Null, |component| component["id"].clone());
    let report = json!({
        "title": "Search is slower than usual", "impact": "minor", "phase": "identified",
        "body": "Some searches take a second. We found the cause and are adding an index.",
        "effects": [{"component": id, "state": "degraded_performance"}],
    });
    call(cx, &access.api_key, Method::POST, "/api/v1/reports", report.to_string()).await?;
    let starts_at = cx.now() + kernel::time::DAY;
    let maintenance = json!({
        "title": "Database upgrade", "body": "Expect a minute without sign-in.", "components": [id],
        "starts_at": starts_at.rfc3339(), "ends_at": (starts_at + kernel::time::HOUR).rfc3339(),
    });
    call(cx, &access.api_key, Method::POST, "/api/v1/maintenances", maintenance.to_string()).await?;
    Ok(())
}

/// The two programs of the demo's company, as their SDKs would report.
async fn report(cx: Cx, api_key: Secret) {
    if let Err(error) = traffic::upload_maps(&cx, api_key.expose()).await {
        tracing::warn!("{error:#}");
    }
    match doors(&cx, &api_key).await {
        Ok(doors) => {
            if let Err(error) = tell_usage(&cx, &doors.shop).await {
                tracing::warn!("what the demo's customers did was not taken: {error:#}");
            }
            traffic::run(cx, doors).await
        }
        Err(error) => tracing::warn!("the demo's programs have no door: {error:#}"),
    }
}

/// As the shop's analytics library would have, in batches.
async fn tell_usage(cx: &Cx, shop: &wire::Door) -> Result<()> {
    for batch in usage::half_year(cx.now()).chunks(usage::BATCH) {
        let body = json!({ "writeKey": shop.public_key, "batch": batch }).to_string();
        let kind = ("Content-Type".to_owned(), "application/json".to_owned());
        send(cx, Method::POST, "/v1/batch", vec![kind], body).await?;
    }
    Ok(())
}

async fn doors(cx: &Cx, api_key: &Secret) -> Result<traffic::Doors> {
    let listed: Value = call(cx, api_key, Method::GET, "/api/v1/projects", String::new()).await?;
    let door = |slug: &str| -> Result<wire::Door> {
        let project = listed["projects"].as_array().into_iter().flatten().find(|project| project["slug"] == slug);
        let project = project.with_context(|| format!("there is no project {slug}"))?;
        let key = project["keys"][0]["public_key"].as_str().context("the project has no key")?;
        Ok(wire::Door { project_id: project["id"].as_i64().unwrap_or_default(), public_key: key.to_owned() })
    };
    Ok(traffic::Doors { shop: door("shop")?, api: door("api")? })
}

/// The nightly job of the demo's company reports in, every half minute.
async fn beat(cx: Cx, access: Access) {
    let mut pause = tokio::time::interval(std::time::Duration::from_secs(30));
    loop {
        pause.tick().await;
        let path = format!("/uptime/beat/{}", access.beat_token.expose());
        if let Err(error) = send(&cx, Method::POST, &path, Vec::new(), String::new()).await {
            tracing::warn!("the demo's beat was not taken: {error:#}");
        }
    }
}

async fn call(cx: &Cx, api_key: &Secret, method: Method, path: &str, body: String) -> Result<Value> {
    let kind = if body.starts_with('{') { "application/json" } else { "application/toml" };
    let bearer = ("Authorization".to_owned(), format!("Bearer {}", api_key.expose()));
    let answer = send(cx, method, path, vec![bearer, ("Content-Type".to_owned(), kind.to_owned())], body).await?;
    serde_json::from_slice(&answer).with_context(|| format!("{path} did not answer with JSON"))
}

async fn send(cx: &Cx, method: Method, path: &str, headers: Vec<(String, String)>, body: String) -> Result<Vec<u8>> {
    let url = WebUrl::parse(&cx.link(path))?;
    // As a hook: a redirect is the answer here, not something to follow.
    let request = Request { headers, body: body.into_bytes(), ..Request::new(method, url, Reach::Webhook) };
    let answer = cx.outbound.http.send(request).await.map_err(|failure| anyhow::anyhow!("{path} did not answer: {failure}"))?;
    if answer.code >= 400 {
        bail!("{path} answered {}: {}", answer.code, kernel::text::shorten(&String::from_utf8_lossy(&answer.body), 400));
    }
    Ok(answer.body)
}

fn announce(cx: &Cx, access: &Access, is_json: bool) {
    let url = cx.boot.public_url.origin();
    let (password, key) = (access.password.expose(), access.api_key.expose());
    if is_json {
        say!("{}", json!({"url": url, "owner": {"email": EMAIL, "password": password}, "api_key": key}));
        return;
    }
    say!("\n  Hermetic demo: {url}\n");
    say!("  Sign in as   {EMAIL}");
    say!("  Password     {password}");
    say!("  API key      {key}");
    say!("  Status page  {url}/status\n");
    say!("  It watches a local site that fails now and then: give it two minutes.");
    say!("  A web shop and its API report errors, traces, logs, sessions and replays, with a week of history,");
    say!("  and what its customers did within half a year.");
    say!("  Everything is gone when you stop it with Ctrl-C.\n");
}

#[cfg(test)]
mod tests;
