//! Subscribing, confirming, choosing, leaving. Nothing is told to anybody who did not confirm; who is subscribed is told to nobody.

use crate::jobs;
use crate::model::Language;
use crate::model::subscriber::{CONFIRM_WITHIN, Choice, SubscriberKind, SubscriberState, address_key};
use crate::send::{self, CONFIRM, SECRET, TOKEN};
use crate::settings;
use crate::store::components;
use crate::store::subscribers::{self, SubscriberInsert, SubscriberRow};
use capability::Cx;
use db::{Reader, Tx};
use kernel::ids::{ComponentId, SubscriberId, digest, random_token};
use kernel::text::WebUrl;
use kernel::{Error, Result, Sealer, Secret};
use serde_json::json;
use std::time::Duration;
use web::{Allowance, Limiter};

const BY_ADDRESS: Allowance = Allowance { burst: 3, per: Duration::from_secs(3_600) };
const BY_PEER: Allowance = Allowance { burst: 8, per: Duration::from_secs(3_600) };
const BY_HOST: Allowance = Allowance { burst: 5, per: Duration::from_secs(3_600) };

/// What the form sends.
#[derive(Debug, Clone)]
pub struct Wish {
    pub kind: SubscriberKind,
    pub address: String,
    pub language: Language,
    /// Public ids; empty for everything.
    pub components: Vec<String>,
}

/// How a wish was granted.
pub enum Granted {
    /// A mail with a link is on its way, if the address can have one.
    Mail,
    /// The webhook answered: its secret, to be shown once, and its own page's token.
    Webhook { secret: Secret, token: Secret },
    /// The webhook did not answer as it should.
    Refused,
}

pub fn check_limits(limiter: &Limiter, peer: &str, wish: &Wish) -> Result<String> {
    let key = address_key(wish.kind, &wish.address)?;
    limiter.check("status.subscribe.peer", peer, BY_PEER)?;
    limiter.check("status.subscribe.address", &key, BY_ADDRESS)?;
    if wish.kind == SubscriberKind::Webhook {
        let host = WebUrl::parse(&key)?.url().host_str().unwrap_or_default().to_owned();
        limiter.check("status.subscribe.host", &host, BY_HOST)?;
    }
    Ok(key)
}

pub async fn subscribe(cx: &Cx, wish: Wish, key: String) -> Result<Granted> {
    match wish.kind {
        SubscriberKind::Email => {
            let sealer = cx.sealer.clone();
            cx.write(move |tx| ask_by_mail(tx, &sealer, &wish, &key)).await?;
            Ok(Granted::Mail)
        }
        SubscriberKind::Webhook => by_webhook(cx, wish, key).await,
    }
}

/// The same answer whether the address is new, waiting or active: nobody can ask who follows the page.
fn ask_by_mail(tx: &mut Tx<'_>, sealer: &Sealer, wish: &Wish, key: &str) -> Result<()> {
    if !settings::look(tx)?.takes_subscribers {
        return Err(Error::forbidden("Subscriptions are not offered on this page."));
    }
    if !capability::mail::is_chosen(tx)? {
        return Err(Error::field("address", wish.language.texts().mail_not_offered));
    }
    let confirm = Secret::new(random_token());
    let (confirm_digest, until) = (digest(confirm.expose()), tx.now + CONFIRM_WITHIN);
    let id = match subscribers::find_by_address(tx, wish.kind, key)? {
        Some(row) if row.state == SubscriberState::Active => return Ok(()),
        Some(row) => {
            subscribers::renew_confirm(tx, row.id, &confirm_digest, until)?;
            row.id
        }
        None => {
            let token = Secret::new(random_token());
            let insert = SubscriberInsert {
                kind: wish.kind,
                address: wish.address.trim(),
                address_key: key,
                language: wish.language,
                confirm_digest: Some(&confirm_digest),
                confirm_until: Some(until),
                token_digest: &digest(token.expose()),
                token_sealed: &sealer.seal(TOKEN, &token)?,
                secret_sealed: None,
            };
            subscribers::insert_subscriber(tx, &insert)?
        }
    };
    subscribers::set_choice(tx, id, &choice_of(tx, &wish.components)?)?;
    let payload = json!({ "subscriber": id, "confirm": sealer.seal(CONFIRM, &confirm)? });
    let delivery_key = format!("status:confirm:{id}:{}", &confirm_digest[..16]);
    jobs::post(tx, (id, SubscriberKind::Email), &delivery_key, "Confirmation of a subscription", payload, None)
}

async fn by_webhook(cx: &Cx, wish: Wish, key: String) -> Result<Granted> {
    let known = key.clone();
    let found = cx.read(move |r| Ok((settings::look(r)?, subscribers::find_by_address(r, SubscriberKind::Webhook, &known)?))).await?;
    let (look, existing) = found;
    if !look.takes_subscribers {
        return Err(Error::forbidden("Subscriptions are not offered on this page."));
    }
    if existing.as_ref().is_some_and(|row| !row.has_lost_secret) {
        return Err(Error::field("address", "This webhook is subscribed already; use the link it got to change or end that."));
    }
    let (secret, token) = (send::new_secret(), Secret::new(random_token()));
    let body = json!({ "type": "subscription.verification", "version": 1, "page": { "name": look.name } });
    let request = send::signed_request(WebUrl::parse(&key)?, &secret, token.expose(), cx.now(), &body);
    // What a stranger's address answers is never shown: a refusal tells nothing about what stands there.
    let is_verified = cx.outbound.http.send(request).await.is_ok_and(|answer| answer.is_success());
    if !is_verified {
        return Ok(Granted::Refused);
    }
    let (sealer, sealed) = (cx.sealer.clone(), (secret.clone(), token.clone()));
    cx.write(move |tx| {
        let (secret, token) = &sealed;
        if let Some(row) = existing {
            // It could not be told anything any more; the new one stands for it.
            subscribers::unsubscribe(tx, row.id)?;
        }
        let insert = SubscriberInsert {
            kind: SubscriberKind::Webhook,
            address: &key,
            address_key: &key,
            language: wish.language,
            confirm_digest: None,
            confirm_until: None,
            token_digest: &digest(token.expose()),
            token_sealed: &sealer.seal(TOKEN, token)?,
            secret_sealed: Some(&sealer.seal(SECRET, secret)?),
        };
        let id = subscribers::insert_subscriber(tx, &insert)?;
        subscribers::set_choice(tx, id, &choice_of(tx, &wish.components)?)?;
        subscribers::activate(tx, id)?;
        tx.signal(crate::acts::TOPIC);
        Ok(())
    })
    .await?;
    Ok(Granted::Webhook { secret, token })
}

/// Confirms; gives the token of the subscriber's own page. `None` when the link is old.
pub fn confirm(tx: &mut Tx<'_>, sealer: &Sealer, token: &str) -> Result<Option<(SubscriberRow, Secret)>> {
    let Some(row) = subscribers::find_by_confirm(tx, &digest(token))? else { return Ok(None) };
    subscribers::activate(tx, row.id)?;
    tx.signal(crate::acts::TOPIC);
    let own = sealer.open(TOKEN, &row.token_sealed)?;
    Ok(Some((row, own)))
}

/// The subscriber behind the link of a message, while they are one.
pub fn find(r: &Reader<'_>, token: &str) -> Result<Option<SubscriberRow>> {
    subscribers::find_by_token(r, &digest(token))
}

pub fn choose(tx: &mut Tx<'_>, id: SubscriberId, public_ids: &[String]) -> Result<()> {
    subscribers::set_choice(tx, id, &choice_of(tx, public_ids)?)
}

pub fn leave(tx: &mut Tx<'_>, token: &str) -> Result<()> {
    // A link that names nobody has nothing left to end: the answer is the same.
    if let Some(row) = find(tx, token)? {
        subscribers::unsubscribe(tx, row.id)?;
        tx.signal(crate::acts::TOPIC);
    }
    Ok(())
}

/// So many followers are looked at in one transaction.
const AT_ONCE: u32 = 500;

/// What was sealed with a key file that is gone. A link can be made anew; what signs for a webhook only by who runs it.
pub async fn mend(cx: Cx) {
    let mut after = Some(0);
    while let Some(from) = after {
        let sealer = cx.sealer.clone();
        after = match cx.write(move |tx| mend_some(tx, &sealer, from)).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(error = error.chain(), "the links of subscribers could not be looked through; the next start tries again");
                None
            }
        };
    }
}

/// Gives where to go on.
pub fn mend_some(tx: &mut Tx<'_>, sealer: &Sealer, after: i64) -> Result<Option<i64>> {
    let rows = subscribers::list_after(tx, after, AT_ONCE)?;
    for row in &rows {
        if sealer.open(TOKEN, &row.token_sealed).is_err() {
            let token = Secret::new(random_token());
            subscribers::renew_token(tx, row.id, &digest(token.expose()), &sealer.seal(TOKEN, &token)?)?;
        }
        let is_lost = row.secret_sealed.as_ref().is_some_and(|sealed| sealer.open(SECRET, sealed).is_err());
        if is_lost != row.has_lost_secret {
            subscribers::mark_lost(tx, row.id, is_lost)?;
        }
    }
    Ok(rows.last().map(|row| row.id.0).filter(|_| rows.len() == AT_ONCE as usize))
}

fn choice_of(r: &Reader<'_>, public_ids: &[String]) -> Result<Choice> {
    if public_ids.is_empty() {
        return Ok(Choice::default());
    }
    let known = components::list_components(r)?;
    let chosen: Vec<ComponentId> = known.iter().filter(|row| public_ids.contains(&row.public_id)).map(|row| row.id).collect();
    if chosen.is_empty() {
        return Err(Error::field("component", "These components are gone; please choose again."));
    }
    Ok(Choice { is_selective: true, components: chosen })
}
