//! Mails of the console: one-time links through the outbox, and the test mail whose answer the person waits for.
//!
//! A link is a credential: in the outbox it rests sealed, and the page "Deliveries" shows the subject only.

use capability::{Cx, settings};
use db::Tx;
use kernel::ids::MemberId;
use kernel::text::Email;
use kernel::{Error, Result, Sealer, Secret};
use minijinja::{Environment, context};
use outbound::{MailReceipt, Message};
use serde::{Deserialize, Serialize};
use work::{Delivery, NewDelivery, Sent};

pub(crate) const SENDER: &str = "console.mail";

/// A one-time link on its way to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Invite,
    Password,
}

/// What is to be written.
pub(crate) struct Letter<'a> {
    pub kind: Kind,
    pub to: &'a Email,
    pub member: MemberId,
    /// The member's name, and whose act it is.
    pub name: &'a str,
    pub by: &'a str,
    pub link: &'a Secret,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    kind: Kind,
    to: Email,
    name: String,
    by: String,
    /// The link, sealed under the delivery's key.
    sealed: String,
}

/// Puts the letter into the outbox.
pub(crate) fn post(tx: &mut Tx<'_>, sealer: &Sealer, letter: &Letter<'_>) -> Result<()> {
    let key = format!("console.link:{}:{}", letter.member, kernel::ids::random_public_id());
    let sealed = sealer.seal(&key, letter.link)?;
    let payload = Payload { kind: letter.kind, to: letter.to.clone(), name: letter.name.to_owned(), by: letter.by.to_owned(), sealed };
    let payload = serde_json::to_value(payload).map_err(|error| Error::internal("writing a letter as JSON").because(error))?;
    let what = if letter.kind == Kind::Invite { "Invitation" } else { "Password link" };
    let delivery = NewDelivery {
        destination: format!("console.mail:{}", letter.member),
        sender: SENDER,
        key,
        subject: format!("{what} for {}", letter.to),
        payload,
        run_at: None,
    };
    work::post(tx, delivery).map(drop)
}

/// The sender: writes the mail and hands it over.
pub(crate) async fn send(cx: Cx, delivery: Delivery) -> Sent {
    let message = match compose(&cx, &delivery).await {
        Ok(message) => message,
        Err(error) => return Sent::Dead { reason: error.chain(), code: None },
    };
    let sealer = cx.sealer.clone();
    let route = match cx.read(move |r| capability::mail::route(r, &sealer)).await {
        Ok(Some(route)) => route,
        Ok(None) => {
            return Sent::Retry {
                reason: "No way to send mail is chosen. Choose one under Settings, Mail.".into(),
                code: None,
                after: None,
            };
        }
        Err(error) => return Sent::Retry { reason: error.message().to_owned(), code: None, after: None },
    };
    match cx.outbound.mail.send(&route, &message).await {
        Ok(MailReceipt { code, provider_id }) => Sent::Done { code, provider_id },
        Err(failure) if failure.permanent => Sent::Dead { reason: failure.message, code: failure.code },
        Err(failure) => Sent::Retry { reason: failure.message, code: failure.code, after: failure.retry_after },
    }
}

/// Sends at once and tells what the server said.
pub(crate) async fn send_test(cx: &Cx, to: Email, name: &str) -> Result<MailReceipt> {
    let sealer = cx.sealer.clone();
    let route = cx.read(move |r| capability::mail::route(r, &sealer)).await?;
    let route = route.ok_or_else(|| Error::invalid("No way to send mail is chosen yet. Choose SMTP or Resend above and save first."))?;
    let product = product(cx).await?;
    let subject = format!("Test mail from {product}");
    let text = render(include_str!("../templates/test.txt"), context! { name, product, link => cx.link("/console/settings") })?;
    let id = format!("console.test.{}", kernel::ids::random_public_id());
    let message = message(cx, to, subject, text, &id);
    let sent = cx.outbound.mail.send(&route, &message).await;
    sent.map_err(|failure| Error::invalid(format!("The test mail was not taken: {}", failure.message)))
}

/// How this instance calls itself.
pub(crate) async fn product(cx: &Cx) -> Result<String> {
    cx.read(|r| settings::text(r, &settings::NAME)).await
}

async fn compose(cx: &Cx, delivery: &Delivery) -> Result<Message> {
    let unreadable = |error| Error::internal("reading a letter").because(error);
    let payload: Payload = serde_json::from_value(delivery.payload.clone()).map_err(unreadable)?;
    let link = cx.sealer.open(&delivery.key, &payload.sealed)?;
    let product = product(cx).await?;
    let (template, subject) = match payload.kind {
        Kind::Invite => (include_str!("../templates/invite.txt"), format!("{} invites you to {product}", payload.by)),
        Kind::Password => (include_str!("../templates/password.txt"), format!("Choose a new password for {product}")),
    };
    let address = cx.boot.public_url.origin();
    let values = context! { name => payload.name, by => payload.by, product, address, link => link.expose() };
    Ok(message(cx, payload.to, subject, render(template, values)?, &delivery.key))
}

fn message(cx: &Cx, to: Email, subject: String, text: String, id: &str) -> Message {
    let host = cx.boot.public_url.url().host_str().unwrap_or("localhost").to_owned();
    let headers = vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())];
    Message { from: None, to, subject, text, html: None, headers, message_id: format!("{}@{host}", id.replace(':', ".")) }
}

fn render(template: &str, values: minijinja::Value) -> Result<String> {
    Environment::new().render_str(template, values).map_err(|error| Error::internal("writing a mail from its template").because(error))
}
