//! The pages of the outbox: what left, what waits, what was given up.

use capability::{Cx, Framed, Routes, audit};
use kernel::ids::DeliveryId;
use kernel::paging::PageRequest;
use kernel::{Error, Role};
use serde::Deserialize;
use web::{Access, By, Member, Path, Query, Reply, State, see_other_with};
use work::DeliveryState;

use super::page;
use crate::pages;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/deliveries", Access::Rank(Role::Viewer), list);
    routes.get("/console/deliveries/{id}", Access::Rank(Role::Viewer), show);
    routes.post("/console/deliveries/{id}/retry", Access::Rank(Role::Member), retry);
    routes.post("/console/deliveries/{id}/discard", Access::Rank(Role::Member), discard);
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    state: String,
    before: Option<i64>,
}

async fn list(State(cx): State<Cx>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let state = DeliveryState::parse(&asked.state);
    let request = PageRequest { before: asked.before, limit: None };
    let (deliveries, now) = cx.read(move |r| Ok((work::store::list_deliveries(r, state, &request)?, r.now))).await?;
    let role = framed.0.member.role;
    let frame = framed.live(&[work::TOPIC]);
    let list = pages::deliveries::List { deliveries, state, is_first: asked.before.is_none(), may_act: role >= Role::Member, now };
    page(&frame, "Deliveries", pages::deliveries::list(&list))
}

async fn show(State(cx): State<Cx>, framed: Framed, Path(id): Path<DeliveryId>) -> Reply {
    let found = cx.read(move |r| {
        let delivery = work::store::find_delivery(r, id)?.ok_or_else(|| Error::not_found("delivery"))?;
        Ok((delivery, work::store::list_attempts(r, id)?, r.now))
    });
    let (delivery, attempts, now) = found.await?;
    let may_act = framed.0.member.role >= Role::Member;
    let frame = framed.live(&[work::TOPIC]);
    page(&frame, &delivery.subject.clone(), pages::deliveries::show(&pages::deliveries::One { delivery, attempts, may_act, now }))
}

async fn retry(State(cx): State<Cx>, by: By<Member>, Path(id): Path<DeliveryId>) -> Reply {
    let act = move |tx: &mut db::Tx<'_>| {
        work::store::revive_delivery(tx, id)?;
        audit(tx, &by.actor, "console.delivery.retry", &format!("delivery:{id}"), "")
    };
    cx.write(act).await?;
    Ok(see_other_with(&format!("/console/deliveries/{id}"), "It is tried again now."))
}

async fn discard(State(cx): State<Cx>, by: By<Member>, Path(id): Path<DeliveryId>) -> Reply {
    let act = move |tx: &mut db::Tx<'_>| {
        work::store::discard_delivery(tx, id)?;
        audit(tx, &by.actor, "console.delivery.discard", &format!("delivery:{id}"), "")
    };
    cx.write(act).await?;
    Ok(see_other_with(&format!("/console/deliveries/{id}"), "Discarded; it will not be sent."))
}
