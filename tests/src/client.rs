//! A browser without a screen: keeps cookies, sends the Origin a browser would, fills the forms a page offers.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method};
use kernel::Clock;

use crate::forms::{self, Form};
use crate::otp;

/// What came back, read to the end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub path: String,
    pub code: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every cookie this answer set, as sent.
    pub fn cookies(&self) -> Vec<String> {
        self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).map(ToOwned::to_owned).collect()
    }

    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{} is not JSON ({error}): {}", self.path, self.text))
    }

    /// Fails with what the page said unless the code is `code`.
    pub fn expect(self, code: u16) -> Self {
        assert_eq!(self.code, code, "{} answered {}: {}", self.path, self.code, self.text.chars().take(2_000).collect::<String>());
        self
    }

    pub fn forms(&self) -> Vec<Form> {
        forms::read(&self.text, &self.path)
    }

    /// The form that has a field of this name.
    pub fn form_with(&self, field: &str) -> Form {
        let all = self.forms();
        let names: Vec<_> = all.iter().map(|form| format!("{}: {}", form.action, form.names.join(" "))).collect();
        all.into_iter().find(|form| form.has(field)).unwrap_or_else(|| panic!("{} has no form with {field}; it has {names:?}", self.path))
    }
}

/// One person's browser, or one program's key.
#[derive(Debug)]
pub struct Client {
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
    key: Option<String>,
    http: reqwest::Client,
}

impl Client {
    pub fn new(base: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // A second provider is refused; the first one serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .tls_danger_accept_invalid_certs(true)
            .build()
            .unwrap_or_else(|error| panic!("the test's HTTP client: {error}"));
        Self { base: base.trim_end_matches('/').to_owned(), cookies: Mutex::default(), key: None, http }
    }

    /// A program with an API key.
    pub fn with_key(base: &str, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..Self::new(base) }
    }

    /// The API key, where it is a program's.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same browser after the server came back on another port.
    pub fn moved_to(&self, base: &str) -> Self {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { base: base.trim_end_matches('/').to_owned(), cookies: Mutex::new(cookies), key: self.key.clone(), http: self.http.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Follows up to five redirects within the house.
    pub async fn visit(&self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        for _ in 0..5 {
            let Some(to) = answer.location().filter(|_| (300..400).contains(&answer.code)).map(ToOwned::to_owned) else { break };
            answer = self.get(&to).await;
        }
        answer
    }

    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/x-www-form-urlencoded")], forms::encode(fields)).await
    }

    pub async fn json(&self, method: Method, path: &str, body: &serde_json::Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json"), ("accept", "application/json")], body.to_string()).await
    }

    /// Sends a form of a page with these fields filled; fails when the page did not offer one of them.
    pub async fn submit(&self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let mut form = page.form_with(fields.first().map_or("", |(name, _)| name));
        for (name, value) in fields {
            assert!(form.has(name), "the form {} of {} has no field {name}; it has {:?}", form.action, page.path, form.names);
            form.set(name, value);
        }
        self.submit_form(&form).await
    }

    pub async fn submit_form(&self, form: &Form) -> Answer {
        if form.method == "get" {
            return self.get(&format!("{}?{}", form.action, form.encoded())).await;
        }
        self.send(Method::POST, &form.action, &[("content-type", "application/x-www-form-urlencoded")], form.encoded()).await
    }

    /// Signs in with password and, when there is a secret, the code of this half minute.
    pub async fn sign_in(&self, email: &str, password: &str, totp_secret: Option<&str>) -> Answer {
        let page = self.visit("/sign-in").await.expect(200);
        let mut answer = self.submit(&page, &[("email", email), ("password", password)]).await;
        if let Some(secret) = totp_secret {
            let page = match answer.location().map(ToOwned::to_owned) {
                Some(to) => self.visit(&to).await,
                None => answer,
            };
            let code = otp::code(secret, Clock::System.now()).unwrap_or_else(|| panic!("not a TOTP secret: {secret}"));
            answer = self.submit(&page, &[("code", &code)]).await;
        }
        answer.expect(303)
    }

    /// The request itself; `path` may be a whole address of this house.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    /// Like [`Client::send`], for a server that may be dead.
    pub async fn try_send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Result<Answer, reqwest::Error> {
        let response = self.open(method, path, headers, body).await?;
        let (code, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { path: path.to_owned(), code, headers, text })
    }

    /// The head of the answer only: for streams that never end.
    pub async fn knock(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let response = self.open(method, path, headers, body).await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        Answer { path: path.to_owned(), code: response.status().as_u16(), headers: response.headers().clone(), text: String::new() }
    }

    async fn open(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Result<reqwest::Response, reqwest::Error> {
        let url =
            if path.starts_with("http://") || path.starts_with("https://") { path.to_owned() } else { format!("{}{path}", self.base) };
        let mut request = self.http.request(method.clone(), &url).body(body);
        let cookies = self.cookie_header();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        } else if method != Method::GET && !headers.iter().any(|(name, _)| matches!(*name, "origin" | "sec-fetch-site")) {
            request = request.header("origin", &self.base).header("sec-fetch-site", "same-origin");
        }
        if !headers.iter().any(|(name, _)| *name == "accept") {
            request = request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        self.keep_cookies(response.headers());
        Ok(response)
    }

    /// What this browser would send as `Cookie`.
    pub fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for value in headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
            let pair = value.split(';').next().unwrap_or_default();
            let Some((name, text)) = pair.split_once('=') else { continue };
            let is_gone = text.is_empty() || value.to_ascii_lowercase().contains("max-age=0");
            if is_gone {
                cookies.remove(name.trim());
            } else {
                cookies.insert(name.trim().to_owned(), text.trim().to_owned());
            }
        }
    }
}
