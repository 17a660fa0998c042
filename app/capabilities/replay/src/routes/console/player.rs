//! The player's own document, for members. Whoever opens it watches, which is written down.

use capability::{Cx, House};
use frontend::Href;
use kernel::Result;
use kernel::ids::ReplayId;
use web::{Actor, By, Path, Query, Reply, State, Viewer};

use super::one::At;
use super::{Told, blocking, document};
use crate::model::Replay;
use crate::pages::player::{Head, Player, marks, show as draw};
use crate::store;

pub async fn show(State(cx): State<Cx>, by: By<Viewer>, Path(id): Path<i64>, Query(at): Query<At>) -> Reply {
    let id = ReplayId(id);
    let player = blocking(&cx, move |house| {
        let replay = house.hermetic.read_blocking(|r| store::get(r, id))?;
        let title = format!("Replay of {}", kernel::text::shorten(replay.person.label(), 80));
        let head = (!at.alone.is_empty()).then(|| Head {
            back: Href::path(format!("/replay/{id}")),
            sentence: replay.started_at.timestamp().strftime("%-d %b %Y, %H:%M UTC").to_string(),
        });
        load(house, &replay, title, format!("/replay/{id}"), at.ms(&replay), head)
    })
    .await?;
    if let Actor::Member { id: member, .. } = by.actor {
        cx.write(move |tx| store::note_view(tx, id, &format!("member {member}"))).await?;
    }
    Ok(document(draw(&player)))
}

pub(super) fn load(house: &House, replay: &Replay, title: String, source: String, at_ms: i64, head: Option<Head>) -> Result<Player> {
    let told = Told::of(house, replay)?;
    Ok(Player {
        title,
        source,
        at_ms,
        length_ms: replay.finished_at.0.saturating_sub(replay.started_at.0).max(0),
        started_at: replay.started_at,
        activity: replay.activity.clone(),
        marks: marks(&told.moments, &told.signals),
        head,
    })
}
