//! The single files of a release, as clients uploaded them before there were bundles.

use axum::body::Bytes;
use axum::extract::Multipart;
use axum::response::Response;
use capability::{Cx, Routes};
use http::{HeaderMap, StatusCode, Uri};
use kernel::{Error, Result};
use serde_json::{Map, Value, json};
use web::{Actor, By, Member, Path, Query, State};

use super::uploads::broken;
use super::{OPEN, answer, base_url, blocking, paged, project};
use crate::model::artifact::{Labels, normal_url};
use crate::model::{ArtifactKind, DebugId};
use crate::store::artifacts::{self, Artifact, NewBundle};
use crate::{acts, upload};

/// Files in one answer, as Sentry pages them.
const PAGE: u32 = 100;

pub fn register(routes: &mut Routes) {
    routes.get("/api/0/projects/{org}/{project}/releases/{version}/files/", OPEN, files);
    routes.delete("/api/0/projects/{org}/{project}/releases/{version}/files/{id}/", OPEN, remove_file);
    routes.delete("/api/0/projects/{org}/{project}/files/source-maps/", OPEN, remove_all);
}

/// Whole files come in one body.
pub fn register_large(routes: &mut Routes) {
    routes.post("/api/0/projects/{org}/{project}/releases/{version}/files/", OPEN, add_file);
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Cursor {
    cursor: String,
}

async fn files(
    State(cx): State<Cx>,
    Path((_, slug, version)): Path<(String, String, String)>,
    Query(cursor): Query<Cursor>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let address = format!("{}{}", base_url(&cx, &headers), uri.path());
    paged(&address, list_files(&cx, slug, version, &cursor.cursor).await)
}

/// With where the next page begins.
async fn list_files(cx: &Cx, slug: String, version: String, cursor: &str) -> Result<(Value, Option<i64>)> {
    let project = project(cx, slug).await?.id;
    let after = cursor.parse().unwrap_or(0);
    let mut listed = cx.telemetry.read(move |r| artifacts::list_of_release(r, project, &version, after, PAGE + 1)).await?;
    let has_more = listed.len() > PAGE as usize;
    listed.truncate(PAGE as usize);
    let next = listed.last().filter(|_| has_more).map(|file| file.id);
    Ok((listed.iter().map(file_json).collect(), next))
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
    bytes: Bytes,
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
    let checksum = upload::checksum_of_all(&[&posted.bytes, labels.url.as_bytes()]);
    let new = NewBundle { project, checksum, release: version, dist: posted.dist, size };
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
            posted.bytes = part.bytes().await.map_err(broken)?;
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

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
}

/// All that was uploaded for a release: `sentry-cli releases files … delete --all`.
async fn remove_all(State(cx): State<Cx>, Path((_, slug)): Path<(String, String)>, Query(named): Query<Named>, by: By<Member>) -> Response {
    answer(drop_all(&cx, by.actor, slug, named.name).await)
}

async fn drop_all(cx: &Cx, actor: Actor, slug: String, version: String) -> Result<(StatusCode, Value)> {
    let project = project(cx, slug).await?.id;
    let release = cx.read(move |r| ingest::store::find_release(r, project, &version)).await?.ok_or_else(|| Error::not_found("release"))?;
    blocking(cx, move |cx| acts::remove_artifacts(cx, &actor, &release)).await?;
    Ok((StatusCode::NO_CONTENT, Value::Null))
}
