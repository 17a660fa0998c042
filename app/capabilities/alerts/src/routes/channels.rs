//! Channels: list, form, test over the real way, quiet hours.

use std::time::Duration;

use axum::response::IntoResponse as _;
use capability::{Cx, Framed};
use kernel::ids::ChannelId;
use kernel::{Error, Result, Role};
use serde::Deserialize;
use web::{Admin, Allowance, By, Form, Path, Query, Reply, State, see_other_with};

use super::{Pairs, again, name_of, page, wrong_fields};
use crate::channel::config;
use crate::channel::{Channel, ChannelKind, Takes, Values};
use crate::deliver;
use crate::ids::QuietId;
use crate::manage::quiet::{QuietDoc, add_quiet as add_window, checked_quiet};
use crate::manage::{ChannelDoc, checked_channel, remove_channel, save_channel, switch_channel};
use crate::pages;
use crate::reach::reach;
use crate::store::{channels, notices, policies, quiet, rules};

pub async fn list(State(cx): State<Cx>, framed: Framed) -> Reply {
    let frame = framed.live(&["alerts"]);
    let (now, can_edit) = (cx.now(), frame.member.role >= Role::Admin);
    let sealer = cx.sealer.clone();
    let (all, has_mail) = cx.read(move |r| Ok((channels::list(r)?, matches!(capability::mail::route(r, &sealer), Ok(Some(_)))))).await?;
    page(&frame, "Channels", pages::channels::list(&all, has_mail, can_edit, now))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    kind: String,
}

pub async fn new(Framed(frame): Framed, Query(asked): Query<Asked>) -> Reply {
    let Ok(kind) = ChannelKind::parse(&asked.kind) else {
        return page(&frame, "New channel", pages::channels::choose());
    };
    let form = pages::channels::ChannelForm {
        kind,
        id: None,
        name: kind.label().to_owned(),
        takes: kind.default_takes(),
        values: Values::new(),
        stored: Vec::new(),
        errors: Vec::new(),
    };
    page(&frame, "New channel", pages::channels::new(&form))
}

pub async fn show(State(cx): State<Cx>, framed: Framed, Path(id): Path<i64>) -> Reply {
    let frame = framed.live(&["alerts"]);
    let can_edit = frame.member.role >= Role::Admin;
    let shown = load(&cx, ChannelId(id), can_edit, None).await?;
    page(&frame, &shown.channel.name.clone(), pages::channels::show(&shown))
}

/// Everything on a channel's page; `typed` is what stands in the form after a refusal.
async fn load(cx: &Cx, id: ChannelId, can_edit: bool, typed: Option<pages::channels::ChannelForm>) -> Result<pages::channels::Shown> {
    let (sealer, now) = (cx.sealer.clone(), cx.now());
    cx.read(move |r| {
        let channel = channels::find(r, id)?.ok_or_else(|| Error::not_found("channel"))?;
        let values = channels::find_values(r, &sealer, id)?.unwrap_or_default();
        let mut form = typed.unwrap_or_else(|| form_of(&channel, config::shown(channel.kind, &values)));
        form.stored = config::stored_secrets(channel.kind, &values);
        let last = work::store::find_last_delivery(r, &channel.destination())?;
        let (rules, policies, all) = (rules::list(r)?, policies::list(r)?, channels::list(r)?);
        let others: Vec<Channel> = all.iter().filter(|other| other.id != id).cloned().collect();
        Ok(pages::channels::Shown {
            lost: reach(&rules, &policies, &all).lost(reach(&rules, &policies, &others)),
            is_last: channel.is_enabled && !others.iter().any(|other| other.is_enabled),
            form,
            last,
            latest: notices::list_latest(r, id, 20)?,
            quiet: quiet::list_of_channel(r, id)?,
            channel,
            can_edit,
            now,
        })
    })
    .await
}

fn form_of(channel: &Channel, values: Values) -> pages::channels::ChannelForm {
    pages::channels::ChannelForm {
        kind: channel.kind,
        id: Some(channel.id),
        name: channel.name.clone(),
        takes: channel.takes,
        values,
        stored: Vec::new(),
        errors: Vec::new(),
    }
}

fn doc_of(pairs: &Pairs, kind: ChannelKind) -> ChannelDoc {
    let values = kind.fields().iter().map(|field| (field.name.to_owned(), pairs.get(field.name).to_owned())).collect();
    let text = |name: &str| Some(pairs.get(name).to_owned());
    ChannelDoc {
        name: text("name"),
        kind: Some(kind.as_str().to_owned()),
        takes: text("takes").filter(|takes| !takes.is_empty()),
        enabled: None,
        values,
    }
}

/// What was typed comes back, secrets excepted.
fn typed_form(
    pairs: &Pairs,
    kind: ChannelKind,
    id: Option<ChannelId>,
    errors: Vec<kernel::error::FieldError>,
) -> pages::channels::ChannelForm {
    let values = config::shown(kind, &doc_of(pairs, kind).values);
    let takes = Takes::parse(pairs.get("takes")).unwrap_or(kind.default_takes());
    pages::channels::ChannelForm { kind, id, name: pairs.get("name").to_owned(), takes, values, stored: Vec::new(), errors }
}

pub async fn create(State(cx): State<Cx>, Framed(frame): Framed, by: By<Admin>, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    let pairs = Pairs(pairs);
    let kind = ChannelKind::parse(pairs.get("kind"))?;
    let (sealer, actor, doc) = (cx.sealer.clone(), by.actor, doc_of(&pairs, kind));
    let was_given = !pairs.get("secret").is_empty();
    let saved = cx
        .write(move |tx| {
            let checked = checked_channel(tx, &sealer, None, &doc, true)?;
            let id = save_channel(tx, None, &checked)?;
            capability::audit(tx, &actor, "alerts.channel.create", &format!("channel {}", checked.stored.name), kind.as_str())?;
            Ok((id, checked.values))
        })
        .await;
    match saved {
        Ok((id, values)) => {
            // A secret we made is shown this once, in the answer itself: it must not travel through a cookie or an address.
            if let Some(secret) = values.get("secret").filter(|_| kind == ChannelKind::Webhook && !was_given) {
                return page(&frame, "The channel is made", pages::channels::secret_once(id, secret));
            }
            Ok(see_other_with(&format!("/alerts/channels/{id}"), "The channel is made. Send a test now."))
        }
        Err(error) => {
            let form = typed_form(&pairs, kind, None, wrong_fields(error)?);
            Ok(again(&frame, "New channel", pages::channels::new(&form)))
        }
    }
}

pub async fn update(
    State(cx): State<Cx>,
    Framed(frame): Framed,
    by: By<Admin>,
    Path(id): Path<i64>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    let (id, pairs) = (ChannelId(id), Pairs(pairs));
    let channel = cx.read(move |r| channels::find(r, id)).await?.ok_or_else(|| Error::not_found("channel"))?;
    let (sealer, actor, kind) = (cx.sealer.clone(), by.actor, channel.kind);
    let doc = doc_of(&pairs, kind);
    let saved = cx
        .write(move |tx| {
            let checked = checked_channel(tx, &sealer, Some(&channel), &doc, true)?;
            save_channel(tx, Some(&channel), &checked)?;
            capability::audit(tx, &actor, "alerts.channel.update", &format!("channel {}", checked.stored.name), "")
        })
        .await;
    match saved {
        Ok(()) => Ok(see_other_with(&format!("/alerts/channels/{id}"), "The channel is saved. Send a test to be sure.")),
        Err(error) => {
            let form = typed_form(&pairs, kind, Some(id), wrong_fields(error)?);
            let shown = load(&cx, id, true, Some(form)).await?;
            Ok(again(&frame, &shown.channel.name.clone(), pages::channels::show(&shown)))
        }
    }
}

/// One person's impatience must not become a receiver's flood.
const TESTS: Allowance = Allowance { burst: 5, per: Duration::from_secs(60) };

pub async fn test(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    cx.limiter.check("alerts.test", &id.to_string(), TESTS)?;
    let tested = deliver::test(&cx, ChannelId(id), &name_of(&by.actor)).await?;
    Ok(see_other_with(&format!("/alerts/channels/{id}"), &tested.sentence).into_response())
}

pub async fn switch(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    let is_enabled = cx
        .write(move |tx| {
            let channel = channels::find(tx, ChannelId(id))?.ok_or_else(|| Error::not_found("channel"))?;
            switch_channel(tx, channel.id, !channel.is_enabled)?;
            let act = if channel.is_enabled { "alerts.channel.disable" } else { "alerts.channel.enable" };
            capability::audit(tx, &actor, act, &format!("channel {}", channel.name), "")?;
            Ok(!channel.is_enabled)
        })
        .await?;
    let sentence = if is_enabled { "The channel is on." } else { "The channel is off: nothing is sent to it." };
    Ok(see_other_with(&format!("/alerts/channels/{id}"), sentence))
}

pub async fn remove(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        let channel = channels::find(tx, ChannelId(id))?.ok_or_else(|| Error::not_found("channel"))?;
        remove_channel(tx, channel.id)?;
        capability::audit(tx, &actor, "alerts.channel.remove", &format!("channel {}", channel.name), "")
    })
    .await?;
    Ok(see_other_with("/alerts/channels", "The channel is removed."))
}

pub async fn add_quiet(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    let (pairs, actor) = (Pairs(pairs), by.actor);
    cx.write(move |tx| {
        let channel = channels::find(tx, ChannelId(id))?.ok_or_else(|| Error::not_found("channel"))?;
        let text = |name: &str| pairs.get(name).to_owned();
        let doc = QuietDoc {
            channel: channel.name.clone(),
            starts: text("starts"),
            ends: text("ends"),
            zone: text("zone"),
            weekdays: pairs.all("weekdays"),
            holds: text("holds"),
        };
        add_window(tx, &checked_quiet(&channel, &doc)?)?;
        capability::audit(tx, &actor, "alerts.quiet.create", &format!("channel {}", channel.name), "")
    })
    .await?;
    Ok(see_other_with(&format!("/alerts/channels/{id}"), "Quiet hours are set. Critical alerts still break through."))
}

pub async fn remove_quiet(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    let channel = cx
        .write(move |tx| {
            let hours = quiet::find(tx, QuietId(id))?.ok_or_else(|| Error::not_found("quiet window"))?;
            quiet::remove(tx, hours.id)?;
            capability::audit(tx, &actor, "alerts.quiet.remove", &format!("channel {}", hours.channel), "")?;
            Ok(hours.channel)
        })
        .await?;
    Ok(see_other_with(&format!("/alerts/channels/{channel}"), "The quiet hours are removed."))
}
