//! A section of settings as a form: what stands in its fields, what was posted, what is wrong with it, what changes.
//!
//! A posted secret must not come back in the page. When another field is wrong it is kept [`Field::sealed`], so that nothing
//! the person typed is lost.

use capability::settings::{OFF, ON, checked_in};
use capability::{Registry, Section, Setting, SettingKind};
use kernel::error::FieldError;

/// The name under which a sealed secret comes back with the form.
const KEPT: &str = "kept:";

/// One section with what its fields show.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    /// The word its owner goes by: part of the address it is posted to.
    pub owner: &'static str,
    pub section: Section,
    pub fields: Vec<Field>,
    pub errors: Vec<FieldError>,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub setting: &'static Setting,
    /// As stored or as typed; always empty for a secret.
    pub value: String,
    /// A person set it: all a page may tell of a secret.
    pub is_set: bool,
    /// A secret that was typed beside a field that was wrong.
    pub sealed: String,
}

/// What one field of the form brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub setting: &'static str,
    pub value: String,
    /// A secret typed in an earlier try.
    pub kept: String,
}

pub(crate) fn is_secret(setting: &Setting) -> bool {
    matches!(setting.kind, SettingKind::Secret)
}

/// What the form says for each field of the section. A switch that is off sends nothing; any other field that is missing was
/// not asked for and keeps its value.
pub(crate) fn entries(section: &Section, pairs: &[(String, String)]) -> Vec<Entry> {
    let posted = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let entry = |setting: &'static Setting| {
        let kept = posted(&format!("{KEPT}{}", setting.key)).unwrap_or_default();
        let value = match setting.kind {
            SettingKind::Switch => Some(if posted(setting.key).is_some() { ON } else { OFF }.to_owned()),
            _ => posted(setting.key),
        };
        value.map(|value| Entry { setting: setting.key, value, kept })
    };
    section.fields.iter().filter_map(entry).collect()
}

/// Every error at once.
pub(crate) fn errors(registry: Registry, section: &Section, entries: &[Entry]) -> Vec<FieldError> {
    let wrong = |entry: &Entry| {
        let setting = section.fields.iter().find(|setting| setting.key == entry.setting)?;
        let error = checked_in(registry, setting, &entry.value).err()?;
        Some(FieldError { field: setting.key.to_owned(), message: error.message().to_owned() })
    };
    entries.iter().filter_map(wrong).collect()
}

/// How the audit log tells a change; a secret's value is not told.
pub(crate) fn change_line(setting: &Setting, before: &str, after: &str) -> String {
    let shown = |value: &str| if value.is_empty() { "empty".to_owned() } else { format!("“{}”", kernel::text::shorten(value, 120)) };
    match setting.kind {
        SettingKind::Secret => "a new value".to_owned(),
        _ => format!("{} → {}", shown(before), shown(after)),
    }
}

/// The hidden field's name for a secret that is kept.
pub(crate) fn kept_name(setting: &Setting) -> String {
    format!("{KEPT}{}", setting.key)
}
