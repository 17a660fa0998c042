//! What a browser of the demo's shop records of a visit, as rrweb and the SDK write it: two pages, the mouse, a click, a call to the API,
//! what was typed (masked), words of the console; at the end the error, if the visit meets one, and clicks that lead nowhere.

use kernel::Time;
use serde_json::{Value, json};

use super::chance::Chance;
use super::shop::{Page, Visit, seconds};
use super::wire::{Envelope, Speaker};

/// What happened, in milliseconds before the visit's moment.
const BEGIN: i64 = -41_000;
const SECOND_PAGE: i64 = -24_000;
const PRESSED: i64 = -900;
/// After it.
const END: i64 = 2_400;

const WIDTH: u32 = 1_180;
const HEIGHT: u32 = 760;
/// Where the button of each page lies, in its middle.
const BUTTON: (i64, i64) = (190, 452);
const STYLE: &str = "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1c2430;background:#f6f7f9}header{display:flex;gap:28px;\
padding:18px 32px;background:#12203a;color:#fff}main{padding:28px 100px;max-width:900px}h1{font-size:30px;margin:0 0 14px}.cards{display:grid;\
grid-template-columns:repeat(3,1fr);gap:18px}.card{background:#fff;border:1px solid #dde2ea;border-radius:10px;padding:18px}.price{color:#51607a}\
table{border-collapse:collapse;background:#fff;width:100%}td{border-bottom:1px solid #dde2ea;padding:10px 14px}input{font:inherit;padding:8px 10px;\
border:1px solid #b8c1cf;border-radius:6px;width:260px}button{position:absolute;left:100px;top:430px;width:180px;height:44px;border:0;\
border-radius:8px;background:#2f5bea;color:#fff;font:inherit;font-weight:600}.said{position:absolute;left:300px;top:438px}";

/// An error that the visit meets: its event, and what the visitor sees of it.
pub struct Met<'a> {
    pub event_id: &'a str,
    pub console: &'a str,
}

/// The envelopes of the recording. Where nothing goes wrong it was taken because the SDK records a share of all visits.
pub fn record(chance: &mut Chance, visit: &Visit, met: Option<&Met<'_>>) -> Vec<Envelope> {
    let mut film = Film { at: visit.at, next_id: 1, events: Vec::new() };
    let home = film.open(BEGIN, "/", &home);
    film.wander(chance, BEGIN + 900, BUTTON, 26);
    film.push(BEGIN + 11_500, 3, json!({"source": 3, "id": 1, "x": 0, "y": 120}));
    film.click(SECOND_PAGE - 300, &home.button);
    let first = std::mem::take(&mut film.events);
    let shown = film.open(SECOND_PAGE, visit.page.path, &|film| content(film, visit.page));
    film.crumb(SECOND_PAGE + 20, "navigation", "", json!({"from": "/", "to": visit.page.path}));
    let code = if met.is_some() { 500 } else { 200 };
    if let Some(call) = visit.page.call {
        film.call(chance, SECOND_PAGE + 400, call, code);
    }
    film.wander(chance, SECOND_PAGE + 1_200, BUTTON, 34);
    film.typed(SECOND_PAGE + 9_000, shown.field);
    film.click(PRESSED, &shown.button);
    match met {
        Some(met) => film.trouble(met, &shown),
        None => film.say(PRESSED + 700, shown.said, "Saved. Thank you!"),
    }
    let urls = [address("/"), address(visit.page.path)];
    [(0, first, BEGIN, &urls[..1]), (1, film.events, SECOND_PAGE, &urls[1..])]
        .into_iter()
        .map(|(segment, mut events, from, urls)| {
            events.sort_by_key(|event| event["timestamp"].as_i64());
            envelope(visit, met, segment, (from, urls), &events)
        })
        .collect()
}

fn envelope(visit: &Visit, met: Option<&Met<'_>>, segment: u32, (from, urls): (i64, &[String]), events: &[Value]) -> Envelope {
    let end = if segment == 0 { SECOND_PAGE - 200 } else { END };
    let errors: Vec<&str> = met.filter(|_| segment == 1).map(|met| met.event_id).into_iter().collect();
    let report = json!({
        "type": "replay_event", "event_id": visit.replay_id, "replay_id": visit.replay_id, "segment_id": segment,
        "replay_type": if met.is_some() { "buffer" } else { "session" }, "replay_start_timestamp": seconds(moment(visit.at, from)),
        "timestamp": seconds(moment(visit.at, end)), "urls": urls, "error_ids": errors, "trace_ids": [visit.trace_id],
        "release": visit.release, "environment": "production", "platform": "javascript", "sdk": Speaker::Browser.sdk(), "user": visit.user(),
        "request": {"url": urls.first(), "headers": {"User-Agent": visit.agent}},
    });
    Envelope::about(Speaker::Browser, &visit.replay_id).item("replay_event", &report).recording(segment, events)
}

fn moment(at: Time, ms: i64) -> Time {
    Time(at.0.saturating_add(ms))
}

fn address(path: &str) -> String {
    format!("https://shop.example.com{path}")
}

/// What is recorded so far.
struct Film {
    at: Time,
    next_id: u64,
    events: Vec<Value>,
}

/// Nodes of a page that something happens to.
struct Shown {
    button: Value,
    field: Option<u64>,
    /// The text beside the button.
    said: u64,
}

impl Film {
    fn push(&mut self, ms: i64, kind: u8, data: Value) {
        self.events.push(json!({"type": kind, "timestamp": moment(self.at, ms).0, "data": data}));
    }

    fn element(&mut self, tag: &str, attributes: Value, children: Vec<Value>) -> Value {
        self.next_id += 1;
        json!({"type": 2, "tagName": tag, "attributes": attributes, "childNodes": children, "id": self.next_id})
    }

    fn text(&mut self, text: &str) -> Value {
        self.next_id += 1;
        json!({"type": 3, "textContent": text, "id": self.next_id})
    }

    /// An element with nothing but a text in it.
    fn line(&mut self, tag: &str, class: &str, text: &str) -> Value {
        let text = self.text(text);
        let attributes = if class.is_empty() { json!({}) } else { json!({"class": class}) };
        self.element(tag, attributes, vec![text])
    }

    /// A whole page: its address and size, then how it looks.
    fn open(&mut self, ms: i64, path: &str, fill: &dyn Fn(&mut Film) -> Content) -> Shown {
        self.next_id = 1;
        let Content { mut inside, label, asks } = fill(self);
        let field = asks.then(|| self.element("input", json!({"name": "voucher", "placeholder": "Voucher"}), Vec::new()));
        let field_id = field.as_ref().and_then(|field| field["id"].as_u64());
        inside.extend(field);
        let label = self.text(label);
        let button = self.element("button", json!({"id": "go", "class": "primary"}), vec![label]);
        let said_text = self.text("");
        let said = said_text["id"].as_u64().unwrap_or_default();
        let line = self.element("p", json!({"class": "said"}), vec![said_text]);
        inside.extend([button.clone(), line]);
        let main = self.element("main", json!({}), inside);
        let names: Vec<Value> = ["Acme Shop", "Products", "Cart", "Orders"].into_iter().map(|name| self.line("span", "", name)).collect();
        let header = self.element("header", json!({}), names);
        let body = self.element("body", json!({}), vec![header, main]);
        let mut rules = self.text(STYLE);
        rules["isStyle"] = json!(true);
        let style = self.element("style", json!({}), vec![rules]);
        let head = self.element("head", json!({}), vec![style]);
        let html = self.element("html", json!({"lang": "en"}), vec![head, body]);
        self.push(ms, 4, json!({"href": address(path), "width": WIDTH, "height": HEIGHT}));
        let node = json!({"type": 0, "childNodes": [html], "id": 1});
        self.push(ms + 1, 2, json!({"node": node, "initialOffset": {"left": 0, "top": 0}}));
        let vital = json!({"value": 380 + (ms.unsigned_abs() % 900), "size": 52_000, "rating": "good", "nodeIds": []});
        self.span(ms + 2, 0, "web-vital", "largest-contentful-paint", vital);
        Shown { button, field: field_id, said }
    }

    /// The mouse on its way, half a second each.
    fn wander(&mut self, chance: &mut Chance, from: i64, (x, y): (i64, i64), steps: i64) {
        let mut drift = || i64::try_from(chance.below(60)).unwrap_or(0) - 30;
        for step in 0..steps {
            let left = steps - 1 - step;
            let (x, y) = (x + left * 18 + drift() * left.min(1), y - left * 7 + drift() * left.min(1));
            self.push(from + step * 500, 3, json!({"source": 1, "positions": [{"x": x, "y": y.max(20), "id": 1, "timeOffset": 0}]}));
        }
    }

    fn press(&mut self, ms: i64, id: &Value) {
        for (after, kind) in [(0, 1), (60, 0), (61, 2)] {
            self.push(ms + after, 3, json!({"source": 2, "type": kind, "id": id, "x": BUTTON.0, "y": BUTTON.1}));
        }
    }

    fn click(&mut self, ms: i64, button: &Value) {
        self.press(ms, &button["id"]);
        let node = json!({"id": button["id"], "tagName": "button", "textContent": "", "attributes": {"id": "go", "class": "primary"}});
        self.crumb(ms + 62, "ui.click", "main > button#go.primary", json!({"nodeId": button["id"], "node": node}));
    }

    /// Letter by letter, as the recorder masks them.
    fn typed(&mut self, from: i64, field: Option<u64>) {
        let Some(id) = field else { return };
        for letters in 1..=6_i64 {
            let text = "*".repeat(usize::try_from(letters).unwrap_or(0));
            self.push(from + letters * 180, 3, json!({"source": 5, "text": text, "isChecked": false, "id": id}));
        }
    }

    fn say(&mut self, ms: i64, text: u64, words: &str) {
        self.push(ms, 3, json!({"source": 0, "adds": [], "removes": [], "attributes": [], "texts": [{"id": text, "value": words}]}));
    }

    fn call(&mut self, chance: &mut Chance, ms: i64, endpoint: &str, code: u16) {
        let took = i64::try_from(chance.millis(180)).unwrap_or(180);
        let data =
            json!({"method": if endpoint == "/api/checkout" { "POST" } else { "GET" }, "statusCode": code, "response": {"size": 1_840}});
        self.span(ms, took, "resource.fetch", &format!("https://api.example.com{endpoint}"), data);
    }

    /// Nothing happens, so it is pressed again and again.
    fn trouble(&mut self, met: &Met<'_>, shown: &Shown) {
        let node = shown.button["id"].clone();
        let data = json!({"logger": "console", "arguments": [met.console]});
        self.push(0, 5, breadcrumb(moment(self.at, 0), "console", met.console, "error", data));
        for again in 1..=4 {
            self.press(again * 260, &node);
        }
        self.say(1_600, shown.said, "Something went wrong. Please try again.");
        let node = json!({"nodeId": node, "node": {"id": node, "tagName": "button", "textContent": "", "attributes": {"id": "go"}}, "clickCount": 5, "metric": true});
        self.crumb(2_300, "ui.multiClick", "main > button#go.primary", node);
    }

    fn crumb(&mut self, ms: i64, category: &str, message: &str, data: Value) {
        let at = moment(self.at, ms);
        self.push(ms, 5, breadcrumb(at, category, message, "info", data));
    }

    fn span(&mut self, ms: i64, took: i64, op: &str, description: &str, data: Value) {
        let (start, end) = (seconds(moment(self.at, ms)), seconds(moment(self.at, ms + took)));
        let payload = json!({"op": op, "description": description, "startTimestamp": start, "endTimestamp": end, "data": data});
        self.push(ms, 5, json!({"tag": "performanceSpan", "payload": payload}));
    }
}

fn breadcrumb(at: Time, category: &str, message: &str, level: &str, data: Value) -> Value {
    let payload =
        json!({"timestamp": seconds(at), "type": "default", "category": category, "message": message, "level": level, "data": data});
    json!({"tag": "breadcrumb", "payload": payload})
}

/// What is on a page.
struct Content {
    inside: Vec<Value>,
    /// Of its button.
    label: &'static str,
    /// Whether something is typed there.
    asks: bool,
}

fn home(film: &mut Film) -> Content {
    let products =
        [("Desk lamp", "€ 48"), ("Oak shelf", "€ 129"), ("Wool rug", "€ 210"), ("Kettle", "€ 39"), ("Clock", "€ 27"), ("Chair", "€ 95")];
    let mut cards = Vec::new();
    for (name, price) in products {
        let lines = vec![film.line("strong", "", name), film.line("p", "price", price)];
        cards.push(film.element("div", json!({"class": "card"}), lines));
    }
    let title = film.line("h1", "", "Welcome to the Acme Shop");
    let inside = vec![title, film.element("div", json!({"class": "cards"}), cards)];
    Content { inside, label: "See the lamp", asks: false }
}

fn content(film: &mut Film, page: &Page) -> Content {
    let (title, label, rows): (_, _, &[(&str, &str)]) = match page.name {
        "/cart" => ("Your cart", "Go to checkout", &[("Desk lamp", "1 × € 48"), ("Kettle", "2 × € 39"), ("Together", "€ 126")]),
        "/checkout" => ("Checkout", "Pay € 126", &[("Delivery", "2–3 days"), ("Payment", "Card"), ("Together", "€ 126")]),
        "/orders" => ("Your orders", "Order again", &[("40 118", "sent yesterday"), ("39 877", "delivered"), ("39 102", "delivered")]),
        "/" => ("Welcome to the Acme Shop", "See the lamp", &[("New", "Desk lamp"), ("Back again", "Wool rug")]),
        _ => ("Desk lamp", "Add to cart", &[("Price", "€ 48"), ("Height", "42 cm"), ("In stock", "17")]),
    };
    let mut lines = Vec::new();
    for (name, value) in rows {
        let cells = vec![film.line("td", "", name), film.line("td", "", value)];
        lines.push(film.element("tr", json!({}), cells));
    }
    let title = film.line("h1", "", title);
    let inside = vec![title, film.element("table", json!({}), lines)];
    Content { inside, label, asks: page.name == "/checkout" }
}
