//! What `hermetic probe` talks to, and the page about who reports. The configuration that a vantage pulls holds the monitors'
//! credentials, so only an API key with the scope `uptime:probe` gets it, never a signed-in member.

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, audit};
use kernel::ids::MonitorId;
use kernel::{Error, Result, Role};
use serde::{Deserialize, Serialize};
use web::{Access, Actor, Admin, By, Html, Json, Path, Query, Reply, State, Viewer, see_other_with};

use crate::model::check::Check;
use crate::model::quorum::Vote;
use crate::model::watch::{Monitor, Rules, Secrets, Watch};
use crate::pages;
use crate::runner::Desk;
use crate::store;

const PROBE: Access = Access::Api { scope: "uptime:probe", role: Role::Viewer };
const MOST_RESULTS: usize = 10_000;
/// So many monitors a page: an answer of the house's own client is cut at 1 MiB.
const PAGE: usize = 300;

pub fn mount(routes: &mut Routes) {
    routes.get("/api/v1/uptime/vantages", PROBE, config);
    routes.post("/api/v1/uptime/vantages", PROBE, results);
    routes.get("/uptime/vantages", Access::Rank(Role::Viewer), show);
    routes.post("/uptime/vantages/{id}/forget", Access::Rank(Role::Admin), forget);
}

/// One monitor as a vantage needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    pub id: MonitorId,
    pub watch: Watch,
    pub rules: Rules,
    pub secrets: Secrets,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub user_agent: String,
    pub allow_private: bool,
    pub allow_metadata: bool,
    pub monitors: Vec<Assignment>,
    /// Ask again with `?after=` this; `None` at the end.
    #[serde(default)]
    pub next: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
struct ConfigQuery {
    #[serde(default)]
    after: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VantageResult {
    pub monitor: MonitorId,
    pub check: Check,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    pub version: String,
    pub results: Vec<VantageResult>,
}

fn key_of(by: &By<Viewer>) -> Result<(i64, String)> {
    match &by.actor {
        Actor::Key { id, name, .. } => Ok((id.0, name.clone())),
        _ => Err(Error::forbidden("Only an API key with the scope uptime:probe may ask for this.")),
    }
}

async fn config(State(cx): State<Cx>, by: By<Viewer>, Query(query): Query<ConfigQuery>) -> Reply {
    let (key_id, name) = key_of(&by)?;
    let sealer = cx.sealer.clone();
    let context = cx.clone();
    let config = cx
        .read(move |r| {
            let mut secrets: std::collections::HashMap<_, _> = store::monitors::all_secrets(r, &sealer)?.into_iter().collect();
            let options = crate::settings::prober_options(r, &context)?;
            let mut probed: Vec<Monitor> = store::monitors::list(r)?;
            probed.retain(|monitor| !monitor.paused && monitor.watch.kind().is_probed() && monitor.id.0 > query.after);
            // Without its credentials nobody can look.
            probed.retain(|monitor| secrets.get(&monitor.id).is_none_or(|secrets| !secrets.is_lost));
            probed.sort_by_key(|monitor| monitor.id);
            let next = (probed.len() > PAGE).then(|| probed[PAGE - 1].id.0);
            let monitors = probed.into_iter().take(PAGE).map(|monitor| Assignment {
                id: monitor.id,
                secrets: secrets.remove(&monitor.id).unwrap_or_default(),
                rules: monitor.draft.rules,
                watch: monitor.draft.watch,
            });
            Ok(Config {
                user_agent: options.user_agent,
                allow_private: options.allow_private,
                allow_metadata: options.allow_metadata,
                monitors: monitors.collect(),
                next,
            })
        })
        .await?;
    cx.write(move |tx| store::vantages::seen(tx, key_id, &name, "", 0)).await?;
    Ok(Json(config).into_response())
}

async fn results(State(cx): State<Cx>, by: By<Viewer>, Json(body): Json<Results>) -> Reply {
    let (key_id, name) = key_of(&by)?;
    if body.results.len() > MOST_RESULTS {
        return Err(Error::invalid(format!("Please send at most {MOST_RESULTS} results at once.")).into());
    }
    let now = cx.now();
    let desk = Desk::of(&cx)?;
    let count = body.results.len();
    for VantageResult { monitor, mut check } in body.results {
        // A clock that runs ahead would make its word the newest for ever.
        check.at = check.at.min(now);
        check.detail = kernel::text::shorten(&check.detail, 500);
        desk.take_vote(monitor, key_id, Vote { vantage: name.clone(), check });
    }
    let version = kernel::text::shorten(&body.version, 40);
    cx.write(move |tx| {
        tx.signal(crate::TOPIC);
        store::vantages::seen(tx, key_id, &name, &version, count)
    })
    .await?;
    Ok(Json(serde_json::json!({ "taken": count })).into_response())
}

async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed) -> Reply {
    let (vantages, now) = cx.read(|r| Ok((store::vantages::list(r)?, r.now))).await?;
    let server = cx.link("");
    let page = pages::vantages::show(&vantages, &server, now);
    Ok(Html(frontend::console_page(&framed.live(&[crate::TOPIC]), "Vantages", page)).into_response())
}

async fn forget(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        store::vantages::forget(tx, id)?;
        audit(tx, &by.actor, "uptime.vantage.forget", &format!("key:{id}"), "")
    })
    .await?;
    Ok(see_other_with("/uptime/vantages", "The vantage is forgotten. Revoke its API key to keep it from reporting again."))
}
