//! Dumps for programs: `/api/v1/dumps`, with the scopes `backup:read` and `backup:write`.

use axum::response::IntoResponse;
use capability::{Cx, Routes};
use db::Reader;
use http::StatusCode;
use kernel::ids::DumpId;
use kernel::paging::PageRequest;
use kernel::{Result, Role, Sealer};
use serde_json::{Value, json};
use web::{Access, By, Json, Member, Owner, Path, Query, Reply, State, Viewer};

use super::model::{Draft, Dump};
use super::routes::record;
use super::{acts, flat, places, store};

const READ: Access = Access::Api { scope: "backup:read", role: Role::Viewer };
const RUN: Access = Access::Api { scope: "backup:write", role: Role::Member };
/// A dump is a command on this machine.
const OWN: Access = Access::Api { scope: "backup:write", role: Role::Owner };

pub fn mount(routes: &mut Routes) {
    routes.get("/api/v1/dumps", READ, list);
    routes.post("/api/v1/dumps", OWN, create);
    routes.get("/api/v1/dumps/{id}", READ, show);
    routes.patch("/api/v1/dumps/{id}", OWN, change);
    routes.delete("/api/v1/dumps/{id}", OWN, remove);
    routes.post("/api/v1/dumps/{id}/run", RUN, run);
    routes.get("/api/v1/dumps/{id}/runs", READ, runs);
}

fn described(r: &Reader<'_>, sealer: &Sealer, dump: &Dump) -> Result<Value> {
    flat::answer(dump, &store::secrets(r, sealer, dump.id)?, store::last_run(r, dump.id)?.as_ref())
}

async fn list(State(cx): State<Cx>, _by: By<Viewer>) -> Reply {
    let sealer = cx.sealer.clone();
    let dumps = cx.read(move |r| store::list(r)?.iter().map(|dump| described(r, &sealer, dump)).collect::<Result<Vec<_>>>()).await?;
    Ok(Json(json!({ "dumps": dumps })).into_response())
}

async fn show(State(cx): State<Cx>, _by: By<Viewer>, Path(id): Path<DumpId>) -> Reply {
    let sealer = cx.sealer.clone();
    Ok(Json(cx.read(move |r| described(r, &sealer, &store::get(r, id)?)).await?).into_response())
}

async fn create(State(cx): State<Cx>, by: By<Owner>, Json(body): Json<Value>) -> Reply {
    let (context, sealer) = (cx.clone(), cx.sealer.clone());
    let made = cx
        .write(move |tx| {
            let given = flat::read(body, &Draft::default())?;
            places::check(&context, &given.draft)?;
            let dump = acts::create(tx, &sealer, given)?;
            record(tx, &by.actor, "backup.dump.create", &dump)?;
            described(tx, &sealer, &dump)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn change(State(cx): State<Cx>, by: By<Owner>, Path(id): Path<DumpId>, Json(body): Json<Value>) -> Reply {
    let sealer = cx.sealer.clone();
    let made = cx
        .write(move |tx| {
            let before = store::get(tx, id)?;
            let dump = acts::update(tx, &sealer, id, flat::read(body, &before.draft)?)?;
            record(tx, &by.actor, "backup.dump.update", &dump)?;
            described(tx, &sealer, &dump)
        })
        .await?;
    Ok(Json(made).into_response())
}

async fn remove(State(cx): State<Cx>, by: By<Owner>, Path(id): Path<DumpId>) -> Reply {
    cx.write(move |tx| {
        let dump = acts::delete(tx, id)?;
        record(tx, &by.actor, "backup.dump.delete", &dump)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Answers at once; the run is found among the runs.
async fn run(State(cx): State<Cx>, by: By<Member>, Path(id): Path<DumpId>) -> Reply {
    let (context, sealer) = (cx.clone(), cx.sealer.clone());
    let dump = cx
        .write(move |tx| {
            places::check(&context, &store::get(tx, id)?.draft)?;
            let dump = acts::run_now(tx, id, &by.actor.label())?;
            record(tx, &by.actor, "backup.dump.run", &dump)?;
            described(tx, &sealer, &dump)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(dump)).into_response())
}

async fn runs(State(cx): State<Cx>, _by: By<Viewer>, Path(id): Path<DumpId>, Query(page): Query<PageRequest>) -> Reply {
    let found = cx
        .read(move |r| {
            store::get(r, id)?;
            store::runs(r, id, &page)
        })
        .await?;
    let rows: Vec<Value> = found.rows.iter().map(flat::run).collect();
    Ok(Json(json!({ "runs": rows, "next": found.next })).into_response())
}
