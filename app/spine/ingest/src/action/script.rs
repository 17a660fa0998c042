//! What our own script tells: `{"k":key,"v":visitor,"u":user,"s":sent,"e":[{"i":id,"t":"page"|"did"|"who","n":name,"p":{…},"at":ms,"tr":{…}}]}`.
//!
//! Where it names neither visitor nor user, it keeps nothing in the browser: `visitor_of` makes a handle for the day.

use kernel::{Error, Result};

use super::context::Context;
use super::sift::Asked;
use super::told::{self, Object, Told, handle, raw, take_object, text};
use super::{Act, Action};
use crate::raw::Raw;
use crate::reason::Reason;

/// Of one body: the script sends at most some dozens.
const MOST: usize = 500;

pub(crate) fn read(body: &[u8], asked: &Asked, visitor_of: impl FnOnce(Option<&str>) -> String) -> Result<Told> {
    let whole = Raw::checked(body)?;
    let (mut told, mut list, mut head) = (Told::default(), None, Object::new());
    for (name, value) in whole.members() {
        match name {
            b"e" => list = Some(value),
            b"k" => told.key = value.scalar().as_str().map(str::to_owned),
            b"v" | b"u" | b"s" => drop(head.insert(String::from_utf8_lossy(name).into_owned(), value.scalar())),
            _ => {}
        }
    }
    let list = list.filter(|list| list.is_list()).ok_or_else(|| Error::invalid("This is nothing that the script sends."))?;
    let mut base = Action {
        user: handle(&head, "u"),
        visitor: handle(&head, "v"),
        sent_at: told::time(head.get("s")),
        is_client: true,
        ..Action::default()
    };
    if base.user.is_empty() && base.visitor.is_empty() {
        base.visitor = visitor_of(told.key.as_deref());
    }
    for (at, message) in list.elements().enumerate() {
        if at < MOST {
            told.take(message, |message| action(message, base.clone(), asked));
        } else {
            told.lose(Reason::TooMany, 1, message.0.len());
        }
    }
    Ok(told)
}

fn action(mut message: Object, base: Action, asked: &Asked) -> std::result::Result<Action, Reason> {
    let base = Action { id: told::message_id(&message, "i"), at: told::time(message.get("at")), ..base };
    let mut props = take_object(&mut message, "p");
    let mut take = |name: &str| {
        let value = text(&props, name);
        props.remove(name);
        value
    };
    let context = Context { url: take("url"), referrer: take("referrer"), ..Context::default() };
    let name = match text(&message, "t").as_str() {
        "page" => "Page view".to_owned(),
        "did" => told::name(&text(&message, "n")).ok_or(Reason::Malformed)?,
        "who" => return Ok(Action { act: Act::Knew, traits: raw(&take_object(&mut message, "tr")), ..base }),
        "" => return Err(Reason::Malformed),
        _ => return Err(Reason::UnknownType),
    };
    context.with_agent(&asked.agent).fill(&mut props);
    Ok(Action { act: Act::Did, name, props: raw(&props), ..base })
}
