//! Files: crash dumps with what came along, and attachments of an event that was reported before.

use axum::body::Body;
use axum::extract::{FromRef, FromRequest as _, Multipart, Request};
use http::request::Parts;
use http::{Response, header};
use kernel::Error;
use serde_json::{Map, Value, json};
use web::{Access, Path, Routes, State};

use super::{answered, preflight, read};
use crate::answer::Shape;
use crate::carried::{Carried, Thing, UNKNOWN};
use crate::door::{Door, Entered, Sent, Taken};
use crate::reason::Reason;
use crate::refusal::Refusal;
use crate::{EventId, Kind, limits};

pub(super) fn mount<S>(routes: &mut Routes<S>)
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    for path in ["/api/{project}/minidump", "/api/{project}/minidump/"] {
        routes.post(path, Access::Open, take_minidump);
        routes.options(path, Access::Open, preflight);
    }
    for path in ["/api/{project}/events/{event}/attachments", "/api/{project}/events/{event}/attachments/"] {
        routes.post(path, Access::Open, take_attachments);
        routes.options(path, Access::Open, preflight);
    }
}

async fn take_minidump(State(door): State<Door>, Path(project): Path<String>, request: Request) -> Response<Body> {
    answered(minidump_of(&door, &project, request).await, Shape::PlainId)
}

async fn take_attachments(State(door): State<Door>, Path((project, event)): Path<(String, String)>, request: Request) -> Response<Body> {
    answered(attachments_of(&door, &project, &event, request).await, Shape::Id)
}

async fn minidump_of(door: &Door, project: &str, request: Request) -> Result<Taken, Refusal> {
    let (entered, parts) = fields_of(door, project, request).await?;
    let carried = crash(parts).map_err(|error| door.counted(error.into(), entered.counts_for(), 0))?;
    door.keep(entered, Sent::plain(Vec::new()), |_| Ok(carried.into())).await
}

async fn attachments_of(door: &Door, project: &str, event: &str, request: Request) -> Result<Taken, Refusal> {
    let (entered, parts) = fields_of(door, project, request).await?;
    let malformed = |sentence: &str| door.counted(Refusal::Malformed(sentence.to_owned()), entered.counts_for(), 0);
    let event_id = EventId::parse(event).ok_or_else(|| malformed("The address names no event."))?;
    let mut carried = Carried { event_id: Some(event_id), ..Carried::default() };
    attach(&mut carried, parts.into_iter().filter(|part| part.filename.is_some()), limits::ATTACHMENTS);
    if carried.things.is_empty() {
        return Err(malformed("There is no file in this form."));
    }
    door.keep(entered, Sent::plain(Vec::new()), |_| Ok(carried.into())).await
}

/// At most `most` files of a form; the others are counted.
fn attach(carried: &mut Carried<'_>, files: impl IntoIterator<Item = Part>, most: usize) {
    for (at, part) in files.into_iter().enumerate() {
        if at < most {
            carried.things.push(part.into_attachment());
        } else {
            carried.drops.drop(Kind::Attachment.category(), Reason::TooMany, 1, part.bytes.len());
        }
    }
}

/// One part of a form.
struct Part {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    bytes: Vec<u8>,
}

impl Part {
    fn into_attachment(self) -> Thing<'static> {
        Thing { filename: self.filename, content_type: self.content_type, ..Thing::new(Kind::Attachment, self.bytes) }
    }
}

/// Texts and files of one form; it cannot have more parts than its bytes allow, and no more than this.
const PARTS: usize = 200;

async fn fields_of(door: &Door, project: &str, request: Request) -> Result<(Entered, Vec<Part>), Refusal> {
    let (entered, sent) = read(door, Some(project), request).await?;
    let (mut entered, body) = door.unpack(entered, sent).await?;
    // The parts are copied out of the body.
    let room = entered.share.grow(body.len());
    room.map_err(|error| door.counted(error.into(), entered.counts_for(), body.len()))?;
    match parts_of(&entered.parts, body).await {
        Ok(parts) => Ok((entered, parts)),
        Err(error) => Err(door.counted(error.into(), entered.counts_for(), 0)),
    }
}

async fn parts_of(head: &Parts, body: Vec<u8>) -> kernel::Result<Vec<Part>> {
    let mut request = Request::new(Body::from(body));
    if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    let wrong = || Error::invalid("This is no form with files (multipart/form-data).");
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| wrong().because(error))?;
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| wrong().because(error))? {
        if parts.len() >= PARTS {
            return Err(Error::invalid("This form has more parts than are taken here."));
        }
        let short = |text: Option<&str>| text.map(|text| kernel::text::shorten(text, 200));
        let (name, filename) = (field.name().unwrap_or_default().to_owned(), short(field.file_name()));
        let content_type = short(field.content_type());
        let bytes = field.bytes().await.map_err(|error| wrong().because(error))?.to_vec();
        parts.push(Part { name, filename, content_type, bytes });
    }
    Ok(parts)
}

/// What a crash reporter may tell of the event in one field: a tree of JSON takes up to a hundred times the bytes of its text.
const TOLD: usize = 256 << 10;

/// A crash dump is kept as it is; the event beside it makes it visible. Crash reporters put what they know of the event into a field
/// `sentry`, whole or piece by piece (`sentry[release]`, `sentry[tags][gpu]`).
fn crash(parts: Vec<Part>) -> kernel::Result<Carried<'static>> {
    let mut event = Map::new();
    let mut carried = Carried::default();
    let (mut dump, mut files) = (None, Vec::new());
    for part in parts {
        match part.name.as_str() {
            "upload_file_minidump" if dump.is_none() => dump = Some(part),
            "sentry" if part.filename.is_none() && part.bytes.len() > TOLD => {
                carried.drops.drop(UNKNOWN, Reason::TooLarge, 1, part.bytes.len());
            }
            "sentry" if part.filename.is_none() => match serde_json::from_slice(&part.bytes) {
                Ok(Value::Object(told)) => event.extend(told),
                _ => carried.drops.drop(UNKNOWN, Reason::Malformed, 1, part.bytes.len()),
            },
            name if part.filename.is_none() => {
                let steps = name.strip_prefix("sentry[").and_then(|rest| rest.strip_suffix(']'));
                if let Some(steps) = steps {
                    put(&mut event, steps, &part.bytes);
                }
            }
            _ => files.push(part),
        }
    }
    let dump = dump.filter(|dump| dump.bytes.starts_with(b"MDMP"));
    let dump = dump.ok_or_else(|| Error::invalid("There is no minidump in the field upload_file_minidump."))?;
    let id = event.get("event_id").and_then(Value::as_str).and_then(EventId::parse).unwrap_or_else(EventId::random);
    carried.event_id = Some(id);
    carried.things.push(Thing::new(Kind::Event, crash_event(event, id).to_string().into_bytes()));
    carried.things.push(Thing {
        filename: dump.filename.or_else(|| Some("minidump.dmp".to_owned())),
        content_type: dump.content_type,
        attachment_type: Some("event.minidump".to_owned()),
        ..Thing::new(Kind::Minidump, dump.bytes)
    });
    attach(&mut carried, files, limits::ATTACHMENTS - 1);
    Ok(carried)
}

/// `tags][gpu`: a text under its names, unless something else stands in their way.
fn put(event: &mut Map<String, Value>, steps: &str, text: &[u8]) {
    const DEEPEST: usize = 4;
    let steps: Vec<&str> = steps.split("][").collect();
    let Some((last, before)) = steps.split_last().filter(|_| steps.len() <= DEEPEST) else { return };
    let mut map = event;
    for step in before {
        let Value::Object(inner) = map.entry(*step).or_insert_with(|| json!({})) else { return };
        map = inner;
    }
    map.insert((*last).to_owned(), String::from_utf8_lossy(text).into_owned().into());
}

fn crash_event(mut event: Map<String, Value>, id: EventId) -> Value {
    event.insert("event_id".into(), id.to_string().into());
    event.entry("platform").or_insert_with(|| json!("native"));
    event.entry("level").or_insert_with(|| json!("fatal"));
    event.entry("exception").or_insert_with(|| {
        json!({ "values": [{
            "type": "Minidump",
            "value": "The program crashed; its minidump is attached.",
            "mechanism": { "type": "minidump", "handled": false, "synthetic": true },
        }] })
    });
    Value::Object(event)
}
