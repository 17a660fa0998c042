//! Where each public page stands: one table of paths for the served page (own host or `/status`) and the exported folder.
//!
//! Nouns: [`Target`], [`Links`].

use crate::model::Language;

/// A public page or file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    Index,
    History,
    Month(i16, i8),
    Report(&'a str),
    Maintenance(&'a str),
    Subscribe,
    Atom,
    Rss,
    JsonFeed,
    Calendar,
    Api(&'a str),
    Badge(&'a str),
}

/// Knows the addresses of one form of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Absolute, without a slash at the end: `https://status.example.com`.
    pub root: String,
    /// Absolute, where the running instance takes subscriptions: `https://example.com/status`.
    pub live: String,
    pub form: Form,
    /// The language that has no prefix.
    pub language: Language,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Answered by the process below this path: empty on an own host, else `/status`.
    Served { base: String },
    /// Files elsewhere: links are relative, pages end in `.html`. A first page without news for more minutes than `late_after` says so.
    Exported { late_after: u32 },
}

impl Links {
    pub fn is_exported(&self) -> bool {
        self.late_after().is_some()
    }

    pub fn late_after(&self) -> Option<u32> {
        match self.form {
            Form::Exported { late_after } => Some(late_after),
            Form::Served { .. } => None,
        }
    }

    /// The address for feeds, mails and other places outside.
    pub fn absolute(&self, target: Target<'_>) -> String {
        let path = self.path(target, self.language);
        if path.is_empty() { format!("{}/", self.root) } else { format!("{}/{path}", self.root) }
    }

    /// How `here` links to `target`, both in `language`.
    pub fn href(&self, here: Target<'_>, target: Target<'_>, language: Language) -> String {
        self.href_between((here, language), (target, language))
    }

    pub fn href_between(&self, (here, from): (Target<'_>, Language), (target, to): (Target<'_>, Language)) -> String {
        if target == Target::Subscribe && self.is_exported() {
            return format!("{}/subscribe", self.live);
        }
        let path = self.path(target, to);
        match &self.form {
            Form::Served { base } if path.is_empty() && base.is_empty() => "/".to_owned(),
            Form::Served { base } if path.is_empty() => base.clone(),
            Form::Served { base } => format!("{base}/{path}"),
            Form::Exported { .. } => {
                let depth = self.path(here, from).matches('/').count();
                format!("{}{path}", "../".repeat(depth))
            }
        }
    }

    /// Relative to the site's root. The served first page is the empty path; a file always has a name.
    pub fn path(&self, target: Target<'_>, language: Language) -> String {
        let prefix = if language == self.language { String::new() } else { format!("{}/", language.as_str()) };
        let page = |name: &str| match &self.form {
            Form::Exported { .. } => format!("{prefix}{name}.html"),
            Form::Served { .. } => format!("{prefix}{name}"),
        };
        match target {
            Target::Index if self.is_exported() => format!("{prefix}index.html"),
            Target::Index => prefix.trim_end_matches('/').to_owned(),
            Target::History if self.is_exported() => format!("{prefix}history/index.html"),
            Target::History => page("history"),
            Target::Month(year, month) => page(&format!("history/{year:04}-{month:02}")),
            Target::Report(id) => page(&format!("reports/{id}")),
            Target::Maintenance(id) => page(&format!("maintenances/{id}")),
            Target::Subscribe => page("subscribe"),
            Target::Atom => "feed.atom".to_owned(),
            Target::Rss => "feed.rss".to_owned(),
            Target::JsonFeed => "feed.json".to_owned(),
            Target::Calendar => "maintenance.ics".to_owned(),
            Target::Api(name) => format!("api/v2/{name}.json"),
            Target::Badge("") => "badge.svg".to_owned(),
            Target::Badge(id) => format!("badge/{id}.svg"),
        }
    }
}
