//! `[[monitors]]` of `hermetic apply file.toml`: each entry is a flat monitor, found again by its key (or name), created or
//! changed only where it differs. Monitors that the file does not name are left alone.

use std::collections::HashMap;

use capability::{Apply, ApplyContext, Change, Verb};
use db::{Reader, Tx};
use kernel::ids::MonitorId;
use kernel::{Error, Result, Sealer};
use serde_json::{Map, Value};

use crate::model::flat::{self, Given};
use crate::model::order::needed_first;
use crate::model::validate;
use crate::model::watch::Monitor;
use crate::{acts, store};

pub struct ApplyMonitors;

struct Entry {
    /// Its own, or one below zero that stands for it until it is made.
    id: MonitorId,
    name: String,
    key: String,
    fields: Value,
    stored: Option<Monitor>,
}

/// The file, understood: every entry with what it gives, and in which order they can be made.
struct Plan {
    entries: Vec<(Entry, Given)>,
    order: Vec<usize>,
}

impl Apply for ApplyMonitors {
    fn section(&self) -> &'static str {
        "monitors"
    }

    fn plan(&self, r: &Reader<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let plan = understood(r, section)?;
        plan.entries.iter().map(|(entry, given)| difference(r, context.sealer, entry, given)).collect()
    }

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let plan = understood(tx, section)?;
        let (mut made, mut done) = (HashMap::new(), Vec::new());
        for place in plan.order {
            let (entry, Given { draft, secrets }) = &plan.entries[place];
            let draft = draft.clone().with_ids(|id| made.get(&id).copied().unwrap_or(id));
            let given = Given { draft, secrets: secrets.clone() };
            let (change, kind) = (difference(tx, context.sealer, entry, &given)?, given.draft.watch.kind());
            let written = match (&entry.stored, change.verb) {
                (_, Verb::Keep) => Ok(entry.id),
                (Some(stored), _) => acts::update(tx, context.sealer, stored.id, given).map(|monitor| monitor.id),
                (None, _) => acts::create(tx, context.sealer, given).map(|monitor| monitor.id),
            };
            made.insert(entry.id, written.map_err(|error| named(flat::as_given(error, kind), &entry.name))?);
            done.push((place, change));
        }
        done.sort_by_key(|(place, _)| *place);
        Ok(done.into_iter().map(|(_, change)| change).collect())
    }
}

fn understood(r: &Reader<'_>, section: &toml::Value) -> Result<Plan> {
    let entries = entries(r, section)?;
    // A reference may lead to a later entry of the file.
    let resolve = |key: &str| {
        let in_file = entries.iter().find(|entry| entry.key == key && !key.is_empty()).map(|entry| entry.id);
        in_file.or_else(|| store::monitors::find_by_key(r, key).ok().flatten().map(|monitor| monitor.id))
    };
    let read = |entry: &Entry| flat::read(merged(r, entry)?, &resolve).map_err(|error| named(error, &entry.name));
    let givens = entries.iter().map(read).collect::<Result<Vec<_>>>()?;
    let entries: Vec<(Entry, Given)> = entries.into_iter().zip(givens).collect();

    let stored = store::monitors::list(r)?;
    let mut names: HashMap<MonitorId, &str> = stored.iter().map(|monitor| (monitor.id, monitor.name.as_str())).collect();
    let mut needs: HashMap<MonitorId, Vec<MonitorId>> = stored.iter().map(|monitor| (monitor.id, monitor.needs())).collect();
    for (entry, given) in &entries {
        names.insert(entry.id, &entry.name);
        needs.insert(entry.id, given.draft.needs());
    }
    for (entry, given) in &entries {
        if given.draft.needs().iter().any(|id| !names.contains_key(id)) {
            return Err(named(Error::invalid("Please name monitors that exist, by id or by key."), &entry.name));
        }
    }
    let wanted: Vec<MonitorId> = entries.iter().map(|(entry, _)| entry.id).collect();
    let order = needed_first(&wanted, &needs).map_err(|circle| {
        let circle: Vec<&str> = circle.iter().map(|id| names.get(id).copied().unwrap_or("?")).collect();
        Error::invalid(format!(
            "These monitors need each other in a circle: {}. Please take one of these out of depends_on or members.",
            circle.join(" → ")
        ))
    })?;
    let order = order.iter().filter_map(|id| wanted.iter().position(|wanted| wanted == id)).collect();
    Ok(Plan { entries, order })
}

fn entries(r: &Reader<'_>, section: &toml::Value) -> Result<Vec<Entry>> {
    let wrong = || Error::invalid("Please write monitors as [[monitors]] entries, each with name and kind.");
    let list = section.as_array().ok_or_else(wrong)?;
    let mut entries: Vec<Entry> = Vec::new();
    for (item, position) in list.iter().zip(1..) {
        let fields = serde_json::to_value(item).map_err(|error| Error::internal("reading a file's entry").because(error))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or("").trim().to_owned();
        let (key, name) = (text("key"), text("name"));
        let shown = match (name.as_str(), key.as_str()) {
            ("", "") => format!("number {position}"),
            ("", key) => key.to_owned(),
            (name, _) => name.to_owned(),
        };
        let stored = if key.is_empty() { store::monitors::find_by_name(r, &name)? } else { store::monitors::find_by_key(r, &key)? };
        let id = stored.as_ref().map_or(MonitorId(-position), |monitor| monitor.id);
        let is_same = |other: &Entry| other.id == id || (other.key == key && (!key.is_empty() || other.name == shown));
        if entries.iter().any(is_same) {
            return Err(Error::invalid(format!("The monitor “{shown}” is in the file twice; please give each a key or name of its own.")));
        }
        entries.push(Entry { id, name: shown, key, fields, stored });
    }
    Ok(entries)
}

/// The file is the whole truth of what it names: fields that it leaves out have their defaults, not their stored values.
fn merged(r: &Reader<'_>, entry: &Entry) -> Result<Value> {
    let rules = crate::settings::default_rules(r)?;
    let mut fields = Map::new();
    let Value::Object(given) = &entry.fields else { return Ok(entry.fields.clone()) };
    fields.insert("interval_s".to_owned(), rules.interval_s.into());
    let interval = given.get("interval_s").and_then(Value::as_u64).unwrap_or(u64::from(rules.interval_s));
    fields.insert("timeout_ms".to_owned(), u64::from(rules.timeout_ms).min(interval.saturating_mul(1_000)).into());
    if let Some(stored) = &entry.stored {
        // Paused by hand stays paused, unless the file says otherwise.
        fields.insert("paused".to_owned(), stored.paused.into());
    }
    fields.extend(given.clone());
    Ok(Value::Object(fields))
}

fn difference(r: &Reader<'_>, sealer: &Sealer, entry: &Entry, given: &Given) -> Result<Change> {
    let (what, kind) = (format!("monitor {}", entry.name), given.draft.watch.kind());
    let named = |error: Error, name: &str| named(flat::as_given(error, kind), name);
    let Some(stored) = &entry.stored else {
        let draft = validate::check(given.draft.clone(), &given.secrets).map_err(|error| named(error, &entry.name))?;
        return Ok(Change { verb: Verb::Create, what, detail: format!("{} {}", draft.watch.kind().as_str(), draft.watch.target()) });
    };
    let old_secrets = store::monitors::secrets(r, sealer, stored.id)?;
    let secrets = acts::kept_secrets(&stored.watch, &old_secrets, given).map_err(|error| named(error, &entry.name))?;
    let draft = validate::check(given.draft.clone(), &secrets).map_err(|error| named(error, &entry.name))?;
    let (old, new) = (flat::write(&stored.draft), flat::write(&draft));
    let mut differs: Vec<&str> = new.iter().filter(|(name, value)| old.get(*name) != Some(value)).map(|(name, _)| name.as_str()).collect();
    differs.extend(old.keys().filter(|name| !new.contains_key(*name)).map(String::as_str));
    if secrets != old_secrets {
        differs.push("secrets");
    }
    let verb = if differs.is_empty() { Verb::Keep } else { Verb::Update };
    Ok(Change { verb, what, detail: differs.join(", ") })
}

fn named(error: Error, name: &str) -> Error {
    let field = error.field_errors().first().map(|error| format!(" ({})", error.field)).unwrap_or_default();
    Error::invalid(format!("Monitor “{name}”{field}: {}", error.message()))
}
