//! Chunks and artifact bundles.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use axum::response::Response;
use capability::{Cx, Routes};
use http::{HeaderMap, StatusCode};
use kernel::{Error, Kind, Result};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use web::{Path, Raw, State};

use super::{OPEN, answer, base_url, blocking, ok, parsed};
use crate::model::Checksum;
use crate::store::artifacts::NewBundle;
use crate::upload::{self, Assembled};

static ASSEMBLING: Semaphore = Semaphore::const_new(1);

pub fn register(routes: &mut Routes) {
    routes.get("/api/0/organizations/{org}/chunk-upload/", OPEN, options);
    routes.post("/api/0/organizations/{org}/chunk-upload/", OPEN, chunks);
    routes.post("/api/0/organizations/{org}/artifactbundle/assemble/", OPEN, assemble_bundle);
    routes.post("/api/0/organizations/{org}/releases/{version}/assemble/", OPEN, assemble_release);
}

/// Uploads are put together one after the other: each takes a whole processor, and nobody waits for two.
pub async fn in_turn<T: Send + 'static>(cx: &Cx, f: impl FnOnce(&Cx) -> Result<T> + Send + 'static) -> Result<T> {
    let _turn = ASSEMBLING.acquire().await.map_err(|closed| Error::internal("waiting for a turn").because(closed))?;
    blocking(cx, f).await
}

async fn options(State(cx): State<Cx>, Path(org): Path<String>, headers: HeaderMap) -> Response {
    let org: String = url::form_urlencoded::byte_serialize(org.as_bytes()).collect();
    let accept = [
        "debug_files",
        "release_files",
        "pdbs",
        "sources",
        "bcsymbolmaps",
        "portablepdbs",
        "proguard",
        "artifact_bundles",
        "artifact_bundles_v2",
    ];
    answer(ok(json!({
        "url": format!("{}/api/0/organizations/{org}/chunk-upload/", base_url(&cx, &headers)),
        "chunkSize": upload::CHUNK_BYTES, "chunksPerRequest": upload::CHUNKS_PER_REQUEST, "maxFileSize": upload::FILE_BYTES,
        "maxRequestSize": upload::REQUEST_BYTES, "concurrency": 4, "hashAlgorithm": "sha1", "compression": ["gzip"], "accept": accept,
    })))
}

pub fn broken(error: MultipartError) -> Error {
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
pub struct Wish {
    pub checksum: Checksum,
    pub pieces: Vec<Checksum>,
}

impl Wish {
    pub fn of(checksum: Option<&str>, chunks: Option<&Value>) -> Result<Wish> {
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
pub fn assembled_json(assembled: &Assembled) -> Value {
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
        last = in_turn(cx, move |cx| upload::assemble_bundle(cx, &new, &pieces)).await?;
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
