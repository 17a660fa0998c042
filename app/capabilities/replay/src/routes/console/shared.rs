//! A replay for whoever has a link: the player and nothing else, as long as the link is open.

use capability::{Cx, House};
use frontend::Href;
use http::HeaderValue;
use http::header::REFERRER_POLICY;
use kernel::{Error, Result};
use std::time::Duration;
use web::{Allowance, Path, Peer, Query, Reply, State};

use super::one::At;
use super::{blocking, document, json, player};
use crate::model::{Replay, Share};
use crate::pages::player::{Head, show as draw};
use crate::{read, store};

/// Wrong guesses cost the same as looks: a token has 256 bits, so this is for the load they make.
const LOOKS: Allowance = Allowance { burst: 60, per: Duration::from_secs(60) };
/// A player asks for some parts a second.
const PARTS: Allowance = Allowance { burst: 1_200, per: Duration::from_secs(60) };

pub async fn show(State(cx): State<Cx>, peer: Peer, Path(token): Path<String>, Query(at): Query<At>) -> Reply {
    cx.limiter.check("replay.shared", &peer.limit_key(), LOOKS)?;
    let source = format!("/replay/shared/{token}");
    let (share, player) = blocking(&cx, move |house| {
        let (share, replay) = opened(house, &token)?;
        let until = share.expires_at.timestamp().strftime("%-d %b %Y, %H:%M UTC");
        let head = Head { back: Href::default(), sentence: format!("Shared with you; the link ends {until}.") };
        // Who it was is not told: the link goes to people without a login.
        let mut player = player::load(house, &replay, "Recording of a visit".to_owned(), source, at.ms(&replay), Some(head))?;
        player.marks.iter_mut().for_each(|mark| mark.text.clear());
        Ok((share, player))
    })
    .await?;
    cx.write(move |tx| store::note_view(tx, share.replay, &format!("share {}", share.id))).await?;
    let mut answer = document(draw(&player));
    // The address is the key.
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(answer)
}

pub async fn timeline(State(cx): State<Cx>, peer: Peer, Path(token): Path<String>) -> Reply {
    cx.limiter.check("replay.parts", &peer.limit_key(), PARTS)?;
    let body = blocking(&cx, move |house| {
        let (_, replay) = opened(house, &token)?;
        let timeline = read::timeline(house, &replay)?;
        serde_json::to_vec(&timeline).map_err(|error| Error::internal("writing a timeline as JSON").because(error))
    })
    .await?;
    Ok(json(body))
}

pub async fn part(State(cx): State<Cx>, peer: Peer, Path((token, name)): Path<(String, String)>) -> Reply {
    cx.limiter.check("replay.parts", &peer.limit_key(), PARTS)?;
    let body = blocking(&cx, move |house| {
        let (_, replay) = opened(house, &token)?;
        read::part(house, &replay, &name)
    })
    .await?;
    Ok(json(body))
}

fn opened(house: &House, token: &str) -> Result<(Share, Replay)> {
    house.hermetic.read_blocking(|r| {
        let share = store::find_share(r, token)?.ok_or_else(|| Error::not_found("recording; the link may have ended"))?;
        let replay = store::get(r, share.replay)?;
        Ok((share, replay))
    })
}
