//! The table of routes as the binary itself prints it: `hermetic doctor --routes --json`.

use kernel::Role;
use serde::Deserialize;
use tests::process;

#[derive(Debug, Clone, Deserialize)]
pub struct Route {
    pub method: String,
    pub path: String,
    /// `anyone`, `open`, a role, or `api SCOPE ROLE`.
    pub access: String,
}

/// Who is at the door.
#[derive(Debug, Clone)]
pub enum Who {
    Visitor,
    Member(Role),
    /// A key of this role with these scopes.
    Key(Role, Vec<String>),
}

pub fn all() -> Vec<Route> {
    let printed = process::run(&["doctor", "--routes", "--json"], &[]);
    let routes: Vec<Route> = process::json_line(&printed, "hermetic doctor --routes");
    assert!(routes.len() > 20, "only {} routes: is that all?", routes.len());
    routes
}

impl Route {
    /// As it stands in role_matrix.txt.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.method, self.path, self.access)
    }

    pub fn is_unsafe(&self) -> bool {
        self.method != "GET"
    }

    pub fn is_api(&self) -> bool {
        self.access.starts_with("api ")
    }

    /// Whether this caller may pass, by the table alone.
    pub fn lets_in(&self, who: &Who) -> bool {
        let words: Vec<&str> = self.access.split(' ').collect();
        let rank = |word: &str| word.parse::<Role>().unwrap_or_else(|_| panic!("{}: access {:?} is unknown", self.path, self.access));
        match (words.as_slice(), who) {
            (["anyone" | "open"], _) => true,
            (["api", _, role], Who::Member(own)) | ([role], Who::Member(own)) => *own >= rank(role),
            (["api", scope, role], Who::Key(own, scopes)) => *own >= rank(role) && scopes.iter().any(|one| one == scope),
            (["api", _, _] | [_], Who::Visitor) | ([_], Who::Key(..)) => false,
            _ => panic!("{}: access {:?} is unknown", self.path, self.access),
        }
    }

    /// The path with something in place of each parameter that names nothing there is.
    pub fn address(&self) -> String {
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { "999999999" } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}
