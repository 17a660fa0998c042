//! `/api/v1/backup`: how the copies are, a whole copy, a drill.

use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use http::StatusCode;
use kernel::Role;
use serde_json::{Value, json};
use web::{Access, Admin, By, Json, Reply, State};

use super::{ask_drills, ask_snapshot};
use crate::look::{CopyLook, FileLook, Overview};
use crate::model::report::Drill;
use crate::{sign, store};

const READ: Access = Access::Api { scope: "backup:read", role: Role::Viewer };
const WRITE: Access = Access::Api { scope: "backup:write", role: Role::Admin };
const DRILLS: u32 = 20;

pub(super) fn register(routes: &mut Routes) {
    routes.get("/api/v1/backup", READ, show);
    routes.post("/api/v1/backup/snapshots", WRITE, snapshot);
    routes.post("/api/v1/backup/drills", WRITE, drill);
}

async fn show(State(cx): State<Cx>) -> Reply {
    let look = Overview::take(&cx).await?;
    let drills = cx.read(|r| store::list_drills(r, DRILLS)).await?;
    let drills: Vec<Value> = drills.iter().map(|drill| drill_json(&cx, drill)).collect();
    let files: Vec<Value> = look.iter().flat_map(|look| look.files.iter().map(file_json)).collect();
    Ok(Json(json!({"is_copied": look.is_some(), "files": files, "drills": drills})).into_response())
}

async fn snapshot(State(cx): State<Cx>, by: By<Admin>) -> Reply {
    ask_snapshot(&cx, by.actor).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

async fn drill(State(cx): State<Cx>, by: By<Admin>) -> Reply {
    let asked = ask_drills(&cx, by.actor).await?;
    let drills: Vec<Value> = asked.iter().map(|drill| drill_json(&cx, drill)).collect();
    Ok((StatusCode::ACCEPTED, Json(json!({"drills": drills}))).into_response())
}

fn file_json(file: &FileLook) -> Value {
    json!({
        "file": file.file.file_name(),
        "txid": file.status.txid,
        "spool_bytes": file.status.spool_bytes,
        "log_bytes": file.status.log_bytes,
        "failing": file.status.capture_error.as_ref().map(|(since, sentence)| json!({"since": since.rfc3339(), "detail": sentence})),
        "copies": file.copies.iter().map(copy_json).collect::<Vec<_>>(),
    })
}

fn copy_json(copy: &CopyLook) -> Value {
    let status = &copy.status;
    let counts = &status.counts;
    json!({
        "destination": status.name,
        "address": copy.address,
        "state": copy.state.as_str(),
        "failing": status.failing.as_ref().map(|(since, sentence)| json!({"since": since.rfc3339(), "detail": sentence})),
        "reached_txid": status.reached,
        "lag_seconds": copy.lag.as_secs_f64(),
        "lag_transactions": status.behind,
        "lag_bytes": status.behind_bytes,
        "last_upload_at": status.last_upload.map(kernel::Time::rfc3339),
        "objects": status.files,
        "bytes": status.bytes,
        "snapshots": status.snapshots.len(),
        "newest_at": copy.timeline.newest.map(kernel::Time::rfc3339),
        "oldest_at": copy.timeline.oldest.map(kernel::Time::rfc3339),
        "is_append_only": status.is_append_only,
        "honours_conditions": status.honours_conditions,
        "refuses_deletes": status.refuses_deletes,
        "requests": {"put": counts.put, "get": counts.get, "list": counts.list, "copy": counts.copy, "head": counts.head, "delete": counts.delete},
        "cost_month": copy.cost.as_ref().map(crate::model::cost::Cost::total),
    })
}

fn drill_json(cx: &Cx, drill: &Drill) -> Value {
    json!({
        "id": drill.id,
        "file": drill.file,
        "destination": drill.destination,
        "outcome": drill.outcome,
        "asked_by": drill.asked_by,
        "asked_at": drill.asked_at.rfc3339(),
        "ended_at": drill.ended_at.map(kernel::Time::rfc3339),
        "summary": drill.summary,
        "report": serde_json::from_str::<Value>(&drill.report).ok(),
        "signature_holds": (!drill.signature.is_empty()).then(|| sign::holds(&cx.sealer, drill)),
    })
}
