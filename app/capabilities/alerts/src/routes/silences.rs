//! Silences: what matches makes no noise for a while.

use capability::{Cx, Framed};
use kernel::ids::AlertRuleId;
use kernel::time::HOUR;
use kernel::{Error, Role};
use serde::Deserialize;
use web::{By, Form, Member, Path, Reply, State, see_other_with};

use super::{name_of, page};
use crate::engine::flush;
use crate::ids::SilenceId;
use crate::pages;
use crate::silence::Silence;
use crate::store::{rules, silences};

pub async fn list(State(cx): State<Cx>, framed: Framed) -> Reply {
    let frame = framed.live(&["alerts"]);
    let (now, can_act) = (cx.now(), frame.member.role >= Role::Member);
    let (current, all_rules) = cx.read(|r| Ok((silences::list_current(r)?, rules::list(r)?))).await?;
    page(&frame, "Silences", pages::silences::list(&current, &all_rules, can_act, now))
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Asked {
    rule: String,
    matching: String,
    hours: String,
    reason: String,
}

pub async fn create(State(cx): State<Cx>, by: By<Member>, Form(asked): Form<Asked>) -> Reply {
    let hours: Option<u32> = match asked.hours.trim() {
        "" => None,
        hours => Some(
            hours
                .parse()
                .ok()
                .filter(|hours| (1..=8_760).contains(hours))
                .ok_or_else(|| Error::field("hours", "Please give 1 to 8760 hours, or nothing."))?,
        ),
    };
    let rule = match asked.rule.as_str() {
        "" => None,
        id => Some(AlertRuleId(id.parse().map_err(|_| Error::field("rule", "Please choose a rule from the list."))?)),
    };
    if asked.matching.chars().count() > 120 || asked.reason.chars().count() > 300 {
        return Err(Error::invalid("Please shorten the text to 120 characters and the reason to 300.").into());
    }
    let actor = by.actor;
    cx.write(move |tx| {
        if let Some(id) = rule {
            rules::find(tx, id)?.ok_or_else(|| Error::field("rule", "This rule does not exist any more."))?;
        }
        let silence = Silence {
            id: SilenceId(0),
            rule,
            matching: asked.matching.trim().to_owned(),
            alert: None,
            reason: asked.reason.trim().to_owned(),
            starts_at: tx.now,
            ends_at: hours.map(|hours| tx.now + HOUR * hours),
            made_by: name_of(&actor),
        };
        let id = silences::insert(tx, &silence)?;
        flush::release(tx)?;
        capability::audit(tx, &actor, "alerts.silence.create", &format!("silence {id}"), &silence.matching)
    })
    .await?;
    Ok(see_other_with("/alerts/silences", "The silence holds from now on. Alerts are still recorded."))
}

pub async fn lift(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        silences::find(tx, SilenceId(id))?.ok_or_else(|| Error::not_found("silence"))?;
        silences::lift(tx, SilenceId(id))?;
        flush::release(tx)?;
        capability::audit(tx, &actor, "alerts.silence.lift", &format!("silence {id}"), "")
    })
    .await?;
    Ok(see_other_with("/alerts/silences", "The silence is lifted. What is still open is told now."))
}
