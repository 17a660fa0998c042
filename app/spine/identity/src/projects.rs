//! Projects and their DSN keys: what they are, and what may be written into them. Pure.

use kernel::ids::{DsnKeyId, ProjectId};
use kernel::text::checked_line;
use kernel::{Error, Result, Time};

/// A program of the founder's that reports to this instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    /// What `sentry-cli --project` names.
    pub slug: String,
    pub name: String,
    /// What the set-up page shows a snippet for; empty for none.
    pub platform: String,
    /// Origins that browsers may report from; empty: every origin.
    pub allowed_origins: Vec<String>,
    pub keeps_addresses: bool,
    /// Names of fields that are scrubbed besides the standard ones.
    pub scrub_fields: Vec<String>,
    /// Names of fields that are never scrubbed.
    pub safe_fields: Vec<String>,
    pub created_at: Time,
}

/// The public half of a DSN. Whoever has it can report, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsnKey {
    pub id: DsnKeyId,
    pub project: ProjectId,
    pub public_key: String,
    pub label: String,
    pub is_active: bool,
    /// Items a minute; `None`: no limit of its own.
    pub per_minute: Option<u32>,
    pub created_at: Time,
}

/// What a person enters about a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectDraft {
    pub slug: String,
    pub name: String,
    pub platform: String,
    pub allowed_origins: Vec<String>,
    pub keeps_addresses: bool,
    pub scrub_fields: Vec<String>,
    pub safe_fields: Vec<String>,
}

impl ProjectDraft {
    /// With everything else as shipped.
    pub fn named(name: &str) -> ProjectDraft {
        ProjectDraft {
            slug: slug_of(name),
            name: name.to_owned(),
            platform: String::new(),
            allowed_origins: Vec::new(),
            keeps_addresses: true,
            scrub_fields: Vec::new(),
            safe_fields: Vec::new(),
        }
    }

    /// As it is stored, or which field is wrong.
    pub fn checked(self) -> Result<ProjectDraft> {
        let named = |field: &str, error: Error| Error::field(field, error.message());
        let name = checked_line(&self.name, "a name", 60).map_err(|error| named("name", error))?;
        let slug = if self.slug.trim().is_empty() { slug_of(&name) } else { self.slug.trim().to_owned() };
        if !is_slug(&slug) {
            return Err(Error::field("slug", "A short name has 1 to 50 small letters, digits and dashes, and begins with a letter."));
        }
        let platform = match self.platform.trim() {
            "" => String::new(),
            platform => checked_line(platform, "a platform", 40).map_err(|error| named("platform", error))?,
        };
        let lines = |field: &str, lines: Vec<String>| -> Result<Vec<String>> {
            let lines = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
            let checked: Vec<String> =
                lines.map(|line| checked_line(line, "each line", 200)).collect::<Result<_>>().map_err(|error| named(field, error))?;
            if checked.len() > 200 {
                return Err(Error::field(field, "At most 200 lines are taken here."));
            }
            Ok(checked)
        };
        Ok(ProjectDraft {
            slug,
            name,
            platform,
            allowed_origins: lines("allowed_origins", self.allowed_origins)?,
            keeps_addresses: self.keeps_addresses,
            scrub_fields: lines("scrub_fields", self.scrub_fields)?,
            safe_fields: lines("safe_fields", self.safe_fields)?,
        })
    }
}

fn is_slug(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=50).contains(&text.len()) && text.bytes().all(is_plain) && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// “My Web App” → `my-web-app`.
pub fn slug_of(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let mut slug = String::new();
    for c in plain.skip_while(|c| !c.is_ascii_lowercase()).take(50) {
        if c != '-' || !slug.ends_with('-') {
            slug.push(c);
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "project".to_owned() } else { slug.to_owned() }
}

/// 32 hexadecimal digits, as every SDK's check of a DSN expects.
pub fn random_public_key() -> String {
    kernel::rng::random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `https://KEY@host/path/ID` for an instance at `public_url`.
pub fn dsn(public_url: &kernel::text::WebUrl, key: &DsnKey) -> String {
    let url = public_url.url();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    format!("{}://{}@{}{port}{path}/{}", url.scheme(), key.public_key, url.host_str().unwrap_or_default(), key.project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_a_short_name_that_can_stand_in_an_address() {
        for (name, slug) in [("My Web App", "my-web-app"), ("  42 Ümlaut!! shop ", "mlaut-shop"), ("☃", "project"), ("a--b", "a-b")] {
            assert_eq!(slug_of(name), slug, "{name}");
            assert!(is_slug(&slug_of(name)));
        }
    }

    #[test]
    fn a_dsn_keeps_scheme_port_and_path_of_the_instance() {
        let key = DsnKey {
            id: DsnKeyId(1),
            project: ProjectId(42),
            public_key: "ab".repeat(16),
            label: String::new(),
            is_active: true,
            per_minute: None,
            created_at: Time(0),
        };
        let dsn = |url: &str| dsn(&kernel::text::WebUrl::parse(url).unwrap(), &key);
        assert_eq!(dsn("https://errors.example.com"), format!("https://{}@errors.example.com/42", key.public_key));
        assert_eq!(dsn("http://127.0.0.1:8080/base/"), format!("http://{}@127.0.0.1:8080/base/42", key.public_key));
    }

    #[test]
    fn bad_input_names_its_field() {
        let draft = ProjectDraft { slug: "Not A Slug".into(), ..ProjectDraft::named("Web") };
        assert_eq!(draft.checked().unwrap_err().field_errors()[0].field, "slug");
        assert_eq!(ProjectDraft::named(" ").checked().unwrap_err().field_errors()[0].field, "name");
        assert_eq!(ProjectDraft { slug: String::new(), ..ProjectDraft::named("My App") }.checked().unwrap().slug, "my-app");
    }
}
