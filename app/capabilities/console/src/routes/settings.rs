//! The page "Settings": every capability's typed fields, one section saved at a time, each change in the audit log.

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, Section, Setting, audit, settings};
use db::{Reader, Tx};
use frontend::Tone;
use identity::store;
use kernel::error::FieldError;
use kernel::{Error, Kind, Result, Role, Sealer, Secret};
use serde::Deserialize;
use web::{Access, Actor, Admin, By, Form, Html, Path, Reply, State, see_other_with};

use super::{Me, me, unprocessable};
use crate::model::settings::{self as sheet, Entry, Field, Sheet};
use crate::{mail, pages};

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/settings", Access::Rank(Role::Admin), show);
    routes.post("/console/settings/{owner}", Access::Rank(Role::Admin), save);
    routes.post("/console/settings/{owner}/clear", Access::Rank(Role::Admin), clear);
    routes.post("/console/settings/outbound/test-mail", Access::Rank(Role::Admin), send_test_mail);
}

async fn show(State(cx): State<Cx>, framed: Framed) -> Reply {
    let sheets = sheets(&cx).await?;
    Ok(Html(frontend::console_page(&framed.live(&[]), "Settings", pages::settings::show(&sheets, None))).into_response())
}

async fn sheets(cx: &Cx) -> Result<Vec<Sheet>> {
    let registry = cx.registry;
    cx.read(move |r| registry.sections().into_iter().map(|(owner, section)| stored(r, owner, section)).collect()).await
}

/// A section as it is stored.
fn stored(r: &Reader<'_>, owner: &'static str, section: Section) -> Result<Sheet> {
    let field = |setting: &'static Setting| {
        let value = if sheet::is_secret(setting) { String::new() } else { settings::text(r, setting)? };
        Ok(Field { setting, value, is_set: settings::is_set(r, setting)?, sealed: String::new() })
    };
    let fields = section.fields.iter().map(field).collect::<Result<_>>()?;
    Ok(Sheet { owner, section, fields, errors: Vec::new() })
}

fn find_section(cx: &Cx, owner: &str) -> Result<(&'static str, Section)> {
    let found = cx.registry.sections().into_iter().find(|(name, _)| *name == owner);
    found.ok_or_else(|| Error::not_found("section"))
}

async fn save(
    State(cx): State<Cx>,
    by: By<Admin>,
    framed: Framed,
    Path(owner): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    let me = me(&by)?;
    let (owner, section) = find_section(&cx, &owner)?;
    let entries = sheet::entries(&section, &pairs);
    let errors = sheet::errors(cx.registry, &section, &entries);
    let refused = async |errors: Vec<FieldError>| {
        let mut wrong = cx.read(move |r| stored(r, owner, section)).await?;
        wrong.errors = errors;
        keep_typed(&cx.sealer, &me, &mut wrong, &entries)?;
        Ok(unprocessable(frontend::console_page(&framed.live(&[]), "Settings", pages::settings::show_errors(&wrong))))
    };
    if !errors.is_empty() {
        return refused(errors).await;
    }
    let (actor, sealer, registry) = (me.actor.clone(), cx.sealer.clone(), cx.registry);
    let opened = unsealed(&cx.sealer, &me, entries.clone());
    let kept = cx.write(move |tx| {
        let changed = store_entries(tx, &sealer, &actor, (&section, &opened))?;
        registry.check_settings(tx)?;
        Ok(changed)
    });
    let changed = match kept.await {
        Ok(changed) => changed,
        Err(error) if !error.field_errors().is_empty() => return refused(error.field_errors().to_vec()).await,
        Err(error) => return Err(error.into()),
    };
    let told = match changed {
        0 => format!("{}: nothing was changed.", section.title),
        1 => format!("{}: 1 change is saved.", section.title),
        count => format!("{}: {count} changes are saved.", section.title),
    };
    Ok(see_other_with(&format!("/console/settings#{owner}"), &told))
}

/// Where a typed secret waits for its form to be right: of use to this member for this field only.
fn kept_context(me: &Me, setting: &str) -> String {
    format!("console.settings:{}:{setting}", me.id)
}

/// Puts what was typed into the form again; a secret goes in sealed.
fn keep_typed(sealer: &Sealer, me: &Me, shown: &mut Sheet, entries: &[Entry]) -> Result<()> {
    for field in &mut shown.fields {
        let Some(entry) = entries.iter().find(|entry| entry.setting == field.setting.key) else { continue };
        if !sheet::is_secret(field.setting) {
            field.value.clone_from(&entry.value);
        } else if entry.value.is_empty() {
            field.sealed.clone_from(&entry.kept);
        } else {
            field.sealed = sealer.seal(&kept_context(me, entry.setting), &Secret::new(entry.value.clone()))?;
        }
    }
    Ok(())
}

/// Secrets kept from an earlier try count where the field was left empty. One that does not open was not ours.
fn unsealed(sealer: &Sealer, me: &Me, entries: Vec<Entry>) -> Vec<Entry> {
    let open = |entry: &Entry| sealer.open(&kept_context(me, entry.setting), &entry.kept).ok();
    let taken = |mut entry: Entry| {
        if entry.value.is_empty()
            && !entry.kept.is_empty()
            && let Some(secret) = open(&entry)
        {
            entry.value = secret.expose().to_owned();
        }
        entry
    };
    entries.into_iter().map(taken).collect()
}

fn store_entries(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, (section, entries): (&Section, &[Entry])) -> Result<usize> {
    let mut changed = 0;
    for entry in entries {
        let Some(setting) = section.fields.iter().find(|setting| setting.key == entry.setting) else { continue };
        let before = if sheet::is_secret(setting) { String::new() } else { settings::text(tx, setting)? };
        let after = settings::checked(setting, &entry.value)?;
        if before == after {
            continue;
        }
        settings::set(tx, sealer, setting, &entry.value)?;
        audit(tx, actor, "console.setting.set", setting.key, &sheet::change_line(setting, &before, &after))?;
        changed += 1;
    }
    Ok(changed)
}

#[derive(Deserialize)]
struct ClearForm {
    key: String,
}

async fn clear(State(cx): State<Cx>, by: By<Admin>, Path(owner): Path<String>, Form(form): Form<ClearForm>) -> Reply {
    let me = me(&by)?;
    let (owner, section) = find_section(&cx, &owner)?;
    let setting = section.fields.iter().find(|setting| setting.key == form.key).ok_or_else(|| Error::not_found("setting"))?;
    let registry = cx.registry;
    let write = move |tx: &mut Tx<'_>| {
        settings::clear(tx, setting)?;
        registry.check_settings(tx)?;
        audit(tx, &me.actor, "console.setting.clear", setting.key, "")
    };
    cx.write(write).await?;
    Ok(see_other_with(&format!("/console/settings#{owner}"), &format!("{}, {}: cleared.", section.title, setting.label)))
}

/// The person waits for what the server says: that is the whole point of the button.
async fn send_test_mail(State(cx): State<Cx>, by: By<Admin>, framed: Framed) -> Reply {
    let me = me(&by)?;
    let id = me.id;
    let member = cx.read(move |r| store::get_member(r, id)).await?;
    match mail::send_test(&cx, member.email.clone(), &member.name).await {
        Ok(receipt) => {
            let code = receipt.code.map(|code| format!(" (answer {code})")).unwrap_or_default();
            let told = format!("The server took the test mail for {}{code}. Look into that mailbox.", member.email);
            Ok(see_other_with("/console/settings#outbound", &told))
        }
        Err(error) if error.kind == Kind::Internal => Err(error.into()),
        // Whatever is missing or refused belongs on this page, not on an error page.
        Err(error) => {
            let sentence = error.message().to_owned();
            let sheets = sheets(&cx).await?;
            let notice = Some((Tone::Bad, sentence));
            Ok(unprocessable(frontend::console_page(&framed.live(&[]), "Settings", pages::settings::show(&sheets, notice))))
        }
    }
}
