//! The demo's API, as its Python SDK reports it: traced requests with their queries, errors with source lines, logs, sessions, check-ins.

use kernel::Time;
use serde_json::{Value, json};

use super::chance::Chance;
use super::shop::{attributes, seconds};
use super::wire::{Envelope, Speaker};

/// What the API serves, and how long that typically takes.
pub struct Endpoint {
    pub name: &'static str,
    method: &'static str,
    millis: u64,
    work: Work,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Plain,
    /// A query for each row of another one.
    QueryPerRow,
    /// One query that reads a whole table.
    SlowQuery,
    Payment,
}

pub const ENDPOINTS: [Endpoint; 6] = [
    Endpoint { name: "/api/products/{id}", method: "GET", millis: 45, work: Work::Plain },
    Endpoint { name: "/api/cart", method: "GET", millis: 30, work: Work::Plain },
    Endpoint { name: "/api/checkout", method: "POST", millis: 420, work: Work::Payment },
    Endpoint { name: "/api/orders", method: "GET", millis: 60, work: Work::QueryPerRow },
    Endpoint { name: "/api/search", method: "GET", millis: 180, work: Work::Plain },
    Endpoint { name: "/api/reports/revenue", method: "GET", millis: 150, work: Work::SlowQuery },
];

pub fn endpoint(name: &str) -> &'static Endpoint {
    ENDPOINTS.iter().find(|endpoint| endpoint.name == name).unwrap_or(&ENDPOINTS[0])
}

/// A request to the API, alone or as part of a visit's trace.
pub struct Call<'a> {
    pub at: Time,
    pub endpoint: &'static Endpoint,
    pub trace_id: &'a str,
    /// The browser's span, where there is one.
    pub parent: Option<&'a str>,
    pub release: &'a str,
    pub user: Value,
    pub is_failed: bool,
}

/// What a call was, with the id of its own span.
pub struct Served {
    pub span_id: String,
    pub transaction: Envelope,
    pub millis: u64,
}

fn later(at: Time, millis: u64) -> Time {
    Time(at.0.saturating_add(i64::try_from(millis).unwrap_or(0)))
}

/// The spans below a request, one after the other; gives when they end.
struct Ladder<'a> {
    call: &'a Call<'a>,
    root: &'a str,
    spans: Vec<Value>,
    at: u64,
}

impl Ladder<'_> {
    fn step(&mut self, chance: &mut Chance, op: &str, description: &str, millis: u64, data: Value) {
        self.spans.push(json!({
            "trace_id": self.call.trace_id, "span_id": chance.hex(16), "parent_span_id": self.root, "op": op, "description": description,
            "origin": "auto.db.sqlalchemy", "status": "ok", "data": data,
            "start_timestamp": seconds(later(self.call.at, self.at)), "timestamp": seconds(later(self.call.at, self.at + millis)),
        }));
        self.at += millis + 1;
    }

    fn query(&mut self, chance: &mut Chance, sql: &str, millis: u64) {
        self.step(chance, "db", sql, millis, json!({"db.system": "postgresql", "db.name": "shop", "server.address": "db.internal"}));
    }
}

fn work(chance: &mut Chance, ladder: &mut Ladder<'_>) {
    let user = query_text(USER);
    let millis = chance.millis(4);
    ladder.query(chance, user, millis);
    match ladder.call.endpoint.work {
        Work::Plain => {
            let millis = chance.millis(3);
            ladder.step(chance, "cache.get", "product:48213", millis, json!({"cache.hit": true, "cache.key": ["product:48213"]}));
            let millis = chance.millis(ladder.call.endpoint.millis);
            ladder.query(chance, query_text(PRODUCT), millis);
        }
        Work::QueryPerRow => {
            let millis = chance.millis(12);
            ladder.query(chance, query_text(ORDERS), millis);
            for _ in 0..12 + chance.below(14) {
                let millis = 5 + chance.below(9);
                ladder.query(chance, query_text(ORDER_ITEMS), millis);
            }
        }
        Work::SlowQuery => {
            let millis = if chance.once_in(9) { 5_200 + chance.below(2_600) } else { 1_100 + chance.below(900) };
            ladder.query(chance, query_text(REVENUE), millis);
        }
        Work::Payment => {
            let millis = chance.millis(ladder.call.endpoint.millis);
            let data =
                json!({"http.request.method": "POST", "http.response.status_code": 200, "url": "https://payments.example.net/v1/charges"});
            ladder.step(chance, "http.client", "POST https://payments.example.net/v1/charges", millis, data);
            let millis = chance.millis(9);
            ladder.query(chance, query_text(NEW_ORDER), millis);
        }
    }
}

pub fn serve(chance: &mut Chance, call: &Call<'_>) -> Served {
    let (event_id, root) = (chance.hex(32), chance.hex(16));
    let mut ladder = Ladder { call, root: &root, spans: Vec::new(), at: 2 };
    work(chance, &mut ladder);
    let millis = ladder.at + chance.millis(6);
    let (state, code) = if call.is_failed { ("internal_error", 500) } else { ("ok", 200) };
    let mut trace = json!({
        "trace_id": call.trace_id, "span_id": root, "op": "http.server", "status": state, "origin": "auto.http.fastapi",
        "data": {"http.request.method": call.endpoint.method, "http.response.status_code": code, "url.path": call.endpoint.name},
    });
    if let Some(parent) = call.parent {
        trace["parent_span_id"] = json!(parent);
    }
    let transaction = json!({
        "type": "transaction", "event_id": event_id, "transaction": call.endpoint.name, "transaction_info": {"source": "route"},
        "start_timestamp": seconds(call.at), "timestamp": seconds(later(call.at, millis)), "platform": "python",
        "release": call.release, "environment": "production", "server_name": "api-1", "sdk": Speaker::Python.sdk(), "user": call.user,
        "contexts": {"trace": trace, "runtime": {"name": "CPython", "version": "3.14.1"}},
        "request": {"method": call.endpoint.method, "url": format!("https://api.example.com{}", call.endpoint.name)},
        "tags": {"region": "eu-central"}, "spans": ladder.spans,
    });
    let transaction =
        Envelope::about(Speaker::Python, &event_id).traced(call.trace_id, call.release, 1.0).item("transaction", &transaction);
    Served { span_id: root, transaction, millis }
}

/// Kinds of trouble the API has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    NoCurrency,
    DatabaseAway,
    PaymentTimeout,
    NoAddress,
}

const TROUBLES: [Trouble; 4] = [Trouble::NoCurrency, Trouble::DatabaseAway, Trouble::PaymentTimeout, Trouble::NoAddress];

/// What goes wrong with a request, if anything does: paying is where most can.
pub fn trouble(chance: &mut Chance, endpoint: &str) -> Option<Trouble> {
    match endpoint {
        "/api/checkout" => chance.once_in(6).then(|| *chance.pick(&TROUBLES)),
        _ => chance.once_in(50).then_some(Trouble::DatabaseAway),
    }
}

impl Trouble {
    /// The request it ends; a warning ends none.
    pub fn is_fatal(self) -> bool {
        self != Trouble::NoAddress
    }
}

struct Frame<'a> {
    file: &'a str,
    function: &'a str,
    line: u32,
    /// Three lines; the middle one is where it stands.
    lines: [&'a str; 3],
    is_ours: bool,
}

fn frame(frame: &Frame<'_>, vars: Value) -> Value {
    let module = frame.file.trim_end_matches(".py").replace('/', ".");
    let folder = if frame.is_ours { "/srv/api" } else { "/usr/lib/python3.14/site-packages" };
    json!({
        "filename": frame.file, "abs_path": format!("{folder}/{}", frame.file), "module": module, "function": frame.function, "lineno": frame.line,
        "pre_context": [frame.lines[0]], "context_line": frame.lines[1], "post_context": [frame.lines[2]], "in_app": frame.is_ours, "vars": vars,
    })
}

fn entry() -> Vec<Value> {
    let routing = Frame {
        file: "fastapi/routing.py",
        function: "run_endpoint_function",
        line: 302,
        lines: [
            "    if dependant.is_coroutine_callable:",
            "        return await dependant.call(**values)",
            "    return await run_in_threadpool(dependant.call, **values)",
        ],
        is_ours: false,
    };
    vec![frame(&routing, json!({"values": {"request": "<Request>"}}))]
}

fn exceptions(chance: &mut Chance, trouble: Trouble) -> Vec<Value> {
    let unhandled = |kind: &str| json!({"type": kind, "handled": false});
    let order = 40_000 + chance.below(9_000);
    let with = |frames: Vec<Value>| json!({"frames": entry().into_iter().chain(frames).collect::<Vec<_>>()});
    match trouble {
        Trouble::NoCurrency => {
            let checkout = Frame {
                file: "shop/checkout.py",
                function: "checkout",
                line: 58,
                lines: [
                    "    cart = await load_cart(request)",
                    "    quote = quote_of(cart, request.headers)",
                    "    charge = await pay(quote)",
                ],
                is_ours: true,
            };
            let quote = Frame {
                file: "shop/quotes.py",
                function: "quote_of",
                line: 21,
                lines: [
                    "    total = sum(line.amount for line in cart.lines)",
                    "    rate = RATES[cart.meta[\"currency\"]]",
                    "    return Quote(total * rate, rate)",
                ],
                is_ours: true,
            };
            let frames = vec![
                frame(&checkout, json!({"cart": format!("<Cart {order}>")})),
                frame(
                    &quote,
                    json!({"total": order, "cart": {"lines": "[<Line>, <Line>]", "meta": {"country": "CH"}}, "card_number": "4111 1111 1111 1111"}),
                ),
            ];
            vec![
                json!({"type": "KeyError", "value": "'currency'", "module": "builtins", "mechanism": unhandled("fastapi"), "stacktrace": with(frames)}),
            ]
        }
        Trouble::DatabaseAway => {
            let connect = Frame {
                file: "psycopg/connection.py",
                function: "connect",
                line: 119,
                lines: [
                    "        if not rv:",
                    "            raise last_ex.with_traceback(None)",
                    "        rv._autocommit = bool(autocommit)",
                ],
                is_ours: false,
            };
            let pool = Frame {
                file: "shop/database.py",
                function: "session",
                line: 33,
                lines: ["    try:", "        connection = await pool.connect(timeout=5)", "    except TimeoutError as error:"],
                is_ours: true,
            };
            let cause = json!({"type": "TimeoutError", "value": "timed out after 5.0 s", "module": "builtins", "mechanism": {"type": "chained", "handled": true, "exception_id": 1, "parent_id": 0, "source": "__cause__"}, "stacktrace": {"frames": [frame(&pool, json!({"pool": "<Pool size=10 idle=0>"}))]}});
            let away = json!({"type": "OperationalError", "value": "connection to server at \"10.0.0.12\", port 5432 failed: timeout expired", "module": "psycopg", "mechanism": {"type": "fastapi", "handled": false, "exception_id": 0}, "stacktrace": with(vec![frame(&pool, json!({})), frame(&connect, json!({}))])});
            vec![cause, away]
        }
        Trouble::PaymentTimeout => {
            let pay = Frame {
                file: "shop/payments.py",
                function: "pay",
                line: 74,
                lines: [
                    "    async with client(timeout=10) as http:",
                    "        answer = await http.post(CHARGES, json=quote.as_charge())",
                    "    return Charge(**answer.json())",
                ],
                is_ours: true,
            };
            vec![
                json!({"type": "ReadTimeout", "value": format!("Request req_{} timed out after 10.0 s", chance.hex(12)), "module": "httpx", "mechanism": unhandled("fastapi"), "stacktrace": with(vec![frame(&pay, json!({"attempt": chance.below(3)}))])}),
            ]
        }
        Trouble::NoAddress => Vec::new(),
    }
}

pub fn error(chance: &mut Chance, call: &Call<'_>, span_id: &str, trouble: Trouble) -> Envelope {
    let event_id = chance.hex(32);
    let order = 40_000 + chance.below(9_000);
    let earlier = |ago: i64| seconds(Time(call.at.0 - ago));
    let mut event = json!({
        "event_id": event_id, "timestamp": seconds(call.at), "platform": "python", "level": if trouble.is_fatal() { "error" } else { "warning" },
        "release": call.release, "environment": "production", "server_name": chance.pick(&["api-1", "api-2"]), "transaction": call.endpoint.name,
        "sdk": Speaker::Python.sdk(), "user": call.user, "logger": "shop",
        "contexts": {"trace": {"trace_id": call.trace_id, "span_id": span_id, "op": "http.server"}, "runtime": {"name": "CPython", "version": "3.14.1"}},
        "request": {"method": call.endpoint.method, "url": format!("https://api.example.com{}", call.endpoint.name), "query_string": "page=1",
            "headers": {"Accept": "application/json", "Authorization": "[Filtered]", "X-Request-Id": chance.hex(16)}},
        "tags": {"region": "eu-central", "plan": chance.pick(&["free", "starter", "pro"])},
        "breadcrumbs": {"values": [
            {"timestamp": earlier(310), "category": "query", "type": "query", "message": query_text(USER)},
            {"timestamp": earlier(120), "category": "redis", "type": "redis", "message": format!("GET cart:{order}")},
            {"timestamp": earlier(30), "category": "shop.checkout", "level": "info", "message": format!("cart {order} has 3 lines")},
        ]},
        "modules": {"fastapi": "0.129.0", "psycopg": "3.3.1", "sentry-sdk": "2.75.0"},
    });
    match trouble {
        Trouble::NoAddress => {
            event["logentry"] = json!({"message": "Order %s has no shipping address", "params": [order.to_string()], "formatted": format!("Order {order} has no shipping address")});
        }
        _ => event["exception"] = json!({"values": exceptions(chance, trouble)}),
    }
    let envelope = Envelope::about(Speaker::Python, &event_id).traced(call.trace_id, call.release, 1.0).item("event", &event);
    if trouble == Trouble::NoCurrency {
        let cart =
            json!({"cart": order, "lines": [{"sku": "MUG-1", "quantity": 2}, {"sku": "TEE-M", "quantity": 1}], "meta": {"country": "CH"}});
        return envelope.attachment("cart.json", "application/json", cart.to_string().as_bytes());
    }
    envelope
}

/// One line of the API's log.
pub fn line(call: &Call<'_>, span_id: &str, after: u64, level: &str, body: &str, more: &[(&str, Value)]) -> Value {
    let number = match level {
        "error" => 17,
        "warn" => 13,
        "debug" => 5,
        _ => 9,
    };
    let mut pairs = vec![
        ("sentry.release", json!(call.release)),
        ("sentry.environment", json!("production")),
        ("sentry.sdk.name", json!("sentry.python.fastapi")),
        ("sentry.sdk.version", json!("2.75.0")),
        ("server.address", json!("api-1")),
    ];
    pairs.extend(more.iter().cloned());
    json!({
        "timestamp": seconds(later(call.at, after)), "trace_id": call.trace_id, "span_id": span_id, "level": level, "severity_number": number,
        "body": body, "attributes": attributes(&pairs),
    })
}

/// Requests of an hour or a minute, counted by the SDK.
pub fn sessions(started: Time, release: &str, exited: u64, errored: u64, crashed: u64) -> Value {
    json!({
        "attrs": {"release": release, "environment": "production"},
        "aggregates": [{"started": started.rfc3339_millis(), "exited": exited, "errored": errored, "crashed": crashed}],
    })
}

/// The job that writes invoices: each minute, with the schedule it is held to.
pub fn check_in(id: &str, state: &str, seconds_taken: Option<f64>) -> Value {
    let mut value = json!({
        "check_in_id": id, "monitor_slug": "write-invoices", "status": state, "environment": "production",
        "monitor_config": {
            "schedule": {"type": "interval", "value": 1, "unit": "minute"}, "checkin_margin": 1, "max_runtime": 2, "timezone": "UTC",
            "failure_issue_threshold": 1, "recovery_threshold": 1,
        },
    });
    if let Some(taken) = seconds_taken {
        value["duration"] = json!(taken);
    }
    value
}

/// Lines of queries.txt.
const USER: usize = 0;
const PRODUCT: usize = 1;
const ORDERS: usize = 2;
const ORDER_ITEMS: usize = 3;
const REVENUE: usize = 4;
const NEW_ORDER: usize = 5;

/// What the shop's API asks of its database: texts that are reported, never run.
fn query_text(line: usize) -> &'static str {
    include_str!("queries.txt").lines().nth(line).unwrap_or_default()
}
