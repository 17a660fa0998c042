//! What people do with a replay: keep it, share it, delete it.

use axum::response::IntoResponse as _;
use capability::{Cx, Framed, audit};
use frontend::console_page;
use http::StatusCode;
use kernel::ids::{ProjectId, ReplayId};
use kernel::time::DAY;
use kernel::{Error, Result};
use serde::Deserialize;
use web::{Actor, Admin, By, Form, Html, Member, Path, Reply, State, see_other_with};

use crate::model::Replay;
use crate::pages::one::{SHARE_DAYS, made};
use crate::store::{self, PersonKey};
use ingest::EventId;

const MAX_NOTE: usize = 2_000;
/// Replays of one person that one click deletes; each costs some ms of the log's writer.
const MOST_OF_PERSON: u32 = 1_000;

#[derive(Debug, Deserialize)]
pub struct Note {
    #[serde(default)]
    note: String,
}

#[derive(Debug, Deserialize)]
pub struct Days {
    days: u32,
}

fn name_of(actor: &Actor) -> String {
    match actor {
        Actor::Member { name, .. } | Actor::Key { name, .. } => name.clone(),
        Actor::Visitor => "visitor".to_owned(),
    }
}

fn subject(id: ReplayId) -> String {
    format!("replay {id}")
}

pub async fn pin(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<Note>) -> Reply {
    let note = form.note.trim().to_owned();
    if note.chars().count() > MAX_NOTE {
        return Err(Error::field("note", format!("Please write at most {MAX_NOTE} characters.")).into());
    }
    cx.write(move |tx| {
        store::pin(tx, ReplayId(id), &name_of(&by.actor), &note)?;
        audit(tx, &by.actor, "replay.pin", &subject(ReplayId(id)), "")
    })
    .await?;
    Ok(see_other_with(&format!("/replay/{id}"), "Pinned: it stays until you unpin it."))
}

pub async fn unpin(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        store::unpin(tx, ReplayId(id))?;
        audit(tx, &by.actor, "replay.unpin", &subject(ReplayId(id)), "")
    })
    .await?;
    Ok(see_other_with(&format!("/replay/{id}"), "Not pinned any more."))
}

pub async fn share(State(cx): State<Cx>, by: By<Member>, framed: Framed, Path(id): Path<i64>, Form(form): Form<Days>) -> Reply {
    let days = form.days;
    if !SHARE_DAYS.iter().any(|(known, _)| *known == days) {
        return Err(Error::field("days", "Please choose 1, 7 or 30 days.").into());
    }
    let (replay, token) = cx
        .write(move |tx| {
            let replay = store::get(tx, ReplayId(id))?;
            let (share, token) = store::make_share(tx, replay.id, &name_of(&by.actor), tx.now + DAY * days)?;
            audit(tx, &by.actor, "replay.share", &subject(replay.id), &format!("link {share} for {days} days"))?;
            Ok((replay, token))
        })
        .await?;
    // Shown here and nowhere else: a redirect would have to carry it.
    let address = cx.link(&format!("/replay/shared/{token}"));
    let page = console_page(&framed.live(&[]), "Link made", made(&replay, &address, days));
    Ok((StatusCode::OK, Html(page)).into_response())
}

pub async fn revoke(State(cx): State<Cx>, by: By<Member>, Path((id, share)): Path<(i64, i64)>) -> Reply {
    cx.write(move |tx| {
        if !store::revoke_share(tx, ReplayId(id), share)? {
            return Err(Error::not_found("open link"));
        }
        audit(tx, &by.actor, "replay.share.revoke", &subject(ReplayId(id)), &format!("link {share}"))
    })
    .await?;
    Ok(see_other_with(&format!("/replay/{id}"), "The link opens nothing any more."))
}

pub async fn delete(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let gone = cx
        .write(move |tx| {
            let gone = store::forget(tx, ReplayId(id))?;
            audit(tx, &by.actor, "replay.delete", &subject(ReplayId(id)), "")?;
            Ok(gone)
        })
        .await?;
    remove(&cx, vec![gone]).await?;
    Ok(see_other_with("/replay", "The replay is deleted."))
}

pub async fn delete_person(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let gone = cx
        .write(move |tx| {
            let replay = store::get(tx, ReplayId(id))?;
            let mut gone = Vec::new();
            for other in of_person(tx, &replay)? {
                gone.push(store::forget(tx, other)?);
            }
            // Whose they were is what is to be forgotten.
            audit(tx, &by.actor, "replay.delete_person", &subject(replay.id), &format!("{} replays", gone.len()))?;
            Ok(gone)
        })
        .await?;
    let count = gone.len();
    remove(&cx, gone).await?;
    let more = if count >= MOST_OF_PERSON as usize { " There may be more of them: please look." } else { "" };
    let said = if count == 1 { "1 replay is deleted.".to_owned() } else { format!("{count} replays are deleted.{more}") };
    Ok(see_other_with("/replay", &said))
}

/// By id and mail address, which name one person; by name only where nothing else is known.
fn of_person(r: &db::Reader<'_>, replay: &Replay) -> Result<Vec<ReplayId>> {
    let person = &replay.person;
    let mut keys = Vec::new();
    keys.extend((!person.id.is_empty()).then_some(PersonKey::Id(&person.id)));
    keys.extend((!person.email.is_empty()).then_some(PersonKey::Email(&person.email)));
    if keys.is_empty() && !person.name.is_empty() {
        keys.push(PersonKey::Name(&person.name));
    }
    let mut found = vec![replay.id];
    for key in keys {
        found.extend(store::of_person(r, Some(replay.project), key, MOST_OF_PERSON)?);
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST_OF_PERSON as usize);
    Ok(found)
}

/// Out of the log, one transaction each: other writers get their turn between them.
async fn remove(cx: &Cx, gone: Vec<(ProjectId, EventId)>) -> Result<()> {
    for (project, sdk_id) in gone {
        cx.telemetry.write(move |tx| store::remove_recording(tx, project, sdk_id)).await?;
    }
    Ok(())
}
