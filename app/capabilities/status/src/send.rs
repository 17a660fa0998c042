//! The two ways to a subscriber: mail with one-click unsubscribe, and a webhook signed as Standard Webhooks describes.

use crate::feeds::json::Api;
use crate::jobs::Subject;
use crate::links::{Links, Target};
use crate::load;
use crate::model::subscriber::SubscriberState;
use crate::model::{Language, MaintenanceView, ReportView, Snapshot};
use crate::pages::public::prose;
use crate::settings;
use crate::store::subscribers::{self, SubscriberRow};
use crate::store::{maintenances, reports};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capability::Cx;
use db::Reader;
use frontend::raw::escape;
use kernel::ids::SubscriberId;
use kernel::text::{Email, WebUrl};
use kernel::{Error, Kind, Result, Sealer, Secret, Time};
use outbound::{MailRoute, Message, Reach, Request};
use ring::hmac;
use serde_json::{Value, json};
use std::time::Duration;
use work::{Delivery, Sent};

pub const TOKEN: &str = "status_subscribers.token";
pub const SECRET: &str = "status_subscribers.secret";
pub const CONFIRM: &str = "status_subscribers.confirm";

/// What a message needs, read at the moment of sending: whoever left meanwhile gets nothing.
struct Telling {
    subscriber: SubscriberRow,
    snapshot: Snapshot,
    links: Links,
    route: Option<MailRoute>,
    about: About,
    upto: i64,
}

enum About {
    Confirm { token: Secret },
    Report { view: ReportView, new: Vec<usize> },
    Maintenance { view: MaintenanceView, new: Vec<usize> },
}

fn read(r: &Reader<'_>, cx: &Cx, payload: &Value) -> Result<Option<Telling>> {
    let id = SubscriberId(payload["subscriber"].as_i64().unwrap_or_default());
    let Some(subscriber) = subscribers::find_subscriber(r, id)? else { return Ok(None) };
    let (from, upto) = (payload["from"].as_i64().unwrap_or_default(), payload["upto"].as_i64().unwrap_or_default());
    let links = settings::served_links(r, &cx.boot)?;
    let route = capability::mail::route(r, &cx.sealer)?;
    if let Some(sealed) = payload["confirm"].as_str() {
        if subscriber.state != SubscriberState::Pending {
            return Ok(None);
        }
        let snapshot = load::brief(r, cx.registry, Vec::new(), Vec::new())?;
        let token = cx.sealer.open(CONFIRM, sealed).map_err(|_| Error::conflict("Its link was sealed with a key file that is gone."))?;
        let about = About::Confirm { token };
        return Ok(Some(Telling { subscriber, snapshot, links, route, about, upto }));
    }
    if subscriber.state != SubscriberState::Active {
        return Ok(None);
    }
    let is_new = |id: i64| (from..=upto).contains(&id);
    let subject = payload["subject"].as_str().and_then(Subject::parse).ok_or_else(|| Error::internal("reading what a message is about"))?;
    let (about, snapshot) = match subject {
        Subject::Report(id) => {
            let Some(row) = reports::find_report(r, id)? else { return Ok(None) };
            let new = row.view.updates.iter().enumerate().filter(|(_, update)| is_new(update.id)).map(|(index, _)| index).collect();
            let snapshot = load::brief(r, cx.registry, vec![row.view.clone()], Vec::new())?;
            (About::Report { view: row.view, new }, snapshot)
        }
        Subject::Maintenance(id) => {
            let Some(row) = maintenances::find_maintenance(r, id)? else { return Ok(None) };
            let new = row.view.updates.iter().enumerate().filter(|(_, update)| is_new(update.id)).map(|(index, _)| index).collect();
            let snapshot = load::brief(r, cx.registry, Vec::new(), vec![row.view.clone()])?;
            (About::Maintenance { view: row.view, new }, snapshot)
        }
    };
    Ok(Some(Telling { subscriber, snapshot, links, route, about, upto }))
}

async fn telling(cx: &Cx, delivery: &Delivery) -> Result<Option<Telling>, Sent> {
    let (inner, payload) = (cx.clone(), delivery.payload.clone());
    cx.read(move |r| read(r, &inner, &payload)).await.map_err(|error| {
        tracing::warn!(delivery = delivery.id.0, error = %error.chain(), "a message to a subscriber could not be put together");
        if error.kind == Kind::Conflict {
            return Sent::Dead { reason: error.message().to_owned(), code: None };
        }
        Sent::Retry { reason: error.public_message().to_owned(), code: None, after: None }
    })
}

const fn nobody() -> Sent {
    Sent::Done { code: None, provider_id: None }
}

pub async fn mail(cx: Cx, delivery: Delivery) -> Sent {
    let telling = match telling(&cx, &delivery).await {
        Ok(Some(telling)) => telling,
        Ok(None) => return nobody(),
        Err(sent) => return sent,
    };
    let Some(route) = &telling.route else {
        return Sent::Retry { reason: "No way to send mail is set; add one under Settings, Mail.".to_owned(), code: None, after: None };
    };
    let message = match message(&cx, &telling, &delivery.key) {
        Ok(message) => message,
        Err(error) => return Sent::Dead { reason: error.message().to_owned(), code: None },
    };
    match cx.outbound.mail.send(route, &message).await {
        Ok(receipt) => Sent::Done { code: receipt.code, provider_id: receipt.provider_id },
        Err(failure) if failure.permanent => Sent::Dead { reason: failure.message, code: failure.code },
        Err(failure) => Sent::Retry { reason: failure.message, code: failure.code, after: failure.retry_after },
    }
}

fn message(cx: &Cx, telling: &Telling, key: &str) -> Result<Message> {
    let language = telling.subscriber.language;
    let host = cx.boot.public_url.url().host_str().unwrap_or("localhost").to_owned();
    let to = Email::parse(&telling.subscriber.address)?;
    let message_id = format!("{}@{host}", &kernel::ids::digest(key)[..32]);
    let mut headers = vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())];
    let draft = match &telling.about {
        About::Confirm { token } => confirm_draft(telling, token),
        About::Report { view, new } => report_draft(telling, view, new),
        About::Maintenance { view, new } => maintenance_draft(telling, view, new),
    };
    if !matches!(telling.about, About::Confirm { .. }) {
        let own = own_link(&cx.sealer, telling)?;
        headers.push(("List-Unsubscribe".to_owned(), format!("<{own}/leave>")));
        headers.push(("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()));
        headers.push(("References".to_owned(), format!("<{}@{host}>", draft.thread)));
        return Ok(finish(language, draft, Some(&own), (to, message_id, headers)));
    }
    Ok(finish(language, draft, None, (to, message_id, headers)))
}

/// The parts of a mail before they become text and HTML.
struct Draft {
    thread: String,
    subject: String,
    /// Head line and text of each part, in the order of reading.
    parts: Vec<(String, String)>,
    button: (&'static str, String),
    foot: &'static str,
}

fn confirm_draft(telling: &Telling, token: &Secret) -> Draft {
    let texts = telling.subscriber.language.texts();
    let name = &telling.snapshot.look.name;
    Draft {
        thread: String::new(),
        subject: format!("{name}: {}", texts.mail_confirm_subject),
        parts: vec![(format!("{name} – {}", texts.status), texts.mail_confirm_text.to_owned())],
        button: (texts.confirm_button, format!("{}/confirm/{}", telling.links.live, token.expose())),
        foot: texts.mail_ignore,
    }
}

fn report_draft(telling: &Telling, view: &ReportView, new: &[usize]) -> Draft {
    let (language, look) = (telling.subscriber.language, &telling.snapshot.look);
    let texts = language.texts();
    let parts = new
        .iter()
        .rev()
        .filter_map(|index| view.updates.get(*index))
        .map(|update| (format!("{} – {}", language.phase(update.phase), language.moment(update.at, &look.zone)), update.body.clone()));
    let last = new.first().and_then(|index| view.updates.get(*index)).map_or(view.phase, |update| update.phase);
    Draft {
        thread: format!("report-{}", view.public_id),
        subject: format!("{}: {} – {}", look.name, language.phase(last), view.title),
        parts: std::iter::once((view.title.clone(), String::new())).chain(parts).collect(),
        button: (texts.mail_read_more, telling.links.absolute(Target::Report(&view.public_id))),
        foot: texts.mail_why,
    }
}

fn maintenance_draft(telling: &Telling, view: &MaintenanceView, new: &[usize]) -> Draft {
    let (language, look) = (telling.subscriber.language, &telling.snapshot.look);
    let texts = language.texts();
    let window = format!("{} – {}", language.moment(view.starts_at, &look.zone), language.moment(view.ends_at, &look.zone));
    let mut parts = vec![(view.title.clone(), String::new()), (window, String::new())];
    parts.extend(
        new.iter()
            .rev()
            .filter_map(|index| view.updates.get(*index))
            .map(|update| (language.maintenance_phase(update.phase).to_owned(), update.body.clone())),
    );
    let last = new.first().and_then(|index| view.updates.get(*index)).map_or(view.phase, |update| update.phase);
    Draft {
        thread: format!("maintenance-{}", view.public_id),
        subject: format!("{}: {} – {}", look.name, language.maintenance_phase(last), view.title),
        parts,
        button: (texts.mail_read_more, telling.links.absolute(Target::Maintenance(&view.public_id))),
        foot: texts.mail_why,
    }
}

fn finish(
    language: Language,
    draft: Draft,
    own: Option<&str>,
    (to, message_id, headers): (Email, String, Vec<(String, String)>),
) -> Message {
    let texts = language.texts();
    let (label, href) = &draft.button;
    let mut text = String::new();
    let mut html = String::new();
    for (head, body) in &draft.parts {
        text.push_str(&format!("{head}\n\n"));
        if !body.is_empty() {
            text.push_str(&format!("{body}\n\n"));
        }
        html.push_str(&prose::titled_html(head, body));
    }
    text.push_str(&format!("{label}: {href}\n\n-- \n{}\n", draft.foot));
    html.push_str(&format!("<p><a href=\"{}\">{}</a></p><hr><p><small>{}", escape(href), escape(label), escape(draft.foot)));
    if let Some(own) = own {
        text.push_str(&format!("{}: {own}\n", texts.mail_manage));
        html.push_str(&format!(" <a href=\"{}\">{}</a>", escape(own), escape(texts.mail_manage)));
    }
    html.push_str("</small></p>");
    let html = format!("<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><body>{html}</body></html>", language.as_str());
    Message { from: None, to, subject: one_line(&draft.subject), text, html: Some(html), headers, message_id }
}

/// Whatever a title holds, a subject is one line.
fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    kernel::text::shorten(&clean, 200)
}

fn own_link(sealer: &Sealer, telling: &Telling) -> Result<String> {
    let token = sealer.open(TOKEN, &telling.subscriber.token_sealed)?;
    Ok(format!("{}/follow/{}", telling.links.live, token.expose()))
}

pub async fn webhook(cx: Cx, delivery: Delivery) -> Sent {
    let telling = match telling(&cx, &delivery).await {
        Ok(Some(telling)) => telling,
        Ok(None) => return nobody(),
        Err(sent) => return sent,
    };
    let request = match hook_request(&cx, &telling, &delivery) {
        Ok(request) => request,
        Err(error) => return Sent::Dead { reason: error.message().to_owned(), code: None },
    };
    match cx.outbound.http.send(request).await {
        Ok(answer) if answer.is_success() => Sent::Done { code: Some(answer.code), provider_id: None },
        // Gone: the receiver says that it wants no more.
        Ok(answer) if answer.code == 410 => {
            let id = telling.subscriber.id;
            if let Err(error) = cx.write(move |tx| subscribers::unsubscribe(tx, id)).await {
                tracing::warn!(subscriber = id.0, error = %error.chain(), "a webhook that is gone could not be unsubscribed");
            }
            Sent::Dead { reason: "The receiver answered 410 Gone; it was unsubscribed.".to_owned(), code: Some(410) }
        }
        Ok(answer) if outbound::is_worth_retrying(answer.code) => {
            let after = outbound::retry_after(&answer, cx.now());
            Sent::Retry { reason: format!("The receiver answered {}.", answer.code), code: Some(answer.code), after }
        }
        Ok(answer) => Sent::Dead { reason: format!("The receiver answered {}.", answer.code), code: Some(answer.code) },
        Err(failure) => Sent::Retry { reason: failure.message, code: None, after: None },
    }
}

fn hook_request(cx: &Cx, telling: &Telling, delivery: &Delivery) -> Result<Request> {
    let sealed = telling.subscriber.secret_sealed.as_deref().ok_or_else(|| Error::internal("a webhook has no secret"))?;
    let lost = |_| Error::conflict("What signs it was sealed with a key file that is gone: the webhook must be subscribed again.");
    let secret = cx.sealer.open(SECRET, sealed).map_err(lost)?;
    let url = WebUrl::parse(&telling.subscriber.address)?;
    let api = Api { snapshot: &telling.snapshot, links: &telling.links };
    let mut body = match &telling.about {
        About::Report { view, .. } => json!({ "type": format!("report.{}", view.phase.as_str()), "incident": api.report(view) }),
        About::Maintenance { view, .. } => {
            json!({ "type": format!("maintenance.{}", view.phase.as_str()), "scheduled_maintenance": api.maintenance(view) })
        }
        About::Confirm { .. } => return Err(Error::internal("a webhook is verified when it subscribes")),
    };
    body["version"] = json!(1);
    body["page"] = api.page();
    body["status"] = api.status();
    body["update"] = json!(telling.upto.to_string());
    Ok(signed_request(url, &secret, &delivery.key, cx.now(), &body))
}

/// `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…` over `id.timestamp.body`.
pub fn signed_request(url: WebUrl, secret: &Secret, id: &str, now: Time, body: &Value) -> Request {
    let body = body.to_string();
    let (id, stamp) = (format!("msg_{}", &kernel::ids::digest(id)[..32]), now.0.div_euclid(1_000).to_string());
    let signature = sign(secret, &id, &stamp, &body);
    let mut request = Request::new(outbound::Method::POST, url, Reach::Stranger)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", stamp)
        .header("webhook-signature", signature);
    request.body = body.into_bytes();
    request.timeout = Duration::from_secs(10);
    request
}

/// The key is what stands behind `whsec_`, in base 64.
pub fn sign(secret: &Secret, id: &str, stamp: &str, body: &str) -> String {
    let key = secret.expose().strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), format!("{id}.{stamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

pub fn new_secret() -> Secret {
    Secret::new(format!("whsec_{}", STANDARD.encode(kernel::rng::random_bytes::<32>())))
}
