//! Envelopes as SDKs write them, and the way they take: HTTP to the public door with the key of a DSN.

use anyhow::{Result, bail};
use capability::Cx;
use kernel::Time;
use kernel::text::{WebUrl, shorten};
use outbound::{Method, Reach, Request};
use serde_json::{Value, json};

/// The SDK that is spoken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    Browser,
    Python,
}

impl Speaker {
    pub fn sdk(self) -> Value {
        match self {
            Speaker::Browser => json!({"name": "sentry.javascript.browser", "version": "11.12.0"}),
            Speaker::Python => json!({"name": "sentry.python.fastapi", "version": "2.75.0"}),
        }
    }
}

/// One request's worth: a header and items.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub speaker: Speaker,
    header: Value,
    items: Vec<(Value, Vec<u8>)>,
}

impl Envelope {
    pub fn new(speaker: Speaker) -> Envelope {
        Envelope { speaker, header: json!({"sdk": speaker.sdk()}), items: Vec::new() }
    }

    /// Of an event: its id stands in the header too.
    pub fn about(speaker: Speaker, event_id: &str) -> Envelope {
        let mut envelope = Envelope::new(speaker);
        envelope.header["event_id"] = json!(event_id);
        envelope
    }

    /// What the SDK knows of the trace.
    #[must_use]
    pub fn traced(mut self, trace_id: &str, release: &str, sample_rate: f64) -> Envelope {
        self.header["trace"] = json!({
            "trace_id": trace_id, "release": release, "environment": "production", "sampled": "true", "sample_rate": sample_rate.to_string(),
        });
        self
    }

    /// As browsers do, without a length: the payload is one line.
    #[must_use]
    pub fn item(mut self, kind: &str, payload: &Value) -> Envelope {
        self.items.push((json!({"type": kind}), payload.to_string().into_bytes()));
        self
    }

    /// Many things of one kind: spans, log lines.
    #[must_use]
    pub fn container(mut self, kind: &str, content_type: &str, entries: Vec<Value>) -> Envelope {
        if entries.is_empty() {
            return self;
        }
        let header = json!({"type": kind, "item_count": entries.len(), "content_type": content_type});
        self.items.push((header, json!({"version": 2, "items": entries}).to_string().into_bytes()));
        self
    }

    #[must_use]
    pub fn attachment(mut self, name: &str, content_type: &str, bytes: &[u8]) -> Envelope {
        let header = json!({"type": "attachment", "length": bytes.len(), "filename": name, "content_type": content_type});
        self.items.push((header, bytes.to_vec()));
        self
    }

    /// A segment of a replay: its number, and a list of events.
    #[must_use]
    pub fn recording(mut self, segment: u32, events: &[Value]) -> Envelope {
        let payload = format!("{}\n{}", json!({"segment_id": segment}), json!(events)).into_bytes();
        self.items.push((json!({"type": "replay_recording", "length": payload.len()}), payload));
        self
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// As it is sent at `now`.
    pub fn bytes(&self, now: Time) -> Vec<u8> {
        let mut header = self.header.clone();
        header["sent_at"] = json!(now.rfc3339_millis());
        let mut bytes = header.to_string().into_bytes();
        bytes.push(b'\n');
        for (header, payload) in &self.items {
            bytes.extend_from_slice(header.to_string().as_bytes());
            bytes.push(b'\n');
            bytes.extend_from_slice(payload);
            bytes.push(b'\n');
        }
        bytes
    }
}

/// A project's public door.
#[derive(Debug, Clone)]
pub struct Door {
    pub project_id: i64,
    pub public_key: String,
}

impl Door {
    pub async fn send(&self, cx: &Cx, envelope: &Envelope) -> Result<()> {
        if envelope.is_empty() {
            return Ok(());
        }
        let key = &self.public_key;
        let mut path = format!("/api/{}/envelope/", self.project_id);
        let mut headers = Vec::new();
        match envelope.speaker {
            // Browsers show the key in the address and call it plain text, so that no preflight is needed.
            Speaker::Browser => {
                path.push_str(&format!("?sentry_version=7&sentry_key={key}&sentry_client=sentry.javascript.browser%2F11.12.0"));
                headers.push(("Content-Type".to_owned(), "text/plain;charset=UTF-8".to_owned()));
                headers.push(("Origin".to_owned(), "https://shop.example.com".to_owned()));
                headers.push(("User-Agent".to_owned(), super::shop::USER_AGENTS[0].to_owned()));
            }
            Speaker::Python => {
                let shown = format!("Sentry sentry_key={key}, sentry_version=7, sentry_client=sentry.python.fastapi/2.75.0");
                headers.push(("X-Sentry-Auth".to_owned(), shown));
                headers.push(("Content-Type".to_owned(), "application/x-sentry-envelope".to_owned()));
            }
        }
        post(cx, &path, headers, envelope.bytes(cx.now())).await.map(|_| ())
    }
}

/// Posts, and takes nothing but a good answer.
pub async fn post(cx: &Cx, path: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Vec<u8>> {
    let url = WebUrl::parse(&cx.link(path))?;
    let request = Request { headers, body, ..Request::new(Method::POST, url, Reach::Operator) };
    let answer = cx.outbound.http.send(request).await.map_err(|failure| anyhow::anyhow!("{path} did not answer: {failure}"))?;
    if answer.code >= 300 {
        let path = path.split('?').next().unwrap_or_default();
        bail!("{path} answered {}: {}", answer.code, shorten(&String::from_utf8_lossy(&answer.body), 300));
    }
    Ok(answer.body)
}
