//! `hermetic apply file.toml`: the file is read as a whole, planned as a whole, and applied in one transaction or not at all.

pub(crate) mod projects;

use capability::{Apply, ApplyContext, Change, Registry, Verb};
use db::{Reader, Tx};
use kernel::{Error, Result, Role, Sealer};

/// Who brings the file, as the audit log names them.
#[derive(Debug, Clone)]
pub struct Bringer {
    pub name: String,
    pub role: Role,
}

/// What [`run`] would do; nothing is written.
pub fn plan(registry: Registry, r: &Reader<'_>, sealer: &Sealer, role: Role, text: &str) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (apply, section) in sections(registry, text)? {
        changes.extend(apply.plan(r, &ApplyContext { sealer, registry, role }, &section)?);
    }
    Ok(changes)
}

/// Makes it so. All sections are planned first, so that bad input in the last one changes nothing in the first. What is as it should be stays untouched, and then the audit log says nothing either.
pub fn run(registry: Registry, tx: &mut Tx<'_>, sealer: &Sealer, by: &Bringer, text: &str) -> Result<Vec<Change>> {
    plan(registry, tx, sealer, by.role, text)?;
    let mut changes = Vec::new();
    for (apply, section) in sections(registry, text)? {
        changes.extend(apply.apply(tx, &ApplyContext { sealer, registry, role: by.role }, &section)?);
    }
    let count = changes.iter().filter(|change| change.verb != Verb::Keep).count();
    if count > 0 {
        let detail = if count == 1 { "1 change".to_owned() } else { format!("{count} changes") };
        identity::store::audit_as(tx, &by.name, "console.apply.run", "", &detail)?;
    }
    Ok(changes)
}

/// The sections of the file with who takes them, in the order of THE LIST: what others refer to comes first.
fn sections(registry: Registry, text: &str) -> Result<Vec<(&'static dyn Apply, toml::Value)>> {
    let wrong = |error: toml::de::Error| Error::invalid(format!("This is not valid TOML: {}", error.to_string().trim()));
    let mut file: toml::Table = toml::from_str(text).map_err(wrong)?;
    let known = registry.apply_sections();
    let unknown: Vec<&str> = file.keys().map(String::as_str).filter(|key| !known.iter().any(|apply| apply.section() == *key)).collect();
    if !unknown.is_empty() {
        return Err(unknown_sections(&unknown, &known));
    }
    Ok(known.into_iter().filter_map(|apply| file.remove(apply.section()).map(|section| (apply, section))).collect())
}

fn unknown_sections(unknown: &[&str], known: &[&'static dyn Apply]) -> Error {
    let known: Vec<&str> = known.iter().map(|apply| apply.section()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let unknown: Vec<String> = unknown.iter().map(|key| format!("“{}”", kernel::text::shorten(key, 60))).collect();
    Error::invalid(format!("Nobody takes the section {}. Known sections: {known}.", unknown.join(", ")))
}
