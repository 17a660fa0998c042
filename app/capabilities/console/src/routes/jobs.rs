//! The page of jobs and schedules: what runs, what waits, what was given up.

use capability::{Cx, Framed, Routes, audit};
use kernel::Role;
use kernel::ids::JobId;
use kernel::paging::PageRequest;
use web::{Access, By, Member, Path, Query, Reply, State, see_other_with};

use super::page;
use crate::pages;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/jobs", Access::Rank(Role::Viewer), show);
    routes.post("/console/jobs/{id}/retry", Access::Rank(Role::Member), retry);
    routes.post("/console/jobs/{id}/discard", Access::Rank(Role::Member), discard);
}

async fn show(State(cx): State<Cx>, framed: Framed, Query(request): Query<PageRequest>) -> Reply {
    let found = cx.read(move |r| {
        let dead = work::store::count_dead_jobs(r)?;
        let mut jobs = work::store::list_jobs(r, false, &request)?;
        if request.before.is_none() {
            // What waits for a person stands first, however long the queue is.
            jobs.rows.splice(0..0, work::store::list_jobs(r, true, &PageRequest::default())?.rows);
        }
        Ok((jobs, work::store::list_schedules(r)?, dead, r.now))
    });
    let (jobs, schedules, dead, now) = found.await?;
    let may_act = framed.0.member.role >= Role::Member;
    let frame = framed.live(&[work::TOPIC]);
    let view = pages::jobs::show(&pages::jobs::Jobs { jobs, schedules, dead, is_first: request.before.is_none(), may_act, now });
    page(&frame, "Jobs", view)
}

async fn retry(State(cx): State<Cx>, by: By<Member>, Path(id): Path<JobId>) -> Reply {
    let act = move |tx: &mut db::Tx<'_>| {
        work::store::revive_job(tx, id)?;
        audit(tx, &by.actor, "console.job.retry", &format!("job:{id}"), "")
    };
    cx.write(act).await?;
    Ok(see_other_with("/console/jobs", "The job runs again now."))
}

async fn discard(State(cx): State<Cx>, by: By<Member>, Path(id): Path<JobId>) -> Reply {
    let act = move |tx: &mut db::Tx<'_>| {
        work::store::discard_job(tx, id)?;
        audit(tx, &by.actor, "console.job.discard", &format!("job:{id}"), "")
    };
    cx.write(act).await?;
    Ok(see_other_with("/console/jobs", "The job is discarded."))
}
