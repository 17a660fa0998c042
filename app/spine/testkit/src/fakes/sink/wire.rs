//! HTTP/1.1 on the wire, by hand: a fake must be able to write what no library would.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::Line;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark; empty when there is none.
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub is_tls: bool,
}

impl Recorded {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The fields of a form body.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// One parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// An answer in good order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn new(code: u16) -> Self {
        Self { code, headers: Vec::new(), body: Vec::new() }
    }

    pub fn json(code: u16, body: &serde_json::Value) -> Self {
        Self::new(code).header("Content-Type", "application/json").body(body.to_string())
    }

    pub fn text(code: u16, body: &str) -> Self {
        Self::new(code).header("Content-Type", "text/plain").body(body)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Status line and headers, with the length of the body.
    pub fn head(&self) -> Vec<u8> {
        let has_body = self.code != 204 && self.code != 304;
        let length = has_body.then(|| ("Content-Length".to_owned(), self.body.len().to_string()));
        head(self.code, self.headers.iter().chain(length.iter()))
    }
}

pub fn head<'a>(code: u16, headers: impl Iterator<Item = &'a (String, String)>) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason()).unwrap_or("");
    let mut head = format!("HTTP/1.1 {code} {reason}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The next request of a connection; none when the other side is done (or writes nonsense).
pub async fn read_request(stream: &mut BufReader<impl Line>, is_tls: bool) -> Option<Recorded> {
    let first = read_line(stream).await?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Recorded { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new(), is_tls };
    request.body = read_body(stream, &request).await?;
    Some(request)
}

async fn read_body(stream: &mut BufReader<impl Line>, request: &Recorded) -> Option<Vec<u8>> {
    if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return read_chunks(stream).await;
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

async fn read_chunks(stream: &mut BufReader<impl Line>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream).await?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..]).await.ok()?;
        read_line(stream).await?;
        if size == 0 {
            return Some(body);
        }
    }
}

async fn read_line(stream: &mut BufReader<impl Line>) -> Option<String> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
        return None;
    }
    let text = String::from_utf8_lossy(&line);
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}
