//! The page "Health": what the doctor says, sizes, versions.

use capability::{Cx, Framed, Routes};
use kernel::Role;
use web::{Access, Reply, State};

use super::{home, page};
use crate::{health, pages};

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/console/health", Access::Rank(Role::Viewer), show);
}

async fn show(State(cx): State<Cx>, framed: Framed) -> Reply {
    let readiness = health::readiness(&cx).await;
    let vitals = health::vitals(&cx).await?;
    let told = home::told(&cx).await?;
    let frame = framed.live(&[work::TOPIC, capability::settings::TOPIC]);
    page(&frame, "Health", pages::health::show(&readiness, &vitals, &told))
}
