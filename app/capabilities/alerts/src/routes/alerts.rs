//! The list of alerts, one alert, and what a person does with it.

use capability::{Cx, Framed};
use kernel::ids::AlertId;
use kernel::paging::PageRequest;
use kernel::time::HOUR;
use kernel::{Error, Role};
use serde::Deserialize;
use web::{By, Form, Member, Path, Query, Reply, State, see_other_with};

use super::name_of;
use crate::alert::AlertState;
use crate::contributions;
use crate::engine::life::{self, Resolution};
use crate::engine::{Desk, flush};
use crate::ids::SilenceId;
use crate::notice::NoticeKind;
use crate::pages;
use crate::silence::Silence;
use crate::store::{alerts, channels, notices, rules, silences};

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    state: String,
    q: String,
    before: Option<i64>,
}

pub async fn list(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    // "Open" is what a person comes for; an unknown word shows everything.
    let state = if asked.state.is_empty() { Some(AlertState::Open) } else { AlertState::parse(&asked.state).ok() };
    let frame = framed.live(&["alerts"]);
    let (now, can_edit) = (cx.now(), frame.member.role >= Role::Admin);
    let list = cx
        .read(move |r| {
            let text = asked.q.trim().to_owned();
            let wanted = alerts::Wanted { state, has_members: state.is_none() || !text.is_empty(), text };
            let page = alerts::list_page(r, &wanted, &PageRequest { before: asked.before, limit: None })?;
            let mut counts = Vec::new();
            for state in AlertState::ALL {
                counts.push((state, alerts::count_by_state(r, state)?));
            }
            let has_channels = !channels::list(r)?.is_empty();
            let (silenced, is_older) = (contributions::silenced(r)?, asked.before.is_some());
            Ok(pages::alerts::List { page, state, text: asked.q, counts, has_channels, silenced, is_older, can_edit, now })
        })
        .await?;
    super::page(&frame, "Alerts", pages::alerts::list(&list))
}

/// A flood of new issues is one alert of two thousand.
const MEMBERS_SHOWN: u32 = 100;

pub async fn show(State(cx): State<Cx>, framed: Framed, Path(id): Path<i64>) -> Reply {
    let id = AlertId(id);
    let frame = framed.live(&["alerts", "work"]);
    let (now, can_act) = (cx.now(), frame.member.role >= Role::Member);
    let shown = cx
        .read(move |r| {
            let alert = alerts::find(r, id)?.ok_or_else(|| Error::not_found("alert"))?;
            let all_channels = channels::list(r)?;
            let mut told = Vec::new();
            for row in notices::list_of_alert(r, id)? {
                let delivery = work::store::list_deliveries_by_key(r, &row.key, 1)?.into_iter().find(|delivery| delivery.key == row.key);
                let channel =
                    all_channels.iter().find(|channel| channel.id == row.channel).map(|channel| channel.name.clone()).unwrap_or_default();
                told.push(pages::alerts::Told { row, channel, delivery });
            }
            let (members, all_members) = if alert.is_group { alerts::first_members(r, id, MEMBERS_SHOWN)? } else { (Vec::new(), 0) };
            Ok(pages::alerts::Shown {
                rule: rules::find(r, alert.rule)?.map(|rule| rule.id),
                members,
                all_members,
                entries: alerts::list_entries(r, id)?,
                told,
                alert,
                can_act,
                now,
            })
        })
        .await?;
    super::page(&frame, &shown.alert.title.clone(), pages::alerts::show(&shown))
}

pub async fn acknowledge(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let (desk, actor) = (Desk::of(&cx), by.actor);
    cx.write(move |tx| {
        life::acknowledge(tx, &desk, AlertId(id), &name_of(&actor))?;
        capability::audit(tx, &actor, "alerts.alert.acknowledge", &format!("alert {id}"), "")
    })
    .await?;
    Ok(see_other_with(&format!("/alerts/{id}"), "Acknowledged. Reminders and escalation have stopped."))
}

pub async fn resolve(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let (desk, actor) = (Desk::of(&cx), by.actor);
    cx.write(move |tx| {
        let alert = life::get(tx, AlertId(id))?;
        let name = name_of(&actor);
        life::resolve(tx, &desk, alert, &Resolution { by: &name, at: tx.now, kind: NoticeKind::Resolved })?;
        capability::audit(tx, &actor, "alerts.alert.resolve", &format!("alert {id}"), "by hand")
    })
    .await?;
    Ok(see_other_with(&format!("/alerts/{id}"), "Resolved."))
}

#[derive(Deserialize)]
pub struct SilenceFor {
    /// `1`, `8`, or `fixed`: until it is resolved.
    hours: String,
}

pub async fn silence(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(asked): Form<SilenceFor>) -> Reply {
    let hours: Option<u32> = match asked.hours.as_str() {
        "fixed" => None,
        hours => Some(
            hours
                .parse()
                .ok()
                .filter(|hours| (1..=720).contains(hours))
                .ok_or_else(|| Error::field("hours", "Please give 1 to 720 hours."))?,
        ),
    };
    let actor = by.actor;
    cx.write(move |tx| {
        let alert = life::get(tx, AlertId(id))?;
        let silence = Silence {
            id: SilenceId(0),
            rule: None,
            matching: String::new(),
            alert: Some(alert.id),
            reason: alert.title.clone(),
            starts_at: tx.now,
            ends_at: hours.map(|hours| tx.now + HOUR * hours),
            made_by: name_of(&actor),
        };
        silences::insert(tx, &silence)?;
        let until = silence.ends_at.map_or("until it is resolved".to_owned(), |end| format!("until {end}"));
        alerts::add_entry(tx, alert.id, &format!("Silenced {until} by {}.", silence.made_by))?;
        flush::release(tx)?;
        capability::audit(tx, &actor, "alerts.silence.create", &format!("alert {id}"), &until)
    })
    .await?;
    Ok(see_other_with(&format!("/alerts/{id}"), "Silenced. It is still recorded here."))
}
