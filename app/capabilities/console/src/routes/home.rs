//! The first page: how everything is, and what is to be done next.

use capability::{Capability, Cx, Diagnosis, Framed, Routes, Tile, settings};
use db::Reader;
use frontend::Tone;
use identity::store;
use kernel::ids::ProjectId;
use kernel::{Result, Role};
use web::{Access, Actor, By, Html, Reply, State, Viewer, see_other};

use super::{Me, me, page, quiet};
use crate::model::{self, Desk, Step, Told};
use crate::pages;

pub(super) fn mount(routes: &mut Routes) {
    routes.get("/", Access::Anyone, start);
    routes.get("/console", Access::Rank(Role::Viewer), show);
}

/// Sends everybody where they belong.
async fn start(State(cx): State<Cx>, actor: Actor) -> Reply {
    if !cx.read(store::has_owner).await? {
        let frame = quiet(&cx).await?;
        let title = "This instance is not set up yet";
        return Ok(axum::response::IntoResponse::into_response(Html(frontend::plain_page(&frame, title, pages::entry::not_set_up()))));
    }
    Ok(see_other(if matches!(actor, Actor::Member { .. }) { super::HOME } else { "/sign-in" }))
}

async fn show(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply {
    let me = me(&by)?;
    let tiles = tiles(&cx).await?;
    let desk = desk(&cx, &me).await?;
    let mut topics: Vec<&'static str> = cx.registry.all().iter().map(|capability| capability.name()).collect();
    topics.extend([work::TOPIC, settings::TOPIC, identity::TOPIC]);
    let frame = framed.live(&topics);
    page(&frame, "Home", pages::home::show(&tiles, &desk))
}

/// Each capability for itself: one whose numbers cannot be read must not take the page from the others.
async fn tiles(cx: &Cx) -> Result<Vec<Tile>> {
    let registry = cx.registry;
    cx.read(move |r| {
        let of = |capability: &&'static dyn Capability| capability.tiles(r).unwrap_or_else(|error| vec![broken_tile(*capability, &error)]);
        Ok(registry.all().iter().flat_map(of).collect())
    })
    .await
}

fn broken_tile(capability: &dyn Capability, error: &kernel::Error) -> Tile {
    tracing::error!(capability = capability.name(), error = error.chain(), "the tiles of a capability could not be read");
    Tile {
        title: capability.name().to_owned(),
        value: "–".into(),
        note: "Could not be read; the log says why.".into(),
        href: first_page(capability),
        tone: Tone::Bad,
        spark: Vec::new(),
    }
}

/// Where a capability begins.
fn first_page(capability: &dyn Capability) -> String {
    capability.nav().first().map_or_else(|| super::HOME.to_owned(), |nav| nav.path.to_owned())
}

async fn desk(cx: &Cx, me: &Me) -> Result<Desk> {
    let id = me.id;
    let member = cx.read(move |r| store::get_member(r, id)).await?;
    let second_factor = Step {
        title: "Turn on your second factor".into(),
        note: "A code from your phone beside the password: a stolen password alone then opens nothing.".into(),
        href: "/console/profile/second-factor".into(),
        is_done: member.has_totp,
    };
    let mut own = vec![second_factor];
    if me.role >= Role::Admin {
        own.push(first_project(cx).await?);
    }
    Ok(model::desk(own, told(cx).await?))
}

/// Done as soon as one program has reported something.
async fn first_project(cx: &Cx) -> Result<Step> {
    let projects = cx.read(store::list_projects).await?;
    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
    let reporting = cx.telemetry.read(move |r| ingest::store::last_kept(r, &ids)).await?;
    let waiting = projects.iter().find(|project| reporting.iter().all(|(id, _)| *id != project.id));
    Ok(Step {
        title: if projects.is_empty() { "Make a project for a program of yours" } else { "Connect the program of your project" }.into(),
        note: "One line, the DSN, in any Sentry SDK: its errors, traces and logs appear here.".into(),
        href: waiting.map_or_else(|| "/projects/new".to_owned(), |project| format!("/projects/{}/connect", project.id)),
        is_done: !reporting.is_empty(),
    })
}

/// What every capability says about itself, with the page to go to.
pub(super) async fn told(cx: &Cx) -> Result<Vec<Told>> {
    let registry = cx.registry;
    cx.read(move |r| Ok(registry.all().iter().flat_map(|capability| told_by(*capability, r)).collect())).await
}

fn told_by(capability: &dyn Capability, r: &Reader<'_>) -> Vec<Told> {
    let failed = |error: kernel::Error| {
        tracing::error!(capability = capability.name(), error = error.chain(), "a capability could not be diagnosed");
        let finding = "Its state could not be read.".to_owned();
        vec![Diagnosis { tone: Tone::Bad, subject: capability.name().to_owned(), finding, advice: "The log says why.".into() }]
    };
    let diagnoses = capability.diagnose(r).unwrap_or_else(failed);
    let href = |subject: &str| own_page(subject).map_or_else(|| first_page(capability), str::to_owned);
    diagnoses.into_iter().map(|diagnosis| Told { href: href(&diagnosis.subject), diagnosis }).collect()
}

/// The page where something can be done about a subject of the spine.
fn own_page(subject: &str) -> Option<&'static str> {
    match subject {
        "Mail" => Some("/console/settings#outbound"),
        "Jobs" => Some("/console/jobs"),
        "Deliveries" | "Outbox" => Some("/console/deliveries"),
        _ => None,
    }
}
