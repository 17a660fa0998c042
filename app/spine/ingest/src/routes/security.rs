//! What browsers report by themselves: violations of the content security policy and their like, network errors.

use axum::body::Body;
use axum::extract::{FromRef, Request};
use http::Response;
use kernel::Error;
use web::{Access, Path, Routes, State};

use super::{answered, head_of_query, preflight, read};
use crate::answer::Shape;
use crate::carried::{Carried, Thing, UNKNOWN};
use crate::door::{Door, Taken};
use crate::raw::Raw;
use crate::reason::Reason;
use crate::refusal::Refusal;
use crate::{Head, Kind};

const PATHS: [&str; 6] = [
    "/api/{project}/security",
    "/api/{project}/security/",
    "/api/{project}/csp-report",
    "/api/{project}/csp-report/",
    "/api/{project}/nel",
    "/api/{project}/nel/",
];
/// Of one body: a browser gathers a minute's worth.
const REPORTS: usize = 100;

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for path in PATHS {
        routes.post(path, Access::Open, take);
        routes.options(path, Access::Open, preflight);
    }
}

async fn take(State(door): State<Door>, Path(project): Path<String>, request: Request) -> Response<Body> {
    answered(reports_of(&door, &project, request).await, Shape::Id)
}

async fn reports_of(door: &Door, project: &str, request: Request) -> Result<Taken, Refusal> {
    let (entered, sent) = read(door, Some(project), request).await?;
    let head = head_of_query(&entered.parts);
    door.keep(entered, sent, |bytes| Ok(reports(bytes, head)?.into())).await
}

/// `application/csp-report` is one object, `application/reports+json` a list of them; each becomes an item of its own.
fn reports(bytes: &[u8], head: Head) -> kernel::Result<Carried<'_>> {
    let mut carried = Carried { head, ..Carried::default() };
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => carried.things.push(Thing::new(Kind::Security, bytes)),
        Some(b'[') => {
            let list = Raw::checked(bytes).map_err(|error| not_a_report().because(error))?;
            for (at, report) in list.elements().enumerate() {
                match at {
                    0..REPORTS => carried.things.push(Thing::new(Kind::Security, report.0)),
                    _ => carried.drops.drop(UNKNOWN, Reason::TooMany, 1, report.0.len()),
                }
            }
        }
        _ => return Err(not_a_report()),
    }
    Ok(carried)
}

fn not_a_report() -> Error {
    Error::invalid("This is no report of a browser: neither an object nor a list of objects.")
}
