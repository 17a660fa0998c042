//! What the demo's two programs report: first the history of a week, then a visit every few seconds.
//!
//! Everything goes through the public doors, with timestamps of the past where the wire takes them. What is sent follows from the
//! clock alone.

use anyhow::{Context as _, Result};
use capability::Cx;
use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};
use std::time::Duration;

use super::api::{self, Call, Served};
use super::chance::Chance;
use super::film::{self, Met};
use super::shop::{self, Visit};
use super::wire::{Door, Envelope, Speaker, post};

/// How far back the charts go.
const HISTORY_DAYS: u32 = 7;
/// Sessions that are older are not taken by release health.
const SESSION_DAYS: u32 = 4;
const BETWEEN_VISITS: Duration = Duration::from_secs(4);
/// One of the three is worse than the others: of its visits one in six meets an error, of theirs one in forty.
const BAD_RELEASE: &str = "shop@2.4.1";

/// The shop's SDK keeps the recording of one visit in five, and of each that meets an error.
const RECORDED: u64 = 5;

/// The doors of the two projects.
#[derive(Debug, Clone)]
pub struct Doors {
    pub shop: Door,
    pub api: Door,
}

/// What both programs send on account of one or several visits.
#[derive(Default)]
pub struct Batch {
    spans: Vec<Value>,
    sessions: Vec<Value>,
    logs: Vec<Value>,
    /// Envelopes of their own: (of the shop, of the API).
    shop: Vec<Envelope>,
    api: Vec<Envelope>,
}

/// The versions that run at a moment, seen from the start of the demo.
fn releases(at: Time, start: Time) -> (&'static str, &'static str) {
    match start.since(at) {
        age if age > DAY * 4 => ("shop@2.3.0", "api@1.7.2"),
        age if age > HOUR * 20 => ("shop@2.4.0", "api@1.8.0"),
        _ => (BAD_RELEASE, "api@1.8.0"),
    }
}

/// A visit with all that both programs report of it.
pub fn visit(chance: &mut Chance, at: Time, start: Time, batch: &mut Batch) {
    let (shop_release, api_release) = releases(at, start);
    let visit = Visit::new(chance, at, shop_release);
    let trouble = visit.page.call.and_then(|name| api::trouble(chance, name));
    let is_failed = trouble.is_some_and(api::Trouble::is_fatal);
    batch.spans.extend(shop::page_load(chance, &visit, if is_failed { 500 } else { 200 }));
    if let Some(name) = visit.page.call {
        let called = Time(at.0 + 400);
        let call = Call {
            at: called,
            endpoint: api::endpoint(name),
            trace_id: &visit.trace_id,
            parent: Some(&visit.call_span),
            release: api_release,
            user: visit.user(),
            is_failed,
        };
        serve(chance, &call, trouble, batch);
    }
    // The report that somebody of the shop looks at belongs to no visit.
    if chance.once_in(12) {
        let trace_id = chance.hex(32);
        let user = json!({"id": "staff_7", "email": "reports@example.com"});
        let endpoint = api::endpoint(if chance.once_in(3) { "/api/search" } else { "/api/reports/revenue" });
        let call = Call { at, endpoint, trace_id: &trace_id, parent: None, release: api_release, user, is_failed: false };
        serve(chance, &call, None, batch);
    }
    trouble_in_the_shop(chance, &visit, batch);
}

fn serve(chance: &mut Chance, call: &Call<'_>, trouble: Option<api::Trouble>, batch: &mut Batch) {
    let Served { span_id, transaction, millis } = api::serve(chance, call);
    batch.api.push(transaction);
    let code = if call.is_failed { 500 } else { 200 };
    let route = ("http.route", json!(call.endpoint.name));
    batch.logs.push(api::line(call, &span_id, 1, "info", &format!("request to {}", call.endpoint.name), std::slice::from_ref(&route)));
    if call.endpoint.name == "/api/checkout" && !call.is_failed {
        let order = 40_000 + chance.below(9_000);
        let more = [
            ("order.id", json!(order)),
            ("sentry.message.template", json!("order %s is paid")),
            ("sentry.message.parameter.0", json!(order)),
        ];
        batch.logs.push(api::line(call, &span_id, millis, "info", &format!("order {order} is paid"), &more));
    }
    if millis > 1_000 {
        let more = [("duration_ms", json!(millis)), route.clone()];
        batch.logs.push(api::line(call, &span_id, millis, "warn", &format!("{} took {millis} ms", call.endpoint.name), &more));
    }
    if let Some(trouble) = trouble {
        batch.api.push(api::error(chance, call, &span_id, trouble));
        let level = if trouble.is_fatal() { "error" } else { "warn" };
        let more = [("http.response.status_code", json!(code)), route];
        batch.logs.push(api::line(call, &span_id, millis, level, &format!("{} ended with {code}", call.endpoint.name), &more));
    }
}

fn trouble_in_the_shop(chance: &mut Chance, visit: &Visit, batch: &mut Batch) {
    let odds = if visit.release == BAD_RELEASE { 6 } else { 40 };
    let hit = if chance.once_in(odds) { Some(*chance.pick(&shop::TROUBLES)) } else { None };
    let session = match hit {
        Some(trouble) => trouble.session(),
        None => chance.pick(&["exited", "exited", "exited", "exited", "exited", "exited", "errored"]),
    };
    batch.sessions.push(shop::session(chance, visit, session));
    if let Some(trouble) = hit {
        let (event_id, error) = shop::error(chance, visit, trouble);
        batch.shop.push(error);
        let met = Met { event_id: &event_id, console: trouble.words() };
        batch.shop.extend(film::record(chance, visit, Some(&met)));
        if chance.once_in(6) {
            batch.shop.push(shop::feedback(chance, visit, &event_id));
        }
    }
    if hit.is_none() && chance.once_in(RECORDED) {
        batch.shop.extend(film::record(chance, visit, None));
    }
    if chance.once_in(30) {
        let lost = json!({"timestamp": shop::seconds(visit.at), "discarded_events": [
            {"reason": "sample_rate", "category": "span", "quantity": 6 + chance.below(20)},
            {"reason": "before_send", "category": "error", "quantity": 1},
        ]});
        batch.shop.push(Envelope::new(Speaker::Browser).item("client_report", &lost));
    }
}

impl Batch {
    /// Envelopes of the shop and of the API, containers first.
    fn into_envelopes(self, requests: Option<Value>) -> (Vec<Envelope>, Vec<Envelope>) {
        let mut browser = Envelope::new(Speaker::Browser).container("span", shop::SPANS, self.spans);
        for session in &self.sessions {
            browser = browser.item("session", session);
        }
        let mut server = Envelope::new(Speaker::Python).container("log", shop::LOGS, self.logs);
        if let Some(requests) = requests {
            server = server.item("sessions", &requests);
        }
        (std::iter::once(browser).chain(self.shop).collect(), std::iter::once(server).chain(self.api).collect())
    }
}

/// Visits in an hour of the day: few at night, most in the evening.
fn rhythm(hour: i64) -> u64 {
    match hour.rem_euclid(24) {
        0..6 => 2,
        6..12 => 4,
        17..22 => 8,
        _ => 6,
    }
}

/// All that happened in the hour that begins at `from`.
pub fn hour(from: Time, start: Time) -> (Vec<Envelope>, Vec<Envelope>) {
    let mut chance = Chance::of(from.0.unsigned_abs());
    let mut batch = Batch::default();
    let visits = rhythm(from.0 / 3_600_000) + chance.below(2);
    for _ in 0..visits {
        let at = Time(from.0 + i64::try_from(chance.below(3_590_000)).unwrap_or(0));
        visit(&mut chance, at, start, &mut batch);
    }
    let is_young = start.since(from) < DAY * SESSION_DAYS;
    if !is_young {
        batch.sessions.clear();
    }
    let requests = is_young.then(|| api::sessions(from, releases(from, start).1, 180 + chance.below(90), chance.below(4), chance.below(2)));
    batch.into_envelopes(requests)
}

/// The history, and then on and on, until the demo ends.
pub async fn run(cx: Cx, doors: Doors) {
    let start = cx.now();
    if let Err(error) = history(&cx, &doors, start).await {
        tracing::warn!("the history of the demo could not be sent: {error:#}");
    }
    let checks = tokio::spawn(invoices(cx.clone(), doors.clone()));
    let mut pause = tokio::time::interval(BETWEEN_VISITS);
    loop {
        pause.tick().await;
        let now = cx.now();
        let mut chance = Chance::of(now.0.unsigned_abs() / 1_000);
        let mut batch = Batch::default();
        visit(&mut chance, Time(now.0 - 3_000), start, &mut batch);
        let requests = chance.once_in(15).then(|| {
            let minute = Time(now.0 - now.0 % 60_000) - MINUTE;
            api::sessions(minute, releases(now, start).1, 3 + chance.below(6), 0, u64::from(chance.once_in(12)))
        });
        if let Err(error) = send(&cx, &doors, batch.into_envelopes(requests)).await {
            tracing::warn!("the demo's programs cannot report: {error:#}");
            if checks.is_finished() {
                return;
            }
        }
    }
}

async fn history(cx: &Cx, doors: &Doors, start: Time) -> Result<()> {
    let mut from = (start - DAY * HISTORY_DAYS).hour_start();
    while from + HOUR < start {
        send(cx, doors, hour(from, start)).await?;
        from = from + HOUR;
    }
    Ok(())
}

async fn send(cx: &Cx, doors: &Doors, (shop, api): (Vec<Envelope>, Vec<Envelope>)) -> Result<()> {
    for (door, envelopes) in [(&doors.shop, shop), (&doors.api, api)] {
        for envelope in envelopes {
            door.send(cx, &envelope).await?;
        }
    }
    Ok(())
}

/// Each minute the job reports that it begins, and then how it went; one run of nine fails.
async fn invoices(cx: Cx, doors: Doors) {
    let mut pause = tokio::time::interval(MINUTE);
    loop {
        pause.tick().await;
        let mut chance = Chance::of(cx.now().0.unsigned_abs() / 60_000);
        let (id, is_failed) = (chance.hex(32), chance.once_in(9));
        let taken = Duration::from_millis(1_500 + chance.below(4_000));
        let report = async |state: &str, seconds: Option<f64>| {
            let envelope = Envelope::new(Speaker::Python).item("check_in", &api::check_in(&id, state, seconds));
            doors.api.send(&cx, &envelope).await
        };
        let run = async {
            report("in_progress", None).await?;
            tokio::time::sleep(taken).await;
            report(if is_failed { "error" } else { "ok" }, Some(taken.as_secs_f64())).await
        };
        if let Err(error) = run.await {
            tracing::warn!("the demo's job cannot report: {error:#}");
        }
    }
}

/// The map of the shop's script, as sentry-cli would upload it for each release.
pub async fn upload_maps(cx: &Cx, api_key: &str) -> Result<()> {
    for release in ["shop%402.3.0", "shop%402.4.0", "shop%402.4.1"] {
        for (name, text) in [("~/assets/app.min.js", shop::SCRIPT), ("~/assets/app.min.js.map", shop::SCRIPT_MAP)] {
            let path = format!("/api/0/projects/demo/shop/releases/{release}/files/");
            let (kind, body) = form(name, text);
            let headers = vec![("Authorization".to_owned(), format!("Bearer {api_key}")), ("Content-Type".to_owned(), kind)];
            post(cx, &path, headers, body).await.context("The demo's source map was not taken")?;
        }
    }
    Ok(())
}

/// A form with one file in it: its content type and its body.
fn form(name: &str, text: &str) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "demo-7d1f0c2ab94e";
    let file = name.rsplit('/').next().unwrap_or(name);
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{name}\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n{text}\r\n--{BOUNDARY}--\r\n"
    );
    (format!("multipart/form-data; boundary={BOUNDARY}"), body.into_bytes())
}
