//! The HTTP kind, on hyper's bare client connections, so that each phase is ours to time: resolve, connect, TLS, send, first
//! byte, transfer. Redirects are followed here too, with the policy asked at every hop and credentials left behind.

use std::error::Error as _;
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::meter::{Meter, Metered};
use super::tls::Handshake;
use super::{Found, Part, Prober, Trace, Word, assertion, body, dial};
use crate::model::check::Reason;
use crate::model::watch::{Auth, HttpWatch, Secrets};

type Stream = Metered<Box<dyn Socket>>;

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

pub async fn probe(prober: &Prober, watch: &HttpWatch, secrets: &Secrets, trace: &mut Trace) -> Found {
    let mut hop = Hop::first(prober, watch, secrets)?;
    let mut visited = vec![hop.url.clone()];
    loop {
        let answer = hop.exchange(prober, watch, trace).await?;
        let code = answer.response.status().as_u16();
        trace.seen.code = Some(code);
        let is_redirect = matches!(code, 301 | 302 | 303 | 307 | 308) && answer.response.headers().contains_key(LOCATION);
        if !watch.follow_redirects || !is_redirect {
            return finish(watch, answer, trace).await;
        }
        let next = hop.follow(answer.response.headers(), code)?;
        if visited.contains(&next.url) {
            return Err(Word::new(Reason::RedirectLimit, "The redirects lead in a circle."));
        }
        if visited.len() > usize::from(watch.max_redirects) {
            return Err(Word::new(Reason::RedirectLimit, format!("There are more than {} redirects.", watch.max_redirects)));
        }
        trace.seen.redirects.push(shown(&next.url));
        visited.push(next.url.clone());
        hop = next;
    }
}

/// Reads the body of the last answer and judges it.
async fn finish(watch: &HttpWatch, mut answer: Answer, trace: &mut Trace) -> Found {
    let code = answer.response.status().as_u16();
    let headers = answer.response.headers().clone();
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let read =
        trace.phase(Part::Transfer, Reason::BodyTimeout, read_body(&mut answer.response, &encoding, assertion::reads_body(watch))).await;
    trace.seen.bytes_wire = answer.meter.bytes_read();
    let body = match read {
        Ok(body) => body,
        Err(word) => {
            // A refused code says more than what then happened to its body.
            let by_code = assertion::judge(watch, code, &headers, b"").err().filter(|by_code| is_about_code(by_code.reason));
            return Err(by_code.unwrap_or(word));
        }
    };
    trace.seen.bytes_body = body.length;
    assertion::judge(watch, code, &headers, &body.bytes)
}

fn is_about_code(reason: Reason) -> bool {
    matches!(reason, Reason::HttpStatus | Reason::AssertionStatus)
}

async fn read_body(response: &mut Response<Incoming>, encoding: &str, keep: bool) -> Result<body::Body, Word> {
    let mut decoder = body::Decoder::new(encoding, keep)?;
    while let Some(frame) = response.body_mut().frame().await {
        let frame = frame.map_err(|error| exchange_failure(&error))?;
        if let Some(data) = frame.data_ref() {
            decoder.push(data)?;
        }
    }
    decoder.finish()
}

/// One request of the chain.
struct Hop {
    url: Url,
    method: Method,
    headers: HeaderMap,
    /// Which of the headers are credentials: left behind when the origin changes.
    secret_headers: Vec<HeaderName>,
    body: Bytes,
}

struct Answer {
    response: Response<Incoming>,
    meter: Arc<Meter>,
    _connection: Driven,
}

impl Hop {
    fn first(prober: &Prober, watch: &HttpWatch, secrets: &Secrets) -> Result<Self, Word> {
        let wrong = |what: &str| Word::new(Reason::Cancelled, format!("The monitor's {what} cannot be used."));
        let url = Url::parse(&watch.url).map_err(|_| wrong("address"))?;
        let method = Method::from_bytes(watch.method.as_bytes()).map_err(|_| wrong("method"))?;
        let mut headers = HeaderMap::new();
        let mut secret_headers = vec![AUTHORIZATION, http::header::COOKIE, http::header::PROXY_AUTHORIZATION];
        headers.insert(USER_AGENT, HeaderValue::try_from(&prober.options.user_agent).map_err(|_| wrong("user agent"))?);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, deflate"));
        for header in &watch.headers {
            let name = HeaderName::try_from(header.name.as_str()).map_err(|_| wrong("header"))?;
            let value = if header.secret { secrets.headers.get(name.as_str()).map_or("", String::as_str) } else { &header.value };
            headers.insert(name.clone(), HeaderValue::try_from(value).map_err(|_| wrong("header"))?);
            if header.secret {
                secret_headers.push(name);
            }
        }
        let credentials = match &watch.auth {
            Auth::None => None,
            Auth::Basic { username } => {
                Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{username}:{}", secrets.password))))
            }
            Auth::Bearer => Some(format!("Bearer {}", secrets.bearer)),
        };
        if let Some(credentials) = credentials {
            headers.insert(AUTHORIZATION, HeaderValue::try_from(credentials).map_err(|_| wrong("credentials"))?);
        }
        Ok(Self { url, method, headers, secret_headers, body: Bytes::from(watch.body.clone()) })
    }

    /// The request that a redirect asks for.
    fn follow(&self, answer: &HeaderMap, code: u16) -> Result<Hop, Word> {
        let blocked = |why: &str| Word::new(Reason::RedirectBlocked, why.to_owned());
        let location =
            answer.get(LOCATION).and_then(|value| value.to_str().ok()).ok_or_else(|| blocked("The redirect names no readable address."))?;
        let mut url = self.url.join(location).map_err(|_| blocked("The redirect's address cannot be read."))?;
        url.set_fragment(None);
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(blocked("The redirect leads away from HTTP."));
        }
        let mut headers = self.headers.clone();
        if url.origin() != self.url.origin() {
            for name in &self.secret_headers {
                headers.remove(name);
            }
        }
        let drops_body = code == 303 || (matches!(code, 301 | 302) && self.method == Method::POST);
        let method = match drops_body {
            true if self.method != Method::HEAD => Method::GET,
            _ => self.method.clone(),
        };
        if drops_body {
            headers.remove(http::header::CONTENT_TYPE);
        }
        let body = if drops_body { Bytes::new() } else { self.body.clone() };
        Ok(Hop { url, method, headers, secret_headers: self.secret_headers.clone(), body })
    }

    async fn exchange(&self, prober: &Prober, watch: &HttpWatch, trace: &mut Trace) -> Result<Answer, Word> {
        let host = self.url.host_str().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
        let port = self.url.port_or_known_default().unwrap_or(80);
        let tcp = dial::connect(prober, host, port, watch.ip, trace).await?;
        let (socket, is_h2): (Box<dyn Socket>, bool) = if self.url.scheme() == "https" {
            let wanted = Handshake {
                server_name: host,
                extra_ca_pem: &watch.extra_ca_pem,
                ignore_certificate: watch.ignore_certificate,
                offer_h2: true,
                is_http: true,
            };
            let stream = prober.tls.handshake(tcp, wanted, trace).await?;
            let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            (Box::new(stream), is_h2)
        } else {
            (Box::new(tcp), false)
        };
        let meter = Meter::start();
        let stream = Metered { inner: socket, meter: meter.clone() };
        let asked = tokio::time::timeout(trace.left(), ask(stream, self.request(is_h2)?, is_h2)).await;
        let sent = meter.sent_after().min(meter.elapsed());
        trace.note(Part::Send, if meter.is_blocked() { meter.elapsed() } else { sent });
        trace.note(Part::Ttfb, meter.elapsed().saturating_sub(sent));
        trace.seen.bytes_wire = meter.bytes_read();
        let (response, connection) =
            asked.unwrap_or_else(|_| Err(Word::plain(if meter.is_blocked() { Reason::WriteTimeout } else { Reason::TtfbTimeout })))?;
        trace.seen.http_version = Some(version(response.version()).to_owned());
        Ok(Answer { response, meter, _connection: connection })
    }

    fn request(&self, is_h2: bool) -> Result<Request<Full<Bytes>>, Word> {
        let wrong = || Word::new(Reason::RedirectBlocked, "The address cannot be asked for over HTTP.");
        let uri = if is_h2 { shown_with_query(&self.url) } else { path_and_query(&self.url) };
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .version(if is_h2 { Version::HTTP_2 } else { Version::HTTP_11 })
            .body(Full::new(self.body.clone()))
            .map_err(|_| wrong())?;
        *request.headers_mut() = self.headers.clone();
        if !is_h2 {
            let host = self.url.host_str().unwrap_or("");
            let host = self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            request.headers_mut().insert(HOST, HeaderValue::try_from(host).map_err(|_| wrong())?);
        }
        Ok(request)
    }
}

/// Ends the connection's task with the probe.
struct Driven(tokio::task::JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ask(stream: Stream, request: Request<Full<Bytes>>, is_h2: bool) -> Result<(Response<Incoming>, Driven), Word> {
    let failed = |error: hyper::Error| exchange_failure(&error);
    if is_h2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(failed)?;
        let driven = Driven(tokio::spawn(async move { drop(connection.await) }));
        return Ok((sender.send_request(request).await.map_err(failed)?, driven));
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let driven = Driven(tokio::spawn(async move { drop(connection.await) }));
    Ok((sender.send_request(request).await.map_err(failed)?, driven))
}

fn exchange_failure(error: &hyper::Error) -> Word {
    if error.is_parse() {
        return Word::new(Reason::HttpProtocol, format!("The answer is not valid HTTP: {error}."));
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return dial::stream_failure(io);
        }
        source = cause.source();
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() || error.is_body_write_aborted() {
        return Word::new(Reason::ConnectReset, "The other side closed the connection before the answer was complete.");
    }
    Word::new(Reason::HttpProtocol, format!("The HTTP exchange failed: {error}."))
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

/// As pages and the redirect chain show it: without query, which may hold a token.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn shown_with_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}
