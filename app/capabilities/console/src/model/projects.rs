//! What is checked and compared about projects and their keys, wherever it comes from: a form, a file, the API.

use identity::projects::{Project, ProjectDraft};
use kernel::text::checked_line;
use kernel::{Error, Result};

/// More than any key of a small SaaS needs; whoever wants no limit leaves it empty.
const MOST_PER_MINUTE: u32 = 10_000_000;

/// As it is stored now.
pub(crate) fn draft_of(project: &Project) -> ProjectDraft {
    ProjectDraft {
        slug: project.slug.clone(),
        name: project.name.clone(),
        platform: project.platform.clone(),
        allowed_origins: project.allowed_origins.clone(),
        keeps_addresses: project.keeps_addresses,
        scrub_fields: project.scrub_fields.clone(),
        safe_fields: project.safe_fields.clone(),
    }
}

/// Names of the fields that differ.
pub(crate) fn changed_fields(before: &Project, after: &ProjectDraft) -> Vec<&'static str> {
    let differs = [
        ("name", before.name != after.name),
        ("slug", before.slug != after.slug),
        ("platform", before.platform != after.platform),
        ("allowed_origins", before.allowed_origins != after.allowed_origins),
        ("keeps_addresses", before.keeps_addresses != after.keeps_addresses),
        ("scrub_fields", before.scrub_fields != after.scrub_fields),
        ("safe_fields", before.safe_fields != after.safe_fields),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// The label of a key as it is stored.
pub(crate) fn checked_label(text: &str) -> Result<String> {
    checked_line(text, "a label", 60).map_err(|error| Error::field("label", error.message()))
}

/// Items a minute; nothing for no limit.
pub(crate) fn checked_limit(text: &str) -> Result<Option<u32>> {
    let wrong = || Error::field("per_minute", format!("A rate limit is a whole number from 1 to {MOST_PER_MINUTE}, or empty for none."));
    match text.trim() {
        "" => Ok(None),
        text => text.parse().ok().filter(|limit| (1..=MOST_PER_MINUTE).contains(limit)).map(Some).ok_or_else(wrong),
    }
}
