//! The demo's web shop, as its browsers report it: page loads with web vitals, errors of a built script, sessions, feedback.

use kernel::Time;
use serde_json::{Value, json};

use super::chance::Chance;
use super::wire::{Envelope, Speaker};

pub const SPANS: &str = "application/vnd.sentry.items.span.v2+json";
pub const LOGS: &str = "application/vnd.sentry.items.log+json";
/// What browsers run; its map is uploaded.
pub const SCRIPT: &str = include_str!("shop/built.js");
pub const SCRIPT_MAP: &str = include_str!("shop/built.js.map");
pub const SCRIPT_URL: &str = "https://shop.example.com/assets/app.min.js";

pub const USER_AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
];
const NAMES: [&str; 8] = ["ada", "grace", "linus", "margaret", "ken", "barbara", "dennis", "radia"];

/// A page, how long its load typically takes, and what it asks the API for.
pub struct Page {
    pub name: &'static str,
    pub path: &'static str,
    millis: u64,
    pub call: Option<&'static str>,
}

pub const PAGES: [Page; 5] = [
    Page { name: "/", path: "/", millis: 700, call: None },
    Page { name: "/products/:id", path: "/products/48213", millis: 1_100, call: Some("/api/products/{id}") },
    Page { name: "/cart", path: "/cart", millis: 900, call: Some("/api/cart") },
    Page { name: "/checkout", path: "/checkout", millis: 1_600, call: Some("/api/checkout") },
    Page { name: "/orders", path: "/orders", millis: 2_400, call: Some("/api/orders") },
];

/// Somebody in the shop at a moment. All that happens to them follows from the seed.
pub struct Visit {
    pub at: Time,
    pub trace_id: String,
    /// Of the call to the API, under which its work stands.
    pub call_span: String,
    pub page: &'static Page,
    pub release: &'static str,
    /// What its recording is called, if one is kept.
    pub replay_id: String,
    user: u64,
    pub agent: &'static str,
}

impl Visit {
    pub fn new(chance: &mut Chance, at: Time, release: &'static str) -> Visit {
        Visit {
            at,
            trace_id: chance.hex(32),
            call_span: chance.hex(16),
            page: chance.pick(&PAGES),
            release,
            user: chance.below(240),
            agent: chance.pick::<&str>(&USER_AGENTS),
            replay_id: chance.hex(32),
        }
    }

    pub fn user(&self) -> Value {
        let name = NAMES[usize::try_from(self.user).unwrap_or(0) % NAMES.len()];
        json!({"id": format!("u_{}", 1_000 + self.user), "email": format!("{name}{}@example.com", self.user), "ip_address": "{{auto}}"})
    }
}

/// Seconds since 1970, as the wire counts.
pub fn seconds(at: Time) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit 53 bits")]
    let millis = at.0 as f64;
    millis / 1_000.0
}

/// `value` with its declared type, as span v2 and logs write attributes.
pub fn attributes(pairs: &[(&str, Value)]) -> Value {
    let typed = |value: &Value| match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "double",
        Value::Number(_) => "integer",
        _ => "string",
    };
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!({"value": value, "type": typed(value)})))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

struct Span<'a> {
    id: &'a str,
    name: &'a str,
    op: &'a str,
    parent: Option<&'a str>,
    /// Milliseconds after the visit began, and how long.
    from: u64,
    millis: u64,
}

fn span(visit: &Visit, span: &Span<'_>, segment: &str, more: &[(&str, Value)]) -> Value {
    let start = Time(visit.at.0.saturating_add(i64::try_from(span.from).unwrap_or(0)));
    let end = Time(start.0.saturating_add(i64::try_from(span.millis).unwrap_or(0)));
    let mut pairs = vec![
        ("sentry.op", json!(span.op)),
        ("sentry.segment.name", json!(visit.page.name)),
        ("sentry.segment.id", json!(segment)),
        ("sentry.release", json!(visit.release)),
        ("sentry.environment", json!("production")),
        ("sentry.sdk.name", json!("sentry.javascript.browser")),
        ("sentry.sdk.version", json!("11.12.0")),
        ("user_agent.original", json!(visit.agent)),
    ];
    pairs.extend(more.iter().cloned());
    let mut value = json!({
        "trace_id": visit.trace_id, "span_id": span.id, "name": span.name, "status": "ok", "is_segment": span.parent.is_none(),
        "start_timestamp": seconds(start), "end_timestamp": seconds(end), "attributes": attributes(&pairs),
    });
    if let Some(parent) = span.parent {
        value["parent_span_id"] = json!(parent);
    }
    value
}

/// The load of the page with what it waits for, and its web vitals as spans of their own. `code` is what the API answered.
pub fn page_load(chance: &mut Chance, visit: &Visit, code: u16) -> Vec<Value> {
    let (root, total) = (chance.hex(16), chance.millis(visit.page.millis));
    let address = format!("https://shop.example.com{}", visit.page.path);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let part = |share: f64| total as f64 * share;
    let whole = Span { id: &root, name: visit.page.name, op: "pageload", parent: None, from: 0, millis: total };
    let mut spans = vec![span(
        visit,
        &whole,
        &root,
        &[
            ("sentry.segment.name.source", json!("route")),
            ("url.full", json!(address)),
            ("browser.web_vital.ttfb.value", json!(part(0.18))),
            ("browser.web_vital.fcp.value", json!(part(0.45))),
        ],
    )];
    let id = chance.hex(16);
    let script = Span { id: &id, name: SCRIPT_URL, op: "resource.script", parent: Some(&root), from: total / 6, millis: total / 5 };
    spans.push(span(visit, &script, &root, &[("http.response_content_length", json!(SCRIPT.len()))]));
    if let Some(call) = visit.page.call {
        let name = format!("GET {call}");
        let fetch = Span { id: &visit.call_span, name: &name, op: "http.client", parent: Some(&root), from: total / 3, millis: total / 2 };
        let method = if call == "/api/checkout" { "POST" } else { "GET" };
        let more = [
            ("http.request.method", json!(method)),
            ("url.full", json!(format!("https://api.example.com{call}"))),
            ("http.response.status_code", json!(code)),
        ];
        let mut fetched = span(visit, &fetch, &root, &more);
        if code >= 400 {
            fetched["status"] = json!("error");
        }
        spans.push(fetched);
    }
    let vital = |chance: &mut Chance, name: &str, op: &str, key: &str, value: f64| {
        let id = chance.hex(16);
        let one = Span { id: &id, name, op, parent: Some(&root), from: 0, millis: 0 };
        span(visit, &one, &root, &[(key, json!(value)), ("sentry.pageload.span_id", json!(root))])
    };
    spans.push(vital(chance, "Largest contentful paint", "ui.webvital.lcp", "browser.web_vital.lcp.value", part(0.9)));
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let shift = chance.below(300) as f64 / 1_000.0;
    spans.push(vital(chance, "Layout shift", "ui.webvital.cls", "browser.web_vital.cls.value", shift));
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let press = chance.millis(120) as f64;
    spans.push(vital(chance, "Click", "ui.interaction.click", "browser.web_vital.inp.value", press));
    spans
}

/// Where the built script fails, by what stands there: columns count from 1.
fn place(function: &str, text: &str) -> Value {
    let column = SCRIPT.find(text).map_or(1, |at| at + 1);
    json!({"filename": SCRIPT_URL, "function": function, "in_app": true, "lineno": 1, "colno": column})
}

fn checkout_frames() -> Value {
    json!([place("HTMLButtonElement.<anonymous>", "a(currentCart())"), place("a", "i(t),e=await"), place("i", "percent/100")])
}

/// Kinds of trouble the shop has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The bug of `checkout.ts`, in Chrome's words and in Safari's.
    NoVoucher,
    NoVoucherInSafari,
    LostChunk,
    FailedFetch,
    SlowWidget,
}

pub const TROUBLES: [Trouble; 5] =
    [Trouble::NoVoucher, Trouble::NoVoucherInSafari, Trouble::LostChunk, Trouble::FailedFetch, Trouble::SlowWidget];

fn exception(trouble: Trouble, chance: &mut Chance) -> Value {
    let unhandled = json!({"type": "auto.browser.global_handlers.onerror", "handled": false});
    match trouble {
        Trouble::NoVoucher => json!({
            "type": "TypeError", "value": "Cannot read properties of undefined (reading 'percent')",
            "mechanism": unhandled, "stacktrace": {"frames": checkout_frames()},
        }),
        Trouble::NoVoucherInSafari => json!({
            "type": "TypeError", "value": "undefined is not an object (evaluating 't.voucher.percent')",
            "mechanism": unhandled, "stacktrace": {"frames": checkout_frames()},
        }),
        Trouble::LostChunk => json!({
            "type": "ChunkLoadError", "value": format!("Loading chunk {} failed. (missing: https://shop.example.com/assets/{}.js)", chance.below(40), chance.hex(8)),
            "mechanism": {"type": "auto.browser.global_handlers.onunhandledrejection", "handled": false},
            "stacktrace": {"frames": [{"filename": "https://shop.example.com/assets/runtime.js", "function": "loadChunk", "in_app": true, "lineno": 1, "colno": 812}]},
        }),
        Trouble::FailedFetch => json!({
            "type": "TypeError", "value": "Failed to fetch (api.example.com)",
            "mechanism": {"type": "auto.browser.global_handlers.onunhandledrejection", "handled": false},
            "stacktrace": {"frames": [place("a", "await fetch")]},
        }),
        Trouble::SlowWidget => json!({
            "type": "TimeoutError", "value": format!("Widget recommendations took {} ms", 3_000 + chance.below(4_000)),
            "mechanism": {"type": "generic", "handled": true},
            "stacktrace": {"frames": [{"filename": "https://shop.example.com/assets/widgets.js", "function": "Recommendations.load", "in_app": true, "lineno": 88, "colno": 17,
                "pre_context": ["  async load(): Promise<void> {", "    const started = performance.now();", "    await this.fetchAll();"],
                "context_line": "    if (performance.now() - started > LIMIT) throw new TimeoutError(this.name);",
                "post_context": ["    this.render();", "  }"]}]},
        }),
    }
}

impl Trouble {
    /// What stands in the browser's console.
    pub fn words(self) -> &'static str {
        match self {
            Trouble::NoVoucher => "Uncaught (in promise) TypeError: Cannot read properties of undefined (reading 'percent')",
            Trouble::NoVoucherInSafari => "Unhandled Promise Rejection: TypeError: undefined is not an object",
            Trouble::LostChunk => "Uncaught (in promise) ChunkLoadError: Loading a chunk failed.",
            Trouble::FailedFetch => "Uncaught (in promise) TypeError: Failed to fetch",
            Trouble::SlowWidget => "Widget recommendations timed out",
        }
    }

    /// How the visit's session ends with it, in the words of this SDK: browsers go on after an error that nobody caught.
    pub fn session(self) -> &'static str {
        if self == Trouble::SlowWidget { "errored" } else { "unhandled" }
    }
}

pub fn error(chance: &mut Chance, visit: &Visit, trouble: Trouble) -> (String, Envelope) {
    let event_id = chance.hex(32);
    let earlier = |ago: i64| seconds(Time(visit.at.0 - ago));
    let is_handled = trouble == Trouble::SlowWidget;
    let event = json!({
        "event_id": event_id, "timestamp": seconds(visit.at), "platform": "javascript", "level": if is_handled { "warning" } else { "error" },
        "release": visit.release, "environment": "production", "transaction": visit.page.name, "sdk": Speaker::Browser.sdk(),
        "user": visit.user(),
        "request": {"url": format!("https://shop.example.com{}", visit.page.path), "headers": {"User-Agent": visit.agent, "Referer": "https://www.example.org/"}},
        "exception": {"values": [exception(trouble, chance)]},
        "contexts": {
            "trace": {"trace_id": visit.trace_id, "span_id": visit.call_span},
            "culture": {"locale": "en-GB", "timezone": "Europe/Berlin"},
            "replay": {"replay_id": visit.replay_id},
            "flags": {"values": [{"flag": "new-checkout", "result": chance.once_in(2)}, {"flag": "dark-mode", "result": false}]},
        },
        "tags": {"plan": chance.pick(&["free", "starter", "pro"]), "shop.currency": "EUR"},
        "breadcrumbs": [
            {"timestamp": earlier(9_200), "category": "navigation", "data": {"from": "/", "to": visit.page.path}},
            {"timestamp": earlier(4_100), "category": "ui.click", "message": "button#add-to-cart.primary"},
            {"timestamp": earlier(1_300), "category": "fetch", "type": "http", "data": {"method": "GET", "url": "https://api.example.com/api/cart", "status_code": 200}},
            {"timestamp": earlier(200), "category": "console", "level": "warning", "message": "price list is 3 minutes old"},
            {"timestamp": earlier(40), "category": "ui.click", "message": "button#pay"},
        ],
        "debug_meta": {"images": []},
    });
    let envelope = Envelope::about(Speaker::Browser, &event_id).traced(&visit.trace_id, visit.release, 1.0).item("event", &event);
    (event_id, envelope)
}

/// One update of the visit's session.
pub fn session(chance: &mut Chance, visit: &Visit, end: &str) -> Value {
    json!({
        "sid": chance.hex(32), "did": format!("u_{}", 1_000 + visit.user), "init": true, "started": visit.at.rfc3339_millis(), "timestamp": visit.at.rfc3339_millis(),
        "status": end, "errors": u8::from(end != "ok" && end != "exited"),
        "attrs": {"release": visit.release, "environment": "production", "ip_address": "{{auto}}", "user_agent": visit.agent},
    })
}

const COMMENTS: [&str; 4] = [
    "I clicked on Pay and nothing happened. Twice.",
    "The order page takes forever to load.",
    "Paying worked on my phone, but not on the laptop.",
    "Love the new cart! But the voucher field is gone?",
];

/// Somebody says what went wrong for them.
pub fn feedback(chance: &mut Chance, visit: &Visit, about: &str) -> Envelope {
    let event_id = chance.hex(32);
    let user = visit.user();
    let event = json!({
        "event_id": event_id, "type": "feedback", "timestamp": seconds(visit.at), "platform": "javascript", "level": "info",
        "release": visit.release, "environment": "production", "sdk": Speaker::Browser.sdk(), "user": user,
        "request": {"url": format!("https://shop.example.com{}", visit.page.path)},
        "contexts": {
            "trace": {"trace_id": visit.trace_id, "span_id": visit.call_span},
            "feedback": {"message": chance.pick(&COMMENTS), "contact_email": user["email"], "name": "A customer", "associated_event_id": about,
                "url": format!("https://shop.example.com{}", visit.page.path)},
        },
    });
    Envelope::about(Speaker::Browser, &event_id).item("feedback", &event)
}
