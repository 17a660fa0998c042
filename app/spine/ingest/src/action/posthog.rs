//! Events of PostHog's SDKs, in each form they have had: a batch, one event, a bare list.

use kernel::{Error, Result};
use serde_json::Value;

use super::context::{CAMPAIGN, Context};
use super::sift::Asked;
use super::told::{self, Object, Told, handle, object, raw, take_object, text};
use super::{Act, Action};
use crate::raw::Raw;
use crate::reason::Reason;
use crate::{Kind, limits};

pub(crate) fn read(body: &[u8], asked: &Asked) -> Result<Told> {
    let whole = Raw::checked(body)?;
    let (mut told, mut batch, mut sent_at) = (Told::default(), None, None);
    for (name, value) in whole.members() {
        match name {
            b"batch" => batch = Some(value),
            b"api_key" | b"token" => told.key = value.scalar().as_str().map(str::to_owned).or(told.key),
            b"sent_at" => sent_at = told::time(Some(&value.scalar())),
            _ => {}
        }
    }
    match batch.unwrap_or(whole) {
        list if list.is_list() => take_all(&mut told, list, sent_at, asked),
        _ if batch.is_none() && whole.is_object() => take_one(&mut told, whole, sent_at, asked),
        _ => return Err(Error::invalid("This is no event: neither an object nor a list of them.")),
    }
    Ok(told)
}

fn take_all(told: &mut Told, list: Raw<'_>, sent_at: Option<i64>, asked: &Asked) {
    for (at, message) in list.elements().enumerate() {
        if at < limits::ENTRIES { take_one(told, message, sent_at, asked) } else { told.lose(Reason::TooMany, 1, message.0.len()) }
    }
}

/// A recording is counted as one, however large it is: nothing is built of it.
fn take_one(told: &mut Told, message: Raw<'_>, sent_at: Option<i64>, asked: &Asked) {
    let name = member(message, b"event").map(Raw::scalar).unwrap_or_default();
    if told.key.is_none() {
        told.key = key_of(message);
    }
    match name.as_str() {
        Some("$snapshot") => told.drops.drop(Kind::ReplayRecording.category(), Reason::UnknownType, 1, message.0.len()),
        Some(name) if name.starts_with("$$") => told.lose(Reason::UnknownType, 1, message.0.len()),
        _ => told.take(message, |message| action(message, sent_at, asked)),
    }
}

fn key_of(message: Raw<'_>) -> Option<String> {
    let own = ["api_key", "token"].into_iter().find_map(|name| member(message, name.as_bytes()));
    let found = own.or_else(|| member(member(message, b"properties")?, b"token"))?;
    found.scalar().as_str().map(str::to_owned)
}

fn member<'b>(object: Raw<'b>, wanted: &[u8]) -> Option<Raw<'b>> {
    object.members().find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

fn action(mut message: Object, sent_at: Option<i64>, asked: &Asked) -> std::result::Result<Action, Reason> {
    let event = text(&message, "event");
    let mut props = take_object(&mut message, "properties");
    let own = handle(&message, "distinct_id");
    let distinct = if own.is_empty() { handle(&props, "distinct_id") } else { own };
    let mut set = take_object(&mut props, "$set");
    set.append(&mut take_object(&mut message, "$set"));
    let mut first = take_object(&mut props, "$set_once");
    first.append(&mut take_object(&mut message, "$set_once"));
    let is_client = is_client(&props, asked);
    let is_user = is_user(&props);
    let base = Action {
        id: told::message_id(&message, "uuid"),
        at: told::time(message.get("timestamp").or(props.get("timestamp"))),
        sent_at: told::time(message.get("sent_at")).or(sent_at),
        user: if is_user { distinct.clone() } else { String::new() },
        visitor: if is_user { String::new() } else { distinct.clone() },
        is_client,
        group: object(&props, "$groups").map(group_of).unwrap_or_default(),
        traits: raw(&traits(set)),
        first_traits: raw(&traits(first)),
        ..Action::default()
    };
    match event.as_str() {
        "" => Err(Reason::Malformed),
        "$identify" => Ok(Action { act: Act::Knew, user: distinct, visitor: handle(&props, "$anon_distinct_id"), ..base }),
        "$set" => Ok(Action { act: Act::Knew, ..base }),
        "$create_alias" | "$merge_dangerously" => {
            let (previous, is_forced) = (handle(&props, "alias"), event == "$merge_dangerously");
            Ok(Action { act: Act::Linked, user: distinct, visitor: String::new(), previous, is_forced, ..base })
        }
        "$groupidentify" => Ok(joined(base, &mut props)),
        _ => did(base, &event, props, asked),
    }
}

/// Servers name the company itself as who did it, where they know of no person: `$company_org_7`.
fn joined(base: Action, props: &mut Object) -> Action {
    let (kind, group) = (text(props, "$group_type"), told::group(props.get("$group_key")));
    let made_up = format!("${kind}_{group}");
    let is_person = |handle: String| if handle == made_up { String::new() } else { handle };
    let traits = raw(&take_object(props, "$group_set"));
    Action { act: Act::Joined, group, traits, first_traits: None, user: is_person(base.user), visitor: is_person(base.visitor), ..base }
}

fn did(base: Action, event: &str, mut props: Object, asked: &Asked) -> std::result::Result<Action, Reason> {
    let name = name_of(event, &props).ok_or(Reason::Malformed)?;
    let context = context_of(&props).with_agent(if base.is_client { &asked.agent } else { "" });
    let kept = [("$screen_name", "name"), ("$el_text", "text"), ("$feature_flag", "flag"), ("$feature_flag_response", "answer")];
    let kept: Vec<(String, Value)> = kept.into_iter().filter_map(|(from, to)| Some((to.to_owned(), props.remove(from)?))).collect();
    props.retain(|name, value| !name.starts_with('$') && !value.is_null() && !is_protocols(name));
    for (name, value) in kept {
        props.entry(name).or_insert(value);
    }
    context.fill(&mut props);
    Ok(Action { act: Act::Did, name, props: raw(&props), ..base })
}

/// What the SDK puts beside the program's own: the key, and what advertisers call a click.
fn is_protocols(name: &str) -> bool {
    const CLICKS: [&str; 12] =
        ["fbclid", "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "msclkid", "twclid", "ttclid", "igshid", "li_fat_id", "mc_cid"];
    matches!(name, "token" | "distinct_id" | "timestamp") || CLICKS.contains(&name)
}

fn name_of(event: &str, props: &Object) -> Option<String> {
    let known = match event {
        "$pageview" => "Page view",
        "$pageleave" => "Page leave",
        "$screen" => "Screen view",
        "$autocapture" => match text(props, "$event_type").as_str() {
            "submit" => "Form submit",
            "change" => "Form change",
            _ => "Click",
        },
        "$rageclick" => "Rage click",
        "$dead_click" => "Dead click",
        _ => "",
    };
    if !known.is_empty() {
        return Some(known.to_owned());
    }
    let Some(word) = event.strip_prefix('$') else { return told::name(event) };
    // `$feature_flag_called`: as a person would write it.
    let mut letters = word.chars();
    let first = letters.next()?.to_uppercase();
    told::name(&first.chain(letters).collect::<String>().replace('_', " "))
}

fn context_of(props: &Object) -> Context {
    let word = |name: &str| Some(text(props, name)).filter(|word| word != "$direct").unwrap_or_default();
    let number = |name: &str| props.get(name).and_then(Value::as_u64);
    Context {
        url: word("$current_url"),
        path: word("$pathname"),
        referrer: word("$referrer"),
        title: word("title"),
        locale: [word("$browser_language"), word("$locale")].into_iter().find(|word| !word.is_empty()).unwrap_or_default(),
        browser: word("$browser"),
        os: word("$os"),
        device: word("$device_type"),
        width: number("$screen_width"),
        height: number("$screen_height"),
        campaign: CAMPAIGN.map(|name| (name, word(&format!("utm_{name}")))).into(),
    }
}

/// The company, where there is one; else the first group that is named.
fn group_of(groups: &Object) -> String {
    let named = ["company", "organization", "organisation", "team"].into_iter().find_map(|kind| groups.get(kind));
    told::group(named.or_else(|| groups.values().next()))
}

/// What the SDK found out about the first visit is no trait of a person.
fn traits(mut set: Object) -> Object {
    set.retain(|name, value| !value.is_null() && (!name.starts_with('$') || matches!(name.as_str(), "$email" | "$name")));
    set
}

fn is_client(props: &Object, asked: &Asked) -> bool {
    const CLIENTS: [&str; 7] = ["web", "js", "posthog-js", "posthog-ios", "posthog-android", "posthog-react-native", "posthog-flutter"];
    let library = text(props, "$lib");
    if library.is_empty() { asked.is_from_page } else { CLIENTS.contains(&library.as_str()) }
}

/// Servers do not say it, and name whom they know.
fn is_user(props: &Object) -> bool {
    match props.get("$is_identified").and_then(Value::as_bool) {
        Some(is_identified) => is_identified,
        None => props.get("$process_person_profile").and_then(Value::as_bool) != Some(false),
    }
}
