//! Chunks, artifact bundles, debug files, and the single files of old.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use axum::response::Response;
use capability::{Cx, Routes};
use http::{HeaderMap, StatusCode};
use kernel::ids::ProjectId;
use kernel::{Error, Kind, Result};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use web::{Path, Query, Raw, State};

use super::{OPEN, answer, base_url, blocking, ok, parsed, project};
use crate::model::artifact::{Labels, normal_url};
use crate::model::{ArtifactKind, Checksum, DebugId};
use crate::store::artifacts::{self, Artifact, NewBundle};
use crate::upload::{self, Assembled};

/// Uploads are put together one after the other: each takes a whole processor, and nobody waits for two.
static ASSEMBLING: Semaphore = Semaphore::const_new(1);
/// Files in one answer, as Sentry pages them.
const PAGE: u32 = 100;
/// Debug files that one request may ask about.
const MAX_ASKED: usize = 1_000;

pub fn register(routes: &mut Routes) {
    routes.get("/api/0/organizations/{org}/chunk-upload/", OPEN, options);
    routes.post("/api/0/organizations/{org}/chunk-upload/", OPEN, chunks);
    routes.post("/api/0/organizations/{org}/artifactbundle/assemble/", OPEN, assemble_bundle);
    routes.post("/api/0/organizations/{org}/releases/{version}/assemble/", OPEN, assemble_release);
    routes.post("/api/0/projects/{org}/{project}/files/difs/assemble/", OPEN, assemble_debug_files);
    routes.get("/api/0/projects/{org}/{project}/files/dsyms/", OPEN, debug_files);
    routes.get("/api/0/projects/{org}/{project}/releases/{version}/files/", OPEN, files);
    routes.post("/api/0/projects/{org}/{project}/releases/{version}/files/", OPEN, add_file);
    routes.delete("/api/0/projects/{org}/{project}/releases/{version}/files/{id}/", OPEN, remove_file);
}

async fn options(State(cx): State<Cx>, Path(org): Path<String>, headers: HeaderMap) -> Response {
    let org: String = url::form_urlencoded::byte_serialize(org.as_bytes()).collect();
    let accept = [
        "debug_files",
        "release_files",
        "pdbs",
        "sources",
        "bcsymbolmaps",
        "il2cpp",
        "portablepdbs",
        "artifact_bundles",
        "artifact_bundles_v2",
    ];
    answer(ok(json!({
        "url": format!("{}/api/0/organizations/{org}/chunk-upload/", base_url(&cx, &headers)),
        "chunkSize": upload::CHUNK_BYTES, "chunksPerRequest": upload::CHUNKS_PER_REQUEST, "maxFileSize": upload::FILE_BYTES,
        "maxRequestSize": upload::REQUEST_BYTES, "concurrency": 4, "hashAlgorithm": "sha1", "compression": ["gzip"], "accept": accept,
    })))
}

fn broken(error: MultipartError) -> Error {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::new(Kind::TooLarge, "The upload is too large for one request.").because(error),
        _ => Error::invalid("The upload broke off or is no form; please try again.").because(error),
    }
}

async fn chunks(State(cx): State<Cx>, parts: Multipart) -> Response {
    answer(take_chunks(&cx, parts).await.and_then(|()| ok(json!({}))))
}

async fn take_chunks(cx: &Cx, mut parts: Multipart) -> Result<()> {
    blocking(cx, |cx| upload::check_room(cx)).await?;
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let is_gzip = match part.name() {
            Some("file") => false,
            Some("file_gzip") => true,
            _ => continue,
        };
        count += 1;
        if count > upload::CHUNKS_PER_REQUEST {
            return Err(Error::new(Kind::TooLarge, format!("At most {} chunks are taken at once.", upload::CHUNKS_PER_REQUEST)));
        }
        let name = part.file_name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(broken)?;
        blocking(cx, move |cx| upload::store_chunk(cx, &name, &bytes, is_gzip)).await?;
    }
    Ok(())
}

/// What both kinds of assembling say.
struct Wish {
    checksum: Checksum,
    pieces: Vec<Checksum>,
}

impl Wish {
    fn of(checksum: Option<&str>, chunks: Option<&Value>) -> Result<Wish> {
        let hex = || Error::invalid("Checksums are SHA-1: 40 hexadecimal digits.");
        let pieces = chunks.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let most = upload::FILE_BYTES / upload::CHUNK_BYTES;
        if pieces.len() as u64 > most {
            return Err(Error::new(Kind::TooLarge, format!("An upload has at most {most} chunks of {} bytes.", upload::CHUNK_BYTES)));
        }
        let pieces = pieces.iter().map(|piece| piece.as_str().and_then(Checksum::parse).ok_or_else(hex)).collect::<Result<_>>()?;
        Ok(Wish { checksum: checksum.and_then(Checksum::parse).ok_or_else(hex)?, pieces })
    }
}

/// Always 200: the client reads the state in the body.
fn assembled_json(assembled: &Assembled) -> Value {
    match assembled {
        Assembled::Done => json!({ "state": "ok", "missingChunks": [], "detail": null }),
        Assembled::Refused(sentence) => json!({ "state": "error", "missingChunks": [], "detail": sentence }),
        Assembled::Missing(missing) => {
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            json!({ "state": "not_found", "missingChunks": missing, "detail": null })
        }
    }
}

async fn assemble_bundle(State(cx): State<Cx>, Raw(body): Raw) -> Response {
    answer(take_bundle(&cx, &body, None).await)
}

/// The bundle of a release in its older form: the release stands in the address.
async fn assemble_release(State(cx): State<Cx>, Path((_, version)): Path<(String, String)>, Raw(body): Raw) -> Response {
    answer(take_bundle(&cx, &body, Some(version)).await)
}

async fn take_bundle(cx: &Cx, body: &[u8], version: Option<String>) -> Result<(StatusCode, Value)> {
    let body = parsed(body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let wish = Wish::of(body.get("checksum").and_then(Value::as_str), body.get("chunks"))?;
    let release = checked_release(version.as_deref().unwrap_or(text("version")))?;
    let dist = kernel::text::shorten(text("dist").trim(), 64);
    let projects = super::versions::projects_of(cx, body.get("projects"), &release).await?;
    let mut last = Assembled::Missing(Vec::new());
    for id in projects {
        let new = NewBundle { project: id, checksum: wish.checksum, release: release.clone(), dist: dist.clone(), size: 0 };
        let pieces = wish.pieces.clone();
        let turn = ASSEMBLING.acquire().await.map_err(|closed| Error::internal("waiting for a turn").because(closed))?;
        last = blocking(cx, move |cx| upload::assemble_bundle(cx, &new, &pieces)).await?;
        drop(turn);
        if last != Assembled::Done {
            break;
        }
        if !release.is_empty() {
            super::versions::ensure(cx, id, release.clone()).await?;
        }
    }
    ok(assembled_json(&last))
}

/// Empty where none is named: debug ids need none.
fn checked_release(version: &str) -> Result<String> {
    if version.trim().is_empty() {
        return Ok(String::new());
    }
    ingest::releases::checked_version(version).ok_or_else(super::versions::no_version)
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
    let name = kernel::text::shorten(asked.get("name").and_then(Value::as_str).unwrap_or("debug file"), 300);
    let debug_id = asked.get("debug_id").and_then(Value::as_str).and_then(DebugId::parse);
    let labels = Labels { kind: ArtifactKind::DebugFile, debug_id, url: normal_url(&name), map_url: String::new(), name: name.clone() };
    let new = NewBundle { project, checksum: wish.checksum, release: String::new(), dist: String::new(), size: 0 };
    let turn = ASSEMBLING.acquire().await.map_err(|closed| Error::internal("waiting for a turn").because(closed))?;
    let assembled = blocking(cx, move |cx| upload::assemble_debug_file(cx, &new, &wish.pieces, &labels)).await?;
    drop(turn);
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

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Cursor {
    cursor: String,
}

async fn files(State(cx): State<Cx>, Path((_, slug, version)): Path<(String, String, String)>, Query(cursor): Query<Cursor>) -> Response {
    answer(list_files(&cx, slug, version, &cursor.cursor).await)
}

async fn list_files(cx: &Cx, slug: String, version: String, cursor: &str) -> Result<(StatusCode, Value)> {
    let project = project(cx, slug).await?.id;
    let after = cursor.parse().unwrap_or(0);
    let listed = cx.telemetry.read(move |r| artifacts::list_of_release(r, project, &version, after, PAGE)).await?;
    ok(listed.iter().map(file_json).collect())
}

fn file_json(file: &Artifact) -> Value {
    let mut headers = Map::new();
    if !file.map_url.is_empty() {
        headers.insert("Sourcemap".to_owned(), json!(file.map_url));
    }
    json!({
        "id": file.id.to_string(), "name": file.name, "size": file.blob.size, "sha1": file.checksum.to_string(), "headers": headers,
        "dist": if file.dist.is_empty() { Value::Null } else { json!(file.dist) }, "dateCreated": file.uploaded_at.rfc3339_millis(),
    })
}

async fn add_file(State(cx): State<Cx>, Path((_, slug, version)): Path<(String, String, String)>, parts: Multipart) -> Response {
    answer(take_file(&cx, slug, version, parts).await)
}

/// A file in the form it is posted in.
#[derive(Default)]
struct Posted {
    bytes: Vec<u8>,
    file_name: String,
    name: String,
    dist: String,
    map_url: String,
    debug_id: Option<DebugId>,
}

async fn take_file(cx: &Cx, slug: String, version: String, parts: Multipart) -> Result<(StatusCode, Value)> {
    let project = project(cx, slug).await?.id;
    let version = ingest::releases::checked_version(&version).ok_or_else(super::versions::no_version)?;
    let posted = read_posted(parts).await?;
    let name = if posted.name.is_empty() { posted.file_name } else { posted.name };
    if name.is_empty() {
        return Err(Error::invalid("Please name the file: ~/static/app.js."));
    }
    super::versions::ensure(cx, project, version.clone()).await?;
    let labels = Labels {
        kind: ArtifactKind::of_name(&name),
        debug_id: posted.debug_id,
        url: normal_url(&name),
        map_url: posted.map_url,
        name: kernel::text::shorten(&name, 300),
    };
    let size = posted.bytes.len() as u64;
    // The same bytes under two names are two uploads.
    let named = [posted.bytes.as_slice(), labels.url.as_bytes()].concat();
    let new = NewBundle { project, checksum: upload::checksum_of(&named), release: version, dist: posted.dist, size };
    let wanted = new.clone();
    let bytes = posted.bytes;
    blocking(cx, move |cx| upload::keep_file(cx, new, labels, &bytes)).await?;
    let kept = cx
        .telemetry
        .read(move |r| {
            let Some(bundle) = artifacts::find_bundle(r, &wanted)? else { return Ok(None) };
            Ok(artifacts::list_of_bundle(r, bundle.id, 1)?.into_iter().next())
        })
        .await?;
    let kept = kept.ok_or_else(|| Error::internal("a file that was kept is not there"))?;
    Ok((StatusCode::CREATED, file_json(&kept)))
}

async fn read_posted(mut parts: Multipart) -> Result<Posted> {
    let mut posted = Posted::default();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            posted.file_name = part.file_name().unwrap_or_default().to_owned();
            posted.bytes = part.bytes().await.map_err(broken)?.to_vec();
            continue;
        }
        let value = kernel::text::shorten(part.text().await.map_err(broken)?.trim(), 1_000);
        match name.as_str() {
            "name" => posted.name = value,
            "dist" => posted.dist = kernel::text::shorten(&value, 64),
            "header" => posted.read_header(&value),
            _ => {}
        }
    }
    Ok(posted)
}

impl Posted {
    fn read_header(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        match name.trim().to_ascii_lowercase().as_str() {
            "sourcemap" | "x-sourcemap" => value.trim().clone_into(&mut self.map_url),
            "debug-id" => self.debug_id = DebugId::parse(value.trim()),
            _ => {}
        }
    }
}

async fn remove_file(State(cx): State<Cx>, Path((_, slug, _, id)): Path<(String, String, String, i64)>) -> Response {
    answer(drop_file(&cx, slug, id).await)
}

async fn drop_file(cx: &Cx, slug: String, id: i64) -> Result<(StatusCode, Value)> {
    let project = project(cx, slug).await?.id;
    let removed = cx.telemetry.write(move |tx| artifacts::remove_artifact(tx, project, id)).await?;
    if removed == 0 {
        return Err(Error::not_found("file"));
    }
    Ok((StatusCode::NO_CONTENT, Value::Null))
}
