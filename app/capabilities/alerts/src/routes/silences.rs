//! Silences: what matches makes no noise for a while.

use capability::{Cx, Framed};
use kernel::error::FieldError;
use kernel::{Result, Role};
use web::{By, Form, Member, Path, Reply, State, see_other_with};

use super::{Pairs, again, name_of, page, wrong_fields};
use crate::ids::SilenceId;
use crate::manage::silences::{SilenceDoc, begin_silence, checked_silence, lift_silence};
use crate::pages::silences::{self as pages, LIFTED, List};
use crate::store::{rules, silences};

pub async fn list(State(cx): State<Cx>, framed: Framed) -> Reply {
    let frame = framed.live(&["alerts"]);
    let list = load(&cx, frame.member.role, SilenceDoc { hours: Some(1), ..SilenceDoc::default() }, Vec::new()).await?;
    page(&frame, "Silences", pages::list(&list))
}

async fn load(cx: &Cx, role: Role, typed: SilenceDoc, errors: Vec<FieldError>) -> Result<List> {
    let (now, can_act) = (cx.now(), role >= Role::Member);
    let (current, rules) = cx.read(|r| Ok((silences::list_current(r)?, rules::list(r)?))).await?;
    Ok(List { current, rules, can_act, now, typed, errors })
}

pub async fn create(State(cx): State<Cx>, Framed(frame): Framed, by: By<Member>, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    let (doc, actor) = (doc_of(&Pairs(pairs)), by.actor);
    let typed = doc.clone();
    let made = cx
        .write(move |tx| {
            let silence = checked_silence(tx, &doc, &name_of(&actor))?;
            let id = begin_silence(tx, &silence)?;
            let scope = silence.scope(&rules::list(tx)?);
            capability::audit(tx, &actor, "alerts.silence.create", &format!("silence {id}"), &scope)
        })
        .await;
    match made {
        Ok(()) => Ok(see_other_with("/alerts/silences", "The silence holds from now on. Alerts are still recorded.")),
        Err(error) => {
            let errors = wrong_fields(error)?;
            let list = load(&cx, frame.member.role, typed, errors).await?;
            Ok(again(&frame, "Silences", pages::list(&list)))
        }
    }
}

fn doc_of(pairs: &Pairs) -> SilenceDoc {
    let text = |name: &str| pairs.get(name).to_owned();
    let scope = text("scope");
    // Each choice has a field of its own, and what stands in the others' is not meant.
    let of = |choice: &str, name: &str| if scope == choice { text(name) } else { String::new() };
    SilenceDoc {
        rule: of("rule", "rule"),
        matching: of("matching", "matching"),
        hours: pairs.get("hours").parse().ok(),
        until_lifted: pairs.get("hours") == LIFTED,
        reason: text("reason"),
        scope,
    }
}

pub async fn lift(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    cx.write(move |tx| {
        lift_silence(tx, SilenceId(id))?;
        capability::audit(tx, &actor, "alerts.silence.lift", &format!("silence {id}"), "")
    })
    .await?;
    Ok(see_other_with("/alerts/silences", "The silence is lifted. What is still open is told now."))
}
