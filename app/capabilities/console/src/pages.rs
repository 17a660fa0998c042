//! What the console's pages show: plain data in, no queries.

pub(crate) mod audit;
pub(crate) mod deliveries;
pub(crate) mod entry;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod members;
pub(crate) mod profile;
pub(crate) mod projects;
pub(crate) mod search;
pub(crate) mod second_factor;
pub(crate) mod settings;

use frontend::prelude::*;
use kernel::Role;

/// What each role may do, in the words of the forms.
pub(crate) fn role_choices(roles: &[Role]) -> Vec<Choice<'static>> {
    let choice = |role: &Role| match role {
        Role::Viewer => Choice { value: "viewer", label: "Viewer", help: "Sees everything but secrets; changes nothing." },
        Role::Member => Choice { value: "member", label: "Member", help: "Does the daily work: monitors, reports, acknowledgements." },
        Role::Admin => Choice { value: "admin", label: "Admin", help: "Also settings, channels, keys and members below owner." },
        Role::Owner => Choice { value: "owner", label: "Owner", help: "Everything, including owners." },
    };
    roles.iter().map(choice).collect()
}

/// Links to the newest and the older rows of a list; nothing when all of it is in sight.
pub(crate) fn steps(path: Href, is_later_page: bool, next: Option<i64>) -> View {
    if !is_later_page && next.is_none() {
        return ().into_any();
    }
    let first = if is_later_page { path.clone() } else { Href::default() };
    let next = next.map(|before| path.with("before", before)).unwrap_or_default();
    pager(&Pager { first, next, note: "" })
}
