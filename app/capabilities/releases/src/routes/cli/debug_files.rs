//! Debug files: put together of chunks, or as an archive in one piece, as older clients send ProGuard's mappings.

use axum::extract::Multipart;
use axum::response::Response;
use capability::{Cx, Routes};
use http::StatusCode;
use kernel::ids::ProjectId;
use kernel::{Error, Kind, Result};
use serde_json::{Map, Value, json};
use web::{Path, Query, Raw, State};

use super::uploads::{Wish, assembled_json, broken, in_turn};
use super::{OPEN, answer, ok, parsed, project};
use crate::model::artifact::Labels;
use crate::model::{ArtifactKind, Checksum, DebugId};
use crate::store::artifacts::{self, Artifact, NewBundle};
use crate::upload::{self, Assembled};

/// Debug files that one request may ask about.
const MAX_ASKED: usize = 1_000;

pub fn register(routes: &mut Routes) {
    routes.post("/api/0/projects/{org}/{project}/files/difs/assemble/", OPEN, assemble_debug_files);
    routes.get("/api/0/projects/{org}/{project}/files/dsyms/", OPEN, debug_files);
}

/// Whole files come in one body.
pub fn register_large(routes: &mut Routes) {
    routes.post("/api/0/projects/{org}/{project}/files/dsyms/", OPEN, add_archive);
}

async fn assemble_debug_files(State(cx): State<Cx>, Path((_, slug)): Path<(String, String)>, Raw(body): Raw) -> Response {
    answer(take_debug_files(&cx, slug, &body).await)
}

async fn take_debug_files(cx: &Cx, slug: String, body: &[u8]) -> Result<(StatusCode, Value)> {
    let project = project(cx, slug).await?.id;
    let Value::Object(asked) = parsed(body)? else { return Err(Error::invalid("Please send an object of checksums.")) };
    if asked.len() > MAX_ASKED {
        return Err(Error::new(Kind::TooLarge, format!("At most {MAX_ASKED} debug files are taken at once.")));
    }
    let mut told = Map::new();
    for (checksum, wish) in asked {
        let one = take_debug_file(cx, project, &checksum, &wish).await?;
        told.insert(checksum, one);
    }
    ok(Value::Object(told))
}

async fn take_debug_file(cx: &Cx, project: ProjectId, checksum: &str, asked: &Value) -> Result<Value> {
    let wish = Wish::of(Some(checksum), asked.get("chunks"))?;
    let labels = Labels::of_debug_file(
        asked.get("name").and_then(Value::as_str).unwrap_or("debug file"),
        asked.get("debug_id").and_then(Value::as_str).and_then(DebugId::parse),
    );
    let (name, debug_id) = (labels.name.clone(), labels.debug_id);
    let new = NewBundle { project, checksum: wish.checksum, release: String::new(), dist: String::new(), size: 0 };
    let assembled = in_turn(cx, move |cx| upload::assemble_debug_file(cx, &new, &wish.pieces, &labels)).await?;
    let mut told = assembled_json(&assembled);
    if assembled == Assembled::Done {
        told["dif"] = debug_file_json(checksum, &name, debug_id);
    }
    Ok(told)
}

fn debug_file_json(checksum: &str, name: &str, debug_id: Option<DebugId>) -> Value {
    let debug_id = debug_id.map(|id| id.to_string());
    json!({
        "id": checksum, "uuid": debug_id, "debugId": debug_id, "objectName": name, "cpuName": "any", "sha1": checksum,
        "symbolType": "any", "data": { "features": [] },
    })
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct AskedFiles {
    checksums: Vec<String>,
    debug_id: String,
}

async fn debug_files(State(cx): State<Cx>, Path((_, slug)): Path<(String, String)>, Query(asked): Query<AskedFiles>) -> Response {
    answer(list_debug_files(&cx, slug, asked).await)
}

async fn list_debug_files(cx: &Cx, slug: String, asked: AskedFiles) -> Result<(StatusCode, Value)> {
    let project = project(cx, slug).await?.id;
    let listed = cx
        .telemetry
        .read(move |r| {
            let mut found: Vec<Artifact> = Vec::new();
            for checksum in asked.checksums.iter().take(MAX_ASKED).filter_map(|checksum| Checksum::parse(checksum)) {
                if let Some(bundle) = artifacts::find_bundle_by_checksum(r, project, checksum)? {
                    found.extend(artifacts::list_of_bundle(r, bundle.id, 1)?);
                }
            }
            if let Some(id) = DebugId::parse(&asked.debug_id) {
                found.extend(artifacts::find_by_debug_id(r, project, id)?);
            }
            Ok(found)
        })
        .await?;
    let debug_files = listed.iter().filter(|file| file.kind == ArtifactKind::DebugFile);
    ok(debug_files.map(|file| debug_file_json(&file.checksum.to_string(), &file.name, file.debug_id)).collect())
}

async fn add_archive(State(cx): State<Cx>, Path((_, slug)): Path<(String, String)>, parts: Multipart) -> Response {
    answer(take_archive(&cx, slug, parts).await)
}

/// Told back is what was kept of it, as the client shows it.
async fn take_archive(cx: &Cx, slug: String, mut parts: Multipart) -> Result<(StatusCode, Value)> {
    let project = project(cx, slug).await?.id;
    let mut told = Vec::new();
    let mut has_file = false;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        if part.name() != Some("file") {
            continue;
        }
        has_file = true;
        let name = part.file_name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(broken)?;
        let kept = in_turn(cx, move |cx| upload::keep_debug_files(cx, project, &name, &bytes)).await?;
        told.extend(kept.iter().map(|(checksum, labels)| debug_file_json(&checksum.to_string(), &labels.name, labels.debug_id)));
    }
    if !has_file {
        return Err(Error::invalid("Please send the archive as the part “file” of a form."));
    }
    ok(Value::Array(told))
}
