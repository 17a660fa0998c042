//! Jobs that report by check-ins: the list, and what a person decides about those without a monitor.

use std::collections::HashMap;

use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes, audit};
use db::Reader;
use frontend::console_page;
use kernel::ids::MonitorId;
use kernel::{Error, Result, Role};
use web::{Access, By, Html, Member, Path, Reply, State, Viewer, see_other_with};

use super::api::record;
use crate::pages::Origin;
use crate::pages::check_ins::{JobRow, Jobs, show};
use crate::{check_ins, store};

pub fn mount(routes: &mut Routes) {
    routes.get("/uptime/check-ins", Access::Rank(Role::Viewer), list);
    routes.post("/uptime/check-ins/{id}/watch", Access::Rank(Role::Member), watch);
    routes.post("/uptime/check-ins/{id}/forget", Access::Rank(Role::Member), forget);
}

async fn list(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply {
    let can_edit = by.actor.has_role(Role::Member);
    let jobs = cx
        .read(move |r| {
            let projects: HashMap<_, _> =
                identity::store::list_projects(r)?.into_iter().map(|project| (project.id, project.name)).collect();
            let shown: HashMap<_, _> = store::states::shown(r)?.into_iter().map(|(id, shown)| (id, shown.state)).collect();
            let row = |record: store::check_ins::Record| JobRow {
                project: projects.get(&record.job.project).cloned().unwrap_or_else(|| format!("project {}", record.job.project)),
                state: record.monitor.and_then(|id| shown.get(&id).copied()),
                record,
            };
            Ok(Jobs { rows: store::check_ins::list(r)?.into_iter().map(row).collect(), can_edit, now: r.now })
        })
        .await?;
    Ok(Html(console_page(&framed.live(&[crate::TOPIC]), "Check-ins", show(&jobs))).into_response())
}

async fn watch(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    let sealer = cx.sealer.clone();
    let monitor = cx
        .write(move |tx| {
            let monitor = check_ins::watch_now(tx, &sealer, id)?;
            record(tx, &by.actor, "uptime.monitor.create", &monitor)?;
            Ok(monitor)
        })
        .await?;
    Ok(see_other_with(
        &format!("/uptime/monitors/{}", monitor.id),
        "The job is watched from its next check-in on. Edit the monitor if it runs at other times.",
    ))
}

async fn forget(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        let known = store::check_ins::get(tx, id)?;
        if known.monitor.is_some() {
            return Err(Error::conflict("This job is watched: delete its monitor first."));
        }
        store::check_ins::remove(tx, id)?;
        audit(tx, &by.actor, "uptime.check_in.forget", &known.job.slug, "")
    })
    .await?;
    Ok(see_other_with("/uptime/check-ins", "The job is forgotten. It is listed again when it checks in."))
}

/// Where the check-ins of monitors come from.
pub fn origins(r: &Reader<'_>) -> Result<HashMap<MonitorId, Origin>> {
    let records = store::check_ins::list(r)?;
    if records.is_empty() {
        return Ok(HashMap::new());
    }
    let projects: HashMap<_, _> = identity::store::list_projects(r)?.into_iter().map(|project| (project.id, project.name)).collect();
    let origin = |record: store::check_ins::Record| {
        let project = projects.get(&record.job.project).cloned().unwrap_or_else(|| format!("project {}", record.job.project));
        let store::check_ins::Record { job, seen, refusal, .. } = record;
        Some((record.monitor?, Origin { slug: job.slug, project, environment: job.environment, seen, refusal }))
    };
    Ok(records.into_iter().filter_map(origin).collect())
}
