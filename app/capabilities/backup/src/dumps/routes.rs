//! The console's doors of dumps. What runs a command, or opens its dumps, is for owners.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use capability::{Cx, Framed, Routes, audit};
use db::Tx;
use frontend::console_page;
use http::{HeaderValue, StatusCode, header};
use kernel::error::{FieldError, FieldErrors};
use kernel::ids::DumpId;
use kernel::paging::PageRequest;
use kernel::{Error, Kind as ErrorKind, Result, Role, Secret};
use replica::store::Object;
use serde::Deserialize;
use web::{Access, Actor, Admin, By, Form, Html, Member, Owner, Path, Query, Reply, State, Viewer, see_other_with};

use super::flat::{Given, GivenSecrets};
use super::model::{Draft, Dump, Encryption, Kind, Secrets, command};
use super::pages::detail::Detail;
use super::pages::form::{DumpForm, FormPage};
use super::pages::key::KeyPage;
use super::pages::list::{DumpRow, Listing};
use super::pages::run::RunPage;
use super::{TOPIC, acts, pages, places, store};

const SEE: Access = Access::Rank(Role::Viewer);
const RUN: Access = Access::Rank(Role::Member);
const ACCEPT: Access = Access::Rank(Role::Admin);
const OWN: Access = Access::Rank(Role::Owner);
/// Good dumps in a sparkline.
const SPARK: u32 = 30;

pub fn mount(routes: &mut Routes) {
    routes.get("/backup/dumps", SEE, list);
    routes.get("/backup/dumps/new", OWN, new);
    routes.post("/backup/dumps/new", OWN, create);
    routes.get("/backup/dumps/key", OWN, key);
    routes.post("/backup/dumps/key", OWN, show_key);
    routes.post("/backup/dumps/key/download", OWN, download_key);
    routes.post("/backup/dumps/key/new", OWN, new_key);
    routes.get("/backup/dumps/{id}", SEE, show);
    routes.get("/backup/dumps/{id}/edit", OWN, edit);
    routes.post("/backup/dumps/{id}/edit", OWN, change);
    routes.post("/backup/dumps/{id}/run", RUN, run_now);
    routes.post("/backup/dumps/{id}/delete", OWN, remove);
    routes.get("/backup/dumps/runs/{id}", SEE, show_run);
    routes.post("/backup/dumps/runs/{id}/accept", ACCEPT, accept);
    routes.get("/backup/dumps/runs/{id}/download", OWN, download);
}

async fn list(State(cx): State<Cx>, by: By<Viewer>, framed: Framed) -> Reply {
    let has_place = !places::all(&cx).is_empty();
    let (can_edit, can_run) = (by.actor.has_role(Role::Owner), by.actor.has_role(Role::Member));
    let listing = cx
        .read(move |r| {
            let mut rows = Vec::new();
            for dump in store::list(r)? {
                let (last, good) = (store::last_run(r, dump.id)?, store::last_good(r, dump.id)?);
                rows.push(DumpRow { sizes: store::sizes(r, dump.id, SPARK)?, dump, last, good });
            }
            Ok(Listing { rows, has_place, key: store::key_state(r)?, can_edit, can_run, now: r.now })
        })
        .await?;
    Ok(Html(console_page(&framed.live(&[TOPIC]), "Database dumps", pages::list::show(&listing))).into_response())
}

async fn show(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Path(id): Path<DumpId>, Query(page): Query<PageRequest>) -> Reply {
    let (can_edit, can_run) = (by.actor.has_role(Role::Owner), by.actor.has_role(Role::Member));
    let context = cx.clone();
    let detail = cx
        .read(move |r| {
            let dump = store::get(r, id)?;
            let place = match places::named(&context, &dump.draft.place) {
                Ok(place) => format!("{} ({})", place.name, place.address.child("dumps")),
                Err(error) => error.message().to_owned(),
            };
            let (last, runs) = (store::last_run(r, id)?, store::runs(r, id, &page)?);
            Ok(Detail { dump, last, runs, is_first: page.before.is_none(), place, can_edit, can_run, now: r.now })
        })
        .await?;
    Ok(Html(console_page(&framed.live(&[TOPIC]), &detail.dump.draft.name, pages::detail::show(&detail))).into_response())
}

#[derive(Debug, Default, Deserialize)]
struct NewQuery {
    #[serde(default)]
    kind: String,
}

async fn new(State(cx): State<Cx>, _by: By<Owner>, framed: Framed, Query(query): Query<NewQuery>) -> Reply {
    let kind = Kind::parse(&query.kind).unwrap_or_default();
    let draft = Draft { kind, command: kind.preset().to_owned(), cron: "30 2 * * *".to_owned(), ..Draft::default() };
    Ok(Html(form_page(&cx, framed, &DumpForm::of(&draft), &[], None)).into_response())
}

async fn edit(State(cx): State<Cx>, _by: By<Owner>, framed: Framed, Path(id): Path<DumpId>) -> Reply {
    let sealer = cx.sealer.clone();
    let (dump, secrets) = cx.read(move |r| Ok((store::get(r, id)?, store::secrets(r, &sealer, id)?))).await?;
    Ok(Html(form_page(&cx, framed, &DumpForm::of(&dump.draft), &[], Some((id.0, &secrets)))).into_response())
}

fn form_page(cx: &Cx, framed: Framed, form: &DumpForm, errors: &[FieldError], stored: Option<(i64, &Secrets)>) -> String {
    let places: Vec<String> = places::all(cx).into_iter().map(|place| place.name).collect();
    let title = if stored.is_some() { "Edit the dump" } else { "New dump" };
    console_page(&framed.live(&[]), title, pages::form::show(&FormPage { form, errors, stored, places: &places }))
}

async fn create(State(cx): State<Cx>, by: By<Owner>, framed: Framed, Form(form): Form<DumpForm>) -> Reply {
    let (context, wanted) = (cx.clone(), form.clone());
    let made = cx
        .write(move |tx| {
            let given = given(&wanted, &Draft::default())?;
            places::check(&context, &given.draft)?;
            let dump = acts::create(tx, &context.sealer, given)?;
            record(tx, &by.actor, "backup.dump.create", &dump)?;
            Ok(dump)
        })
        .await;
    saved(&cx, framed, &form, None, made)
}

async fn change(State(cx): State<Cx>, by: By<Owner>, framed: Framed, Path(id): Path<DumpId>, Form(form): Form<DumpForm>) -> Reply {
    let (context, wanted) = (cx.clone(), form.clone());
    let sealer = cx.sealer.clone();
    let stored = cx.read(move |r| store::secrets(r, &sealer, id)).await?;
    let made = cx
        .write(move |tx| {
            let before = store::get(tx, id)?;
            let dump = acts::update(tx, &context.sealer, id, given(&wanted, &before.draft)?)?;
            record(tx, &by.actor, "backup.dump.update", &dump)?;
            Ok(dump)
        })
        .await;
    saved(&cx, framed, &form, Some((id.0, &stored)), made)
}

fn saved(cx: &Cx, framed: Framed, form: &DumpForm, stored: Option<(i64, &Secrets)>, made: Result<Dump>) -> Reply {
    match made {
        Ok(dump) => Ok(see_other_with(&format!("/backup/dumps/{}", dump.id), "Saved. Run it now to see that it works.")),
        Err(error) if error.kind == ErrorKind::Invalid && !error.field_errors().is_empty() => {
            let page = form_page(cx, framed, form, error.field_errors(), stored);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What was typed, as a draft.
fn given(form: &DumpForm, before: &Draft) -> Result<Given> {
    let mut errors = FieldErrors::default();
    let mut number = |field: &str, text: &str| {
        text.trim().parse::<u32>().unwrap_or_else(|_| {
            errors.push(field, "Please give a whole number.");
            0
        })
    };
    let every_hours = if form.every_hours.trim().is_empty() { None } else { Some(number("every_hours", &form.every_hours)) };
    let draft = Draft {
        key: if form.key.trim().is_empty() { before.key.clone() } else { form.key.clone() },
        name: form.name.clone(),
        kind: Kind::parse(&form.kind).unwrap_or_default(),
        command: form.command.clone(),
        place: form.place.clone(),
        every_hours,
        cron: form.cron.clone(),
        time_limit_minutes: number("time_limit_minutes", &form.time_limit_minutes),
        grace_minutes: number("grace_minutes", &form.grace_minutes),
        extension: form.extension.clone(),
        encryption: Encryption::parse(&form.encryption).unwrap_or_default(),
        recipient: form.recipient.clone(),
        size_factor: number("size_factor", &form.size_factor),
        keep_last: number("keep_last", &form.keep_last),
        keep_daily: number("keep_daily", &form.keep_daily),
        keep_weekly: number("keep_weekly", &form.keep_weekly),
        keep_monthly: number("keep_monthly", &form.keep_monthly),
        restore_command: form.restore_command.clone(),
        paused: form.paused == "on",
    };
    let typed = |text: &str| if text.trim().is_empty() { None } else { Some(text.to_owned()) };
    let environment = match typed(&form.environment) {
        Some(text) => errors.take("environment", command::environment(&text)),
        None if form.forget_environment == "on" => Some(Default::default()),
        None => None,
    };
    errors.finish()?;
    let scratch_url = if form.forget_scratch == "on" { Some(String::new()) } else { typed(&form.scratch_url) };
    // A kind that has no URL forgets the one it had.
    let url = if draft.kind == Kind::Postgresql { typed(&form.url) } else { Some(String::new()) };
    let scratch_url = if draft.kind == Kind::Postgresql { scratch_url } else { Some(String::new()) };
    Ok(Given { draft, secrets: GivenSecrets { url, scratch_url, passphrase: typed(&form.passphrase), environment } })
}

async fn run_now(State(cx): State<Cx>, by: By<Member>, Path(id): Path<DumpId>) -> Reply {
    let dump = cx.read(move |r| store::get(r, id)).await?;
    if let Err(error) = places::named(&cx, &dump.draft.place) {
        return Ok(see_other_with(&format!("/backup/dumps/{id}"), error.message()));
    }
    cx.write(move |tx| {
        let dump = acts::run_now(tx, id, &by.actor.label())?;
        record(tx, &by.actor, "backup.dump.run", &dump)
    })
    .await?;
    Ok(see_other_with(&format!("/backup/dumps/{id}"), "It begins now; this page follows it."))
}

async fn remove(State(cx): State<Cx>, by: By<Owner>, Path(id): Path<DumpId>) -> Reply {
    cx.write(move |tx| {
        let dump = acts::delete(tx, id)?;
        record(tx, &by.actor, "backup.dump.delete", &dump)
    })
    .await?;
    Ok(see_other_with("/backup/dumps", "The dump is removed. What it made stays at the destination."))
}

async fn show_run(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Path(id): Path<i64>) -> Reply {
    let (dump, run) = cx
        .read(move |r| {
            let run = store::get_run(r, id)?;
            Ok((store::get(r, run.dump)?, run))
        })
        .await?;
    let place = places::named(&cx, &run.place).ok();
    let page = RunPage {
        dump: &dump,
        run: &run,
        address: place.as_ref().map(|place| &place.address),
        can_accept: by.actor.has_role(Role::Admin),
        can_download: by.actor.has_role(Role::Owner),
    };
    Ok(Html(console_page(&framed.live(&[TOPIC]), &format!("Run {id}"), pages::run::show(&page))).into_response())
}

async fn accept(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    cx.write(move |tx| {
        let run = acts::accept(tx, id)?;
        let dump = store::get(tx, run.dump)?;
        record(tx, &by.actor, "backup.dump.accept", &dump)
    })
    .await?;
    Ok(see_other_with(&format!("/backup/dumps/runs/{id}"), "It counts as good from now on."))
}

/// The object as it is stored. Whoever takes a whole database away is written down before the first byte leaves.
async fn download(State(cx): State<Cx>, by: By<Owner>, Path(id): Path<i64>) -> Reply {
    let run = cx.read(move |r| store::get_run(r, id)).await?;
    let key = run.object().ok_or_else(|| Error::not_found("dump"))?.to_owned();
    let stored = places::store(&places::named(&cx, &run.place)?)?;
    let object = stored.get(&key, None).await.map_err(|error| Error::unavailable(error.to_string()))?;
    let subject = key.clone();
    cx.write(move |tx| {
        let dump = store::get(tx, run.dump)?;
        audit(tx, &by.actor, "backup.dump.download", &format!("dump:{} {}", dump.id, dump.draft.name), &subject)
    })
    .await?;
    let size = object.head.size;
    let mut response =
        attachment(key.rsplit('/').next().unwrap_or("dump"), Body::from_stream(futures_util::StreamExt::fuse(chunks(object))));
    if let Ok(size) = HeaderValue::from_str(&size.to_string()) {
        response.headers_mut().insert(header::CONTENT_LENGTH, size);
    }
    Ok(response)
}

fn chunks(object: Object) -> impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> {
    futures_util::stream::unfold(Some(object), |object| async move {
        let mut object = object?;
        match object.chunk().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(object))),
            Ok(None) => None,
            Err(error) => Some((Err(std::io::Error::other(error.to_string())), None)),
        }
    })
}

fn attachment(name: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    // It is as small as it gets: nothing on the way shall compress it again.
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

async fn key(State(cx): State<Cx>, _by: By<Owner>, framed: Framed) -> Reply {
    let sealer = cx.sealer.clone();
    let keys = cx
        .write(move |tx| {
            acts::key(tx, &sealer)?;
            store::own_keys(tx, &sealer)
        })
        .await?;
    key_page(framed, &keys, false)
}

#[derive(Debug, Default, Deserialize)]
struct KeyQuery {
    id: Option<i64>,
}

/// Once: afterwards it can only be downloaded, which is written down just as well.
async fn show_key(State(cx): State<Cx>, by: By<Owner>, framed: Framed) -> Reply {
    take_key(&cx, &by.actor, None, "backup.dump_key.show", true).await?;
    let sealer = cx.sealer.clone();
    key_page(framed, &cx.read(move |r| store::own_keys(r, &sealer)).await?, true)
}

async fn download_key(State(cx): State<Cx>, by: By<Owner>, Query(query): Query<KeyQuery>) -> Reply {
    let (own, identity) = take_key(&cx, &by.actor, query.id, "backup.dump_key.download", false).await?;
    let made = own.created_at.rfc3339();
    let text = format!("# created: {made}\n# public key: {}\n{}\n", own.recipient, identity.expose());
    Ok(attachment("hermetic-dumps.key", Body::from(text)))
}

async fn new_key(State(cx): State<Cx>, by: By<Owner>) -> Reply {
    let sealer = cx.sealer.clone();
    cx.write(move |tx| {
        let own = acts::new_key(tx, &sealer)?;
        audit(tx, &by.actor, "backup.dump_key.create", "dump key", &own.recipient)
    })
    .await?;
    Ok(see_other_with("/backup/dumps/key", "Dumps are made with this key from now on. Take it out and keep it elsewhere."))
}

/// Without an id the one in use.
async fn take_key(cx: &Cx, actor: &Actor, id: Option<i64>, act: &'static str, is_once: bool) -> Result<(store::OwnKey, Secret)> {
    let (sealer, actor) = (cx.sealer.clone(), actor.clone());
    cx.write(move |tx| {
        let newest = acts::key(tx, &sealer)?;
        let own = store::own_keys(tx, &sealer)?.into_iter().find(|key| key.id == id.unwrap_or(newest.id));
        let own = own.ok_or_else(|| Error::not_found("key"))?;
        let lost = || Error::conflict("This key was sealed with a key file that is gone. Make a new one.");
        let identity = own.identity.clone().ok_or_else(lost)?;
        if is_once && own.shown_at.is_some() {
            return Err(Error::conflict("The key was shown before. It can be downloaded."));
        }
        store::set_key_shown(tx, own.id, &actor.label())?;
        audit(tx, &actor, act, "dump key", &own.recipient)?;
        tx.signal(TOPIC);
        Ok((own, identity))
    })
    .await
}

fn key_page(framed: Framed, keys: &[store::OwnKey], is_shown: bool) -> Reply {
    let (own, earlier) = keys.split_first().ok_or_else(|| Error::not_found("key"))?;
    let page = KeyPage { own, earlier, identity: own.identity.as_ref().filter(|_| is_shown) };
    let mut response = Html(console_page(&framed.live(&[]), "The key of the dumps", pages::key::show(&page))).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub fn record(tx: &mut Tx<'_>, actor: &Actor, act: &str, dump: &Dump) -> Result<()> {
    audit(tx, actor, act, &format!("dump:{} {}", dump.id, dump.draft.name), &dump.draft.command)
}
