//! Sections of `hermetic apply`: `[[channels]]` and `[[rules]]` here, `[[policies]]` and `[[quiet_hours]]` in [`calm`]. Entries are found by name or by
//! key; what the file does not name stays.

mod calm;

pub use calm::{Policies, Quiet};

use capability::{Apply, ApplyContext, Change, Verb};
use db::{Reader, Tx};
use kernel::{Error, Result, Sealer};
use serde::de::DeserializeOwned;

use crate::channel::{Channel, ChannelKind, Values};
use crate::manage::{
    ChannelDoc, CheckedChannel, RuleDoc, checked_channel, find_policy, find_targets, merged_rule, rule_doc, save_channel, save_rule,
};
use crate::rule::AlertRule;
use crate::store::{channels, rules};

pub struct Channels;
pub struct Rules;

impl Apply for Channels {
    fn section(&self) -> &'static str {
        "channels"
    }

    fn plan(&self, r: &Reader<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        entries::<ChannelDoc>(section, self.section())?.iter().map(|doc| Ok(plan_channel(r, context.sealer, doc)?.0)).collect()
    }

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for doc in entries::<ChannelDoc>(section, self.section())? {
            let (change, before, checked) = plan_channel(tx, context.sealer, &doc)?;
            if change.verb != Verb::Keep {
                save_channel(tx, before.as_ref(), &checked)?;
            }
            changes.push(change);
        }
        Ok(changes)
    }
}

impl Apply for Rules {
    fn section(&self) -> &'static str {
        "rules"
    }

    fn plan(&self, r: &Reader<'_>, _: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        entries::<RuleDoc>(section, self.section())?.into_iter().map(|doc| plan_only(r, doc)).collect()
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        rules::seed(tx)?;
        let mut changes = Vec::new();
        for doc in entries::<RuleDoc>(section, self.section())? {
            let (change, rule) = plan_rule(tx, &doc)?;
            if change.verb != Verb::Keep {
                save_rule(tx, &rule)?;
            }
            changes.push(change);
        }
        Ok(changes)
    }
}

fn entries<T: DeserializeOwned>(section: &toml::Value, name: &str) -> Result<Vec<T>> {
    let list = section.as_array().ok_or_else(|| Error::invalid(format!("“{name}” is a list: write [[{name}]].")))?;
    let read = |(position, entry): (usize, &toml::Value)| {
        entry
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| Error::invalid(format!("[[{name}]] number {}: {}", position + 1, error.message())))
    };
    list.iter().enumerate().map(read).collect()
}

fn named<T>(result: Result<T>, what: &str) -> Result<T> {
    result.map_err(|error| {
        let fields: Vec<String> = error.field_errors().iter().map(|field| format!("{}: {}", field.field, field.message)).collect();
        let sentence = if fields.is_empty() { error.message().to_owned() } else { fields.join(" ") };
        Error::new(error.kind, format!("{what}: {sentence}"))
    })
}

fn plan_channel(r: &Reader<'_>, sealer: &Sealer, doc: &ChannelDoc) -> Result<(Change, Option<Channel>, CheckedChannel)> {
    let name = doc.name.clone().ok_or_else(|| Error::invalid("Each of [[channels]] needs a name."))?;
    let what = format!("channel {name}");
    let before = channels::find_by_name(r, name.trim())?;
    let checked = named(checked_channel(r, sealer, before.as_ref(), doc, false), &what)?;
    let Some(channel) = &before else {
        let is_secret_ours = checked.stored.kind == ChannelKind::Webhook && !doc.values.contains_key("secret");
        let note = if is_secret_ours { ", with a signing secret made here; set “secret” in the file to know it" } else { "" };
        let detail = format!("{}{note}", checked.stored.kind.label());
        return Ok((Change { verb: Verb::Create, what, detail }, before, checked));
    };
    let old = channels::find_values(r, sealer, channel.id)?.unwrap_or_default();
    let mut differs = differing(&old, &checked.values);
    if channel.takes != checked.stored.takes {
        differs.push("takes".to_owned());
    }
    if channel.is_enabled != checked.is_enabled {
        differs.push("enabled".to_owned());
    }
    let verb = if differs.is_empty() { Verb::Keep } else { Verb::Update };
    Ok((Change { verb, what, detail: differs.join(", ") }, before, checked))
}

/// Names of fields, never their values: most are secrets.
fn differing(old: &Values, new: &Values) -> Vec<String> {
    let mut names: Vec<String> = new.iter().filter(|(name, value)| old.get(*name) != Some(*value)).map(|(name, _)| name.clone()).collect();
    names.extend(old.keys().filter(|name| !new.contains_key(*name)).cloned());
    names
}

fn plan_rule(r: &Reader<'_>, doc: &RuleDoc) -> Result<(Change, AlertRule)> {
    let key = doc.key.clone().ok_or_else(|| Error::invalid("Each of [[rules]] needs a key, such as \"disk\"."))?;
    let what = format!("rule {key}");
    let shipped = || crate::shipped::rules().into_iter().find(|rule| rule.key == key);
    // Before the first start the shipped rules are not stored yet; a file may change them all the same.
    let before = rules::find_by_key(r, &key)?.or_else(shipped);
    let rule = named(merged_rule(r, before.as_ref(), doc), &what)?;
    let Some(before) = before else {
        return Ok((Change { verb: Verb::Create, what, detail: rule.name.clone() }, rule));
    };
    let verb = if before == rule { Verb::Keep } else { Verb::Update };
    let detail = if verb == Verb::Keep { String::new() } else { changed_fields(&rule_doc(r, &before)?, &rule_doc(r, &rule)?) };
    Ok((Change { verb, what, detail }, rule))
}

/// A channel or a policy that the same file is about to make does not exist yet when its rules are planned.
fn plan_only(r: &Reader<'_>, mut doc: RuleDoc) -> Result<Change> {
    let mut coming = Vec::new();
    if let Some(names) = doc.channels.take() {
        let mut known = Vec::new();
        for name in names {
            let is_known = find_targets(r, std::slice::from_ref(&name)).is_ok();
            if is_known { known.push(name) } else { coming.push(name) }
        }
        doc.channels = Some(known);
    }
    let later = doc.policy.take_if(|name| !name.is_empty() && find_policy(r, name).is_err());
    let (mut change, _) = plan_rule(r, &doc)?;
    if let Some(policy) = later {
        change.verb = if change.verb == Verb::Keep { Verb::Update } else { change.verb };
        change.detail =
            format!("{}; escalates by {policy}, which must be a policy by then", change.detail).trim_start_matches("; ").to_owned();
    }
    if !coming.is_empty() {
        change.verb = if change.verb == Verb::Keep { Verb::Update } else { change.verb };
        change.detail =
            format!("{}; tells {}, which must be a channel by then", change.detail, coming.join(", ")).trim_start_matches("; ").to_owned();
    }
    Ok(change)
}

fn changed_fields(old: &RuleDoc, new: &RuleDoc) -> String {
    let (Ok(serde_json::Value::Object(old)), Ok(serde_json::Value::Object(new))) = (serde_json::to_value(old), serde_json::to_value(new))
    else {
        return String::new();
    };
    new.iter().filter(|(name, value)| old.get(*name) != Some(*value)).map(|(name, _)| name.clone()).collect::<Vec<_>>().join(", ")
}
