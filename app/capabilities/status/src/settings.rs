//! What an operator decides about the page, and how the page's look and addresses follow from it.

use crate::export::{self, Cadence, Credentials, Place};
use crate::links::{Form, Links};
use crate::model::look::Accent;
use crate::model::{Language, Look};
use crate::store::logo;
use capability::settings::{self, is_on, number, text};
use capability::{Boot, Section, Setting, SettingKind};
use db::Reader;
use kernel::text::WebUrl;
use kernel::{Result, Sealer, Secret};
use std::time::Duration;

pub const SECTION: Section = Section {
    title: "Status page",
    about: "How the public page looks, where it stands, and how much it does by itself.",
    fields: &[
        NAME,
        ABOUT,
        HOME,
        COLOR,
        LANGUAGE,
        ZONE,
        HOST,
        PASSWORD,
        RESPONSES,
        SUBSCRIBERS,
        MAILS_PER_MINUTE,
        DRAFT_MINUTES,
        AUTO_PUBLISH,
        AUTO_PUBLISH_MINUTES,
        EXPORT_TO,
        EXPORT_KEY_ID,
        EXPORT_SECRET,
        EXPORT_URL,
        EXPORT_MINUTES,
        EXPORT_CACHE,
    ],
};

const NAME: Setting = Setting {
    key: "status.name",
    label: "Name on the page",
    help: "Your product's name. Empty: the instance's name.",
    kind: SettingKind::Text { max: 60 },
    default: "",
};
const ABOUT: Setting = Setting {
    key: "status.about",
    label: "A sentence below the banner",
    help: "Such as where to get help. May be empty.",
    kind: SettingKind::Lines { max: 500 },
    default: "",
};
const HOME: Setting =
    Setting { key: "status.home", label: "Your website", help: "Linked at the foot of the page.", kind: SettingKind::Url, default: "" };
const COLOR: Setting = Setting {
    key: "status.color",
    label: "Colour",
    help: "For links and buttons. It is darkened or lightened as far as reading needs.",
    kind: SettingKind::Color,
    default: "#1f5fbf",
};
const LANGUAGE: Setting = Setting {
    key: "status.language",
    label: "Language",
    help: "Of the first page and the feeds; visitors can change to the others.",
    kind: SettingKind::Choice(&[("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]),
    default: "en",
};
const ZONE: Setting = Setting {
    key: "status.zone",
    label: "Time zone",
    help: "Where a day of the bars begins, such as Europe/Berlin.",
    kind: SettingKind::Zone,
    default: "UTC",
};
const HOST: Setting = Setting {
    key: "status.host",
    label: "Own host name",
    help: "Such as status.example.com, pointing here. The page then stands at its root as well as under /status.",
    kind: SettingKind::Host,
    default: "",
};
pub const PASSWORD: Setting = Setting {
    key: "status.password",
    label: "Password",
    help: "Visitors must give it to see the page, its feeds and badges. A protected page cannot be exported.",
    kind: SettingKind::Secret,
    default: "",
};
const RESPONSES: Setting = Setting {
    key: "status.shows_responses",
    label: "Show response times",
    help: "A small chart of the last 24 hours under each component.",
    kind: SettingKind::Switch,
    default: settings::ON,
};
const SUBSCRIBERS: Setting = Setting {
    key: "status.takes_subscribers",
    label: "Take subscribers",
    help: "By mail (a way to send mail must be set) and by webhook.",
    kind: SettingKind::Switch,
    default: settings::ON,
};
const MAILS_PER_MINUTE: Setting = Setting {
    key: "status.mails_per_minute",
    label: "Messages per minute",
    help: "How fast an update goes out to subscribers: what your mail provider takes.",
    kind: SettingKind::Number { min: 1.0, max: 6_000.0, unit: "per minute" },
    default: "600",
};
const DRAFT_MINUTES: Setting = Setting {
    key: "status.draft_after_minutes",
    label: "Suggest a report after",
    help: "How long a monitor behind a component is down before a draft waits for your click.",
    kind: SettingKind::Number { min: 0.0, max: 120.0, unit: "minutes" },
    default: "2",
};
const AUTO_PUBLISH: Setting = Setting {
    key: "status.auto_publish",
    label: "Publish suggested reports",
    help: "When nobody was faster. It is resolved by itself, too, unless a person wrote to it.",
    kind: SettingKind::Switch,
    default: settings::OFF,
};
const AUTO_PUBLISH_MINUTES: Setting = Setting {
    key: "status.auto_publish_minutes",
    label: "Publish them after",
    help: "Counted from the draft.",
    kind: SettingKind::Number { min: 0.0, max: 120.0, unit: "minutes" },
    default: "5",
};
const EXPORT_TO: Setting = Setting {
    key: "status.export_to",
    label: "Export to",
    help: "A bucket or an own folder that another host or a CDN serves, so that the page outlives this machine: \
           s3://bucket/path?endpoint=https://host, or /an/absolute/folder. Empty: no export. What was exported to a former place is removed from there.",
    kind: SettingKind::Checked { max: 500, check: export::check },
    default: "",
};
const EXPORT_KEY_ID: Setting = Setting {
    key: "status.export_access_key_id",
    label: "Access key of the bucket",
    help: "Its ID. It may put, list and delete objects; a folder needs none.",
    kind: SettingKind::Text { max: 200 },
    default: "",
};
const EXPORT_SECRET: Setting = Setting {
    key: "status.export_secret_access_key",
    label: "Secret of that key",
    help: "Stored sealed.",
    kind: SettingKind::Secret,
    default: "",
};
const EXPORT_URL: Setting = Setting {
    key: "status.export_url",
    label: "Address of the exported page",
    help: "What its feeds name as their own address. Empty: the address of this page.",
    kind: SettingKind::Url,
    default: "",
};

const EXPORT_MINUTES: Setting = Setting {
    key: "status.export_minutes",
    label: "Renew the exported page every",
    help: "Changes go out at once; this often it also says that somebody still watches. Each time is four writes to the bucket, \
           about 173,000 a month for every minute.",
    kind: SettingKind::Number { min: 1.0, max: 60.0, unit: "minutes" },
    default: "1",
};
const EXPORT_CACHE: Setting = Setting {
    key: "status.export_cache_seconds",
    label: "Let caches keep it for",
    help: "What a CDN in front of the bucket is told. While the bucket does not answer it may show the last page for a day.",
    kind: SettingKind::Number { min: 0.0, max: 600.0, unit: "seconds" },
    default: "30",
};

/// How suggested reports are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suggesting {
    pub after: Duration,
    /// `None`: only a person publishes.
    pub publish_after: Option<Duration>,
}

pub fn look(r: &Reader<'_>) -> Result<Look> {
    let name = Some(text(r, &NAME)?).filter(|name| !name.is_empty());
    let name = match name {
        Some(name) => name,
        None => text(r, &settings::NAME)?,
    };
    let zone_name = text(r, &ZONE)?;
    Ok(Look {
        name,
        about: text(r, &ABOUT)?,
        home: WebUrl::parse(&text(r, &HOME)?).ok(),
        accent: Accent::parse(&text(r, &COLOR)?).unwrap_or_default(),
        logo: logo::find_logo(r)?,
        language: language(r)?,
        zone: kernel::time::parse_zone(&zone_name)?,
        zone_name,
        shows_responses: is_on(r, &RESPONSES)?,
        takes_subscribers: is_on(r, &SUBSCRIBERS)?,
        takes_mail: capability::mail::is_chosen(r)?,
    })
}

/// In which the page speaks by itself.
pub fn language(r: &Reader<'_>) -> Result<Language> {
    Ok(text(r, &LANGUAGE)?.parse().unwrap_or(Language::En))
}

/// The own host name, when one is set.
pub fn host(r: &Reader<'_>) -> Result<Option<String>> {
    Ok(Some(text(r, &HOST)?).filter(|host| !host.is_empty()))
}

pub fn password(r: &Reader<'_>, sealer: &Sealer) -> Result<Option<Secret>> {
    Ok(settings::secret(r, sealer, &PASSWORD)?.filter(|password| !password.is_empty()))
}

pub fn is_protected(r: &Reader<'_>) -> Result<bool> {
    settings::is_set(r, &PASSWORD)
}

pub fn suggesting(r: &Reader<'_>) -> Result<Suggesting> {
    let minutes = |setting: &Setting| -> Result<Duration> { Ok(Duration::from_secs_f64(number(r, setting)?.max(0.0) * 60.0)) };
    let publish_after = if is_on(r, &AUTO_PUBLISH)? { Some(minutes(&AUTO_PUBLISH_MINUTES)?) } else { None };
    Ok(Suggesting { after: minutes(&DRAFT_MINUTES)?, publish_after })
}

pub fn mails_per_minute(r: &Reader<'_>) -> Result<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the setting's range is 1 to 6,000")]
    let rate = number(r, &MAILS_PER_MINUTE)? as u32;
    Ok(rate.max(1))
}

/// The configured place of the export as it was entered, and how it is treated.
pub fn export_place(r: &Reader<'_>, sealer: &Sealer) -> Result<Option<Place>> {
    let address = text(r, &EXPORT_TO)?;
    if address.is_empty() {
        return Ok(None);
    }
    let credentials = export_credentials(r, sealer)?;
    Ok(Some(Place { credentials, cadence: export_cadence(r)?, address }))
}

pub fn export_credentials(r: &Reader<'_>, sealer: &Sealer) -> Result<Credentials> {
    let secret = settings::secret(r, sealer, &EXPORT_SECRET)?.unwrap_or_default();
    Ok(Credentials { access_key_id: text(r, &EXPORT_KEY_ID)?, secret_access_key: secret })
}

pub fn export_cadence(r: &Reader<'_>) -> Result<Cadence> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the settings' ranges are small and positive")]
    let whole = |setting: &Setting| -> Result<u32> { Ok(number(r, setting)?.max(0.0) as u32) };
    Ok(Cadence { minutes: whole(&EXPORT_MINUTES)?.max(1), cache_seconds: whole(&EXPORT_CACHE)? })
}

/// Where the export goes, without what opens it; empty when it goes nowhere.
pub fn export_address(r: &Reader<'_>) -> Result<String> {
    text(r, &EXPORT_TO)
}

/// Addresses of the page below `/status`.
pub fn served_links(r: &Reader<'_>, boot: &Boot) -> Result<Links> {
    links(r, boot, Form::Served { base: "/status".to_owned() })
}

/// Addresses of the page at the root of its own host name.
pub fn host_links(r: &Reader<'_>, boot: &Boot) -> Result<Links> {
    links(r, boot, Form::Served { base: String::new() })
}

pub fn exported_links(r: &Reader<'_>, boot: &Boot) -> Result<Links> {
    let mut links = links(r, boot, Form::Exported { late_after: export_cadence(r)?.late_after() })?;
    let own = text(r, &EXPORT_URL)?;
    if !own.is_empty() {
        links.root = own.trim_end_matches('/').to_owned();
    }
    Ok(links)
}

fn links(r: &Reader<'_>, boot: &Boot, form: Form) -> Result<Links> {
    let live = format!("{}/status", boot.public_url.as_str().trim_end_matches('/'));
    let root = match host(r)? {
        Some(host) => format!("{}://{host}", boot.public_url.url().scheme()),
        None => live.clone(),
    };
    Ok(Links { root, live, form, language: language(r)? })
}
