//! `/api/v1/quiet-hours`: the daily windows in which a channel is left alone.

use axum::response::IntoResponse as _;
use capability::{Cx, Routes};
use http::StatusCode;
use kernel::{Error, Result};
use serde_json::{Value, json};
use web::{Admin, By, Json, Path, Reply, State};

use super::{READ, SET};
use crate::ids::QuietId;
use crate::manage::quiet::{QuietDoc, add_quiet, checked_quiet, find_channel, quiet_doc};
use crate::quiet::QuietHours;
use crate::store::{channels, quiet};

pub(super) fn register(routes: &mut Routes) {
    routes.get("/api/v1/quiet-hours", READ, list);
    routes.post("/api/v1/quiet-hours", SET, create);
    routes.delete("/api/v1/quiet-hours/{id}", SET, remove);
}

fn shown(hours: &QuietHours, channel: &str) -> Result<Value> {
    let wrong = |error| Error::internal("writing quiet hours as JSON").because(error);
    let mut shown = serde_json::to_value(quiet_doc(hours, channel)).map_err(wrong)?;
    shown["id"] = json!(hours.id);
    shown["channel_id"] = json!(hours.channel);
    Ok(shown)
}

async fn list(State(cx): State<Cx>) -> Reply {
    let rows = cx
        .read(|r| {
            let mut rows = Vec::new();
            for channel in channels::list(r)? {
                for hours in quiet::list_of_channel(r, channel.id)? {
                    rows.push(shown(&hours, &channel.name)?);
                }
            }
            Ok(rows)
        })
        .await?;
    Ok(Json(json!({"quiet_hours": rows})).into_response())
}

async fn create(State(cx): State<Cx>, by: By<Admin>, Json(doc): Json<QuietDoc>) -> Reply {
    let actor = by.actor;
    let made = cx
        .write(move |tx| {
            let channel = find_channel(tx, &doc.channel)?;
            let mut hours = checked_quiet(&channel, &doc)?;
            hours.id = add_quiet(tx, &hours)?;
            capability::audit(tx, &actor, "alerts.quiet.create", &format!("channel {}", channel.name), "by the API")?;
            shown(&hours, &channel.name)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn remove(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        let hours = quiet::find(tx, QuietId(id))?.ok_or_else(|| Error::not_found("quiet window"))?;
        quiet::remove(tx, hours.id)?;
        capability::audit(tx, &actor, "alerts.quiet.remove", &format!("channel {}", hours.channel), "by the API")
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
