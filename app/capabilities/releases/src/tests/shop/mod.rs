//! The shop of the tests: a small program built with `esbuild src/app.ts --bundle --minify --sourcemap`, and its bundle as sentry-cli 3.8.0
//! packed it; and a client that speaks as sentry-cli does.

use axum::body::Body;
use http::{Request, header};
use identity::projects::Project;
use kernel::Role;
use serde_json::{Value, json};
use std::io::Write as _;
use testkit::{Client, TestHouse};

use crate::upload::checksum_of;

pub const BUILT: &str = include_str!("built.js");
pub const MAP: &str = include_str!("built.js.map");
/// With debug ids in both files, for release `web@1.0.0`, dist 7.
pub const BUNDLE: &[u8] = include_bytes!("shop.zip");
pub const DEBUG_ID: &str = "2096d85c-c3d8-5a53-b69d-22e430cd063a";

/// As V8 reports the error of the built file, the caller first, with the lines and columns of `BUILT`.
pub const STACK: [(&str, u32, u32); 6] = [("", 1, 354), ("i", 1, 325), ("", 1, 332), ("c", 1, 273), ("e.total", 1, 68), ("o", 1, 126)];

pub struct Cli {
    pub client: Client,
}

impl Cli {
    pub async fn of(house: &TestHouse) -> Cli {
        Cli { client: house.key(Role::Member, &["releases:write"]).await }
    }

    pub async fn get(&self, path: &str) -> testkit::Answer {
        self.client.get(path).await
    }

    pub async fn send(&self, method: http::Method, path: &str, body: &Value) -> testkit::Answer {
        self.client.json(method, path, body).await
    }

    pub async fn assemble(&self, bundle: &[u8], chunks: &[&[u8]], project: &Project, release: &str) -> Value {
        let chunks: Vec<String> = chunks.iter().map(|chunk| checksum_of(chunk).to_string()).collect();
        let body = json!({ "checksum": checksum_of(bundle).to_string(), "chunks": chunks, "projects": [project.slug], "version": release });
        self.send(http::Method::POST, "/api/0/organizations/acme/artifactbundle/assemble/", &body).await.expect(200).json()
    }

    /// Name of the part, name of the file, bytes.
    pub async fn post_parts(&self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> testkit::Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=xXx");
        self.client.call(request.body(Body::from(form(parts))).unwrap()).await
    }

    pub async fn post_chunks(&self, chunks: &[&[u8]]) -> testkit::Answer {
        let names: Vec<String> = chunks.iter().map(|chunk| checksum_of(chunk).to_string()).collect();
        let packed: Vec<Vec<u8>> = chunks.iter().map(|chunk| gzip(chunk)).collect();
        let parts: Vec<(&str, Option<&str>, &[u8])> =
            names.iter().zip(&packed).map(|(name, bytes)| ("file_gzip", Some(name.as_str()), bytes.as_slice())).collect();
        self.post_parts("/api/0/organizations/acme/chunk-upload/", &parts).await
    }

    /// All of it as sentry-cli does it: ask, send what is missing, ask again. Gives the last answer.
    pub async fn upload(&self, bundle: &[u8], project: &Project, release: &str) -> Value {
        let chunks: Vec<&[u8]> = bundle.chunks(crate::upload::CHUNK_BYTES as usize).collect();
        if self.assemble(bundle, &chunks, project, release).await["state"] != "ok" {
            self.post_chunks(&chunks).await.expect(200);
        }
        self.assemble(bundle, &chunks, project, release).await
    }
}

pub fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        write!(body, "--xXx\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").unwrap();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xXx--\r\n");
    body
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A bundle of these files: path in the archive, entry of the manifest, contents.
pub fn bundle(files: &[(&str, Value, &[u8])]) -> Vec<u8> {
    let manifest: serde_json::Map<String, Value> = files.iter().map(|(path, entry, _)| ((*path).to_owned(), entry.clone())).collect();
    let manifest = serde_json::to_vec(&json!({ "files": manifest })).unwrap();
    let mut all: Vec<(&str, &[u8])> = files.iter().map(|(path, _, contents)| (*path, *contents)).collect();
    all.push(("manifest.json", &manifest));
    [b"SYSB\x02\0\0\0".as_slice(), &zip(&all)].concat()
}

pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut output);
    for (name, contents) in files {
        let (mut entry, config) = archive
            .new_file(rawzip::path::EntryPath::verbatim(name.as_bytes()))
            .compression_method(rawzip::CompressionMethod::DEFLATE)
            .start()
            .unwrap();
        let packer = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
        let mut writer = config.wrap(packer);
        writer.write_all(contents).unwrap();
        let (packer, descriptor) = writer.finish().unwrap();
        packer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    output
}

/// A bundle of old, without debug ids, found by release and address.
pub fn plain_bundle(prefix: &str) -> Vec<u8> {
    let built = json!({ "type": "minified_source", "url": format!("{prefix}app.min.js"), "headers": { "sourcemap": "app.min.js.map" } });
    let map = json!({ "type": "source_map", "url": format!("{prefix}app.min.js.map"), "headers": {} });
    bundle(&[("files/_/_/app.min.js", built, BUILT.as_bytes()), ("files/_/_/app.min.js.map", map, MAP.as_bytes())])
}
