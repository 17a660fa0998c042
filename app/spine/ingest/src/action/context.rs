//! What SDKs tell of the page, the browser and the campaign: the few things that people break numbers down by. The address of the client and
//! the browser's own words are not among them.

use serde_json::Value;
use url::Url;

use super::told::Object;
use crate::agent::{self, Agent};

/// As an SDK tells it; what is empty is not known.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub url: String,
    pub path: String,
    pub referrer: String,
    pub title: String,
    pub locale: String,
    pub browser: String,
    pub os: String,
    pub device: String,
    pub width: Option<u64>,
    pub height: Option<u64>,
    /// `source`, `medium`, `campaign`, `term`, `content`, and what they are.
    pub campaign: Vec<(&'static str, String)>,
}

pub(super) const CAMPAIGN: [&str; 5] = ["source", "medium", "campaign", "term", "content"];
/// The longest value that is kept of these, in characters.
const LONGEST: usize = 300;

impl Context {
    /// Browser, system and device from the browser's own words, where they are not known.
    pub fn with_agent(mut self, words: &str) -> Context {
        let Agent { browser, os, .. } = agent::parse(words);
        let named = |known: String, found: Option<(&'static str, String)>| match found {
            Some((name, _)) if known.is_empty() => name.to_owned(),
            _ => known,
        };
        self.browser = named(self.browser, browser);
        self.os = named(self.os, os);
        if self.device.is_empty() && words.starts_with("Mozilla/") {
            self.device = class(words).to_owned();
        }
        self
    }

    /// Adds what is known; what the program gave itself stays.
    pub fn fill(self, props: &mut Object) {
        let url = Url::parse(&self.url).ok();
        if let Some(url) = &url {
            add(props, "host", url.host_str().unwrap_or_default());
            add(props, "path", url.path());
            for (name, value) in url.query_pairs() {
                if let Some(campaign) = name.strip_prefix("utm_").filter(|name| CAMPAIGN.contains(name)) {
                    add(props, &format!("utm_{campaign}"), &value);
                }
            }
        }
        add(props, "path", &self.path);
        add(props, "title", &self.title);
        let from = Url::parse(&self.referrer).ok().and_then(|from| from.host_str().map(str::to_owned)).unwrap_or_default();
        if url.and_then(|url| url.host_str().map(str::to_owned)).is_none_or(|own| own != from) {
            add(props, "referrer", &from);
        }
        for (name, value) in &self.campaign {
            add(props, &format!("utm_{name}"), value);
        }
        for (name, value) in [("browser", &self.browser), ("os", &self.os), ("device", &self.device), ("locale", &self.locale)] {
            add(props, name, value);
        }
        if let (Some(width), Some(height)) = (self.width, self.height) {
            add(props, "screen", &format!("{width}x{height}"));
        }
    }
}

fn class(words: &str) -> &'static str {
    let is_tablet = words.contains("iPad") || (words.contains("Android") && !words.contains("Mobile"));
    match is_tablet {
        true => "Tablet",
        false if words.contains("Mobi") => "Mobile",
        false => "Desktop",
    }
}

fn add(props: &mut Object, name: &str, value: &str) {
    if !value.is_empty() && !props.contains_key(name) {
        props.insert(name.to_owned(), Value::from(kernel::text::shorten(value, LONGEST)));
    }
}
