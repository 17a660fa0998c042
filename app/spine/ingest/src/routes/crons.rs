//! Check-ins by address: what a crontab can call with curl, before and after its job.

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::Response;
use http::request::Parts;
use kernel::Error;
use serde_json::{Map, Value, json};
use web::{Access, Path, Routes, State};

use super::{answered, preflight, project_of, query, read_as};
use crate::answer::Shape;
use crate::auth::{self, Shown};
use crate::carried::{Carried, Thing};
use crate::door::{Door, Taken};
use crate::refusal::Refusal;
use crate::{EventId, Kind, limits};

/// What SDKs send who do not know which check-in it is: the latest that is in progress.
const LATEST: &str = "00000000000000000000000000000000";

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for path in ["/api/{project}/cron/{monitor}", "/api/{project}/cron/{monitor}/"] {
        routes.get(path, Access::Open, take);
        routes.post(path, Access::Open, take);
        routes.options(path, Access::Open, preflight);
    }
    for path in ["/api/{project}/cron/{monitor}/{key}", "/api/{project}/cron/{monitor}/{key}/"] {
        routes.get(path, Access::Open, take_with_key);
        routes.post(path, Access::Open, take_with_key);
        routes.options(path, Access::Open, preflight);
    }
}

async fn take(State(door): State<Door>, Path((project, monitor)): Path<(String, String)>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let outcome = match auth::shown(&parts) {
        Some(shown) => check_in(&door, &project, &monitor, shown, parts, body).await,
        None => Err(door.without_key(Some(project_of(&project)), &parts).await),
    };
    answered(outcome, Shape::Id)
}

async fn take_with_key(
    State(door): State<Door>,
    Path((project, monitor, key)): Path<(String, String, String)>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let outcome = match auth::checked_key(&key) {
        Some(key) => check_in(&door, &project, &monitor, Shown { key, client: None }, parts, body).await,
        None => Err(door.without_key(Some(project_of(&project)), &parts).await),
    };
    answered(outcome, Shape::Id)
}

async fn check_in(door: &Door, project: &str, monitor: &str, shown: Shown, parts: Parts, body: Body) -> Result<Taken, Refusal> {
    let (entered, sent) = read_as(door, Some(project), shown, parts, body).await?;
    let from_query = of_query(&entered.parts, monitor);
    let taken = door.keep(entered, sent, move |bytes| {
        let payload = merged(bytes, from_query)?;
        Ok(Carried { things: vec![Thing::new(Kind::CheckIn, payload)], ..Carried::default() }.into())
    });
    taken.await
}

/// In the shape in which SDKs send check-ins.
fn of_query(parts: &Parts, monitor: &str) -> Map<String, Value> {
    let mut check_in = Map::new();
    let monitor: String = monitor.chars().filter(|c| !c.is_control()).take(50).collect();
    check_in.insert("monitor_slug".into(), monitor.into());
    let id = query(parts, "check_in_id", 64).and_then(|id| EventId::parse(&id)).map(|id| id.to_string());
    check_in.insert("check_in_id".into(), id.unwrap_or_else(|| LATEST.to_owned()).into());
    if let Some(state) = query(parts, "status", 20) {
        check_in.insert("status".into(), state.into());
    }
    if let Some(environment) = query(parts, "environment", 64) {
        check_in.insert("environment".into(), environment.into());
    }
    let duration = query(parts, "duration", 20).and_then(|text| text.parse::<f64>().ok());
    if let Some(duration) = duration.filter(|seconds| seconds.is_finite() && *seconds >= 0.0) {
        check_in.insert("duration".into(), duration.into());
    }
    check_in
}

/// A body may say more (`monitor_config`); what the address says counts for more than what the body repeats.
fn merged(body: &[u8], from_query: Map<String, Value>) -> kernel::Result<Vec<u8>> {
    let mut check_in = match body.trim_ascii() {
        b"" => Map::new(),
        body if body.starts_with(b"{") && body.len() > limits::payload(Kind::CheckIn) => {
            return Err(Error::new(kernel::Kind::TooLarge, "The body of this check-in is larger than what is taken."));
        }
        body if body.starts_with(b"{") => serde_json::from_slice(body)
            .map_err(|error| Error::invalid("The body of a check-in is a JSON object, or empty.").because(error))?,
        // What curl posts of a job's output is not for us.
        _ => Map::new(),
    };
    let has_id = check_in.contains_key("check_in_id");
    for (name, value) in from_query {
        if !(name == "check_in_id" && has_id && value == LATEST) {
            check_in.insert(name, value);
        }
    }
    // Whoever calls without a word says that the job is done.
    check_in.entry("status").or_insert_with(|| json!("ok"));
    serde_json::to_vec(&check_in).map_err(|error| Error::internal("writing a check-in").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, body: &[u8]) -> Value {
        let (parts, ()) = http::Request::builder().uri(format!("/api/1/cron/nightly/?{query}")).body(()).unwrap().into_parts();
        serde_json::from_slice(&merged(body, of_query(&parts, "nightly")).unwrap()).unwrap()
    }

    #[test]
    fn an_address_becomes_the_check_in_that_an_sdk_would_send() {
        assert_eq!(read("", b""), json!({"monitor_slug": "nightly", "check_in_id": LATEST, "status": "ok"}));
        assert_eq!(
            read("status=in_progress&check_in_id=8A4ad3b1-0000-4000-8000-00000000000b&duration=1.5&environment=prod", b""),
            json!({
                "monitor_slug": "nightly", "check_in_id": "8a4ad3b100004000800000000000000b",
                "status": "in_progress", "duration": 1.5, "environment": "prod",
            })
        );
        let body = br#"{"monitor_slug":"other","check_in_id":"8a4ad3b100004000800000000000000b","monitor_config":{"schedule":{"type":"crontab","value":"0 3 * * *"}}}"#;
        let both = read("status=error&duration=NaN", body);
        assert_eq!(both["monitor_slug"], "nightly");
        assert_eq!(both["check_in_id"], "8a4ad3b100004000800000000000000b");
        assert_eq!((&both["status"], both.get("duration")), (&json!("error"), None));
        assert_eq!(both["monitor_config"]["schedule"]["value"], "0 3 * * *");
        assert_eq!(read("status=ok", b"backup done in 3 s")["status"], "ok", "a job's output is passed over");
        // Before a tree is made of it, which takes a hundred times as much.
        let large = format!("{{\"a\":[{}]}}", vec!["{\"\":0}"; 20_000].join(","));
        assert_eq!(merged(large.as_bytes(), Map::new()).unwrap_err().kind, kernel::Kind::TooLarge);
    }
}
