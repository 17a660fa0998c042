//! Maintenance windows: the list, the form, the end.

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, audit, settings};
use frontend::console_page;
use kernel::error::FieldError;
use kernel::ids::MonitorId;
use kernel::{Error, Kind, Result, Role};
use web::{Access, By, Form, Html, Member, Path, Reply, State, Viewer, see_other_with};

use super::api::unprocessable;
use crate::model::window::{WindowRule, checked_title, local_moment};
use crate::pages::windows::WindowForm;
use crate::{acts, pages, store};

pub fn mount(routes: &mut Routes) {
    routes.get("/uptime/windows", Access::Rank(Role::Viewer), list);
    routes.post("/uptime/windows", Access::Rank(Role::Member), create);
    routes.post("/uptime/windows/{id}/delete", Access::Rank(Role::Member), remove);
}

async fn list(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply {
    let zone = cx.read(|r| settings::text(r, &settings::ZONE)).await?;
    let form = WindowForm { rule: "once".into(), at: "02:00".into(), minutes: "60".into(), zone, days: vec![7], ..WindowForm::default() };
    let can_edit = by.actor.has_role(Role::Member);
    Ok(Html(page(&cx, framed, &form, &[], can_edit).await?).into_response())
}

async fn page(cx: &Cx, framed: Framed, form: &WindowForm, errors: &[FieldError], can_edit: bool) -> Result<String> {
    let (windows, monitors, now) = cx
        .read(|r| {
            let names = store::monitors::list(r)?.into_iter().map(|monitor| (monitor.id, monitor.name.clone())).collect::<Vec<_>>();
            Ok((store::windows::list(r)?, names, r.now))
        })
        .await?;
    let view = pages::windows::Windows { windows: &windows, monitors: &monitors, form, errors, can_edit, now };
    Ok(console_page(&framed.live(&[crate::TOPIC]), "Maintenance windows", pages::windows::show(&view)))
}

async fn create(State(cx): State<Cx>, by: By<Member>, framed: Framed, Form(form): Form<WindowForm>) -> Reply {
    let wanted = form.clone();
    let made = cx
        .write(move |tx| {
            let title = checked_title(&wanted.title).map_err(|error| Error::field("title", error.message()))?;
            let rule = rule(&wanted)?.checked(tx.now)?;
            let mut monitors = Vec::new();
            for id in &wanted.monitors {
                monitors.push(store::monitors::get(tx, MonitorId(*id))?.id);
            }
            let id = store::windows::insert(tx, &title, &rule, &monitors)?;
            acts::announce(tx);
            audit(tx, &by.actor, "uptime.window.create", &format!("window:{id} {title}"), &rule.describe())
        })
        .await;
    match made {
        Ok(()) => Ok(see_other_with("/uptime/windows", "The window is set. Notices are held while it lasts.")),
        Err(error) if error.kind == Kind::Invalid => {
            let errors = error.field_errors().to_vec();
            Ok(unprocessable(page(&cx, framed, &form, &errors, true).await?))
        }
        Err(error) => Err(error.into()),
    }
}

fn rule(form: &WindowForm) -> Result<WindowRule> {
    let minutes = || form.minutes.trim().parse::<u32>().map_err(|_| Error::field("minutes", "Please give a whole number of minutes."));
    let zone = form.zone.trim().to_owned();
    match form.rule.as_str() {
        "weekly" => Ok(WindowRule::Weekly { days: form.days.clone(), at: form.at.clone(), minutes: minutes()?, zone }),
        "cron" => Ok(WindowRule::Cron { expression: form.expression.clone(), minutes: minutes()?, zone }),
        _ => Ok(WindowRule::Once { from: local_moment(&form.from, &zone, "from")?, to: local_moment(&form.to, &zone, "to")?, zone }),
    }
}

async fn remove(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        store::windows::delete(tx, id)?;
        acts::announce(tx);
        audit(tx, &by.actor, "uptime.window.delete", &format!("window:{id}"), "")
    })
    .await?;
    Ok(see_other_with("/uptime/windows", "The window is removed; held notices that still hold are sent now."))
}
