//! SSE-C, which the server beneath ignores: what was put with a customer's key is read, looked at and copied with that key
//! only. The bytes on disk stay plain; what is kept is which key each object has.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use md5::{Digest as _, Md5};

use super::S3Request;

const OWN: &str = "x-amz-server-side-encryption-customer";
const SOURCE: &str = "x-amz-copy-source-server-side-encryption-customer";

/// A key as it came, in base64; `None` is no key.
type Key = Option<String>;

#[derive(Default)]
pub struct CustomerKeys {
    /// By `bucket/key`.
    objects: Mutex<HashMap<String, Key>>,
    /// By `bucket/key`, too: a test has one upload of an object at a time.
    uploads: Mutex<HashMap<String, Key>>,
}

impl CustomerKeys {
    /// The code of the 400 that this request earns.
    pub fn refusal(&self, request: &S3Request, folder: &Path) -> Option<&'static str> {
        let Ok(given) = key(&request.headers, OWN) else { return Some("InvalidArgument") };
        let object = named(&request.path);
        let of = |object: &str| {
            // What was deleted, or put into the folder by the test, has none.
            let known = self.objects.lock().unwrap().get(object).cloned().flatten();
            known.filter(|_| folder.join(object).is_file())
        };
        let is_there = folder.join(&object).is_file();
        let fits = match request.method.as_str() {
            "GET" | "HEAD" => !is_there || of(&object) == given,
            "PUT" if request.query.contains("partNumber") => self.uploads.lock().unwrap().get(&object).is_none_or(|key| *key == given),
            "PUT" => match request.headers.get("x-amz-copy-source").and_then(|source| source.to_str().ok()) {
                Some(source) => key(&request.headers, SOURCE).is_ok_and(|key| of(&named(source)) == key),
                None => true,
            },
            _ => true,
        };
        (!fits).then_some("InvalidRequest")
    }

    /// Of a request that was done.
    pub fn note(&self, request: &S3Request) {
        let object = named(&request.path);
        let given = key(&request.headers, OWN).unwrap_or_default();
        let is_upload = request.query.contains("uploadId");
        match request.method.as_str() {
            "POST" if request.query.starts_with("uploads") => drop(self.uploads.lock().unwrap().insert(object, given)),
            "POST" if is_upload => {
                let of_parts = self.uploads.lock().unwrap().remove(&object).flatten();
                self.objects.lock().unwrap().insert(object, of_parts);
            }
            "PUT" if !is_upload => drop(self.objects.lock().unwrap().insert(object, given)),
            _ => {}
        }
    }
}

/// The three headers belong together, and to each other.
fn key(headers: &HeaderMap, prefix: &str) -> Result<Key, ()> {
    let header = |name: &str| headers.get(format!("{prefix}-{name}")).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match (header("algorithm"), header("key"), header("key-md5")) {
        (None, None, None) => Ok(None),
        (Some(algorithm), Some(key), Some(md5)) if algorithm == "AES256" => {
            let bytes = STANDARD.decode(&key).map_err(|_| ())?;
            (bytes.len() == 32 && STANDARD.encode(Md5::digest(&bytes)) == md5).then_some(Some(key)).ok_or(())
        }
        _ => Err(()),
    }
}

fn named(path: &str) -> String {
    let path = path.trim_start_matches('/').replace('+', "%2B");
    url::form_urlencoded::parse(path.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}
