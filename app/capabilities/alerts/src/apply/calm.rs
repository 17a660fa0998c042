//! Sections `[[policies]]` and `[[quiet_hours]]`: policies are found by name; the windows listed for a channel are all it has.

use capability::{Apply, ApplyContext, Change, Verb};
use db::{Reader, Tx};
use kernel::{Error, Result};

use super::{entries, named};
use crate::ids::QuietId;
use crate::manage::find_targets;
use crate::manage::policies::{PolicyDoc, merged_policy, policy_doc, save_policy};
use crate::manage::quiet::{QuietDoc, add_quiet, checked_quiet, find_channel};
use crate::policy::NotifyPolicy;
use crate::quiet::QuietHours;
use crate::store::{channels, policies, quiet};

pub struct Policies;
pub struct Quiet;

impl Apply for Policies {
    fn section(&self) -> &'static str {
        "policies"
    }

    fn plan(&self, r: &Reader<'_>, _: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        entries::<PolicyDoc>(section, self.section())?.into_iter().map(|doc| plan_only(r, doc)).collect()
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for doc in entries::<PolicyDoc>(section, self.section())? {
            let (change, policy) = plan_policy(tx, &doc)?;
            if change.verb != Verb::Keep {
                save_policy(tx, &policy)?;
            }
            changes.push(change);
        }
        Ok(changes)
    }
}

fn plan_policy(r: &Reader<'_>, doc: &PolicyDoc) -> Result<(Change, NotifyPolicy)> {
    let name = doc.name.clone().ok_or_else(|| Error::invalid("Each of [[policies]] needs a name."))?;
    let what = format!("policy {name}");
    let before = policies::find_by_name(r, name.trim())?.map_or(Ok(None), |id| policies::find(r, id))?;
    let policy = named(merged_policy(r, before.as_ref(), doc), &what)?;
    let verb = match &before {
        None => Verb::Create,
        Some(before) if policy_doc(before) == policy_doc(&policy) => Verb::Keep,
        Some(_) => Verb::Update,
    };
    Ok((Change { verb, what, detail: String::new() }, policy))
}

/// A channel that the same file is about to make does not exist yet: in the plan every channel stands for it.
fn plan_only(r: &Reader<'_>, mut doc: PolicyDoc) -> Result<Change> {
    let mut coming = Vec::new();
    for channel in doc.steps.iter_mut().flatten().flat_map(|step| &mut step.channels) {
        if find_targets(r, std::slice::from_ref(channel)).is_err() {
            coming.push(std::mem::replace(channel, "everywhere".to_owned()));
        }
    }
    let (mut change, _) = plan_policy(r, &doc)?;
    if !coming.is_empty() {
        change.verb = if change.verb == Verb::Keep { Verb::Update } else { change.verb };
        change.detail = format!("tells {}, which must be a channel by then", coming.join(", "));
    }
    Ok(change)
}

impl Apply for Quiet {
    fn section(&self) -> &'static str {
        "quiet_hours"
    }

    fn plan(&self, r: &Reader<'_>, _: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for (name, docs) in by_channel(section)? {
            changes.push(match channels::find_by_name(r, &name)? {
                Some(_) => plan_quiet(r, &name, &docs)?.0,
                None => Change { verb: Verb::Create, what: what(&name), detail: "which must be a channel by then".to_owned() },
            });
        }
        Ok(changes)
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for (name, docs) in by_channel(section)? {
            let (change, windows) = plan_quiet(tx, &name, &docs)?;
            if change.verb != Verb::Keep {
                for old in quiet::list_of_channel(tx, find_channel(tx, &name)?.id)? {
                    quiet::remove(tx, old.id)?;
                }
                for hours in &windows {
                    named(add_quiet(tx, hours), &change.what)?;
                }
            }
            changes.push(change);
        }
        Ok(changes)
    }
}

fn what(channel: &str) -> String {
    format!("quiet hours of {channel}")
}

/// In the order of the file.
fn by_channel(section: &toml::Value) -> Result<Vec<(String, Vec<QuietDoc>)>> {
    let mut all: Vec<(String, Vec<QuietDoc>)> = Vec::new();
    for doc in entries::<QuietDoc>(section, "quiet_hours")? {
        let name = doc.channel.trim().to_owned();
        if name.is_empty() {
            return Err(Error::invalid("Each of [[quiet_hours]] needs a channel."));
        }
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, docs)) => docs.push(doc),
            None => all.push((name, vec![doc])),
        }
    }
    Ok(all)
}

fn plan_quiet(r: &Reader<'_>, name: &str, docs: &[QuietDoc]) -> Result<(Change, Vec<QuietHours>)> {
    let channel = named(find_channel(r, name), &what(name))?;
    let windows: Vec<QuietHours> = docs.iter().map(|doc| named(checked_quiet(&channel, doc), &what(name))).collect::<Result<_>>()?;
    let old: Vec<QuietHours> =
        quiet::list_of_channel(r, channel.id)?.into_iter().map(|hours| QuietHours { id: QuietId(0), ..hours }).collect();
    let verb = match (old.is_empty(), old == windows) {
        (_, true) => Verb::Keep,
        (true, _) => Verb::Create,
        (false, _) => Verb::Update,
    };
    Ok((Change { verb, what: what(name), detail: String::new() }, windows))
}
