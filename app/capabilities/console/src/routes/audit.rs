//! The page "Audit log": who did what, when.

use capability::{Cx, Framed, Routes};
use kernel::Role;
use kernel::paging::PageRequest;
use web::{Access, Query, Reply, State};

use super::page;
use crate::pages;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/audit", Access::Rank(Role::Admin), show);
}

async fn show(State(cx): State<Cx>, framed: Framed, Query(request): Query<PageRequest>) -> Reply {
    let audits = cx.read(move |r| identity::store::list_audits(r, &request)).await?;
    page(&framed.live(&[]), "Audit log", pages::audit::show(&audits, request.before.is_some()))
}
