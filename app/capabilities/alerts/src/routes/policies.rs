//! Escalation policies: who is told next while nobody acknowledges.

use std::time::Duration;

use capability::{Cx, Framed};
use kernel::error::FieldErrors;
use kernel::{Error, Result, Role};
use web::{Admin, By, Form, Path, Reply, State, see_other_with};

use super::{Pairs, again, page, wrong_fields};
use crate::ids::PolicyId;
use crate::manage::find_targets;
use crate::manage::policies::save_policy;
use crate::pages;
use crate::pages::policies::STEPS;
use crate::policy::{NotifyPolicy, PolicyStep};
use crate::store::{channels, policies};

pub async fn list(State(cx): State<Cx>, framed: Framed) -> Reply {
    let frame = framed.live(&["alerts"]);
    let can_edit = frame.member.role >= Role::Admin;
    let (all, all_channels) = cx.read(|r| Ok((policies::list(r)?, channels::list(r)?))).await?;
    page(&frame, "Escalation", pages::policies::list(&all, &all_channels, can_edit))
}

pub async fn new(State(cx): State<Cx>, Framed(frame): Framed) -> Reply {
    let all_channels = cx.read(channels::list).await?;
    page(&frame, "New policy", pages::policies::form(None, &all_channels, &[]))
}

pub async fn edit(State(cx): State<Cx>, Framed(frame): Framed, Path(id): Path<i64>) -> Reply {
    let (policy, all_channels) =
        cx.read(move |r| Ok((policies::find(r, PolicyId(id))?.ok_or_else(|| Error::not_found("policy"))?, channels::list(r)?))).await?;
    if frame.member.role < Role::Admin {
        return page(&frame, &policy.name.clone(), pages::policies::list(std::slice::from_ref(&policy), &all_channels, false));
    }
    page(&frame, &policy.name.clone(), pages::policies::form(Some(&policy), &all_channels, &[]))
}

pub async fn create(State(cx): State<Cx>, Framed(frame): Framed, by: By<Admin>, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    save(cx, frame, by, None, Pairs(pairs)).await
}

pub async fn update(
    State(cx): State<Cx>,
    Framed(frame): Framed,
    by: By<Admin>,
    Path(id): Path<i64>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    save(cx, frame, by, Some(PolicyId(id)), Pairs(pairs)).await
}

async fn save(cx: Cx, frame: frontend::Frame, by: By<Admin>, id: Option<PolicyId>, pairs: Pairs) -> Reply {
    let actor = by.actor;
    let saved = cx
        .write(move |tx| {
            let mut policy = read_form(tx, &pairs)?;
            if let Some(id) = id {
                policy.id = policies::find(tx, id)?.ok_or_else(|| Error::not_found("policy"))?.id;
            }
            save_policy(tx, &policy)?;
            let act = if id.is_some() { "alerts.policy.update" } else { "alerts.policy.create" };
            capability::audit(tx, &actor, act, &format!("policy {}", policy.name), "")
        })
        .await;
    match saved {
        Ok(()) => Ok(see_other_with("/alerts/policies", "The policy is saved. Choose it in the rules that need it.")),
        Err(error) => {
            let errors = wrong_fields(error)?;
            let (before, all_channels) =
                cx.read(move |r| Ok((id.map_or(Ok(None), |id| policies::find(r, id))?, channels::list(r)?))).await?;
            let title = before.as_ref().map_or("New policy".to_owned(), |policy| policy.name.clone());
            Ok(again(&frame, &title, pages::policies::form(before.as_ref(), &all_channels, &errors)))
        }
    }
}

/// Steps without channels are left out: the form always shows room for more.
fn read_form(r: &db::Reader<'_>, pairs: &Pairs) -> Result<NotifyPolicy> {
    let mut errors = FieldErrors::default();
    let mut steps = Vec::new();
    for position in 1..=STEPS {
        let texts = pairs.all(&format!("channels_{position}"));
        if texts.is_empty() {
            continue;
        }
        let field = format!("wait_{position}");
        let wait = match pairs.get(&field) {
            "" => Some(0),
            text => errors.take(&field, text.parse::<u64>().map_err(|_| Error::invalid("Please give whole minutes."))),
        };
        let targets = errors.take(&format!("channels_{position}"), find_targets(r, &texts));
        if let (Some(wait), Some(targets)) = (wait, targets) {
            steps.push(PolicyStep { wait: Duration::from_secs(wait.saturating_mul(60)), targets });
        }
    }
    let repeat = match pairs.get("repeat") {
        "" => 0,
        text => text.parse().map_err(|_| Error::field("repeat", "Please give 0 to 5 repetitions."))?,
    };
    errors.finish()?;
    NotifyPolicy::checked(pairs.get("name"), steps, repeat)
}

pub async fn remove(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        let policy = policies::find(tx, PolicyId(id))?.ok_or_else(|| Error::not_found("policy"))?;
        policies::remove(tx, policy.id)?;
        capability::audit(tx, &actor, "alerts.policy.remove", &format!("policy {}", policy.name), "")
    })
    .await?;
    Ok(see_other_with("/alerts/policies", "The policy is removed; its rules no longer escalate."))
}
