//! Import from Uptime Kuma: give the backup, look at what would be made, then make it. Between the two steps the backup, which
//! holds credentials, travels sealed through the form: nothing of it is kept on the server, nothing is readable in the page.

use axum::extract::Multipart;
use axum::response::IntoResponse;
use capability::{Cx, Framed, Routes};
use db::Reader;
use frontend::console_page;
use kernel::error::FieldError;
use kernel::{Error, Kind, Result, Role, Sealer, Secret};
use serde::Deserialize;
use web::{Access, Actor, By, Form, Html, Member, Reply, State, see_other_with};

use super::api::{record, unprocessable};
use crate::model::flat::Given;
use crate::model::kuma::{self, Found, Import};
use crate::{acts, pages, store};

const SEAL: &str = "uptime.import";

pub fn mount(routes: &mut Routes) {
    routes.get("/uptime/import", Access::Rank(Role::Member), ask);
    routes.post("/uptime/import", Access::Rank(Role::Member), preview);
    routes.post("/uptime/import/run", Access::Rank(Role::Member), run);
}

async fn ask(framed: Framed, _by: By<Member>) -> Reply {
    Ok(Html(console_page(&framed.live(&[]), "Import", pages::import::ask(&[]))).into_response())
}

async fn preview(State(cx): State<Cx>, _by: By<Member>, framed: Framed, upload: Multipart) -> Reply {
    match read_upload(upload).await.and_then(|text| Ok((kuma::read(&text)?, text))) {
        Ok((found, text)) => {
            let sealed = cx.sealer.seal(SEAL, &Secret::new(text))?;
            let (found, known) = cx.read(move |r| fitted(r, found)).await?;
            Ok(Html(console_page(&framed.live(&[]), "Import", pages::import::preview(&found, &known, &sealed))).into_response())
        }
        Err(error) if error.kind == Kind::Invalid => {
            let errors = match error.field_errors() {
                [] => vec![FieldError { field: "backup".to_owned(), message: error.message().to_owned() }],
                errors => errors.to_vec(),
            };
            Ok(unprocessable(console_page(&framed.live(&[]), "Import", pages::import::ask(&errors))))
        }
        Err(error) => Err(error.into()),
    }
}

/// The pasted text, or the file when nothing was pasted.
async fn read_upload(mut upload: Multipart) -> Result<String> {
    let broken =
        |error: axum::extract::multipart::MultipartError| Error::field("backup", "The upload broke off; please try again.").because(error);
    let mut text = String::new();
    while let Some(field) = upload.next_field().await.map_err(broken)? {
        let bytes = field.bytes().await.map_err(broken)?;
        let given = String::from_utf8_lossy(&bytes);
        if text.trim().is_empty() && !given.trim().is_empty() {
            text = given.into_owned();
        }
    }
    Ok(text)
}

/// Fitted to what is here: the keys that a monitor has already (these entries are left alone), and no push token twice.
fn fitted(r: &Reader<'_>, mut found: Vec<Found>) -> Result<(Vec<Found>, Vec<String>)> {
    let mut known = Vec::new();
    for entry in &mut found {
        let Import::Monitor { draft, secrets, notes } = &mut entry.import else { continue };
        if !draft.key.is_empty() && store::monitors::find_by_key(r, &draft.key)?.is_some() {
            known.push(draft.key.clone());
        } else if !secrets.beat_token.is_empty()
            && let Some(other) = store::monitors::find_by_beat_token(r, &secrets.beat_token)?
        {
            kuma::forget_token(secrets, notes, &format!("Its push token is in use by “{}” here", other.name));
        }
    }
    Ok((found, known))
}

#[derive(Debug, Deserialize)]
struct RunForm {
    sealed: String,
}

async fn run(State(cx): State<Cx>, by: By<Member>, Form(form): Form<RunForm>) -> Reply {
    let text = cx
        .sealer
        .open(SEAL, &form.sealed)
        .map_err(|_| Error::invalid("Please start the import again: this form is not whole any more."))?;
    let found = kuma::read(text.expose())?;
    let made = make(&cx, by.actor, found).await?;
    Ok(see_other_with(
        "/uptime",
        &match made {
            0 => "Nothing was new: no monitor was imported.".to_owned(),
            1 => "One monitor was imported.".to_owned(),
            made => format!("{made} monitors were imported."),
        },
    ))
}

async fn make(cx: &Cx, actor: Actor, found: Vec<Found>) -> Result<usize> {
    let sealer = cx.sealer.clone();
    cx.write(move |tx| import_all(tx, &sealer, &actor, found)).await
}

fn import_all(tx: &mut db::Tx<'_>, sealer: &Sealer, actor: &Actor, found: Vec<Found>) -> Result<usize> {
    let (found, known) = fitted(tx, found)?;
    let mut made = 0;
    for Found { import, .. } in found {
        let Import::Monitor { draft, secrets, .. } = import else { continue };
        if known.contains(&draft.key) {
            continue;
        }
        let monitor = acts::create(tx, sealer, Given { draft: *draft, secrets })?;
        record(tx, actor, "uptime.monitor.import", &monitor)?;
        made += 1;
    }
    Ok(made)
}
