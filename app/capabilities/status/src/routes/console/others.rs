//! Subscribers, templates, appearance.

use super::{EDIT, LOOK, RULE, again, correctable, show};
use crate::acts;
use crate::export::Exporter;
use crate::model::look::Logo;
use crate::model::subscriber::SubscriberState;
use crate::model::{Impact, Phase};
use crate::pages::console::others::{self as pages, Appearance, Export, Followers};
use crate::settings;
use crate::store::templates::TemplateRow;
use crate::store::{exports, logo, subscribers, templates};
use axum::extract::Multipart;
use capability::{Cx, Framed, Routes};
use kernel::error::{FieldError, FieldErrors};
use kernel::ids::SubscriberId;
use kernel::paging::PageRequest;
use kernel::text::checked_line;
use kernel::{Error, Result, Role};
use serde::Deserialize;
use std::time::Duration;
use web::{Admin, By, Form, Html, Member, Path, Query, Reply, State, Viewer, see_other, see_other_with};

pub fn mount(routes: &mut Routes) {
    routes.get("/status/edit/subscribers", LOOK, list_subscribers);
    routes.post("/status/edit/subscribers/{id}/remove", RULE, remove_subscriber);
    routes.get("/status/edit/templates", LOOK, list_templates);
    routes.post("/status/edit/templates", EDIT, save_template);
    routes.post("/status/edit/templates/{id}/delete", EDIT, delete_template);
    routes.get("/status/edit/appearance", LOOK, appearance);
    routes.post("/status/edit/logo", RULE, set_logo);
    routes.post("/status/edit/logo/remove", RULE, remove_logo);
    routes.post("/status/edit/export", RULE, export_now);
    routes.post("/status/edit/export/left/{id}/forget", RULE, forget_left);
}

async fn list_subscribers(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Query(request): Query<PageRequest>) -> Reply<Html> {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    let data = cx
        .read(move |r| {
            let look = settings::look(r)?;
            Ok(Followers {
                page: subscribers::list_subscribers(r, &request)?,
                active: subscribers::count_by_state(r, SubscriberState::Active)?,
                pending: subscribers::count_by_state(r, SubscriberState::Pending)?,
                waits_for_mail: look.takes_subscribers && !look.takes_mail,
                role,
            })
        })
        .await?;
    Ok(show(&framed.live(&[acts::TOPIC]), "Subscribers", pages::subscribers(&data)))
}

async fn remove_subscriber(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        subscribers::unsubscribe(tx, SubscriberId(id))?;
        acts::done(tx, &by.actor.label(), "status.subscriber.remove", &format!("subscriber:{id}"), "")
    })
    .await?;
    Ok(see_other_with("/status/edit/subscribers", "They get no more messages."))
}

async fn list_templates(State(cx): State<Cx>, by: By<Viewer>, Framed(frame): Framed) -> Reply<Html> {
    let rows = cx.read(templates::list_templates).await?;
    Ok(show(&frame, "Templates", pages::templates(&rows, by.actor.role().unwrap_or(Role::Viewer), &[])))
}

#[derive(Debug, Clone, Deserialize)]
struct TemplateForm {
    id: i64,
    name: String,
    title: String,
    impact: String,
    phase: String,
    body: String,
}

impl TemplateForm {
    fn row(&self) -> Result<TemplateRow> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", checked_line(&self.name, "a name", 60));
        let title = errors.take("title", checked_line(&self.title, "a title", 120));
        let body = errors.take("body", acts::checked_text("body", &self.body));
        let impact: Option<Impact> = errors.take("impact", self.impact.parse());
        let phase: Option<Phase> = errors.take("phase", self.phase.parse());
        errors.finish()?;
        let all = name.zip(title).zip(body).zip(impact.zip(phase));
        let Some((((name, title), body), (impact, phase))) = all else { return Err(Error::invalid("Please check the form.")) };
        Ok(TemplateRow { id: self.id, name, title, impact, phase, body })
    }
}

async fn save_template(State(cx): State<Cx>, by: By<Member>, Framed(frame): Framed, Form(form): Form<TemplateForm>) -> Reply {
    let (role, sent) = (by.actor.role().unwrap_or(Role::Viewer), form.clone());
    let done = cx
        .write(move |tx| {
            let row = sent.row()?;
            templates::save_template(tx, &row)?;
            acts::done(tx, &by.actor.label(), "status.template.save", &format!("template:{}", row.id), &row.name)
        })
        .await;
    match done {
        Ok(()) => Ok(see_other_with("/status/edit/templates", "Saved.")),
        Err(error) => {
            let errors = correctable(error)?;
            let rows = cx.read(templates::list_templates).await?;
            Ok(again(&frame, "Templates", pages::templates(&rows, role, &errors)))
        }
    }
}

async fn delete_template(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        templates::delete_template(tx, id)?;
        acts::done(tx, &by.actor.label(), "status.template.delete", &format!("template:{id}"), "")
    })
    .await?;
    Ok(see_other_with("/status/edit/templates", "The template is gone."))
}

async fn appearance_data(cx: &Cx, role: Role, errors: Vec<FieldError>) -> Result<Appearance> {
    let boot = cx.boot.clone();
    let last = cx.slots.find::<Exporter>().and_then(|exporter| exporter.last());
    cx.read(move |r| {
        let address = settings::export_address(r)?;
        let outcome = last.filter(|last| last.place == address).map_or_else(|| crate::present_export(r), |last| Ok(Some(last)))?;
        let export = Export { address, outcome, left: exports::list_left(r)?, now: r.now };
        let logo = logo::find_logo(r)?.map(|logo| logo.data_url());
        Ok(Appearance { logo, public_url: settings::served_links(r, &boot)?.root, export, role, errors })
    })
    .await
}

async fn appearance(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply<Html> {
    let data = appearance_data(&cx, by.actor.role().unwrap_or(Role::Viewer), Vec::new()).await?;
    Ok(show(&framed.live(&[acts::TOPIC]), "Appearance", pages::appearance(&data)))
}

async fn set_logo(State(cx): State<Cx>, by: By<Admin>, Framed(frame): Framed, mut parts: Multipart) -> Reply {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    let done = match picture(&mut parts).await {
        Ok(logo) => {
            cx.write(move |tx| {
                logo::set_logo(tx, Some(&logo))?;
                acts::done(tx, &by.actor.label(), "status.logo.set", "logo", logo.kind)
            })
            .await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(see_other_with("/status/edit/appearance", "The page carries the logo.")),
        Err(error) => {
            let data = appearance_data(&cx, role, correctable(error)?).await?;
            Ok(again(&frame, "Appearance", pages::appearance(&data)))
        }
    }
}

async fn picture(parts: &mut Multipart) -> Result<Logo> {
    let unread = |_| Error::field("logo", "The picture did not arrive whole; please try again.");
    while let Some(part) = parts.next_field().await.map_err(unread)? {
        if part.name() == Some("logo") {
            return Logo::checked(part.bytes().await.map_err(unread)?.to_vec());
        }
    }
    Err(Error::field("logo", "Please choose a picture."))
}

async fn remove_logo(State(cx): State<Cx>, by: By<Admin>) -> Reply {
    cx.write(move |tx| {
        logo::set_logo(tx, None)?;
        acts::done(tx, &by.actor.label(), "status.logo.remove", "logo", "")
    })
    .await?;
    Ok(see_other_with("/status/edit/appearance", "The page shows the name alone."))
}

async fn forget_left(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        let left = exports::list_left(tx)?.into_iter().find(|left| left.id == id).ok_or_else(|| Error::not_found("place"))?;
        exports::remove_left(tx, &left.place)?;
        acts::done(tx, &by.actor.label(), "status.export.forget", "export", &left.place)
    })
    .await?;
    Ok(see_other_with("/status/edit/appearance#export", "It is forgotten; what stands there stays."))
}

/// A place far away may take longer than anybody waits before a page.
const PATIENCE: Duration = Duration::from_secs(20);

/// The export goes on when nobody waits for it any more. Why one failed stands on the page.
async fn export_now(State(cx): State<Cx>, by: By<Admin>) -> Reply {
    const HERE: &str = "/status/edit/appearance#export";
    let (exporter, house) = (Exporter::of(&cx)?, cx.clone());
    let work = exporter.clone();
    let export = tokio::spawn(async move { work.renew(&house, true).await });
    let done = match tokio::time::timeout(PATIENCE, export).await {
        Err(_) => return Ok(see_other_with(HERE, "It takes longer than usual; what becomes of it will stand here.")),
        Ok(done) => done.map_err(|error| Error::internal("exporting the status page").because(error))?,
    };
    let told = match &done {
        Ok(None) => "There is no place to export to. Choose one in the settings.".to_owned(),
        Ok(Some(done)) => format!("It works: {} files, {} of them new or changed, {} removed.", done.files, done.changed, done.removed),
        Err(error) => error.message().to_owned(),
    };
    let (line, actor) = (told.clone(), by.actor.label());
    cx.write(move |tx| acts::done(tx, &actor, "status.export.try", "export", &line)).await?;
    match done {
        Ok(_) => Ok(see_other_with(HERE, &told)),
        Err(_) if exporter.last().is_some_and(|last| last.failing_since.is_some()) => Ok(see_other(HERE)),
        Err(error) => Err(error.into()),
    }
}
