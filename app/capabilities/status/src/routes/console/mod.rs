//! Members' doors to the editor: thin, one act each.

mod components;
mod maintenances;
mod others;
mod reports;

use crate::acts::TOPIC;
use crate::load;
use crate::model::subscriber::SubscriberState;
use crate::pages::console::overview::{self, Overview};
use crate::settings;
use crate::store::{components as components_of, maintenances as windows, reports as texts, subscribers};
use axum::response::IntoResponse as _;
use capability::{Cx, Framed, Routes};
use frontend::{Frame, View, console_page};
use http::StatusCode;
use kernel::error::FieldError;
use kernel::{Error, Kind, Role};
use web::{Access, By, Html, Reply, Response, State, Viewer};

const LOOK: Access = Access::Rank(Role::Viewer);
const EDIT: Access = Access::Rank(Role::Member);
const RULE: Access = Access::Rank(Role::Admin);

pub fn mount(routes: &mut Routes) {
    routes.get("/status/edit", LOOK, overview);
    components::mount(routes);
    reports::mount(routes);
    maintenances::mount(routes);
    others::mount(routes);
}

async fn overview(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply<Html> {
    let role = by.actor.role().unwrap_or(Role::Viewer);
    let (registry, boot) = (cx.registry, cx.boot.clone());
    let data = cx
        .read(move |r| {
            Ok(Overview {
                snapshot: load::present(r, registry)?,
                open: texts::list_open(r)?,
                ahead: windows::list_ahead(r)?,
                subscribers: subscribers::count_by_state(r, SubscriberState::Active)?,
                is_protected: settings::is_protected(r)?,
                failing_export: crate::present_export(r)?.filter(|outcome| outcome.failing_since.is_some()),
                rows: components_of::list_components(r)?,
                public_url: settings::served_links(r, &boot)?.root,
                now: r.now,
                role,
            })
        })
        .await?;
    Ok(show(&framed.live(&[TOPIC, "uptime"]), "Status page", overview::page(&data)))
}

fn show(frame: &Frame, title: &str, view: View) -> Html {
    Html(console_page(frame, title, view))
}

/// The form again, with what was wrong beside each field.
fn again(frame: &Frame, title: &str, view: View) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, show(frame, title, view)).into_response()
}

/// What a form can show; anything else goes on as the failure it is.
fn correctable(error: Error) -> Result<Vec<FieldError>, Error> {
    match error.kind {
        Kind::Invalid | Kind::Conflict if error.field_errors().is_empty() => {
            Ok(vec![FieldError { field: String::new(), message: error.message().to_owned() }])
        }
        Kind::Invalid | Kind::Conflict => Ok(error.field_errors().to_vec()),
        _ => Err(error),
    }
}
