//! Which of the actions that a body told are kept: those of somebody, by a person, who does not ask not to be followed. Each other one is
//! counted with its reason.

use http::HeaderMap;
use http::header::{ORIGIN, USER_AGENT};

use super::told::Told;
use super::{Act, Action, Actions, OptOut};
use crate::carried::{Carried, Thing};
use crate::limits;
use crate::reason::Reason;
use crate::{Kind, agent};

/// What the head of a request says that counts for all its actions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// The browser's own words, to be read and not to be kept.
    pub agent: String,
    pub is_from_page: bool,
    pub is_bot: bool,
    /// The browser asks not to be followed.
    pub asks_out: bool,
    pub opt_out: OptOut,
}

impl Asked {
    pub fn of(headers: &HeaderMap, opt_out: OptOut) -> Asked {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
        let agent = text(USER_AGENT.as_str());
        Asked {
            is_bot: agent::is_bot(agent),
            agent: kernel::text::shorten(agent, 512),
            is_from_page: headers.contains_key(ORIGIN),
            asks_out: text("sec-gpc") == "1" || text("dnt") == "1",
            opt_out,
        }
    }
}

/// What is carried further: one item of all that is kept, and the counts of the rest.
pub(crate) fn sift(told: Told, asked: &Asked) -> Carried<'static> {
    let Told { actions, mut drops, .. } = told;
    let names_user = actions.iter().any(|action| !action.user.is_empty());
    let mut items = Vec::with_capacity(actions.len());
    for action in actions {
        match verdict(&action, asked, names_user) {
            None => items.push(action),
            Some((reason, size)) => drops.drop(Kind::Actions.category(), reason, 1, size),
        }
    }
    let count = items.len() as u64;
    let mut carried = Carried { drops, ..Carried::default() };
    if count == 0 {
        return carried;
    }
    match serde_json::to_vec(&Actions { items }) {
        Ok(payload) => carried.things.push(Thing::new(Kind::Actions, payload)),
        Err(_) => carried.drops.drop(Kind::Actions.category(), Reason::Failed, count, 0),
    }
    carried
}

fn verdict(action: &Action, asked: &Asked, names_user: bool) -> Option<(Reason, usize)> {
    let size = size(action);
    let reason = if action.is_client && asked.is_bot {
        Reason::Bot
    } else if is_nobodys(action) {
        Reason::Nobody
    } else if is_opted_out(asked, names_user) {
        Reason::OptedOut
    } else if size > limits::ACTION {
        Reason::TooLarge
    } else {
        return None;
    };
    Some((reason, size))
}

/// A company may be told of without a person.
fn is_nobodys(action: &Action) -> bool {
    let has_person = !action.user.is_empty() || !action.visitor.is_empty();
    match action.act {
        Act::Joined => action.group.is_empty(),
        Act::Linked => !has_person || action.previous.is_empty(),
        Act::Did | Act::Knew => !has_person,
    }
}

fn is_opted_out(asked: &Asked, names_user: bool) -> bool {
    asked.asks_out
        && match asked.opt_out {
            OptOut::All => true,
            OptOut::Anonymous => !names_user,
            OptOut::Ignore => false,
        }
}

fn size(action: &Action) -> usize {
    let open = [&action.props, &action.traits, &action.first_traits].into_iter().flatten();
    action.name.len() + open.map(|value| value.get().len()).sum::<usize>()
}
