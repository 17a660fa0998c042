//! Members, logins, keys and their rules. Pure.

use kernel::ids::{ApiKeyId, LoginId, MemberId};
use kernel::text::Email;
use kernel::{Error, Result, Role, Secret, Time};
use std::time::Duration;

/// A login that is not used for so long ends.
pub const LOGIN_IDLE: Duration = Duration::from_secs(30 * 86_400);
/// How long after the password the code may come.
pub const PENDING_FOR: Duration = Duration::from_secs(10 * 60);
pub const INVITE_FOR: Duration = Duration::from_secs(7 * 86_400);
pub const PASSWORD_LINK_FOR: Duration = Duration::from_secs(3_600);

#[derive(Debug, Clone)]
pub struct Member {
    pub id: MemberId,
    pub email: Email,
    pub name: String,
    pub role: Role,
    pub has_password: bool,
    pub has_totp: bool,
    pub disabled_at: Option<Time>,
    pub created_at: Time,
}

#[derive(Debug, Clone)]
pub struct Login {
    pub id: LoginId,
    pub address: String,
    pub user_agent: String,
    pub seen_at: Time,
    pub created_at: Time,
}

#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub hint: String,
    pub role: Role,
    pub scopes: Vec<String>,
    pub created_by: String,
    pub used_at: Option<Time>,
    pub created_at: Time,
}

#[derive(Debug, Clone)]
pub struct Audit {
    pub id: i64,
    pub actor: String,
    pub act: String,
    pub subject: String,
    pub detail: String,
    pub created_at: Time,
}

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Setup,
    Invite,
    Password,
}

impl Purpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Setup => "setup",
            Purpose::Invite => "invite",
            Purpose::Password => "password",
        }
    }
}

/// Length is what counts (NIST SP 800-63B): 10 to 200 characters, no rules about kinds of characters.
pub fn checked_password(password: &str) -> Result<Secret> {
    match password.chars().count() {
        0..10 => Err(Error::field("password", "Please choose a password of at least 10 characters; a sentence is fine.")),
        10..=200 => Ok(Secret::new(password)),
        _ => Err(Error::field("password", "Please choose a password of at most 200 characters.")),
    }
}

/// Whether `actor` may give or take `role`: admins manage everybody below owner, owners everybody.
pub fn may_grant(actor: Role, role: Role) -> bool {
    match actor {
        Role::Owner => true,
        Role::Admin => role < Role::Owner,
        Role::Member | Role::Viewer => false,
    }
}

/// Scopes as they are stored and shown: known words, each once, sorted.
pub fn checked_scopes(wanted: &[String], known: &[String]) -> Result<Vec<String>> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in wanted {
        if !known.contains(scope) {
            return Err(Error::field(
                "scopes",
                format!("The scope {} does not exist; choose from {}.", kernel::text::shorten(scope, 40), known.join(", ")),
            ));
        }
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    if scopes.is_empty() {
        return Err(Error::field("scopes", "Please choose at least one scope."));
    }
    scopes.sort();
    Ok(scopes)
}
