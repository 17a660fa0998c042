//! The table of routes: a capability adds [`RouteEntry`]s with their access; nothing is served unless it went through here.

use crate::admit::{Door, admit};
use crate::gate::{Access, Admission};
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One line of the table, for the role matrix test and the API document test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteEntry {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    pub owner: &'static str,
}

/// Routes as capabilities add them; `S` is the state their handlers take.
pub struct Routes<S> {
    owner: &'static str,
    max_body: Option<u64>,
    entries: Vec<RouteEntry>,
    handlers: Vec<(MethodRouter<S>, Option<u64>)>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub fn new() -> Self {
        Self { owner: "", max_body: None, entries: Vec::new(), handlers: Vec::new() }
    }

    /// Routes added from here on belong to this capability.
    pub fn owned_by(&mut self, owner: &'static str) -> &mut Self {
        self.owner = owner;
        self.max_body = None;
        self
    }

    /// Routes added from here on, until the next owner, take bodies of so many bytes where that is more than the server's limit.
    pub fn bodies_up_to(&mut self, bytes: u64) -> &mut Self {
        self.max_body = Some(bytes);
        self
    }

    /// Answers HEAD too, without the body.
    pub fn get<H: Handler<T, S>, T: 'static>(&mut self, path: &'static str, access: Access, handler: H) {
        self.add(Method::GET, path, access, on(MethodFilter::GET, handler));
    }

    pub fn post<H: Handler<T, S>, T: 'static>(&mut self, path: &'static str, access: Access, handler: H) {
        self.add(Method::POST, path, access, on(MethodFilter::POST, handler));
    }

    pub fn put<H: Handler<T, S>, T: 'static>(&mut self, path: &'static str, access: Access, handler: H) {
        self.add(Method::PUT, path, access, on(MethodFilter::PUT, handler));
    }

    pub fn patch<H: Handler<T, S>, T: 'static>(&mut self, path: &'static str, access: Access, handler: H) {
        self.add(Method::PATCH, path, access, on(MethodFilter::PATCH, handler));
    }

    pub fn delete<H: Handler<T, S>, T: 'static>(&mut self, path: &'static str, access: Access, handler: H) {
        self.add(Method::DELETE, path, access, on(MethodFilter::DELETE, handler));
    }

    /// What browsers ask before they send something to another site.
    pub fn options<H: Handler<T, S>, T: 'static>(&mut self, path: &'static str, access: Access, handler: H) {
        self.add(Method::OPTIONS, path, access, on(MethodFilter::OPTIONS, handler));
    }

    pub fn entries(&self) -> &[RouteEntry] {
        &self.entries
    }

    /// What is wrong with the table, one sentence each; empty when it can be served.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen: HashMap<(Method, String), &RouteEntry> = HashMap::new();
        let mut spelled: HashMap<String, &RouteEntry> = HashMap::new();
        for entry in &self.entries {
            if !entry.path.starts_with('/') {
                problems.push(format!("{} of {} must start with a slash.", entry.path, entry.owner));
            }
            let shape = shape(entry.path);
            if let Some(first) = seen.insert((entry.method.clone(), shape.clone()), entry) {
                problems.push(format!("{} {} is claimed by both {} and {}.", entry.method, entry.path, first.owner, entry.owner));
                continue;
            }
            let first = spelled.entry(shape).or_insert(entry);
            if first.path != entry.path {
                problems.push(format!(
                    "{} ({}) and {} ({}) are one path; please name the parameter the same.",
                    first.path, first.owner, entry.path, entry.owner
                ));
            }
        }
        problems
    }

    /// The only way from a table to something that can be served: every route gets its gate here.
    pub fn into_router(self, admission: &Admission) -> Result<Router<S>, Vec<String>> {
        let problems = self.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut router = Router::new();
        for (entry, (handler, max_body)) in self.entries.into_iter().zip(self.handlers) {
            let door = Door {
                admission: admission.clone(),
                public_origin: admission.public_url.origin(),
                access: entry.access,
                owner: entry.owner,
                max_body,
            };
            let guarded = handler.route_layer(from_fn_with_state(Arc::new(door), admit));
            // axum tells of a path it cannot take by a panic; at start that must be a sentence like any other.
            match catch_unwind(AssertUnwindSafe(move || router.route(entry.path, guarded))) {
                Ok(extended) => router = extended,
                Err(_) => return Err(vec![unroutable(&entry)]),
            }
        }
        Ok(router)
    }

    fn add(&mut self, method: Method, path: &'static str, access: Access, handler: MethodRouter<S>) {
        self.entries.push(RouteEntry { method, path, access, owner: self.owner });
        self.handlers.push((handler, self.max_body));
    }
}

fn unroutable(entry: &RouteEntry) -> String {
    format!("{} {} of {} cannot be routed: the path is malformed or overlaps another.", entry.method, entry.path, entry.owner)
}

/// The path with its parameters unnamed: `/a/{id}` and `/a/{name}` are the same to the router.
fn shape(path: &str) -> String {
    let plain = |part: &str| match part {
        _ if part.starts_with("{*") => "{*}".to_owned(),
        _ if part.starts_with('{') && part.ends_with('}') => "{}".to_owned(),
        _ => part.to_owned(),
    };
    path.split('/').map(plain).collect::<Vec<_>>().join("/")
}
