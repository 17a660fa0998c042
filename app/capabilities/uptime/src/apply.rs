//! `[[monitors]]` of `hermetic apply file.toml`: each entry is a flat monitor, found again by its key (or name), created or
//! changed only where it differs. Monitors that the file does not name are left alone.

use capability::{Apply, ApplyContext, Change, Verb};
use db::{Reader, Tx};
use kernel::ids::MonitorId;
use kernel::{Error, Result, Sealer};
use serde_json::{Map, Value};

use crate::model::flat::{self, Given};
use crate::model::validate;
use crate::model::watch::Monitor;
use crate::{acts, store};

pub struct ApplyMonitors;

struct Entry {
    name: String,
    fields: Value,
    stored: Option<Monitor>,
}

impl Apply for ApplyMonitors {
    fn section(&self) -> &'static str {
        "monitors"
    }

    fn plan(&self, r: &Reader<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let entries = entries(r, section)?;
        let future: Vec<String> = entries.iter().filter_map(|entry| entry.fields.get("key")?.as_str().map(str::to_owned)).collect();
        entries.iter().map(|entry| planned(r, context.sealer, entry, &future)).collect()
    }

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let entries = entries(tx, section)?;
        let mut done = Vec::new();
        for entry in &entries {
            let resolve = |key: &str| store::monitors::find_by_key(tx, key).ok().flatten().map(|monitor| monitor.id);
            let given = flat::read(merged(tx, entry)?, &resolve).map_err(|error| named(error, &entry.name))?;
            let (change, kind) = (difference(tx, context.sealer, entry, &given)?, given.draft.watch.kind());
            let named = |error: Error, name: &str| named(flat::as_given(error, kind), name);
            match (&entry.stored, change.verb) {
                (_, Verb::Keep) => {}
                (Some(stored), _) => drop(acts::update(tx, context.sealer, stored.id, given).map_err(|error| named(error, &entry.name))?),
                (None, _) => drop(acts::create(tx, context.sealer, given).map_err(|error| named(error, &entry.name))?),
            }
            done.push(change);
        }
        Ok(done)
    }
}

fn entries(r: &Reader<'_>, section: &toml::Value) -> Result<Vec<Entry>> {
    let wrong = || Error::invalid("Please write monitors as [[monitors]] entries, each with name and kind.");
    let list = section.as_array().ok_or_else(wrong)?;
    let mut entries: Vec<Entry> = Vec::new();
    for (position, item) in list.iter().enumerate() {
        let fields = serde_json::to_value(item).map_err(|error| Error::internal("reading a file's entry").because(error))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let (key, name) = (text("key"), text("name"));
        let shown = match (name.as_str(), key.as_str()) {
            ("", "") => format!("number {}", position + 1),
            ("", key) => key.to_owned(),
            (name, _) => name.to_owned(),
        };
        if entries.iter().any(|other| other.fields.get("key") == fields.get("key") && other.fields.get("name") == fields.get("name")) {
            return Err(Error::invalid(format!("The monitor “{shown}” is in the file twice; please give each a key or name of its own.")));
        }
        let stored = if key.is_empty() { store::monitors::find_by_name(r, &name)? } else { store::monitors::find_by_key(r, &key)? };
        entries.push(Entry { name: shown, fields, stored });
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

fn planned(r: &Reader<'_>, sealer: &Sealer, entry: &Entry, future: &[String]) -> Result<Change> {
    // A reference to an entry that the same file makes cannot have its id yet: any number stands for it in a plan.
    let resolve = |key: &str| {
        let stored = store::monitors::find_by_key(r, key).ok().flatten().map(|monitor| monitor.id);
        stored.or_else(|| future.iter().any(|known| known == key).then_some(MonitorId(0)))
    };
    let given = flat::read(merged(r, entry)?, &resolve).map_err(|error| named(error, &entry.name))?;
    difference(r, sealer, entry, &given)
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
