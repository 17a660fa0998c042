//! Typed settings: each capability names its fields, the console renders them, the command line sets them, the store keeps
//! only what differs from the shipped default.

use db::{Reader, Tx};
use kernel::text::{Email, WebUrl, checked_line};
use kernel::time::parse_zone;
use kernel::{Error, Result, Sealer, Secret};

use crate::store;

/// The fields of one owner, as one card of the settings page.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    pub title: &'static str,
    pub about: &'static str,
    pub fields: &'static [Setting],
}

#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The owner's word and the field's: `status.host`.
    pub key: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub kind: SettingKind,
    pub default: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub enum SettingKind {
    /// One line; may be empty.
    Text {
        max: usize,
    },
    /// One line that its owner understands, or empty. `check` says what is wrong with it.
    Checked {
        max: usize,
        check: fn(&str) -> Result<()>,
    },
    /// Names of capabilities of this house, separated by commas or spaces; may be empty.
    Capabilities {
        max: usize,
    },
    /// Several lines; may be empty.
    Lines {
        max: usize,
    },
    Number {
        min: f64,
        max: f64,
        unit: &'static str,
    },
    Switch,
    /// Stored value and label.
    Choice(&'static [(&'static str, &'static str)]),
    /// Sealed at rest, never shown again.
    Secret,
    /// An IANA time zone.
    Zone,
    /// A web address, or empty.
    Url,
    /// A mail address, or empty.
    Email,
    /// `#rrggbb`, or empty.
    Color,
    /// A host name without scheme or path, or empty.
    Host,
}

pub const ON: &str = "on";
pub const OFF: &str = "off";

/// What belongs to no single capability.
pub const SPINE_SECTIONS: &[(&str, Section)] =
    &[("instance", INSTANCE), ("outbound", crate::mail::SECTION), ("ingest", crate::intake::SECTION)];

/// How this installation calls itself.
pub const NAME: Setting = Setting {
    key: "instance.name",
    label: "Name",
    help: "Shown in the console and in notices.",
    kind: SettingKind::Text { max: 60 },
    default: "Hermetic",
};
/// The zone of dates in notices and pages that name none.
pub const ZONE: Setting = Setting {
    key: "instance.zone",
    label: "Time zone",
    help: "For dates in notices and for quiet hours that name none, such as Europe/Berlin.",
    kind: SettingKind::Zone,
    default: "UTC",
};

const INSTANCE: Section =
    Section { title: "Instance", about: "How this installation calls itself in pages and notices.", fields: &[NAME, ZONE] };

/// The value that was set, or the shipped default.
pub fn text(r: &Reader<'_>, setting: &Setting) -> Result<String> {
    Ok(store::find_setting(r, setting.key)?.unwrap_or_else(|| setting.default.to_owned()))
}

/// The number that was set; a stored value that is none (set by an older version) counts as the default.
pub fn number(r: &Reader<'_>, setting: &Setting) -> Result<f64> {
    let value = text(r, setting)?;
    Ok(value.parse().or_else(|_| setting.default.parse()).unwrap_or_default())
}

pub fn is_on(r: &Reader<'_>, setting: &Setting) -> Result<bool> {
    Ok(text(r, setting)? == ON)
}

/// `None` when it was never set.
pub fn secret(r: &Reader<'_>, sealer: &Sealer, setting: &Setting) -> Result<Option<Secret>> {
    match store::find_setting(r, setting.key)? {
        None => Ok(None),
        Some(sealed) => sealer.open(&context(setting.key), &sealed).map(Some).map_err(|_| {
            let sentence = format!("“{}” was sealed with a key file that is gone. Please enter it again under Settings.", setting.label);
            Error::unavailable(sentence)
        }),
    }
}

/// Whether a secret (or any field) was set by a person: what a page may tell of a secret.
pub fn is_set(r: &Reader<'_>, setting: &Setting) -> Result<bool> {
    Ok(store::find_setting(r, setting.key)?.is_some())
}

/// Checks and stores. An empty text for a secret keeps what is there; use [`clear`] to forget it.
pub fn set(tx: &mut Tx<'_>, sealer: &Sealer, setting: &Setting, value: &str) -> Result<()> {
    let value = checked(setting, value)?;
    if let SettingKind::Secret = setting.kind {
        if value.is_empty() {
            return Ok(());
        }
        let sealed = sealer.seal(&context(setting.key), &Secret::new(value))?;
        store::set_setting(tx, setting.key, &sealed)?;
    } else if value == setting.default {
        store::remove_setting(tx, setting.key)?;
    } else {
        store::set_setting(tx, setting.key, &value)?;
    }
    signal(tx);
    Ok(())
}

/// Back to the shipped default.
pub fn clear(tx: &mut Tx<'_>, setting: &Setting) -> Result<()> {
    store::remove_setting(tx, setting.key)?;
    signal(tx);
    Ok(())
}

/// Sealed by the key file that belongs to this database.
const KEY_MARK: &str = "instance.key_mark";

/// Whether the key is the one this database was sealed with; `None` for a new database.
pub(crate) fn key_fits(r: &Reader<'_>, sealer: &Sealer) -> Result<Option<bool>> {
    Ok(store::find_setting(r, KEY_MARK)?.map(|sealed| sealer.open(&context(KEY_MARK), &sealed).is_ok()))
}

/// Marks a new database, or one whose key was replaced on purpose. Otherwise a wrong key is refused at the start: with it
/// nothing that needs a password would be watched or told, and everything would look well.
pub(crate) fn mark_key(tx: &mut Tx<'_>, sealer: &Sealer, accepts_new_key: bool) -> Result<()> {
    if key_fits(tx, sealer)? == Some(false) && !accepts_new_key {
        return Err(Error::conflict(
            "The key file is not the one this database was sealed with. Restore it from your copy; if it is lost, `hermetic settings new-key` \
             goes on with the present one, and stored passwords and channel addresses must then be entered again.",
        ));
    }
    let sealed = sealer.seal(&context(KEY_MARK), &Secret::new("fits"))?;
    store::set_setting(tx, KEY_MARK, &sealed)
}

/// The topic of a change of any setting.
pub const TOPIC: db::Signal = "settings";

fn signal(tx: &mut Tx<'_>) {
    tx.signal(TOPIC);
}

fn context(key: &str) -> String {
    format!("capability_settings.{key}")
}

/// The value in its stored form, or one sentence with the fix.
pub fn checked(setting: &Setting, value: &str) -> Result<String> {
    let value = value.trim();
    let wrong = |sentence: String| Err(Error::field(setting.key, sentence));
    let named = |result: Result<String>| result.map_err(|error| Error::field(setting.key, error.message()));
    match setting.kind {
        SettingKind::Text { .. }
        | SettingKind::Capabilities { .. }
        | SettingKind::Checked { .. }
        | SettingKind::Url
        | SettingKind::Email
        | SettingKind::Color
        | SettingKind::Host
            if value.is_empty() =>
        {
            Ok(String::new())
        }
        SettingKind::Text { max } | SettingKind::Capabilities { max } => named(checked_line(value, setting.label, max)),
        SettingKind::Checked { max, check } => named(checked_line(value, setting.label, max).and_then(|line| check(&line).map(|()| line))),
        SettingKind::Lines { max } if value.chars().count() > max => {
            wrong(format!("Please shorten “{}” to {max} characters.", setting.label))
        }
        SettingKind::Lines { .. } | SettingKind::Secret => Ok(value.to_owned()),
        SettingKind::Number { min, max, unit } => match value.parse::<f64>() {
            Ok(number) if number.is_finite() && (min..=max).contains(&number) => Ok(number.to_string()),
            _ => wrong(format!("“{}” is a number from {min} to {max} {unit}.", setting.label).replace(" .", ".")),
        },
        SettingKind::Switch => Ok(if matches!(value, "on" | "true" | "1" | "yes") { ON } else { OFF }.to_owned()),
        SettingKind::Choice(choices) if choices.iter().any(|(stored, _)| *stored == value) => Ok(value.to_owned()),
        SettingKind::Choice(choices) => {
            let known: Vec<&str> = choices.iter().map(|(stored, _)| *stored).collect();
            wrong(format!("“{}” is one of {}.", setting.label, known.join(", ")))
        }
        SettingKind::Zone => named(parse_zone(value).map(|_| value.to_owned())),
        SettingKind::Url => named(WebUrl::parse(value).map(String::from)),
        SettingKind::Email => named(Email::parse(value).map(String::from)),
        SettingKind::Color if is_color(value) => Ok(value.to_lowercase()),
        SettingKind::Color => wrong("A colour looks like #2563eb.".to_owned()),
        SettingKind::Host if is_host(value) => Ok(value.to_lowercase()),
        SettingKind::Host => wrong("A host name looks like status.example.com, without https:// and without a path.".to_owned()),
    }
}

/// [`checked`], and what only the whole house knows: a name that no capability has would be obeyed by nobody.
pub fn checked_in(registry: crate::Registry, setting: &Setting, value: &str) -> Result<String> {
    let value = checked(setting, value)?;
    if let SettingKind::Capabilities { .. } = setting.kind
        && let Some(stranger) = names(&value).find(|name| !registry.has(name))
    {
        let known: Vec<&str> = registry.all().iter().map(|capability| capability.name()).collect();
        return Err(Error::field(setting.key, format!("There is no capability {stranger}. There are {}.", known.join(", "))));
    }
    Ok(value)
}

/// The names of a [`SettingKind::Capabilities`].
pub fn names(value: &str) -> impl Iterator<Item = String> {
    value.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_lowercase)
}

fn is_color(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_host(text: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    text.len() <= 253 && text.split('.').all(is_label)
}
