//! Doors of backup: pages for people, `/api/v1/backup` for programs.

mod api;

use axum::response::IntoResponse as _;
use capability::{Cx, Framed, Routes};
use kernel::ids::DrillId;
use kernel::{Error, Kind, Result, Role};
use web::{Access, Actor, Admin, By, Html, Path, Reply, State, see_other_with};

use crate::look::Overview;
use crate::model::report::Drill;
use crate::{Copies, FILES, TOPIC, pages, settings, sign, store};

const READ: Access = Access::Rank(Role::Viewer);
const ACT: Access = Access::Rank(Role::Admin);
/// Drills on one page; they are at least a day apart.
const SHOWN: u32 = 200;

pub fn register(routes: &mut Routes) {
    routes.get("/backup", READ, copies);
    routes.post("/backup/snapshot", ACT, snapshot);
    routes.get("/backup/drills", READ, drills);
    routes.post("/backup/drills", ACT, ask);
    routes.get("/backup/drills/{id}", READ, drill);
    routes.get("/backup/runbook", READ, runbook);
    api::register(routes);
}

async fn copies(State(cx): State<Cx>, framed: Framed) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let can_act = frame.member.role >= Role::Admin;
    let durable = cx.read(settings::durable).await?;
    let view = match Overview::take(&cx).await? {
        None => pages::copies::empty(),
        Some(look) => {
            let (durable, unknown) = durable.into_iter().partition(|name| cx.registry.has(name));
            pages::copies::page(&pages::copies::Page { look, can_act, durable, unknown })
        }
    };
    page(&frame, "Backup", view)
}

async fn snapshot(State(cx): State<Cx>, by: By<Admin>) -> Reply {
    ask_snapshot(&cx, by.actor).await?;
    Ok(see_other_with("/backup", "A whole copy of both files is on its way."))
}

async fn drills(State(cx): State<Cx>, framed: Framed) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let drills = cx.read(|r| store::list_drills(r, SHOWN)).await?;
    let can_act = frame.member.role >= Role::Admin;
    let copies = Copies::of(&cx);
    let unreadable = copies.iter().flat_map(|copies| &copies.places).filter(|place| !place.is_readable());
    let unreadable = unreadable.map(|place| place.name.clone()).collect();
    let list = pages::drills::List { drills, can_act, has_copies: copies.is_some(), unreadable, now: cx.now() };
    page(&frame, "Drills", pages::drills::list(&list))
}

async fn ask(State(cx): State<Cx>, by: By<Admin>) -> Reply {
    let asked = ask_drills(&cx, by.actor).await?;
    let flash = match asked.len() {
        0 => "These drills wait already.".to_owned(),
        1 => "One drill begins.".to_owned(),
        count => format!("{count} drills begin, one after the other."),
    };
    Ok(see_other_with("/backup/drills", &flash))
}

async fn drill(State(cx): State<Cx>, framed: Framed, Path(id): Path<i64>) -> Reply {
    let frame = framed.live(&[TOPIC]);
    let drill = cx.read(move |r| store::find_drill(r, DrillId(id))?.ok_or_else(|| Error::not_found("drill"))).await?;
    let holds = sign::holds(&cx.sealer, &drill);
    let report = serde_json::from_str(&drill.report).ok();
    let title = format!("Drill {id}");
    page(&frame, &title, pages::drills::page(&pages::drills::Page { drill, report, holds }))
}

async fn runbook(Framed(frame): Framed) -> Reply {
    page(&frame, "Backup and restore", pages::runbook::page())
}

fn page(frame: &frontend::Frame, title: &str, view: frontend::View) -> Reply {
    Ok(Html(frontend::console_page(frame, title, view)).into_response())
}

fn running(cx: &Cx) -> Result<std::sync::Arc<Copies>> {
    Copies::of(cx).ok_or_else(|| {
        Error::new(Kind::NotFound, "Nothing is copied: name a destination in the configuration file and start Hermetic again.")
    })
}

async fn ask_snapshot(cx: &Cx, actor: Actor) -> Result<()> {
    let copies = running(cx)?;
    cx.write(move |tx| capability::audit(tx, &actor, "backup.snapshot.ask", "both files", "")).await?;
    FILES.iter().for_each(|file| copies.replica(*file).want_snapshot());
    Ok(())
}

/// Of both files, from each destination that can be read from here.
async fn ask_drills(cx: &Cx, actor: Actor) -> Result<Vec<Drill>> {
    let copies = running(cx)?;
    if !copies.places.iter().any(crate::Place::is_readable) {
        return Err(Error::conflict(
            "No drill can be run here: what is copied is encrypted, and no age identity is on this machine to read it with.",
        ));
    }
    let asked_by = match &actor {
        Actor::Visitor => "somebody".to_owned(),
        Actor::Member { name, .. } | Actor::Key { name, .. } => name.clone(),
    };
    cx.write(move |tx| {
        let mut asked = Vec::new();
        for file in FILES {
            for place in copies.places.iter().filter(|place| place.is_readable()) {
                if let Some(id) = store::ask_drill(tx, file.file_name(), &place.name, &asked_by)? {
                    capability::audit(
                        tx,
                        &actor,
                        "backup.drill.ask",
                        &format!("drill {id}"),
                        &format!("{} from {}", file.file_name(), place.name),
                    )?;
                    asked.extend(store::find_drill(tx, id)?);
                }
            }
        }
        Ok(asked)
    })
    .await
}
