//! `[[components]]` in `hermetic apply file.toml`: components by name, their group made when it is new.
//!
//! Feeds are named as people name their monitors, or by key (`uptime:12`). A component that the file does not name stays as it
//! is: deleting takes a person.

use crate::acts;
use crate::model::FeedRule;
use crate::store::components::{self, ComponentRow, ComponentWrite, GroupRow};
use capability::apply::ApplyContext;
use capability::{Change, FeedSource, Verb};
use db::{Reader, Tx};
use kernel::{Error, Result};
use serde::Deserialize;

pub struct Components;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    group: String,
    rule: Option<FeedRule>,
    /// Names of monitors, or keys.
    #[serde(default)]
    feeds: Vec<String>,
}

impl capability::Apply for Components {
    fn section(&self) -> &'static str {
        "components"
    }

    fn plan(&self, r: &Reader<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let (rows, groups) = (components::list_components(r)?, components::list_groups(r)?);
        let sources = context.registry.feed_sources(r)?;
        entries(section)?
            .into_iter()
            .map(|mut entry| {
                // A monitor that the same file makes is not there yet: in the plan its name stands for it.
                resolve_feeds(&mut entry, &sources, true)?;
                Ok(change(&entry, &write_of(&entry, &groups)?, &rows, &groups))
            })
            .collect()
    }

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let sources = context.registry.feed_sources(tx)?;
        let mut done = Vec::new();
        for mut entry in entries(section)? {
            resolve_feeds(&mut entry, &sources, false)?;
            let (groups, rows) = (components::list_groups(tx)?, components::list_components(tx)?);
            let planned = change(&entry, &write_of(&entry, &groups)?, &rows, &groups);
            if planned.verb != Verb::Keep {
                make(tx, &entry, &rows, &groups)?;
            }
            done.push(planned);
        }
        Ok(done)
    }
}

fn make(tx: &mut Tx<'_>, entry: &Entry, rows: &[ComponentRow], groups: &[GroupRow]) -> Result<()> {
    if !entry.group.is_empty() && groups.iter().all(|group| group.name != entry.group) {
        acts::save_group(tx, "apply", None, &entry.group)?;
    }
    let write = write_of(entry, &components::list_groups(tx)?)?;
    match rows.iter().find(|row| row.name == entry.name) {
        Some(row) => acts::edit_component(tx, "apply", row.id, write),
        None => acts::create_component(tx, "apply", write).map(|_| ()),
    }
}

fn entries(section: &toml::Value) -> Result<Vec<Entry>> {
    let list = section.as_array().ok_or_else(|| Error::invalid("Please write components as [[components]]."))?;
    list.iter()
        .enumerate()
        .map(|(index, value)| {
            value
                .clone()
                .try_into::<Entry>()
                .map_err(|error| Error::invalid(format!("Component {} cannot be read: {}.", index + 1, error.message())))
        })
        .collect()
}

/// Names become keys. Keys stay as they are, also those of a capability that is not there now.
fn resolve_feeds(entry: &mut Entry, sources: &[FeedSource], is_plan: bool) -> Result<()> {
    for feed in &mut entry.feeds {
        let named: Vec<&FeedSource> = sources.iter().filter(|source| source.name == *feed).collect();
        match named.as_slice() {
            [source] => feed.clone_from(&source.key),
            [] if is_plan || feed.split_once(':').is_some_and(|(_, id)| id.parse::<i64>().is_ok()) => {}
            [] => return Err(Error::invalid(format!("Component “{}”: there is no monitor named “{feed}”.", entry.name))),
            _ => {
                return Err(Error::invalid(format!(
                    "Component “{}”: several monitors are named “{feed}”; please give its key.",
                    entry.name
                )));
            }
        }
    }
    Ok(())
}

fn write_of(entry: &Entry, groups: &[GroupRow]) -> Result<ComponentWrite> {
    let rule = entry.rule.unwrap_or(if entry.feeds.is_empty() { FeedRule::Manual } else { FeedRule::WorstOf });
    let group_id = groups.iter().find(|group| group.name == entry.group).map(|group| group.id);
    let write =
        ComponentWrite { name: entry.name.clone(), description: entry.description.clone(), group_id, rule, feeds: entry.feeds.clone() };
    acts::checked_component(write).map_err(|error| Error::invalid(format!("Component “{}”: {}", entry.name, error.message())))
}

fn change(entry: &Entry, write: &ComponentWrite, rows: &[ComponentRow], groups: &[GroupRow]) -> Change {
    let what = format!("component {}", entry.name);
    let Some(row) = rows.iter().find(|row| row.name == entry.name) else {
        return Change { verb: Verb::Create, what, detail: String::new() };
    };
    let group = groups.iter().find(|group| Some(group.id) == row.group_id).map_or("", |group| group.name.as_str());
    let differs = [
        ("description", row.description != write.description),
        ("group", group != entry.group),
        ("rule", row.rule != write.rule),
        ("feeds", row.feeds != write.feeds),
    ];
    let fields: Vec<&str> = differs.iter().filter(|(_, differs)| *differs).map(|(field, _)| *field).collect();
    let verb = if fields.is_empty() { Verb::Keep } else { Verb::Update };
    Change { verb, what, detail: fields.join(", ") }
}
