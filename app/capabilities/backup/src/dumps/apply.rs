//! `[[dumps]]` of `hermetic apply file.toml`: each entry is a dump, found again by its key (or name), changed only where it
//! differs. Dumps that the file does not name are left alone.

use capability::{Apply, ApplyContext, Change, Verb};
use db::{Reader, Tx};
use kernel::{Error, Result, Role};
use serde_json::Value;

use super::flat::{self, Given};
use super::model::{Draft, Dump, Secrets, validate};
use super::{acts, store};

pub struct ApplyDumps;

struct Entry {
    name: String,
    given: Given,
    stored: Option<Dump>,
}

impl Apply for ApplyDumps {
    fn section(&self) -> &'static str {
        "dumps"
    }

    fn plan(&self, r: &Reader<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        entries(r, section)?.iter().map(|entry| difference(r, context, entry)).collect()
    }

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for entry in entries(tx, section)? {
            let change = difference(tx, context, &entry)?;
            let written = match (&entry.stored, change.verb) {
                (_, Verb::Keep) => Ok(()),
                (Some(stored), _) => acts::update(tx, context.sealer, stored.id, entry.given).map(|_| ()),
                (None, _) => acts::create(tx, context.sealer, entry.given).map(|_| ()),
            };
            written.map_err(|error| named(&error, &entry.name))?;
            changes.push(change);
        }
        Ok(changes)
    }
}

/// The file is the whole truth of what it names, but for the secrets it leaves out.
fn entries(r: &Reader<'_>, section: &toml::Value) -> Result<Vec<Entry>> {
    let wrong = || Error::invalid("Please write dumps as [[dumps]] entries, each with name, kind and command.");
    let mut entries: Vec<Entry> = Vec::new();
    for item in section.as_array().ok_or_else(wrong)? {
        let fields = serde_json::to_value(item).map_err(|error| Error::internal("reading a file's entry").because(error))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or("").trim().to_owned();
        let (key, name) = (text("key"), text("name"));
        let stored = if key.is_empty() { store::find_by_name(r, &name)? } else { store::find_by_key(r, &key)? };
        let shown = if name.is_empty() { key } else { name };
        if entries.iter().any(|entry| entry.name == shown) {
            return Err(Error::invalid(format!("The dump “{shown}” is in the file twice; please give each a name of its own.")));
        }
        let mut before = Draft::default();
        if let Some(stored) = &stored {
            // The folder stays what it is, and what was paused by hand stays paused, unless the file says otherwise.
            before.key.clone_from(&stored.draft.key);
            before.paused = stored.draft.paused;
        }
        let given = flat::read(fields, &before).map_err(|error| named(&error, &shown))?;
        entries.push(Entry { name: shown, given, stored });
    }
    Ok(entries)
}

fn difference(r: &Reader<'_>, context: &ApplyContext<'_>, entry: &Entry) -> Result<Change> {
    let what = format!("dump {}", entry.name);
    let old_secrets = match &entry.stored {
        Some(stored) => store::secrets(r, context.sealer, stored.id)?,
        None => Secrets::default(),
    };
    let secrets = entry.given.secrets.clone().over(old_secrets.clone());
    let draft = validate::check(entry.given.draft.clone(), &secrets).map_err(|error| named(&error, &entry.name))?;
    let change = match &entry.stored {
        None => Change { verb: Verb::Create, what, detail: format!("{} {}", draft.kind.as_str(), draft.command) },
        Some(stored) => {
            let (old, new) = (flat::plain(&stored.draft)?, flat::plain(&draft)?);
            let mut differs: Vec<&str> =
                new.iter().filter(|(name, value)| old.get(*name) != Some(value)).map(|(name, _)| name.as_str()).collect();
            if secrets != old_secrets {
                differs.push("secrets");
            }
            Change { verb: if differs.is_empty() { Verb::Keep } else { Verb::Update }, what, detail: differs.join(", ") }
        }
    };
    if change.verb != Verb::Keep && context.role < Role::Owner {
        return Err(Error::forbidden("A dump is a command on this machine: only owners may make or change one."));
    }
    Ok(change)
}

fn named(error: &Error, name: &str) -> Error {
    let field = error.field_errors().first().map(|error| format!(" ({})", error.field)).unwrap_or_default();
    Error::invalid(format!("Dump “{name}”{field}: {}", error.message()))
}
