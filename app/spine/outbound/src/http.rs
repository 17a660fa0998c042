//! HTTP that keeps its promises: a total time, a capped answer, no proxy, no cookie, no redirect that was not checked.
//! [`Request`] in, [`Answer`] or [`HttpFailure`] out, whatever the code; [`retry`] reads what the code and headers ask for.

mod failure;
pub(crate) mod redirect;
pub mod retry;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use kernel::Error;
use kernel::text::WebUrl;
use kernel::time::describe_duration;
use rustls::ClientConfig;
use url::{Host, Url};

use crate::OutboundOptions;
use crate::guard::{Blocked, Reach, Why};
use crate::resolver::GuardedResolver;
pub use failure::{HttpFailure, HttpFailureKind};
use redirect::Hop;

/// How many redirects an operator's address may make.
const MAX_REDIRECTS: usize = 5;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is asked. `Debug` shows the origin only: hooks carry their token in the path.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub url: WebUrl,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// From the first byte to the last, redirects included.
    pub timeout: Duration,
    pub reach: Reach,
}

/// What came back. The body ends at the cap ([`crate::Limits`]); the rest is not read.
#[derive(Clone)]
pub struct Answer {
    pub code: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The client. Clones share its connections.
#[derive(Clone)]
pub struct Http {
    options: Arc<OutboundOptions>,
    tls: ClientConfig,
    /// For operators' addresses. Strangers' get a client of their own each time: no connection of theirs is ever reused.
    trusted: reqwest::Client,
}

impl Request {
    pub fn new(method: Method, url: WebUrl, reach: Reach) -> Self {
        Self { method, url, headers: Vec::new(), body: Vec::new(), timeout: DEFAULT_TIMEOUT, reach }
    }

    pub fn get(url: WebUrl, reach: Reach) -> Self {
        Self::new(Method::GET, url, reach)
    }

    /// A POST with a JSON body.
    pub fn post_json(url: WebUrl, reach: Reach, body: &serde_json::Value) -> Self {
        let mut request = Self::new(Method::POST, url, reach).header(CONTENT_TYPE.as_str(), "application/json");
        request.body = body.to_string().into_bytes();
        request
    }

    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} header(s), {} bytes)", self.method, self.url.origin(), self.headers.len(), self.body.len())
    }
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The first `max` characters of the body on one line, for the operator's list of deliveries.
    pub fn excerpt(&self, max: usize) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        kernel::text::shorten(&line, max)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer {} ({} bytes)", self.code, self.body.len())
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    pub(crate) fn new(options: Arc<OutboundOptions>, mut tls: ClientConfig) -> kernel::Result<Http> {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let resolver =
            GuardedResolver { resolver: options.resolver.clone(), guard: options.guard.clone(), reach: Reach::Operator, port: 0 };
        let trusted = client_builder(&options, &tls, resolver)?
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(15))
            .build()
            .map_err(|error| Error::internal("setting up the HTTP client").because(error))?;
        Ok(Http { options, tls, trusted })
    }

    /// Sends and reads the answer. Every HTTP code is an [`Answer`]; a failure means that no whole answer came.
    pub async fn send(&self, request: Request) -> Result<Answer, HttpFailure> {
        let (origin, limit) = (request.url.origin(), request.timeout);
        match tokio::time::timeout(limit, self.follow(request)).await {
            Ok(result) => result,
            Err(_) => {
                let message = format!("{origin} gave no whole answer within {}.", describe_duration(limit));
                Err(HttpFailure { kind: HttpFailureKind::Timeout, message })
            }
        }
    }

    async fn follow(&self, request: Request) -> Result<Answer, HttpFailure> {
        let reach = request.reach;
        let mut hop = Hop {
            method: request.method,
            url: request.url.url().clone(),
            headers: checked_headers(&request.headers)?,
            body: Bytes::from(request.body),
        };
        let mut followed = 0;
        loop {
            let response = self.exchange(&hop, reach).await.map_err(|failure| failure.at(&hop.url))?;
            let next = if reach == Reach::Operator { redirect::next(&hop, response.status(), response.headers())? } else { None };
            let Some(next) = next else {
                return self.read(response, reach).await.map_err(|failure| failure.at(&hop.url));
            };
            if followed == MAX_REDIRECTS {
                let message = format!("{} redirects more than {MAX_REDIRECTS} times.", request.url.origin());
                return Err(HttpFailure { kind: HttpFailureKind::Other, message });
            }
            followed += 1;
            hop = next;
        }
    }

    async fn exchange(&self, hop: &Hop, reach: Reach) -> Result<reqwest::Response, HttpFailure> {
        let port = hop.url.port_or_known_default().unwrap_or(0);
        self.judge_host(&hop.url, port, reach)?;
        let client = match reach {
            Reach::Operator | Reach::Webhook => self.trusted.clone(),
            Reach::Stranger => self.client_for_a_stranger(port)?,
        };
        client
            .request(hop.method.clone(), hop.url.clone())
            .headers(hop.headers.clone())
            .body(hop.body.clone())
            .send()
            .await
            .map_err(HttpFailure::from_reqwest)
    }

    /// hyper dials a literal address without asking the resolver, so it is judged here. The url crate has already turned
    /// `2130706433`, `0177.1` and `0x7f.1` into the address they mean.
    fn judge_host(&self, url: &Url, port: u16, reach: Reach) -> Result<(), HttpFailure> {
        let guard = &self.options.guard;
        let blocked = |blocked: Blocked| HttpFailure { kind: HttpFailureKind::Blocked, message: blocked.to_string() };
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        match ip {
            Some(ip) => guard.verdict(SocketAddr::new(ip, port), reach).map_err(blocked),
            None if guard.allows_port(port, reach) => Ok(()),
            None => Err(blocked(Blocked { ip: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), why: Why::Port(port) })),
        }
    }

    fn client_for_a_stranger(&self, port: u16) -> Result<reqwest::Client, HttpFailure> {
        let (resolver, guard) = (self.options.resolver.clone(), self.options.guard.clone());
        let resolver = GuardedResolver { resolver, guard, reach: Reach::Stranger, port };
        let failed = |message: String| HttpFailure { kind: HttpFailureKind::Other, message };
        client_builder(&self.options, &self.tls, resolver)
            .map_err(|error| failed(error.chain()))?
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| failed(error.to_string()))
    }

    /// Reads at most the cap, counted after decompression, so that neither an endless body nor a gzip bomb takes memory.
    async fn read(&self, mut response: reqwest::Response, reach: Reach) -> Result<Answer, HttpFailure> {
        let cap = if reach == Reach::Stranger { self.options.limits.stranger_answer } else { self.options.limits.answer };
        let (code, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while body.len() < cap {
            let Some(chunk) = response.chunk().await.map_err(HttpFailure::from_reqwest)? else { break };
            body.extend_from_slice(&chunk[..chunk.len().min(cap - body.len())]);
        }
        Ok(Answer { code, headers, body })
    }
}

fn client_builder(options: &OutboundOptions, tls: &ClientConfig, resolver: GuardedResolver) -> kernel::Result<reqwest::ClientBuilder> {
    let agent = HeaderValue::from_str(&options.user_agent)
        .map_err(|error| Error::invalid("The user agent cannot be sent as a header.").because(error))?;
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(Arc::new(resolver))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(options.limits.connect)
        .user_agent(agent))
}

/// Header injection ends here: a name or value that would need a line break is refused by name, never by value.
fn checked_headers(headers: &[(String, String)]) -> Result<HeaderMap, HttpFailure> {
    let refused = |name: &str| HttpFailure {
        kind: HttpFailureKind::Invalid,
        message: format!("The header {name:?} cannot be sent: names and values may hold no line breaks or control characters."),
    };
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let key = HeaderName::try_from(name.as_str()).map_err(|_| refused(name))?;
        map.append(key, HeaderValue::from_str(value).map_err(|_| refused(name))?);
    }
    Ok(map)
}
