//! Messages of Segment's SDKs and RudderStack's, which speak the same: one by one, or in batches.

use kernel::{Error, Result};
use serde_json::Value;

use super::context::{CAMPAIGN, Context};
use super::sift::Asked;
use super::told::{self, Object, Told, handle, object, raw, take_object, text};
use super::{Act, Action};
use crate::limits;
use crate::raw::Raw;
use crate::reason::Reason;

/// What counts for all messages of a batch that do not say it themselves.
#[derive(Default)]
struct Batch {
    sent_at: Option<i64>,
    context: Object,
}

/// `kind`: as the address names it; `None`: as each message does.
pub(crate) fn read(body: &[u8], kind: Option<&str>, asked: &Asked) -> Result<Told> {
    let whole = Raw::checked(body)?;
    let mut told = Told::default();
    let (mut messages, mut batch) = (None, Batch::default());
    for (name, value) in whole.members() {
        match name {
            b"batch" => messages = Some(value),
            b"writeKey" => told.key = value.scalar().as_str().map(str::to_owned),
            b"sentAt" => batch.sent_at = told::time(Some(&value.scalar())),
            b"context" => batch.context = told::object_of(value).unwrap_or_default(),
            _ => {}
        }
    }
    if messages.is_none() && whole.is_object() {
        told.take(whole, |message| action(message, kind, &Batch::default(), asked));
        return Ok(told);
    }
    let list = messages.unwrap_or(whole);
    if !list.is_list() {
        return Err(not_told());
    }
    let count = list.elements().count();
    if count > limits::MESSAGES {
        told.lose(Reason::TooMany, count as u64, body.len());
        return Ok(told);
    }
    list.elements().for_each(|message| told.take(message, |message| action(message, None, &batch, asked)));
    Ok(told)
}

fn not_told() -> Error {
    Error::invalid("This is no message: neither an object nor a batch of them.")
}

fn action(mut message: Object, kind: Option<&str>, batch: &Batch, asked: &Asked) -> std::result::Result<Action, Reason> {
    let kind = kind.map_or_else(|| text(&message, "type"), str::to_owned);
    let mut context = batch.context.clone();
    context.append(&mut take_object(&mut message, "context"));
    let base = Action {
        id: told::message_id(&message, "messageId"),
        at: told::time(message.get("originalTimestamp").or(message.get("timestamp"))),
        sent_at: told::time(message.get("sentAt")).or(batch.sent_at),
        user: handle(&message, "userId"),
        visitor: handle(&message, "anonymousId"),
        is_client: is_client(&message, &context, asked),
        group: told::group(context.get("groupId")),
        ..Action::default()
    };
    match kind.as_str() {
        "track" => {
            let name = told::name(&text(&message, "event")).ok_or(Reason::Malformed)?;
            Ok(did(base, name, take_object(&mut message, "properties"), &context, asked))
        }
        "page" | "screen" => Ok(seen(base, &kind, message, &context, asked)),
        "identify" => {
            let mut traits = take_object(&mut context, "traits");
            traits.append(&mut take_object(&mut message, "traits"));
            Ok(Action { act: Act::Knew, traits: raw(&traits), ..base })
        }
        "alias" => Ok(Action { act: Act::Linked, previous: handle(&message, "previousId"), ..base }),
        "group" => {
            let group = told::group(message.get("groupId"));
            Ok(Action { act: Act::Joined, group, traits: raw(&take_object(&mut message, "traits")), ..base })
        }
        "" => Err(Reason::Malformed),
        _ => Err(Reason::UnknownType),
    }
}

/// A page or a screen: what the SDK fills in of its address goes the way of the context.
fn seen(base: Action, kind: &str, mut message: Object, context: &Object, asked: &Asked) -> Action {
    let mut props = take_object(&mut message, "properties");
    for name in ["name", "category"] {
        let value = text(&message, name);
        if !value.is_empty() && !props.contains_key(name) {
            props.insert(name.to_owned(), Value::from(value));
        }
    }
    let name = if kind == "page" { "Page view" } else { "Screen view" };
    let mut context = context.clone();
    if kind == "page" {
        let mut page = take_object(&mut context, "page");
        props.remove("search");
        page.extend(["url", "referrer"].into_iter().filter_map(|name| Some((name.to_owned(), props.remove(name)?))));
        context.insert("page".to_owned(), Value::Object(page));
    }
    did(base, name.to_owned(), props, &context, asked)
}

fn did(base: Action, name: String, mut props: Object, context: &Object, asked: &Asked) -> Action {
    let own = text(context, "userAgent");
    let words = if own.is_empty() && base.is_client { &asked.agent } else { &own };
    context_of(context).with_agent(words).fill(&mut props);
    Action { act: Act::Did, name, props: raw(&props), ..base }
}

fn context_of(context: &Object) -> Context {
    let inner = |name: &str| object(context, name).cloned().unwrap_or_default();
    let (page, campaign, screen) = (inner("page"), inner("campaign"), inner("screen"));
    let number = |name: &str| screen.get(name).and_then(Value::as_u64).filter(|number| *number > 0);
    let of_campaign = |name: &'static str| (name, text(&campaign, if name == "campaign" { "name" } else { name }));
    Context {
        url: text(&page, "url"),
        path: text(&page, "path"),
        referrer: text(&page, "referrer"),
        title: text(&page, "title"),
        locale: text(context, "locale"),
        os: text(&inner("os"), "name"),
        device: text(&inner("device"), "type"),
        width: number("width"),
        height: number("height"),
        campaign: CAMPAIGN.map(of_campaign).into(),
        ..Context::default()
    }
}

/// Server programs pass on what a browser told them; so the library and the channel are asked first.
fn is_client(message: &Object, context: &Object, asked: &Asked) -> bool {
    match text(message, "channel").as_str() {
        "server" => return false,
        "web" | "mobile" => return true,
        _ => {}
    }
    let library = object(context, "library").map(|library| text(library, "name")).unwrap_or_default().to_ascii_lowercase();
    const CLIENTS: [&str; 9] = ["analytics.js", "javascript", "ios", "android", "swift", "kotlin", "flutter", "react-native", "unity"];
    if library.is_empty() { asked.is_from_page } else { CLIENTS.iter().any(|name| library.contains(name)) }
}
