//! What real SDKs and sentry-cli sent, as it was recorded: outside of the repository, where HERMETIC_FIXTURES says, or else beside the
//! checkout. Taken apart by code of its own and not by the door's: what the door loses is found here.

use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// One recorded request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Such as `node/05-traces-stream/001`.
    pub name: String,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// As it was sent: packed, where it was.
    pub body: Vec<u8>,
}

/// One item of an envelope.
#[derive(Debug, Clone)]
pub struct Part {
    pub header: Value,
    pub payload: Vec<u8>,
}

impl Part {
    /// `event`, `span`, `log`, ….
    pub fn kind(&self) -> &str {
        self.header["type"].as_str().unwrap_or_default()
    }
}

/// An envelope with the request it came in.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub request: Request,
    pub header: Value,
    pub parts: Vec<Part>,
}

/// Every recorded request below a folder such as `node/05-traces-stream`, in their order; of all SDKs with an empty one. None where there
/// are no recordings, which is said.
pub fn requests(folder: &str) -> Vec<Request> {
    let root = root();
    let found = requests_in(&root, folder);
    if found.is_empty() {
        say_missing(&root.join(folder));
    }
    found
}

/// What of these requests is an envelope, or an event as the oldest SDKs send it.
pub fn envelopes(folder: &str) -> Vec<Envelope> {
    requests(folder).into_iter().filter_map(Envelope::of).collect()
}

/// Recorded session replays by name (`session`, `onerror`, …), each with everything its page sent. Where there are no others, those that
/// lie in the repository.
pub fn replays() -> Vec<(String, Vec<Envelope>)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/replays");
    let root = Some(fixtures().join("replays")).filter(|root| root.is_dir()).unwrap_or(own);
    let mut by_name: std::collections::BTreeMap<String, Vec<Envelope>> = std::collections::BTreeMap::new();
    // A recording that stands alone is no request.
    for request in requests_in(&root, "").into_iter().filter(|request| !request.path.is_empty()) {
        let name = request.scenario().to_owned();
        by_name.entry(name).or_default().extend(Envelope::of(request));
    }
    by_name.into_iter().collect()
}

impl Request {
    /// Such as `node/05-traces-stream`.
    pub fn scenario(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(scenario, _)| scenario)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as the SDK had it before it packed it.
    pub fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        let unpacked = match self.header("content-encoding") {
            Some("gzip") => flate2::read::MultiGzDecoder::new(self.body.as_slice()).read_to_end(&mut plain),
            Some("br") => brotli::Decompressor::new(self.body.as_slice(), 4_096).read_to_end(&mut plain),
            None => return self.body.clone(),
            Some(other) => panic!("{}: nobody has recorded {other} so far", self.name),
        };
        unpacked.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        plain
    }
}

impl Envelope {
    fn of(request: Request) -> Option<Envelope> {
        let (header, parts) = match request.path.as_str() {
            path if path.contains("/store/") => (json!({}), vec![Part { header: json!({"type": "event"}), payload: request.plain() }]),
            path if path.contains("/envelope/") => split(&request.plain()),
            _ => return None,
        };
        Some(Envelope { request, header, parts })
    }
}

/// A line for the envelope, then two for each item; a `length` counts bytes instead of looking for the line's end.
fn split(envelope: &[u8]) -> (Value, Vec<Part>) {
    let (head, mut rest) = line(envelope);
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (header, after) = line(rest);
        rest = after;
        let Ok(header) = serde_json::from_slice::<Value>(header) else { continue };
        let payload = match header["length"].as_u64().and_then(|length| usize::try_from(length).ok()) {
            Some(length) => {
                let (payload, after) = rest.split_at(length.min(rest.len()));
                rest = after.strip_prefix(b"\n").unwrap_or(after);
                payload
            }
            None => {
                let (payload, after) = line(rest);
                rest = after;
                payload
            }
        };
        parts.push(Part { header, payload: payload.to_vec() });
    }
    (serde_json::from_slice(head).unwrap_or_default(), parts)
}

/// The first line without its end, and what follows.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

fn root() -> PathBuf {
    fixtures().join("envelopes")
}

/// A test has no config: its environment says where the recordings lie.
fn fixtures() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures");
    std::env::var_os("HERMETIC_FIXTURES").map_or(beside, PathBuf::from)
}

#[expect(clippy::print_stderr, reason = "a test that looks at nothing must say so")]
fn say_missing(folder: &Path) {
    eprintln!("SKIPPED: there are no recorded requests in {}; name their folder with HERMETIC_FIXTURES", folder.display());
}

fn requests_in(root: &Path, folder: &str) -> Vec<Request> {
    let mut files = Vec::new();
    collect(&root.join(folder), &mut files);
    files.sort();
    files.iter().map(|file| read(root, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => collect(&path, files),
            path if path.extension().is_some_and(|ending| ending == "json") => files.push(path),
            _ => {}
        }
    }
}

fn read(root: &Path, file: &Path) -> Request {
    let wrong = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", file.display()) };
    let head: Value = match std::fs::read(file).map(|bytes| serde_json::from_slice(&bytes)) {
        Ok(Ok(head)) => head,
        Ok(Err(error)) => wrong(&error),
        Err(error) => wrong(&error),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Request {
        name: file.strip_prefix(root).unwrap_or(file).with_extension("").to_string_lossy().into_owned(),
        method: text(&head["method"]),
        path: text(&head["path"]),
        headers: head["headers"].as_array().into_iter().flatten().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        // What has no body has no file of it.
        body: std::fs::read(file.with_extension("body")).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    const PLAIN: &[u8] =
        b"{\"event_id\":\"1\"}\n{\"type\":\"attachment\",\"length\":5}\na\nb\nc\n{\"type\":\"log\",\"item_count\":1}\n{\"items\":[1]}\n\n{\"type\":\"session\"}\n{}";

    fn record(root: &Path, name: &str, path: &str, encoding: Option<&str>, body: &[u8]) {
        let file = root.join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        let headers: Vec<Value> = encoding.map(|encoding| json!(["Content-Encoding", encoding])).into_iter().collect();
        std::fs::write(file.with_extension("json"), json!({"method": "POST", "path": path, "headers": headers}).to_string())
            .expect("a head");
        std::fs::write(file.with_extension("body"), body).expect("a body");
    }

    #[test]
    fn recorded_requests_are_read_in_order_and_unpacked_whatever_the_sdk_packed_them_with() {
        let root = tempfile::tempdir().expect("a folder");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(PLAIN).expect("gzip");
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, 4_096, 5, 20).write_all(PLAIN).expect("brotli");
        let path = "/api/42/envelope/?sentry_version=7";
        record(root.path(), "py/01-default/002", path, Some("gzip"), &gzip.finish().expect("gzip"));
        record(root.path(), "py/01-default/001", path, Some("br"), &br);
        record(root.path(), "node/01-default/001", path, None, PLAIN);
        record(root.path(), "py/01-default/003", "/api/42/store/", None, b"{\"message\":\"old\"}");
        let all = requests_in(root.path(), "");
        let names: Vec<&str> = all.iter().map(|request| request.name.as_str()).collect();
        assert_eq!(names, ["node/01-default/001", "py/01-default/001", "py/01-default/002", "py/01-default/003"]);
        assert_eq!((requests_in(root.path(), "py").len(), all[1].scenario()), (3, "py/01-default"));
        for request in &all[..3] {
            let envelope = Envelope::of(request.clone()).expect("an envelope");
            let parts: Vec<(&str, &[u8])> = envelope.parts.iter().map(|part| (part.kind(), part.payload.as_slice())).collect();
            assert_eq!(parts, [("attachment", &b"a\nb\nc"[..]), ("log", b"{\"items\":[1]}"), ("session", b"{}")], "{}", request.name);
            assert_eq!(envelope.header["event_id"], "1");
        }
        let old = Envelope::of(all[3].clone()).expect("an event");
        assert_eq!((old.parts[0].kind(), old.parts[0].payload.as_slice()), ("event", &b"{\"message\":\"old\"}"[..]));
    }
}
