//! The sender `alerts.send`: decides whether a notice still needs saying, packs it for its channel, sends it, and reads the answer.
//! 2xx is done; 408, 425, 429, 5xx and network trouble are tried again; 410 switches the channel off; everything else is dead at once.

use std::time::Duration;

use capability::Cx;
use db::{Reader, Tx};
use http::Method;
use kernel::ids::{ChannelId, DeliveryId};
use kernel::{Error, Kind, Result, Sealer, Time};
use outbound::{Answer, HttpFailure, MailRoute, Message, Reach, Request, SmsSender, Text, is_worth_retrying, retry_after};
use serde::Deserialize;
use work::{Delivery, Sent};

use crate::ack;
use crate::alert::{Alert, AlertState};
use crate::channel::config::{Config, LOST};
use crate::channel::{Call, Channel, ChannelKind, Letter, Parcel, Sms, pack, pagerduty};
use crate::engine::{Desk, take};
use crate::ids::NoticeId;
use crate::notice::{self, Link, Notice, NoticeKind};
use crate::store::notices::{NoticeRow, NoticeState};
use crate::store::{alerts, channels, notices};

/// After so many failed attempts (about a minute) the owner is told by another channel.
const LATE_ATTEMPT: u32 = 4;

#[derive(Deserialize)]
struct Payload {
    notice: NoticeId,
}

/// What is to be done with a delivery.
enum Plan {
    Send(Box<Package>),
    /// Nobody can be reached with it as it stands.
    Broken {
        row: NoticeRow,
        channel: ChannelId,
        why: String,
    },
    /// Not needed any more.
    Skip {
        notice: Option<NoticeId>,
        why: &'static str,
    },
}

struct Package {
    row: NoticeRow,
    notice: Notice,
    channel: Channel,
    config: Config,
    /// For mail only; `None` while no route is chosen.
    route: Option<MailRoute>,
}

pub async fn send(cx: Cx, delivery: Delivery) -> Sent {
    match deliver(&cx, &delivery).await {
        Ok(sent) => sent,
        // Ours, not the receiver's: worth another try.
        Err(error) => {
            tracing::warn!(delivery.id = delivery.id.0, error = error.chain(), "a notice could not be prepared");
            Sent::Retry { reason: error.public_message().to_owned(), code: None, after: None }
        }
    }
}

async fn deliver(cx: &Cx, delivery: &Delivery) -> Result<Sent> {
    let payload: Payload =
        serde_json::from_value(delivery.payload.clone()).map_err(|error| Error::internal("reading a delivery's payload").because(error))?;
    let sealer = cx.sealer.clone();
    let package = match cx.read(move |r| plan(r, &sealer, payload.notice)).await? {
        Plan::Send(package) => package,
        Plan::Skip { notice, why } => {
            cx.write(move |tx| notice.map_or(Ok(()), |id| notices::set_state(tx, id, NoticeState::Superseded))).await?;
            return Ok(Sent::Done { code: None, provider_id: Some(why.to_owned()) });
        }
        // It waits until somebody mends the channel, and whoever can be reached hears of that.
        Plan::Broken { row, channel, why } => {
            let sent = Sent::Retry { reason: why, code: None, after: Some(Duration::from_secs(300)) };
            return record(cx, Noted { row, channel, outcome: sent.into(), attempt: delivery.attempt, delivery: delivery.id }).await;
        }
    };
    let notice = with_link(cx, &package)?.sent_at(cx.now());
    let outcome = dispatch(cx, &package, &notice).await?;
    let (row, channel) = (package.row, package.channel.id);
    record(cx, Noted { row, channel, outcome, attempt: delivery.attempt, delivery: delivery.id }).await
}

async fn record(cx: &Cx, noted: Noted) -> Result<Sent> {
    let (desk, sent) = (Desk::of(cx), noted.outcome.sent.clone());
    cx.write(move |tx| note(tx, &desk, &noted)).await?;
    Ok(sent)
}

/// What is needed to reach the channel, or one sentence on why nobody is.
fn equip(r: &Reader<'_>, sealer: &Sealer, channel: &Channel) -> Result<Result<(Config, Option<MailRoute>), String>> {
    let Some(values) = channels::find_values(r, sealer, channel.id)? else { return Ok(Err(LOST.to_owned())) };
    let config = Config::from_values(channel.kind, &values)?;
    if channel.kind != ChannelKind::Email {
        return Ok(Ok((config, None)));
    }
    match capability::mail::route(r, sealer) {
        Ok(route) => Ok(Ok((config, route))),
        // A password that must be entered again, or an address that is missing.
        Err(error) if error.kind != Kind::Internal => Ok(Err(error.message().to_owned())),
        Err(error) => Err(error),
    }
}

fn plan(r: &Reader<'_>, sealer: &Sealer, id: NoticeId) -> Result<Plan> {
    let skip = |notice, why| Ok(Plan::Skip { notice, why });
    let Some((row, notice)) = notices::find(r, id)? else { return skip(None, "the alert was removed") };
    if row.state == NoticeState::Sent {
        return skip(None, "sent before");
    }
    let Some(channel) = channels::find(r, row.channel)?.filter(|channel| channel.is_enabled) else {
        return skip(Some(id), "the channel is switched off");
    };
    let alert = row.alert.map_or(Ok(None), |alert| alerts::find(r, alert))?;
    let notice = match &alert {
        None => notice,
        Some(alert) => {
            let on_channel = notices::list_on_channel(r, alert.id, channel.id)?;
            match still_needed(alert, &row, &channel, &on_channel) {
                Need::Not(why) => return skip(Some(id), why),
                Need::Merged => notice::merged(notice, alert.topic, &alert.subject),
                Need::AsItIs => notice,
            }
        }
    };
    Ok(match equip(r, sealer, &channel)? {
        Ok((config, route)) => Plan::Send(Box::new(Package { row, notice, channel, config, route })),
        Err(why) => Plan::Broken { row, channel: channel.id, why },
    })
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Need {
    AsItIs,
    /// The ending alone tells both.
    Merged,
    Not(&'static str),
}

/// A notice is judged when it is sent, not when it was posted: an hour may lie between the two.
pub(crate) fn still_needed(alert: &Alert, row: &NoticeRow, channel: &Channel, on_channel: &[NoticeRow]) -> Need {
    if channel.kind == ChannelKind::Pagerduty {
        return Need::AsItIs; // Its incident is made of beginning and ending; it deduplicates by itself.
    }
    let is_over = alert.state == AlertState::Resolved && on_channel.iter().any(|other| other.kind.is_ending());
    if row.kind.is_beginning() && is_over {
        return Need::Not("overtaken by its recovery");
    }
    if matches!(row.kind, NoticeKind::Reminder | NoticeKind::Escalated) && alert.state != AlertState::Open {
        return Need::Not("somebody has acknowledged");
    }
    let was_told = on_channel.iter().any(|other| other.kind.is_beginning() && other.state == NoticeState::Sent);
    if row.kind.is_ending() && !was_told { Need::Merged } else { Need::AsItIs }
}

/// Beginnings carry a link to acknowledge. It is made for each attempt, so that a delayed one is not expired on arrival.
fn with_link(cx: &Cx, package: &Package) -> Result<Notice> {
    let mut notice = package.notice.clone();
    if let Some(alert) = package.row.alert.filter(|_| notice.kind.may_be_acknowledged()) {
        let url = cx.link(&format!("/alerts/ack/{}", ack::token(&cx.sealer, alert, cx.now())?));
        notice.links.push(Link { label: "Acknowledge".to_owned(), url });
    }
    Ok(notice)
}

/// What became of one attempt.
#[derive(Debug, Clone)]
struct Outcome {
    sent: Sent,
    /// Letters that are out, for the next attempt.
    progress: u32,
    is_gone: bool,
    /// Said on the channel's page although the notice counts as sent: one of several recipients refused it.
    complaint: Option<String>,
}

impl From<Sent> for Outcome {
    fn from(sent: Sent) -> Self {
        Self { sent, progress: 0, is_gone: false, complaint: None }
    }
}

async fn dispatch(cx: &Cx, package: &Package, notice: &Notice) -> Result<Outcome> {
    match pack(&package.config, notice, cx.now())? {
        Parcel::Call(call) => Ok(post(cx, call).await),
        Parcel::Text(text) => Ok(Outcome::from(text_message(cx, text).await)),
        Parcel::Mails(letters) => Ok(mails(cx, package, &letters).await),
    }
}

async fn post(cx: &Cx, call: Call) -> Outcome {
    let origin = call.url.origin();
    let mut request = Request::new(Method::POST, call.url, Reach::Webhook);
    request.headers = call.headers;
    request.body = call.body;
    read_answer(&origin, cx.outbound.http.send(request).await, cx.now())
}

fn read_answer(origin: &str, answer: Result<Answer, HttpFailure>, now: Time) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) if failure.is_permanent() => return Sent::Dead { reason: failure.message, code: None }.into(),
        Err(failure) => return Sent::Retry { reason: failure.message, code: None, after: None }.into(),
    };
    let code = Some(answer.code);
    if answer.is_success() {
        return Sent::Done { code, provider_id: None }.into();
    }
    let reason = format!("{origin} answered {}: {}", answer.code, answer.excerpt(200));
    if is_worth_retrying(answer.code) {
        return Sent::Retry { reason, code, after: retry_after(&answer, now) }.into();
    }
    Outcome { is_gone: answer.code == 410, ..Sent::Dead { reason, code }.into() }
}

async fn text_message(cx: &Cx, sms: Sms) -> Sent {
    let sender = if sms.from.starts_with("MG") { SmsSender::Service(sms.from) } else { SmsSender::From(sms.from) };
    let text = Text {
        api_base: sms.api_base,
        account_sid: sms.account_sid,
        api_key_sid: None,
        auth: sms.auth,
        sender,
        to: sms.to,
        body: sms.body,
    };
    match cx.outbound.sms.send(&text).await {
        Ok(receipt) => Sent::Done { code: Some(receipt.code), provider_id: Some(receipt.sid) },
        Err(failure) if failure.permanent => Sent::Dead { reason: failure.message, code: failure.code },
        Err(failure) => Sent::Retry { reason: failure.message, code: failure.code, after: failure.retry_after },
    }
}

/// One letter after the other; those that are out stay out when a later one must be tried again.
async fn mails(cx: &Cx, package: &Package, letters: &[Letter]) -> Outcome {
    let Some(route) = &package.route else {
        let reason = "Hermetic has no way to send mail yet. Choose one under Settings, Mail.".to_owned();
        return Sent::Retry { reason, code: None, after: Some(Duration::from_secs(300)) }.into();
    };
    let (mut progress, mut refused, mut last) = (package.row.progress, None, None);
    for letter in letters.iter().skip(usize::try_from(progress).unwrap_or(0)) {
        match cx.outbound.mail.send(route, &message(letter)).await {
            Ok(receipt) => last = Some(receipt),
            // Resend's word for: this letter went out before, with the words of an earlier attempt.
            Err(failure) if failure.code == Some(409) && failure.permanent => {}
            Err(failure) if failure.permanent => refused = Some(failure),
            Err(failure) => {
                let sent = Sent::Retry { reason: failure.message, code: failure.code, after: failure.retry_after };
                return Outcome { progress, ..sent.into() };
            }
        }
        progress += 1;
    }
    match (refused, last) {
        (Some(failure), None) => Outcome { progress, ..Sent::Dead { reason: failure.message, code: failure.code }.into() },
        (refused, receipt) => {
            let (code, provider_id) = receipt.map_or((None, None), |receipt| (receipt.code, receipt.provider_id));
            Outcome { progress, complaint: refused.map(|failure| failure.message), ..Sent::Done { code, provider_id }.into() }
        }
    }
}

fn message(letter: &Letter) -> Message {
    Message {
        from: None,
        to: letter.to.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        html: Some(letter.html.clone()),
        headers: letter.headers.clone(),
        message_id: letter.message_id.clone(),
    }
}

struct Noted {
    row: NoticeRow,
    channel: ChannelId,
    outcome: Outcome,
    attempt: u32,
    delivery: DeliveryId,
}

/// What the attempt means for the notice, the channel, and the alert about the channel.
fn note(tx: &mut Tx<'_>, desk: &Desk, noted: &Noted) -> Result<()> {
    let (row, channel) = (&noted.row, noted.channel);
    if noted.outcome.progress > row.progress {
        notices::set_progress(tx, row.id, noted.outcome.progress)?;
    }
    match &noted.outcome.sent {
        Sent::Done { code, .. } => {
            notices::set_state(tx, row.id, NoticeState::Sent)?;
            channels::note_sent(tx, channel, *code)?;
            match &noted.outcome.complaint {
                Some(complaint) => channels::note_failed(tx, channel, *code, complaint),
                None => take::channel_well(tx, desk, channel),
            }
        }
        Sent::Retry { reason, code, .. } => {
            channels::note_failed(tx, channel, *code, reason)?;
            if noted.attempt >= LATE_ATTEMPT { take::channel_late(tx, channel, noted.delivery, reason) } else { Ok(()) }
        }
        Sent::Dead { reason, code } => {
            notices::set_state(tx, row.id, NoticeState::Dead)?;
            channels::note_failed(tx, channel, *code, reason)?;
            if noted.outcome.is_gone {
                channels::set_enabled(tx, channel, false, "The receiver answered 410: it is gone for good. Please set it up again.")?;
            }
            Ok(())
        }
    }
}

/// What a person sees after "Send test".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    pub is_sent: bool,
    pub sentence: String,
}

/// Sends a test over the real way, past the queue: a backlog is often the very reason for the test.
pub async fn test(cx: &Cx, id: ChannelId, member: &str) -> Result<Tested> {
    let (sealer, desk, member) = (cx.sealer.clone(), Desk::of(cx), member.to_owned());
    let (equipped, notice) = cx
        .read(move |r| {
            let channel = channels::find(r, id)?.ok_or_else(|| Error::not_found("channel"))?;
            let equipped = equip(r, &sealer, &channel)?;
            let key = format!("test:{id}:{}", kernel::ids::random_public_id());
            Ok((equipped, notice::test(&channel.name, &member, &desk.voice(r)?, key)))
        })
        .await?;
    let outcome = match equipped {
        Ok((config, route)) => try_out(cx, &config, route.as_ref(), &notice).await?,
        Err(why) => Sent::Dead { reason: why, code: None }.into(),
    };
    let (sent, desk) = (outcome.sent.clone(), Desk::of(cx));
    cx.write(move |tx| match &sent {
        Sent::Done { code, .. } => {
            channels::note_sent(tx, id, *code)?;
            take::channel_well(tx, &desk, id)
        }
        Sent::Retry { reason, code, .. } | Sent::Dead { reason, code } => channels::note_failed(tx, id, *code, reason),
    })
    .await?;
    Ok(tested(&outcome.sent))
}

async fn try_out(cx: &Cx, config: &Config, route: Option<&MailRoute>, notice: &Notice) -> Result<Outcome> {
    let outcome = match pack(config, notice, cx.now())? {
        Parcel::Call(call) => post(cx, call).await,
        Parcel::Text(text) => text_message(cx, text).await.into(),
        Parcel::Mails(letters) => test_mails(cx, route, &letters).await,
    };
    if let (Config::Pagerduty(config), Sent::Done { .. }) = (config, &outcome.sent) {
        post(cx, pagerduty::end_test(config, notice)?).await;
    }
    Ok(outcome)
}

async fn test_mails(cx: &Cx, route: Option<&MailRoute>, letters: &[Letter]) -> Outcome {
    let Some(route) = route else {
        return Sent::Dead { reason: "Hermetic has no way to send mail yet. Choose one under Settings, Mail.".to_owned(), code: None }
            .into();
    };
    let mut last = None;
    for letter in letters {
        match cx.outbound.mail.send(route, &message(letter)).await {
            Ok(receipt) => last = receipt.code,
            Err(failure) => return Sent::Dead { reason: failure.message, code: failure.code }.into(),
        }
    }
    Sent::Done { code: last, provider_id: None }.into()
}

fn tested(sent: &Sent) -> Tested {
    match sent {
        Sent::Done { code, .. } => {
            let code = code.map(|code| format!(" (answer {code})")).unwrap_or_default();
            Tested { is_sent: true, sentence: format!("The test was delivered{code}. Please look whether it arrived.") }
        }
        Sent::Retry { reason, .. } | Sent::Dead { reason, .. } => {
            Tested { is_sent: false, sentence: format!("The test was not delivered. {reason}") }
        }
    }
}
