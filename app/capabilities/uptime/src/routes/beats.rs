//! Where jobs report: `/uptime/beat/{token}` with `/start`, `/fail`, `/log` or an exit code behind it. By HEAD, GET or POST, so
//! that `curl` in a crontab is enough. Also under the addresses of healthchecks.io (`/ping/…`) and Uptime Kuma (`/api/push/…`),
//! so that a job only has to change its host name.

use axum::response::{IntoResponse, Response};
use capability::{Cx, Routes};
use http::header::CONTENT_TYPE;
use kernel::{Error, Kind, Result};
use serde_json::json;
use std::time::Duration;
use web::{Access, Allowance, Failure, Json, Path, Peer, Query, Raw, Reply, State};

use crate::model::heartbeat::{Beat, BeatKind, take_in};
use crate::model::watch::Kind as MonitorKind;
use crate::runner::Desk;
use crate::store;

/// So much of what a job sends is kept.
const MOST_BODY: usize = 10_000;
/// Bursts of one job.
const PER_TOKEN: Allowance = Allowance { burst: 60, per: Duration::from_secs(60) };
/// Guesses of one address.
const PER_STRANGER: Allowance = Allowance { burst: 30, per: Duration::from_secs(60) };

pub fn mount(routes: &mut Routes) {
    for path in ["/uptime/beat/{token}", "/ping/{token}"] {
        routes.get(path, Access::Open, plain);
        routes.post(path, Access::Open, plain);
    }
    for path in ["/uptime/beat/{token}/{suffix}", "/ping/{token}/{suffix}"] {
        routes.get(path, Access::Open, suffixed);
        routes.post(path, Access::Open, suffixed);
    }
    routes.get("/api/push/{token}", Access::Open, push);
    routes.post("/api/push/{token}", Access::Open, push);
}

/// A beat must not be lost for what it brings along: a name that is given twice counts by its first value, and a body that is too
/// large or broke off is left out.
type Pairs = Query<Vec<(String, String)>>;
type Body = std::result::Result<Raw, Failure>;

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
}

async fn plain(State(cx): State<Cx>, peer: Peer, Path(token): Path<String>, Query(pairs): Pairs, body: Body) -> Reply {
    take(&cx, &peer, &token, (BeatKind::Success, None), &pairs, body).await
}

async fn suffixed(
    State(cx): State<Cx>,
    peer: Peer,
    Path((token, suffix)): Path<(String, String)>,
    Query(pairs): Pairs,
    body: Body,
) -> Reply {
    let kind = BeatKind::from_suffix(&suffix)
        .ok_or_else(|| Error::new(Kind::NotFound, "Behind the token stands start, fail, log, an exit code from 0 to 255, or nothing."))?;
    take(&cx, &peer, &token, kind, &pairs, body).await
}

async fn take(
    cx: &Cx,
    peer: &Peer,
    token: &str,
    (kind, exit_code): (BeatKind, Option<u8>),
    pairs: &[(String, String)],
    body: Body,
) -> Reply {
    let run_id = Some(kernel::text::shorten(first(pairs, "rid"), 64)).filter(|id| !id.is_empty());
    let body = body.map_or_else(|_| String::new(), |Raw(body)| kept(&body));
    let beat = Beat { at: cx.now(), kind, exit_code, run_id, body, reported_ms: None };
    accept(cx, peer, token, beat).await?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], "OK").into_response())
}

fn kept(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MOST_BODY)]).replace('\0', "")
}

/// Uptime Kuma's push address.
async fn push(State(cx): State<Cx>, peer: Peer, Path(token): Path<String>, Query(pairs): Pairs) -> Reply<Response> {
    // Only an explicit or silent "up" is good news: a script that says "error" or "DOWN" must not be taken for a success.
    let status = first(&pairs, "status");
    let is_up = status.is_empty() || status.eq_ignore_ascii_case("up");
    let kind = if is_up { BeatKind::Success } else { BeatKind::Fail };
    let reported_ms = first(&pairs, "ping").parse::<f64>().ok().filter(|ms| (0.0..4e9).contains(ms)).map(|ms| ms as u32);
    let beat = Beat { at: cx.now(), kind, exit_code: None, run_id: None, body: kept(first(&pairs, "msg").as_bytes()), reported_ms };
    accept(&cx, &peer, &token, beat).await?;
    Ok(Json(json!({ "ok": true })).into_response())
}

/// On disk before it is answered; judged right after.
async fn accept(cx: &Cx, peer: &Peer, token: &str, beat: Beat) -> Result<()> {
    let wanted = token.to_owned();
    let monitor = cx.read(move |r| store::monitors::find_by_beat_token(r, &wanted)).await?;
    let monitor = monitor.filter(|monitor| monitor.watch.kind() == MonitorKind::Heartbeat);
    let Some(monitor) = monitor else {
        cx.limiter.check("uptime.beat_unknown", &peer.0.to_string(), PER_STRANGER)?;
        return Err(Error::new(Kind::NotFound, "No heartbeat has this address. Please copy it anew from the monitor's page."));
    };
    cx.limiter.check("uptime.beat", &monitor.id.to_string(), PER_TOKEN)?;
    let (id, written) = (monitor.id, beat.clone());
    cx.write(move |tx| {
        store::beats::insert(tx, id, &written)?;
        let (state, _) = take_in(&store::states::beat_state(tx, id)?, &written);
        store::states::save_beat(tx, id, &state)?;
        tx.signal(crate::TOPIC);
        Ok(())
    })
    .await?;
    Desk::of(cx)?.take_beat(id, &beat);
    Ok(())
}
