//! `[[projects]]` in `hermetic apply file.toml`: projects by their short name, keys by their label.
//!
//! A project or key that the file does not name stays as it is: deleting takes a person. A key may name the public key that programs
//! out there know already, so that they need no new DSN after moving here.

use capability::{ApplyContext, Change, Verb};
use db::{Reader, Tx};
use identity::projects::{DsnKey, Project, ProjectDraft};
use identity::store;
use kernel::text::shorten;
use kernel::{Error, Result};
use serde::Deserialize;

use crate::model::projects::{changed_fields, checked_label, checked_limit, draft_of};

pub(crate) struct Projects;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    slug: String,
    name: Option<String>,
    platform: Option<String>,
    allowed_origins: Option<Vec<String>>,
    keeps_addresses: Option<bool>,
    scrub_fields: Option<Vec<String>>,
    safe_fields: Option<Vec<String>>,
    #[serde(default)]
    keys: Vec<KeyEntry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    label: String,
    public_key: Option<String>,
    enabled: Option<bool>,
    /// 0 for no limit.
    per_minute: Option<u32>,
}

impl capability::Apply for Projects {
    fn section(&self) -> &'static str {
        "projects"
    }

    fn plan(&self, r: &Reader<'_>, _: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for entry in entries(section)? {
            let before = find(r, &entry.slug)?;
            changes.push(named(&entry, plan_project(&entry, before.as_ref()))?);
            let keys = before.map_or(Ok(Vec::new()), |project| store::list_dsn_keys_of(r, project.id))?;
            for key in &entry.keys {
                changes.push(named(&entry, plan_key(r, &entry, key, &keys))?);
            }
        }
        Ok(changes)
    }

    fn apply(&self, tx: &mut Tx<'_>, context: &ApplyContext<'_>, section: &toml::Value) -> Result<Vec<Change>> {
        let changes = self.plan(tx, context, section)?;
        for entry in entries(section)? {
            named(&entry, make(tx, &entry))?;
        }
        Ok(changes)
    }
}

fn entries(section: &toml::Value) -> Result<Vec<Entry>> {
    let list = section.as_array().ok_or_else(|| Error::invalid("Please write projects as [[projects]]."))?;
    let read = |(index, value): (usize, &toml::Value)| {
        let wrong = |error: toml::de::Error| Error::invalid(format!("Project {} cannot be read: {}.", index + 1, error.message()));
        value.clone().try_into::<Entry>().map_err(wrong)
    };
    list.iter().enumerate().map(read).collect()
}

/// Not by its number, as sentry-cli may: a file that says 3 means a short name.
fn find(r: &Reader<'_>, slug: &str) -> Result<Option<Project>> {
    Ok(store::find_project_by_slug(r, slug)?.filter(|project| project.slug == slug))
}

fn named<T>(entry: &Entry, result: Result<T>) -> Result<T> {
    result.map_err(|error| Error::new(error.kind, format!("Project “{}”: {}", shorten(&entry.slug, 60), sentence(&error))))
}

fn sentence(error: &Error) -> String {
    match error.field_errors() {
        [] => error.message().to_owned(),
        fields => fields.iter().map(|field| field.message.as_str()).collect::<Vec<_>>().join(" "),
    }
}

/// What the file says over what is stored, or over what is shipped.
fn draft(entry: &Entry, before: Option<&Project>) -> Result<ProjectDraft> {
    let old = match before {
        Some(project) => draft_of(project),
        None => ProjectDraft { slug: entry.slug.clone(), ..ProjectDraft::named(&entry.slug) },
    };
    if entry.slug.trim().is_empty() {
        return Err(Error::invalid("Each of [[projects]] needs a slug, such as \"shop\"."));
    }
    ProjectDraft {
        slug: entry.slug.clone(),
        name: entry.name.clone().unwrap_or(old.name),
        platform: entry.platform.clone().unwrap_or(old.platform),
        allowed_origins: entry.allowed_origins.clone().unwrap_or(old.allowed_origins),
        keeps_addresses: entry.keeps_addresses.unwrap_or(old.keeps_addresses),
        scrub_fields: entry.scrub_fields.clone().unwrap_or(old.scrub_fields),
        safe_fields: entry.safe_fields.clone().unwrap_or(old.safe_fields),
    }
    .checked()
}

fn plan_project(entry: &Entry, before: Option<&Project>) -> Result<Change> {
    let draft = draft(entry, before)?;
    let what = format!("project {}", entry.slug);
    let Some(before) = before else { return Ok(Change { verb: Verb::Create, what, detail: draft.name }) };
    let fields = changed_fields(before, &draft);
    let verb = if fields.is_empty() { Verb::Keep } else { Verb::Update };
    Ok(Change { verb, what, detail: fields.join(", ") })
}

/// What a key is to be: (label, is it on, limit).
fn wanted(entry: &KeyEntry, before: Option<&DsnKey>) -> Result<(String, bool, Option<u32>)> {
    let limit = match entry.per_minute {
        None => before.and_then(|key| key.per_minute),
        Some(0) => None,
        Some(limit) => checked_limit(&limit.to_string())?,
    };
    Ok((checked_label(&entry.label)?, entry.enabled.unwrap_or(before.is_none_or(|key| key.is_active)), limit))
}

fn plan_key(r: &Reader<'_>, project: &Entry, entry: &KeyEntry, keys: &[DsnKey]) -> Result<Change> {
    let what = format!("key {} of project {}", entry.label, project.slug);
    let before = keys.iter().find(|key| key.label == entry.label.trim());
    let (_, is_active, limit) = wanted(entry, before)?;
    let change = |verb, detail: &str| Ok(Change { verb, what: what.clone(), detail: detail.to_owned() });
    match (before, &entry.public_key) {
        (Some(key), Some(public)) if key.public_key != *public => {
            Err(Error::invalid(format!("The key “{}” has another public key already; give the new one a label of its own.", key.label)))
        }
        (Some(key), _) if key.is_active == is_active && key.per_minute == limit => change(Verb::Keep, ""),
        (Some(key), _) if key.is_active != is_active => change(Verb::Update, "enabled"),
        (Some(_), _) => change(Verb::Update, "per_minute"),
        (None, Some(public)) if store::list_dsn_keys(r)?.iter().any(|key| key.public_key == *public) => {
            Err(Error::invalid(format!("The public key of “{}” belongs to another key already.", entry.label)))
        }
        (None, _) => change(Verb::Create, ""),
    }
}

fn make(tx: &mut Tx<'_>, entry: &Entry) -> Result<()> {
    let before = find(tx, &entry.slug)?;
    let draft = draft(entry, before.as_ref())?;
    let project = match before {
        Some(project) if changed_fields(&project, &draft).is_empty() => project,
        Some(project) => {
            store::update_project(tx, project.id, draft)?;
            project
        }
        None => {
            let (project, first) = store::new_project(tx, draft)?;
            // The file says which keys there are; the first one is for whoever names none.
            if !entry.keys.is_empty() && entry.keys.iter().all(|key| key.label.trim() != first.label || key.public_key.is_some()) {
                store::remove_dsn_key(tx, first.id)?;
            }
            project
        }
    };
    for key in &entry.keys {
        make_key(tx, &project, key)?;
    }
    Ok(())
}

fn make_key(tx: &mut Tx<'_>, project: &Project, entry: &KeyEntry) -> Result<()> {
    let keys = store::list_dsn_keys_of(tx, project.id)?;
    let before = keys.iter().find(|key| key.label == entry.label.trim());
    let (label, is_active, limit) = wanted(entry, before)?;
    let id = match (before, &entry.public_key) {
        (Some(key), _) if key.is_active == is_active && key.per_minute == limit => return Ok(()),
        (Some(key), _) => key.id,
        (None, Some(public)) => store::insert_dsn_key(tx, project.id, &label, public)?.id,
        (None, None) => store::new_dsn_key(tx, project.id, &label)?.id,
    };
    store::set_dsn_key(tx, id, &label, is_active, limit)
}
