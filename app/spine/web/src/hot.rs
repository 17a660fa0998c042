//! Pages answered from memory before the router ([`HotPages`]): compressed, hashed and given their headers once, when published.
//!
//! The whole table is swapped at once, so a reader never waits and never sees half of an update. The query is ignored wholly: `?x=N`
//! cannot be used to get past the memory.

use crate::body::FrontBody;
use crate::encoding::{self, Encoding};
use crate::{host, security};
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Below this size compression saves no packet.
const WORTH_COMPRESSING: usize = 512;

/// How a hot page may be used.
#[derive(Debug, Clone)]
pub struct HotOptions {
    pub cache_control: String,
    /// Instead of [`security::DEFAULT_CSP`].
    pub csp: Option<String>,
    /// Readable by scripts of other sites: public JSON, feeds and badges.
    pub cors: bool,
}

/// One page, ready to be sent in each encoding.
#[derive(Debug, Clone)]
pub struct HotPage(Arc<Prepared>);

#[derive(Debug, Clone)]
struct Prepared {
    etag: HeaderValue,
    not_modified: HeaderMap,
    identity: Variant,
    gzip: Option<Variant>,
    brotli: Option<Variant>,
}

#[derive(Debug, Clone)]
struct Variant {
    headers: HeaderMap,
    body: Bytes,
}

/// The pages of one host name, or of every host that has no page of its own at the path.
#[derive(Debug, Clone, Default)]
pub struct HotSite {
    pub host: Option<String>,
    pub pages: HashMap<String, HotPage>,
    /// Paths of this host name that are not in memory and that the router answers as others: `/` as `/status`.
    pub led: HashMap<String, &'static str>,
}

/// Clones share the table.
#[derive(Debug, Clone, Default)]
pub struct HotPages {
    is_https: bool,
    owners: Arc<Mutex<BTreeMap<&'static str, Vec<HotSite>>>>,
    table: Arc<ArcSwap<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    hosts: HashMap<String, HashMap<String, HotPage>>,
    anywhere: HashMap<String, HotPage>,
    led: HashMap<String, HashMap<String, &'static str>>,
}

impl HotPage {
    pub fn new(content_type: &'static str, body: Vec<u8>, options: HotOptions) -> Self {
        let etag = etag_of(&body);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(ETAG, etag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_str(&options.cache_control).unwrap_or(HeaderValue::from_static("no-cache")));
        if let Some(csp) = options.csp.and_then(|csp| HeaderValue::from_str(&csp).ok()) {
            headers.insert(CONTENT_SECURITY_POLICY, csp);
        }
        if options.cors {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        security::add_headers(&mut headers, false);
        let mut not_modified = headers.clone();
        not_modified.remove(CONTENT_TYPE);
        let encoded = |name: &'static str, packed: Option<Vec<u8>>| {
            let body = packed.filter(|packed| packed.len() < body.len())?;
            let mut headers = headers.clone();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
            Some(Variant { headers, body: body.into() })
        };
        let is_worth_it = body.len() >= WORTH_COMPRESSING;
        let gzip = encoded("gzip", is_worth_it.then(|| gzip(&body)).flatten());
        let brotli = encoded("br", is_worth_it.then(|| brotli(&body)).flatten());
        let identity = Variant { headers, body: body.into() };
        Self(Arc::new(Prepared { etag, not_modified, identity, gzip, brotli }))
    }

    /// The page as it was given.
    pub fn body(&self) -> &[u8] {
        &self.0.identity.body
    }

    fn variant(&self, accepted: Encoding) -> &Variant {
        let best = match accepted {
            Encoding::Brotli => self.0.brotli.as_ref().or(self.0.gzip.as_ref()),
            Encoding::Gzip => self.0.gzip.as_ref(),
            Encoding::Identity => None,
        };
        best.unwrap_or(&self.0.identity)
    }

    fn with_hsts(self) -> Self {
        let mut prepared = Arc::unwrap_or_clone(self.0);
        let variants = [Some(&mut prepared.identity), prepared.gzip.as_mut(), prepared.brotli.as_mut()];
        for variant in variants.into_iter().flatten() {
            security::add_hsts(&mut variant.headers);
        }
        security::add_hsts(&mut prepared.not_modified);
        Self(Arc::new(prepared))
    }

    fn answer(&self, headers: &HeaderMap) -> Response<FrontBody> {
        let (code, head, body) = if is_known(headers, &self.0.etag) {
            (StatusCode::NOT_MODIFIED, &self.0.not_modified, Bytes::new())
        } else {
            let variant = self.variant(encoding::accepted(headers));
            (StatusCode::OK, &variant.headers, variant.body.clone())
        };
        let mut response = Response::new(FrontBody::Whole(body));
        *response.status_mut() = code;
        *response.headers_mut() = head.clone();
        response
    }
}

impl HotPages {
    /// With https as the public scheme every page says that it wants to be asked for by https only.
    pub fn new(is_https: bool) -> Self {
        Self { is_https, ..Self::default() }
    }

    /// Replaces everything this owner had published before. Where two owners publish the same path, the later name in the alphabet wins.
    pub fn publish(&self, owner: &'static str, sites: Vec<HotSite>) {
        let sites = if self.is_https { sites.into_iter().map(with_hsts).collect() } else { sites };
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.insert(owner, sites);
        let mut table = Table::default();
        for site in owners.values().flatten() {
            let own = site.host.as_ref().map(|name| host::bare(name).to_ascii_lowercase());
            if let Some(own) = own.as_ref().filter(|_| !site.led.is_empty()) {
                table.led.entry(own.clone()).or_default().extend(site.led.clone());
            }
            let pages = match own {
                Some(own) => table.hosts.entry(own).or_default(),
                None => &mut table.anywhere,
            };
            pages.extend(site.pages.iter().map(|(path, page)| (path.clone(), page.clone())));
        }
        self.table.store(Arc::new(table));
    }

    /// The answer when the path is hot; `None` sends the request on to the router.
    pub(crate) fn answer<B>(&self, request: &Request<B>) -> Option<Response<FrontBody>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let table = self.table.load();
        let page = table.find(request)?;
        Some(page.answer(request.headers()))
    }

    /// Sends what stands at another path on this host to where the router knows it; the query stays.
    pub(crate) fn lead<B>(&self, request: &mut Request<B>) {
        let table = self.table.load();
        if table.led.is_empty() {
            return;
        }
        let host = host::named(request.uri(), request.headers()).map(|name| host::bare(name).to_ascii_lowercase());
        let to = host.and_then(|host| table.led.get(&host)?.get(request.uri().path()).copied());
        let Some(to) = to else { return };
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = format!("{to}{query}").parse().ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}

impl Table {
    fn find<B>(&self, request: &Request<B>) -> Option<&HotPage> {
        let path = request.uri().path();
        let own = self.pages_of(host::named(request.uri(), request.headers()));
        own.and_then(|pages| pages.get(path)).or_else(|| self.anywhere.get(path))
    }

    fn pages_of(&self, host: Option<&str>) -> Option<&HashMap<String, HotPage>> {
        if self.hosts.is_empty() {
            return None;
        }
        let name = host::bare(host?);
        // Browsers send lower case: the copy is for the rest.
        self.hosts.get(name).or_else(|| self.hosts.get(&name.to_ascii_lowercase()))
    }
}

fn with_hsts(site: HotSite) -> HotSite {
    HotSite { pages: site.pages.into_iter().map(|(path, page)| (path, page.with_hsts())).collect(), ..site }
}

/// Weak, because the same tag stands for the page in each encoding.
fn etag_of(body: &[u8]) -> HeaderValue {
    let hash = ring::digest::digest(&ring::digest::SHA256, body);
    let hex: String = hash.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("W/\"{hex}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Whether the client shows the tag of what it has (RFC 9110, 13.1.2: compared weakly).
pub(crate) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(own) = etag.to_str() else { return false };
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .any(|line| line == own || line.trim() == "*" || line.split(',').any(|tag| opaque(tag) == opaque(own)))
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 3), flate2::Compression::new(7));
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// Quality 5: a page that is republished every few seconds must not cost more than it saves.
fn brotli(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = brotli::CompressorWriter::new(Vec::with_capacity(body.len() / 3), 4_096, 5, 18);
    encoder.write_all(body).ok()?;
    encoder.flush().ok()?;
    Some(encoder.into_inner())
}
