//! [`Family`]: what a name of a rollup stands for.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Requests that a server answered.
    Endpoint,
    /// Page loads and navigations of browsers.
    Page,
    /// Jobs, commands, messages, requests to others.
    Other,
    /// Statements sent to a database.
    Query,
    /// Web vitals of a page.
    Vital,
    /// Who sends a statement.
    Caller,
}

impl Family {
    pub const ALL: [Family; 6] = [Family::Endpoint, Family::Page, Family::Other, Family::Query, Family::Vital, Family::Caller];

    /// As it is stored; never give one to another family.
    pub fn code(self) -> i64 {
        match self {
            Family::Endpoint => 1,
            Family::Page => 2,
            Family::Other => 3,
            Family::Query => 4,
            Family::Vital => 5,
            Family::Caller => 6,
        }
    }

    pub fn from_code(code: i64) -> Option<Family> {
        Self::ALL.into_iter().find(|family| family.code() == code)
    }

    /// In addresses.
    pub fn word(self) -> &'static str {
        match self {
            Family::Endpoint => "endpoints",
            Family::Page => "pages",
            Family::Other => "others",
            Family::Query => "queries",
            Family::Vital => "vitals",
            Family::Caller => "callers",
        }
    }

    /// Of a root span, by its operation.
    pub fn of_root(op: &str) -> Family {
        match op {
            "pageload" | "navigation" | "ui.load" => Family::Page,
            "websocket.server" | "rpc.server" | "grpc.server" | "graphql.server" => Family::Endpoint,
            _ if op == "http.server" || op.starts_with("http.server.") => Family::Endpoint,
            _ => Family::Other,
        }
    }

    /// What is counted.
    pub fn counted(self) -> &'static str {
        match self {
            Family::Endpoint => "requests",
            Family::Page => "page loads",
            Family::Query | Family::Caller => "queries",
            Family::Vital => "measurements",
            Family::Other => "runs",
        }
    }
}
