//! [`Client`]: a browser or program of a given role, calling the router as the server would.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use crate::house::PUBLIC_URL;

#[derive(Clone)]
pub struct Client {
    router: axum::Router,
    credential: Option<(&'static str, String)>,
}

/// What came back, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub code: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Client {
    pub(crate) fn new(router: axum::Router, credential: Option<(&'static str, String)>) -> Self {
        Self { router, credential }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty())).await
    }

    /// A form as a browser posts it from one of our own pages; repeated keys are lists.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body))).await
    }

    pub async fn json(&self, method: Method, path: &str, body: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(body).expect("JSON");
        let request =
            self.request(method, path).header(header::CONTENT_TYPE, "application/json").header(header::ACCEPT, "application/json");
        self.send(request.body(Body::from(body))).await
    }

    /// Any request, with this client's credential and a browser's same-origin headers unless they are given.
    pub async fn call(&self, mut request: Request<Body>) -> Answer {
        let own = self.request(request.method().clone(), request.uri().path()).body(()).expect("a request");
        for (name, value) in own.headers() {
            if !request.headers().contains_key(name) {
                request.headers_mut().insert(name.clone(), value.clone());
            }
        }
        self.send(Ok(request)).await
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let host = PUBLIC_URL.trim_start_matches("http://");
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
        let is_api = path.starts_with("/api/");
        if !is_api {
            request = request.header(header::ACCEPT, "text/html").header("sec-fetch-site", "same-origin");
        }
        if let Some((name, value)) = &self.credential {
            request = request.header(*name, value);
        }
        request
    }

    async fn send(&self, request: http::Result<Request<Body>>) -> Answer {
        let response = self.router.clone().oneshot(request.expect("a request")).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Answer { code: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

impl Answer {
    /// The text of a header; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no such JSON ({error}): {}", self.body))
    }

    /// Fails with the body when the code is another one.
    #[track_caller]
    pub fn expect(self, code: u16) -> Self {
        assert_eq!(self.code.as_u16(), code, "{}", self.body);
        self
    }
}
